/*
 * Rows: what each process has in a set, and what is to be done when one is dead.
 *
 * A row belongs to whoever holds the exclusive lock of its byte. A pid is never proof of life.
 * All calls but px_row_choose: the set lock is held.
 */
#ifndef LIBSHM_POSIX_ROWS_H
#define LIBSHM_POSIX_ROWS_H

#include "posix/posix_places.h"

/*
 * Finds a free row, locks its byte through `fd` and remembers it in the set. Table lock held.
 * 0, or -1 and errno, recorded: ENOSPC.
 */
int px_row_choose(struct px_set *s, int fd);

/* Marks the chosen row as used. */
void px_row_claim(struct px_set *s);

/* One descriptor for all the looks of one call; closed by px_probe_end. */
struct px_probe {
    struct px_set *set;
    int fd;     /* -1: not open */
    int failed; /* it cannot be opened, so nobody can be found dead */
};
void px_probe_end(struct px_probe *probe);

/* 0 only if the row's process is known to be dead. */
int px_row_is_alive(struct px_probe *probe, uint32_t row);

/*
 * What the dead process of a row leaves undone: its sleeping calls leave the queue, its adjustments are
 * applied, its row becomes free.
 */
void px_row_bury(struct px_set *s, uint32_t number);

/*
 * Clears the void adjustments of one semaphore, which is locked: epochs come round again.
 */
void px_rows_scrub(struct px_set *s, uint32_t semaphore);

/*
 * Buries the dead among the rows that `matters` selects (NULL: all), serves whom that lets go on,
 * and returns how many it buried. Nobody is probed when nobody is selected.
 */
typedef int (*px_row_filter)(struct px_set *s, uint32_t row, const void *context);
int px_rows_reap(struct px_set *s, px_row_filter matters, const void *context);

/* A filter: rows that hold any adjustment. Needs no lock. */
int px_row_is_adjusted(struct px_set *s, uint32_t number, const void *context);

/*
 * Without the set lock: 1 if a process that is dead holds adjustments in the set or its lock, 0
 * if not, -1 if this process cannot tell.
 */
int px_rows_need_burial(struct px_set *s);

#endif
