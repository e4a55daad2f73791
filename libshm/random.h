/*
 * Random bytes for keys and names.
 *
 * Not the generator of rand(): a program's sequence stays its own, and children of one parent
 * do not draw the same keys.
 */
#ifndef LIBSHM_RANDOM_H
#define LIBSHM_RANDOM_H

#include <stddef.h>

/* Fills at most 256 bytes. Returns 0, or -1 and errno with the sentence of fail.h. */
int shm_random_bytes(void *bytes, size_t nbytes);

#endif
