#include "config.h"

#include "posix/posix_places.h"

#include <errno.h>

static size_t row_offset(const struct px_set *s, uint32_t row)
{
    return s->layout.rows_offset + (row - 1) * s->layout.row_stride;
}

int px_rows_reserve(struct px_set *s, uint32_t row)
{
    uint32_t have = PX_GET(s->rows_reserved);
    uint32_t chunks = (row + s->layout.rows_initial - 1) / s->layout.rows_initial;
    uint32_t want = chunks * s->layout.rows_initial;
    if (want > s->layout.rows)
        want = s->layout.rows;
    if (want <= have)
        return 0;
    if (px_set_reserve(s, row_offset(s, have + 1), row_offset(s, want + 1)) != 0)
        return -1;
    PX_PUT(s->rows_reserved, want);
    return 0;
}

static int row_has_space(struct px_set *s, uint32_t row)
{
    int error = errno;
    int result = px_rows_reserve(s, row);
    errno = error;
    return result == 0;
}

struct px_row *px_row(struct px_set *s, uint32_t row)
{
    if (row == 0 || row > s->layout.rows ||
        (row > PX_GET(s->rows_reserved) && !row_has_space(s, row)))
        return NULL;
    return (struct px_row *)(void *)(s->base + row_offset(s, row));
}

uint32_t px_rows_known(const struct px_set *s)
{
    uint32_t used = PX_GET(px_set_control(s)->rows_used);
    return used < s->layout.rows ? used : s->layout.rows;
}

static size_t waiter_offset(const struct px_set *s, uint32_t number)
{
    return s->layout.waiters_offset + (number - 1) * sizeof(struct px_waiter);
}

int px_waiters_reserve(struct px_set *s, uint32_t want)
{
    uint32_t have = PX_GET(s->waiters_reserved);
    if (want <= have)
        return 0;
    if (px_set_reserve(s, waiter_offset(s, have + 1), waiter_offset(s, want + 1)) != 0)
        return -1;
    PX_PUT(s->waiters_reserved, want);
    return 0;
}

uint32_t px_waiters_known(struct px_set *s)
{
    uint32_t extra = PX_GET(px_set_control(s)->waiters_extra);
    uint32_t most = s->layout.waiters - s->layout.waiters_initial;
    uint32_t want = s->layout.waiters_initial + (extra < most ? extra : most);
    int error = errno;
    if (px_waiters_reserve(s, want) != 0)
        want = PX_GET(s->waiters_reserved);
    errno = error;
    return want;
}

struct px_waiter *px_waiter(struct px_set *s, uint32_t number)
{
    if (number == 0 || number > s->layout.waiters ||
        (number > PX_GET(s->waiters_reserved) && number > px_waiters_known(s)))
        return NULL;
    return (struct px_waiter *)(void *)(s->base + waiter_offset(s, number));
}
