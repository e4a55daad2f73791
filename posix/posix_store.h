/*
 * Where the objects of a process live: a folder and a namespace within it.
 *
 * The folder is the shared memory mount, or LIBSHM_DIR; the namespace is LIBSHM_NAMESPACE, or
 * "default". Both are read once, when the first call needs them; programs that run with more
 * rights than their user ignore both variables, as they do those of posix_limits.h.
 *
 *   libshm.NAMESPACE.m.1234abcd     a segment's file, by id
 *   libshm.NAMESPACE.s.1234abcd     a semaphore set's file, by id
 *   libshm.NAMESPACE.mk.0000002a    a segment's key: a symbolic link whose text is "ID SIZE"
 *   libshm.NAMESPACE.sk.0000002a    a set's key
 *   libshm.NAMESPACE.q.1234abcd     a message queue's file, by id
 *   libshm.NAMESPACE.qk.0000002a    a queue's key
 */
#ifndef LIBSHM_POSIX_STORE_H
#define LIBSHM_POSIX_STORE_H

#include <stddef.h>
#include <stdint.h>

enum px_kind { PX_SEGMENT = 1, PX_SET = 2, PX_QUEUE = 3, PX_KINDS = 3 };

enum { PX_PATH_SIZE = 512 };

/* 0 and errno as before, or -1 with the reason why the store cannot be used. */
int px_store_check(void);

const char *px_store_folder(void);
const char *px_store_namespace(void);

/* What messages call it. */
const char *px_noun(enum px_kind kind);

void px_object_path(char path[PX_PATH_SIZE], enum px_kind kind, int id);
void px_key_path(char path[PX_PATH_SIZE], enum px_kind kind, uint32_t key);

/*
 * Calls `each` with the kind, whether it is a key, and the number in the name, for every name
 * of this namespace. Returns 0, or -1 and errno. Allocates.
 */
struct px_name {
    enum px_kind kind;
    int is_key;
    uint32_t number;
};
int px_store_each(void (*each)(const struct px_name *name, void *context), void *context);

/*
 * The end of a sentence about a file of the store that cannot be opened or made: which limit
 * this is and what to do about it. Empty for errors that explain themselves.
 */
const char *px_store_advice(int error);

/* Records and returns ENOSPC (-1) with what was wanted and what the mount has. */
int px_store_full(const char *what, uint64_t wanted);

/* Bytes that are free for this user, or UINT64_MAX when the system does not say. */
uint64_t px_store_free(void);

/* The 16 bytes that name this boot of the system; zeros where it does not tell. */
const uint8_t *px_boot_id(void);

#endif
