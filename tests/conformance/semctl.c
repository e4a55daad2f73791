/* Control of sets (S2.26, S2.41 to S2.48). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

START_TEST(removal_is_immediate) /* S2.26 */
{
    key_t key = free_key();
    int id = set_at(key, 2, 0600);

    EXPECT_OK(semop1(id, 0, 1, SEM_UNDO));
    EXPECT_OK(remove_set(id));
    EXPECT_ERR(semop1(id, 0, 1, 0), EINVAL);
    EXPECT_ERR(sem_get(id, 0, GETVAL), EINVAL);
    EXPECT_ERR(remove_set(id), EINVAL);
    EXPECT_ERR(semget(key, 0, 0), ENOENT);
    int other = set_at(key, 1, 0600);
    EXPECT(other != id);
    EXPECT_INT(semval(other, 0), 0);
}
END_TEST

static void remove_it(void *id)
{
    EXPECT_OK(remove_set(*(int *)id));
}

START_TEST(removal_by_another_process) /* S2.26 */
{
    int id = new_set(2, 0600);

    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(run(remove_it, &id), 0);
    EXPECT_ERR(semop1(id, 0, 1, 0), EINVAL);
    EXPECT_ERR(semop1(id, 0, 0, IPC_NOWAIT), EINVAL);
    EXPECT_ERR(sem_get(id, 0, GETVAL), EINVAL);
    EXPECT_ERR(remove_set(id), EINVAL);
}
END_TEST

START_TEST(setval_checks_in_order) /* S2.41 */
{
    int id = new_set(2, 0600);

    EXPECT_ERR(sem_set(id, 0, -1), ERANGE);
    EXPECT_ERR(sem_set(id, 0, 32768), ERANGE);
    EXPECT_ERR(sem_set(id, 9, 32768), ERANGE);
    EXPECT_ERR(sem_set(-1, 0, 32768), EINVAL);
    EXPECT_ERR(sem_set(id, 2, 1), EINVAL);
    EXPECT_ERR(sem_set(id, -1, 1), EINVAL);
    EXPECT_OK(sem_set(id, 1, 32767));
    EXPECT_INT(semval(id, 1), 32767);
    EXPECT_OK(remove_set(id));
    EXPECT_ERR(sem_set(id, 0, 32768), ERANGE);
    EXPECT_ERR(sem_set(id, 0, 1), EINVAL);
}
END_TEST

static void set_from_child(void *id)
{
    EXPECT_OK(sem_set(*(int *)id, 1, 4));
}

START_TEST(setval_sets_pid_and_ctime) /* S2.42 */
{
    int id = new_set(3, 0600);
    time_t made = set_stat(id).sem_ctime;

    await_next_second();
    pid_t pid = start(set_from_child, &id);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(sempid(id, 1), pid);
    EXPECT_INT(sempid(id, 0), 0);
    EXPECT_INT(set_stat(id).sem_otime, 0);
    EXPECT(set_stat(id).sem_ctime > made);
}
END_TEST

START_TEST(setval_wakes) /* S2.43 */
{
    int id = new_set(2, 0600);

    EXPECT_OK(sem_set(id, 1, 1));
    pid_t up = start_sleeper(id, 0, -3, 0), zero = start_sleeper(id, 1, 0, 0);
    EXPECT_OK(sem_set(id, 0, 4));
    EXPECT_INT(reap(up), 0);
    EXPECT_INT(semval(id, 0), 1);
    EXPECT_OK(sem_set(id, 1, 0));
    EXPECT_INT(reap(zero), 0);
}
END_TEST

START_TEST(setall_wakes) /* S2.43 */
{
    int id = new_set(2, 0600);

    EXPECT_OK(sem_set(id, 1, 1));
    pid_t up = start_sleeper(id, 0, -3, 0), zero = start_sleeper(id, 1, 0, 0);
    EXPECT_OK(sem_set_all(id, (unsigned short[]){3, 0}));
    EXPECT_INT(reap(up), 0);
    EXPECT_INT(reap(zero), 0);
    EXPECT_INT(semval(id, 0), 0);
}
END_TEST

/* Behind the permission: stranger.c. */
START_TEST(getters_check_the_number) /* S2.44 */
{
    static const int commands[] = {GETVAL, GETPID, GETNCNT, GETZCNT};
    int id = new_set(2, 0600);

    for (size_t i = 0; i < COUNT(commands); i++) {
        EXPECT_ERR(sem_get(id, 2, commands[i]), EINVAL);
        EXPECT_ERR(sem_get(id, -1, commands[i]), EINVAL);
        EXPECT_ERR(sem_get(id, INT_MAX, commands[i]), EINVAL);
        EXPECT_INT(sem_get(id, 1, commands[i]), 0);
    }
}
END_TEST

START_TEST(getall_and_setall_ignore_the_number) /* S2.45 */
{
    unsigned short values[3] = {1, 32767, 3}, back[3] = {9, 9, 9};
    int id = new_set(3, 0600);

    EXPECT_OK(semctl(id, 77, SETALL, (union sem_argument){.array = values}));
    EXPECT_OK(semctl(id, -5, GETALL, (union sem_argument){.array = back}));
    EXPECT_INT(memcmp(values, back, sizeof values), 0);
}
END_TEST

START_TEST(setall_with_a_bad_value) /* S2.46 */
{
    int id = new_set(3, 0600);

    EXPECT_OK(sem_set_all(id, (unsigned short[]){4, 5, 6}));
    EXPECT_ERR(sem_set_all(id, (unsigned short[]){1, 2, 32768}), ERANGE);
    for (int i = 0; i < 3; i++)
        EXPECT_INT(semval(id, i), 4 + i);
}
END_TEST

static void set_all_from_child(void *id)
{
    EXPECT_OK(sem_set_all(*(int *)id, (unsigned short[]){1, 0}));
}

START_TEST(setall_sets_pids_and_ctime) /* S2.47 */
{
    int id = new_set(2, 0600);
    time_t made = set_stat(id).sem_ctime;

    await_next_second();
    pid_t pid = start(set_all_from_child, &id);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(sempid(id, 0), pid);
    EXPECT_INT(sempid(id, 1), pid);
    EXPECT_INT(set_stat(id).sem_otime, 0);
    EXPECT(set_stat(id).sem_ctime > made);
}
END_TEST

static void expect_no_set(int id)
{
    static const int commands[] = {GETVAL, GETPID, GETNCNT, GETZCNT, IPC_RMID};
    unsigned short values[2] = {0, 0};
    struct semid_ds ds = {.sem_perm = {.mode = 0600}};

    for (size_t i = 0; i < COUNT(commands); i++)
        EXPECT_ERR(sem_get(id, 0, commands[i]), EINVAL);
    EXPECT_ERR(sem_set(id, 0, 1), EINVAL);
    EXPECT_ERR(sem_get_all(id, values), EINVAL);
    EXPECT_ERR(sem_set_all(id, values), EINVAL);
    EXPECT_ERR(semctl(id, 0, IPC_STAT, (union sem_argument){.buf = &ds}), EINVAL);
    EXPECT_ERR(semctl(id, 0, IPC_SET, (union sem_argument){.buf = &ds}), EINVAL);
}

START_TEST(control_of_no_set) /* S2.48 */
{
    int id = new_set(2, 0600);

    EXPECT_OK(remove_set(id));
    expect_no_set(id);
    expect_no_set(-1);
    expect_no_set(INT_MIN);
}
END_TEST

void semctl_chapter(void)
{
    ADD_TESTS(removal_is_immediate, removal_by_another_process, setval_checks_in_order,
              setval_sets_pid_and_ctime, setval_wakes, setall_wakes, getters_check_the_number,
              getall_and_setall_ignore_the_number, setall_with_a_bad_value,
              setall_sets_pids_and_ctime, control_of_no_set);
}
