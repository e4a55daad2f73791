/*
 * The bytes of a partition's segment. arrays_layout.c computes them, arrays_parse.c believes them.
 *
 *     0            header: what the set is, `begun` and `version` each alone on its line
 *     256          table: one entry for each array of the partition, in group order
 *     behind it    the shapes (uint64_t each) and labels (padded to 8) of the same arrays
 *     pairs        partition 0 only: memory key and semaphore key of every partition
 *     slot[0]      the arrays, each 64-byte aligned
 *     slot[1]      the arrays again
 *
 * Everything is determined by the specs, so a reader computes it anew and compares: what does
 * not agree in every offset is refused.
 */
#ifndef LIBSHM_ARRAYS_LAYOUT_H
#define LIBSHM_ARRAYS_LAYOUT_H

#include <float.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "libshm/arrays.h"

/* States of the word `magic`; any other value: not a segment of ours, or of another format. */
#define LIBSHM_MAGIC_FORMING UINT64_C(0)
#define LIBSHM_MAGIC_READY   UINT64_C(0x5359415252413031) /* "SYARRA01" */
#define LIBSHM_MAGIC_REMOVED UINT64_C(0x5359415252414545) /* "SYARRAEE" */

/* The word `kind`, there from the first instant: marks the leftovers of a killed creator. */
#define LIBSHM_SEGMENT_KIND UINT64_C(0x5359415252414b44) /* "SYARRAKD" */

enum {
    LIBSHM_SEGMENT_FORMAT = 1,
    LIBSHM_BYTE_ORDER_MARK = 0x01020304,
    LIBSHM_SLOT_ALIGN = 64,
    LIBSHM_LEGACY_ITEMSIZE = 32, /* the largest item a legacy segment of numbers has */
    LIBSHM_ARRAY_NAME = LIBSHM_MAX_LABEL + 2, /* bytes for a name in a sentence */
};

/*
 * Lines 0 and 1 are constant once the set is published, except for `magic` when it is removed.
 * The two words that every update stores have a line each: readers that poll one of them, or
 * the constants, then lose no line to the other.
 */
struct shm_segment_header {
    _Alignas(64) _Atomic uint64_t magic;
    uint64_t kind;
    uint32_t format;
    uint32_t byte_order;
    uint32_t word_size;   /* bytes of a pointer of the creator, for show */
    uint32_t long_double; /* bytes of a long double << 16 | bits of its mantissa */
    uint64_t total;       /* bytes of the segment */
    uint64_t set_id;      /* random, the same in every partition of the set */
    uint32_t partition;
    uint32_t npartitions;
    int32_t memory_key; /* of this partition */
    int32_t semaphore_key;

    uint64_t set_arrays; /* arrays in the whole set */
    uint64_t narrays;    /* arrays in this partition */
    uint64_t table;      /* offsets, in bytes from the start of the segment */
    uint64_t pairs;
    uint64_t metadata; /* bytes before slot 0 */
    uint64_t slot[2];
    uint64_t slot_nbytes;

    _Alignas(64) _Atomic uint64_t begun;   /* the version that was last begun */
    _Alignas(64) _Atomic uint64_t version; /* the version that is current: slot version & 1 */
    uint64_t padding[7];
};

#define LIBSHM_LONG_DOUBLE_MARK ((uint32_t)sizeof(long double) << 16 | LDBL_MANT_DIG)

struct shm_segment_entry {
    uint64_t position; /* of the array in the set */
    int64_t key;
    uint64_t count;
    uint64_t itemsize;
    uint64_t offset[2]; /* in slot 0 and in slot 1, from the start of the segment */
    uint64_t shape;     /* offset of ndim lengths */
    uint64_t label;     /* offset of the label; 0: the array is named by `key` */
    uint32_t label_nbytes;
    uint32_t dtype;
    uint32_t ndim;
    uint32_t padding;
};

struct shm_segment_pair {
    int32_t memory_key;
    int32_t semaphore_key;
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "words shared by processes must be lock-free");
_Static_assert(sizeof(_Atomic uint64_t) == 8, "the atomic words are plain words in memory");
_Static_assert(sizeof(struct shm_segment_header) == 256, "four lines");
_Static_assert(offsetof(struct shm_segment_header, set_arrays) == 64, "second line");
_Static_assert(offsetof(struct shm_segment_header, begun) == 128, "a line of its own");
_Static_assert(offsetof(struct shm_segment_header, version) == 192, "a line of its own");
_Static_assert(sizeof(struct shm_segment_entry) == 80, "no hidden padding");
_Static_assert(offsetof(struct shm_segment_entry, label_nbytes) == 64, "no hidden padding");
_Static_assert(sizeof(struct shm_segment_pair) == 8, "no hidden padding");
_Static_assert(sizeof(key_t) == 4, "keys are stored as 32 bits");

/* An array as a handle, or the creation of a set, knows it. */
struct shm_array {
    struct shm_array_spec spec; /* label and shape are borrowed from whoever made this */
    size_t index;               /* in the set, as the handle sees it */
    size_t count;               /* elements */
    size_t nbytes;
    size_t offset[2];
    size_t partition;
};

struct shm_layout {
    size_t pairs;
    size_t metadata;
    size_t slot[2];
    size_t slot_nbytes;
    size_t total;
};

/* What distinguishes the segments of a set from each other. */
struct shm_segment_identity {
    uint64_t set_id;
    size_t set_arrays;
    size_t partition;
    size_t npartitions;
    struct shm_key_pair keys;
};

/* Bytes of one element of a built-in type; 0: opaque, or no type at all. */
size_t shm_dtype_itemsize(int dtype);
const char *shm_dtype_name(int dtype);

/* Writes the array's name for people, at most `size` bytes: 'label' or its integer key. */
const char *shm_array_name(const struct shm_array_spec *spec, char *text, size_t size);

/* Checks a spec and computes count and nbytes. -1: EINVAL with a sentence that names it. */
int shm_array_from_spec(struct shm_array *array, const struct shm_array_spec *spec);

/* Bytes of two keys are one name. Returns <0, 0, >0: an order for sorting and for look-up. */
int shm_array_name_compare(const struct shm_array_spec *a, const struct shm_array_spec *b);

/* Places `n` arrays, given in group order, and fills their offsets. -1: EOVERFLOW. */
int shm_layout_compute(struct shm_layout *layout, struct shm_array *arrays, size_t n,
                       size_t npairs);

/* Writes all metadata but `magic`, `begun`, `version` and the pairs into a fresh segment. */
void shm_layout_write(unsigned char *base, const struct shm_layout *layout,
                      const struct shm_array *arrays, size_t n,
                      const struct shm_segment_identity *identity);

/*
 * Believes nothing: checks the private copy `metadata` of a segment's first bytes, `nbytes`
 * long, and fills `arrays` (header->narrays of them), whose labels and shapes are stored in
 * `storage`, as large as the metadata. -1: EINVAL with a sentence.
 */
int shm_layout_parse(const unsigned char *metadata, size_t nbytes, struct shm_array *arrays,
                     void *storage);

/* The checks on the header alone, before its lengths are used. `size`: bytes of the segment. */
int shm_layout_check_header(const struct shm_segment_header *header, size_t size);

#endif
