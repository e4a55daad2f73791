/*
 * Real and complex floating point, computed in the element type itself as numpy does: a factor
 * is converted to it first. A real factor acts on both parts of a complex number alike, so
 * those kernels are the real ones over twice as many elements.
 */
#include "config.h"

#include <stdbool.h>

#include "libshm/arrays_kernels.h"

/* numpy's minimum and maximum: a NaN wins, the old one first; of equals the old one stays. */
#define REAL(name, type)                                                                       \
    LIBSHM_KERNEL(add_##name, type, old[i] + fresh[i])                                         \
    LIBSHM_KERNEL(linear_##name, type, (type)f.keep *old[i] + (type)f.gain * fresh[i])         \
    LIBSHM_KERNEL(scale_##name, type, (type)f.gain *old[i])                                    \
    LIBSHM_KERNEL(min_##name, type,                                                            \
                  old[i] <= fresh[i] || old[i] != old[i] ? old[i] : fresh[i])                  \
    LIBSHM_KERNEL(max_##name, type,                                                            \
                  old[i] >= fresh[i] || old[i] != old[i] ? old[i] : fresh[i])                  \
    const struct shm_kernels LIBSHM_KERNELS(name) = {                                          \
        {add_##name, linear_##name, scale_##name, min_##name, max_##name, NULL, NULL}};

REAL(float32, float)
REAL(float64, double)
REAL(longdouble, long double)

/* Ordered by real part, then by imaginary part; a NaN in either part wins, the old one first.
 */
#define CHOOSE(name, type, operation, before, before_or_equal)                                 \
    static void operation##_##name(void *result_, const void *old_, const void *fresh_,        \
                                   const struct shm_factors *factors, size_t count)            \
    {                                                                                          \
        type *result = result_;                                                                \
        const type *old = old_, *fresh = fresh_;                                               \
        for (size_t i = 0; i < 2 * count; i += 2) {                                            \
            bool take_old = old[i] != old[i] || old[i + 1] != old[i + 1] ||                    \
                            (old[i] before fresh[i] && fresh[i + 1] == fresh[i + 1]) ||        \
                            (old[i] == fresh[i] && old[i + 1] before_or_equal fresh[i + 1]);   \
            result[i] = take_old ? old[i] : fresh[i];                                          \
            result[i + 1] = take_old ? old[i + 1] : fresh[i + 1];                              \
        }                                                                                      \
        (void)factors;                                                                         \
    }

#define TWICE(name, real, operation)                                                           \
    static void operation##_##name(void *result, const void *old, const void *fresh,           \
                                   const struct shm_factors *factors, size_t count)            \
    {                                                                                          \
        operation##_##real(result, old, fresh, factors, 2 * count);                            \
    }

#define COMPLEX(name, real, type)                                                              \
    TWICE(name, real, add)                                                                     \
    TWICE(name, real, linear)                                                                  \
    TWICE(name, real, scale)                                                                   \
    CHOOSE(name, type, min, <, <=)                                                             \
    CHOOSE(name, type, max, >, >=)                                                             \
    const struct shm_kernels LIBSHM_KERNELS(name) = {                                          \
        {add_##name, linear_##name, scale_##name, min_##name, max_##name, NULL, NULL}};

COMPLEX(complex64, float32, float)
COMPLEX(complex128, float64, double)
COMPLEX(complex_longdouble, longdouble, long double)
