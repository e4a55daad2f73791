/*
 * share: makes two arrays and prints the one integer by which other programs find them (see
 * attach.c). At the end of its input, or at Enter, it prints what has become of them and
 * removes them.
 */
#include <stdio.h>
#include <libshm/arrays.h>

static int fail(const char *what)
{
    fprintf(stderr, "share: %s: %s\n", what, shm_error_detail());
    return 1;
}

static void print_arrays(const int64_t *counts, const double *weights)
{
    printf("counts %lld %lld\n", (long long)counts[0], (long long)counts[1]);
    printf("weights %g %g %g / %g %g %g\n", weights[0], weights[1], weights[2], weights[3],
           weights[4], weights[5]);
}

int main(void)
{
    const size_t counts_shape[] = {2}, weights_shape[] = {2, 3};
    const struct shm_array_spec specs[] = {
        {.label = "counts", .dtype = LIBSHM_INT64, .ndim = 1, .shape = counts_shape},
        {.label = "weights", .dtype = LIBSHM_FLOAT64, .ndim = 2, .shape = weights_shape},
    };
    int64_t counts[2] = {0, 100};
    double weights[6] = {0, 0, 0, 0.5, 0.5, 0.5};
    const void *data[] = {counts, weights};
    struct shm_arrays *arrays = shm_arrays_create(specs, 2, data, 0600);
    if (arrays == NULL)
        return fail("cannot create the arrays");
    printf("%d\n", (int)shm_arrays_root(arrays));
    fflush(stdout);

    getchar();
    void *out[] = {counts, weights};
    int status = shm_arrays_read(arrays, out) == 0 ? 0 : fail("cannot read the arrays");
    if (status == 0)
        print_arrays(counts, weights);
    if (shm_arrays_remove(arrays) == -1)
        status = fail("cannot remove the arrays");
    shm_arrays_close(arrays);
    return status;
}
