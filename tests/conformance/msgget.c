/* Making queues (S3.1, S3.2). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

START_TEST(flags_of_msgget) /* S3.1 */
{
    key_t key = free_key();

    EXPECT_ERR(msgget(key, 0600), ENOENT);
    int id = (int)EXPECT_OK(msgget(key, IPC_CREAT | 0600));
    register_object(&families[MSG], id);
    EXPECT_INT(msgget(key, 0), id);
    EXPECT_INT(msgget(key, IPC_NOWAIT | MSG_NOERROR | MSG_EXCEPT | MSG_COPY), id);
    EXPECT_INT(msgget(key, IPC_CREAT | 0600), id);
    EXPECT_ERR(msgget(key, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
}
END_TEST

START_TEST(state_of_a_new_queue) /* S3.2 */
{
    time_t before = time(NULL) - 1;
    struct msqid_ds ds = queue_stat(new_queue(0640));

    EXPECT_INT(ds.msg_perm.uid, geteuid());
    EXPECT_INT(ds.msg_perm.cuid, geteuid());
    EXPECT_INT(ds.msg_perm.gid, getegid());
    EXPECT_INT(ds.msg_perm.cgid, getegid());
    EXPECT_INT((long long)ds.msg_qbytes, MSGMNB);
    EXPECT_INT((long long)ds.msg_qnum + (long long)ds.msg_cbytes, 0);
    EXPECT_INT(ds.msg_stime + ds.msg_rtime, 0);
    EXPECT_INT(ds.msg_lspid + ds.msg_lrpid, 0);
    EXPECT(ds.msg_ctime >= before && ds.msg_ctime <= time(NULL) + 1);
}
END_TEST

START_TEST(mode_of_a_new_queue) /* S3.2 */
{
    static const int modes[] = {0777, 0666, 0604, 0640, 0444};

    umask(077);
    for (size_t i = 0; i < COUNT(modes); i++)
        EXPECT_INT(queue_stat(new_queue(modes[i])).msg_perm.mode, modes[i]);
}
END_TEST

void msgget_chapter(void)
{
    ADD_TESTS(flags_of_msgget, state_of_a_new_queue, mode_of_a_new_queue);
}
