/* The kernels that were compiled for AVX2, if the processor has it. */
#include "config.h"

#include "libshm/arrays_kernels.h"

static const struct shm_kernels *const avx2[LIBSHM_KERNEL_DTYPES] =
    LIBSHM_KERNELS_BY_DTYPE(shm_kernels_avx2_);

const struct shm_kernels *const *shm_kernels_for_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") ? avx2 : NULL;
}
