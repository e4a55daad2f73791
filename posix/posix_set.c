#include "config.h"

#include "posix/posix_set.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libshm/fail.h"
#include "libshm/keep.h"
#include "posix/posix_borrow.h"
#include "posix/posix_compat.h"
#include "posix/posix_file.h"
#include "posix/posix_io.h"
#include "posix/posix_lock.h"
#include "posix/posix_perm.h"
#include "posix/posix_pool.h"
#include "posix/posix_process.h"
#include "posix/posix_rows.h"
#include "posix/posix_sleep.h"

enum { BUCKETS = 1024 };

static struct px_pool pool = {.record = sizeof(struct px_set)};
static struct px_set *buckets[BUCKETS];

static struct px_set **bucket(int id)
{
    return &buckets[(unsigned)id % BUCKETS];
}

/*
 * Unmapping gives up the row; what a process adjusted in a removed set is dropped with the set.
 */
static int drop(struct px_set **at)
{
    struct px_set *s = *at;
    if (!px_recall(s->kind, s) || px_file_unmap(s->base, s->layout.file_size) != 0)
        return -1; /* it stays until somebody looks again */
    *at = s->next;
    px_pool_give(&pool, s);
    return 0;
}

/* Sets that others removed keep their memory as long as they are mapped here. */
static void drop_dead(struct px_set **at)
{
    int error = errno;
    while (*at)
        if ((*at)->references != 0 || !px_set_is_dead(*at) || drop(at) != 0)
            at = &(*at)->next;
    errno = error;
}

static void drop_all_dead(void)
{
    for (int b = 0; b < BUCKETS; b++)
        drop_dead(&buckets[b]);
}

static struct px_set *find(enum px_kind kind, int id)
{
    drop_dead(bucket(id));
    for (struct px_set *s = *bucket(id); s; s = s->next)
        if (s->kind == kind && s->id == id && !px_set_is_dead(s))
            return s;
    return NULL;
}

/*
 * A mapping that every other call relies on: row locked first, then mapped, then hidden from
 * children, then the descriptor closed. The table lock keeps forks out meanwhile.
 */
static int map_with_row(struct px_set *s, struct px_object *o)
{
    s->base =
        px_file_map(o->fd, NULL, s->layout.file_size, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    if (s->base == MAP_FAILED)
        return shm_failf(errno, "%s %d cannot be mapped (%zu bytes of address space): %s",
                         px_noun(s->kind), s->id, s->layout.file_size, strerror(errno));
    if (madvise(s->base, s->layout.file_size, MADV_DONTFORK) != 0)
        /* whatever the reason: EINVAL would say that there is no such object */
        shm_failf(ENOMEM, "%s %d cannot be hidden from forked children: %s", px_noun(s->kind),
                  s->id, strerror(errno));
    else if (px_row_choose(s, o->fd) == 0)
        return 0;
    int error = errno;
    px_file_unmap(s->base, s->layout.file_size);
    errno = error;
    return -1;
}

static int fill(struct px_set *s, struct px_object *o)
{
    if (!px_set_layout_of(&o->header, &s->layout))
        return shm_failf(EINVAL, "the file of %s %d does not have the layout of this version",
                         px_noun(o->kind), o->id);
    s->id = o->id;
    s->kind = o->kind;
    s->dev = o->dev;
    s->ino = o->ino;
    struct shm_backend_perm perm = px_object_perm(o);
    s->class_bit = px_perm_class(&perm);
    s->of_uid = (uint32_t)perm.uid;
    s->of_gid = (uint32_t)perm.gid;
    s->rows_reserved = s->layout.rows_initial;
    s->waiters_reserved = s->layout.waiters_initial;
    s->blocks_reserved = 0;
    s->slots_reserved[0] = s->slots_reserved[1] = 0;
    return map_with_row(s, o);
}

static struct px_set *open_set(enum px_kind kind, int id)
{
    struct px_object o;
    drop_all_dead();
    if (px_object_open(&o, kind, id, PX_WRITE) != 0)
        return NULL;
    struct px_set *s = px_pool_take(&pool);
    if (!s) {
        shm_failf(ENOMEM, "no memory for another open %s", px_noun(kind));
    } else if (fill(s, &o) != 0) {
        px_pool_give(&pool, s);
        s = NULL;
    } else {
        s->next = *bucket(id);
        *bucket(id) = s;
        px_lend(kind, s);
    }
    px_object_close(&o);
    return s;
}

static struct px_set *take(enum px_kind kind, int id, int may_open)
{
    px_table_lock();
    struct px_set *s = find(kind, id);
    if (!s && may_open)
        s = open_set(kind, id);
    if (s) {
        s->references++;
        px_lend_again(kind, s);
    }
    px_table_unlock();
    return s;
}

struct px_set *px_set_take(enum px_kind kind, int id)
{
    return take(kind, id, 1);
}

struct px_set *px_set_take_if_open(enum px_kind kind, int id)
{
    return take(kind, id, 0);
}

struct px_set *px_set_take_quietly(enum px_kind kind, int id)
{
    struct shm_kept kept;
    shm_keep(&kept);
    struct px_set *s = px_set_take(kind, id);
    if (!s)
        shm_keep_restore(&kept);
    return s;
}

void px_set_release(struct px_set *s)
{
    int error = errno;
    px_table_lock();
    if (--s->references == 0 && px_set_is_dead(s))
        drop_dead(bucket(s->id));
    px_table_unlock();
    errno = error;
}

/*
 * A file that was deleted from outside ends the set: nobody could tell any more who is alive.
 * Only the folder the set was opened in counts: a chroot or a mount may have hidden it.
 */
static void notice_deletion(struct px_set *s)
{
    struct stat st;
    if (stat(px_store_folder(), &st) == 0 && st.st_dev == s->dev)
        atomic_store(px_set_state(s), PX_DEAD);
}

/* 1 if the descriptor is of the set's file, 0 if of another, -1 if nobody can tell. */
static int is_file_of(const struct px_set *s, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return -1;
    return st.st_dev == s->dev && st.st_ino == s->ino;
}

/*
 * The file may have been deleted or replaced from outside, or this user may have lost access. What
 * its header says by now does not matter: whoever has damaged it must not make the dead look alive.
 */
int px_set_reopen(struct px_set *s)
{
    int error = errno;
    int fd = px_object_open_file(s->kind, s->id);
    int ours = fd < 0 ? -(errno != ENOENT && errno != EBADMSG) : is_file_of(s, fd);
    if (ours == 0)
        notice_deletion(s);
    if (fd >= 0 && ours != 1)
        px_file_close(fd);
    errno = error;
    return ours == 1 ? fd : -1;
}

static int allocate(struct px_set *s, size_t start, size_t end)
{
    int fd = px_set_reopen(s);
    if (fd < 0)
        return -1;
    int result = px_reserve(fd, (off_t)start, (off_t)end);
    px_file_close(fd);
    return result;
}

/* Through the mapping where the kernel can (Linux 5.14): a descriptor may not be had any more. */
int px_set_reserve(struct px_set *s, size_t start, size_t end)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), from = start - start % page;
    if (madvise(s->base + from, end - from, MADV_POPULATE_WRITE) == 0)
        return 0;
    if (errno == EINVAL)
        return allocate(s, start, end);
    errno = ENOSPC;
    return -1;
}

/*
 * A call under way in the thread that forked, in a handler: its set must read as removed, not
 * fault, when the child returns into it.
 */
static void shroud(struct px_set *s)
{
    (void)mmap(s->base, s->layout.file_size, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
}

void px_sets_forget(void)
{
    for (int b = 0; b < BUCKETS; b++)
        while (buckets[b]) {
            struct px_set *s = buckets[b];
            buckets[b] = s->next;
            int unused = px_disown(s->kind, s);
            px_recall(s->kind, s);
            if (s->references || !unused)
                shroud(s);
            else
                px_pool_give(&pool, s);
        }
    px_sleep_notice_fork();
}
