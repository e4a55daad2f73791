/*
 * Fewer steps that show a difference: parts of the sequence are left out, larger ones first, and
 * the rest is done again by new workers, in a process of its own each time.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/differential_driver.h"

static struct diff_step *steps;
static long count, room;
static bool replaying;

static bool asked_for(void)
{
    return !replaying && getenv("LIBSHM_TEST_SHRINK") != NULL;
}

void diff_keep(const struct diff_step *step)
{
    if (!asked_for())
        return;
    if (count == room) {
        room = room ? 2 * room : 1024;
        steps = realloc(steps, (size_t)room * sizeof *steps);
        if (steps == NULL)
            diff_die("no memory");
    }
    steps[count++] = *step;
}

void diff_keep_created(int object)
{
    if (asked_for() && count > 0)
        steps[count - 1].creates = object;
}

/* ---- Doing it again ------------------------------------------------------------------------ */

static bool on_attach(const struct diff_call *c)
{
    return c->op == DIFF_SHMDT || c->op == DIFF_LOAD || c->op == DIFF_STORE ||
           c->op == DIFF_PROTECT;
}

/* What was left out may have made a step impossible: its worker sleeps, a spot is taken or free. */
static bool is_possible(const struct diff_step *s)
{
    const struct diff_worker *w = &world.workers[s->slot];
    const struct diff_attach *a = &w->spots[s->call.spot];
    if (s->event == DIFF_SIGNAL)
        return w->asleep >= 0;
    if (s->event == DIFF_KILL)
        return true;
    if (w->asleep >= 0)
        return false;
    if (s->event == DIFF_CALL && on_attach(&s->call))
        return a->object == s->call.object;
    return s->call.op != DIFF_SHMAT || a->object < 0 ||
           (s->call.where == DIFF_TAKEN && a->in_arena && a->size <= s->call.size);
}

static void replay(const struct diff_step *some, long n)
{
    replaying = true;
    diff_forget_history();
    memset(world.workers, 0, sizeof world.workers);
    memset(world.live_count, 0, sizeof world.live_count);
    for (int i = 0; i < world.object_count; i++)
        world.objects[i] = (struct diff_object){.id = {-1, -1}, .removed = true};
    diff_families_start();
    for (world.number = 0; world.number < n; world.number++)
        if (is_possible(&some[world.number]))
            diff_step(&some[world.number]);
    diff_left(true);
    diff_families_end();
}

static bool still_differs(const struct diff_step *some, long n, bool quiet)
{
    int status = 0;
    fflush(stdout);
    signal(SIGCHLD, SIG_DFL);
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        if (quiet && null >= 0)
            dup2(null, STDOUT_FILENO);
        replay(some, n);
        _exit(0);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status != 0;
}

/* ---- Leaving out --------------------------------------------------------------------------- */

/* Replaces the steps by these if they are enough. */
static bool enough(struct diff_step *fewer, long n)
{
    bool good = still_differs(fewer, n, true);
    if (good) {
        memcpy(steps, fewer, (size_t)n * sizeof *steps);
        count = n;
    }
    return good;
}

/* Mostly only one object matters, and what happened to the workers. */
static void only_object(int object, struct diff_step *fewer)
{
    long n = 0;
    for (long i = 0; i < count; i++)
        if (steps[i].event != DIFF_CALL || steps[i].call.object == object ||
            steps[i].creates == object)
            fewer[n++] = steps[i];
    (void)enough(fewer, n);
}

static void without_parts(long size, struct diff_step *fewer)
{
    for (long start = 0; start < count;) {
        long end = start + size < count ? start + size : count;
        memcpy(fewer, steps, (size_t)start * sizeof *steps);
        memcpy(fewer + start, steps + end, (size_t)(count - end) * sizeof *steps);
        if (!enough(fewer, count - (end - start)))
            start = end;
    }
}

void diff_shrink(int object)
{
    if (!asked_for() || count == 0)
        return;
    struct diff_step *fewer = malloc((size_t)count * sizeof *fewer);
    if (fewer == NULL)
        return;
    only_object(object, fewer);
    for (long size = count / 2; size > 0; size /= 2)
        without_parts(size, fewer);
    printf("the fewest steps found:\n");
    for (long i = 0; i < count; i++)
        diff_print_step(&steps[i], i);
    (void)still_differs(steps, count, false);
    free(fewer);
}
