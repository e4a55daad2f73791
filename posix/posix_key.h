/*
 * Keys: one symbolic link for each, whose text names the object's id and size.
 *
 * symlink(2) creates exclusively and with its content in one step; everybody may read the text,
 * nobody needs to follow it.
 */
#ifndef LIBSHM_POSIX_KEY_H
#define LIBSHM_POSIX_KEY_H

#include <stdint.h>
#include <sys/types.h>

#include "posix/posix_store.h"

struct px_binding {
    int id;
    uint64_t size; /* bytes of a segment, semaphores of a set */
};

/* 0, or -1 and errno: ENOENT for no such key, EINVAL for a link that is not ours. */
int px_key_read(enum px_kind kind, uint32_t key, struct px_binding *binding);

/* 0, or -1 and errno: EEXIST when the key is bound. */
int px_key_bind(enum px_kind kind, uint32_t key, const struct px_binding *binding);

/*
 * Unbinds the key if it still names the object `id`. The caller holds the life lock of that
 * object: only so can nobody bind the key to another object between the look and the unlink.
 * Returns 0, or -1 and errno when the link may not be removed.
 */
int px_key_unbind(enum px_kind kind, uint32_t key, int id);

/*
 * Gives the link of a key that names the object `id` to a new owner, who could not unbind it in
 * a sticky folder otherwise. Life lock held.
 */
void px_key_give(enum px_kind kind, uint32_t key, int id, uid_t uid);

#endif
