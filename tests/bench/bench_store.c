/* Finding, attaching, making and removing objects, with few and with many others in the store. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "libshm/backend.h"
#include "libshm/shm.h"
#include "tests/bench/bench.h"
#include "tests/bench/bench_store.h"

enum { VISITED = 10, MOST = BENCH_MOST_OBJECTS, SIZE = BENCH_OBJECT_SIZE, BYTES_OF_ONE = 8192 };

static int *ids; /* of the population, whose keys are bench_key of 0 and more */
static long population;

static bool make_one(long number)
{
    int flags = LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0600;
    ids[number] = shm_backend_shmget(bench_key(number), SIZE, flags);
    return ids[number] != -1;
}

static bool populate(long wanted)
{
    for (; population < wanted; population++)
        if (!make_one(population))
            return false;
    return true;
}

static bool depopulate(void)
{
    bool good = true;
    while (population > 0)
        good = shm_backend_shmctl(ids[--population], LIBSHM_IPC_RMID, NULL) == 0 && good;
    return good;
}

/*
 * Ten of them, however many there are: with more the processor's caches would be compared, which hold
 * the kernel's records of ten files, and not the store.
 */
static long visited(long round)
{
    return round % VISITED * (population / VISITED);
}

static bool look_up(long unused, long rounds)
{
    (void)unused;
    for (; rounds > 0; rounds--) {
        long at = visited(rounds);
        if (shm_getshmid(bench_key(at)) != ids[at])
            return false;
    }
    return true;
}

static bool attach(long unused, long rounds)
{
    (void)unused;
    for (; rounds > 0; rounds--) {
        long at = visited(rounds);
        void *memory = shm_backend_shmat(ids[at], NULL, 0);
        if (memory == (void *)-1 || *(volatile char *)memory != 0 ||
            shm_backend_shmdt(memory) != 0)
            return false;
    }
    return true;
}

static int create(void)
{
    int flags = LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0600;
    return shm_backend_shmget(bench_key(BENCH_MOST_OBJECTS), SIZE, flags);
}

static bool destroy(int id)
{
    return shm_backend_shmctl(id, LIBSHM_IPC_RMID, NULL) == 0;
}

static double create_and_remove(long remove, long rounds)
{
    return bench_create_and_remove(create, destroy, remove, rounds);
}

static const char *const calls[] = {"look-up", "attach and detach", "create", "remove"};
enum { CALLS = 4 };

static bool measure(long objects)
{
    char title[80];
    bool kernel = bench_store_has_kernel();
    snprintf(title, sizeof title, "segments, with %ld others in the store", objects);
    struct bench_group group = {
        .title = title,
        .curve = "objects in the store",
        .x = (double)objects,
        .unit = "us",
        .cases = {
            {calls[0], BENCH_OURS, look_up, NULL, 0, "kernel: shmget", "file: open", 0},
            {calls[1], BENCH_OURS, attach, NULL, 0, "kernel: shmat, shmdt", "file: map", 0},
            {calls[2], BENCH_OURS, NULL, create_and_remove, 0, "kernel: create", "file: create",
             0},
            {calls[3], BENCH_OURS, NULL, create_and_remove, 1, "kernel: remove", "file: remove",
             0},
            {"kernel: shmget", BENCH_PEER, kernel ? bench_kernel_look_up : NULL, NULL, 0, NULL,
             NULL, 0},
            {"kernel: shmat, shmdt", BENCH_PEER, kernel ? bench_kernel_attach : NULL, NULL, 0,
             NULL, NULL, 0},
            {"kernel: create", BENCH_PEER, NULL, kernel ? bench_kernel_create : NULL, 0, NULL,
             NULL, 0},
            {"kernel: remove", BENCH_PEER, NULL, kernel ? bench_kernel_create : NULL, 1, NULL,
             NULL, 0},
            {"file: open", BENCH_LIMIT, bench_file_open, NULL, 0, NULL, NULL, 0},
            {"file: map", BENCH_LIMIT, bench_file_map, NULL, 0, NULL, NULL, 0},
            {"file: create", BENCH_LIMIT, NULL, bench_file_create, 0, NULL, NULL, 0},
            {"file: remove", BENCH_LIMIT, NULL, bench_file_create, 1, NULL, NULL, 0}}};
    return bench_run(&group);
}

static void judge(long objects, const double *few)
{
    for (int i = 0; i < CALLS && strcmp(shm_backend(), "posix") == 0; i++) {
        double many = bench_find(calls[i])->median;
        struct bench_verdict v = {.row = 13,
                                  .unit = "x",
                                  .value = many * 1e6,
                                  .other = few[i] * 1e6,
                                  .measured_unit = "us",
                                  .figure = many / few[i],
                                  .bound = 1.5};
        snprintf(v.what, sizeof v.what, "%s with %ld objects, to 10", calls[i], objects);
        bench_judge(&v);
    }
}

/* The kernel has a limit, and files need memory. */
static bool there_is_room(long objects)
{
    struct shm_backend_shminfo info;
    double needed = (double)objects * BYTES_OF_ONE;
    if (shm_backend_shmctl(0, LIBSHM_IPC_INFO, &info) != -1 &&
        (uint64_t)objects + 64 <= info.shmmni && needed <= bench_memory_allowed())
        return true;
    bench_remark("%ld objects in the store: left out, there is no room for as many", objects);
    return false;
}

static bool bench_population(void)
{
    double few[CALLS];
    long most = bench_settings.quick ? 1000 : MOST, last = 0;
    for (long objects = 10; objects <= most && there_is_room(objects); objects *= 10) {
        if (!bench_check(populate(objects), "objects are made") || !measure(objects))
            return false;
        for (int i = 0; i < CALLS && objects == 10; i++)
            few[i] = bench_find(calls[i])->median;
        last = objects;
    }
    if (last > 10)
        judge(last, few);
    return true;
}

bool bench_store(void)
{
    ids = calloc(MOST, sizeof *ids);
    if (!bench_check(ids != NULL && bench_store_peers_open(), "peers of the store are made"))
        return false;
    bool good = bench_population();
    good = bench_check(depopulate(), "all objects are removed") && good;
    free(ids);
    return bench_check(bench_store_peers_close(), "peers of the store are removed") && good;
}
