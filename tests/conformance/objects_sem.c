/* Sets, and calls on them. */
#include "config.h"

#include "tests/conformance/conform.h"

int set_at(key_t key, int nsems, int mode)
{
    return object_at(&families[SEM], key, nsems, mode);
}

int new_set(int nsems, int mode)
{
    return set_at(IPC_PRIVATE, nsems, mode);
}

struct semid_ds set_stat(int id)
{
    return object_stat(&families[SEM], id).sem;
}

int remove_set(int id)
{
    return semctl(id, 0, IPC_RMID);
}

static struct sembuf one(int num, int op, int flags)
{
    return (struct sembuf){(unsigned short)num, (short)op, (short)flags};
}

int semop1(int id, int num, int op, int flags)
{
    struct sembuf operation = one(num, op, flags);

    return semop(id, &operation, 1);
}

int semop1_timed(int id, int num, int op, int flags, long milliseconds)
{
    struct sembuf operation = one(num, op, flags);
    struct timespec timeout = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    return semtimedop(id, &operation, 1, &timeout);
}

int sem_get(int id, int num, int command)
{
    return semctl(id, num, command);
}

int sem_set(int id, int num, int value)
{
    return semctl(id, num, SETVAL, (union sem_argument){.val = value});
}

int sem_set_all(int id, const unsigned short *values)
{
    union sem_argument argument = {.array = (unsigned short *)(uintptr_t)values};

    return semctl(id, 0, SETALL, argument);
}

int sem_get_all(int id, unsigned short *values)
{
    return semctl(id, 0, GETALL, (union sem_argument){.array = values});
}

int semval(int id, int num)
{
    return (int)EXPECT_OK(sem_get(id, num, GETVAL));
}

int semncnt(int id, int num)
{
    return (int)EXPECT_OK(sem_get(id, num, GETNCNT));
}

int semzcnt(int id, int num)
{
    return (int)EXPECT_OK(sem_get(id, num, GETZCNT));
}

pid_t sempid(int id, int num)
{
    return (pid_t)EXPECT_OK(sem_get(id, num, GETPID));
}
