/*
 * The built-in update functions, one kernel for each operation and element type.
 *
 * AXPY and BLEND are both `keep * old + gain * new`, with (1, factor) and (1 - factor, factor).
 */
#ifndef LIBSHM_ARRAYS_KERNELS_H
#define LIBSHM_ARRAYS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "libshm/arrays.h"

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

/* The table of an element type, for this processor; NULL: it has none. */
const struct shm_kernels *shm_kernels_of(int dtype);

/*
 * Instruction sets. arrays_kernels_int.c and arrays_kernels_real.c are compiled once for each that the
 * compiler has, with other names; which is used is found out when the library is loaded.
 */
enum shm_kernel_set { LIBSHM_KERNELS_PLAIN, LIBSHM_KERNELS_AVX2, LIBSHM_KERNEL_SETS };

enum { LIBSHM_KERNEL_DTYPES = LIBSHM_COMPLEX_LONGDOUBLE + 1 };

/* The tables by element type; NULL where the compiler or the processor has no AVX2. */
const struct shm_kernels *const *shm_kernels_for_avx2(void);

/* Uses another set, for the tests; returns the one that is used, the best below that is there. */
enum shm_kernel_set shm_kernels_use(enum shm_kernel_set wanted);

#ifdef LIBSHM_FOR_AVX2
#define LIBSHM_KERNELS(name) shm_kernels_avx2_##name
#else
#define LIBSHM_KERNELS(name) shm_kernels_##name
#endif

#define LIBSHM_KERNEL_TABLES(prefix)                                                           \
    extern const struct shm_kernels prefix##int8, prefix##uint8, prefix##int16,                \
        prefix##uint16;                                                                        \
    extern const struct shm_kernels prefix##int32, prefix##uint32, prefix##int64,              \
        prefix##uint64;                                                                        \
    extern const struct shm_kernels prefix##float32, prefix##float64, prefix##longdouble;      \
    extern const struct shm_kernels prefix##complex64, prefix##complex128,                     \
        prefix##complex_longdouble
LIBSHM_KERNEL_TABLES(shm_kernels_);
LIBSHM_KERNEL_TABLES(shm_kernels_avx2_);
extern const struct shm_kernels shm_kernels_bool, shm_kernels_float16;

/* An initializer. What has no second set stands in both. */
#define LIBSHM_KERNELS_BY_DTYPE(prefix)                                                        \
    {                                                                                          \
        [LIBSHM_BOOL] = &shm_kernels_bool, [LIBSHM_INT8] = &prefix##int8,                      \
        [LIBSHM_UINT8] = &prefix##uint8, [LIBSHM_INT16] = &prefix##int16,                      \
        [LIBSHM_UINT16] = &prefix##uint16, [LIBSHM_INT32] = &prefix##int32,                    \
        [LIBSHM_UINT32] = &prefix##uint32, [LIBSHM_INT64] = &prefix##int64,                    \
        [LIBSHM_UINT64] = &prefix##uint64, [LIBSHM_FLOAT16] = &shm_kernels_float16,            \
        [LIBSHM_FLOAT32] = &prefix##float32, [LIBSHM_FLOAT64] = &prefix##float64,              \
        [LIBSHM_LONGDOUBLE] = &prefix##longdouble, [LIBSHM_COMPLEX64] = &prefix##complex64,    \
        [LIBSHM_COMPLEX128] = &prefix##complex128,                                             \
        [LIBSHM_COMPLEX_LONGDOUBLE] = &prefix##complex_longdouble,                             \
    }

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
