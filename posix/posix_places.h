/*
 * From the number of a row or of a waiter to its place in the mapping of a set. The numbers come
 * from shared bytes: every one is checked here, and so is that there is space at its place.
 */
#ifndef LIBSHM_POSIX_PLACES_H
#define LIBSHM_POSIX_PLACES_H

#include "posix/posix_set.h"

/* The record of a row, or NULL when its space is not there. */
struct px_row *px_row(struct px_set *s, uint32_t row);

/* Rows that anybody may have used. */
uint32_t px_rows_known(const struct px_set *s);

/* Makes sure that rows 1 to `row` have space. 0, or -1 and errno. */
int px_rows_reserve(struct px_set *s, uint32_t row);

/* An entry of the queue by number, or NULL. */
struct px_waiter *px_waiter(struct px_set *s, uint32_t number);

/* Entries that anybody may have used, and whose space is there. */
uint32_t px_waiters_known(struct px_set *s);

/* Space for entries 1 to `want`. 0, or -1 and errno. */
int px_waiters_reserve(struct px_set *s, uint32_t want);

#endif
