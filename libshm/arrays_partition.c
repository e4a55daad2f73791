/* How a set is split into partitions: next-fit decreasing, doc/legacy.md section 8.2. */
#include "config.h"

#include <errno.h>
#include <stdbool.h>

#include "libshm/arrays.h"
#include "libshm/fail.h"

/* Larger first; equal sizes in reverse position order. Positions differ, so no two are equal.
 */
static bool comes_before(const size_t *sizes, size_t a, size_t b)
{
    return sizes[a] != sizes[b] ? sizes[a] > sizes[b] : a > b;
}

static void swap(size_t *order, size_t a, size_t b)
{
    size_t kept = order[a];
    order[a] = order[b];
    order[b] = kept;
}

static void sift_down(const size_t *sizes, size_t *order, size_t root, size_t count)
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && comes_before(sizes, order[child], order[child + 1]))
            child++;
        if (!comes_before(sizes, order[root], order[child]))
            return;
        swap(order, root, child);
    }
}

/* Heapsort: qsort would need the sizes in a global, and may allocate. */
static void sort_positions(const size_t *sizes, size_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count / 2; i-- > 0;)
        sift_down(sizes, order, i, count);
    for (size_t i = count; i-- > 1;) {
        swap(order, 0, i);
        sift_down(sizes, order, 0, i);
    }
}

size_t shm_partition_sizes(const size_t *sizes, size_t count, size_t min_size, size_t *order,
                           size_t *group_ends)
{
    if (count == 0) {
        shm_fail(EINVAL, "a set without arrays cannot be partitioned");
        return 0;
    }
    sort_positions(sizes, order, count);
    size_t capacity = sizes[order[0]];
    size_t room = capacity, groups = 0;
    bool split = capacity >= min_size;
    for (size_t i = 0; i < count; i++) {
        size_t size = sizes[order[i]];
        if (split && size > room) {
            group_ends[groups++] = i;
            room = capacity;
        }
        room -= size <= room ? size : room;
    }
    group_ends[groups++] = count;
    return groups;
}
