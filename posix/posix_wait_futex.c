/* Linux futexes, not private to a process. */
#include "config.h"

#include "posix/posix_wait.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Part of the kernel's interface. Its headers are not everywhere where a C library is. */
enum { WAIT = 0, WAKE = 1 };

/*
 * The oldest form of the call, whose times are longs on every system, whatever size the libc's
 * time_t has. A wait without a timeout would be restarted after a handler with SA_RESTART; with
 * one it ends with EINTR.
 */
struct futex_time {
    long seconds, nanoseconds;
};

int px_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
    struct futex_time t = {(long)(timeout_ns / 1000000000), (long)(timeout_ns % 1000000000)};
    long result = syscall(SYS_futex, word, WAIT, value, &t, NULL, 0);
    return result != 0 && errno == EINTR ? -1 : 0;
}

void px_wake(_Atomic uint32_t *word, int sleepers)
{
    int error = errno;
    syscall(SYS_futex, word, WAKE, sleepers, NULL, NULL, 0);
    errno = error;
}
