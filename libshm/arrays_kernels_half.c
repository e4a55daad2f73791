/* float16 and bool: one is computed in float and rounded once, the other is logic. */
#include "config.h"

#include "libshm/arrays_kernels.h"
#include "libshm/half.h"

#define VALUE(half)  shm_half_to_float(half)
#define HALF(number) shm_half_from_float(number)

LIBSHM_KERNEL(add_half, uint16_t, HALF(VALUE(old[i]) + VALUE(fresh[i])))
LIBSHM_KERNEL(linear_half, uint16_t,
              HALF((float)f.keep *VALUE(old[i]) + (float)f.gain * VALUE(fresh[i])))
LIBSHM_KERNEL(scale_half, uint16_t, HALF((float)f.gain *VALUE(old[i])))

static uint16_t choose(uint16_t old, uint16_t fresh, int sign)
{
    float a = VALUE(old), b = VALUE(fresh);
    return a != a || (sign < 0 ? a <= b : a >= b) ? old : fresh;
}

LIBSHM_KERNEL(min_half, uint16_t, choose(old[i], fresh[i], -1))
LIBSHM_KERNEL(max_half, uint16_t, choose(old[i], fresh[i], 1))

const struct shm_kernels shm_kernels_float16 = {
    {add_half, linear_half, scale_half, min_half, max_half, NULL, NULL}};

/* Any byte but 0 counts as true; what is stored is 0 or 1. */
LIBSHM_KERNEL(either, uint8_t, old[i] != 0 || fresh[i] != 0)
LIBSHM_KERNEL(both, uint8_t, old[i] != 0 && fresh[i] != 0)
LIBSHM_KERNEL(linear_bool, uint8_t, f.keep *(old[i] != 0) + f.gain * (fresh[i] != 0) != 0)
LIBSHM_KERNEL(scale_bool, uint8_t, f.gain *(old[i] != 0) != 0)

const struct shm_kernels shm_kernels_bool = {
    {either, linear_bool, scale_bool, both, either, NULL, NULL}};
