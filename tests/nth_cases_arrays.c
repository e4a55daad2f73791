/* The calls of arrays.h, on a set of two partitions. */
#include "config.h"

#include <string.h>

#include "libshm/arrays.h"
#include "tests/backend_support.h"
#include "tests/nth.h"

enum { ARRAYS = 2, LENGTH = LIBSHM_PARTITION_MIN_SIZE };

static const int errors[] = {EACCES, EAGAIN, EIDRM, EINTR,     EINVAL, EIO,
                             ENOMEM, ENOSPC, EPERM, EOVERFLOW, 0};

static const size_t shape[1] = {LENGTH};
static const struct shm_array_spec specs[ARRAYS] = {
    {.label = "first", .dtype = LIBSHM_UINT8, .ndim = 1, .shape = shape},
    {.label = "second", .dtype = LIBSHM_UINT8, .ndim = 1, .shape = shape}};

static unsigned char threes[LENGTH], found[ARRAYS][LENGTH];
static const void *const data[ARRAYS] = {threes, threes};
static void *const out[ARRAYS] = {found[0], found[1]};

static struct shm_arrays *own, *a;
static struct shm_key_pair pairs[ARRAYS];
static uint64_t version;

static void prepare_data(void)
{
    memset(threes, 3, sizeof threes);
}

static int have(struct shm_arrays *made)
{
    a = made;
    return made ? 0 : -1;
}

static int create(void)
{
    return have(shm_arrays_create(specs, ARRAYS, data, 0600));
}

static void make(void)
{
    prepare_data();
    EXPECT_OK(create());
    own = a;
    EXPECT_INT(shm_arrays_keys(own, pairs, ARRAYS), ARRAYS);
}

static void make_used(void)
{
    make();
    EXPECT_OK(shm_arrays_write(a, data));
}

static void close_it(void)
{
    if (a)
        EXPECT_OK(shm_arrays_close(a));
    if (own && own != a)
        EXPECT_OK(shm_arrays_close(own));
}

static int attach_it(void)
{
    return have(shm_arrays_attach(pairs[0].memory_key));
}

static int attach_verified(void)
{
    return have(shm_arrays_attach_verified(pairs[0].memory_key, specs, ARRAYS));
}

static int attach_pairs(void)
{
    return have(shm_arrays_attach_pairs(pairs, ARRAYS, specs, ARRAYS));
}

static int read_all(void)
{
    return shm_arrays_read(a, out);
}

static void tell_content(void)
{
    for (int i = 0; i < ARRAYS; i++)
        nth_say("%d %d ", found[i][0], found[i][LENGTH - 1]);
}

/* What the set holds now, whatever the call answered. */
static void tell_set(void)
{
    if (shm_arrays_read(a, out) == 0)
        tell_content();
}

static int read_one(void)
{
    return shm_arrays_read_one(a, 1, found[1]);
}

static int write_all(void)
{
    return shm_arrays_write(a, data);
}

static int update(void)
{
    return shm_arrays_update(a, LIBSHM_MAX, 0, data, out);
}

static int set_to_nine(const struct shm_array_update *u, void *context)
{
    (void)context;
    memset(u->result, 9, u->nbytes);
    return 0;
}

static int update_with(void)
{
    return shm_arrays_update_with(a, set_to_nine, NULL, NULL, NULL);
}

static struct shm_arrays_view *opened;

static int view(void)
{
    opened = shm_arrays_view(a, NULL, 0);
    return opened ? 0 : -1;
}

static void make_view(void)
{
    make_used();
    EXPECT_OK(view());
}

static void tell_view(void)
{
    for (size_t i = 0; i < ARRAYS; i++) {
        const unsigned char *bytes = shm_arrays_view_data(opened, i);
        nth_say("%d %d ", bytes[0], bytes[LENGTH - 1]);
    }
}

/* It is freed whatever the result: then there is nothing left to be done again. */
static int end_view(void)
{
    struct shm_arrays_view *v = opened;

    opened = NULL;
    return v ? shm_arrays_view_end(v) : 0;
}

static void end_and_close(void)
{
    EXPECT_OK(end_view());
    close_it();
}

static int get_version(void)
{
    return shm_arrays_version(a, 1, &version);
}

static void tell_version(void)
{
    nth_say("%d", (int)version);
}

static int remove_it(void)
{
    return shm_arrays_remove(a);
}

static int close_only(void)
{
    int result = shm_arrays_close(a);

    if (result == 0)
        a = own = NULL;
    return result;
}

#define NONE NULL

/* In their order: name, documented, prepare, call, tell, finish, flags. */
const struct nth_case nth_cases_arrays[] = {
    {"shm_arrays_create", errors, prepare_data, create, tell_set, close_it, NTH_WHOLE},
    {"shm_arrays_attach", errors, make, attach_it, tell_set, close_it, NTH_WHOLE},
    {"shm_arrays_attach_verified", errors, make, attach_verified, tell_set, close_it,
     NTH_WHOLE},
    {"shm_arrays_attach_pairs", errors, make, attach_pairs, tell_set, close_it, NTH_WHOLE},
    {"shm_arrays_read", errors, make, read_all, tell_content, close_it, 0},
    {"shm_arrays_read_one", errors, make, read_one, tell_content, close_it, 0},
    {"shm_arrays_write, the first", errors, make, write_all, tell_set, close_it,
     NTH_PARTIAL | NTH_WHOLE},
    {"shm_arrays_write", errors, make_used, write_all, tell_set, close_it,
     NTH_PARTIAL | NTH_WHOLE},
    {"shm_arrays_update", errors, make_used, update, tell_set, close_it,
     NTH_PARTIAL | NTH_WHOLE},
    {"shm_arrays_update_with", errors, make_used, update_with, tell_set, close_it,
     NTH_PARTIAL | NTH_WHOLE},
    {"shm_arrays_view, the first", errors, make, view, tell_view, end_and_close, NTH_WHOLE},
    {"shm_arrays_view", errors, make_used, view, tell_view, end_and_close, NTH_WHOLE},
    {"shm_arrays_view_end", errors, make_view, end_view, tell_set, end_and_close, NTH_WHOLE},
    {"shm_arrays_version", errors, make, get_version, tell_version, close_it, 0},
    {"shm_arrays_remove", errors, make, remove_it, NONE, close_it, NTH_PARTIAL | NTH_GONE},
    {"shm_arrays_close", errors, make, close_only, NONE, close_it, NTH_WHOLE},
    {.name = NULL}};
