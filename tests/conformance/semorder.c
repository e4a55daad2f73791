/* The order of the checks of semop and semtimedop (S2.6 to S2.14). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SEMOPM = 500 };

static struct sembuf up = {0, 1, 0};

static int stale_set(void)
{
    int id = new_set(1, 0600);

    EXPECT_OK(remove_set(id));
    return id;
}

/* A library cannot tell a bad pointer from a good one, and takes it: S5.4. */
START_TEST(bad_timeout_pointer) /* S2.6, S5.4 */
{
    struct timespec *bad = (struct timespec *)(uintptr_t)8;
    int id = new_set(1, 0600);

    if (!hands_pointers_on() || differs("S5.4"))
        return;
    EXPECT_ERR(semtimedop(id, &up, 1, bad), EFAULT);
    EXPECT_ERR(semtimedop(-1, &up, 0, bad), EFAULT);
    EXPECT_ERR(semtimedop(-1, &up, SEMOPM + 1, bad), EFAULT);
    EXPECT_INT(semval(id, 0), 0);
}
END_TEST

START_TEST(too_many_operations) /* S2.7 */
{
    static struct sembuf ops[SEMOPM + 1];
    int id = new_set(1, 0600);

    for (size_t i = 0; i < COUNT(ops); i++)
        ops[i] = up;
    EXPECT_ERR(semop(id, ops, SEMOPM + 1), E2BIG);
    EXPECT_ERR(semop(-1, ops, SEMOPM + 1), E2BIG);
    EXPECT_ERR(semop(id, NULL, SEMOPM + 1), E2BIG);
    EXPECT_INT(semval(id, 0), 0);
    EXPECT_OK(semop(id, ops, SEMOPM));
    EXPECT_INT(semval(id, 0), SEMOPM);
}
END_TEST

START_TEST(no_operations) /* S2.8 */
{
    int id = new_set(1, 0600);

    EXPECT_ERR(semop(id, &up, 0), EINVAL);
    EXPECT_ERR(semop(id, NULL, 0), EINVAL);
    EXPECT_ERR(semop(-1, &up, 0), EINVAL);
}
END_TEST

START_TEST(no_array) /* S2.9, S5.4 */
{
    struct timespec bad = {-1, 0};

    EXPECT_ERR(semop(new_set(1, 0600), NULL, 1), EFAULT);
    EXPECT_ERR(semop(-1, NULL, 1), EFAULT);
    EXPECT_ERR(semop(stale_set(), NULL, 1), EFAULT);
    EXPECT_ERR(semtimedop(-1, NULL, 1, &bad), EFAULT);
}
END_TEST

START_TEST(bad_timeout) /* S2.10 */
{
    static const struct timespec bad[] = {{-1, 0}, {0, -1}, {0, 1000000000}, {1, 2000000000}};
    struct sembuf far = {5, 1, 0};
    int id = new_set(1, 0600);

    for (size_t i = 0; i < COUNT(bad); i++) {
        EXPECT_ERR(semtimedop(id, &up, 1, &bad[i]), EINVAL);
        EXPECT_ERR(semtimedop(id, &far, 1, &bad[i]), EINVAL); /* not EFBIG */
    }
    EXPECT_ERR(semop(-1, &up, 1), EINVAL);
    EXPECT_ERR(semop(INT_MIN, &far, 1), EINVAL);
    EXPECT_INT(semval(id, 0), 0);
}
END_TEST

START_TEST(stale_id) /* S2.11 */
{
    struct sembuf far = {5, 1, 0};

    EXPECT_ERR(semop(stale_set(), &up, 1), EINVAL);
    EXPECT_ERR(semop(stale_set(), &far, 1), EINVAL); /* not EFBIG */
}
END_TEST

/* Before the permission: stranger.c. */
START_TEST(number_beyond_the_set) /* S2.12 */
{
    struct sembuf ops[] = {{0, -1, IPC_NOWAIT}, {3, 1, 0}};
    int id = new_set(3, 0600);

    EXPECT_ERR(semop(id, ops, 2), EFBIG); /* not EAGAIN */
    EXPECT_ERR(semop1(id, 3, 0, 0), EFBIG);
    EXPECT_ERR(semop1(id, 65535, 1, 0), EFBIG);
    EXPECT_OK(semop1(id, 2, 1, 0));
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
    EXPECT_INT(semncnt(id, 0) + semzcnt(id, 0), 0);
}
END_TEST

START_TEST(no_timeout) /* S2.14 */
{
    int id = new_set(1, 0600);

    EXPECT_OK(semtimedop(id, &up, 1, NULL));
    EXPECT_INT(semval(id, 0), 1);
}
END_TEST

START_TEST(timeout_expires) /* S2.14 */
{
    int id = new_set(1, 0600);
    double begun = seconds_now();

    EXPECT_ERR(semop1_timed(id, 0, -1, 0, 60), EAGAIN);
    EXPECT(seconds_now() - begun >= 0.059);
    EXPECT_INT(semncnt(id, 0), 0);
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(semval(id, 0), 1); /* nobody is left who takes it */
}
END_TEST

static void wake(void *id)
{
    UNTIL(semncnt(*(int *)id, 0) == 1);
    EXPECT_OK(semop1(*(int *)id, 0, 1, 0));
}

START_TEST(served_in_time) /* S2.14 */
{
    int id = new_set(1, 0600);
    pid_t waker = start(wake, &id);

    EXPECT_OK(semop1_timed(id, 0, -1, 0, 20000));
    EXPECT_INT(reap(waker), 0);
    EXPECT_INT(semval(id, 0), 0);
}
END_TEST

void semorder_chapter(void)
{
    ADD_TESTS(bad_timeout_pointer, too_many_operations, no_operations, no_array, bad_timeout,
              stale_id, number_beyond_the_set, zero_timeout, no_timeout, timeout_expires,
              served_in_time);
}
