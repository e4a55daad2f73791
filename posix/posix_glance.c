#include "config.h"

#include "posix/posix_glance.h"

#include <errno.h>
#include <sys/mman.h>
#include <time.h>

#include "posix/posix_attach.h"
#include "posix/posix_borrow.h"
#include "posix/posix_file.h"
#include "posix/posix_perm.h"
#include "posix/posix_pool.h"
#include "posix/posix_process.h"

static struct px_pool pool = {.record = sizeof(struct px_glance)};
static struct px_glance *glances;

/* Where the one of this segment hangs. */
static struct px_glance **place(int id)
{
    struct px_glance **at = &glances;
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    return at;
}

static struct px_glance *find(int id)
{
    return *place(id);
}

static int is_of(const struct px_glance *g, dev_t dev, ino_t ino)
{
    return g->dev == dev && g->ino == ino;
}

/*
 * Through an opening of its own: a mapping by the attach's would carry the attach's lock, and a child
 * that inherits it would share it.
 */
static int map_header(struct px_glance *g, const struct px_object *o)
{
    struct px_object own;
    void *header = MAP_FAILED;
    if (px_object_open_any(&own, PX_SEGMENT, o->id, PX_BEST) != 0)
        return -1;
    if (own.dev == o->dev && own.ino == o->ino)
        header = px_file_map(own.fd, NULL, (size_t)px_page_size(),
                             PROT_READ | (own.writable ? PROT_WRITE : 0), MAP_SHARED, 0);
    px_object_close(&own);
    if (header == MAP_FAILED)
        return -1;
    g->header = header;
    g->writable = own.writable;
    g->dev = own.dev;
    g->ino = own.ino;
    return 0;
}

static void fill(struct px_glance *g, const struct px_object *o)
{
    struct shm_backend_perm perm = px_object_perm(o);
    g->id = o->id;
    g->class_bit = px_perm_class(&perm);
    g->of_uid = (uint32_t)perm.uid;
    g->of_gid = (uint32_t)perm.gid;
}

void px_glance_refresh(const struct px_object *o)
{
    struct px_glance *g = find(o->id);
    if (!g || !atomic_load(&g->stale))
        return;
    fill(g, o);
    atomic_store(&g->stale, 0);
}

static void begin(const struct px_object *o)
{
    struct px_glance *g = px_pool_take(&pool);
    if (!g)
        return;
    if (map_header(g, o) != 0) {
        px_pool_give(&pool, g);
        return;
    }
    fill(g, o);
    g->next = glances;
    glances = g;
    px_lend(PX_SEGMENT, g);
}

/* One that is just being used stays until the next detach. */
static int end(struct px_glance **at)
{
    struct px_glance *g = *at;
    if (!px_recall(PX_SEGMENT, g) || px_file_unmap(g->header, (size_t)px_page_size()) != 0)
        return -1;
    *at = g->next;
    px_pool_give(&pool, g);
    return 0;
}

/* The id may be of another file by now. */
void px_glance_begin(const struct px_object *o)
{
    int error = errno;
    struct px_glance **known = place(o->id);
    if (*known && is_of(*known, o->dev, o->ino))
        px_lend_again(PX_SEGMENT, *known);
    else if (px_file_closes_at_once() && (!*known || end(known) == 0))
        begin(o);
    errno = error;
}

int px_glance_open(struct px_object *o, int id, enum px_access access)
{
    struct px_glance *g = find(id);
    if (!g || !g->writable)
        return -1;
    *o = (struct px_object){
        .kind = PX_SEGMENT, .id = id, .dev = g->dev, .ino = g->ino, .mapped = g->header};
    return px_object_open_known(o, access);
}

int px_glance_stamp_detach(int id, dev_t dev, ino_t ino)
{
    struct px_glance *g = find(id);
    if (!g || !g->writable || !is_of(g, dev, ino))
        return 0;
    volatile struct px_header *h = g->header;
    g->removed = h->state != PX_LIVE;
    if (g->removed)
        return 0;
    h->dtime = (int64_t)time(NULL);
    h->lpid = (int32_t)px_pid();
    return 1;
}

void px_glance_note_removal(int id)
{
    struct px_glance *g = find(id);
    if (g)
        g->removed = 1;
    px_glances_end();
}

/* Of what is not attached nobody looks at the header, which a co-writer may have cut off. */
void px_glances_end(void)
{
    struct px_glance **at = &glances;
    int error = errno, unattached = 0;
    while (*at) {
        struct px_glance *g = *at;
        if (!px_attach_is_of(g->id)) {
            (void)px_recall(PX_SEGMENT, g);
            if ((g->removed || unattached++ >= PX_GLANCES_KEPT) && end(at) == 0)
                continue;
        }
        at = &g->next;
    }
    errno = error;
}

void px_glances_notice_fork(void)
{
    for (struct px_glance *g = glances; g; g = g->next) {
        px_disown(PX_SEGMENT, g);
        atomic_store(&g->stale, 1);
    }
}
