/* Processes that work at the same time. */
#include "config.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

/* Seen by all of them. */
struct meeting {
    _Atomic int ready;
    _Atomic int started;
    struct bench_worker done[BENCH_MAX_WORKERS];
};

void *bench_shared_memory(size_t nbytes)
{
    void *memory =
        mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

pid_t bench_fork(void)
{
    fflush(NULL);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        signal(SIGINT, SIG_IGN);
        signal(SIGTERM, SIG_IGN);
    }
    return child;
}

/* The step before the start maps and touches what the others will need. */
static bool work(struct meeting *meeting, struct bench_worker *worker, int who, double seconds)
{
    bool good = worker->step(who);
    meeting->ready++;
    while (!meeting->started)
        sched_yield();
    double start = bench_now();
    bench_lock_waits = 0;
    for (worker->count = 0; good && bench_now() - start < seconds; worker->count++)
        good = worker->step(who);
    worker->seconds = bench_now() - start;
    worker->waits = bench_lock_waits;
    meeting->done[who] = *worker;
    return good;
}

static int start_all(struct meeting *meeting, struct bench_worker *workers, int count,
                     double seconds, pid_t *pids)
{
    for (int who = 0; who < count; who++) {
        pids[who] = bench_fork();
        if (pids[who] == 0)
            _exit(work(meeting, &workers[who], who, seconds) ? 0 : 1);
        if (pids[who] == -1)
            return who;
    }
    return count;
}

static bool wait_for_all(const pid_t *pids, int count)
{
    bool good = true;
    for (int who = 0; who < count; who++) {
        int status;
        good = waitpid(pids[who], &status, 0) == pids[who] && status == 0 && good;
    }
    return good;
}

/* A child that dies early would leave the others waiting: then none is ready, and all start. */
static void start_together(struct meeting *meeting, int count)
{
    double end = bench_now() + 60;
    while (meeting->ready < count && bench_now() < end)
        usleep(50);
    meeting->started = 1;
}

bool bench_at_once(struct bench_worker *workers, int count, double seconds)
{
    struct meeting *meeting = bench_shared_memory(sizeof *meeting);
    pid_t pids[BENCH_MAX_WORKERS];
    if (meeting == NULL)
        return false;
    int started = start_all(meeting, workers, count, seconds, pids);
    start_together(meeting, started);
    bool good = wait_for_all(pids, started) && started == count;
    for (int who = 0; who < count; who++)
        workers[who] = meeting->done[who];
    munmap(meeting, sizeof *meeting);
    return good;
}
