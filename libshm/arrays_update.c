/* Updates by a built-in function: one pass over the data, block by block. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "libshm/arrays_kernels.h"
#include "libshm/arrays_private.h"
#include "libshm/fail.h"
#include "libshm/stream.h"

enum {
    /*
     * Bytes computed, then copied on while the first cache has them. Longer ones the C library copies by an
     * instruction that takes three times as long where the two places are not aligned alike, on processors of AMD.
     */
    CACHED_BLOCK = 2048,
    STREAMED_BLOCK = 512, /* shorter, so that loading the next overlaps storing this one */
};

struct builtin {
    int op;
    struct shm_factors factors;
    bool exact; /* whole factors: integers wrap instead of going through double */
};

static shm_kernel kernel_of(const struct shm_array *array, const struct builtin *b)
{
    const struct shm_kernels *table = shm_kernels_of(array->spec.dtype);
    enum shm_kernel_kind kind = LIBSHM_KERNEL_ADD;
    switch (b->op) {
    case LIBSHM_AXPY:
    case LIBSHM_BLEND:
        kind = LIBSHM_KERNEL_LINEAR;
        break;
    case LIBSHM_SCALE:
        kind = LIBSHM_KERNEL_SCALE;
        break;
    case LIBSHM_MIN:
        kind = LIBSHM_KERNEL_MIN;
        break;
    case LIBSHM_MAX:
        kind = LIBSHM_KERNEL_MAX;
        break;
    default:
        break;
    }
    if (b->exact && kind == LIBSHM_KERNEL_LINEAR && table->by_kind[LIBSHM_KERNEL_LINEAR_EXACT])
        kind = LIBSHM_KERNEL_LINEAR_EXACT;
    if (b->exact && kind == LIBSHM_KERNEL_SCALE && table->by_kind[LIBSHM_KERNEL_SCALE_EXACT])
        kind = LIBSHM_KERNEL_SCALE_EXACT;
    return table->by_kind[kind];
}

/* One array in one pass: each block is computed, stored, and copied to the caller at once. */
struct pass {
    shm_kernel kernel;
    const struct shm_factors *factors;
    size_t itemsize;
    size_t nbytes;
    const unsigned char *old;
    const unsigned char *data;
    unsigned char *fresh;
    unsigned char *out; /* may be NULL, and may be `data` */
};

/* How far a block has got: of the caller's line that it does not fill these bytes are held back for the next. */
struct block {
    const unsigned char *begin; /* what the one before held back is just before it */
    size_t at, n;
    size_t held, left; /* by the one before, and by this one */
};

/* Both places' lines in turn, where the block is made of whole lines of both; else one place after the other. */
static void store_block(const struct pass *t, const struct block *b)
{
    unsigned char *fresh = t->fresh + b->at, *out = t->out + b->at - b->held;
    const unsigned char *from = b->begin - b->held;
    if (b->n == STREAMED_BLOCK && b->held == b->left) {
        shm_stream_pair(fresh, b->begin, out, from, STREAMED_BLOCK / LIBSHM_LINE);
        return;
    }
    shm_copy(fresh, b->begin, b->n, true);
    shm_copy(out, from, b->held + b->n - b->left, true);
}

/* The block goes through the cache into both places, neither of which is read. */
static void pass_streaming_twice(const struct pass *t, unsigned char *block, size_t step)
{
    struct block b = {.begin = block};
    for (; b.at < t->nbytes; b.at += b.n, b.held = b.left) {
        bool last = t->nbytes - b.at <= step;
        b.n = last ? t->nbytes - b.at : step;
        b.left = last ? 0 : (uintptr_t)(t->out + b.at + b.n) % LIBSHM_LINE;
        t->kernel(block, t->old + b.at, t->data + b.at, t->factors, b.n / t->itemsize);
        store_block(t, &b);
        memcpy(block - b.left, block + b.n - b.left, b.left);
    }
}

static void pass_streaming(const struct pass *t)
{
    _Alignas(LIBSHM_LINE) unsigned char buffer[LIBSHM_LINE + STREAMED_BLOCK];
    unsigned char *block = buffer + LIBSHM_LINE;
    size_t step = STREAMED_BLOCK / t->itemsize * t->itemsize;
    if (t->out) {
        pass_streaming_twice(t, block, step);
        return;
    }
    for (size_t at = 0, n; at < t->nbytes; at += n) {
        n = t->nbytes - at < step ? t->nbytes - at : step;
        t->kernel(block, t->old + at, t->data + at, t->factors, n / t->itemsize);
        shm_copy(t->fresh + at, block, n, true);
    }
}

static void pass_plain(const struct pass *t)
{
    size_t step = CACHED_BLOCK / t->itemsize * t->itemsize;
    for (size_t at = 0, n; at < t->nbytes; at += n) {
        n = t->nbytes - at < step ? t->nbytes - at : step;
        t->kernel(t->fresh + at, t->old + at, t->data + at, t->factors, n / t->itemsize);
        if (t->out)
            memcpy(t->out + at, t->fresh + at, n);
    }
}

static int keep_content(const struct shm_place *place)
{
    shm_copy(place->fresh, place->old, place->array->nbytes, place->streaming);
    if (place->out)
        shm_copy(place->out, place->old, place->array->nbytes, place->streaming);
    return 0;
}

static int fill(const struct shm_place *place, const void *argument)
{
    const struct builtin *b = argument;
    if (!place->data && b->op != LIBSHM_SCALE)
        return keep_content(place);
    struct pass t = {.kernel = kernel_of(place->array, b),
                     .factors = &b->factors,
                     .itemsize = place->array->spec.itemsize,
                     .nbytes = place->array->nbytes,
                     .old = place->old,
                     .data = b->op == LIBSHM_SCALE ? place->old : place->data,
                     .fresh = place->fresh,
                     .out = place->out};
    if (place->streaming)
        pass_streaming(&t);
    else
        pass_plain(&t);
    return 0;
}

/* Partitions that an update leaves alone still owe the caller their content. */
static int read_the_rest(const struct shm_job *job)
{
    struct shm_arrays *a = job->arrays;
    struct shm_deadline d = shm_deadline_of(a);
    for (size_t i = 0; job->out && i < a->npartitions; i++)
        if (!shm_visit_wants(job, &a->partitions[i]) &&
            shm_read_partition(&a->partitions[i], job->out, &d) < 0)
            return -1;
    return 0;
}

static int check_builtin(const struct shm_arrays *a, const struct builtin *b,
                         const void *const *data)
{
    if (b->op < LIBSHM_ADD || b->op > LIBSHM_MAX)
        return shm_failf(EINVAL, "there is no built-in update function %d", b->op);
    if (b->op != LIBSHM_SCALE && !data)
        return shm_fail(EINVAL, "this update needs new data");
    for (size_t i = 0; i < a->count; i++) {
        const struct shm_array *array = a->arrays[i];
        char name[LIBSHM_ARRAY_NAME];
        if ((b->op == LIBSHM_SCALE || data[i]) && !shm_kernels_of(array->spec.dtype))
            return shm_failf(EINVAL,
                             "array %s is opaque: only writing it and updates by a callback "
                             "are possible",
                             shm_array_name(&array->spec, name, sizeof name));
    }
    return 0;
}

/* Every double of 2^52 and more is a whole number. */
static bool is_whole(double x)
{
    const double limit = 4503599627370496.0; /* 2^52 */
    if (!(x > -limit && x < limit))
        return x - x == 0; /* neither infinite nor NaN */
    return (double)(int64_t)x == x;
}

/* A whole number modulo 2^64, from its bits: it may be larger than any integer type. */
static uint64_t wrap(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int shift = (int)(bits >> 52 & 0x7ff) - 1075;
    uint64_t fraction = (bits & 0xfffffffffffff) | (uint64_t)1 << 52;
    if (shift >= 64 || shift <= -53) /* a multiple of 2^64; zero */
        return 0;
    fraction = shift >= 0 ? fraction << shift : fraction >> -shift;
    return x < 0 ? 0 - fraction : fraction;
}

static struct builtin builtin_of(int op, double factor)
{
    struct builtin b = {.op = op, .factors = {.keep = 1, .gain = factor}};
    if (op == LIBSHM_BLEND)
        b.factors.keep = 1 - factor;
    b.exact = is_whole(b.factors.keep) && is_whole(factor);
    if (b.exact) {
        b.factors.exact_keep = wrap(b.factors.keep);
        b.factors.exact_gain = wrap(factor);
    }
    return b;
}

int shm_arrays_update(struct shm_arrays *a, int op, double factor, const void *const *new_data,
                      void *const *out)
{
    struct builtin b = builtin_of(op, factor);
    struct shm_job job = {.arrays = a,
                          .data = new_data,
                          .out = out,
                          .everywhere = op == LIBSHM_SCALE,
                          .fill = fill,
                          .argument = &b};
    if (check_builtin(a, &b, new_data) < 0 || shm_visit(&job) < 0)
        return -1;
    return read_the_rest(&job);
}
