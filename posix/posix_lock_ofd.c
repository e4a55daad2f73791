/* Open file description locks (Linux 3.15). */
#include "config.h"

#include "posix/posix_lock.h"

#include <errno.h>
#include <fcntl.h>

#include "posix/posix_lock_kernel.h"

int px_lock_exclusive(int fd, off_t start, off_t length)
{
    return px_kernel_lock(fd, F_OFD_SETLK, F_WRLCK, start, length);
}

int px_lock_shared(int fd, off_t start, off_t length)
{
    return px_kernel_lock(fd, F_OFD_SETLK, F_RDLCK, start, length);
}

void px_unlock(int fd, off_t start, off_t length)
{
    int error = errno;
    px_kernel_lock(fd, F_OFD_SETLK, F_UNLCK, start, length);
    errno = error;
}

int px_lock_is_held(int fd, off_t byte)
{
    return px_kernel_conflict(fd, F_OFD_GETLK, F_RDLCK, byte, byte + 1);
}

int px_lock_any(int fd, off_t start, off_t end)
{
    return px_kernel_conflict(fd, F_OFD_GETLK, F_WRLCK, start, end);
}

int64_t px_lock_count(int fd, off_t start, off_t end)
{
    return px_kernel_count(fd, F_OFD_GETLK, start, end);
}
