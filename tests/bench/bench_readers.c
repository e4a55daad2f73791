/* Readers while another process updates without a pause, beside copies of what a loop writes. */
#include "config.h"

#include <string.h>
#include <sys/mman.h>

#include "tests/bench/bench.h"
#include "tests/bench/bench_set.h"

/* What the two processes of a case do; NULL: there is only one. */
struct duel {
    bool (*first)(int who);
    bool (*second)(int who);
};

static struct bench_set set;
static double *slots[2]; /* of the loop, for all processes: the arrays one behind the other */
static long updates, reads, waits; /* in all processes */
static double other_seconds;       /* what a step of the second process took in the last duel */

static bool update(int who)
{
    (void)who;
    return bench_set_update(&set, 1, true);
}

static bool read_all(int who)
{
    (void)who;
    return bench_set_read(&set, 1);
}

/* As many bytes as an update moves, from one slot into the other. */
static bool loop(int who)
{
    double *old = slots[set.loops & 1], *slot = slots[(set.loops + 1) & 1];
    double expected = old[0] + BENCH_FACTOR * set.fresh[0][0];
    (void)who;
    for (size_t i = 0; i < set.narrays; i++)
        bench_axpy_streaming(slot + i * set.elements, set.result[i], old + i * set.elements,
                             set.fresh[i], BENCH_FACTOR, set.elements);
    set.loops++;
    return slot[0] == expected;
}

/* Both slots in turn, as readers find the current one; nobody looks whether it is whole. */
static bool copy(int who)
{
    const double *slot = slots[set.loops++ & 1];
    (void)who;
    set.result[0][0] = 1;
    for (size_t i = 0; i < set.narrays; i++)
        memcpy(set.result[i], slot + i * set.elements, set.elements * sizeof(double));
    return set.result[0][0] != 1;
}

static const struct duel duels[] = {{update, read_all}, {loop, copy}, {update, NULL},
                                    {loop, NULL},       {copy, NULL}, {read_all, NULL}};
enum { UPDATE_READ, LOOP_COPY, UPDATE, LOOP, COPY, READ };

/* Each has made one step more than it counts. */
static void count_steps(const struct duel *duel, const struct bench_worker *workers)
{
    if (duel->first == update)
        updates += workers[0].count + 1;
    if (duel->first == update && duel->second == read_all) {
        reads += workers[1].count;
        waits += workers[1].waits;
    }
}

static double fight(long which, long rounds)
{
    const struct duel *duel = &duels[which];
    struct bench_worker workers[2] = {{.step = duel->first}, {.step = duel->second}};
    double seconds = bench_settings.quick ? 2e-3 : which == UPDATE_READ ? 0.3 : 0.1;
    if (!bench_at_once(workers, duel->second != NULL ? 2 : 1, seconds))
        return -1;
    count_steps(duel, workers);
    if (duel->second != NULL)
        other_seconds = workers[1].seconds / (double)workers[1].count;
    return workers[0].seconds / (double)workers[0].count * (double)rounds;
}

/* The second process of the case before. */
static double look_back(long unused, long rounds)
{
    (void)unused;
    return other_seconds * (double)rounds;
}

static void judge(const char *what, double figure, const char *unit, double value, double other,
                  double bound, bool at_least)
{
    struct bench_verdict v = {.row = 10,
                              .unit = unit,
                              .value = value,
                              .other = other,
                              .measured_unit = "us",
                              .figure = figure,
                              .bound = bound,
                              .at_least = at_least};
    snprintf(v.what, sizeof v.what, "%s", what);
    bench_judge(&v);
}

static double microseconds(const char *name)
{
    return bench_find(name)->median * 1e6;
}

static void judge_all(void)
{
    double with = microseconds("update, beside reads"), alone = microseconds("update alone");
    double shared = microseconds("loop, beside memcpy") / microseconds("loop alone");
    double copied = microseconds("memcpy, beside loop"),
           took = microseconds("read, beside updates");
    judge("rate of reads beside updates, to memcpy's beside a loop", copied / took, "x", took,
          copied, 0.7, true);
    judge("the update's slowing by reads, to the loop's by memcpy", with / alone / shared, "x",
          with, alone, 1.1, false);
    judge("fall-backs to the lock in 1,000 reads beside updates",
          reads > 0 ? 1000 * (double)waits / (double)reads : 0, "", took, 0, 1, false);
}

static bool measure(void)
{
    char title[80];
    double nbytes = bench_set_nbytes(&set);
    snprintf(title, sizeof title, "readers beside a writer, two processes, %zu x %zu float64",
             set.narrays, set.elements);
    struct bench_group group = {
        .title = title,
        .unit = "us",
        .rounds = 1,
        .cases = {
            {"update, beside reads", BENCH_OURS, NULL, fight, UPDATE_READ, "update alone",
             "loop, beside memcpy", 0},
            {"read, beside updates", BENCH_OURS, NULL, look_back, 0, "read alone",
             "memcpy, beside loop", 0},
            {"loop, beside memcpy", BENCH_LIMIT, NULL, fight, LOOP_COPY, "loop alone", NULL, 0},
            {"memcpy, beside loop", BENCH_LIMIT, NULL, look_back, 0, "memcpy alone", NULL,
             2 * nbytes},
            {"update alone", BENCH_OURS, NULL, fight, UPDATE, NULL, "loop alone", 0},
            {"read alone", BENCH_OURS, NULL, fight, READ, NULL, "memcpy alone", 0},
            {"loop alone", BENCH_LIMIT, NULL, fight, LOOP, NULL, NULL, 4 * nbytes},
            {"memcpy alone", BENCH_LIMIT, NULL, fight, COPY, NULL, NULL, 2 * nbytes}}};
    return bench_run(&group);
}

static bool make_slots(void)
{
    size_t nbytes = set.elements * sizeof(double);
    for (int k = 0; k < 2; k++) {
        slots[k] = bench_shared_memory(set.narrays * nbytes);
        for (size_t i = 0; slots[k] != NULL && i < set.narrays; i++)
            memcpy(slots[k] + i * set.elements, set.slot[0][i], nbytes);
    }
    return slots[0] != NULL && slots[1] != NULL;
}

static void free_slots(void)
{
    for (int k = 0; k < 2; k++)
        if (slots[k] != NULL)
            munmap(slots[k], set.narrays * set.elements * sizeof(double));
}

bool bench_readers(void)
{
    size_t elements = bench_settings.quick ? 1024 : 100000; /* whole lines */
    if (!bench_check(bench_set_make(&set, 20, elements), "arrays for readers are made"))
        return false;
    bool good = bench_check(make_slots(), "memory for loops is shared");
    double group_seconds = bench_settings.group_seconds;
    bench_settings.group_seconds *= 10; /* a thousand reads are wanted */
    good = good && measure();
    bench_settings.group_seconds = group_seconds;
    if (good) {
        bench_remark("%ld reads beside updates, %ld of them fell back to the lock", reads,
                     waits);
        judge_all();
    }
    free_slots();
    set.updates = updates; /* the children's */
    return bench_set_end(&set) && good;
}
