/* Control commands, in every family (S0.22, S0.23, S0.25, S0.26). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <limits.h>
#include <time.h>
#include <unistd.h>

START_TEST(set_takes_owners_and_nine_bits) /* S0.22 */
{
    EACH_FAMILY (f) {
        key_t key = free_key();
        int id = object_at(f, key, 3, 0600);
        union object_ds ds = object_stat(f, id);
        ds.perm.mode = 07000 | SHM_DEST | 0523;
        EXPECT_OK(object_set(f, id, &ds));
        ds = object_stat(f, id);
        EXPECT_INT(ds.perm.mode, 0523);
        EXPECT_INT(key_of(&ds.perm), key);
        EXPECT_INT(ds.perm.uid, geteuid());
        EXPECT_INT(ds.perm.cuid, geteuid());
    }
}
END_TEST

static const struct shmid_ds shm_lies = {.shm_segsz = 7,
                                         .shm_cpid = 1,
                                         .shm_lpid = 1,
                                         .shm_nattch = 8,
                                         .shm_atime = 99,
                                         .shm_ctime = 99};
static const struct semid_ds sem_lies = {.sem_nsems = 7, .sem_otime = 99, .sem_ctime = 99};
static const struct msqid_ds msg_lies = {
    .msg_qnum = 7, .msg_lspid = 1, .msg_stime = 99, .msg_ctime = 99, .msg_qbytes = 1000};

static int set_with(const struct family *f, int id, union object_ds lies)
{
    lies.perm = object_stat(f, id).perm;
    lies.perm.cuid = 4711;
    return object_set(f, id, &lies);
}

START_TEST(set_takes_nothing_else_of_a_segment) /* S0.22 */
{
    int id = new_segment(100, 0600);

    EXPECT_OK(set_with(&families[SHM], id, (union object_ds){.shm = shm_lies}));
    struct shmid_ds ds = segment_stat(id);
    EXPECT_INT((long long)ds.shm_segsz, 100);
    EXPECT_INT(ds.shm_cpid, getpid());
    EXPECT_INT(ds.shm_lpid, 0);
    EXPECT_INT((long long)ds.shm_nattch, 0);
    EXPECT_INT(ds.shm_atime, 0);
    EXPECT(ds.shm_ctime > 99);
    EXPECT_INT(ds.shm_perm.cuid, geteuid());
}
END_TEST

START_TEST(set_takes_nothing_else_of_a_set) /* S0.22 */
{
    int id = new_set(2, 0600);

    EXPECT_OK(set_with(&families[SEM], id, (union object_ds){.sem = sem_lies}));
    struct semid_ds ds = set_stat(id);
    EXPECT_INT((long long)ds.sem_nsems, 2);
    EXPECT_INT(ds.sem_otime, 0);
    EXPECT(ds.sem_ctime > 99);
    EXPECT_INT(ds.sem_perm.cuid, geteuid());
}
END_TEST

START_TEST(set_takes_nothing_else_of_a_queue) /* S0.22 */
{
    int id = new_queue(0600);

    EXPECT_OK(set_with(&families[MSG], id, (union object_ds){.msg = msg_lies}));
    struct msqid_ds ds = queue_stat(id);
    EXPECT_INT((long long)ds.msg_qnum, 0);
    EXPECT_INT(ds.msg_lspid, 0);
    EXPECT_INT(ds.msg_stime, 0);
    EXPECT(ds.msg_ctime > 99);
    EXPECT_INT((long long)ds.msg_qbytes, 1000); /* S3.17 */
    EXPECT_INT(ds.msg_perm.cuid, geteuid());
}
END_TEST

START_TEST(set_sets_ctime) /* S0.22 */
{
    union object_ds before[FAMILIES];
    int ids[FAMILIES];

    for (int i = 0; i < FAMILIES; i++) {
        ids[i] = object_at(&families[i], IPC_PRIVATE, 1, 0600);
        before[i] = object_stat(&families[i], ids[i]);
    }
    await_next_second();
    for (int i = 0; i < FAMILIES; i++) {
        union object_ds ds = before[i];
        EXPECT_OK(object_set(&families[i], ids[i], &ds));
        ds = object_stat(&families[i], ids[i]);
        EXPECT(families[i].changed(&ds) > families[i].changed(&before[i]));
    }
}
END_TEST

START_TEST(nobody_is_no_owner) /* S0.23 */
{
    EACH_FAMILY (f) {
        int id = object_at(f, IPC_PRIVATE, 1, 0600);
        union object_ds was = object_stat(f, id), ds = was;
        ds.perm.uid = (uid_t)-1;
        EXPECT_ERR(object_set(f, id, &ds), EINVAL);
        ds = was;
        ds.perm.gid = (gid_t)-1;
        EXPECT_ERR(object_set(f, id, &ds), EINVAL);
        EXPECT_INT((long long)object_stat(f, id).perm.uid, was.perm.uid);
    }
}
END_TEST

START_TEST(bad_commands) /* S0.25 */
{
    EACH_FAMILY (f) {
        int id = object_at(f, IPC_PRIVATE, 1, 0600);
        union object_ds ds;
        EXPECT_ERR(f->control(id, 4242, &ds), EINVAL);
        EXPECT_ERR(f->control(id, -1, &ds), EINVAL);
        EXPECT_ERR(f->control(id, INT_MIN, NULL), EINVAL);
    }
}
END_TEST

START_TEST(no_buffer) /* S0.25, S5.4 */
{
    if (!hands_pointers_on())
        return;
    EACH_FAMILY (f) {
        int id = object_at(f, IPC_PRIVATE, 1, 0600);
        EXPECT_ERR(f->control(id, IPC_STAT, NULL), EFAULT);
        EXPECT_ERR(f->control(id, IPC_SET, NULL), EFAULT);
        EXPECT_ERR(f->control(0, IPC_INFO, NULL), EFAULT);
        EXPECT_ERR(f->control(0, f->info_command, NULL), EFAULT);
    }
}
END_TEST

START_TEST(set_reads_the_buffer_first) /* S0.26 */
{
    EACH_FAMILY (f) {
        int id = object_at(f, IPC_PRIVATE, 1, 0600);
        union object_ds ds = object_stat(f, id);
        EXPECT_OK(object_remove(f, id));
        EXPECT_ERR(f->control(id, IPC_SET, &ds), EINVAL);
        if (hands_pointers_on()) {
            EXPECT_ERR(f->control(id, IPC_SET, NULL), EFAULT);
            EXPECT_ERR(f->control(-1, IPC_SET, NULL), EINVAL);
            EXPECT_ERR(f->control(INT_MIN, IPC_SET, NULL), EINVAL);
        }
        EXPECT_ERR(f->control(-1, IPC_RMID, NULL), EINVAL);
        EXPECT_ERR(f->control(-1, IPC_STAT, &ds), EINVAL);
    }
}
END_TEST

void control_chapter(void)
{
    ADD_TESTS(set_takes_owners_and_nine_bits, set_takes_nothing_else_of_a_segment,
              set_takes_nothing_else_of_a_set, set_takes_nothing_else_of_a_queue,
              set_sets_ctime, nobody_is_no_owner, bad_commands, no_buffer,
              set_reads_the_buffer_first);
}
