/* shmctl, for one width of time_t. */
#include "config.h"

#include "compat/sysv/dropin.h"

#include <string.h>
#include <sys/shm.h>

_Static_assert(SHM_LOCK == LIBSHM_SHM_LOCK, "commands are passed on unchanged");
_Static_assert(SHM_UNLOCK == LIBSHM_SHM_UNLOCK, "commands are passed on unchanged");
_Static_assert(SHM_INFO == LIBSHM_SHM_INFO, "commands are passed on unchanged");
_Static_assert((SHM_STAT & ~(IPC_STAT & ~LIBSHM_IPC_STAT)) == LIBSHM_SHM_STAT,
               "commands are passed on without the C library's own bits");
_Static_assert(SHM_DEST == LIBSHM_MODE_DEST, "modes are passed on unchanged");
_Static_assert(SHM_LOCKED == LIBSHM_MODE_LOCKED, "modes are passed on unchanged");

static void to_system(struct shmid_ds *to, const struct shm_backend_shmid_ds *from)
{
    memset(to, 0, sizeof *to);
    dropin_perm_to_system(&to->shm_perm, &from->perm);
    to->shm_segsz = from->segsz;
    to->shm_atime = (time_t)from->atime;
    to->shm_dtime = (time_t)from->dtime;
    to->shm_ctime = (time_t)from->ctime;
    to->shm_cpid = from->cpid;
    to->shm_lpid = from->lpid;
    to->shm_nattch = dropin_at_most_ulong(from->nattch);
}

static int stat_by(int shmid, int command, struct shmid_ds *buf)
{
    struct shm_backend_shmid_ds ds = {0};
    int result = shm_backend_shmctl(shmid, command, buf ? &ds : NULL);
    if (result >= 0 && buf)
        to_system(buf, &ds);
    return result;
}

static int set(int shmid, const struct shmid_ds *buf)
{
    struct shm_backend_shmid_ds ds = {0};
    if (buf)
        dropin_perm_from_system(&ds.perm, &buf->shm_perm);
    return shm_backend_shmctl(shmid, LIBSHM_IPC_SET, buf ? &ds : NULL);
}

/* The standard's prototype has one type of buffer for all commands. */
static int limits(int shmid, struct shminfo *buf)
{
    struct shm_backend_shminfo info = {0};
    int highest = shm_backend_shmctl(shmid, LIBSHM_IPC_INFO, buf ? &info : NULL);
    if (highest < 0 || !buf)
        return highest;
    memset(buf, 0, sizeof *buf);
    buf->shmmax = dropin_at_most_ulong(info.shmmax);
    buf->shmmin = dropin_at_most_ulong(info.shmmin);
    buf->shmmni = dropin_at_most_ulong(info.shmmni);
    buf->shmseg = dropin_at_most_ulong(info.shmseg);
    buf->shmall = dropin_at_most_ulong(info.shmall);
    return highest;
}

/* Nobody counts which pages are in memory and which have been swapped out: both stay 0. */
static int usage(int shmid, struct shm_info *buf)
{
    struct shm_backend_shmusage now = {0};
    int highest = shm_backend_shmctl(shmid, LIBSHM_SHM_INFO, buf ? &now : NULL);
    if (highest < 0 || !buf)
        return highest;
    memset(buf, 0, sizeof *buf);
    buf->used_ids = now.used_ids;
    buf->shm_tot = dropin_at_most_ulong(now.shm_tot);
    return highest;
}

DROPIN_NAME int shmctl(int shmid, int system_command, struct shmid_ds *buf)
{
    int command = dropin_command(system_command);
    switch (command) {
    case LIBSHM_IPC_STAT:
    case LIBSHM_SHM_STAT:
    case LIBSHM_SHM_STAT_ANY:
        return stat_by(shmid, command, buf);
    case LIBSHM_IPC_SET:
        return set(shmid, buf);
    case LIBSHM_IPC_INFO:
        return limits(shmid, (struct shminfo *)(void *)buf);
    case LIBSHM_SHM_INFO:
        return usage(shmid, (struct shm_info *)(void *)buf);
    default:
        return shm_backend_shmctl(shmid, command, NULL);
    }
}
