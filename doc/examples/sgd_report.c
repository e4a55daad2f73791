/* What the parent prints: progress while it goes, and the checks at the end. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "sgd.h"

static const double least_accuracy = 0.94, accuracy_tolerance = 0.02, least_share = 0.05;
static const double seconds_to_first_line = 0.1;
static const double seconds_between_lines[] = {1.0, 0.1}; /* plain, on a terminal */

static bool live_line; /* the cursor stands behind a line that will be written over */

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

bool complain(const char *what)
{
    fprintf(stderr, "sgd: %s\n", what);
    return false;
}

bool library_failed(const char *what)
{
    fprintf(stderr, "sgd: %s: %s\n", what, shm_error_detail());
    return false;
}

void report_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (live_line)
        putchar('\n');
    live_line = false;
    vprintf(format, arguments);
    putchar('\n');
    fflush(stdout);
    va_end(arguments);
}

static void print_progress(double elapsed, int64_t updates, const struct model *model,
                           const struct images *sets)
{
    live_line = isatty(STDOUT_FILENO);
    printf("%s%6.1f s  %9" PRId64 " updates  %8.0f updates/s  loss %.4f  test accuracy %.4f%s",
           live_line ? "\r" : "", elapsed, updates, elapsed > 0 ? (double)updates / elapsed : 0,
           model_loss(model, &sets[0]), model_accuracy(model, &sets[1]), live_line ? "" : "\n");
    fflush(stdout);
}

void report_progress(int64_t updates, const struct model *model, const struct images *sets)
{
    static double start, next;
    double now = seconds_now();
    if (start == 0) {
        start = now;
        next = now + seconds_to_first_line;
    }
    if (now < next)
        return;
    print_progress(now - start, updates, model, sets);
    next = now + seconds_between_lines[isatty(STDOUT_FILENO) ? 1 : 0];
}

static bool check(bool good, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs(good ? "PASS  " : "FAIL  ", stdout);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
    return good;
}

static bool check_updates(const struct outcome *outcome, const struct plan *plan)
{
    int64_t recorded = 0;
    for (int n = 0; n < plan->workers; n++)
        recorded += outcome->made[n];
    int64_t unrecorded = (int64_t)outcome->published - recorded;
    if (outcome->killed >= 0)
        return check(unrecorded == 0 || unrecorded == 1,
                     "%" PRIu64 " versions published, %" PRId64 " updates recorded by the "
                     "workers (the killed one may have published one more)",
                     outcome->published, recorded);
    return check(unrecorded == 0,
                 "%" PRIu64 " versions published, %" PRId64 " updates recorded by the workers",
                 outcome->published, recorded);
}

static bool check_worker(const struct outcome *outcome, int number)
{
    int64_t made = outcome->made[number];
    if (number == outcome->killed)
        return check(made >= 1, "worker %d was killed after %" PRId64 " updates (at least 1)",
                     number, made);
    double share = (double)made / (double)outcome->published;
    return check(share >= least_share,
                 "worker %d made %" PRId64 " updates, %.1f %% of all (at least %.0f %%)",
                 number, made, 100 * share, 100 * least_share);
}

/* The same number of updates by this process alone, in its own memory. */
static double accuracy_alone(const struct plan *plan, uint64_t updates,
                             const struct images *sets)
{
    struct model model = {{0}, {0}}, gradient;
    for (uint64_t step = 0; step < updates; step++) {
        model_step(&model, &sets[0], plan, (int64_t)step, &gradient);
        model_descend(&model, &gradient);
    }
    return model_accuracy(&model, &sets[1]);
}

static bool check_accuracy(const struct outcome *outcome, const struct plan *plan,
                           const struct images *sets)
{
    double together = model_accuracy(&outcome->model, &sets[1]);
    double alone = accuracy_alone(plan, outcome->published, sets);
    bool good = check(together >= least_accuracy, "test accuracy %.4f (at least %.2f)",
                      together, least_accuracy);
    return check(fabs(together - alone) <= accuracy_tolerance,
                 "one process with as many updates: test accuracy %.4f, differs by %.4f "
                 "(at most %.2f)",
                 alone, fabs(together - alone), accuracy_tolerance) &&
           good;
}

bool report_outcome(const struct outcome *outcome, const struct plan *plan,
                    const struct images *sets)
{
    report_line("");
    bool good = check_updates(outcome, plan);
    for (int n = 0; n < plan->workers; n++)
        good = check_worker(outcome, n) && good;
    good = check(!outcome->ended_badly, "every worker ended as it should") && good;
    good = check_accuracy(outcome, plan, sets) && good;
    return check(!outcome->left_over, "no shared object is left") && good;
}
