#include "config.h"

#include <stdlib.h>

#include "tests/bench/bench.h"
#include "tests/bench/bench_set.h"

enum { LINE = 8, SHIFT = 16 * LINE, PAGE = 4096, PERIOD = 1000, LONG_ARRAY = 50000000 };

static double first_value(size_t array, size_t element)
{
    return (double)array + (double)(element % PERIOD) / PERIOD;
}

double bench_set_nbytes(const struct bench_set *set)
{
    return (double)set->narrays * (double)set->elements * sizeof(double);
}

bool bench_set_is(double value, size_t array, size_t element, long updates)
{
    double first = first_value(array, element);
    double expected = first + (double)updates * BENCH_FACTOR * (1 + first);
    double error = value - expected, size = expected < 0 ? -expected : expected;
    double bound = (1e-12 + (double)updates * 2.3e-16) * (1 + size); /* each sum is rounded */
    return error <= bound && error >= -bound;
}

/* Some elements of each array, the last one too. */
bool bench_set_are(double *const *arrays, size_t narrays, size_t elements, long updates)
{
    for (size_t i = 0; i < narrays; i++) {
        for (size_t k = 0; k < elements; k += elements / 97 + 1)
            if (!bench_set_is(arrays[i][k], i, k, updates))
                return false;
        if (!bench_set_is(arrays[i][elements - 1], i, elements - 1, updates))
            return false;
    }
    return true;
}

/*
 * Arrays in one piece of memory, each aligned to a line; `*block` is to be freed. Blocks begin at
 * different places of a page: processors take a load for a conflict with a store a page away.
 */
static double **make_arrays(size_t narrays, size_t elements, double plus, double **block,
                            size_t which)
{
    size_t stride = (elements + LINE - 1) / LINE * LINE, shift = which * SHIFT;
    double **arrays = malloc(narrays * sizeof *arrays);
    void *memory = NULL;
    if (arrays == NULL ||
        posix_memalign(&memory, PAGE, (narrays * stride + shift) * sizeof(double)) != 0) {
        free(arrays);
        return NULL;
    }
    *block = memory;
    for (size_t i = 0; i < narrays; i++) {
        arrays[i] = *block + shift + i * stride;
        for (size_t k = 0; k < elements; k++)
            arrays[i][k] = plus + first_value(i, k);
    }
    return arrays;
}

static bool make_private(struct bench_set *set)
{
    set->fresh = make_arrays(set->narrays, set->elements, 1, &set->blocks[0], 0);
    set->result = make_arrays(set->narrays, set->elements, 0, &set->blocks[1], 1);
    for (int i = 0; i < 2; i++)
        set->slot[i] = make_arrays(set->narrays, set->slot_elements, 0, &set->blocks[2 + i],
                                   2 + (size_t)i);
    return set->fresh != NULL && set->result != NULL && set->slot[0] != NULL &&
           set->slot[1] != NULL;
}

static bool make_shared(struct bench_set *set)
{
    struct shm_array_spec *specs = calloc(set->narrays, sizeof *specs);
    if (specs == NULL)
        return false;
    for (size_t i = 0; i < set->narrays; i++)
        specs[i] = (struct shm_array_spec){
            .key = (int64_t)i, .dtype = LIBSHM_FLOAT64, .ndim = 1, .shape = &set->elements};
    const void *const *data = (const void *const *)set->result;
    set->shared = shm_arrays_create(specs, set->narrays, data, 0600);
    free(specs);
    return set->shared != NULL;
}

static void free_private(struct bench_set *set)
{
    free(set->fresh);
    free(set->result);
    for (int i = 0; i < 2; i++)
        free(set->slot[i]);
    for (int i = 0; i < 4; i++)
        free(set->blocks[i]);
}

bool bench_set_make(struct bench_set *set, size_t narrays, size_t elements)
{
    *set =
        (struct bench_set){.narrays = narrays, .elements = elements, .slot_elements = elements};
    if (elements > LONG_ARRAY && elements % (2 * PERIOD) == 0)
        set->slot_elements = elements / 2;
    if (make_private(set) && make_shared(set))
        return true;
    free_private(set);
    return false;
}

static bool values_are_right(struct bench_set *set)
{
    return bench_set_read(set, 1) &&
           bench_set_are(set->result, set->narrays, set->elements, set->updates) &&
           bench_set_are(set->slot[set->loops & 1], set->narrays, set->slot_elements,
                         set->loops);
}

bool bench_set_end(struct bench_set *set)
{
    bool good = bench_check(values_are_right(set), "no update is lost");
    good = bench_check(shm_arrays_remove(set->shared) == 0, "arrays are removed") && good;
    good = bench_check(shm_arrays_close(set->shared) == 0, "arrays are closed") && good;
    free_private(set);
    return good;
}

bool bench_set_read(struct bench_set *set, long rounds)
{
    while (rounds-- > 0)
        if (shm_arrays_read(set->shared, (void *const *)set->result) == -1)
            return false;
    return true;
}

bool bench_set_update(struct bench_set *set, long rounds, bool with_result)
{
    const void *const *fresh = (const void *const *)set->fresh;
    void *const *out = with_result ? (void *const *)set->result : NULL;
    set->updates += rounds;
    while (rounds-- > 0)
        if (shm_arrays_update(set->shared, LIBSHM_AXPY, BENCH_FACTOR, fresh, out) == -1)
            return false;
    return true;
}
