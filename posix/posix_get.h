/*
 * From a key to an id: what shmget, semget and msgget have in common.
 */
#ifndef LIBSHM_POSIX_GET_H
#define LIBSHM_POSIX_GET_H

#include "posix/posix_object.h"

/*
 * The id of the object `request` asks for, found or made; -1 and errno. The sizes of a new
 * object have been checked by the caller, who sets `new_error` when no new one may be made with
 * that size, and `new_text` to the reason. Without that, ENOSPC when there are as many as may be.
 */
struct px_refusal {
    int error;
    const char *text;
};
int px_get(const struct px_request *request, const struct px_refusal *new_refused);

/* Waits a little for another process that is at work on an object; no lock is held. */
void px_pause(unsigned attempt);

#endif
