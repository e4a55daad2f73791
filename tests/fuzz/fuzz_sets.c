/*
 * A semaphore set whose shared bytes change under the process that uses it: between calls, and
 * while another thread of it sleeps in one. Calls may fail in any way but a signal or a hang.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix/posix_lock.h"
#include "posix/posix_set_format.h"
#include "posix/posix_wait.h"
#include "tests/backend_files.h"
#include "tests/backend_support.h"
#include "tests/fuzz/fuzz.h"

enum { KEY = 0x5e75, MOST_ACTS = 24, MOST_OPS = 40, TIMEOUT_MS = 2, MOST_BYTES = 32 };

struct world {
    int id;
    int fd;
    uint32_t alive_row; /* of another process, as far as anybody can tell */
    unsigned char *bytes;
    struct px_set_layout layout;
};

/*
 * A thread that makes one call when it is asked to.
 */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int busy;
    int id;
    struct shm_backend_sembuf op;
} sleeper = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void *sleep_when_asked(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&sleeper.lock);
    for (;;) {
        while (!sleeper.busy)
            pthread_cond_wait(&sleeper.changed, &sleeper.lock);
        pthread_mutex_unlock(&sleeper.lock);
        semops_timed(sleeper.id, &sleeper.op, 1, TIMEOUT_MS);
        pthread_mutex_lock(&sleeper.lock);
        sleeper.busy = 0;
        pthread_cond_broadcast(&sleeper.changed);
    }
    return NULL;
}

static void await_sleeper(void)
{
    pthread_mutex_lock(&sleeper.lock);
    while (sleeper.busy)
        pthread_cond_wait(&sleeper.changed, &sleeper.lock);
    pthread_mutex_unlock(&sleeper.lock);
}

/*
 * The world of one input.
 */

static struct px_control *control_of(const struct world *w)
{
    return (struct px_control *)(void *)(w->bytes + PX_CONTROL_OFFSET);
}

static void make_set(struct world *w, int nsems)
{
    char path[FILE_PATH_SIZE];

    px_set_layout(&w->layout, (uint32_t)nsems);
    w->alive_row = 0;
    w->id = (int)EXPECT_OK(
        shm_backend_semget(KEY, nsems, LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0600));
    file_path(path, "s", (unsigned)w->id);
    w->fd = (int)EXPECT_OK(open(path, O_RDWR));
    w->bytes = mmap(NULL, w->layout.file_size, PROT_READ | PROT_WRITE, MAP_SHARED, w->fd, 0);
    EXPECT(w->bytes != MAP_FAILED);
}

/* A dead set is let go by the next call that opens one. */
static void end_set(struct world *w)
{
    const uint32_t dead = PX_DEAD;

    await_sleeper();
    memcpy(w->bytes + offsetof(struct px_header, state), &dead, sizeof dead);
    munmap(w->bytes, w->layout.file_size);
    close(w->fd);
    remove_files();
}

/* A living process may keep the lock as long as it likes: that is no finding. */
static void let_the_living_go(const struct world *w)
{
    uint32_t lock = PX_GET(control_of(w)->lock);

    if (w->alive_row && px_lock_row(lock) == w->alive_row)
        PX_PUT(control_of(w)->lock, 0);
}

/*
 * Acts that change bytes.
 */

static size_t area(const struct world *w, unsigned which)
{
    const size_t starts[] = {
        0,
        PX_CONTROL_OFFSET,
        PX_CONTROL_OFFSET + offsetof(struct px_control, rows_extra),
        PX_CONTROL_OFFSET + offsetof(struct px_control, redo),
        PX_SEMAPHORES_OFFSET,
        w->layout.redo_offset,
        w->layout.rows_offset,
        w->layout.waiters_offset,
    };

    return starts[which % 8];
}

static void store(struct world *w, size_t at, const void *bytes, size_t size)
{
    if (at < w->layout.file_size && size <= w->layout.file_size - at)
        memcpy(w->bytes + at, bytes, size);
    let_the_living_go(w);
}

static void patch(void *world, struct fuzz_input *input)
{
    unsigned char bytes[MOST_BYTES];
    size_t at = area(world, fuzz_byte(input));

    at += fuzz_short(input);
    store(world, at, bytes, fuzz_bytes(input, bytes, sizeof bytes));
}

static void patch_word(void *world, struct fuzz_input *input)
{
    unsigned which = fuzz_byte(input);
    size_t at = area(world, which) + 4 * (size_t)fuzz_byte(input);
    uint64_t number = fuzz_number(input);

    store(world, at, &number, which & 8 ? 8 : 4);
}

static void fill(void *world, size_t at, size_t stride, struct fuzz_input *input)
{
    size_t first = fuzz_short(input), count = fuzz_short(input);
    uint32_t number = (uint32_t)fuzz_number(input), step = (uint32_t)fuzz_byte(input);

    for (size_t i = 0; i < count; i++, number += step)
        store(world, at + (first + i) * stride, &number, sizeof number);
}

static void fill_waiters(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    size_t stride = sizeof(struct px_waiter);

    fill(w, w->layout.waiters_offset + fuzz_byte(input) % stride / 4 * 4, stride, input);
}

static void fill_rows(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    size_t stride = w->layout.row_stride;

    fill(w, w->layout.rows_offset + fuzz_byte(input) % stride / 4 * 4, stride, input);
}

/* Wakes sleepers that nobody has granted anything: they look around, and sleep on. */
static void nudge(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    struct px_waiter *waiters = (void *)(w->bytes + w->layout.waiters_offset);

    (void)input;
    for (int i = 0; i < 4; i++)
        px_wake(&waiters[i].state, 1);
    usleep(100);
}

/* The process's mapping goes, and the next call makes a new one of what is there by then. */
static void open_anew(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    uint32_t state, dead = PX_DEAD;

    (void)input;
    await_sleeper();
    memcpy(&state, w->bytes + offsetof(struct px_header, state), sizeof state);
    store(w, offsetof(struct px_header, state), &dead, sizeof dead);
    shm_backend_semctl(w->id, 0, LIBSHM_GETVAL, (union shm_backend_semun){0});
    store(w, offsetof(struct px_header, state), &state, sizeof state);
}

static void keep_row_alive(void *world, struct fuzz_input *input)
{
    struct world *w = world;

    if (w->alive_row)
        return;
    w->alive_row = 2 + fuzz_byte(input) % 4;
    if (px_lock_exclusive(w->fd, (off_t)w->alive_row, 1) != 0)
        w->alive_row = 0;
    let_the_living_go(w);
}

/*
 * Acts that are calls.
 */

static struct shm_backend_sembuf operation(const struct world *w, struct fuzz_input *input)
{
    static const short flags[] = {0, LIBSHM_SEM_UNDO, LIBSHM_IPC_NOWAIT,
                                  LIBSHM_SEM_UNDO | LIBSHM_IPC_NOWAIT};
    unsigned how = fuzz_byte(input);

    return (struct shm_backend_sembuf){(unsigned short)((how >> 2) % w->layout.nsems),
                                       (short)(int8_t)fuzz_byte(input), flags[how & 3]};
}

static void operate(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    struct shm_backend_sembuf ops[MOST_OPS];
    unsigned how = fuzz_byte(input), n = 1 + (how >> 2) % MOST_OPS;

    for (unsigned i = 0; i < n; i++)
        ops[i] = input->at < input->end || i == 0 ? operation(w, input) : ops[i - 1];
    semops_timed(w->id, ops, n, how & 3 ? (long)(how & 3) - 1 : 0);
}

static void sleep_aside(void *world, struct fuzz_input *input)
{
    struct world *w = world;

    await_sleeper();
    pthread_mutex_lock(&sleeper.lock);
    sleeper.id = w->id;
    sleeper.op = operation(w, input);
    sleeper.busy = 1;
    pthread_cond_broadcast(&sleeper.changed);
    pthread_mutex_unlock(&sleeper.lock);
    if (fuzz_byte(input) & 1)
        usleep(200);
}

static void ask(void *world, struct fuzz_input *input)
{
    static const int commands[] = {LIBSHM_GETVAL, LIBSHM_GETPID, LIBSHM_GETNCNT,
                                   LIBSHM_GETZCNT};
    struct world *w = world;
    unsigned which = fuzz_byte(input);

    sem_get(w->id, (int)(which >> 2), commands[which & 3]);
}

static void set_value(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    unsigned which = fuzz_byte(input);

    sem_set(w->id, (int)which, (int)fuzz_short(input));
}

static unsigned short values[LIBSHM_SEMMSL];

/* As programs do: room for as many values as IPC_STAT says. */
static void get_all(const struct world *w)
{
    struct shm_backend_semid_ds ds;
    union shm_backend_semun arg = {.buf = &ds};

    memset(values, 0xff, sizeof values);
    if (shm_backend_semctl(w->id, 0, LIBSHM_IPC_STAT, arg) == 0 &&
        sem_get_all(w->id, values) == 0 && ds.nsems < LIBSHM_SEMMSL &&
        values[ds.nsems] != 0xffff)
        fuzz_finding("GETALL stores more than IPC_STAT has announced");
}

static void get_or_set_all(void *world, struct fuzz_input *input)
{
    struct world *w = world;

    if (fuzz_byte(input) & 1)
        sem_set_all(w->id, values);
    else
        get_all(w);
}

static void stat_or_set(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    unsigned how = fuzz_byte(input);
    struct shm_backend_semid_ds ds;
    union shm_backend_semun arg = {.buf = &ds};

    if (shm_backend_semctl(w->id, 0, LIBSHM_IPC_STAT, arg) != 0 || !(how & 1))
        return;
    ds.perm.mode = how << 1 & 0777;
    shm_backend_semctl(w->id, 0, LIBSHM_IPC_SET, arg);
}

static void remove_it(void *world, struct fuzz_input *input)
{
    struct world *w = world;

    (void)input;
    remove_set(w->id);
}

static void look_around(void *world, struct fuzz_input *input)
{
    struct shm_backend_seminfo info;
    struct world *w = world;
    int ids[4];

    switch (fuzz_byte(input) % 4) {
    case 0:
        shm_backend_semctl(0, 0, LIBSHM_SEM_INFO, (union shm_backend_semun){.info = &info});
        break;
    case 1:
        shm_backend_sem_list(ids, 4);
        break;
    case 2:
        shm_backend_collect(NULL, NULL);
        break;
    default:
        shm_backend_semget(KEY, (int)w->layout.nsems, 0);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    pthread_t thread;

    (void)argc, (void)argv;
    fuzz_start();
    return pthread_create(&thread, NULL, sleep_when_asked, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static fuzz_act *const acts[] = {
        patch,   patch_word,  fill_waiters, fill_rows,   open_anew, keep_row_alive,
        operate, sleep_aside, ask,          set_value,   operate,   get_or_set_all,
        operate, stat_or_set, remove_it,    look_around, nudge};
    static const int nsems[] = {3, 1, 40, 300};
    struct fuzz_input input = {data, data + size};
    struct world w;

    make_set(&w, nsems[fuzz_byte(&input) % 4]);
    fuzz_run(&w, &input, acts, sizeof acts / sizeof *acts, MOST_ACTS);
    end_set(&w);
    return 0;
}
