/*
 * The attaches of this process.
 *
 * The mapping itself is the record of an attach for everybody else: it carries the lock of one
 * random byte (posix_lock.h), and nothing is ever unlocked explicitly. This table only knows
 * which addresses shmdt may release, and what a fork has to do again for the child.
 *
 * After a fork both sides hold the lock of the new attach for a moment, until the parent has
 * closed its descriptor: a child that detaches at once may still be counted for that long.
 *
 * All calls: the table lock is held.
 */
#ifndef LIBSHM_POSIX_ATTACH_H
#define LIBSHM_POSIX_ATTACH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct px_attach {
    struct px_attach *next;
    uint64_t serial; /* the same in all pieces of an attach */
    void *address;   /* as shmat returned it */
    void *
        piece; /* what of it this record is about: all, unless SHM_REMAP put something into it */
    size_t length; /* of the piece, in bytes, whole pages */
    int id;
    int writable;
    dev_t dev;
    ino_t ino;
    int fork_fd;   /* while a fork is under way: carries the child's lock; -1: none */
    int fork_prot; /* protection of the mapping at that moment; -1: not to be done again */
};

/* A record to be filled, or NULL. */
struct px_attach *px_attach_new(void);
void px_attach_add(struct px_attach *a);
void px_attach_discard(struct px_attach *a);

/*
 * Takes a piece of the attach that shmat returned `address` for out of the table; NULL when there
 * is none. `serial` is 0 for the first piece, whose serial then names the others.
 */
struct px_attach *px_attach_take(const void *address, uint64_t serial);

/*
 * [start, start + length) has been replaced by another mapping: cuts it out of the attaches it
 * was part of, whose rest stays attached. Returns the attaches of which nothing is left, linked by
 * `next`, for the caller to discard.
 */
struct px_attach *px_attach_cut(void *start, size_t length);

/* Whether any attach is of this segment. */
int px_attach_is_of(int id);

/* A random byte of the attach range. */
off_t px_attach_byte(void);

/* Both sides of a fork; see posix_process.c. */
void px_attaches_before_fork(void);
void px_attaches_after_fork(int in_child);

#endif
