/*
 * bench_BACKEND [--quick] [--json FILE]
 *
 * Measures one subject after the other. --quick takes small sizes and little time: its figures mean
 * nothing, but everything runs and is checked.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libshm/shm.h"
#include "tests/bench/bench.h"

struct bench_settings bench_settings = {
    .sample_seconds = 4e-3, .group_seconds = 1.2, .least_repeats = 5};

static bool usage(void)
{
    fputs("usage: bench_BACKEND [--quick] [--json FILE]\n", stderr);
    return false;
}

static void be_quick(void)
{
    bench_settings.quick = true;
    bench_settings.sample_seconds = 2e-4;
    bench_settings.group_seconds = 0.03;
}

static bool open_json(const char *name)
{
    bench_settings.json = fopen(name, "w");
    if (bench_settings.json == NULL)
        perror(name);
    return bench_settings.json != NULL;
}

static bool read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            be_quick();
        else if (strcmp(argv[i], "--json") != 0 || i + 1 == argc)
            return usage();
        else if (!open_json(argv[++i]))
            return false;
    }
    return true;
}

/* A store of its own: the number of objects in it is one of the things that are varied. */
static void enter_own_store(void)
{
    char name[32];
    snprintf(name, sizeof name, "bench%ld", (long)getpid());
    setenv("LIBSHM_NAMESPACE", name, 0);
}

static void note_interrupt(int number)
{
    bench_interrupted = number;
}

static void catch_interrupts(void)
{
    struct sigaction action = {.sa_handler = note_interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static bool all_subjects(void)
{
    bool (*const subjects[])(void) = {bench_semaphores, bench_pingpong, bench_waiters,
                                      bench_arrays,     bench_readers,  bench_processes,
                                      bench_attach,     bench_store,    bench_memory};
    bool good = true;
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0] && !bench_interrupted; i++)
        good = subjects[i]() && good;
    return good;
}

int main(int argc, char **argv)
{
    if (!read_options(argc, argv))
        return 2;
    enter_own_store();
    catch_interrupts();
    bench_print_begin();
    bool good = all_subjects();
    bench_print_end(good);
    if (bench_settings.json != NULL && fclose(bench_settings.json) != 0)
        good = bench_check(false, "the results are written");
    return good ? 0 : 1;
}
