/*
 * Kill loop: workers update without pause and are killed at random times. After each of the 300
 * kills every lock can be had within 50 ms and the counts of attaches are true; every partition
 * is one version at any time; in the end everything can be removed.
 */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include "libshm/backend.h"
#include "tests/arrays_programs.h"
#include "tests/waits.h"

enum { WORKERS = 3, KILLS = 300, LARGE = 20000, PARTITIONS = 2, PATIENCE_MS = 5000 };

/* In the order of the set; the first is a partition, the other three are the second one. */
static const struct shm_array_spec specs[] = {
    {.key = 0, .dtype = LIBSHM_UINT64, .ndim = 1, .shape = (const size_t[]){LARGE}},
    {.key = 1, .dtype = LIBSHM_UINT64, .ndim = 1, .shape = (const size_t[]){9}},
    {.key = 2, .dtype = LIBSHM_UINT64, .ndim = 1, .shape = (const size_t[]){25}},
    {.key = 3, .dtype = LIBSHM_UINT64, .ndim = 1, .shape = (const size_t[]){513}}};
enum { ARRAYS = 4 };

static uint64_t numbers[ARRAYS][LARGE], ones[ARRAYS][LARGE];
static const void *const data[ARRAYS] = {ones[0], ones[1], ones[2], ones[3]};
static void *const out[ARRAYS] = {numbers[0], numbers[1], numbers[2], numbers[3]};

static void set_ones(void)
{
    for (size_t i = 0; i < LARGE; i++)
        for (int k = 0; k < ARRAYS; k++)
            ones[k][i] = 1;
}

static int add_one(const struct shm_array_update *u, void *context)
{
    (void)context;
    const uint64_t *old = u->old;
    uint64_t *result = u->result;
    for (size_t i = 0; i < u->count; i++)
        result[i] = old[i] + 1;
    return 0;
}

/* Each array is one number throughout, and those of a partition are the same. */
static bool is_whole(void)
{
    size_t counts[ARRAYS] = {LARGE, 9, 25, 513};
    for (int k = 0; k < ARRAYS; k++)
        if (first_other(numbers[k], counts[k], numbers[k ? 1 : 0][0]) != counts[k])
            return false;
    return true;
}

static int work(key_t root, long number)
{
    set_ones();
    shm_arrays_stream_threshold = number % 2 ? 0 : SIZE_MAX;
    struct shm_arrays *a = shm_arrays_attach(root);
    EXPECT(a);
    for (int i = 0;; i++) {
        EXPECT(shm_arrays_update(a, LIBSHM_ADD, 0, data, i % 3 ? NULL : out) == 0);
        EXPECT(i % 3 || is_whole());
        EXPECT(shm_arrays_update_with(a, add_one, NULL, NULL, NULL) == 0);
        EXPECT(shm_arrays_read(a, out) == 0);
        EXPECT(is_whole());
    }
}

static struct shm_arrays *set;
static struct shm_key_pair keys[PARTITIONS];
static pid_t workers[WORKERS];

static void start_worker(int i, long number)
{
    workers[i] = start_role("work", shm_arrays_root(set), number);
}

static bool is_attached_by(uint64_t count)
{
    for (int p = 0; p < PARTITIONS; p++) {
        struct shm_backend_shmid_ds ds;
        EXPECT(shm_backend_shmctl(shm_getshmid(keys[p].memory_key), LIBSHM_IPC_STAT, &ds) == 0);
        if (ds.nattch != count)
            return false;
    }
    return true;
}

static void wait_for_attaches(uint64_t count)
{
    for (double end = deadline(); !is_attached_by(count);)
        EXPECT(nap_before(end));
}

static uint64_t version_of(size_t partition)
{
    uint64_t version;
    EXPECT(shm_arrays_version(set, partition, &version) == 0);
    return version;
}

/* A reader that asks after the kill gets what was published before it, whole. */
static void read_all(void)
{
    uint64_t least[PARTITIONS] = {version_of(0), version_of(1)};
    EXPECT(shm_arrays_read(set, out) == 0);
    EXPECT(is_whole());
    EXPECT(numbers[0][0] >= least[0] && numbers[0][0] <= version_of(0));
    EXPECT(numbers[1][0] >= least[1] && numbers[1][0] <= version_of(1));
}

static struct waits waits;

/* One partition each, so that the wait for one lock is what is measured. */
static void take_each_lock(void)
{
    for (int p = 0; p < PARTITIONS; p++) {
        const void *part[ARRAYS] = {p ? NULL : ones[0], p ? ones[1] : NULL, p ? ones[2] : NULL,
                                    p ? ones[3] : NULL};
        double start = seconds_now();
        EXPECT(shm_arrays_update(set, LIBSHM_ADD, 0, part, NULL) == 0);
        waits_add(&waits, seconds_now() - start);
    }
}

static void kill_one(long number)
{
    int victim = rand() % WORKERS;
    nanosleep(&(struct timespec){.tv_nsec = rand() % 3000000}, NULL);
    kill(workers[victim], SIGKILL);
    end_role(workers[victim], 128 + SIGKILL);
    take_each_lock();
    wait_for_attaches(WORKERS); /* the others, and this process */
    read_all();
    start_worker(victim, number);
    wait_for_attaches(WORKERS + 1);
}

static void make_set(void)
{
    set_ones();
    set = shm_arrays_create(specs, ARRAYS, NULL, 0600);
    EXPECT(set);
    EXPECT(shm_arrays_keys(set, keys, PARTITIONS) == PARTITIONS);
    EXPECT(shm_arrays_settimeout(set, PATIENCE_MS) == 0);
    for (int i = 0; i < WORKERS; i++)
        start_worker(i, i);
    wait_for_attaches(WORKERS + 1);
}

static void end_set(void)
{
    for (int i = 0; i < WORKERS; i++)
        kill(workers[i], SIGKILL);
    for (int i = 0; i < WORKERS; i++)
        end_role(workers[i], 128 + SIGKILL);
    take_each_lock();
    read_all();
    EXPECT(is_attached_by(1));
    EXPECT(shm_arrays_remove(set) == 0);
    EXPECT(shm_arrays_close(set) == 0);
    for (int p = 0; p < PARTITIONS; p++) {
        EXPECT(!shm_memory_haskey(keys[p].memory_key));
        EXPECT(!shm_semaphore_haskey(keys[p].semaphore_key));
    }
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return work((key_t)atol(argv[1]), atol(argv[2]));
    support_start();
    double start = seconds_now();
    srand((unsigned)time(NULL));
    make_set();
    waits_start(&waits);
    int kills = scaled(KILLS);
    for (int i = 0; i < kills; i++)
        kill_one(i);
    printf("%d kills, versions %llu and %llu: %.2f s\n", kills,
           (unsigned long long)version_of(0), (unsigned long long)version_of(1),
           seconds_now() - start);
    end_set();
    EXPECT(waits_were_prompt(&waits));
    return 0;
}
