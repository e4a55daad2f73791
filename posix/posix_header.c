#include "config.h"

#include "posix/posix_header.h"

#include <string.h>

int px_header_has_our_format(const struct px_header *h)
{
    return h->magic == PX_MAGIC && h->format == PX_FORMAT && h->byte_order == PX_BYTE_ORDER;
}

int px_header_is_about(const struct px_header *h, const struct px_object *o)
{
    return h->kind == (uint32_t)o->kind && h->id == (uint32_t)o->id && h->state >= PX_PENDING &&
           h->state <= PX_DEAD;
}

/* Of a set whatever its state: listings add sizes up. */
static int size_is_possible(const struct px_header *h)
{
    return h->kind == PX_QUEUE ? h->size == 0
                               : h->size > 0 && (h->kind != PX_SET || h->size <= LIBSHM_SEMMSL);
}

int px_header_fits_file(const struct px_header *h, uint64_t bytes)
{
    if (!size_is_possible(h) || h->file_size < sizeof *h)
        return 0;
    if (h->state == PX_PENDING || h->state == PX_DEAD)
        return 1;
    if (bytes < h->file_size)
        return 0;
    return h->kind != PX_SEGMENT ||
           (h->file_size >= PX_PAYLOAD && h->size <= h->file_size - PX_PAYLOAD);
}

static int zero_boot(const uint8_t *id)
{
    static const uint8_t zeros[16];
    return memcmp(id, zeros, 16) == 0;
}

int px_header_is_of_this_boot(const struct px_header *h)
{
    return zero_boot(h->boot_id) || zero_boot(px_boot_id()) ||
           memcmp(h->boot_id, px_boot_id(), 16) == 0;
}
