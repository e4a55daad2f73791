/*
 * attach KEY: finds the arrays of share.c by one integer, lists them, and adds 1 to every
 * element of every array. It knows neither their number nor their types: the arrays describe
 * themselves.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <libshm/arrays.h>

static int fail(const char *what)
{
    fprintf(stderr, "attach: %s: %s\n", what, shm_error_detail());
    return 1;
}

static void list(const struct shm_arrays *arrays)
{
    for (size_t i = 0; i < shm_arrays_count(arrays); i++) {
        const struct shm_array_spec *spec = shm_arrays_spec(arrays, i);
        printf("%s: dtype %d, shape", spec->label, spec->dtype);
        for (int d = 0; d < spec->ndim; d++)
            printf(" %zu", spec->shape[d]);
        printf(", %zu bytes\n", shm_arrays_nbytes(arrays, i));
    }
}

/* An update function: sees the old content, fills the new one; others see all of it or nothing.
 */
static int add_one(const struct shm_array_update *update, void *context)
{
    int *integers = context;
    for (size_t i = 0; i < update->count; i++) {
        if (update->spec->dtype == LIBSHM_INT64)
            ((int64_t *)update->result)[i] = ((const int64_t *)update->old)[i] + 1;
        else if (update->spec->dtype == LIBSHM_FLOAT64)
            ((double *)update->result)[i] = ((const double *)update->old)[i] + 1;
        else
            return EINVAL; /* any value but 0: nothing of the partition is published */
    }
    *integers += update->spec->dtype == LIBSHM_INT64;
    return 0;
}

int main(int argc, char **argv)
{
    int integers = 0;
    struct shm_arrays *arrays = argc == 2 ? shm_arrays_attach((key_t)atol(argv[1])) : NULL;
    if (argc != 2)
        return fprintf(stderr, "usage: attach KEY\n"), 2;
    if (arrays == NULL)
        return fail("cannot attach");
    list(arrays);
    if (shm_arrays_update_with(arrays, add_one, &integers, NULL, NULL) == -1)
        return fail("cannot update");
    printf("added 1 to %d array(s) of integers and to the rest\n", integers);
    return shm_arrays_close(arrays) == 0 ? 0 : fail("cannot close");
}
