#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "libshm/backend.h"
#include "libshm/fail.h"
#include "posix/posix_attach.h"
#include "posix/posix_get.h"
#include "posix/posix_life.h"
#include "posix/posix_list.h"
#include "posix/posix_lock.h"
#include "posix/posix_perm.h"
#include "posix/posix_process.h"

#define ATTACH_FAILED ((void *)-1)

/* Room for the header and for rounding, so that no sum below can overflow an off_t. */
#define SHMMAX ((uint64_t)(SIZE_MAX / 2 < INT64_MAX ? SIZE_MAX / 2 : INT64_MAX) - (1u << 24))

/* What no process could map, on any system with 64-bit pointers. */
#define UNMAPPABLE (UINT64_C(1) << 46)

static uint64_t page_size(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t round_up(uint64_t n, uint64_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/*
 * shmget
 */

static struct px_refusal refuse_new(uint64_t size, int flags)
{
    if (size == 0)
        return (struct px_refusal){EINVAL, "a new segment needs a size of at least 1 byte"};
    if (size > SHMMAX)
        return (struct px_refusal){EINVAL, "the size is above SHMMAX, the largest segment"};
    if (size >= UNMAPPABLE)
        return (struct px_refusal){ENOMEM, "no process could attach a segment of this size"};
    if (flags & LIBSHM_HUGETLB)
        return (struct px_refusal){geteuid() == 0 ? ENOMEM : EPERM,
                                   "files in the shared memory mount have no huge pages"};
    return (struct px_refusal){0, NULL};
}

int shm_backend_shmget(key_t key, size_t size, int flags)
{
    struct px_refusal refused = refuse_new(size, flags);
    struct px_request request = {.kind = PX_SEGMENT, .key = key, .size = size, .flags = flags};
    if (!refused.error) {
        request.file_size = PX_PAYLOAD + round_up(size, page_size());
        request.reserve[0].start = PX_PAYLOAD;
        request.reserve[0].end = flags & LIBSHM_NORESERVE ? PX_PAYLOAD : request.file_size;
    }
    return px_get(&request, &refused);
}

/*
 * shmat
 */

static void stamp(struct px_object *o, int64_t *when)
{
    *when = (int64_t)time(NULL);
    o->header.lpid = (int32_t)px_pid();
    PX_STORE(o, lpid);
}

/* The address rules come before the id is looked up: semantics.md, section 1. */
static int settle_address(const void *address, int flags, void **at)
{
    uintptr_t page = (uintptr_t)page_size(), wanted = (uintptr_t)address;
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
    void *at;   /* page-aligned, NULL: anywhere */
    int exact;  /* an address was asked for, if only page 0 */
    int flags;  /* of shmat */
    void *base; /* result */
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
    w->base =
        mmap(w->at, w->length, protection(w->flags), MAP_SHARED | fixed, w->o->fd, PX_PAYLOAD);
    if (w->base == MAP_FAILED)
        return explain_mmap(w);
    if (!w->exact || w->base == w->at)
        return 0;
    /* A kernel that does not know MAP_FIXED_NOREPLACE took the address for a wish. */
    munmap(w->base, w->length);
    errno = EEXIST;
    return explain_mmap(w);
}

static int gone(int shmid)
{
    return shm_failf(EINVAL, "no segment has the id %d", shmid);
}

/*
 * A removed segment whose last attacher was killed is debris: whoever looks at it destroys it
 * and finds nothing.
 */
static int is_debris(struct px_object *o)
{
    return o->header.state == PX_MARKED &&
           px_lock_any(o->fd, PX_ATTACH_START, PX_ATTACH_END) == 0;
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
    if (locked && px_object_reload(o) == 0 &&
        (o->header.state == PX_LIVE || o->header.state == PX_MARKED))
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

/* The table lock is held: a fork in between would give the child a share in this lock. */
static int attach_locked(struct attaching *w)
{
    struct px_attach *a = px_attach_new();
    if (!a)
        return shm_fail(ENOMEM, "no memory for another attach");
    if (lock_attach(w->o) != 0 || map_payload(w) != 0) {
        px_attach_discard(a);
        return -1;
    }
    if (w->exact && (w->flags & LIBSHM_ATTACH_REMAP))
        px_attach_cut(w->base, w->length);
    record(a, w);
    return 0;
}

/* A read-only attach maps a descriptor that cannot write; another one may leave the stamp. */
static void stamp_attach(struct px_object *o)
{
    struct px_object w = *o;
    if (!o->writable && px_object_open_any(&w, PX_SEGMENT, o->id, PX_WRITE) != 0)
        return;
    stamp(&w, &w.header.atime);
    PX_STORE(&w, atime);
    if (!o->writable)
        px_object_close(&w);
}

static int attach(struct attaching *w, int shmid)
{
    struct px_object o;
    int readonly = w->flags & LIBSHM_ATTACH_RDONLY;
    if (px_object_open(&o, PX_SEGMENT, shmid, readonly ? PX_READ_ONLY : PX_WRITE) != 0)
        return -1;
    w->o = &o;
    int result = -1;
    if (is_debris(&o))
        gone(shmid);
    else if (!px_perm_grants(&o, wanted_rights(w->flags)))
        shm_failf(EACCES, "the permissions %03o of segment %d do not allow this attach",
                  (unsigned)o.header.mode & 0777, shmid);
    else if (o.header.size > SIZE_MAX - page_size())
        shm_failf(ENOMEM, "segment %d is larger than this process's address space", shmid);
    else {
        w->length = (size_t)round_up(o.header.size, page_size());
        result = attach_locked(w);
    }
    if (result == 0)
        stamp_attach(&o);
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

void *shm_backend_shmat(int shmid, const void *address, int flags)
{
    int first_error = errno;
    struct attaching w = {.exact = address != NULL, .flags = flags};
    if (shmid < 0) {
        shm_failf(EINVAL, "no segment has the id %d", shmid);
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
        PX_STORE(&o, dtime);
        if (is_debris(&o) && px_life_destroy_unused(&o) < 0)
            result = BUSY;
    }
    px_object_close(&o);
    return result;
}

/* Takes the attach out of the table, all its pieces, and unmaps it. */
static int unmap(const void *address, struct px_attach *copy)
{
    struct px_attach *a;
    copy->serial = 0;
    px_table_lock();
    while ((a = px_attach_take(address, copy->serial)) != NULL) {
        *copy = *a;
        munmap(a->piece, a->length);
        px_attach_discard(a);
    }
    px_table_unlock();
    return copy->serial ? 0 : shm_failf(EINVAL, "no segment is attached at %p", address);
}

int shm_backend_shmdt(const void *address)
{
    int first_error = errno;
    struct px_mask old;
    struct px_attach a;
    px_store_lock(&old);
    if (unmap(address, &a) != 0) {
        px_store_unlock(&old);
        return -1;
    }
    int result = after_detach(&a);
    px_store_unlock(&old);
    for (unsigned attempt = 0; result == BUSY && attempt < DETACH_TRIES; attempt++) {
        px_pause(attempt);
        px_store_lock(&old);
        result = after_detach(&a);
        px_store_unlock(&old);
    }
    errno = first_error;
    return 0;
}

/*
 * shmctl
 */

static int not_controlled(int shmid)
{
    return shm_failf(EPERM, "segment %d belongs to another user", shmid);
}

/* The object for a command that changes it, with the life lock held; BUSY while another has it.
 */
static int open_controlled(struct px_object *o, int shmid)
{
    uid_t owner;
    if (px_object_open(o, PX_SEGMENT, shmid, PX_WRITE) != 0) {
        if (errno == EACCES && px_object_owner(PX_SEGMENT, shmid, &owner) == 0)
            return not_controlled(shmid);
        return -1;
    }
    int result = 0;
    if (!px_perm_controls(o))
        result = not_controlled(shmid);
    else if (px_life_lock(o) != 0)
        result = errno == EAGAIN ? BUSY : px_life_explain_lock(o);
    if (result != 0)
        px_object_close(o);
    return result;
}

static int set_lock_bit(struct px_object *o, int on)
{
    struct rlimit limit;
    if (on && geteuid() != 0 && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == 0)
        return shm_fail(EPERM, "the limit on locked memory (ulimit -l) is 0");
    o->header.mode &= ~(uint32_t)LIBSHM_MODE_LOCKED;
    if (on)
        o->header.mode |= LIBSHM_MODE_LOCKED;
    PX_STORE(o, mode);
    return 0;
}

static int change(struct px_object *o, int command, const struct shm_backend_shmid_ds *ds)
{
    if (px_object_reload(o) != 0 || o->header.state == PX_DEAD)
        return gone(o->id);
    if (is_debris(o)) {
        (void)px_life_destroy_unused(o);
        return gone(o->id);
    }
    if (command == LIBSHM_IPC_RMID)
        return px_life_remove(o);
    if (command == LIBSHM_IPC_SET)
        return px_set_perm(o, &ds->perm);
    return set_lock_bit(o, command == LIBSHM_SHM_LOCK);
}

static int control(int shmid, int command, const struct shm_backend_shmid_ds *ds)
{
    for (unsigned attempt = 0;; attempt++) {
        struct px_mask old;
        struct px_object o;
        px_store_lock(&old);
        int result = open_controlled(&o, shmid);
        if (result == 0) {
            result = change(&o, command, ds);
            px_object_close(&o);
        }
        px_store_unlock(&old);
        if (result != BUSY)
            return result;
        px_pause(attempt);
    }
}

static void fill_ds(const struct px_object *o, struct shm_backend_shmid_ds *ds)
{
    const struct px_header *h = &o->header;
    memset(ds, 0, sizeof *ds);
    ds->perm = px_object_perm(o);
    ds->segsz = (size_t)h->size;
    ds->atime = h->atime;
    ds->dtime = h->dtime;
    ds->ctime = h->ctime;
    ds->cpid = (pid_t)h->cpid;
    ds->lpid = (pid_t)h->lpid;
}

static int stat_open(struct px_object *o, int check, struct shm_backend_shmid_ds *ds)
{
    if (is_debris(o)) {
        (void)px_life_destroy_unused(o);
        return gone(o->id);
    }
    if (check && !px_perm_grants(o, 4))
        return shm_failf(EACCES, "segment %d may not be read by this user", o->id);
    int64_t count = px_lock_count(o->fd, PX_ATTACH_START, PX_ATTACH_END);
    if (count < 0)
        return shm_failf(errno, "the attaches of segment %d cannot be counted: %s", o->id,
                         strerror(errno));
    fill_ds(o, ds);
    ds->nattch = (uint64_t)count;
    return 0;
}

static int stat_segment(int shmid, int check, struct shm_backend_shmid_ds *ds)
{
    struct px_mask old;
    struct px_object o;
    px_store_lock(&old);
    int result = px_object_open(&o, PX_SEGMENT, shmid, PX_BEST);
    if (result == 0) {
        result = stat_open(&o, check, ds);
        px_object_close(&o);
    }
    px_store_unlock(&old);
    return result;
}

static int stat_rank(int rank, int check, struct shm_backend_shmid_ds *ds)
{
    int id = px_list_rank(PX_SEGMENT, rank);
    if (id < 0)
        return -1;
    return stat_segment(id, check, ds) == 0 ? id : -1;
}

static int limits(struct shm_backend_shminfo *info)
{
    memset(info, 0, sizeof *info);
    info->shmmax = SHMMAX;
    info->shmmin = 1;
    info->shmmni = INT32_MAX;
    info->shmseg = INT32_MAX;
    info->shmall = UINT64_MAX / page_size();
    return px_list_highest(PX_SEGMENT);
}

static void add_usage(const struct px_object *o, void *context)
{
    struct shm_backend_shmusage *usage = context;
    usage->used_ids++;
    usage->shm_tot += round_up(o->header.size, page_size()) / page_size();
}

static int usage(struct shm_backend_shmusage *result)
{
    memset(result, 0, sizeof *result);
    if (px_list_each(PX_SEGMENT, add_usage, result) != 0)
        return -1;
    return px_list_highest(PX_SEGMENT);
}

static int dispatch(int shmid, int command, void *buf)
{
    switch (command) {
    case LIBSHM_IPC_INFO:
        return limits(buf);
    case LIBSHM_SHM_INFO:
        return usage(buf);
    case LIBSHM_SHM_STAT:
    case LIBSHM_SHM_STAT_ANY:
        return stat_rank(shmid, command == LIBSHM_SHM_STAT, buf);
    case LIBSHM_IPC_STAT:
        return stat_segment(shmid, 1, buf);
    case LIBSHM_IPC_RMID:
    case LIBSHM_IPC_SET:
    case LIBSHM_SHM_LOCK:
    case LIBSHM_SHM_UNLOCK:
        return control(shmid, command, buf);
    default:
        return shm_failf(EINVAL, "%d is not a command of shmctl", command);
    }
}

static int needs_buffer(int command)
{
    return command != LIBSHM_IPC_RMID && command != LIBSHM_SHM_LOCK &&
           command != LIBSHM_SHM_UNLOCK;
}

int shm_backend_shmctl(int shmid, int command, void *buf)
{
    int first_error = errno;
    int info = command == LIBSHM_IPC_INFO || command == LIBSHM_SHM_INFO;
    if (shmid < 0 && !info)
        return shm_failf(EINVAL, "no segment has the id %d", shmid);
    if (!buf && needs_buffer(command) && command >= 0 && command <= LIBSHM_SHM_STAT_ANY)
        return shm_fail(EFAULT, "this command needs a buffer");
    if (px_store_check() != 0)
        return -1;
    int result = dispatch(shmid, command, buf);
    if (result >= 0)
        errno = first_error;
    return result;
}

ssize_t shm_backend_shm_list(int *ids, size_t capacity)
{
    return px_list_ids(PX_SEGMENT, ids, capacity);
}
