/* shmtool stat: everything about the objects of one key or id. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include "libshm/shmtool.h"

enum { TEXT = 256 };

static void print_time(const char *name, int64_t seconds)
{
    char time[TEXT], age[TEXT];
    const char *iso = shmtool_time(seconds, time, sizeof time);
    if (iso == NULL)
        printf("  %-12s never\n", name);
    else
        printf("  %-12s %s (%s ago)\n", name, iso, shmtool_age(seconds, age, sizeof age));
}

static void print_perm(const struct shm_backend_perm *perm)
{
    char owner[TEXT], creator[TEXT];
    printf("  %-12s %d (0x%08x)\n", "key", (int)perm->key, (unsigned)perm->key);
    printf("  %-12s %s (uid %lu, gid %lu)\n", "owner",
           shmtool_owner(perm->uid, owner, sizeof owner), (unsigned long)perm->uid,
           (unsigned long)perm->gid);
    printf("  %-12s %s (uid %lu, gid %lu)\n", "creator",
           shmtool_owner(perm->cuid, creator, sizeof creator), (unsigned long)perm->cuid,
           (unsigned long)perm->cgid);
    printf("  %-12s %04o%s%s\n", "permissions", (unsigned)perm->mode & 0777,
           (perm->mode & LIBSHM_MODE_DEST) != 0 ? ", removed, goes with the last detach" : "",
           (perm->mode & LIBSHM_MODE_LOCKED) != 0 ? ", locked in memory" : "");
}

static bool print_segment(int id)
{
    struct shm_backend_shmid_ds ds;
    if (shm_backend_shmctl(id, LIBSHM_IPC_STAT, &ds) == -1)
        return shmtool_failed("segment %d", id);
    printf("segment %d\n", id);
    print_perm(&ds.perm);
    printf("  %-12s %zu bytes\n", "size", ds.segsz);
    printf("  %-12s %" PRIu64 "\n", "attached", ds.nattch);
    printf("  %-12s made by %ld, last used by %ld\n", "processes", (long)ds.cpid,
           (long)ds.lpid);
    print_time("changed", ds.ctime);
    print_time("attach", ds.atime);
    print_time("detach", ds.dtime);
    return true;
}

static bool print_semaphore(int id, int number)
{
    enum { QUESTIONS = 4 };
    static const int commands[QUESTIONS] = {LIBSHM_GETVAL, LIBSHM_GETNCNT, LIBSHM_GETZCNT,
                                            LIBSHM_GETPID};
    union shm_backend_semun none = {.val = 0};
    int answers[QUESTIONS] = {0};
    for (int i = 0; i < QUESTIONS; i++) {
        answers[i] = shm_backend_semctl(id, number, commands[i], none);
        if (answers[i] == -1)
            return shmtool_failed("set %d, semaphore %d", id, number);
    }
    printf("  semaphore %-5d value %d, waiting for more %d, waiting for zero %d, last used by "
           "%d\n",
           number, answers[0], answers[1], answers[2], answers[3]);
    return true;
}

static bool print_set(int id)
{
    struct shm_backend_semid_ds ds = {.nsems = 0};
    union shm_backend_semun arg = {.buf = &ds};
    if (shm_backend_semctl(id, 0, LIBSHM_IPC_STAT, arg) == -1)
        return shmtool_failed("set %d", id);
    printf("set %d\n", id);
    print_perm(&ds.perm);
    printf("  %-12s %zu\n", "semaphores", ds.nsems);
    print_time("changed", ds.ctime);
    print_time("operation", ds.otime);
    for (size_t i = 0; i < ds.nsems; i++)
        if (!print_semaphore(id, (int)i))
            return false;
    return true;
}

static bool print_queue(int id)
{
    struct shm_backend_msqid_ds ds;
    if (shm_backend_msgctl(id, LIBSHM_IPC_STAT, &ds) == -1)
        return shmtool_failed("queue %d", id);
    printf("queue %d\n", id);
    print_perm(&ds.perm);
    printf("  %-12s %" PRIu64 " with %" PRIu64 " bytes, of at most %" PRIu64 "\n", "messages",
           ds.qnum, ds.cbytes, ds.qbytes);
    printf("  %-12s last sent to by %ld, last received from by %ld\n", "processes",
           (long)ds.lspid, (long)ds.lrpid);
    print_time("changed", ds.ctime);
    print_time("send", ds.stime);
    print_time("receive", ds.rtime);
    return true;
}

bool shmtool_stat(const struct shmtool_options *options)
{
    int ids[SHMTOOL_FAMILIES];
    bool good = shmtool_named(options, ids) > 0;
    if (ids[SHMTOOL_SHM] != -1)
        good = print_segment(ids[SHMTOOL_SHM]) && good;
    if (ids[SHMTOOL_SEM] != -1)
        good = print_set(ids[SHMTOOL_SEM]) && good;
    if (ids[SHMTOOL_MSG] != -1)
        good = print_queue(ids[SHMTOOL_MSG]) && good;
    return good;
}
