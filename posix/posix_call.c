#include "config.h"

#include "posix/posix_call.h"

#include <errno.h>

#include "libshm/fail.h"
#include "posix/posix_clock.h"
#include "posix/posix_set_lock.h"

enum { NOWAIT_PATIENCE_NS = 200000000 };

int64_t px_deadline_of(const struct timespec *timeout)
{
    const int64_t seconds = timeout ? timeout->tv_sec : INT64_MAX;
    if (seconds >= INT64_MAX / 2000000000)
        return INT64_MAX;
    int64_t ns = seconds * 1000000000 + timeout->tv_nsec;
    return ns ? px_now() + ns : 0;
}

int px_call_lock(struct px_call *call)
{
    struct px_patience patience = {
        .deadline = call->may_wait ? call->deadline : px_now() + NOWAIT_PATIENCE_NS,
        .mask = call->mask,
        .interruptible = 1,
    };
    if (px_set_lock(call->s, &patience) == 0)
        return 0;
    if (errno == EAGAIN)
        return shm_failf(EAGAIN, "a process that is stopped or starved holds the %s's lock",
                         px_noun(call->s->kind));
    return px_call_refuse(call->s, errno);
}

static const char *reason(const struct px_set *s)
{
    return s->kind == PX_SET ? "the semaphore's value does not allow the operation now"
                             : "the message queue has no room, or no message, for the call now";
}

int px_call_refuse(const struct px_set *s, int error)
{
    switch (error) {
    case ERANGE:
        return shm_failf(ERANGE, "a semaphore or its undo adjustment would leave 0 to %d",
                         LIBSHM_SEMVMX);
    case E2BIG:
        return shm_fail(E2BIG, "the message is longer than the caller's room for it");
    case ENOMSG:
        return shm_fail(ENOMSG, "the message queue has no such message now");
    case ENOSPC:
        return px_store_full(s->kind == PX_SET ? "call's place in a semaphore set"
                                               : "call's place in a message queue",
                             sizeof(struct px_waiter));
    case EINTR:
        return shm_fail(EINTR, "a signal handler ran while the call waited");
    default:
        return shm_fail(EAGAIN, reason(s));
    }
}

int px_call_removed(const struct px_set *s)
{
    return shm_failf(EIDRM, "%s %d was removed while this call waited", px_noun(s->kind),
                     s->id);
}
