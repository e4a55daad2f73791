/* One V among many processes that wait: the one that gets it answers. */
#include "config.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

enum { CHANNELS = 3, MOST = 1000 };

static const struct bench_channel *const channels[CHANNELS] = {
    &bench_channel_ours, &bench_channel_kernel, &bench_channel_sem_t};

/* The processes that wait on one channel. */
static struct crowd {
    bool opened;
    int count;
    pid_t pids[MOST];
} crowds[CHANNELS];

/* Seen by all of them. */
static struct signs {
    _Atomic int ready;
    _Atomic int over;
} * signs;

static bool wait_and_answer(const struct bench_channel *channel)
{
    signs->ready++;
    for (;;) {
        if (!channel->p(0))
            return false;
        if (signs->over)
            return true;
        if (!channel->v(1))
            return false;
    }
}

static bool gather(int which, int wanted)
{
    struct crowd *crowd = &crowds[which];
    while (crowd->count < wanted) {
        pid_t child = bench_fork();
        if (child == 0)
            _exit(wait_and_answer(channels[which]) ? 0 : 1);
        if (child == -1)
            return false;
        crowd->pids[crowd->count++] = child;
    }
    return true;
}

static bool dismiss(int which)
{
    struct crowd *crowd = &crowds[which];
    bool good = true;
    for (int i = 0; i < crowd->count; i++)
        good = channels[which]->v(0) && good;
    for (int i = 0; i < crowd->count; i++) {
        int status;
        good = waitpid(crowd->pids[i], &status, 0) == crowd->pids[i] && status == 0 && good;
    }
    crowd->count = 0;
    good = channels[which]->at_zero() && good;
    return channels[which]->close() && good;
}

static bool wake_one(long which, long rounds)
{
    while (rounds-- > 0)
        if (!channels[which]->v(0) || !channels[which]->p(1))
            return false;
    return true;
}

static bool measure(int waiters)
{
    char title[80];
    snprintf(title, sizeof title, "V, and the answer of one of %d waiting processes", waiters);
    struct bench_group group = {
        .title = title,
        .curve = "waiters on one semaphore",
        .x = waiters,
        .unit = "us",
        .cases = {
            {"backend", BENCH_OURS, wake_one, NULL, 0, "kernel", NULL, 0},
            {"kernel", BENCH_PEER, crowds[1].opened ? wake_one : NULL, NULL, 1, NULL, NULL, 0},
            {"sem_t", BENCH_PEER, wake_one, NULL, 2, "kernel", NULL, 0}}};
    return bench_run(&group);
}

/* Not everybody may have as many processes: then this point is left out. */
static bool with_waiters(int waiters)
{
    int wanted = 0;
    bool enough = true, good = true;
    signs->ready = 0;
    signs->over = 0;
    for (int i = 0; i < CHANNELS; i++) {
        crowds[i].opened = channels[i]->open();
        enough = enough && (!crowds[i].opened || gather(i, waiters));
        wanted += crowds[i].count;
    }
    while (signs->ready < wanted)
        usleep(1000);
    usleep(10000); /* until the last one sleeps; it matters little */
    if (enough)
        good = measure(waiters);
    else
        bench_remark("%d waiting processes could not be started", waiters);
    signs->over = 1;
    for (int i = 0; i < CHANNELS; i++)
        if (crowds[i].opened)
            good = bench_check(dismiss(i), channels[i]->name) && good;
    return good;
}

bool bench_waiters(void)
{
    bool good = true;
    signs = bench_shared_memory(sizeof *signs);
    if (!bench_check(signs != NULL, "shared memory for waiters"))
        return false;
    for (int waiters = 1; waiters <= (bench_settings.quick ? 10 : MOST); waiters *= 10)
        good = with_waiters(waiters) && good;
    munmap(signs, sizeof *signs);
    return good;
}
