/* Sleeping receivers and senders (S3.15, and what S3.5 and S3.8 mean to them). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

START_TEST(served_by_the_sender) /* S3.15 */
{
    int id = new_queue(0600);
    pid_t pid = start_receiver(id, 10, 0, 0);

    EXPECT_OK(send_text(id, 5, "x"));
    expect_empty(id); /* it was never there for anybody else */
    struct msqid_ds ds = queue_stat(id);
    EXPECT_INT(ds.msg_lspid, getpid());
    EXPECT_INT(ds.msg_lrpid, pid);
    EXPECT(ds.msg_stime > 0 && ds.msg_rtime > 0);
    EXPECT_INT(reap(pid), RECEIVED('x'));
}
END_TEST

START_TEST(first_come_first_served) /* S3.15 */
{
    enum { SLEEPERS = 5 };
    int id = new_queue(0600);
    pid_t pids[SLEEPERS];

    for (int i = 0; i < SLEEPERS; i++)
        pids[i] = start_receiver(id, 10, 0, 0);
    for (int i = 0; i < SLEEPERS; i++)
        EXPECT_OK(send_text(id, 1, (char[]){(char)('a' + i), 0}));
    expect_empty(id);
    for (int i = 0; i < SLEEPERS; i++)
        EXPECT_INT(reap(pids[i]), RECEIVED('a' + i));
}
END_TEST

START_TEST(each_by_its_type) /* S3.8, S3.9, S3.15 */
{
    int id = new_queue(0600);
    pid_t three = start_receiver(id, 10, 3, 0), up_to_two = start_receiver(id, 10, -2, 0),
          not_four = start_receiver(id, 10, 4, MSG_EXCEPT), any = start_receiver(id, 10, 0, 0);

    EXPECT_OK(send_text(id, 4, "d")); /* passes three calls that came before */
    EXPECT_INT(reap(any), RECEIVED('d'));
    EXPECT_OK(send_text(id, 4, "e"));
    EXPECT_INT((long long)queue_stat(id).msg_qnum, 1);
    EXPECT_OK(send_text(id, 2, "b"));
    EXPECT_INT(reap(up_to_two), RECEIVED('b'));
    EXPECT_OK(send_text(id, 3, "c"));
    EXPECT_INT(reap(three), RECEIVED('c'));
    EXPECT_OK(send_text(id, 3, "f"));
    EXPECT_INT(reap(not_four), RECEIVED('f'));
    expect_text(id, 0, 0, "e");
}
END_TEST

START_TEST(highest_types) /* S3.9 */
{
    int id = new_queue(0600);
    pid_t least = start_receiver(id, 10, LONG_MIN, 0);

    EXPECT_OK(send_text(id, LONG_MAX, "z"));
    EXPECT_INT(reap(least), RECEIVED('z'));
    pid_t most = start_receiver(id, 10, -LONG_MAX, 0);
    EXPECT_OK(send_text(id, LONG_MAX, "y"));
    EXPECT_INT(reap(most), RECEIVED('y'));
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
    EXPECT_OK(send_text(id, 7, "def"));
    EXPECT_INT(reap(other), RECEIVED('d'));
}
END_TEST

START_TEST(too_long_for_all_sleepers) /* S3.15 */
{
    int id = new_queue(0600);
    pid_t small = start_receiver(id, 2, 0, 0), cuts = start_receiver(id, 2, 7, MSG_NOERROR);

    EXPECT_OK(send_text(id, 1, "def"));
    EXPECT_INT(reap(small), E2BIG);
    EXPECT_INT((long long)queue_stat(id).msg_qnum, 1); /* for whoever comes */
    EXPECT_OK(send_text(id, 7, "jkl"));
    EXPECT_INT(reap(cuts), RECEIVED('j'));
    expect_text(id, 0, 0, "def");
}
END_TEST

START_TEST(taken_from_a_full_queue) /* S3.4, S3.15 */
{
    int id = new_queue(0600);

    EXPECT_OK(send_filled(id, 9, MSGMAX));
    EXPECT_OK(send_filled(id, 9, MSGMAX));
    pid_t pid = start_receiver(id, 10, 2, 0);
    EXPECT_ERR(send_text(id, 2, "x"), EAGAIN); /* room is asked for all the same */
    EXPECT_OK(send_text(id, 2, ""));
    EXPECT_INT(reap(pid), RECEIVED(0));
    EXPECT_INT((long long)queue_stat(id).msg_qnum, 2);
}
END_TEST

START_TEST(several_senders_wake) /* S3.5, S5.34 */
{
    enum { SLEEPERS = 6 };
    int id = new_queue(0600);
    pid_t pids[SLEEPERS];

    EXPECT_OK(send_filled(id, 9, MSGMAX));
    EXPECT_OK(send_filled(id, 9, MSGMAX));
    for (int i = 0; i < SLEEPERS; i++)
        pids[i] = start_sender(id, 2, "late");
    EXPECT_INT(take(id, MSGMAX, 0, 0), MSGMAX);
    for (int i = 0; i < SLEEPERS; i++)
        EXPECT_INT(reap(pids[i]), 0);
    EXPECT_INT((long long)queue_stat(id).msg_qnum, 1 + SLEEPERS);
}
END_TEST

static void answer(void *context)
{
    int id = *(int *)context;
    struct letter letter;

    for (int i = 0; i < 500; i++) {
        EXPECT_INT(msgrcv(id, &letter, MSGMAX, 1, 0), i % 200);
        letter.type = 2;
        EXPECT_OK(msgsnd(id, &letter, (size_t)(i % 200), 0));
    }
}

START_TEST(no_wake_up_is_lost) /* S3.15 */
{
    int id = new_queue(0600);
    struct letter sent = {.type = 1}, got;
    pid_t pid = start(answer, &id);

    for (int i = 0; i < 500; i++) {
        memset(sent.bytes, i, 200);
        EXPECT_OK(msgsnd(id, &sent, (size_t)(i % 200), 0));
        EXPECT_INT(msgrcv(id, &got, MSGMAX, 2, 0), i % 200);
        EXPECT(memcmp(sent.bytes, got.bytes, (size_t)(i % 200)) == 0);
    }
    EXPECT_INT(reap(pid), 0);
    expect_empty(id);
}
END_TEST

static void send_a_stream(void *context)
{
    struct letter letter = {.type = 1};

    for (int i = 0; i < 2000; i++) {
        memcpy(letter.bytes, &i, sizeof i);
        EXPECT_OK(msgsnd(*(int *)context, &letter, sizeof i, 0));
    }
}

START_TEST(order_through_a_narrow_queue) /* S3.4, S3.5 */
{
    int id = new_queue(0600);
    struct letter letter;

    EXPECT_OK(queue_set_qbytes(id, 3 * sizeof(int)));
    pid_t pid = start(send_a_stream, &id);
    for (int i = 0, got; i < 2000; i++) {
        EXPECT_INT(msgrcv(id, &letter, MSGMAX, 0, 0), sizeof got);
        memcpy(&got, letter.bytes, sizeof got);
        EXPECT_INT(got, i);
    }
    EXPECT_INT(reap(pid), 0);
}
END_TEST

struct thread_call {
    int id, result;
    long type;
};

static void *receive_in_thread(void *context)
{
    struct thread_call *c = context;
    struct letter letter;

    c->result = msgrcv(c->id, &letter, 1, c->type, 0) == 1 ? letter.bytes[0] : -errno;
    return NULL;
}

START_TEST(threads_sleep_side_by_side) /* S3.15, S3.18 */
{
    enum { THREADS = 6 };
    int id = new_queue(0600);
    pthread_t threads[THREADS];
    struct thread_call calls[THREADS];

    for (int i = 0; i < THREADS; i++) {
        calls[i] = (struct thread_call){id, 0, 1 + i % 2};
        EXPECT_INT(pthread_create(&threads[i], NULL, receive_in_thread, &calls[i]), 0);
    }
    UNTIL(asleep(getpid()) == THREADS);
    for (int i = 0; i < THREADS / 2; i++)
        EXPECT_OK(send_text(id, 1, "a"));
    expect_empty(id);
    EXPECT_OK(remove_queue(id));
    for (int i = 0; i < THREADS; i++) {
        EXPECT_INT(pthread_join(threads[i], NULL), 0);
        EXPECT_INT(calls[i].result, i % 2 ? -EIDRM : 'a');
    }
}
END_TEST

void msgwait_chapter(void)
{
    ADD_TESTS(served_by_the_sender, first_come_first_served, each_by_its_type, highest_types,
              too_long_for_a_sleeper, too_long_for_all_sleepers, taken_from_a_full_queue,
              several_senders_wake, no_wake_up_is_lost, order_through_a_narrow_queue,
              threads_sleep_side_by_side);
}
