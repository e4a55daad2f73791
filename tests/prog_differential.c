/*
 * The differential test: random calls by several processes, in lockstep on the kernel and in user
 * space, and every answer compared: results, errnos, the bytes read, all fields of IPC_STAT but
 * what section 5 of doc/semantics.md exempts. Ids and pids are compared as what they stand for.
 *
 * The driver has no backend. Two families of workers have one each; worker n of both gets the same
 * call at the same time. Calls that sleep, workers that are killed, interrupted and forked are part
 * of it. Waiting is for states, never for times.
 *
 * LIBSHM_TEST_SEED   0 or unset: 1. "clock": from the clock. The same seed gives the same calls
 * LIBSHM_TEST_CALLS  how many; 50,000 if unset, or a LIBSHM_TEST_SCALE-th of it. From 50,000 on each
 *                    pair of a call and an errno that the document names must occur once in 10,000 calls
 * LIBSHM_TEST_SHRINK if set, a difference is followed by the fewest steps that still show one
 * LIBSHM_TEST_USER_SPACE  "contract" or unset: the workers in user space have the posix backend. "names":
 *                    they have the sysv backend on the drop-in library (tests/user_space_names.h)
 * LIBSHM_TEST_ONE_PROCESSOR  if set, driver and workers stay on one: several times as fast, but those that a
 *                    step lets go on never run side by side
 *
 * A difference ends the run. It prints the seed, the number of the call, and what went before on
 * the same object.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/differential_driver.h"

enum { DEFAULT_CALLS = 50000 };

static uint64_t wanted_seed(void)
{
    const char *text = getenv("LIBSHM_TEST_SEED");
    if (text != NULL && strcmp(text, "clock") == 0)
        return (uint64_t)time(NULL);
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 0;
    return seed ? seed : 1;
}

static long wanted_calls(void)
{
    const char *text = getenv("LIBSHM_TEST_CALLS");
    long calls = text != NULL ? strtol(text, NULL, 10) : 0;
    const char *scale = getenv("LIBSHM_TEST_SCALE");
    long parts = scale != NULL ? strtol(scale, NULL, 10) : 1;
    return calls > 0 ? calls : DEFAULT_CALLS / (parts > 0 ? parts : 1);
}

static bool wants_names(void)
{
    const char *text = getenv("LIBSHM_TEST_USER_SPACE");
    if (text == NULL || strcmp(text, "contract") == 0)
        return false;
    if (strcmp(text, "names") != 0)
        diff_die("LIBSHM_TEST_USER_SPACE is neither \"contract\" nor \"names\"");
    return true;
}

static void run(void)
{
    struct diff_step step;
    for (world.number = 0; world.number < world.calls; world.number++) {
        diff_generate(&step);
        diff_step(&step);
    }
}

int main(void)
{
    world.seed = wanted_seed();
    world.calls = wanted_calls();
    world.strangers = geteuid() == 0;
    world.names = wants_names();
    printf("seed %llu, %ld calls, user space through %s\n", (unsigned long long)world.seed,
           world.calls, world.names ? "the standard's names" : "the contract");
    fflush(stdout);
    diff_families_start();
    double start = diff_now();
    run();
    printf("%.1f s, the slowest step %.3f s\n", diff_now() - start, world.longest);
    diff_remove_everything();
    if (diff_left(false) != 0)
        diff_die("objects are left");
    diff_families_end();
    bool enough = diff_pairs_report();
    return enough || world.calls < DEFAULT_CALLS ? 0 : 1;
}
