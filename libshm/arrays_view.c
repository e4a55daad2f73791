/*
 * Views: the arrays as they lie in the segment, constant because their partitions are locked.
 *
 * A view takes its locks in ascending order, so two of them never wait for each other.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "libshm/arrays_publish.h"
#include "libshm/fail.h"
#include "libshm/keep.h"

static int fail_index(size_t index, size_t count)
{
    return shm_failf(EINVAL, "array %zu was asked for, the set has %zu", index, count);
}

/* Until its lock is held, a partition that is wanted has any of its slots. */
static void want(struct shm_arrays_view *v, size_t partition)
{
    v->slots[partition] = shm_publish_slot(&v->arrays->partitions[partition], 0);
}

static void want_all(struct shm_arrays_view *v)
{
    for (size_t i = 0; i < v->arrays->npartitions; i++)
        want(v, i);
}

static int want_those_of(struct shm_arrays_view *v, const size_t *indexes, size_t count)
{
    const struct shm_arrays *a = v->arrays;
    for (size_t i = 0; i < count; i++) {
        if (indexes[i] >= a->count)
            return fail_index(indexes[i], a->count);
        want(v, a->arrays[indexes[i]]->partition);
    }
    return 0;
}

static int want_partitions(struct shm_arrays_view *v, const size_t *indexes, size_t count)
{
    if (indexes)
        return want_those_of(v, indexes, count);
    want_all(v);
    return 0;
}

/* All refusals that can be foreseen come before anything is locked. */
static int check(const struct shm_arrays_view *v)
{
    for (size_t i = 0; i < v->arrays->npartitions; i++) {
        const struct shm_partition *p = &v->arrays->partitions[i];
        if (!v->slots[i])
            continue;
        if (p->read_only)
            return shm_fail(EACCES, "the array set is attached for reading only: a view has to "
                                    "lock it, which this user has no permission to do");
        if (shm_segment_check_live(p) < 0 || shm_hold_check(p) < 0 || shm_view_check(p) < 0)
            return -1;
    }
    return 0;
}

/*
 * The locks of the first `end` partitions. To the next writer a view is an update that was given
 * up: that orders what was read here before what will be written (arrays_publish.h).
 */
static int give_back(const struct shm_arrays_view *v, size_t end)
{
    struct shm_kept first = {0};
    for (size_t i = 0; i < end; i++) {
        if (!v->slots[i])
            continue;
        shm_publish_cancel(&v->arrays->partitions[i]);
        if (shm_lock_release(&v->arrays->partitions[i]) < 0 && first.error == 0)
            shm_keep(&first);
    }
    if (first.error == 0)
        return 0;
    shm_keep_restore(&first);
    return -1;
}

static int fail_locking(const struct shm_arrays_view *v, size_t end)
{
    struct shm_kept kept;
    shm_keep(&kept);
    give_back(v, end);
    shm_keep_restore(&kept);
    return -1;
}

/* Nobody publishes while we have the lock: the slot that is current now remains so. */
static int lock_all(struct shm_arrays_view *v)
{
    struct shm_deadline d = shm_deadline_of(v->arrays);
    for (size_t i = 0; i < v->arrays->npartitions; i++) {
        const struct shm_partition *p = &v->arrays->partitions[i];
        if (!v->slots[i])
            continue;
        if (shm_lock_wait(p, &d) < 0)
            return fail_locking(v, i);
        v->slots[i] = shm_publish_slot(p, shm_publish_current(p));
    }
    return 0;
}

struct shm_arrays_view *shm_arrays_view(struct shm_arrays *a, const size_t *indexes,
                                        size_t count)
{
    struct shm_arrays_view *v = calloc(1, sizeof *v + a->npartitions * sizeof *v->slots);
    if (!v) {
        shm_fail(ENOMEM, "no memory for a view of an array set");
        return NULL;
    }
    v->arrays = a;
    if (want_partitions(v, indexes, count) < 0 || check(v) < 0 || lock_all(v) < 0) {
        free(v);
        return NULL;
    }
    shm_view_enter(v);
    return v;
}

const void *shm_arrays_view_data(const struct shm_arrays_view *v, size_t index)
{
    const struct shm_arrays *a = v->arrays;
    if (index >= a->count) {
        fail_index(index, a->count);
        return NULL;
    }
    const struct shm_array *array = a->arrays[index];
    const struct shm_partition *p = &a->partitions[array->partition];
    if (!v->slots[array->partition]) {
        shm_failf(EINVAL, "the view does not hold partition %u, in which array %zu is",
                  (unsigned)p->checked.partition, index);
        return NULL;
    }
    /* Its offset is the same in both slots. */
    return v->slots[array->partition] + (array->offset[0] - p->checked.slot[0]);
}

/* A child that was forked meanwhile has a copy of the view; the locks are its parent's. */
int shm_arrays_view_end(struct shm_arrays_view *v)
{
    shm_view_leave(v);
    int result = v->pid == getpid() ? give_back(v, v->arrays->npartitions) : 0;
    free(v);
    return result;
}
