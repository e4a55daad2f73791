/*
 * The kernel's System V objects: an IPC namespace for each test, empty afterwards.
 */
#include "config.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "tests/isolate.h"

struct list {
    const char *path;
    const char *what;
    const char *format; /* of a line: key, id, owner */
    void (*remove)(int id);
};

enum { LISTS = 3, REMEMBERED = 4096 };

static struct {
    int ids[REMEMBERED];
    int count;
} before[LISTS];

static bool shared_with_host;

static void remove_queue(int id)
{
    msgctl(id, IPC_RMID, NULL);
}

static void remove_set(int id)
{
    semctl(id, 0, IPC_RMID);
}

static void remove_segment(int id)
{
    shmctl(id, IPC_RMID, NULL);
}

static const struct list lists[LISTS] = {
    {"/proc/sysvipc/msg", "message queue", "%d %d %*o %*u %*u %*d %*d %u", remove_queue},
    {"/proc/sysvipc/sem", "semaphore set", "%d %d %*o %*u %u", remove_set},
    {"/proc/sysvipc/shm", "segment", "%d %d %*o %*u %*d %*d %*u %u", remove_segment},
};

/* Calls `visit` for every object of one list that belongs to this user. */
static void each_object(int list, void (*visit)(int list, int key, int id))
{
    FILE *f = fopen(lists[list].path, "r");
    char line[256];
    int key, id;
    unsigned owner;

    if (f == NULL)
        return;
    while (fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, lists[list].format, &key, &id, &owner) == 3 &&
            (!shared_with_host || owner == geteuid()))
            visit(list, key, id);
    fclose(f);
}

static bool was_there_before(int list, int id)
{
    for (int i = 0; i < before[list].count; i++)
        if (before[list].ids[i] == id)
            return true;
    return false;
}

static void remember(int list, int key, int id)
{
    (void)key;
    if (before[list].count < REMEMBERED)
        before[list].ids[before[list].count++] = id;
}

static void report(int list, int key, int id)
{
    if (was_there_before(list, id))
        return;
    complain("left in the kernel: %s with key 0x%08x, id %d", lists[list].what, (unsigned)key,
             id);
    lists[list].remove(id);
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    if (write(fd, text, strlen(text)) < 0)
        remark("%s could not be written", path);
    close(fd);
}

/* A user namespace lets everybody have an IPC namespace, with the same user and group in it. */
static bool enter_through_user_namespace(void)
{
    unsigned uid = geteuid(), gid = getegid();
    char map[64];

    if (unshare(CLONE_NEWUSER | CLONE_NEWIPC) != 0)
        return false;
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "%u %u 1", uid, uid);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "%u %u 1", gid, gid);
    write_file("/proc/self/gid_map", map);
    return true;
}

#define TURN "LIBSHM_TEST_TURN"

/* In the host's namespace tests of one user take turns: the lists show no maker of a set. */
static void take_turn(void)
{
    char path[64];
    int fd;

    /* A test that runs isolate has the turn already. */
    if (getenv(TURN) != NULL)
        return;
    setenv(TURN, "taken", 1);
    snprintf(path, sizeof path, "/tmp/libshm-isolate.%u.lock", (unsigned)geteuid());
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || flock(fd, LOCK_EX) != 0)
        remark("%s could not be locked; objects of other tests may show up here", path);
    /* Not closed: the lock is held until this process ends. */
}

void enter_own_ipc(void)
{
    if (unshare(CLONE_NEWIPC) == 0 || enter_through_user_namespace())
        return;
    remark("no IPC namespace of its own is permitted; running in the host's");
    shared_with_host = true;
    take_turn();
    for (int list = 0; list < LISTS; list++)
        each_object(list, remember);
}

void check_ipc(void)
{
    for (int list = 0; list < LISTS; list++)
        each_object(list, report);
}
