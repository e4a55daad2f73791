/* Runs the cases in turn, prints the tables. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "libshm/shm.h"
#include "tests/bench/bench.h"

struct samples {
    double seconds[BENCH_REPEATS]; /* for one operation */
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bool bench_check(bool good, const char *what)
{
    if (!good)
        printf("failed: %s (%s)\n", what, shm_error_detail());
    return good;
}

static bool take_samples(const struct bench_table *table, struct samples *samples, int repeat)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->cases[i].run == NULL)
            continue;
        double start = now();
        if (!bench_check(table->cases[i].run(table->rounds), table->cases[i].name))
            return false;
        /* Repeat -1 warms up: pages are touched, the library has its mappings. */
        if (repeat >= 0)
            samples[i].seconds[repeat] = (now() - start) / (double)table->rounds;
    }
    return true;
}

static void print_case(const struct bench_table *table, const struct samples *samples, size_t i)
{
    const struct bench_case *this = &table->cases[i];
    const double *own = samples[i].seconds;
    double scale = table->units_per_second;
    if (this->run == NULL) {
        printf("  %-44s not available here\n", this->name);
        return;
    }
    printf("  %-44s %9.2f %9.2f %9.2f", this->name, own[BENCH_REPEATS / 2] * scale,
           own[0] * scale, own[BENCH_REPEATS - 1] * scale);
    if ((size_t)this->peer != i && table->cases[this->peer].run != NULL)
        printf("   %5.2f of %s",
               own[BENCH_REPEATS / 2] / samples[this->peer].seconds[BENCH_REPEATS / 2],
               table->cases[this->peer].name);
    putchar('\n');
}

bool bench_run(const struct bench_table *table)
{
    static struct samples samples[BENCH_MAX_CASES];
    for (int repeat = -1; repeat < BENCH_REPEATS; repeat++)
        if (!take_samples(table, samples, repeat))
            return false;
    printf("\n%s, %s\n  %-44s %9s %9s %9s\n", table->title, table->unit, "", "median", "min",
           "max");
    for (size_t i = 0; i < table->count; i++)
        qsort(samples[i].seconds, BENCH_REPEATS, sizeof(double), by_size);
    for (size_t i = 0; i < table->count; i++)
        print_case(table, samples, i);
    return true;
}

int main(void)
{
    printf("backend: %s; %d repeats of each case, taking turns\n", shm_backend(),
           BENCH_REPEATS);
    bool good = bench_semaphores();
    good = bench_arrays() && good;
    return good ? 0 : 1;
}
