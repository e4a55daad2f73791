/* Finding and attaching a set of arrays by its root key. */
#include "config.h"

#include "libshm/arrays.h"
#include "libshm/shm.h"
#include "tests/bench/bench.h"
#include "tests/bench/bench_store.h"

static struct shm_arrays *arrays;

static double attach_set(long close_too, long rounds)
{
    double took = 0;
    while (rounds-- > 0) {
        double start = bench_now();
        struct shm_arrays *again = shm_arrays_attach(shm_arrays_root(arrays));
        took += bench_now() - start;
        if (again == NULL || shm_arrays_count(again) != 20)
            return -1;
        start = bench_now();
        if (shm_arrays_close(again) != 0)
            return -1;
        took += close_too ? bench_now() - start : 0;
    }
    return took;
}

static bool look_up_root(long unused, long rounds)
{
    (void)unused;
    while (rounds-- > 0)
        if (shm_getshmid(shm_arrays_root(arrays)) == -1)
            return false;
    return true;
}

static const struct bench_target targets[] = {
    {12, "posix", "attach a set by root key, 1 partition", "attach", NULL, 30, false},
    {12, "sysv", "attach a set by root key, 1 partition", "attach", NULL, 15, false},
    {12, "posix", "look-up of an existing key", "look-up", NULL, 3, false},
    {0}};

static bool measure_attach(void)
{
    bool kernel = bench_store_has_kernel();
    struct bench_group group = {
        .title = "a set of 20 x 100 float64 by its root key",
        .unit = "us",
        .targets = targets,
        .cases = {
            {"look-up", BENCH_OURS, look_up_root, NULL, 0, "kernel: shmget", "file: open", 0},
            {"attach", BENCH_OURS, NULL, attach_set, 0, "kernel: shmat, shmdt", "file: map", 0},
            {"close and attach", BENCH_OURS, NULL, attach_set, 1, "kernel: shmat, shmdt",
             "file: map", 0},
            {"kernel: shmget", BENCH_PEER, kernel ? bench_kernel_look_up : NULL, NULL, 0, NULL,
             NULL, 0},
            {"kernel: shmat, shmdt", BENCH_PEER, kernel ? bench_kernel_attach : NULL, NULL, 0,
             NULL, NULL, 0},
            {"file: open", BENCH_LIMIT, bench_file_open, NULL, 0, NULL, NULL, 0},
            {"file: map", BENCH_LIMIT, bench_file_map, NULL, 0, NULL, NULL, 0}}};
    return bench_run(&group);
}

static bool make_set(void)
{
    const size_t elements = 100;
    struct shm_array_spec specs[20];
    for (int i = 0; i < 20; i++)
        specs[i] = (struct shm_array_spec){
            .key = i, .dtype = LIBSHM_FLOAT64, .ndim = 1, .shape = &elements};
    arrays = shm_arrays_create(specs, 20, NULL, 0600);
    return arrays != NULL;
}

bool bench_attach(void)
{
    if (!bench_check(bench_store_peers_open() && make_set(), "a set to attach is made"))
        return false;
    bool good = measure_attach();
    good = bench_check(shm_arrays_remove(arrays) == 0, "the set is removed") && good;
    good = shm_arrays_close(arrays) == 0 && good;
    return bench_check(bench_store_peers_close(), "its peers are removed") && good;
}
