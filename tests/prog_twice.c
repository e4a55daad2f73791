/*
 * The posix backend's folder names each file twice, as one may that others change while it is read: an object is
 * still listed and counted once.
 */
#include "config.h"

#include "tests/backend_support.h"

#include <dirent.h>
#include <stdlib.h>

#undef readdir
#undef readdir64

enum { SEGMENTS = 3, ROOM = 16 };

/* Of two names of the same function a C library may have one only: the real ones are weak. */
#define TWICE(name)                                                                            \
    void *__real_##name(DIR *folder) __attribute__((weak));                                    \
    void *__wrap_##name(DIR *folder);                                                          \
    void *__wrap_##name(DIR *folder)                                                           \
    {                                                                                          \
        static void *entry;                                                                    \
        static bool again;                                                                     \
        again = !again && entry != NULL;                                                       \
        if (!again)                                                                            \
            entry = __real_##name(folder);                                                     \
        return entry;                                                                          \
    }

TWICE(readdir)
TWICE(readdir64)

static int highest(void)
{
    struct shm_backend_shmusage usage;

    int result = shm_backend_shmctl(0, LIBSHM_SHM_INFO, &usage);
    EXPECT_INT(usage.used_ids, SEGMENTS);
    return result;
}

static void by_rank(void)
{
    struct shm_backend_shmid_ds ds;

    EXPECT_INT(highest(), SEGMENTS - 1);
    for (int rank = 0, before = -1; rank < SEGMENTS; rank++) {
        int id = shm_backend_shmctl(rank, LIBSHM_SHM_STAT, &ds);
        EXPECT(id > before);
        before = id;
    }
    EXPECT_ERR(shm_backend_shmctl(SEGMENTS, LIBSHM_SHM_STAT, &ds), EINVAL);
}

static void all_at_once(void)
{
    int ids[ROOM];

    EXPECT_INT(shm_backend_shm_list(ids, ROOM), SEGMENTS);
    for (int i = 1; i < SEGMENTS; i++)
        EXPECT(ids[i] > ids[i - 1]);
}

int main(void)
{
    int ids[SEGMENTS];

    announce();
    for (int i = 0; i < SEGMENTS; i++) {
        ids[i] = shm_backend_shmget(LIBSHM_IPC_PRIVATE, 1, 0600);
        EXPECT_OK(ids[i]);
    }
    by_rank();
    all_at_once();
    for (int i = 0; i < SEGMENTS; i++)
        EXPECT_OK(shm_backend_shmctl(ids[i], LIBSHM_IPC_RMID, NULL));
    return 0;
}
