#include "config.h"

#include "posix/posix_queue_format.h"

enum { PAGE = 4096, LINE = 64 };

/* Address space is what large sets are short of, so their rows are fewer. */
enum {
    ROWS_MOST = (1 << PX_ROW_BITS) - 1,
    ROWS_LEAST = 64,
    ROW_BYTES_MOST = 64 << 20,
    WAITERS_MOST = 16384
};

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

static uint32_t rows_for(size_t stride)
{
    size_t rows = ROW_BYTES_MOST / stride;
    if (rows > ROWS_MOST)
        return ROWS_MOST;
    return (uint32_t)(rows < ROWS_LEAST ? ROWS_LEAST : rows);
}

static void lay_out(struct px_set_layout *l, uint32_t nsems, size_t row_bytes)
{
    *l = (struct px_set_layout){.nsems = nsems, .waiters = WAITERS_MOST};
    l->row_stride = round_up(sizeof(struct px_row) + row_bytes, LINE);
    l->rows = rows_for(l->row_stride);
    l->rows_initial = l->row_stride < PAGE ? (uint32_t)(PAGE / l->row_stride) : 1;
    l->waiters_initial = PAGE / sizeof(struct px_waiter);
    l->redo_offset = PX_SEMAPHORES_OFFSET + nsems * sizeof(struct px_semaphore);
    l->rows_offset = round_up(l->redo_offset + nsems * sizeof(struct px_redo_entry), PAGE);
    l->waiters_offset = round_up(l->rows_offset + l->rows * l->row_stride, PAGE);
    l->file_size = l->waiters_offset + l->waiters * sizeof(struct px_waiter);
}

void px_set_layout(struct px_set_layout *l, uint32_t nsems)
{
    lay_out(l, nsems, nsems * sizeof(uint64_t));
}

void px_queue_layout(struct px_set_layout *l)
{
    lay_out(l, 0, sizeof(struct px_queue_row));
    l->slots_offset = round_up(l->file_size, PAGE);
    l->blocks_offset = l->slots_offset + 2 * PX_QUEUE_SLOTS * sizeof(uint64_t);
    l->file_size = l->blocks_offset + PX_QUEUE_BLOCKS * sizeof(struct px_block);
}

int px_set_layout_of(const struct px_header *h, struct px_set_layout *l)
{
    if (h->size > LIBSHM_SEMMSL)
        return 0;
    if (h->kind == PX_QUEUE)
        px_queue_layout(l);
    else
        px_set_layout(l, (uint32_t)h->size);
    return h->file_size == l->file_size;
}
