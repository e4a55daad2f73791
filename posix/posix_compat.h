/*
 * Names that the C library's headers may not have yet.
 */
#ifndef LIBSHM_POSIX_COMPAT_H
#define LIBSHM_POSIX_COMPAT_H

#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; EINVAL before */
#endif

#endif
