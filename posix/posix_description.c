#include "config.h"

#include "posix/posix_description.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix/posix_attach.h"
#include "posix/posix_file.h"
#include "posix/posix_io.h"
#include "posix/posix_lock_kernel.h"
#include "posix/posix_pool.h"

static struct px_pool file_pool = {.record = sizeof(struct px_file)};
static struct px_pool descriptor_pool = {.record = sizeof(struct px_descriptor)};
static struct px_pool description_pool = {.record = sizeof(struct px_description)};
static struct px_pool piece_pool = {.record = sizeof(struct px_piece)};

static struct px_file *files;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int changing; /* a thread is at work on the table */

void px_files_enter(struct px_mask *old)
{
    px_block_signals(old);
    px_pid(); /* a child without fork handlers has to be noticed first */
    pthread_mutex_lock(&mutex);
    changing = 1;
}

void px_files_leave(const struct px_mask *old)
{
    changing = 0;
    pthread_mutex_unlock(&mutex);
    px_restore_signals(old);
}

/*
 * Looking things up.
 */

static int is_ours(const struct px_file *f, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return errno != EBADF; /* nobody has closed it */
    return st.st_dev == f->dev && st.st_ino == f->ino;
}

struct px_description *px_description_of(int fd)
{
    for (struct px_file *f = files; f; f = f->next)
        for (struct px_description *d = f->descriptions; d; d = d->next)
            if (d->descriptor && d->descriptor->fd == fd)
                return d;
    return NULL;
}

static int has_locks(const struct px_description *d)
{
    for (int i = 0; i < PX_HELD; i++)
        if (d->held[i].type != F_UNLCK)
            return 1;
    return 0;
}

int px_file_has_locks(const struct px_file *f)
{
    for (const struct px_description *d = f->descriptions; d; d = d->next)
        if (has_locks(d))
            return 1;
    return 0;
}

static void forget_locks(struct px_description *d)
{
    for (int i = 0; i < PX_HELD; i++)
        d->held[i].type = F_UNLCK;
}

/* The program has closed numbers of ours; without any the locks are gone for certain. */
static void forget_lost(struct px_file *f)
{
    struct px_descriptor **at = &f->descriptors;
    while (*at) {
        struct px_descriptor *lost = *at;
        if (lost->in_use || is_ours(f, lost->fd)) {
            at = &lost->next;
            continue;
        }
        *at = lost->next;
        px_pool_give(&descriptor_pool, lost);
    }
    if (!f->descriptors)
        for (struct px_description *d = f->descriptions; d; d = d->next)
            forget_locks(d);
}

struct px_file *px_file_find(dev_t dev, ino_t ino)
{
    for (struct px_file *f = files; f; f = f->next)
        if (f->dev == dev && f->ino == ino) {
            forget_lost(f);
            return f;
        }
    return NULL;
}

struct px_descriptor *px_file_parked(struct px_file *f, int access)
{
    for (struct px_descriptor *d = f->descriptors; d; d = d->next)
        if (!d->in_use && d->access == access)
            return d;
    return NULL;
}

/*
 * Openings.
 */

int px_new_take(struct px_new *n)
{
    n->file = px_pool_take(&file_pool);
    n->descriptor = px_pool_take(&descriptor_pool);
    n->description = px_pool_take(&description_pool);
    if (n->file && n->descriptor && n->description)
        return 0;
    px_new_give(n);
    return -1;
}

void px_new_give(struct px_new *n)
{
    if (n->file)
        px_pool_give(&file_pool, n->file);
    if (n->descriptor)
        px_pool_give(&descriptor_pool, n->descriptor);
    if (n->description)
        px_pool_give(&description_pool, n->description);
    *n = (struct px_new){0};
}

struct px_file *px_file_add(struct px_new *n, dev_t dev, ino_t ino)
{
    struct px_file *f = n->file;
    n->file = NULL;
    f->dev = dev;
    f->ino = ino;
    f->next = files;
    files = f;
    return f;
}

struct px_descriptor *px_descriptor_add(struct px_new *n, struct px_file *f, int fd, int access)
{
    struct px_descriptor *d = n->descriptor;
    n->descriptor = NULL;
    d->fd = fd;
    d->access = access;
    d->next = f->descriptors;
    f->descriptors = d;
    return d;
}

void px_describe(struct px_new *n, struct px_file *f, struct px_descriptor *descriptor)
{
    struct px_description *d = n->description;
    n->description = NULL;
    descriptor->in_use = 1;
    d->descriptor = descriptor;
    d->file = f;
    forget_locks(d);
    d->next = f->descriptions;
    f->descriptions = d;
}

/*
 * Ends.
 */

static void close_parked(struct px_file *f)
{
    struct px_descriptor **at = &f->descriptors;
    while (*at) {
        struct px_descriptor *d = *at;
        if (d->in_use) {
            at = &d->next;
            continue;
        }
        if (is_ours(f, d->fd))
            px_close(d->fd);
        *at = d->next;
        px_pool_give(&descriptor_pool, d);
    }
}

void px_file_settle(struct px_file *f)
{
    if (!px_file_has_locks(f))
        close_parked(f);
    if (f->descriptors || f->descriptions)
        return;
    struct px_file **at = &files;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    px_pool_give(&file_pool, f);
}

enum { TRIES = 8 };

/* Giving back can need memory too, and nothing else would do it. */
static void unlock(int fd, const struct px_held *held)
{
    for (int i = 0; i < TRIES; i++)
        if (px_kernel_lock(fd, F_SETLK, F_UNLCK, held->start, held->end - held->start) == 0)
            return;
}

static void unlock_all(struct px_description *d)
{
    struct px_descriptor *any = d->file->descriptors;
    for (int i = 0; i < PX_HELD; i++)
        if (d->held[i].type != F_UNLCK && any && is_ours(d->file, any->fd))
            unlock(any->fd, &d->held[i]);
    forget_locks(d);
}

/* Gives the record back; the file stays. */
static void discard(struct px_description *d)
{
    struct px_description **at = &d->file->descriptions;
    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    px_pool_give(&description_pool, d);
}

static void end_if_unused(struct px_description *d)
{
    struct px_file *f = d->file;
    if (!d->descriptor && !d->pieces) {
        forget_lost(f);
        unlock_all(d);
        discard(d);
    }
    px_file_settle(f);
}

void px_description_close(struct px_description *d)
{
    d->descriptor->in_use = 0;
    d->descriptor = NULL;
    end_if_unused(d);
}

/*
 * Mappings.
 */

struct px_piece *px_piece_new(void)
{
    return px_pool_take(&piece_pool);
}

void px_piece_discard(struct px_piece *piece)
{
    px_pool_give(&piece_pool, piece);
}

void px_piece_add(struct px_description *d, struct px_piece *piece, void *start, size_t length)
{
    piece->start = start;
    piece->end = piece->start + length;
    piece->next = d->pieces;
    d->pieces = piece;
}

/* Without memory for the rest behind the cut the piece stays whole: too long rather than lost. */
static void cut_piece(struct px_description *d, struct px_piece *p, char *from, char *to)
{
    if (p->start < from && p->end > to) {
        struct px_piece *tail = px_piece_new();
        if (!tail)
            return;
        px_piece_add(d, tail, to, (size_t)(p->end - to));
        p->end = from;
    } else if (p->start < from) {
        p->end = from;
    } else if (p->end > to) {
        p->start = to;
    } else {
        p->end = p->start;
    }
}

static void cut_description(struct px_description *d, char *from, char *to)
{
    struct px_piece **at = &d->pieces;
    int had = *at != NULL;
    while (*at) {
        struct px_piece *p = *at;
        if (p->end > from && p->start < to)
            cut_piece(d, p, from, to);
        if (p->start < p->end) {
            at = &p->next;
            continue;
        }
        *at = p->next; /* nothing was put in front of an empty piece */
        px_piece_discard(p);
    }
    if (had && !d->pieces)
        end_if_unused(d);
}

void px_pieces_cut(void *start, size_t length)
{
    char *from = start, *to = from + length;
    struct px_file *next_file;
    struct px_description *next;
    for (struct px_file *f = files; f; f = next_file) {
        next_file = f->next;
        for (struct px_description *d = f->descriptions; d; d = next) {
            next = d->next;
            cut_description(d, from, to);
        }
    }
}

/*
 * Forks.
 */

void px_files_stop(void)
{
    pthread_mutex_lock(&mutex);
}

void px_files_go_on(void)
{
    pthread_mutex_unlock(&mutex);
}

static int is_attach(const struct px_description *d, int i)
{
    return d->pieces && d->held[i].type == F_RDLCK;
}

int px_files_have_attaches(void)
{
    for (struct px_file *f = files; f; f = f->next)
        for (struct px_description *d = f->descriptions; d; d = d->next)
            for (int i = 0; i < PX_HELD; i++)
                if (is_attach(d, i))
                    return 1;
    return 0;
}

/* Another byte than the parent's: two locks on one would count as one. */
static void lock_again(struct px_description *d)
{
    for (int i = 0; i < PX_HELD; i++) {
        struct px_held *held = &d->held[i];
        off_t byte = px_attach_byte();
        int locked = is_attach(d, i) && d->file->descriptors &&
                     px_kernel_lock(d->file->descriptors->fd, F_SETLK, F_RDLCK, byte, 1) == 0;
        *held = (struct px_held){locked ? F_RDLCK : F_UNLCK, byte, byte + 1};
    }
}

static void keep_attaches(struct px_file *f)
{
    struct px_description *next;
    for (struct px_description *d = f->descriptions; d; d = next) {
        next = d->next;
        lock_again(d);
        if (has_locks(d) || d->descriptor)
            continue;
        while (d->pieces) {
            struct px_piece *p = d->pieces;
            d->pieces = p->next;
            px_piece_discard(p);
        }
        discard(d);
    }
    px_file_settle(f);
}

/* A table that was being changed by a thread that does not exist here cannot be trusted. */
void px_files_lock_again(void)
{
    struct px_file *next;
    pthread_mutex_init(&mutex, NULL);
    if (changing)
        files = NULL;
    changing = 0;
    for (struct px_file *f = files; f; f = next) {
        next = f->next;
        forget_lost(f);
        keep_attaches(f);
    }
}
