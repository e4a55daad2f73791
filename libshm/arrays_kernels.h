/*
 * The built-in update functions, one kernel for each operation and element type.
 *
 * AXPY and BLEND are both `keep * old + gain * new`, with (1, factor) and (1 - factor, factor).
 */
#ifndef LIBSHM_ARRAYS_KERNELS_H
#define LIBSHM_ARRAYS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

struct shm_factors {
    double keep;
    double gain;
    uint64_t exact_keep; /* modulo 2^64, where both are whole numbers */
    uint64_t exact_gain;
};

/* `count` elements; `result` overlaps neither `old` nor `new_data`. SCALE ignores new_data. */
typedef void (*shm_kernel)(void *result, const void *old, const void *new_data,
                           const struct shm_factors *factors, size_t count);

enum shm_kernel_kind {
    LIBSHM_KERNEL_ADD,
    LIBSHM_KERNEL_LINEAR,
    LIBSHM_KERNEL_SCALE,
    LIBSHM_KERNEL_MIN,
    LIBSHM_KERNEL_MAX,
    LIBSHM_KERNEL_LINEAR_EXACT, /* for integers: whole factors, wrapping */
    LIBSHM_KERNEL_SCALE_EXACT,
    LIBSHM_KERNEL_KINDS,
};

/* One table for each family, indexed by shm_kernel_kind. */
struct shm_kernels {
    shm_kernel by_kind[LIBSHM_KERNEL_KINDS];
};

/* The table of an element type; NULL: it has none. */
const struct shm_kernels *shm_kernels_of(int dtype);

extern const struct shm_kernels shm_kernels_int8, shm_kernels_uint8, shm_kernels_int16,
    shm_kernels_uint16, shm_kernels_int32, shm_kernels_uint32, shm_kernels_int64,
    shm_kernels_uint64;
extern const struct shm_kernels shm_kernels_float32, shm_kernels_float64,
    shm_kernels_longdouble;
extern const struct shm_kernels shm_kernels_complex64, shm_kernels_complex128,
    shm_kernels_complex_longdouble;
extern const struct shm_kernels shm_kernels_bool, shm_kernels_float16;

/*
 * A kernel from an `expression` of old[i], fresh[i] and the factors f. The work is done in
 * steps of constant length behind `restrict` parameters, so that compilers which are asked for
 * little (gcc -O2) turn it into vector instructions as well; f is a copy, so that no store can
 * be taken to change it.
 */
#define LIBSHM_KERNEL_STEP 16
#define LIBSHM_KERNEL(name, type, expression)                                                  \
    static inline void name##_some(type *restrict result, const type *restrict old,            \
                                   const type *restrict fresh, struct shm_factors f,           \
                                   size_t count)                                               \
    {                                                                                          \
        for (size_t i = 0; i < count; i++)                                                     \
            result[i] = (type)(expression);                                                    \
        (void)fresh;                                                                           \
        (void)f;                                                                               \
    }                                                                                          \
    static void name(void *result_, const void *old_, const void *fresh_,                      \
                     const struct shm_factors *factors, size_t count)                          \
    {                                                                                          \
        type *result = result_;                                                                \
        const type *old = old_, *fresh = fresh_;                                               \
        const struct shm_factors f = *factors;                                                 \
        size_t i = 0;                                                                          \
        for (; count - i >= LIBSHM_KERNEL_STEP; i += LIBSHM_KERNEL_STEP)                       \
            name##_some(result + i, old + i, fresh + i, f, LIBSHM_KERNEL_STEP);                \
        name##_some(result + i, old + i, fresh + i, f, count - i);                             \
    }

#endif
