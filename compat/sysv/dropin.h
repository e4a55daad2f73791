/*
 * What the files of the drop-in library share: the standard's names on the contract of
 * libshm/backend.h. A name passes its arguments on; what has another shape in the C library's
 * headers is translated here, field by field, and never passed on as it lies in memory.
 *
 * To be included before any header of the system.
 */
#ifndef LIBSHM_COMPAT_SYSV_DROPIN_H
#define LIBSHM_COMPAT_SYSV_DROPIN_H

/*
 * Where the C library has two widths of time_t, whatever has a time in its arguments has two names,
 * shmctl and __shmctl64; its headers choose by this macro. These sources are compiled for each.
 */
#ifdef DROPIN_NARROW_TIME
#undef _TIME_BITS
#endif

#include <sys/ipc.h>

#include "libshm/backend.h"

/* Marks what the library is for; all else is hidden. */
#define DROPIN_NAME __attribute__((visibility("default")))

/* The command without the bit by which some C libraries ask the kernel for wide structs. */
static inline int dropin_command(int system_command)
{
    return system_command & ~(IPC_STAT & ~LIBSHM_IPC_STAT);
}

/* The sequence number is 0: ids are not made of it here. */
void dropin_perm_to_system(struct ipc_perm *to, const struct shm_backend_perm *from);

/* What IPC_SET takes: uid, gid and the nine permission bits. */
void dropin_perm_from_system(struct shm_backend_perm *to, const struct ipc_perm *from);

/* Numbers that a system's type may be too narrow for. */
unsigned long dropin_at_most_ulong(uint64_t number);

#endif
