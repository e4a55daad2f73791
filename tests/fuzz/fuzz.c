/* Arguments out of inputs, and the limits that every input has. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/backend_files.h"

enum { PAGE = 4096, LOOK_NS = 50000000, MOST_SECONDS = FUZZING ? 4 : 1 };

unsigned fuzz_byte(struct fuzz_input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

unsigned fuzz_short(struct fuzz_input *input)
{
    unsigned low = fuzz_byte(input);

    return low | fuzz_byte(input) << 8;
}

uint64_t fuzz_number(struct fuzz_input *input)
{
    static const uint64_t numbers[] = {0,          1,
                                       2,          3,
                                       7,          63,
                                       64,         255,
                                       4096,       INT16_MAX,
                                       UINT16_MAX, INT32_MAX,
                                       INT32_MIN,  INT64_MAX,
                                       UINT32_MAX, 1ull << 63,
                                       UINT64_MAX, UINT64_MAX - 63,
                                       1u << 14,   1ull << 40,
                                       1ull << 61, (1u << 14) + 1};
    unsigned which = fuzz_byte(input);

    if (which < sizeof numbers / sizeof *numbers)
        return numbers[which];
    uint64_t number = 0;
    for (unsigned n = 0; n <= (which & 7); n++)
        number |= (uint64_t)fuzz_byte(input) << 8 * n;
    return number;
}

size_t fuzz_bytes(struct fuzz_input *input, void *to, size_t most)
{
    size_t wanted = fuzz_byte(input) % (most + 1), have = (size_t)(input->end - input->at);
    size_t n = wanted < have ? wanted : have;

    if (n)
        memcpy(to, input->at, n);
    input->at += n;
    return n;
}

void fuzz_finding(const char *text)
{
    printf("FINDING: %s\n", text);
    fflush(stdout);
    abort();
}

/*
 * The library blocks all signals while it holds a lock, so an alarm could be late: a thread
 * looks. Processor time counts, because a busy machine is nobody's fault.
 */
static pthread_t runner;
static atomic_int watching;

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *look(void *unused)
{
    clockid_t clock;
    double wall = 0, cpu = 0;
    int seen = 0;

    (void)unused;
    pthread_getcpuclockid(runner, &clock);
    for (;;) {
        nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
        int now = atomic_load(&watching);
        if (now == 0 || now != seen) {
            wall = seconds(CLOCK_MONOTONIC);
            cpu = seconds(clock);
        } else if (seconds(clock) - cpu > MOST_SECONDS ||
                   seconds(CLOCK_MONOTONIC) - wall > 10) {
            fuzz_finding("an act takes longer than a second");
        }
        seen = now;
    }
    return NULL;
}

static void watch(void)
{
    static int number;

    atomic_store(&watching, ++number % 1000000 + 1);
}

static void rest(void)
{
    atomic_store(&watching, 0);
}

static void clean(void)
{
    remove_files();
}

void fuzz_start(void)
{
    char name[32];
    pthread_t watchdog;

    snprintf(name, sizeof name, "fuzz%ld", (long)getpid());
    setenv("LIBSHM_NAMESPACE", name, 0);
    remove_files();
    atexit(clean);
    runner = pthread_self();
    if (pthread_create(&watchdog, NULL, look, NULL) != 0)
        fuzz_finding("no thread for the watchdog");
}

void fuzz_run(void *world, struct fuzz_input *input, fuzz_act *const *acts, size_t count,
              int most)
{
    while (input->at < input->end && most-- > 0) {
        watch();
        acts[fuzz_byte(input) % count](world, input);
    }
    rest();
}

void fuzz_touch(volatile unsigned char *bytes, size_t size, int writable)
{
    for (size_t at = 0; at < size; at += PAGE)
        if (writable)
            bytes[at] = (unsigned char)(bytes[at] + 1);
        else
            (void)bytes[at];
    if (size)
        (void)bytes[size - 1];
}
