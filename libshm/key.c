/* Keys: from a key to an id, and from a path to a key. */
#include "config.h"

#include <errno.h>
#include <sys/stat.h>

#include "libshm/backend.h"
#include "libshm/fail.h"
#include "libshm/shm.h"

/* The calls below would make a new object under this key. */
static int fail_private(void)
{
    return shm_fail(ENOENT, "no object can be found under key 0, which always makes a new one");
}

/* No permission is asked for, so none is refused: objects of other users are found as well. */
int shm_getshmid(key_t key)
{
    return key == LIBSHM_IPC_PRIVATE ? fail_private() : shm_backend_shmget(key, 0, 0);
}

int shm_getsemid(key_t key)
{
    return key == LIBSHM_IPC_PRIVATE ? fail_private() : shm_backend_semget(key, 0, 0);
}

int shm_memory_haskey(key_t key)
{
    return shm_getshmid(key) >= 0;
}

int shm_semaphore_haskey(key_t key)
{
    return shm_getsemid(key) >= 0;
}

/* The formula of the C library's ftok: keys have to agree with those of other programs. */
key_t shm_ftok(const char *path, int id)
{
    struct stat st;
    if (id < 0 || id > 255)
        return shm_failf(ERANGE, "the id for ftok is 0 to 255, not %d", id);
    if (stat(path, &st) < 0)
        return shm_failf(errno, "no key can be made from \"%s\", which cannot be examined",
                         path);
    unsigned key = (unsigned)id << 24 | ((unsigned)st.st_dev & 0xff) << 16 |
                   ((unsigned)st.st_ino & 0xffff);
    return (key_t)key;
}
