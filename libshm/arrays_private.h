/* What the files of the arrays share: the handle, and the steps an operation is made of. */
#ifndef LIBSHM_ARRAYS_PRIVATE_H
#define LIBSHM_ARRAYS_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "libshm/arrays_layout.h"

/*
 * One attached partition. Nothing of the layout is read from the segment after the attach: a
 * peer with write permission may change it at any time.
 */
struct shm_partition {
    struct shm_key_pair keys;
    int shmid;
    int semid;
    bool read_only;
    struct shm_segment_header *header; /* the segment; NULL: not attached */
    struct shm_segment_header checked; /* the header as it was when it was checked */
    size_t narrays;
    struct shm_array *arrays; /* in group order */
    void *storage;            /* their labels and shapes */
    unsigned char *pairs;     /* partition 0: the table of keys, a private copy */
    size_t slot_nbytes;
};

/* Constant after the attach, but for the two atomics: threads share a handle without a lock. */
struct shm_arrays {
    size_t count;
    size_t npartitions;
    struct shm_partition *partitions;
    struct shm_array **arrays;  /* by index; each lies in its partition */
    struct shm_array **by_name; /* the same, sorted */
    size_t *expected_shapes;    /* of an attach that was verified */
    _Atomic long timeout_ms;
    atomic_uint rotation; /* where the next visit of all partitions starts */
};

/* arrays_segment.c: one partition's objects, from the outside in. */
int shm_segment_attach(struct shm_partition *p, key_t memory_key);
void shm_segment_detach(struct shm_partition *p);
int shm_segment_check_live(const struct shm_partition *p); /* -1: EIDRM, the set was removed */

/* arrays_names.c: sorted pointers to `count` arrays; -1: EINVAL for a name that is there twice.
 */
int shm_names_sort(struct shm_array **by_name, size_t count);
struct shm_array *shm_names_find(struct shm_array *const *by_name, size_t count,
                                 const struct shm_array_spec *name);

/*
 * arrays_expect.c: takes order and shapes from `specs`, if they are otherwise those of the set.
 * -1: EINVAL, the sentence names the array and what differs.
 */
int shm_expect_apply(struct shm_arrays *a, const struct shm_array_spec *specs, size_t count);

/*
 * arrays_hold.c: the partitions whose lock this thread holds. A callback that comes back to its
 * own partition would wait for itself.
 */
struct shm_hold {
    const struct shm_arrays *arrays;
    int shmid;
    pid_t pid; /* the process that took the lock: a forked child does not own it */
    const struct shm_hold *outer;
};
void shm_hold_enter(struct shm_hold *hold, const struct shm_arrays *a, int shmid);
void shm_hold_leave(const struct shm_hold *hold);
bool shm_hold_is_mine(const struct shm_hold *hold);
int shm_hold_check(const struct shm_partition *p);     /* -1: EDEADLK */
int shm_hold_check_handle(const struct shm_arrays *a); /* -1: EDEADLK */

/*
 * arrays_view_list.c: the views that are open in this process. A thread that asks for the lock of
 * a partition that its own view holds would wait for itself.
 */
struct shm_arrays_view {
    struct shm_arrays_view *next;
    struct shm_arrays *arrays;
    pid_t pid;                    /* took the locks: a forked child does not own them */
    unsigned long thread;         /* the one that called shm_arrays_view */
    const unsigned char *slots[]; /* by partition: the current slot; NULL: not held */
};
void shm_view_enter(struct shm_arrays_view *v);
void shm_view_leave(struct shm_arrays_view *v);
int shm_view_check(const struct shm_partition *p);     /* -1: EDEADLK */
int shm_view_check_handle(const struct shm_arrays *a); /* -1: EDEADLK */

/* arrays_lock.c: the partition's semaphore. Waits of one call share one deadline. */
struct shm_deadline {
    long timeout_ms; /* negative: none */
    bool running;    /* the clock is read at the first wait only */
    struct timespec end;
};
struct shm_deadline shm_deadline_of(const struct shm_arrays *a);
int shm_lock_try(const struct shm_partition *p);                          /* 1: busy */
int shm_lock_wait(const struct shm_partition *p, struct shm_deadline *d); /* EINTR, EAGAIN */
int shm_lock_release(const struct shm_partition *p);

/* arrays_copy.c */
extern size_t shm_arrays_stream_threshold; /* bytes that one call replaces; tests set it */
void shm_copy(void *to, const void *from, size_t nbytes, bool streaming);

/* arrays_read.c: one version of a partition; `out` by index, NULL entries are left out. */
int shm_read_partition(const struct shm_partition *p, void *const *out, struct shm_deadline *d);

/*
 * arrays_visit.c: does a job in every partition it wants, each under its lock, busy ones last.
 * `fill` is called for each array of the partition and fills its place in the new slot.
 */
struct shm_place {
    const struct shm_array *array;
    const unsigned char *old; /* current content */
    unsigned char *fresh;     /* where the next content goes */
    const void *data;         /* the caller's new data, or NULL */
    void *out;                /* the caller's copy of the result, or NULL */
    bool streaming;
    const struct shm_hold *hold; /* only if the job calls out */
};
struct shm_job {
    struct shm_arrays *arrays;
    const void *const *data; /* by index; NULL: nothing */
    void *const *out;        /* by index; NULL: nothing */
    bool everywhere;         /* partitions without data as well */
    bool calls_out;          /* runs code of the caller */
    int (*fill)(const struct shm_place *place, const void *argument);
    const void *argument;
};
int shm_visit(const struct shm_job *job);
bool shm_visit_wants(const struct shm_job *job, const struct shm_partition *p);

#endif
