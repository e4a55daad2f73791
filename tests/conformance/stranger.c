/* What strangers may do, by mode (S0.18, S0.20, S1.11, S1.19, S2.12, S2.13, S2.41, S2.44). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <string.h>
#include <unistd.h>

struct target {
    key_t key;
    int segment, set, queue;
};

static struct target make(int mode)
{
    struct target t = {.key = free_key()};

    t.segment = segment_at(t.key, 5000, mode);
    t.set = set_at(t.key, 4, mode);
    t.queue = queue_at(t.key, mode);
    EXPECT_OK(send_text(t.queue, 1, "root's"));
    return t;
}

static void as_stranger(child_fn *body, int mode)
{
    struct target t = make(mode);

    EXPECT_INT(run_stranger(body, &t), 0);
}

static int id_of(const struct target *t, const struct family *f)
{
    return f == &families[SHM] ? t->segment : f == &families[SEM] ? t->set : t->queue;
}

static int stat_index(const struct family *f, int command, int id)
{
    union object_info info;
    union object_ds ds;
    int highest = (int)EXPECT_OK(f->control(0, f->info_command, &info)), refused = 0;

    for (int index = 0; index <= highest; index++) {
        int got = f->control(index, command, &ds);
        refused += got < 0 && errno == EACCES;
        if (got == id)
            return 0;
    }
    return refused > 0 ? EACCES : ENOENT;
}

static void stat_0600(void *context)
{
    union object_ds ds;

    EACH_FAMILY (f) {
        EXPECT_ERR(f->control(id_of(context, f), IPC_STAT, &ds), EACCES);
        EXPECT_INT(stat_index(f, f->stat_command, id_of(context, f)), EACCES);
    }
}

static void stat_0604(void *context)
{
    union object_ds ds;

    EACH_FAMILY (f) {
        EXPECT_OK(f->control(id_of(context, f), IPC_STAT, &ds));
        EXPECT_INT(stat_index(f, f->stat_command, id_of(context, f)), 0);
    }
}

START_TEST(stat_needs_read_permission) /* S0.20 */
{
    as_stranger(stat_0600, 0600);
    as_stranger(stat_0600, 0662);
    as_stranger(stat_0604, 0604);
}
END_TEST

static void stat_any(void *context)
{
    EACH_FAMILY (f) {
        int error = stat_index(f, f->stat_any_command, id_of(context, f));
        EXPECT(error == 0 || (error == EACCES && differs("S5.14")));
    }
}

START_TEST(stat_any_asks_for_nothing) /* S0.21, S5.14 */
{
    as_stranger(stat_any, 0600);
}
END_TEST

static void attach_0600(void *context)
{
    struct target *t = context;

    EXPECT_ERR(shmat(t->segment, NULL, 0), EACCES);
    EXPECT_ERR(shmat(t->segment, NULL, SHM_RDONLY), EACCES);
    EXPECT_ERR(shmat(t->segment, (void *)(uintptr_t)4097, 0), EINVAL);
    EXPECT_ERR(shmat(t->segment, NULL, SHM_REMAP), EINVAL);
}

START_TEST(address_comes_before_permission) /* S1.11 */
{
    as_stranger(attach_0600, 0600);
}
END_TEST

static void attach_0604(void *context)
{
    struct target *t = context;

    EXPECT_ERR(shmat(t->segment, NULL, 0), EACCES);
    EXPECT_ERR(shmat(t->segment, NULL, SHM_RDONLY | SHM_EXEC), EACCES);
    EXPECT_INT(*(char *)attach_flags(t->segment, NULL, SHM_RDONLY), 0);
    EXPECT_INT(nattch(t->segment), 1);
}

static void attach_0602(void *context)
{
    struct target *t = context;

    EXPECT_ERR(shmat(t->segment, NULL, 0), EACCES);
    EXPECT_ERR(shmat(t->segment, NULL, SHM_RDONLY), EACCES);
}

static void attach_0606(void *context)
{
    struct target *t = context;

    strcpy(attach(t->segment), "written");
    EXPECT_ERR(shmat(t->segment, NULL, SHM_EXEC), EACCES);
    EXPECT_INT(segment_stat(t->segment).shm_lpid, getpid());
}

static void attach_0605(void *context)
{
    attach_flags(((struct target *)context)->segment, NULL, SHM_RDONLY | SHM_EXEC);
}

START_TEST(rights_to_attach) /* S1.19 */
{
    as_stranger(attach_0604, 0604);
    as_stranger(attach_0602, 0602);
    as_stranger(attach_0606, 0606);
    as_stranger(attach_0605, 0605);
}
END_TEST

static void read_sets(void *context)
{
    struct target *t = context;

    if (segment_stat(t->segment).shm_lpid == 0)
        attach_flags(t->segment, NULL, SHM_RDONLY);
    EXPECT(segment_stat(t->segment).shm_lpid == getpid() || differs("S5.12"));
    EXPECT_OK(semop1(t->set, 0, 0, 0));
    EXPECT(sempid(t->set, 0) == getpid() || differs("S5.12"));
    if (take(t->queue, 10, 0, 0) < 0) {
        EXPECT_INT(errno, EACCES);
        EXPECT(differs("S5.12"));
    }
}

START_TEST(readers_leave_traces) /* S1.25, S2.20, S3.7, S5.12 */
{
    as_stranger(read_sets, 0444);
}
END_TEST

static void number_0600(void *context)
{
    struct target *t = context;

    EXPECT_INT(semop1(t->set, 4, 1, 0), -1);
    EXPECT(errno == EFBIG || (errno == EACCES && differs("S5.17")));
    EXPECT_INT(sem_set(t->set, 4, 1), -1);
    EXPECT(errno == EINVAL || (errno == EACCES && differs("S5.17")));
    EXPECT_ERR(sem_set(t->set, 4, 40000), ERANGE);
    EXPECT_ERR(sem_set(t->set, 0, 1), EACCES);
    EXPECT_ERR(semop1(t->set, 3, 1, 0), EACCES);
}

static void number_0604(void *context)
{
    struct target *t = context;

    EXPECT_ERR(semop1(t->set, 4, 1, 0), EFBIG);
    EXPECT_ERR(sem_set(t->set, 4, 1), EINVAL);
    EXPECT_ERR(semop1(t->set, 3, 1, 0), EACCES);
    EXPECT_ERR(sem_set(t->set, 3, 1), EACCES);
}

START_TEST(number_comes_before_permission) /* S2.12, S2.41, S5.17 */
{
    as_stranger(number_0600, 0600);
    as_stranger(number_0604, 0604);
}
END_TEST

static void operate_0604(void *context)
{
    struct sembuf mixed[] = {{0, 0, IPC_NOWAIT}, {0, 1, 0}};
    struct target *t = context;

    EXPECT_OK(semop1(t->set, 0, 0, 0));
    EXPECT_ERR(semop1(t->set, 0, 1, 0), EACCES);
    EXPECT_ERR(semop1(t->set, 0, -1, IPC_NOWAIT), EACCES);
    EXPECT_ERR(semop(t->set, mixed, 2), EACCES);
    EXPECT_ERR(sem_set_all(t->set, (unsigned short[]){1, 1, 1, 1}), EACCES);
    EXPECT_INT(semval(t->set, 0), 0);
}

static void operate_0602(void *context)
{
    struct target *t = context;

    EXPECT_ERR(semop1(t->set, 0, 0, IPC_NOWAIT), EACCES);
    EXPECT_ERR(sem_get(t->set, 0, GETVAL), EACCES);
    if (semop1(t->set, 0, 1, 0) < 0) {
        EXPECT_INT(errno, EACCES);
        EXPECT(differs("S5.13"));
    }
    if (send_text(t->queue, 1, "x") < 0) {
        EXPECT_INT(errno, EACCES);
        EXPECT(differs("S5.13"));
    }
}

static void operate_0606(void *context)
{
    struct target *t = context;

    EXPECT_OK(semop1(t->set, 0, 1, 0));
    EXPECT_OK(semop1(t->set, 0, -1, 0));
    EXPECT_OK(semop1(t->set, 0, 0, 0));
    EXPECT_OK(sem_set(t->set, 0, 3));
}

START_TEST(read_to_wait_write_to_change) /* S2.13, S5.13 */
{
    as_stranger(operate_0604, 0604);
    as_stranger(operate_0602, 0602);
    as_stranger(operate_0606, 0606);
}
END_TEST

static void wait_for_zero(void *context)
{
    EXPECT_OK(semop1(((struct target *)context)->set, 1, 0, 0));
}

/* Where it leaves no trace, nothing shows that it sleeps; then it may come too late to. */
START_TEST(reader_sleeps) /* S2.13, S5.12 */
{
    struct target t = make(0604);

    EXPECT_OK(sem_set(t.set, 1, 1));
    pid_t pid = start_stranger(wait_for_zero, &t);
    if (!differs("S5.12"))
        UNTIL(semzcnt(t.set, 1) == 1);
    EXPECT_OK(semop1(t.set, 1, -1, 0));
    EXPECT_INT(reap(pid), 0);
}
END_TEST

static void getters_0600(void *context)
{
    static const int commands[] = {GETVAL, GETPID, GETNCNT, GETZCNT};
    struct target *t = context;

    for (size_t i = 0; i < COUNT(commands); i++) {
        EXPECT_ERR(sem_get(t->set, 0, commands[i]), EACCES);
        EXPECT_ERR(sem_get(t->set, 99, commands[i]), EACCES);
        EXPECT_ERR(sem_get(t->set, -1, commands[i]), EACCES);
    }
}

START_TEST(permission_comes_before_the_number) /* S2.44 */
{
    as_stranger(getters_0600, 0600);
}
END_TEST

static void drop_rights(void *context)
{
    struct target *t = context;
    union object_ds ds;
    char *bytes = attach(t->segment);

    become(STRANGER, STRANGER);
    EACH_FAMILY (f) {
        EXPECT_ERR(f->control(id_of(t, f), IPC_STAT, &ds), EACCES);
        EXPECT_ERR(f->get(t->key, 0, 0600), EACCES);
        EXPECT_ERR(object_remove(f, id_of(t, f)), EPERM);
    }
    EXPECT_ERR(shmat(t->segment, NULL, SHM_RDONLY), EACCES);
    bytes[0] = 1;
    EXPECT_OK(shmdt(bytes));
}

START_TEST(rights_are_those_of_the_call) /* S0.18 */
{
    struct target t = make(0600);

    EXPECT_INT(run(drop_rights, &t), 0);
    EXPECT_INT(nattch(t.segment), 0);
}
END_TEST

static void drop_rights_to_what_is_open(void *context)
{
    struct target *t = context;

    EXPECT_OK(semop1(t->set, 0, 1, 0));
    EXPECT_OK(send_text(t->queue, 1, "x"));
    become(STRANGER, STRANGER);
    EXPECT(semop1(t->set, 0, 1, 0) < 0 ? errno == EACCES : differs("S5.9"));
    EXPECT(send_text(t->queue, 1, "x") < 0 ? errno == EACCES : differs("S5.9"));
}

START_TEST(what_is_open_already) /* S0.18, S5.9 */
{
    struct target t = make(0600);

    EXPECT_INT(run(drop_rights_to_what_is_open, &t), 0);
}
END_TEST

void stranger_chapter(void)
{
    ADD_TESTS(stat_needs_read_permission, stat_any_asks_for_nothing,
              address_comes_before_permission, rights_to_attach, readers_leave_traces,
              number_comes_before_permission, read_to_wait_write_to_change, reader_sleeps,
              permission_comes_before_the_number, rights_are_those_of_the_call,
              what_is_open_already);
}
