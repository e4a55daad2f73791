/*
 * Readers beside writers never see a torn partition, nor one that is older than before.
 *
 * All numbers of the set are equal and count its versions, so a copy says which version it is.
 * The reader counts what was published while it copied: without enough of that, nothing was
 * tested. Slots that are no multiple of a cache line show missing store fences (their last line
 * leaves the processor late), so those sizes are here, with streaming stores as well. A writer
 * that fills its slot from the end meets every reader that is still in it.
 *
 * prog_arrays_torn [MODE]: only this way of writing, "plain", "streaming" or "backwards".
 */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include "tests/arrays_programs.h"

enum { LARGEST = 131073, FEWEST = 1000 };
enum mode { PLAIN, STREAMING, BACKWARDS, MODES };

static const size_t counts[] = {9, 25, 513, LARGEST}; /* 72, 200, 4104, 1048584 bytes */
static uint64_t numbers[LARGEST];

/* Without optimisation an update of the largest takes so long that hardly any ends within a copy. */
#ifdef __OPTIMIZE__
static const size_t largest = LARGEST;
#else
static const size_t largest = 513;
#endif

static struct shm_arrays *attach(key_t root, long mode)
{
    shm_arrays_stream_threshold = mode == STREAMING ? 0 : SIZE_MAX;
    struct shm_arrays *a = shm_arrays_attach(root);
    EXPECT(a);
    return a;
}

static int add_backwards(const struct shm_array_update *u, void *context)
{
    volatile uint64_t *result = u->result;
    uint64_t number = *(const uint64_t *)u->old + 1;
    (void)context;
    for (size_t i = u->count; i-- > 0;)
        result[i] = number;
    return 0;
}

static void write_once(struct shm_arrays *a, long mode)
{
    const void *data[] = {numbers};
    if (mode == BACKWARDS)
        EXPECT(shm_arrays_update_with(a, add_backwards, NULL, NULL, NULL) == 0);
    else
        EXPECT(shm_arrays_update(a, LIBSHM_ADD, 0, data, NULL) == 0);
}

static _Noreturn void write_for_ever(key_t root, long mode)
{
    struct shm_arrays *a = attach(root, mode);
    for (size_t i = 0; i < LARGEST; i++)
        numbers[i] = 1;
    for (;;)
        write_once(a, mode);
}

struct tally {
    long reads;
    uint64_t overlaps;
    uint64_t last; /* the version of the last copy */
};

/*
 * A reader is interrupted a thousand times a second, for 1 to 128 us: writers then come round to
 * the slot it has read half of.
 */
static void be_held_up(int signal)
{
    static unsigned state = 1;
    (void)signal;
    state = state * 1664525u + 1013904223u;
    for (double end = seconds_now() + 1e-6 * (1 << (state >> 29)); seconds_now() < end;)
        continue;
}

static timer_t hold_ups;

static void start_hold_ups(void)
{
    struct sigaction action = {.sa_handler = be_held_up};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec often = {{.tv_nsec = 1000000}, {.tv_nsec = 1000000}};
    EXPECT(sigaction(SIGUSR1, &action, NULL) == 0);
    EXPECT(timer_create(CLOCK_MONOTONIC, &event, &hold_ups) == 0);
    EXPECT(timer_settime(hold_ups, 0, &often, NULL) == 0);
}

static uint64_t version_of(struct shm_arrays *a)
{
    uint64_t version;
    EXPECT(shm_arrays_version(a, 0, &version) == 0);
    return version;
}

static void read_once(struct shm_arrays *a, size_t count, struct tally *t)
{
    uint64_t before = version_of(a);
    while (shm_arrays_read(a, (void *[]){numbers}) != 0)
        EXPECT(errno == EINTR);
    uint64_t after = version_of(a);
    size_t torn = count;
    /* At random more than once: reader and writer must not fall into step with each other. */
    for (int times = 1 + rand() % 3; times > 0 && torn == count; times--)
        torn = first_other(numbers, count, numbers[0]);
    if (torn != count)
        printf("%zu numbers: 0 to %zu are version %llu, number %zu is %llu\n", count, torn - 1,
               (unsigned long long)numbers[0], torn, (unsigned long long)numbers[torn]);
    EXPECT(torn == count);
    EXPECT(numbers[0] >= t->last && numbers[0] >= before && numbers[0] <= after);
    t->last = numbers[0];
    t->overlaps += after - before;
    t->reads++;
}

/* On a busy machine the processes rarely run at the same time: the fewest are enough there. */
static struct tally read_often(struct shm_arrays *a)
{
    struct tally t = {0, 0, 0};
    size_t count = shm_arrays_nbytes(a, 0) / sizeof *numbers;
    uint64_t enough = (uint64_t)scaled(count == LARGEST ? 1200 : 15000);
    double patience = seconds_now() + 20;
    start_hold_ups();
    while (t.overlaps < enough || t.reads < scaled(1000)) {
        read_once(a, count, &t);
        if (t.overlaps >= (uint64_t)scaled(FEWEST) && seconds_now() > patience)
            break;
    }
    EXPECT(timer_delete(hold_ups) == 0);
    return t;
}

static void read_beside(key_t root, long mode)
{
    struct shm_arrays *a = attach(root, mode);
    read_often(a);
    EXPECT(shm_arrays_close(a) == 0);
}

static const char *const names[MODES] = {"plain", "streaming", "backwards"};

static void try_size(size_t count, long mode)
{
    struct shm_array_spec spec = {.dtype = LIBSHM_UINT64, .ndim = 1, .shape = &count};
    struct shm_arrays *a = shm_arrays_create(&spec, 1, NULL, 0600);
    EXPECT(a);
    key_t root = shm_arrays_root(a);
    double start = seconds_now();
    pid_t writer = start_role("write", root, mode);
    /* Two of them, but for the largest slot: each wants a processor beside the writer's. */
    pid_t reader = count == LARGEST ? 0 : start_role("read", root, mode);
    struct tally t = read_often(a);
    if (reader)
        end_role(reader, 0);
    kill(writer, SIGKILL);
    end_role(writer, 128 + SIGKILL);
    printf("%7zu bytes, %s: %ld reads, %llu publications during them, %.2f s\n",
           count * sizeof *numbers, names[mode], t.reads, (unsigned long long)t.overlaps,
           seconds_now() - start);
    EXPECT(t.overlaps >= (uint64_t)scaled(FEWEST));
    EXPECT(shm_arrays_remove(a) == 0);
    EXPECT(shm_arrays_close(a) == 0);
}

static int play(const char *role, key_t root, long mode)
{
    if (strcmp(role, "write") == 0)
        write_for_ever(root, mode);
    read_beside(root, mode);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return play(argv[0], (key_t)atol(argv[1]), atol(argv[2]));
    support_start();
    for (size_t i = 0; i < sizeof counts / sizeof *counts && counts[i] <= largest; i++)
        for (long mode = PLAIN; mode < MODES; mode++)
            if (argc == 1 || strcmp(argv[1], names[mode]) == 0)
                try_size(counts[i], mode);
    return 0;
}
