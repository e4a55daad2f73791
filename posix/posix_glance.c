#include "config.h"

#include "posix/posix_glance.h"

#include <errno.h>
#include <sys/mman.h>

#include "posix/posix_attach.h"
#include "posix/posix_borrow.h"
#include "posix/posix_file.h"
#include "posix/posix_perm.h"
#include "posix/posix_pool.h"

static struct px_pool pool = {.record = sizeof(struct px_glance)};
static struct px_glance *glances;

static struct px_glance *find(int id)
{
    struct px_glance *g = glances;
    while (g && g->id != id)
        g = g->next;
    return g;
}

/*
 * Through an opening of its own: a mapping by the attach's would carry the attach's lock, and a child
 * that inherits it would share it.
 */
static void *map_header(const struct px_object *o)
{
    struct px_object own;
    void *header = MAP_FAILED;
    if (px_object_open_any(&own, PX_SEGMENT, o->id, PX_READ_ONLY) != 0)
        return header;
    if (own.dev == o->dev && own.ino == o->ino)
        header = px_file_map(own.fd, NULL, (size_t)px_page_size(), PROT_READ, MAP_SHARED, 0);
    px_object_close(&own);
    return header;
}

static void fill(struct px_glance *g, const struct px_object *o)
{
    struct shm_backend_perm perm = px_object_perm(o);
    g->id = o->id;
    g->class_shift = px_perm_class(&perm);
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
    void *header = map_header(o);
    if (header == MAP_FAILED) {
        px_pool_give(&pool, g);
        return;
    }
    fill(g, o);
    g->header = header;
    g->next = glances;
    glances = g;
    px_lend(PX_SEGMENT, g);
}

void px_glance_begin(const struct px_object *o)
{
    int error = errno;
    struct px_glance *known = find(o->id);
    if (known)
        px_lend_again(PX_SEGMENT, known);
    else if (px_file_closes_at_once())
        begin(o);
    errno = error;
}

/* One that is just being used stays until the next detach. */
static int end(struct px_glance **at)
{
    struct px_glance *g = *at;
    if (!px_recall(PX_SEGMENT, g) ||
        px_file_unmap((void *)(uintptr_t)g->header, (size_t)px_page_size()) != 0)
        return -1;
    *at = g->next;
    px_pool_give(&pool, g);
    return 0;
}

void px_glances_end(void)
{
    struct px_glance **at = &glances;
    int error = errno;
    while (*at)
        if (px_attach_is_of((*at)->id) || end(at) != 0)
            at = &(*at)->next;
    errno = error;
}

void px_glances_notice_fork(void)
{
    for (struct px_glance *g = glances; g; g = g->next) {
        px_disown(PX_SEGMENT, g);
        atomic_store(&g->stale, 1);
    }
}
