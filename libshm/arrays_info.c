/* What a handle knows without a look at the segments, and the version, which it looks up. */
#include "config.h"

#include <errno.h>

#include "libshm/arrays_publish.h"
#include "libshm/fail.h"

key_t shm_arrays_root(const struct shm_arrays *a)
{
    return a->partitions[0].keys.memory_key;
}

size_t shm_arrays_npartitions(const struct shm_arrays *a)
{
    return a->npartitions;
}

size_t shm_arrays_keys(const struct shm_arrays *a, struct shm_key_pair *pairs, size_t capacity)
{
    for (size_t i = 0; i < a->npartitions && i < capacity; i++)
        pairs[i] = a->partitions[i].keys;
    return a->npartitions;
}

size_t shm_arrays_count(const struct shm_arrays *a)
{
    return a->count;
}

const struct shm_array_spec *shm_arrays_spec(const struct shm_arrays *a, size_t index)
{
    if (index < a->count)
        return &a->arrays[index]->spec;
    shm_failf(EINVAL, "array %zu was asked for, the set has %zu", index, a->count);
    return NULL;
}

size_t shm_arrays_nbytes(const struct shm_arrays *a, size_t index)
{
    return index < a->count ? a->arrays[index]->nbytes : 0;
}

size_t shm_arrays_partition_of(const struct shm_arrays *a, size_t index)
{
    return index < a->count ? a->arrays[index]->partition : a->npartitions;
}

static ssize_t find(const struct shm_arrays *a, const struct shm_array_spec *name)
{
    char text[LIBSHM_ARRAY_NAME];
    const struct shm_array *array = shm_names_find(a->by_name, a->count, name);
    if (array)
        return (ssize_t)array->index;
    return shm_failf(ENOENT, "the set has no array named %s",
                     shm_array_name(name, text, sizeof text));
}

ssize_t shm_arrays_find(const struct shm_arrays *a, int64_t key)
{
    return find(a, &(struct shm_array_spec){.key = key});
}

ssize_t shm_arrays_find_label(const struct shm_arrays *a, const char *label)
{
    return find(a, &(struct shm_array_spec){.label = label});
}

int shm_arrays_version(struct shm_arrays *a, size_t partition, uint64_t *version)
{
    if (partition >= a->npartitions)
        return shm_failf(EINVAL, "partition %zu was asked for, the set has %zu", partition,
                         a->npartitions);
    if (shm_segment_check_live(&a->partitions[partition]) < 0)
        return -1;
    *version = shm_publish_current(&a->partitions[partition]);
    return 0;
}

int shm_arrays_settimeout(struct shm_arrays *a, long timeout_ms)
{
    atomic_store_explicit(&a->timeout_ms, timeout_ms, memory_order_relaxed);
    return 0;
}
