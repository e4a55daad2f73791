/* Handles: from a root key to all partitions, optionally checked against what is expected. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libshm/arrays_check.h"
#include "libshm/arrays_private.h"
#include "libshm/backend.h"
#include "libshm/fail.h"
#include "libshm/keep.h"
#include "libshm/random.h"

static void release(struct shm_arrays *a)
{
    for (size_t i = 0; a->partitions && i < a->npartitions; i++)
        shm_segment_detach(&a->partitions[i]);
    free(a->partitions);
    free(a->arrays);
    free(a->by_name);
    free(a->expected_shapes);
    free(a);
}

static struct shm_arrays *fail_attach(struct shm_arrays *a)
{
    struct shm_kept kept;
    shm_keep(&kept);
    release(a);
    shm_keep_restore(&kept);
    return NULL;
}

static struct shm_segment_pair pair_at(const struct shm_partition *root, size_t i)
{
    struct shm_segment_pair pair;
    memcpy(&pair, root->pairs + root->checked.pairs + i * sizeof pair, sizeof pair);
    return pair;
}

static int check_member(const struct shm_arrays *a, size_t i)
{
    struct shm_segment_pair pair = pair_at(&a->partitions[0], i);
    return shm_check_member(&a->partitions[i].checked, &a->partitions[0].checked, &pair, i);
}

static int attach_partitions(struct shm_arrays *a, key_t root)
{
    a->partitions = calloc(1, sizeof *a->partitions);
    if (!a->partitions)
        return shm_fail(ENOMEM, "no memory for a handle of an array set");
    a->npartitions = 1;
    if (shm_segment_attach(&a->partitions[0], root) < 0)
        return -1;
    if (a->partitions[0].checked.partition != 0)
        return shm_failf(EINVAL, "key %u is partition %u of an array set, not its root",
                         (unsigned)root, (unsigned)a->partitions[0].checked.partition);
    size_t n = a->partitions[0].checked.npartitions;
    struct shm_partition *grown = realloc(a->partitions, n * sizeof *grown);
    if (!grown)
        return shm_fail(ENOMEM, "no memory for a handle of an array set");
    a->partitions = grown;
    for (; a->npartitions < n; a->npartitions++)
        if (shm_segment_attach(&a->partitions[a->npartitions],
                               pair_at(&a->partitions[0], a->npartitions).memory_key) < 0)
            return -1;
    for (size_t i = 0; i < n; i++)
        if (check_member(a, i) < 0)
            return -1;
    return 0;
}

/* Every position of the set must be taken exactly once. */
static int index_arrays(struct shm_arrays *a)
{
    for (size_t i = 0; i < a->npartitions; i++)
        a->count += a->partitions[i].narrays;
    a->arrays = calloc(a->count + 1, sizeof *a->arrays);
    a->by_name = calloc(a->count + 1, sizeof *a->by_name);
    if (!a->arrays || !a->by_name)
        return shm_fail(ENOMEM, "no memory for a handle of an array set");
    for (size_t i = 0; i < a->npartitions; i++) {
        const struct shm_partition *p = &a->partitions[i];
        for (size_t j = 0; j < p->narrays; j++) {
            size_t index = p->arrays[j].index;
            if (index >= a->count || a->arrays[index])
                return shm_fail(EINVAL, "the partitions of the set do not fit together");
            a->arrays[index] = &p->arrays[j];
        }
    }
    if (a->count == 0 || a->count != a->partitions[0].checked.set_arrays)
        return shm_fail(EINVAL, "the partitions of the set do not fit together");
    memcpy(a->by_name, a->arrays, a->count * sizeof *a->by_name);
    return shm_names_sort(a->by_name, a->count);
}

struct shm_arrays *shm_arrays_attach(key_t root)
{
    struct shm_arrays *a = calloc(1, sizeof *a);
    if (!a) {
        shm_fail(ENOMEM, "no memory for a handle of an array set");
        return NULL;
    }
    unsigned rotation;
    atomic_init(&a->timeout_ms, -1);
    /* Processes that start together should not all begin with the same partition. */
    if (shm_random_bytes(&rotation, sizeof rotation) < 0)
        return fail_attach(a);
    atomic_init(&a->rotation, rotation);
    if (attach_partitions(a, root) < 0 || index_arrays(a) < 0)
        return fail_attach(a);
    return a;
}

static int check_keys(const struct shm_arrays *a, const struct shm_key_pair *pairs, size_t n)
{
    if (n != a->npartitions)
        return shm_failf(EINVAL, "the array set has %zu partitions, %zu key pairs were given",
                         a->npartitions, n);
    for (size_t i = 0; i < n; i++) {
        const struct shm_key_pair *keys = &a->partitions[i].keys;
        if (keys->memory_key != pairs[i].memory_key ||
            keys->semaphore_key != pairs[i].semaphore_key)
            return shm_failf(EINVAL, "key pair %zu is not the one of partition %zu", i, i);
    }
    return 0;
}

struct shm_arrays *shm_arrays_attach_verified(key_t root, const struct shm_array_spec *specs,
                                              size_t count)
{
    struct shm_arrays *a = shm_arrays_attach(root);
    if (a && shm_expect_apply(a, specs, count) < 0)
        return fail_attach(a);
    return a;
}

struct shm_arrays *shm_arrays_attach_pairs(const struct shm_key_pair *pairs, size_t npairs,
                                           const struct shm_array_spec *specs, size_t count)
{
    if (npairs == 0) {
        shm_fail(EINVAL, "a list without key pairs names no array set");
        return NULL;
    }
    struct shm_arrays *a = shm_arrays_attach(pairs[0].memory_key);
    if (a &&
        (check_keys(a, pairs, npairs) < 0 || (specs && shm_expect_apply(a, specs, count) < 0)))
        return fail_attach(a);
    return a;
}

int shm_arrays_close(struct shm_arrays *a)
{
    if (shm_hold_check_handle(a) < 0 || shm_view_check_handle(a) < 0)
        return -1;
    release(a);
    return 0;
}
