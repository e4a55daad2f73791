/*
 * Processes race to create and remove what one key names (S0.7, S0.8, S1.39, S1.41, S2.25):
 * exactly one creates, all get the same object, a key never names another one than it should,
 * also while creators are killed.
 */
#include "config.h"

#include "tests/backend_support.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    RACERS = 4,
    ROUNDS = 600,
    KILLS = 150,
    EXCL = LIBSHM_IPC_EXCL,
    CREAT = LIBSHM_IPC_CREAT
};

/* One family of objects, so that both are raced by the same code. */
struct family {
    const char *name;
    int (*get)(key_t key, int flags);
    int (*remove)(int id);
    int (*maker)(int id); /* number of the process that made it; -1: gone */
};

static int get_segment(key_t key, int flags)
{
    return shm_backend_shmget(key, 70000, flags);
}

static int get_set(key_t key, int flags)
{
    return shm_backend_semget(key, 3, flags);
}

/* Each process makes objects of a mode of its own, so that they are marked from the beginning.
 */
static int maker_of_segment(int id)
{
    struct shm_backend_shmid_ds ds;

    return shm_backend_shmctl(id, LIBSHM_IPC_STAT, &ds) < 0 ? -1 : (int)ds.perm.mode & 7;
}

static int maker_of_set(int id)
{
    struct shm_backend_semid_ds ds;
    union shm_backend_semun arg = {.buf = &ds};

    return shm_backend_semctl(id, 0, LIBSHM_IPC_STAT, arg) < 0 ? -1 : (int)ds.perm.mode & 7;
}

static const struct family families[] = {
    {"segments", get_segment, remove_segment, maker_of_segment},
    {"sets", get_set, remove_set, maker_of_set},
};

static struct board {
    _Atomic int arrived, winners, left;
    _Atomic int id[RACERS];
    _Atomic long created, refused;
} * board;

static const struct family *family;
static key_t key;

static void meet(int round)
{
    atomic_fetch_add(&board->arrived, 1);
    while (atomic_load(&board->arrived) < (round + 1) * RACERS)
        sched_yield();
}

/* Returns the id; every other round nobody asks for exclusiveness. */
static int race_once(int round)
{
    if (round % 2)
        return (int)EXPECT_OK(family->get(key, CREAT | 0600));
    int id = family->get(key, CREAT | EXCL | 0600);
    if (id >= 0) {
        atomic_fetch_add(&board->winners, 1);
        return id;
    }
    EXPECT_INT(errno, EEXIST);
    return (int)EXPECT_OK(family->get(key, 0));
}

static void racer(void *context)
{
    int me = *(int *)context;

    for (int round = 0; round < scaled(ROUNDS); round++) {
        meet(3 * round);
        board->id[me] = race_once(round);
        meet(3 * round + 1);
        for (int i = 0; i < RACERS; i++)
            EXPECT_INT(board->id[i], board->id[me]);
        EXPECT_INT(board->winners, round % 2 ? 0 : 1);
        meet(3 * round + 2);
        if (me == round % RACERS) {
            board->winners = 0;
            EXPECT_OK(family->remove(board->id[me]));
            EXPECT_ERR(family->get(key, 0), ENOENT);
        }
    }
}

static void race_in_rounds(void)
{
    pid_t pids[RACERS];
    int numbers[RACERS];

    memset(board, 0, sizeof *board);
    for (int i = 0; i < RACERS; i++) {
        numbers[i] = i;
        pids[i] = start(racer, &numbers[i]);
    }
    for (int i = 0; i < RACERS; i++)
        EXPECT_INT(reap(pids[i]), 0);
    EXPECT_ERR(family->get(key, 0), ENOENT);
}

/* Only the creator removes: until then the key must name what it has made. */
static void own_for_a_moment(int id)
{
    for (int i = 0; i < 3; i++)
        EXPECT_INT(family->get(key, i == 2 ? CREAT | 0600 : 0), id);
    EXPECT_OK(family->remove(id));
    atomic_fetch_add(&board->created, 1);
}

static void create_and_remove(void *context)
{
    int mode = 0600 | *(int *)context;

    for (;;) {
        int id = family->get(key, CREAT | EXCL | mode);
        if (id >= 0) {
            own_for_a_moment(id);
            continue;
        }
        EXPECT_INT(errno, EEXIST);
        atomic_fetch_add(&board->refused, 1);
        if (family->get(key, 0600) < 0)
            EXPECT_INT(errno, ENOENT);
    }
}

/* What a killed creator left complete is the survivors' to remove. */
static void remove_what_is_left_by(int dead)
{
    int id = family->get(key, 0);

    if (id < 0)
        EXPECT_INT(errno, ENOENT);
    else if (family->maker(id) == dead)
        EXPECT_OK(family->remove(id));
}

static void race_with_kills(void)
{
    static int numbers[] = {0, 1, 2, 3};
    pid_t pids[RACERS];
    unsigned state = (unsigned)getpid();

    memset(board, 0, sizeof *board);
    for (int i = 0; i < RACERS; i++)
        pids[i] = start(create_and_remove, &numbers[i]);
    for (int kills = 0; kills < scaled(KILLS); kills++) {
        state = state * 1664525u + 1013904223u;
        int victim = (int)(state >> 16) % RACERS;
        long before = board->created;
        usleep((state >> 8) % 4000);
        kill_and_reap(pids[victim]);
        remove_what_is_left_by(victim);
        pids[victim] = start(create_and_remove, &numbers[victim]);
        if (kills % 10 == 0)
            UNTIL(board->created > before);
    }
    for (int i = 0; i < RACERS; i++) {
        kill_and_reap(pids[i]);
        remove_what_is_left_by(i);
    }
    printf("%s: %ld made, %ld refused, %d killed\n", family->name, (long)board->created,
           (long)board->refused, scaled(KILLS));
}

int main(void)
{
    double begun = seconds_now();

    announce();
    registry_start();
    key = free_key();
    board =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(board != MAP_FAILED);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        family = &families[i];
        race_in_rounds();
        race_with_kills();
        EXPECT_OK(collect_debris());
        EXPECT_ERR(family->get(key, 0), ENOENT);
    }
    EXPECT_INT(shm_backend_shm_list(NULL, 0), 0);
    EXPECT_INT(shm_backend_sem_list(NULL, 0), 0);
    printf("%.1f s\n", seconds_now() - begun);
    return 0;
}
