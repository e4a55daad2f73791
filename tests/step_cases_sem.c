/*
 * Semaphores: sets created and removed, operations with undo and without, with sleepers, values
 * set, by a process that dies. Values are {5, 5, 5} and a lock of value 1, if not said otherwise.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "posix/posix_set_format.h"
#include "tests/backend_files.h"
#include "tests/backend_support.h"
#include "tests/step_trace.h"

enum {
    LOCK = 3,
    SEMAPHORES = 4,
    UNDO = LIBSHM_SEM_UNDO,
    CREATE = LIBSHM_IPC_CREAT,
    EXCLUSIVE = CREATE | LIBSHM_IPC_EXCL,
    PATIENCE_MS = 5000
};

static pid_t sleeper, holder; /* children of the other process */

static void choose_key(void)
{
    step_board->key = free_key();
}

/* Clears all adjustments too. */
static void set_values(int first)
{
    unsigned short values[SEMAPHORES] = {(unsigned short)first, 5, 5, 1};

    EXPECT_OK(sem_set_all(step_board->id, values));
}

static void set_fives(void)
{
    set_values(5);
}

static void set_zero(void)
{
    set_values(0);
}

static void begin_set(void)
{
    choose_key();
    step_board->id =
        (int)EXPECT_OK(shm_backend_semget(step_board->key, SEMAPHORES, EXCLUSIVE | 0600));
}

/* The set's file, as long as there is the set: closing it could take locks of the process away. */
static int file = -1;

static void end_set(void)
{
    EXPECT_OK(remove_set(step_board->id));
    if (file >= 0)
        close(file);
    file = -1;
    step_nothing_left();
}

/* A word of the user-space backend's file. */
static uint32_t word_at(size_t offset)
{
    char path[FILE_PATH_SIZE];
    uint32_t word;

    file_path(path, "s", (unsigned)step_board->id);
    if (file < 0)
        file = (int)EXPECT_OK(open(path, O_RDONLY));
    EXPECT_INT(pread(file, &word, sizeof word, (off_t)offset), sizeof word);
    return word;
}

/* With these few semaphores, rows of 64 bytes begin at the second page. */
static size_t offset_of_row(uint32_t row)
{
    return 4096 + (row - 1) * (size_t)64;
}

/* The row of a dead process that has left the set locked; 0: none. */
static uint32_t dead_holder(void)
{
    uint32_t row = on_posix() ? px_lock_row(word_at(PX_CONTROL_OFFSET)) : 0;
    pid_t pid = row ? (pid_t)word_at(offset_of_row(row) + offsetof(struct px_row, pid)) : 0;

    return pid > 0 && kill(pid, 0) != 0 ? row : 0;
}

/* How many processes hold adjustments of semaphore 0, as the user-space backend counts them. */
static void expect_holders(enum px_holders holders)
{
    size_t offset = PX_SEMAPHORES_OFFSET + offsetof(struct px_semaphore, word);

    if (on_posix())
        EXPECT_INT(px_word_holders(word_at(offset)), holders);
}

/* The first call after a death: it meets whatever is locked, and buries who had locked it. */
static void take_lock(void)
{
    const struct shm_backend_sembuf two[] = {{LOCK, -1, UNDO}, {LOCK, 0, 0}};
    uint32_t dead = dead_holder();

    /* One operation may need no lock in user space; two do. */
    PROMPT(semop1_timed(step_board->id, LOCK, -1, UNDO, PATIENCE_MS));
    EXPECT_OK(semop1(step_board->id, LOCK, 1, UNDO));
    PROMPT(semops_timed(step_board->id, two, 2, PATIENCE_MS));
    if (dead)
        EXPECT_INT(word_at(offset_of_row(dead)), PX_ROW_FREE);
    EXPECT_OK(semop1(step_board->id, LOCK, 1, UNDO));
}

static bool are(int a, int b, int c)
{
    unsigned short v[SEMAPHORES];

    EXPECT_OK(sem_get_all(step_board->id, v));
    EXPECT_INT(v[LOCK], 1);
    return v[0] == a && v[1] == b && v[2] == c;
}

static void nobody_sleeps(void)
{
    for (int i = 0; i < SEMAPHORES; i++) {
        EXPECT_INT(semncnt(step_board->id, i), 0);
        EXPECT_INT(semzcnt(step_board->id, i), 0);
    }
}

/*
 * semget and IPC_RMID.
 */

static void create_keyed(void)
{
    EXPECT_OK(shm_backend_semget(step_board->key, SEMAPHORES, EXCLUSIVE | 0600));
}

static void use_and_remove(int id)
{
    step_board->id = id;
    EXPECT_INT(set_stat(id).nsems, SEMAPHORES);
    EXPECT_INT(semval(id, 0) + semval(id, LOCK), 0);
    set_fives();
    take_lock();
    EXPECT(are(5, 5, 5));
    EXPECT_OK(remove_set(id));
}

static void check_create_keyed(void)
{
    int found = shm_backend_semget(step_board->key, 0, 0), id;

    step_outcome(found >= 0);
    PROMPT(id = shm_backend_semget(step_board->key, SEMAPHORES, CREATE | 0600));
    EXPECT(found < 0 || found == id);
    use_and_remove(id);
    EXPECT_ERR(shm_backend_semget(step_board->key, 0, 0), ENOENT);
    step_nothing_left();
}

static void create_private(void)
{
    EXPECT_OK(shm_backend_semget(LIBSHM_IPC_PRIVATE, SEMAPHORES, 0600));
}

static void check_create_private(void)
{
    int id, count;

    PROMPT(count = (int)shm_backend_sem_list(&id, 1));
    EXPECT(count <= 1);
    step_outcome(count == 1);
    if (count == 1)
        use_and_remove(id);
    step_nothing_left();
}

static void get(void)
{
    EXPECT_OK(shm_backend_semget(step_board->key, SEMAPHORES, CREATE | 0600));
}

static void check_get(void)
{
    EXPECT_INT(shm_backend_semget(step_board->key, 0, 0), step_board->id);
    take_lock();
    EXPECT(are(5, 5, 5));
}

static void remove_set_of_board(void)
{
    EXPECT_OK(remove_set(step_board->id));
}

static bool set_is_alive(void)
{
    int found = shm_backend_semget(step_board->key, 0, 0);
    struct shm_backend_semid_ds stat;
    bool alive = shm_backend_semctl(step_board->id, 0, LIBSHM_IPC_STAT,
                                    (union shm_backend_semun){.buf = &stat}) == 0;

    EXPECT_INT(found, alive ? step_board->id : -1);
    return alive;
}

static void make_fives(void)
{
    step_board->id =
        (int)EXPECT_OK(shm_backend_semget(step_board->key, SEMAPHORES, EXCLUSIVE | 0600));
    set_fives();
}

static void check_remove(void)
{
    bool alive = set_is_alive();

    step_outcome(!alive);
    if (alive) {
        take_lock();
        EXPECT(are(5, 5, 5));
        EXPECT_OK(remove_set(step_board->id));
    }
    step_nothing_left();
}

static void sleep_till_the_end(void *context)
{
    (void)context;
    step_follow();
    EXPECT_ERR(semop1(step_board->id, 0, -6, 0), EIDRM);
}

/* A sleeper on the set; it is gone when the set is. */
static void make_with_sleeper(void)
{
    make_fives();
    sleeper = start(sleep_till_the_end, NULL);
    SOON(semncnt(step_board->id, 0) == 1);
}

static void check_remove_with_sleeper(void)
{
    bool alive = set_is_alive();

    step_outcome(!alive);
    if (alive) {
        take_lock();
        EXPECT_INT(semncnt(step_board->id, 0), 1);
        EXPECT_OK(remove_set(step_board->id));
    }
    double begun = seconds_now();
    EXPECT_INT(reap(sleeper), 0);
    waits_add(&step_board->waits, seconds_now() - begun);
    step_nothing_left();
}

/*
 * semop.
 */

static void several(int undo0, int undo1, int undo2)
{
    struct shm_backend_sembuf ops[] = {
        {0, -2, (short)undo0}, {1, 3, (short)undo1}, {2, -1, (short)undo2}};

    EXPECT_OK(semops(step_board->id, ops, 3));
}

static void one_plain(void)
{
    EXPECT_OK(semop1(step_board->id, 0, -2, 0));
}

static void one_with_undo(void)
{
    EXPECT_OK(semop1(step_board->id, 0, -2, UNDO));
}

static void several_plain(void)
{
    several(0, 0, 0);
}

static void several_with_undo(void)
{
    several(UNDO, UNDO, UNDO);
}

static void several_mixed(void)
{
    several(UNDO, 0, UNDO);
}

/* The victim has used the set, and has adjustments on it. */
static void adjust(void)
{
    struct shm_backend_sembuf ops[] = {{0, -1, UNDO}, {1, 2, UNDO}};

    EXPECT_OK(semops(step_board->id, ops, 2));
}

/* The victim has opened the set, but done nothing to it. */
static void look(void)
{
    EXPECT(semval(step_board->id, LOCK) == 1);
}

static void check_values(int a, int b, int c)
{
    take_lock();
    bool happened = are(a, b, c);
    EXPECT(happened || are(5, 5, 5));
    step_outcome(happened);
    nobody_sleeps();
}

static void check_one(void)
{
    check_values(3, 5, 5);
}

static void check_several(void)
{
    check_values(3, 8, 4);
}

static void check_mixed(void)
{
    check_values(5, 8, 5);
}

static void check_undone(void)
{
    take_lock();
    EXPECT(are(5, 5, 5));
    nobody_sleeps();
}

/* A call that cannot be done now and must not wait leaves nothing. */
static void give_up_at_once(void)
{
    struct shm_backend_sembuf ops[] = {{1, 3, UNDO}, {0, -9, LIBSHM_IPC_NOWAIT}};

    EXPECT_ERR(semops(step_board->id, ops, 2), EAGAIN);
}

/*
 * With sleepers. One of the other process's children takes what the victim gives.
 */

static void take_for_ever(void *context)
{
    (void)context;
    step_follow();
    while (semop1(step_board->id, 0, -1, 0) == 0)
        step_board->served++;
}

static void begin_with_sleeper(void)
{
    begin_set();
    set_zero();
    step_board->served = 0;
    sleeper = start(take_for_ever, NULL);
}

static void await_sleeper(void)
{
    SOON(semncnt(step_board->id, 0) == 1);
    EXPECT_INT(semval(step_board->id, 0), 0);
    step_board->served = 0;
}

static void end_with_sleeper(void)
{
    kill_and_reap(sleeper);
    nobody_sleeps();
    end_set();
}

static void give(void)
{
    EXPECT_OK(semop1(step_board->id, 0, 1, 0));
}

/* The giver's undo finds nothing to take back: what it gave was taken in the same step. */
static void give_with_undo(void)
{
    EXPECT_OK(semop1(step_board->id, 0, 1, UNDO));
}

static void set_to_one(void)
{
    EXPECT_OK(sem_set(step_board->id, 0, 1));
}

/* One more is given: both gifts are taken, so the sleeper was neither lost nor served twice. */
static void check_given(void)
{
    take_lock();
    give();
    SOON(semncnt(step_board->id, 0) == 1 && step_board->served >= 1);
    EXPECT(step_board->served <= 2);
    EXPECT(are(0, 5, 5));
    step_outcome(step_board->served == 2);
}

/* The undo of the victim wakes: it had taken the only one. */
static void take_only_one(void)
{
    set_values(0);
    EXPECT_OK(semop1(step_board->id, 0, 1, 0));
}

static void take_with_undo(void)
{
    EXPECT_OK(semop1_timed(step_board->id, 0, -1, UNDO, 0));
}

static void check_undo_wakes(void)
{
    double begun = seconds_now();
    EXPECT_OK(semop1_timed(step_board->id, 0, -1, 0, PATIENCE_MS));
    waits_add(&step_board->waits, seconds_now() - begun);
    EXPECT(are(0, 5, 5));
    nobody_sleeps();
}

/* The victim sleeps itself, until its time is over. */
static void sleep_shortly(void)
{
    struct shm_backend_sembuf op = {0, -1, UNDO};
    struct timespec timeout = {.tv_nsec = 200000};

    EXPECT_ERR(shm_backend_semtimedop(step_board->id, &op, 1, &timeout), EAGAIN);
}

static void sleep_for_zero(void)
{
    struct shm_backend_sembuf ops[] = {{1, -1, UNDO}, {2, 0, 0}};
    struct timespec timeout = {.tv_nsec = 200000};

    EXPECT_ERR(shm_backend_semtimedop(step_board->id, ops, 2, &timeout), EAGAIN);
}

/* No ghost of the sleeper takes what is given. */
static void check_slept(void)
{
    take_lock();
    nobody_sleeps();
    give();
    EXPECT(are(1, 5, 5));
}

static void check_slept_for_zero(void)
{
    check_undone();
}

/* The victim sleeps until a helper gives. */
static void serve_when_wanted(void *context)
{
    (void)context;
    step_follow();
    for (;;) {
        while (!step_board->wanted)
            usleep(20);
        while (!step_board->dead && semncnt(step_board->id, 0) == 0)
            usleep(20);
        give();
        step_board->wanted = 0;
    }
}

static void begin_with_helper(void)
{
    begin_set();
    set_zero();
    step_board->wanted = 0;
    sleeper = start(serve_when_wanted, NULL);
}

static void want_helper(void)
{
    set_zero();
    step_board->dead = 0;
    step_board->wanted = 1;
}

static void sleep_until_served(void)
{
    EXPECT_OK(semop1(step_board->id, 0, -1, 0));
}

static void sleep_until_served_with_undo(void)
{
    EXPECT_OK(semop1(step_board->id, 0, -1, UNDO));
}

static void check_served(void)
{
    SOON(!step_board->wanted);
    take_lock();
    nobody_sleeps();
    bool happened = are(0, 5, 5);
    EXPECT(happened || are(1, 5, 5));
    step_outcome(happened);
}

static void check_served_with_undo(void)
{
    SOON(!step_board->wanted);
    take_lock();
    nobody_sleeps();
    EXPECT(are(1, 5, 5));
}

/*
 * SETVAL and SETALL, while somebody else has an adjustment.
 */

static void hold(void *context)
{
    (void)context;
    step_follow();
    EXPECT_OK(semop1(step_board->id, 0, -2, UNDO));
    for (;;)
        pause();
}

static void set_with_holder(void)
{
    set_fives();
    holder = start(hold, NULL);
    SOON(semval(step_board->id, 0) == 3);
}

static void set_one_value(void)
{
    EXPECT_OK(sem_set(step_board->id, 0, 9));
}

static void set_all_values(void)
{
    unsigned short values[SEMAPHORES] = {9, 8, 7, 1};

    EXPECT_OK(sem_set_all(step_board->id, values));
}

/* The value and the adjustments of others change together. */
static void check_set(int b, int c)
{
    take_lock();
    bool happened = are(9, b, c);
    expect_holders(happened ? PX_NO_HOLDER : PX_ONE_HOLDER);
    EXPECT(happened || are(3, 5, 5));
    step_outcome(happened);
    kill_and_reap(holder);
    EXPECT(happened ? are(9, b, c) : are(5, 5, 5));
}

static void check_set_one(void)
{
    check_set(5, 5);
}

static void check_set_all(void)
{
    check_set(8, 7);
}

#define ON_A_SET(before, ready, call, check, traceless)                                        \
    begin_set, before, ready, call, check, end_set, traceless
#define WITH_SLEEPER(call)                                                                     \
    begin_with_sleeper, await_sleeper, look, call, check_given, end_with_sleeper, false
#define WITH_HELPER(call, check, traceless)                                                    \
    begin_with_helper, want_helper, look, call, check, end_with_sleeper, traceless

/* In their order: name, begin, before, ready, call, check, end, leaves_no_trace. */
const struct step_case step_cases_sem[] = {
    {"sem create, keyed", choose_key, NULL, NULL, create_keyed, check_create_keyed, NULL,
     false},
    {"sem create, private", NULL, NULL, NULL, create_private, check_create_private, NULL,
     false},
    {"sem get", ON_A_SET(set_fives, NULL, get, check_get, true)},
    {"sem remove", choose_key, make_fives, NULL, remove_set_of_board, check_remove, NULL,
     false},
    {"sem remove, with a sleeper", choose_key, make_with_sleeper, look, remove_set_of_board,
     check_remove_with_sleeper, NULL, false},
    {"sem op, the first", ON_A_SET(set_fives, NULL, one_plain, check_one, false)},
    {"sem op, undo, the first", ON_A_SET(set_fives, NULL, one_with_undo, check_undone, true)},
    {"sem op, undo", ON_A_SET(set_fives, adjust, one_with_undo, check_undone, true)},
    {"sem op, one that cannot",
     ON_A_SET(set_fives, adjust, give_up_at_once, check_undone, true)},
    {"sem ops", ON_A_SET(set_fives, adjust, several_plain, check_several, false)},
    {"sem ops, undo", ON_A_SET(set_fives, adjust, several_with_undo, check_undone, true)},
    {"sem ops, undo of some", ON_A_SET(set_fives, adjust, several_mixed, check_mixed, false)},
    {"sem op, wakes", WITH_SLEEPER(give)},
    {"sem op, undo, wakes", WITH_SLEEPER(give_with_undo)},
    {"sem op, its undo wakes",
     ON_A_SET(take_only_one, look, take_with_undo, check_undo_wakes, true)},
    {"sem op, sleeps", ON_A_SET(set_zero, look, sleep_shortly, check_slept, true)},
    {"sem ops, sleeps for zero",
     ON_A_SET(set_fives, adjust, sleep_for_zero, check_slept_for_zero, true)},
    {"sem op, sleeps and is served", WITH_HELPER(sleep_until_served, check_served, false)},
    {"sem op, undo, sleeps and is served",
     WITH_HELPER(sleep_until_served_with_undo, check_served_with_undo, true)},
    {"sem SETVAL", ON_A_SET(set_with_holder, look, set_one_value, check_set_one, false)},
    {"sem SETVAL, wakes", WITH_SLEEPER(set_to_one)},
    {"sem SETALL", ON_A_SET(set_with_holder, look, set_all_values, check_set_all, false)},
    {.name = NULL}};
