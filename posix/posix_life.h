/*
 * Births and deaths: every step that makes, completes or removes an object's file, under the
 * object's life lock. A process that is killed between any two steps leaves something that the
 * next one to look completes or clears; see doc/protocols.md, section 2.
 *
 * The callers hold the store lock of the process.
 */
#ifndef LIBSHM_POSIX_LIFE_H
#define LIBSHM_POSIX_LIFE_H

#include "posix/posix_key.h"
#include "posix/posix_object.h"

/*
 * Makes the object of `request`, binds its key and returns the id, or -1 and errno: EEXIST when
 * another process bound the key first.
 */
int px_life_create(const struct px_request *request);

/*
 * Takes the life lock of an open object: 0, or -1 and errno, not recorded: EAGAIN while another
 * holds it, EPERM when a reader keeps it locked.
 */
int px_life_lock(struct px_object *o);

/* Records why it could not be taken. */
int px_life_explain_lock(const struct px_object *o);

/*
 * Clears an object that its creator or remover left half-way: PENDING, DEAD, or MARKED with its
 * key still bound. Returns 0 when somebody did, or -1: EAGAIN while its maker is at work,
 * EACCES when this user may not.
 */
int px_life_clear(struct px_object *o);

/* Unbinds a key whose object has no file. The same results. */
int px_life_clear_dangling(enum px_kind kind, uint32_t key, const struct px_binding *binding);

/*
 * A removed segment whose last attacher was killed is debris: whoever looks at it destroys it
 * and finds nothing.
 */
int px_life_is_debris(const struct px_object *o);

/* Removes an object: unbinds its key, and destroys it unless attaches keep it. */
int px_life_remove(struct px_object *o);

/*
 * Destroys a MARKED segment that nobody has attached: 1 if it is gone, 0 if it is in use or may
 * not be destroyed by this user, -1 and EAGAIN while somebody else holds the life lock.
 */
int px_life_destroy_unused(struct px_object *o);

#endif
