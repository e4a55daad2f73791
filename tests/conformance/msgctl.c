/* Control of queues (S3.17, S3.18). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <sys/syscall.h>
#include <unistd.h>

static int full_queue(void)
{
    int id = new_queue(0600);

    EXPECT_OK(send_filled(id, 9, MSGMAX));
    EXPECT_OK(send_filled(id, 9, MSGMAX));
    return id;
}

START_TEST(fewer_bytes_than_are_there) /* S3.17 */
{
    int id = full_queue();

    EXPECT_OK(queue_set_qbytes(id, 100));
    EXPECT_INT((long long)queue_stat(id).msg_qbytes, 100);
    EXPECT_INT((long long)queue_stat(id).msg_cbytes, MSGMNB);
    EXPECT_ERR(send_text(id, 1, ""), EAGAIN);
    EXPECT_INT(take(id, MSGMAX, 0, 0), MSGMAX);
    EXPECT_ERR(send_text(id, 1, ""), EAGAIN);
    EXPECT_INT(take(id, MSGMAX, 0, 0), MSGMAX);
    EXPECT_ERR(send_filled(id, 1, 101), EAGAIN);
    EXPECT_OK(send_filled(id, 1, 100));
}
END_TEST

START_TEST(room_for_none_and_one) /* S3.17 */
{
    int id = new_queue(0600);

    EXPECT_OK(queue_set_qbytes(id, 0));
    EXPECT_ERR(send_text(id, 1, ""), EAGAIN);
    EXPECT_OK(queue_set_qbytes(id, 1));
    EXPECT_OK(send_text(id, 1, ""));
    EXPECT_ERR(send_text(id, 1, ""), EAGAIN);
}
END_TEST

START_TEST(raising_wakes_senders) /* S3.17 */
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

START_TEST(setting_keeps_receivers_asleep) /* S3.17, S5.32 */
{
    int id = new_queue(0600);
    pid_t pid = start_receiver(id, 10, 0, 0);

    EXPECT_OK(queue_set_qbytes(id, 100));
    EXPECT_OK(queue_set_qbytes(id, 200));
    EXPECT(!has_ended(pid));
    EXPECT_OK(send_text(id, 1, "x"));
    EXPECT_INT(reap(pid), RECEIVED('x'));
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
    EXPECT_INT((long long)queue_stat(id).msg_qbytes, MSGMNB);
    EXPECT_OK(queue_set_qbytes(id, MSGMNB));
    EXPECT_OK(queue_set_qbytes(id, 10));
}

START_TEST(root_alone_is_not_enough) /* S3.17 */
{
    int id = new_queue(0600);

    EXPECT_INT(run(set_without_right, &id), 0);
}
END_TEST

START_TEST(more_than_usual) /* S3.17, S5.33 */
{
    int id = new_queue(0600);

    if (queue_set_qbytes(id, 10 * MSGMAX) != 0) {
        EXPECT_INT(errno, EPERM);
        return; /* without CAP_SYS_RESOURCE */
    }
    for (int i = 0; i < 10; i++)
        EXPECT_OK(send_filled(id, 1, MSGMAX));
    EXPECT_ERR(send_filled(id, 1, 1), EAGAIN);
    for (int i = 0; i < 10; i++)
        EXPECT_INT(take(id, MSGMAX, 0, 0), MSGMAX);
    expect_empty(id);
}
END_TEST

START_TEST(removal_wakes_all) /* S3.18 */
{
    int id = full_queue();
    pid_t a = start_sender(id, 2, "a"), b = start_receiver(id, 10, 5, 0),
          c = start_sender(id, 2, "c"), d = start_receiver(id, 10, -4, MSG_NOERROR);

    EXPECT_OK(remove_queue(id));
    EXPECT_INT(reap(a), EIDRM);
    EXPECT_INT(reap(b), EIDRM);
    EXPECT_INT(reap(c), EIDRM);
    EXPECT_INT(reap(d), EIDRM);
    EXPECT_ERR(send_text(id, 1, "x"), EINVAL);
    EXPECT_ERR(take(id, 1, 0, 0), EINVAL);
    EXPECT_ERR(remove_queue(id), EINVAL);
}
END_TEST

START_TEST(removal_drops_the_messages) /* S3.18 */
{
    key_t key = free_key();
    int id = queue_at(key, 0600);

    EXPECT_OK(send_text(id, 1, "x"));
    EXPECT_OK(remove_queue(id));
    EXPECT_ERR(msgget(key, 0), ENOENT);
    expect_empty(queue_at(key, 0600));
}
END_TEST

void msgctl_chapter(void)
{
    ADD_TESTS(fewer_bytes_than_are_there, room_for_none_and_one, raising_wakes_senders,
              setting_keeps_receivers_asleep, root_alone_is_not_enough, more_than_usual,
              removal_wakes_all, removal_drops_the_messages);
}
