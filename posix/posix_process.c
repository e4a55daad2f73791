#include "config.h"

#include "posix/posix_process.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "posix/posix_attach.h"
#include "posix/posix_file.h"
#include "posix/posix_glance.h"
#include "posix/posix_set.h"

enum { KERNEL_SIGSET_BYTES = (NSIG - 1) / 8 };

static struct px_self static_self;
_Atomic(struct px_self *) px_self = &static_self;

static pthread_mutex_t store_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t table_mutex = PTHREAD_MUTEX_INITIALIZER;

/* Mask and errno of the thread that forks, kept between its handlers. */
static struct px_mask forking_mask;
static int forking_errno;

void px_block_signals(struct px_mask *old)
{
    sigset_t all;
    sigfillset(&all);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old->cancel_state);
    pthread_sigmask(SIG_SETMASK, &all, &old->signals);
}

void px_restore_signals(const struct px_mask *old)
{
    pthread_sigmask(SIG_SETMASK, &old->signals, NULL);
    pthread_setcancelstate(old->cancel_state, NULL);
}

/*
 * The mask changes, and what was pending is noticed, in one step. A bare system call: the libc's
 * ppoll is a cancellation point, and handlers shall find the cancel state of their thread.
 */
int px_let_signals_through(const struct px_mask *mask)
{
    const long at_once[2] = {0, 0};
    int error = errno, disabled;
    pthread_setcancelstate(mask->cancel_state, &disabled);
    long result = syscall(SYS_ppoll, NULL, 0, at_once, &mask->signals, KERNEL_SIGSET_BYTES);
    int handled = result < 0 && errno == EINTR;
    pthread_setcancelstate(disabled, NULL);
    errno = error;
    return handled;
}

static uint64_t seed(void)
{
    uint64_t value;
    if (getrandom(&value, sizeof value, GRND_NONBLOCK) == (ssize_t)sizeof value)
        return value;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return ((uint64_t)now.tv_nsec << 32) ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid() << 20;
}

static void know_self(void)
{
    struct px_self *self = atomic_load(&px_self);
    atomic_store(&self->random, seed());
    atomic_store(&self->pid, getpid()); /* last: who sees it goes on */
}

/*
 * After a fork without handlers the locks may have been held by threads that do not exist here, and
 * the sets' mappings were not inherited.
 */
static void notice_fork(void)
{
    pthread_mutex_init(&store_mutex, NULL);
    pthread_mutex_init(&table_mutex, NULL);
    px_sets_forget();
    px_glances_notice_fork();
    know_self();
    px_files_notice_fork();
}

static void map_self(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return;
    if (madvise(memory, page, MADV_WIPEONFORK) == 0)
        atomic_store(&px_self, memory);
    else
        munmap(memory, page);
}

enum { STARTED = -1 };

static _Atomic pid_t starter; /* 0: nobody yet */

/*
 * Forks that began before anything was started, and for which there is nothing to do. What starts
 * meanwhile in another thread waits for them, so that it is not copied half-way; not for ever, because
 * the first call may come from a handler in the midst of such a fork.
 */
static _Atomic int idle_forks;
static _Thread_local int fork_is_idle;
enum { WAIT_FOR_FORKS = 1000 };

static void wait_for_idle_forks(void)
{
    for (int i = 0; i < WAIT_FOR_FORKS && atomic_load(&idle_forks) > 0; i++)
        sched_yield();
}

/*
 * A process that makes no call pays nothing but the registration of its fork handlers. Whoever comes
 * second waits, with his signals blocked as the first has them, so that nobody waits for what he has
 * interrupted; and a child that was forked off meanwhile begins anew.
 */
static void start_once(void)
{
    struct px_mask old;
    px_block_signals(&old);
    pid_t mine = getpid(), seen = atomic_load(&starter);
    while (seen != STARTED) {
        if (seen != mine && atomic_compare_exchange_strong(&starter, &seen, mine)) {
            wait_for_idle_forks();
            map_self();
            know_self();
            atomic_store(&starter, STARTED);
        }
        sched_yield();
        seen = atomic_load(&starter);
    }
    px_restore_signals(&old);
}

pid_t px_pid_after_fork(void)
{
    int error = errno;
    if (atomic_load(&starter) != STARTED)
        start_once();
    if (atomic_load(&atomic_load(&px_self)->pid) == 0)
        notice_fork();
    errno = error;
    return atomic_load(&atomic_load(&px_self)->pid);
}

/* splitmix64: one addition shared by the threads, mixed privately. */
uint64_t px_random(void)
{
    px_pid();
    struct px_self *self = atomic_load(&px_self);
    uint64_t z = atomic_fetch_add(&self->random, 0x9e3779b97f4a7c15u) + 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void px_store_lock(struct px_mask *old)
{
    px_block_signals(old);
    px_pid();
    pthread_mutex_lock(&store_mutex);
}

void px_store_unlock(const struct px_mask *old)
{
    pthread_mutex_unlock(&store_mutex);
    px_restore_signals(old);
}

void px_table_lock(void)
{
    px_pid();
    pthread_mutex_lock(&table_mutex);
}

void px_table_unlock(void)
{
    pthread_mutex_unlock(&table_mutex);
}

/* The order decides: who starts sets `starter` first and then looks at `idle_forks`. */
static int begin_idle_fork(void)
{
    atomic_fetch_add(&idle_forks, 1);
    fork_is_idle = atomic_load(&starter) == 0;
    if (!fork_is_idle)
        atomic_fetch_sub(&idle_forks, 1);
    return fork_is_idle;
}

static void before_fork(void)
{
    struct px_mask old;
    if (begin_idle_fork())
        return;
    int error = errno;
    px_store_lock(&old);
    px_table_lock();
    forking_mask = old;
    forking_errno = error;
    px_attaches_before_fork();
    px_files_before_fork();
    errno = error;
}

static void after_fork_in_parent(void)
{
    if (fork_is_idle) {
        atomic_fetch_sub(&idle_forks, 1);
        return;
    }
    int error = errno; /* fork's own, if it failed */
    px_files_after_fork(0);
    px_attaches_after_fork(0);
    struct px_mask old = forking_mask;
    px_table_unlock();
    px_store_unlock(&old);
    errno = error;
}

/* Started nevertheless: as after a fork without handlers. */
static void after_idle_fork(void)
{
    int error = errno;
    atomic_store(&idle_forks, 0);
    if (atomic_load(&starter) == STARTED) {
        atomic_store(&atomic_load(&px_self)->pid, 0);
        notice_fork();
    }
    errno = error;
}

static void after_fork_in_child(void)
{
    if (fork_is_idle) {
        after_idle_fork();
        return;
    }
    struct px_mask old = forking_mask;
    int error = forking_errno;
    px_attaches_after_fork(1);
    pthread_mutex_unlock(&table_mutex); /* both are this thread's */
    pthread_mutex_unlock(&store_mutex);
    atomic_store(&atomic_load(&px_self)->pid, 0);
    notice_fork();
    px_files_after_fork(1);
    errno = error;
    px_restore_signals(&old);
}

/* At load time: the first call may come from a signal handler, and registering handlers allocates. */
__attribute__((constructor)) static void register_handlers(void)
{
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
