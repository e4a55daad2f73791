/*
 * What killed processes left half-made or half-removed, cleared without waiting for somebody to
 * stumble over it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "libshm/backend.h"
#include "libshm/fail.h"
#include "libshm/keep.h"
#include "posix/posix_file.h"
#include "posix/posix_io.h"
#include "posix/posix_key.h"
#include "posix/posix_life.h"
#include "posix/posix_lock.h"
#include "posix/posix_process.h"

struct collection {
    void (*report)(const char *line, void *context);
    void *context;
    struct px_name *names;
    size_t count, capacity;
    int removed;
    const char *what; /* the last one that was removed; NULL: it was not */
    int out_of_memory;
};

static void remember(const struct px_name *name, void *context)
{
    struct collection *c = context;
    if (c->count == c->capacity) {
        size_t capacity = c->capacity ? 2 * c->capacity : 256;
        struct px_name *names = realloc(c->names, capacity * sizeof *names);
        if (!names) {
            c->out_of_memory = 1;
            return;
        }
        c->names = names;
        c->capacity = capacity;
    }
    c->names[c->count++] = *name;
}

/* What was removed, to be reported when no lock is held. */
static void removed(struct collection *c, const char *what)
{
    c->removed++;
    c->what = what;
}

static int has_other_format(int fd)
{
    struct px_header h;
    return px_read_at(fd, &h, sizeof h, 0) == (ssize_t)sizeof h && h.magic == PX_MAGIC &&
           h.format != PX_FORMAT;
}

/*
 * A file under our name that is no object, and that nobody has locked. Looked at again under the
 * lock: it may have been in the making. Objects of another version are left to it.
 */
static void collect_foreign(struct collection *c, const struct px_name *name)
{
    char path[PX_PATH_SIZE];
    struct px_object o = {.kind = name->kind, .id = (int)name->number};
    px_object_path(path, name->kind, o.id);
    o.fd = px_file_open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
    int wanted = o.fd >= 0 && (px_lock_exclusive(o.fd, 0, PX_ATTACH_END) != 0 ||
                               px_object_reload(&o) == 0 || has_other_format(o.fd));
    int foreign = o.fd >= 0 || errno == ELOOP || errno == ENXIO; /* a link, a fifo, a socket */
    if (foreign && !wanted && unlink(path) == 0)
        removed(c, "unreadable");
    if (o.fd >= 0)
        px_file_close(o.fd);
}

static const char *describe_debris(const struct px_object *o)
{
    switch (o->header.state) {
    case PX_PENDING:
        return "half-made";
    case PX_DEAD:
        return "half-removed";
    default:
        return "removed and unattached";
    }
}

static void collect_object(struct collection *c, const struct px_name *name)
{
    struct px_object o;
    if (px_object_open_any(&o, name->kind, (int)name->number, PX_WRITE) != 0) {
        if (errno == EBADMSG)
            collect_foreign(c, name);
        return;
    }
    const char *what = describe_debris(&o);
    int gone = 0;
    if (o.header.state == PX_MARKED)
        gone = px_life_destroy_unused(&o) == 1;
    else if (o.header.state != PX_LIVE)
        gone = px_life_clear(&o) == 0 && (o.header.state == PX_DEAD || o.header.magic == 0);
    if (gone)
        removed(c, what);
    px_object_close(&o);
}

/* A key whose object is another key's, or is removed already. */
static void collect_binding(struct collection *c, const struct px_name *name,
                            struct px_object *o)
{
    int stray = o->header.magic != 0 && o->header.key != (int32_t)name->number;
    if ((stray || o->header.state == PX_MARKED) && px_life_lock(o) == 0 &&
        px_key_unbind(name->kind, name->number, o->id) == 0)
        removed(c, "left-over");
}

static void collect_key(struct collection *c, const struct px_name *name)
{
    struct px_binding binding;
    struct px_object o;
    char path[PX_PATH_SIZE];
    if (px_key_read(name->kind, name->number, &binding) != 0) {
        px_key_path(path, name->kind, name->number);
        if (errno == EINVAL && unlink(path) == 0)
            removed(c, "unreadable");
        return;
    }
    if (px_object_open_any(&o, name->kind, binding.id, PX_BEST) == 0) {
        collect_binding(c, name, &o);
        px_object_close(&o);
    } else if (errno == ENOENT &&
               px_life_clear_dangling(name->kind, name->number, &binding) == 0) {
        removed(c, "dangling");
    }
}

static void tell(struct collection *c, const struct px_name *name)
{
    char line[128];
    if (!c->what || !c->report)
        return;
    snprintf(line, sizeof line, "%s %s %s%" PRIu32, c->what, px_noun(name->kind),
             name->is_key ? "key " : "id ", name->number);
    c->report(line, c->context);
}

static void collect_names(struct collection *c, int keys)
{
    for (size_t i = 0; i < c->count; i++) {
        struct px_mask old;
        if (c->names[i].is_key != keys)
            continue;
        c->what = NULL;
        px_store_lock(&old);
        if (keys)
            collect_key(c, &c->names[i]);
        else
            collect_object(c, &c->names[i]);
        px_store_unlock(&old);
        tell(c, &c->names[i]);
    }
}

int shm_backend_collect(void (*report)(const char *line, void *context), void *context)
{
    struct shm_kept before;
    struct collection c = {.report = report, .context = context};
    shm_keep(&before);
    if (px_store_check() != 0)
        return -1;
    int listed = px_store_each(remember, &c);
    if (listed == 0) {
        collect_names(&c, 0);
        collect_names(&c, 1);
    }
    int error = errno;
    free(c.names);
    errno = error;
    if (listed != 0)
        return -1;
    if (c.out_of_memory)
        return shm_fail(ENOMEM, "no memory for the list of objects");
    shm_keep_restore(&before); /* what belongs to others cannot be removed: no failure */
    return c.removed;
}
