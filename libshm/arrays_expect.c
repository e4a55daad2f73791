/* A handle as its user expects it: specs compared with the set, order and shapes taken over. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libshm/arrays_private.h"
#include "libshm/fail.h"

static int compare_array(const struct shm_array *found, const struct shm_array *expected)
{
    char name[LIBSHM_ARRAY_NAME];
    shm_array_name(&expected->spec, name, sizeof name);
    if (found->spec.dtype != expected->spec.dtype)
        return shm_failf(EINVAL, "array %s: its element type is %s in the set, %s was expected",
                         name, shm_dtype_name(found->spec.dtype),
                         shm_dtype_name(expected->spec.dtype));
    if (found->spec.itemsize != expected->spec.itemsize)
        return shm_failf(EINVAL, "array %s: its items have %zu bytes in the set, %zu expected",
                         name, found->spec.itemsize, expected->spec.itemsize);
    if (found->count != expected->count)
        return shm_failf(EINVAL, "array %s: it has %zu elements in the set, %zu were expected",
                         name, found->count, expected->count);
    return 0;
}

/* The place in `shapes` that is free behind what was used so far. */
static size_t *take_shape(size_t **shapes, const struct shm_array_spec *spec)
{
    size_t *shape = *shapes;
    if (spec->ndim > 0)
        memcpy(shape, spec->shape, (size_t)spec->ndim * sizeof *shape);
    *shapes += spec->ndim;
    return shape;
}

static int match(const struct shm_arrays *a, const struct shm_array_spec *specs,
                 struct shm_array **ordered)
{
    for (size_t i = 0; i < a->count; i++) {
        struct shm_array expected;
        char name[LIBSHM_ARRAY_NAME];
        if (shm_array_from_spec(&expected, &specs[i]) < 0)
            return -1;
        ordered[i] = shm_names_find(a->by_name, a->count, &specs[i]);
        if (!ordered[i])
            return shm_failf(EINVAL, "array %s: the set has no array of this name",
                             shm_array_name(&specs[i], name, sizeof name));
        if (compare_array(ordered[i], &expected) < 0)
            return -1;
    }
    return 0;
}

/* After all names were found, a name that was given twice shows as an array met twice. */
static int take_order(struct shm_array **ordered, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ordered[i]->index = count;
    for (size_t i = 0; i < count; i++) {
        char name[LIBSHM_ARRAY_NAME];
        if (ordered[i]->index != count)
            return shm_failf(EINVAL, "two of the expected arrays have the name %s",
                             shm_array_name(&ordered[i]->spec, name, sizeof name));
        ordered[i]->index = i;
    }
    return 0;
}

static int apply(struct shm_arrays *a, const struct shm_array_spec *specs,
                 struct shm_array **ordered)
{
    if (match(a, specs, ordered) < 0 || take_order(ordered, a->count) < 0)
        return -1;
    size_t *shapes = a->expected_shapes;
    for (size_t i = 0; i < a->count; i++) {
        ordered[i]->spec.shape = take_shape(&shapes, &specs[i]);
        ordered[i]->spec.ndim = specs[i].ndim;
    }
    return 0;
}

int shm_expect_apply(struct shm_arrays *a, const struct shm_array_spec *specs, size_t count)
{
    if (count != a->count)
        return shm_failf(EINVAL, "the set has %zu arrays, %zu were expected", a->count, count);
    size_t ndims = 1; /* an empty allocation may be NULL */
    for (size_t i = 0; i < count; i++)
        ndims += specs[i].ndim > 0 ? (size_t)specs[i].ndim : 0;
    struct shm_array **ordered = calloc(count, sizeof(struct shm_array *));
    a->expected_shapes = calloc(ndims, sizeof *a->expected_shapes);
    if (!ordered || !a->expected_shapes) {
        free(ordered);
        return shm_fail(ENOMEM, "no memory for a handle of an array set");
    }
    if (apply(a, specs, ordered) < 0) {
        free(ordered);
        return -1;
    }
    free(a->arrays);
    a->arrays = ordered;
    return 0;
}
