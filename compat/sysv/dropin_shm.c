/* shmget, shmat, shmdt. */
#include "config.h"

#include "compat/sysv/dropin.h"

#include <sys/shm.h>

_Static_assert(SHM_HUGETLB == LIBSHM_HUGETLB, "flags are passed on unchanged");
_Static_assert(SHM_NORESERVE == LIBSHM_NORESERVE, "flags are passed on unchanged");
_Static_assert(SHM_RDONLY == LIBSHM_ATTACH_RDONLY, "flags are passed on unchanged");
_Static_assert(SHM_RND == LIBSHM_ATTACH_RND, "flags are passed on unchanged");
_Static_assert(SHM_REMAP == LIBSHM_ATTACH_REMAP, "flags are passed on unchanged");
_Static_assert(SHM_EXEC == LIBSHM_ATTACH_EXEC, "flags are passed on unchanged");

DROPIN_NAME int shmget(key_t key, size_t size, int flags)
{
    return shm_backend_shmget(key, size, flags);
}

DROPIN_NAME void *shmat(int shmid, const void *address, int flags)
{
    return shm_backend_shmat(shmid, address, flags);
}

DROPIN_NAME int shmdt(const void *address)
{
    return shm_backend_shmdt(address);
}
