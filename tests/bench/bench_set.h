/*
 * A set of arrays of float64, and private memory of the same shape for the peers and the limits.
 *
 * Array i begins as i + (k % 1000) / 1000 at element k, what an update adds is factor times 1 + that, so
 * that every element tells how many updates it has had.
 */
#ifndef TESTS_BENCH_SET_H
#define TESTS_BENCH_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "libshm/arrays.h"

#define BENCH_FACTOR (-0.1)

struct bench_set {
    size_t narrays, elements; /* of each array */
    struct shm_arrays *shared;
    double **fresh;   /* what updates add, times the factor */
    double **result;  /* where reads and updates put the arrays */
    double **slot[2]; /* the limit's two slots; short ones for large arrays, gone over twice */
    size_t slot_elements;
    long updates, loops; /* of the set, and of the limit's slots */
    double *blocks[4];   /* what the pointers above point into */
};

/* False, with everything freed that was made. */
bool bench_set_make(struct bench_set *set, size_t narrays, size_t elements);

/* The shared arrays have had so many updates and the slots so many loops; removes and frees all. */
bool bench_set_end(struct bench_set *set);

/* What one element is after so many updates, give or take rounding. */
bool bench_set_is(double value, size_t array, size_t element, long updates);
bool bench_set_are(double *const *arrays, size_t narrays, size_t elements, long updates);

/* A call for each round; false if one failed. */
bool bench_set_read(struct bench_set *set, long rounds);
bool bench_set_update(struct bench_set *set, long rounds, bool with_result);

/* Bytes in one copy of all arrays. */
double bench_set_nbytes(const struct bench_set *set);

#endif
