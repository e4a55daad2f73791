#include "config.h"

#include "posix/posix_control.h"

#include <errno.h>

#include "libshm/fail.h"
#include "posix/posix_get.h"
#include "posix/posix_life.h"
#include "posix/posix_perm.h"
#include "posix/posix_process.h"
#include "posix/posix_set.h"
#include "posix/posix_waiters.h"

enum { BUSY = -2 };

static int of_another(enum px_kind kind, int id)
{
    return shm_failf(EPERM, "%s %d belongs to another user", px_noun(kind), id);
}

int px_control_refused(enum px_kind kind, int id)
{
    uid_t owner;
    if (errno != EACCES || px_object_owner(kind, id, &owner) != 0)
        return -1;
    return of_another(kind, id);
}

static int open_controlled(struct px_object *o, enum px_kind kind, int id)
{
    int result = 0;
    if (px_object_open(o, kind, id, PX_WRITE) != 0)
        return px_control_refused(kind, id);
    if (!px_perm_controls(o))
        result = of_another(kind, id);
    else if (px_life_lock(o) != 0)
        result = errno == EAGAIN ? BUSY : px_life_explain_lock(o);
    if (result != 0)
        px_object_close(o);
    return result;
}

/* Without `perm` it is removed. */
static int change(struct px_object *o, const struct shm_backend_perm *perm)
{
    if (px_object_reload(o) != 0 || o->header.state != PX_LIVE)
        return px_object_missing(o->kind, o->id);
    return perm ? px_set_perm(o, perm) : px_life_remove(o);
}

static int control(enum px_kind kind, int id, const struct shm_backend_perm *perm)
{
    for (unsigned attempt = 0;; attempt++) {
        struct px_mask old;
        struct px_object o;
        px_store_lock(&old);
        int result = open_controlled(&o, kind, id);
        if (result == 0) {
            result = change(&o, perm);
            px_object_close(&o);
        }
        px_store_unlock(&old);
        if (result != BUSY)
            return result;
        px_pause(attempt);
    }
}

int px_control_set(enum px_kind kind, int id, const struct shm_backend_perm *perm)
{
    return control(kind, id, perm);
}

/* It is opened first: its sleepers can only be woken through the mapping. */
int px_control_remove(enum px_kind kind, int id)
{
    struct px_mask old;
    px_block_signals(&old);
    struct px_set *s = px_set_take_quietly(kind, id);
    int result = control(kind, id, NULL);
    if (s && result == 0)
        px_waiters_wake_all(s);
    if (s)
        px_set_release(s);
    px_restore_signals(&old);
    return result;
}
