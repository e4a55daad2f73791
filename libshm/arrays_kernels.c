/* Which kernels an element type has, and which of them suit the processor. */
#include "config.h"

#include "libshm/arrays.h"
#include "libshm/arrays_kernels.h"

#define TABLES(prefix)                                                                         \
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

enum { DTYPES = LIBSHM_COMPLEX_LONGDOUBLE + 1 };

static const struct shm_kernels *const plain[DTYPES] = TABLES(shm_kernels_);

static const struct shm_kernels *const *tables = plain;

#ifdef HAVE_AVX2_KERNELS
static const struct shm_kernels *const avx2[DTYPES] = TABLES(shm_kernels_avx2_);

enum shm_kernel_set shm_kernels_use(enum shm_kernel_set wanted)
{
    __builtin_cpu_init();
    int can = wanted >= LIBSHM_KERNELS_AVX2 && __builtin_cpu_supports("avx2");
    tables = can ? avx2 : plain;
    return can ? LIBSHM_KERNELS_AVX2 : LIBSHM_KERNELS_PLAIN;
}
#else
enum shm_kernel_set shm_kernels_use(enum shm_kernel_set wanted)
{
    (void)wanted;
    return LIBSHM_KERNELS_PLAIN;
}
#endif

/* Here and not at the first use, which may be in two threads at once. */
__attribute__((constructor)) static void choose(void)
{
    (void)shm_kernels_use(LIBSHM_KERNEL_SETS - 1);
}

const struct shm_kernels *shm_kernels_of(int dtype)
{
    return dtype >= 0 && dtype < DTYPES ? tables[dtype] : NULL;
}
