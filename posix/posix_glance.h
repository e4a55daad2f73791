/*
 * A look at the headers of the segments that this process has attached: mapped for reading, so that
 * the status check before each access of shm_memory_read and the like needs no system call.
 *
 * It only ever confirms. What it does not see, a file that was deleted from outside and a change of
 * this process's user since the attach or the fork, shows at the next call that asks IPC_STAT. A co-writer who
 * cuts the file off raises SIGBUS here, as he does in the attached bytes themselves.
 */
#ifndef LIBSHM_POSIX_GLANCE_H
#define LIBSHM_POSIX_GLANCE_H

#include "posix/posix_object.h"

struct px_glance {
    int id; /* first: see posix_borrow.h */
    _Atomic int class_shift;
    uint32_t of_uid, of_gid; /* owners for whom the class was found */
    _Atomic int stale;       /* by another process: a child may have become somebody else */
    const struct px_header *header;
    struct px_glance *next;
};

/* All calls: the table lock is held. */

/* After an attach of this segment; does nothing where it cannot be had, or is there already. */
void px_glance_begin(const struct px_object *o);

/* After an IPC_STAT that was allowed: whose process this is is known again. */
void px_glance_refresh(const struct px_object *o);

/* After a detach that may have been the last: gives up what no attach needs any more. */
void px_glances_end(void);

/* In a forked child, which has inherited them. Needs no lock. */
void px_glances_notice_fork(void);

#endif
