/* apr_shm and apr_proc_mutex of the Apache Portable Runtime. */
#include "config.h"

#include <apr_general.h>
#include <apr_pools.h>
#include <apr_proc_mutex.h>
#include <apr_shm.h>

#include "tests/bench/bench.h"

static struct {
    apr_pool_t *pool;
    apr_shm_t *shm;
    apr_proc_mutex_t *mutex;
} apr;

static bool open_both(size_t nbytes)
{
    return apr_initialize() == APR_SUCCESS && apr_pool_create(&apr.pool, NULL) == APR_SUCCESS &&
           apr_shm_create(&apr.shm, nbytes, NULL, apr.pool) == APR_SUCCESS &&
           apr_proc_mutex_create(&apr.mutex, NULL, APR_LOCK_DEFAULT, apr.pool) == APR_SUCCESS;
}

static void *memory(void)
{
    return apr_shm_baseaddr_get(apr.shm);
}

static bool lock(void)
{
    return apr_proc_mutex_lock(apr.mutex) == APR_SUCCESS;
}

static bool unlock(void)
{
    return apr_proc_mutex_unlock(apr.mutex) == APR_SUCCESS;
}

static bool close_both(void)
{
    bool good = apr_proc_mutex_destroy(apr.mutex) == APR_SUCCESS &&
                apr_shm_destroy(apr.shm) == APR_SUCCESS;
    apr_pool_destroy(apr.pool);
    apr_terminate();
    return good;
}

const struct bench_foreign bench_apr = {
    "apr_shm and apr_proc_mutex", open_both, memory, lock, unlock, close_both};
