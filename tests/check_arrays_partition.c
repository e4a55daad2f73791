/* The partition algorithm: the nineteen worked examples of doc/legacy.md, section 8.2. */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libshm/arrays.h"
#include "tests/suite.h"

enum { MOST = 16 };

static const struct example {
    size_t sizes[MOST];
    size_t count;
    size_t min_size;
    const char *groups;
} examples[] = {
    {{5}, 1, 20000, "[0]"},
    {{1, 2, 3}, 3, 20000, "[2, 1, 0]"},
    {{3, 2, 1}, 3, 20000, "[0, 1, 2]"},
    {{10, 10, 10}, 3, 20000, "[2, 1, 0]"},
    {{19999, 19999}, 2, 20000, "[1, 0]"},
    {{30000}, 1, 20000, "[0]"},
    {{30000, 30000, 30000}, 3, 20000, "[2] [1] [0]"},
    {{30000, 10000, 20000, 5000}, 4, 20000, "[0] [2, 1] [3]"},
    {{20000, 1, 1, 1}, 4, 20000, "[0] [3, 2, 1]"},
    {{1, 1, 1, 1, 1, 20000}, 6, 20000, "[5] [4, 3, 2, 1, 0]"},
    {{20000, 0, 0}, 3, 20000, "[0, 2, 1]"},
    {{0, 0}, 2, 20000, "[1, 0]"},
    {{100000, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100},
     11,
     20000,
     "[0] [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]"},
    {{20000, 20000, 20000, 10000, 10000, 10000, 10000}, 7, 20000, "[2] [1] [0] [6, 5] [4, 3]"},
    {{50000, 40000, 30000, 20000, 10000, 10000, 10000}, 7, 20000, "[0] [1] [2, 3] [6, 5, 4]"},
    {{60000, 30000, 30000, 1, 59999}, 5, 20000, "[0] [4] [2, 1] [3]"},
    {{20001, 20000, 1, 20000, 1}, 5, 20000, "[0] [3] [1, 4] [2]"},
    {{25000, 25000, 1}, 3, 20000, "[1] [0] [2]"},
    {{5, 3, 2}, 3, 1, "[0] [1, 2]"},
    /* Sums that would wrap: every item still fits into no other's group. */
    {{SIZE_MAX, SIZE_MAX, 1}, 3, 20000, "[1] [0] [2]"},
    {{SIZE_MAX, 2, SIZE_MAX - 1}, 3, 20000, "[0] [2] [1]"},
};

static const char *groups_of(const struct example *e)
{
    static char text[256];
    size_t order[MOST], ends[MOST], used = 0;
    size_t groups = shm_partition_sizes(e->sizes, e->count, e->min_size, order, ends);
    text[0] = '\0';
    for (size_t g = 0, i = 0; g < groups; g++) {
        used += (size_t)snprintf(text + used, sizeof text - used, g ? " [" : "[");
        for (size_t first = i; i < ends[g]; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%zu",
                                     i > first ? ", " : "", order[i]);
        used += (size_t)snprintf(text + used, sizeof text - used, "]");
    }
    return text;
}

START_TEST(worked_examples)
{
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        ck_assert_str_eq(groups_of(&examples[i]), examples[i].groups);
}
END_TEST

START_TEST(nothing_to_partition)
{
    size_t order[1], ends[1];
    errno = 0;
    ck_assert_uint_eq(shm_partition_sizes(NULL, 0, 20000, order, ends), 0);
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

/* The rules themselves, on random sizes: order, next fit, and that nobody is lost. */
static void follow_the_rules(const size_t *sizes, size_t count, size_t min_size)
{
    size_t order[200], ends[200];
    size_t groups = shm_partition_sizes(sizes, count, min_size, order, ends);
    ck_assert_uint_eq(ends[groups - 1], count);
    for (size_t i = 1; i < count; i++) {
        size_t a = order[i - 1], b = order[i];
        ck_assert(sizes[a] > sizes[b] || (sizes[a] == sizes[b] && a > b));
    }
    size_t capacity = sizes[order[0]];
    if (capacity < min_size) {
        ck_assert_uint_eq(groups, 1);
        return;
    }
    for (size_t g = 0, i = 0; g < groups; g++) {
        size_t sum = 0;
        for (; i < ends[g]; i++)
            sum += sizes[order[i]];
        ck_assert_uint_le(sum, capacity);
        if (i < count)
            ck_assert_uint_gt(sum + sizes[order[i]], capacity);
    }
}

START_TEST(random_sizes)
{
    size_t sizes[200];
    srand(1);
    for (int round = 0; round < scaled(2000); round++) {
        size_t count = 1 + (size_t)rand() % 200;
        for (size_t i = 0; i < count; i++)
            sizes[i] = (size_t)rand() % (round % 2 ? 10 : 50000);
        follow_the_rules(sizes, count, (size_t)rand() % 60000);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {worked_examples, nothing_to_partition, random_sizes};
    return RUN_TESTS("arrays_partition", tests);
}
