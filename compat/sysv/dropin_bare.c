/*
 * The engine's calls that fakeroot and its like put themselves before, made without the C library.
 * Such a program answers for owners and users that are not real, and some ask a daemon for them by
 * messages of System V IPC: the engine would be called from within itself, for ever. The kernel's
 * calls, which these stand for, look at what is real as well.
 *
 * The linker leads the engine's calls here, by --wrap. What is wrapped is what asks for or changes
 * owners, modes and users, and what removes a name.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* 32-bit systems had users and groups of 16 bits before. */
#ifdef SYS_geteuid32
enum {
    GETEUID = SYS_geteuid32,
    GETEGID = SYS_getegid32,
    GETGROUPS = SYS_getgroups32,
    FCHOWN = SYS_fchown32
};
#else
enum {
    GETEUID = SYS_geteuid,
    GETEGID = SYS_getegid,
    GETGROUPS = SYS_getgroups,
    FCHOWN = SYS_fchown
};
#endif

uid_t __wrap_geteuid(void);
gid_t __wrap_getegid(void);
int __wrap_getgroups(int size, gid_t *groups);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchown(int fd, uid_t uid, gid_t gid);
int __wrap_lchown(const char *path, uid_t uid, gid_t gid);
int __wrap_unlink(const char *path);

uid_t __wrap_geteuid(void)
{
    return (uid_t)syscall(GETEUID);
}

gid_t __wrap_getegid(void)
{
    return (gid_t)syscall(GETEGID);
}

int __wrap_getgroups(int size, gid_t *groups)
{
    return (int)syscall(GETGROUPS, size, groups);
}

int __wrap_fchmod(int fd, mode_t mode)
{
    return (int)syscall(SYS_fchmod, fd, mode);
}

int __wrap_fchown(int fd, uid_t uid, gid_t gid)
{
    return (int)syscall(FCHOWN, fd, uid, gid);
}

int __wrap_lchown(const char *path, uid_t uid, gid_t gid)
{
    return (int)syscall(SYS_fchownat, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

int __wrap_unlink(const char *path)
{
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/*
 * stat, whose names and struct are others with each width of time_t and of file offsets; the
 * kernel's statx has one struct, which not all C libraries' headers have.
 */
#if defined __USE_TIME64_REDIRECTS ||                                                          \
    (defined __USE_TIME_BITS64 && defined __TIMESIZE && __TIMESIZE == 32)
#define STAT_NAME(prefix, name) prefix##__##name##64_time64
#elif defined _REDIR_TIME64 && _REDIR_TIME64
#define STAT_NAME(prefix, name) prefix##__##name##_time64
#elif defined __GLIBC__ && !defined __LP64__
#define STAT_NAME(prefix, name) prefix##name##64
#else
#define STAT_NAME(prefix, name) prefix##name
#endif

struct kernel_statx {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, uid, gid;
    uint16_t mode, unused;
    uint64_t inode, size, blocks, known_attributes;
    struct {
        int64_t seconds;
        uint32_t nanoseconds;
        int32_t unused;
    } atime, btime, ctime, mtime;
    uint32_t special_major, special_minor, device_major, device_minor;
    uint64_t more[14];
};
_Static_assert(sizeof(struct kernel_statx) == 256, "the kernel's struct");

enum { EMPTY_PATH = 0x1000, BASIC_STATS = 0x7ff };

int STAT_NAME(__wrap_, stat)(const char *path, struct stat *st);
int STAT_NAME(__wrap_, lstat)(const char *path, struct stat *st);
int STAT_NAME(__wrap_, fstat)(int fd, struct stat *st);
int STAT_NAME(__real_, stat)(const char *path, struct stat *st);
int STAT_NAME(__real_, lstat)(const char *path, struct stat *st);
int STAT_NAME(__real_, fstat)(int fd, struct stat *st);

/* What the engine looks at. */
static int bare_stat(int fd, const char *path, int flags, struct stat *st)
{
    struct kernel_statx x;
    if (syscall(SYS_statx, fd, path, flags, BASIC_STATS, &x) != 0)
        return -1;
    memset(st, 0, sizeof *st);
    st->st_dev = makedev(x.device_major, x.device_minor);
    st->st_ino = (ino_t)x.inode;
    st->st_mode = x.mode;
    st->st_nlink = x.links;
    st->st_uid = x.uid;
    st->st_gid = x.gid;
    st->st_size = (off_t)x.size;
    return 0;
}

/* Linux before 4.11, or a filter that does not know the call. */
static int is_refused(void)
{
    return errno == ENOSYS || errno == EPERM;
}

int STAT_NAME(__wrap_, stat)(const char *path, struct stat *st)
{
    int first_error = errno, result = bare_stat(AT_FDCWD, path, 0, st);
    if (result == 0 || !is_refused())
        return result;
    errno = first_error;
    return STAT_NAME(__real_, stat)(path, st);
}

int STAT_NAME(__wrap_, lstat)(const char *path, struct stat *st)
{
    int first_error = errno, result = bare_stat(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, st);
    if (result == 0 || !is_refused())
        return result;
    errno = first_error;
    return STAT_NAME(__real_, lstat)(path, st);
}

int STAT_NAME(__wrap_, fstat)(int fd, struct stat *st)
{
    int first_error = errno, result = bare_stat(fd, "", EMPTY_PATH, st);
    if (result == 0 || !is_refused())
        return result;
    errno = first_error;
    return STAT_NAME(__real_, fstat)(fd, st);
}
