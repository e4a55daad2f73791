#include "config.h"

#include "posix/posix_process.h"

#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
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

/*
 * The kernel zeroes this page in a forked child (MADV_WIPEONFORK), also when the fork ran no
 * handlers: pid 0 means that a fork has to be noticed. Before the page exists, and where the
 * kernel lacks the advice, the static one and the fork handler do the same.
 */
struct self {
    _Atomic pid_t pid;
    alignas(8) _Atomic uint64_t random;
};

enum { KERNEL_SIGSET_BYTES = (NSIG - 1) / 8 };

static struct self static_self;
static struct self *self = &static_self;

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

/*
 * At load time, and when a fork is noticed. After a fork without handlers the locks may have
 * been held by threads that do not exist here, and the sets' mappings were not inherited.
 */
static void notice_process(void)
{
    pthread_mutex_init(&store_mutex, NULL);
    pthread_mutex_init(&table_mutex, NULL);
    px_sets_forget();
    px_glances_notice_fork();
    atomic_store(&self->random, seed());
    atomic_store(&self->pid, getpid());
    px_files_notice_fork();
}

pid_t px_pid(void)
{
    pid_t pid = atomic_load_explicit(&self->pid, memory_order_relaxed);
    if (pid == 0) {
        notice_process();
        pid = atomic_load(&self->pid);
    }
    return pid;
}

/* splitmix64: one addition shared by the threads, mixed privately. */
uint64_t px_random(void)
{
    px_pid();
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

static void before_fork(void)
{
    struct px_mask old;
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
    int error = errno; /* fork's own, if it failed */
    px_files_after_fork(0);
    px_attaches_after_fork(0);
    struct px_mask old = forking_mask;
    px_table_unlock();
    px_store_unlock(&old);
    errno = error;
}

static void after_fork_in_child(void)
{
    struct px_mask old = forking_mask;
    int error = forking_errno;
    px_attaches_after_fork(1);
    pthread_mutex_unlock(&table_mutex); /* both are this thread's */
    pthread_mutex_unlock(&store_mutex);
    atomic_store(&self->pid, 0);
    notice_process();
    px_files_after_fork(1);
    errno = error;
    px_restore_signals(&old);
}

/*
 * At load time, because the first call may come from a signal handler and registering the fork
 * handlers allocates.
 */
__attribute__((constructor)) static void start(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) {
        if (madvise(memory, page, MADV_WIPEONFORK) == 0)
            self = memory;
        else
            munmap(memory, page);
    }
    notice_process();
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
