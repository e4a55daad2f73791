/* IEEE 754 binary16 in integers alone: no table, no machine's rounding mode. */
#ifndef LIBSHM_HALF_H
#define LIBSHM_HALF_H

#include <stdint.h>

/* Exact. */
float shm_half_to_float(uint16_t half);

/* Rounded to nearest, ties to even; too large ones become infinite; NaN stays NaN. */
uint16_t shm_half_from_float(float value);

#endif
