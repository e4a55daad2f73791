#include "config.h"

#include "posix/posix_life.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libshm/fail.h"
#include "posix/posix_file.h"
#include "posix/posix_io.h"
#include "posix/posix_lock.h"
#include "posix/posix_process.h"

/*
 * Only exclusive locks are ever taken on this byte. A shared one is a reader's who wants to keep
 * the object from being removed; between two looks a lock may come and go, so it is tried again.
 */
enum { LIFE_TRIES = 8 };

int px_life_lock(struct px_object *o)
{
    if (!o->writable) {
        errno = EACCES;
        return -1;
    }
    for (int i = 0; i < LIFE_TRIES; i++)
        if (px_lock_exclusive(o->fd, PX_LIFE_BYTE, 1) == 0)
            return 0;
        else if (errno != EAGAIN || px_lock_is_held(o->fd, PX_LIFE_BYTE) != 0)
            return -1;
    errno = EPERM;
    return -1;
}

int px_life_explain_lock(const struct px_object *o)
{
    if (errno == EPERM)
        return shm_failf(EPERM,
                         "object %d cannot be changed: a process that may only read it "
                         "keeps its file in %s locked",
                         o->id, px_store_folder());
    return shm_failf(errno, "object %d cannot be locked against other changes: %s", o->id,
                     strerror(errno));
}

static int set_state(struct px_object *o, enum px_state state)
{
    uint32_t before = o->header.state;
    o->header.state = state;
    if (PX_STORE(o, state) == 0)
        return 0;
    o->header.state = before;
    return -1;
}

static int unlink_object(const struct px_object *o)
{
    char path[PX_PATH_SIZE];
    px_object_path(path, o->kind, o->id);
    return unlink(path) == 0 || errno == ENOENT ? 0 : -1;
}

/*
 * Its memory, although processes that had it attached may still have a look at its header mapped. The file
 * keeps its length: who has been told by a scribbler that it lives, and attaches it, finds zeros.
 */
static void give_memory_back(const struct px_object *o)
{
    int error = errno;
    if (o->kind == PX_SEGMENT && o->header.magic != 0)
        px_punch(o->fd, PX_PAYLOAD, (off_t)o->file_size);
    errno = error;
}

/*
 * The end of every object. Who may write but not unlink (a sticky folder) gives at least the
 * memory back; the owner's next look removes the rest.
 */
static int bury(struct px_object *o)
{
    if (o->header.magic != 0) /* an empty file stays one: it counts as half-made */
        (void)set_state(o, PX_DEAD);
    if (unlink_object(o) == 0) {
        give_memory_back(o);
        return 0;
    }
    int error = errno;
    if (o->kind == PX_SEGMENT && px_truncate(o->fd, sizeof o->header) != 0)
        error = errno;
    errno = error == EPERM ? EACCES : error;
    return -1;
}

static int unbind(const struct px_object *o)
{
    if (o->header.magic == 0 || o->header.key == LIBSHM_IPC_PRIVATE)
        return 0;
    return px_key_unbind(o->kind, (uint32_t)o->header.key, o->id);
}

/*
 * The half-made object of a dead creator that this user may not unlink: there is nothing in it
 * yet, but its key is taken. Complete removal is its owner's.
 */
static int refuse(const struct px_object *o)
{
    return shm_failf(EACCES,
                     "key %#x is bound to object %d, which a process of another user "
                     "left half-made or half-removed in %s; its owner or root can "
                     "clear it with shmtool gc",
                     (unsigned)o->header.key, o->id, px_store_folder());
}

static int clear_locked(struct px_object *o)
{
    if (px_object_reload(o) != 0 && errno != EBADMSG)
        return errno == ENOENT ? 0 : -1; /* somebody else has cleared it meanwhile */
    if (o->header.state == PX_LIVE)
        return 0; /* its maker finished while we waited for the lock */
    if (unbind(o) != 0)
        return refuse(o);
    if (o->header.state == PX_MARKED)
        return 0; /* attaches keep it; only the key was left */
    return bury(o) == 0 ? 0 : refuse(o);
}

/* Who may only read can wait for the one at work, and see that he has finished. */
static int wait_or_refuse(struct px_object *o)
{
    struct px_binding now;
    if (px_lock_is_held(o->fd, PX_LIFE_BYTE) == 1) {
        errno = EAGAIN;
        return -1;
    }
    if (px_object_reload(o) != 0 ? errno == ENOENT : o->header.state == PX_LIVE)
        return 0;
    if (px_key_read(o->kind, (uint32_t)o->header.key, &now) != 0 ? errno == ENOENT
                                                                 : now.id != o->id)
        return 0;
    return refuse(o);
}

int px_life_clear(struct px_object *o)
{
    if (!o->writable)
        return wait_or_refuse(o);
    if (px_life_lock(o) == 0)
        return clear_locked(o);
    return errno == EAGAIN ? -1 : px_life_explain_lock(o);
}

/*
 * Locks a file that was just made. Somebody who saw it before it was locked may have unlinked
 * it, and its name may be another file's by now: EAGAIN.
 */
static int lock_named(struct px_object *o)
{
    struct stat st;
    if (px_life_lock(o) != 0 || fstat(o->fd, &st) != 0)
        return -1;
    o->uid = st.st_uid;
    o->gid = st.st_gid;
    errno = EAGAIN;
    return st.st_nlink == 1 ? 0 : -1;
}

/*
 * The file of a living binding was deleted from outside. Its name is made again, exclusively,
 * as a tombstone to carry the life lock.
 */
int px_life_clear_dangling(enum px_kind kind, uint32_t key, const struct px_binding *binding)
{
    struct px_object o = {.kind = kind, .id = binding->id, .writable = 1};
    char path[PX_PATH_SIZE];
    px_object_path(path, kind, binding->id);
    o.fd = px_file_open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (o.fd < 0) {
        errno = errno == EEXIST ? EAGAIN : errno;
        return -1;
    }
    int result = lock_named(&o);
    if (result == 0) {
        o.header.key = (int32_t)key;
        result = px_key_unbind(kind, key, binding->id);
        if (result != 0)
            refuse(&o);
        unlink_object(&o);
    }
    px_object_close(&o);
    return result;
}

/* A setgid folder gives files its own group; an object has its creator's. */
static int take_group(struct px_object *o)
{
    if (o->gid != getegid() && fchown(o->fd, (uid_t)-1, getegid()) != 0)
        return -1;
    o->gid = getegid();
    return 0;
}

static int make_named(struct px_object *o)
{
    char path[PX_PATH_SIZE];
    o->id = (int)(px_random() & INT32_MAX);
    px_object_path(path, o->kind, o->id);
    o->fd = px_file_open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (o->fd < 0)
        return -1;
    if (lock_named(o) == 0 && take_group(o) == 0)
        return 0;
    if (errno != EAGAIN) {
        int error = errno;
        unlink_object(o);
        errno = error;
    }
    px_object_close(o);
    return -1;
}

/* A file of our own under a new id, with the life lock held. */
static int make_file(struct px_object *o)
{
    int result;
    do
        result = make_named(o);
    while (result != 0 && (errno == EEXIST || errno == EAGAIN));
    return result;
}

static void fill_header(struct px_object *o, const struct px_request *r)
{
    struct px_header *h = &o->header;
    memset(h, 0, sizeof *h);
    h->magic = PX_MAGIC;
    h->format = PX_FORMAT;
    h->byte_order = PX_BYTE_ORDER;
    h->kind = (uint32_t)r->kind;
    h->id = (uint32_t)o->id;
    h->key = (int32_t)r->key;
    h->state = PX_PENDING;
    h->size = r->size;
    h->file_size = r->file_size;
    memcpy(h->boot_id, px_boot_id(), sizeof h->boot_id);
    h->cuid = (uint32_t)geteuid();
    h->cgid = (uint32_t)getegid();
    h->uid = (uint32_t)o->uid;
    h->gid = (uint32_t)o->gid;
    h->mode = (uint32_t)r->flags & 0777;
    h->cpid = (int32_t)px_pid();
    h->ctime = (int64_t)time(NULL);
}

/*
 * Everybody who may use the object can open it from here on, wait for its life lock and see
 * whether its creator still lives.
 */
static int publish_header(struct px_object *o)
{
    if (px_write_at(o->fd, &o->header, sizeof o->header, 0) != 0)
        return -1;
    return fchmod(o->fd, px_file_mode(o->kind, o->header.mode));
}

static int bind_key(const struct px_object *o)
{
    if (o->header.key == LIBSHM_IPC_PRIVATE)
        return 0;
    struct px_binding binding = {.id = o->id, .size = o->header.size};
    return px_key_bind(o->kind, (uint32_t)o->header.key, &binding);
}

static uint64_t wanted_space(const struct px_request *r)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < sizeof r->reserve / sizeof *r->reserve; i++)
        bytes += r->reserve[i].end - r->reserve[i].start;
    return bytes;
}

/* Asked first: filling a mount to the brim and giving it all back would starve the others. */
static int has_room(const struct px_request *r)
{
    if (wanted_space(r) <= px_store_free())
        return 0;
    errno = ENOSPC;
    return -1;
}

static int reserve(int fd, const struct px_range *range)
{
    return px_reserve(fd, (off_t)range->start, (off_t)range->end);
}

static int reserve_space(struct px_object *o, const struct px_request *r)
{
    if (has_room(r) != 0 || px_truncate(o->fd, (off_t)r->file_size) != 0)
        return -1;
    for (size_t i = 0; i < sizeof r->reserve / sizeof *r->reserve; i++)
        if (reserve(o->fd, &r->reserve[i]) != 0)
            return -1;
    return 0;
}

static int write_start(const struct px_object *o, const struct px_request *r)
{
    if (r->start.number == 0)
        return 0;
    return px_write_at(o->fd, &r->start.number, sizeof r->start.number, (off_t)r->start.at);
}

static int too_large(const struct px_request *r)
{
    return shm_failf(
        ENOSPC,
        "a %s needs a file of %llu bytes, which is more than a file may have: raise "
        "the limit (ulimit -f), or set LIBSHM_DIR to a file system for larger "
        "files than that of %s",
        px_noun(r->kind), (unsigned long long)r->file_size, px_store_folder());
}

static int give_up(struct px_object *o, const struct px_request *r)
{
    int error = errno;
    bury(o);
    px_object_close(o);
    errno = error;
    if (error == EEXIST) /* no failure yet: the caller looks at the key again */
        return -1;
    const char *what = px_noun(r->kind);
    if (error == EFBIG)
        return too_large(r);
    if (error == ENOSPC || error == EDQUOT)
        return px_store_full(what, wanted_space(r));
    return shm_failf(error, "a %s cannot be made in %s: %s", what, px_store_folder(),
                     strerror(error));
}

int px_life_create(const struct px_request *r)
{
    struct px_object o = {.kind = r->kind, .writable = 1};
    if (!px_file_may_reach(r->file_size))
        return too_large(r);
    if (make_file(&o) != 0) {
        if (errno == ENOSPC)
            return px_store_full(px_noun(r->kind), wanted_space(r));
        return shm_failf(errno, "no file can be made in %s: %s%s", px_store_folder(),
                         strerror(errno), px_store_advice(errno));
    }
    fill_header(&o, r);
    if (publish_header(&o) != 0 || bind_key(&o) != 0)
        return give_up(&o, r);
    if (reserve_space(&o, r) != 0 || write_start(&o, r) != 0 || set_state(&o, PX_LIVE) != 0) {
        int error = errno;
        unbind(&o);
        errno = error;
        return give_up(&o, r);
    }
    px_object_close(&o);
    return o.id;
}

int px_life_is_debris(const struct px_object *o)
{
    return o->header.state == PX_MARKED &&
           px_lock_any(o->fd, PX_ATTACH_START, PX_ATTACH_END) == 0;
}

int px_life_destroy_unused(struct px_object *o)
{
    if (px_life_lock(o) != 0)
        return errno == EAGAIN ? -1 : 0;
    /* An attacher locks first and looks at the state afterwards: one of us sees the other. */
    if (px_lock_exclusive(o->fd, PX_ATTACH_START, PX_ATTACH_END - PX_ATTACH_START) != 0)
        return 0;
    /* Its remover may have been killed before he came to the key. */
    return unbind(o) == 0 && bury(o) == 0;
}

/* In a sticky folder only its own owner, a file's owner and root delete files. */
static int may_delete(uid_t owner)
{
    struct stat folder;
    uid_t euid = geteuid();
    return euid == 0 || euid == owner || stat(px_store_folder(), &folder) != 0 ||
           !(folder.st_mode & S_ISVTX) || folder.st_uid == euid;
}

/* Before anything is changed: half a removal would be worse than none. */
static int may_remove(const struct px_object *o)
{
    char path[PX_PATH_SIZE];
    struct stat link;
    px_key_path(path, o->kind, (uint32_t)o->header.key);
    int bound = o->header.key != LIBSHM_IPC_PRIVATE && lstat(path, &link) == 0;
    return may_delete(o->uid) && (!bound || may_delete(link.st_uid));
}

static int cannot_remove(const struct px_object *o)
{
    return shm_failf(errno, "object %d cannot be removed from %s: %s", o->id, px_store_folder(),
                     strerror(errno));
}

/*
 * The state's store is the removal: what can fail comes before it. Whatever cannot be unlinked
 * afterwards is debris like that of a killed remover, and cleared by the next one to meet it.
 */
int px_life_remove(struct px_object *o)
{
    if (!may_remove(o))
        return shm_failf(EPERM,
                         "object %d can only be removed by its owner, uid %u: %s is sticky",
                         o->id, (unsigned)o->uid, px_store_folder());
    if (set_state(o, o->kind == PX_SEGMENT ? PX_MARKED : PX_DEAD) != 0)
        return cannot_remove(o);
    int unbound = unbind(o) == 0;
    if (o->kind == PX_SEGMENT)
        (void)px_life_destroy_unused(o);
    else if (unbound)
        (void)bury(o);
    return 0;
}
