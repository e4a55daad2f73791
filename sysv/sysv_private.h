/*
 * What the files of sysv/ share, and nobody else sees.
 *
 * None of the calls used here sleeps interruptibly except semtimedop, msgsnd and msgrcv, so there is no EINTR to
 * retry. Commands are translated, never passed on: some C libraries put flags into theirs.
 */
#ifndef LIBSHM_SYSV_PRIVATE_H
#define LIBSHM_SYSV_PRIVATE_H

#include <stdbool.h>
#include <sys/ipc.h>
#include "libshm/backend.h"

/* What IPC_SET lets a caller choose: uid, gid and the nine permission bits. */
void sysv_perm_to_system(struct ipc_perm *to, const struct shm_backend_perm *from);
void sysv_perm_from_system(struct shm_backend_perm *to, const struct ipc_perm *from);

/* One pass over indexes 0 to highest; id_at answers the id at an index, or -1. */
ssize_t sysv_list(int highest, int (*id_at)(int index), int *ids, size_t capacity);

/*
 * Sentences for failures that all have in common; `what` is "segment", "message queue" or
 * "semaphore set". They leave errno as the kernel set it and return -1.
 */
int sysv_fail_get(const char *what, key_t key);
int sysv_fail_id(const char *what, int id);
int sysv_fail_set(const char *what, int id, const struct shm_backend_perm *wanted);

/* An argument that has to point somewhere is NULL; the kernel would have said so. */
int sysv_fail_pointer(void);

#endif
