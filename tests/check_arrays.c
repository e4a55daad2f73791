/* Sets of arrays: made, found by one key or by pairs, verified, read, written, removed. */
#include "config.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libshm/arrays.h"
#include "libshm/arrays_layout.h"
#include "libshm/arrays_private.h"
#include "libshm/backend.h"
#include "tests/suite.h"

#define F64(label_, ndim_, ...)                                                                \
    (struct shm_array_spec)                                                                    \
    {                                                                                          \
        .label = (label_), .dtype = LIBSHM_FLOAT64, .ndim = (ndim_), .shape = (const size_t[]) \
        {                                                                                      \
            __VA_ARGS__                                                                        \
        }                                                                                      \
    }

static void end(struct shm_arrays *a)
{
    ck_works(shm_arrays_remove(a));
    ck_works(shm_arrays_close(a));
}

static size_t objects(void)
{
    return (size_t)shm_backend_shm_list(NULL, 0) + (size_t)shm_backend_sem_list(NULL, 0);
}

START_TEST(made_and_found_by_the_root_key)
{
    static const double weights[6] = {1, 2, 3, 4, 5, 6};
    static const int16_t counts[2] = {-7, 7};
    static const size_t two[] = {2};
    struct shm_array_spec specs[] = {
        F64("weights", 2, 2, 3),
        {.key = -9, .dtype = LIBSHM_INT16, .ndim = 1, .shape = two},
        {.label = "opaque \xc3\xa4", .dtype = LIBSHM_OPAQUE, .itemsize = 3, .ndim = 0}};
    struct shm_arrays *a =
        shm_arrays_create(specs, 3, (const void *[]){weights, counts, NULL}, 0600);
    ck_made(a);
    struct shm_arrays *b = shm_arrays_attach(shm_arrays_root(a));
    ck_made(b);
    ck_assert_int_eq(shm_arrays_root(b), shm_arrays_root(a));
    ck_assert_uint_eq(shm_arrays_count(b), 3);
    ck_assert_uint_eq(shm_arrays_npartitions(b), 1);
    const struct shm_array_spec *s = shm_arrays_spec(b, 0);
    ck_assert_str_eq(s->label, "weights");
    ck_assert_int_eq(s->dtype, LIBSHM_FLOAT64);
    ck_assert_uint_eq(s->itemsize, 8);
    ck_assert_int_eq(s->ndim, 2);
    ck_assert_uint_eq(s->shape[0], 2);
    ck_assert_uint_eq(s->shape[1], 3);
    s = shm_arrays_spec(b, 1);
    ck_assert_ptr_null(s->label);
    ck_assert_int_eq(s->key, -9);
    s = shm_arrays_spec(b, 2);
    ck_assert_str_eq(s->label, "opaque \xc3\xa4");
    ck_assert_int_eq(s->ndim, 0);
    ck_assert_uint_eq(s->itemsize, 3);
    ck_assert_uint_eq(shm_arrays_nbytes(b, 0), 48);
    ck_assert_uint_eq(shm_arrays_nbytes(b, 2), 3);
    double w[6];
    int16_t c[2];
    char o[3] = "xy";
    ck_works(shm_arrays_read(b, (void *[]){w, c, o}));
    ck_assert_mem_eq(w, weights, sizeof w);
    ck_assert_mem_eq(c, counts, sizeof c);
    ck_assert_mem_eq(o, "\0\0\0", 3);
    ck_works(shm_arrays_close(a));
    end(b);
}
END_TEST

START_TEST(found_by_name)
{
    struct shm_array_spec specs[] = {F64("b", 1, 2), F64("a", 1, 2), F64(NULL, 1, 3),
                                     F64(NULL, 1, 3), F64("-5", 1, 1)};
    specs[2].key = -5;
    specs[3].key = INT64_MAX;
    struct shm_arrays *a = shm_arrays_create(specs, 5, NULL, 0600);
    ck_made(a);
    ck_assert_int_eq(shm_arrays_find_label(a, "a"), 1);
    ck_assert_int_eq(shm_arrays_find_label(a, "b"), 0);
    ck_assert_int_eq(shm_arrays_find_label(a, "-5"), 4);
    ck_assert_int_eq(shm_arrays_find(a, -5), 2);
    ck_assert_int_eq(shm_arrays_find(a, INT64_MAX), 3);
    ck_fails(shm_arrays_find(a, 0), ENOENT);
    ck_says("the set has no array named 0");
    ck_fails(shm_arrays_find_label(a, "c"), ENOENT);
    ck_says("the set has no array named 'c'");
    ck_refuses(shm_arrays_spec(a, 5), EINVAL);
    ck_assert_uint_eq(shm_arrays_nbytes(a, 5), 0);
    ck_assert_uint_eq(shm_arrays_partition_of(a, 5), 1);
    end(a);
}
END_TEST

static const size_t large[] = {30000}, medium[] = {20000}, small[] = {5};

/* [0] [2, 1] [3]: three partitions, the second in an order that is not the set's. */
static struct shm_arrays *make_three(void)
{
    static const size_t ten[] = {10000};
    struct shm_array_spec specs[] = {
        {.key = 0, .dtype = LIBSHM_INT8, .ndim = 1, .shape = large},
        {.key = 1, .dtype = LIBSHM_UINT16, .ndim = 1, .shape = ten},
        {.key = 2, .dtype = LIBSHM_INT8, .ndim = 1, .shape = medium},
        {.key = 3, .dtype = LIBSHM_FLOAT64, .ndim = 1, .shape = small}};
    return shm_arrays_create(specs, 4, NULL, 0600);
}

START_TEST(keys_lead_to_the_same_set)
{
    struct shm_key_pair pairs[4];
    struct shm_arrays *a = make_three();
    ck_made(a);
    ck_assert_uint_eq(shm_arrays_keys(a, NULL, 0), 3);
    ck_assert_uint_eq(shm_arrays_keys(a, pairs, 4), 3);
    ck_assert_int_eq(pairs[0].memory_key, shm_arrays_root(a));
    for (int i = 0; i < 3; i++) {
        ck_assert_int_ne(pairs[i].memory_key, 0);
        ck_assert_int_ge(shm_getshmid(pairs[i].memory_key), 0);
        ck_assert_int_ge(shm_getsemid(pairs[i].semaphore_key), 0);
    }
    struct shm_arrays *b = shm_arrays_attach_pairs(pairs, 3, NULL, 0);
    ck_made(b);
    ck_assert_uint_eq(shm_arrays_partition_of(b, 0), 0);
    ck_assert_uint_eq(shm_arrays_partition_of(b, 1), 1);
    ck_assert_uint_eq(shm_arrays_partition_of(b, 2), 1);
    ck_assert_uint_eq(shm_arrays_partition_of(b, 3), 2);
    ck_works(shm_arrays_close(b));
    ck_refuses(shm_arrays_attach_pairs(pairs, 2, NULL, 0), EINVAL);
    ck_says("the array set has 3 partitions, 2 key pairs were given");
    ck_refuses(shm_arrays_attach_pairs(pairs, 0, NULL, 0), EINVAL);
    pairs[3] = pairs[2], pairs[2] = pairs[1], pairs[1] = pairs[3];
    ck_refuses(shm_arrays_attach_pairs(pairs, 3, NULL, 0), EINVAL);
    ck_says("key pair 1 is not the one of partition 1");
    ck_refuses(shm_arrays_attach(pairs[1].memory_key), EINVAL);
    ck_assert_msg(strstr(shm_error_detail(), "not its root") != NULL, "%s", shm_error_detail());
    end(a);
}
END_TEST

START_TEST(keys_that_name_no_set)
{
    ck_refuses(shm_arrays_attach(0), EINVAL);
    ck_refuses(shm_arrays_attach(test_key(0)), ENOENT);
    ck_made(shm_create_memory(test_key(1), 255, 0600));
    ck_refuses(shm_arrays_attach(test_key(1)), EINVAL);
}
END_TEST

/* ---- Specs ------------------------------------------------------------------------------- */

static struct shm_arrays *create_one(struct shm_array_spec spec)
{
    return shm_arrays_create(&spec, 1, NULL, 0600);
}

static void refuse_one(struct shm_array_spec spec, const char *text)
{
    ck_refuses(create_one(spec), EINVAL);
    ck_says(text);
}

START_TEST(specs_are_checked)
{
    char label[LIBSHM_MAX_LABEL + 1];
    memset(label, 'x', LIBSHM_MAX_LABEL);
    label[LIBSHM_MAX_LABEL] = '\0';
    size_t before = objects();
    refuse_one((struct shm_array_spec){.label = "w", .dtype = 17},
               "array 'w': there is no element type with this number");
    refuse_one((struct shm_array_spec){.key = 4, .dtype = -1},
               "array 4: there is no element type with this number");
    refuse_one((struct shm_array_spec){.key = 4, .dtype = LIBSHM_OPAQUE},
               "array 4: an opaque array needs an itemsize");
    refuse_one((struct shm_array_spec){.key = 4, .dtype = LIBSHM_INT32, .itemsize = 8},
               "array 4: its itemsize is not the one of its element type");
    refuse_one(
        (struct shm_array_spec){.key = 4, .dtype = LIBSHM_INT32, .ndim = 65, .shape = small},
        "array 4: its number of dimensions is not 0 to 64");
    refuse_one((struct shm_array_spec){.key = 4, .dtype = LIBSHM_INT32, .ndim = -1},
               "array 4: its number of dimensions is not 0 to 64");
    refuse_one((struct shm_array_spec){.key = 4, .dtype = LIBSHM_INT32, .ndim = 1},
               "array 4: its shape is missing");
    refuse_one(F64("", 1, 2), "the label of an array is empty; pass NULL to use its key");
    ck_refuses(create_one(F64(label, 1, 2)), EINVAL);
    refuse_one(F64("w", 3, SIZE_MAX / 4, 4, 3),
               "array 'w': its shape times its itemsize is more than memory can hold");
    refuse_one((struct shm_array_spec){.key = 4, .itemsize = SIZE_MAX, .ndim = 0},
               "array 4: its shape times its itemsize is more than memory can hold");
    ck_refuses(shm_arrays_create(NULL, 0, NULL, 0600), EINVAL);
    ck_refuses(shm_arrays_create(&F64("w", 1, 2), 1, NULL, 01600), EINVAL);
    ck_refuses(shm_arrays_create(&F64("w", 1, 2), 1, NULL, 0044), EINVAL);
    ck_refuses(shm_arrays_create((struct shm_array_spec[]){F64("w", 1, 2), F64("w", 1, 3)}, 2,
                                 NULL, 0600),
               EINVAL);
    ck_says("two arrays of the set have the name 'w'");
    ck_assert_uint_eq(objects(), before);
}
END_TEST

/* Sums of several arrays that leave the address space, although each alone would fit. */
START_TEST(sums_do_not_overflow)
{
    struct shm_array_spec specs[5];
    for (int i = 0; i < 5; i++)
        specs[i] =
            (struct shm_array_spec){.key = i, .itemsize = (size_t)PTRDIFF_MAX / 4, .ndim = 0};
    size_t before = objects();
    ck_refuses(shm_arrays_create(specs, 5, NULL, 0600), EOVERFLOW);
    ck_refuses(shm_arrays_create(specs, 2, NULL, 0600), EOVERFLOW);
    ck_assert_uint_eq(objects(), before);
}
END_TEST

START_TEST(shapes_of_any_rank)
{
    size_t ones[LIBSHM_MAX_DIMS];
    for (int i = 0; i < LIBSHM_MAX_DIMS; i++)
        ones[i] = 1;
    ones[63] = 3;
    char label[LIBSHM_MAX_LABEL];
    memset(label, 'x', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    struct shm_array_spec specs[] = {
        {.label = label, .dtype = LIBSHM_INT8, .ndim = 64, .shape = ones},
        {.key = 1, .dtype = LIBSHM_FLOAT64, .ndim = 0},
        F64("empty", 3, SIZE_MAX, SIZE_MAX, 0),
        F64("empty first", 2, 0, 7)};
    double x = 2.5, y = 0;
    struct shm_arrays *a =
        shm_arrays_create(specs, 4, (const void *[]){"abc", &x, NULL, NULL}, 0600);
    ck_made(a);
    struct shm_arrays *b = shm_arrays_attach(shm_arrays_root(a));
    ck_made(b);
    ck_assert_int_eq(shm_arrays_spec(b, 0)->ndim, 64);
    ck_assert_uint_eq(shm_arrays_spec(b, 0)->shape[63], 3);
    ck_assert_str_eq(shm_arrays_spec(b, 0)->label, label);
    ck_assert_uint_eq(shm_arrays_spec(b, 2)->shape[1], SIZE_MAX);
    ck_assert_uint_eq(shm_arrays_nbytes(b, 2), 0);
    ck_works(shm_arrays_read_one(b, 1, &y));
    ck_assert_double_eq(y, 2.5);
    ck_works(shm_arrays_close(b));
    end(a);
}
END_TEST

START_TEST(sets_of_empty_arrays)
{
    uint64_t version = 7;
    struct shm_arrays *a = shm_arrays_create(
        (struct shm_array_spec[]){F64("a", 1, 0), F64("b", 2, 5, 0)}, 2, NULL, 0600);
    ck_made(a);
    ck_works(shm_arrays_write(a, (const void *[]){NULL, NULL}));
    ck_works(shm_arrays_update(a, LIBSHM_ADD, 0, (const void *[]){"", ""}, NULL));
    ck_works(shm_arrays_update(a, LIBSHM_SCALE, 2, NULL, (void *[]){NULL, NULL}));
    ck_works(shm_arrays_read(a, (void *[]){NULL, NULL}));
    ck_works(shm_arrays_read_one(a, 1, NULL));
    ck_works(shm_arrays_version(a, 0, &version));
    ck_assert_uint_le(version, 1);
    end(a);
}
END_TEST

enum { MANY = 10000 };

START_TEST(ten_thousand_arrays)
{
    static struct shm_array_spec specs[MANY];
    static int32_t values[MANY];
    static const void *data[MANY];
    static void *out[MANY];
    static int32_t got[MANY];
    for (int i = 0; i < MANY; i++) {
        specs[i] = (struct shm_array_spec){.key = 3 * (i ^ 77), .dtype = LIBSHM_INT32};
        values[i] = i;
        data[i] = &values[i];
        out[i] = &got[i];
    }
    struct shm_arrays *a = shm_arrays_create(specs, MANY, data, 0600);
    ck_made(a);
    ck_works(shm_arrays_update(a, LIBSHM_ADD, 0, data, NULL));
    ck_works(shm_arrays_read(a, out));
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(got[i], 2 * i);
        ck_assert_int_eq(shm_arrays_find(a, specs[i].key), i);
    }
    end(a);
}
END_TEST

/* ---- Verification and views -------------------------------------------------------------- */

static void refuse_specs(key_t root, const struct shm_array_spec *specs, size_t n,
                         const char *text)
{
    ck_refuses(shm_arrays_attach_verified(root, specs, n), EINVAL);
    ck_says(text);
}

START_TEST(expectations_are_verified)
{
    struct shm_array_spec specs[] = {
        F64("w", 2, 2, 6), F64("b", 1, 4), {.key = 3, .dtype = LIBSHM_OPAQUE, .itemsize = 5}};
    struct shm_arrays *a = shm_arrays_create(specs, 3, NULL, 0600);
    ck_made(a);
    key_t root = shm_arrays_root(a);
    struct shm_array_spec other[3];
    refuse_specs(root, specs, 2, "the set has 3 arrays, 2 were expected");
    memcpy(other, specs, sizeof other);
    other[0].dtype = LIBSHM_FLOAT32;
    refuse_specs(root, other, 3,
                 "array 'w': its element type is float64 in the set, float32 was expected");
    memcpy(other, specs, sizeof other);
    other[1] = F64("b", 1, 5);
    refuse_specs(root, other, 3, "array 'b': it has 4 elements in the set, 5 were expected");
    memcpy(other, specs, sizeof other);
    other[2].itemsize = 6;
    refuse_specs(root, other, 3, "array 3: its items have 5 bytes in the set, 6 expected");
    memcpy(other, specs, sizeof other);
    other[2].key = 4;
    refuse_specs(root, other, 3, "array 4: the set has no array of this name");
    memcpy(other, specs, sizeof other);
    other[1] = F64("w", 1, 12);
    refuse_specs(root, other, 3, "two of the expected arrays have the name 'w'");
    memcpy(other, specs, sizeof other);
    other[1].ndim = 99;
    refuse_specs(root, other, 3, "array 'b': its number of dimensions is not 0 to 64");
    end(a);
}
END_TEST

START_TEST(another_shape_and_order_is_a_view)
{
    static const double w[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, b[4] = {-1, -2, -3, -4};
    struct shm_arrays *a =
        shm_arrays_create((struct shm_array_spec[]){F64("w", 2, 2, 6), F64("b", 1, 4)}, 2,
                          (const void *[]){w, b}, 0600);
    ck_made(a);
    struct shm_key_pair pair;
    shm_arrays_keys(a, &pair, 1);
    struct shm_array_spec mine[] = {F64("b", 2, 2, 2), F64("w", 3, 2, 3, 2)};
    struct shm_arrays *v = shm_arrays_attach_pairs(&pair, 1, mine, 2);
    ck_made(v);
    ck_assert_str_eq(shm_arrays_spec(v, 0)->label, "b");
    ck_assert_int_eq(shm_arrays_spec(v, 0)->ndim, 2);
    ck_assert_int_eq(shm_arrays_spec(v, 1)->ndim, 3);
    ck_assert_uint_eq(shm_arrays_spec(v, 1)->shape[1], 3);
    ck_assert_int_eq(shm_arrays_find_label(v, "w"), 1);
    double first[4], second[12];
    ck_works(shm_arrays_read(v, (void *[]){first, second}));
    ck_assert_mem_eq(first, b, sizeof b);
    ck_assert_mem_eq(second, w, sizeof w);
    ck_works(shm_arrays_write(v, (const void *[]){w, NULL}));
    ck_works(shm_arrays_read_one(a, 1, first));
    ck_assert_mem_eq(first, w, sizeof first);
    ck_assert_int_eq(shm_arrays_spec(a, 0)->ndim, 2);
    ck_works(shm_arrays_close(v));
    end(a);
}
END_TEST

/* ---- Writing and versions ---------------------------------------------------------------- */

static uint64_t version_of(struct shm_arrays *a, size_t partition)
{
    uint64_t version = UINT64_MAX;
    ck_works(shm_arrays_version(a, partition, &version));
    return version;
}

START_TEST(part_of_a_set_is_written)
{
    static int8_t ones[30000];
    double five[5] = {1, 2, 3, 4, 5}, got[5];
    uint16_t *two = calloc(10000, sizeof *two);
    int8_t *three = malloc(20000);
    memset(ones, 1, sizeof ones);
    struct shm_arrays *a = make_three();
    ck_made(a);
    ck_works(shm_arrays_write(a, (const void *[]){NULL, NULL, ones, NULL}));
    ck_assert_uint_eq(version_of(a, 0), 0);
    ck_assert_uint_eq(version_of(a, 1), 1);
    ck_assert_uint_eq(version_of(a, 2), 0);
    two[9999] = 5;
    ck_works(shm_arrays_write(a, (const void *[]){NULL, two, NULL, five}));
    ck_assert_uint_eq(version_of(a, 1), 2);
    ck_assert_uint_eq(version_of(a, 2), 1);
    ck_works(shm_arrays_read(a, (void *[]){NULL, two, three, got}));
    ck_assert_uint_eq(two[9999], 5);
    ck_assert_mem_eq(three, ones, 20000);
    ck_assert_mem_eq(got, five, sizeof got);
    ck_works(shm_arrays_write(a, (const void *[]){NULL, NULL, NULL, NULL}));
    ck_assert_uint_eq(version_of(a, 1), 2);
    free(two);
    free(three);
    end(a);
}
END_TEST

START_TEST(arrays_without_new_data_keep_their_content)
{
    static int8_t ones[30000], out0[30000], out2[20000];
    double out3[5] = {9};
    uint16_t *out1 = malloc(20000);
    memset(ones, 1, sizeof ones);
    struct shm_arrays *a = make_three();
    ck_made(a);
    void *out[] = {out0, out1, out2, out3};
    const void *data[] = {NULL, NULL, ones, NULL};
    for (int streaming = 0; streaming < 2; streaming++) {
        shm_arrays_stream_threshold = streaming ? 0 : SIZE_MAX;
        memset(out1, 9, 20000);
        ck_works(shm_arrays_update(a, LIBSHM_ADD, 0, data, out));
        ck_assert_int_eq(out2[19999], streaming + 1);
        ck_assert_int_eq(out0[29999], 0);
        ck_assert_uint_eq(out1[9999], 0);
        ck_assert_double_eq(out3[0], 0);
    }
    ck_assert_uint_eq(version_of(a, 0), 0);
    ck_assert_uint_eq(version_of(a, 1), 2);
    free(out1);
    end(a);
}
END_TEST

START_TEST(impossible_updates)
{
    double x = 1;
    struct shm_array_spec specs[] = {F64("x", 0, 0),
                                     {.label = "o", .dtype = LIBSHM_OPAQUE, .itemsize = 8}};
    struct shm_arrays *a = shm_arrays_create(specs, 2, NULL, 0600);
    ck_made(a);
    const void *both[] = {&x, &x}, *first[] = {&x, NULL};
    ck_fails(shm_arrays_update(a, 0, 1, both, NULL), EINVAL);
    ck_fails(shm_arrays_update(a, 7, 1, both, NULL), EINVAL);
    ck_fails(shm_arrays_update(a, LIBSHM_ADD, 1, NULL, NULL), EINVAL);
    ck_fails(shm_arrays_update(a, LIBSHM_ADD, 1, both, NULL), EINVAL);
    ck_says("array 'o' is opaque: only writing it and updates by a callback are possible");
    ck_fails(shm_arrays_update(a, LIBSHM_SCALE, 1, NULL, NULL), EINVAL);
    ck_works(shm_arrays_update(a, LIBSHM_ADD, 1, first, NULL));
    ck_assert_uint_eq(version_of(a, 0), 1);
    uint64_t version;
    ck_fails(shm_arrays_version(a, 1, &version), EINVAL);
    ck_fails(shm_arrays_read_one(a, 2, &x), EINVAL);
    end(a);
}
END_TEST

START_TEST(success_leaves_errno_and_the_sentence_alone)
{
    double x = 1;
    shm_getshmid(test_key(30));
    char sentence[512];
    snprintf(sentence, sizeof sentence, "%s", shm_error_detail());
    errno = 4711;
    struct shm_arrays *a = create_one(F64("x", 0, 0));
    struct shm_arrays *b = shm_arrays_attach(shm_arrays_root(a));
    const void *data[] = {&x};
    shm_arrays_update(a, LIBSHM_ADD, 0, data, NULL);
    shm_arrays_read_one(a, 0, &x);
    shm_arrays_close(b);
    shm_arrays_remove(a);
    shm_arrays_close(a);
    ck_assert_int_eq(errno, 4711);
    ck_says(sentence);
}
END_TEST

/* ---- Threads ------------------------------------------------------------------------------
 */

enum { THREADS = 4, ROUNDS = 2000 };

/* NULL, or which of its expectations failed. */
static void *add_often(void *context)
{
    struct shm_arrays *a = context;
    double one[5] = {1, 1, 1, 1, 1}, got[5];
    const void *data[] = {NULL, NULL, NULL, one};
    void *out[] = {NULL, NULL, NULL, got};
    for (int i = 0; i < ROUNDS; i++) {
        if (shm_arrays_update(a, LIBSHM_ADD, 0, data, i % 2 ? out : NULL) < 0)
            return (void *)1;
        if (i % 2 && (got[0] < 1 || got[0] != got[4]))
            return (void *)2;
        if (shm_arrays_read(a, out) < 0 || got[0] != got[4])
            return (void *)3;
    }
    return NULL;
}

START_TEST(threads_share_a_handle)
{
    pthread_t threads[THREADS];
    struct shm_arrays *a = make_three();
    ck_made(a);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, add_often, a), 0);
    for (int i = 0; i < THREADS; i++) {
        void *complaint;
        ck_assert_int_eq(pthread_join(threads[i], &complaint), 0);
        ck_assert_ptr_null(complaint);
    }
    double got[5];
    ck_works(shm_arrays_read_one(a, 3, got));
    ck_assert_double_eq(got[4], THREADS * ROUNDS);
    ck_assert_uint_eq(version_of(a, 2), THREADS * ROUNDS);
    end(a);
}
END_TEST

/* ---- Permissions and removal ---------------------------------------------------------------
 */

static int read_as_nobody(void *context)
{
    key_t root = *(key_t *)context;
    double x = 0;
    if (!become_nobody())
        return 77;
    struct shm_arrays *a = shm_arrays_attach(root);
    CHILD_EXPECT(a);
    CHILD_EXPECT(shm_arrays_read_one(a, 0, &x) == 0 && x == 2.5);
    CHILD_EXPECT(shm_arrays_write(a, (const void *[]){&x}) == -1 && errno == EACCES);
    CHILD_EXPECT(shm_arrays_update(a, LIBSHM_ADD, 0, (const void *[]){&x}, NULL) == -1 &&
                 errno == EACCES);
    CHILD_EXPECT(shm_arrays_remove(a) == -1 && errno == EPERM);
    CHILD_EXPECT(shm_arrays_read_one(a, 0, &x) == 0);
    return shm_arrays_close(a);
}

static int refused_as_nobody(void *context)
{
    if (!become_nobody())
        return 77;
    CHILD_EXPECT(!shm_arrays_attach(*(key_t *)context) && errno == EACCES);
    return 0;
}

/* Who may write but does not own the set must not break it by trying to remove it. */
static int write_as_nobody(void *context)
{
    double x = 1;
    if (!become_nobody())
        return 77;
    struct shm_arrays *a = shm_arrays_attach(*(key_t *)context);
    CHILD_EXPECT(a);
    CHILD_EXPECT(shm_arrays_update(a, LIBSHM_ADD, 0, (const void *[]){&x}, NULL) == 0);
    CHILD_EXPECT(shm_arrays_remove(a) == -1 && errno == EPERM);
    CHILD_EXPECT(shm_arrays_update(a, LIBSHM_ADD, 0, (const void *[]){&x}, NULL) == 0);
    return shm_arrays_close(a);
}

START_TEST(permissions)
{
    double x = 2.5;
    struct shm_array_spec spec = F64("x", 0, 0);
    const mode_t modes[] = {0644, 0600, 0666};
    child_body *bodies[] = {read_as_nobody, refused_as_nobody, write_as_nobody};
    if (!have_root("permissions of another user"))
        return;
    for (int i = 0; i < 3; i++) {
        struct shm_arrays *a = shm_arrays_create(&spec, 1, (const void *[]){&x}, modes[i]);
        ck_made(a);
        key_t root = shm_arrays_root(a);
        ck_assert_int_eq(child_run(bodies[i], &root), 0);
        end(a);
    }
}
END_TEST

START_TEST(a_removed_set_says_so)
{
    double x = 1;
    uint64_t version;
    const void *data[] = {&x};
    void *out[] = {&x};
    struct shm_arrays *a = create_one(F64("x", 0, 0));
    ck_made(a);
    struct shm_arrays *b = shm_arrays_attach(shm_arrays_root(a));
    ck_made(b);
    key_t root = shm_arrays_root(a);
    ck_works(shm_arrays_remove(a));
    ck_fails(shm_arrays_update(b, LIBSHM_ADD, 0, data, NULL), EIDRM);
    ck_says("the array set was removed while this handle was attached");
    ck_fails(shm_arrays_write(b, data), EIDRM);
    ck_fails(shm_arrays_read(b, out), EIDRM);
    ck_fails(shm_arrays_read_one(b, 0, out[0]), EIDRM);
    ck_fails(shm_arrays_version(b, 0, &version), EIDRM);
    ck_refuses(shm_arrays_attach(root), ENOENT);
    ck_fails(shm_arrays_remove(b), EIDRM);
    ck_works(shm_arrays_close(a));
    ck_works(shm_arrays_close(b));
}
END_TEST

/* By another tool: only the semaphore tells, and only those who need it. */
START_TEST(a_set_that_lost_its_semaphore)
{
    double x = 1;
    struct shm_key_pair pair;
    struct shm_arrays *a = create_one(F64("x", 0, 0));
    ck_made(a);
    shm_arrays_keys(a, &pair, 1);
    ck_works(shm_remove_semaphore(shm_getsemid(pair.semaphore_key)));
    ck_fails(shm_arrays_write(a, (const void *[]){&x}), EIDRM);
    ck_works(shm_arrays_read_one(a, 0, &x));
    ck_refuses(shm_arrays_attach(shm_arrays_root(a)), EIDRM);
    ck_fails(shm_arrays_remove(a), EIDRM);
    ck_assert_int_eq(shm_memory_haskey(pair.memory_key), 0);
    ck_works(shm_arrays_close(a));
}
END_TEST

/* ---- Layout --------------------------------------------------------------------------------
 */

static size_t segment_size(key_t key)
{
    struct shm_backend_shmid_ds ds;
    ck_works(shm_backend_shmctl(shm_getshmid(key), LIBSHM_IPC_STAT, &ds));
    return ds.segsz;
}

/* Every element count around what could make the native size a multiple of it. */
START_TEST(no_size_is_a_legacy_size)
{
    for (size_t count = 1; count < 700; count++) {
        struct shm_array array;
        struct shm_layout layout;
        struct shm_array_spec spec = {
            .dtype = LIBSHM_OPAQUE, .itemsize = 1 + count % 40, .ndim = 1, .shape = &count};
        ck_works(shm_array_from_spec(&array, &spec));
        ck_works(shm_layout_compute(&layout, &array, 1, 1));
        for (size_t item = 1; item <= 32 || item <= spec.itemsize; item++)
            ck_assert_uint_ne(layout.total, item * count);
    }
    struct shm_arrays *a = create_one(F64("x", 1, 48));
    ck_made(a);
    ck_assert_uint_ne(segment_size(shm_arrays_root(a)) % 48, 0);
    end(a);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {made_and_found_by_the_root_key,
                            found_by_name,
                            keys_lead_to_the_same_set,
                            keys_that_name_no_set,
                            specs_are_checked,
                            sums_do_not_overflow,
                            shapes_of_any_rank,
                            sets_of_empty_arrays,
                            ten_thousand_arrays,
                            expectations_are_verified,
                            another_shape_and_order_is_a_view,
                            part_of_a_set_is_written,
                            arrays_without_new_data_keep_their_content,
                            impossible_updates,
                            success_leaves_errno_and_the_sentence_alone,
                            threads_share_a_handle,
                            permissions,
                            a_removed_set_says_so,
                            a_set_that_lost_its_semaphore,
                            no_size_is_a_legacy_size};
    return RUN_TESTS("arrays", tests);
}
