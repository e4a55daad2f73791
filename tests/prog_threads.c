/*
 * Threads of one process meet in one mapping: of a set of arrays, of a semaphore set, of a
 * segment; and make, attach, look at and remove objects side by side. Sums, versions, values and
 * counts are exact, each thread has its own error sentence, and the thread sanitizer, which sees
 * one process only, has nothing to report.
 */
#include "config.h"

#include "tests/backend_support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libshm/arrays.h"

enum { THREADS = 4, UNDO = LIBSHM_SEM_UNDO, CREATE = LIBSHM_IPC_CREAT };

typedef void body_fn(int me);

static body_fn *body;

static void *enter(void *number)
{
    body(*(int *)number);
    return NULL;
}

static void run_threads(const char *what, body_fn *f)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];
    double begun = seconds_now();

    body = f;
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        EXPECT_INT(pthread_create(&threads[i], NULL, enter, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        EXPECT_INT(pthread_join(threads[i], NULL), 0);
    printf("%s: %.2f s\n", what, seconds_now() - begun);
}

/*
 * Arrays: the first is a partition, the next two are one, and the last, which is written and
 * not added to, is one.
 */

enum { LARGE = 20000, WRITTEN = LARGE, ARRAYS = 4, PARTITIONS = 3 };

static const size_t lengths[ARRAYS] = {LARGE, 9, 25, WRITTEN};
static struct shm_arrays *set_of_arrays;

/* What a thread reads into and adds. */
struct copies {
    uint64_t ones[LARGE], got[ARRAYS][LARGE];
    uint64_t last[ARRAYS];
};

static int rounds(void)
{
    return scaled(600);
}

static void make_arrays(void)
{
    struct shm_array_spec specs[ARRAYS];

    for (int i = 0; i < ARRAYS; i++)
        specs[i] = (struct shm_array_spec){
            .key = i, .dtype = LIBSHM_UINT64, .ndim = 1, .shape = &lengths[i]};
    set_of_arrays = shm_arrays_create(specs, ARRAYS, NULL, 0600);
    EXPECT(set_of_arrays != NULL);
    EXPECT_INT(shm_arrays_npartitions(set_of_arrays), PARTITIONS);
}

/* Each array is one number throughout, those of a partition are the same, none is older. */
static void expect_whole(struct copies *c)
{
    for (int k = 0; k < ARRAYS; k++)
        for (size_t i = 0; i < lengths[k]; i++)
            EXPECT_INT(c->got[k][i], c->got[k][0]);
    EXPECT_INT(c->got[1][0], c->got[2][0]);
    for (int k = 0; k < ARRAYS - 1; k++) {
        EXPECT(c->got[k][0] >= c->last[k]);
        c->last[k] = c->got[k][0];
    }
}

static int add_one(const struct shm_array_update *u, void *context)
{
    const uint64_t *old = u->old;
    uint64_t *result = u->result;

    (void)context;
    for (size_t i = 0; i < u->count; i++)
        result[i] = old[i] + (u->index < ARRAYS - 1);
    return 0;
}

/* Leaves a half-written slot, which nobody may ever see. */
static int give_up(const struct shm_array_update *u, void *context)
{
    (void)context;
    memset(u->result, 0xee, u->nbytes / 2);
    return -1;
}

static void read_beside(struct copies *c, void *const *out)
{
    uint64_t before, after;

    EXPECT_OK(shm_arrays_version(set_of_arrays, 0, &before));
    EXPECT_OK(shm_arrays_read(set_of_arrays, out));
    EXPECT_OK(shm_arrays_version(set_of_arrays, 0, &after));
    EXPECT(before <= after);
    expect_whole(c);
}

/* Adds 2 in all to the first three arrays; the last one is this thread's number for a moment. */
static void use_arrays(int me)
{
    struct copies *c = calloc(1, sizeof *c);

    EXPECT(c != NULL);
    const void *add[ARRAYS] = {c->ones, c->ones, c->ones, NULL}, *mine[ARRAYS] = {NULL};
    void *out[ARRAYS] = {c->got[0], c->got[1], c->got[2], c->got[3]};
    for (int i = 0; i < rounds(); i++) {
        for (int k = 0; k < LARGE; k++)
            c->ones[k] = 1;
        EXPECT_OK(shm_arrays_update(set_of_arrays, LIBSHM_ADD, 0, add, i % 2 ? out : NULL));
        if (i % 2)
            expect_whole(c);
        EXPECT_OK(shm_arrays_update_with(set_of_arrays, add_one, NULL, NULL, NULL));
        if (i % 8 == 0)
            EXPECT_ERR(shm_arrays_update_with(set_of_arrays, give_up, NULL, NULL, NULL),
                       ECANCELED);
        read_beside(c, out);
        for (int k = 0; k < WRITTEN; k++)
            c->ones[k] = (uint64_t)me;
        mine[ARRAYS - 1] = c->ones;
        EXPECT_OK(shm_arrays_write(set_of_arrays, mine));
        EXPECT_OK(shm_arrays_read_one(set_of_arrays, ARRAYS - 1, c->got[ARRAYS - 1]));
        EXPECT(c->got[ARRAYS - 1][0] < THREADS);
    }
    free(c);
}

static void end_arrays(void)
{
    static uint64_t got[LARGE];
    uint64_t all = (uint64_t)THREADS * (uint64_t)rounds(), version;

    for (size_t i = 0; i < ARRAYS - 1; i++) {
        EXPECT_OK(shm_arrays_read_one(set_of_arrays, i, got));
        EXPECT_INT(got[0], 2 * all);
        EXPECT_INT(got[lengths[i] - 1], 2 * all);
    }
    for (size_t p = 0; p < PARTITIONS; p++) {
        EXPECT_OK(shm_arrays_version(set_of_arrays, p, &version));
        EXPECT_INT(version, 2 * all); /* the last: a callback's and a write */
    }
    EXPECT_OK(shm_arrays_remove(set_of_arrays));
    EXPECT_OK(shm_arrays_close(set_of_arrays));
}

/*
 * Semaphores: one as a lock, two that units are passed between, all with undo.
 */

enum { LOCK, FULL, EMPTY, SEMAPHORES, UNITS = 3 };

static int set;
static long guarded;
static _Atomic int inside;

/* The sanitizer knows nothing of the kernel's semaphores: there only an atomic can tell. */
static void critical_section(void)
{
    EXPECT_OK(semop1(set, LOCK, -1, UNDO));
    EXPECT_INT(atomic_fetch_add_explicit(&inside, 1, memory_order_relaxed), 0);
    if (on_posix())
        guarded++;
    atomic_fetch_sub_explicit(&inside, 1, memory_order_relaxed);
    EXPECT_OK(semop1(set, LOCK, 1, UNDO));
}

static void move(int from, int to)
{
    struct shm_backend_sembuf ops[] = {{(unsigned short)from, -1, UNDO},
                                       {(unsigned short)to, 1, UNDO}};

    EXPECT_OK(semops(set, ops, 2));
}

static void change_mode(unsigned mode)
{
    struct shm_backend_semid_ds ds = set_stat(set);

    ds.perm.mode = mode;
    EXPECT_OK(
        shm_backend_semctl(set, 0, LIBSHM_IPC_SET, (union shm_backend_semun){.buf = &ds}));
}

static void use_semaphores(int me)
{
    unsigned short values[SEMAPHORES];

    for (int i = 0; i < rounds() * 4; i++) {
        critical_section();
        if (me % 2)
            move(EMPTY, FULL);
        else
            move(FULL, EMPTY);
        EXPECT_OK(sem_get_all(set, values));
        EXPECT_INT(values[FULL] + values[EMPTY], UNITS);
        EXPECT_INT(set_stat(set).nsems, SEMAPHORES);
        if (i % 16 == me)
            change_mode(i % 32 == me ? 0640 : 0600);
        if (semop1_timed(set, LOCK, -9, 0, 0) == 0)
            fail_at(__FILE__, __LINE__, "a semaphore of 1 was lowered by 9");
    }
}

static void check_semaphores(void)
{
    set = new_set(SEMAPHORES, 0600);
    EXPECT_OK(sem_set_all(set, (unsigned short[]){1, UNITS, 0}));
    run_threads("semaphores", use_semaphores);
    EXPECT_INT(semval(set, LOCK), 1);
    EXPECT_INT(semval(set, FULL), UNITS); /* as many moves there as back */
    EXPECT_INT(semval(set, EMPTY), 0);
    EXPECT_INT(semncnt(set, LOCK), 0);
    EXPECT_INT(guarded, on_posix() ? (long)THREADS * rounds() * 4 : 0);
    EXPECT_OK(remove_set(set));
}

/*
 * Objects that come and go.
 */

static int segment;
static key_t key;
static _Atomic int made;

static void come_and_go(int me)
{
    char *bytes = attach(segment);

    bytes[me] = (char)me;
    EXPECT(segment_stat(segment).nattch >= 1);
    EXPECT_OK(shm_backend_shmdt(bytes));
    int own = shm_backend_shmget(LIBSHM_IPC_PRIVATE, 5000, 0600);
    EXPECT_OK(own);
    bytes = attach(own);
    EXPECT_INT(nattch(own), 1);
    EXPECT_OK(remove_segment(own));
    EXPECT_OK(shm_backend_shmdt(bytes));
    EXPECT_ERR(remove_segment(own), EINVAL);
    own = shm_backend_semget(LIBSHM_IPC_PRIVATE, 1, 0600);
    EXPECT_OK(own);
    EXPECT_OK(semop1(own, 0, 1, UNDO));
    EXPECT_OK(remove_set(own));
    EXPECT_ERR(semop1(own, 0, 1, 0), EINVAL);
}

/* Only who has made it removes it, so everything else may only find it or not. */
static void race_for_a_key(void)
{
    int id = shm_backend_semget(key, 2, CREATE | LIBSHM_IPC_EXCL | 0600);

    if (id >= 0) {
        atomic_fetch_add(&made, 1);
        EXPECT_INT(shm_backend_semget(key, 2, 0600), id);
        EXPECT_OK(remove_set(id));
        return;
    }
    EXPECT_INT(errno, EEXIST);
    if (shm_backend_semget(key, 0, 0) < 0)
        EXPECT_INT(errno, ENOENT);
}

/* The sentence is that of this thread's last failure, whatever the others do. */
static void fail_in_a_way(int me)
{
    char text[80];

    snprintf(text, sizeof text, "not %d", 1000 + me);
    EXPECT_ERR(shm_ftok("/", 1000 + me), ERANGE);
    EXPECT(strstr(shm_error_detail(), text) != NULL);
    race_for_a_key();
    EXPECT_ERR(shm_ftok("/", 2000 + me), ERANGE);
    text[4] = '2';
    EXPECT(strstr(shm_error_detail(), text) != NULL);
}

static void use_objects(int me)
{
    for (int i = 0; i < rounds(); i++) {
        come_and_go(me);
        fail_in_a_way(me);
    }
}

static void check_objects(void)
{
    segment = new_segment(10000, 0600);
    key = free_key();
    run_threads("objects", use_objects);
    EXPECT_INT(nattch(segment), 0);
    EXPECT(made > 0);
    EXPECT_ERR(shm_backend_semget(key, 0, 0), ENOENT);
    EXPECT_OK(remove_segment(segment));
}

int main(void)
{
    announce();
    registry_start();
    make_arrays();
    run_threads("arrays", use_arrays);
    end_arrays();
    check_semaphores();
    check_objects();
    EXPECT_INT(shm_backend_shm_list(NULL, 0), 0);
    EXPECT_INT(shm_backend_sem_list(NULL, 0), 0);
    return 0;
}
