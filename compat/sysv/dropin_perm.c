#include "config.h"

#include "compat/sysv/dropin.h"

#include <limits.h>
#include <string.h>

_Static_assert(IPC_PRIVATE == LIBSHM_IPC_PRIVATE, "keys are passed on unchanged");
_Static_assert(IPC_CREAT == LIBSHM_IPC_CREAT, "flags are passed on unchanged");
_Static_assert(IPC_EXCL == LIBSHM_IPC_EXCL, "flags are passed on unchanged");
_Static_assert(IPC_NOWAIT == LIBSHM_IPC_NOWAIT, "flags are passed on unchanged");
_Static_assert(IPC_RMID == LIBSHM_IPC_RMID, "commands are passed on unchanged");
_Static_assert(IPC_SET == LIBSHM_IPC_SET, "commands are passed on unchanged");
_Static_assert(IPC_INFO == LIBSHM_IPC_INFO, "commands are passed on unchanged");
_Static_assert((IPC_STAT & LIBSHM_IPC_STAT) == LIBSHM_IPC_STAT,
               "commands are passed on without the C library's own bits");

void dropin_perm_to_system(struct ipc_perm *to, const struct shm_backend_perm *from)
{
    memset(to, 0, sizeof *to);
    to->__key = from->key;
    to->uid = from->uid;
    to->gid = from->gid;
    to->cuid = from->cuid;
    to->cgid = from->cgid;
    to->mode = from->mode;
}

void dropin_perm_from_system(struct shm_backend_perm *to, const struct ipc_perm *from)
{
    memset(to, 0, sizeof *to);
    to->uid = from->uid;
    to->gid = from->gid;
    to->mode = from->mode & 0777;
}

unsigned long dropin_at_most_ulong(uint64_t number)
{
    return number < ULONG_MAX ? (unsigned long)number : ULONG_MAX;
}
