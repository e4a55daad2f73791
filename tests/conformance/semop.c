/* Operations that do not sleep (S2.15 to S2.21). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <time.h>
#include <unistd.h>

enum { NOWAIT = IPC_NOWAIT, MAX = 32767 };

START_TEST(values_go_up_and_down) /* S2.15 */
{
    int id = new_set(3, 0600);

    EXPECT_OK(semop1(id, 1, 5, 0));
    EXPECT_OK(semop1(id, 1, -2, 0));
    EXPECT_INT(semval(id, 1), 3);
    EXPECT_OK(semop1(id, 1, -3, 0));
    EXPECT_OK(semop1(id, 1, 0, 0));
    EXPECT_INT(semval(id, 0) + semval(id, 2), 0);
}
END_TEST

START_TEST(all_or_none) /* S2.15, S2.21 */
{
    struct sembuf ops[] = {{0, -1, 0}, {1, 2, 0}, {0, -2, 0}, {2, -1, NOWAIT}};
    int id = new_set(3, 0600);

    EXPECT_OK(sem_set_all(id, (unsigned short[]){9, 9, 0}));
    EXPECT_ERR(semop(id, ops, 4), EAGAIN);
    EXPECT_INT(semval(id, 0), 9);
    EXPECT_INT(semval(id, 1), 9);
    EXPECT_OK(semop1(id, 2, 1, 0));
    EXPECT_OK(semop(id, ops, 4));
    EXPECT_INT(semval(id, 0), 6);
    EXPECT_INT(semval(id, 1), 11);
    EXPECT_INT(semval(id, 2), 0);
}
END_TEST

START_TEST(five_hundred_at_once) /* S2.15 */
{
    enum { MANY = 500 };
    static struct sembuf ops[MANY];
    int id = new_set(MANY, 0600);

    for (int i = 0; i < MANY; i++)
        ops[i] = (struct sembuf){(unsigned short)i, (short)(i + 1), 0};
    EXPECT_OK(semop(id, ops, MANY));
    for (int i = 0; i < MANY; i++)
        ops[i].sem_op = (short)-ops[i].sem_op;
    ops[MANY - 1] = (struct sembuf){MANY - 1, -MANY - 1, NOWAIT};
    EXPECT_ERR(semop(id, ops, MANY), EAGAIN);
    for (int i = 0; i < MANY; i++)
        EXPECT_INT(semval(id, i), i + 1);
}
END_TEST

START_TEST(order_of_the_array) /* S2.16 */
{
    struct sembuf down_up[] = {{0, -1, NOWAIT}, {0, 1, NOWAIT}};
    struct sembuf up_down[] = {{0, 1, NOWAIT}, {0, -1, NOWAIT}};
    struct sembuf zero_up[] = {{0, 0, NOWAIT}, {0, 1, NOWAIT}};
    int id = new_set(1, 0600);

    EXPECT_ERR(semop(id, down_up, 2), EAGAIN);
    EXPECT_OK(semop(id, up_down, 2));
    EXPECT_INT(semval(id, 0), 0);
    EXPECT_OK(semop(id, zero_up, 2));
    EXPECT_ERR(semop(id, zero_up, 2), EAGAIN);
    EXPECT_OK(semop(id, down_up, 2));
    EXPECT_INT(semval(id, 0), 1);
}
END_TEST

START_TEST(down_up_blocks) /* S2.16 */
{
    struct sembuf down_up[] = {{0, -1, 0}, {0, 1, 0}};
    int id = new_set(1, 0600);
    pid_t pid = start_semops(id, down_up, 2);

    UNTIL(semncnt(id, 0) == 1);
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(semval(id, 0), 1);
}
END_TEST

START_TEST(flag_of_the_obstacle) /* S2.17 */
{
    struct sembuf waits[] = {{0, 1, NOWAIT}, {1, -1, 0}};
    struct sembuf refuses[] = {{0, 1, 0}, {1, -1, NOWAIT}};
    int id = new_set(2, 0600);

    EXPECT_ERR(semop(id, refuses, 2), EAGAIN);
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
    EXPECT_ERR(semop1(id, 0, MAX, NOWAIT), ERANGE);
    EXPECT_INT(semval(id, 0), MAX);
    EXPECT_OK(semop1(id, 0, -MAX, 0));
    EXPECT_ERR(semop1(id, 0, -MAX - 1, NOWAIT), EAGAIN);
}
END_TEST

START_TEST(above_for_a_moment) /* S2.18 */
{
    struct sembuf over[] = {{0, 1, 0}, {0, -1, 0}}, under[] = {{0, -1, 0}, {0, 1, 0}};
    int id = new_set(1, 0600);

    EXPECT_OK(sem_set(id, 0, MAX));
    EXPECT_ERR(semop(id, over, 2), ERANGE);
    EXPECT_OK(semop(id, under, 2));
    EXPECT_INT(semval(id, 0), MAX);
}
END_TEST

START_TEST(range_in_the_order_of_the_array) /* S2.19 */
{
    struct sembuf range_first[] = {{0, 1, 0}, {1, -1, NOWAIT}};
    struct sembuf again_first[] = {{1, -1, NOWAIT}, {0, 1, 0}};
    int id = new_set(2, 0600);

    EXPECT_OK(sem_set(id, 0, MAX));
    EXPECT_ERR(semop(id, range_first, 2), ERANGE);
    EXPECT_ERR(semop(id, again_first, 2), EAGAIN);
}
END_TEST

START_TEST(pid_of_every_semaphore_named) /* S2.20, S2.21 */
{
    struct sembuf ops[] = {{0, 1, 0}, {2, 0, 0}};
    int id = new_set(4, 0600);
    pid_t pid = start_semops(id, ops, 2);

    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(sempid(id, 0), pid);
    EXPECT_INT(sempid(id, 1), 0);
    EXPECT_INT(sempid(id, 2), pid); /* it waited for zero only */
    EXPECT_ERR(semop1(id, 0, -2, NOWAIT), EAGAIN);
    EXPECT_INT(sempid(id, 0), pid);
    EXPECT_OK(semop1(id, 0, -1, NOWAIT));
    EXPECT_INT(sempid(id, 0), getpid());
    EXPECT_INT(sempid(id, 2), pid);
}
END_TEST

START_TEST(pid_of_who_has_slept) /* S2.20 */
{
    struct sembuf ops[] = {{0, -1, 0}, {1, 1, 0}};
    int id = new_set(2, 0600);
    pid_t pid = start_semops(id, ops, 2);

    UNTIL(semncnt(id, 0) == 1);
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(sempid(id, 0), pid);
    EXPECT_INT(sempid(id, 1), pid);
}
END_TEST

START_TEST(times_of_a_success) /* S2.20, S2.21 */
{
    int id = new_set(1, 0600);
    time_t made = set_stat(id).sem_ctime;

    await_next_second();
    EXPECT_ERR(semop1(id, 0, -1, NOWAIT), EAGAIN);
    EXPECT_INT(set_stat(id).sem_otime, 0);
    EXPECT_OK(semop1(id, 0, 0, 0));
    EXPECT(set_stat(id).sem_otime > made);
    EXPECT_INT(set_stat(id).sem_ctime, made);
}
END_TEST

void semop_chapter(void)
{
    ADD_TESTS(values_go_up_and_down, all_or_none, five_hundred_at_once, order_of_the_array,
              down_up_blocks, flag_of_the_obstacle, above_the_largest_value, above_for_a_moment,
              range_in_the_order_of_the_array, pid_of_every_semaphore_named,
              pid_of_who_has_slept, times_of_a_success);
}
