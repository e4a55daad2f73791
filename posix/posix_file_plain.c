/* The kernel keeps a lock for the descriptor and for its mappings: there is nothing to add. */
#include "config.h"

#include "posix/posix_file.h"

#include <sys/mman.h>

#include "posix/posix_io.h"

int px_file_open(const char *path, int flags, mode_t mode)
{
    return px_open(path, flags, mode);
}

void *px_file_map(int fd, void *at, size_t length, int protection, int flags, off_t offset)
{
    return mmap(at, length, protection, flags, fd, offset);
}

int px_file_unmap(void *start, size_t length)
{
    return munmap(start, length);
}

void px_file_close(int fd)
{
    px_close(fd);
}

int px_file_closes_at_once(void)
{
    return 1;
}

int px_file_locks_are_inherited(void)
{
    return 1;
}

void px_files_before_fork(void)
{
}

void px_files_after_fork(int in_child)
{
    (void)in_child;
}

void px_files_notice_fork(void)
{
}
