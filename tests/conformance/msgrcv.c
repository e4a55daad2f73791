/* Receiving (S3.7 to S3.14, S3.16). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

START_TEST(bad_size_or_id) /* S3.7 */
{
    int id = new_queue(0600), stale = new_queue(0600);

    EXPECT_OK(remove_queue(stale));
    EXPECT_ERR(take(id, (size_t)-1, 0, 0), EINVAL);
    EXPECT_ERR(take(id, (size_t)LONG_MAX + 1, 0, 0), EINVAL);
    EXPECT_ERR(take(-1, 1, 0, 0), EINVAL);
    EXPECT_ERR(take(INT_MIN, 1, 0, 0), EINVAL);
    EXPECT_ERR(take(stale, 1, 0, 0), EINVAL);
    EXPECT_OK(send_text(id, 1, "x"));
    EXPECT_ERR(take(id, (size_t)-1, 0, 0), EINVAL);
    EXPECT_INT(take(id, (size_t)LONG_MAX, 0, 0), 1); /* any room will do */
}
END_TEST

static void check_permission(void *context)
{
    int id = *(int *)context;

    EXPECT_ERR(take(id, (size_t)-1, 0, 0), EINVAL);
    EXPECT_ERR(take(id, 10, 0, 0), EACCES);
    EXPECT_ERR(take(id, 0, 0, 0), EACCES);  /* not E2BIG */
    EXPECT_ERR(take(id, 10, 5, 0), EACCES); /* not ENOMSG */
}

START_TEST(permission_comes_before_the_search) /* S3.7 */
{
    int id = new_queue(0602);

    EXPECT_OK(send_text(id, 1, "x"));
    if (have_strangers())
        EXPECT_INT(run_stranger(check_permission, &id), 0);
    EXPECT_INT((long long)queue_stat(id).msg_qnum, 1);
}
END_TEST

/* b a c a b d, of the types 2 1 3 1 2 LONG_MAX. */
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

static void expect_rest(int id, const char *const *texts)
{
    for (; *texts; texts++)
        expect_text(id, 0, 0, *texts);
    expect_empty(id);
}

START_TEST(the_first) /* S3.8 */
{
    static const char *const all[] = {"b1", "a1", "c1", "a2", "b2", "d1", NULL};

    expect_rest(mixed_queue(), all);
}
END_TEST

START_TEST(the_first_of_a_type) /* S3.8 */
{
    static const char *const rest[] = {"c1", "d1", NULL};
    int id = mixed_queue();

    EXPECT_ERR(take(id, 9, 4, 0), ENOMSG);
    expect_text(id, 1, 0, "a1");
    expect_text(id, 1, 0, "a2");
    EXPECT_ERR(take(id, 9, 1, 0), ENOMSG);
    EXPECT_OK(send_text(id, 2, "b3"));
    expect_text(id, 2, 0, "b1");
    expect_text(id, 2, 0, "b2");
    expect_text(id, 2, 0, "b3");
    expect_rest(id, rest);
}
END_TEST

START_TEST(the_first_of_another_type) /* S3.8 */
{
    static const char *const rest[] = {"b1", "b2", NULL};
    int id = mixed_queue();

    expect_text(id, 2, MSG_EXCEPT, "a1");
    expect_text(id, 2, MSG_EXCEPT, "c1");
    expect_text(id, 2, MSG_EXCEPT, "a2");
    expect_text(id, 2, MSG_EXCEPT, "d1");
    EXPECT_ERR(take(id, 9, 2, MSG_EXCEPT), ENOMSG);
    expect_rest(id, rest);
}
END_TEST

START_TEST(the_lowest_type) /* S3.9 */
{
    int id = mixed_queue();

    expect_text(id, -3, 0, "a1");
    expect_text(id, -3, 0, "a2");
    EXPECT_ERR(take(id, 9, -1, 0), ENOMSG);
    expect_text(id, -2, 0, "b1");
    expect_text(id, -LONG_MAX, 0, "b2");
    EXPECT_ERR(take(id, 9, -2, 0), ENOMSG);
    expect_text(id, -3, 0, "c1");
    EXPECT_ERR(take(id, 9, -LONG_MAX + 1, 0), ENOMSG);
    expect_text(id, -LONG_MAX, 0, "d1");
    EXPECT_OK(send_text(id, LONG_MAX, "d2"));
    expect_text(id, LONG_MIN, 0, "d2");
}
END_TEST

START_TEST(except_is_ignored) /* S3.10 */
{
    int id = mixed_queue();

    expect_text(id, 0, MSG_EXCEPT, "b1");
    expect_text(id, -1, MSG_EXCEPT, "a1");
    expect_text(id, -3, MSG_EXCEPT, "a2");
    EXPECT_ERR(take(id, 9, -1, MSG_EXCEPT), ENOMSG);
}
END_TEST

START_TEST(too_long_stays) /* S3.11 */
{
    int id = new_queue(0600);

    EXPECT_OK(send_text(id, 7, "abcdef"));
    EXPECT_ERR(take(id, 5, 0, 0), E2BIG);
    EXPECT_ERR(take(id, 0, 7, 0), E2BIG);
    EXPECT_ERR(take(id, 5, -8, 0), E2BIG);
    EXPECT_ERR(take(id, 5, 8, MSG_EXCEPT), E2BIG);
    EXPECT_INT(queue_stat(id).msg_rtime, 0);
    EXPECT_INT(queue_stat(id).msg_lrpid, 0);
    expect_text(id, 0, 0, "abcdef");
}
END_TEST

START_TEST(too_long_is_cut) /* S3.11 */
{
    int id = new_queue(0600);
    struct letter letter = {.type = 0};

    EXPECT_OK(send_text(id, 7, "abcdef"));
    EXPECT_OK(send_text(id, 8, "x"));
    EXPECT_INT(msgrcv(id, &letter, 5, 0, MSG_NOERROR | IPC_NOWAIT), 5);
    EXPECT_INT(letter.type, 7);
    EXPECT(memcmp(letter.bytes, "abcde\0", 6) == 0);
    EXPECT_INT((long long)queue_stat(id).msg_cbytes, 1);
    EXPECT_INT(take(id, 0, 0, MSG_NOERROR), 0);
    expect_empty(id);
    EXPECT_OK(send_text(id, 7, "abc"));
    expect_text(id, 0, MSG_NOERROR, "abc"); /* of no effect */
}
END_TEST

START_TEST(no_message) /* S3.12 */
{
    int id = new_queue(0600);

    EXPECT_ERR(take(id, 10, 0, 0), ENOMSG);
    pid_t pid = start_receiver(id, 10, 0, 0);
    EXPECT_OK(send_text(id, 5, "x"));
    EXPECT_INT(reap(pid), RECEIVED('x'));
    pid = start_receiver(id, 10, 0, 0);
    EXPECT_OK(remove_queue(id));
    EXPECT_INT(reap(pid), EIDRM);
}
END_TEST

START_TEST(no_place_for_it) /* S3.13, S5.4 */
{
    int id = new_queue(0600);

    EXPECT_OK(send_text(id, 1, "lost"));
    EXPECT_OK(send_text(id, 1, "next"));
    EXPECT_ERR(msgrcv(id, NULL, 10, 0, IPC_NOWAIT), EFAULT);
    EXPECT_INT((long long)queue_stat(id).msg_qnum, 1);
    EXPECT_INT(queue_stat(id).msg_lrpid, getpid());
    expect_text(id, 0, 0, "next");
    EXPECT_ERR(msgrcv(id, NULL, 10, 0, IPC_NOWAIT), ENOMSG);
}
END_TEST

static bool have_copies(int id)
{
    if (take(id, 9, 0, MSG_COPY) >= 0 || errno != ENOSYS)
        return true;
    EXPECT(!on_drop_in());
    return false; /* a kernel without CONFIG_CHECKPOINT_RESTORE */
}

START_TEST(copies) /* S3.14 */
{
    static const char *const all[] = {"b1", "a1", "c1", "a2", "b2", "d1", NULL};
    int id = mixed_queue();
    struct letter letter;

    if (!have_copies(id))
        return;
    for (int i = 0; all[i]; i++)
        expect_text(id, i, MSG_COPY, all[i]);
    EXPECT_INT(msgrcv(id, &letter, 9, 5, MSG_COPY | IPC_NOWAIT), 2);
    EXPECT_INT(letter.type, LONG_MAX);
    EXPECT_INT(queue_stat(id).msg_lrpid, 0);
    EXPECT_INT(queue_stat(id).msg_rtime, 0);
    expect_rest(id, all);
    EXPECT_ERR(take(id, 9, 0, MSG_COPY), ENOMSG);
}
END_TEST

START_TEST(errors_of_copies) /* S3.14 */
{
    int id = mixed_queue();
    struct letter letter;

    if (!have_copies(id))
        return;
    EXPECT_ERR(msgrcv(id, &letter, 9, 0, MSG_COPY), EINVAL);
    EXPECT_ERR(msgrcv(id, &letter, 9, 0, MSG_COPY | MSG_EXCEPT), EINVAL);
    EXPECT_ERR(take(id, 9, 0, MSG_COPY | MSG_EXCEPT), EINVAL);
    EXPECT_ERR(take(id, 9, 6, MSG_COPY), ENOMSG);
    EXPECT_ERR(take(id, 9, LONG_MAX, MSG_COPY), ENOMSG);
    EXPECT_ERR(take(id, 9, -1, MSG_COPY), ENOMSG);
    EXPECT_ERR(take(id, 9, LONG_MIN, MSG_COPY), ENOMSG);
    EXPECT_ERR(take(id, 1, 0, MSG_COPY), E2BIG);
    EXPECT_ERR(take(id, 1, 0, MSG_COPY | MSG_NOERROR), EINVAL);
    EXPECT_INT(take(id, 2, 0, MSG_COPY | MSG_NOERROR), 2);
    EXPECT_INT((long long)queue_stat(id).msg_qnum, 6);
}
END_TEST

static void take_one(void *id)
{
    EXPECT_INT(take(*(int *)id, 10, 0, 0), 4);
}

START_TEST(receiving_sets_fields) /* S3.16 */
{
    int id = new_queue(0600);

    EXPECT_OK(send_text(id, 1, "four"));
    time_t made = queue_stat(id).msg_ctime, sent = queue_stat(id).msg_stime;
    await_next_second();
    pid_t pid = start(take_one, &id);
    EXPECT_INT(reap(pid), 0);
    struct msqid_ds ds = queue_stat(id);
    EXPECT_INT(ds.msg_lrpid, pid);
    EXPECT(ds.msg_rtime > sent);
    EXPECT_INT(ds.msg_stime, sent);
    EXPECT_INT(ds.msg_lspid, getpid());
    EXPECT_INT(ds.msg_ctime, made);
    expect_empty(id);
    EXPECT_INT(queue_stat(id).msg_lrpid, pid); /* who got none was no receiver */
}
END_TEST

void msgrcv_chapter(void)
{
    ADD_TESTS(bad_size_or_id, permission_comes_before_the_search, the_first,
              the_first_of_a_type, the_first_of_another_type, the_lowest_type,
              except_is_ignored, too_long_stays, too_long_is_cut, no_message, no_place_for_it,
              copies, errors_of_copies, receiving_sets_fields);
}
