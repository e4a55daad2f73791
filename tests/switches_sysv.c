/* The protections of sysv/: the kernel has them, and is asked for only one. */
#include "config.h"

#include <string.h>

#include "libshm/backend.h"
#include "tests/switches.h"

WRAP(int, shm_backend_semtimedop, int semid, const struct shm_backend_sembuf *ops, size_t nops,
     const struct timespec *timeout)
{
    struct shm_backend_sembuf copy[LIBSHM_SEMOPM];

    if (!OFF(undo) || !ops || nops > LIBSHM_SEMOPM)
        return __real_shm_backend_semtimedop(semid, ops, nops, timeout);
    for (size_t i = 0; i < nops; i++) {
        copy[i] = ops[i];
        copy[i].sem_flg = (short)(copy[i].sem_flg & ~LIBSHM_SEM_UNDO);
    }
    return __real_shm_backend_semtimedop(semid, copy, nops, timeout);
}
