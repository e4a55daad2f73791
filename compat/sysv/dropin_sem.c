/* semget, semop. */
#include "config.h"

#include "compat/sysv/dropin.h"

#include <sys/sem.h>

#include "compat/sysv/dropin_sembuf.h"

DROPIN_NAME int semget(key_t key, int nsems, int flags)
{
    return shm_backend_semget(key, nsems, flags);
}

DROPIN_NAME int semop(int semid, struct sembuf *ops, size_t nops)
{
    return shm_backend_semtimedop(semid, dropin_ops(ops), nops, NULL);
}
