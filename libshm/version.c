/* What this library is, and what it stands on. */
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

size_t shm_lba(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}
