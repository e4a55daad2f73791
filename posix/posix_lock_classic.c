/*
 * The locks of POSIX, which belong to the process. What its own openings hold is in the table of
 * posix_description.h; the kernel knows about the others.
 */
#include "config.h"

#include "posix/posix_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "posix/posix_description.h"
#include "posix/posix_lock_kernel.h"

static int overlap(const struct px_held *held, off_t start, off_t end)
{
    return held->type != F_UNLCK && held->start < end && start < held->end;
}

/* How many locks other openings of this process hold that conflict with `type`. */
static int64_t own_conflicts(const struct px_description *d, short type, off_t start, off_t end)
{
    int64_t count = 0;
    for (struct px_description *o = d->file->descriptions; o; o = o->next)
        for (int i = 0; o != d && i < PX_HELD; i++)
            count += overlap(&o->held[i], start, end) &&
                     (type == F_WRLCK || o->held[i].type == F_WRLCK);
    return count;
}

/* What lies within a new lock, or is given back, is no lock of its own any more. */
static void remove_within(struct px_description *d, off_t start, off_t end)
{
    for (int i = 0; i < PX_HELD; i++)
        if (d->held[i].start >= start && d->held[i].end <= end)
            d->held[i].type = F_UNLCK;
}

static struct px_held *free_place(struct px_description *d)
{
    for (int i = 0; i < PX_HELD; i++)
        if (d->held[i].type == F_UNLCK)
            return &d->held[i];
    return NULL;
}

static int take(struct px_description *d, short type, off_t start, off_t length)
{
    errno = ENOLCK;
    if (!free_place(d))
        return -1;
    errno = EAGAIN;
    if (own_conflicts(d, type, start, start + length))
        return -1;
    if (px_kernel_lock(d->descriptor->fd, F_SETLK, type, start, length) != 0)
        return -1;
    remove_within(d, start, start + length);
    *free_place(d) = (struct px_held){type, start, start + length};
    return 0;
}

static int lock(int fd, short type, off_t start, off_t length)
{
    struct px_mask old;
    int error = errno;
    px_files_enter(&old);
    struct px_description *d = px_description_of(fd);
    errno = EBADF;
    int result = d ? take(d, type, start, length) : -1;
    if (result != 0)
        error = errno;
    px_files_leave(&old);
    errno = error;
    return result;
}

int px_lock_exclusive(int fd, off_t start, off_t length)
{
    return lock(fd, F_WRLCK, start, length);
}

int px_lock_shared(int fd, off_t start, off_t length)
{
    return lock(fd, F_RDLCK, start, length);
}

void px_unlock(int fd, off_t start, off_t length)
{
    struct px_mask old;
    int error = errno;
    px_files_enter(&old);
    struct px_description *d = px_description_of(fd);
    if (d) {
        px_kernel_lock(fd, F_SETLK, F_UNLCK, start, length);
        remove_within(d, start, start + length);
        px_file_settle(d->file);
    }
    px_files_leave(&old);
    errno = error;
}

static int64_t count_own(int fd, short type, off_t start, off_t end)
{
    struct px_mask old;
    px_files_enter(&old);
    struct px_description *d = px_description_of(fd);
    int64_t count = d ? own_conflicts(d, type, start, end) : 0;
    px_files_leave(&old);
    return count;
}

static int conflict(int fd, short type, off_t start, off_t end)
{
    if (count_own(fd, type, start, end))
        return 1;
    return px_kernel_conflict(fd, F_GETLK, type, start, end);
}

int px_lock_is_held(int fd, off_t byte)
{
    return conflict(fd, F_RDLCK, byte, byte + 1);
}

int px_lock_any(int fd, off_t start, off_t end)
{
    return conflict(fd, F_WRLCK, start, end);
}

int64_t px_lock_count(int fd, off_t start, off_t end)
{
    int64_t others = px_kernel_count(fd, F_GETLK, start, end);
    return others < 0 ? others : others + count_own(fd, F_WRLCK, start, end);
}
