/*
 * Stores that bypass the caches: a result too large to stay in them then costs no reading of
 * the lines it replaces. stream_sse2.c has them, stream_plain.c stands in where there are none.
 */
#ifndef LIBSHM_STREAM_H
#define LIBSHM_STREAM_H

#include <stddef.h>

enum {
    LIBSHM_LINE = 64, /* bytes that a streaming store fills, or has to read first */
};

/* Copies between buffers that do not overlap; any alignment. */
void shm_stream_copy(void *to, const void *from, size_t nbytes);

/*
 * Copies as many bytes to each of two places, which begin with a line: so many whole lines. One line
 * leaves for both before the next does.
 */
void shm_stream_pair(void *to, const void *from, void *also_to, const void *also_from,
                     size_t nlines);

/* Everything this thread stored before becomes visible before anything it stores after. */
void shm_stream_fence(void);

#endif
