#include "config.h"

#include "posix/posix_perm.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libshm/fail.h"
#include "posix/posix_key.h"

enum { GROUPS_LOOKED_AT = 1024 };

static int in_group(gid_t gid)
{
    gid_t groups[GROUPS_LOOKED_AT];
    if (getegid() == gid)
        return 1;
    int count = getgroups(GROUPS_LOOKED_AT, groups);
    for (int i = 0; i < count; i++)
        if (groups[i] == gid)
            return 1;
    return 0;
}

unsigned px_perm_class(const struct shm_backend_perm *perm)
{
    uid_t euid = geteuid();
    if (euid == 0)
        return 0;
    if (euid == perm->uid || euid == perm->cuid)
        return 0100;
    return in_group(perm->gid) || in_group(perm->cgid) ? 010 : 1;
}

int px_perm_grants(const struct px_object *o, unsigned wanted)
{
    struct shm_backend_perm perm = px_object_perm(o);
    return wanted == 0 || px_perm_class_grants(px_perm_class(&perm), perm.mode, wanted);
}

int px_perm_controls(const struct px_object *o)
{
    uid_t euid = geteuid();
    return euid == 0 || euid == o->uid || euid == o->header.cuid;
}

/* An unmapped id of a user namespace is EINVAL: it is nobody that files can be given to. */
static int explain_owner(const struct px_object *o, uid_t uid, gid_t gid)
{
    int refused = errno == EPERM || errno == EINVAL;
    return shm_failf(refused ? EPERM : errno,
                     "object %d cannot be given to uid %u, gid %u: only root may give "
                     "files away, and a group must be one of the caller's (%s)",
                     o->id, (unsigned)uid, (unsigned)gid, strerror(errno));
}

static int explain(const struct px_object *o)
{
    if (errno == EPERM)
        return shm_failf(EPERM, "the file of object %d belongs to another user", o->id);
    return shm_failf(errno, "the permissions of object %d cannot be stored: %s", o->id,
                     strerror(errno));
}

static int chown_file(struct px_object *o, uid_t uid, gid_t gid)
{
    if (fchown(o->fd, uid == o->uid ? (uid_t)-1 : uid, gid == o->gid ? (gid_t)-1 : gid) != 0)
        return -1;
    px_key_give(o->kind, (uint32_t)o->header.key, o->id, uid);
    o->header.uid = (uint32_t)(o->uid = uid);
    o->header.gid = (uint32_t)(o->gid = gid);
    return 0;
}

static int give_away(struct px_object *o, uid_t uid, gid_t gid)
{
    if (uid == o->uid && gid == o->gid)
        return 0;
    if (chown_file(o, uid, gid) != 0)
        return explain_owner(o, uid, gid);
    return PX_STORE(o, uid) == 0 && PX_STORE(o, gid) == 0 ? 0 : explain(o);
}

/*
 * Killed between any two steps, the file is never open to more than the object's mode says: it
 * is narrowed before the mode changes and widened afterwards.
 */
static int set_all(struct px_object *o, const struct shm_backend_perm *perm)
{
    unsigned mode = perm->mode & 0777;
    mode_t before = px_file_mode(o->kind, o->header.mode), after = px_file_mode(o->kind, mode);
    if (fchmod(o->fd, before & after) != 0)
        return explain(o);
    if (give_away(o, perm->uid, perm->gid) != 0)
        return -1;
    o->header.mode = (o->header.mode & LIBSHM_MODE_LOCKED) | mode;
    if (PX_STORE(o, mode) != 0 || fchmod(o->fd, after) != 0)
        return explain(o);
    return 0;
}

/* The object is as it was, as far as the system lets us. */
static void take_back(struct px_object *o, const struct px_object *old)
{
    int error = errno;
    if (o->uid != old->uid || o->gid != old->gid)
        (void)chown_file(o, old->uid, old->gid);
    o->header = old->header;
    PX_STAMP(o, mode);
    PX_STAMP(o, uid);
    PX_STAMP(o, gid);
    fchmod(o->fd, px_file_mode(o->kind, o->header.mode));
    errno = error;
}

int px_set_perm(struct px_object *o, const struct shm_backend_perm *perm)
{
    const struct px_object old = *o;
    if (perm->uid == (uid_t)-1 || perm->gid == (gid_t)-1)
        return shm_fail(EINVAL, "-1 is not a user or group");
    if (set_all(o, perm) != 0) {
        take_back(o, &old);
        return -1;
    }
    o->header.ctime = (int64_t)time(NULL);
    PX_STAMP(o, ctime);
    return 0;
}
