#include "config.h"

#include <string.h>

#include "libshm/half.h"

/*
 * binary16: sign 1, exponent 5 (bias 15), fraction 10. binary32: 1, 8 (bias 127), 23.
 * A fraction has 13 bits more there, an exponent is larger by 112.
 */
static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float shm_half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t rest = half & 0x7fff;
    if (rest >= 0x7c00) /* infinity, NaN */
        return from_bits(sign | 0x7f800000 | rest << 13);
    if (rest >= 0x0400)
        return from_bits(sign | ((rest << 13) + (112u << 23)));
    float value = (float)rest * 0x1p-24f; /* zero and subnormals: multiples of 2^-24 */
    return sign ? -value : value;
}

/* Multiples of 2^-24 below 2^-14; the fraction's bits that go lost decide the rounding. */
static uint32_t to_subnormal(uint32_t magnitude)
{
    uint32_t exponent = magnitude >> 23;
    if (exponent < 102) /* below 2^-25, half of the smallest */
        return 0;
    uint32_t shift = 126 - exponent;
    uint32_t fraction = (magnitude & 0x7fffff) | 0x800000;
    uint32_t result = fraction >> shift;
    uint32_t lost = fraction & ((1u << shift) - 1), half = 1u << (shift - 1);
    return result + (lost > half || (lost == half && (result & 1)));
}

uint16_t shm_half_from_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) /* NaN: quiet, and keep what fits of its payload */
        return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
    if (magnitude >= 0x477ff000) /* 65520, half way to the number that is not there */
        return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x38800000) /* 2^-14 */
        return (uint16_t)(sign | to_subnormal(magnitude));
    magnitude += 0xfff + (magnitude >> 13 & 1); /* a carry into the exponent is right */
    return (uint16_t)(sign | ((magnitude >> 13) - (112u << 10)));
}
