/* The calls of the contract for semaphore sets, and those without a family. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "posix/posix_set_format.h"
#include "tests/backend_files.h"
#include "tests/backend_support.h"
#include "tests/nth.h"

enum {
    SEMAPHORES = 3,
    CREATE = LIBSHM_IPC_CREAT,
    EXCLUSIVE = CREATE | LIBSHM_IPC_EXCL,
    UNDO = LIBSHM_SEM_UNDO,
    NOWAIT = LIBSHM_IPC_NOWAIT
};

static const int get_errors[] = {EACCES, EEXIST, EINVAL, ENOENT, ENOMEM, ENOSPC, 0};
static const int op_errors[] = {EACCES, EAGAIN, EFBIG,  EIDRM,  EINTR,
                                EINVAL, ENOMEM, ENOSPC, ERANGE, 0};
static const int ctl_errors[] = {EACCES, EIDRM, EINVAL, ENOMEM, ENOSPC, EPERM, ERANGE, 0};

static key_t key;
static int id, result;
static pid_t helper;
static struct shm_backend_semid_ds ds;
static unsigned short values[SEMAPHORES];

static int zero_or(int value)
{
    result = value;
    return value < 0 ? -1 : 0;
}

static void tell_result(void)
{
    nth_say("%d", result);
}

static void choose_key(void)
{
    key = 0x5eed0000 + (getpid() & 0xffff);
}

static void make(void)
{
    choose_key();
    id = (int)EXPECT_OK(shm_backend_semget(key, SEMAPHORES, EXCLUSIVE | 0600));
}

/* Values {5, 5, 0}; the set is open in this process. */
static void make_open(void)
{
    unsigned short fives[SEMAPHORES] = {5, 5, 0};

    make();
    EXPECT_OK(sem_set_all(id, fives));
}

static void make_adjusted(void)
{
    make_open();
    EXPECT_OK(semop1(id, 1, -1, UNDO));
}

/* Children that live no longer than this process. */
static void start_helper(child_fn *body)
{
    helper = start(body, NULL);
}

static void die_with_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void sleep_for_two(void *context)
{
    (void)context;
    die_with_parent();
    EXPECT_OK(semop1(id, 2, -2, 0));
}

static void make_with_sleeper(void)
{
    make_open();
    start_helper(sleep_for_two);
    UNTIL(semncnt(id, 2) == 1);
}

static void adjust_and_wait(void *context)
{
    (void)context;
    die_with_parent();
    EXPECT_OK(semop1(id, 0, -1, UNDO));
    for (;;)
        pause();
}

/* A process was killed, and its undo is still to be done. */
static void make_after_death(void)
{
    make_open();
    start_helper(adjust_and_wait);
    UNTIL(semval(id, 0) == 4);
    kill_and_reap(helper);
}

static void make_as_stranger(void)
{
    choose_key();
    id = (int)EXPECT_OK(shm_backend_semget(key, SEMAPHORES, EXCLUSIVE | 0666));
    EXPECT_OK(sem_set(id, 0, 5));
    if (geteuid() == 0)
        become(STRANGER, STRANGER);
}

static void reap_helper(void)
{
    EXPECT_INT(reap(helper), 0);
}

static void kill_helper(void)
{
    kill_and_reap(helper);
}

/*
 * In user space as the set's file tells: asking for the count takes the set's lock, and who met it there
 * would have to be woken, now and then.
 */
static bool somebody_sleeps(void)
{
    static int file =
        -1; /* never closed: where locks belong to the process, that would take them away */
    char path[FILE_PATH_SIZE];
    uint64_t word = 0;
    uint32_t lock = 1;

    if (!on_posix())
        return semncnt(id, 2) == 1;
    file_path(path, "s", (unsigned)id);
    if (file < 0)
        file = (int)EXPECT_OK(open(path, O_RDONLY));
    EXPECT_INT(
        pread(file, &word, sizeof word, PX_SEMAPHORES_OFFSET + 2 * sizeof(struct px_semaphore)),
        sizeof word);
    EXPECT_INT(pread(file, &lock, sizeof lock, PX_CONTROL_OFFSET), sizeof lock);
    return (word & PX_WORD_AWAITED) && lock == 0;
}

static void give_when_wanted(void *context)
{
    (void)context;
    die_with_parent();
    UNTIL(somebody_sleeps());
    EXPECT_OK(semop1(id, 2, 1, 0));
}

static void make_with_giver(void)
{
    make_open();
    start_helper(give_when_wanted);
}

static int create_keyed(void)
{
    return zero_or(id = shm_backend_semget(key, SEMAPHORES, EXCLUSIVE | 0640));
}

static int create_private(void)
{
    return zero_or(id = shm_backend_semget(LIBSHM_IPC_PRIVATE, SEMAPHORES, 0600));
}

static int get(void)
{
    return zero_or(shm_backend_semget(key, SEMAPHORES, CREATE | 0600));
}

static void tell_same_id(void)
{
    nth_say("the id is %s", result == id ? "right" : "another");
}

static int take_one(void)
{
    return semop1(id, 0, -1, 0);
}

static int take_one_with_undo(void)
{
    return semop1(id, 0, -1, UNDO);
}

static int take_at_once(void)
{
    return semop1(id, 2, -1, NOWAIT);
}

static int take_several(void)
{
    const struct shm_backend_sembuf ops[] = {{0, -2, UNDO}, {1, 3, 0}, {0, 1, UNDO}};

    return semops(id, ops, 3);
}

static int give_two(void)
{
    return semop1(id, 2, 2, 0);
}

static int wait_shortly(void)
{
    const struct timespec shortly = {.tv_nsec = 200000};
    const struct shm_backend_sembuf op = {2, -1, 0};

    return shm_backend_semtimedop(id, &op, 1, &shortly);
}

/* More operations than one place in the queue holds: it grows. */
static int wait_for_many(void)
{
    const struct timespec shortly = {.tv_nsec = 200000};
    struct shm_backend_sembuf ops[300];

    for (int i = 0; i < 300; i++)
        ops[i] = (struct shm_backend_sembuf){2, (short)(i ? 1 : -1), 0};
    return shm_backend_semtimedop(id, ops, 300, &shortly);
}

static int wait_for_zero(void)
{
    return semop1(id, 2, 0, 0);
}

static int wait_until_given(void)
{
    return semop1(id, 2, -1, 0);
}

static int set_value(void)
{
    return sem_set(id, 1, 9);
}

static int set_two(void)
{
    return sem_set(id, 2, 2);
}

static int set_values(void)
{
    const unsigned short wanted[SEMAPHORES] = {1, 2, 3};

    return sem_set_all(id, wanted);
}

static int get_values(void)
{
    return sem_get_all(id, values);
}

static void tell_values(void)
{
    nth_say("%d %d %d", values[0], values[1], values[2]);
}

static int get_value(void)
{
    return zero_or(sem_get(id, 0, LIBSHM_GETVAL));
}

static int get_pid(void)
{
    return zero_or(sem_get(id, 0, LIBSHM_GETPID));
}

static void tell_pid(void)
{
    nth_say("%s", result == getpid() ? "this process" : "another");
}

static int get_sleepers(void)
{
    return zero_or(sem_get(id, 2, LIBSHM_GETNCNT));
}

static int get_sleepers_for_zero(void)
{
    return zero_or(sem_get(id, 2, LIBSHM_GETZCNT));
}

static int stat_it(void)
{
    memset(&ds, 0, sizeof ds);
    return shm_backend_semctl(id, 0, LIBSHM_IPC_STAT, (union shm_backend_semun){.buf = &ds});
}

static void tell_stat(void)
{
    nth_say("%zu %o %u %u %d", ds.nsems, (unsigned)ds.perm.mode, (unsigned)ds.perm.uid,
            (unsigned)ds.perm.cuid, ds.perm.key == key);
}

static int change(void)
{
    ds.perm.uid = geteuid();
    ds.perm.gid = getegid();
    ds.perm.mode = 0644;
    return shm_backend_semctl(id, 0, LIBSHM_IPC_SET, (union shm_backend_semun){.buf = &ds});
}

static int remove_it(void)
{
    return remove_set(id);
}

static int limits(void)
{
    struct shm_backend_seminfo info;

    return zero_or(
        shm_backend_semctl(0, 0, LIBSHM_IPC_INFO, (union shm_backend_semun){.info = &info}));
}

static int usage(void)
{
    struct shm_backend_seminfo info;
    int highest =
        shm_backend_semctl(0, 0, LIBSHM_SEM_INFO, (union shm_backend_semun){.info = &info});

    result = info.semusz * 100 + info.semaem;
    return highest < 0 ? -1 : 0;
}

/* The kernel's namespace may be shared with others. */
static void tell_count(void)
{
    if (on_posix())
        tell_result();
}

static int stat_rank(void)
{
    return zero_or(
        shm_backend_semctl(0, 0, LIBSHM_SEM_STAT_ANY, (union shm_backend_semun){.buf = &ds}));
}

static void tell_rank(void)
{
    if (on_posix())
        tell_stat();
}

static int list(void)
{
    int ids[64], count = (int)shm_backend_sem_list(ids, 64);

    result = 0;
    for (int i = 0; i < count && i < 64; i++)
        result += ids[i] == id;
    return count < 0 ? -1 : 0;
}

static int describe(void)
{
    char text[200];

    shm_backend_describe(text, sizeof text);
    return 0;
}

/* What killed processes left: a key without an object, and one that is none. */
static void plant(void)
{
    char path[FILE_PATH_SIZE];

    choose_key();
    if (!on_posix() || through_names()) /* the standard has no name for it */
        return;
    file_path(path, "sk", (unsigned)key);
    EXPECT_OK(symlink("12345 1", path));
    file_path(path, "mk", (unsigned)key);
    EXPECT_OK(symlink("nonsense", path));
}

static int collect(void)
{
    return zero_or(shm_backend_collect(NULL, NULL));
}

static void remove_planted(void)
{
    char path[FILE_PATH_SIZE];

    file_path(path, "mk", (unsigned)key);
    unlink(path);
}

#define NONE NULL

/* In their order: name, documented, prepare, call, tell, finish, flags. */
const struct nth_case nth_cases_sem[] = {
    {"semget, new", get_errors, choose_key, create_keyed, NONE, NONE, 0},
    {"semget, private", get_errors, NONE, create_private, NONE, NONE, 0},
    {"semget, existing", get_errors, make, get, tell_same_id, NONE, 0},
    {"semget, taken", get_errors, make, create_keyed, NONE, NONE, 0},
    {"semop, the first, cannot", op_errors, make, take_at_once, NONE, NONE, 0},
    {"semop", op_errors, make_open, take_one, NONE, NONE, 0},
    {"semop, undo", op_errors, make_open, take_one_with_undo, NONE, NONE, 0},
    {"semop, several", op_errors, make_adjusted, take_several, NONE, NONE, 0},
    {"semop, the first, for zero", op_errors, make, wait_for_zero, NONE, NONE, 0},
    {"semop, cannot", op_errors, make_open, take_at_once, NONE, NONE, 0},
    {"semop, wakes", op_errors, make_with_sleeper, give_two, NONE, reap_helper, 0},
    {"semop, sleeps until its timeout", op_errors, make_open, wait_shortly, NONE, NONE, 0},
    {"semop, sleeps until served", op_errors, make_with_giver, wait_until_given, NONE,
     reap_helper, 0},
    {"semop, sleeps with many", op_errors, make_open, wait_for_many, NONE, NONE, 0},
    {"semop, of another user", op_errors, make_as_stranger, take_one, NONE, NONE, 0},
    {"semop, after a death", op_errors, make_after_death, take_one, NONE, NONE, 0},
    {"GETVAL, after a death", ctl_errors, make_after_death, get_value, tell_result, NONE,
     NTH_EFFORT},
    {"IPC_STAT of a set, after a death", ctl_errors, make_after_death, stat_it, tell_stat, NONE,
     0},
    {"SETVAL, the first", ctl_errors, make, set_value, NONE, NONE, 0},
    {"SETVAL", ctl_errors, make_adjusted, set_value, NONE, NONE, 0},
    {"SETVAL, wakes", ctl_errors, make_with_sleeper, set_two, NONE, reap_helper, 0},
    {"SETALL", ctl_errors, make_adjusted, set_values, NONE, NONE, 0},
    {"GETALL", ctl_errors, make_open, get_values, tell_values, NONE, 0},
    {"GETVAL, the first", ctl_errors, make, get_value, tell_result, NONE, 0},
    {"GETVAL", ctl_errors, make_adjusted, get_value, tell_result, NONE, 0},
    {"GETPID", ctl_errors, make_open, get_pid, tell_pid, NONE, 0},
    {"GETNCNT", ctl_errors, make_with_sleeper, get_sleepers, tell_result, kill_helper, 0},
    {"GETZCNT", ctl_errors, make_with_sleeper, get_sleepers_for_zero, tell_result, kill_helper,
     0},
    {"IPC_STAT of a set, the first", ctl_errors, make, stat_it, tell_stat, NONE, 0},
    {"IPC_STAT of a set", ctl_errors, make_adjusted, stat_it, tell_stat, NONE, 0},
    {"IPC_SET of a set", ctl_errors, make_open, change, NONE, NONE, 0},
    {"IPC_RMID of a set, the first", ctl_errors, make, remove_it, NONE, NONE, 0},
    {"IPC_RMID of a set", ctl_errors, make_adjusted, remove_it, NONE, NONE, 0},
    {"IPC_INFO of sets", ctl_errors, make, limits, tell_count, NONE, 0},
    {"SEM_INFO", ctl_errors, make, usage, tell_count, NONE, 0},
    {"SEM_STAT_ANY", ctl_errors, make, stat_rank, tell_rank, NONE, 0},
    {"list of sets", ctl_errors, make, list, tell_result, NONE, NTH_VARIES},
    {"describe", NONE, NONE, describe, NONE, NONE, 0},
    {"collect", ctl_errors, plant, collect, tell_result, remove_planted,
     NTH_PARTIAL | NTH_EFFORT},
    {.name = NULL}};
