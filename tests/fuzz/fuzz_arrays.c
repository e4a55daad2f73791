/*
 * Sets of arrays whose segments have other bytes than the library writes, before an attach and
 * under an open handle. Whatever an attach accepts must be usable to its last byte.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "libshm/arrays.h"
#include "libshm/arrays_layout.h"
#include "tests/backend_support.h"
#include "tests/fuzz/fuzz.h"

enum { MOST_ACTS = 32, MOST_BYTES = 64, MOST_PARTITIONS = 4, LONGEST = 1 << 20, KINDS = 3 };

/* A set is made once and gets its bytes back after each input, unless it was removed. */
struct world {
    struct shm_arrays *owner;  /* NULL: to be made */
    struct shm_arrays *handle; /* of this input; may be NULL */
    const struct shm_array_spec *specs;
    size_t count, npartitions;
    struct shm_key_pair pairs[MOST_PARTITIONS];
    unsigned char *bytes[MOST_PARTITIONS], *before[MOST_PARTITIONS];
    size_t nbytes[MOST_PARTITIONS];
};

static const size_t two_by_three[] = {2, 3}, many[] = {20000}, none[] = {0, 7};
static const struct shm_array_spec small[] = {
    {.label = "weights", .dtype = LIBSHM_FLOAT64, .ndim = 2, .shape = two_by_three},
    {.key = 5, .dtype = LIBSHM_INT16, .ndim = 1, .shape = two_by_three},
    {.label = "o", .dtype = LIBSHM_OPAQUE, .itemsize = 7, .ndim = 2, .shape = two_by_three},
    {.label = "empty", .dtype = LIBSHM_FLOAT16, .ndim = 2, .shape = none}};
static const struct shm_array_spec scalar[] = {
    {.key = -1, .dtype = LIBSHM_LONGDOUBLE},
    {.key = 2, .dtype = LIBSHM_OPAQUE, .itemsize = 3, .ndim = 2, .shape = none}};
static const struct shm_array_spec split[] = {
    {.label = "a", .dtype = LIBSHM_INT8, .ndim = 1, .shape = many},
    {.label = "b", .dtype = LIBSHM_UINT8, .ndim = 1, .shape = many},
    {.key = 7, .dtype = LIBSHM_BOOL, .ndim = 2, .shape = two_by_three}};

static struct world worlds[KINDS] = {
    {.specs = small, .count = 4}, {.specs = scalar, .count = 2}, {.specs = split, .count = 3}};

static void map_partition(struct world *w, size_t i)
{
    struct shm_backend_shmid_ds ds;
    int id = (int)EXPECT_OK(shm_backend_shmget(w->pairs[i].memory_key, 0, 0));

    EXPECT_OK(shm_backend_shmctl(id, LIBSHM_IPC_STAT, &ds));
    w->nbytes[i] = ds.segsz;
    w->bytes[i] = shm_backend_shmat(id, NULL, 0);
    EXPECT(w->bytes[i] != NOT_ATTACHED);
    w->before[i] = malloc(ds.segsz);
    EXPECT(w->before[i] != NULL);
    memcpy(w->before[i], w->bytes[i], ds.segsz);
}

static void make_set(struct world *w)
{
    if (w->owner)
        return;
    w->owner = shm_arrays_create(w->specs, w->count, NULL, 0600);
    EXPECT(w->owner != NULL);
    w->npartitions = shm_arrays_keys(w->owner, w->pairs, MOST_PARTITIONS);
    for (size_t i = 0; i < w->npartitions; i++)
        map_partition(w, i);
}

static void restore(struct world *w)
{
    for (size_t i = 0; w->owner && i < w->npartitions; i++)
        memcpy(w->bytes[i], w->before[i], w->nbytes[i]);
}

static void forget_set(struct world *w)
{
    for (size_t i = 0; i < w->npartitions; i++) {
        EXPECT_OK(shm_backend_shmdt(w->bytes[i]));
        free(w->before[i]);
    }
    EXPECT_OK(shm_arrays_close(w->owner));
    w->owner = NULL;
}

static void remove_sets(void)
{
    for (int kind = 0; kind < KINDS; kind++)
        if (worlds[kind].owner) {
            restore(&worlds[kind]);
            EXPECT_OK(shm_arrays_remove(worlds[kind].owner));
            forget_set(&worlds[kind]);
        }
}

/*
 * Acts that change bytes.
 */

static size_t place(const struct world *w, struct fuzz_input *input, size_t *partition)
{
    unsigned which = fuzz_byte(input);

    *partition = (which >> 2) % w->npartitions;
    const struct shm_segment_header *h = (const void *)w->before[*partition];
    const size_t starts[] = {0, sizeof *h, (size_t)h->pairs,
                             sizeof *h + 80 * (size_t)h->narrays};
    return starts[which & 3] + fuzz_short(input) % 1024;
}

static void store(struct world *w, size_t partition, size_t at, const void *bytes, size_t size)
{
    if (at < w->nbytes[partition] && size <= w->nbytes[partition] - at)
        memcpy(w->bytes[partition] + at, bytes, size);
}

static void patch(void *world, struct fuzz_input *input)
{
    unsigned char bytes[MOST_BYTES];
    size_t partition, at = place(world, input, &partition);

    store(world, partition, at, bytes, fuzz_bytes(input, bytes, sizeof bytes));
}

static void patch_word(void *world, struct fuzz_input *input)
{
    size_t partition, at = place(world, input, &partition);
    uint64_t number = fuzz_number(input);

    store(world, partition, at / 4 * 4, &number, fuzz_byte(input) & 1 ? 4 : 8);
}

/* One of the partitions becomes a copy of another. */
static void copy_partition(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    unsigned which = fuzz_byte(input);
    size_t from = (which & 3) % w->npartitions, to = (which >> 2 & 3) % w->npartitions;

    if (from != to)
        memcpy(w->bytes[to], w->bytes[from], which & 16 ? 256 : 1024);
}

/*
 * Acts that are calls.
 */

static void close_handle(void *world, struct fuzz_input *input)
{
    struct world *w = world;

    (void)input;
    if (w->handle)
        EXPECT_OK(shm_arrays_close(w->handle));
    w->handle = NULL;
}

/* A set in the making is waited for: that costs a quarter of a second, and is tested elsewhere. */
static int in_the_making(const struct world *w)
{
    uint64_t magic;

    for (size_t i = 0; i < w->npartitions; i++) {
        memcpy(&magic, w->bytes[i], sizeof magic);
        if (magic == LIBSHM_MAGIC_FORMING)
            return 1;
    }
    return 0;
}

static void attach_set(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    unsigned how = fuzz_byte(input) % 4;

    close_handle(w, input);
    if (in_the_making(w))
        return;
    if (how == 0)
        w->handle = shm_arrays_attach_verified(w->pairs[0].memory_key, w->specs, w->count);
    else if (how == 1)
        w->handle = shm_arrays_attach_pairs(w->pairs, w->npartitions, w->specs, w->count);
    else
        w->handle = shm_arrays_attach(w->pairs[how == 2 ? 0 : w->npartitions - 1].memory_key);
    if (w->handle)
        shm_arrays_settimeout(w->handle, 5);
}

/* A buffer for each array, exactly as large as it is said to be. */
static void **buffers(const struct shm_arrays *a)
{
    size_t count = shm_arrays_count(a);
    void **all = calloc(count, sizeof *all);

    EXPECT(all != NULL);
    for (size_t i = 0; i < count; i++) {
        size_t nbytes = shm_arrays_nbytes(a, i);
        all[i] = nbytes <= LONGEST ? calloc(1, nbytes ? nbytes : 1) : NULL;
    }
    return all;
}

static void free_buffers(const struct shm_arrays *a, void **all)
{
    for (size_t i = 0; i < shm_arrays_count(a); i++)
        free(all[i]);
    free(all);
}

static int copy_old(const struct shm_array_update *update, void *context)
{
    (void)context;
    if (update->nbytes)
        memcpy(update->result, update->old, update->nbytes);
    return 0;
}

static void use_handle(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    unsigned how = fuzz_byte(input);
    uint64_t version;

    if (!w->handle)
        return;
    void **all = buffers(w->handle);
    const void *const *data = (const void *const *)all;
    switch (how % 8) {
    case 0:
        shm_arrays_read(w->handle, all);
        break;
    case 1:
        if (shm_arrays_nbytes(w->handle, how >> 3) <= LONGEST)
            shm_arrays_read_one(w->handle, how >> 3,
                                how >> 3 < shm_arrays_count(w->handle) ? all[how >> 3] : NULL);
        break;
    case 2:
        shm_arrays_write(w->handle, data);
        break;
    case 3:
        shm_arrays_update_with(w->handle, copy_old, NULL, how & 8 ? data : NULL, all);
        break;
    case 4:
        shm_arrays_version(w->handle, how >> 3, &version);
        break;
    default:
        shm_arrays_update(w->handle, (int)(how >> 3), (double)fuzz_byte(input) / 16, data,
                          how & 1 ? all : NULL);
    }
    free_buffers(w->handle, all);
}

static void ask_handle(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    struct shm_key_pair pairs[MOST_PARTITIONS];
    unsigned index = fuzz_byte(input);

    if (!w->handle)
        return;
    shm_arrays_keys(w->handle, pairs, MOST_PARTITIONS);
    shm_arrays_partition_of(w->handle, index);
    shm_arrays_find(w->handle, (int64_t)index);
    shm_arrays_find_label(w->handle, "weights");
    const struct shm_array_spec *spec = shm_arrays_spec(w->handle, index);
    size_t elements = 1;
    for (int i = 0; spec && i < spec->ndim; i++)
        elements *= spec->shape[i];
    if (spec && elements * spec->itemsize != shm_arrays_nbytes(w->handle, index))
        fuzz_finding("a shape that does not fit its array");
}

/* A partition that somebody keeps locked, or gives back without having it. */
static void set_semaphore(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    unsigned how = fuzz_byte(input);
    int id = shm_backend_semget(w->pairs[(how >> 2) % w->npartitions].semaphore_key, 1, 0);

    if (id >= 0)
        sem_set(id, 0, how & 3);
}

static void release_semaphores(const struct world *w)
{
    for (size_t i = 0; i < w->npartitions; i++) {
        int id = shm_backend_semget(w->pairs[i].semaphore_key, 1, 0);
        if (id >= 0)
            sem_set(id, 0, 1);
    }
}

/* Through a handle that trusts nothing; what it leaves is removed by the one that made it. */
static void remove_set_of_arrays(void *world, struct fuzz_input *input)
{
    struct world *w = world;

    (void)input;
    if (!w->handle || !w->owner)
        return;
    shm_arrays_remove(w->handle);
    close_handle(w, input);
    shm_arrays_remove(w->owner);
    forget_set(w);
    make_set(w);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_start();
    return atexit(remove_sets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static fuzz_act *const acts[] = {patch,          patch_word,          attach_set,
                                     copy_partition, use_handle,          close_handle,
                                     ask_handle,     set_semaphore,       patch_word,
                                     use_handle,     remove_set_of_arrays};
    struct fuzz_input input = {data, data + size};
    struct world *w = &worlds[fuzz_byte(&input) % KINDS];

    make_set(w);
    fuzz_run(w, &input, acts, sizeof acts / sizeof *acts, MOST_ACTS);
    close_handle(w, &input);
    restore(w);
    release_semaphores(w);
    return 0;
}
