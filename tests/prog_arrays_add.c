/* Eight processes add 10,000 times each: the sums and the version counters are exact. */
#include "config.h"

#include <string.h>

#include "tests/arrays_programs.h"

enum { WORKERS = 8, UPDATES = 10000, LARGE = 20000, SMALL = 100 };

static int32_t integers[SMALL];
static double reals[SMALL];
static uint8_t bytes[LARGE];

static const struct shm_array_spec specs[] = {
    {.label = "integers", .dtype = LIBSHM_INT32, .ndim = 1, .shape = (const size_t[]){SMALL}},
    {.label = "reals", .dtype = LIBSHM_FLOAT64, .ndim = 1, .shape = (const size_t[]){SMALL}},
    {.label = "bytes", .dtype = LIBSHM_UINT8, .ndim = 1, .shape = (const size_t[]){LARGE}}};

static void *const all[] = {integers, reals, bytes};

static int add(key_t root, int number)
{
    const void *data[] = {integers, reals, bytes};
    struct shm_arrays *a = shm_arrays_attach_verified(root, specs, 3);
    EXPECT(a);
    for (int i = 0; i < SMALL; i++) {
        integers[i] = number;
        reals[i] = 0.25;
    }
    memset(bytes, 1, sizeof bytes);
    for (int i = 0; i < scaled(UPDATES); i++)
        EXPECT(shm_arrays_update(a, LIBSHM_ADD, 0, data, NULL) == 0);
    EXPECT(shm_arrays_close(a) == 0);
    return 0;
}

static void check_sums(struct shm_arrays *a)
{
    int updates = scaled(UPDATES);
    EXPECT(shm_arrays_read(a, all) == 0);
    for (int i = 0; i < SMALL; i++) {
        EXPECT(integers[i] == updates * WORKERS * (WORKERS + 1) / 2);
        EXPECT(reals[i] == 0.25 * updates * WORKERS);
    }
    for (int i = 0; i < LARGE; i++)
        EXPECT(bytes[i] == updates * WORKERS % 256);
    EXPECT(shm_arrays_npartitions(a) == 2);
    for (size_t p = 0; p < 2; p++) {
        uint64_t version;
        EXPECT(shm_arrays_version(a, p, &version) == 0);
        EXPECT(version == (uint64_t)updates * WORKERS);
    }
}

int main(int argc, char **argv)
{
    pid_t workers[WORKERS];
    if (argc == 3)
        return add((key_t)atol(argv[1]), atoi(argv[2]));
    support_start();
    struct shm_arrays *a = shm_arrays_create(specs, 3, NULL, 0600);
    EXPECT(a);
    double start = seconds_now();
    for (int i = 0; i < WORKERS; i++)
        workers[i] = start_role("add", shm_arrays_root(a), i + 1);
    for (int i = 0; i < WORKERS; i++)
        end_role(workers[i], 0);
    check_sums(a);
    printf("%d processes, %d updates of two partitions each: %.2f s\n", WORKERS,
           scaled(UPDATES), seconds_now() - start);
    EXPECT(shm_arrays_remove(a) == 0);
    EXPECT(shm_arrays_close(a) == 0);
    return 0;
}
