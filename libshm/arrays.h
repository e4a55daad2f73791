/*
 * libshm: sets of numeric arrays shared between processes under integer keys.
 */
#ifndef LIBSHM_ARRAYS_H
#define LIBSHM_ARRAYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <libshm/shm.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Element types. The numbers are stored in segments and never change. */
enum shm_dtype {
    LIBSHM_OPAQUE = 0, /* itemsize bytes that are copied, never computed with */
    LIBSHM_BOOL = 1,
    LIBSHM_INT8 = 2,
    LIBSHM_UINT8 = 3,
    LIBSHM_INT16 = 4,
    LIBSHM_UINT16 = 5,
    LIBSHM_INT32 = 6,
    LIBSHM_UINT32 = 7,
    LIBSHM_INT64 = 8,
    LIBSHM_UINT64 = 9,
    LIBSHM_FLOAT16 = 10,
    LIBSHM_FLOAT32 = 11,
    LIBSHM_FLOAT64 = 12,
    LIBSHM_LONGDOUBLE = 13, /* the platform's long double */
    LIBSHM_COMPLEX64 = 14,  /* two float32 */
    LIBSHM_COMPLEX128 = 15, /* two float64 */
    LIBSHM_COMPLEX_LONGDOUBLE = 16
};

#define LIBSHM_PARTITION_MIN_SIZE 20000
#define LIBSHM_MAX_DIMS  64
#define LIBSHM_MAX_LABEL 256 /* bytes, with the terminating zero */

/* What one array is. */
struct shm_array_spec {
    const char *label;   /* NULL: the array is named by `key` */
    int64_t key;         /* integer name, used when label is NULL */
    int dtype;           /* enum shm_dtype */
    size_t itemsize;     /* bytes of an element; may be 0 except for LIBSHM_OPAQUE */
    int ndim;            /* 0: a scalar */
    const size_t *shape; /* ndim lengths, row-major; any may be 0 */
};

/* The two objects of a partition. */
struct shm_key_pair {
    key_t memory_key;
    key_t semaphore_key;
};

/* Built-in update functions, element by element. */
enum shm_update_op {
    LIBSHM_ADD = 1,   /* old + new */
    LIBSHM_AXPY = 2,  /* old + factor * new */
    LIBSHM_BLEND = 3, /* factor * new + (1 - factor) * old */
    LIBSHM_SCALE = 4, /* factor * old; takes no new data */
    LIBSHM_MIN = 5,
    LIBSHM_MAX = 6
};

/* What an update callback is given for one array. */
struct shm_array_update {
    size_t index;                      /* position of the array in the set */
    const struct shm_array_spec *spec; /* the array as this handle sees it */
    size_t count;                      /* elements */
    size_t nbytes;                     /* bytes of old, new_data and result each */
    const void *old;                   /* current content, read-only */
    const void *new_data;              /* what the caller of the update passed; may be NULL */
    void *result;                      /* to be filled completely; starts undefined */
};
typedef int (*shm_update_fn)(const struct shm_array_update *update, void *context);

struct shm_arrays;

/* Objects: create and remove. */
LIBSHM_API struct shm_arrays *shm_arrays_create(const struct shm_array_spec *specs, size_t count,
                                                const void *const *data, mode_t perm);
LIBSHM_API int shm_arrays_remove(struct shm_arrays *a);

/* Handles: attach and close. */
LIBSHM_API struct shm_arrays *shm_arrays_attach(key_t root);
LIBSHM_API struct shm_arrays *shm_arrays_attach_verified(key_t root,
                                                         const struct shm_array_spec *specs,
                                                         size_t count);
LIBSHM_API struct shm_arrays *shm_arrays_attach_pairs(const struct shm_key_pair *pairs,
                                                      size_t npairs,
                                                      const struct shm_array_spec *specs,
                                                      size_t count);
LIBSHM_API int shm_arrays_close(struct shm_arrays *a);

/* What is in the set. */
LIBSHM_API key_t shm_arrays_root(const struct shm_arrays *a);
LIBSHM_API size_t shm_arrays_npartitions(const struct shm_arrays *a);
LIBSHM_API size_t shm_arrays_keys(const struct shm_arrays *a, struct shm_key_pair *pairs,
                                  size_t capacity);
LIBSHM_API size_t shm_arrays_count(const struct shm_arrays *a);
LIBSHM_API const struct shm_array_spec *shm_arrays_spec(const struct shm_arrays *a, size_t index);
LIBSHM_API size_t shm_arrays_nbytes(const struct shm_arrays *a, size_t index);
LIBSHM_API size_t shm_arrays_partition_of(const struct shm_arrays *a, size_t index);
LIBSHM_API ssize_t shm_arrays_find(const struct shm_arrays *a, int64_t key);
LIBSHM_API ssize_t shm_arrays_find_label(const struct shm_arrays *a, const char *label);
LIBSHM_API int shm_arrays_version(struct shm_arrays *a, size_t partition, uint64_t *version);

/* Reading, writing, updating. Pointer arrays have one entry for each array of the set. */
LIBSHM_API int shm_arrays_read(struct shm_arrays *a, void *const *out);
LIBSHM_API int shm_arrays_read_one(struct shm_arrays *a, size_t index, void *out);
LIBSHM_API int shm_arrays_write(struct shm_arrays *a, const void *const *data);
LIBSHM_API int shm_arrays_update(struct shm_arrays *a, int op, double factor,
                                 const void *const *new_data, void *const *out);
LIBSHM_API int shm_arrays_update_with(struct shm_arrays *a, shm_update_fn fn, void *context,
                                      const void *const *new_data, void *const *out);
LIBSHM_API int shm_arrays_settimeout(struct shm_arrays *a, long timeout_ms);

/* The partition algorithm by itself. */
LIBSHM_API size_t shm_partition_sizes(const size_t *sizes, size_t count, size_t min_size,
                                      size_t *order, size_t *group_ends);

#ifdef __cplusplus
}
#endif

#endif
