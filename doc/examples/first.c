#include <stdio.h>
#include <stdlib.h>
#include <libshm/arrays.h>

int main(int argc, char **argv) /* first: create. first KEY: attach. first KEY remove: ... */
{
    double w[3] = {0}, step[3] = {1, 2, 3};
    const struct shm_array_spec spec = {"w", 0, LIBSHM_FLOAT64, 0, 1, (const size_t[]){3}};
    struct shm_arrays *a = argc > 1 ? shm_arrays_attach((key_t)atol(argv[1]))
                                    : shm_arrays_create(&spec, 1, (const void *[]){w}, 0600);
    if (a == NULL || shm_arrays_update(a, LIBSHM_ADD, 0, (const void *[]){step}, (void *[]){w}))
        return fprintf(stderr, "first: %s\n", shm_error_detail()), 1;
    printf("key %d: w = %g %g %g\n", (int)shm_arrays_root(a), w[0], w[1], w[2]);
    return (argc > 2 ? shm_arrays_remove(a) : 0) | shm_arrays_close(a);
}
