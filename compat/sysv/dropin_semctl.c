/* semctl, for one width of time_t. */
#include "config.h"

#include "compat/sysv/dropin.h"

#include <stdarg.h>
#include <string.h>
#include <sys/sem.h>

_Static_assert(GETPID == LIBSHM_GETPID && GETVAL == LIBSHM_GETVAL && GETALL == LIBSHM_GETALL &&
                   GETNCNT == LIBSHM_GETNCNT && GETZCNT == LIBSHM_GETZCNT &&
                   SETVAL == LIBSHM_SETVAL && SETALL == LIBSHM_SETALL &&
                   SEM_INFO == LIBSHM_SEM_INFO,
               "commands are passed on unchanged");
_Static_assert((SEM_STAT & ~(IPC_STAT & ~LIBSHM_IPC_STAT)) == LIBSHM_SEM_STAT,
               "commands are passed on without the C library's own bits");

/* What the caller defines, as the standard wants it; some systems take the usual name. */
union argument {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
    struct seminfo *info;
};

static void to_system(struct semid_ds *to, const struct shm_backend_semid_ds *from)
{
    memset(to, 0, sizeof *to);
    dropin_perm_to_system(&to->sem_perm, &from->perm);
    to->sem_otime = (time_t)from->otime;
    to->sem_ctime = (time_t)from->ctime;
    to->sem_nsems = (unsigned short)from->nsems; /* at most SEMMSL */
}

static int stat_by(int semid, int semnum, int command, struct semid_ds *buf)
{
    struct shm_backend_semid_ds ds = {0};
    union shm_backend_semun arg = {.buf = buf ? &ds : NULL};
    int result = shm_backend_semctl(semid, semnum, command, arg);
    if (result >= 0 && buf)
        to_system(buf, &ds);
    return result;
}

static int set(int semid, int semnum, const struct semid_ds *buf)
{
    struct shm_backend_semid_ds ds = {0};
    union shm_backend_semun arg = {.buf = buf ? &ds : NULL};
    if (buf)
        dropin_perm_from_system(&ds.perm, &buf->sem_perm);
    return shm_backend_semctl(semid, semnum, LIBSHM_IPC_SET, arg);
}

static int info(int semid, int semnum, int command, struct seminfo *buf)
{
    struct shm_backend_seminfo from = {0};
    union shm_backend_semun arg = {.info = buf ? &from : NULL};
    int highest = shm_backend_semctl(semid, semnum, command, arg);
    if (highest < 0 || !buf)
        return highest;
    *buf = (struct seminfo){
        .semmap = from.semmns, /* these two mean nothing, and the kernel says so as well */
        .semmni = from.semmni,
        .semmns = from.semmns,
        .semmnu = from.semmns,
        .semmsl = from.semmsl,
        .semopm = from.semopm,
        .semume = from.semume,
        .semusz = from.semusz,
        .semvmx = from.semvmx,
        .semaem = from.semaem,
    };
    return highest;
}

static int on_values(int semid, int semnum, int command, union argument argument)
{
    union shm_backend_semun arg = {.array = NULL};
    if (command == LIBSHM_SETVAL)
        arg.val = argument.val;
    else
        arg.array = argument.array;
    return shm_backend_semctl(semid, semnum, command, arg);
}

static int with_argument(int semid, int semnum, int command, union argument argument)
{
    switch (command) {
    case LIBSHM_IPC_STAT:
    case LIBSHM_SEM_STAT:
    case LIBSHM_SEM_STAT_ANY:
        return stat_by(semid, semnum, command, argument.buf);
    case LIBSHM_IPC_SET:
        return set(semid, semnum, argument.buf);
    case LIBSHM_IPC_INFO:
    case LIBSHM_SEM_INFO:
        return info(semid, semnum, command, argument.info);
    default:
        return on_values(semid, semnum, command, argument);
    }
}

static int has_argument(int command)
{
    switch (command) {
    case LIBSHM_IPC_STAT:
    case LIBSHM_IPC_SET:
    case LIBSHM_IPC_INFO:
    case LIBSHM_SEM_STAT:
    case LIBSHM_SEM_STAT_ANY:
    case LIBSHM_SEM_INFO:
    case LIBSHM_GETALL:
    case LIBSHM_SETALL:
    case LIBSHM_SETVAL:
        return 1;
    default:
        return 0;
    }
}

/* Many programs give no argument where none is needed: there is nothing to take then. */
DROPIN_NAME int semctl(int semid, int semnum, int system_command, ...)
{
    int command = dropin_command(system_command);
    va_list arguments;
    if (!has_argument(command))
        return on_values(semid, semnum, command, (union argument){.array = NULL});
    va_start(arguments, system_command);
    union argument argument = va_arg(arguments, union argument);
    va_end(arguments);
    return with_argument(semid, semnum, command, argument);
}
