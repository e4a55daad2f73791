/*
 * What is mapped where in this process, as the system tells.
 */
#ifndef LIBSHM_POSIX_MAPS_H
#define LIBSHM_POSIX_MAPS_H

#include <stdint.h>
#include <sys/types.h>

struct px_mapping {
    uintptr_t start, end;
    int protection; /* PROT_* */
    ino_t inode;
};

/* Calls `each` for every mapping, in order. -1 when the system does not tell. No allocation. */
int px_maps_each(void (*each)(const struct px_mapping *m, void *context), void *context);

#endif
