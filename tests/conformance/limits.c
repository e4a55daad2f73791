/* Limits and usage (S1.3, S1.48, S1.49, S2.4, S2.49, S2.50, S3.1, S3.19, S5.31). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * What is full: tried in a namespace of its own, whose limits are lowered. The drop-in has none
 * but those of the store, S5.31, and of variables: tests/dropin/limits_posix.sh.
 */

static bool set_limit(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, value, strlen(value)) > 0;

    if (fd >= 0)
        close(fd);
    return written;
}

struct limit {
    const char *path, *value;
    int (*get)(void);
    int fitting; /* calls */
};

static void reach_limit(void *context)
{
    struct limit *limit = context;

    if (unshare(CLONE_NEWIPC) != 0 || !set_limit(limit->path, limit->value))
        _exit(77);
    for (int i = 0; i < limit->fitting; i++)
        EXPECT_OK(limit->get());
    EXPECT_ERR(limit->get(), ENOSPC);
}

static void expect_limit(struct limit limit)
{
    if (differs("S5.31"))
        return;
    int status = run(reach_limit, &limit);
    if (status == 77)
        puts("left out, because the limits cannot be lowered here");
    else
        EXPECT_INT(status, 0);
}

static int get_segment(void)
{
    return shmget(IPC_PRIVATE, 3 * (size_t)sysconf(_SC_PAGESIZE), 0600);
}

static int get_set(void)
{
    return semget(IPC_PRIVATE, 3, 0600);
}

static int get_queue(void)
{
    return msgget(IPC_PRIVATE, 0600);
}

START_TEST(too_many_segments) /* S1.3 */
{
    expect_limit((struct limit){"/proc/sys/kernel/shmmni", "7", get_segment, 7});
    expect_limit((struct limit){"/proc/sys/kernel/shmall", "10", get_segment, 3});
}
END_TEST

START_TEST(too_many_sets) /* S2.4 */
{
    expect_limit((struct limit){"/proc/sys/kernel/sem", "32000 1000 500 7", get_set, 7});
    expect_limit((struct limit){"/proc/sys/kernel/sem", "32000 10 500 100", get_set, 3});
}
END_TEST

START_TEST(too_many_queues) /* S3.1 */
{
    expect_limit((struct limit){"/proc/sys/kernel/msgmni", "7", get_queue, 7});
}
END_TEST

/* Many are possible everywhere. */
START_TEST(many_objects) /* S5.31 */
{
    enum { MANY = 1000 };

    EACH_FAMILY (f)
        for (int i = 0; i < MANY; i++)
            object_at(f, IPC_PRIVATE, 1, 0600);
}
END_TEST

/*
 * Limits.
 */

static bool is_usual(const char *path, long long usual)
{
    char text[64] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && read(fd, text, sizeof text - 1) < 0)
        text[0] = '\0';
    if (fd >= 0)
        close(fd);
    return !on_drop_in() && atoll(text) == usual;
}

START_TEST(limits_of_segments) /* S1.49 */
{
    struct shminfo info;

    memset(&info, 0xa5, sizeof info);
    EXPECT_OK(families[SHM].control(0, IPC_INFO, &info));
    EXPECT_INT((long long)info.shmmin, 1);
    EXPECT_INT((long long)info.shmseg, (long long)info.shmmni);
    EXPECT(info.shmmax >= 1 << 20);
    EXPECT(info.shmall >= 1 << 8);
    if (is_usual("/proc/sys/kernel/shmmni", 4096))
        EXPECT_INT((long long)info.shmmni, 4096);
    EXPECT(info.shmmni >= 4096);
}
END_TEST

START_TEST(limits_of_sets) /* S2.49 */
{
    struct seminfo info;

    memset(&info, 0xa5, sizeof info);
    EXPECT_OK(families[SEM].control(0, IPC_INFO, &info));
    EXPECT(info.semmni >= 32000);
    EXPECT(info.semmns >= 1024000000);
    EXPECT_INT(info.semmsl, 32000);
    EXPECT_INT(info.semopm, 500);
    EXPECT_INT(info.semvmx, 32767);
    EXPECT_INT(info.semaem, 32767);
    EXPECT_INT(info.semume, 500);
}
END_TEST

START_TEST(limits_of_queues) /* S3.1, S3.2, S3.3 */
{
    struct msginfo info;

    memset(&info, 0xa5, sizeof info);
    EXPECT_OK(families[MSG].control(0, IPC_INFO, &info));
    EXPECT_INT(info.msgmax, MSGMAX);
    EXPECT_INT(info.msgmnb, MSGMNB);
    EXPECT(info.msgmni >= 32);
}
END_TEST

/*
 * Usage: of others there may be as much as there is.
 */

static union object_info usage(int family)
{
    union object_info info;

    memset(&info, 0xa5, sizeof info);
    EXPECT_OK(families[family].control(0, families[family].info_command, &info));
    return info;
}

START_TEST(usage_of_segments) /* S1.48 */
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct shm_info before = usage(SHM).shm_usage;
    int a = new_segment(1, 0600), b = new_segment(3 * page, 0600);

    new_segment(3 * page + 1, 0600);
    struct shm_info with = usage(SHM).shm_usage;
    EXPECT_INT(with.used_ids - before.used_ids, 3);
    EXPECT_INT((long long)(with.shm_tot - before.shm_tot), 1 + 3 + 4);
    EXPECT_OK(remove_segment(a));
    EXPECT_OK(remove_segment(b));
    with = usage(SHM).shm_usage;
    EXPECT_INT(with.used_ids - before.used_ids, 1);
    EXPECT_INT((long long)(with.shm_tot - before.shm_tot), 4);
}
END_TEST

START_TEST(usage_of_sets) /* S2.50 */
{
    struct seminfo before = usage(SEM).sem;
    int id = new_set(250, 0600);

    new_set(3, 0600);
    struct seminfo with = usage(SEM).sem;
    EXPECT_INT(with.semusz - before.semusz, 2);
    EXPECT_INT(with.semaem - before.semaem, 253);
    EXPECT_OK(remove_set(id));
    with = usage(SEM).sem;
    EXPECT_INT(with.semusz - before.semusz, 1);
    EXPECT_INT(with.semaem - before.semaem, 3);
}
END_TEST

START_TEST(usage_of_queues) /* S3.19 */
{
    struct msginfo before = usage(MSG).msg;
    int a = new_queue(0600), b = new_queue(0600);

    EXPECT_OK(send_filled(a, 1, 1000));
    EXPECT_OK(send_filled(a, 1, 0));
    EXPECT_OK(send_filled(b, 1, 234));
    struct msginfo with = usage(MSG).msg;
    EXPECT_INT(with.msgpool - before.msgpool, 2);
    EXPECT_INT(with.msgmap - before.msgmap, 3);
    EXPECT_INT(with.msgtql - before.msgtql, 1234);
    EXPECT_INT(take(a, MSGMAX, 0, 0), 1000);
    EXPECT_OK(remove_queue(b));
    with = usage(MSG).msg;
    EXPECT_INT(with.msgpool - before.msgpool, 1);
    EXPECT_INT(with.msgmap - before.msgmap, 1);
    EXPECT_INT(with.msgtql - before.msgtql, 0);
}
END_TEST

void limits_chapter(void)
{
    ADD_TESTS(too_many_segments, too_many_sets, too_many_queues, many_objects,
              limits_of_segments, limits_of_sets, limits_of_queues, usage_of_segments,
              usage_of_sets, usage_of_queues);
}
