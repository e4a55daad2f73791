/*
 * One object, one file.
 *
 * The first bytes of the file are this header. Headers of segments are read and written with pread
 * and pwrite, so that a file that a co-writer truncates is an error and not a signal; only whoever has
 * one attached, and risks the signal anyway, also looks at it through a mapping (posix_glance.h). A
 * set's header lies in its mapping too, for `state`.
 *
 * The owner and the group of an object are those of its file; the header only repeats them.
 */
#ifndef LIBSHM_POSIX_OBJECT_H
#define LIBSHM_POSIX_OBJECT_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "libshm/backend.h"
#include "posix/posix_store.h"

#define PX_MAGIC UINT64_C(0x424f4d485342494c) /* "LIBSHMOB" in little-endian bytes */

enum { PX_FORMAT = 1, PX_BYTE_ORDER = 0x01020304 };

/* A segment's payload starts here: a multiple of every page size. */
enum { PX_PAYLOAD = 65536 };

/*
 * PENDING -> LIVE -> (MARKED ->) DEAD, or PENDING -> DEAD. Each change is one store of four
 * bytes by whoever holds the life lock, and it is what makes a creation or a removal happen.
 */
enum px_state {
    PX_PENDING = 1, /* its creator holds the life lock, or died */
    PX_LIVE = 2,
    PX_MARKED = 3, /* segments: removed, waits for the last detach */
    PX_DEAD = 4,   /* debris, to be unlinked by whoever sees it */
};

struct px_header {
    uint64_t magic;
    uint32_t format;
    uint32_t byte_order;
    uint32_t kind; /* enum px_kind */
    uint32_t id;
    int32_t key;
    uint32_t state;     /* enum px_state */
    uint64_t size;      /* bytes of a segment, semaphores of a set, 0 of a queue */
    uint64_t file_size; /* bytes */
    uint8_t boot_id[16];
    uint32_t cuid, cgid; /* creator, for show */
    uint32_t mode;       /* nine permission bits, LIBSHM_MODE_LOCKED */
    int32_t cpid;
    int32_t lpid;
    uint32_t padding;
    int64_t atime, dtime; /* seconds since the epoch, all four */
    /* A set's, in its mapping: looked at while others operate. */
    alignas(8) _Atomic int64_t ctime;
    alignas(8) _Atomic int64_t otime;
    uint32_t uid, gid; /* the file's, for those who only have it mapped */
    uint64_t reserved[16];
};
_Static_assert(sizeof(struct px_header) == 256, "the header is part of the format");
_Static_assert(offsetof(struct px_header, state) == 28, "the header is part of the format");
_Static_assert(offsetof(struct px_header, ctime) == 104, "the header is part of the format");

/* An object whose file is open. */
struct px_object {
    int fd;
    int writable;
    enum px_kind kind;
    int id;
    dev_t dev;
    ino_t ino;
    uid_t uid; /* owner: the file's */
    gid_t gid;
    uint64_t file_size; /* of the file itself, not what its header says */
    struct px_header
        *mapped; /* where this process has the header mapped, for writing; or NULL */
    struct px_header header; /* as it was when the file was opened or last read */
};

/* What one get call wants. Offsets and sizes are bytes of the file. */
struct px_range {
    uint64_t start, end;
};
struct px_request {
    enum px_kind kind;
    key_t key;
    uint64_t size;
    int flags; /* of the get call */
    uint64_t file_size;
    struct px_range reserve[2]; /* beside the header; may be empty */
    struct {
        uint64_t at;
        int64_t number;
    } start; /* what a new file has there, in its reserved space; elsewhere it has zeros */
};

enum px_access {
    PX_READ_ONLY, /* the descriptor must not be able to write */
    PX_BEST,      /* for writing where the file's mode lets us, else for reading */
    PX_WRITE,     /* for writing */
};

/*
 * Opens and validates. Returns 0, or -1 and errno: EINVAL for no such object (also one that is
 * half-made or destroyed), EACCES.
 */
int px_object_open(struct px_object *o, enum px_kind kind, int id, enum px_access access);

/*
 * The same without looking at the state; ENOENT for no such file, EBADMSG for one that is not
 * an object. An empty file counts as PENDING: its maker has not come further.
 */
int px_object_open_any(struct px_object *o, enum px_kind kind, int id, enum px_access access);

/*
 * Opens an object whose header is mapped for writing, if its file is still this one; the header is not
 * read. -1 if not, or for any other reason, and nothing is open.
 */
int px_object_open_known(struct px_object *o, enum px_access access);

/* A descriptor to read and write the file under the object's name, whatever is in it; or -1, errno. */
int px_object_open_file(enum px_kind kind, int id);

void px_object_close(struct px_object *o);

/* Reads header and owner again; -1 and errno: EBADMSG, or ENOENT when it has been unlinked. */
int px_object_reload(struct px_object *o);

/*
 * Whether the limit on file sizes (ulimit -f) lets this process write up to byte `end`. Asked
 * before every write: reaching the limit is a signal that ends the process.
 */
int px_file_may_reach(uint64_t end);

/* Stores one field of the header. 0, or -1 and errno. */
int px_object_store(const struct px_object *o, size_t field, const void *value, size_t size);
#define PX_STORE(o, field)                                                                     \
    px_object_store(o, offsetof(struct px_header, field), &(o)->header.field,                  \
                    sizeof(o)->header.field)

/*
 * The same for what is only shown, times and lpid: no call fails for it, and a file that cannot
 * be written keeps the old value.
 */
void px_object_stamp(const struct px_object *o, size_t field, const void *value, size_t size);
#define PX_STAMP(o, field)                                                                     \
    px_object_stamp(o, offsetof(struct px_header, field), &(o)->header.field,                  \
                    sizeof(o)->header.field)

/* The owner of an object that cannot be opened: -1 and EINVAL when there is none. */
int px_object_owner(enum px_kind kind, int id, uid_t *uid);

/* Records why px_object_open_any or px_object_reload has failed, by errno: -1, as px_object_open. */
int px_object_explain(enum px_kind kind, int id);

/* Records that there is no object with this id: -1 and EINVAL. */
int px_object_missing(enum px_kind kind, int id);

uint64_t px_page_size(void);
uint64_t px_whole_pages(uint64_t nbytes); /* rounded up, in bytes */

/* Mode of the file for a mode of the object. */
mode_t px_file_mode(enum px_kind kind, unsigned mode);

/* What an IPC_STAT of either kind reports of the object itself. */
struct shm_backend_perm px_header_perm(const struct px_header *h);
struct shm_backend_perm px_object_perm(const struct px_object *o);

#endif
