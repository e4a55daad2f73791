#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "libshm/backend.h"
#include "libshm/fail.h"
#include "posix/posix_attach.h"
#include "posix/posix_file.h"
#include "posix/posix_get.h"
#include "posix/posix_glance.h"
#include "posix/posix_life.h"
#include "posix/posix_lock.h"
#include "posix/posix_perm.h"
#include "posix/posix_process.h"

#define ATTACH_FAILED ((void *)-1)

/*
 * shmat
 */

static void stamp(struct px_object *o, int64_t *when)
{
    *when = (int64_t)time(NULL);
    o->header.lpid = (int32_t)px_pid();
    PX_STAMP(o, lpid);
}

/* The address rules come before the id is looked up: semantics.md, section 1. */
static int settle_address(const void *address, int flags, void **at)
{
    uintptr_t page = (uintptr_t)px_page_size(), wanted = (uintptr_t)address;
    if (wanted % page != 0 && !(flags & LIBSHM_ATTACH_RND))
        return shm_failf(EINVAL, "the address %p is not a multiple of the page size %lu",
                         address, (unsigned long)page);
    wanted -= wanted % page;
    if (wanted == 0 && (flags & LIBSHM_ATTACH_REMAP))
        return shm_fail(EINVAL, "replacing a mapping needs an address");
    *at = (void *)wanted;
    return 0;
}

static unsigned wanted_rights(int flags)
{
    return 4u | (flags & LIBSHM_ATTACH_RDONLY ? 0 : 2u) | (flags & LIBSHM_ATTACH_EXEC ? 1u : 0);
}

static int protection(int flags)
{
    return PROT_READ | (flags & LIBSHM_ATTACH_RDONLY ? 0 : PROT_WRITE) |
           (flags & LIBSHM_ATTACH_EXEC ? PROT_EXEC : 0);
}

struct attaching {
    struct px_object *o;
    void *at;                   /* page-aligned, NULL: anywhere */
    int exact;                  /* an address was asked for, if only page 0 */
    int flags;                  /* of shmat */
    struct px_attach *replaced; /* attaches that SHM_REMAP has ended */
    void *base;                 /* result */
    size_t length;
};

static int explain_mmap(const struct attaching *w)
{
    if (errno == EEXIST)
        return shm_failf(EINVAL, "something is mapped already in the %zu bytes at %p",
                         w->length, w->at);
    if (errno == ENOMEM)
        return shm_failf(ENOMEM,
                         "no address space for %zu bytes: a limit of the process (ulimit "
                         "-v, vm.max_map_count) or a full address space",
                         w->length);
    return shm_failf(errno, "segment %d cannot be mapped at %p: %s", w->o->id, w->at,
                     strerror(errno));
}

static int map_payload(struct attaching *w)
{
    int fixed = 0;
    if (w->exact)
        fixed = w->flags & LIBSHM_ATTACH_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    w->base = px_file_map(w->o->fd, w->at, w->length, protection(w->flags), MAP_SHARED | fixed,
                          PX_PAYLOAD);
    if (w->base == MAP_FAILED)
        return explain_mmap(w);
    if (!w->exact || w->base == w->at)
        return 0;
    /* A kernel that does not know MAP_FIXED_NOREPLACE took the address for a wish. */
    px_file_unmap(w->base, w->length);
    errno = EEXIST;
    return explain_mmap(w);
}

/*
 * The lock first, then the state: a destroyer locks the whole range first and sets the state
 * afterwards, so one of the two always sees the other.
 */
static int lock_attach(struct px_object *o)
{
    int locked = px_lock_shared(o->fd, px_attach_byte(), 1) == 0;
    if (!locked && errno != EAGAIN) /* EAGAIN: a destroyer has the whole range */
        return shm_failf(ENOSPC, "segment %d: the system has no more file locks", o->id);
    if (locked && px_object_reload(o) != 0)
        return px_object_explain(PX_SEGMENT, o->id);
    if (locked && (o->header.state == PX_LIVE || o->header.state == PX_MARKED))
        return 0;
    return shm_failf(EINVAL, "no segment has the id %d: it has just been removed", o->id);
}

static uint64_t last_serial; /* table lock held */

static void record(struct px_attach *a, const struct attaching *w)
{
    a->serial = ++last_serial;
    a->address = a->piece = w->base;
    a->length = w->length;
    a->id = w->o->id;
    a->writable = !(w->flags & LIBSHM_ATTACH_RDONLY);
    a->dev = w->o->dev;
    a->ino = w->o->ino;
    px_attach_add(a);
}

/*
 * All of the file, which is the size in whole pages unless somebody changes the header: he may,
 * after an IPC_STAT that the caller relies on.
 */
static size_t mapped_length(const struct px_object *o)
{
    return (size_t)px_whole_pages(o->file_size - PX_PAYLOAD);
}

/* What the header, as it was read last, says against the attach: -1 and errno, or 0. */
static int refuse(const struct attaching *w)
{
    const struct px_object *o = w->o;
    if (px_life_is_debris(o))
        return px_object_missing(PX_SEGMENT, o->id);
    if (!px_perm_grants(o, wanted_rights(w->flags)))
        return shm_failf(EACCES, "the permissions %03o of segment %d do not allow this attach",
                         (unsigned)o->header.mode & 0777, o->id);
    if (o->file_size > SIZE_MAX - px_page_size())
        return shm_failf(ENOMEM, "segment %d is larger than this process's address space",
                         o->id);
    return 0;
}

static int lock_and_map(struct attaching *w)
{
    if (lock_attach(w->o) != 0 || refuse(w) != 0)
        return -1;
    w->length = mapped_length(w->o);
    return map_payload(w);
}

/* The table lock is held: a fork in between would give the child a share in this lock. */
static int attach_locked(struct attaching *w)
{
    struct px_attach *a = px_attach_new();
    if (!a)
        return shm_fail(ENOMEM, "no memory for another attach");
    if (lock_and_map(w) != 0) {
        px_attach_discard(a);
        return -1;
    }
    if (w->exact && (w->flags & LIBSHM_ATTACH_REMAP))
        w->replaced = px_attach_cut(w->base, w->length);
    record(a, w);
    return 0;
}

/* A read-only attach maps a descriptor that cannot write; another one may leave the stamp. */
static void stamp_attach(struct px_object *o)
{
    struct px_object w = *o;
    int other = !o->writable && !o->mapped;
    if (other && px_object_open_any(&w, PX_SEGMENT, o->id, PX_WRITE) != 0)
        return;
    stamp(&w, &w.header.atime);
    PX_STAMP(&w, atime);
    if (other)
        px_object_close(&w);
}

/*
 * The header is asked before the lock as well: nobody whom it refuses shall have been, for a moment, what
 * keeps a removed segment. Of a segment that this process has had attached, only under the lock.
 */
static int open_segment(struct attaching *w, int shmid)
{
    enum px_access access = w->flags & LIBSHM_ATTACH_RDONLY ? PX_READ_ONLY : PX_WRITE;
    if (px_glance_open(w->o, shmid, access) == 0)
        return 0;
    if (px_object_open(w->o, PX_SEGMENT, shmid, access) != 0)
        return -1;
    if (refuse(w) == 0)
        return 0;
    px_object_close(w->o);
    return -1;
}

static int attach(struct attaching *w, int shmid)
{
    struct px_object o = {.fd = -1};
    w->o = &o; /* for as long as this call */
    if (open_segment(w, shmid) != 0)
        return -1;
    int result = attach_locked(w);
    if (result == 0) {
        stamp_attach(&o);
        px_glance_begin(&o);
    }
    px_object_close(&o);
    return result;
}

/*
 * An attach that failed may have been the lock that kept the last detacher from destroying the
 * segment, or have met debris.
 */
static void destroy_if_debris(int shmid)
{
    struct px_mask old;
    struct px_object o;
    int error = errno;
    px_store_lock(&old);
    if (px_object_open_any(&o, PX_SEGMENT, shmid, PX_WRITE) == 0) {
        if (o.header.state == PX_MARKED)
            (void)px_life_destroy_unused(&o);
        px_object_close(&o);
    }
    px_store_unlock(&old);
    errno = error;
}

/* A detach has happened whoever destroys the segment: after a second it leaves that to others. */
enum { BUSY = -2, DETACH_TRIES = 200 };

/*
 * Gone, replaced or not ours to write: the detach itself has happened all the same. BUSY while
 * somebody holds the life lock of a removed segment: he may have looked before we detached.
 */
static int after_detach(const struct px_attach *a)
{
    struct px_object o;
    int result = 0;
    if (px_object_open_any(&o, PX_SEGMENT, a->id, PX_BEST) != 0)
        return 0;
    if (o.dev == a->dev && o.ino == a->ino) {
        stamp(&o, &o.header.dtime);
        PX_STAMP(&o, dtime);
        if (px_life_is_debris(&o) && px_life_destroy_unused(&o) < 0)
            result = BUSY;
    }
    px_object_close(&o);
    return result;
}

static int detached(const struct px_attach *a)
{
    struct px_mask old;
    px_store_lock(&old);
    int result = after_detach(a);
    px_store_unlock(&old);
    return result;
}

/* What SHM_REMAP has replaced was detached as by shmdt. */
static void settle_replaced(struct px_attach *gone)
{
    struct px_mask old;
    while (gone) {
        struct px_attach *a = gone;
        gone = a->next;
        for (unsigned attempt = 0; detached(a) == BUSY && attempt < DETACH_TRIES; attempt++)
            px_pause(attempt);
        px_block_signals(&old);
        px_table_lock();
        px_attach_discard(a);
        px_glances_end();
        px_table_unlock();
        px_restore_signals(&old);
    }
}

void *shm_backend_shmat(int shmid, const void *address, int flags)
{
    int first_error = errno;
    struct attaching w = {.exact = address != NULL, .flags = flags};
    if (shmid < 0) {
        px_object_missing(PX_SEGMENT, shmid);
        return ATTACH_FAILED;
    }
    if (settle_address(address, flags, &w.at) != 0 || px_store_check() != 0)
        return ATTACH_FAILED;
    struct px_mask old;
    px_block_signals(&old);
    px_table_lock();
    int result = attach(&w, shmid);
    px_table_unlock();
    px_restore_signals(&old);
    settle_replaced(w.replaced);
    if (result != 0) {
        destroy_if_debris(shmid);
        return ATTACH_FAILED;
    }
    errno = first_error;
    return w.base;
}

/*
 * shmdt
 */

/* Takes the attach out of the table, all its pieces, and unmaps it. */
static int unmap_pieces(const void *address, struct px_attach *copy)
{
    struct px_attach *a;
    copy->serial = 0;
    while ((a = px_attach_take(address, copy->serial)) != NULL) {
        *copy = *a;
        if (px_file_unmap(a->piece, a->length) != 0) {
            px_attach_add(a);
            return shm_failf(errno, "the segment attached at %p cannot be unmapped: %s",
                             address, strerror(errno));
        }
        px_attach_discard(a);
    }
    return copy->serial ? 0 : shm_failf(EINVAL, "no segment is attached at %p", address);
}

/* 1: and nothing is left to be done; 0; -1. */
static int unmap(const void *address, struct px_attach *copy)
{
    px_table_lock();
    int result = unmap_pieces(address, copy);
    if (result == 0)
        result = px_glance_stamp_detach(copy->id, copy->dev, copy->ino);
    px_glances_end();
    px_table_unlock();
    return result;
}

int shm_backend_shmdt(const void *address)
{
    int first_error = errno;
    struct px_mask old;
    struct px_attach a;
    px_store_lock(&old);
    int unmapped = unmap(address, &a);
    int result = unmapped == 0 ? after_detach(&a) : 0;
    px_store_unlock(&old);
    if (unmapped < 0)
        return -1;
    for (unsigned attempt = 0; result == BUSY && attempt < DETACH_TRIES; attempt++) {
        px_pause(attempt);
        result = detached(&a);
    }
    errno = first_error;
    return 0;
}
