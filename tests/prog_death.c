/*
 * Processes that share segments and sets are killed at random times, 600 of them. After each
 * death: values are exact, the lock is free within 50 ms while others sleep, nattch and the
 * counts are true. In the end everything can be removed (S0.33, S1.31, S2.15, S2.31, S5.2).
 */
#include "config.h"

#include "tests/backend_support.h"
#include "tests/waits.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    KILLS = 600,
    WORKERS = 4,
    SLEEPERS = 2, /* the first for a value, the second for zero */
    PROCESSES = WORKERS + SLEEPERS,
    UNDO = LIBSHM_SEM_UNDO,
    START_VALUE = 1000,
    MOST_MOVED = 100,
    MOST_ATTACHED = 3,
};

/* A transfer moves from LEFT to RIGHT in one call, so that their sum is the same at any time.
 */
enum { LEFT, RIGHT, LOCK, NEVER, ONE, SEMAPHORES };

/* What a worker that stands still says of itself. */
struct worker {
    _Atomic int still;
    _Atomic int moved; /* net transfers, all with undo */
    _Atomic int attached;
};

static struct board {
    _Atomic int stop;
    struct worker worker[WORKERS];
} * board;

static int set, segment;
static pid_t pids[PROCESSES];
static unsigned state;

static unsigned random_below(unsigned limit)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 12) % limit;
}

static void transfer(int count)
{
    struct shm_backend_sembuf ops[] = {{LEFT, (short)-count, UNDO},
                                       {RIGHT, (short)count, UNDO}};

    EXPECT_OK(semops(set, ops, 2));
}

/* Moves within the worker's own limits, so that no undo is ever clamped. */
static void move_something(struct worker *me)
{
    int count = (int)random_below(9) - 4;
    int moved = me->moved + count;

    if (count == 0 || abs(moved) > MOST_MOVED)
        return;
    transfer(count);
    me->moved = moved;
}

static void attach_or_detach(struct worker *me, void **at)
{
    if (me->attached < MOST_ATTACHED && random_below(2))
        at[me->attached++] = attach(segment);
    else if (me->attached > 0)
        EXPECT_OK(shm_backend_shmdt(at[--me->attached]));
}

static void critical_section(struct worker *me)
{
    if (semop1_timed(set, LOCK, -1, UNDO, 5) < 0) {
        EXPECT_INT(errno, EAGAIN);
        return;
    }
    move_something(me);
    for (volatile int i = (int)random_below(20000); i > 0; i--)
        continue;
    EXPECT_OK(semop1(set, LOCK, 1, UNDO));
}

static void stand_still(struct worker *me)
{
    me->still = 1;
    while (board->stop)
        usleep(100);
    me->still = 0;
}

static void work(void *context)
{
    struct worker *me = context;
    void *at[MOST_ATTACHED];

    state = (unsigned)getpid();
    for (;;) {
        if (board->stop)
            stand_still(me);
        critical_section(me);
        attach_or_detach(me, at);
        move_something(me);
        if (semop1_timed(set, NEVER, -1, UNDO, 0) == 0)
            fail_at(__FILE__, __LINE__, "a semaphore that nobody raises was lowered");
    }
}

static void start_process(int i)
{
    if (i >= WORKERS) {
        pids[i] = start_semop(set, i == WORKERS ? NEVER : ONE, i == WORKERS ? -1 : 0, UNDO);
        return;
    }
    memset(&board->worker[i], 0, sizeof board->worker[i]);
    pids[i] = start(work, &board->worker[i]);
}

static bool all_still(int dead)
{
    for (int i = 0; i < WORKERS; i++)
        if (i != dead && !board->worker[i].still)
            return false;
    return true;
}

static void expect_conserved(void)
{
    unsigned short values[SEMAPHORES];

    EXPECT_OK(sem_get_all(set, values));
    EXPECT_INT(values[LEFT] + values[RIGHT], 2 * START_VALUE);
}

static struct waits waits;

/* All that live stand still or sleep: every number can be told exactly. */
static void check_everything(int dead)
{
    int moved = 0, attached = 0;

    double begun = seconds_now();
    EXPECT_OK(semop1_timed(set, LOCK, -1, UNDO, 5000));
    waits_add(&waits, seconds_now() - begun);
    EXPECT_OK(semop1(set, LOCK, 1, UNDO));
    for (int i = 0; i < WORKERS; i++)
        if (i != dead) {
            moved += board->worker[i].moved;
            attached += board->worker[i].attached;
        }
    EXPECT_INT(semval(set, LEFT), START_VALUE - moved);
    EXPECT_INT(semval(set, RIGHT), START_VALUE + moved);
    EXPECT_INT(semval(set, LOCK), 1);
    EXPECT_INT(nattch(segment), attached);
    UNTIL(dead == WORKERS || semncnt(set, NEVER) == 1);
    UNTIL(dead == WORKERS + 1 || semzcnt(set, ONE) == 1);
    EXPECT_INT(semncnt(set, NEVER), dead == WORKERS ? 0 : 1);
    EXPECT_INT(semzcnt(set, ONE), dead == WORKERS + 1 ? 0 : 1);
    EXPECT_INT(semncnt(set, LOCK), 0);
}

static void kill_one(void)
{
    int victim = (int)random_below(PROCESSES);

    usleep(random_below(6000));
    kill_and_reap(pids[victim]);
    expect_conserved();
    board->stop = 1;
    UNTIL(all_still(victim));
    check_everything(victim);
    board->stop = 0;
    start_process(victim);
}

static void begin(key_t key)
{
    unsigned short values[SEMAPHORES] = {START_VALUE, START_VALUE, 1, 0, 1};

    state = (unsigned)getpid();
    board =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(board != MAP_FAILED);
    set = set_at(key, SEMAPHORES, 0600);
    segment = segment_at(key, 10000, 0600);
    EXPECT_OK(sem_set_all(set, values));
    for (int i = 0; i < PROCESSES; i++)
        start_process(i);
}

static void end(key_t key)
{
    for (int i = 0; i < PROCESSES; i++)
        kill_and_reap(pids[i]);
    EXPECT_INT(semval(set, LEFT), START_VALUE);
    EXPECT_INT(semval(set, RIGHT), START_VALUE);
    EXPECT_INT(semval(set, LOCK), 1);
    EXPECT_INT(nattch(segment), 0);
    EXPECT_OK(remove_segment(segment));
    EXPECT_OK(remove_set(set));
    EXPECT_ERR(shm_backend_shmget(key, 0, 0), ENOENT);
    EXPECT_ERR(shm_backend_semget(key, 0, 0), ENOENT);
}

int main(void)
{
    double begun = seconds_now();

    announce();
    registry_start();
    key_t key = free_key();
    begin(key);
    waits_start(&waits);
    for (int kills = 0; kills < scaled(KILLS); kills++)
        kill_one();
    end(key);
    EXPECT(waits_were_prompt(&waits));
    printf("%d kills in %.1f s\n", scaled(KILLS), seconds_now() - begun);
    return 0;
}
