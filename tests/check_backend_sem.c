/* Semaphore sets of the backend contract: creating, finding, state, control (S0, S2). */
#include "config.h"

#include "tests/backend_check.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CREAT = LIBSHM_IPC_CREAT, EXCL = LIBSHM_IPC_EXCL, NOWAIT = LIBSHM_IPC_NOWAIT };

static int control(int id, int command, struct shm_backend_semid_ds *ds)
{
    return shm_backend_semctl(id, 0, command, (union shm_backend_semun){.buf = ds});
}

START_TEST(private_key_always_makes_a_new_set) /* S0.1, S0.4 */
{
    int a = new_set(1, 0600);
    int b = shm_backend_semget(LIBSHM_IPC_PRIVATE, 1, 0600);

    EXPECT_OK(b);
    register_set(b);
    EXPECT(a >= 0);
    EXPECT(b >= 0);
    EXPECT(a != b);
    EXPECT_INT(set_stat(a).perm.key, 0);
}
END_TEST

START_TEST(every_other_key_is_a_key) /* S0.2 */
{
    static const key_t keys[] = {-1, -77007, INT_MIN, INT_MAX, 1};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        int id = set_at(keys[i], 1 + (int)i, 0600);
        EXPECT_INT(shm_backend_semget(keys[i], 0, 0), id);
        EXPECT_INT(set_stat(id).perm.key, keys[i]);
    }
}
END_TEST

START_TEST(stale_id_names_nothing) /* S0.5, S2.11, S2.48 */
{
    key_t key = free_key();
    int old = set_at(key, 2, 0600);
    unsigned short values[2] = {0, 0};
    struct shm_backend_semid_ds ds = set_stat(old);

    EXPECT_OK(remove_set(old));
    for (int i = 0; i < 50; i++) {
        int id = set_at(key, 2, 0600);
        EXPECT(id != old);
        EXPECT_ERR(sem_get(old, 0, LIBSHM_GETVAL), EINVAL);
        EXPECT_OK(remove_set(id));
    }
    EXPECT_ERR(semop1(old, 0, 1, 0), EINVAL);
    EXPECT_ERR(control(old, LIBSHM_IPC_STAT, &ds), EINVAL);
    EXPECT_ERR(control(old, LIBSHM_IPC_SET, &ds), EINVAL);
    EXPECT_ERR(sem_set(old, 0, 1), EINVAL);
    EXPECT_ERR(sem_set_all(old, values), EINVAL);
    EXPECT_ERR(sem_get_all(old, values), EINVAL);
    EXPECT_ERR(sem_get(old, 0, LIBSHM_GETPID), EINVAL);
    EXPECT_ERR(sem_get(old, 0, LIBSHM_GETNCNT), EINVAL);
    EXPECT_ERR(sem_get(old, 0, LIBSHM_GETZCNT), EINVAL);
    EXPECT_ERR(remove_set(old), EINVAL);
}
END_TEST

START_TEST(negative_ids) /* S2.10, S2.48 */
{
    unsigned short values[2] = {0, 0};
    struct shm_backend_semid_ds ds;

    EXPECT_ERR(semop1(-1, 0, 1, 0), EINVAL);
    EXPECT_ERR(control(-1, LIBSHM_IPC_STAT, &ds), EINVAL);
    EXPECT_ERR(control(-1, LIBSHM_IPC_SET, NULL), EINVAL); /* S0.26 */
    EXPECT_ERR(sem_set(-1, 0, 1), EINVAL);
    EXPECT_ERR(sem_get_all(-1, values), EINVAL);
    EXPECT_ERR(sem_set_all(-1, values), EINVAL);
    EXPECT_ERR(sem_get(INT_MIN, 0, LIBSHM_GETVAL), EINVAL);
    EXPECT_ERR(remove_set(-1), EINVAL);
}
END_TEST

static void make_at_key(void *key)
{
    EXPECT_OK(sem_set(set_at(*(key_t *)key, 2, 0600), 1, 321));
}

START_TEST(sets_outlive_their_creator) /* S0.7 */
{
    key_t key = free_key();

    EXPECT_INT(run(make_at_key, &key), 0);
    EXPECT_INT(semval((int)EXPECT_OK(shm_backend_semget(key, 2, 0600)), 1), 321);
}
END_TEST

START_TEST(get_of_an_existing_key) /* S0.8, S0.9, S0.10, S2.3 */
{
    key_t key = free_key();

    EXPECT_ERR(shm_backend_semget(key, 3, 0600), ENOENT);
    EXPECT_ERR(shm_backend_semget(key, 0, EXCL), ENOENT);
    int id = set_at(key, 3, 0600);
    EXPECT_ERR(shm_backend_semget(key, 3, CREAT | EXCL | 0600), EEXIST);
    EXPECT_ERR(shm_backend_semget(key, 4, CREAT | EXCL | 0600), EEXIST);
    EXPECT_INT(shm_backend_semget(key, 3, EXCL | 0600), id);
    EXPECT_INT(shm_backend_semget(key, 3, CREAT | 0600), id);
    EXPECT_INT(shm_backend_semget(key, 0, 0), id);
    EXPECT_INT(shm_backend_semget(key, 0, CREAT), id);
    EXPECT_INT(shm_backend_semget(key, 1, 0x400000), id);
    EXPECT_ERR(shm_backend_semget(key, 4, 0), EINVAL);
    EXPECT_ERR(shm_backend_semget(key, 4, CREAT | 0600), EINVAL);
}
END_TEST

START_TEST(impossible_numbers) /* S2.1, S2.2 */
{
    key_t key = free_key(), existing = free_key();

    EXPECT_ERR(shm_backend_semget(0, 0, 0600), EINVAL);
    EXPECT_ERR(shm_backend_semget(key, 0, CREAT | 0600), EINVAL);
    EXPECT_ERR(shm_backend_semget(0, -1, 0600), EINVAL);
    EXPECT_ERR(shm_backend_semget(0, LIBSHM_SEMMSL + 1, 0600), EINVAL);
    EXPECT_ERR(shm_backend_semget(key, -1, 0), EINVAL); /* before ENOENT */
    EXPECT_ERR(shm_backend_semget(key, INT_MAX, 0), EINVAL);
    set_at(existing, 1, 0600);
    EXPECT_ERR(shm_backend_semget(existing, -1, CREAT | EXCL), EINVAL); /* before EEXIST */
    EXPECT_ERR(shm_backend_semget(existing, LIBSHM_SEMMSL + 1, CREAT | EXCL), EINVAL);
    EXPECT_ERR(shm_backend_semget(key, 0, 0), ENOENT);
}
END_TEST

START_TEST(largest_set) /* S2.1 */
{
    int id = new_set(LIBSHM_SEMMSL, 0600);
    static unsigned short values[LIBSHM_SEMMSL];

    EXPECT_OK(semop1(id, LIBSHM_SEMMSL - 1, 5, 0));
    EXPECT_OK(semop1(id, 0, 7, 0));
    EXPECT_OK(sem_get_all(id, values));
    EXPECT_INT(values[LIBSHM_SEMMSL - 1], 5);
    EXPECT_INT(values[0], 7);
    EXPECT_INT(values[LIBSHM_SEMMSL / 2], 0);
    for (int i = 0; i < LIBSHM_SEMMSL; i++)
        values[i] = (unsigned short)i;
    EXPECT_OK(sem_set_all(id, values));
    EXPECT_INT(semval(id, 31999), 31999);
    EXPECT_INT(semval(id, 12345), 12345);
    EXPECT_ERR(semop1(id, LIBSHM_SEMMSL, 1, 0), EFBIG);
    EXPECT_INT((long long)set_stat(id).nsems, LIBSHM_SEMMSL);
}
END_TEST

START_TEST(state_of_a_new_set) /* S2.5 */
{
    int64_t before = time(NULL) - 1;
    key_t key = free_key();
    int id = set_at(key, 5, 0640);
    struct shm_backend_semid_ds ds = set_stat(id);

    EXPECT_INT(ds.perm.key, key);
    EXPECT_INT(ds.perm.uid, geteuid());
    EXPECT_INT(ds.perm.cuid, geteuid());
    EXPECT_INT(ds.perm.gid, getegid());
    EXPECT_INT(ds.perm.cgid, getegid());
    EXPECT_INT(ds.perm.mode, 0640);
    EXPECT_INT((long long)ds.nsems, 5);
    EXPECT_INT(ds.otime, 0);
    EXPECT(ds.ctime >= before);
    EXPECT(ds.ctime <= time(NULL) + 1);
    for (int i = 0; i < 5; i++) {
        EXPECT_INT(semval(id, i), 0);
        EXPECT_INT(sempid(id, i), 0);
        EXPECT_INT(semncnt(id, i), 0);
        EXPECT_INT(semzcnt(id, i), 0);
    }
}
END_TEST

START_TEST(mode_is_as_asked_whatever_the_umask) /* S2.5, S0.17 */
{
    static const int modes[] = {0, 0777, 0666, 0604, 0066, 0200, 0444};

    umask(077);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (geteuid() != 0 && !(modes[i] & 0400))
            continue;
        EXPECT_INT(set_stat(new_set(1, modes[i])).perm.mode, modes[i]);
    }
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
    EXPECT_OK(sem_set(id, 1, 0));
    EXPECT_INT(semval(id, 1), 0);
    EXPECT_OK(remove_set(id));
    EXPECT_ERR(sem_set(id, 0, 32768), ERANGE);
    EXPECT_ERR(sem_set(id, 0, 1), EINVAL);
}
END_TEST

static void set_from_child(void *id)
{
    EXPECT_OK(sem_set(*(int *)id, 1, 4));
}

START_TEST(setval_sets_pid_not_otime) /* S2.42 */
{
    int id = new_set(3, 0600);
    pid_t pid = start(set_from_child, &id);

    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(sempid(id, 1), pid);
    EXPECT_INT(sempid(id, 0), 0);
    EXPECT_INT(set_stat(id).otime, 0);
    EXPECT_OK(sem_set(id, 1, 5));
    EXPECT_INT(sempid(id, 1), getpid());
}
END_TEST

START_TEST(getters_check_semnum) /* S2.44 */
{
    int id = new_set(2, 0600);
    static const int commands[] = {LIBSHM_GETVAL, LIBSHM_GETPID, LIBSHM_GETNCNT,
                                   LIBSHM_GETZCNT};

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        EXPECT_ERR(sem_get(id, 2, commands[i]), EINVAL);
        EXPECT_ERR(sem_get(id, -1, commands[i]), EINVAL);
        EXPECT_ERR(sem_get(id, INT_MAX, commands[i]), EINVAL);
        EXPECT_INT(sem_get(id, 1, commands[i]), 0);
    }
}
END_TEST

START_TEST(getall_and_setall_ignore_semnum) /* S2.45 */
{
    int id = new_set(3, 0600);
    unsigned short values[3] = {1, 32767, 3}, back[3] = {9, 9, 9};
    union shm_backend_semun to = {.array = values}, from = {.array = back};

    EXPECT_OK(shm_backend_semctl(id, 77, LIBSHM_SETALL, to));
    EXPECT_OK(shm_backend_semctl(id, -5, LIBSHM_GETALL, from));
    EXPECT_INT(memcmp(values, back, sizeof values), 0);
}
END_TEST

START_TEST(setall_with_a_bad_value) /* S2.46 */
{
    int id = new_set(3, 0600);
    unsigned short good[3] = {4, 5, 6}, bad[3] = {1, 2, 32768};

    EXPECT_OK(sem_set_all(id, good));
    EXPECT_ERR(sem_set_all(id, bad), ERANGE);
    for (int i = 0; i < 3; i++)
        EXPECT_INT(semval(id, i), 4 + i);
}
END_TEST

static void set_all_from_child(void *id)
{
    unsigned short values[2] = {1, 0};

    EXPECT_OK(sem_set_all(*(int *)id, values));
}

START_TEST(setall_sets_pid_of_all) /* S2.47 */
{
    int id = new_set(2, 0600);
    pid_t pid = start(set_all_from_child, &id);

    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(sempid(id, 0), pid);
    EXPECT_INT(sempid(id, 1), pid);
    EXPECT_INT(set_stat(id).otime, 0);
}
END_TEST

/* Times have whole seconds: what must not change is watched across one. */
static void await_next_second(void)
{
    time_t now = time(NULL);

    UNTIL(time(NULL) > now);
}

START_TEST(times) /* S0.22, S2.20, S2.42, S2.47, S1.45 */
{
    int id = new_set(2, 0600), segment = new_segment(100, 0600);
    unsigned short values[2] = {1, 2};
    int64_t made = set_stat(id).ctime;

    attach(segment);
    int64_t segment_made = segment_stat(segment).ctime;
    await_next_second();
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(set_stat(id).ctime, made);
    EXPECT(set_stat(id).otime > made);
    int64_t operated = set_stat(id).otime;
    EXPECT_OK(remove_segment(segment));
    EXPECT_INT(segment_stat(segment).ctime, segment_made);
    EXPECT_OK(sem_set(id, 0, 1));
    EXPECT(set_stat(id).ctime > made);
    made = set_stat(id).ctime;
    await_next_second();
    EXPECT_OK(sem_set_all(id, values));
    EXPECT(set_stat(id).ctime > made);
    EXPECT_INT(set_stat(id).otime, operated);
}
END_TEST

START_TEST(ipc_set_takes_only_what_it_may) /* S0.22, S0.23 */
{
    key_t key = free_key();
    int id = set_at(key, 2, 0600);
    struct shm_backend_semid_ds ds = set_stat(id), was = ds;

    ds.perm.mode = 07000 | 0723;
    ds.perm.key = key + 1;
    ds.perm.cuid = 4711;
    ds.nsems = 7;
    ds.otime = ds.ctime = 99;
    EXPECT_OK(control(id, LIBSHM_IPC_SET, &ds));
    ds = set_stat(id);
    EXPECT_INT(ds.perm.mode, 0723);
    EXPECT_INT(ds.perm.key, key);
    EXPECT_INT(ds.perm.cuid, was.perm.cuid);
    EXPECT_INT((long long)ds.nsems, 2);
    EXPECT_INT(ds.otime, 0);
    EXPECT(ds.ctime >= was.ctime);
    ds.perm.uid = (uid_t)-1;
    EXPECT_ERR(control(id, LIBSHM_IPC_SET, &ds), EINVAL);
    ds.perm.uid = was.perm.uid;
    ds.perm.gid = (gid_t)-1;
    EXPECT_ERR(control(id, LIBSHM_IPC_SET, &ds), EINVAL);
}
END_TEST

START_TEST(bad_commands_and_pointers) /* S0.25, S0.26, S5.4 */
{
    int id = new_set(2, 0600);
    struct shm_backend_semid_ds ds = set_stat(id);

    EXPECT_ERR(control(id, 4242, &ds), EINVAL);
    EXPECT_ERR(control(id, -1, &ds), EINVAL);
    EXPECT_ERR(control(id, LIBSHM_SHM_LOCK + 1000, &ds), EINVAL);
    EXPECT_ERR(control(id, LIBSHM_IPC_STAT, NULL), EFAULT);
    EXPECT_ERR(control(id, LIBSHM_IPC_SET, NULL), EFAULT);
    EXPECT_ERR(sem_get_all(id, NULL), EFAULT);
    EXPECT_ERR(sem_set_all(id, NULL), EFAULT);
    EXPECT_OK(remove_set(id));
    EXPECT_ERR(control(id, LIBSHM_IPC_SET, NULL), EFAULT);
}
END_TEST

START_TEST(removal_is_immediate) /* S2.25, S2.26 */
{
    key_t key = free_key();
    int id = set_at(key, 2, 0600);

    EXPECT_OK(semop1(id, 0, 1, LIBSHM_SEM_UNDO));
    EXPECT_OK(remove_set(id));
    EXPECT_ERR(semop1(id, 0, 1, 0), EINVAL);
    EXPECT_ERR(sem_get(id, 0, LIBSHM_GETVAL), EINVAL);
    EXPECT_ERR(remove_set(id), EINVAL);
    EXPECT_ERR(shm_backend_semget(key, 0, 0), ENOENT);
    int other = set_at(key, 1, 0600);
    EXPECT(other != id);
    EXPECT_INT(semval(other, 0), 0);
}
END_TEST

static void remove_it(void *id)
{
    EXPECT_OK(remove_set(*(int *)id));
}

START_TEST(removal_by_another_process_is_seen) /* S2.25 */
{
    int id = new_set(2, 0600);
    struct shm_backend_semid_ds ds;

    EXPECT_OK(semop1(id, 0, 1, 0)); /* open here, whatever the backend keeps of it */
    EXPECT_INT(run(remove_it, &id), 0);
    EXPECT_ERR(semop1(id, 0, 1, 0), EINVAL);
    EXPECT_ERR(semop1(id, 0, 0, NOWAIT), EINVAL);
    EXPECT_ERR(sem_get(id, 0, LIBSHM_GETVAL), EINVAL);
    EXPECT_ERR(control(id, LIBSHM_IPC_STAT, &ds), EINVAL);
    EXPECT_ERR(remove_set(id), EINVAL);
}
END_TEST

START_TEST(success_leaves_errno_alone) /* contract of backend.h */
{
    struct shm_backend_semid_ds ds;

    errno = 4711;
    int id = shm_backend_semget(LIBSHM_IPC_PRIVATE, 3, 0600);
    register_set(id);
    EXPECT_INT(errno, 4711);
    semop1(id, 0, 1, LIBSHM_SEM_UNDO);
    EXPECT_INT(errno, 4711);
    semop1_timed(id, 0, -1, 0, 1000);
    EXPECT_INT(errno, 4711);
    control(id, LIBSHM_IPC_STAT, &ds);
    control(id, LIBSHM_IPC_SET, &ds);
    EXPECT_INT(errno, 4711);
    sem_set(id, 1, 3);
    sem_get(id, 1, LIBSHM_GETNCNT);
    EXPECT_INT(errno, 4711);
    remove_set(id);
    EXPECT_INT(errno, 4711);
}
END_TEST

int main(int argc, char **argv)
{
    const struct listed_test tests[] = {
        {"private_key", private_key_always_makes_a_new_set},
        {"keys", every_other_key_is_a_key},
        {"stale_id", stale_id_names_nothing},
        {"negative_ids", negative_ids},
        {"outlive", sets_outlive_their_creator},
        {"get_existing", get_of_an_existing_key},
        {"impossible", impossible_numbers},
        {"largest", largest_set},
        {"new_state", state_of_a_new_set},
        {"mode", mode_is_as_asked_whatever_the_umask},
        {"setval_order", setval_checks_in_order},
        {"setval_pid", setval_sets_pid_not_otime},
        {"getters", getters_check_semnum},
        {"getall", getall_and_setall_ignore_semnum},
        {"setall_bad", setall_with_a_bad_value},
        {"setall_pid", setall_sets_pid_of_all},
        {"times", times},
        {"ipc_set", ipc_set_takes_only_what_it_may},
        {"bad_commands", bad_commands_and_pointers},
        {"remove", removal_is_immediate},
        {"remove_elsewhere", removal_by_another_process_is_seen},
        {"errno", success_leaves_errno_alone},
    };
    return RUN_SUITE(argc, argv, "sets", tests);
}
