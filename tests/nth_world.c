/* What is there: objects, as another process sees them, and what a process has itself. */
#include "config.h"

#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/backend_support.h"
#include "tests/nth.h"

enum { OBJECTS = 32, LINE = 160, VALUES = 8 };

struct text {
    char lines[3 * OBJECTS][LINE];
    int count;
};

/* System V objects of others may be in the same namespace. */
static bool is_ours(int id, const int *ids, int count)
{
    if (on_posix())
        return true;
    for (int i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* The sum of the bytes of a small segment; larger ones are of arrays, which say what they hold. */
static unsigned sum(int id, size_t size)
{
    unsigned result = 0;
    const unsigned char *at = shm_backend_shmat(id, NULL, LIBSHM_ATTACH_RDONLY);

    if (at == NOT_ATTACHED)
        return 1;
    for (size_t i = 0; i < size && size == 5000; i++)
        result += at[i];
    EXPECT_OK(shm_backend_shmdt(at));
    return result;
}

static void describe_segment(int id, char *line)
{
    struct shm_backend_shmid_ds ds;

    if (shm_backend_shmctl(id, LIBSHM_IPC_STAT, &ds) < 0) {
        snprintf(line, LINE, "segment that cannot be seen: errno %d", errno);
        return;
    }
    snprintf(line, LINE, "segment %zu keyed %d mode %o uid %u gid %u nattch %llu sum %u",
             ds.segsz, ds.perm.key != 0, (unsigned)ds.perm.mode, (unsigned)ds.perm.uid,
             (unsigned)ds.perm.gid, (unsigned long long)ds.nattch, sum(id, ds.segsz));
    if (ds.perm.key && shm_backend_shmget(ds.perm.key, 0, 0) != id)
        snprintf(line, LINE, "segment whose key does not lead to it");
}

static void describe_set(int id, char *line)
{
    struct shm_backend_semid_ds ds;

    if (shm_backend_semctl(id, 0, LIBSHM_IPC_STAT, (union shm_backend_semun){.buf = &ds}) < 0) {
        snprintf(line, LINE, "set that cannot be seen: errno %d", errno);
        return;
    }
    int length = snprintf(line, LINE, "set %zu keyed %d mode %o uid %u gid %u:", ds.nsems,
                          ds.perm.key != 0, (unsigned)ds.perm.mode, (unsigned)ds.perm.uid,
                          (unsigned)ds.perm.gid);
    for (int i = 0; i < (int)ds.nsems && i < VALUES; i++)
        length += snprintf(line + length, (size_t)(LINE - length), " %d/%d/%d",
                           sem_get(id, i, LIBSHM_GETVAL), sem_get(id, i, LIBSHM_GETNCNT),
                           sem_get(id, i, LIBSHM_GETZCNT));
    if (ds.perm.key && shm_backend_semget(ds.perm.key, 0, 0) != id)
        snprintf(line, LINE, "set whose key does not lead to it");
}

/* How the messages begin, without their bytes: copies of them, where the kernel gives copies. */
static void describe_queue(int id, char *line)
{
    struct shm_backend_msqid_ds ds;
    struct letter letter;
    ssize_t n;

    if (shm_backend_msgctl(id, LIBSHM_IPC_STAT, &ds) < 0) {
        snprintf(line, LINE, "queue that cannot be seen: errno %d", errno);
        return;
    }
    int length = snprintf(line, LINE,
                          "queue keyed %d mode %o uid %u gid %u: %d %d %d:", ds.perm.key != 0,
                          (unsigned)ds.perm.mode, (unsigned)ds.perm.uid, (unsigned)ds.perm.gid,
                          (int)ds.qnum, (int)ds.cbytes, (int)ds.qbytes);
    for (int i = 0; i < VALUES; i++)
        if ((n = receive(id, &letter, sizeof letter.bytes, i,
                         LIBSHM_MSG_COPY | LIBSHM_IPC_NOWAIT)) >= 0)
            length += snprintf(line + length, (size_t)(LINE - length), " %ld/%d/%c",
                               letter.type, (int)n, n ? letter.bytes[n - 1] : ' ');
    if (ds.perm.key && shm_backend_msgget(ds.perm.key, 0) != id)
        snprintf(line, LINE, "queue whose key does not lead to it");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void count_files(char *line)
{
    const char *folder = getenv("LIBSHM_DIR"), *name = getenv("LIBSHM_NAMESPACE");
    char prefix[64];
    int count = 0;
    DIR *entries = opendir(folder ? folder : "/dev/shm");

    snprintf(prefix, sizeof prefix, "libshm.%s.", name ? name : "default");
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    if (entries)
        closedir(entries);
    snprintf(line, LINE, "%d files", count);
}

void nth_world(char *text, size_t size)
{
    static struct text t;
    int ids[OBJECTS];
    ssize_t count = shm_backend_shm_list(ids, OBJECTS);

    t.count = 0;
    for (int i = 0; i < count && i < OBJECTS; i++)
        if (is_ours(ids[i], nth_made->segments, nth_made->nsegments))
            describe_segment(ids[i], t.lines[t.count++]);
    count = shm_backend_sem_list(ids, OBJECTS);
    for (int i = 0; i < count && i < OBJECTS; i++)
        if (is_ours(ids[i], nth_made->sets, nth_made->nsets))
            describe_set(ids[i], t.lines[t.count++]);
    count = shm_backend_msg_list(ids, OBJECTS);
    for (int i = 0; i < count && i < OBJECTS; i++)
        if (is_ours(ids[i], nth_made->queues, nth_made->nqueues))
            describe_queue(ids[i], t.lines[t.count++]);
    qsort(t.lines, (size_t)t.count, LINE, by_text);
    if (on_posix())
        count_files(t.lines[t.count++]);
    *text = '\0';
    for (int i = 0, at = 0; i < t.count; i++)
        at += snprintf(text + at, size - (size_t)at, "%s\n", t.lines[i]);
}

void nth_wipe(void)
{
    int ids[OBJECTS];
    ssize_t count = shm_backend_shm_list(ids, OBJECTS);

    for (int i = 0; i < count && i < OBJECTS; i++)
        if (is_ours(ids[i], nth_made->segments, nth_made->nsegments))
            remove_segment(ids[i]);
    count = shm_backend_sem_list(ids, OBJECTS);
    for (int i = 0; i < count && i < OBJECTS; i++)
        if (is_ours(ids[i], nth_made->sets, nth_made->nsets))
            remove_set(ids[i]);
    count = shm_backend_msg_list(ids, OBJECTS);
    for (int i = 0; i < count && i < OBJECTS; i++)
        if (is_ours(ids[i], nth_made->queues, nth_made->nqueues))
            remove_queue(ids[i]);
}

/* A file of the store that this process has mapped. */
static bool is_mapped(const char *file)
{
    char line[512];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "r");

    while (maps && !found && fgets(line, sizeof line, maps))
        found = strstr(line, file) != NULL;
    if (maps)
        fclose(maps);
    return found;
}

/* S5.28: what is mapped has a descriptor; any other of a file of the store is one too many. */
static bool is_kept(const char *number)
{
    char path[64], file[512];

    if (!keeps_descriptors())
        return false;
    snprintf(path, sizeof path, "/proc/self/fd/%d", atoi(number));
    ssize_t length = readlink(path, file, sizeof file - 1);
    if (length <= 0)
        return false;
    file[length] = '\0';
    return strstr(file, "/libshm.") && is_mapped(file);
}

static void list_descriptors(char *text, size_t size)
{
    DIR *entries = opendir("/proc/self/fd");
    size_t at = 0;

    *text = '\0';
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(entries) &&
            !is_kept(entry->d_name))
            at += (size_t)snprintf(text + at, size - at, " %s", entry->d_name);
    if (entries)
        closedir(entries);
}

/* Of a file of the user-space backend, what lies at its start is the library's look at the header. */
static void count_mappings(struct nth_process *p)
{
    char line[512], *name;
    unsigned long long offset;
    FILE *maps = fopen("/proc/self/maps", "r");

    p->mappings = p->sets = p->looks = 0;
    while (maps && fgets(line, sizeof line, maps)) {
        p->mappings += strstr(line, "/SYSV") != NULL;
        if ((name = strstr(line, "/libshm.")) == NULL)
            continue;
        offset = 0;
        sscanf(line, "%*s %*s %llx", &offset);
        p->mappings += strstr(name, ".m.") != NULL && offset != 0;
        p->looks += strstr(name, ".m.") != NULL && offset == 0 && strstr(name, "(deleted)");
        p->sets += strstr(name, ".s.") != NULL || strstr(name, ".q.") != NULL;
    }
    if (maps)
        fclose(maps);
}

void nth_look(struct nth_process *p)
{
    sigset_t blocked;

    p->blocks = nth_blocks();
    p->maps = nth_maps();
    list_descriptors(p->descriptors, sizeof p->descriptors);
    count_mappings(p);
    p->signals = 0;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    for (int i = 1; i < 64; i++)
        if (sigismember(&blocked, i) == 1)
            p->signals |= 1ULL << i;
}
