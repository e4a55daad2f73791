/*
 * Numbers as others have written them: in the links of keys, in variables.
 */
#ifndef LIBSHM_POSIX_NUMBER_H
#define LIBSHM_POSIX_NUMBER_H

#include <stdint.h>

/*
 * A decimal number without sign or space, at most `most`, which is 9 or more: what comes behind it, or NULL when
 * there is none or it is larger.
 */
const char *px_number_parse(const char *text, uint64_t most, uint64_t *number);

#endif
