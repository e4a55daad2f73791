/*
 * A thousand processes that do everything at once with shared sets, queues and segments, killed at random
 * points. Afterwards what was taken with undo is given back, sums are what they were, nobody is counted as
 * waiting or attached, every message is whole and counted, a queue holds as much as a new one, nothing
 * hangs, and all can be removed (S0.33, S1.31, S1.44, S2.31, S2.38).
 */
#include "config.h"

#include "tests/backend_support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    WORKERS = 6,
    KILLS = 1000,
    HEAP = 10000,   /* tokens: so many that no undo meets an end of the range */
    LONGEST = 3000, /* bytes of a message */
    NOWAIT = LIBSHM_IPC_NOWAIT,
    UNDO = LIBSHM_SEM_UNDO,
    WAIT_MS = 3,
};

/* The set: a lock, two heaps of tokens, one that is zero for ever, one that never is. */
enum { LOCK, LEFT, RIGHT, ZERO, FULL, SEMAPHORES };

static int set, queue, segment;
static pid_t pids[WORKERS];
static unsigned state;

static unsigned random_below(unsigned limit)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 12) % limit;
}

/* A message whose bytes follow from its first two. */
static struct {
    long type;
    unsigned char bytes[LONGEST];
} message;

static void fill(size_t size)
{
    for (size_t i = 0; i < size; i++)
        message.bytes[i] = (unsigned char)(size * 7 + i * 13 + (size_t)message.type);
}

static void expect_whole(size_t size)
{
    for (size_t i = 0; i < size; i++)
        EXPECT_INT(message.bytes[i], (unsigned char)(size * 7 + i * 13 + (size_t)message.type));
}

/* Results that a full or empty object, or a timeout, may give. */
static bool might_be(long long result)
{
    return result >= 0 || errno == EAGAIN || errno == ENOMSG;
}

static void hold_the_lock(void)
{
    EXPECT_OK(semop1(set, LOCK, -1, UNDO));
    EXPECT_OK(semop1(set, LOCK, 1, UNDO));
}

static void move_a_token(void)
{
    unsigned from = LEFT + random_below(2), undo = random_below(2) ? UNDO : 0;
    const struct shm_backend_sembuf ops[] = {
        {(unsigned short)from, -1, (short)undo},
        {(unsigned short)(LEFT + RIGHT - from), 1, (short)undo},
    };

    EXPECT(might_be(semops_timed(set, ops, 2, WAIT_MS)));
}

static void wait_in_vain(void)
{
    if (random_below(2))
        EXPECT_ERR(semop1_timed(set, ZERO, -1, UNDO, WAIT_MS), EAGAIN);
    else
        EXPECT_ERR(semop1_timed(set, FULL, 0, 0, WAIT_MS), EAGAIN);
}

static void send_one(void)
{
    const struct timespec timeout = {0, WAIT_MS * 1000000};
    size_t size = random_below(8) ? random_below(100) : random_below(LONGEST);

    message.type = 1 + (long)random_below(5);
    fill(size);
    EXPECT(might_be(shm_backend_msgtimedsnd(queue, &message, size, 0, &timeout)));
}

static void receive_one(void)
{
    const struct timespec timeout = {0, WAIT_MS * 1000000};
    long type = (long)random_below(9) - 3;
    ssize_t size = shm_backend_msgtimedrcv(queue, &message, LONGEST, type, 0, &timeout);

    EXPECT(might_be(size));
    if (size >= 0)
        expect_whole((size_t)size);
}

static void attach_and_detach(void)
{
    char *start = attach(segment);

    start[random_below(4096)]++;
    EXPECT_OK(shm_backend_shmdt(start));
}

static void work(void *number)
{
    static void (*const kinds[])(void) = {hold_the_lock, move_a_token, wait_in_vain,
                                          send_one,      receive_one,  attach_and_detach};

    state = (unsigned)getpid() * 2654435761u + *(unsigned *)number;
    for (;;)
        kinds[random_below(sizeof kinds / sizeof *kinds)]();
}

static void sleep_below(long microseconds)
{
    struct timespec t = {.tv_nsec = (long)random_below((unsigned)microseconds) * 1000};

    nanosleep(&t, NULL);
}

/* A worker that ended by itself has found something wrong. */
static void kill_worker(int i)
{
    kill(pids[i], SIGKILL);
    EXPECT_INT(reap(pids[i]), 128 + SIGKILL);
}

static void torture(void)
{
    unsigned kills = (unsigned)scaled(KILLS);

    for (unsigned i = 0; i < WORKERS; i++)
        pids[i] = start(work, &i);
    for (unsigned n = 0; n < kills; n++) {
        int i = (int)random_below(WORKERS);
        sleep_below(3000);
        kill_worker(i);
        pids[i] = start(work, &n);
    }
    for (int i = 0; i < WORKERS; i++)
        kill_worker(i);
    printf("%u kills\n", kills + WORKERS);
}

/* With undo, tokens may have gone back to either side, but never come to be or vanish. */
static void check_set(void)
{
    EXPECT_OK(semop1_timed(set, LOCK, -1, 0, 5000));
    EXPECT_OK(semop1(set, LOCK, 1, 0));
    EXPECT_INT(semval(set, LOCK), 1);
    EXPECT_INT(semval(set, LEFT) + semval(set, RIGHT), 2 * HEAP);
    EXPECT_INT(semval(set, ZERO), 0);
    EXPECT_INT(semval(set, FULL), 1);
    for (int i = 0; i < SEMAPHORES; i++) {
        EXPECT_INT(semncnt(set, i), 0);
        EXPECT_INT(semzcnt(set, i), 0);
    }
}

static void check_queue(void)
{
    struct shm_backend_msqid_ds ds = queue_stat(queue);
    unsigned long long count = 0, bytes = 0;
    ssize_t size;

    while ((size = shm_backend_msgtimedrcv(queue, &message, LONGEST, 0, NOWAIT, NULL)) >= 0) {
        expect_whole((size_t)size);
        count++;
        bytes += (unsigned long long)size;
    }
    EXPECT_INT(errno, ENOMSG);
    EXPECT_INT((long long)count, (long long)ds.qnum);
    EXPECT_INT((long long)bytes, (long long)ds.cbytes);
    message.type = 1;
    for (uint64_t room = ds.qbytes; room > 0; room -= 1024)
        EXPECT_OK(shm_backend_msgtimedsnd(queue, &message, 1024, NOWAIT, NULL));
    EXPECT_ERR(shm_backend_msgtimedsnd(queue, &message, 1, NOWAIT, NULL), EAGAIN);
}

int main(void)
{
    const unsigned short values[SEMAPHORES] = {1, HEAP, HEAP, 0, 1};
    double begun = seconds_now();

    announce();
    registry_start();
    state = (unsigned)getpid();
    set = new_set(SEMAPHORES, 0600);
    EXPECT_OK(sem_set_all(set, values));
    queue = new_queue(0600);
    segment = new_segment(4096, 0600);
    torture();
    check_set();
    check_queue();
    EXPECT_INT(nattch(segment), 0);
    EXPECT_OK(remove_segment(segment));
    EXPECT_OK(remove_set(set));
    EXPECT_OK(remove_queue(queue));
    printf("%.1f s\n", seconds_now() - begun);
    return 0;
}
