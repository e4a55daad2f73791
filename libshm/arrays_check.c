#include "config.h"

#include "libshm/arrays_check.h"

#include <errno.h>
#include <string.h>

#include "libshm/fail.h"

_Static_assert(LIBSHM_MAX_DIMS == 64, "the sentences name the limit");

static int fail_damaged(const char *what)
{
    return shm_failf(EINVAL, "the segment is not a valid partition of an array set: %s", what);
}

int shm_check_machine(const struct shm_segment_header *h)
{
    if (h->kind != LIBSHM_SEGMENT_KIND)
        return fail_damaged("its mark is missing");
    if (h->byte_order != LIBSHM_BYTE_ORDER_MARK)
        return fail_damaged("it was made with another byte order");
    if (h->format != LIBSHM_SEGMENT_FORMAT)
        return shm_failf(EINVAL, "the segment has format %u, this library knows format %d only",
                         (unsigned)h->format, LIBSHM_SEGMENT_FORMAT);
    return 0;
}

int shm_check_offsets(const struct shm_segment_header *h, size_t size)
{
    if (h->total != size)
        return fail_damaged("its size is not the one its header names");
    if (h->table != sizeof *h || h->metadata < sizeof *h || h->metadata > size ||
        h->pairs < sizeof *h || h->pairs > h->metadata)
        return fail_damaged("an offset is outside of it");
    if (h->narrays > (h->pairs - h->table) / sizeof(struct shm_segment_entry))
        return fail_damaged("its table is longer than its metadata");
    return 0;
}

int shm_check_place(const struct shm_segment_header *h)
{
    if (h->npartitions == 0 || h->partition >= h->npartitions || h->set_arrays < h->narrays)
        return fail_damaged("its place in the set is impossible");
    size_t room = (h->metadata - h->pairs) / sizeof(struct shm_segment_pair);
    if (h->partition == 0 && h->npartitions > room)
        return fail_damaged("it lacks the keys of its partitions");
    return 0;
}

int shm_check_key(const struct shm_segment_header *h, key_t key)
{
    if (h->memory_key == key)
        return 0;
    return shm_fail(EINVAL, "the segment is a copy of a partition that has another key");
}

int shm_check_table(const struct shm_segment_header *h, size_t nbytes)
{
    if (h->metadata == nbytes &&
        sizeof *h + h->narrays * sizeof(struct shm_segment_entry) <= h->pairs)
        return 0;
    return fail_damaged("its metadata have another length");
}

int shm_check_entry(const struct shm_segment_entry *e, const struct shm_segment_header *h)
{
    if (e->position >= h->set_arrays || e->position > PTRDIFF_MAX)
        return fail_damaged("an array has an impossible position");
    if (e->itemsize == 0 || e->itemsize > PTRDIFF_MAX || e->dtype > INT32_MAX)
        return fail_damaged("an array has an impossible element type");
    return 0;
}

int shm_check_long_double(const struct shm_segment_entry *e, const struct shm_segment_header *h)
{
    if ((e->dtype != LIBSHM_LONGDOUBLE && e->dtype != LIBSHM_COMPLEX_LONGDOUBLE) ||
        h->long_double == LIBSHM_LONG_DOUBLE_MARK)
        return 0;
    return shm_failf(EINVAL,
                     "array %llu has elements of type %s, which the program that made the set, "
                     "of %u bits, stores in another format than this one",
                     (unsigned long long)e->position, shm_dtype_name((int)e->dtype),
                     8 * (unsigned)h->word_size);
}

int shm_check_shape(const struct shm_segment_entry *e, size_t next, size_t end)
{
    if (e->ndim <= LIBSHM_MAX_DIMS && e->shape == next &&
        e->ndim <= (end - next) / sizeof(uint64_t))
        return 0;
    return fail_damaged("a shape is outside of its place");
}

int shm_check_length(uint64_t length)
{
    return length <= SIZE_MAX ? 0 : fail_damaged("a length in a shape is impossible");
}

int shm_check_label(const struct shm_segment_entry *e, const unsigned char *label, size_t next,
                    size_t end)
{
    if (e->label_nbytes == 0)
        return e->label == 0 ? 0 : fail_damaged("a label is without length");
    size_t padded = ((size_t)e->label_nbytes + 7) / 8 * 8;
    if (e->label_nbytes > LIBSHM_MAX_LABEL || e->label != next || padded > end - next ||
        e->key != 0)
        return fail_damaged("a label is outside of its place");
    if (memchr(label, 0, e->label_nbytes) != label + e->label_nbytes - 1)
        return fail_damaged("a label does not end where it should");
    return 0;
}

int shm_check_count(const struct shm_segment_entry *e, const struct shm_array *array)
{
    if (array->count == e->count)
        return 0;
    return fail_damaged("the elements of an array are not the product of its shape");
}

int shm_check_layout(const struct shm_segment_header *h, const struct shm_layout *l)
{
    if (l->total == h->total && l->metadata == h->metadata && l->pairs == h->pairs &&
        l->slot[0] == h->slot[0] && l->slot[1] == h->slot[1] &&
        l->slot_nbytes == h->slot_nbytes)
        return 0;
    return fail_damaged("its parts are not where its table puts them");
}

int shm_check_slots(const struct shm_segment_entry *e, const struct shm_array *array)
{
    if (e->offset[0] == array->offset[0] && e->offset[1] == array->offset[1])
        return 0;
    return fail_damaged("an array is not where its table puts it");
}

int shm_check_member(const struct shm_segment_header *h, const struct shm_segment_header *root,
                     const struct shm_segment_pair *pair, size_t i)
{
    if (h->set_id == root->set_id && h->partition == i && h->npartitions == root->npartitions &&
        h->set_arrays == root->set_arrays && h->memory_key == pair->memory_key &&
        h->semaphore_key == pair->semaphore_key)
        return 0;
    return shm_failf(EINVAL,
                     "the segment with key %u is not partition %zu of the array set with "
                     "root key %u",
                     (unsigned)h->memory_key, i, (unsigned)root->memory_key);
}
