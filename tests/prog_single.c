/*
 * Operations on one semaphore, on two at once and on all, by processes of which one after the other
 * is killed: in user space some need the set's lock and some do not, and they meet. The values add
 * up to what they were, whatever was undone; a semaphore used as a lock lets one process in; and
 * sets are removed while threads operate on them (S2.11, S2.31, S2.38).
 */
#include "config.h"

#include "tests/backend_support.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 4, KILLS = 400, LOOKS = 1000, START = 15000, SETS = 3000, USERS = 3 };
enum { UNDO = LIBSHM_SEM_UNDO, NOWAIT = LIBSHM_IPC_NOWAIT };
enum { LEFT, RIGHT, DOOR, SEMAPHORES };

static int set;

static struct board {
    _Atomic bool stop;
    _Atomic pid_t inside; /* the worker that is; it may have died there */
    _Atomic pid_t killed[KILLS];
    _Atomic int died_inside;
    _Atomic long net; /* what worker 0, which is not killed, has done without undo */
    _Atomic long operations;
} * board;

/* What a call that must not wait may say. */
static bool done(int result)
{
    EXPECT(result == 0 || errno == EAGAIN);
    return result == 0;
}

/* Any of them: those who wait at the door may come in after several have died. */
static bool was_killed(pid_t worker)
{
    for (int i = 0; i < KILLS; i++)
        if (atomic_load(&board->killed[i]) == worker)
            return true;
    return false;
}

static void go_in(pid_t me)
{
    EXPECT_OK(semop1(set, DOOR, -1, UNDO));
    pid_t before = atomic_exchange(&board->inside, me);
    if (before != 0) {
        EXPECT(was_killed(before));
        atomic_fetch_add(&board->died_inside, 1);
    }
    for (int i = 0; i < LOOKS; i++)
        EXPECT_INT(atomic_load(&board->inside), me);
    atomic_store(&board->inside, 0);
    EXPECT_OK(semop1(set, DOOR, 1, UNDO));
}

static void transfer(int difference)
{
    const struct shm_backend_sembuf ops[] = {{LEFT, (short)-difference, UNDO | NOWAIT},
                                             {RIGHT, (short)difference, UNDO | NOWAIT}};

    done(semops(set, ops, 2));
}

static void change_for_good(int difference)
{
    if (done(semop1(set, LEFT, difference, NOWAIT)))
        atomic_fetch_add(&board->net, difference);
}

static void look_at_all(void)
{
    unsigned short values[SEMAPHORES];

    EXPECT_OK(sem_get_all(set, values));
    EXPECT(values[DOOR] <= 1);
}

static void work(void *number)
{
    pid_t me = getpid();
    unsigned seed = (unsigned)me;

    while (!atomic_load(&board->stop)) {
        int difference = (int)(rand_r(&seed) % 7) - 3;

        atomic_fetch_add(&board->operations, 1);
        switch (rand_r(&seed) % 16) {
        case 0:
            look_at_all();
            break;
        case 1:
        case 2:
            transfer(difference);
            break;
        case 3:
        case 4:
            if (*(int *)number == 0)
                change_for_good(difference);
            break;
        case 5:
        case 6:
        case 7:
        case 8:
            done(semop1(set, LEFT, difference ? difference : 1, UNDO | NOWAIT));
            break;
        default:
            go_in(me);
        }
    }
}

static void expect_sum(void)
{
    unsigned short values[SEMAPHORES];

    EXPECT_OK(sem_get_all(set, values));
    EXPECT_INT(values[LEFT] + values[RIGHT], 2 * START + atomic_load(&board->net));
    EXPECT_INT(values[DOOR], 1);
}

static void kill_workers(void)
{
    static int numbers[WORKERS];
    pid_t pids[WORKERS];
    int kills = scaled(KILLS);

    for (int i = 0; i < WORKERS; i++) {
        numbers[i] = i;
        pids[i] = start(work, &numbers[i]);
    }
    for (int i = 0; i < kills; i++) {
        int victim = 1 + rand() % (WORKERS - 1);

        nanosleep(&(struct timespec){.tv_nsec = rand() % 3000000}, NULL);
        atomic_store(&board->killed[i], pids[victim]);
        kill_and_reap(pids[victim]);
        pids[victim] = start(work, &numbers[victim]);
    }
    atomic_store(&board->stop, true);
    for (int i = 0; i < WORKERS; i++)
        EXPECT_INT(reap(pids[i]), 0);
    printf("%d kills, %d of them inside, %ld operations\n", kills,
           atomic_load(&board->died_inside), atomic_load(&board->operations));
    expect_sum();
}

/*
 * Threads of one process have one adjustment: operations with undo, without, and two at once bring the word
 * back to what it was again and again, and none may take another's step for its own.
 */

enum { THREADS = 3, TURNS = 40000 };

static void *take_turns(void *number)
{
    const struct shm_backend_sembuf both[] = {{DOOR, -1, UNDO}, {DOOR, 1, UNDO}};
    unsigned seed = (unsigned)(intptr_t)number;

    for (int i = scaled(TURNS); i > 0; i--) {
        int flags = rand_r(&seed) % 4 ? UNDO : 0;

        if (rand_r(&seed) % 8 == 0) {
            EXPECT_OK(semops(set, both, 2));
            continue;
        }
        EXPECT_OK(semop1(set, DOOR, -1, flags));
        EXPECT_OK(semop1(set, DOOR, 1, flags));
    }
    return NULL;
}

static void run_threads(void *unused)
{
    pthread_t threads[THREADS];

    (void)unused;
    for (intptr_t i = 0; i < THREADS; i++)
        EXPECT_INT(pthread_create(&threads[i], NULL, take_turns, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++)
        EXPECT_INT(pthread_join(threads[i], NULL), 0);
    EXPECT_INT(semval(set, DOOR), 1);
}

static void share_an_adjustment(void)
{
    EXPECT_INT(run(run_threads, NULL), 0);
    EXPECT_INT(semval(set, DOOR), 1); /* what was left of it has been undone */
}

/*
 * Removal.
 */

static _Atomic int current;
static _Atomic bool over;

static void *use(void *unused)
{
    long operations = 0;

    while (!atomic_load(&over)) {
        int id = atomic_load(&current), result = semop1(id, 0, operations % 2 ? 1 : -1, NOWAIT);

        EXPECT(result == 0 || errno == EAGAIN || errno == EINVAL || errno == EIDRM);
        operations++;
    }
    return unused;
}

/* Sets come and go under threads that use whichever there is. */
static void remove_sets(void)
{
    pthread_t users[USERS];
    int sets = scaled(SETS);

    atomic_store(&current, (int)EXPECT_OK(shm_backend_semget(LIBSHM_IPC_PRIVATE, 1, 0600)));
    for (int i = 0; i < USERS; i++)
        EXPECT_INT(pthread_create(&users[i], NULL, use, NULL), 0);
    for (int i = 0; i < sets; i++) {
        int old = atomic_load(&current);
        int fresh = (int)EXPECT_OK(shm_backend_semget(LIBSHM_IPC_PRIVATE, 1, 0600));

        EXPECT_OK(semop1(fresh, 0, 2, 0));
        atomic_store(&current, fresh);
        EXPECT_OK(remove_set(old));
    }
    atomic_store(&over, true);
    for (int i = 0; i < USERS; i++)
        EXPECT_INT(pthread_join(users[i], NULL), 0);
    EXPECT_OK(remove_set(atomic_load(&current)));
    printf("%d sets were removed while %d threads used them\n", sets, USERS);
}

int main(void)
{
    const unsigned short values[SEMAPHORES] = {START, START, 1};
    void *memory =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    EXPECT(memory != MAP_FAILED);
    board = memory;
    announce();
    registry_start();
    srand((unsigned)time(NULL));
    set = new_set(SEMAPHORES, 0600);
    EXPECT_OK(sem_set_all(set, values));
    kill_workers();
    share_an_adjustment();
    remove_all();
    remove_sets();
    return 0;
}
