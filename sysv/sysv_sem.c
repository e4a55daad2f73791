/* Semaphore sets on the kernel's semget, semtimedop and semctl. */
#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <sys/sem.h>

#include "libshm/fail.h"
#include "sysv/sysv_private.h"

_Static_assert(SEM_UNDO == LIBSHM_SEM_UNDO, "flags are passed on unchanged");
_Static_assert(
    sizeof(struct sembuf) == sizeof(struct shm_backend_sembuf) &&
        offsetof(struct sembuf, sem_num) == offsetof(struct shm_backend_sembuf, sem_num) &&
        offsetof(struct sembuf, sem_op) == offsetof(struct shm_backend_sembuf, sem_op) &&
        offsetof(struct sembuf, sem_flg) == offsetof(struct shm_backend_sembuf, sem_flg),
    "operations are passed on without a copy");

/* The caller of semctl has to define this union; some systems take the usual name for it. */
union sysv_semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
    struct seminfo *info;
};

static const char what[] = "semaphore set";

static int read_info(struct seminfo *info, int system_command)
{
    return semctl(0, 0, system_command, (union sysv_semun){.info = info});
}

static int fail_no_space(int nsems)
{
    struct seminfo limits = {0}, usage = {0};
    if (read_info(&limits, IPC_INFO) < 0 || read_info(&usage, SEM_INFO) < 0)
        return shm_fail(ENOSPC,
                        "a limit of the kernel (SEMMNI or SEMMNS) is reached, not one of "
                        "a disk; remove semaphore sets that nobody needs");
    return shm_failf(
        ENOSPC,
        "no room for another set of %d semaphores: %d of at most SEMMNI=%d sets "
        "exist, with %d of at most SEMMNS=%d semaphores. These are limits of the "
        "kernel, not of a disk: remove sets that nobody needs, or raise kernel.sem",
        nsems, usage.semusz, limits.semmni, usage.semaem, limits.semmns);
}

static int fail_get(key_t key, int nsems)
{
    if (errno == ENOSPC)
        return fail_no_space(nsems);
    if (errno == EINVAL)
        return shm_failf(
            EINVAL,
            "%d semaphores are not possible for the set with key %u: a new one has 1 "
            "to SEMMSL=%d, an existing one at most the number it was created with",
            nsems, (unsigned)key, LIBSHM_SEMMSL);
    return sysv_fail_get(what, key);
}

int shm_backend_semget(key_t key, int nsems, int flags)
{
    int id = semget(key, nsems, flags & (0777 | IPC_CREAT | IPC_EXCL));
    return id < 0 ? fail_get(key, nsems) : id;
}

static int fail_operation(int semid, size_t nops)
{
    switch (errno) {
    case EAGAIN:
        return shm_fail(EAGAIN, "the semaphore operation is not possible now, and waiting was "
                                "excluded or the time to wait is over");
    case EINTR:
        return shm_fail(EINTR, "a signal ended the wait for a semaphore");
    case ERANGE:
        return shm_fail(ERANGE,
                        "the value of the semaphore, or what this process would give back "
                        "at its end, would leave the range that ends at 32767");
    case EFBIG:
        return shm_failf(EFBIG, "an operation names a semaphore that the set with id %d lacks",
                         semid);
    case E2BIG:
        return shm_failf(E2BIG, "%zu operations in one call are too many; SEMOPM is %d", nops,
                         LIBSHM_SEMOPM);
    case EFAULT:
        return sysv_fail_pointer();
    default:
        return sysv_fail_id(what, semid);
    }
}

int shm_backend_semtimedop(int semid, const struct shm_backend_sembuf *ops, size_t nops,
                           const struct timespec *timeout)
{
    if (semtimedop(semid, (struct sembuf *)(void *)ops, nops, timeout) == 0)
        return 0;
    return fail_operation(semid, nops);
}

static int stat_by(int semid, int system_command, struct shm_backend_semid_ds *buf)
{
    struct semid_ds ds;
    int result = semctl(semid, 0, system_command, (union sysv_semun){.buf = &ds});
    if (result < 0)
        return sysv_fail_id(what, semid);
    if (!buf)
        return sysv_fail_pointer();
    sysv_perm_from_system(&buf->perm, &ds.sem_perm);
    buf->otime = ds.sem_otime;
    buf->ctime = ds.sem_ctime;
    buf->nsems = ds.sem_nsems;
    return result;
}

static int set(int semid, const struct shm_backend_semid_ds *buf)
{
    struct semid_ds ds = {0};
    if (!buf && semid >= 0)
        return sysv_fail_pointer();
    if (buf)
        sysv_perm_to_system(&ds.sem_perm, &buf->perm);
    if (semctl(semid, 0, IPC_SET, (union sysv_semun){.buf = &ds}) < 0)
        return sysv_fail_set(what, semid, buf ? &buf->perm : NULL);
    return 0;
}

static int info_of_system(int system_command, struct shm_backend_seminfo *buf)
{
    struct seminfo info;
    int highest = read_info(&info, system_command);
    if (highest < 0)
        return sysv_fail_id(what, 0);
    if (!buf)
        return sysv_fail_pointer();
    buf->semmni = info.semmni;
    buf->semmns = info.semmns;
    buf->semmsl = info.semmsl;
    buf->semopm = info.semopm;
    buf->semume = info.semume;
    buf->semusz = info.semusz;
    buf->semvmx = info.semvmx;
    buf->semaem = info.semaem;
    return highest;
}

/* Commands that concern one semaphore, or the whole set without a buffer. */
static int simple(int semid, int semnum, int system_command, union sysv_semun arg)
{
    int result = semctl(semid, semnum, system_command, arg);
    if (result >= 0)
        return result;
    if (errno == ERANGE)
        return shm_failf(ERANGE, "a semaphore has a value of 0 to %d", LIBSHM_SEMVMX);
    if (errno == EINVAL)
        return shm_failf(
            EINVAL,
            "there is no semaphore set with id %d (it may have been removed), or it "
            "has no semaphore number %d",
            semid, semnum);
    return errno == EFAULT ? sysv_fail_pointer() : sysv_fail_id(what, semid);
}

/* The system's number for the commands that need no translated buffer; -1: not one of them. */
static int simple_command(int command)
{
    switch (command) {
    case LIBSHM_IPC_RMID:
        return IPC_RMID;
    case LIBSHM_GETPID:
        return GETPID;
    case LIBSHM_GETVAL:
        return GETVAL;
    case LIBSHM_GETNCNT:
        return GETNCNT;
    case LIBSHM_GETZCNT:
        return GETZCNT;
    case LIBSHM_GETALL:
        return GETALL;
    case LIBSHM_SETALL:
        return SETALL;
    case LIBSHM_SETVAL:
        return SETVAL;
    default:
        return -1;
    }
}

static union sysv_semun simple_argument(int command, union shm_backend_semun arg)
{
    if (command == LIBSHM_SETVAL)
        return (union sysv_semun){.val = arg.val};
    if (command == LIBSHM_GETALL || command == LIBSHM_SETALL)
        return (union sysv_semun){.array = arg.array};
    return (union sysv_semun){.val = 0};
}

int shm_backend_semctl(int semid, int semnum, int command, union shm_backend_semun arg)
{
    switch (command) {
    case LIBSHM_IPC_SET:
        return set(semid, arg.buf);
    case LIBSHM_IPC_STAT:
        return stat_by(semid, IPC_STAT, arg.buf);
    case LIBSHM_SEM_STAT:
        return stat_by(semid, SEM_STAT, arg.buf);
    case LIBSHM_SEM_STAT_ANY:
        return stat_by(semid, SEM_STAT_ANY, arg.buf);
    case LIBSHM_IPC_INFO:
        return info_of_system(IPC_INFO, arg.info);
    case LIBSHM_SEM_INFO:
        return info_of_system(SEM_INFO, arg.info);
    default:
        break;
    }
    if (simple_command(command) < 0)
        return shm_failf(EINVAL, "semctl knows no command %d", command);
    return simple(semid, semnum, simple_command(command), simple_argument(command, arg));
}

/* SEM_STAT refuses foreign sets; kernels before 4.17 lack the other and miss those. */
static int id_at(int index)
{
    struct semid_ds ds;
    union sysv_semun arg = {.buf = &ds};
    int id = semctl(index, 0, SEM_STAT, arg);
    return id < 0 && errno == EACCES ? semctl(index, 0, SEM_STAT_ANY, arg) : id;
}

/* Only the kernel knows. */
int shm_backend_sem_is(int semid, key_t key, size_t nsems)
{
    (void)semid, (void)key, (void)nsems;
    return 0;
}

/* One system call for each index up to the highest in use: 0.1 us each, used or not. */
ssize_t shm_backend_sem_list(int *ids, size_t capacity)
{
    struct seminfo info;
    int highest = read_info(&info, SEM_INFO);
    if (highest < 0)
        return sysv_fail_id(what, 0);
    return sysv_list(highest, id_at, ids, capacity);
}
