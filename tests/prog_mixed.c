/*
 * Two programs of different builds, such as one of 32 and one of 64 bits, share arrays, a segment
 * and a semaphore: sums are exact, results of updates the same to the last bit, a lock passes
 * from one to the other, undo and attaches are right when either dies, and long double is
 * refused where it differs.
 *
 * LIBSHM_TEST_OTHER  the tests folder of the other build; if unset, both are this program
 */
#include "config.h"

#include <float.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/arrays_programs.h"

enum { UPDATES = 3000, ROUNDS = 20000, KILLS = 60, LENGTH = 700, STEPS = 40, ARRAYS = 7 };
enum { LARGE = 20000, PATIENCE_MS = 5000 };

static char other[PATH_MAX + 64];

static void find_other(void)
{
    const char *folder = getenv("LIBSHM_TEST_OTHER");
    char self[PATH_MAX] = "";
    EXPECT(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    if (folder)
        snprintf(other, sizeof other, "%s%s", folder, strrchr(self, '/'));
    else
        snprintf(other, sizeof other, "%s", self);
}

static pid_t start_other(const char *role, key_t key, long number)
{
    return start_role_of(other, role, key, number);
}

static void run_other(const char *role, key_t key, long number)
{
    end_role(start_other(role, key, number), 0);
}

/*
 * Arrays: one large, which is a partition of its own, and one of each of some types.
 */
static const size_t lengths[ARRAYS] = {LARGE, LENGTH, LENGTH, LENGTH, LENGTH, LENGTH, LENGTH};
static const struct shm_array_spec specs[ARRAYS] = {
    {.label = "large", .dtype = LIBSHM_UINT64, .ndim = 1, .shape = &lengths[0]},
    {.label = "uint64", .dtype = LIBSHM_UINT64, .ndim = 1, .shape = &lengths[1]},
    {.label = "int8", .dtype = LIBSHM_INT8, .ndim = 1, .shape = &lengths[2]},
    {.label = "float16", .dtype = LIBSHM_FLOAT16, .ndim = 1, .shape = &lengths[3]},
    {.label = "float32", .dtype = LIBSHM_FLOAT32, .ndim = 1, .shape = &lengths[4]},
    {.label = "float64", .dtype = LIBSHM_FLOAT64, .ndim = 1, .shape = &lengths[5]},
    {.key = -7, .dtype = LIBSHM_COMPLEX128, .ndim = 1, .shape = &lengths[6]}};

static uint64_t large[LARGE], uint64s[LENGTH];
static int8_t int8s[LENGTH];
static uint16_t halves[LENGTH];
static float floats[LENGTH];
static double doubles[LENGTH], complexes[2 * LENGTH];
static void *const all[ARRAYS] = {large, uint64s, int8s, halves, floats, doubles, complexes};

/* Numbers that no type but the integers has exactly. */
static void set_fractions(void)
{
    for (size_t i = 0; i < LARGE; i++)
        large[i] = i;
    for (size_t i = 0; i < LENGTH; i++) {
        double x = 0.1 + (double)i * 0.37;
        uint64s[i] = (uint64_t)i << 40;
        int8s[i] = (int8_t)(i % 200);
        halves[i] = (uint16_t)(0x3000 + i);
        floats[i] = (float)x;
        doubles[i] = x;
        complexes[2 * i] = x / 3;
        complexes[2 * i + 1] = -x / 7;
    }
}

static void set_ones(void)
{
    for (size_t i = 0; i < LARGE; i++)
        large[i] = 1;
    for (size_t i = 0; i < LENGTH; i++) {
        uint64s[i] = 1;
        doubles[i] = 0.25;
    }
}

static const void *const added[ARRAYS] = {large, uint64s, NULL, NULL, NULL, doubles, NULL};

static struct shm_arrays *attach_verified(key_t root)
{
    struct shm_arrays *a = shm_arrays_attach_verified(root, specs, ARRAYS);
    EXPECT(a);
    EXPECT(shm_arrays_settimeout(a, PATIENCE_MS) == 0);
    return a;
}

static void add(struct shm_arrays *a, long updates)
{
    set_ones();
    for (long i = 0; i < updates; i++)
        EXPECT(shm_arrays_update(a, LIBSHM_ADD, 0, added, NULL) == 0);
}

static void expect_sums(struct shm_arrays *a, uint64_t sum)
{
    EXPECT(shm_arrays_read(a, all) == 0);
    EXPECT(first_other(large, LARGE, sum) == LARGE);
    EXPECT(first_other(uint64s, LENGTH, sum) == LENGTH);
    for (size_t i = 0; i < LENGTH; i++)
        EXPECT(doubles[i] >= 0.25 * (double)sum && doubles[i] <= 0.25 * (double)sum);
}

static void sums(void)
{
    struct shm_arrays *a = shm_arrays_create(specs, ARRAYS, NULL, 0600);
    EXPECT(a);
    long updates = scaled(UPDATES);
    pid_t partner = start_other("add", shm_arrays_root(a), updates);
    add(a, updates);
    end_role(partner, 0);
    expect_sums(a, 2 * (uint64_t)updates);
    printf("%ld updates by each\n", updates);
    EXPECT(shm_arrays_remove(a) == 0);
    EXPECT(shm_arrays_close(a) == 0);
}

/* Every operation some times, with a factor that is no fraction of two. */
static void compute(struct shm_arrays *a)
{
    for (int i = 0; i < STEPS; i++) {
        set_fractions();
        for (int op = LIBSHM_ADD; op <= LIBSHM_MAX; op++)
            EXPECT(shm_arrays_update(a, op, i % 2 ? 0.1 : 1.3,
                                     op == LIBSHM_SCALE ? NULL : (const void *const *)all,
                                     NULL) == 0);
    }
}

static size_t read_all(struct shm_arrays *a, unsigned char *bytes)
{
    size_t end = 0;
    EXPECT(shm_arrays_read(a, all) == 0);
    for (size_t i = 0; i < ARRAYS; i++) {
        memcpy(bytes + end, all[i], shm_arrays_nbytes(a, i));
        end += shm_arrays_nbytes(a, i);
    }
    return end;
}

static void same_results(void)
{
    static unsigned char mine[LARGE * 16], theirs[LARGE * 16];
    set_fractions();
    struct shm_arrays *a = shm_arrays_create(specs, ARRAYS, (const void *const *)all, 0600);
    struct shm_arrays *b = shm_arrays_create(specs, ARRAYS, (const void *const *)all, 0600);
    EXPECT(a && b);
    run_other("compute", shm_arrays_root(b), 0);
    compute(a);
    size_t nbytes = read_all(a, mine);
    EXPECT(read_all(b, theirs) == nbytes);
    EXPECT(memcmp(mine, theirs, nbytes) == 0);
    EXPECT(shm_arrays_remove(a) == 0 && shm_arrays_remove(b) == 0);
    EXPECT(shm_arrays_close(a) == 0 && shm_arrays_close(b) == 0);
}

/*
 * A semaphore and a counter that it guards, under one key.
 */
static struct shm_semaphore *lock;
static struct shm_memory *memory;
static volatile uint32_t *counter;

static void attach_counter(void)
{
    void *at;
    EXPECT(shm_memory_attach(memory, NULL, 0) == 0);
    EXPECT(shm_memory_addr(memory, &at) == 0);
    counter = at;
}

static void open_lock(key_t key)
{
    lock = shm_semaphore(shm_getsemid(key));
    memory = shm_memory(shm_getshmid(key));
    EXPECT(lock && memory);
    EXPECT(shm_semaphore_setundo(lock, 1) == 0);
}

static void take(void)
{
    EXPECT(shm_semaphore_p_timed(lock, PATIENCE_MS) == 0);
}

static void count_up(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        take();
        ++*counter;
        EXPECT(shm_semaphore_v(lock) == 0);
    }
}

static size_t attaches(void)
{
    size_t n;
    EXPECT(shm_memory_nattch(memory, &n) == 0);
    return n;
}

static int value(void)
{
    int n;
    EXPECT(shm_semaphore_val(lock, &n) == 0);
    return n;
}

static int waiting(void)
{
    int n;
    EXPECT(shm_semaphore_ncnt(lock, &n) == 0);
    return n;
}

/* Waits for a state; a child that has not become the other program yet has attaches as well. */
#define AWAIT(state)                                                                           \
    for (double end = deadline(); !(state);)                                                   \
    EXPECT(nap_before(end))

/* The other program has begun to count. */
static pid_t start_counting(key_t key, long rounds)
{
    uint32_t before = *counter;
    pid_t partner = start_other("count", key, rounds);
    AWAIT(*counter != before);
    return partner;
}

static void exclusion(key_t key)
{
    long rounds = scaled(ROUNDS);
    *counter = 0;
    pid_t partner = start_counting(key, rounds);
    count_up(rounds);
    end_role(partner, 0);
    EXPECT(*counter == 2 * (uint32_t)rounds);
    EXPECT(attaches() == 1);
    EXPECT(value() == 1);
    printf("%ld P and V by each\n", rounds);
}

/* Takes the lock while this process sleeps for it, and gives it back to it. */
static void hand_over(key_t key)
{
    take();
    pid_t partner = start_other("wait", key, 0);
    AWAIT(waiting() == 1);
    EXPECT(attaches() == 1);
    EXPECT(shm_semaphore_v(lock) == 0);
    AWAIT(attaches() == 2); /* it holds the lock now */
    EXPECT(value() == 0);
    kill(partner, SIGUSR1);
    take();
    end_role(partner, 0);
    EXPECT(shm_semaphore_v(lock) == 0);
}

static void kill_holder(key_t key)
{
    pid_t partner = start_other("wait", key, 0);
    AWAIT(value() == 0);
    AWAIT(attaches() == 2);
    kill(partner, SIGKILL);
    take();
    end_role(partner, 128 + SIGKILL);
    EXPECT(attaches() == 1);
    EXPECT(shm_semaphore_v(lock) == 0);
    EXPECT(value() == 1);
}

/* Wherever in its call the partner dies, this process repairs what is left. */
static void kill_anywhere(key_t key)
{
    int kills = scaled(KILLS);
    for (int i = 0; i < kills; i++) {
        pid_t partner = start_counting(key, LONG_MAX);
        nanosleep(&(struct timespec){.tv_nsec = rand() % 2000000}, NULL);
        kill(partner, SIGKILL);
        take();
        EXPECT(shm_semaphore_v(lock) == 0);
        end_role(partner, 128 + SIGKILL);
        EXPECT(value() == 1 && attaches() == 1);
    }
    printf("%d kills between P and V\n", kills);
}

static void semaphores(void)
{
    key_t key = test_key(0);
    EXPECT(noted_semaphore(shm_create_semaphore(key, 1, 0600)));
    EXPECT(noted_memory(shm_create_memory(key, 4096, 0600)));
    open_lock(key);
    attach_counter();
    exclusion(key);
    hand_over(key);
    kill_holder(key);
    kill_anywhere(key);
    EXPECT(shm_memory_detach(memory) == 0);
    remove_leftovers();
}

static uint64_t version_of(struct shm_arrays *a)
{
    uint64_t version;
    EXPECT(shm_arrays_version(a, 0, &version) == 0);
    return version;
}

static void kill_updaters(void)
{
    int kills = scaled(KILLS);
    struct shm_arrays *a = shm_arrays_create(specs, ARRAYS, NULL, 0600);
    EXPECT(a);
    EXPECT(shm_arrays_settimeout(a, PATIENCE_MS) == 0);
    memory = shm_memory(shm_getshmid(shm_arrays_root(a)));
    for (int i = 0; i < kills; i++) {
        uint64_t before = version_of(a);
        pid_t partner = start_other("add", shm_arrays_root(a), LONG_MAX);
        AWAIT(version_of(a) > before);
        nanosleep(&(struct timespec){.tv_nsec = rand() % 3000000}, NULL);
        kill(partner, SIGKILL);
        add(a, 1);
        end_role(partner, 128 + SIGKILL);
        EXPECT(attaches() == 1);
        EXPECT(shm_arrays_read(a, all) == 0);
        EXPECT(first_other(large, LARGE, large[0]) == LARGE);
        EXPECT(first_other(uint64s, LENGTH, uint64s[0]) == LENGTH);
    }
    printf("%d kills in updates\n", kills);
    shm_memory_free(memory);
    EXPECT(shm_arrays_remove(a) == 0);
    EXPECT(shm_arrays_close(a) == 0);
}

/* The partner expects a success if its long double is the one of `mark`, else a refusal. */
static void long_doubles(void)
{
    size_t three = 3;
    struct shm_array_spec spec = {.dtype = LIBSHM_LONGDOUBLE, .ndim = 1, .shape = &three};
    struct shm_arrays *a = shm_arrays_create(&spec, 1, NULL, 0600);
    EXPECT(a);
    run_other("refuse", shm_arrays_root(a), sizeof(long double) * 1000 + LDBL_MANT_DIG);
    EXPECT(shm_arrays_remove(a) == 0);
    EXPECT(shm_arrays_close(a) == 0);
}

static int refuse(key_t root, long mark)
{
    struct shm_arrays *a = shm_arrays_attach(root);
    if (mark == (long)sizeof(long double) * 1000 + LDBL_MANT_DIG) {
        EXPECT(a);
        return shm_arrays_close(a);
    }
    EXPECT(!a && errno == EINVAL);
    printf("refused: %s\n", shm_error_detail());
    EXPECT(strstr(shm_error_detail(), "elements of type long double"));
    return 0;
}

static void go_on(int signal)
{
    (void)signal;
}

static int hold_until_signal(void)
{
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    signal(SIGUSR1, go_on);
    take();
    attach_counter();
    int got;
    EXPECT(sigwait(&usr1, &got) == 0);
    EXPECT(shm_memory_detach(memory) == 0);
    return shm_semaphore_v(lock);
}

static int play(const char *role, key_t key, long number)
{
    if (strcmp(role, "refuse") == 0)
        return refuse(key, number);
    if (strcmp(role, "add") == 0 || strcmp(role, "compute") == 0) {
        struct shm_arrays *a = attach_verified(key);
        if (role[0] == 'a')
            add(a, number);
        else
            compute(a);
        return shm_arrays_close(a);
    }
    open_lock(key);
    if (strcmp(role, "wait") == 0)
        return hold_until_signal();
    attach_counter();
    count_up(number);
    return shm_memory_detach(memory);
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return play(argv[0], (key_t)atol(argv[1]), atol(argv[2]));
    support_start();
    find_other();
    srand((unsigned)time(NULL));
    printf("this one has %zu bits, the other is %s\n", 8 * sizeof(void *), other);
    fflush(stdout);
    sums();
    same_results();
    semaphores();
    kill_updaters();
    long_doubles();
    return 0;
}
