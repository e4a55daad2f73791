/* Which views are open in this process, of all handles and threads. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "libshm/arrays_private.h"
#include "libshm/fail.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct shm_arrays_view *first;

/*
 * How many there are. It is read before anything else, so that operations cost no more in a
 * process without views; relaxed, because a thread is only locked out by what it did itself.
 */
static atomic_size_t open_views;

static void acquire(void)
{
    pthread_mutex_lock(&lock);
}

static void release(void)
{
    pthread_mutex_unlock(&lock);
}

/* As in handles.c: whoever holds the lock waits for nothing else, so a fork may wait for it. */
__attribute__((constructor)) static void register_fork_handlers(void)
{
    pthread_atfork(acquire, release, release);
}

/*
 * A number that no other thread has. The id of a thread that has ended is given to the next
 * one, and a view may outlive the thread that opened it.
 */
static unsigned long this_thread(void)
{
    static atomic_ulong last;
    static _Thread_local unsigned long number;
    if (number == 0)
        number = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    return number;
}

static bool nothing_is_open(void)
{
    return atomic_load_explicit(&open_views, memory_order_relaxed) == 0;
}

void shm_view_enter(struct shm_arrays_view *v)
{
    v->thread = this_thread();
    v->pid = getpid();
    acquire();
    v->next = first;
    first = v;
    atomic_fetch_add_explicit(&open_views, 1, memory_order_relaxed);
    release();
}

void shm_view_leave(struct shm_arrays_view *v)
{
    acquire();
    struct shm_arrays_view **link = &first;
    while (*link != v)
        link = &(*link)->next;
    *link = v->next;
    atomic_fetch_sub_explicit(&open_views, 1, memory_order_relaxed);
    release();
}

/* Whichever handle it is of: the segment tells. */
static bool holds(const struct shm_arrays_view *v, const struct shm_partition *p)
{
    size_t i = p->checked.partition;
    return i < v->arrays->npartitions && v->slots[i] &&
           v->arrays->partitions[i].shmid == p->shmid;
}

static bool this_thread_holds(const struct shm_partition *p)
{
    unsigned long thread = this_thread();
    pid_t pid = getpid();
    bool found = false;
    acquire();
    for (const struct shm_arrays_view *v = first; v; v = v->next)
        found = found || (v->thread == thread && v->pid == pid && holds(v, p));
    release();
    return found;
}

int shm_view_check(const struct shm_partition *p)
{
    if (nothing_is_open() || !this_thread_holds(p))
        return 0;
    return shm_failf(EDEADLK,
                     "partition %u is locked by a view that this thread has open: end the view "
                     "first",
                     (unsigned)p->checked.partition);
}

static bool is_viewed(const struct shm_arrays *a)
{
    bool found = false;
    acquire();
    for (const struct shm_arrays_view *v = first; v; v = v->next)
        found = found || v->arrays == a;
    release();
    return found;
}

/* In a forked child, too: its copy of the view points into the handle's mappings. */
int shm_view_check_handle(const struct shm_arrays *a)
{
    if (nothing_is_open() || !is_viewed(a))
        return 0;
    return shm_fail(EDEADLK, "a view of this handle is open: end the view before closing");
}
