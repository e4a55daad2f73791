#include "config.h"

#include "posix/posix_lock_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int px_kernel_lock(int fd, int set, short type, off_t start, off_t length)
{
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    int result;
    do
        result = fcntl(fd, set, &lock);
    while (result != 0 && errno == EINTR);
    if (result != 0 && errno == EACCES)
        errno = EAGAIN;
    return result;
}

/* Finds some lock of somebody else that conflicts with `type`; not necessarily the first. */
static int find_lock(int fd, int get, short type, off_t start, off_t end, struct flock *found)
{
    memset(found, 0, sizeof *found);
    found->l_type = type;
    found->l_whence = SEEK_SET;
    found->l_start = start;
    found->l_len = end - start;
    int result;
    do
        result = fcntl(fd, get, found);
    while (result != 0 && errno == EINTR);
    if (result != 0)
        return -1;
    return found->l_type != F_UNLCK;
}

int px_kernel_conflict(int fd, int get, short type, off_t start, off_t end)
{
    struct flock found;
    return find_lock(fd, get, type, start, end, &found);
}

/*
 * The system reports one lock at a time, so each answer splits the range in two that are
 * counted by themselves. The depth of the ranges still open is bounded by 64: the shorter one
 * is finished first.
 */
int64_t px_kernel_count(int fd, int get, off_t start, off_t end)
{
    struct range {
        off_t start, end;
    } open_ranges[64];
    int depth = 0;
    int64_t count = 0;
    open_ranges[depth++] = (struct range){start, end};
    while (depth > 0) {
        struct range range = open_ranges[--depth];
        struct flock found;
        int any = range.start < range.end
                      ? find_lock(fd, get, F_WRLCK, range.start, range.end, &found)
                      : 0;
        if (any < 0)
            return -1;
        if (!any)
            continue;
        count++;
        off_t after = found.l_len ? found.l_start + found.l_len : range.end;
        struct range left = {range.start, found.l_start}, right = {after, range.end};
        int left_is_longer = left.end - left.start > right.end - right.start;
        open_ranges[depth++] = left_is_longer ? left : right;
        open_ranges[depth++] = left_is_longer ? right : left;
    }
    return count;
}
