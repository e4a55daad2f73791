/* Names of arrays: sorted once, then found in logarithmic time, and no name twice. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "libshm/arrays_private.h"
#include "libshm/fail.h"

static int compare(const void *a, const void *b)
{
    const struct shm_array *const *left = a, *const *right = b;
    return shm_array_name_compare(&(*left)->spec, &(*right)->spec);
}

int shm_names_sort(struct shm_array **by_name, size_t count)
{
    qsort(by_name, count, sizeof *by_name, compare);
    for (size_t i = 1; i < count; i++) {
        char name[LIBSHM_ARRAY_NAME];
        if (shm_array_name_compare(&by_name[i - 1]->spec, &by_name[i]->spec) == 0)
            return shm_failf(EINVAL, "two arrays of the set have the name %s",
                             shm_array_name(&by_name[i]->spec, name, sizeof name));
    }
    return 0;
}

struct shm_array *shm_names_find(struct shm_array *const *by_name, size_t count,
                                 const struct shm_array_spec *name)
{
    for (size_t low = 0, high = count; low < high;) {
        size_t middle = low + (high - low) / 2;
        int order = shm_array_name_compare(name, &by_name[middle]->spec);
        if (order == 0)
            return by_name[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
