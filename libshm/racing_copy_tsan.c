/*
 * For the thread sanitizer: the only function of the library that it does not look into.
 *
 * It would report each copy that coincides with a writer, and rightly so: these bytes are read
 * and written at the same time by design. What makes the reader right is that it looks at
 * `begun` afterwards and throws away what may be a mix, and that is more than the sanitizer can
 * know. Everything around the loop stays under its eyes: it must find the two version words and
 * all other accesses ordered.
 *
 * A loop of its own, because it looks into memcpy() whoever calls it; volatile, so that no
 * compiler makes a memcpy() of the loop.
 */
#include "config.h"

#include "libshm/racing_copy.h"

__attribute__((no_sanitize("thread"))) void shm_racing_copy(void *to, const void *from,
                                                            size_t nbytes)
{
    const volatile unsigned char *source = from;
    unsigned char *target = to;
    for (size_t i = 0; i < nbytes; i++)
        target[i] = source[i];
}
