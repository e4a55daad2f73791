/*
 * Creation that fails or is killed: nothing is left behind by a failure, nothing attachable and
 * everything removable by a death.
 *
 * The source of random numbers is replaced: a set draws its id, then for each partition a
 * memory key and a semaphore key, and last, for its first handle, a place to start; so each
 * draw is a point at which creation can be made to fail, to collide or to die.
 */
#include "config.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "libshm/arrays.h"
#include "libshm/arrays_layout.h"
#include "libshm/backend.h"
#include "libshm/fail.h"
#include "libshm/random.h"
#include "tests/suite.h"

enum { PARTITIONS = 3, DRAWS = 1 + 2 * PARTITIONS + 1, ROOM = 48 << 20 };

static int draw, fail_at, die_at, collide_at;
static key_t taken; /* given out at `collide_at`, and 0 at the draw before */

int shm_random_bytes(void *bytes, size_t nbytes)
{
    static uint32_t next;
    if (!next)
        next = (uint32_t)getpid() << 12;
    draw++;
    if (draw == fail_at)
        return shm_fail(EIO, "no numbers");
    if (draw == die_at)
        raise(SIGKILL);
    memset(bytes, 0x11, nbytes);
    next++;
    memcpy(bytes, &next, sizeof next);
    if (draw == collide_at)
        memcpy(bytes, &taken, sizeof taken);
    return 0;
}

static struct shm_arrays *create(void)
{
    static const size_t shape[] = {20000};
    static const double data[20000] = {1, 2, 3};
    struct shm_array_spec specs[PARTITIONS];
    const void *initial[PARTITIONS];
    for (int i = 0; i < PARTITIONS; i++) {
        specs[i] = (struct shm_array_spec){
            .key = i, .dtype = LIBSHM_FLOAT64, .ndim = 1, .shape = shape};
        initial[i] = data;
    }
    draw = 0;
    return shm_arrays_create(specs, PARTITIONS, initial, 0600);
}

static size_t list(bool memory, int *ids, size_t capacity)
{
    ssize_t n =
        memory ? shm_backend_shm_list(ids, capacity) : shm_backend_sem_list(ids, capacity);
    ck_assert_int_ge(n, 0);
    return (size_t)n;
}

static size_t objects(void)
{
    return list(true, NULL, 0) + list(false, NULL, 0);
}

START_TEST(a_failure_leaves_nothing)
{
    size_t before = objects();
    for (fail_at = 1; fail_at <= DRAWS; fail_at++) {
        ck_refuses(create(), EIO);
        ck_says("no numbers");
        ck_assert_int_eq(draw, fail_at);
        ck_assert_uint_eq(objects(), before);
    }
    struct shm_arrays *a = create();
    ck_made(a);
    ck_assert_int_eq(draw, DRAWS);
    ck_works(shm_arrays_remove(a));
    ck_works(shm_arrays_close(a));
    ck_assert_uint_eq(objects(), before);
}
END_TEST

/* From now on this process maps at most so much more. */
static void limit_growth(size_t nbytes)
{
    unsigned long pages;
    FILE *f = fopen("/proc/self/statm", "r");
    ck_assert(f && fscanf(f, "%lu", &pages) == 1);
    fclose(f);
    rlim_t most = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + nbytes;
    ck_works(setrlimit(RLIMIT_AS, &(struct rlimit){most, most}));
}

/*
 * The first partition exists when the second turns out to be larger than any memory. What a
 * process of 32 bits can name, a machine may well have, so there the process is limited.
 */
START_TEST(no_memory_for_the_second_partition)
{
    static const size_t shapes[] = {30000, 20000};
    size_t before = objects();
    size_t itemsize = sizeof(size_t) == 8 ? (size_t)PTRDIFF_MAX / 60000 : ROOM / 20000;
    struct shm_array_spec specs[] = {
        {.key = 0, .dtype = LIBSHM_INT8, .ndim = 1, .shape = shapes},
        {.key = 1, .itemsize = itemsize, .ndim = 1, .shape = shapes + 1}};
    if (sizeof(size_t) < 8)
        limit_growth(ROOM);
    draw = 0;
    errno = 0;
    ck_assert_ptr_null(shm_arrays_create(specs, 2, NULL, 0600));
    ck_assert_int_ne(errno, 0);
    ck_assert_int_ge(draw, 4);
    ck_assert_uint_eq(objects(), before);
}
END_TEST

START_TEST(taken_keys_are_drawn_again)
{
    struct shm_memory *m = shm_create_memory(test_key(0), 1, 0600);
    struct shm_semaphore *s = shm_create_semaphore(test_key(0), 1, 0600);
    ck_made(m);
    ck_made(s);
    for (collide_at = 2; collide_at < DRAWS; collide_at++)
        for (int zero = 0; zero < 2; zero++) {
            struct shm_key_pair pairs[PARTITIONS];
            taken = zero ? 0 : test_key(0);
            struct shm_arrays *a = create();
            ck_made(a);
            ck_assert_int_eq(draw, DRAWS + 1);
            shm_arrays_keys(a, pairs, PARTITIONS);
            for (int i = 0; i < PARTITIONS; i++) {
                ck_assert_int_ne(pairs[i].memory_key, taken);
                ck_assert_int_ne(pairs[i].semaphore_key, taken);
            }
            ck_works(shm_arrays_remove(a));
            ck_works(shm_arrays_close(a));
        }
}
END_TEST

/* ---- Killed creators
 * ------------------------------------------------------------------------- */

static int create_in_child(void *context)
{
    die_at = *(int *)context;
    create();
    return 0;
}

/* What another tool can see of a segment nobody finished. */
static void look_at_leftover(int shmid, uint64_t *set_id)
{
    struct shm_backend_shmid_ds ds;
    ck_works(shm_backend_shmctl(shmid, LIBSHM_IPC_STAT, &ds));
    ck_assert_uint_eq(ds.nattch, 0);
    const struct shm_segment_header *h = shm_backend_shmat(shmid, NULL, LIBSHM_ATTACH_RDONLY);
    ck_assert_ptr_ne(h, (void *)-1);
    ck_assert_uint_eq(h->magic, LIBSHM_MAGIC_FORMING);
    ck_assert_uint_eq(h->kind, LIBSHM_SEGMENT_KIND);
    ck_assert_int_eq(h->memory_key, ds.perm.key);
    ck_assert(*set_id == 0 || *set_id == h->set_id);
    *set_id = h->set_id;
    ck_works(shm_backend_shmdt(h));
    ck_refuses(shm_arrays_attach(ds.perm.key), ENOTRECOVERABLE);
    ck_assert_msg(strstr(shm_error_detail(), "does not live") != NULL, "%s",
                  shm_error_detail());
}

static void remove_all(const int *shmids, size_t memories, const int *semids, size_t semaphores)
{
    for (size_t i = 0; i < memories; i++)
        ck_works(shm_remove_memory(shmids[i]));
    for (size_t i = 0; i < semaphores; i++)
        ck_works(shm_remove_semaphore(semids[i]));
}

/* Killed before the n-th draw: so many of its six objects are there, none of them usable. */
START_TEST(a_killed_creator_leaves_nothing_to_attach)
{
    for (int point = 1; point < DRAWS; point++) {
        int shmids[16], semids[16];
        uint64_t set_id = 0;
        ck_assert_int_eq(child_run(create_in_child, &point), 128 + SIGKILL);
        size_t memories = list(true, shmids, 16), semaphores = list(false, semids, 16);
        ck_assert_uint_eq(memories, (size_t)(point - 1) / 2);
        ck_assert_uint_eq(semaphores, point > 1 ? (size_t)(point - 2) / 2 : 0);
        if (memories > 0 && point % 2) /* each attach waits a while for the creator */
            look_at_leftover(shmids[memories - 1], &set_id);
        remove_all(shmids, memories, semids, semaphores);
    }
}
END_TEST

/* Killed after it published, before it had a handle: a complete set. */
START_TEST(a_creator_killed_behind_the_publication)
{
    int point = DRAWS, shmids[PARTITIONS];
    double first[20000];
    ck_assert_int_eq(child_run(create_in_child, &point), 128 + SIGKILL);
    ck_assert_uint_eq(list(true, shmids, PARTITIONS), PARTITIONS);
    struct shm_arrays *a = NULL;
    for (int i = 0; i < PARTITIONS && !a; i++) {
        struct shm_backend_shmid_ds ds;
        ck_works(shm_backend_shmctl(shmids[i], LIBSHM_IPC_STAT, &ds));
        a = shm_arrays_attach(ds.perm.key);
    }
    ck_made(a);
    ck_works(shm_arrays_read_one(a, 1, first));
    ck_assert_double_eq(first[2], 3);
    ck_works(shm_arrays_remove(a));
    ck_works(shm_arrays_close(a));
    ck_assert_uint_eq(objects(), 0);
}
END_TEST

static int create_and_linger(void *context)
{
    die_at = 0;
    fail_at = 0;
    struct shm_memory *m = shm_create_memory(*(key_t *)context, 4096, 0600);
    CHILD_EXPECT(m);
    pause();
    return 0;
}

/* A segment of zeros under the key: somebody is about to make a set, as far as one can see. */
START_TEST(a_living_creator_is_told_from_a_dead_one)
{
    key_t key = test_key(0);
    pid_t pid = child_start(create_and_linger, &key);
    ck_eventually(shm_memory_haskey(key));
    ck_refuses(shm_arrays_attach(key), EAGAIN);
    ck_assert_msg(strstr(shm_error_detail(), "is alive") != NULL, "%s", shm_error_detail());
    kill(pid, SIGKILL);
    ck_assert_int_eq(child_end(pid), 128 + SIGKILL);
    ck_refuses(shm_arrays_attach(key), ENOTRECOVERABLE);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {a_failure_leaves_nothing,
                            no_memory_for_the_second_partition,
                            taken_keys_are_drawn_again,
                            a_killed_creator_leaves_nothing_to_attach,
                            a_creator_killed_behind_the_publication,
                            a_living_creator_is_told_from_a_dead_one};
    return RUN_TESTS("arrays_create", tests);
}
