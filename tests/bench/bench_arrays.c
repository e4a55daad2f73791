/* Update and read of 20 arrays of float64, beside a memcpy of as many bytes. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libshm/arrays.h"
#include "tests/bench/bench.h"

enum { ARRAYS = 20 };
enum { MEMCPY, LOOP, READ, UPDATE, UPDATE_OUT, CASES };

static const double factor = -0.1;

static struct shm_arrays *set;
static size_t elements;           /* of each array */
static double *gradient[ARRAYS];  /* what updates add, times factor */
static double *result[ARRAYS];    /* private memory to read or copy into */
static double *parameter[ARRAYS]; /* private memory for the peers */
static long updates;              /* so far */

static bool copy(long rounds)
{
    while (rounds-- > 0)
        for (int i = 0; i < ARRAYS; i++)
            memcpy(result[i], parameter[i], elements * sizeof(double));
    return true;
}

static bool private_loop(long rounds)
{
    while (rounds-- > 0)
        for (int i = 0; i < ARRAYS; i++)
            for (size_t k = 0; k < elements; k++)
                parameter[i][k] += factor * gradient[i][k];
    return true;
}

static bool read_all(long rounds)
{
    while (rounds-- > 0)
        if (shm_arrays_read(set, (void *const *)result) == -1)
            return false;
    return true;
}

static bool update(long rounds, void *const *out)
{
    updates += rounds;
    while (rounds-- > 0)
        if (shm_arrays_update(set, LIBSHM_AXPY, factor, (const void *const *)gradient, out) ==
            -1)
            return false;
    return true;
}

static bool update_quietly(long rounds)
{
    return update(rounds, NULL);
}

static bool update_and_return(long rounds)
{
    return update(rounds, (void *const *)result);
}

static double first_value(int array, size_t element)
{
    return (double)array + (double)(element % 1000) * 1e-3;
}

static double *make_array(int array, double value)
{
    double *memory = malloc(elements * sizeof *memory);
    for (size_t k = 0; memory != NULL && k < elements; k++)
        memory[k] = value + first_value(array, k);
    return memory;
}

static bool make_private(void)
{
    for (int i = 0; i < ARRAYS; i++) {
        gradient[i] = make_array(i, 1);
        result[i] = make_array(i, 0);
        parameter[i] = make_array(i, 0);
        if (gradient[i] == NULL || result[i] == NULL || parameter[i] == NULL)
            return false;
    }
    return true;
}

static bool make_set(void)
{
    struct shm_array_spec specs[ARRAYS];
    for (int i = 0; i < ARRAYS; i++)
        specs[i] = (struct shm_array_spec){
            .key = i, .dtype = LIBSHM_FLOAT64, .ndim = 1, .shape = &elements};
    set = shm_arrays_create(specs, ARRAYS, (const void *const *)parameter, 0600);
    return set != NULL;
}

/* The tolerance is for compilers that fuse the multiplication and the addition. */
static bool values_are_right(void)
{
    if (shm_arrays_read(set, (void *const *)result) == -1)
        return false;
    for (int i = 0; i < ARRAYS; i++) {
        for (size_t k = 0; k < elements; k += elements / 7 + 1) {
            double expected = first_value(i, k);
            for (long n = 0; n < updates; n++)
                expected += factor * (1 + first_value(i, k));
            double error = result[i][k] - expected;
            if (error > 1e-6 * (double)updates || error < -1e-6 * (double)updates)
                return false;
        }
    }
    return true;
}

static void free_private(void)
{
    for (int i = 0; i < ARRAYS; i++) {
        free(gradient[i]);
        free(result[i]);
        free(parameter[i]);
    }
}

static bool bench_size(size_t count, long rounds)
{
    elements = count;
    updates = 0;
    if (!bench_check(make_private() && make_set(), "arrays are made"))
        return false;
    char title[80];
    snprintf(title, sizeof title, "20 arrays of %zu float64 (%zu partitions)", count,
             shm_arrays_npartitions(set));
    const struct bench_table table = {
        title,
        "microseconds",
        1e6,
        rounds,
        CASES,
        {[MEMCPY] = {"memcpy", MEMCPY, copy},
         [LOOP] = {"old += factor * new, private memory", MEMCPY, private_loop},
         [READ] = {"shm_arrays_read", MEMCPY, read_all},
         [UPDATE] = {"shm_arrays_update axpy", MEMCPY, update_quietly},
         [UPDATE_OUT] = {"shm_arrays_update axpy, result returned", MEMCPY,
                         update_and_return}}};
    bool good = bench_run(&table);
    good = bench_check(values_are_right(), "no update is lost") && good;
    good = bench_check(shm_arrays_remove(set) == 0, "arrays are removed") && good;
    good = bench_check(shm_arrays_close(set) == 0, "arrays are closed") && good;
    free_private();
    return good;
}

bool bench_arrays(void)
{
    bool good = bench_size(100, 500);
    return bench_size(100000, 1) && good;
}
