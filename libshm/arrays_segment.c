/* One partition's segment and semaphore: found by key, mapped, checked; and let go again. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libshm/arrays_check.h"
#include "libshm/arrays_private.h"
#include "libshm/backend.h"
#include "libshm/fail.h"
#include "libshm/keep.h"

enum {
    READY_POLLS = 250, /* a millisecond each: how long an attach waits for a creator */
};

static int find(struct shm_partition *p, key_t key)
{
    if (key == LIBSHM_IPC_PRIVATE)
        return shm_fail(EINVAL, "key 0 names no array set: it always makes a new object");
    p->shmid = shm_backend_shmget(key, 0, 0);
    return p->shmid < 0 ? -1 : 0;
}

/* Who may only read still reads without a lock, so a refusal of writing is no failure. */
static int map(struct shm_partition *p)
{
    struct shm_kept kept;
    shm_keep(&kept);
    void *base = shm_backend_shmat(p->shmid, NULL, 0);
    if (base == (void *)-1 && errno == EACCES) {
        p->read_only = true;
        base = shm_backend_shmat(p->shmid, NULL, LIBSHM_ATTACH_RDONLY);
        if (base != (void *)-1)
            shm_keep_restore(&kept);
    }
    if (base == (void *)-1)
        return -1;
    p->header = base;
    return 0;
}

/*
 * The size, which the segment itself names. Where the backend cannot confirm it without a system call it is asked,
 * which in user space counts the attaches as well.
 */
static int measure(const struct shm_partition *p, key_t key, size_t *size)
{
    struct shm_backend_shmid_ds ds;
    *size = (size_t)p->header->total; /* mapped are whole pages, whatever it is */
    if (!shm_backend_shm_is(p->shmid, key, *size)) {
        if (shm_backend_shmctl(p->shmid, LIBSHM_IPC_STAT, &ds) < 0)
            return -1;
        *size = ds.segsz;
    }
    if (*size < sizeof *p->header)
        return shm_failf(EINVAL,
                         "the segment with key %u has %zu bytes, less than the header of an "
                         "array set; it is something else",
                         (unsigned)key, *size);
    return 0;
}

static uint64_t magic_of(const struct shm_partition *p)
{
    /* Pairs with the release that publishes a new set: all its metadata are there. */
    return atomic_load_explicit(&p->header->magic, memory_order_acquire);
}

static int fail_forming(int shmid)
{
    struct shm_backend_shmid_ds ds;
    if (shm_backend_shmctl(shmid, LIBSHM_IPC_STAT, &ds) < 0)
        return -1;
    if (kill(ds.cpid, 0) == 0 || errno == EPERM)
        return shm_failf(EAGAIN,
                         "the array set is not complete yet; its creator, process %ld, is "
                         "alive: try again",
                         (long)ds.cpid);
    return shm_failf(ENOTRECOVERABLE,
                     "the array set was never completed: its creator, process %ld, does not "
                     "live any more; remove what it left behind (shmtool)",
                     (long)ds.cpid);
}

static bool is_swapped(uint64_t magic)
{
    uint64_t swapped = 0;
    for (int byte = 0; byte < 8; byte++)
        swapped = swapped << 8 | ((magic >> (8 * byte)) & 0xff);
    return swapped == LIBSHM_MAGIC_READY;
}

static int wait_until_ready(const struct shm_partition *p)
{
    uint64_t magic = magic_of(p);
    for (int i = 0; magic == LIBSHM_MAGIC_FORMING && i < READY_POLLS; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        magic = magic_of(p);
    }
    if (magic == LIBSHM_MAGIC_READY)
        return 0;
    if (magic == LIBSHM_MAGIC_FORMING)
        return fail_forming(p->shmid);
    if (magic == LIBSHM_MAGIC_REMOVED)
        return shm_fail(EIDRM, "the array set is being removed");
    if (is_swapped(magic))
        return shm_fail(EINVAL, "the array set was made on a machine of the other byte order");
    return shm_fail(EINVAL, "the segment does not begin as an array set does; it is something "
                            "else, or a legacy segment without a header");
}

/*
 * All that is ever read of the layout is copied first and checked in the copy: a peer could
 * change the segment between a check and the use of what was checked.
 */
static int copy_and_parse(struct shm_partition *p)
{
    size_t nbytes = (size_t)p->checked.metadata;
    unsigned char *copy = malloc(nbytes);
    p->narrays = (size_t)p->checked.narrays;
    p->storage = malloc(nbytes);
    p->arrays = calloc(p->narrays + 1, sizeof *p->arrays); /* + 1: NULL is a failure */
    int result = -1;
    if (!copy || !p->storage || !p->arrays) {
        shm_fail(ENOMEM, "no memory for the description of an array set");
    } else {
        memcpy(copy, &p->checked, sizeof p->checked);
        memcpy(copy + sizeof p->checked, p->header + 1, nbytes - sizeof p->checked);
        result = shm_layout_parse(copy, nbytes, p->arrays, p->storage);
    }
    if (result == 0 && p->checked.partition == 0)
        p->pairs = copy; /* what precedes the pairs is let be: it is small */
    else
        free(copy);
    return result;
}

static int check(struct shm_partition *p, key_t key)
{
    size_t size;
    if (measure(p, key, &size) < 0 || wait_until_ready(p) < 0)
        return -1;
    memcpy(&p->checked, p->header, sizeof p->checked);
    if (shm_layout_check_header(&p->checked, size) < 0 || shm_check_key(&p->checked, key) < 0)
        return -1;
    p->keys = (struct shm_key_pair){key, p->checked.semaphore_key};
    p->slot_nbytes = (size_t)p->checked.slot_nbytes;
    return copy_and_parse(p);
}

static int find_semaphore(struct shm_partition *p)
{
    if (p->keys.semaphore_key == LIBSHM_IPC_PRIVATE)
        return shm_fail(EINVAL, "a partition of the array set names no semaphore");
    p->semid = shm_backend_semget(p->keys.semaphore_key, 1, 0);
    if (p->semid >= 0)
        return 0;
    if (errno != ENOENT)
        return -1;
    return shm_failf(EIDRM, "the semaphore with key %u, the lock of partition %u, was removed",
                     (unsigned)p->keys.semaphore_key, (unsigned)p->checked.partition);
}

int shm_segment_attach(struct shm_partition *p, key_t memory_key)
{
    *p = (struct shm_partition){.shmid = -1, .semid = -1};
    if (find(p, memory_key) < 0 || map(p) < 0)
        return -1;
    if (check(p, memory_key) == 0 && find_semaphore(p) == 0)
        return 0;
    struct shm_kept kept;
    shm_keep(&kept);
    shm_segment_detach(p);
    shm_keep_restore(&kept);
    return -1;
}

void shm_segment_detach(struct shm_partition *p)
{
    if (p->header)
        shm_backend_shmdt(p->header);
    p->header = NULL;
    free(p->pairs);
    free(p->storage);
    free(p->arrays);
    p->pairs = NULL;
    p->storage = NULL;
    p->arrays = NULL;
}

int shm_segment_check_live(const struct shm_partition *p)
{
    if (atomic_load_explicit(&p->header->magic, memory_order_relaxed) == LIBSHM_MAGIC_READY)
        return 0;
    return shm_fail(EIDRM, "the array set was removed while this handle was attached");
}
