/* semtimedop, for one width of time_t; the contract has its own, which may be the other one. */
#include "config.h"

#include "compat/sysv/dropin.h"

#include <sys/sem.h>

#include "compat/sysv/dropin_sembuf.h"
#include "compat/sysv/dropin_wait.h"

DROPIN_NAME int semtimedop(int semid, struct sembuf *ops, size_t nops,
                           const struct timespec *timeout)
{
    if (!timeout)
        return shm_backend_semtimedop(semid, dropin_ops(ops), nops, NULL);
    return dropin_semtimedop(semid, dropin_ops(ops), nops, timeout->tv_sec, timeout->tv_nsec);
}
