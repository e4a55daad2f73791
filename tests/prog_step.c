/*
 * Processes killed after every instruction of a call; another process looks at what is left.
 * Values are old or new and never a mix, an undo is exact, locks are free within 50 ms, nattch
 * is true, waiters wake, objects can be removed, and nothing is left over (S0.33, S1.31, S1.44,
 * S2.15, S2.31, S2.38, S5.2).
 *
 * prog_step [TEXT]: only the cases whose name begins so.
 * LIBSHM_TEST_EVERY  kills after every so many instructions; 7 if unset, 1 for all;
 *                    times LIBSHM_TEST_SCALE;
 *                    through the standard's names, which are the posix backend once more, times 10, and
 *                    left out where LIBSHM_TEST_SCALE is 10 or more
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/backend_support.h"
#include "tests/step_trace.h"

enum { SKIP = 77, USUAL_STRIDE = 7, ONCE_MORE = 10, COARSE = 10 };

static int stride(void)
{
    const char *text = getenv("LIBSHM_TEST_EVERY");
    int number = text ? atoi(text) : 0;

    return (number > 0 ? number : USUAL_STRIDE) * test_scale() *
           (through_names() ? ONCE_MORE : 1);
}

/* The dynamic linker's work at the first call of each function is no part of the calls. */
static void bind_now(char **argv)
{
    if (getenv("LD_BIND_NOW"))
        return;
    setenv("LD_BIND_NOW", "1", 1);
    execv("/proc/self/exe", argv);
    fail_at(__FILE__, __LINE__, "this program cannot be executed again");
}

static long run_all(const struct step_case *cases, const char *only)
{
    long kills = 0;

    for (const struct step_case *c = cases; c->name; c++)
        if (strncmp(c->name, only, strlen(only)) == 0)
            kills += step_run(c, stride());
    return kills;
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : "";
    double begun = seconds_now();

    bind_now(argv);
    announce();
    if (!step_is_possible())
        return SKIP;
    if (through_names() && test_scale() >= COARSE) {
        puts("the names lead to what prog_step_posix steps through; in a tenth of its kills "
             "they are left out");
        return SKIP;
    }
    step_start();
    waits_start(&step_board->waits);
    printf("killing after every %d instructions, in the late rounds of loops after every 31 "
           "times as many\n",
           stride());
    long kills = run_all(step_cases_shm, only) + run_all(step_cases_sem, only) +
                 run_all(step_cases_msg, only) + run_all(step_cases_arrays, only);
    step_stop();
    printf("%ld kills in %.1f s\n", kills, seconds_now() - begun);
    EXPECT(kills > 0);
    EXPECT(waits_were_prompt(&step_board->waits));
    return 0;
}
