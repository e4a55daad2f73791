/* The public interface of message queues: libshm/queue.h. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libshm/queue.h"
#include "tests/suite.h"

enum { ROOM = 64 };

struct note {
    long type;
    char text[ROOM];
};

static struct shm_queue *make(void)
{
    struct shm_queue *q = shm_create_queue(test_key(0), 0600);
    ck_made(q);
    return q;
}

static struct shm_queue_status status_of(struct shm_queue *q)
{
    struct shm_queue_status st;
    ck_works(shm_queue_stat(q, &st));
    return st;
}

static void remove_and_free(struct shm_queue *q)
{
    ck_works(shm_remove_queue(status_of(q).msqid));
    shm_queue_free(q);
}

static int send_text(struct shm_queue *q, long type, const char *text)
{
    struct note n = {.type = type};
    strncpy(n.text, text, sizeof n.text - 1);
    return shm_queue_send_timed(q, &n, strlen(text), 0);
}

START_TEST(what_is_sent_is_received)
{
    struct shm_queue *q = make();
    struct note n;
    ck_works(send_text(q, 7, "first"));
    ck_works(send_text(q, 3, "second"));
    ck_assert_int_eq(shm_queue_receive(q, &n, ROOM, 0, 0), 5);
    ck_assert_int_eq(n.type, 7);
    ck_assert_mem_eq(n.text, "first", 5);
    ck_assert_int_eq(shm_queue_receive(q, &n, ROOM, 0, 0), 6);
    ck_assert_int_eq(n.type, 3);
    ck_assert_mem_eq(n.text, "second", 6);
    ck_fails(shm_queue_receive_timed(q, &n, ROOM, 0, 0, 0), EAGAIN);
    remove_and_free(q);
}
END_TEST

START_TEST(types_are_chosen)
{
    struct shm_queue *q = make();
    struct note n;
    for (long type = 5; type > 0; type--)
        ck_works(send_text(q, type, "x"));
    ck_assert_int_eq(shm_queue_receive(q, &n, ROOM, 4, 0), 1);
    ck_assert_int_eq(n.type, 4);
    ck_assert_int_eq(shm_queue_receive(q, &n, ROOM, -3, 0), 1);
    ck_assert_int_eq(n.type, 1);
    ck_assert_int_eq(shm_queue_receive(q, &n, ROOM, 5, LIBSHM_EXCEPT), 1);
    ck_assert_int_eq(n.type, 3);
    ck_fails(shm_queue_receive_timed(q, &n, ROOM, 4, 0, 0), EAGAIN);
    remove_and_free(q);
}
END_TEST

START_TEST(long_messages_stay_or_are_cut)
{
    struct shm_queue *q = make();
    struct note n = {.type = 0};
    ck_works(send_text(q, 1, "longer than two"));
    ck_fails(shm_queue_receive(q, &n, 2, 0, 0), E2BIG);
    ck_assert_int_eq(status_of(q).qnum, 1);
    ck_assert_int_eq(shm_queue_receive(q, &n, 2, 0, LIBSHM_CUT), 2);
    ck_assert_mem_eq(n.text, "lo\0", 3);
    ck_assert_int_eq(status_of(q).qnum, 0);
    remove_and_free(q);
}
END_TEST

START_TEST(status_tells_what_is_in_it)
{
    struct shm_queue *q = make();
    struct shm_queue_status st = status_of(q);
    ck_assert_uint_eq(st.key, (uint32_t)test_key(0));
    ck_assert_int_eq(st.msqid, shm_getmsqid(test_key(0)));
    ck_assert_int_eq(st.perm, 0600);
    ck_assert_int_eq(st.uid, geteuid());
    ck_assert_int_eq(st.lspid, 0);
    ck_assert_uint_gt(st.qbytes, 0);
    ck_works(send_text(q, 1, "12345"));
    ck_works(send_text(q, 1, ""));
    st = status_of(q);
    ck_assert_uint_eq(st.qnum, 2);
    ck_assert_uint_eq(st.cbytes, 5);
    ck_assert_int_eq(st.lspid, getpid());
    ck_assert_int_gt(st.stime, 0);
    ck_assert_int_eq(st.rtime, 0);
    remove_and_free(q);
}
END_TEST

static int send_one(void *queue)
{
    return send_text(queue, 9, "from a child") == 0 ? 0 : errno;
}

static int receive_one(void *queue)
{
    struct note n;
    return shm_queue_receive(queue, &n, ROOM, 9, 0) == 12 ? 0 : errno;
}

START_TEST(processes_pass_messages)
{
    struct shm_queue *q = make();
    struct note n;
    ck_assert_int_eq(child_run(send_one, q), 0);
    ck_assert_int_eq(shm_queue_receive_timed(q, &n, ROOM, 9, 0, 5000), 12);
    pid_t receiver = child_start(receive_one, q);
    ck_assert_int_eq(send_one(q), 0);
    ck_assert_int_eq(child_end(receiver), 0);
    ck_assert_int_eq(status_of(q).lrpid, receiver);
    remove_and_free(q);
}
END_TEST

START_TEST(a_full_queue_lets_senders_wait)
{
    struct shm_queue *q = make();
    ck_works(shm_queue_setqbytes(q, 10));
    ck_works(send_text(q, 1, "0123456789"));
    ck_fails(send_text(q, 1, "x"), EAGAIN);
    struct note n = {.type = 1};
    double begun = seconds_now();
    ck_fails(shm_queue_send_timed(q, &n, 1, 30), EAGAIN);
    ck_assert_double_ge(seconds_now() - begun, 0.029);
    ck_works(shm_queue_setqbytes(q, 11));
    ck_works(send_text(q, 1, "x"));
    remove_and_free(q);
}
END_TEST

static int fail_to_receive(void *queue)
{
    struct note n;
    return shm_queue_receive(queue, &n, ROOM, 0, 0) < 0 ? errno : 0;
}

static volatile sig_atomic_t alarms;

static void count_alarm(int number)
{
    (void)number;
    alarms++;
}

START_TEST(a_removed_queue_says_so)
{
    struct shm_queue *q = make();
    int msqid = status_of(q).msqid;
    pid_t waiting = child_start(fail_to_receive, q);
    struct note n = {.type = 1};
    ck_works(shm_remove_queue(msqid));
    ck_assert_int_eq(child_end(waiting), EIDRM);
    ck_fails(shm_queue_send(q, &n, 1), EIDRM);
    ck_fails(shm_queue_receive_timed(q, &n, ROOM, 0, 0, 0), EIDRM);
    struct shm_queue_status st;
    ck_fails(shm_queue_stat(q, &st), EIDRM);
    ck_fails(shm_queue_setperm(q, 0600), EIDRM);
    ck_fails(shm_remove_queue(msqid), EINVAL);
    shm_queue_free(q);
    ck_refuses(shm_queue(msqid), EINVAL);
    ck_fails(shm_getmsqid(test_key(0)), ENOENT);
}
END_TEST

START_TEST(a_handler_ends_the_wait)
{
    struct shm_queue *q = make();
    struct sigaction action = {.sa_handler = count_alarm};
    struct note n;
    sigaction(SIGALRM, &action, NULL);
    alarm(1);
    ck_fails(shm_queue_receive(q, &n, ROOM, 0, 0), EINTR);
    ck_assert_int_eq(alarms, 1);
    remove_and_free(q);
}
END_TEST

START_TEST(arguments_are_checked)
{
    struct shm_queue *q = make();
    static struct {
        long type;
        char bytes[1 << 20];
    } large = {.type = 1};
    struct note n = {.type = 0};
    ck_fails(shm_queue_send(q, &n, 1), EINVAL);
    n.type = -1;
    ck_fails(shm_queue_send(q, &n, 1), EINVAL);
    ck_fails(shm_queue_send_timed(q, &large, sizeof large.bytes, 0), EINVAL);
    ck_fails(shm_queue_send(q, NULL, 1), EFAULT);
    ck_fails(shm_queue_receive(q, NULL, 1, 0, 0), EFAULT);
    ck_fails(shm_queue_receive(q, &n, ROOM, 0, 04000), EINVAL);
    ck_refuses(shm_create_queue(test_key(0), 0600), EEXIST);
    ck_refuses(shm_create_queue(test_key(1), 01600), EINVAL);
    ck_fails(shm_getmsqid(LIBSHM_PRIVATE), ENOENT);
    ck_assert_int_eq(status_of(q).qnum, 0);
    remove_and_free(q);
}
END_TEST

START_TEST(one_handle_for_one_queue)
{
    struct shm_queue *q = make();
    struct shm_queue *again = shm_queue(status_of(q).msqid);
    ck_assert_ptr_eq(q, again);
    ck_works(shm_queue_setperm(again, 0640));
    ck_assert_int_eq(status_of(q).perm, 0640);
    shm_queue_free(again);
    remove_and_free(q);
}
END_TEST

static int strangers(void *queue)
{
    struct note n = {.type = 1};
    struct shm_queue_status st;
    CHILD_EXPECT(become_nobody());
    CHILD_EXPECT(shm_queue_send(queue, &n, 1) < 0 && errno == EACCES);
    CHILD_EXPECT(shm_queue_receive_timed(queue, &n, ROOM, 0, 0, 0) < 0 && errno == EACCES);
    CHILD_EXPECT(shm_queue_stat(queue, &st) < 0 && errno == EACCES);
    CHILD_EXPECT(shm_remove_queue(shm_getmsqid(test_key(0))) < 0 && errno == EPERM);
    return 0;
}

START_TEST(permissions_count)
{
    if (!have_root("queues of other users"))
        return;
    struct shm_queue *q = make();
    ck_assert_int_eq(child_run(strangers, q), 0);
    remove_and_free(q);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        what_is_sent_is_received,   types_are_chosen,        long_messages_stay_or_are_cut,
        status_tells_what_is_in_it, processes_pass_messages, a_full_queue_lets_senders_wait,
        a_removed_queue_says_so,    a_handler_ends_the_wait, arguments_are_checked,
        one_handle_for_one_queue,   permissions_count};
    return RUN_TESTS("queue", tests);
}
