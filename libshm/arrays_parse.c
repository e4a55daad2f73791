/* From the bytes of a found segment to its arrays, each group of fields checked before use. */
#include "config.h"

#include <string.h>

#include "libshm/arrays_check.h"

int shm_layout_check_header(const struct shm_segment_header *h, size_t size)
{
    if (shm_check_machine(h) < 0 || shm_check_offsets(h, size) < 0 || shm_check_place(h) < 0)
        return -1;
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
    if (shm_check_shape(e, c->next, c->end) < 0)
        return -1;
    size_t *shape = (size_t *)(void *)c->storage;
    for (uint32_t d = 0; d < e->ndim; d++) {
        uint64_t length;
        memcpy(&length, c->metadata + c->next + d * sizeof length, sizeof length);
        if (shm_check_length(length) < 0)
            return -1;
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
    const unsigned char *label = c->metadata + c->next;
    spec->key = e->key;
    if (shm_check_label(e, label, c->next, c->end) < 0)
        return -1;
    if (e->label_nbytes == 0)
        return 0;
    size_t padded = ((size_t)e->label_nbytes + 7) / 8 * 8;
    memcpy(c->storage, label, e->label_nbytes);
    spec->label = (const char *)c->storage;
    c->next += padded;
    c->storage += padded;
    return 0;
}

static int parse_entry(struct cursor *c, const struct shm_segment_entry *e,
                       const struct shm_segment_header *h, struct shm_array *array)
{
    if (shm_check_entry(e, h) < 0 || shm_check_long_double(e, h) < 0)
        return -1;
    struct shm_array_spec spec = {.dtype = (int)e->dtype, .itemsize = (size_t)e->itemsize};
    if (parse_shape(c, e, &spec) < 0 || parse_label(c, e, &spec) < 0 ||
        shm_array_from_spec(array, &spec) < 0 || shm_check_count(e, array) < 0)
        return -1;
    array->index = (size_t)e->position;
    array->partition = h->partition;
    return 0;
}

static int check_layout(const struct shm_segment_header *h, struct shm_array *arrays,
                        const unsigned char *table)
{
    struct shm_layout l;
    size_t n = (size_t)h->narrays;
    if (shm_layout_compute(&l, arrays, n, h->partition == 0 ? h->npartitions : 0) < 0 ||
        shm_check_layout(h, &l) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct shm_segment_entry e;
        memcpy(&e, table + i * sizeof e, sizeof e);
        if (shm_check_slots(&e, &arrays[i]) < 0)
            return -1;
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
    if (shm_check_table(&h, nbytes) < 0)
        return -1;
    for (size_t i = 0; i < narrays; i++) {
        memcpy(&e, metadata + sizeof h + i * sizeof e, sizeof e);
        if (parse_entry(&c, &e, &h, &arrays[i]) < 0)
            return -1;
    }
    return check_layout(&h, arrays, metadata + sizeof h);
}
