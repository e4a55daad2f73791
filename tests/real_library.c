/*
 * The library as a program gets it: linked from libshm.la, public headers only.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libshm/shm.h>

static int failed(const char *what)
{
    printf("%s: %s: %s\n", what, strerror(errno), shm_error_detail());
    return 1;
}

static int use_memory(void)
{
    struct shm_memory *m = shm_create_unique_memory(100, 0600, 'x');
    char text[4] = "";
    int shmid;

    if (m == NULL)
        return failed("shm_create_unique_memory");
    if (shm_memory_attach(m, NULL, 0) != 0)
        return failed("shm_memory_attach");
    if (shm_memory_write(m, "abc", 3, 50) != 0 || shm_memory_read(m, text, 3, 49) != 0)
        return failed("write and read");
    if (strcmp(text, "xab") != 0) {
        printf("read \"%s\", expected \"xab\"\n", text);
        return 1;
    }
    if (shm_memory_detach(m) != 0 || shm_memory_shmid(m, &shmid) != 0 ||
        shm_remove_memory(shmid) != 0)
        return failed("detach and remove");
    shm_memory_free(m);
    return 0;
}

static int use_semaphore(void)
{
    struct shm_semaphore *s = shm_create_unique_semaphore(1, 0600);
    int semid;

    if (s == NULL)
        return failed("shm_create_unique_semaphore");
    if (shm_semaphore_p(s) != 0 || shm_semaphore_z(s) != 0 || shm_semaphore_v(s) != 0)
        return failed("P, Z, V");
    if (shm_semaphore_semid(s, &semid) != 0 || shm_remove_semaphore(semid) != 0)
        return failed("shm_remove_semaphore");
    shm_semaphore_free(s);
    return 0;
}

int main(void)
{
    printf("libshm %s, backend %s\n", shm_version(), shm_backend());
    if (strcmp(shm_version(), LIBSHM_VERSION) != 0) {
        printf("the header says %s\n", LIBSHM_VERSION);
        return 1;
    }
    return use_memory() != 0 || use_semaphore() != 0;
}
