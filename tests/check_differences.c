/*
 * What the differential test (tests/prog_differential.c) has found: each difference between the
 * two backends, as it was before it was mended, has a test here that failed on one of them.
 */
#include "config.h"

#include "tests/backend_check.h"

#include <unistd.h>

enum { NOWAIT = LIBSHM_IPC_NOWAIT };

typedef struct shm_backend_sembuf op;

/* Two of the same semaphore, so that it is a call with several operations. */
static const op two_zeros[] = {{0, 0, 0}, {0, 0, 0}};

static pid_t start_zero(int id, int num, const op *ops, size_t count)
{
    int before = semzcnt(id, num);
    pid_t pid = start_semops(id, ops, count);

    UNTIL(semzcnt(id, num) == before + 1);
    return pid;
}

START_TEST(waits_for_zero_are_served_first) /* S2.22 */
{
    const op take_over[] = {{0, 0, 0}, {0, 1, 0}};
    int id = new_set(1, 0600);

    EXPECT_OK(sem_set(id, 0, 1));
    pid_t changes = start_zero(id, 0, take_over, 2);
    pid_t waits = start_zero(id, 0, two_zeros, 1);
    EXPECT_OK(semop1(id, 0, -1, 0));
    EXPECT_INT(semzcnt(id, 0), 0); /* in order of arrival the second would sleep on */
    EXPECT_INT(semval(id, 0), 1);
    EXPECT_INT(reap(waits), 0);
    EXPECT_INT(reap(changes), 0);
}
END_TEST

START_TEST(waits_with_one_operation_come_before_others) /* S2.22 */
{
    int id = new_set(1, 0600);

    EXPECT_OK(sem_set(id, 0, 1));
    pid_t several = start_zero(id, 0, two_zeros, 2);
    pid_t one = start_zero(id, 0, two_zeros, 1);
    EXPECT_OK(semop1(id, 0, -1, 0));
    EXPECT_INT(sempid(id, 0), several);
    EXPECT_INT(reap(several), 0);
    EXPECT_INT(reap(one), 0);
}
END_TEST

START_TEST(waits_for_zero_are_looked_at_when_there_is_one) /* S2.24 */
{
    const op both[] = {{0, 0, 0}, {1, 0, 0}};
    int id = new_set(2, 0600);

    EXPECT_OK(sem_set(id, 1, 1));
    EXPECT_OK(sem_set(id, 0, 1));
    pid_t pid = start_zero(id, 0, both, 2);
    EXPECT_OK(semop1(id, 0, -1, 0)); /* now the second is the obstacle */
    EXPECT_INT(semzcnt(id, 1), 1);
    EXPECT_OK(semop1(id, 0, 1, 0)); /* no semaphore is zero: not looked at */
    EXPECT_INT(semzcnt(id, 1), 1);
    EXPECT_INT(semzcnt(id, 0), 0);
    EXPECT_OK(sem_set_all(id, (unsigned short[]){0, 0}));
    EXPECT_INT(reap(pid), 0);
}
END_TEST

/* ---- A set that is given to somebody who has it open --------------------------------------- */

static struct gate gate;

static void operate_at_each_turn(void *context)
{
    int id = *(int *)context;

    EXPECT_OK(semop1(id, 0, 1, 0)); /* as one of the others */
    gate_arrive(&gate);
    EXPECT_OK(semop1(id, 0, 1, 0)); /* as the owner */
    gate_arrive(&gate);
    EXPECT_ERR(semop1(id, 0, 1, NOWAIT), EACCES);
}

static void give(int id, uid_t uid, mode_t mode)
{
    struct shm_backend_semid_ds ds = set_stat(id);

    ds.perm.uid = uid;
    ds.perm.mode = mode;
    EXPECT_OK(shm_backend_semctl(id, 0, LIBSHM_IPC_SET, (union shm_backend_semun){.buf = &ds}));
}

START_TEST(set_that_is_given_away_asks_its_new_owner) /* S0.15, S0.22 */
{
    if (!have_strangers())
        return;
    int id = new_set(1, 0666);

    gate_make(&gate);
    pid_t pid = start_stranger(operate_at_each_turn, &id);
    gate_await(&gate);
    give(id, STRANGER, 0600);
    gate_let_go(&gate);
    gate_await(&gate);
    give(id, 0, 0600);
    gate_let_go(&gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(semval(id, 0), 2);
    gate_close(&gate);
}
END_TEST

/* ---- An attach that another one replaces --------------------------------------------------- */

START_TEST(replaced_attach_is_detached) /* S1.16, S1.27, S1.44 */
{
    int old = new_segment(5000, 0600), new = new_segment(5000, 0600);
    void *p = attach(old);

    EXPECT(attach_flags(new, p, LIBSHM_ATTACH_REMAP) == p);
    struct shm_backend_shmid_ds ds = segment_stat(old);
    EXPECT_INT(ds.nattch, 0);
    EXPECT_INT(ds.lpid, getpid());
    EXPECT(ds.dtime != 0);
    EXPECT(attach_flags(old, p, LIBSHM_ATTACH_REMAP) == p);
    EXPECT_OK(remove_segment(old));
    EXPECT(attach_flags(new, p, LIBSHM_ATTACH_REMAP) == p);
    EXPECT_ERR(shm_backend_shmctl(old, LIBSHM_IPC_STAT, &ds), EINVAL);
    EXPECT_INT(nattch(new), 1);
    EXPECT_OK(shm_backend_shmdt(p));
    EXPECT_INT(nattch(new), 0);
}
END_TEST

int main(int argc, char **argv)
{
    const struct listed_test tests[] = {
        {"zero_first", waits_for_zero_are_served_first},
        {"one_first", waits_with_one_operation_come_before_others},
        {"looked_at", waits_for_zero_are_looked_at_when_there_is_one},
        {"replaced", replaced_attach_is_detached},
        {"given", set_that_is_given_away_asks_its_new_owner},
    };
    return RUN_SUITE(argc, argv, "differences", tests);
}
