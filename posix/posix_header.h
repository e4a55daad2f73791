/*
 * Whether a header can be believed: it was read from a file that anybody may have written.
 *
 * One function for each group of fields.
 */
#ifndef LIBSHM_POSIX_HEADER_H
#define LIBSHM_POSIX_HEADER_H

#include "posix/posix_object.h"

/* Magic, format, byte order: written by this version on a machine like this one. */
int px_header_has_our_format(const struct px_header *h);

/* Kind, id, state: about the object whose name the file has. */
int px_header_is_about(const struct px_header *h, const struct px_object *o);

/* Size and file size, for a file of `bytes` bytes: what is mapped must lie in the file. */
int px_header_fits_file(const struct px_header *h, uint64_t bytes);

/* Objects of an earlier boot are debris; where one side cannot tell, they are not. */
int px_header_is_of_this_boot(const struct px_header *h);

#endif
