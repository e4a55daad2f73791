/* Operations that sleep: order, counts, removal (S2.22 to S2.25). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <pthread.h>
#include <unistd.h>

enum { NOWAIT = IPC_NOWAIT };

START_TEST(sleeper_is_woken) /* S2.22 */
{
    int id = new_set(1, 0600);
    pid_t pid = start_sleeper(id, 0, -2, 0);

    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(semncnt(id, 0), 1);
    EXPECT(!has_ended(pid));
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(semval(id, 0) + semncnt(id, 0), 0);
}
END_TEST

START_TEST(wait_for_zero_is_woken) /* S2.22 */
{
    int id = new_set(1, 0600);

    EXPECT_OK(sem_set(id, 0, 2));
    pid_t pid = start_sleeper(id, 0, 0, 0);
    EXPECT_INT(semncnt(id, 0), 0);
    EXPECT_OK(semop1(id, 0, -1, 0));
    EXPECT_INT(semzcnt(id, 0), 1);
    EXPECT_OK(semop1(id, 0, -1, 0));
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(semzcnt(id, 0), 0);
}
END_TEST

START_TEST(first_come_first_served) /* S2.22 */
{
    enum { SLEEPERS = 5 };
    int id = new_set(1, 0600);
    pid_t pids[SLEEPERS];

    for (int i = 0; i < SLEEPERS; i++)
        pids[i] = start_sleeper(id, 0, -1, 0);
    for (int i = 0; i < SLEEPERS; i++) {
        EXPECT_OK(semop1(id, 0, 1, 0));
        EXPECT_INT(reap(pids[i]), 0);
        EXPECT_INT(semncnt(id, 0), SLEEPERS - i - 1);
    }
}
END_TEST

START_TEST(small_passes_big) /* S2.22 */
{
    int id = new_set(1, 0600);
    pid_t big = start_sleeper(id, 0, -2, 0), small = start_sleeper(id, 0, -1, 0);

    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(reap(small), 0);
    EXPECT_INT(semncnt(id, 0), 1);
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_OK(semop1(id, 0, -1, NOWAIT)); /* one who comes passes, too */
    EXPECT_OK(semop1(id, 0, 2, 0));
    EXPECT_INT(reap(big), 0);
    EXPECT_INT(semval(id, 0), 0);
}
END_TEST

START_TEST(one_change_serves_many) /* S2.22 */
{
    enum { SLEEPERS = 4 };
    int id = new_set(1, 0600);
    pid_t pids[SLEEPERS];

    for (int i = 0; i < SLEEPERS; i++)
        pids[i] = start_sleeper(id, 0, -1, 0);
    EXPECT_OK(semop1(id, 0, SLEEPERS + 1, 0));
    EXPECT_INT(semval(id, 0), 1); /* served before the call has returned */
    EXPECT_INT(semncnt(id, 0), 0);
    for (int i = 0; i < SLEEPERS; i++)
        EXPECT_INT(reap(pids[i]), 0);
}
END_TEST

START_TEST(chain_of_grants) /* S2.22 */
{
    struct sembuf first[] = {{0, -1, 0}, {1, 1, 0}}, second[] = {{1, -1, 0}, {2, 1, 0}};
    int id = new_set(3, 0600);
    pid_t b = start_semops(id, second, 2);

    UNTIL(semncnt(id, 1) == 1);
    pid_t a = start_semops(id, first, 2);
    UNTIL(semncnt(id, 0) == 1);
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(reap(a), 0);
    EXPECT_INT(reap(b), 0);
    EXPECT_INT(semval(id, 0) + semval(id, 1), 0);
    EXPECT_INT(semval(id, 2), 1);
}
END_TEST

/* Two of the same semaphore, so that it is a call with several operations. */
static const struct sembuf two_zeros[] = {{0, 0, 0}, {0, 0, 0}};

static pid_t start_zero(int id, const struct sembuf *ops, size_t count)
{
    int before = semzcnt(id, 0);
    pid_t pid = start_semops(id, ops, count);

    UNTIL(semzcnt(id, 0) == before + 1);
    return pid;
}

START_TEST(waits_for_zero_come_first) /* S2.22 */
{
    const struct sembuf take_over[] = {{0, 0, 0}, {0, 1, 0}};
    int id = new_set(1, 0600);

    EXPECT_OK(sem_set(id, 0, 1));
    pid_t changes = start_zero(id, take_over, 2), waits = start_zero(id, two_zeros, 1);
    EXPECT_OK(semop1(id, 0, -1, 0));
    EXPECT_INT(semzcnt(id, 0), 0); /* in order of arrival the second would sleep on */
    EXPECT_INT(semval(id, 0), 1);
    EXPECT_INT(reap(waits), 0);
    EXPECT_INT(reap(changes), 0);
}
END_TEST

START_TEST(one_operation_comes_first) /* S2.22 */
{
    int id = new_set(1, 0600);

    EXPECT_OK(sem_set(id, 0, 1));
    pid_t several = start_zero(id, two_zeros, 2), one = start_zero(id, two_zeros, 1);
    EXPECT_OK(semop1(id, 0, -1, 0));
    EXPECT_INT(sempid(id, 0), several);
    EXPECT_INT(reap(several), 0);
    EXPECT_INT(reap(one), 0);
}
END_TEST

static void answer(void *context)
{
    int id = *(int *)context;

    for (int i = 0; i < 500; i++) {
        EXPECT_OK(semop1(id, 0, -1, 0));
        EXPECT_OK(semop1(id, 1, 1, 0));
    }
}

START_TEST(no_wake_up_is_lost) /* S2.22 */
{
    int id = new_set(2, 0600);
    pid_t pid = start(answer, &id);

    for (int i = 0; i < 500; i++) {
        EXPECT_OK(semop1(id, 0, 1, 0));
        EXPECT_OK(semop1_timed(id, 1, -1, 0, 10000));
    }
    EXPECT_INT(reap(pid), 0);
}
END_TEST

START_TEST(only_the_state_between_calls_counts) /* S2.23 */
{
    struct sembuf touch[] = {{0, -1, 0}, {0, 1, 0}};
    int id = new_set(1, 0600);

    EXPECT_OK(sem_set(id, 0, 1));
    pid_t pid = start_sleeper(id, 0, 0, 0);
    EXPECT_OK(semop(id, touch, 2));
    EXPECT_INT(semzcnt(id, 0), 1);
    EXPECT(!has_ended(pid));
    EXPECT_OK(semop1(id, 0, -1, 0));
    EXPECT_INT(reap(pid), 0);
}
END_TEST

static void expect_counts(int id, int ncnt_0, int zcnt_1, int ncnt_2)
{
    EXPECT_INT(semncnt(id, 0), ncnt_0);
    EXPECT_INT(semzcnt(id, 1), zcnt_1);
    EXPECT_INT(semncnt(id, 2), ncnt_2);
}

START_TEST(count_moves_with_the_obstacle) /* S2.24 */
{
    struct sembuf ops[] = {{0, -1, 0}, {1, 0, 0}, {2, -1, 0}};
    int id = new_set(3, 0600);

    EXPECT_OK(sem_set(id, 1, 1));
    pid_t pid = start_semops(id, ops, 3);
    UNTIL(semncnt(id, 0) == 1);
    expect_counts(id, 1, 0, 0);
    EXPECT_OK(semop1(id, 0, 1, 0));
    expect_counts(id, 0, 1, 0);
    EXPECT_INT(semval(id, 0), 1); /* nothing is taken yet */
    EXPECT_OK(semop1(id, 1, -1, 0));
    expect_counts(id, 0, 0, 1);
    EXPECT_OK(semop1(id, 0, -1, NOWAIT)); /* and back to the first */
    expect_counts(id, 1, 0, 0);
    EXPECT_OK(semop1(id, 2, 1, 0));
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(reap(pid), 0);
}
END_TEST

START_TEST(looked_at_when_there_is_a_zero) /* S2.24 */
{
    const struct sembuf both[] = {{0, 0, 0}, {1, 0, 0}};
    int id = new_set(2, 0600);

    EXPECT_OK(sem_set(id, 1, 1));
    EXPECT_OK(sem_set(id, 0, 1));
    pid_t pid = start_zero(id, both, 2);
    EXPECT_OK(semop1(id, 0, -1, 0)); /* now the second is the obstacle */
    EXPECT_INT(semzcnt(id, 1), 1);
    EXPECT_OK(semop1(id, 0, 1, 0)); /* no semaphore is zero: not looked at */
    EXPECT_INT(semzcnt(id, 1), 1);
    EXPECT_INT(semzcnt(id, 0), 0);
    EXPECT_OK(sem_set_all(id, (unsigned short[]){0, 0}));
    EXPECT_INT(reap(pid), 0);
}
END_TEST

START_TEST(new_obstacle_ends_the_sleep) /* S2.17, S2.18, S2.24 */
{
    struct sembuf again[] = {{0, -1, 0}, {1, -1, NOWAIT}}, range[] = {{0, -1, 0}, {2, 1, 0}};
    int id = new_set(3, 0600);

    EXPECT_OK(sem_set(id, 2, 32767));
    pid_t a = start_semops(id, again, 2), b = start_semops(id, range, 2);
    UNTIL(semncnt(id, 0) == 2);
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(reap(a), EAGAIN);
    EXPECT_INT(reap(b), ERANGE);
    EXPECT_INT(semval(id, 0), 1);
    EXPECT_INT(semncnt(id, 0), 0);
}
END_TEST

START_TEST(removal_wakes_all) /* S2.25 */
{
    int id = new_set(2, 0600);

    EXPECT_OK(sem_set(id, 1, 1));
    pid_t a = start_sleeper(id, 0, -1, 0), b = start_sleeper(id, 0, -5, SEM_UNDO),
          c = start_sleeper(id, 1, 0, 0);
    EXPECT_OK(remove_set(id));
    EXPECT_INT(reap(a), EIDRM);
    EXPECT_INT(reap(b), EIDRM);
    EXPECT_INT(reap(c), EIDRM);
    EXPECT_ERR(semop1(id, 0, 1, 0), EINVAL);
}
END_TEST

struct thread_call {
    int id, num, error;
};

static void *call_in_thread(void *context)
{
    struct thread_call *c = context;

    c->error = semop1(c->id, c->num, -1, 0) == 0 ? 0 : errno;
    return NULL;
}

START_TEST(threads_sleep_side_by_side) /* S2.22, S2.25 */
{
    enum { THREADS = 6 };
    int id = new_set(2, 0600);
    pthread_t threads[THREADS];
    struct thread_call calls[THREADS];

    for (int i = 0; i < THREADS; i++) {
        calls[i] = (struct thread_call){id, i % 2, -1};
        EXPECT_INT(pthread_create(&threads[i], NULL, call_in_thread, &calls[i]), 0);
    }
    UNTIL(semncnt(id, 0) == THREADS / 2 && semncnt(id, 1) == THREADS / 2);
    EXPECT_OK(semop1(id, 0, THREADS / 2, 0));
    EXPECT_INT(semncnt(id, 1), THREADS / 2);
    EXPECT_OK(remove_set(id));
    for (int i = 0; i < THREADS; i++) {
        EXPECT_INT(pthread_join(threads[i], NULL), 0);
        EXPECT_INT(calls[i].error, i % 2 ? EIDRM : 0);
    }
}
END_TEST

void semwait_chapter(void)
{
    ADD_TESTS(sleeper_is_woken, wait_for_zero_is_woken, first_come_first_served,
              small_passes_big, one_change_serves_many, chain_of_grants,
              waits_for_zero_come_first, one_operation_comes_first, no_wake_up_is_lost,
              only_the_state_between_calls_counts, count_moves_with_the_obstacle,
              looked_at_when_there_is_a_zero, new_obstacle_ends_the_sleep, removal_wakes_all,
              threads_sleep_side_by_side);
}
