/*
 * shmtool: what its files share. The program talks to the backend directly, since it deals with
 * objects that other programs made, of any kind.
 */
#ifndef LIBSHM_SHMTOOL_H
#define LIBSHM_SHMTOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "libshm/backend.h"

/* The families of objects; keys and ids of one have nothing to do with those of the others. */
enum shmtool_family { SHMTOOL_SHM, SHMTOOL_SEM, SHMTOOL_MSG, SHMTOOL_FAMILIES };

struct shmtool_options {
    bool family[SHMTOOL_FAMILIES]; /* which are meant */
    bool json;
    bool all;
    bool has_key;
    bool has_id;
    key_t key;
    int id;
};

/* One object as listed. */
struct shmtool_object {
    enum shmtool_family family;
    int id;
    bool readable; /* false: no read permission, everything below is unknown */
    struct shm_backend_perm perm;
    uint64_t size;   /* bytes of a segment, semaphores of a set, messages of a queue */
    uint64_t nattch; /* segments */
    int64_t changed; /* seconds since the epoch; 0: never */
    int64_t
        used; /* the last attach or detach, the last semop, the last message sent or received */
};

/* Called for each object; returns false to stop. */
typedef bool (*shmtool_visitor)(const struct shmtool_object *object, void *context);

/* shmtool_object.c */
const char *shmtool_kind(enum shmtool_family family); /* "segment", "set", "queue" */
const char *shmtool_code(enum shmtool_family family); /* "shm", "sem", "msg" */
bool shmtool_look(enum shmtool_family family, int id, struct shmtool_object *object);
bool shmtool_each(const struct shmtool_options *options, shmtool_visitor visit, void *context);
int shmtool_id_of_key(enum shmtool_family family, key_t key);
int shmtool_named(const struct shmtool_options *options, int ids[SHMTOOL_FAMILIES]);

/* shmtool_text.c */
bool shmtool_failed(const char *format, ...); /* on stderr with the reason; returns false */
bool shmtool_complain(const char *format, ...);
const char *shmtool_owner(uid_t uid, char *text, size_t size);
const char *shmtool_time(int64_t seconds, char *text, size_t size);
const char *shmtool_age(int64_t seconds, char *text, size_t size);

/* The commands; true if all went well. */
bool shmtool_ls(const struct shmtool_options *options);
bool shmtool_stat(const struct shmtool_options *options);
bool shmtool_rm(const struct shmtool_options *options);
bool shmtool_gc(void);

#endif
