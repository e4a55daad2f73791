/* Two processes that wake each other, as with two semaphores; at best, two stores that meet. */
#include "config.h"

#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

/* Turns that are waited for in vain before the processor is offered to others: there may be one. */
enum { SPINS = 10000 };

static const struct bench_channel *const channels[] = {
    &bench_channel_ours, &bench_channel_kernel, &bench_channel_sem_t};
static _Atomic long *line; /* the number of the turn, in shared memory */

static bool answer(const struct bench_channel *channel, long rounds)
{
    while (rounds-- > 0)
        if (!channel->p(0) || !channel->v(1))
            return false;
    return true;
}

static bool call(const struct bench_channel *channel, long rounds)
{
    while (rounds-- > 0)
        if (!channel->v(0) || !channel->p(1))
            return false;
    return true;
}

/* Where something failed here, the child may wait for ever. */
static bool has_ended_well(pid_t child, bool good)
{
    int status;
    if (!good)
        kill(child, SIGKILL);
    return waitpid(child, &status, 0) == child && status == 0;
}

/* The first round is not measured: it waits for the child to be there. */
static double exchange(long which, long rounds)
{
    const struct bench_channel *channel = channels[which];
    pid_t child = bench_fork();
    if (child == 0)
        _exit(answer(channel, rounds + 1) ? 0 : 1);
    if (child == -1)
        return -1;
    bool good = call(channel, 1);
    double start = bench_now();
    good = good && call(channel, rounds);
    double took = bench_now() - start;
    return has_ended_well(child, good) && good && channel->at_zero() ? took : -1;
}

/* Who has the turn, of the two, writes the next one. */
static void play(long first, long last)
{
    for (long turn = first; turn <= last; turn += 2) {
        for (int spins = 0; *line != turn; spins++)
            if (spins >= SPINS)
                sched_yield();
        *line = turn + 1;
    }
}

static double exchange_lines(long unused, long rounds)
{
    (void)unused;
    *line = 0;
    pid_t child = bench_fork();
    if (child == 0) {
        play(1, 2 * rounds + 1);
        _exit(0);
    }
    if (child == -1)
        return -1;
    play(0, 0);
    while (*line != 2)
        sched_yield();
    double start = bench_now();
    play(2, 2 * rounds);
    double took = bench_now() - start;
    return has_ended_well(child, true) && *line == 2 * rounds + 2 ? took : -1;
}

static const struct bench_target targets[] = {
    {3, "posix", "two-process ping-pong, to the kernel's", "backend", "kernel", 1.15, false},
    {0}};

bool bench_pingpong(void)
{
    line = bench_shared_memory(sizeof *line);
    bool kernel = bench_channel_kernel.open();
    if (!bench_check(line != NULL && bench_channel_ours.open() && bench_channel_sem_t.open(),
                     "semaphores for a ping-pong are made"))
        return false;
    struct bench_group group = {
        .title = "semaphore ping-pong of two processes, a round trip",
        .unit = "us",
        .targets = targets,
        .cases = {
            {"backend", BENCH_OURS, NULL, exchange, 0, "kernel", "cache line", 0},
            {"kernel", BENCH_PEER, NULL, kernel ? exchange : NULL, 1, NULL, "cache line", 0},
            {"sem_t", BENCH_PEER, NULL, exchange, 2, "kernel", "cache line", 0},
            {"cache line", BENCH_LIMIT, NULL, exchange_lines, 0, NULL, NULL, 0}}};
    bool good = bench_run(&group);
    good = bench_check(bench_channel_ours.close(), "our semaphores are removed") && good;
    good = bench_channel_sem_t.close() && good;
    good = (!kernel || bench_channel_kernel.close()) && good;
    munmap(line, sizeof *line);
    return good;
}
