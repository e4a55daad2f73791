#include "config.h"

#include "posix/posix_attach.h"

#include <sys/mman.h>
#include <time.h>

#include "posix/posix_file.h"
#include "posix/posix_lock.h"
#include "posix/posix_maps.h"
#include "posix/posix_object.h"
#include "posix/posix_pool.h"
#include "posix/posix_process.h"

static struct px_pool pool = {.record = sizeof(struct px_attach)};
static struct px_attach *attaches;

struct px_attach *px_attach_new(void)
{
    return px_pool_take(&pool);
}

void px_attach_add(struct px_attach *a)
{
    a->fork_fd = a->fork_prot = -1;
    a->next = attaches;
    attaches = a;
}

void px_attach_discard(struct px_attach *a)
{
    px_pool_give(&pool, a);
}

struct px_attach *px_attach_take(const void *address, uint64_t serial)
{
    for (struct px_attach **at = &attaches; *at; at = &(*at)->next) {
        struct px_attach *a = *at;
        if (a->address == address && (!serial || a->serial == serial)) {
            *at = a->next;
            return a;
        }
    }
    return NULL;
}

/* Keeps the part of an attach behind `end`; without memory for its record it stays mapped. */
static void keep_tail(const struct px_attach *a, char *end)
{
    struct px_attach *tail = px_attach_new();
    if (!tail)
        return;
    *tail = *a;
    tail->piece = end;
    tail->length = (size_t)((char *)a->piece + a->length - end);
    px_attach_add(tail);
}

static int has_pieces(uint64_t serial)
{
    for (const struct px_attach *a = attaches; a; a = a->next)
        if (a->serial == serial)
            return 1;
    return 0;
}

static void unlink_record(struct px_attach *a)
{
    struct px_attach **at = &attaches;
    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
}

/* Cuts [from, to) out of one attach; 1 if nothing is left of its piece. */
static int cut_piece(struct px_attach *a, char *from, char *to)
{
    char *first = a->piece, *end = first + a->length;
    if (end <= from || first >= to)
        return 0;
    if (end > to)
        keep_tail(a, to);
    a->length = first < from ? (size_t)(from - first) : 0;
    return a->length == 0;
}

struct px_attach *px_attach_cut(void *start, size_t length)
{
    char *from = start, *to = from + length;
    struct px_attach *gone = NULL, *next;
    for (struct px_attach *a = attaches; a; a = next) {
        next = a->next; /* keep_tail puts its record in front */
        if (!cut_piece(a, from, to))
            continue;
        unlink_record(a);
        if (has_pieces(a->serial)) {
            px_attach_discard(a);
            continue;
        }
        a->next = gone;
        gone = a;
    }
    return gone;
}

int px_attach_is_of(int id)
{
    for (const struct px_attach *a = attaches; a; a = a->next)
        if (a->id == id)
            return 1;
    return 0;
}

off_t px_attach_byte(void)
{
    uint64_t span = (uint64_t)(PX_ATTACH_END - PX_ATTACH_START);
    return PX_ATTACH_START + (off_t)(px_random() % span);
}

/* The parent has attached once more, as the kernel has it; if need be through another descriptor. */
static void stamp(const struct px_object *o)
{
    struct px_object w = *o;
    if (!o->writable && px_object_open_any(&w, PX_SEGMENT, o->id, PX_WRITE) != 0)
        return;
    w.header.atime = (int64_t)time(NULL);
    w.header.lpid = (int32_t)px_pid();
    PX_STAMP(&w, atime);
    PX_STAMP(&w, lpid);
    if (!o->writable)
        px_object_close(&w);
}

/*
 * A lock of the child's own: a new open file description with another byte locked, which the
 * child maps over the inherited mapping. The inherited one would share the parent's lock, and
 * both together would count as one attach. Locks that are not inherited at all are taken by the
 * child, without this (posix_file.h).
 */
static int prepare(struct px_attach *a, int in_child)
{
    struct px_object o;
    enum px_access access = a->writable ? PX_WRITE : PX_READ_ONLY;
    if (px_object_open_any(&o, PX_SEGMENT, a->id, access) != 0)
        return -1;
    int same = o.dev == a->dev && o.ino == a->ino;
    int locked =
        same && px_file_locks_are_inherited() && px_lock_shared(o.fd, px_attach_byte(), 1) == 0;
    if (same && !in_child)
        stamp(&o);
    if (locked)
        return o.fd;
    px_object_close(&o);
    return -1;
}

/*
 * Only an attach that is still mapped whole, where it was, is done again in the child. What the
 * program unmapped, split or moved is left alone: something else may lie there by now.
 */
static void prepare_if_mapped(const struct px_mapping *m, void *context)
{
    (void)context;
    for (struct px_attach *a = attaches; a; a = a->next) {
        if (a->fork_fd >= 0 || (uintptr_t)a->piece != m->start ||
            a->length != m->end - m->start || a->ino != m->inode)
            continue;
        a->fork_prot = px_file_locks_are_inherited() ? m->protection : -1;
        a->fork_fd = prepare(a, 0);
    }
}

void px_attaches_before_fork(void)
{
    if (attaches)
        px_maps_each(prepare_if_mapped, NULL);
}

static void finish(struct px_attach *a, int in_child)
{
    if (a->fork_fd < 0)
        return;
    if (in_child)
        (void)px_file_map(a->fork_fd, a->piece, a->length, a->fork_prot, MAP_SHARED | MAP_FIXED,
                          PX_PAYLOAD + ((char *)a->piece - (char *)a->address));
    px_file_close(a->fork_fd);
    a->fork_fd = a->fork_prot = -1;
}

/*
 * What the parent had no descriptor for, a child does by itself, one after the other. Until then
 * both share a lock and count as one.
 */
void px_attaches_after_fork(int in_child)
{
    for (struct px_attach *a = attaches; a; a = a->next)
        finish(a, in_child);
    for (struct px_attach *a = attaches; a; a = a->next) {
        if (in_child && a->fork_prot >= 0) {
            a->fork_fd = prepare(a, 1);
            finish(a, 1);
        }
        a->fork_prot = -1;
    }
}
