/*
 * Integers. Sums and products with whole factors wrap, so they are done in an unsigned type of
 * at least 32 bits: the product of two uint16_t would overflow int. With a fractional factor
 * the result is computed in double, truncated towards zero and cut to the range of the type.
 */
#include "config.h"

#include "libshm/arrays_kernels.h"

/* `limit` is the largest value + 1, a power of two and exact. NaN fails every test: 0. */
#define CLIP(name, type, least, most, limit)                                                   \
    static inline type clip_##name(double x)                                                   \
    {                                                                                          \
        if (x >= (limit))                                                                      \
            return most;                                                                       \
        if (x > (double)(least))                                                               \
            return (type)x;                                                                    \
        return x <= (double)(least) ? least : 0;                                               \
    }

#define WRAPPING(name, type, wide)                                                             \
    LIBSHM_KERNEL(add_##name, type, (wide)old[i] + (wide)fresh[i])                             \
    LIBSHM_KERNEL(linear_exact_##name, type,                                                   \
                  (wide)f.exact_keep *(wide)old[i] + (wide)f.exact_gain * (wide)fresh[i])      \
    LIBSHM_KERNEL(scale_exact_##name, type, (wide)f.exact_gain *(wide)old[i])

#define CLIPPING(name, type)                                                                   \
    LIBSHM_KERNEL(linear_##name, type,                                                         \
                  clip_##name(f.keep *(double)old[i] + f.gain * (double)fresh[i]))             \
    LIBSHM_KERNEL(scale_##name, type, clip_##name(f.gain *(double)old[i]))

#define ORDERED(name, type)                                                                    \
    LIBSHM_KERNEL(min_##name, type, old[i] <= fresh[i] ? old[i] : fresh[i])                    \
    LIBSHM_KERNEL(max_##name, type, old[i] >= fresh[i] ? old[i] : fresh[i])

#define INTEGER(name, type, wide, least, most, limit)                                          \
    CLIP(name, type, least, most, limit)                                                       \
    WRAPPING(name, type, wide)                                                                 \
    CLIPPING(name, type)                                                                       \
    ORDERED(name, type)                                                                        \
    const struct shm_kernels LIBSHM_KERNELS(name) = {                                          \
        {add_##name, linear_##name, scale_##name, min_##name, max_##name, linear_exact_##name, \
         scale_exact_##name}};

INTEGER(int8, int8_t, uint32_t, INT8_MIN, INT8_MAX, 0x1p7)
INTEGER(uint8, uint8_t, uint32_t, 0, UINT8_MAX, 0x1p8)
INTEGER(int16, int16_t, uint32_t, INT16_MIN, INT16_MAX, 0x1p15)
INTEGER(uint16, uint16_t, uint32_t, 0, UINT16_MAX, 0x1p16)
INTEGER(int32, int32_t, uint32_t, INT32_MIN, INT32_MAX, 0x1p31)
INTEGER(uint32, uint32_t, uint32_t, 0, UINT32_MAX, 0x1p32)
INTEGER(int64, int64_t, uint64_t, INT64_MIN, INT64_MAX, 0x1p63)
INTEGER(uint64, uint64_t, uint64_t, 0, UINT64_MAX, 0x1p64)
