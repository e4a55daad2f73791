/* The files of the posix backend: their names, as doc/architecture.md gives them. */
#include "config.h"

#include "tests/backend_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix/posix_queue_format.h"

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value ? value : otherwise;
}

static const char *folder(void)
{
    return setting("LIBSHM_DIR", "/dev/shm");
}

void file_path(char path[FILE_PATH_SIZE], const char *type, unsigned number)
{
    snprintf(path, FILE_PATH_SIZE, "%s/libshm.%s.%s.%08x", folder(),
             setting("LIBSHM_NAMESPACE", "default"), type, number);
}

static void remove_entry(const char *name)
{
    char path[FILE_PATH_SIZE + 256];

    snprintf(path, sizeof path, "%s/%s", folder(), name);
    if (unlink(path) != 0)
        rmdir(path);
}

int remove_files(void)
{
    char prefix[64];
    int count = 0;
    DIR *entries = opendir(folder());

    if (!entries)
        return -1;
    snprintf(prefix, sizeof prefix, "libshm.%s.", setting("LIBSHM_NAMESPACE", "default"));
    for (struct dirent *entry; (entry = readdir(entries));)
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            remove_entry(entry->d_name);
            count++;
        }
    closedir(entries);
    return count;
}

/* From its end: blocks, two rings, and before them the entries of sleepers: as many in every queue. */
static off_t entries_of(const struct stat *st)
{
    enum { ENTRIES = 16384 };
    return st->st_size - (off_t)(PX_QUEUE_BLOCKS * sizeof(struct px_block)) -
           (off_t)(2 * PX_QUEUE_SLOTS * sizeof(uint64_t)) -
           (off_t)(ENTRIES * sizeof(struct px_waiter));
}

/* A call that has joined the queue still has to give the lock back before it sleeps. */
static int sleeps(int fd, const struct px_waiter *w)
{
    struct px_control control;

    return PX_GET(w->state) == PX_WAITER_WAITING &&
           pread(fd, &control, sizeof control, PX_CONTROL_OFFSET) == (ssize_t)sizeof control &&
           px_lock_row(PX_GET(control.lock)) != PX_GET(w->row);
}

enum { WAITERS_AT_ONCE = 4096 / sizeof(struct px_waiter) };

static int count_some(int fd, off_t at, pid_t pid)
{
    struct px_waiter some[WAITERS_AT_ONCE];
    ssize_t n = pread(fd, some, sizeof some, at);
    int count = 0;

    for (size_t i = 0; n > 0 && i < (size_t)n / sizeof *some; i++)
        count += PX_GET(some[i].pid) == pid && sleeps(fd, &some[i]);
    return count;
}

static int count_sleepers(int fd, off_t at, pid_t pid)
{
    struct px_control control;
    int count = 0;

    if (pread(fd, &control, sizeof control, PX_CONTROL_OFFSET) != (ssize_t)sizeof control)
        return 0;
    size_t entries = WAITERS_AT_ONCE + PX_GET(control.waiters_extra);
    for (size_t i = 0; i < entries; i += WAITERS_AT_ONCE, at += 4096)
        count += count_some(fd, at, pid);
    return count;
}

/* Never closed: where locks belong to the process, that would take those on the file away. */
static int open_for_ever(unsigned id)
{
    static unsigned opened;
    static int fd = -1;
    char path[FILE_PATH_SIZE];

    if (fd < 0 || opened != id) {
        file_path(path, "q", id);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        opened = id;
    }
    return fd;
}

static int sleepers_in(int fd, pid_t pid)
{
    struct stat st;

    return fd >= 0 && fstat(fd, &st) == 0 ? count_sleepers(fd, entries_of(&st), pid) : 0;
}

int file_sleepers(unsigned id, pid_t pid)
{
    return sleepers_in(open_for_ever(id), pid);
}

int file_sleepers_from_outside(unsigned id, pid_t pid)
{
    char path[FILE_PATH_SIZE];

    file_path(path, "q", id);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int count = sleepers_in(fd, pid);
    if (fd >= 0)
        close(fd);
    return count;
}
