/*
 * Sets of arrays, tiny ones so that calls are short: created, attached, read, written, updated,
 * viewed, closed and removed by a process that dies. One partition of two arrays, which are
 * always one number throughout.
 */
#include "config.h"

#include <string.h>

#include "libshm/arrays.h"
#include "libshm/arrays_layout.h"
#include "tests/backend_support.h"
#include "tests/step_trace.h"

enum { ARRAYS = 2, LONGEST = 5, WRITTEN = 1000, PATIENCE_MS = 5000 };

static const size_t counts[ARRAYS] = {3, LONGEST};
static const struct shm_array_spec specs[ARRAYS] = {
    {.key = 0, .dtype = LIBSHM_UINT64, .ndim = 1, .shape = &counts[0]},
    {.key = 1, .dtype = LIBSHM_UINT64, .ndim = 1, .shape = &counts[1]}};

static uint64_t numbers[ARRAYS][LONGEST], ones[LONGEST] = {1, 1, 1, 1, 1},
                                          sevens[LONGEST] = {7, 7, 7, 7, 7}, many[LONGEST];
static void *const out[ARRAYS] = {numbers[0], numbers[1]};
static const void *const all_ones[ARRAYS] = {ones, ones};
static const void *const all_sevens[ARRAYS] = {sevens, sevens};
static const void *const all_many[ARRAYS] = {many, many};

static struct shm_arrays *own, *mine; /* the other's handle, and the victim's */
static uint64_t number, version;      /* what the other knows of the set */

static uint64_t read_whole(struct shm_arrays *a)
{
    EXPECT_OK(shm_arrays_read(a, out));
    for (int k = 0; k < ARRAYS; k++)
        for (size_t i = 0; i < counts[k]; i++)
            EXPECT_INT(numbers[k][i], numbers[0][0]);
    return numbers[0][0];
}

static uint64_t version_of(struct shm_arrays *a)
{
    uint64_t now;

    EXPECT_OK(shm_arrays_version(a, 0, &now));
    return now;
}

static struct shm_arrays *create(void)
{
    struct shm_arrays *a = shm_arrays_create(specs, ARRAYS, all_sevens, 0600);

    EXPECT(a != NULL);
    return a;
}

static void make_set(void)
{
    struct shm_key_pair keys;

    own = create();
    EXPECT_OK(shm_arrays_settimeout(own, PATIENCE_MS));
    EXPECT_INT(shm_arrays_keys(own, &keys, 1), 1);
    step_board->key = shm_arrays_root(own);
    step_board->id = (int)EXPECT_OK(shm_backend_shmget(keys.memory_key, 0, 0));
    number = 7;
    version = 0;
}

static void end_set(void)
{
    EXPECT_OK(shm_arrays_remove(own));
    EXPECT_OK(shm_arrays_close(own));
    step_nothing_left();
}

static void attach_set(void)
{
    step_board->updates = 0;
    mine = shm_arrays_attach(step_board->key);
    EXPECT(mine != NULL);
}

/* The lock can be had, and one more update is one more version. */
static void add_one(void)
{
    PROMPT(shm_arrays_update(own, LIBSHM_ADD, 0, all_ones, NULL));
    version++;
    EXPECT_INT(version_of(own), version);
    EXPECT_INT(read_whole(own), ++number);
    EXPECT_INT(nattch(step_board->id), 1);
}

static void check_unchanged(void)
{
    EXPECT_INT(nattch(step_board->id), 1);
    EXPECT_INT(version_of(own), version);
    EXPECT_INT(read_whole(own), number);
    add_one();
}

/* Nothing but what the victim did before. */
static void check_viewed(void)
{
    version += step_board->updates;
    check_unchanged();
}

/* Version and content are both old or both new. */
static void check_changed(uint64_t changed)
{
    uint64_t found = version_of(own);

    version += step_board->updates;
    EXPECT(found == version || found == version + 1);
    EXPECT_INT(read_whole(own), found == version ? number : changed);
    step_outcome(found != version);
    number = read_whole(own);
    version = found;
    add_one();
}

static void check_written(void)
{
    check_changed(WRITTEN);
}

static void check_added(void)
{
    check_changed(number + 1);
}

static void check_seven_added(void)
{
    check_changed(number + 7);
}

/*
 * The calls.
 */

static void close_set(void)
{
    EXPECT_OK(shm_arrays_close(mine));
}

static void read_set(void)
{
    EXPECT_OK(shm_arrays_read(mine, out));
}

/* The victim has updated the set before; the values stay. */
static void attach_and_update(void)
{
    attach_set();
    EXPECT_OK(shm_arrays_update(mine, LIBSHM_SCALE, 1, NULL, NULL));
    step_board->updates = 1;
}

static void prepare_write(void)
{
    attach_and_update();
    for (int i = 0; i < LONGEST; i++)
        many[i] = WRITTEN;
}

static void write_set(void)
{
    EXPECT_OK(shm_arrays_write(mine, all_many));
}

static void update_set(void)
{
    EXPECT_OK(shm_arrays_update(mine, LIBSHM_ADD, 0, all_ones, out));
}

static int add_seven(const struct shm_array_update *u, void *context)
{
    const uint64_t *old = u->old;
    uint64_t *result = u->result;

    (void)context;
    for (size_t i = 0; i < u->count; i++)
        result[i] = old[i] + 7;
    return 0;
}

static void update_set_with(void)
{
    EXPECT_OK(shm_arrays_update_with(mine, add_seven, NULL, NULL, NULL));
}

/* Opened and ended; in between it is the victim's death that ends it. */
static void view_set(void)
{
    struct shm_arrays_view *v = shm_arrays_view(mine, NULL, 0);

    EXPECT(v != NULL);
    EXPECT(shm_arrays_view_data(v, 0) != NULL);
    EXPECT_OK(shm_arrays_view_end(v));
}

/*
 * Creation and removal.
 */

static void create_set(void)
{
    create();
}

static void expect_usable(key_t root)
{
    struct shm_arrays *a = shm_arrays_attach(root);

    EXPECT(a != NULL);
    EXPECT_INT(read_whole(a), 7);
    PROMPT(shm_arrays_update(a, LIBSHM_ADD, 0, all_ones, NULL));
    EXPECT_INT(read_whole(a), 8);
    EXPECT_OK(shm_arrays_close(a));
}

/* What a dead creator leaves is removed by what its segment's header says. */
static void remove_by_header(int id)
{
    const struct shm_segment_header *h = attach_flags(id, NULL, LIBSHM_ATTACH_RDONLY);
    key_t key = h->kind == LIBSHM_SEGMENT_KIND ? h->semaphore_key : 0;
    int set = key ? shm_backend_semget(key, 1, 0) : -1;

    if (set >= 0)
        EXPECT_OK(remove_set(set));
    EXPECT_OK(shm_backend_shmdt(h));
    EXPECT_OK(remove_segment(id));
}

static void check_created(void)
{
    int id, count;
    bool ready = false;

    PROMPT(count = (int)shm_backend_shm_list(&id, 1));
    EXPECT(count <= 1);
    if (count == 1) {
        EXPECT_INT(nattch(id), 0);
        const struct shm_segment_header *h = attach_flags(id, NULL, LIBSHM_ATTACH_RDONLY);
        key_t root = h->memory_key;
        ready = h->magic == LIBSHM_MAGIC_READY;
        EXPECT_OK(shm_backend_shmdt(h));
        if (ready)
            expect_usable(root);
        remove_by_header(id);
    }
    step_outcome(ready);
    step_nothing_left();
}

static void remove_set_of_arrays(void)
{
    EXPECT_OK(shm_arrays_remove(mine));
}

/* The set is as it was, or nobody can attach it; and the rest can be removed. */
static void check_removed(void)
{
    struct shm_arrays *a = shm_arrays_attach(step_board->key);

    step_outcome(a == NULL);
    if (a) {
        EXPECT_INT(read_whole(a), number);
        EXPECT_OK(shm_arrays_close(a));
        add_one();
    } else {
        EXPECT(errno == ENOENT || errno == EIDRM);
    }
    if (shm_arrays_remove(own) < 0)
        EXPECT_INT(errno, EIDRM);
    EXPECT_ERR(shm_arrays_update(own, LIBSHM_ADD, 0, all_ones, NULL), EIDRM);
    EXPECT_OK(shm_arrays_close(own));
    EXPECT_ERR(shm_backend_shmget(step_board->key, 0, 0), ENOENT);
    step_nothing_left();
}

#define ON_A_SET(ready, call, check, traceless)                                                \
    make_set, NULL, ready, call, check, end_set, traceless

/* In their order: name, begin, before, ready, call, check, end, leaves_no_trace. */
const struct step_case step_cases_arrays[] = {
    {"arrays create", NULL, NULL, NULL, create_set, check_created, NULL, false},
    {"arrays attach", ON_A_SET(NULL, attach_set, check_unchanged, true)},
    {"arrays read", ON_A_SET(attach_set, read_set, check_unchanged, true)},
    {"arrays write", ON_A_SET(prepare_write, write_set, check_written, false)},
    {"arrays update, the first", ON_A_SET(attach_set, update_set, check_added, false)},
    {"arrays update, again", ON_A_SET(attach_and_update, update_set, check_added, false)},
    {"arrays update, by a callback",
     ON_A_SET(attach_and_update, update_set_with, check_seven_added, false)},
    {"arrays view", ON_A_SET(attach_and_update, view_set, check_viewed, true)},
    {"arrays close", ON_A_SET(attach_set, close_set, check_unchanged, true)},
    {"arrays remove", NULL, make_set, attach_set, remove_set_of_arrays, check_removed, NULL,
     false},
    {.name = NULL}};
