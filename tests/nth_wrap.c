#include "config.h"

#include "tests/nth_wrap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Macros of C libraries whose numbers are wide anyway, such as musl; here both are functions. */
#undef fcntl64
#undef fstat64
#undef ftruncate64
#undef lstat64
#undef mmap64
#undef open64
#undef posix_fallocate64
#undef pread64
#undef pwrite64
#undef readdir64
#undef stat64
#undef statvfs64

struct nth_made *nth_made;

/* The usual ones, 0, the rare ones, 0. */
static const struct {
    const char *name;
    int errnos[12];
} functions[NTH_FUNCTIONS] = {
    [NTH_OPEN] = {"open",
                  {EMFILE, EINTR, EACCES, 0, ENFILE, ENOMEM, ENOSPC, EDQUOT, EROFS, EPERM, 0}},
    [NTH_STAT] = {"stat", {ENOMEM, 0, EACCES, EOVERFLOW, 0}},
    [NTH_FSTAT] = {"fstat", {ENOMEM, 0, EOVERFLOW, 0}},
    [NTH_READ] = {"read", {EIO, EINTR, 0, EISDIR, 0}},
    [NTH_WRITE] = {"write", {EIO, EINTR, 0, ENOSPC, EDQUOT, EFBIG, EPERM, 0}},
    [NTH_FTRUNCATE] = {"ftruncate", {EIO, EINTR, 0, EFBIG, EPERM, EROFS, 0}},
    [NTH_FALLOCATE] = {"fallocate", {ENOSPC, EINTR, 0, EFBIG, ENODEV, EOPNOTSUPP, 0}},
    [NTH_MMAP] = {"mmap", {ENOMEM, EAGAIN, 0, ENFILE, EPERM, EACCES, 0}},
    [NTH_MUNMAP] = {"munmap", {ENOMEM, 0, 0}},
    [NTH_MADVISE] = {"madvise", {ENOMEM, EINVAL, 0, EAGAIN, EIO, 0}},
    [NTH_SETLK] = {"fcntl SETLK", {ENOLCK, EINTR, EAGAIN, 0, 0}},
    [NTH_GETLK] = {"fcntl GETLK", {EINTR, 0, ENOLCK, 0}},
    [NTH_CLOSE] = {"close", {EIO, 0, EINTR, ENOSPC, EDQUOT, 0}},
    [NTH_SYMLINK] = {"symlink", {ENOSPC, EIO, 0, EACCES, EDQUOT, ENOMEM, EROFS, EPERM, 0}},
    [NTH_READLINK] = {"readlink", {EIO, 0, EACCES, ENOMEM, 0}},
    [NTH_UNLINK] = {"unlink", {EIO, 0, ENOMEM, EACCES, EPERM, EBUSY, EROFS, 0}},
    [NTH_CHMOD] = {"fchmod", {EIO, 0, EPERM, ENOMEM, EROFS, 0}},
    [NTH_CHOWN] = {"chown", {EIO, 0, EPERM, ENOMEM, EROFS, 0}},
    [NTH_OPENDIR] = {"opendir", {EMFILE, 0, ENOMEM, ENFILE, EACCES, 0}},
    [NTH_READDIR] = {"readdir", {EOVERFLOW, 0, ENOENT, 0}},
    [NTH_STATVFS] = {"statvfs", {EIO, 0, EINTR, ENOMEM, EOVERFLOW, 0}},
    [NTH_GETGROUPS] = {"getgroups", {EINVAL, 0, 0}},
    [NTH_GETRANDOM] = {"getrandom", {ENOSYS, 0, EAGAIN, EINTR, 0}},
    [NTH_NANOSLEEP] = {"nanosleep", {EINTR, 0, 0}},
    [NTH_FUTEX_WAIT] = {"futex wait", {EINTR, EAGAIN, 0, ETIMEDOUT, 0}},
    [NTH_FUTEX_WAKE] = {"futex wake", {EINVAL, 0, EACCES, 0}},
    [NTH_PPOLL] = {"ppoll", {EINTR, 0, ENOMEM, 0}},
    [NTH_KILL] = {"kill", {EPERM, 0, 0}},
    [NTH_ALLOC] = {"malloc", {ENOMEM, 0, 0}},
    [NTH_ATFORK] = {"pthread_atfork", {ENOMEM, 0, 0}},
    [NTH_SHMGET] = {"shmget", {ENOSPC, ENOMEM, EACCES, 0, ENFILE, EPERM, 0}},
    [NTH_SHMAT] = {"shmat", {ENOMEM, EACCES, 0, 0}},
    [NTH_SHMCTL] = {"shmctl", {EACCES, 0, EPERM, ENOMEM, EOVERFLOW, 0}},
    [NTH_SEMGET] = {"semget", {ENOSPC, ENOMEM, EACCES, 0, 0}},
    [NTH_SEMTIMEDOP] = {"semtimedop", {ENOMEM, EINTR, 0, EACCES, 0}},
    /* Nobody loses the permission to give back: that call would have to fail. */
    [NTH_SEMGIVE] = {"semtimedop, giving", {ENOMEM, EINTR, 0, 0}},
    [NTH_SEMCTL] = {"semctl", {EACCES, 0, EPERM, ERANGE, 0}},
    [NTH_MSGGET] = {"msgget", {ENOSPC, ENOMEM, EACCES, 0, 0}},
    [NTH_MSGSND] = {"msgsnd", {ENOMEM, EINTR, 0, EACCES, 0}},
    [NTH_MSGRCV] = {"msgrcv", {EINTR, EACCES, 0, ENOMEM, 0}},
    [NTH_MSGCTL] = {"msgctl", {EACCES, 0, EPERM, 0}},
};

static struct {
    bool asked, on, struck;
    enum nth_function function;
    long n;
    int error, before;
    long uses[NTH_FUNCTIONS];
} armed;

static long blocks, maps;

const char *nth_name(enum nth_function f)
{
    return functions[f].name;
}

const int *nth_errnos(enum nth_function f, bool all)
{
    static int errnos[12];
    int count = 0;

    for (int i = 0, part = 0; part < (all ? 2 : 1); i++)
        if (functions[f].errnos[i])
            errnos[count++] = functions[f].errnos[i];
        else
            part++;
    errnos[count] = 0;
    return errnos;
}

void nth_arm(enum nth_function f, long n, int error)
{
    for (int i = 0; i < NTH_FUNCTIONS; i++)
        armed.uses[i] = 0;
    armed.function = f;
    armed.n = n;
    armed.error = error;
    armed.struck = false;
    armed.on = true;
}

void nth_disarm(void)
{
    armed.on = false;
}

long nth_uses(enum nth_function f)
{
    return armed.uses[f];
}

bool nth_struck(void)
{
    return armed.struck;
}

long nth_blocks(void)
{
    return blocks;
}

long nth_maps(void)
{
    return maps;
}

/* The library uses the system before main(): "FUNCTION N ERRNO". */
static void arm_by_environment(void)
{
    const char *order = getenv(NTH_ORDER);
    int f, error;
    long n;

    armed.asked = true;
    if (order && sscanf(order, "%d %ld %d", &f, &n, &error) == 3)
        nth_arm((enum nth_function)f, n, error);
}

/* True, with errno set, if this use is to fail. */
static bool strikes(enum nth_function f)
{
    if (!armed.asked)
        arm_by_environment();
    if (!armed.on || ++armed.uses[f] != armed.n || f != armed.function)
        return false;
    armed.struck = true;
    armed.before = errno;
    errno = armed.error;
    return true;
}

/* Of the few functions that return the error and leave errno alone. */
static int returned(void)
{
    errno = armed.before;
    return armed.error;
}

/*
 * What a name is in the C library of another system: on 32-bit ones functions with wider
 * numbers have names of their own. The real one is weak, because none has them all.
 */
#define REAL(result, name, parameters)                                                         \
    result __real_##name parameters __attribute__((weak));                                     \
    result __wrap_##name parameters;

#define WRAP(result, name, id, parameters, arguments, failed)                                  \
    REAL(result, name, parameters)                                                             \
    result __wrap_##name parameters                                                            \
    {                                                                                          \
        if (strikes(id))                                                                       \
            return failed;                                                                     \
        return __real_##name arguments;                                                        \
    }

/*
 * Files.
 */

static mode_t mode_of(int flags, va_list rest)
{
    return flags & O_CREAT ? va_arg(rest, mode_t) : 0;
}

#define WRAP_OPEN(name)                                                                        \
    REAL(int, name, (const char *path, int flags, ...))                                        \
    int __wrap_##name(const char *path, int flags, ...)                                        \
    {                                                                                          \
        va_list rest;                                                                          \
                                                                                               \
        va_start(rest, flags);                                                                 \
        mode_t mode = mode_of(flags, rest);                                                    \
        va_end(rest);                                                                          \
        return strikes(NTH_OPEN) ? -1 : __real_##name(path, flags, mode);                      \
    }

WRAP_OPEN(open)
WRAP_OPEN(open64)
WRAP(int, __open_2, NTH_OPEN, (const char *path, int flags), (path, flags), -1)
WRAP(int, __open64_2, NTH_OPEN, (const char *path, int flags), (path, flags), -1)

#define WRAP_STAT(name)                                                                        \
    WRAP(int, name, NTH_STAT, (const char *path, void *buf), (path, buf), -1)
WRAP_STAT(stat)
WRAP_STAT(stat64)
WRAP_STAT(__stat64_time64)
WRAP_STAT(__stat_time64)
WRAP_STAT(lstat)
WRAP_STAT(lstat64)
WRAP_STAT(__lstat64_time64)
WRAP_STAT(__lstat_time64)

#define WRAP_FSTAT(name) WRAP(int, name, NTH_FSTAT, (int fd, void *buf), (fd, buf), -1)
WRAP_FSTAT(fstat)
WRAP_FSTAT(fstat64)
WRAP_FSTAT(__fstat64_time64)
WRAP_FSTAT(__fstat_time64)

#define WRAP_STATVFS(name)                                                                     \
    WRAP(int, name, NTH_STATVFS, (const char *path, void *buf), (path, buf), -1)
WRAP_STATVFS(statvfs)
WRAP_STATVFS(statvfs64)

WRAP(ssize_t, read, NTH_READ, (int fd, void *buf, size_t n), (fd, buf, n), -1)
WRAP(ssize_t, __read_chk, NTH_READ, (int fd, void *buf, size_t n, size_t room),
     (fd, buf, n, room), -1)
#define WRAP_PREAD(name)                                                                       \
    WRAP(ssize_t, name, NTH_READ, (int fd, void *buf, size_t n, off_t at), (fd, buf, n, at), -1)
WRAP_PREAD(pread)
WRAP_PREAD(pread64)
#define WRAP_PREAD_CHK(name)                                                                   \
    WRAP(ssize_t, name, NTH_READ, (int fd, void *buf, size_t n, off_t at, size_t room),        \
         (fd, buf, n, at, room), -1)
WRAP_PREAD_CHK(__pread_chk)
WRAP_PREAD_CHK(__pread64_chk)
#define WRAP_PWRITE(name)                                                                      \
    WRAP(ssize_t, name, NTH_WRITE, (int fd, const void *buf, size_t n, off_t at),              \
         (fd, buf, n, at), -1)
WRAP_PWRITE(pwrite)
WRAP_PWRITE(pwrite64)

#define WRAP_FTRUNCATE(name) WRAP(int, name, NTH_FTRUNCATE, (int fd, off_t n), (fd, n), -1)
WRAP_FTRUNCATE(ftruncate)
WRAP_FTRUNCATE(ftruncate64)
#define WRAP_FALLOCATE(name)                                                                   \
    WRAP(int, name, NTH_FALLOCATE, (int fd, off_t at, off_t n), (fd, at, n), returned())
WRAP_FALLOCATE(posix_fallocate)
WRAP_FALLOCATE(posix_fallocate64)

#define WRAP_FCNTL(name)                                                                       \
    REAL(int, name, (int fd, int command, ...))                                                \
    int __wrap_##name(int fd, int command, ...)                                                \
    {                                                                                          \
        va_list rest;                                                                          \
                                                                                               \
        va_start(rest, command);                                                               \
        void *argument = va_arg(rest, void *);                                                 \
        va_end(rest);                                                                          \
        bool looks = command == F_OFD_GETLK || command == F_GETLK;                             \
        return strikes(looks ? NTH_GETLK : NTH_SETLK) ? -1                                     \
                                                      : __real_##name(fd, command, argument);  \
    }
WRAP_FCNTL(fcntl)
WRAP_FCNTL(fcntl64)
WRAP_FCNTL(__fcntl_time64)

/* A descriptor is gone whatever close says. */
REAL(int, close, (int fd))
int __wrap_close(int fd)
{
    int result = __real_close(fd);

    return strikes(NTH_CLOSE) ? -1 : result;
}

WRAP(int, symlink, NTH_SYMLINK, (const char *text, const char *path), (text, path), -1)
WRAP(ssize_t, readlink, NTH_READLINK, (const char *path, char *text, size_t n), (path, text, n),
     -1)
WRAP(ssize_t, __readlink_chk, NTH_READLINK,
     (const char *path, char *text, size_t n, size_t room), (path, text, n, room), -1)
WRAP(int, unlink, NTH_UNLINK, (const char *path), (path), -1)
WRAP(int, fchmod, NTH_CHMOD, (int fd, mode_t mode), (fd, mode), -1)
WRAP(int, fchown, NTH_CHOWN, (int fd, uid_t uid, gid_t gid), (fd, uid, gid), -1)
WRAP(int, lchown, NTH_CHOWN, (const char *path, uid_t uid, gid_t gid), (path, uid, gid), -1)
WRAP(DIR *, opendir, NTH_OPENDIR, (const char *path), (path), NULL)
WRAP(void *, readdir, NTH_READDIR, (DIR * folder), (folder), NULL)
WRAP(void *, readdir64, NTH_READDIR, (DIR * folder), (folder), NULL)

/*
 * Memory.
 */

/* Anonymous mappings only: those of files are seen in the list of mappings. */
static void *mapped(void *at, int flags)
{
    if (at != MAP_FAILED && (flags & (MAP_ANONYMOUS | MAP_FIXED)) == MAP_ANONYMOUS)
        maps++;
    return at;
}

#define WRAP_MMAP(name)                                                                        \
    REAL(void *, name, (void *at, size_t n, int prot, int flags, int fd, off_t offset))        \
    void *__wrap_##name(void *at, size_t n, int prot, int flags, int fd, off_t offset)         \
    {                                                                                          \
        if (strikes(NTH_MMAP))                                                                 \
            return MAP_FAILED;                                                                 \
        return mapped(__real_##name(at, n, prot, flags, fd, offset), flags);                   \
    }
WRAP_MMAP(mmap)
WRAP_MMAP(mmap64)
WRAP(int, munmap, NTH_MUNMAP, (void *at, size_t n), (at, n), -1)
WRAP(int, madvise, NTH_MADVISE, (void *at, size_t n, int advice), (at, n, advice), -1)

static void *gained(void *block)
{
    blocks += block != NULL;
    return block;
}

REAL(void *, malloc, (size_t n))
void *__wrap_malloc(size_t n)
{
    return strikes(NTH_ALLOC) ? NULL : gained(__real_malloc(n));
}

REAL(void *, calloc, (size_t count, size_t n))
void *__wrap_calloc(size_t count, size_t n)
{
    return strikes(NTH_ALLOC) ? NULL : gained(__real_calloc(count, n));
}

REAL(void *, realloc, (void *block, size_t n))
void *__wrap_realloc(void *block, size_t n)
{
    if (strikes(NTH_ALLOC))
        return NULL;
    return block ? __real_realloc(block, n) : gained(__real_realloc(block, n));
}

REAL(void, free, (void *block))
void __wrap_free(void *block)
{
    blocks -= block != NULL;
    __real_free(block);
}

/*
 * The process.
 */

/* As the function would be called that the number stands for; who asks who he is cannot fail. */
static const struct {
    long number;
    enum nth_function f;
} numbers[] = {
    {SYS_fchmod, NTH_CHMOD},        {SYS_fchown, NTH_CHOWN},
    {SYS_fchownat, NTH_CHOWN},      {SYS_getegid, NTH_FUNCTIONS},
    {SYS_geteuid, NTH_FUNCTIONS},   {SYS_getgroups, NTH_GETGROUPS},
    {SYS_statx, NTH_STAT},          {SYS_unlinkat, NTH_UNLINK},
#ifdef SYS_geteuid32
    {SYS_fchown32, NTH_CHOWN},      {SYS_getegid32, NTH_FUNCTIONS},
    {SYS_geteuid32, NTH_FUNCTIONS}, {SYS_getgroups32, NTH_GETGROUPS},
#endif
};

static enum nth_function function_of(long number, const long a[6])
{
    if (number == SYS_futex)
        return (a[1] & FUTEX_CMD_MASK) == FUTEX_WAKE ? NTH_FUTEX_WAKE : NTH_FUTEX_WAIT;
    if (number == SYS_statx && *(const char *)a[1] == '\0')
        return NTH_FSTAT;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].number == number)
            return numbers[i].f;
    return NTH_PPOLL;
}

REAL(long, syscall, (long number, ...))
long __wrap_syscall(long number, ...)
{
    va_list rest;
    long a[6];

    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(rest, long);
    va_end(rest);
    enum nth_function f = function_of(number, a);
    return f != NTH_FUNCTIONS && strikes(f)
               ? -1
               : __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

WRAP(ssize_t, getrandom, NTH_GETRANDOM, (void *buf, size_t n, unsigned flags), (buf, n, flags),
     -1)
WRAP(int, getgroups, NTH_GETGROUPS, (int n, gid_t *groups), (n, groups), -1)
WRAP(int, kill, NTH_KILL, (pid_t pid, int number), (pid, number), -1)
#define WRAP_NANOSLEEP(name)                                                                   \
    WRAP(int, name, NTH_NANOSLEEP, (const void *time, void *left), (time, left), -1)
WRAP_NANOSLEEP(nanosleep)
WRAP_NANOSLEEP(__nanosleep64)
WRAP_NANOSLEEP(__nanosleep_time64)
#define WRAP_PPOLL(name)                                                                       \
    WRAP(int, name, NTH_PPOLL,                                                                 \
         (struct pollfd * fds, nfds_t n, const struct timespec *t, const sigset_t *mask),      \
         (fds, n, t, mask), -1)
WRAP_PPOLL(ppoll)
WRAP_PPOLL(__ppoll64)
WRAP(int, pthread_atfork, NTH_ATFORK,
     (void (*before)(void), void (*parent)(void), void (*child)(void)), (before, parent, child),
     returned())

/*
 * System V IPC.
 */

static int note(int id, int *ids, int *count)
{
    if (nth_made && id >= 0 && *count < 16)
        ids[(*count)++] = id;
    return id;
}

REAL(int, shmget, (key_t key, size_t size, int flags))
int __wrap_shmget(key_t key, size_t size, int flags)
{
    if (strikes(NTH_SHMGET))
        return -1;
    int id = __real_shmget(key, size, flags);
    if (nth_made && (flags & IPC_CREAT || key == IPC_PRIVATE))
        note(id, nth_made->segments, &nth_made->nsegments);
    return id;
}

REAL(int, semget, (key_t key, int count, int flags))
int __wrap_semget(key_t key, int count, int flags)
{
    if (strikes(NTH_SEMGET))
        return -1;
    int id = __real_semget(key, count, flags);
    if (nth_made && (flags & IPC_CREAT || key == IPC_PRIVATE))
        note(id, nth_made->sets, &nth_made->nsets);
    return id;
}

REAL(int, msgget, (key_t key, int flags))
int __wrap_msgget(key_t key, int flags)
{
    if (strikes(NTH_MSGGET))
        return -1;
    int id = __real_msgget(key, flags);
    if (nth_made && (flags & IPC_CREAT || key == IPC_PRIVATE))
        note(id, nth_made->queues, &nth_made->nqueues);
    return id;
}

WRAP(int, msgsnd, NTH_MSGSND, (int id, const void *message, size_t size, int flags),
     (id, message, size, flags), -1)
WRAP(ssize_t, msgrcv, NTH_MSGRCV, (int id, void *message, size_t size, long type, int flags),
     (id, message, size, type, flags), -1)
#define WRAP_MSGCTL(name)                                                                      \
    WRAP(int, name, NTH_MSGCTL, (int id, int command, void *buf), (id, command, buf), -1)
WRAP_MSGCTL(msgctl)
WRAP_MSGCTL(__msgctl64)
WRAP(void *, shmat, NTH_SHMAT, (int id, const void *at, int flags), (id, at, flags), (void *)-1)
#define WRAP_SHMCTL(name)                                                                      \
    WRAP(int, name, NTH_SHMCTL, (int id, int command, void *buf), (id, command, buf), -1)
WRAP_SHMCTL(shmctl)
WRAP_SHMCTL(__shmctl64)
#define WRAP_SEMTIMEDOP(name)                                                                  \
    WRAP(int, name, ops->sem_op > 0 ? NTH_SEMGIVE : NTH_SEMTIMEDOP,                            \
         (int id, struct sembuf *ops, size_t count, const void *timeout),                      \
         (id, ops, count, timeout), -1)
WRAP_SEMTIMEDOP(semtimedop)
WRAP_SEMTIMEDOP(__semtimedop64)
WRAP_SEMTIMEDOP(__semtimedop_time64)

/* The argument is a union of pointers and an int, passed as any such thing is. */
union semctl_argument {
    int value;
    void *pointer;
};
#define WRAP_SEMCTL(name)                                                                      \
    REAL(int, name, (int id, int number, int command, ...))                                    \
    int __wrap_##name(int id, int number, int command, ...)                                    \
    {                                                                                          \
        va_list rest;                                                                          \
                                                                                               \
        va_start(rest, command);                                                               \
        union semctl_argument argument = va_arg(rest, union semctl_argument);                  \
        va_end(rest);                                                                          \
        return strikes(NTH_SEMCTL) ? -1 : __real_##name(id, number, command, argument);        \
    }
WRAP_SEMCTL(semctl)
WRAP_SEMCTL(__semctl64)
