/*
 * A semaphore set whose shared bytes change under the process that uses it: between calls, and
 * while another thread of it sleeps in one. Calls may fail in any way but a signal or a hang.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "tests/backend_files.h"
#include "tests/backend_support.h"
#include "tests/fuzz/fuzz_file.h"

enum { KEY = 0x5e75, MOST_ACTS = 24, MOST_OPS = 40, TIMEOUT_MS = 2 };

struct world {
    struct fuzz_file file;
    int id;
};

static void set_areas(struct fuzz_file *f)
{
    const size_t starts[] = {
        0,
        PX_CONTROL_OFFSET,
        PX_CONTROL_OFFSET + offsetof(struct px_control, rows_extra),
        PX_CONTROL_OFFSET + offsetof(struct px_control, redo),
        PX_SEMAPHORES_OFFSET,
        f->layout.redo_offset,
        f->layout.rows_offset,
        f->layout.waiters_offset,
    };

    f->count = sizeof starts / sizeof *starts;
    memcpy(f->areas, starts, sizeof starts);
}

static void make_set(struct world *w, int nsems)
{
    px_set_layout(&w->file.layout, (uint32_t)nsems);
    set_areas(&w->file);
    w->file.most_sleepers = UINT32_MAX;
    w->id = (int)EXPECT_OK(
        shm_backend_semget(KEY, nsems, LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0600));
    fuzz_file_open(&w->file, "s", w->id);
}

static void end_set(struct world *w)
{
    fuzz_aside_await();
    fuzz_file_close(&w->file);
    remove_files();
}

static void look(int id)
{
    shm_backend_semctl(id, 0, LIBSHM_GETVAL, (union shm_backend_semun){0});
}

static void open_anew(void *world, struct fuzz_input *input)
{
    struct world *w = world;

    (void)input;
    fuzz_file_open_anew(&w->file, look, w->id);
}

/*
 * Acts that are calls.
 */

static struct shm_backend_sembuf operation(const struct world *w, struct fuzz_input *input)
{
    static const short flags[] = {0, LIBSHM_SEM_UNDO, LIBSHM_IPC_NOWAIT,
                                  LIBSHM_SEM_UNDO | LIBSHM_IPC_NOWAIT};
    unsigned how = fuzz_byte(input);

    return (struct shm_backend_sembuf){(unsigned short)((how >> 2) % w->file.layout.nsems),
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

static struct {
    int id;
    struct shm_backend_sembuf op;
} sleeper;

static void sleep_now(void)
{
    semops_timed(sleeper.id, &sleeper.op, 1, TIMEOUT_MS);
}

static void sleep_aside(void *world, struct fuzz_input *input)
{
    struct world *w = world;

    fuzz_aside_await();
    sleeper.id = w->id;
    sleeper.op = operation(w, input);
    fuzz_aside_begin();
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
        collect_debris();
        break;
    default:
        shm_backend_semget(KEY, (int)w->file.layout.nsems, 0);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_start();
    fuzz_aside_start(sleep_now);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static fuzz_act *const acts[] = {fuzz_patch,     fuzz_patch_word, fuzz_fill_waiters,
                                     fuzz_fill_rows, open_anew,       fuzz_keep_row_alive,
                                     operate,        sleep_aside,     ask,
                                     set_value,      operate,         get_or_set_all,
                                     operate,        stat_or_set,     remove_it,
                                     look_around,    fuzz_nudge};
    static const int nsems[] = {3, 1, 40, 300};
    struct fuzz_input input = {data, data + size};
    struct world w;

    make_set(&w, nsems[fuzz_byte(&input) % 4]);
    fuzz_run(&w, &input, acts, sizeof acts / sizeof *acts, MOST_ACTS);
    end_set(&w);
    return 0;
}
