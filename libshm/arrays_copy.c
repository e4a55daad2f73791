/* Copying into a slot or out of an update: through the caches or past them. */
#include "config.h"

#include <string.h>

#include "libshm/arrays_private.h"
#include "libshm/stream.h"

/* Below this the slot is likely to be in a cache already, where a plain store finds it. */
size_t shm_arrays_stream_threshold = (size_t)1 << 22;

bool shm_copy_streams(const struct shm_partition *p)
{
    return p->slot_nbytes >= shm_arrays_stream_threshold;
}

void shm_copy(void *to, const void *from, size_t nbytes, bool streaming)
{
    if (nbytes == 0)
        return; /* the pointers of an empty array may be NULL, which memcpy forbids */
    if (streaming)
        shm_stream_copy(to, from, nbytes);
    else
        memcpy(to, from, nbytes);
}
