#include "config.h"

#include "compat/sysv/dropin_wait.h"

int dropin_semtimedop(int semid, const struct shm_backend_sembuf *ops, size_t nops,
                      int64_t seconds, long nanoseconds)
{
    struct timespec timeout = {.tv_sec = (time_t)seconds, .tv_nsec = nanoseconds};
    return shm_backend_semtimedop(semid, ops, nops, &timeout);
}
