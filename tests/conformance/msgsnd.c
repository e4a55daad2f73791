/* Sending (S3.3 to S3.6). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int send_letter(int id, const struct letter *letter, size_t size)
{
    return msgsnd(id, letter, size, IPC_NOWAIT);
}

static int stale_queue(void)
{
    int id = new_queue(0600);

    EXPECT_OK(remove_queue(id));
    return id;
}

START_TEST(no_data) /* S3.3, S5.4 */
{
    EXPECT_ERR(send_letter(new_queue(0600), NULL, 1), EFAULT);
    EXPECT_ERR(send_letter(-1, NULL, 1), EFAULT);
    EXPECT_ERR(send_letter(stale_queue(), NULL, MSGMAX + 1), EFAULT);
    EXPECT_ERR(send_letter(new_queue(0600), NULL, (size_t)-1), EFAULT);
}
END_TEST

START_TEST(bad_size_type_or_id) /* S3.3 */
{
    static const long types[] = {0, -1, LONG_MIN};
    static const size_t sizes[] = {MSGMAX + 1, (size_t)-1, (size_t)LONG_MAX};
    int id = new_queue(0600);
    struct letter letter = {.type = 1};

    for (size_t i = 0; i < COUNT(sizes) && !sizes_are_watched(); i++)
        EXPECT_ERR(send_letter(id, &letter, sizes[i]), EINVAL);
    EXPECT_ERR(send_letter(-1, &letter, 1), EINVAL);
    EXPECT_ERR(send_letter(INT_MIN, &letter, 1), EINVAL);
    EXPECT_ERR(send_letter(stale_queue(), &letter, 1), EINVAL);
    for (size_t i = 0; i < COUNT(types); i++) {
        letter.type = types[i];
        EXPECT_ERR(send_letter(id, &letter, 1), EINVAL);
    }
    expect_empty(id);
    EXPECT_INT(queue_stat(id).msg_lspid, 0);
}
END_TEST

static void check_before_permission(void *context)
{
    int id = *(int *)context;
    struct letter letter = {.type = 0};

    EXPECT_ERR(send_letter(id, &letter, 1), EINVAL);
    letter.type = 1;
    if (!sizes_are_watched())
        EXPECT_ERR(send_letter(id, &letter, MSGMAX + 1), EINVAL);
    EXPECT_ERR(send_letter(id, &letter, 1), EACCES);
}

START_TEST(permission_comes_before_room) /* S3.3 */
{
    int id = new_queue(0604);

    EXPECT_OK(send_filled(id, 1, MSGMAX));
    EXPECT_OK(send_filled(id, 1, MSGMAX));
    EXPECT_ERR(send_filled(id, 1, 1), EAGAIN);
    if (have_strangers())
        EXPECT_INT(run_stranger(check_before_permission, &id), 0);
}
END_TEST

START_TEST(room_for_bytes) /* S3.4 */
{
    int id = new_queue(0600);

    for (int i = 0; i < 16; i++)
        EXPECT_OK(send_filled(id, 1, 1024));
    EXPECT_ERR(send_filled(id, 1, 1), EAGAIN);
    EXPECT_OK(send_filled(id, 1, 0));
    EXPECT_INT((long long)queue_stat(id).msg_cbytes, MSGMNB);
    EXPECT_INT((long long)queue_stat(id).msg_qnum, 17);
    EXPECT_INT(take(id, MSGMAX, 0, 0), 1024);
    EXPECT_ERR(send_filled(id, 1, 1025), EAGAIN);
    EXPECT_OK(send_filled(id, 1, 1024));
    EXPECT_ERR(send_filled(id, 1, 1), EAGAIN);
}
END_TEST

START_TEST(room_for_messages) /* S3.4 */
{
    int id = new_queue(0600);

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MSGMNB; i++)
            EXPECT_OK(send_filled(id, 1 + i % 3, (size_t)round));
        EXPECT_ERR(send_filled(id, 1, 0), EAGAIN);
        EXPECT_INT((long long)queue_stat(id).msg_qnum, MSGMNB);
        for (int i = 0; i < MSGMNB; i++)
            EXPECT_INT(take(id, 1, 0, 0), round);
        expect_empty(id);
    }
}
END_TEST

/* No room for a byte. */
static int full_queue(void)
{
    int id = new_queue(0600);

    EXPECT_OK(send_filled(id, 9, MSGMAX));
    EXPECT_OK(send_filled(id, 9, MSGMAX));
    return id;
}

START_TEST(no_room) /* S3.5 */
{
    int id = full_queue();

    EXPECT_ERR(send_text(id, 1, "x"), EAGAIN);
    pid_t pid = start_sender(id, 2, "late");
    EXPECT_INT((long long)queue_stat(id).msg_qnum, 2);
    EXPECT_INT(take(id, MSGMAX, 0, 0), MSGMAX);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(queue_stat(id).msg_lspid, pid);
    expect_text(id, 2, 0, "late");
}
END_TEST

START_TEST(removal_wakes_a_sender) /* S3.5 */
{
    int id = full_queue();
    pid_t pid = start_sender(id, 2, "late");

    EXPECT_OK(remove_queue(id));
    EXPECT_INT(reap(pid), EIDRM);
}
END_TEST

static void fill(struct letter *letter, size_t size)
{
    for (size_t i = 0; i < size; i++)
        letter->bytes[i] = (char)(i * 7 + i / 251 + size);
}

static void send_and_receive(int id, size_t size)
{
    struct letter sent = {.type = (long)size + 1}, got = {.type = -5};

    fill(&sent, size);
    got.bytes[size % MSGMAX] = 'g';
    EXPECT_OK(send_letter(id, &sent, size));
    EXPECT_INT((long long)queue_stat(id).msg_cbytes, (long long)size);
    EXPECT_INT(msgrcv(id, &got, size, 0, 0), (long long)size);
    EXPECT_INT(got.type, (long)size + 1);
    EXPECT(memcmp(sent.bytes, got.bytes, size) == 0);
    if (size < MSGMAX)
        EXPECT_INT(got.bytes[size], 'g'); /* not a byte more */
}

START_TEST(any_size) /* S3.6 */
{
    static const size_t sizes[] = {0, 1, 7, 8, 103, 104, 105, 4048, 4049, 8191, MSGMAX};
    int id = new_queue(0600);

    for (size_t i = 0; i < COUNT(sizes); i++)
        send_and_receive(id, sizes[i]);
    for (size_t size = 0; size <= MSGMAX; size += 97)
        send_and_receive(id, size);
    expect_empty(id);
}
END_TEST

static void send_one(void *id)
{
    EXPECT_OK(send_text(*(int *)id, 4, "four"));
}

START_TEST(sending_sets_fields) /* S3.6 */
{
    int id = new_queue(0600);
    time_t made = queue_stat(id).msg_ctime;

    await_next_second();
    pid_t pid = start(send_one, &id);
    EXPECT_INT(reap(pid), 0);
    struct msqid_ds ds = queue_stat(id);
    EXPECT_INT(ds.msg_lspid, pid);
    EXPECT_INT(ds.msg_lrpid, 0);
    EXPECT(ds.msg_stime > made);
    EXPECT_INT(ds.msg_rtime, 0);
    EXPECT_INT(ds.msg_ctime, made);
    EXPECT_INT((long long)ds.msg_qnum, 1);
    EXPECT_INT((long long)ds.msg_cbytes, 4);
}
END_TEST

void msgsnd_chapter(void)
{
    ADD_TESTS(no_data, bad_size_type_or_id, permission_comes_before_room, room_for_bytes,
              room_for_messages, no_room, removal_wakes_a_sender, any_size,
              sending_sets_fields);
}
