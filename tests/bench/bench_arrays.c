/* Update and read of sets of arrays, of few and many, small and large ones. */
#include "config.h"

#include <string.h>

#include "tests/bench/bench.h"
#include "tests/bench/bench_set.h"

enum { CACHED, BLOCKS, STREAMING };
enum { FOREIGN = 3 };

static bench_axpy *const loops[] = {bench_axpy_cached, bench_axpy_blocks, bench_axpy_streaming};

static struct bench_set set;
static const struct bench_foreign *const foreign[FOREIGN] = {&bench_mutex, &bench_boost,
                                                             &bench_apr};
static long foreign_updates[FOREIGN];

/* What is measured of a set, and where it belongs. */
struct plan {
    size_t narrays, elements;
    const char *curve;
    double x;
    const char *unit;
    bool with_foreign; /* beside those who lock memory of their own and work in it */
    const struct bench_target *targets;
};

static bool read_all(long unused, long rounds)
{
    (void)unused;
    return bench_set_read(&set, rounds);
}

static bool update_all(long with_result, long rounds)
{
    return bench_set_update(&set, rounds, with_result);
}

/* As many bytes as a read moves. The slots' content is as good as any other. */
static bool copy(long in_pieces, long rounds)
{
    double **from = set.slot[set.loops & 1];
    size_t nbytes = set.slot_elements * sizeof(double);
    size_t times = set.elements / set.slot_elements;
    while (rounds-- > 0)
        for (size_t i = 0; i < set.narrays * times; i++) {
            double *to = set.result[i / times] + i % times * set.slot_elements;
            if (in_pieces)
                bench_copy_pieces(to, from[i / times], nbytes);
            else
                memcpy(to, from[i / times], nbytes);
        }
    return bench_set_is(set.result[0][0], 0, 0, set.loops);
}

/* As many bytes as an update moves, of as many streams, from one slot into the other. */
static void loop_once(bench_axpy *axpy, size_t from)
{
    double **old = set.slot[set.loops & 1], **slot = set.slot[(set.loops + 1) & 1];
    for (size_t i = 0; i < set.narrays; i++)
        axpy(slot[i], set.result[i] + from, old[i], set.fresh[i] + from, BENCH_FACTOR,
             set.slot_elements);
    set.loops++;
}

static bool loop(long which, long rounds)
{
    while (rounds-- > 0)
        for (size_t from = 0; from < set.elements; from += set.slot_elements)
            loop_once(loops[which], from);
    return bench_set_is(set.slot[set.loops & 1][0][0], 0, 0, set.loops);
}

/* In place: what is half done when a process dies stays so. */
static bool update_foreign(long which, long rounds)
{
    double *memory = foreign[which]->memory();
    foreign_updates[which] += rounds;
    while (rounds-- > 0) {
        if (!foreign[which]->lock())
            return false;
        for (size_t i = 0; i < set.narrays; i++) {
            double *restrict shared = memory + i * set.elements, *restrict out = set.result[i];
            for (size_t k = 0; k < set.elements; k++)
                out[k] = shared[k] += BENCH_FACTOR * set.fresh[i][k];
        }
        if (!foreign[which]->unlock())
            return false;
    }
    return true;
}

static bool open_foreign(int which)
{
    size_t nbytes = set.elements * sizeof(double);
    foreign_updates[which] = 0;
    if (!foreign[which]->open(set.narrays * nbytes))
        return false;
    for (size_t i = 0; i < set.narrays; i++)
        memcpy((char *)foreign[which]->memory() + i * nbytes, set.slot[0][i], nbytes);
    return true;
}

static bool close_foreign(int which)
{
    const double *memory = foreign[which]->memory();
    bool good = true;
    for (size_t i = 0; i < set.narrays; i++)
        good = bench_set_is(memory[i * set.elements], i, 0, foreign_updates[which]) && good;
    return foreign[which]->close() && good;
}

static bool all_foreign(const struct plan *plan, bool (*function)(int which))
{
    bool good = true;
    for (int i = 0; plan->with_foreign && i < FOREIGN; i++)
        if (foreign[i]->name != NULL)
            good = bench_check(function(i), foreign[i]->name) && good;
    return good;
}

static struct bench_case of_foreign(const struct plan *plan, long which)
{
    const char *names[] = {"in place, robust mutex", "in place, Boost", "in place, APR"};
    bool there = plan->with_foreign && foreign[which]->name != NULL;
    return (struct bench_case){.name = plan->with_foreign ? names[which] : NULL,
                               .role = BENCH_PEER,
                               .run = there ? update_foreign : NULL,
                               .parameter = which,
                               .limit = "loop",
                               .bytes = 4 * bench_set_nbytes(&set)};
}

static bool measure(const struct plan *plan)
{
    char title[100];
    double nbytes = bench_set_nbytes(&set), copied = 2 * nbytes, updated = 4 * nbytes;
    snprintf(title, sizeof title, "%zu x %zu float64, %zu partitions", plan->narrays,
             plan->elements, shm_arrays_npartitions(set.shared));
    struct bench_group group = {
        .title = title,
        .curve = plan->curve,
        .x = plan->x,
        .unit = plan->unit,
        .targets = plan->targets,
        .cases = {
            {"read", BENCH_OURS, read_all, NULL, 0, NULL, "memcpy", copied},
            {"update", BENCH_OURS, update_all, NULL, false, "in place, robust mutex", "loop",
             0},
            {"update, result returned", BENCH_OURS, update_all, NULL, true,
             "in place, robust mutex", "loop", updated},
            {"memcpy", BENCH_LIMIT, copy, NULL, false, NULL, NULL, copied},
            {"memcpy: in pieces", BENCH_LIMIT, copy, NULL, true, NULL, NULL, copied},
            {"loop: cached stores", BENCH_LIMIT, loop, NULL, CACHED, NULL, NULL, updated},
            {"loop: cached, in blocks", BENCH_LIMIT, loop, NULL, BLOCKS, NULL, NULL, updated},
            {"loop: streaming stores", BENCH_LIMIT, loop, NULL, STREAMING, NULL, NULL, updated},
            of_foreign(plan, 0),
            of_foreign(plan, 1),
            of_foreign(plan, 2)}};
    return bench_run(&group);
}

/* Two slots here and two for the loops, what is added, the result, and foreign memory. */
static bool there_is_memory(const struct plan *plan)
{
    double nbytes = (double)plan->narrays * (double)plan->elements * sizeof(double);
    double needed = (plan->with_foreign ? 9 : plan->elements > 50000000 ? 5 : 6) * nbytes;
    if (needed <= bench_memory_allowed())
        return true;
    bench_remark("%zu x %zu float64: left out, %.1f GB are more than a quarter of what is free",
                 plan->narrays, plan->elements, needed * 1e-9);
    return false;
}

static bool bench_plan(const struct plan *plan)
{
    if (!there_is_memory(plan))
        return true;
    if (!bench_check(bench_set_make(&set, plan->narrays, plan->elements), "arrays are made"))
        return false;
    bool good = all_foreign(plan, open_foreign);
    good = good && measure(plan);
    good = all_foreign(plan, close_foreign) && good;
    return bench_set_end(&set) && good;
}

static const struct bench_target large_targets[] = {
    {4, NULL, "update axpy, 1x10^7, result returned, to the loop", "update, result returned",
     "loop", 1.15, false},
    {8, NULL, "read 1x10^7 into touched memory, to memcpy", "read", "memcpy", 1.15, false},
    {0}};
static const struct bench_target middle_targets[] = {
    {5, NULL, "update axpy, 20x10^5, result returned, to the loop", "update, result returned",
     "loop", 1.25, false},
    {0}};
static const struct bench_target small_targets[] = {
    {6, "posix", "update axpy, 20x100, result returned", "update, result returned", NULL, 1.5,
     false},
    {9, NULL, "read, 20x100", "read", NULL, 0.5, false},
    {0}};

static bool bench_named_sizes(void)
{
    const struct plan large = {.narrays = 1,
                               .unit = "ms",
                               .targets = large_targets,
                               .elements = bench_settings.quick ? 200000 : 10000000,
                               .with_foreign = true};
    const struct plan middle = {.narrays = 20,
                                .unit = "us",
                                .targets = middle_targets,
                                .elements = bench_settings.quick ? 5000 : 100000,
                                .with_foreign = true};
    const struct plan small = {.narrays = 20,
                               .elements = 100,
                               .unit = "us",
                               .targets = small_targets,
                               .with_foreign = true};
    bool good = bench_plan(&small);
    good = bench_plan(&middle) && good;
    return bench_plan(&large) && good;
}

static bool bench_sizes(void)
{
    bool good = true;
    double largest = bench_settings.quick ? 1e6 : 1e9;
    for (double nbytes = 100; nbytes <= largest; nbytes *= 10) {
        const struct plan plan = {.narrays = 1,
                                  .elements = (size_t)(nbytes / sizeof(double)),
                                  .curve = "size of one array",
                                  .x = nbytes,
                                  .unit = "us"};
        good = bench_plan(&plan) && good;
    }
    return good;
}

/* Seconds for one array when all are updated. */
static double update_of_one(size_t narrays)
{
    return bench_find("update")->median / (double)narrays;
}

static void judge_many(size_t narrays, size_t elements, double few, double many)
{
    struct bench_verdict v = {.row = 14,
                              .unit = "x",
                              .value = many * 1e9,
                              .other = few * 1e9,
                              .measured_unit = "ns",
                              .figure = many / few,
                              .bound = 2};
    snprintf(v.what, sizeof v.what, "update of one of %zu arrays of %zu, to one of 100 such",
             narrays, elements);
    bench_judge(&v);
}

/* The larger arrays show what the caches do to the loop as well; the smaller, what an array costs. */
static bool bench_counts(size_t elements)
{
    const size_t most = bench_settings.quick ? 1000 : 10000;
    char curve[80];
    double few = 0;
    snprintf(curve, sizeof curve, "arrays in a set, of %zu elements", elements);
    for (size_t narrays = 1; narrays <= most; narrays *= 10) {
        const struct plan plan = {.narrays = narrays,
                                  .elements = elements,
                                  .unit = "us",
                                  .curve = curve,
                                  .x = (double)narrays};
        if (!bench_plan(&plan))
            return false;
        if (narrays == 100)
            few = update_of_one(narrays);
    }
    judge_many(most, elements, few, update_of_one(most));
    return true;
}

bool bench_arrays(void)
{
    bool good = bench_named_sizes();
    good = bench_counts(8) && good;
    good = bench_counts(100) && good;
    return bench_sizes() && good;
}
