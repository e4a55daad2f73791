/*
 * The lock of a partition: its semaphore, 1 when free. It is taken with undo, so the death of
 * the holder gives it back; the data need no repair then (arrays_publish.h).
 */
#include "config.h"

#include <errno.h>

#include "libshm/arrays_private.h"
#include "libshm/backend.h"
#include "libshm/fail.h"

enum { RELEASE_TRIES = 1000 };

/* A removed set answers EIDRM while a call waits and EINVAL later; here both are one thing. */
static int fail_operation(void)
{
    if (errno != EIDRM && errno != EINVAL)
        return -1;
    return shm_fail(EIDRM, "the array set was removed while this handle was attached");
}

static int operate(const struct shm_partition *p, short number, short flags,
                   const struct timespec *timeout)
{
    struct shm_backend_sembuf op = {
        .sem_num = 0, .sem_op = number, .sem_flg = (short)(flags | LIBSHM_SEM_UNDO)};
    return shm_backend_semtimedop(p->semid, &op, 1, timeout);
}

int shm_lock_try(const struct shm_partition *p)
{
    if (operate(p, -1, LIBSHM_IPC_NOWAIT, NULL) == 0)
        return 0;
    /* A signal: whoever waits for the partition decides what it means. */
    return errno == EAGAIN || errno == EINTR ? 1 : fail_operation();
}

static bool passes(int error)
{
    return error == EINTR || error == ENOMEM;
}

/*
 * A lock that is not given back stays locked until the process ends, so what passes is tried
 * again. Giving back needs no memory that taking has not needed, and waits for nobody for long.
 */
int shm_lock_release(const struct shm_partition *p)
{
    const char *sentence = shm_error_detail();
    int before = errno, tries = 0;
    while (operate(p, 1, 0, NULL) != 0)
        if (!passes(errno) || ++tries == RELEASE_TRIES)
            return fail_operation();
    if (tries > 0)
        shm_fail(before, sentence);
    return 0;
}

struct shm_deadline shm_deadline_of(const struct shm_arrays *a)
{
    return (struct shm_deadline){
        .timeout_ms = atomic_load_explicit(&a->timeout_ms, memory_order_relaxed)};
}

static void start(struct shm_deadline *d)
{
    if (d->running)
        return;
    clock_gettime(CLOCK_MONOTONIC, &d->end);
    d->end.tv_sec += (time_t)(d->timeout_ms / 1000);
    d->end.tv_nsec += d->timeout_ms % 1000 * 1000000;
    if (d->end.tv_nsec >= 1000000000) {
        d->end.tv_sec++;
        d->end.tv_nsec -= 1000000000;
    }
    d->running = true;
}

static struct timespec remaining(const struct shm_deadline *d)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct timespec left = {.tv_sec = d->end.tv_sec - now.tv_sec,
                            .tv_nsec = d->end.tv_nsec - now.tv_nsec};
    if (left.tv_nsec < 0) {
        left.tv_sec--;
        left.tv_nsec += 1000000000;
    }
    const struct timespec nothing = {.tv_sec = 0};
    return left.tv_sec < 0 ? nothing : left;
}

static int fail_wait(const struct shm_partition *p, const struct shm_deadline *d)
{
    if (errno == EAGAIN)
        return shm_failf(EAGAIN,
                         "partition %u stayed locked by another process or thread for the "
                         "%ld ms that shm_arrays_settimeout allows",
                         (unsigned)p->checked.partition, d->timeout_ms);
    return fail_operation();
}

int shm_lock_wait(const struct shm_partition *p, struct shm_deadline *d)
{
    if (d->timeout_ms < 0)
        return operate(p, -1, 0, NULL) == 0 ? 0 : fail_operation();
    start(d);
    struct timespec left = remaining(d);
    return operate(p, -1, 0, &left) == 0 ? 0 : fail_wait(p, d);
}
