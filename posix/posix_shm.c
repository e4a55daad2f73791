#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "libshm/backend.h"
#include "libshm/fail.h"
#include "posix/posix_get.h"
#include "posix/posix_glance.h"
#include "posix/posix_life.h"
#include "posix/posix_limits.h"
#include "posix/posix_list.h"
#include "posix/posix_lock.h"
#include "posix/posix_perm.h"
#include "posix/posix_process.h"

/* Room for the header and for rounding, so that no sum below can overflow an off_t. */
#define SHMMAX ((uint64_t)(SIZE_MAX / 2 < INT64_MAX ? SIZE_MAX / 2 : INT64_MAX) - (1u << 24))

/* What no process could map, on any system with 64-bit pointers. */
#define UNMAPPABLE (UINT64_C(1) << 46)

static struct px_refusal refuse_new(uint64_t size, int flags)
{
    if (size == 0)
        return (struct px_refusal){EINVAL, "a new segment needs a size of at least 1 byte"};
    if (size > SHMMAX)
        return (struct px_refusal){EINVAL, "the size is above SHMMAX, the largest segment"};
    if (size > px_limit(PX_SHMMAX))
        return (struct px_refusal){EINVAL, px_limit_text(PX_SHMMAX)};
    if (size >= UNMAPPABLE)
        return (struct px_refusal){ENOMEM, "no process could attach a segment of this size"};
    if (flags & LIBSHM_HUGETLB)
        return (struct px_refusal){geteuid() == 0 ? ENOMEM : EPERM,
                                   "files in the shared memory mount have no huge pages"};
    return (struct px_refusal){0, NULL};
}

int shm_backend_shmget(key_t key, size_t size, int flags)
{
    if (px_store_check() != 0)
        return -1;
    struct px_refusal refused = refuse_new(size, flags);
    struct px_request request = {.kind = PX_SEGMENT, .key = key, .size = size, .flags = flags};
    if (!refused.error) {
        request.file_size = PX_PAYLOAD + px_whole_pages(size);
        request.reserve[0].start = PX_PAYLOAD;
        request.reserve[0].end = flags & LIBSHM_NORESERVE ? PX_PAYLOAD : request.file_size;
    }
    return px_get(&request, &refused);
}

static int needs_a_buffer(void)
{
    return shm_fail(EFAULT, "this command needs a buffer");
}

static int not_controlled(int shmid)
{
    return shm_failf(EPERM, "segment %d belongs to another user", shmid);
}

enum { BUSY = -2 };

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

/* What the kernel asks for, although a file's pages are not kept in memory by this. */
static int check_allowance(const struct px_object *o)
{
    struct rlimit limit;
    if (geteuid() == 0 || getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
        return 0;
    if (limit.rlim_cur == 0)
        return shm_fail(EPERM, "this user may lock no memory: the limit (ulimit -l) is 0");
    uint64_t needed = px_whole_pages(o->header.size);
    if (needed / px_page_size() <= limit.rlim_cur / px_page_size())
        return 0;
    return shm_failf(ENOMEM,
                     "locking segment %d needs %llu bytes, and this user may lock %llu: raise "
                     "the limit (ulimit -l)",
                     o->id, (unsigned long long)needed, (unsigned long long)limit.rlim_cur);
}

static int set_lock_bit(struct px_object *o, int on)
{
    if (on && check_allowance(o) != 0)
        return -1;
    o->header.mode &= ~(uint32_t)LIBSHM_MODE_LOCKED;
    if (on)
        o->header.mode |= LIBSHM_MODE_LOCKED;
    if (PX_STORE(o, mode) == 0)
        return 0;
    return shm_failf(errno, "segment %d cannot be marked as locked or not: %s", o->id,
                     strerror(errno));
}

static int change(struct px_object *o, int command, const struct shm_backend_shmid_ds *ds)
{
    if (px_object_reload(o) != 0 || o->header.state == PX_DEAD)
        return px_object_missing(PX_SEGMENT, o->id);
    if (px_life_is_debris(o)) {
        (void)px_life_destroy_unused(o);
        return px_object_missing(PX_SEGMENT, o->id);
    }
    if (command == LIBSHM_IPC_RMID)
        return px_life_remove(o);
    if (command == LIBSHM_IPC_SET)
        return px_set_perm(o, &ds->perm);
    return set_lock_bit(o, command == LIBSHM_SHM_LOCK);
}

/* A look at what has just been removed would keep a page of it. */
static void forget(int shmid)
{
    px_table_lock();
    px_glance_note_removal(shmid);
    px_table_unlock();
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
            if (result == 0 && command == LIBSHM_IPC_RMID)
                forget(shmid);
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
    if (px_life_is_debris(o)) {
        (void)px_life_destroy_unused(o);
        return px_object_missing(PX_SEGMENT, o->id);
    }
    if (check && !px_perm_grants(o, 4))
        return shm_failf(EACCES, "segment %d may not be read by this user", o->id);
    int64_t count = px_lock_count(o->fd, PX_ATTACH_START, PX_ATTACH_END);
    if (count < 0)
        return shm_failf(errno, "the attaches of segment %d cannot be counted: %s", o->id,
                         strerror(errno));
    if (!ds)
        return needs_a_buffer();
    fill_ds(o, ds);
    ds->nattch = (uint64_t)count;
    px_table_lock();
    px_glance_refresh(o);
    px_table_unlock();
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
    info->shmmax = px_limit(PX_SHMMAX) < SHMMAX ? px_limit(PX_SHMMAX) : SHMMAX;
    info->shmmin = 1;
    info->shmmni = px_limit(PX_SHMMNI);
    info->shmseg = px_limit(PX_SHMMNI);
    info->shmall = UINT64_MAX / px_page_size();
    return px_list_highest(PX_SEGMENT);
}

static void add_usage(const struct px_object *o, void *context)
{
    struct shm_backend_shmusage *usage = context;
    usage->used_ids++;
    usage->shm_tot += px_whole_pages(o->header.size) / px_page_size();
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

int shm_backend_shmctl(int shmid, int command, void *buf)
{
    int first_error = errno;
    int info = command == LIBSHM_IPC_INFO || command == LIBSHM_SHM_INFO;
    if (shmid < 0 && !info)
        return px_object_missing(PX_SEGMENT, shmid);
    if (!buf && (info || command == LIBSHM_IPC_SET)) /* before the id is looked at */
        return needs_a_buffer();
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
