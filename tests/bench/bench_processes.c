/* How updates of arrays that the caches hold scale with the processes that make them. */
#include "config.h"

#include <stdatomic.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/bench_set.h"

enum { ARRAYS = 20, ELEMENTS = 20000, FEW_ELEMENTS = 2000 };

static struct bench_set set;
static long updates; /* of all processes */

static bool update(int who)
{
    (void)who;
    return bench_set_update(&set, 1, false);
}

/* As much work on memory that nobody else has. */
static bool loop(int who)
{
    (void)who;
    for (size_t i = 0; i < set.narrays; i++)
        for (size_t k = 0; k < set.elements; k++)
            set.slot[1][i][k] = set.slot[0][i][k] + BENCH_FACTOR * set.fresh[i][k];
    return bench_set_is(set.slot[1][0][0], 0, 0, 1);
}

/*
 * What updates move from processor to processor: what the other has written last is read, and the half replaced
 * that it has read. Nobody locks: they begin far from each other, and where they meet only numbers are spoilt.
 */
static struct shared {
    _Atomic unsigned version;
    double half[2][ELEMENTS];
} * shared;

static bool loop_shared(int who)
{
    size_t last = set.elements - 1;
    bool good = true;
    for (size_t n = 0; n < set.narrays; n++) {
        size_t i = (n + (size_t)who * set.narrays / 2) % set.narrays;
        unsigned v = atomic_load(&shared[i].version);
        const double *old = shared[i].half[v & 1];
        double *fresh = shared[i].half[(v + 1) & 1];
        for (size_t k = 0; k < set.elements; k++)
            fresh[k] = old[k] + BENCH_FACTOR * set.fresh[i][k];
        atomic_store(&shared[i].version, v + 1);
        /* All began as zero, and have been added to once at least. */
        good = good && fresh[last] / (BENCH_FACTOR * set.fresh[i][last]) > 0.5;
    }
    return good;
}

/* What users do: one lock around the loop over shared memory. */
static bool update_in_place(int who)
{
    (void)who;
    double *memory = bench_mutex.memory();
    if (!bench_mutex.lock())
        return false;
    for (size_t i = 0; i < set.narrays; i++)
        for (size_t k = 0; k < set.elements; k++)
            memory[i * set.elements + k] += BENCH_FACTOR * set.fresh[i][k];
    return bench_mutex.unlock();
}

/* `parameter`: how many processes, and what they do. Seconds that one step takes in all of them. */
static double steps(bool (*step)(int who), long count, long rounds)
{
    struct bench_worker workers[BENCH_MAX_WORKERS] = {{0}};
    double rate = 0;
    for (int who = 0; who < count; who++)
        workers[who].step = step;
    if (!bench_at_once(workers, (int)count, bench_settings.quick ? 2e-3 : 0.05))
        return -1;
    for (int who = 0; who < count; who++) {
        rate += (double)workers[who].count / workers[who].seconds;
        if (step == update)
            updates += workers[who].count + 1;
    }
    return (double)rounds / rate;
}

static double updates_by(long count, long rounds)
{
    return steps(update, count, rounds);
}

static double loops_by(long count, long rounds)
{
    return steps(loop, count, rounds);
}

static double loops_shared_by(long count, long rounds)
{
    return steps(loop_shared, count, rounds);
}

static double updates_in_place_by(long count, long rounds)
{
    return steps(update_in_place, count, rounds);
}

static bool measure_curve(int count)
{
    char title[80];
    snprintf(title, sizeof title, "%d processes update %d x %zu float64, for one update", count,
             ARRAYS, set.elements);
    struct bench_group group = {.title = title,
                                .curve = "processes",
                                .x = count,
                                .unit = "us",
                                .rounds = 1,
                                .cases = {{"update", BENCH_OURS, NULL, updates_by, count,
                                           "in place, robust mutex", "loop", 0},
                                          {"in place, robust mutex", BENCH_PEER, NULL,
                                           updates_in_place_by, count, NULL, "loop", 0},
                                          {"loop on private memory", BENCH_LIMIT, NULL,
                                           loops_by, count, NULL, NULL, 0}}};
    return bench_run(&group);
}

static const struct bench_target targets[] = {
    {11, NULL, "two processes updating 20x20,000, to one process", "one process",
     "two processes", 1.8, true},
    {0}};

static bool measure_two(void)
{
    struct bench_group group = {
        .title = "one process, and two, update the same arrays, for one update",
        .unit = "us",
        .rounds = 1,
        .targets = targets,
        .cases = {
            {"one process", BENCH_OURS, NULL, updates_by, 1, NULL, "one loop", 0},
            {"two processes", BENCH_OURS, NULL, updates_by, 2, "one process",
             "two loops on shared memory", 0},
            {"one loop", BENCH_LIMIT, NULL, loops_by, 1, NULL, NULL, 0},
            {"two loops", BENCH_LIMIT, NULL, loops_by, 2, "one loop", NULL, 0},
            {"one loop on shared memory", BENCH_LIMIT, NULL, loops_shared_by, 1, NULL, NULL, 0},
            {"two loops on shared memory", BENCH_LIMIT, NULL, loops_shared_by, 2,
             "one loop on shared memory", NULL, 0}}};
    return bench_run(&group);
}

static bool measure(void)
{
    bool good = measure_two();
    for (int count = 1; good && count <= (bench_settings.quick ? 2 : BENCH_MAX_WORKERS);
         count *= 2)
        good = measure_curve(count);
    return good;
}

bool bench_processes(void)
{
    size_t elements = bench_settings.quick ? FEW_ELEMENTS : ELEMENTS;
    if (!bench_check(bench_set_make(&set, ARRAYS, elements), "arrays for processes are made"))
        return false;
    bool good = bench_mutex.open(sizeof(double) * ARRAYS * elements);
    bench_remark("%ld cores for up to %d processes", sysconf(_SC_NPROCESSORS_ONLN),
                 BENCH_MAX_WORKERS);
    shared = bench_shared_memory(ARRAYS * sizeof *shared);
    good = good && shared && measure();
    set.updates = updates; /* the children's */
    good = bench_mutex.close() && good;
    return bench_set_end(&set) && good;
}
