/*
 * libshm: sets of numeric arrays shared between processes under integer keys.
 *
 * A set is created from specs and data, found by other processes through one integer, its root
 * key, and then read, written and updated by all of them. It is split into partitions; each has
 * one memory segment and one semaphore, holds some of the arrays, and is always one version:
 * readers never see half of an update, and a process that is killed at any instruction leaves
 * the version before it or the one after it.
 *
 * What is consistent: one partition. A call that concerns several partitions treats one after
 * the other; another process may update between two of them. Only a view holds all that it
 * concerns at one moment. Sets whose largest array has fewer than LIBSHM_PARTITION_MIN_SIZE
 * elements are one partition.
 *
 * Three lifetimes. The objects (segments, semaphores) are system-wide: they exist from
 * shm_arrays_create until shm_arrays_remove, whatever processes end. A handle, with its
 * mappings, is the caller's from create or attach until shm_arrays_close. Close never removes;
 * remove never closes.
 *
 * Errors: -1 or NULL and errno, with a sentence in shm_error_detail(). Beside those that are
 * listed, a call may fail with those of shmget(2), shmat(2) and semop(2).
 * Handles and pointers that a call needs must not be NULL.
 *
 * Synchronisation: which calls on one handle the caller must keep apart (X). Handles of one set
 * in other threads or processes never need it.
 *
 *                       read  write/update  view  info  settimeout  remove  close
 *     read read_one      .         .         .     .        .          .      X
 *     write update(_with)          .         .     .        .          .      X
 *     view view_end                          .     .        .          .      X
 *     root ... version                             .        .          .      X
 *     settimeout                                            .          .      X
 *     remove                                                           X      X
 *     close                                                                   X
 *
 * On one view, view_data may be called by several threads at once, view_end only apart from
 * everything else, and from the last use of the data.
 *
 * Writers and views of one partition wait for each other; readers wait for nobody, unless updates
 * follow so closely that several attempts to copy failed: then they queue for the lock as well.
 *
 * Caveats
 *     fork     A child inherits handle and mappings and may use them. A child that was forked
 *              inside a callback does not own the lock its parent holds: its own return from
 *              that callback ends in EPERM and publishes nothing. Nor does it own the locks of
 *              its parent's views: it waits for them as others do, and its shm_arrays_view_end
 *              only frees its copy.
 *     exec     Mappings and handles are gone; pass on the root key. Do not exec in a callback or
 *              with a view open.
 *     signals  None of these calls may be made from a signal handler. A caught signal ends a
 *              wait for a lock with EINTR if the call has changed nothing so far; a call that
 *              has updated some partitions goes on. On System V IPC stopping and continuing the
 *              process counts as such a signal. Do not leave a callback by longjmp, siglongjmp
 *              or the end of the thread: its partition stays locked until the process ends. A
 *              view that nobody ends does the same.
 *     death    The lock of a killed process is free again at once (posix: within 50 ms), those of
 *              its views too. What it had begun was not published. If it died between publishing
 *              and giving the lock back, there is one version more than it reported.
 *     waiting  Who holds a view, or is in a callback, and asks for another partition of the set,
 *              can wait for somebody who does so the other way round, for ever. One view of all
 *              that is needed cannot, nor can a handle with shm_arrays_settimeout.
 *     removal  While attached: shm_arrays_remove makes all calls on other handles fail with
 *              EIDRM. If another tool removed the objects, only calls that need the lock see it.
 *              In either case the data of an open view remain.
 *     trust    Everything found in a segment is checked, and copied before it is checked; a
 *              damaged one is EINVAL. Whoever may write to a segment can still store any
 *              numbers in it.
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

#define LIBSHM_MAX_DIMS           64
#define LIBSHM_MAX_LABEL          256   /* bytes, with the terminating zero */
#define LIBSHM_PARTITION_MIN_SIZE 20000 /* elements: smaller sets are not split */

/*
 * What one array is. Names are unique in a set; the label "5" and the key 5 are two names. Data
 * are row-major without gaps, in the byte order of the machine, aligned as their type needs.
 */
struct shm_array_spec {
    const char *label;   /* not empty; NULL: the array is named by `key` */
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

/*
 * Built-in update functions, element by element, computed in the element type:
 *
 *     integers  Sums and products with whole factors wrap, exactly, however large the factor
 *               (BLEND: both factors are whole). With another factor the result is computed in
 *               double, truncated towards zero and cut to the range of the type; NaN becomes 0.
 *     float16   computed in float, rounded once, to nearest, ties to even
 *     complex   The factor is real. MIN and MAX order by real, then by imaginary part.
 *     bool      ADD and MAX are "or", MIN is "and"; the others: is the result not 0? Any byte
 *               but 0 counts as true, 0 or 1 is stored.
 *     NaN       MIN and MAX give NaN if either is, as numpy's minimum and maximum do.
 *     opaque    none of them: EINVAL
 */
enum shm_update_op {
    LIBSHM_ADD = 1,   /* old + new */
    LIBSHM_AXPY = 2,  /* old + factor * new */
    LIBSHM_BLEND = 3, /* factor * new + (1 - factor) * old */
    LIBSHM_SCALE = 4, /* factor * old; takes no new data */
    LIBSHM_MIN = 5,
    LIBSHM_MAX = 6
};

/*
 * What an update callback is given for one array, arrays without elements included. It runs
 * while the partition is locked, so it should be short. `old` and `result` are the segment's
 * own bytes: valid during the call only. It returns 0, or anything else to cancel: then nothing
 * of this partition is published. It may use other sets; the partition it is called for,
 * through any handle, gives EDEADLK.
 */
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

/*
 * shm_arrays_create: make the objects of a new set, under random keys, and a handle of it.
 *
 * specs  `count` arrays, borrowed; labels and shapes are copied
 * count  arrays, at least 1
 * data   for each array its initial content, itemsize times the product of its shape bytes;
 *        zeros for an entry that is NULL, or if `data` itself is
 * perm   permission bits of all objects, usually 0600; must include 0600. The umask is ignored
 *
 * Returns a handle, which the caller owns, or NULL and errno; nothing is left behind then:
 *   EINVAL     a spec is not possible, a name occurs twice, count is 0, perm is as above
 *   EOVERFLOW  the sum of the sizes leaves the address space
 *   ENOMEM     no memory for the handle
 *   ENOSPC     the store is full, or a limit on objects is reached
 *
 * A creator that is killed leaves nothing that can be attached; shmtool(1) finds and removes
 * the objects.
 * Source: SHMArrays(param_dict); the partitions are those of shm_partition_sizes.
 */
LIBSHM_API struct shm_arrays *shm_arrays_create(const struct shm_array_spec *specs,
                                                size_t count, const void *const *data,
                                                mode_t perm);

/*
 * shm_arrays_remove: remove the objects of a set. Nobody can attach it any more; calls on
 * handles that are attached fail with EIDRM from now on. The handle remains to be closed.
 *
 * Returns 0, or -1 and errno of the first failure, after everything that can be removed was:
 *   EPERM  the caller is not the owner; nothing was removed
 *   EIDRM  the set, or a part of it, was removed before
 */
LIBSHM_API int shm_arrays_remove(struct shm_arrays *a);

/*
 * shm_arrays_attach: a handle of an existing set, which describes itself.
 *
 * root  the set's root key, see shm_arrays_root
 *
 * With permission to read only, the handle reads without ever taking a lock. A set that is just
 * being created is waited for, a quarter of a second.
 *
 * Returns a handle, which the caller owns, or NULL and errno:
 *   ENOENT           there is nothing under this key
 *   EINVAL           what is there is no set, damaged, of another format or another machine, or
 *                    a partition that is not the root
 *   EACCES           no permission to read
 *   EAGAIN           the set is not complete, its creator lives
 *   ENOTRECOVERABLE  the set is not complete and never will be: its creator is dead
 *   EIDRM            the set is being removed, or has lost a semaphore
 *   ENOMEM           no memory for the handle or no address space for the segments
 */
LIBSHM_API struct shm_arrays *shm_arrays_attach(key_t root);

/*
 * shm_arrays_attach_verified: the same, if the set is what the caller expects.
 *
 * specs  `count` arrays, borrowed; labels and shapes are copied
 *
 * Arrays are matched by name. Number of arrays, dtype, itemsize and number of elements must
 * agree. Order and shapes are taken from `specs`: they are this handle's view of the set.
 *
 * Returns as shm_arrays_attach; EINVAL too if the set is not as expected: the sentence in
 * shm_error_detail() names the array and what differs.
 */
LIBSHM_API struct shm_arrays *
shm_arrays_attach_verified(key_t root, const struct shm_array_spec *specs, size_t count);

/*
 * shm_arrays_attach_pairs: the same by the complete list of key pairs of shm_arrays_keys.
 *
 * pairs  `npairs` pairs in the order of the partitions, borrowed
 * specs  as in shm_arrays_attach_verified; NULL: nothing is expected
 *
 * Returns as shm_arrays_attach_verified; EINVAL too if the pairs are not those of one set.
 * Source: SHMArrays(param_dict, keys=...)
 */
LIBSHM_API struct shm_arrays *shm_arrays_attach_pairs(const struct shm_key_pair *pairs,
                                                      size_t npairs,
                                                      const struct shm_array_spec *specs,
                                                      size_t count);

/*
 * shm_arrays_close: free a handle and its mappings. The set remains.
 *
 * Returns 0, or -1 and errno:
 *   EDEADLK  called in a callback of an update on this handle, or while a view of it is open,
 *            whichever thread's; the handle remains
 */
LIBSHM_API int shm_arrays_close(struct shm_arrays *a);

/*
 * shm_arrays_root: the one integer that leads to the set, the memory key of partition 0. It may
 * be negative; all 32 bits count.
 */
LIBSHM_API key_t shm_arrays_root(const struct shm_arrays *a);

/* Partitions of the set; they are numbered from 0. */
LIBSHM_API size_t shm_arrays_npartitions(const struct shm_arrays *a);

/*
 * shm_arrays_keys: the keys of all partitions.
 *
 * pairs  room for `capacity` pairs, filled as far as it goes; may be NULL if capacity is 0
 *
 * Returns the number of partitions.
 * Source: SHMArrays.get_keys()
 */
LIBSHM_API size_t shm_arrays_keys(const struct shm_arrays *a, struct shm_key_pair *pairs,
                                  size_t capacity);

/* Arrays in the set; their indexes are 0 to shm_arrays_count() - 1. */
LIBSHM_API size_t shm_arrays_count(const struct shm_arrays *a);

/*
 * shm_arrays_spec: what array `index` is, with its itemsize filled in; valid until the handle
 * is closed. Returns NULL and EINVAL if there is no such array.
 */
LIBSHM_API const struct shm_array_spec *shm_arrays_spec(const struct shm_arrays *a,
                                                        size_t index);

/* Bytes of array `index`; 0 if there is no such array. */
LIBSHM_API size_t shm_arrays_nbytes(const struct shm_arrays *a, size_t index);

/* The partition of array `index`; the number of partitions if there is no such array. */
LIBSHM_API size_t shm_arrays_partition_of(const struct shm_arrays *a, size_t index);

/* The index of the array with this key, or this label; -1 and ENOENT if there is none. */
LIBSHM_API ssize_t shm_arrays_find(const struct shm_arrays *a, int64_t key);
LIBSHM_API ssize_t shm_arrays_find_label(const struct shm_arrays *a, const char *label);

/*
 * shm_arrays_version: how often a partition was published since the set was created with
 * version 0. Each write or update adds 1 to every partition it concerns.
 *
 * Returns 0, or -1 and errno:
 *   EINVAL  there is no such partition
 *   EIDRM   the set was removed
 */
LIBSHM_API int shm_arrays_version(struct shm_arrays *a, size_t partition, uint64_t *version);

/*
 * In the calls below `out`, `data` and `new_data` have one entry for each array of the set, in
 * the order of this handle; each entry points to shm_arrays_nbytes(a, index) bytes of the
 * caller's, or is NULL.
 */

/*
 * shm_arrays_read: copy arrays out; each partition as one version.
 *
 * out  destinations; NULL entries are left out
 *
 * Returns 0, or -1 and errno; destinations may be filled in part then:
 *   EIDRM    the set was removed
 *   EDEADLK  called in a callback for one of these partitions; or one of them that a view of this
 *            thread holds was changed all the same, see EIO
 *   EAGAIN   updates came too fast for a handle that may only read, or the time of
 *            shm_arrays_settimeout is over
 *   EINTR    a signal ended the wait for a lock
 *   EIO      the segment changed although its lock was held
 *
 * Source: SHMArrays.read_arrays()
 */
LIBSHM_API int shm_arrays_read(struct shm_arrays *a, void *const *out);

/* shm_arrays_read_one: the same for one array. EINVAL too: there is no such array. */
LIBSHM_API int shm_arrays_read_one(struct shm_arrays *a, size_t index, void *out);

/*
 * shm_arrays_write: replace arrays; each partition in one step.
 *
 * data  new content; arrays with a NULL entry keep theirs. A partition without any new content
 *       is left alone
 *
 * Partitions that are busy are done last; never are two locked at once.
 *
 * Returns 0, or -1 and errno; partitions that were done before a failure stay done:
 *   EACCES   no permission to write
 *   EIDRM    the set was removed
 *   EDEADLK  called in a callback for one of these partitions, or a view that this thread has
 *            open holds one of them; nothing was done
 *   EAGAIN   a partition stayed locked for the time of shm_arrays_settimeout
 *   EINTR    a signal ended the wait for a lock; nothing was done
 *
 * Source: SHMArrays.write_arrays(d)
 */
LIBSHM_API int shm_arrays_write(struct shm_arrays *a, const void *const *data);

/*
 * shm_arrays_update: combine arrays with new data by a built-in function.
 *
 * op        enum shm_update_op
 * factor    of AXPY, BLEND and SCALE; ignored by the others
 * new_data  as `data` in shm_arrays_write; SCALE ignores it and concerns all arrays
 * out       receives the arrays as this update left them, and of partitions that it left alone
 *           the current content; NULL, or NULL entries: not wanted. May name the same buffers
 *           as new_data
 *
 * Returns as shm_arrays_write; EINVAL too: no such op, new_data missing, an opaque array.
 * Source: SHMArrays.update_arrays(d) (BLEND with factor 0.1) and add_updates(d) (ADD)
 */
LIBSHM_API int shm_arrays_update(struct shm_arrays *a, int op, double factor,
                                 const void *const *new_data, void *const *out);

/*
 * shm_arrays_update_with: replace every array by what a callback computes from it.
 *
 * fn        called once for each array, partition by partition, see struct shm_array_update
 * context   passed on to it
 * new_data  passed on entry by entry; NULL: nothing
 * out       as in shm_arrays_update
 *
 * Returns as shm_arrays_write, and if the callback did not return 0: -1 with the errno it left,
 * or ECANCELED if it left none. EPERM in a child that the callback forked.
 * Source: SHMArrays.update_arrays(d, update_func)
 */
LIBSHM_API int shm_arrays_update_with(struct shm_arrays *a, shm_update_fn fn, void *context,
                                      const void *const *new_data, void *const *out);

/*
 * Views: arrays as they lie in shared memory, without a copy. A view holds the locks of its
 * partitions, all of them from one moment on: writers wait until it ends, readers do not.
 */
struct shm_arrays_view;

/*
 * shm_arrays_view: lock partitions, so that their arrays can be read where they are.
 *
 * indexes  `count` arrays, in any order and as often as one likes; NULL: all arrays, whatever
 *          `count` is. What is locked is the partitions they are in
 *
 * Locks are taken in ascending order of partition, each once, and are waited for as long as
 * shm_arrays_settimeout allows. What comes of this thread's own calls until the view ends:
 * shm_arrays_read works; shm_arrays_write, both updates and another view, on one of these
 * partitions through any handle, give EDEADLK. Other threads wait for the view like other
 * processes. A thread may have several views of different partitions, but see "waiting" above.
 *
 * Returns a view, which the caller owns, or NULL and errno; nothing is locked then:
 *   EINVAL   there is no such array
 *   EACCES   no permission to write, which locking needs
 *   EIDRM    the set was removed
 *   EDEADLK  this thread holds one of the partitions already: by a view, or because it is in a
 *            callback for it
 *   EAGAIN   a partition stayed locked for the time of shm_arrays_settimeout
 *   EINTR    a signal ended the wait for a lock
 *   ENOMEM   no memory for the view
 */
LIBSHM_API struct shm_arrays_view *shm_arrays_view(struct shm_arrays *a, const size_t *indexes,
                                                   size_t count);

/*
 * shm_arrays_view_data: where the current content of array `index` is, shm_arrays_nbytes() bytes
 * of it, aligned as their type needs. It does not change until the view ends, and must not be
 * changed; as memory it is valid until the handle is closed. An array that shares a partition
 * with one that was asked for is there as well.
 *
 * Returns NULL and EINVAL if there is no such array, or if the view does not hold its partition.
 */
LIBSHM_API const void *shm_arrays_view_data(const struct shm_arrays_view *v, size_t index);

/*
 * shm_arrays_view_end: give all locks back and free the view. Any thread may do this. In a child
 * that was forked meanwhile it only frees the view: the locks are its parent's.
 *
 * Returns 0, or -1 and errno of the first failure, after all locks that could be given back were;
 * the view is freed in either case:
 *   EIDRM  the set was removed meanwhile; the data were constant all the same
 */
LIBSHM_API int shm_arrays_view_end(struct shm_arrays_view *v);

/*
 * shm_arrays_settimeout: how long a call on this handle waits for locks.
 *
 * timeout_ms  milliseconds; 0: not at all; negative (as for a new handle): without limit
 *
 * Returns 0. Calls that wait already keep the time they had.
 */
LIBSHM_API int shm_arrays_settimeout(struct shm_arrays *a, long timeout_ms);

/*
 * shm_partition_sizes: how a set is split into partitions, by itself.
 *
 * sizes       `count` numbers of elements, at least 1
 * min_size    shm_arrays_create uses LIBSHM_PARTITION_MIN_SIZE
 * order       receives all positions 0 to count - 1, group after group
 * group_ends  room for count; receives for each group the end of its part of `order`
 *
 * Positions are ordered by size, largest first, equal ones in reverse. If the largest size is
 * less than min_size they are one group; else each group takes what fits into the largest size,
 * and the first that does not starts the next.
 *
 * Returns the number of groups, or 0 and EINVAL if count is 0.
 * Threads: safe.
 * Source: SHMArrays.partition_sizes
 */
LIBSHM_API size_t shm_partition_sizes(const size_t *sizes, size_t count, size_t min_size,
                                      size_t *order, size_t *group_ends);

#ifdef __cplusplus
}
#endif

#endif
