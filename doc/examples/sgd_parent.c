/* The parent: shares the objects, starts the workers, watches them, removes the objects. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "sgd.h"

enum { BATCH = 10, LOOK_MS = 10 };

extern char **environ;

struct team {
    pid_t pid[MAX_WORKERS]; /* 0: not running */
    int running;
    bool kill_pending;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal_number)
{
    interrupted = signal_number;
}

/* A signal that is ignored, as under nohup(1), stays so. */
static void catch_signal(int signal_number)
{
    struct sigaction action = {.sa_handler = on_signal}, before;
    sigemptyset(&action.sa_mask);
    if (sigaction(signal_number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(signal_number, &action, NULL);
}

/* The objects outlive the process, so it must not end before it has removed them. */
static void catch_signals(void)
{
    catch_signal(SIGINT);
    catch_signal(SIGTERM);
    catch_signal(SIGHUP);
    /* Otherwise nothing would be left to wait for. */
    signal(SIGCHLD, SIG_DFL);
}

static bool start_worker(struct team *team, const char *program, key_t root, int number)
{
    char root_text[16], number_text[16];
    snprintf(root_text, sizeof root_text, "%d", (int)root);
    snprintf(number_text, sizeof number_text, "%d", number);
    char *const arguments[] = {(char *)program, root_text, number_text, NULL};
    int error = posix_spawnp(&team->pid[number], program, NULL, NULL, arguments, environ);
    if (error != 0) {
        fprintf(stderr, "sgd: cannot start %s: %s\n", program, strerror(error));
        team->pid[number] = 0;
        return false;
    }
    team->running++;
    return true;
}

static bool start_team(struct team *team, const struct shared *shared, const char *program)
{
    for (int n = 0; n < shared->plan.workers; n++)
        if (!start_worker(team, program, shm_arrays_root(shared->root), n))
            return false;
    return true;
}

static int number_of(const struct team *team, pid_t pid)
{
    int number = 0;
    while (number < MAX_WORKERS - 1 && team->pid[number] != pid)
        number++;
    return number;
}

/* Takes note of the workers that have ended; with `flags` 0 waits for one. */
static void reap(struct team *team, struct outcome *outcome, int flags)
{
    int status;
    pid_t pid;
    while (team->running > 0 && (pid = waitpid(-1, &status, flags)) != 0) {
        if (pid == -1)
            continue;
        int number = number_of(team, pid);
        bool as_wanted = number == outcome->killed
                             ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
                             : WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (!as_wanted)
            outcome->ended_badly = true;
        team->pid[number] = 0;
        team->running--;
    }
}

static bool read_tallies(struct shared *shared, struct outcome *outcome, int64_t *sum)
{
    *sum = 0;
    for (int n = 0; n < shared->plan.workers; n++) {
        if (!shared_read_tally(shared, n, &outcome->made[n]))
            return false;
        *sum += outcome->made[n];
    }
    return true;
}

/*
 * Half-way, the last worker that has made an update gets SIGKILL, wherever it is just then, be
 * it in the middle of an update. Then the gate opens. Without a gate a fast team could be done
 * before a parent that got no processor has looked.
 */
static bool kill_one(struct team *team, struct shared *shared, struct outcome *outcome)
{
    int victim = (int)shared->plan.workers - 1;
    while (victim >= 0 && (team->pid[victim] == 0 || outcome->made[victim] == 0))
        victim--;
    if (victim < 0 || team->running < 2)
        return true;
    outcome->killed = victim;
    kill(team->pid[victim], SIGKILL);
    team->kill_pending = false;
    report_line("killed worker %d (process %d) after %lld updates; the others go on", victim,
                (int)team->pid[victim], (long long)outcome->made[victim]);
    return shm_semaphore_setval(shared->gate, 0) == 0 || library_failed("cannot open the gate");
}

static bool look(struct team *team, struct shared *shared, struct outcome *outcome,
                 const struct images *sets)
{
    int64_t sum;
    reap(team, outcome, WNOHANG);
    if (outcome->ended_badly || !read_tallies(shared, outcome, &sum) ||
        !shared_read_model(shared, &outcome->model))
        return false;
    report_progress(sum, &outcome->model, sets);
    if (team->kill_pending && sum >= shared->plan.steps / 2)
        return kill_one(team, shared, outcome);
    return true;
}

static bool watch(struct team *team, struct shared *shared, struct outcome *outcome,
                  const struct images *sets)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    while (team->running > 0) {
        if (interrupted || !look(team, shared, outcome, sets))
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

static void stop_team(struct team *team, struct outcome *outcome)
{
    for (int n = 0; n < MAX_WORKERS; n++)
        if (team->pid[n] != 0)
            kill(team->pid[n], SIGTERM);
    reap(team, outcome, 0);
}

static bool gather(struct shared *shared, struct outcome *outcome)
{
    int64_t sum;
    return read_tallies(shared, outcome, &sum) && shared_read_model(shared, &outcome->model) &&
           shared_published(shared, &outcome->published);
}

/* sets: the images to train on, the images to test with. */
static bool run_team(struct shared *shared, const struct options *options, const char *program,
                     const struct images *sets, struct outcome *outcome)
{
    struct team team = {.kill_pending = options->kill};
    bool good = shared_create(shared, &sets[0], options) &&
                start_team(&team, shared, program) && watch(&team, shared, outcome, sets);
    stop_team(&team, outcome);
    good = good && gather(shared, outcome);
    outcome->left_over = !shared_remove(shared);
    shared_close(shared);
    return good;
}

static void make_plan(struct plan *plan, const struct options *options, size_t images)
{
    plan->images = (int64_t)images;
    plan->batch = BATCH;
    plan->steps = (plan->images * options->epochs + BATCH - 1) / BATCH;
    plan->workers = options->workers;
    plan->parent = getpid();
}

/* Ends as the signal would have ended the process, so that a shell sees what happened. */
static void end_by_signal(int signal_number)
{
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static bool train_on(const struct images *sets, const struct options *options,
                     const char *program)
{
    struct shared shared = {0};
    struct outcome outcome = {.killed = -1};
    make_plan(&shared.plan, options, sets[0].count);
    catch_signals();
    bool good = run_team(&shared, options, program, sets, &outcome);
    if (interrupted) {
        report_line("interrupted; the shared objects are removed");
        end_by_signal(interrupted);
    }
    return report_outcome(&outcome, &shared.plan, sets) && good;
}

int train_together(const struct options *options, const char *program)
{
    struct images sets[2] = {{0}, {0}};
    bool good =
        data_load(options->data, &sets[0], &sets[1]) && train_on(sets, options, program);
    data_free(&sets[0]);
    data_free(&sets[1]);
    return good ? 0 : 1;
}
