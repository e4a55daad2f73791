/* Objects under keys that the library chooses. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "libshm/fail.h"
#include "libshm/keep.h"
#include "libshm/memory_private.h"
#include "libshm/random.h"

/*
 * Against n objects a random key is taken with a probability of n / 2^32: even among a million,
 * so many in a row mean that the numbers are not random.
 */
enum {
    ATTEMPTS = 64,
};

/* Key 0 is no key; it counts as one that is taken. */
static int draw(key_t *key)
{
    if (shm_random_bytes(key, sizeof *key) < 0)
        return -1;
    return *key ? 0 : shm_fail(EEXIST, "no free key was found");
}

/* `create` is called with one key after the other until one was free; NULL: it failed. */
static void *create_under_new_key(void *(*create)(key_t key, void *wanted), void *wanted)
{
    struct shm_kept before;
    void *handle = NULL;
    int attempts = 0;
    key_t key;
    shm_keep(&before);
    do {
        handle = draw(&key) < 0 ? NULL : create(key, wanted);
    } while (!handle && errno == EEXIST && ++attempts < ATTEMPTS);
    if (handle && attempts > 0) /* A collision is no failure. */
        shm_keep_restore(&before);
    return handle;
}

struct wanted_memory {
    size_t size;
    mode_t perm;
};

static void *create_memory(key_t key, void *wanted)
{
    const struct wanted_memory *w = wanted;
    return shm_create_memory(key, w->size, w->perm);
}

static void give_up(struct shm_memory *m)
{
    int shmid = m->handle.id;
    shm_memory_free(m);
    shm_memory_uncreate(shmid);
}

struct shm_memory *shm_create_unique_memory(size_t size, mode_t perm, int fill)
{
    struct wanted_memory wanted = {.size = size, .perm = perm};
    if (fill < 0 || fill > 255) {
        shm_failf(EINVAL, "a segment is filled with a byte, 0 to 255, not %d", fill);
        return NULL;
    }
    struct shm_memory *m = create_under_new_key(create_memory, &wanted);
    if (!m)
        return NULL;
    if (shm_memory_attach(m, NULL, 0) < 0) {
        give_up(m);
        return NULL;
    }
    /* New memory is zero. */
    if (fill != 0)
        memset(shm_mapping_address(m->mapping), fill, size);
    return m;
}

struct wanted_semaphore {
    int value;
    mode_t perm;
};

static void *create_semaphore(key_t key, void *wanted)
{
    const struct wanted_semaphore *w = wanted;
    return shm_create_semaphore(key, w->value, w->perm);
}

struct shm_semaphore *shm_create_unique_semaphore(int value, mode_t perm)
{
    struct wanted_semaphore wanted = {.value = value, .perm = perm};
    return create_under_new_key(create_semaphore, &wanted);
}
