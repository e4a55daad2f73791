/*
 * A write or an update of many partitions: each is locked, filled and published by itself, and
 * while one is busy the others are done first. Never are two locked at once by one call.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "libshm/arrays_publish.h"
#include "libshm/fail.h"
#include "libshm/keep.h"

enum {
    FLAGS_ON_STACK = 256,
};

struct visit {
    const struct shm_job *job;
    unsigned char *pending; /* by partition: still to be done */
    size_t left;
    size_t nbytes; /* that are replaced */
    size_t done;
    struct shm_deadline deadline;
};

bool shm_visit_wants(const struct shm_job *job, const struct shm_partition *p)
{
    if (job->everywhere)
        return true;
    for (size_t i = 0; job->data && i < p->narrays; i++)
        if (p->arrays[i].nbytes > 0 && job->data[p->arrays[i].index])
            return true;
    return false;
}

static int fill(const struct shm_job *job, const struct shm_partition *p,
                struct shm_place *place)
{
    const unsigned char *old = place->old;
    unsigned char *fresh = place->fresh;
    for (size_t i = 0; i < p->narrays; i++) {
        const struct shm_array *array = &p->arrays[i];
        size_t offset = array->offset[0] - p->checked.slot[0]; /* the same in both slots */
        place->array = array;
        place->old = old + offset;
        place->fresh = fresh + offset;
        place->data = job->data ? job->data[array->index] : NULL;
        place->out = job->out ? job->out[array->index] : NULL;
        if (job->fill(place, job->argument) < 0)
            return -1;
    }
    return 0;
}

/* W0 to W5 around the work; the caller has the lock. */
static int publish(const struct visit *visit, const struct shm_partition *p,
                   const struct shm_hold *hold)
{
    bool streaming = visit->nbytes >= shm_arrays_stream_threshold;
    uint64_t v = shm_publish_begin(p, streaming);
    struct shm_place place = {.old = shm_publish_slot(p, v),
                              .fresh = shm_publish_slot(p, v + 1),
                              .streaming = streaming,
                              .hold = hold};
    if (fill(visit->job, p, &place) < 0) /* model: W3 */
        return -1;
    shm_publish_end(p, v, streaming);
    return 0;
}

/* model: W6, also after a failure, whose errno and sentence it keeps. */
static int unlock(const struct shm_partition *p, int result)
{
    if (result == 0)
        return shm_lock_release(p);
    struct shm_kept kept;
    shm_keep(&kept);
    shm_lock_release(p);
    shm_keep_restore(&kept);
    return -1;
}

/*
 * Only a callback can come back to its own partition or fork, so only then the lock is entered
 * in the thread's list: it costs a system call to know the process.
 */
static int run_locked(const struct visit *visit, const struct shm_partition *p)
{
    if (!visit->job->calls_out)
        return unlock(p, publish(visit, p, NULL));
    struct shm_hold hold;
    shm_hold_enter(&hold, visit->job->arrays, p->shmid);
    int result = publish(visit, p, &hold);
    shm_hold_leave(&hold);
    /* A child that was forked by the callback got here too: the lock is its parent's. */
    if (!shm_hold_is_mine(&hold))
        return -1;
    if (result < 0)
        shm_publish_cancel(p);
    return unlock(p, result);
}

static int finish(struct visit *visit, size_t i)
{
    if (run_locked(visit, &visit->job->arrays->partitions[i]) < 0)
        return -1;
    visit->pending[i] = 0;
    visit->left--;
    visit->done++;
    return 0;
}

/* Does what is free now; -1 for a failure other than finding a partition busy. */
static int do_free_ones(struct visit *visit, size_t start)
{
    const struct shm_arrays *a = visit->job->arrays;
    struct shm_kept kept;
    shm_keep(&kept);
    for (size_t n = 0; n < a->npartitions; n++) {
        size_t i = (start + n) % a->npartitions;
        if (!visit->pending[i])
            continue;
        int busy = shm_lock_try(&a->partitions[i]);
        if (busy < 0 || (!busy && finish(visit, i) < 0))
            return -1;
        if (busy)
            shm_keep_restore(&kept); /* being refused here is no failure of the call */
    }
    return 0;
}

/* A signal ends the call only while it has not changed anything. */
static int wait_for_one(struct visit *visit, size_t start)
{
    const struct shm_arrays *a = visit->job->arrays;
    size_t i = start;
    while (!visit->pending[i])
        i = (i + 1) % a->npartitions;
    struct shm_kept kept;
    shm_keep(&kept);
    while (shm_lock_wait(&a->partitions[i], &visit->deadline) < 0) {
        if (errno != EINTR || visit->done == 0)
            return -1;
        shm_keep_restore(&kept);
    }
    return finish(visit, i);
}

static int visit_all(struct visit *visit)
{
    struct shm_arrays *a = visit->job->arrays;
    size_t start = atomic_fetch_add_explicit(&a->rotation, 1, memory_order_relaxed);
    start %= a->npartitions;
    while (visit->left > 0) {
        if (visit->left > 1 && do_free_ones(visit, start) < 0)
            return -1;
        if (visit->left > 0 && wait_for_one(visit, start) < 0)
            return -1;
    }
    return 0;
}

/* All refusals that can be foreseen come before anything is changed. */
static int check_and_mark(struct visit *visit)
{
    const struct shm_arrays *a = visit->job->arrays;
    for (size_t i = 0; i < a->npartitions; i++) {
        const struct shm_partition *p = &a->partitions[i];
        visit->pending[i] = shm_visit_wants(visit->job, p);
        if (!visit->pending[i])
            continue;
        if (p->read_only)
            return shm_fail(EACCES, "the array set is attached for reading only: this user has "
                                    "no permission to write");
        if (shm_segment_check_live(p) < 0 || shm_hold_check(p) < 0 || shm_view_check(p) < 0)
            return -1;
        visit->left++;
        visit->nbytes += p->slot_nbytes;
    }
    return 0;
}

int shm_visit(const struct shm_job *job)
{
    unsigned char flags[FLAGS_ON_STACK];
    size_t n = job->arrays->npartitions;
    struct visit visit = {.job = job,
                          .pending = n <= sizeof flags ? flags : malloc(n),
                          .deadline = shm_deadline_of(job->arrays)};
    if (!visit.pending)
        return shm_fail(ENOMEM, "no memory for an operation on an array set");
    int result = check_and_mark(&visit) < 0 ? -1 : visit_all(&visit);
    if (visit.pending != flags)
        free(visit.pending);
    return result;
}
