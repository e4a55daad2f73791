/*
 * The built-in update functions: every element type with every operation, against a reference
 * that computes one element at a time in another way; and float16, all of it.
 */
#include "config.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libshm/arrays.h"
#include "libshm/arrays_kernels.h"
#include "libshm/half.h"
#include "tests/suite.h"

extern size_t shm_arrays_stream_threshold;

enum { COUNT = 141, TYPES = 17, ITEM = 2 * sizeof(long double) };

/* ---- float16 --------------------------------------------------------------------------- */

/* By the definition of binary16. */
static double value_of_half(uint16_t h)
{
    int exponent = h >> 10 & 31, fraction = h & 0x3ff;
    double magnitude =
        exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
    if (exponent == 31)
        magnitude = fraction ? (double)NAN : (double)INFINITY;
    return h & 0x8000 ? -magnitude : magnitude;
}

/* The nearest by search among all; the sum of both neighbours is exact in double. */
static uint16_t nearest_half(double x)
{
    uint16_t sign = signbit(x) ? 0x8000 : 0;
    double magnitude = fabs(x);
    int low = 0, high = 0x7c00; /* infinity takes the place of 65536 */
    if (isnan(x))
        return sign | 0x7e00;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (value_of_half((uint16_t)middle) <= magnitude)
            low = middle;
        else
            high = middle;
    }
    double above = high == 0x7c00 ? 65536 : value_of_half((uint16_t)high);
    double twice = value_of_half((uint16_t)low) + above;
    bool up = 2 * magnitude > twice || (2 * magnitude == twice && (low & 1));
    return (uint16_t)(sign | (up ? high : low));
}

static bool is_read_right(int h)
{
    double expected = value_of_half((uint16_t)h);
    float value = shm_half_to_float((uint16_t)h);
    return isnan(expected) ? isnan(value)
                           : (double)value == expected && !signbit(value) == !(h & 0x8000);
}

static bool comes_back(int h)
{
    float value = shm_half_to_float((uint16_t)h);
    int quiet = isnan(value) ? 0x0200 : 0;
    return (shm_half_from_float(value) | quiet) == (h | quiet);
}

/* Check writes into a pipe at every assertion, also at one that holds: here, only those that do not. */
START_TEST(every_half_is_read_right)
{
    for (int h = 0; h < 0x10000; h++)
        if (!is_read_right(h) || !comes_back(h))
            ck_abort_msg("%#x: read %d, written %d", (unsigned)h, is_read_right(h),
                         comes_back(h));
}
END_TEST

static void rounds(float x)
{
    uint16_t half = shm_half_from_float(x), expected = nearest_half((double)x);
    if (half != expected)
        ck_abort_msg("%a: %#x, expected %#x", (double)x, half, expected);
}

/* Around every tie: the number half way between two neighbours, and its own two neighbours. */
START_TEST(ties_go_to_even)
{
    for (int h = 0; h < 0x7c00; h++) {
        double above = h == 0x7bff ? 65536 : value_of_half((uint16_t)(h + 1));
        float tie = (float)((value_of_half((uint16_t)h) + above) / 2);
        for (int sign = -1; sign <= 1; sign += 2) {
            rounds((float)sign * tie);
            rounds((float)sign * nextafterf(tie, 0));
            rounds((float)sign * nextafterf(tie, INFINITY));
        }
    }
}
END_TEST

START_TEST(random_floats_are_rounded)
{
    srand(2);
    int numbers = scaled(300000);
    for (int i = 0; i < numbers; i++) {
        uint32_t bits = (uint32_t)rand() << 16 ^ (uint32_t)rand();
        float x;
        memcpy(&x, &bits, sizeof x);
        if (!isnan(x))
            rounds(x);
    }
    rounds(FLT_MAX);
    rounds(-INFINITY);
    rounds(FLT_TRUE_MIN);
    ck_assert_uint_eq(shm_half_from_float(NAN) & 0x7e00, 0x7e00);
}
END_TEST

/* ---- The reference --------------------------------------------------------------------- */

struct factors {
    int op;
    double keep, gain; /* SCALE: gain only */
};

static struct factors factors_of(int op, double factor)
{
    switch (op) {
    case LIBSHM_ADD:
        return (struct factors){op, 1, 1};
    case LIBSHM_AXPY:
        return (struct factors){op, 1, factor};
    case LIBSHM_BLEND:
        return (struct factors){op, 1 - factor, factor};
    default:
        return (struct factors){op, factor, 0};
    }
}

static bool whole(double x)
{
    return isfinite(x) && trunc(x) == x;
}

/* An integer of any size and sign in 64 bits, with the bits that count. */
struct integer_type {
    int bits;
    bool is_signed;
};

static uint64_t load(const void *item, struct integer_type t)
{
    uint64_t value = 0;
    switch (t.bits) {
    case 8:
        value = *(const uint8_t *)item;
        break;
    case 16:
        value = *(const uint16_t *)item;
        break;
    case 32:
        value = *(const uint32_t *)item;
        break;
    default:
        value = *(const uint64_t *)item;
    }
    if (t.is_signed && t.bits < 64 && value >> (t.bits - 1))
        value |= UINT64_MAX << t.bits;
    return value;
}

static void store(void *item, uint64_t value, struct integer_type t)
{
    uint8_t a = (uint8_t)value;
    uint16_t b = (uint16_t)value;
    uint32_t c = (uint32_t)value;
    memcpy(item,
           t.bits == 8    ? (void *)&a
           : t.bits == 16 ? (void *)&b
           : t.bits == 32 ? (void *)&c
                          : &value,
           (size_t)t.bits / 8);
}

static double as_double(uint64_t value, struct integer_type t)
{
    return t.is_signed ? (double)(int64_t)value : (double)value;
}

/* By long division: fmod is exact. */
static uint64_t modulo(double x)
{
    double rest = fmod(fabs(x), ldexp(1, 64));
    uint64_t value = (uint64_t)rest;
    return x < 0 ? ~value + 1 : value;
}

static uint64_t clip(double x, struct integer_type t)
{
    double limit = ldexp(1, t.is_signed ? t.bits - 1 : t.bits);
    x = trunc(x);
    if (isnan(x))
        return 0;
    if (x >= limit)
        return t.bits == 64 && !t.is_signed
                   ? UINT64_MAX
                   : (UINT64_C(1) << (t.is_signed ? t.bits - 1 : t.bits)) - 1;
    if (x < (t.is_signed ? -limit : 0))
        return t.is_signed ? ~((UINT64_C(1) << (t.bits - 1)) - 1) : 0;
    return x < 0 ? (uint64_t)(int64_t)x : (uint64_t)x;
}

static uint64_t integer_result(uint64_t o, uint64_t n, struct integer_type t, struct factors f)
{
    bool less = t.is_signed ? (int64_t)o < (int64_t)n : o < n;
    if (f.op == LIBSHM_MIN)
        return less ? o : n;
    if (f.op == LIBSHM_MAX)
        return less ? n : o;
    if (f.op == LIBSHM_SCALE)
        return whole(f.keep) ? modulo(f.keep) * o : clip(f.keep * as_double(o, t), t);
    if (whole(f.keep) && whole(f.gain))
        return modulo(f.keep) * o + modulo(f.gain) * n;
    volatile double kept = f.keep * as_double(o, t), gained = f.gain * as_double(n, t);
    return clip(kept + gained, t);
}

static double choose(double o, double n, int op)
{
    if (isnan(o) || isnan(n))
        return isnan(o) ? o : n;
    return op == LIBSHM_MIN ? (n < o ? n : o) : (n > o ? n : o);
}

/* Every step is rounded to the type; products and sums of two floats are exact in double. */
static double real_result(double o, double n, struct factors f)
{
    if (f.op == LIBSHM_MIN || f.op == LIBSHM_MAX)
        return choose(o, n, f.op);
    if (f.op == LIBSHM_SCALE)
        return f.keep * o;
    volatile double kept = f.keep * o, gained = f.gain * n;
    return f.op == LIBSHM_ADD ? o + n : kept + gained;
}

static float float_result(float o, float n, struct factors f)
{
    if (f.op == LIBSHM_MIN || f.op == LIBSHM_MAX)
        return (float)choose((double)o, (double)n, f.op);
    float keep = (float)f.keep, gain = (float)f.gain;
    volatile float kept = (float)((double)keep * (double)o);
    volatile float gained = (float)((double)gain * (double)n);
    if (f.op == LIBSHM_SCALE)
        return kept;
    return f.op == LIBSHM_ADD ? (float)((double)o + (double)n)
                              : (float)((double)kept + (double)gained);
}

static long double long_result(long double o, long double n, struct factors f)
{
    switch (f.op) {
    case LIBSHM_MIN:
        return isnan(o) || o <= n ? o : n;
    case LIBSHM_MAX:
        return isnan(o) || o >= n ? o : n;
    case LIBSHM_SCALE:
        return (long double)f.keep * o;
    default: {
        volatile long double kept = (long double)f.keep * o, gained = (long double)f.gain * n;
        return kept + gained;
    }
    }
}

static int compare_complex(const long double *a, const long double *b)
{
    if (a[0] != b[0])
        return a[0] < b[0] ? -1 : 1;
    return a[1] == b[1] ? 0 : a[1] < b[1] ? -1 : 1;
}

/* Which of two complex numbers numpy's minimum or maximum gives. */
static bool takes_old(const long double *o, const long double *n, int op)
{
    if (isnan(o[0]) || isnan(o[1]))
        return true;
    if (isnan(n[0]) || isnan(n[1]))
        return false;
    int order = compare_complex(o, n);
    return op == LIBSHM_MIN ? order <= 0 : order >= 0;
}

static uint8_t bool_result(uint8_t old, uint8_t fresh, struct factors f)
{
    double o = old ? 1 : 0, n = fresh ? 1 : 0;
    switch (f.op) {
    case LIBSHM_MIN:
        return o > 0 && n > 0;
    case LIBSHM_ADD:
    case LIBSHM_MAX:
        return o + n > 0;
    default: {
        double x = real_result(o, n, f);
        return isnan(x) || x < 0 || x > 0;
    }
    }
}

static uint16_t half_result(uint16_t old, uint16_t fresh, struct factors f)
{
    float o = (float)value_of_half(old), n = (float)value_of_half(fresh);
    if (f.op == LIBSHM_MIN || f.op == LIBSHM_MAX)
        return isnan(o) || (f.op == LIBSHM_MIN ? o <= n : o >= n) ? old : fresh;
    return nearest_half((double)float_result(o, n, f));
}

/* ---- One element of any type ------------------------------------------------------------ */

static const struct type {
    size_t size; /* of a part */
    size_t parts;
    struct integer_type integer; /* bits 0: none */
} types[TYPES] = {
    [LIBSHM_BOOL] = {1, 1, {0, false}},
    [LIBSHM_INT8] = {1, 1, {8, true}},
    [LIBSHM_UINT8] = {1, 1, {8, false}},
    [LIBSHM_INT16] = {2, 1, {16, true}},
    [LIBSHM_UINT16] = {2, 1, {16, false}},
    [LIBSHM_INT32] = {4, 1, {32, true}},
    [LIBSHM_UINT32] = {4, 1, {32, false}},
    [LIBSHM_INT64] = {8, 1, {64, true}},
    [LIBSHM_UINT64] = {8, 1, {64, false}},
    [LIBSHM_FLOAT16] = {2, 1, {0, false}},
    [LIBSHM_FLOAT32] = {4, 1, {0, false}},
    [LIBSHM_FLOAT64] = {8, 1, {0, false}},
    [LIBSHM_LONGDOUBLE] = {sizeof(long double), 1, {0, false}},
    [LIBSHM_COMPLEX64] = {4, 2, {0, false}},
    [LIBSHM_COMPLEX128] = {8, 2, {0, false}},
    [LIBSHM_COMPLEX_LONGDOUBLE] = {sizeof(long double), 2, {0, false}},
};

static size_t size_of(int dtype)
{
    return types[dtype].size * types[dtype].parts;
}

/* Of float, double or long double, by its size. */
static long double part_value(const void *item, size_t size)
{
    if (size == sizeof(float))
        return (long double)*(const float *)item;
    return size == sizeof(double) ? (long double)*(const double *)item
                                  : *(const long double *)item;
}

static void part_result(unsigned char *r, const unsigned char *o, const unsigned char *n,
                        size_t size, struct factors f)
{
    float single = 0;
    double twice = 0;
    long double most = 0;
    if (size == sizeof single) {
        single =
            float_result(*(const float *)(const void *)o, *(const float *)(const void *)n, f);
        memcpy(r, &single, size);
    } else if (size == sizeof twice) {
        twice =
            real_result(*(const double *)(const void *)o, *(const double *)(const void *)n, f);
        memcpy(r, &twice, size);
    } else {
        most = long_result(*(const long double *)(const void *)o,
                           *(const long double *)(const void *)n, f);
        memcpy(r, &most, size);
    }
}

static void complex_result(unsigned char *r, const unsigned char *o, const unsigned char *n,
                           size_t size, struct factors f)
{
    const long double old[] = {part_value(o, size), part_value(o + size, size)};
    const long double fresh[] = {part_value(n, size), part_value(n + size, size)};
    if (f.op == LIBSHM_MIN || f.op == LIBSHM_MAX) {
        memcpy(r, takes_old(old, fresh, f.op) ? o : n, 2 * size);
        return;
    }
    part_result(r, o, n, size, f);
    part_result(r + size, o + size, n + size, size, f);
}

static void reference(int dtype, unsigned char *r, const unsigned char *o,
                      const unsigned char *n, struct factors f)
{
    const struct type *t = &types[dtype];
    uint16_t half;
    if (t->integer.bits) {
        store(r, integer_result(load(o, t->integer), load(n, t->integer), t->integer, f),
              t->integer);
    } else if (dtype == LIBSHM_BOOL) {
        *r = bool_result(*o, *n, f);
    } else if (dtype == LIBSHM_FLOAT16) {
        half = half_result(*(const uint16_t *)(const void *)o,
                           *(const uint16_t *)(const void *)n, f);
        memcpy(r, &half, sizeof half);
    } else if (t->parts == 2) {
        complex_result(r, o, n, t->size, f);
    } else {
        part_result(r, o, n, t->size, f);
    }
}

/* ---- The library against it ----------------------------------------------------------------
 */

/* Random bits for integers and halves; numbers of many sizes, and special ones, for the rest.
 */
static void fill_part(unsigned char *item, int dtype)
{
    static const double special[] = {0,    -0.0,   1,   -1,       0.5,
                                     1e30, -1e-30, NAN, INFINITY, -INFINITY};
    double x = rand() % 3 ? ldexp(rand() - RAND_MAX / 2, rand() % 60 - 30)
                          : special[(size_t)rand() % (sizeof special / sizeof *special)];
    float single = (float)x;
    long double most = (long double)x * 1.0000000000000000001L;
    uint64_t bits = (uint64_t)rand() << 42 ^ (uint64_t)rand() << 20 ^ (uint64_t)rand();
    if (dtype == LIBSHM_BOOL)
        bits = rand() % 2 ? 0 : bits;
    if (types[dtype].integer.bits && rand() % 4 == 0)
        bits = rand() % 2 ? UINT64_MAX : UINT64_C(1) << (types[dtype].integer.bits - 1);
    if (dtype <= LIBSHM_FLOAT16)
        memcpy(item, &bits, types[dtype].size);
    else if (types[dtype].size == sizeof single)
        memcpy(item, &single, sizeof single);
    else if (types[dtype].size == sizeof x)
        memcpy(item, &x, sizeof x);
    else
        memcpy(item, &most, sizeof most);
}

static _Alignas(64) unsigned char old[TYPES][COUNT * ITEM], fresh[TYPES][COUNT * ITEM],
    result[TYPES][COUNT * ITEM], copy[TYPES][COUNT * ITEM];
static const void *old_pointers[TYPES], *fresh_pointers[TYPES];
static void *result_pointers[TYPES], *copy_pointers[TYPES];

static struct shm_arrays *make_all_types(void)
{
    static const size_t shape[] = {COUNT};
    struct shm_array_spec specs[TYPES];
    for (int t = 0; t < TYPES - 1; t++)
        specs[t] = (struct shm_array_spec){.key = t, .dtype = t + 1, .ndim = 1, .shape = shape};
    for (int t = 0; t < TYPES - 1; t++) {
        for (size_t i = 0; i < COUNT * types[t + 1].parts; i++) {
            fill_part(old[t] + i * types[t + 1].size, t + 1);
            fill_part(fresh[t] + i * types[t + 1].size, t + 1);
        }
        old_pointers[t] = old[t];
        fresh_pointers[t] = fresh[t];
        result_pointers[t] = result[t];
        copy_pointers[t] = copy[t];
    }
    return shm_arrays_create(specs, TYPES - 1, NULL, 0600);
}

/* A NaN has many forms, and which of them a sum gives is the processor's affair. */
static bool same_part(const unsigned char *a, const unsigned char *b, int dtype)
{
    size_t size = types[dtype].size;
    if (dtype == LIBSHM_FLOAT16 && isnan(value_of_half(*(const uint16_t *)(const void *)a)))
        return isnan(value_of_half(*(const uint16_t *)(const void *)b));
    if (dtype <= LIBSHM_FLOAT16)
        return memcmp(a, b, size) == 0;
    long double x = part_value(a, size), y = part_value(b, size);
    return (isnan(x) && isnan(y)) || (x == y && !signbit(x) == !signbit(y));
}

static void compare(int t, struct factors f, double factor)
{
    int dtype = t + 1;
    size_t size = types[dtype].size;
    for (size_t i = 0; i < COUNT; i++) {
        _Alignas(16) unsigned char expected[ITEM];
        size_t at = i * size_of(dtype);
        reference(dtype, expected, old[t] + at, fresh[t] + at, f);
        for (size_t part = 0; part < types[dtype].parts; part++, at += size)
            if (!same_part(result[t] + at, expected + part * size, dtype))
                ck_abort_msg("type %d, operation %d, factor %a, element %zu: %02x %02x..., "
                             "expected %02x %02x...",
                             dtype, f.op, factor, i, result[t][at], result[t][at + 1],
                             expected[part * size], expected[part * size + 1]);
    }
    ck_assert_msg(memcmp(copy[t], result[t], COUNT * size_of(dtype)) == 0,
                  "type %d, operation %d: the set holds something else than was returned",
                  dtype, f.op);
}

static void check_update(struct shm_arrays *a, int op, double factor)
{
    ck_works(shm_arrays_write(a, old_pointers));
    ck_works(shm_arrays_update(a, op, factor, op == LIBSHM_SCALE ? NULL : fresh_pointers,
                               result_pointers));
    ck_works(shm_arrays_read(a, copy_pointers));
    for (int t = 0; t < TYPES - 1; t++)
        compare(t, factors_of(op, factor), factor);
}

static void check_all_operations(void)
{
    static const double factors[] = {0,   1,    -1,    2,      -3,       0.5,    0.1,   -0.25,
                                     0.9, 3e10, 1e300, 0x1p64, 0x1.8p65, 0x1p63, -1e17, 1e-300};
    struct shm_arrays *a = make_all_types();
    ck_made(a);
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++)
        for (int op = LIBSHM_ADD; op <= LIBSHM_MAX; op++)
            check_update(a, op, factors[i]);
    check_update(a, LIBSHM_AXPY, NAN);
    check_update(a, LIBSHM_SCALE, INFINITY);
    ck_works(shm_arrays_remove(a));
    ck_works(shm_arrays_close(a));
}

/* With the instructions of this processor, and without. */
static void check_all_sets(unsigned seed)
{
    for (enum shm_kernel_set set = 0; set < LIBSHM_KERNEL_SETS; set++) {
        if (shm_kernels_use(set) != set)
            continue;
        printf("kernels of set %d\n", (int)set);
        srand(seed);
        check_all_operations();
    }
}

START_TEST(every_type_and_operation)
{
    check_all_sets(3);
}
END_TEST

START_TEST(every_type_and_operation_streaming)
{
    shm_arrays_stream_threshold = 0;
    check_all_sets(4);
}
END_TEST

/* The result may replace the new data: the caller then needs one buffer. */
START_TEST(results_may_replace_the_new_data)
{
    static const size_t shape[] = {5000};
    static double data[5000];
    struct shm_array_spec spec = {.dtype = LIBSHM_FLOAT64, .ndim = 1, .shape = shape};
    struct shm_arrays *a = shm_arrays_create(&spec, 1, NULL, 0600);
    ck_made(a);
    for (int streaming = 0; streaming < 2; streaming++) {
        shm_arrays_stream_threshold = streaming ? 0 : SIZE_MAX;
        for (int i = 0; i < 5000; i++)
            data[i] = i;
        ck_works(shm_arrays_update(a, LIBSHM_ADD, 0, (const void *[]){data}, (void *[]){data}));
        for (int i = 0; i < 5000; i++)
            ck_assert_double_eq(data[i], i * (streaming + 1));
    }
    ck_works(shm_arrays_remove(a));
    ck_works(shm_arrays_close(a));
}
END_TEST

enum { GUARD = 64, LINE = 64, LONGEST = 700 };

static void check_result_at(struct shm_arrays *a, const double *data, size_t n, size_t offset)
{
    static unsigned char room[GUARD + LINE + LONGEST * sizeof(double) + GUARD];
    unsigned char *out = room + GUARD + offset;
    size_t nbytes = n * sizeof(double);

    memset(room, 0xa5, sizeof room);
    ck_works(shm_arrays_write(a, (const void *[]){data}));
    ck_works(shm_arrays_update(a, LIBSHM_AXPY, 2, (const void *[]){data}, (void *[]){out}));
    for (size_t i = 0; i < n; i++) {
        double value;
        memcpy(&value, out + i * sizeof value, sizeof value);
        if (value != data[i] * 3)
            ck_abort_msg("element %zu: %f, expected %f", i, value, data[i] * 3);
    }
    for (size_t i = 0; i < sizeof room; i++)
        if ((room + i < out || room + i >= out + nbytes) && room[i] != 0xa5)
            ck_abort_msg("byte %zu is %#x", i, room[i]);
}

/* Lines of the caller's memory lie across those of the set. */
START_TEST(streamed_results_may_lie_anywhere)
{
    static const size_t lengths[] = {1, 5, 9, 127, 128, 130, LONGEST};
    static double data[LONGEST];
    for (int i = 0; i < LONGEST; i++)
        data[i] = i + 1;
    shm_arrays_stream_threshold = 0;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct shm_array_spec spec = {.dtype = LIBSHM_FLOAT64, .ndim = 1, .shape = &lengths[i]};
        struct shm_arrays *a = shm_arrays_create(&spec, 1, NULL, 0600);
        ck_made(a);
        for (size_t offset = 0; offset < LINE; offset++)
            check_result_at(a, data, lengths[i], offset);
        ck_works(shm_arrays_remove(a));
        ck_works(shm_arrays_close(a));
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        every_half_is_read_right,           ties_go_to_even,
        random_floats_are_rounded,          every_type_and_operation,
        every_type_and_operation_streaming, results_may_replace_the_new_data,
        streamed_results_may_lie_anywhere};
    return RUN_TESTS("arrays_kernels", tests);
}
