/* Shared memory and a robust mutex, as a program would have without any library. */
#include "config.h"

#include <pthread.h>
#include <sys/mman.h>

#include "tests/bench/bench.h"

static struct {
    pthread_mutex_t *mutex;
    void *memory;
    size_t nbytes;
} shared;

static bool open_both(size_t nbytes)
{
    pthread_mutexattr_t attributes;
    shared.nbytes = nbytes;
    shared.memory = bench_shared_memory(nbytes);
    shared.mutex = bench_shared_memory(sizeof *shared.mutex);
    return shared.memory != NULL && shared.mutex != NULL &&
           pthread_mutexattr_init(&attributes) == 0 &&
           pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0 &&
           pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0 &&
           pthread_mutex_init(shared.mutex, &attributes) == 0;
}

static void *memory(void)
{
    return shared.memory;
}

static bool lock(void)
{
    return pthread_mutex_lock(shared.mutex) == 0;
}

static bool unlock(void)
{
    return pthread_mutex_unlock(shared.mutex) == 0;
}

static bool close_both(void)
{
    return pthread_mutex_destroy(shared.mutex) == 0 &&
           munmap(shared.mutex, sizeof *shared.mutex) == 0 &&
           munmap(shared.memory, shared.nbytes) == 0;
}

const struct bench_foreign bench_mutex = {
    "mmap and robust mutex", open_both, memory, lock, unlock, close_both};
