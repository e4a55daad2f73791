/* Operations that do not sleep: order of the checks, atomic calls, fields (S2.6 to S2.21). */
#include "config.h"

#include "tests/backend_check.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NOWAIT = LIBSHM_IPC_NOWAIT, UNDO = LIBSHM_SEM_UNDO, MAX = LIBSHM_SEMVMX };

typedef struct shm_backend_sembuf op;

#define COUNT(array) (sizeof(array) / sizeof *(array))

START_TEST(too_many_operations) /* S2.7 */
{
    static op ops[LIBSHM_SEMOPM + 1];
    int id = new_set(1, 0600);

    for (size_t i = 0; i < COUNT(ops); i++)
        ops[i] = (op){0, 1, 0};
    EXPECT_ERR(semops(id, ops, LIBSHM_SEMOPM + 1), E2BIG);
    EXPECT_ERR(semops(-1, ops, LIBSHM_SEMOPM + 1), E2BIG);
    EXPECT_ERR(semops(id, NULL, LIBSHM_SEMOPM + 1), E2BIG);
    EXPECT_ERR(semops(id, ops, (size_t)-1 / 2), E2BIG);
    EXPECT_INT(semval(id, 0), 0);
    EXPECT_OK(semops(id, ops, LIBSHM_SEMOPM));
    EXPECT_INT(semval(id, 0), LIBSHM_SEMOPM);
}
END_TEST

START_TEST(no_operations) /* S2.8, S2.9 */
{
    op one = {0, 1, 0};
    int id = new_set(1, 0600);

    EXPECT_ERR(semops(id, &one, 0), EINVAL);
    EXPECT_ERR(semops(id, NULL, 0), EINVAL);
    EXPECT_ERR(semops(id, NULL, 1), EFAULT);
    EXPECT_ERR(semops(-1, NULL, 1), EFAULT);
}
END_TEST

START_TEST(bad_timeouts) /* S2.10 */
{
    static const struct timespec bad[] = {{-1, 0}, {0, -1}, {0, 1000000000}, {1, 2000000000}};
    op up = {0, 1, 0}, far = {5, 1, 0};
    int id = new_set(1, 0600);

    for (size_t i = 0; i < COUNT(bad); i++) {
        EXPECT_ERR(shm_backend_semtimedop(id, &up, 1, &bad[i]), EINVAL);
        EXPECT_ERR(shm_backend_semtimedop(id, &far, 1, &bad[i]), EINVAL);
        EXPECT_ERR(shm_backend_semtimedop(id, NULL, 1, &bad[i]), EFAULT);
    }
    EXPECT_INT(semval(id, 0), 0);
}
END_TEST

START_TEST(number_beyond_the_set) /* S2.11, S2.12 */
{
    op ops[] = {{0, -1, NOWAIT}, {3, 1, 0}};
    int id = new_set(3, 0600);

    EXPECT_ERR(semops(id, ops, 2), EFBIG); /* not EAGAIN */
    EXPECT_ERR(semop1(id, 3, 0, 0), EFBIG);
    EXPECT_ERR(semop1(id, 65535, 1, 0), EFBIG);
    EXPECT_OK(semop1(id, 2, 1, 0));
    EXPECT_OK(remove_set(id));
    EXPECT_ERR(semops(id, ops, 2), EINVAL);
}
END_TEST

START_TEST(zero_timeout) /* S2.14 */
{
    int id = new_set(1, 0600);

    EXPECT_ERR(semop1_timed(id, 0, -1, 0, 0), EAGAIN);
    EXPECT_OK(semop1_timed(id, 0, 1, 0, 0));
    EXPECT_ERR(semop1_timed(id, 0, 0, 0, 0), EAGAIN);
    EXPECT_OK(semop1_timed(id, 0, -1, 0, 0));
    EXPECT_OK(semop1_timed(id, 0, 0, 0, 0));
    EXPECT_INT(semncnt(id, 0), 0);
    EXPECT_INT(semzcnt(id, 0), 0);
}
END_TEST

START_TEST(timeout_expires) /* S2.14 */
{
    int id = new_set(1, 0600);
    double begun = seconds_now();

    EXPECT_ERR(semop1_timed(id, 0, -1, 0, 60), EAGAIN);
    double took = seconds_now() - begun;
    if (took < 0.059 || took > 1)
        fail_at(__FILE__, __LINE__, "a timeout of 60 ms took %.1f ms", took * 1e3);
    EXPECT_INT(semncnt(id, 0), 0);
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(semval(id, 0), 1); /* nobody is left who takes it */
}
END_TEST

START_TEST(plain_values) /* S2.15 */
{
    int id = new_set(3, 0600);

    EXPECT_OK(semop1(id, 1, 5, 0));
    EXPECT_OK(semop1(id, 1, -2, 0));
    EXPECT_INT(semval(id, 1), 3);
    EXPECT_OK(semop1(id, 1, -3, 0));
    EXPECT_OK(semop1(id, 1, 0, 0));
    EXPECT_INT(semval(id, 0), 0);
    EXPECT_INT(semval(id, 2), 0);
}
END_TEST

START_TEST(array_order_counts) /* S2.16 */
{
    op down_up[] = {{0, -1, NOWAIT}, {0, 1, NOWAIT}};
    op up_down[] = {{0, 1, NOWAIT}, {0, -1, NOWAIT}};
    op zero_up[] = {{0, 0, NOWAIT}, {0, 1, NOWAIT}};
    int id = new_set(1, 0600);

    EXPECT_ERR(semops(id, down_up, 2), EAGAIN);
    EXPECT_OK(semops(id, up_down, 2));
    EXPECT_INT(semval(id, 0), 0);
    EXPECT_OK(semops(id, zero_up, 2));
    EXPECT_INT(semval(id, 0), 1);
    EXPECT_ERR(semops(id, zero_up, 2), EAGAIN);
    EXPECT_OK(semops(id, down_up, 2));
    EXPECT_INT(semval(id, 0), 1);
}
END_TEST

START_TEST(all_or_none) /* S2.15, S2.21 */
{
    op ops[] = {{0, -1, 0}, {1, 2, UNDO}, {0, -2, 0}, {2, -1, NOWAIT}};
    int id = new_set(3, 0600);
    unsigned short values[3] = {9, 9, 0};

    EXPECT_OK(sem_set_all(id, values));
    struct shm_backend_semid_ds before = set_stat(id);
    EXPECT_ERR(semops(id, ops, 4), EAGAIN);
    EXPECT_INT(semval(id, 0), 9);
    EXPECT_INT(semval(id, 1), 9);
    EXPECT_INT(set_stat(id).otime, before.otime);
    EXPECT_OK(sem_set(id, 2, 1));
    EXPECT_OK(semops(id, ops, 4));
    EXPECT_INT(semval(id, 0), 6);
    EXPECT_INT(semval(id, 1), 11);
    EXPECT_INT(semval(id, 2), 0);
}
END_TEST

START_TEST(the_flag_of_the_obstacle_counts) /* S2.17 */
{
    op waits[] = {{0, 1, NOWAIT}, {1, -1, 0}};
    op refuses[] = {{0, 1, 0}, {1, -1, NOWAIT}};
    int id = new_set(2, 0600);

    EXPECT_ERR(semops(id, refuses, 2), EAGAIN);
    pid_t pid = start_semops(id, waits, 2);
    UNTIL(semncnt(id, 1) == 1);
    EXPECT_INT(semval(id, 0), 0);
    EXPECT_OK(semop1(id, 1, 1, 0));
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(semval(id, 0), 1);
}
END_TEST

START_TEST(above_the_largest_value) /* S2.18 */
{
    int id = new_set(1, 0600);

    EXPECT_OK(semop1(id, 0, MAX, 0));
    EXPECT_ERR(semop1(id, 0, 1, 0), ERANGE);
    EXPECT_ERR(semop1(id, 0, MAX, 0), ERANGE);
    EXPECT_ERR(semop1(id, 0, 1, NOWAIT), ERANGE);
    EXPECT_INT(semval(id, 0), MAX);
    EXPECT_OK(semop1(id, 0, -MAX, 0));
    EXPECT_INT(semval(id, 0), 0);
    EXPECT_ERR(semop1(id, 0, -MAX - 1, NOWAIT), EAGAIN);
}
END_TEST

START_TEST(above_for_a_moment_only) /* S2.15, S2.18 */
{
    op over[] = {{0, 1, 0}, {0, -1, 0}}, under[] = {{0, -1, 0}, {0, 1, 0}};
    int id = new_set(1, 0600);

    EXPECT_OK(sem_set(id, 0, MAX));
    EXPECT_ERR(semops(id, over, 2), ERANGE);
    EXPECT_OK(semops(id, under, 2));
    EXPECT_INT(semval(id, 0), MAX);
}
END_TEST

START_TEST(range_and_obstacle_in_array_order) /* S2.19 */
{
    op range_first[] = {{0, 1, 0}, {1, -1, NOWAIT}},
       again_first[] = {{1, -1, NOWAIT}, {0, 1, 0}};
    int id = new_set(2, 0600);

    EXPECT_OK(sem_set(id, 0, MAX));
    EXPECT_ERR(semops(id, range_first, 2), ERANGE);
    EXPECT_ERR(semops(id, again_first, 2), EAGAIN);
}
END_TEST

START_TEST(pid_of_every_semaphore_named) /* S2.20, S2.21 */
{
    op ops[] = {{0, 1, 0}, {2, 0, 0}};
    int id = new_set(4, 0600);
    pid_t pid = start_semops(id, ops, 2);

    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(sempid(id, 0), pid);
    EXPECT_INT(sempid(id, 1), 0);
    EXPECT_INT(sempid(id, 2), pid); /* wait-for-zero too */
    EXPECT_INT(sempid(id, 3), 0);
    EXPECT_ERR(semop1(id, 0, -2, NOWAIT), EAGAIN);
    EXPECT_INT(sempid(id, 0), pid);
    EXPECT_OK(semop1(id, 0, -1, NOWAIT));
    EXPECT_INT(sempid(id, 0), getpid());
    EXPECT_INT(sempid(id, 2), pid);
}
END_TEST

START_TEST(granted_sleeper_is_the_pid) /* S2.20 */
{
    op ops[] = {{0, -1, 0}, {1, 1, 0}};
    int id = new_set(2, 0600);
    pid_t pid = start_semops(id, ops, 2);

    UNTIL(semncnt(id, 0) == 1);
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(sempid(id, 0), pid);
    EXPECT_INT(sempid(id, 1), pid);
}
END_TEST

START_TEST(otime_of_a_success) /* S2.20, S2.21 */
{
    int id = new_set(1, 0600);
    int64_t before = time(NULL) - 1;

    EXPECT_ERR(semop1(id, 0, -1, NOWAIT), EAGAIN);
    EXPECT_INT(set_stat(id).otime, 0);
    EXPECT_OK(semop1(id, 0, 0, 0));
    EXPECT(set_stat(id).otime >= before);
}
END_TEST

START_TEST(five_hundred_semaphores_at_once) /* S2.15 */
{
    static op ops[LIBSHM_SEMOPM];
    int id = new_set(LIBSHM_SEMOPM, 0600);

    for (int i = 0; i < LIBSHM_SEMOPM; i++)
        ops[i] = (op){(unsigned short)i, (short)(i + 1), UNDO};
    EXPECT_OK(semops(id, ops, COUNT(ops)));
    for (int i = 0; i < LIBSHM_SEMOPM; i++)
        EXPECT_INT(semval(id, i), i + 1);
    for (int i = 0; i < LIBSHM_SEMOPM; i++)
        ops[i].sem_op = (short)-ops[i].sem_op;
    ops[LIBSHM_SEMOPM - 1].sem_op--;
    ops[LIBSHM_SEMOPM - 1].sem_flg = NOWAIT;
    EXPECT_ERR(semops(id, ops, COUNT(ops)), EAGAIN);
    EXPECT_INT(semval(id, 0), 1);
    EXPECT_INT(semval(id, 250), 251);
}
END_TEST

int main(int argc, char **argv)
{
    const struct listed_test tests[] = {
        {"e2big", too_many_operations},
        {"no_ops", no_operations},
        {"bad_timeout", bad_timeouts},
        {"efbig", number_beyond_the_set},
        {"zero_timeout", zero_timeout},
        {"timeout", timeout_expires},
        {"plain", plain_values},
        {"order", array_order_counts},
        {"all_or_none", all_or_none},
        {"obstacle", the_flag_of_the_obstacle_counts},
        {"erange", above_the_largest_value},
        {"erange_moment", above_for_a_moment_only},
        {"erange_order", range_and_obstacle_in_array_order},
        {"pid", pid_of_every_semaphore_named},
        {"granted_pid", granted_sleeper_is_the_pid},
        {"otime", otime_of_a_success},
        {"500", five_hundred_semaphores_at_once},
    };
    return RUN_SUITE(argc, argv, "semop", tests);
}
