/* The core's protections: the arrays, on either backend. */
#include "config.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "libshm/arrays_check.h"
#include "libshm/arrays_publish.h"
#include "libshm/stream.h"
#include "tests/switches.h"

/*
 * Updating and reading.
 */

WRAP(int, shm_lock_try, const struct shm_partition *p)
{
    return OFF(partition_lock) ? 0 : __real_shm_lock_try(p);
}

WRAP(int, shm_lock_wait, const struct shm_partition *p, struct shm_deadline *d)
{
    return OFF(partition_lock) ? 0 : __real_shm_lock_wait(p, d);
}

WRAP(int, shm_lock_release, const struct shm_partition *p)
{
    return OFF(partition_lock) ? 0 : __real_shm_lock_release(p);
}

WRAP(int, shm_hold_check, const struct shm_partition *p)
{
    return OFF(callback_hold) ? 0 : __real_shm_hold_check(p);
}

WRAP(int, shm_view_check, const struct shm_partition *p)
{
    return OFF(view_hold) ? 0 : __real_shm_view_check(p);
}

WRAP(int, shm_view_check_handle, const struct shm_arrays *a)
{
    return OFF(view_close) ? 0 : __real_shm_view_check_handle(a);
}

WRAP(bool, shm_publish_is_whole, const struct shm_partition *p, uint64_t v)
{
    return OFF(version_check) || __real_shm_publish_is_whole(p, v);
}

static _Thread_local bool after;

/* Streaming stores may come before an older store, up to the next fence: as late as that. */
static bool announces_late(bool streaming)
{
    return OFF(announcement) || (OFF(fence_before) && streaming);
}

WRAP(uint64_t, shm_publish_begin, const struct shm_partition *p, bool streaming)
{
    if (announces_late(streaming))
        return atomic_load(&p->header->version);
    uint64_t v = __real_shm_publish_begin(p, streaming);
    if (OFF(publication_order))
        atomic_store(&p->header->version, v + 1);
    return v;
}

WRAP(void, shm_publish_end, const struct shm_partition *p, uint64_t current, bool streaming)
{
    if (announces_late(streaming))
        atomic_store(&p->header->begun, current + 1);
    after = true;
    __real_shm_publish_end(p, current, streaming);
    after = false;
}

WRAP(void, shm_stream_fence, void)
{
    if (!OFF(fence_after) || !after)
        __real_shm_stream_fence();
}

/*
 * The rules of streaming stores in their weakest form, whichever switch is off: each word by
 * itself, and no other store into the same line that would send it on its way.
 */
#ifdef __SSE2__
static size_t stream_words(char *to, const char *from, size_t nbytes)
{
    size_t done = 0;

    if ((uintptr_t)to % sizeof(int) != 0)
        return 0;
    for (int word; nbytes - done >= sizeof word; done += sizeof word) {
        memcpy(&word, from + done, sizeof word);
        _mm_stream_si32((int *)(void *)(to + done), word);
    }
    return done;
}
#else
static size_t stream_words(char *to, const char *from, size_t nbytes)
{
    return (void)to, (void)from, nbytes - nbytes;
}
#endif

WRAP(void, shm_stream_copy, void *to, const void *from, size_t nbytes)
{
    size_t done = stream_words(to, from, nbytes);

    __real_shm_stream_copy((char *)to + done, (const char *)from + done, nbytes - done);
}

WRAP(void, shm_stream_pair, void *to, const void *from, void *also_to, const void *also_from,
     size_t nlines)
{
    shm_stream_copy(to, from, nlines * LIBSHM_LINE);
    shm_stream_copy(also_to, also_from, nlines * LIBSHM_LINE);
}

/*
 * Attaching: the groups of fields of a segment.
 */

WRAP(int, shm_check_machine, const struct shm_segment_header *h)
{
    return OFF(arrays_machine) ? 0 : __real_shm_check_machine(h);
}

WRAP(int, shm_check_offsets, const struct shm_segment_header *h, size_t size)
{
    return OFF(arrays_offsets) ? 0 : __real_shm_check_offsets(h, size);
}

WRAP(int, shm_check_place, const struct shm_segment_header *h)
{
    return OFF(arrays_place) ? 0 : __real_shm_check_place(h);
}

WRAP(int, shm_check_key, const struct shm_segment_header *h, key_t key)
{
    return OFF(arrays_key) ? 0 : __real_shm_check_key(h, key);
}

WRAP(int, shm_check_table, const struct shm_segment_header *h, size_t nbytes)
{
    return OFF(arrays_table) ? 0 : __real_shm_check_table(h, nbytes);
}

WRAP(int, shm_check_entry, const struct shm_segment_entry *e,
     const struct shm_segment_header *h)
{
    return OFF(arrays_entry) ? 0 : __real_shm_check_entry(e, h);
}

WRAP(int, shm_check_long_double, const struct shm_segment_entry *e,
     const struct shm_segment_header *h)
{
    return OFF(arrays_long_double) ? 0 : __real_shm_check_long_double(e, h);
}

WRAP(int, shm_check_shape, const struct shm_segment_entry *e, size_t next, size_t end)
{
    return OFF(arrays_shape) ? 0 : __real_shm_check_shape(e, next, end);
}

WRAP(int, shm_check_label, const struct shm_segment_entry *e, const unsigned char *label,
     size_t next, size_t end)
{
    return OFF(arrays_label) ? 0 : __real_shm_check_label(e, label, next, end);
}

WRAP(int, shm_check_count, const struct shm_segment_entry *e, const struct shm_array *array)
{
    return OFF(arrays_count) ? 0 : __real_shm_check_count(e, array);
}

WRAP(int, shm_check_layout, const struct shm_segment_header *h, const struct shm_layout *l)
{
    return OFF(arrays_layout) ? 0 : __real_shm_check_layout(h, l);
}

WRAP(int, shm_check_slots, const struct shm_segment_entry *e, const struct shm_array *array)
{
    return OFF(arrays_slots) ? 0 : __real_shm_check_slots(e, array);
}

WRAP(int, shm_check_member, const struct shm_segment_header *h,
     const struct shm_segment_header *root, const struct shm_segment_pair *pair, size_t i)
{
    return OFF(arrays_pairs) ? 0 : __real_shm_check_member(h, root, pair, i);
}
