/* Permissions between users, for segments and sets (S0.8 to S0.24, S1.19, S1.47, S2.13). */
#include "config.h"

#include "tests/backend_check.h"

#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CREAT = LIBSHM_IPC_CREAT, EXCL = LIBSHM_IPC_EXCL, RDONLY = LIBSHM_ATTACH_RDONLY };

struct target {
    key_t key;
    int segment, set;
};

static struct target make(int mode)
{
    struct target t = {.key = free_key()};

    t.segment = segment_at(t.key, 5000, mode);
    t.set = set_at(t.key, 4, mode);
    return t;
}

static void as_stranger(child_fn *body, struct target t)
{
    EXPECT_INT(run_stranger(body, &t), 0);
}

static int set_stat_error(int set, int command)
{
    struct shm_backend_semid_ds ds;
    union shm_backend_semun arg = {.buf = &ds};

    return shm_backend_semctl(set, 0, command, arg);
}

static int segment_stat_error(int segment, int command)
{
    struct shm_backend_shmid_ds ds;

    return shm_backend_shmctl(segment, command, &ds);
}

/*
 * Get.
 */

static void get_private(void *context)
{
    struct target *t = context;
    static const int asking[] = {0400, 0600, 0004, 0040, 0200, 0002, 0001, 0666};

    EXPECT_INT(shm_backend_shmget(t->key, 0, 0), t->segment);
    EXPECT_INT(shm_backend_shmget(t->key, 5000, 0), t->segment);
    EXPECT_INT(shm_backend_shmget(t->key, 100, CREAT), t->segment);
    EXPECT_INT(shm_backend_semget(t->key, 0, 0), t->set);
    EXPECT_INT(shm_backend_semget(t->key, 4, CREAT), t->set);
    for (size_t i = 0; i < sizeof asking / sizeof *asking; i++) {
        EXPECT_ERR(shm_backend_shmget(t->key, 0, asking[i]), EACCES);
        EXPECT_ERR(shm_backend_semget(t->key, 0, asking[i]), EACCES);
        EXPECT_ERR(shm_backend_shmget(t->key, 0, CREAT | asking[i]), EACCES);
    }
    EXPECT_ERR(shm_backend_shmget(t->key, 5001, 0600), EINVAL);
    EXPECT_ERR(shm_backend_semget(t->key, 5, 0600), EINVAL);
    EXPECT_ERR(shm_backend_shmget(t->key, 9000, CREAT | EXCL | 0600), EEXIST);
    EXPECT_ERR(shm_backend_semget(t->key, 9, CREAT | EXCL | 0600), EEXIST);
}

START_TEST(stranger_gets_a_0600_object) /* S0.8, S0.11, S0.12, S0.13 */
{
    if (have_strangers())
        as_stranger(get_private, make(0600));
}
END_TEST

static void get_readable(void *context)
{
    struct target *t = context;

    EXPECT_INT(shm_backend_shmget(t->key, 0, 0400), t->segment);
    EXPECT_INT(shm_backend_shmget(t->key, 0, 0040), t->segment);
    EXPECT_INT(shm_backend_shmget(t->key, 0, 0004), t->segment);
    EXPECT_INT(shm_backend_shmget(t->key, 0, 0444), t->segment);
    EXPECT_INT(shm_backend_semget(t->key, 0, 0004), t->set);
    EXPECT_ERR(shm_backend_shmget(t->key, 0, 0002), EACCES);
    EXPECT_ERR(shm_backend_shmget(t->key, 0, 0600), EACCES);
    EXPECT_ERR(shm_backend_semget(t->key, 0, 0200), EACCES);
}

START_TEST(wanted_bits_are_folded) /* S0.14 */
{
    if (have_strangers())
        as_stranger(get_readable, make(0604));
}
END_TEST

/* Makes objects as a user and looks at them as that very user: the owner's class decides. */
static void owner_refused(void *unused)
{
    (void)unused;
    struct target t = make(0066);

    EXPECT_ERR(shm_backend_shmget(t.key, 0, 0400), EACCES);
    EXPECT_ERR(shm_backend_shmget(t.key, 0, 0004), EACCES);
    EXPECT_ERR(shm_backend_shmat(t.segment, NULL, RDONLY), EACCES);
    EXPECT_ERR(segment_stat_error(t.segment, LIBSHM_IPC_STAT), EACCES);
    EXPECT_ERR(set_stat_error(t.set, LIBSHM_IPC_STAT), EACCES);
    EXPECT_ERR(sem_get(t.set, 0, LIBSHM_GETVAL), EACCES);
    EXPECT_ERR(semop1(t.set, 0, 1, 0), EACCES);
    EXPECT_OK(remove_segment(t.segment)); /* S0.19: an owner may */
    EXPECT_OK(remove_set(t.set));
}

START_TEST(first_class_that_matches_decides) /* S0.16 */
{
    if (have_strangers())
        EXPECT_INT(run_stranger(owner_refused, NULL), 0);
}
END_TEST

static void member_of_the_group(void *context)
{
    struct target *t = context;

    EXPECT_OK(shm_backend_shmget(t->key, 0, 0400));
    EXPECT_ERR(shm_backend_shmget(t->key, 0, 0200), EACCES);
    EXPECT_OK(shm_backend_shmdt(attach_flags(t->segment, NULL, RDONLY)));
    EXPECT_ERR(shm_backend_shmat(t->segment, NULL, 0), EACCES);
    EXPECT_INT(semval(t->set, 0), 0);
    EXPECT_ERR(semop1(t->set, 0, 1, 0), EACCES);
}

static void by_effective_group(void *context)
{
    become(STRANGER, 4242);
    member_of_the_group(context);
}

static void by_supplementary_group(void *context)
{
    gid_t groups[] = {17, 4242};

    EXPECT_OK(setgroups(2, groups));
    EXPECT_OK(setegid(STRANGER));
    EXPECT_OK(seteuid(STRANGER));
    member_of_the_group(context);
}

START_TEST(group_class) /* S0.15 */
{
    if (!have_strangers())
        return;
    struct target t = make(0646); /* "other" may write, the group may not */
    struct shm_backend_shmid_ds shm = segment_stat(t.segment);
    struct shm_backend_semid_ds sem = set_stat(t.set);
    shm.perm.gid = sem.perm.gid = 4242;
    EXPECT_OK(shm_backend_shmctl(t.segment, LIBSHM_IPC_SET, &shm));
    EXPECT_OK(
        shm_backend_semctl(t.set, 0, LIBSHM_IPC_SET, (union shm_backend_semun){.buf = &sem}));
    EXPECT_INT(segment_stat(t.segment).perm.gid, 4242);
    EXPECT_INT(set_stat(t.set).perm.gid, 4242);
    EXPECT_INT(run(by_effective_group, &t), 0);
    EXPECT_INT(run(by_supplementary_group, &t), 0);
}
END_TEST

START_TEST(root_passes_mode_0) /* S0.17 */
{
    if (!have_strangers())
        return;
    struct target t = make(0);
    EXPECT_INT(shm_backend_shmget(t.key, 0, 0600), t.segment);
    EXPECT_INT(shm_backend_semget(t.key, 0, 0600), t.set);
    *(char *)attach(t.segment) = 1;
    EXPECT_OK(semop1(t.set, 0, 1, 0));
    EXPECT_INT(semval(t.set, 0), 1);
}
END_TEST

START_TEST(root_passes_foreign_objects) /* S0.17, S0.19 */
{
    if (!have_strangers())
        return;
    EXPECT_OK(setegid(STRANGER));
    EXPECT_OK(seteuid(STRANGER));
    struct target t = make(0);
    EXPECT_OK(seteuid(0));
    *(char *)attach(t.segment) = 1;
    EXPECT_OK(semop1(t.set, 0, 1, 0));
    EXPECT_INT(segment_stat(t.segment).perm.uid, STRANGER);
    EXPECT_INT(set_stat(t.set).perm.cuid, STRANGER);
    EXPECT_OK(remove_segment(t.segment));
    EXPECT_OK(remove_set(t.set));
}
END_TEST

/*
 * Use.
 */

static void use_private(void *context)
{
    struct target *t = context;
    unsigned short values[4];

    EXPECT_ERR(shm_backend_shmat(t->segment, NULL, 0), EACCES);
    EXPECT_ERR(shm_backend_shmat(t->segment, NULL, RDONLY), EACCES);
    EXPECT_ERR(shm_backend_shmat(t->segment, (void *)4097, 0), EINVAL); /* S1.11 */
    EXPECT_ERR(segment_stat_error(t->segment, LIBSHM_IPC_STAT), EACCES);
    EXPECT_ERR(set_stat_error(t->set, LIBSHM_IPC_STAT), EACCES);
    EXPECT_ERR(semop1(t->set, 0, 1, 0), EACCES);
    EXPECT_ERR(semop1(t->set, 0, 0, LIBSHM_IPC_NOWAIT), EACCES);
    EXPECT_ERR(sem_get(t->set, 0, LIBSHM_GETVAL), EACCES);
    EXPECT_ERR(sem_get(t->set, 99, LIBSHM_GETVAL), EACCES); /* S2.44 */
    EXPECT_ERR(sem_get(t->set, 99, LIBSHM_GETPID), EACCES);
    EXPECT_ERR(sem_get(t->set, 99, LIBSHM_GETNCNT), EACCES);
    EXPECT_ERR(sem_get(t->set, 99, LIBSHM_GETZCNT), EACCES);
    EXPECT_ERR(sem_get_all(t->set, values), EACCES);
}

START_TEST(stranger_uses_a_0600_object) /* S0.20, S1.11, S2.13, S2.44 */
{
    if (have_strangers())
        as_stranger(use_private, make(0600));
}
END_TEST

static void order_of_semaphore_checks(void *context)
{
    struct target *t = context;
    unsigned short bad[4] = {1, 40000, 1, 1}, good[4] = {1, 1, 1, 1};

    EXPECT_ERR(sem_set(t->set, 0, 40000), ERANGE);
    EXPECT_ERR(sem_set(t->set, 0, 1), EACCES);
    EXPECT_ERR(sem_set_all(t->set, good), EACCES);
    EXPECT_ERR(sem_set_all(t->set, bad), EACCES);
    if (on_posix()) {
        leave_out("S2.12 and S2.41, number before permission",
                  "S5.17: the number of semaphores is in a file that cannot be opened");
        return;
    }
    EXPECT_ERR(semop1(t->set, 4, 1, 0), EFBIG);
    EXPECT_ERR(sem_set(t->set, 9, 1), EINVAL);
}

static void order_of_readers_checks(void *context)
{
    struct target *t = context;

    EXPECT_ERR(semop1(t->set, 4, 1, 0), EFBIG);
    EXPECT_ERR(sem_set(t->set, 9, 1), EINVAL);
    EXPECT_ERR(semop1(t->set, 3, 1, 0), EACCES);
    EXPECT_ERR(sem_set(t->set, 3, 1), EACCES);
}

START_TEST(order_of_checks_for_strangers) /* S2.12, S2.41 */
{
    if (!have_strangers())
        return;
    as_stranger(order_of_semaphore_checks, make(0600));
    as_stranger(order_of_readers_checks, make(0604));
}
END_TEST

static void use_readable(void *context)
{
    struct target *t = context;
    unsigned short values[4] = {0};

    EXPECT_ERR(shm_backend_shmat(t->segment, NULL, 0), EACCES);
    EXPECT_ERR(shm_backend_shmat(t->segment, NULL, RDONLY | LIBSHM_ATTACH_EXEC), EACCES);
    EXPECT_INT(*(char *)attach_flags(t->segment, NULL, RDONLY), 'r');
    EXPECT_INT(nattch(t->segment), 1);
    EXPECT_INT(semval(t->set, 1), 7);
    EXPECT_OK(sem_get_all(t->set, values));
    EXPECT_INT(values[1], 7);
    EXPECT_INT((long long)set_stat(t->set).nsems, 4);
    EXPECT_ERR(sem_get(t->set, 99, LIBSHM_GETVAL), EINVAL);
    EXPECT_ERR(sem_set(t->set, 0, 1), EACCES);
    EXPECT_ERR(sem_set_all(t->set, values), EACCES);
    EXPECT_ERR(semop1(t->set, 0, 1, 0), EACCES);
    EXPECT_ERR(semop1(t->set, 1, -1, LIBSHM_IPC_NOWAIT), EACCES);
    EXPECT_ERR(semop1(t->set, 1, 0, LIBSHM_IPC_NOWAIT), EAGAIN);
    EXPECT_OK(semop1(t->set, 0, 0, 0)); /* wait for zero asks for read only */
    EXPECT_ERR(remove_segment(t->segment), EPERM);
    EXPECT_ERR(remove_set(t->set), EPERM);
}

START_TEST(stranger_uses_a_0604_object) /* S0.19, S1.19, S2.13 */
{
    if (!have_strangers())
        return;
    struct target t = make(0604);
    char *bytes = attach(t.segment);
    *bytes = 'r';
    EXPECT_OK(shm_backend_shmdt(bytes));
    EXPECT_OK(sem_set(t.set, 1, 7));
    as_stranger(use_readable, t);
    EXPECT_INT(semval(t.set, 1), 7);
    EXPECT_INT(nattch(t.segment), 0);
}
END_TEST

static void sleep_for_zero(void *context)
{
    struct target *t = context;

    EXPECT_OK(semop1(t->set, 1, 0, 0));
}

START_TEST(reader_waits_for_zero) /* S2.13, S2.22 */
{
    if (!have_strangers())
        return;
    struct target t = make(0604);
    struct gate gate;
    gate_make(&gate);
    EXPECT_OK(sem_set(t.set, 1, 1));
    pid_t pid = start_stranger(sleep_for_zero, &t);
    if (on_posix())
        leave_out("S2.24, zcnt of a reader on 0604", "S5.12: it may not write");
    else
        UNTIL(semzcnt(t.set, 1) == 1);
    EXPECT_OK(semop1(t.set, 1, -1, 0));
    EXPECT_INT(reap(pid), 0);
}
END_TEST

static void use_writable(void *context)
{
    struct target *t = context;

    EXPECT_ERR(shm_backend_shmat(t->segment, NULL, 0), EACCES);
    EXPECT_ERR(shm_backend_shmat(t->segment, NULL, RDONLY), EACCES);
    EXPECT_ERR(sem_get(t->set, 0, LIBSHM_GETVAL), EACCES);
    EXPECT_ERR(semop1(t->set, 0, 0, 0), EACCES);
    if (on_posix())
        leave_out("S2.13, + 1 on 0622", "S5.13: it may not read");
    else
        EXPECT_OK(semop1(t->set, 0, 1, 0));
}

START_TEST(stranger_uses_a_0622_object) /* S2.13 */
{
    if (!have_strangers())
        return;
    struct target t = make(0622);
    as_stranger(use_writable, t);
    if (!on_posix())
        EXPECT_INT(semval(t.set, 0), 1);
}
END_TEST

static void use_everything(void *context)
{
    struct target *t = context;

    strcpy(attach(t->segment), "written by a stranger");
    EXPECT_INT(segment_stat(t->segment).lpid, getpid());
    EXPECT_OK(semop1(t->set, 0, 3, 0));
    EXPECT_OK(semop1(t->set, 0, -1, LIBSHM_SEM_UNDO));
    EXPECT_OK(sem_set(t->set, 2, 22));
    EXPECT_INT(sempid(t->set, 2), getpid());
    EXPECT_ERR(remove_segment(t->segment), EPERM);
    EXPECT_ERR(remove_set(t->set), EPERM);
}

START_TEST(stranger_uses_a_0666_object) /* S0.15, S0.19, S2.31 */
{
    if (!have_strangers())
        return;
    struct target t = make(0666);
    as_stranger(use_everything, t);
    EXPECT_INT(strcmp(attach(t.segment), "written by a stranger"), 0);
    EXPECT_INT(semval(t.set, 0), 3);
    EXPECT_INT(semval(t.set, 2), 22);
}
END_TEST

/*
 * Control.
 */

static void control_refused(void *context)
{
    struct target *t = context;
    struct shm_backend_shmid_ds shm = segment_stat(t->segment);
    struct shm_backend_semid_ds sem = set_stat(t->set);
    union shm_backend_semun arg = {.buf = &sem};

    EXPECT_ERR(shm_backend_shmctl(t->segment, LIBSHM_IPC_SET, &shm), EPERM);
    EXPECT_ERR(shm_backend_semctl(t->set, 0, LIBSHM_IPC_SET, arg), EPERM);
    EXPECT_ERR(remove_segment(t->segment), EPERM);
    EXPECT_ERR(remove_set(t->set), EPERM);
    EXPECT_ERR(shm_backend_shmctl(t->segment, LIBSHM_SHM_LOCK, NULL), EPERM);
    EXPECT_ERR(shm_backend_shmctl(t->segment, LIBSHM_SHM_UNLOCK, NULL), EPERM);
}

START_TEST(stranger_may_not_control) /* S0.19, S1.47 */
{
    if (have_strangers())
        as_stranger(control_refused, make(0666));
}
END_TEST

static void lock_without_allowance(void *unused)
{
    struct rlimit none = {0, 0};
    int id = new_segment(100, 0600);

    (void)unused;
    EXPECT_OK(setrlimit(RLIMIT_MEMLOCK, &none));
    EXPECT_ERR(shm_backend_shmctl(id, LIBSHM_SHM_LOCK, NULL), EPERM);
    EXPECT_INT(segment_stat(id).perm.mode, 0600);
    EXPECT_OK(remove_segment(id));
}

START_TEST(lock_needs_an_allowance) /* S1.47 */
{
    if (have_strangers())
        EXPECT_INT(run_stranger(lock_without_allowance, NULL), 0);
}
END_TEST

static void owner_changes_mode(void *unused)
{
    struct target t = make(0600);
    struct shm_backend_shmid_ds shm = segment_stat(t.segment);
    struct shm_backend_semid_ds sem = set_stat(t.set);
    union shm_backend_semun arg = {.buf = &sem};

    (void)unused;
    shm.perm.mode = sem.perm.mode = 0400;
    EXPECT_OK(shm_backend_shmctl(t.segment, LIBSHM_IPC_SET, &shm));
    EXPECT_OK(shm_backend_semctl(t.set, 0, LIBSHM_IPC_SET, arg));
    EXPECT_ERR(shm_backend_shmat(t.segment, NULL, 0), EACCES);
    EXPECT_OK(shm_backend_shmdt(attach_flags(t.segment, NULL, RDONLY)));
    EXPECT_ERR(sem_set(t.set, 0, 1), EACCES);
    EXPECT_INT(semval(t.set, 0), 0);
    shm.perm.mode = sem.perm.mode = 0600;
    EXPECT_OK(shm_backend_shmctl(t.segment, LIBSHM_IPC_SET, &shm));
    EXPECT_OK(shm_backend_semctl(t.set, 0, LIBSHM_IPC_SET, arg));
    *(char *)attach(t.segment) = 1;
    EXPECT_OK(sem_set(t.set, 0, 1));
    EXPECT_INT(segment_stat(t.segment).perm.mode, 0600);
    EXPECT_INT(set_stat(t.set).perm.mode, 0600);
}

START_TEST(owner_changes_and_changes_back) /* S0.19, S0.22 */
{
    if (have_strangers())
        EXPECT_INT(run_stranger(owner_changes_mode, NULL), 0);
}
END_TEST

START_TEST(changed_mode_opens_to_strangers) /* S0.22 */
{
    if (!have_strangers())
        return;
    struct target t = make(0600);
    struct shm_backend_shmid_ds shm = segment_stat(t.segment);
    struct shm_backend_semid_ds sem = set_stat(t.set);
    union shm_backend_semun arg = {.buf = &sem};
    as_stranger(use_private, t);
    shm.perm.mode = sem.perm.mode = 0666;
    EXPECT_OK(shm_backend_shmctl(t.segment, LIBSHM_IPC_SET, &shm));
    EXPECT_OK(shm_backend_semctl(t.set, 0, LIBSHM_IPC_SET, arg));
    as_stranger(use_everything, t);
    shm.perm.mode = sem.perm.mode = 0600;
    EXPECT_OK(shm_backend_shmctl(t.segment, LIBSHM_IPC_SET, &shm));
    EXPECT_OK(shm_backend_semctl(t.set, 0, LIBSHM_IPC_SET, arg));
    as_stranger(use_private, t);
}
END_TEST

static void give_away(void *unused)
{
    int id = new_segment(100, 0600);
    struct shm_backend_shmid_ds ds = segment_stat(id);

    (void)unused;
    ds.perm.uid = 1;
    if (on_posix()) {
        EXPECT_ERR(shm_backend_shmctl(id, LIBSHM_IPC_SET, &ds), EPERM);
        leave_out("S0.24", "S5.10: a plain owner cannot give a file away");
    } else {
        EXPECT_OK(shm_backend_shmctl(id, LIBSHM_IPC_SET, &ds));
        EXPECT_INT(segment_stat(id).perm.uid, 1);
        EXPECT_INT(segment_stat(id).perm.cuid, STRANGER);
    }
    EXPECT_OK(remove_segment(id));
}

START_TEST(owner_gives_it_away) /* S0.24, S5.10 */
{
    if (have_strangers())
        EXPECT_INT(run_stranger(give_away, NULL), 0);
}
END_TEST

static void given_to_stranger(void *context)
{
    struct target *t = context;

    *(char *)attach(t->segment) = 1;
    EXPECT_OK(semop1(t->set, 0, 1, 0));
    EXPECT_INT(segment_stat(t->segment).perm.uid, STRANGER);
    EXPECT_INT(segment_stat(t->segment).perm.cuid, 0);
    EXPECT_INT(set_stat(t->set).perm.uid, STRANGER);
    EXPECT_INT(set_stat(t->set).perm.cuid, 0);
    EXPECT_OK(remove_segment(t->segment));
    EXPECT_OK(remove_set(t->set));
}

START_TEST(root_gives_it_away) /* S0.15, S0.19 */
{
    if (!have_strangers())
        return;
    struct target t = make(0600);
    struct shm_backend_shmid_ds shm = segment_stat(t.segment);
    struct shm_backend_semid_ds sem = set_stat(t.set);
    shm.perm.uid = sem.perm.uid = STRANGER;
    EXPECT_OK(shm_backend_shmctl(t.segment, LIBSHM_IPC_SET, &shm));
    EXPECT_OK(
        shm_backend_semctl(t.set, 0, LIBSHM_IPC_SET, (union shm_backend_semun){.buf = &sem}));
    as_stranger(given_to_stranger, t);
    EXPECT_ERR(shm_backend_shmget(t.key, 0, 0), ENOENT);
    EXPECT_ERR(shm_backend_semget(t.key, 0, 0), ENOENT);
}
END_TEST

/*
 * Changing credentials.
 */

static void drop_rights(void *context)
{
    struct target *t = context;
    char *bytes = attach(t->segment);

    EXPECT_OK(semop1(t->set, 0, 1, 0));
    become(STRANGER, STRANGER);
    EXPECT_ERR(segment_stat_error(t->segment, LIBSHM_IPC_STAT), EACCES);
    EXPECT_ERR(shm_backend_shmat(t->segment, NULL, RDONLY), EACCES);
    EXPECT_ERR(shm_backend_shmget(t->key, 0, 0600), EACCES);
    EXPECT_ERR(remove_segment(t->segment), EPERM);
    if (on_posix())
        leave_out("S0.18 for an open set", "S5.9: it stays usable like a descriptor");
    else
        EXPECT_ERR(semop1(t->set, 0, 1, 0), EACCES);
    EXPECT_ERR(remove_set(t->set), EPERM);
    bytes[0] = 1;
    EXPECT_OK(shm_backend_shmdt(bytes));
}

START_TEST(credentials_are_those_of_the_call) /* S0.18, S5.9 */
{
    if (!have_strangers())
        return;
    struct target t = make(0600);
    EXPECT_INT(run(drop_rights, &t), 0);
    EXPECT_INT(nattch(t.segment), 0);
}
END_TEST

static void drop_rights_for_good(void *context)
{
    struct target *t = context;
    char *bytes = attach(t->segment);

    EXPECT_OK(semop1(t->set, 0, 5, 0));
    EXPECT_OK(setgroups(0, NULL));
    EXPECT_OK(setgid(STRANGER));
    EXPECT_OK(setuid(STRANGER));
    EXPECT_OK(semop1(t->set, 0, -1, LIBSHM_SEM_UNDO));
    EXPECT_OK(shm_backend_shmdt(attach(t->segment)));
    bytes[0] = 77;
    int own = new_segment(100, 0600); /* S5.5: the store stays reachable */
    EXPECT_INT(segment_stat(own).perm.uid, STRANGER);
    EXPECT_OK(remove_segment(own));
}

START_TEST(rights_dropped_for_good) /* S5.5 */
{
    if (!have_strangers())
        return;
    struct target t = make(0666);
    EXPECT_INT(run(drop_rights_for_good, &t), 0);
    EXPECT_INT(nattch(t.segment), 0);
    EXPECT_INT(semval(t.set, 0), 5);
}
END_TEST

static void stat_foreign(void *context)
{
    struct target *t = context;
    int highest = (int)EXPECT_OK(segment_stat_error(0, LIBSHM_SHM_INFO));
    int refused = 0;

    for (int i = 0; i <= highest; i++)
        if (segment_stat_error(i, LIBSHM_SHM_STAT) < 0 && errno == EACCES)
            refused++;
    EXPECT(refused >= 1);
    int found = 0;
    for (int i = 0; i <= highest; i++)
        found += segment_stat_error(i, LIBSHM_SHM_STAT_ANY) == t->segment;
    if (on_posix())
        leave_out("S0.21", "S5.14: a foreign 0600 file cannot be read");
    else
        EXPECT_INT(found, 1);
}

START_TEST(stat_by_index_of_foreign_objects) /* S0.20, S0.21 */
{
    if (have_strangers())
        as_stranger(stat_foreign, make(0600));
}
END_TEST

static void list_foreign(void *context)
{
    struct target *t = context;
    int ids[4096];
    ssize_t n = shm_backend_shm_list(ids, 4096);
    int found = 0;

    EXPECT_OK(n);
    for (ssize_t i = 0; i < n; i++)
        found += ids[i] == t->segment;
    EXPECT_INT(found, 1);
    n = shm_backend_sem_list(ids, 4096);
    EXPECT_OK(n);
    found = 0;
    for (ssize_t i = 0; i < n; i++)
        found += ids[i] == t->set;
    EXPECT_INT(found, 1);
}

START_TEST(lists_name_foreign_objects) /* backend.h: the ids of all */
{
    if (have_strangers())
        as_stranger(list_foreign, make(0600));
}
END_TEST

int main(int argc, char **argv)
{
    const struct listed_test tests[] = {
        {"get_0600", stranger_gets_a_0600_object},
        {"folded", wanted_bits_are_folded},
        {"first_class", first_class_that_matches_decides},
        {"group", group_class},
        {"mode_0", root_passes_mode_0},
        {"root_foreign", root_passes_foreign_objects},
        {"use_0600", stranger_uses_a_0600_object},
        {"order", order_of_checks_for_strangers},
        {"use_0604", stranger_uses_a_0604_object},
        {"wait_zero_0604", reader_waits_for_zero},
        {"use_0622", stranger_uses_a_0622_object},
        {"use_0666", stranger_uses_a_0666_object},
        {"control", stranger_may_not_control},
        {"memlock", lock_needs_an_allowance},
        {"change_mode", owner_changes_and_changes_back},
        {"open_to_others", changed_mode_opens_to_strangers},
        {"give_away", owner_gives_it_away},
        {"root_gives", root_gives_it_away},
        {"seteuid", credentials_are_those_of_the_call},
        {"setuid", rights_dropped_for_good},
        {"stat_any", stat_by_index_of_foreign_objects},
        {"list", lists_name_foreign_objects},
    };
    return RUN_SUITE(argc, argv, "permissions", tests);
}
