/* What this library is, what it stands on, and what it asks its program. */
#include "config.h"

#include <unistd.h>

#include "libshm/backend.h"
#include "libshm/shm.h"

const char *shm_version(void)
{
    return LIBSHM_VERSION;
}

const char *shm_backend(void)
{
    return shm_backend_name();
}

void shm_setinterrupt(int (*check)(void))
{
    shm_backend_setinterrupt(check);
}

size_t shm_lba(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}
