#include "config.h"

#include "posix/posix_pool.h"

#include <string.h>
#include <sys/mman.h>

enum { CHUNK = 65536 };

/* Records are cut off the chunk one by one: to cut it up at once would touch all its pages. */
static void *fresh(struct px_pool *pool)
{
    if ((size_t)(pool->end - pool->fresh) < pool->record) {
        char *chunk =
            mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (chunk == MAP_FAILED)
            return NULL;
        pool->fresh = chunk;
        pool->end = chunk + CHUNK;
    }
    void *record = pool->fresh;
    pool->fresh += pool->record;
    return record;
}

void *px_pool_take(struct px_pool *pool)
{
    void *record = pool->free;
    if (!record)
        return fresh(pool);
    memcpy(&pool->free, record, sizeof pool->free);
    memset(record, 0, pool->record);
    return record;
}

void px_pool_give(struct px_pool *pool, void *record)
{
    memcpy(record, &pool->free, sizeof pool->free);
    pool->free = record;
}
