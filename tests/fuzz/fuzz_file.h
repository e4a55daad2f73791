/*
 * The file of a semaphore set or a message queue, in the hands of a hostile process: what the harnesses of
 * both share. A world that begins with a struct fuzz_file may have these acts among its own.
 */
#ifndef LIBSHM_TESTS_FUZZ_FILE_H
#define LIBSHM_TESTS_FUZZ_FILE_H

#include "posix/posix_set_format.h"
#include "tests/fuzz/fuzz.h"

enum { FUZZ_MOST_AREAS = 16 };

struct fuzz_file {
    int fd;
    uint32_t alive_row;     /* of another process, as far as anybody can tell */
    uint32_t most_sleepers; /* that there may seem to be beyond the first page of them */
    int changed;            /* by fuzz_file_store */
    unsigned char *bytes;
    struct px_set_layout layout;
    size_t areas[FUZZ_MOST_AREAS], count; /* where what is worth changing begins */
};

/* Maps the file of this type (backend_files.h) and id, whose layout and areas are set. */
void fuzz_file_open(struct fuzz_file *f, const char *type, int id);

/* A dead object is let go by the next call that opens one. */
void fuzz_file_close(struct fuzz_file *f);

/*
 * The process's mapping goes, by `look`, a call that finds the object dead; the next one makes a new mapping of
 * what is there by then.
 */
void fuzz_file_open_anew(struct fuzz_file *f, void (*look)(int id), int id);

/* Within the file; and the lock is never kept by a process that would not give it back. */
void fuzz_file_store(struct fuzz_file *f, size_t at, const void *bytes, size_t size);

/* One word in each of many records of `stride` bytes. */
void fuzz_file_fill(struct fuzz_file *f, size_t at, size_t stride, struct fuzz_input *input);

/*
 * Acts
 */

void fuzz_patch(void *file, struct fuzz_input *input);
void fuzz_patch_word(void *file, struct fuzz_input *input);
void fuzz_flip_bit(void *file, struct fuzz_input *input);
void fuzz_fill_waiters(void *file, struct fuzz_input *input);
void fuzz_fill_rows(void *file, struct fuzz_input *input);
void fuzz_keep_row_alive(void *file, struct fuzz_input *input);

/* Wakes sleepers that nobody has granted anything: they look around, and sleep on. */
void fuzz_nudge(void *file, struct fuzz_input *input);

/*
 * A thread that makes one call when it is asked to.
 */

void fuzz_aside_start(void (*call)(void));
void fuzz_aside_begin(void);
void fuzz_aside_await(void);

#endif
