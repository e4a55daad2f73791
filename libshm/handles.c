/* The handles of this process by id. */
#include "config.h"

#include <pthread.h>

#include "libshm/handles.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void acquire(void)
{
    pthread_mutex_lock(&lock);
}

static void release(void)
{
    pthread_mutex_unlock(&lock);
}

/*
 * Whoever holds the lock waits for nothing else, so a fork may wait for it whatever other fork
 * handlers have taken before. Without memory for the registration everything works but a fork
 * that coincides with another thread's call. At load time: a fork while another thread is inside
 * pthread_once leaves the child waiting for that thread.
 */
__attribute__((constructor)) static void register_fork_handlers(void)
{
    pthread_atfork(acquire, release, release);
}

static struct shm_handle **bucket(struct shm_handle_table *table, int id)
{
    return &table->buckets[(unsigned)id % LIBSHM_HANDLE_BUCKETS];
}

static struct shm_handle *find_and_count(struct shm_handle_table *table, int id)
{
    struct shm_handle *handle = *bucket(table, id);
    while (handle && handle->id != id)
        handle = handle->next;
    if (handle)
        handle->references++;
    return handle;
}

struct shm_handle *shm_handle_take(struct shm_handle_table *table, int id)
{
    acquire();
    struct shm_handle *handle = find_and_count(table, id);
    release();
    return handle;
}

struct shm_handle *shm_handle_enter(struct shm_handle_table *table, struct shm_handle *fresh)
{
    acquire();
    struct shm_handle *handle = find_and_count(table, fresh->id);
    if (!handle) {
        struct shm_handle **first = bucket(table, fresh->id);
        fresh->next = *first;
        fresh->references = 1;
        *first = handle = fresh;
    }
    release();
    return handle;
}

bool shm_handle_drop(struct shm_handle_table *table, struct shm_handle *handle)
{
    acquire();
    bool last = --handle->references == 0;
    if (last) {
        struct shm_handle **link = bucket(table, handle->id);
        while (*link != handle)
            link = &(*link)->next;
        *link = handle->next;
    }
    release();
    return last;
}

bool shm_handle_alive(struct shm_handle_table *table, const struct shm_handle *handle)
{
    bool found = false;
    acquire();
    for (int i = 0; i < LIBSHM_HANDLE_BUCKETS; i++)
        for (const struct shm_handle *h = table->buckets[i]; h; h = h->next)
            found = found || h == handle;
    release();
    return found;
}
