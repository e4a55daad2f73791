/* The steps of arrays_publish.h; the reasons stand there. */
#include "config.h"

#include "libshm/arrays_publish.h"
#include "libshm/stream.h"

uint64_t shm_publish_begin(const struct shm_partition *p, bool streaming)
{
    uint64_t v = atomic_load_explicit(&p->header->version, memory_order_acquire); /* W0 */
    (void)atomic_load_explicit(&p->header->begun, memory_order_acquire);
    atomic_store_explicit(&p->header->begun, v + 1, memory_order_relaxed); /* model: W1 */
    atomic_thread_fence(memory_order_release);                             /* model: W2 */
    if (streaming)
        shm_stream_fence();
    return v;
}

void shm_publish_end(const struct shm_partition *p, uint64_t current, bool streaming)
{
    if (streaming)
        shm_stream_fence(); /* model: W4 */
    /* model: W5 */
    atomic_store_explicit(&p->header->version, current + 1, memory_order_release);
}

void shm_publish_cancel(const struct shm_partition *p)
{
    uint64_t v = atomic_load_explicit(&p->header->version, memory_order_relaxed);
    atomic_store_explicit(&p->header->begun, v + 1, memory_order_release);
}

uint64_t shm_publish_current(const struct shm_partition *p)
{
    return atomic_load_explicit(&p->header->version, memory_order_acquire); /* model: R1 */
}

bool shm_publish_is_whole(const struct shm_partition *p, uint64_t v)
{
    atomic_thread_fence(memory_order_acquire); /* model: R3 */
    /* model: R4 */
    return atomic_load_explicit(&p->header->begun, memory_order_relaxed) - v <= 1;
}

unsigned char *shm_publish_slot(const struct shm_partition *p, uint64_t v)
{
    return (unsigned char *)p->header + p->checked.slot[v & 1];
}
