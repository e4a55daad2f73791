/*
 * A hostile writer: while some processes make calls, another one writes at random into what they
 * share. Any call may fail, but none gets a signal, none hangs, and none writes outside of its
 * object or of the caller's buffers, behind which there are pages that nobody may touch.
 *
 * What is random follows from seeds, which are printed. The users make a fixed number of calls;
 * the writer writes until they are through. It never truncates: that is a signal by design.
 */
#include "config.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libshm/arrays.h"
#include "libshm/arrays_layout.h"
#include "posix/posix_queue_format.h"
#include "tests/backend_files.h"
#include "tests/backend_support.h"

enum { USERS = 3, CALLS = 400, ROUNDS = 8, UNDO = LIBSHM_SEM_UNDO };
enum { PAGE = 4096, GUARDED = 1 << 17, MOST_AREAS = 6, NSEMS = 3, SIZE = 5000 };

static uint64_t state;

static unsigned random_number(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33);
}

/*
 * Pages that nobody may touch.
 */

static char *reserve(void)
{
    char *place =
        mmap(NULL, GUARDED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    EXPECT(place != MAP_FAILED);
    return place;
}

/* `size` bytes that end where such a page begins. */
static void *guarded_bytes(size_t size)
{
    size_t pages = (size + PAGE - 1) / PAGE * PAGE;
    char *place = reserve();

    EXPECT(pages < GUARDED);
    EXPECT_OK(mprotect(place, pages ? pages : PAGE, PROT_READ | PROT_WRITE));
    return place + pages - size;
}

/*
 * The writer.
 */

struct area {
    size_t at, size;
    unsigned weight; /* how often it is chosen, in 16 */
};

struct target {
    unsigned char *bytes, before[PAGE * 3];
    size_t kept; /* bytes of `before` */
    struct area areas[MOST_AREAS];
    unsigned good_every; /* so many stores: good bytes again, so that calls come far */
    size_t lock; /* a word that a living process may keep for ever is freed again; 0: none */
};

static struct target target;

/* Of a round, for all its processes. */
static struct {
    _Atomic int users_left;
    _Atomic int successes;
} * round_of;

static void map_target(const char *type, int id, size_t size)
{
    char path[FILE_PATH_SIZE];

    file_path(path, type, (unsigned)id);
    int fd = (int)EXPECT_OK(open(path, O_RDWR));
    target.bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EXPECT(target.bytes != MAP_FAILED);
    close(fd);
}

static void keep_bytes(size_t size)
{
    target.kept = size < sizeof target.before ? size : sizeof target.before;
    memcpy(target.before, target.bytes, target.kept);
}

static const struct area *choose_area(void)
{
    unsigned number = random_number() % 16;
    const struct area *area = target.areas;

    while (number >= area->weight)
        number -= area++->weight;
    return area;
}

static void write_something(void)
{
    static const uint64_t nasty[] = {
        0, 1, 2, 3, 0x7fff, INT32_MAX, UINT32_MAX, UINT64_MAX, (uint64_t)1 << 63};
    const struct area *area = choose_area();
    size_t size = (size_t)1 << random_number() % 4, at = random_number() % area->size;
    uint64_t value = (uint64_t)random_number() << 32 | random_number();

    if (random_number() % 2)
        value = nasty[random_number() % (sizeof nasty / sizeof *nasty)];
    if (random_number() % 4)
        at -= at % size;
    if (at + size <= area->size)
        memcpy(target.bytes + area->at + at, &value, size);
}

static void scribble(void *unused)
{
    const uint32_t nobody = 0;

    (void)unused;
    for (unsigned n = 0; atomic_load(&round_of->users_left) > 0; n++) {
        write_something();
        if (n % target.good_every == 0)
            memcpy(target.bytes, target.before, target.kept);
        if (target.lock && n % 8 == 0)
            memcpy(target.bytes + target.lock, &nobody, sizeof nobody);
        if (n % (target.good_every / 4 + 1) == 0)
            usleep(20);
    }
}

/*
 * The users.
 */

struct cast {
    const char *what;
    int (*call)(void); /* -1 for one that failed */
    unsigned number;
};

static double processor_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A second of processor time is a hang; a call that only waits has ten, for busy machines. */
static void use(void *cast)
{
    const struct cast *c = cast;

    state += c->number * 7919;
    for (int i = 0; i < scaled(CALLS); i++) {
        double wall = seconds_now(), cpu = processor_seconds();
        if (c->call() >= 0)
            atomic_fetch_add(&round_of->successes, 1);
        if (processor_seconds() - cpu > 1 || seconds_now() - wall > 10)
            fail_at(__FILE__, __LINE__, "%s: call %d took %.2f s, %.2f s of the processor",
                    c->what, i, seconds_now() - wall, processor_seconds() - cpu);
    }
}

/* How many calls succeeded in all rounds: a writer so wild that nothing ever works shows little. */
enum kind { A_SET, SLEEPERS, A_QUEUE, A_SEGMENT, ARRAYS, KINDS };
static const char *const kind_names[KINDS] = {"a set", "a set's sleepers", "a message queue",
                                              "a segment's header", "arrays"};
static int successes_of[KINDS];

static void expect_successes(enum kind kind)
{
    printf("%s: %d successes\n", kind_names[kind], successes_of[kind]);
    EXPECT(successes_of[kind] > ROUNDS * scaled(CALLS) / 10);
}

static void expect_survival(enum kind kind, int (*call)(void), unsigned seed)
{
    pid_t users[USERS];
    struct cast casts[USERS];
    const char *what = kind_names[kind];

    state = seed;
    atomic_store(&round_of->users_left, USERS);
    atomic_store(&round_of->successes, 0);
    for (unsigned i = 0; i < USERS; i++) {
        casts[i] = (struct cast){what, call, i};
        users[i] = start(use, &casts[i]);
    }
    pid_t writer = start(scribble, NULL);
    int results = 0;
    for (int i = 0; i < USERS; i++) {
        int result = reap(users[i]);
        results = result > results ? result : results;
        atomic_fetch_sub(&round_of->users_left, 1);
    }
    EXPECT_INT(reap(writer), 0);
    printf("%s: seed %u: %d calls, %d succeeded\n", what, seed, USERS * scaled(CALLS),
           atomic_load(&round_of->successes));
    successes_of[kind] += atomic_load(&round_of->successes);
    if (results)
        fail_at(__FILE__, __LINE__, "%s, seed %u: a user ended with %d", what, seed, results);
    memcpy(target.bytes, target.before, target.kept);
}

/*
 * A set.
 */

enum { CONTROL = 256, SEMAPHORES = 448, ROWS = 4096 };

static int set;
static key_t set_key;

static int ask_set(void)
{
    struct shm_backend_semid_ds ds;
    union shm_backend_semun arg = {.buf = &ds};
    static const int commands[] = {LIBSHM_GETVAL, LIBSHM_GETPID, LIBSHM_GETNCNT,
                                   LIBSHM_GETZCNT};

    if (random_number() % 2)
        return sem_get(set, (int)(random_number() % NSEMS), commands[random_number() % 4]);
    if (shm_backend_semctl(set, 0, LIBSHM_IPC_STAT, arg) != 0)
        return -1;
    unsigned short *values = guarded_bytes(ds.nsems * sizeof *values);
    int result = sem_get_all(set, values);
    munmap((void *)((uintptr_t)values / PAGE * PAGE), GUARDED);
    return result;
}

static int look_around(void)
{
    int ids[4];

    switch (random_number() % 4) {
    case 0:
        return (int)shm_backend_sem_list(ids, 4);
    case 1:
        return (int)shm_backend_shm_list(ids, 4);
    case 2:
        return (int)shm_backend_semget(set_key, NSEMS, 0);
    default:
        return shm_backend_semget(set_key, NSEMS, LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0600);
    }
}

static int use_set(void)
{
    struct shm_backend_sembuf ops[] = {{0, 1, UNDO}, {1, 0, LIBSHM_IPC_NOWAIT}, {2, -1, UNDO}};
    int flags = random_number() % 2 ? UNDO : 0, number = (int)(random_number() % NSEMS);

    switch (random_number() % 8) {
    case 0:
    case 1:
        return (int)semop1_timed(set, number, 1, flags, 2);
    case 2:
        return (int)semop1_timed(set, number, -1, flags, 2);
    case 3:
        return (int)semop1_timed(set, number, 0, 0, 30);
    case 4:
        return (int)semops_timed(set, ops, 3, 1);
    case 5:
        return (int)sem_set(set, number, (int)(random_number() % 4));
    case 6:
        return (int)ask_set();
    default:
        return look_around();
    }
}

static void scribble_over_a_set(unsigned seed)
{
    set_key = free_key();
    set = set_at(set_key, NSEMS, 0600);
    EXPECT_OK(semop1(set, 0, 3, 0));
    map_target("s", set, PAGE * 3);
    keep_bytes(SEMAPHORES);
    target.areas[0] = (struct area){CONTROL, SEMAPHORES - CONTROL, 7};
    target.areas[1] = (struct area){SEMAPHORES, NSEMS * 40, 4};
    target.areas[2] = (struct area){ROWS, 512, 4};
    target.areas[3] = (struct area){24, CONTROL - 24, 1};
    target.good_every = 64;
    target.lock = CONTROL;
    expect_survival(A_SET, use_set, seed);
    munmap(target.bytes, PAGE * 3);
    remove_set(set);
    remove_files();
}

/* The sleepers lie far behind: they have a round of their own. */
static void scribble_over_sleepers(unsigned seed)
{
    enum { WAITERS = 4096 + 16384 * 64 };

    set_key = free_key();
    set = set_at(set_key, NSEMS, 0600);
    map_target("s", set, WAITERS + PAGE);
    keep_bytes(SEMAPHORES);
    target.areas[0] = (struct area){WAITERS, 8 * 128, 14};
    target.areas[1] = (struct area){CONTROL + 64, 64, 2};
    target.good_every = 64;
    target.lock = CONTROL;
    expect_survival(SLEEPERS, use_set, seed);
    munmap(target.bytes, WAITERS + PAGE);
    remove_set(set);
    remove_files();
}

/*
 * A message queue: its state, its sleepers, its blocks.
 */

enum { WAIT_NS = 2000000 };

static int queue;
static key_t queue_key;

static int send_something(void)
{
    static struct letter letter;
    const struct timespec shortly = {.tv_nsec = WAIT_NS};

    letter.type = 1 + (long)(random_number() % 3);
    size_t size = random_number() % (random_number() % 8 ? 300 : LIBSHM_MSGMAX + 1);
    return shm_backend_msgtimedsnd(queue, &letter, size, 0, &shortly);
}

/* Into bytes behind which nobody may write. */
static int receive_something(int copy)
{
    const struct timespec shortly = {.tv_nsec = WAIT_NS};
    const int flags[] = {0, 0, LIBSHM_MSG_NOERROR, LIBSHM_MSG_EXCEPT};
    size_t room = random_number() % (random_number() % 4 ? 400 : LIBSHM_MSGMAX + 1);
    long type = (long)(random_number() % 7) - 3;
    static char *place;

    if (!place)
        place = (char *)guarded_bytes(2 * PAGE + 4 * PAGE) + 6 * PAGE;
    char *message = place - sizeof(long) - room;
    ssize_t n = shm_backend_msgtimedrcv(
        queue, message, room, type,
        copy ? LIBSHM_MSG_COPY | LIBSHM_IPC_NOWAIT : flags[random_number() % 4], &shortly);
    EXPECT(n <= (ssize_t)room);
    return (int)n;
}

static int control_queue(void)
{
    struct shm_backend_msqid_ds ds;
    struct shm_backend_msginfo info;
    int ids[4];

    switch (random_number() % 6) {
    case 0:
        return shm_backend_msgctl(queue, LIBSHM_IPC_STAT, &ds);
    case 1:
        if (shm_backend_msgctl(queue, LIBSHM_IPC_STAT, &ds) != 0)
            return -1;
        ds.perm.mode = 0600;
        ds.qbytes = random_number() % (LIBSHM_MSGMNB + 1);
        return shm_backend_msgctl(queue, LIBSHM_IPC_SET, &ds);
    case 2:
        return shm_backend_msgctl(0, LIBSHM_MSG_INFO, &info);
    case 3:
        return shm_backend_msgctl(0, LIBSHM_MSG_STAT, &ds);
    case 4:
        return shm_backend_msgget(queue_key, 0);
    default:
        return (int)shm_backend_msg_list(ids, 4);
    }
}

static int use_queue(void)
{
    switch (random_number() % 8) {
    case 0:
        return control_queue();
    case 1:
        return receive_something(1);
    case 2:
    case 3:
    case 4:
        return receive_something(0);
    default:
        return send_something();
    }
}

static size_t size_of_queue(void)
{
    char path[FILE_PATH_SIZE];
    struct stat st;

    file_path(path, "q", (unsigned)queue);
    EXPECT_OK(stat(path, &st));
    return (size_t)st.st_size;
}

static void scribble_over_a_queue(unsigned seed)
{
    queue_key = free_key();
    queue = queue_at(queue_key, 0600);
    for (int i = 0; i < 8; i++)
        EXPECT_OK(send_filled(queue, 1 + i % 3, 200));
    size_t size = size_of_queue(), blocks = size - PX_QUEUE_BLOCKS * sizeof(struct px_block);
    size_t slots = blocks - 2 * PX_QUEUE_SLOTS * sizeof(uint64_t);
    map_target("q", queue, size);
    keep_bytes(PX_QUEUE_OFFSET + sizeof(struct px_queue));
    target.areas[0] = (struct area){24, SEMAPHORES - 24, 4};
    target.areas[1] = (struct area){PX_QUEUE_OFFSET, sizeof(struct px_queue), 4};
    target.areas[2] = (struct area){slots - 16384 * sizeof(struct px_waiter), 1024, 2};
    target.areas[3] = (struct area){slots, 1024, 2};
    target.areas[4] = (struct area){blocks, PAGE, 3};
    target.areas[5] = (struct area){ROWS, 1024, 1};
    target.good_every = 64;
    target.lock = CONTROL;
    expect_survival(A_QUEUE, use_queue, seed);
    munmap(target.bytes, size);
    remove_queue(queue);
    remove_files();
}

/* Whatever these calls say, they come back. */
static void use_queue_at_once(void *unused)
{
    struct shm_backend_msqid_ds ds;
    struct letter letter = {.type = 1};

    (void)unused;
    shm_backend_msgtimedrcv(queue, &letter, 100, 0, LIBSHM_IPC_NOWAIT, NULL);
    shm_backend_msgtimedsnd(queue, &letter, 100, LIBSHM_IPC_NOWAIT, NULL);
    shm_backend_msgtimedrcv(queue, &letter, 100, 0, LIBSHM_IPC_NOWAIT, NULL);
    shm_backend_msgtimedrcv(queue, &letter, 100, -2, LIBSHM_IPC_NOWAIT, NULL);
    shm_backend_msgctl(queue, LIBSHM_IPC_STAT, &ds);
}

/* One that was used, is empty again, and where a call has found that. */
static void make_used_queue(void)
{
    queue = queue_at(queue_key, 0600);
    EXPECT_OK(send_filled(queue, 1, 100));
    struct letter letter;
    EXPECT_INT(receive(queue, &letter, 100, 0, LIBSHM_IPC_NOWAIT), 100);
    EXPECT_ERR(receive(queue, &letter, 100, 0, LIBSHM_IPC_NOWAIT), ENOMSG);
}

/* Random bytes seldom meet a field that is one bit away from what it should be. */
static void flip_each_bit_of_a_queue(void)
{
    const size_t end = PX_QUEUE_OFFSET + sizeof(struct px_queue);
    size_t bit = 8 * PX_QUEUE_OFFSET, stride = (size_t)test_scale();

    queue_key = free_key();
    for (; bit < 8 * end; bit += stride) {
        make_used_queue();
        map_target("q", queue, end);
        target.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        int status = run(use_queue_at_once, NULL);
        if (status != 0)
            fail_at(__FILE__, __LINE__,
                    "bit %zu of byte %zu of a queue: the process ended with %d", bit % 8,
                    bit / 8, status);
        munmap(target.bytes, end);
        remove_queue(queue);
        remove_files();
    }
}

/*
 * A segment's header. What IPC_STAT says, an attach bears out, also when the header changes
 * between the two.
 */

static int segment;
static key_t segment_key;

static int attach_and_touch(void)
{
    struct shm_backend_shmid_ds ds;
    static char *place;
    int readonly = random_number() % 2 ? LIBSHM_ATTACH_RDONLY : 0;

    if (shm_backend_shmctl(segment, LIBSHM_IPC_STAT, &ds) != 0)
        return -1;
    if (!place)
        place = reserve();
    volatile char *bytes = shm_backend_shmat(segment, place, LIBSHM_ATTACH_REMAP | readonly);
    if (bytes == NOT_ATTACHED)
        return -1;
    for (size_t at = 0; at < ds.segsz; at += 512)
        if (readonly)
            (void)bytes[at];
        else
            bytes[at] = 1;
    (void)bytes[ds.segsz - 1];
    EXPECT_OK(shm_backend_shmdt((const void *)bytes));
    place = NULL;
    return 0;
}

static int control_segment(void)
{
    struct shm_backend_shmid_ds ds;
    struct shm_backend_shmusage usage;
    int ids[4];

    switch (random_number() % 6) {
    case 0:
        if (shm_backend_shmctl(segment, LIBSHM_IPC_STAT, &ds) != 0)
            return -1;
        return shm_backend_shmctl(segment, LIBSHM_IPC_SET, &ds);
    case 1:
        return shm_backend_shmctl(segment, LIBSHM_SHM_LOCK, NULL);
    case 2:
        return shm_backend_shmctl(0, LIBSHM_SHM_INFO, &usage);
    case 3:
        return shm_backend_shmget(segment_key, SIZE, 0);
    case 4:
        return shm_backend_shmctl(0, LIBSHM_SHM_STAT, &ds);
    default:
        return (int)shm_backend_shm_list(ids, 4);
    }
}

static int use_segment(void)
{
    return random_number() % 2 ? attach_and_touch() : control_segment();
}

/* States other than live are rare: who finds one may remove the object. */
static void scribble_over_a_segment(unsigned seed)
{
    segment_key = free_key();
    segment = segment_at(segment_key, SIZE, 0600);
    map_target("m", segment, PAGE);
    keep_bytes(CONTROL);
    target.areas[0] = (struct area){32, 2, 10}; /* the size, below what it was */
    target.areas[1] = (struct area){32, 16, 2};
    target.areas[2] = (struct area){0, 28, 2};
    target.areas[3] = (struct area){48, CONTROL - 48, 2};
    target.good_every = 2;
    target.lock = 0;
    expect_survival(A_SEGMENT, use_segment, seed);
    munmap(target.bytes, PAGE);
    remove_segment(segment);
    remove_files();
}

/*
 * A partition of arrays.
 */

static key_t root;
static struct shm_arrays *handle;

static int copy_old(const struct shm_array_update *update, void *context)
{
    (void)context;
    memcpy(update->result, update->old, update->nbytes);
    return 0;
}

/* Buffers behind which nobody may write, made once for each size. */
static void **buffers(void)
{
    static void *bytes[2];
    static size_t sizes[2];

    for (size_t i = 0; i < 2; i++) {
        size_t nbytes = i < shm_arrays_count(handle) ? shm_arrays_nbytes(handle, i) : 0;
        if (bytes[i] && sizes[i] == nbytes)
            continue;
        bytes[i] = nbytes < GUARDED / 2 ? guarded_bytes(nbytes) : NULL;
        sizes[i] = nbytes;
    }
    return bytes;
}

static int use_handle(void)
{
    void **all = buffers();
    const void *const *data = (const void *const *)all;
    uint64_t version;

    switch (random_number() % 6) {
    case 0:
        return shm_arrays_read(handle, all);
    case 1:
        return shm_arrays_write(handle, data);
    case 2:
        return shm_arrays_update(handle, LIBSHM_ADD, 0, data, all);
    case 3:
        return shm_arrays_update_with(handle, copy_old, NULL, NULL, all);
    case 4:
        return shm_arrays_read_one(handle, 0, all[0]);
    default:
        return shm_arrays_version(handle, 0, &version);
    }
}

static int use_arrays(void)
{
    if (handle && random_number() % 4 == 0) {
        EXPECT_OK(shm_arrays_close(handle));
        handle = NULL;
    }
    if (!handle)
        handle = shm_arrays_attach(root);
    if (!handle || shm_arrays_count(handle) > 2)
        return -1;
    shm_arrays_settimeout(handle, 20);
    return use_handle();
}

static void scribble_over_arrays(unsigned seed)
{
    const size_t shape[] = {5, 7};
    const struct shm_array_spec specs[] = {
        {.label = "weights", .dtype = LIBSHM_FLOAT32, .ndim = 2, .shape = shape},
        {.key = 9, .dtype = LIBSHM_INT16, .ndim = 1, .shape = shape}};
    struct shm_backend_shmid_ds ds;
    struct shm_arrays *owner = shm_arrays_create(specs, 2, NULL, 0600);

    EXPECT(owner != NULL);
    root = shm_arrays_root(owner);
    int id = (int)EXPECT_OK(shm_backend_shmget(root, 0, 0));
    EXPECT_OK(shm_backend_shmctl(id, LIBSHM_IPC_STAT, &ds));
    target.bytes = attach(id);
    keep_bytes(ds.segsz);
    size_t metadata = ((const struct shm_segment_header *)(const void *)target.bytes)->metadata;
    target.areas[0] = (struct area){8, 120, 5};
    target.areas[1] = (struct area){128, 72, 6};
    target.areas[2] = (struct area){256, metadata - 256, 5};
    target.good_every = 64;
    target.lock = 0;
    expect_survival(ARRAYS, use_arrays, seed);
    EXPECT_OK(shm_backend_shmdt(target.bytes));
    EXPECT_OK(shm_arrays_remove(owner));
    EXPECT_OK(shm_arrays_close(owner));
}

int main(void)
{
    announce();
    registry_start();
    round_of = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(round_of != MAP_FAILED);
    for (unsigned round = 1; round <= ROUNDS; round++) {
        scribble_over_arrays(round);
        if (!on_posix())
            continue;
        scribble_over_a_set(round);
        scribble_over_sleepers(round);
        scribble_over_a_queue(round);
        scribble_over_a_segment(round);
    }
    if (on_posix())
        flip_each_bit_of_a_queue();
    for (enum kind kind = on_posix() ? A_SET : ARRAYS; kind < KINDS; kind++)
        expect_successes(kind);
    return 0;
}
