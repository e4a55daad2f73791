/* Which kernels an element type has. */
#include "config.h"

#include "libshm/arrays.h"
#include "libshm/arrays_kernels.h"

static const struct shm_kernels *const tables[] = {
    [LIBSHM_BOOL] = &shm_kernels_bool,
    [LIBSHM_INT8] = &shm_kernels_int8,
    [LIBSHM_UINT8] = &shm_kernels_uint8,
    [LIBSHM_INT16] = &shm_kernels_int16,
    [LIBSHM_UINT16] = &shm_kernels_uint16,
    [LIBSHM_INT32] = &shm_kernels_int32,
    [LIBSHM_UINT32] = &shm_kernels_uint32,
    [LIBSHM_INT64] = &shm_kernels_int64,
    [LIBSHM_UINT64] = &shm_kernels_uint64,
    [LIBSHM_FLOAT16] = &shm_kernels_float16,
    [LIBSHM_FLOAT32] = &shm_kernels_float32,
    [LIBSHM_FLOAT64] = &shm_kernels_float64,
    [LIBSHM_LONGDOUBLE] = &shm_kernels_longdouble,
    [LIBSHM_COMPLEX64] = &shm_kernels_complex64,
    [LIBSHM_COMPLEX128] = &shm_kernels_complex128,
    [LIBSHM_COMPLEX_LONGDOUBLE] = &shm_kernels_complex_longdouble,
};

const struct shm_kernels *shm_kernels_of(int dtype)
{
    return dtype >= 0 && (size_t)dtype < sizeof tables / sizeof *tables ? tables[dtype] : NULL;
}
