/*
 * Openings of files, as a table of this process, for systems whose locks belong to the process.
 *
 * There, closing any descriptor of a file drops all locks that the process has on it, and the
 * process never sees its own locks. So this table knows which opening holds which lock, and no
 * descriptor of a file is closed while one is held: it is parked, and used for the next opening.
 *
 * A program that closes descriptors that are not its own takes the locks away, and nobody can tell.
 * But the numbers may be its own files by then, so each is looked at before it is used or closed.
 *
 * All calls but px_files_enter: between px_files_enter and px_files_leave.
 */
#ifndef LIBSHM_POSIX_DESCRIPTION_H
#define LIBSHM_POSIX_DESCRIPTION_H

#include <sys/types.h>

#include "posix/posix_process.h"

/* More than any opening has: the life lock, the whole attach range, an attach or two rows. */
enum { PX_HELD = 6 };

struct px_held {
    short type; /* F_RDLCK, F_WRLCK; F_UNLCK: no lock */
    off_t start, end;
};

struct px_descriptor {
    struct px_descriptor *next;
    int fd;
    int access; /* O_RDONLY or O_RDWR */
    int in_use; /* by an opening; else parked */
};

struct px_piece {
    struct px_piece *next;
    char *start, *end;
};

/* One opening: it lives as long as its descriptor is in use, or something of it is mapped. */
struct px_description {
    struct px_description *next;
    struct px_file *file;
    struct px_descriptor *descriptor; /* NULL: closed */
    struct px_piece *pieces;
    struct px_held held[PX_HELD];
};

struct px_file {
    struct px_file *next;
    dev_t dev;
    ino_t ino;
    struct px_descriptor *descriptors;
    struct px_description *descriptions;
};

/* Signals are blocked and other threads kept out, in whatever order this is called. */
void px_files_enter(struct px_mask *old);
void px_files_leave(const struct px_mask *old);

/* The opening whose descriptor this is, or NULL. */
struct px_description *px_description_of(int fd);

/* A file that has openings or parked descriptors, or NULL. */
struct px_file *px_file_find(dev_t dev, ino_t ino);

/* A parked descriptor of the file, or NULL. */
struct px_descriptor *px_file_parked(struct px_file *file, int access);

int px_file_has_locks(const struct px_file *file);

/* New records for an opening that is about to be made, so that it cannot fail half-way. */
struct px_new {
    struct px_file *file;
    struct px_descriptor *descriptor;
    struct px_description *description;
};
int px_new_take(struct px_new *n);
void px_new_give(struct px_new *n);

/* Makes an opening of them. Of `f` and `descriptor` those that exist already are used. */
void px_describe(struct px_new *n, struct px_file *f, struct px_descriptor *descriptor);
struct px_file *px_file_add(struct px_new *n, dev_t dev, ino_t ino);
struct px_descriptor *px_descriptor_add(struct px_new *n, struct px_file *f, int fd,
                                        int access);

/* The descriptor is not used any more. */
void px_description_close(struct px_description *d);

/* Mappings: a record to be filled, and cutting out what was unmapped or mapped over. */
struct px_piece *px_piece_new(void);
void px_piece_discard(struct px_piece *piece);
void px_piece_add(struct px_description *d, struct px_piece *piece, void *start, size_t length);
void px_pieces_cut(void *start, size_t length);

/* A lock was given back: closes what is parked when it was the last. */
void px_file_settle(struct px_file *file);

/* Keeps other threads out while this one forks; a child does not go on, it locks again. */
void px_files_stop(void);
void px_files_go_on(void);

/* Whether there are mappings that a child inherits, but not their locks. */
int px_files_have_attaches(void);

/* In the child: takes locks of its own for attaches, forgets all others. */
void px_files_lock_again(void);

#endif
