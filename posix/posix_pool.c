#include "config.h"

#include "posix/posix_pool.h"

#include <string.h>
#include <sys/mman.h>

enum { CHUNK = 65536 };

static int grow(struct px_pool *pool)
{
    char *chunk = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (chunk == MAP_FAILED)
        return -1;
    for (size_t at = 0; at + pool->record <= CHUNK; at += pool->record)
        px_pool_give(pool, chunk + at);
    return 0;
}

void *px_pool_take(struct px_pool *pool)
{
    while (!pool->free)
        if (grow(pool) != 0)
            return NULL;
    void *record = pool->free;
    memcpy(&pool->free, record, sizeof pool->free);
    memset(record, 0, pool->record);
    return record;
}

void px_pool_give(struct px_pool *pool, void *record)
{
    memcpy(record, &pool->free, sizeof pool->free);
    pool->free = record;
}
