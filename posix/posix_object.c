#include "config.h"

#include "posix/posix_object.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libshm/fail.h"
#include "posix/posix_header.h"
#include "posix/posix_file.h"
#include "posix/posix_io.h"
#include "posix/posix_perm.h"

/* A foreign file may be anything: O_NONBLOCK for a fifo, O_NOFOLLOW for a link. */
static int open_file(const char *path, enum px_access access, int *writable)
{
    const int flags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    *writable = access != PX_READ_ONLY;
    int fd = px_file_open(path, (*writable ? O_RDWR : O_RDONLY) | flags, 0);
    if (fd < 0 && access == PX_BEST && (errno == EACCES || errno == EROFS)) {
        *writable = 0;
        fd = px_file_open(path, O_RDONLY | flags, 0);
    }
    if (fd < 0 && (errno == ELOOP || errno == ENXIO || errno == EISDIR))
        errno = EBADMSG;
    return fd;
}

int px_object_open_file(enum px_kind kind, int id)
{
    char path[PX_PATH_SIZE];
    int writable;
    px_object_path(path, kind, id);
    return open_file(path, PX_WRITE, &writable);
}

static int is_valid(const struct px_object *o, const struct px_header *h, off_t size)
{
    return px_header_has_our_format(h) && px_header_is_about(h, o) &&
           px_header_fits_file(h, (uint64_t)size);
}

/* Read, although it is mapped: a file that somebody has cut off is an error here, and no signal. */
static int reload_known(struct px_object *o)
{
    struct px_header h;
    ssize_t n = px_read_at(o->fd, &h, sizeof h, 0);
    errno = EBADMSG;
    if (n != (ssize_t)sizeof h || !is_valid(o, &h, (off_t)o->file_size) ||
        !px_header_is_of_this_boot(&h))
        return -1;
    o->header = h;
    return 0;
}

int px_object_open_known(struct px_object *o, enum px_access access)
{
    char path[PX_PATH_SIZE];
    struct stat st;
    px_object_path(path, o->kind, o->id);
    o->fd = open_file(path, access, &o->writable);
    if (o->fd < 0)
        return -1;
    if (fstat(o->fd, &st) == 0 && st.st_dev == o->dev && st.st_ino == o->ino &&
        st.st_nlink == 1) {
        o->uid = st.st_uid;
        o->gid = st.st_gid;
        o->file_size = (uint64_t)st.st_size;
        return 0;
    }
    px_object_close(o);
    return -1;
}

/*
 * The content first, the size afterwards: a file only grows until its object is LIVE, so a size
 * that is older than the header would make a good object look cut off.
 */
int px_object_reload(struct px_object *o)
{
    struct px_header h;
    struct stat st;
    if (o->mapped)
        return reload_known(o);
    ssize_t n = px_read_at(o->fd, &h, sizeof h, 0);
    int error = errno;
    if (fstat(o->fd, &st) != 0)
        return -1;
    o->dev = st.st_dev;
    o->ino = st.st_ino;
    o->uid = st.st_uid;
    o->gid = st.st_gid;
    o->file_size = (uint64_t)st.st_size;
    errno = st.st_nlink == 0 ? ENOENT : EBADMSG;
    /* One link only: a second name could outlive every removal. None: it has been unlinked. */
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
        return -1;
    if (n < 0) {
        errno = error;
        return -1;
    }
    if (n == 0)
        h = (struct px_header){.state = PX_PENDING};
    else if (n != (ssize_t)sizeof h || !is_valid(o, &h, st.st_size))
        return -1;
    else if (!px_header_is_of_this_boot(&h))
        h.state = PX_DEAD;
    o->header = h;
    return 0;
}

int px_object_open_any(struct px_object *o, enum px_kind kind, int id, enum px_access access)
{
    char path[PX_PATH_SIZE];
    px_object_path(path, kind, id);
    o->kind = kind;
    o->id = id;
    o->mapped = NULL;
    o->fd = open_file(path, access, &o->writable);
    if (o->fd < 0)
        return -1;
    if (px_object_reload(o) == 0)
        return 0;
    px_object_close(o);
    return -1;
}

int px_object_missing(enum px_kind kind, int id)
{
    return shm_failf(EINVAL, "no %s has the id %d", px_noun(kind), id);
}

int px_object_explain(enum px_kind kind, int id)
{
    if (errno == ENOENT)
        return px_object_missing(kind, id);
    if (errno == EBADMSG)
        return shm_failf(EINVAL,
                         "the file of %s %d in %s is not a %s of this format; "
                         "shmtool gc removes it when it is yours",
                         px_noun(kind), id, px_store_folder(), px_noun(kind));
    return shm_failf(errno, "the file of %s %d in %s cannot be opened: %s%s", px_noun(kind), id,
                     px_store_folder(), strerror(errno), px_store_advice(errno));
}

int px_object_open(struct px_object *o, enum px_kind kind, int id, enum px_access access)
{
    if (px_object_open_any(o, kind, id, access) == 0) {
        if (o->header.state == PX_LIVE || o->header.state == PX_MARKED)
            return 0;
        px_object_close(o);
        return px_object_missing(kind, id);
    }
    return px_object_explain(kind, id);
}

void px_object_close(struct px_object *o)
{
    px_file_close(o->fd);
}

int px_file_may_reach(uint64_t end)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) != 0 || end <= limit.rlim_cur;
}

/* The limit does not count what is stored through a mapping. */
static int store_mapped(const struct px_object *o, size_t field, const void *value, size_t size)
{
    size_t length = sizeof o->header;
    char *header = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, o->fd, 0);
    if (header == MAP_FAILED)
        return -1;
    memcpy(header + field, value, size);
    munmap(header, length);
    return 0;
}

int px_object_store(const struct px_object *o, size_t field, const void *value, size_t size)
{
    if (!px_file_may_reach(field + size))
        return store_mapped(o, field, value, size);
    return px_write_at(o->fd, value, size, (off_t)field);
}

void px_object_stamp(const struct px_object *o, size_t field, const void *value, size_t size)
{
    int error = errno;
    if (o->mapped)
        memcpy((char *)o->mapped + field, value, size);
    else if (o->writable)
        (void)px_object_store(o, field, value, size);
    errno = error;
}

int px_object_owner(enum px_kind kind, int id, uid_t *uid)
{
    char path[PX_PATH_SIZE];
    struct stat st;
    px_object_path(path, kind, id);
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return px_object_missing(kind, id);
    *uid = st.st_uid;
    return 0;
}

/*
 * What files can enforce: nothing, reading, or reading and writing. A set or a queue is always changed
 * by whoever uses it, so any permission bit opens it for both. The owner's own bits are checked by
 * the library: IPC_SET and IPC_RMID must work with mode 0.
 */
mode_t px_file_mode(enum px_kind kind, unsigned mode)
{
    mode_t file = 0600;
    for (int shift = 0; shift <= 3; shift += 3) {
        unsigned bits = mode >> shift & 7;
        if (kind != PX_SEGMENT && (bits & 6))
            bits = 6;
        if (bits & 4)
            file |= (mode_t)((bits & 6) << shift);
    }
    return file;
}

struct shm_backend_perm px_header_perm(const struct px_header *h)
{
    int marked = h->state == PX_MARKED;
    return (struct shm_backend_perm){
        .key = marked ? LIBSHM_IPC_PRIVATE : h->key,
        .uid = h->uid,
        .gid = h->gid,
        .cuid = h->cuid,
        .cgid = h->cgid,
        .mode = (h->mode & (0777 | LIBSHM_MODE_LOCKED)) | (marked ? LIBSHM_MODE_DEST : 0),
    };
}

struct shm_backend_perm px_object_perm(const struct px_object *o)
{
    struct shm_backend_perm perm = px_header_perm(&o->header);
    perm.uid = o->uid;
    perm.gid = o->gid;
    return perm;
}

uint64_t px_page_size(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t px_whole_pages(uint64_t nbytes)
{
    uint64_t page = px_page_size();
    return (nbytes + page - 1) / page * page;
}
