/* The bytes of a segment, as they follow from the arrays in it. */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "libshm/arrays_layout.h"
#include "libshm/fail.h"

/* Sums of sizes stay below PTRDIFF_MAX, whoever supplied the sizes. */
static bool grow(size_t *sum, size_t n)
{
    if (n > (size_t)PTRDIFF_MAX - *sum)
        return false;
    *sum += n;
    return true;
}

static bool align(size_t *sum, size_t unit)
{
    return grow(sum, (unit - *sum % unit) % unit);
}

static size_t label_nbytes(const struct shm_array *array)
{
    return array->spec.label ? strlen(array->spec.label) + 1 : 0;
}

static bool place_metadata(struct shm_layout *l, const struct shm_array *arrays, size_t n,
                           size_t npairs)
{
    size_t end = sizeof(struct shm_segment_header);
    if (n > PTRDIFF_MAX / sizeof(struct shm_segment_entry) / 2 ||
        npairs > PTRDIFF_MAX / sizeof(struct shm_segment_pair) / 2 ||
        !grow(&end, n * sizeof(struct shm_segment_entry)))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!grow(&end, (size_t)arrays[i].spec.ndim * sizeof(uint64_t)) ||
            !grow(&end, label_nbytes(&arrays[i])) || !align(&end, sizeof(uint64_t)))
            return false;
    l->pairs = end;
    if (!grow(&end, npairs * sizeof(struct shm_segment_pair)) ||
        !align(&end, LIBSHM_SLOT_ALIGN))
        return false;
    l->metadata = end;
    return true;
}

static bool place_slot(size_t *end, struct shm_array *arrays, size_t n, int slot)
{
    for (size_t i = 0; i < n; i++) {
        if (!align(end, LIBSHM_SLOT_ALIGN))
            return false;
        arrays[i].offset[slot] = *end;
        if (!grow(end, arrays[i].nbytes))
            return false;
    }
    return true;
}

/*
 * A legacy segment of the same arrays is their elements in one type, without a header. With
 * another size than any of those, neither kind can be taken for the other.
 */
static bool is_legacy_size(size_t total, const struct shm_array *arrays, size_t n)
{
    size_t elements = 0, largest = LIBSHM_LEGACY_ITEMSIZE;
    for (size_t i = 0; i < n; i++) {
        elements += arrays[i].count; /* no more than the bytes, which were added up */
        if (arrays[i].count && arrays[i].spec.itemsize > largest)
            largest = arrays[i].spec.itemsize;
    }
    return elements > 0 && total % elements == 0 && total / elements <= largest;
}

int shm_layout_compute(struct shm_layout *l, struct shm_array *arrays, size_t n, size_t npairs)
{
    if (!place_metadata(l, arrays, n, npairs))
        goto overflow;
    size_t end = l->slot[0] = l->metadata;
    if (!place_slot(&end, arrays, n, 0))
        goto overflow;
    l->slot_nbytes = end - l->slot[0];
    if (!align(&end, LIBSHM_SLOT_ALIGN))
        goto overflow;
    l->slot[1] = end;
    if (!place_slot(&end, arrays, n, 1))
        goto overflow;
    while (is_legacy_size(end, arrays, n))
        if (!grow(&end, 1)) /* no multiple of the elements any more */
            goto overflow;
    l->total = end;
    return 0;
overflow:
    return shm_fail(EOVERFLOW, "the arrays of a partition are more than memory can hold twice");
}

static void write_header(struct shm_segment_header *h, const struct shm_layout *l, size_t n,
                         const struct shm_segment_identity *identity)
{
    h->kind = LIBSHM_SEGMENT_KIND;
    h->format = LIBSHM_SEGMENT_FORMAT;
    h->byte_order = LIBSHM_BYTE_ORDER_MARK;
    h->word_size = sizeof(void *);
    h->long_double = LIBSHM_LONG_DOUBLE_MARK;
    h->total = l->total;
    h->set_id = identity->set_id;
    h->partition = (uint32_t)identity->partition;
    h->npartitions = (uint32_t)identity->npartitions;
    h->memory_key = identity->keys.memory_key;
    h->semaphore_key = identity->keys.semaphore_key;
    h->set_arrays = identity->set_arrays;
    h->narrays = n;
    h->table = sizeof *h;
    h->pairs = l->pairs;
    h->metadata = l->metadata;
    h->slot[0] = l->slot[0];
    h->slot[1] = l->slot[1];
    h->slot_nbytes = l->slot_nbytes;
}

static struct shm_segment_entry entry_of(const struct shm_array *array, size_t *end)
{
    struct shm_segment_entry e = {
        .position = array->index,
        .key = array->spec.label ? 0 : array->spec.key,
        .count = array->count,
        .itemsize = array->spec.itemsize,
        .offset = {array->offset[0], array->offset[1]},
        .shape = *end,
        .label_nbytes = (uint32_t)label_nbytes(array),
        .dtype = (uint32_t)array->spec.dtype,
        .ndim = (uint32_t)array->spec.ndim,
    };
    *end += e.ndim * sizeof(uint64_t);
    e.label = e.label_nbytes ? *end : 0;
    *end += (e.label_nbytes + sizeof(uint64_t) - 1) / sizeof(uint64_t) * sizeof(uint64_t);
    return e;
}

void shm_layout_write(unsigned char *base, const struct shm_layout *layout,
                      const struct shm_array *arrays, size_t n,
                      const struct shm_segment_identity *identity)
{
    write_header((struct shm_segment_header *)(void *)base, layout, n, identity);
    unsigned char *table = base + sizeof(struct shm_segment_header);
    size_t end = sizeof(struct shm_segment_header) + n * sizeof(struct shm_segment_entry);
    for (size_t i = 0; i < n; i++) {
        struct shm_segment_entry e = entry_of(&arrays[i], &end);
        memcpy(table + i * sizeof e, &e, sizeof e);
        uint64_t *shape = (uint64_t *)(void *)(base + e.shape);
        for (uint32_t d = 0; d < e.ndim; d++)
            shape[d] = arrays[i].spec.shape[d];
        if (e.label_nbytes)
            memcpy(base + e.label, arrays[i].spec.label, e.label_nbytes);
    }
}
