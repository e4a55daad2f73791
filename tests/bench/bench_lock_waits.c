/* Counts how often a partition's lock is waited for: linked with --wrap. */
#include "config.h"

#include "libshm/arrays_private.h"
#include "tests/bench/bench.h"

long bench_lock_waits;

int __real_shm_lock_wait(const struct shm_partition *p, struct shm_deadline *d);
int __wrap_shm_lock_wait(const struct shm_partition *p, struct shm_deadline *d);

int __wrap_shm_lock_wait(const struct shm_partition *p, struct shm_deadline *d)
{
    bench_lock_waits++;
    return __real_shm_lock_wait(p, d);
}
