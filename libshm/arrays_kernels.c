/* Which kernels an element type has, and which of them suit the processor. */
#include "config.h"

#include "libshm/arrays_kernels.h"

static const struct shm_kernels *const plain[LIBSHM_KERNEL_DTYPES] =
    LIBSHM_KERNELS_BY_DTYPE(shm_kernels_);

static const struct shm_kernels *const *tables = plain;

enum shm_kernel_set shm_kernels_use(enum shm_kernel_set wanted)
{
    const struct shm_kernels *const *better =
        wanted >= LIBSHM_KERNELS_AVX2 ? shm_kernels_for_avx2() : NULL;
    tables = better ? better : plain;
    return better ? LIBSHM_KERNELS_AVX2 : LIBSHM_KERNELS_PLAIN;
}

/* Here and not at the first use, which may be in two threads at once. */
__attribute__((constructor)) static void choose(void)
{
    (void)shm_kernels_use(LIBSHM_KERNEL_SETS - 1);
}

const struct shm_kernels *shm_kernels_of(int dtype)
{
    return dtype >= 0 && dtype < LIBSHM_KERNEL_DTYPES ? tables[dtype] : NULL;
}
