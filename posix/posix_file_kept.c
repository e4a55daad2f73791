/* Openings that hold locks though the system's locks belong to the process; see posix_description.h. */
#include "config.h"

#include "posix/posix_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix/posix_description.h"
#include "posix/posix_io.h"

/*
 * Opening.
 */

/* What is parked was opened earlier, perhaps with other rights: asked again, as open would. */
static int may_open(const char *path, int access)
{
    int rights = access == O_RDONLY ? R_OK : R_OK | W_OK;
    return faccessat(AT_FDCWD, path, rights, AT_EACCESS) == 0;
}

/* Opening once more would leave one more descriptor that cannot be closed. */
static int reuse_parked(struct px_new *n, const char *path, int flags)
{
    struct stat st;
    int access = flags & O_ACCMODE;
    if ((flags & O_EXCL) || lstat(path, &st) != 0)
        return -1;
    struct px_file *f = px_file_find(st.st_dev, st.st_ino);
    struct px_descriptor *d = f ? px_file_parked(f, access) : NULL;
    if (!d || !may_open(path, access))
        return -1;
    px_describe(n, f, d);
    return d->fd;
}

enum { LOWEST = 3 };

/* Programs expect the low numbers to be free or what they made of them. */
static int move_up(int fd)
{
    int higher = fd < LOWEST ? fcntl(fd, F_DUPFD_CLOEXEC, LOWEST) : -1;
    if (higher < 0)
        return fd;
    px_close(fd);
    return higher;
}

enum { TRIES = 8 };

/*
 * A file that was just made is nobody's, and goes. Any other descriptor stays open when nobody
 * can tell what it is of: closing it could take locks away.
 */
static int identify(int fd, const char *path, int flags, struct stat *st)
{
    for (int i = 0; i < TRIES; i++)
        if (fstat(fd, st) == 0)
            return 0;
    int error = errno;
    if (flags & O_EXCL) {
        unlink(path);
        px_close(fd);
    }
    errno = error;
    return -1;
}

static int open_anew(struct px_new *n, const char *path, int flags, mode_t mode)
{
    struct stat st;
    int fd = px_open(path, flags, mode);
    if (fd < 0 || identify(fd, path, flags, &st) != 0)
        return -1;
    struct px_file *f = px_file_find(st.st_dev, st.st_ino);
    if (!f || !px_file_has_locks(f))
        fd = move_up(fd);
    if (!f)
        f = px_file_add(n, st.st_dev, st.st_ino);
    px_describe(n, f, px_descriptor_add(n, f, fd, flags & O_ACCMODE));
    return fd;
}

int px_file_open(const char *path, int flags, mode_t mode)
{
    struct px_mask old;
    struct px_new records;
    int error = errno, fd = -1;
    px_files_enter(&old);
    if (px_new_take(&records) == 0) {
        fd = reuse_parked(&records, path, flags);
        if (fd < 0)
            fd = open_anew(&records, path, flags, mode);
        px_new_give(&records);
    }
    error = fd < 0 ? errno : error;
    px_files_leave(&old);
    errno = error;
    return fd;
}

/*
 * Closing and mapping.
 */

void px_file_close(int fd)
{
    struct px_mask old;
    int error = errno;
    px_files_enter(&old);
    struct px_description *d = px_description_of(fd);
    if (d)
        px_description_close(d);
    px_files_leave(&old);
    errno = error;
}

/* Whatever lay there before, mapped over now or unmapped by the program, is not attached. */
static void *map(struct px_description *d, void *at, size_t length, int protection, int flags,
                 off_t offset)
{
    struct px_piece *piece = px_piece_new();
    if (!piece)
        return MAP_FAILED;
    void *start = mmap(at, length, protection, flags, d->descriptor->fd, offset);
    if (start == MAP_FAILED) {
        px_piece_discard(piece);
        return start;
    }
    px_pieces_cut(start, length);
    px_piece_add(d, piece, start, length);
    return start;
}

void *px_file_map(int fd, void *at, size_t length, int protection, int flags, off_t offset)
{
    struct px_mask old;
    void *start = MAP_FAILED;
    px_files_enter(&old);
    struct px_description *d = px_description_of(fd);
    if (d)
        start = map(d, at, length, protection, flags, offset);
    else
        errno = EBADF;
    px_files_leave(&old);
    return start;
}

int px_file_unmap(void *start, size_t length)
{
    struct px_mask old;
    px_files_enter(&old);
    int result = munmap(start, length);
    if (result == 0)
        px_pieces_cut(start, length);
    px_files_leave(&old);
    return result;
}

/*
 * Forks. The parent keeps its own locks until the child has taken others or is dead: nobody can
 * destroy meanwhile what the child has mapped. Without descriptors for that the child's attaches
 * count a moment after fork has returned.
 */

int px_file_closes_at_once(void)
{
    return 0;
}

int px_file_locks_are_inherited(void)
{
    return 0;
}

static int parents_end = -1, childs_end = -1;

void px_files_before_fork(void)
{
    int ends[2];
    px_files_stop();
    parents_end = childs_end = -1;
    if (!px_files_have_attaches() ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return;
    parents_end = ends[0];
    childs_end = ends[1];
}

static void wait_for_child(void)
{
    char byte;
    px_close(childs_end);
    while (recv(parents_end, &byte, 1, 0) < 0 && errno == EINTR)
        continue;
    px_close(parents_end);
}

static void tell_parent(void)
{
    px_close(parents_end);
    send(childs_end, "", 1, MSG_NOSIGNAL);
    px_close(childs_end);
}

void px_files_after_fork(int in_child)
{
    if (!in_child)
        px_files_go_on();
    if (parents_end < 0)
        return;
    if (in_child)
        tell_parent();
    else
        wait_for_child();
    parents_end = -1;
}

void px_files_notice_fork(void)
{
    px_files_lock_again();
}
