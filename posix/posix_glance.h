/*
 * A look at the headers of the segments that this process has attached: mapped, so that the status check
 * before each access of shm_memory_read and the like needs no system call, and shmat and shmdt leave their
 * stamps without one. Those of a few that it has detached stay mapped, because programs attach such again;
 * nobody looks at them, and of one that others remove a page stays until then.
 *
 * It only ever confirms. What it does not see, a file that was deleted from outside and a change of
 * this process's user since the attach or the fork, shows at the next call that asks IPC_STAT. A co-writer who
 * cuts the file off raises SIGBUS here, and in shmdt, as he does in the attached bytes themselves.
 */
#ifndef LIBSHM_POSIX_GLANCE_H
#define LIBSHM_POSIX_GLANCE_H

#include "posix/posix_object.h"

enum { PX_GLANCES_KEPT = 4 };

struct px_glance {
    int id; /* first: see posix_borrow.h */
    _Atomic unsigned class_bit;
    uint32_t of_uid, of_gid; /* owners for whom the class was found */
    _Atomic int stale;       /* by another process: a child may have become somebody else */
    struct px_header *header;
    int writable; /* the mapping is */
    int removed;  /* the segment was, as this process has seen */
    dev_t dev;
    ino_t ino;
    struct px_glance *next;
};

/* All calls: the table lock is held. */

/*
 * Opens a segment that is known from an earlier attach, for another one: 0; or -1 and px_object_open has
 * to do it.
 */
int px_glance_open(struct px_object *o, int id, enum px_access access);

/*
 * Notes that a segment was detached, if it is known and goes on living: 1, or 0. The attach is gone
 * already: who has removed the segment meanwhile looks whether somebody has it attached after he has said
 * so.
 */
int px_glance_stamp_detach(int id, dev_t dev, ino_t ino);

/* After this process has removed the segment. */
void px_glance_note_removal(int id);

/* After an attach of this segment; does nothing where it cannot be had, or is there already. */
void px_glance_begin(const struct px_object *o);

/* After an IPC_STAT that was allowed: whose process this is is known again. */
void px_glance_refresh(const struct px_object *o);

/*
 * After a detach that may have been the last: gives up what no attach needs any more, but for the last few.
 */
void px_glances_end(void);

/* In a forked child, which has inherited them. Needs no lock. */
void px_glances_notice_fork(void);

#endif
