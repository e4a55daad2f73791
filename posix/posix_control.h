/*
 * Removing semaphore sets and message queues, and giving them other owners and permissions.
 */
#ifndef LIBSHM_POSIX_CONTROL_H
#define LIBSHM_POSIX_CONTROL_H

#include "posix/posix_object.h"

/* IPC_RMID: 0, or -1 and errno, EINVAL or EPERM. Calls that sleep end with EIDRM. */
int px_control_remove(enum px_kind kind, int id);

/* IPC_SET. */
int px_control_set(enum px_kind kind, int id, const struct shm_backend_perm *perm);

/*
 * After an object could not be opened: who gets EACCES from its file does not own it either, and IPC_SET and
 * IPC_RMID have EPERM for that. -1 and errno.
 */
int px_control_refused(enum px_kind kind, int id);

#endif
