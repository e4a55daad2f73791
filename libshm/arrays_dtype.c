/* Element types, names and lengths: what a spec says, checked. */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libshm/arrays_layout.h"
#include "libshm/fail.h"

static const struct {
    const char *name;
    size_t itemsize;
} dtypes[] = {
    [LIBSHM_OPAQUE] = {"opaque", 0},
    [LIBSHM_BOOL] = {"bool", 1},
    [LIBSHM_INT8] = {"int8", 1},
    [LIBSHM_UINT8] = {"uint8", 1},
    [LIBSHM_INT16] = {"int16", 2},
    [LIBSHM_UINT16] = {"uint16", 2},
    [LIBSHM_INT32] = {"int32", 4},
    [LIBSHM_UINT32] = {"uint32", 4},
    [LIBSHM_INT64] = {"int64", 8},
    [LIBSHM_UINT64] = {"uint64", 8},
    [LIBSHM_FLOAT16] = {"float16", 2},
    [LIBSHM_FLOAT32] = {"float32", 4},
    [LIBSHM_FLOAT64] = {"float64", 8},
    [LIBSHM_LONGDOUBLE] = {"long double", sizeof(long double)},
    [LIBSHM_COMPLEX64] = {"complex64", 8},
    [LIBSHM_COMPLEX128] = {"complex128", 16},
    [LIBSHM_COMPLEX_LONGDOUBLE] = {"complex long double", 2 * sizeof(long double)},
};

_Static_assert(sizeof(float) == 4 && sizeof(double) == 8, "float32 and float64 are C's types");

static bool is_dtype(int dtype)
{
    return dtype >= 0 && (size_t)dtype < sizeof dtypes / sizeof *dtypes;
}

size_t shm_dtype_itemsize(int dtype)
{
    return is_dtype(dtype) ? dtypes[dtype].itemsize : 0;
}

const char *shm_dtype_name(int dtype)
{
    return is_dtype(dtype) ? dtypes[dtype].name : "unknown";
}

const char *shm_array_name(const struct shm_array_spec *spec, char *text, size_t size)
{
    if (spec->label)
        snprintf(text, size, "'%.*s'", LIBSHM_MAX_LABEL - 1, spec->label);
    else
        snprintf(text, size, "%" PRId64, spec->key);
    return text;
}

int shm_array_name_compare(const struct shm_array_spec *a, const struct shm_array_spec *b)
{
    if (a->label && b->label)
        return strcmp(a->label, b->label);
    if (a->label || b->label)
        return a->label ? 1 : -1;
    return (a->key > b->key) - (a->key < b->key);
}

static int fail_spec(const struct shm_array_spec *spec, const char *what)
{
    char name[LIBSHM_ARRAY_NAME];
    return shm_failf(EINVAL, "array %s: %s", shm_array_name(spec, name, sizeof name), what);
}

static int check_label(const struct shm_array_spec *spec)
{
    if (!spec->label)
        return 0;
    size_t length = strnlen(spec->label, LIBSHM_MAX_LABEL);
    if (length == 0)
        return shm_fail(EINVAL, "the label of an array is empty; pass NULL to use its key");
    if (length == LIBSHM_MAX_LABEL)
        return shm_failf(EINVAL, "the label '%.40s...' is longer than %d bytes", spec->label,
                         LIBSHM_MAX_LABEL - 1);
    return 0;
}

static int check_dtype(struct shm_array_spec *spec)
{
    if (!is_dtype(spec->dtype))
        return fail_spec(spec, "there is no element type with this number");
    size_t itemsize = dtypes[spec->dtype].itemsize;
    if (itemsize == 0)
        return spec->itemsize ? 0 : fail_spec(spec, "an opaque array needs an itemsize");
    if (spec->itemsize != 0 && spec->itemsize != itemsize)
        return fail_spec(spec, "its itemsize is not the one of its element type");
    spec->itemsize = itemsize;
    return 0;
}

/* A zero length anywhere makes the array empty, however large the others are. */
static int count_elements(struct shm_array *array)
{
    const struct shm_array_spec *spec = &array->spec;
    size_t most = PTRDIFF_MAX / spec->itemsize, count = 1;
    bool fits = true;
    for (int i = 0; i < spec->ndim; i++) {
        if (spec->shape[i] == 0)
            count = 0;
        else if (count > most / spec->shape[i])
            fits = false;
        else
            count *= spec->shape[i];
    }
    if (count > most || (count > 0 && !fits))
        return fail_spec(spec, "its shape times its itemsize is more than memory can hold");
    array->count = count;
    array->nbytes = array->count * spec->itemsize;
    return 0;
}

int shm_array_from_spec(struct shm_array *array, const struct shm_array_spec *spec)
{
    *array = (struct shm_array){.spec = *spec};
    if (check_label(spec) < 0 || check_dtype(&array->spec) < 0)
        return -1;
    if (spec->ndim < 0 || spec->ndim > LIBSHM_MAX_DIMS)
        return fail_spec(spec, "its number of dimensions is not 0 to 64");
    if (spec->ndim > 0 && !spec->shape)
        return fail_spec(spec, "its shape is missing");
    return count_elements(array);
}
