/* Message queues: section 3 of doc/semantics.md, and what section 0 says of all families. */
#include "config.h"

#include "tests/backend_check.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    NOWAIT = LIBSHM_IPC_NOWAIT,
    CREAT = LIBSHM_IPC_CREAT,
    EXCL = LIBSHM_IPC_EXCL,
    NOERROR = LIBSHM_MSG_NOERROR,
    EXCEPT = LIBSHM_MSG_EXCEPT,
    COPY = LIBSHM_MSG_COPY,
    MSGMAX = LIBSHM_MSGMAX,
    MSGMNB = LIBSHM_MSGMNB,
};

static int stat_error(int id, int command)
{
    struct shm_backend_msqid_ds ds;

    return shm_backend_msgctl(id, command, &ds);
}

static int control(int id, int command, struct shm_backend_msqid_ds *ds)
{
    return shm_backend_msgctl(id, command, ds);
}

/* A queue that existed. */
static int stale_id(void)
{
    int id = new_queue(0600);

    EXPECT_OK(remove_queue(id));
    return id;
}

static ssize_t take(int id, size_t room, long type, int flags)
{
    struct letter letter;

    return receive(id, &letter, room, type, flags | NOWAIT);
}

static ssize_t take_in_time(int id, long type, long milliseconds)
{
    struct timespec timeout = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    struct letter letter;

    return shm_backend_msgtimedrcv(id, &letter, MSGMAX, type, 0, &timeout);
}

static int send_in_time(int id, size_t size, long milliseconds)
{
    struct timespec timeout = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    struct letter letter = {.type = 1};

    return shm_backend_msgtimedsnd(id, &letter, size, 0, &timeout);
}

static void expect_empty(int id)
{
    EXPECT_ERR(take(id, MSGMAX, 0, 0), ENOMSG);
    EXPECT_INT(qnum(id), 0);
    EXPECT_INT(cbytes(id), 0);
}

/*
 * msgget.
 */

START_TEST(new_queue_is_empty) /* S3.2, S1.9 */
{
    time_t before = time(NULL);
    mode_t mask = umask(0777);
    key_t key = free_key();
    int id = queue_at(key, 0640);
    umask(mask);
    struct shm_backend_msqid_ds ds = queue_stat(id);

    EXPECT_INT(ds.perm.key, key);
    EXPECT_INT(ds.perm.mode, 0640);
    EXPECT_INT(ds.perm.uid, geteuid());
    EXPECT_INT(ds.perm.gid, getegid());
    EXPECT_INT(ds.perm.cuid, geteuid());
    EXPECT_INT(ds.perm.cgid, getegid());
    EXPECT_INT((long long)ds.qbytes, MSGMNB);
    EXPECT_INT((long long)ds.qnum + (long long)ds.cbytes, 0);
    EXPECT_INT(ds.stime + ds.rtime, 0);
    EXPECT_INT(ds.lspid + ds.lrpid, 0);
    EXPECT(ds.ctime >= before - 1 && ds.ctime <= time(NULL) + 1);
}
END_TEST

START_TEST(keys_name_queues) /* S0.1, S0.2, S0.9, S0.10, S3.1 */
{
    key_t key = free_key();

    EXPECT_ERR(shm_backend_msgget(key, 0600), ENOENT);
    EXPECT_ERR(shm_backend_msgget(key, EXCL | 0600), ENOENT);
    int id = (int)EXPECT_OK(shm_backend_msgget(key, CREAT | 0600));
    register_queue(id);
    EXPECT_INT(shm_backend_msgget(key, 0), id);
    EXPECT_INT(shm_backend_msgget(key, 0600), id);
    EXPECT_INT(shm_backend_msgget(key, CREAT | 0600), id);
    EXPECT_INT(shm_backend_msgget(key, EXCL | 0600), id);
    EXPECT_INT(shm_backend_msgget(key, NOWAIT | NOERROR | EXCEPT | COPY | 0100000), id);
    EXPECT_ERR(shm_backend_msgget(key, CREAT | EXCL | 0600), EEXIST);
    EXPECT_OK(remove_queue(id));
    EXPECT_ERR(shm_backend_msgget(key, 0), ENOENT);
    int other = (int)EXPECT_OK(shm_backend_msgget(key, CREAT | 0600));
    register_queue(other);
    EXPECT(other != id);
    EXPECT_ERR(stat_error(id, LIBSHM_IPC_STAT), EINVAL);
}
END_TEST

START_TEST(private_queues_are_new) /* S0.1 */
{
    int a = shm_backend_msgget(LIBSHM_IPC_PRIVATE, 0600), b = new_queue(0600);

    register_queue(a);
    EXPECT_OK(a);
    EXPECT(a >= 0 && b >= 0 && a != b);
    EXPECT_INT(queue_stat(a).perm.key, 0);
    EXPECT_OK(send_text(a, 1, "one"));
    expect_empty(b);
    expect_text(a, 0, 0, "one");
}
END_TEST

START_TEST(negative_key) /* S0.2 */
{
    key_t key = (key_t)(free_key() | INT_MIN);

    int id = queue_at(key, 0600);
    EXPECT_INT(shm_backend_msgget(key, 0), id);
    EXPECT_INT(queue_stat(id).perm.key, key);
}
END_TEST

START_TEST(families_have_their_own_keys) /* S0.3 */
{
    key_t key = free_key();
    int queue = queue_at(key, 0600), set = set_at(key, 3, 0600),
        segment = segment_at(key, 100, 0600);

    EXPECT_OK(send_text(queue, 1, "x"));
    EXPECT_OK(remove_set(set));
    EXPECT_OK(remove_segment(segment));
    EXPECT_INT(shm_backend_msgget(key, 0), queue);
    expect_text(queue, 1, 0, "x");
    EXPECT_OK(remove_queue(queue));
    EXPECT_ERR(shm_backend_msgget(key, 0), ENOENT);
}
END_TEST

START_TEST(ids_of_other_families_are_none) /* S0.3 */
{
    int queue = new_queue(0600), set = new_set(1, 0600);

    if (on_posix()) { /* the kernel counts each family's ids from 0 */
        EXPECT_ERR(send_text(set, 1, "x"), EINVAL);
        EXPECT_ERR(semop1(queue, 0, 1, 0), EINVAL);
        EXPECT_ERR(remove_queue(set), EINVAL);
        EXPECT_ERR(remove_set(queue), EINVAL);
    }
    EXPECT_OK(send_text(queue, 1, "x"));
    EXPECT_OK(semop1(set, 0, 1, 0));
    EXPECT_INT(qnum(queue), 1);
}
END_TEST

static void fill_and_leave(void *context)
{
    EXPECT_OK(send_text(*(int *)context, 3, "from the dead"));
}

START_TEST(messages_outlive_their_sender) /* S0.7 */
{
    int id = new_queue(0600);

    EXPECT_INT(run(fill_and_leave, &id), 0);
    expect_text(id, 3, 0, "from the dead");
}
END_TEST

/*
 * msgsnd.
 */

START_TEST(order_of_checks_of_msgsnd) /* S3.3 */
{
    int id = new_queue(0600), stale = stale_id();
    struct letter letter = {.type = 1};
    static const struct {
        long type;
        char bytes[MSGMAX + 1]; /* all there: sanitizers look */
    } longer = {.type = 1};

    EXPECT_ERR(shm_backend_msgtimedsnd(id, NULL, 1, NOWAIT, NULL), EFAULT);
    EXPECT_ERR(shm_backend_msgtimedsnd(-1, NULL, 1, NOWAIT, NULL), EFAULT);
    EXPECT_ERR(shm_backend_msgtimedsnd(stale, NULL, MSGMAX + 1, NOWAIT, NULL), EFAULT);
    EXPECT_ERR(shm_backend_msgtimedsnd(id, &longer, MSGMAX + 1, NOWAIT, NULL), EINVAL);
    EXPECT_ERR(shm_backend_msgtimedsnd(id, &letter, (size_t)-1, NOWAIT, NULL), EINVAL);
    EXPECT_ERR(shm_backend_msgtimedsnd(id, &letter, (size_t)LONG_MAX, NOWAIT, NULL), EINVAL);
    EXPECT_ERR(shm_backend_msgtimedsnd(-1, &letter, 1, NOWAIT, NULL), EINVAL);
    EXPECT_ERR(shm_backend_msgtimedsnd(INT_MIN, &letter, 1, NOWAIT, NULL), EINVAL);
    EXPECT_ERR(shm_backend_msgtimedsnd(stale, &letter, 1, NOWAIT, NULL), EINVAL);
    letter.type = 0;
    EXPECT_ERR(shm_backend_msgtimedsnd(id, &letter, 1, NOWAIT, NULL), EINVAL);
    letter.type = -1;
    EXPECT_ERR(shm_backend_msgtimedsnd(id, &letter, 1, NOWAIT, NULL), EINVAL);
    letter.type = LONG_MIN;
    EXPECT_ERR(shm_backend_msgtimedsnd(id, &letter, 1, NOWAIT, NULL), EINVAL);
    expect_empty(id);
    EXPECT_INT(queue_stat(id).stime, 0);
    EXPECT_INT(queue_stat(id).lspid, 0);
}
END_TEST

/* Bytes that tell where they are. */
static void fill(struct letter *letter, size_t size, unsigned seed)
{
    for (size_t i = 0; i < size; i++)
        letter->bytes[i] = (char)(i * 7 + i / 251 + seed);
}

static void expect_same(const struct letter *a, const struct letter *b, size_t size)
{
    if (memcmp(a->bytes, b->bytes, size) != 0)
        fail_at(__FILE__, __LINE__, "%zu bytes have changed on their way", size);
}

static void send_and_receive(int id, size_t size)
{
    struct letter sent = {.type = (long)size + 1}, got = {.type = -5};

    fill(&sent, size, (unsigned)size);
    got.bytes[size < MSGMAX ? size : 0] = 'g';
    EXPECT_OK(shm_backend_msgtimedsnd(id, &sent, size, 0, NULL));
    EXPECT_INT(cbytes(id), (long long)size);
    EXPECT_INT(receive(id, &got, size, 0, 0), (long long)size);
    EXPECT_INT(got.type, (long)size + 1);
    expect_same(&sent, &got, size);
    if (size < MSGMAX)
        EXPECT_INT(got.bytes[size], 'g'); /* not a byte more */
}

START_TEST(any_size) /* S3.6 */
{
    int id = new_queue(0600);
    static const size_t sizes[] = {0,   1,   7,   8,   103, 104, 105,  127,  128,
                                   207, 208, 209, 500, 999, 312, 4096, 8191, MSGMAX};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        send_and_receive(id, sizes[i]);
    for (size_t size = 0; size <= MSGMAX; size += 97)
        send_and_receive(id, size);
    expect_empty(id);
}
END_TEST

START_TEST(times_and_pids) /* S3.6, S3.16 */
{
    int id = new_queue(0600);
    time_t before = time(NULL) - 1;
    int64_t made = queue_stat(id).ctime;

    EXPECT_OK(send_text(id, 4, "four"));
    struct shm_backend_msqid_ds ds = queue_stat(id);
    EXPECT_INT(ds.lspid, getpid());
    EXPECT_INT(ds.lrpid, 0);
    EXPECT(ds.stime >= before && ds.stime <= time(NULL) + 1);
    EXPECT_INT(ds.rtime, 0);
    EXPECT_INT((long long)ds.qnum, 1);
    EXPECT_INT((long long)ds.cbytes, 4);
    pid_t pid = start_msgrcv(id, 10, 0, NOWAIT);
    EXPECT_INT(reap(pid), RECEIVED('f'));
    ds = queue_stat(id);
    EXPECT_INT(ds.lspid, getpid());
    EXPECT_INT(ds.lrpid, pid);
    EXPECT(ds.rtime >= before && ds.rtime <= time(NULL) + 1);
    EXPECT_INT(ds.ctime, made);
    expect_empty(id);
    EXPECT_INT(queue_stat(id).lrpid, pid); /* who got none is not the last receiver */
    EXPECT_INT(run(fill_and_leave, &id), 0);
    EXPECT(queue_stat(id).lspid != getpid());
}
END_TEST

START_TEST(sixteen_kilobytes) /* S3.4 */
{
    int id = new_queue(0600);

    for (int i = 0; i < 16; i++)
        EXPECT_OK(send_filled(id, 1, 1024));
    EXPECT_ERR(send_filled(id, 1, 1), EAGAIN);
    EXPECT_OK(send_filled(id, 1, 0));
    EXPECT_ERR(send_filled(id, 1, 1), EAGAIN);
    EXPECT_OK(send_filled(id, 1, 0));
    EXPECT_INT(cbytes(id), MSGMNB);
    EXPECT_INT(qnum(id), 18);
    EXPECT_INT(take(id, MSGMAX, 0, 0), 1024);
    EXPECT_ERR(send_filled(id, 1, 1025), EAGAIN);
    EXPECT_OK(send_filled(id, 1, 1024));
    EXPECT_ERR(send_filled(id, 1, 1), EAGAIN);
}
END_TEST

START_TEST(two_of_the_longest) /* S3.4 */
{
    int id = new_queue(0600);

    for (int round = 0; round < 50; round++) {
        EXPECT_OK(send_filled(id, 1, MSGMAX));
        EXPECT_OK(send_filled(id, 2, MSGMAX));
        EXPECT_ERR(send_filled(id, 1, 1), EAGAIN);
        EXPECT_INT(take(id, MSGMAX, 2 - round % 2, 0), MSGMAX);
        EXPECT_INT(take(id, MSGMAX, 0, 0), MSGMAX);
    }
    expect_empty(id);
}
END_TEST

static void fill_with_empty_ones(int id)
{
    for (int i = 0; i < MSGMNB; i++)
        EXPECT_OK(send_filled(id, 1 + i % 3, 0));
    EXPECT_ERR(send_filled(id, 1, 0), EAGAIN);
    EXPECT_INT(qnum(id), MSGMNB);
    EXPECT_INT(cbytes(id), 0);
}

START_TEST(sixteen_thousand_empty_ones) /* S3.4 */
{
    int id = new_queue(0600);

    for (int round = 0; round < 2; round++) {
        fill_with_empty_ones(id);
        for (int i = 0; i < MSGMNB; i++)
            EXPECT_INT(take(id, 0, 0, 0), 0);
        expect_empty(id);
    }
}
END_TEST

START_TEST(sixteen_thousand_of_one_byte) /* S3.4 */
{
    int id = new_queue(0600);

    for (int i = 0; i < MSGMNB; i++)
        EXPECT_OK(send_filled(id, 1, 1));
    EXPECT_ERR(send_filled(id, 1, 0), EAGAIN); /* as many messages as bytes */
    EXPECT_ERR(send_filled(id, 1, 1), EAGAIN);
    EXPECT_INT(cbytes(id), MSGMNB);
    EXPECT_INT(take(id, 1, 0, 0), 1);
    EXPECT_OK(send_filled(id, 1, 0));
    EXPECT_ERR(send_filled(id, 1, 0), EAGAIN);
}
END_TEST

START_TEST(success_leaves_errno_alone) /* backend.h */
{
    struct timespec second = {1, 0};
    struct letter letter = {.type = 1};
    struct shm_backend_msqid_ds ds;
    struct shm_backend_msginfo info;
    key_t key = free_key();

    errno = EDOM;
    int id = queue_at(key, 0600);
    EXPECT_INT(errno, EDOM);
    EXPECT_INT(shm_backend_msgget(key, 0600), id);
    EXPECT_INT(errno, EDOM);
    EXPECT_OK(shm_backend_msgtimedsnd(id, &letter, 5, 0, NULL));
    EXPECT_INT(errno, EDOM);
    EXPECT_OK(shm_backend_msgtimedsnd(id, &letter, 5, 0, &second));
    EXPECT_INT(errno, EDOM);
    EXPECT_INT(receive(id, &letter, 5, 0, COPY | NOWAIT), 5);
    EXPECT_INT(receive(id, &letter, 5, 0, 0), 5);
    EXPECT_INT(errno, EDOM);
    EXPECT_INT(shm_backend_msgtimedrcv(id, &letter, 5, 0, 0, &second), 5);
    EXPECT_INT(errno, EDOM);
    EXPECT_OK(control(id, LIBSHM_IPC_STAT, &ds));
    EXPECT_OK(control(id, LIBSHM_IPC_SET, &ds));
    EXPECT_OK(shm_backend_msgctl(0, LIBSHM_MSG_INFO, &info));
    EXPECT_OK(shm_backend_msg_list(NULL, 0));
    EXPECT_OK(remove_queue(id));
    EXPECT_INT(errno, EDOM);
}
END_TEST

/*
 * msgrcv.
 */

START_TEST(order_of_checks_of_msgrcv) /* S3.7 */
{
    int id = new_queue(0600), stale = stale_id();

    EXPECT_ERR(take(id, (size_t)-1, 0, 0), EINVAL);
    EXPECT_ERR(take(id, (size_t)LONG_MAX + 1, 0, 0), EINVAL);
    EXPECT_ERR(take(-1, 1, 0, 0), EINVAL);
    EXPECT_ERR(take(INT_MIN, 1, 0, 0), EINVAL);
    EXPECT_ERR(take(stale, 1, 0, 0), EINVAL);
    EXPECT_ERR(take(id, 1, 0, 0), ENOMSG);
    EXPECT_ERR(take(id, LONG_MAX, 5, 0), ENOMSG);
    EXPECT_OK(send_text(id, 1, "x"));
    EXPECT_ERR(take(id, (size_t)-1, 0, 0), EINVAL);
    EXPECT_INT(take(id, (size_t)LONG_MAX, 0, 0), 1); /* any room will do */
}
END_TEST

/* b a c a b d: types 2 1 3 1 2 LONG_MAX. */
static int mixed_queue(void)
{
    int id = new_queue(0600);

    EXPECT_OK(send_text(id, 2, "b1"));
    EXPECT_OK(send_text(id, 1, "a1"));
    EXPECT_OK(send_text(id, 3, "c1"));
    EXPECT_OK(send_text(id, 1, "a2"));
    EXPECT_OK(send_text(id, 2, "b2"));
    EXPECT_OK(send_text(id, LONG_MAX, "d1"));
    return id;
}

static void expect_all(int id, const char *const *texts)
{
    for (; *texts; texts++)
        expect_text(id, 0, 0, *texts);
    expect_empty(id);
}

START_TEST(the_first) /* S3.8, S3.10 */
{
    static const char *const all[] = {"b1", "a1", "c1", "a2", "b2", "d1", NULL};

    expect_all(mixed_queue(), all);
    int id = mixed_queue();
    expect_text(id, 0, EXCEPT, "b1"); /* ignored */
    expect_text(id, 0, EXCEPT, "a1");
}
END_TEST

START_TEST(the_first_of_a_type) /* S3.8 */
{
    static const char *const rest[] = {"b1", "c1", "d1", NULL};
    int id = mixed_queue();

    EXPECT_ERR(take(id, 9, 4, 0), ENOMSG);
    expect_text(id, 1, 0, "a1");
    expect_text(id, 1, 0, "a2");
    EXPECT_ERR(take(id, 9, 1, 0), ENOMSG);
    int other = mixed_queue();
    expect_text(other, LONG_MAX, 0, "d1"); /* the last: the next one goes behind b2 */
    EXPECT_OK(send_text(other, 9, "e1"));
    expect_text(other, 9, 0, "e1");
    expect_text(other, 2, 0, "b1");
    expect_text(other, 2, 0, "b2");
    expect_text(id, 2, 0, "b1");
    EXPECT_OK(send_text(id, 2, "b3"));
    expect_text(id, 2, 0, "b2");
    expect_text(id, 2, 0, "b3");
    EXPECT_OK(send_text(id, 2, "b1"));
    expect_text(id, 2, 0, "b1");
    expect_all(id, rest + 1);
}
END_TEST

START_TEST(the_first_of_another_type) /* S3.8 */
{
    static const char *const rest[] = {"b1", "b2", NULL};
    int id = mixed_queue();

    expect_text(id, 2, EXCEPT, "a1");
    expect_text(id, 2, EXCEPT, "c1");
    expect_text(id, 2, EXCEPT, "a2");
    expect_text(id, 2, EXCEPT, "d1");
    EXPECT_ERR(take(id, 9, 2, EXCEPT), ENOMSG);
    expect_all(id, rest);
}
END_TEST

START_TEST(the_lowest_type) /* S3.9, S3.10 */
{
    int id = mixed_queue();

    expect_text(id, -3, 0, "a1");
    expect_text(id, -3, EXCEPT, "a2"); /* ignored */
    EXPECT_ERR(take(id, 9, -1, 0), ENOMSG);
    expect_text(id, -2, 0, "b1");
    expect_text(id, -LONG_MAX, 0, "b2");
    EXPECT_ERR(take(id, 9, -2, 0), ENOMSG);
    expect_text(id, -3, 0, "c1");
    EXPECT_ERR(take(id, 9, -LONG_MAX + 1, 0), ENOMSG);
    expect_text(id, -LONG_MAX, 0, "d1");
    EXPECT_OK(send_text(id, LONG_MAX, "d2"));
    expect_text(id, LONG_MIN, 0, "d2"); /* counts as LONG_MAX */
    expect_empty(id);
}
END_TEST

START_TEST(too_long_for_the_room) /* S3.11 */
{
    int id = new_queue(0600);
    struct letter letter = {.type = 0};

    EXPECT_OK(send_text(id, 7, "abcdef"));
    EXPECT_OK(send_text(id, 8, "x"));
    EXPECT_ERR(take(id, 5, 0, 0), E2BIG);
    EXPECT_ERR(take(id, 0, 7, 0), E2BIG);
    EXPECT_ERR(take(id, 5, -8, 0), E2BIG);
    EXPECT_ERR(take(id, 5, 8, EXCEPT), E2BIG);
    EXPECT_INT(qnum(id), 2);
    EXPECT_INT(queue_stat(id).rtime, 0);
    EXPECT_INT(queue_stat(id).lrpid, 0);
    EXPECT_INT(receive(id, &letter, 5, 0, NOERROR | NOWAIT), 5);
    EXPECT_INT(letter.type, 7);
    EXPECT(memcmp(letter.bytes, "abcde\0", 6) == 0);
    EXPECT_INT(qnum(id), 1);
    EXPECT_INT(cbytes(id), 1);
    EXPECT_INT(receive(id, &letter, 0, 0, NOERROR), 0);
    EXPECT_INT(letter.type, 8);
    expect_empty(id);
    EXPECT_OK(send_filled(id, 1, 5));
    EXPECT_INT(take(id, MSGMAX, 0, NOERROR), 5); /* of no effect */
}
END_TEST

START_TEST(cut_messages_leave_no_hole) /* S3.11 */
{
    int id = new_queue(0600);

    for (int i = 0; i < 2000; i++) {
        EXPECT_OK(send_filled(id, 1, MSGMAX));
        EXPECT_INT(take(id, (size_t)(i % 300), 0, NOERROR), i % 300);
    }
    fill_with_empty_ones(id);
}
END_TEST

START_TEST(no_place_for_the_message) /* S3.13 */
{
    int id = new_queue(0600);

    EXPECT_OK(send_text(id, 1, "lost"));
    EXPECT_OK(send_text(id, 1, "next"));
    EXPECT_ERR(receive(id, NULL, 10, 0, NOWAIT), EFAULT);
    EXPECT_INT(qnum(id), 1);
    EXPECT_INT(queue_stat(id).lrpid, getpid());
    expect_text(id, 0, 0, "next");
    EXPECT_ERR(receive(id, NULL, 10, 0, NOWAIT), ENOMSG);
}
END_TEST

START_TEST(copies) /* S3.14 */
{
    static const char *const all[] = {"b1", "a1", "c1", "a2", "b2", "d1", NULL};
    int id = mixed_queue();
    struct letter letter;

    EXPECT_ERR(receive(id, &letter, 9, 0, COPY), EINVAL);
    EXPECT_ERR(receive(id, &letter, 9, 0, COPY | NOWAIT | EXCEPT), EINVAL);
    EXPECT_ERR(receive(id, &letter, 9, 0, COPY | EXCEPT), EINVAL);
    if (receive(id, &letter, 9, 0, COPY | NOWAIT) < 0 && errno == ENOSYS) {
        leave_out("S3.14", "this kernel was built without CONFIG_CHECKPOINT_RESTORE");
        return;
    }
    for (int i = 0; all[i]; i++)
        expect_text(id, i, COPY, all[i]);
    EXPECT_INT(receive(id, &letter, 9, 5, COPY | NOWAIT), 2);
    EXPECT_INT(letter.type, LONG_MAX);
    EXPECT_ERR(take(id, 9, 6, COPY), ENOMSG);
    EXPECT_ERR(take(id, 9, LONG_MAX, COPY), ENOMSG);
    EXPECT_ERR(take(id, 9, -1, COPY), ENOMSG);
    EXPECT_ERR(take(id, 9, LONG_MIN, COPY), ENOMSG);
    EXPECT_ERR(take(id, 1, 0, COPY), E2BIG);
    EXPECT_ERR(take(id, 1, 0, COPY | NOERROR), EINVAL);
    EXPECT_INT(take(id, 2, 0, COPY | NOERROR), 2);
    EXPECT_INT(queue_stat(id).lrpid, 0);
    EXPECT_INT(queue_stat(id).rtime, 0);
    expect_all(id, all);
    EXPECT_ERR(take(id, 9, 0, COPY), ENOMSG);
}
END_TEST

/*
 * Timeouts, which the standard lacks.
 */

START_TEST(timeouts) /* backend.h */
{
    int id = new_queue(0600);
    double begun = seconds_now();

    EXPECT_ERR(take_in_time(id, 0, 60), EAGAIN);
    EXPECT(seconds_now() - begun >= 0.059);
    EXPECT_ERR(take_in_time(id, 0, 0), EAGAIN);
    EXPECT_OK(send_filled(id, 1, MSGMAX));
    EXPECT_ERR(take_in_time(id, 2, 20), EAGAIN);
    EXPECT_OK(send_in_time(id, MSGMAX, 0));
    begun = seconds_now();
    EXPECT_ERR(send_in_time(id, 1, 60), EAGAIN);
    EXPECT(seconds_now() - begun >= 0.059);
    EXPECT_ERR(send_in_time(id, 1, 0), EAGAIN);
    EXPECT_INT(take_in_time(id, 0, 0), MSGMAX);
    EXPECT_INT(take_in_time(id, 0, 100000000), MSGMAX);
    EXPECT_OK(send_in_time(id, 1, 100000000));
    EXPECT_INT(qnum(id), 1); /* nothing came of what timed out */
    EXPECT_INT(queue_sleepers(id, getpid()), 0);
}
END_TEST

START_TEST(bad_timeouts) /* backend.h */
{
    int id = new_queue(0600);
    struct letter letter = {.type = 1};
    static const struct timespec bad[] = {{-1, 0}, {0, -1}, {0, 1000000000}, {0, LONG_MAX}};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (int flags = 0; flags <= NOWAIT; flags += NOWAIT) {
            EXPECT_ERR(shm_backend_msgtimedsnd(id, &letter, 1, flags, &bad[i]), EINVAL);
            EXPECT_ERR(shm_backend_msgtimedrcv(id, &letter, 1, 0, flags, &bad[i]), EINVAL);
        }
    expect_empty(id);
}
END_TEST

struct timed {
    int id;
    struct timespec timeout;
};

static void receive_timed(void *context)
{
    struct timed *t = context;
    struct letter letter;

    _exit(shm_backend_msgtimedrcv(t->id, &letter, 10, 0, 0, &t->timeout) == 1 ? 0 : errno);
}

START_TEST(timeouts_that_never_end) /* backend.h */
{
    struct timed t = {new_queue(0600),
                      {sizeof(time_t) > 4 ? (time_t)INT64_MAX : INT32_MAX, 999999999}};
    pid_t pid = start(receive_timed, &t);

    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    EXPECT_OK(send_text(t.id, 1, "x"));
    EXPECT_INT(reap(pid), 0);
}
END_TEST

START_TEST(served_in_time) /* backend.h */
{
    int id = new_queue(0600);
    struct timed t = {id, {10, 0}};
    pid_t pid = start(receive_timed, &t);

    if (on_posix())
        UNTIL(queue_sleepers(id, pid) == 1);
    EXPECT_OK(send_text(id, 1, "x"));
    EXPECT_INT(reap(pid), 0);
    expect_empty(id);
}
END_TEST

/*
 * Sleeping.
 */

static pid_t start_receiver(int id, size_t room, long type, int flags)
{
    pid_t pid = start_msgrcv(id, room, type, flags);

    UNTIL(queue_sleepers(id, pid) == 1);
    return pid;
}

static pid_t start_sender(int id, long type, const char *text)
{
    pid_t pid = start_msgsnd(id, type, text, strlen(text));

    UNTIL(queue_sleepers(id, pid) == 1);
    return pid;
}

/* No room for a byte. */
static int full_queue(void)
{
    int id = new_queue(0600);

    EXPECT_OK(send_filled(id, 9, MSGMAX));
    EXPECT_OK(send_filled(id, 9, MSGMAX));
    return id;
}

static bool has_ended(pid_t pid)
{
    siginfo_t info = {0};

    EXPECT_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT));
    return info.si_pid == pid;
}

START_TEST(receiver_is_woken) /* S3.12, S3.15, S3.16 */
{
    int id = new_queue(0600);
    pid_t pid = start_receiver(id, 10, 0, 0);

    EXPECT_OK(send_text(id, 5, "x"));
    expect_empty(id); /* it was never there for anybody else */
    struct shm_backend_msqid_ds ds = queue_stat(id);
    EXPECT_INT(ds.lspid, getpid());
    EXPECT_INT(ds.lrpid, pid);
    EXPECT(ds.stime > 0 && ds.rtime > 0);
    EXPECT_INT(reap(pid), RECEIVED('x'));
    EXPECT_INT(queue_sleepers(id, pid), 0);
}
END_TEST

static void receive_longest(void *context)
{
    int id = *(int *)context;
    struct letter letter, wanted;

    fill(&wanted, MSGMAX, 33);
    EXPECT_INT(receive(id, &letter, MSGMAX, 77, 0), MSGMAX);
    EXPECT_INT(letter.type, 77);
    expect_same(&letter, &wanted, MSGMAX);
    EXPECT_INT(receive(id, &letter, 300, 78, NOERROR), 300);
    expect_same(&letter, &wanted, 300);
}

START_TEST(sleeper_gets_every_byte) /* S3.15 */
{
    int id = new_queue(0600);
    struct letter letter = {.type = 77};
    pid_t pid = start(receive_longest, &id);

    fill(&letter, MSGMAX, 33);
    UNTIL(queue_sleepers(id, pid) == 1);
    EXPECT_OK(shm_backend_msgtimedsnd(id, &letter, MSGMAX, 0, NULL));
    letter.type = 78;
    UNTIL(queue_sleepers(id, pid) == 1);
    EXPECT_OK(shm_backend_msgtimedsnd(id, &letter, MSGMAX, 0, NULL));
    EXPECT_INT(reap(pid), 0);
    fill_with_empty_ones(id);
}
END_TEST

START_TEST(receivers_in_the_order_of_arrival) /* S3.15 */
{
    enum { SLEEPERS = 5 };
    int id = new_queue(0600);
    pid_t pids[SLEEPERS];

    for (int i = 0; i < SLEEPERS; i++)
        pids[i] = start_receiver(id, 10, 0, 0);
    for (int i = 0; i < SLEEPERS; i++) {
        char text[] = {(char)('a' + i), 0};
        EXPECT_OK(send_text(id, 1, text));
    }
    expect_empty(id);
    for (int i = 0; i < SLEEPERS; i++)
        EXPECT_INT(reap(pids[i]), RECEIVED('a' + i));
}
END_TEST

START_TEST(receivers_by_type) /* S3.8, S3.9, S3.15 */
{
    int id = new_queue(0600);
    pid_t three = start_receiver(id, 10, 3, 0), up_to_two = start_receiver(id, 10, -2, 0),
          not_four = start_receiver(id, 10, 4, EXCEPT), any = start_receiver(id, 10, 0, EXCEPT);

    EXPECT_OK(send_text(id, 4, "d")); /* passes three calls that came before */
    EXPECT_INT(reap(any), RECEIVED('d'));
    EXPECT_OK(send_text(id, 4, "e"));
    EXPECT_INT(qnum(id), 1);
    EXPECT_OK(send_text(id, 2, "b"));
    EXPECT_INT(reap(up_to_two), RECEIVED('b'));
    EXPECT_OK(send_text(id, 3, "c"));
    EXPECT_INT(reap(three), RECEIVED('c'));
    EXPECT_OK(send_text(id, 3, "f"));
    EXPECT_INT(reap(not_four), RECEIVED('f'));
    expect_text(id, 0, 0, "e");
    expect_empty(id);
}
END_TEST

START_TEST(highest_types_asleep) /* S3.9 */
{
    int id = new_queue(0600);
    pid_t least = start_receiver(id, 10, LONG_MIN, 0);

    EXPECT_OK(send_text(id, LONG_MAX, "z"));
    EXPECT_INT(reap(least), RECEIVED('z'));
    pid_t most = start_receiver(id, 10, -LONG_MAX, 0);
    EXPECT_OK(send_text(id, LONG_MAX, "y"));
    EXPECT_INT(reap(most), RECEIVED('y'));
    expect_empty(id);
}
END_TEST

START_TEST(too_long_for_a_sleeper) /* S3.15 */
{
    int id = new_queue(0600);
    pid_t small = start_receiver(id, 2, 0, 0), other = start_receiver(id, 10, 7, 0),
          smaller = start_receiver(id, 0, 1, 0), big = start_receiver(id, 3, 1, 0);

    EXPECT_OK(send_text(id, 1, "abc"));
    EXPECT_INT(reap(small), E2BIG);
    EXPECT_INT(reap(smaller), E2BIG);
    EXPECT_INT(reap(big), RECEIVED('a'));
    EXPECT(!has_ended(other));
    expect_empty(id);
    pid_t last = start_receiver(id, 2, 0, 0);
    EXPECT_OK(send_text(id, 1, "def"));
    EXPECT_INT(reap(last), E2BIG);
    EXPECT_INT(qnum(id), 1); /* for whoever comes */
    pid_t cut = start_receiver(id, 2, 7, NOERROR);
    EXPECT_OK(send_text(id, 7, "ghi"));
    EXPECT_INT(reap(other), RECEIVED('g'));
    EXPECT_OK(send_text(id, 7, "jkl"));
    EXPECT_INT(reap(cut), RECEIVED('j'));
    expect_text(id, 0, 0, "def");
}
END_TEST

START_TEST(sender_is_woken) /* S3.5 */
{
    int id = full_queue();
    pid_t pid = start_sender(id, 2, "late");

    EXPECT_INT(take(id, MSGMAX, 0, 0), MSGMAX);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(qnum(id), 2);
    EXPECT_INT(queue_stat(id).lspid, pid);
    expect_text(id, 2, 0, "late");
}
END_TEST

START_TEST(several_senders_are_woken) /* S3.5 */
{
    enum { SLEEPERS = 6 };
    int id = full_queue();
    pid_t pids[SLEEPERS];

    for (int i = 0; i < SLEEPERS; i++)
        pids[i] = start_sender(id, 2, "late");
    EXPECT_INT(take(id, MSGMAX, 0, 0), MSGMAX);
    for (int i = 0; i < SLEEPERS; i++)
        EXPECT_INT(reap(pids[i]), 0);
    EXPECT_INT(qnum(id), 1 + SLEEPERS);
}
END_TEST

static void send_longest(void *context)
{
    struct letter letter = {.type = 3};

    EXPECT_OK(shm_backend_msgtimedsnd(*(int *)context, &letter, MSGMAX, 0, NULL));
}

START_TEST(small_one_passes_a_long_one) /* S3.5 */
{
    int id = full_queue();
    pid_t long_one = start(send_longest, &id);

    UNTIL(queue_sleepers(id, long_one) == 1);
    EXPECT_INT(take(id, MSGMAX, 0, 0), MSGMAX);
    EXPECT_INT(reap(long_one), 0);
    pid_t again = start(send_longest, &id);
    UNTIL(queue_sleepers(id, again) == 1);
    pid_t small = start_sender(id, 2, "s");
    EXPECT_OK(queue_set_qbytes(id, 0)); /* nothing fits */
    EXPECT_INT(take(id, MSGMAX, 0, 0), MSGMAX);
    EXPECT(!has_ended(again) && !has_ended(small));
    EXPECT_OK(queue_set_qbytes(id, MSGMAX + 1)); /* for one byte */
    EXPECT_INT(reap(small), 0);
    EXPECT(!has_ended(again));
    EXPECT_INT(take(id, MSGMAX, 3, 0), MSGMAX);
    EXPECT_INT(reap(again), 0);
    EXPECT_INT(qnum(id), 2);
}
END_TEST

START_TEST(receiver_takes_from_a_full_queue) /* S3.4, S3.15 */
{
    int id = full_queue();
    pid_t pid = start_receiver(id, 10, 2, 0);

    EXPECT_ERR(send_text(id, 2, "x"), EAGAIN); /* room is asked for all the same */
    EXPECT_OK(send_text(id, 2, ""));
    EXPECT_INT(reap(pid), RECEIVED(0));
    EXPECT_INT(qnum(id), 2);
}
END_TEST

START_TEST(removal_wakes_all) /* S3.18, S0.5 */
{
    int id = full_queue();
    pid_t a = start_sender(id, 2, "a"), b = start_receiver(id, 10, 5, 0),
          c = start_sender(id, 2, "c"), d = start_receiver(id, 10, -4, NOERROR);

    EXPECT_OK(remove_queue(id));
    EXPECT_INT(reap(a), EIDRM);
    EXPECT_INT(reap(b), EIDRM);
    EXPECT_INT(reap(c), EIDRM);
    EXPECT_INT(reap(d), EIDRM);
    EXPECT_ERR(send_text(id, 1, "x"), EINVAL);
    EXPECT_ERR(take(id, 1, 0, 0), EINVAL);
    EXPECT_ERR(remove_queue(id), EINVAL);
    EXPECT_ERR(stat_error(id, LIBSHM_IPC_STAT), EINVAL);
}
END_TEST

/*
 * Signals.
 */

static volatile sig_atomic_t caught;

static void count_signal(int signal)
{
    (void)signal;
    caught++;
}

struct sleep {
    int id, sends, flags;
    long milliseconds; /* 0: for ever */
};

/* Exits with the errno of the call when a handler ran, 100 when none did. */
static void sleep_catching(void *context)
{
    struct sleep *s = context;
    struct sigaction action = {.sa_handler = count_signal, .sa_flags = s->flags};
    struct timespec timeout = {s->milliseconds / 1000, 0};
    struct letter letter = {.type = 1};

    sigaction(SIGUSR1, &action, NULL);
    const struct timespec *t = s->milliseconds ? &timeout : NULL;
    ssize_t n = s->sends ? shm_backend_msgtimedsnd(s->id, &letter, 1, 0, t)
                         : shm_backend_msgtimedrcv(s->id, &letter, 1, 1, 0, t);
    int error = n < 0 ? errno : 0;
    _exit(caught == 1 ? error : 100);
}

static bool handlers_come_late(void)
{
    if (on_posix() || !under_thread_sanitizer())
        return false;
    leave_out("S0.29", "the thread sanitizer keeps handlers back");
    return true;
}

static void expect_interrupted(struct sleep s)
{
    pid_t pid = start(sleep_catching, &s);

    if (on_posix() || !s.milliseconds)
        UNTIL(queue_sleepers(s.id, pid) == 1);
    else
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    kill(pid, SIGUSR1);
    EXPECT_INT(reap(pid), EINTR);
    EXPECT_INT(queue_sleepers(s.id, pid), 0);
}

START_TEST(caught_signal_interrupts) /* S0.29, S3.5, S3.12 */
{
    int id = full_queue();

    if (handlers_come_late())
        return;
    for (int flags = 0; flags <= SA_RESTART; flags += SA_RESTART)
        for (int sends = 0; sends < 2; sends++) {
            expect_interrupted((struct sleep){id, sends, flags, 0});
            expect_interrupted((struct sleep){id, sends, flags, 20000});
        }
    EXPECT_INT(qnum(id), 2);
    EXPECT_INT(take(id, MSGMAX, 0, 0), MSGMAX);
    EXPECT_INT(qnum(id), 1); /* no ghost sends */
    EXPECT_OK(send_text(id, 1, "x"));
    expect_text(id, 1, 0, "x"); /* or receives */
}
END_TEST

static void sleep_ignoring(void *context)
{
    struct letter letter;

    signal(SIGUSR1, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    _exit(receive(*(int *)context, &letter, 10, 0, 0) == 1 ? 0 : errno);
}

START_TEST(ignored_signal_does_not_interrupt) /* S0.30 */
{
    int id = new_queue(0600);
    pid_t pid = start(sleep_ignoring, &id);

    UNTIL(queue_sleepers(id, pid) == 1);
    for (int i = 0; i < 20; i++) {
        kill(pid, SIGUSR1);
        kill(pid, SIGCHLD);
    }
    EXPECT_OK(send_text(id, 1, "x"));
    EXPECT_INT(reap(pid), 0);
}
END_TEST

START_TEST(stop_and_continue) /* S0.31, S0.32, S5.6 */
{
    int id = new_queue(0600), status;
    pid_t pid = start_receiver(id, 10, 0, 0);

    kill(pid, SIGSTOP);
    EXPECT_INT(waitpid(pid, &status, WUNTRACED), pid);
    EXPECT(WIFSTOPPED(status));
    kill(pid, SIGCONT);
    EXPECT(!has_ended(pid));
    EXPECT_OK(send_text(id, 1, "x"));
    EXPECT_INT(reap(pid), RECEIVED('x')); /* it goes on waiting */
}
END_TEST

START_TEST(killed_receiver_leaves_the_message) /* S0.33 */
{
    int id = new_queue(0600);
    pid_t first = start_receiver(id, 10, 0, 0), second = start_receiver(id, 10, 0, 0);

    kill_and_reap(first);
    EXPECT_OK(send_text(id, 1, "x"));
    EXPECT_INT(reap(second), RECEIVED('x'));
    pid_t third = start_receiver(id, 10, 0, 0);
    kill_and_reap(third);
    EXPECT_OK(send_text(id, 1, "y"));
    EXPECT_INT(qnum(id), 1);
    expect_text(id, 0, 0, "y");
}
END_TEST

START_TEST(killed_sender_leaves_no_message) /* S0.33 */
{
    int id = full_queue();
    pid_t first = start_sender(id, 2, "a"), second = start_sender(id, 3, "b");

    kill_and_reap(first);
    EXPECT_INT(take(id, MSGMAX, 0, 0), MSGMAX);
    EXPECT_INT(reap(second), 0);
    EXPECT_ERR(take(id, MSGMAX, 2, 0), ENOMSG);
    expect_text(id, 3, 0, "b");
}
END_TEST

/* Served while it could not run, then killed: what it was given goes with it, and takes no room. */
START_TEST(killed_with_messages_in_hand) /* S0.33 */
{
    enum { RECEIVERS = 300 };
    int id = new_queue(0600), status;

    for (int i = 0; i < RECEIVERS; i++) {
        pid_t pid = start_receiver(id, MSGMAX, 0, 0);
        kill(pid, SIGSTOP);
        EXPECT_INT(waitpid(pid, &status, WUNTRACED), pid);
        EXPECT_OK(send_filled(id, 1, MSGMAX));
        kill_and_reap(pid);
        if (qnum(id))
            EXPECT_INT(take(id, MSGMAX, 0, 0), MSGMAX); /* S0.32 */
    }
    fill_with_empty_ones(id);
}
END_TEST

struct thread_call {
    int id, sends, error;
    long type;
};

static void *call_in_thread(void *context)
{
    struct thread_call *c = context;
    struct letter letter = {.type = c->type};
    ssize_t n = c->sends ? shm_backend_msgtimedsnd(c->id, &letter, 1, 0, NULL)
                         : receive(c->id, &letter, 1, c->type, NOERROR);

    c->error = n < 0 ? errno : letter.bytes[0];
    return NULL;
}

START_TEST(threads_sleep_side_by_side) /* S3.12, S3.15 */
{
    enum { THREADS = 6 };
    int id = new_queue(0600);
    pthread_t threads[THREADS];
    struct thread_call calls[THREADS];

    for (int i = 0; i < THREADS; i++) {
        calls[i] = (struct thread_call){id, 0, -1, 1 + i % 3};
        EXPECT_INT(pthread_create(&threads[i], NULL, call_in_thread, &calls[i]), 0);
    }
    UNTIL(queue_sleepers(id, getpid()) == THREADS);
    for (int i = 0; i < 2; i++) {
        EXPECT_OK(send_text(id, 1, "a"));
        EXPECT_OK(send_text(id, 2, "b"));
    }
    expect_empty(id);
    UNTIL(queue_sleepers(id, getpid()) == 2);
    EXPECT_OK(remove_queue(id));
    for (int i = 0; i < THREADS; i++) {
        EXPECT_INT(pthread_join(threads[i], NULL), 0);
        EXPECT_INT(calls[i].error, i % 3 == 2 ? EIDRM : 'a' + i % 3);
    }
}
END_TEST

/* Threads that hold as many blocks as the user-space backend has, while their process stands still. */
static void receive_in_threads(void *context)
{
    enum { THREADS = 300 };
    pthread_t threads[THREADS];
    struct thread_call call = {*(int *)context, 0, 0, 5};
    pthread_attr_t small;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 << 10);
    for (int i = 0; i < THREADS; i++)
        EXPECT_INT(pthread_create(&threads[i], &small, call_in_thread, &call), 0);
    for (;;)
        pause();
}

START_TEST(killed_with_many_messages_in_hand) /* S0.33 */
{
    int id = new_queue(0600), status, sent = 0;
    pid_t pid = start(receive_in_threads, &id);

    UNTIL(queue_sleepers(id, pid) == 300);
    kill(pid, SIGSTOP);
    EXPECT_INT(waitpid(pid, &status, WUNTRACED), pid);
    while (sent < 300 && send_filled(id, 5, MSGMAX) == 0)
        sent++;
    EXPECT(sent >= 2);
    kill_and_reap(pid);
    while (take(id, MSGMAX, 0, 0) == MSGMAX)
        continue;
    fill_with_empty_ones(id);
}
END_TEST

static void answer(void *context)
{
    int id = *(int *)context;
    struct letter letter;

    for (int i = 0; i < 500; i++) {
        EXPECT_INT(receive(id, &letter, MSGMAX, 1, 0), i % 200);
        letter.type = 2;
        EXPECT_OK(shm_backend_msgtimedsnd(id, &letter, (size_t)(i % 200), 0, NULL));
    }
}

START_TEST(no_wake_up_is_lost) /* S3.15 */
{
    int id = new_queue(0600);
    struct letter sent = {.type = 1}, got;
    pid_t pid = start(answer, &id);

    for (int i = 0; i < 500; i++) {
        fill(&sent, (size_t)(i % 200), (unsigned)i);
        EXPECT_OK(shm_backend_msgtimedsnd(id, &sent, (size_t)(i % 200), 0, NULL));
        EXPECT_INT(receive(id, &got, MSGMAX, 2, 0), i % 200);
        expect_same(&sent, &got, (size_t)(i % 200));
    }
    EXPECT_INT(reap(pid), 0);
    expect_empty(id);
}
END_TEST

static void send_a_stream(void *context)
{
    for (int i = 0; i < 2000; i++)
        EXPECT_OK(send_bytes(*(int *)context, 1, &i, sizeof i, 0));
}

START_TEST(order_through_a_narrow_queue) /* S3.4, S3.5 */
{
    int id = new_queue(0600);
    struct letter letter;

    EXPECT_OK(queue_set_qbytes(id, 3 * sizeof(int)));
    pid_t pid = start(send_a_stream, &id);
    for (int i = 0, got; i < 2000; i++) {
        EXPECT_INT(receive(id, &letter, MSGMAX, 0, 0), sizeof got);
        memcpy(&got, letter.bytes, sizeof got);
        EXPECT_INT(got, i);
    }
    EXPECT_INT(reap(pid), 0);
}
END_TEST

/*
 * msgctl.
 */

START_TEST(removed_queue) /* S0.5, S3.18 */
{
    key_t key = free_key();
    int id = queue_at(key, 0600);

    EXPECT_OK(send_text(id, 1, "x"));
    EXPECT_OK(remove_queue(id));
    EXPECT_ERR(remove_queue(id), EINVAL);
    EXPECT_ERR(send_text(id, 1, "x"), EINVAL);
    EXPECT_ERR(take(id, 1, 0, 0), EINVAL);
    EXPECT_ERR(stat_error(id, LIBSHM_IPC_STAT), EINVAL);
    EXPECT_ERR(stat_error(id, LIBSHM_IPC_SET), EINVAL);
    expect_empty(queue_at(key, 0600));
}
END_TEST

START_TEST(order_of_checks_of_msgctl) /* S0.25, S0.26 */
{
    int id = new_queue(0600), stale = stale_id();

    EXPECT_ERR(stat_error(id, 77), EINVAL);
    EXPECT_ERR(stat_error(id, -1), EINVAL);
    EXPECT_ERR(stat_error(-1, LIBSHM_IPC_STAT), EINVAL);
    EXPECT_ERR(stat_error(INT_MIN, LIBSHM_IPC_RMID), EINVAL);
    EXPECT_ERR(stat_error(-1, LIBSHM_IPC_SET), EINVAL);
    EXPECT_ERR(control(id, LIBSHM_IPC_STAT, NULL), EFAULT);
    EXPECT_ERR(control(id, LIBSHM_IPC_SET, NULL), EFAULT);
    EXPECT_ERR(control(stale, LIBSHM_IPC_SET, NULL), EFAULT);
    EXPECT_ERR(control(-1, LIBSHM_IPC_SET, NULL), EINVAL);
    EXPECT_ERR(control(stale, LIBSHM_IPC_STAT, NULL), EINVAL);
    EXPECT_ERR(shm_backend_msgctl(0, LIBSHM_IPC_INFO, NULL), EFAULT);
    EXPECT_ERR(shm_backend_msgctl(0, LIBSHM_MSG_INFO, NULL), EFAULT);
    EXPECT_INT(queue_stat(id).perm.mode, 0600);
}
END_TEST

START_TEST(set_changes_permissions) /* S0.22, S0.23 */
{
    int id = new_queue(0600);
    struct shm_backend_msqid_ds ds = queue_stat(id), changed = ds;

    changed.perm.mode = 07640;
    changed.perm.key = ds.perm.key + 1;
    changed.qnum = changed.cbytes = 77;
    changed.lspid = changed.lrpid = 77;
    changed.stime = changed.rtime = 77;
    EXPECT_OK(control(id, LIBSHM_IPC_SET, &changed));
    changed = queue_stat(id);
    EXPECT_INT(changed.perm.mode, 0640);
    EXPECT_INT(changed.perm.key, ds.perm.key);
    EXPECT_INT((long long)changed.qnum + (long long)changed.cbytes, 0);
    EXPECT_INT(changed.lspid + changed.lrpid, 0);
    EXPECT_INT(changed.stime + changed.rtime, 0);
    EXPECT(changed.ctime >= ds.ctime);
    ds.perm.uid = (uid_t)-1;
    EXPECT_ERR(control(id, LIBSHM_IPC_SET, &ds), EINVAL);
    ds.perm.uid = geteuid();
    ds.perm.gid = (gid_t)-1;
    EXPECT_ERR(control(id, LIBSHM_IPC_SET, &ds), EINVAL);
    EXPECT_INT(queue_stat(id).perm.mode, 0640);
}
END_TEST

START_TEST(set_below_what_is_there) /* S3.17 */
{
    int id = full_queue();

    EXPECT_OK(queue_set_qbytes(id, 100));
    EXPECT_INT((long long)queue_stat(id).qbytes, 100);
    EXPECT_INT(cbytes(id), MSGMNB);
    EXPECT_ERR(send_text(id, 1, ""), EAGAIN);
    EXPECT_INT(take(id, MSGMAX, 0, 0), MSGMAX);
    EXPECT_ERR(send_text(id, 1, ""), EAGAIN);
    EXPECT_INT(take(id, MSGMAX, 0, 0), MSGMAX);
    EXPECT_ERR(send_filled(id, 1, 101), EAGAIN);
    EXPECT_OK(send_filled(id, 1, 100));
    EXPECT_OK(send_text(id, 1, ""));
    EXPECT_OK(queue_set_qbytes(id, 0));
    EXPECT_INT(take(id, MSGMAX, 0, 0), 100);
    EXPECT_INT(take(id, MSGMAX, 0, 0), 0);
    EXPECT_ERR(send_text(id, 1, ""), EAGAIN);
    EXPECT_OK(queue_set_qbytes(id, 1)); /* one message */
    EXPECT_OK(send_text(id, 1, ""));
    EXPECT_ERR(send_text(id, 1, ""), EAGAIN);
}
END_TEST

START_TEST(set_wakes_senders) /* S3.17 */
{
    int id = new_queue(0600);

    EXPECT_OK(queue_set_qbytes(id, 2));
    pid_t three = start_sender(id, 1, "abc"), four = start_sender(id, 2, "defg");
    EXPECT_OK(queue_set_qbytes(id, 3));
    EXPECT_INT(reap(three), 0);
    EXPECT_OK(queue_set_qbytes(id, MSGMNB));
    EXPECT_INT(reap(four), 0);
    expect_text(id, 0, 0, "abc");
    expect_text(id, 0, 0, "defg");
}
END_TEST

START_TEST(set_keeps_receivers_asleep) /* S3.17 */
{
    int id = new_queue(0600);
    pid_t a = start_receiver(id, 10, 0, 0);

    EXPECT_OK(queue_set_qbytes(id, 100));
    EXPECT_OK(queue_set_qbytes(id, 200));
    UNTIL(queue_sleepers(id, a) == 1);
    EXPECT_OK(send_text(id, 1, "x"));
    EXPECT_INT(reap(a), RECEIVED('x'));
}
END_TEST

/* Gives up CAP_SYS_RESOURCE (24), and nothing else; version 3 of the call. */
static void give_up_resources(void)
{
    struct {
        uint32_t version;
        int pid;
    } header = {0x20080522, 0};
    struct {
        uint32_t effective, permitted, inheritable;
    } data[2];

    EXPECT_OK(syscall(SYS_capget, &header, data));
    data[0].effective &= ~(UINT32_C(1) << 24);
    EXPECT_OK(syscall(SYS_capset, &header, data));
}

static void set_without_right(void *context)
{
    int id = *(int *)context;

    give_up_resources();
    EXPECT_ERR(queue_set_qbytes(id, MSGMNB + 1), EPERM);
    EXPECT_INT((long long)queue_stat(id).qbytes, MSGMNB);
    EXPECT_OK(queue_set_qbytes(id, MSGMNB));
    EXPECT_OK(queue_set_qbytes(id, 10));
}

static bool may_exceed(int id)
{
    if (queue_set_qbytes(id, MSGMNB + 1) == 0)
        return true;
    EXPECT_INT(errno, EPERM);
    leave_out("S3.17", "needs CAP_SYS_RESOURCE");
    return false;
}

START_TEST(set_above_the_limit) /* S3.17 */
{
    int id = new_queue(0600);

    EXPECT_INT(run(set_without_right, &id), 0);
    if (!may_exceed(id))
        return;
    EXPECT_OK(queue_set_qbytes(id, 40 * MSGMAX));
    for (int i = 0; i < 40; i++)
        EXPECT_OK(send_filled(id, 1, MSGMAX));
    EXPECT_ERR(send_filled(id, 1, 1), EAGAIN);
    EXPECT_OK(send_filled(id, 1, 0));
    EXPECT_INT(run(set_without_right, &(int){new_queue(0600)}), 0);
    for (int i = 0; i < 40; i++)
        EXPECT_INT(take(id, MSGMAX, 0, 0), MSGMAX);
    EXPECT_INT(take(id, MSGMAX, 0, 0), 0);
    expect_empty(id);
}
END_TEST

START_TEST(more_empty_ones_than_usual) /* S3.4, S3.17 */
{
    enum { MANY = 30000 };
    int id = new_queue(0600);

    if (!may_exceed(id))
        return;
    EXPECT_OK(queue_set_qbytes(id, MANY));
    for (int i = 0; i < MANY; i++)
        EXPECT_OK(send_filled(id, 1, 0));
    EXPECT_ERR(send_filled(id, 1, 0), EAGAIN);
    EXPECT_OK(queue_set_qbytes(id, MSGMNB));
    for (int i = 0; i < MANY; i++)
        EXPECT_INT(take(id, 0, 0, 0), 0);
    expect_empty(id);
}
END_TEST

/*
 * Permissions between users.
 */

struct target {
    key_t key;
    int id;
};

static void as_stranger(child_fn *body, int mode)
{
    struct target t = {.key = free_key()};

    if (!have_strangers())
        return;
    t.id = queue_at(t.key, mode);
    EXPECT_OK(send_text(t.id, 1, "root's"));
    EXPECT_INT(run_stranger(body, &t), 0);
    EXPECT(qnum(t.id) >= 0);
}

static void use_0600(void *context)
{
    struct target *t = context;
    struct shm_backend_msqid_ds ds = {.perm = {.uid = STRANGER, .gid = STRANGER}};
    struct letter letter = {.type = 0};

    EXPECT_INT(shm_backend_msgget(t->key, 0), t->id);
    EXPECT_INT(shm_backend_msgget(t->key, CREAT), t->id);
    EXPECT_ERR(shm_backend_msgget(t->key, 0400), EACCES);
    EXPECT_ERR(shm_backend_msgget(t->key, 0006), EACCES);
    EXPECT_ERR(shm_backend_msgget(t->key, CREAT | EXCL | 0600), EEXIST);
    EXPECT_ERR(shm_backend_msgtimedsnd(t->id, &letter, 1, NOWAIT, NULL), EINVAL); /* S3.3 */
    EXPECT_ERR(send_text(t->id, 1, "x"), EACCES);
    EXPECT_ERR(take(t->id, 10, 0, 0), EACCES);
    EXPECT_ERR(take(t->id, 1, 0, 0), EACCES); /* not E2BIG */
    EXPECT_ERR(take(t->id, (size_t)-1, 0, 0), EINVAL);
    EXPECT_ERR(stat_error(t->id, LIBSHM_IPC_STAT), EACCES);
    EXPECT_ERR(control(t->id, LIBSHM_IPC_STAT, NULL), EACCES);
    EXPECT_ERR(control(t->id, LIBSHM_IPC_SET, &ds), EPERM);
    EXPECT_ERR(remove_queue(t->id), EPERM);
}

START_TEST(stranger_uses_a_0600_queue) /* S0.11, S0.12, S0.19, S0.20, S3.3, S3.7 */
{
    as_stranger(use_0600, 0600);
}
END_TEST

static void use_0604(void *context)
{
    struct target *t = context;
    struct shm_backend_msqid_ds ds;

    EXPECT_INT(shm_backend_msgget(t->key, 0004), t->id);
    EXPECT_ERR(shm_backend_msgget(t->key, 0002), EACCES);
    EXPECT_OK(control(t->id, LIBSHM_IPC_STAT, &ds));
    EXPECT_INT((long long)ds.qnum, 1);
    EXPECT_ERR(send_text(t->id, 1, "x"), EACCES);
    EXPECT_ERR(control(t->id, LIBSHM_IPC_SET, &ds), EPERM);
    EXPECT_ERR(remove_queue(t->id), EPERM);
    expect_text(t->id, 0, 0, "root's");
    EXPECT_ERR(take(t->id, 10, 0, 0), ENOMSG);
}

START_TEST(stranger_uses_a_0604_queue) /* S3.3, S3.7 */
{
    as_stranger(use_0604, 0604);
}
END_TEST

static void use_0602(void *context)
{
    struct target *t = context;

    EXPECT_ERR(take(t->id, 10, 0, 0), EACCES);
    EXPECT_ERR(take(t->id, 10, 0, COPY), EACCES);
    EXPECT_ERR(stat_error(t->id, LIBSHM_IPC_STAT), EACCES);
    EXPECT_OK(send_text(t->id, 1, "x"));
    EXPECT_ERR(take(t->id, 10, 0, 0), EACCES);
}

START_TEST(stranger_uses_a_0602_queue) /* S3.3, S3.7 */
{
    as_stranger(use_0602, 0602);
}
END_TEST

static void use_0666(void *context)
{
    struct target *t = context;

    EXPECT_OK(send_text(t->id, 2, "x"));
    expect_text(t->id, 2, 0, "x");
    EXPECT_INT(queue_stat(t->id).lspid, getpid());
    EXPECT_INT(queue_stat(t->id).lrpid, getpid());
    EXPECT_ERR(queue_set_qbytes(t->id, 10), EPERM);
    EXPECT_ERR(queue_set_qbytes(t->id, MSGMNB + 1), EPERM);
    EXPECT_ERR(remove_queue(t->id), EPERM);
}

START_TEST(stranger_uses_a_0666_queue) /* S0.19 */
{
    as_stranger(use_0666, 0666);
}
END_TEST

/* Makes a queue as a user, whose own class decides. */
static void owner_refused(void *unused)
{
    int id = new_queue(0066);

    (void)unused;
    EXPECT_ERR(send_text(id, 1, "x"), EACCES);
    EXPECT_ERR(take(id, 1, 0, 0), EACCES);
    EXPECT_ERR(stat_error(id, LIBSHM_IPC_STAT), EACCES);
    struct shm_backend_msqid_ds ds = {.perm = {.uid = STRANGER, .gid = STRANGER, .mode = 0600},
                                      .qbytes = 77};
    EXPECT_OK(control(id, LIBSHM_IPC_SET, &ds)); /* S0.19: an owner may */
    EXPECT_OK(send_text(id, 1, "x"));
    EXPECT_INT((long long)queue_stat(id).qbytes, 77);
    ds.perm.mode = 0;
    EXPECT_OK(control(id, LIBSHM_IPC_SET, &ds));
    EXPECT_ERR(send_text(id, 1, "x"), EACCES);
    EXPECT_ERR(take(id, 1, 0, 0), EACCES);
    ds.qbytes = MSGMNB + 1;
    EXPECT_ERR(control(id, LIBSHM_IPC_SET, &ds), EPERM);
    EXPECT_OK(remove_queue(id));
}

START_TEST(first_class_that_matches_decides) /* S0.16, S0.19 */
{
    if (have_strangers())
        EXPECT_INT(run_stranger(owner_refused, NULL), 0);
}
END_TEST

START_TEST(root_passes_mode_0) /* S0.17 */
{
    int id = new_queue(0);

    if (!have_strangers())
        return;
    EXPECT_OK(send_text(id, 1, "x"));
    expect_text(id, 0, 0, "x");
    EXPECT_INT(queue_stat(id).perm.mode, 0);
    EXPECT_OK(remove_queue(id));
}
END_TEST

static void given_to_stranger(void *context)
{
    struct target *t = context;

    expect_text(t->id, 0, 0, "root's");
    EXPECT_OK(send_text(t->id, 1, "x"));
    EXPECT_INT(queue_stat(t->id).perm.uid, STRANGER);
    EXPECT_INT(queue_stat(t->id).perm.cuid, 0);
    EXPECT_OK(queue_set_qbytes(t->id, 99));
    EXPECT_OK(remove_queue(t->id));
}

START_TEST(root_gives_it_away) /* S0.15, S0.19 */
{
    if (!have_strangers())
        return;
    struct target t = {.key = free_key()};
    t.id = queue_at(t.key, 0600);
    EXPECT_OK(send_text(t.id, 1, "root's"));
    struct shm_backend_msqid_ds ds = queue_stat(t.id);
    ds.perm.uid = STRANGER;
    EXPECT_OK(control(t.id, LIBSHM_IPC_SET, &ds));
    EXPECT_INT(run_stranger(given_to_stranger, &t), 0);
    EXPECT_ERR(shm_backend_msgget(t.key, 0), ENOENT);
    EXPECT_ERR(send_text(t.id, 1, "x"), EINVAL);
}
END_TEST

/*
 * Listings.
 */

enum { OBJECTS = 9, CAPACITY = 4096 };

START_TEST(stat_by_index_visits_each_once) /* S0.27, S0.28, S5.31 */
{
    int ids[OBJECTS], visits[OBJECTS] = {0};
    struct shm_backend_msginfo info;
    struct shm_backend_msqid_ds ds;

    for (int i = 0; i < OBJECTS; i++) {
        ids[i] = new_queue(0600);
        EXPECT_OK(send_filled(ids[i], 1, 100 + (size_t)i));
    }
    int highest = (int)EXPECT_OK(shm_backend_msgctl(0, LIBSHM_MSG_INFO, &info));
    EXPECT_INT(shm_backend_msgctl(0, LIBSHM_IPC_INFO, &info), highest);
    for (int index = 0; index <= highest; index++) {
        int id = control(index, LIBSHM_MSG_STAT, &ds);
        EXPECT_INT(control(index, LIBSHM_MSG_STAT_ANY, &ds), id);
        for (int i = 0; i < OBJECTS; i++)
            if (id == ids[i]) {
                visits[i]++;
                EXPECT_INT((long long)ds.cbytes, 100 + i);
            }
    }
    for (int i = 0; i < OBJECTS; i++)
        EXPECT_INT(visits[i], 1);
    EXPECT_ERR(control(highest + 1, LIBSHM_MSG_STAT, &ds), EINVAL);
    EXPECT_ERR(control(-1, LIBSHM_MSG_STAT, &ds), EINVAL);
    EXPECT_ERR(control(-1, LIBSHM_MSG_STAT_ANY, &ds), EINVAL);
    EXPECT_ERR(control(highest + 1000000, LIBSHM_MSG_STAT_ANY, &ds), EINVAL);
}
END_TEST

START_TEST(limits) /* S3.1, S3.2, S3.3 */
{
    struct shm_backend_msginfo info;

    memset(&info, 0xa5, sizeof info);
    EXPECT_OK(shm_backend_msgctl(0, LIBSHM_IPC_INFO, &info));
    EXPECT_INT(info.msgmax, MSGMAX);
    EXPECT_INT(info.msgmnb, MSGMNB);
    EXPECT(info.msgmni >= 32);
}
END_TEST

START_TEST(usage) /* S3.19 */
{
    struct shm_backend_msginfo before, with;

    EXPECT_OK(shm_backend_msgctl(0, LIBSHM_MSG_INFO, &before));
    int a = new_queue(0600), b = new_queue(0600);
    EXPECT_OK(send_filled(a, 1, 1000));
    EXPECT_OK(send_filled(a, 1, 0));
    EXPECT_OK(send_filled(b, 1, 234));
    EXPECT_OK(shm_backend_msgctl(0, LIBSHM_MSG_INFO, &with));
    EXPECT_INT(with.msgpool - before.msgpool, 2);
    EXPECT_INT(with.msgmap - before.msgmap, 3);
    EXPECT_INT(with.msgtql - before.msgtql, 1234);
    EXPECT_INT(take(a, MSGMAX, 0, 0), 1000);
    EXPECT_OK(remove_queue(b));
    EXPECT_OK(shm_backend_msgctl(0, LIBSHM_MSG_INFO, &with));
    EXPECT_INT(with.msgpool - before.msgpool, 1);
    EXPECT_INT(with.msgmap - before.msgmap, 1);
    EXPECT_INT(with.msgtql - before.msgtql, 0);
}
END_TEST

static int listed(int id)
{
    static int ids[CAPACITY];
    ssize_t n = shm_backend_msg_list(ids, CAPACITY);
    int found = 0;

    EXPECT_OK(n);
    EXPECT(n <= CAPACITY);
    for (ssize_t i = 0; i < n; i++) {
        found += ids[i] == id;
        EXPECT(i == 0 || ids[i - 1] < ids[i]);
    }
    return found;
}

static void list_as_stranger(void *context)
{
    EXPECT_INT(listed(*(int *)context), 1);
}

START_TEST(list_of_queues) /* backend.h */
{
    int ids[OBJECTS], first[3] = {-7, -7, -7}, all[CAPACITY];
    ssize_t before = shm_backend_msg_list(NULL, 0);

    EXPECT_OK(before);
    for (int i = 0; i < OBJECTS; i++)
        ids[i] = queue_at(i % 2 ? free_key() : 0, 0600);
    EXPECT_INT(shm_backend_msg_list(NULL, 0), before + OBJECTS);
    for (int i = 0; i < OBJECTS; i++)
        EXPECT_INT(listed(ids[i]), 1);
    EXPECT_INT(shm_backend_msg_list(all, CAPACITY), before + OBJECTS);
    EXPECT_INT(shm_backend_msg_list(first, 2), before + OBJECTS);
    EXPECT(first[0] == all[0] && first[1] == all[1] && first[2] == -7);
    if (have_strangers())
        EXPECT_INT(run_stranger(list_as_stranger, &ids[0]), 0);
    EXPECT_OK(remove_queue(ids[1]));
    EXPECT_INT(listed(ids[1]), 0);
}
END_TEST

static void stat_foreign(void *context)
{
    struct target *t = context;
    struct shm_backend_msginfo info;
    int highest = (int)EXPECT_OK(shm_backend_msgctl(0, LIBSHM_MSG_INFO, &info));
    int refused = 0, found = 0;

    for (int i = 0; i <= highest; i++)
        refused += stat_error(i, LIBSHM_MSG_STAT) < 0 && errno == EACCES;
    EXPECT(refused >= 1);
    for (int i = 0; i <= highest; i++)
        found += stat_error(i, LIBSHM_MSG_STAT_ANY) == t->id;
    if (on_posix())
        leave_out("S0.21", "S5.14: a foreign 0600 file cannot be read");
    else
        EXPECT_INT(found, 1);
}

START_TEST(stat_by_index_of_foreign_queues) /* S0.20, S0.21 */
{
    as_stranger(stat_foreign, 0600);
}
END_TEST

START_TEST(collect_touches_no_whole_queue) /* backend.h */
{
    int id = queue_at(free_key(), 0600);

    EXPECT_OK(send_text(id, 1, "x"));
    EXPECT_OK(shm_backend_collect(NULL, NULL));
    expect_text(id, 0, 0, "x");
}
END_TEST

int main(int argc, char **argv)
{
    const struct listed_test tests[] = {
        {"new", new_queue_is_empty},
        {"keys", keys_name_queues},
        {"private", private_queues_are_new},
        {"negative_key", negative_key},
        {"families", families_have_their_own_keys},
        {"other_ids", ids_of_other_families_are_none},
        {"outlive", messages_outlive_their_sender},
        {"snd_order", order_of_checks_of_msgsnd},
        {"sizes", any_size},
        {"times", times_and_pids},
        {"room", sixteen_kilobytes},
        {"longest", two_of_the_longest},
        {"empty", sixteen_thousand_empty_ones},
        {"bytes", sixteen_thousand_of_one_byte},
        {"errno", success_leaves_errno_alone},
        {"rcv_order", order_of_checks_of_msgrcv},
        {"first", the_first},
        {"type", the_first_of_a_type},
        {"except", the_first_of_another_type},
        {"lowest", the_lowest_type},
        {"too_long", too_long_for_the_room},
        {"cut", cut_messages_leave_no_hole},
        {"efault", no_place_for_the_message},
        {"copy", copies},
        {"timeout", timeouts},
        {"bad_timeout", bad_timeouts},
        {"endless", timeouts_that_never_end},
        {"in_time", served_in_time},
        {"wake", receiver_is_woken},
        {"wake_bytes", sleeper_gets_every_byte},
        {"fifo", receivers_in_the_order_of_arrival},
        {"wake_types", receivers_by_type},
        {"wake_highest", highest_types_asleep},
        {"wake_too_long", too_long_for_a_sleeper},
        {"wake_sender", sender_is_woken},
        {"wake_senders", several_senders_are_woken},
        {"pass", small_one_passes_a_long_one},
        {"full", receiver_takes_from_a_full_queue},
        {"eidrm", removal_wakes_all},
        {"eintr", caught_signal_interrupts},
        {"ignored", ignored_signal_does_not_interrupt},
        {"stop", stop_and_continue},
        {"killed_receiver", killed_receiver_leaves_the_message},
        {"killed_sender", killed_sender_leaves_no_message},
        {"killed_given", killed_with_messages_in_hand},
        {"threads", threads_sleep_side_by_side},
        {"killed_threads", killed_with_many_messages_in_hand},
        {"ping_pong", no_wake_up_is_lost},
        {"stream", order_through_a_narrow_queue},
        {"rmid", removed_queue},
        {"ctl_order", order_of_checks_of_msgctl},
        {"set", set_changes_permissions},
        {"set_less", set_below_what_is_there},
        {"set_wakes", set_wakes_senders},
        {"set_receivers", set_keeps_receivers_asleep},
        {"set_more", set_above_the_limit},
        {"set_many", more_empty_ones_than_usual},
        {"use_0600", stranger_uses_a_0600_queue},
        {"use_0604", stranger_uses_a_0604_queue},
        {"use_0602", stranger_uses_a_0602_queue},
        {"use_0666", stranger_uses_a_0666_queue},
        {"first_class", first_class_that_matches_decides},
        {"mode_0", root_passes_mode_0},
        {"root_gives", root_gives_it_away},
        {"stat", stat_by_index_visits_each_once},
        {"limits", limits},
        {"usage", usage},
        {"list", list_of_queues},
        {"stat_foreign", stat_by_index_of_foreign_queues},
        {"collect", collect_touches_no_whole_queue},
    };
    return RUN_SUITE(argc, argv, "message queues", tests);
}
