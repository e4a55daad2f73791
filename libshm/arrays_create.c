/*
 * Creation: all objects first, under random keys; the root's table of keys; the magics, that of
 * the root last. Until then nobody can attach. A segment's header names its set and the key of
 * its semaphore before that semaphore is made, so what a killed creator leaves can be told from
 * anything else and be removed as a whole.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libshm/arrays_private.h"
#include "libshm/backend.h"
#include "libshm/fail.h"
#include "libshm/keep.h"
#include "libshm/random.h"

enum {
    ATTEMPTS = 64, /* for a free key: against n objects each fails with n / 2^32 */
};

/* One partition in the making; what does not exist yet is -1 or NULL. */
struct part {
    int shmid;
    int semid;
    struct shm_segment_header *header;
    struct shm_segment_identity identity;
    struct shm_layout layout;
    struct shm_array *arrays; /* in group order, inside of the draft's */
    size_t narrays;
};

/* A set in the making. */
struct draft {
    struct shm_array *arrays; /* in the order of the groups */
    struct part *parts;
    size_t nparts;
    size_t count;
    mode_t perm;
    const void *const *data;
};

static int draw_key(key_t *key)
{
    do
        if (shm_random_bytes(key, sizeof *key) < 0)
            return -1;
    while (*key == LIBSHM_IPC_PRIVATE);
    return 0;
}

static int flags_of(const struct draft *d)
{
    return LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | (int)d->perm;
}

static int make_memory(const struct draft *d, struct part *part)
{
    for (int i = 0; part->shmid < 0 && i < ATTEMPTS; i++) {
        if (draw_key(&part->identity.keys.memory_key) < 0)
            return -1;
        part->shmid =
            shm_backend_shmget(part->identity.keys.memory_key, part->layout.total, flags_of(d));
        if (part->shmid < 0 && errno != EEXIST)
            return -1;
    }
    if (part->shmid < 0)
        return -1;
    void *base = shm_backend_shmat(part->shmid, NULL, 0);
    if (base == (void *)-1)
        return -1;
    part->header = base;
    return 0;
}

/* The key is in the header before the semaphore exists: a killed creator's can be found. */
static int make_semaphore(const struct draft *d, struct part *part)
{
    for (int i = 0; part->semid < 0 && i < ATTEMPTS; i++) {
        if (draw_key(&part->identity.keys.semaphore_key) < 0)
            return -1;
        part->header->semaphore_key = part->identity.keys.semaphore_key;
        part->semid = shm_backend_semget(part->identity.keys.semaphore_key, 1, flags_of(d));
        if (part->semid < 0 && errno != EEXIST)
            return -1;
    }
    if (part->semid < 0)
        return -1;
    return shm_backend_semctl(part->semid, 0, LIBSHM_SETVAL,
                              (union shm_backend_semun){.val = 1});
}

/* New memory is zero, and so are arrays without initial data. */
static void copy_data(const struct draft *d, const struct part *part)
{
    unsigned char *base = (unsigned char *)part->header;
    for (size_t i = 0; d->data && i < part->narrays; i++) {
        const struct shm_array *array = &part->arrays[i];
        if (d->data[array->index])
            shm_copy(base + array->offset[0], d->data[array->index], array->nbytes, false);
    }
}

static int make_part(const struct draft *d, struct part *part)
{
    size_t npairs = part->identity.partition == 0 ? d->nparts : 0;
    if (shm_layout_compute(&part->layout, part->arrays, part->narrays, npairs) < 0 ||
        make_memory(d, part) < 0)
        return -1;
    shm_layout_write((unsigned char *)part->header, &part->layout, part->arrays, part->narrays,
                     &part->identity);
    if (make_semaphore(d, part) < 0)
        return -1;
    copy_data(d, part);
    return 0;
}

static void set_ready(const struct part *part)
{
    /* Pairs with the acquire of an attacher: what was written before is there. */
    atomic_store_explicit(&part->header->magic, LIBSHM_MAGIC_READY, memory_order_release);
}

static void publish(const struct draft *d)
{
    unsigned char *table = (unsigned char *)d->parts[0].header + d->parts[0].layout.pairs;
    for (size_t i = 0; i < d->nparts; i++) {
        const struct shm_key_pair *keys = &d->parts[i].identity.keys;
        struct shm_segment_pair pair = {keys->memory_key, keys->semaphore_key};
        memcpy(table + i * sizeof pair, &pair, sizeof pair);
    }
    for (size_t i = d->nparts; i-- > 0;)
        set_ready(&d->parts[i]);
}

static void let_go(const struct draft *d)
{
    for (size_t i = 0; i < d->nparts; i++)
        if (d->parts[i].header)
            shm_backend_shmdt(d->parts[i].header);
}

/* Nothing is left behind, and the failure that is told is the first. */
static void undo(const struct draft *d)
{
    struct shm_kept kept;
    shm_keep(&kept);
    let_go(d);
    for (size_t i = 0; i < d->nparts; i++) {
        const struct part *part = &d->parts[i];
        if (part->semid >= 0)
            shm_backend_semctl(part->semid, 0, LIBSHM_IPC_RMID, (union shm_backend_semun){0});
        if (part->shmid >= 0)
            shm_backend_shmctl(part->shmid, LIBSHM_IPC_RMID, NULL);
    }
    shm_keep_restore(&kept);
}

static int make_parts(const struct draft *d)
{
    for (size_t i = 0; i < d->nparts; i++)
        if (make_part(d, &d->parts[i]) < 0)
            return -1;
    return 0;
}

/* The handle comes from the bytes that were just written: what attaches here does anywhere. */
static struct shm_arrays *build(const struct draft *d)
{
    struct shm_arrays *a = NULL;
    if (make_parts(d) == 0) {
        publish(d);
        a = shm_arrays_attach(d->parts[0].identity.keys.memory_key);
    }
    if (a)
        let_go(d);
    else
        undo(d);
    return a;
}

static int prepare_parts(struct draft *d, const size_t *ends)
{
    uint64_t set_id;
    if (shm_random_bytes(&set_id, sizeof set_id) < 0)
        return -1;
    d->parts = calloc(d->nparts, sizeof *d->parts);
    if (!d->parts)
        return shm_fail(ENOMEM, "no memory to create an array set");
    for (size_t i = 0; i < d->nparts; i++) {
        size_t begin = i > 0 ? ends[i - 1] : 0;
        d->parts[i] = (struct part){
            .shmid = -1, .semid = -1, .arrays = d->arrays + begin, .narrays = ends[i] - begin};
        d->parts[i].identity = (struct shm_segment_identity){
            .set_id = set_id, .set_arrays = d->count, .partition = i, .npartitions = d->nparts};
    }
    return 0;
}

/* Sorts the arrays into their groups. `sizes` has room for three numbers per array. */
static int split(struct draft *d, const struct shm_array_spec *specs, size_t *sizes)
{
    size_t *order = sizes + d->count, *ends = order + d->count;
    for (size_t i = 0; i < d->count; i++) {
        if (shm_array_from_spec(&d->arrays[i], &specs[i]) < 0)
            return -1;
        sizes[i] = d->arrays[i].count;
    }
    d->nparts = shm_partition_sizes(sizes, d->count, LIBSHM_PARTITION_MIN_SIZE, order, ends);
    for (size_t i = 0; i < d->count; i++) {
        shm_array_from_spec(&d->arrays[i], &specs[order[i]]);
        d->arrays[i].index = order[i];
    }
    return prepare_parts(d, ends);
}

static int check_names(const struct draft *d)
{
    struct shm_array **by_name = calloc(d->count, sizeof *by_name);
    if (!by_name)
        return shm_fail(ENOMEM, "no memory to create an array set");
    for (size_t i = 0; i < d->count; i++)
        by_name[i] = &d->arrays[i];
    int result = shm_names_sort(by_name, d->count);
    free(by_name);
    return result;
}

static int check_arguments(size_t count, mode_t perm)
{
    if (count == 0)
        return shm_fail(EINVAL, "an array set has at least one array");
    if (count > UINT32_MAX || count > SIZE_MAX / 3 / sizeof(struct shm_array))
        return shm_failf(EINVAL, "%zu arrays are too many for one set", count);
    if (perm & ~(mode_t)0777)
        return shm_failf(EINVAL, "permissions are the nine bits 0777, not %#lo",
                         (unsigned long)perm);
    if ((perm & 0600) != 0600)
        return shm_failf(EINVAL,
                         "permissions %#lo would shut out the owner of the array set; include "
                         "0600",
                         (unsigned long)perm);
    return 0;
}

struct shm_arrays *shm_arrays_create(const struct shm_array_spec *specs, size_t count,
                                     const void *const *data, mode_t perm)
{
    if (check_arguments(count, perm) < 0)
        return NULL;
    int before = errno;
    struct shm_arrays *a = NULL;
    struct draft d = {.count = count, .perm = perm, .data = data};
    size_t *sizes = calloc(3 * count, sizeof *sizes);
    d.arrays = calloc(count, sizeof *d.arrays);
    if (!sizes || !d.arrays)
        shm_fail(ENOMEM, "no memory to create an array set");
    else if (split(&d, specs, sizes) == 0 && check_names(&d) == 0)
        a = build(&d);
    free(sizes);
    free(d.arrays);
    free(d.parts);
    if (a)
        errno = before;
    return a;
}
