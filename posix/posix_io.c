#include "config.h"

#include "posix/posix_io.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { STEP = 64 << 20 };

int px_open(const char *path, int flags, mode_t mode)
{
    int fd;
    do
        fd = open(path, flags, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

ssize_t px_read(int fd, void *bytes, size_t size)
{
    ssize_t n;
    do
        n = read(fd, bytes, size);
    while (n < 0 && errno == EINTR);
    return n;
}

ssize_t px_read_at(int fd, void *bytes, size_t size, off_t offset)
{
    ssize_t n;
    do
        n = pread(fd, bytes, size, offset);
    while (n < 0 && errno == EINTR);
    return n;
}

int px_write_at(int fd, const void *bytes, size_t size, off_t offset)
{
    ssize_t n;
    do
        n = pwrite(fd, bytes, size, offset);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)size)
        return 0;
    errno = n < 0 ? errno : ENOSPC;
    return -1;
}

int px_truncate(int fd, off_t size)
{
    int result;
    do
        result = ftruncate(fd, size);
    while (result != 0 && errno == EINTR);
    return result;
}

int px_reserve(int fd, off_t start, off_t end)
{
    while (start < end) {
        off_t step = end - start < STEP ? end - start : STEP;
        int error = posix_fallocate(fd, start, step);
        if (error == EINTR)
            continue;
        if (error) {
            errno = error;
            return -1;
        }
        start += step;
    }
    return 0;
}

void px_punch(int fd, off_t start, off_t end)
{
#ifdef FALLOC_FL_PUNCH_HOLE
    if (start < end)
        (void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start, end - start);
#else
    (void)fd, (void)start, (void)end;
#endif
}

void px_close(int fd)
{
    int error = errno;
    close(fd);
    errno = error;
}
