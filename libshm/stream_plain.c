/* Streaming stores where the machine has none: plain ones, ordered by the C fences alone. */
#include "config.h"

#include <stdatomic.h>
#include <string.h>

#include "libshm/stream.h"

void shm_stream_copy(void *to, const void *from, size_t nbytes)
{
    memcpy(to, from, nbytes);
}

void shm_stream_pair(void *to, const void *from, void *also_to, const void *also_from,
                     size_t nlines)
{
    memcpy(to, from, nlines * LIBSHM_LINE);
    memcpy(also_to, also_from, nlines * LIBSHM_LINE);
}

void shm_stream_fence(void)
{
    atomic_thread_fence(memory_order_release);
}
