/*
 * Permissions as ipcperms does it: the first class that matches decides.
 *
 * The kernel enforces what file modes can say; the finer rules are checked here and are
 * advisory between users who may write to the file anyway.
 */
#ifndef LIBSHM_POSIX_PERM_H
#define LIBSHM_POSIX_PERM_H

#include "posix/posix_object.h"

/* The lowest bit of the caller's class in a mode: 0100, 010 or 1; 0: all is granted. */
unsigned px_perm_class(const struct shm_backend_perm *perm);

/* 1 if all of `wanted` (4 read, 2 write, 1 execute) is granted to the class. */
static inline int px_perm_class_grants(unsigned class_bit, unsigned mode, unsigned wanted)
{
    return (wanted * class_bit & ~mode) == 0;
}

int px_perm_grants(const struct px_object *o, unsigned wanted);

/* The owner, the creator, or root: who may remove and IPC_SET. */
int px_perm_controls(const struct px_object *o);

/*
 * IPC_SET: owner, group and the nine bits of `perm`. The life lock is held. -1 and errno:
 * EINVAL for an owner or group of -1, EPERM for what files do not let this user give away.
 */
int px_set_perm(struct px_object *o, const struct shm_backend_perm *perm);

#endif
