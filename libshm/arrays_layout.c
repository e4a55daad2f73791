/* The bytes of a segment: computed for a new one, checked in a found one. */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <float.h>
#include <string.h>

#include "libshm/arrays_layout.h"
#include "libshm/fail.h"

_Static_assert(LIBSHM_MAX_DIMS == 64, "the sentences name the limit");

static const uint32_t long_double_mark = (uint32_t)sizeof(long double) << 16 | LDBL_MANT_DIG;

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
        if (arrays[i].spec.itemsize > largest)
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
        if (!grow(&end, LIBSHM_SLOT_ALIGN))
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
    h->long_double = long_double_mark;
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

static int fail_damaged(const char *what)
{
    return shm_failf(EINVAL, "the segment is not a valid partition of an array set: %s", what);
}

static int check_machine(const struct shm_segment_header *h)
{
    if (h->byte_order != LIBSHM_BYTE_ORDER_MARK)
        return fail_damaged("it was made with another byte order");
    if (h->format != LIBSHM_SEGMENT_FORMAT)
        return shm_failf(EINVAL, "the segment has format %u, this library knows format %d only",
                         (unsigned)h->format, LIBSHM_SEGMENT_FORMAT);
    if (h->word_size != sizeof(void *) || h->long_double != long_double_mark)
        return fail_damaged("it was made by a program of another word size");
    return 0;
}

int shm_layout_check_header(const struct shm_segment_header *h, size_t size)
{
    if (h->kind != LIBSHM_SEGMENT_KIND)
        return fail_damaged("its mark is missing");
    if (check_machine(h) < 0)
        return -1;
    if (h->total != size)
        return fail_damaged("its size is not the one its header names");
    if (h->table != sizeof *h || h->metadata < sizeof *h || h->metadata > size ||
        h->pairs < sizeof *h || h->pairs > h->metadata)
        return fail_damaged("an offset is outside of it");
    if (h->narrays > (h->pairs - h->table) / sizeof(struct shm_segment_entry))
        return fail_damaged("its table is longer than its metadata");
    if (h->npartitions == 0 || h->partition >= h->npartitions || h->set_arrays < h->narrays)
        return fail_damaged("its place in the set is impossible");
    size_t room = (h->metadata - h->pairs) / sizeof(struct shm_segment_pair);
    if (h->partition == 0 && h->npartitions > room)
        return fail_damaged("it lacks the keys of its partitions");
    return 0;
}

/* What is walked through while the table is read: the places that entries must name. */
struct cursor {
    const unsigned char *metadata;
    size_t next, end;
    unsigned char *storage;
};

static int parse_shape(struct cursor *c, const struct shm_segment_entry *e,
                       struct shm_array_spec *spec)
{
    if (e->ndim > LIBSHM_MAX_DIMS || e->shape != c->next ||
        e->ndim > (c->end - c->next) / sizeof(uint64_t))
        return fail_damaged("a shape is outside of its place");
    size_t *shape = (size_t *)(void *)c->storage;
    for (uint32_t d = 0; d < e->ndim; d++) {
        uint64_t length;
        memcpy(&length, c->metadata + c->next + d * sizeof length, sizeof length);
        if (length > SIZE_MAX)
            return fail_damaged("a length in a shape is impossible");
        shape[d] = (size_t)length;
    }
    c->next += e->ndim * sizeof(uint64_t);
    c->storage += e->ndim * sizeof(uint64_t); /* size_t may be smaller, alignment stays */
    spec->ndim = (int)e->ndim;
    spec->shape = shape;
    return 0;
}

static int parse_label(struct cursor *c, const struct shm_segment_entry *e,
                       struct shm_array_spec *spec)
{
    spec->key = e->key;
    if (e->label_nbytes == 0)
        return e->label == 0 ? 0 : fail_damaged("a label is without length");
    size_t padded = ((size_t)e->label_nbytes + 7) / 8 * 8;
    if (e->label_nbytes > LIBSHM_MAX_LABEL || e->label != c->next ||
        padded > c->end - c->next || e->key != 0)
        return fail_damaged("a label is outside of its place");
    const unsigned char *label = c->metadata + c->next;
    if (memchr(label, 0, e->label_nbytes) != label + e->label_nbytes - 1)
        return fail_damaged("a label does not end where it should");
    memcpy(c->storage, label, e->label_nbytes);
    spec->label = (const char *)c->storage;
    c->next += padded;
    c->storage += padded;
    return 0;
}

static int parse_entry(struct cursor *c, const struct shm_segment_entry *e,
                       const struct shm_segment_header *h, struct shm_array *array)
{
    if (e->position >= h->set_arrays || e->position > PTRDIFF_MAX)
        return fail_damaged("an array has an impossible position");
    if (e->itemsize == 0 || e->itemsize > PTRDIFF_MAX || e->dtype > INT32_MAX)
        return fail_damaged("an array has an impossible element type");
    struct shm_array_spec spec = {.dtype = (int)e->dtype, .itemsize = (size_t)e->itemsize};
    if (parse_shape(c, e, &spec) < 0 || parse_label(c, e, &spec) < 0 ||
        shm_array_from_spec(array, &spec) < 0)
        return -1;
    if (array->count != e->count)
        return fail_damaged("the elements of an array are not the product of its shape");
    array->index = (size_t)e->position;
    array->partition = h->partition;
    return 0;
}

static int check_layout(const struct shm_segment_header *h, struct shm_array *arrays,
                        const unsigned char *table)
{
    struct shm_layout l;
    size_t n = (size_t)h->narrays;
    if (shm_layout_compute(&l, arrays, n, h->partition == 0 ? h->npartitions : 0) < 0)
        return -1;
    if (l.total != h->total || l.metadata != h->metadata || l.pairs != h->pairs ||
        l.slot[0] != h->slot[0] || l.slot[1] != h->slot[1] || l.slot_nbytes != h->slot_nbytes)
        return fail_damaged("its parts are not where its table puts them");
    for (size_t i = 0; i < n; i++) {
        struct shm_segment_entry e;
        memcpy(&e, table + i * sizeof e, sizeof e);
        if (e.offset[0] != arrays[i].offset[0] || e.offset[1] != arrays[i].offset[1])
            return fail_damaged("an array is not where its table puts it");
    }
    return 0;
}

int shm_layout_parse(const unsigned char *metadata, size_t nbytes, struct shm_array *arrays,
                     void *storage)
{
    struct shm_segment_header h;
    struct shm_segment_entry e;
    memcpy(&h, metadata, sizeof h);
    size_t narrays = (size_t)h.narrays;
    struct cursor c = {.metadata = metadata,
                       .next = sizeof h + narrays * sizeof e,
                       .end = (size_t)h.pairs,
                       .storage = storage};
    if (h.metadata != nbytes || c.next > c.end)
        return fail_damaged("its metadata have another length");
    for (size_t i = 0; i < narrays; i++) {
        memcpy(&e, metadata + sizeof h + i * sizeof e, sizeof e);
        if (parse_entry(&c, &e, &h, &arrays[i]) < 0)
            return -1;
    }
    return check_layout(&h, arrays, metadata + sizeof h);
}
