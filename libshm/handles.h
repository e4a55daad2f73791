/*
 * The handles of this process, one for each object: asking twice for the same id gives the same
 * handle with one more reference.
 *
 * The lock inside is held for a few pointers only, never around a call of the backend, and is
 * taken around fork: a child always finds the table whole and free.
 */
#ifndef LIBSHM_HANDLES_H
#define LIBSHM_HANDLES_H

#include <stdbool.h>

/* Stands first in every handle. */
struct shm_handle {
    struct shm_handle *next;
    int id;
    unsigned references;
};

enum {
    LIBSHM_HANDLE_BUCKETS = 64,
};

/* One for segments and one for sets: the same number may be an id of both. */
struct shm_handle_table {
    struct shm_handle *buckets[LIBSHM_HANDLE_BUCKETS];
};

/* The handle with this id, with a reference more; NULL (no failure) if there is none. */
struct shm_handle *shm_handle_take(struct shm_handle_table *table, int id);

/* Enters `fresh` with one reference, or takes the handle that another thread entered before. */
struct shm_handle *shm_handle_enter(struct shm_handle_table *table, struct shm_handle *fresh);

/* Gives a reference back. True: it was the last one, and the caller now owns the memory. */
bool shm_handle_drop(struct shm_handle_table *table, struct shm_handle *handle);

/* For assertions: is this pointer a handle that was not freed? */
bool shm_handle_alive(struct shm_handle_table *table, const struct shm_handle *handle);

#endif
