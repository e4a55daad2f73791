/* The cases of a group take turns. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libshm/shm.h"
#include "tests/bench/bench.h"

enum { FEW_ROUNDS = 8, MOST_ROUNDS = 1 << 26 };

/* One measurement of one group. */
struct measurement {
    const struct bench_group *group;
    long rounds[BENCH_MAX_CASES];
    double seconds[BENCH_MAX_CASES][BENCH_MAX_REPEATS]; /* of one operation */
};

static struct {
    struct bench_group group;
    struct bench_figure figures[BENCH_MAX_CASES];
} last;

volatile sig_atomic_t bench_interrupted;

double bench_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

bool bench_check(bool good, const char *what)
{
    if (!good)
        printf("failed: %s (%s)\n", what, shm_error_detail());
    return good;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct bench_figure bench_figure_of(double *seconds, int count)
{
    qsort(seconds, (size_t)count, sizeof *seconds, by_size);
    return (struct bench_figure){seconds[count / 2], seconds[0], seconds[count - 1]};
}

static bool is_available(const struct bench_case *c)
{
    return c->run != NULL || c->timed != NULL;
}

/*
 * The seconds of all rounds, less than 0 if one failed. A round before few ones brings into the caches
 * what the case before has driven out.
 */
static double sample(const struct bench_case *c, long rounds)
{
    if (c->timed != NULL)
        return c->timed(c->parameter, rounds);
    if (rounds < FEW_ROUNDS && !c->run(c->parameter, 1))
        return -1;
    double start = bench_now();
    return c->run(c->parameter, rounds) ? bench_now() - start : -1;
}

/* How many rounds fill a sample's time; pages are touched meanwhile. Less than 0: it failed. */
static double calibrate(const struct bench_case *c, long *rounds)
{
    double wanted = bench_settings.sample_seconds;
    for (*rounds = 1;;) {
        double took = sample(c, *rounds);
        if (took < 0 || took >= wanted / 2 || *rounds >= MOST_ROUNDS)
            return took;
        double more = took > 0 ? wanted / took : 10;
        *rounds = (long)((double)*rounds * (more > 10 ? 10 : more)) + 1;
    }
}

/* Finds the rounds of a case. The seconds that a sample takes, with all it does beside; less than 0: it failed. */
static double prepare_case(const struct bench_group *group, const struct bench_case *c,
                           long *rounds)
{
    *rounds = group->rounds;
    if (*rounds == 0 && calibrate(c, rounds) < 0)
        return -1;
    double start = bench_now();
    return sample(c, *rounds) < 0 ? -1 : bench_now() - start;
}

/* Less than 0 if a case failed, else the seconds of one sample of each. */
static double prepare(struct measurement *m)
{
    double all = 0;
    for (int i = 0; m->group->cases[i].name != NULL; i++) {
        const struct bench_case *c = &m->group->cases[i];
        double took = is_available(c) ? prepare_case(m->group, c, &m->rounds[i]) : 0;
        if (!bench_check(took >= 0, c->name))
            return -1;
        all += took;
    }
    return all;
}

/* An odd number, as the group's time allows. */
static int repeats_for(double seconds)
{
    double fit = bench_settings.group_seconds / (seconds > 1e-9 ? seconds : 1e-9);
    int repeats = fit > BENCH_MAX_REPEATS ? BENCH_MAX_REPEATS : (int)fit | 1;
    return repeats < bench_settings.least_repeats ? bench_settings.least_repeats : repeats;
}

static bool take_turns(struct measurement *m, int repeat)
{
    if (bench_interrupted)
        return false;
    for (int i = 0; m->group->cases[i].name != NULL; i++) {
        const struct bench_case *c = &m->group->cases[i];
        double took = is_available(c) ? sample(c, m->rounds[i]) : 0;
        if (!bench_check(took >= 0, c->name))
            return false;
        m->seconds[i][repeat] = took / (double)(m->rounds[i] > 0 ? m->rounds[i] : 1);
    }
    return true;
}

bool bench_run(const struct bench_group *group)
{
    static struct measurement m;
    memset(&m, 0, sizeof m);
    m.group = group;
    double seconds = prepare(&m);
    if (seconds < 0)
        return false;
    int repeats = repeats_for(seconds);
    for (int repeat = 0; repeat < repeats; repeat++)
        if (!take_turns(&m, repeat))
            return false;
    last.group = *group;
    for (int i = 0; group->cases[i].name != NULL; i++)
        last.figures[i] = bench_figure_of(m.seconds[i], repeats);
    bench_print_group(group, last.figures, repeats);
    bench_judge_group(group);
    return true;
}

static const struct bench_figure *exactly(const char *name)
{
    for (int i = 0; last.group.cases[i].name != NULL; i++)
        if (strcmp(last.group.cases[i].name, name) == 0)
            return is_available(&last.group.cases[i]) ? &last.figures[i] : NULL;
    return NULL;
}

const struct bench_figure *bench_find(const char *name)
{
    const struct bench_figure *best = exactly(name);
    if (best != NULL)
        return best;
    for (int i = 0; last.group.cases[i].name != NULL; i++) {
        const struct bench_case *c = &last.group.cases[i];
        if (is_available(c) && strncmp(c->name, name, strlen(name)) == 0 &&
            (best == NULL || last.figures[i].median < best->median))
            best = &last.figures[i];
    }
    return best;
}
