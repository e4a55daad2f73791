/* semget, semop, semtimedop, semctl. */
#include "config.h"

#include "tests/dropin/names.h"

#include <string.h>
#include <sys/sem.h>
#include <time.h>
#include <unistd.h>

enum { NSEMS = 3, KEY = 0x5e57d002 };

static int set;

static struct semid_ds stat_now(void)
{
    struct semid_ds ds;
    memset(&ds, 0xff, sizeof ds);
    EXPECT(semctl(set, 0, IPC_STAT, (union semun){.buf = &ds}) == 0);
    return ds;
}

static bool is_recent(time_t t)
{
    time_t now = time(NULL);
    return t <= now && t >= now - 60;
}

static void check_fresh(void)
{
    struct semid_ds ds = stat_now();
    EXPECT(ds.sem_perm.uid == geteuid() && ds.sem_perm.cgid == getegid());
    EXPECT(ds.sem_perm.mode == 0640);
    EXPECT(ds.sem_nsems == NSEMS);
    EXPECT(ds.sem_otime == 0 && is_recent(ds.sem_ctime));
}

/* As programs write it: with an argument only where there is one. */
static void check_values(void)
{
    unsigned short values[NSEMS] = {4, 5, 6};
    EXPECT(semctl(set, 0, SETALL, (union semun){.array = values}) == 0);
    EXPECT(semctl(set, 1, SETVAL, (union semun){.val = 7}) == 0);
    EXPECT(semctl(set, 2, SETVAL, 8) == 0);
    EXPECT(semctl(set, 0, GETVAL) == 4);
    EXPECT(semctl(set, 1, GETVAL, 0) == 7);
    EXPECT(semctl(set, 2, GETPID) == getpid());
    EXPECT(semctl(set, 0, GETNCNT) == 0 && semctl(set, 0, GETZCNT) == 0);
    memset(values, 0xff, sizeof values);
    EXPECT(semctl(set, 0, GETALL, values) == 0);
    EXPECT(values[0] == 4 && values[1] == 7 && values[2] == 8);
}

static void check_operations(void)
{
    struct sembuf both[] = {{0, -4, 0}, {1, 1, IPC_NOWAIT}}, zero = {0, 0, 0};
    struct timespec little = {0, 20000000}, wrong = {0, -1};
    EXPECT(semop(set, both, 2) == 0);
    EXPECT(semop(set, &zero, 1) == 0);
    EXPECT(semctl(set, 1, GETVAL) == 8);
    EXPECT(is_recent(stat_now().sem_otime));
    both[1].sem_op = -9;
    both[0].sem_op = 1;
    EXPECT_ERR(semop(set, both, 2), EAGAIN);
    EXPECT(semctl(set, 0, GETVAL) == 0);
    both[0].sem_op = -1;
    EXPECT_ERR(semtimedop(set, both, 1, &little), EAGAIN);
    EXPECT_ERR(semtimedop(set, both, 1, &wrong), EINVAL);
    both[0].sem_op = 1;
    EXPECT(semtimedop(set, both, 1, NULL) == 0);
    EXPECT(semtimedop(set, both, 1, &little) == 0);
}

static void take_with_undo(void)
{
    struct sembuf take = {0, -1, SEM_UNDO};
    EXPECT(semop(set, &take, 1) == 0);
    EXPECT(semctl(set, 0, GETVAL) == 1);
}

static void check_undo(void)
{
    EXPECT(semctl(set, 0, SETVAL, (union semun){.val = 2}) == 0);
    in_child(take_with_undo);
    EXPECT(semctl(set, 0, GETVAL) == 2);
}

static void check_listing(void)
{
    struct seminfo info;
    struct semid_ds ds;
    union semun arg = {.buf = &ds};
    int found = 0, highest = semctl(0, 0, SEM_INFO, (union semun){.info = &info});
    EXPECT(highest >= 0 && info.semusz >= 1 && info.semaem >= NSEMS);
    for (int i = 0; i <= highest; i++)
        found += semctl(i, 0, SEM_STAT, arg) == set && ds.sem_nsems == NSEMS;
    EXPECT(found == 1);
    for (int i = 0; i <= highest; i++)
        found += semctl(i, 0, SEM_STAT_ANY, arg) == set;
    EXPECT(found == 2);
    EXPECT(semctl(0, 0, IPC_INFO, (union semun){.info = &info}) >= 0);
    EXPECT(info.semvmx == 32767 && info.semaem == 32767 && info.semopm >= 500);
    EXPECT(info.semmsl >= 250 && info.semmni >= 128);
}

static void check_set(void)
{
    struct semid_ds ds = stat_now();
    ds.sem_perm.mode = 0600;
    EXPECT(semctl(set, 0, IPC_SET, (union semun){.buf = &ds}) == 0);
    EXPECT(stat_now().sem_perm.mode == 0600);
}

static void check_null(void)
{
    const union semun nothing = {.buf = NULL};
    EXPECT_ERR(semctl(set, 0, IPC_STAT, nothing), EFAULT);
    EXPECT_ERR(semctl(set, 0, IPC_SET, nothing), EFAULT);
    EXPECT_ERR(semctl(set, 0, GETALL, nothing), EFAULT);
    EXPECT_ERR(semctl(set, 0, SETALL, nothing), EFAULT);
    EXPECT_ERR(semctl(0, 0, SEM_INFO, nothing), EFAULT);
}

static void check_refusals(void)
{
    const union semun nothing = {.buf = NULL};
    struct sembuf add = {NSEMS, 1, 0};
    EXPECT_ERR(semctl(set, 0, 12345, nothing), EINVAL);
    EXPECT_ERR(semctl(set, 0, SETVAL, (union semun){.val = 32768}), ERANGE);
    EXPECT_ERR(semctl(set, NSEMS, GETVAL), EINVAL);
    EXPECT_ERR(semop(set, NULL, 1), EFAULT);
    EXPECT_ERR(semop(set, &add, 1), EFBIG);
    EXPECT_ERR(semop(set, &add, 0), EINVAL);
    EXPECT_ERR(semop(-1, &add, 501), E2BIG);
    EXPECT_ERR(semget(KEY, NSEMS + 1, 0), EINVAL);
    EXPECT_ERR(semget(KEY, NSEMS, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
    EXPECT_ERR(semget(KEY + 1, NSEMS, 0), ENOENT);
}

void operate_told(int semid)
{
    struct sembuf add = {1, 3, 0};
    EXPECT(semop(semid, &add, 1) == 0);
}

void check_sets(void)
{
    set = semget(KEY, NSEMS, IPC_CREAT | IPC_EXCL | 0640);
    EXPECT(set >= 0);
    EXPECT(semget(KEY, 0, 0) == set);
    check_fresh();
    check_values();
    check_operations();
    check_undo();
    check_listing();
    check_set();
    if (null_reaches_the_kernel())
        check_null();
    check_refusals();
    EXPECT(semctl(set, 0, IPC_RMID) == 0);
    EXPECT_ERR(semctl(set, 0, GETVAL), EINVAL);
}
