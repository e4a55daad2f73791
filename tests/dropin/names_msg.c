/* msgget, msgsnd, msgrcv, msgctl. */
#include "config.h"

#include "tests/dropin/names.h"

#include <string.h>
#include <sys/msg.h>
#include <time.h>
#include <unistd.h>

enum { KEY = 0x5e57d003 };

static int queue;

struct letter {
    long type;
    char text[16];
};

static void send(long type, const char *text)
{
    struct letter letter = {.type = type};
    strncpy(letter.text, text, sizeof letter.text - 1);
    EXPECT(msgsnd(queue, &letter, sizeof letter.text, IPC_NOWAIT) == 0);
}

static void expect_next(long wanted, int flags, long type, const char *text)
{
    struct letter letter;
    EXPECT(msgrcv(queue, &letter, sizeof letter.text, wanted, flags | IPC_NOWAIT) ==
           (ssize_t)sizeof letter.text);
    EXPECT(letter.type == type && strcmp(letter.text, text) == 0);
}

static struct msqid_ds stat_now(void)
{
    struct msqid_ds ds;
    memset(&ds, 0xff, sizeof ds);
    EXPECT(msgctl(queue, IPC_STAT, &ds) == 0);
    return ds;
}

static bool is_recent(time_t t)
{
    time_t now = time(NULL);
    return t <= now && t >= now - 60;
}

static void check_fresh(void)
{
    struct msqid_ds ds = stat_now();
    EXPECT(ds.msg_perm.uid == geteuid() && ds.msg_perm.cgid == getegid());
    EXPECT(ds.msg_perm.mode == 0640);
    EXPECT(ds.msg_qnum == 0 && ds.msg_qbytes >= 8192);
    EXPECT(ds.msg_lspid == 0 && ds.msg_lrpid == 0);
    EXPECT(ds.msg_stime == 0 && ds.msg_rtime == 0 && is_recent(ds.msg_ctime));
}

static void check_letters(void)
{
    send(3, "third");
    send(1, "first");
    send(2, "second");
    struct msqid_ds ds = stat_now();
    EXPECT(ds.msg_qnum == 3 && ds.msg_lspid == getpid() && is_recent(ds.msg_stime));
    EXPECT(ds.__msg_cbytes == 3 * sizeof((struct letter *)0)->text);
    expect_next(-2, 0, 1, "first");
    expect_next(3, MSG_EXCEPT, 2, "second");
    expect_next(0, 0, 3, "third");
    ds = stat_now();
    EXPECT(ds.msg_qnum == 0 && ds.msg_lrpid == getpid() && is_recent(ds.msg_rtime));
}

static void check_sizes(void)
{
    struct letter letter;
    send(1, "long");
    EXPECT_ERR(msgrcv(queue, &letter, 2, 0, 0), E2BIG);
    EXPECT(msgrcv(queue, &letter, 2, 0, MSG_NOERROR) == 2);
    EXPECT(memcmp(letter.text, "lo", 2) == 0);
    EXPECT_ERR(msgrcv(queue, &letter, 2, 0, IPC_NOWAIT), ENOMSG);
}

static void check_listing(void)
{
    struct msginfo info;
    struct msqid_ds ds;
    int found = 0, highest = msgctl(0, MSG_INFO, (struct msqid_ds *)(void *)&info);
    EXPECT(highest >= 0 && info.msgpool >= 1);
    for (int i = 0; i <= highest; i++)
        found += msgctl(i, MSG_STAT, &ds) == queue && ds.msg_qbytes >= 8192;
    EXPECT(found == 1);
    for (int i = 0; i <= highest; i++)
        found += msgctl(i, MSG_STAT_ANY, &ds) == queue;
    EXPECT(found == 2);
    EXPECT(msgctl(0, IPC_INFO, (struct msqid_ds *)(void *)&info) >= 0);
    EXPECT(info.msgmax >= 8192 && info.msgmnb >= 16384 && info.msgmni >= 16);
}

static void check_set(void)
{
    struct msqid_ds ds = stat_now();
    ds.msg_perm.mode = 0600;
    ds.msg_qbytes = 100;
    EXPECT(msgctl(queue, IPC_SET, &ds) == 0);
    ds = stat_now();
    EXPECT(ds.msg_perm.mode == 0600 && ds.msg_qbytes == 100);
}

static void check_null(void)
{
    EXPECT_ERR(msgctl(queue, IPC_STAT, NULL), EFAULT);
    EXPECT_ERR(msgctl(queue, IPC_SET, NULL), EFAULT);
    EXPECT_ERR(msgctl(0, MSG_INFO, NULL), EFAULT);
}

static void check_refusals(void)
{
    struct letter letter = {.type = 0};
    EXPECT_ERR(msgctl(queue, 12345, NULL), EINVAL);
    EXPECT_ERR(msgsnd(queue, &letter, 1, 0), EINVAL);
    EXPECT_ERR(msgsnd(queue, NULL, 1, 0), EFAULT);
    send(1, "lost");
    EXPECT_ERR(msgrcv(queue, NULL, sizeof letter.text, 0, 0), EFAULT);
    EXPECT_ERR(msgget(KEY, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
    EXPECT_ERR(msgget(KEY + 1, 0), ENOENT);
}

void send_told(int msqid)
{
    queue = msqid;
    send(9, "from elsewhere");
}

void check_queues(void)
{
    queue = msgget(KEY, IPC_CREAT | IPC_EXCL | 0640);
    EXPECT(queue >= 0);
    EXPECT(msgget(KEY, 0) == queue);
    check_fresh();
    check_letters();
    check_sizes();
    check_listing();
    check_set();
    if (null_reaches_the_kernel())
        check_null();
    check_refusals();
    EXPECT(msgctl(queue, IPC_RMID, NULL) == 0);
    EXPECT_ERR(msgctl(queue, IPC_RMID, NULL), EINVAL);
}
