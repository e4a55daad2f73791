/*
 * Names in the store that are something else than the library makes: keys with any text, links
 * to nowhere and to themselves, folders, fifos, second names, empty files.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/backend_files.h"
#include "tests/backend_support.h"
#include "tests/fuzz/fuzz.h"

enum { KEY = 0x6e7, STRANGE_ID = 0x12345, SIZE = 5000, NSEMS = 3, MOST_ACTS = 24 };
enum { MOST_TEXT = 200 };

struct world {
    int id[2]; /* a segment and a set, both under KEY */
};

static void make_world(struct world *w)
{
    const int flags = LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0600;

    w->id[0] = (int)EXPECT_OK(shm_backend_shmget(KEY, SIZE, flags));
    w->id[1] = (int)EXPECT_OK(shm_backend_semget(KEY, NSEMS, flags));
}

/* Sets that were used stay open until their removal. */
static void end_world(const struct world *w)
{
    remove_set(w->id[1]);
    remove_files();
}

/* One of the names that are looked at: of a key, of an object, of an id that nobody has. */
static void choose_path(const struct world *w, unsigned which, char path[FILE_PATH_SIZE])
{
    static const char *const types[] = {"mk", "sk", "m", "s", "m", "s", "mk", "sk"};
    const unsigned numbers[] = {KEY,        KEY,        (unsigned)w->id[0], (unsigned)w->id[1],
                                STRANGE_ID, STRANGE_ID, STRANGE_ID,         0xffffffff};

    file_path(path, types[which % 8], numbers[which % 8]);
}

static void clear(const char *path)
{
    if (unlink(path) != 0)
        rmdir(path);
}

static void bind_text(void *world, struct fuzz_input *input)
{
    char path[FILE_PATH_SIZE], text[MOST_TEXT + 1];

    choose_path(world, fuzz_byte(input), path);
    size_t n = fuzz_bytes(input, text, MOST_TEXT);
    text[n] = '\0';
    clear(path);
    if (symlink(text, path) != 0)
        return; /* an empty text */
}

/* A text of the right form: an id and a size, with what is between them and behind. */
static void bind_numbers(void *world, struct fuzz_input *input)
{
    static const char *const forms[] = {"%llu %llu", "%llu %llu ", "%llu  %llu", "0%llu %llu",
                                        "-%llu %llu"};
    const struct world *w = world;
    char path[FILE_PATH_SIZE], text[MOST_TEXT];
    unsigned which = fuzz_byte(input), form = fuzz_byte(input);
    const unsigned long long ids[] = {(unsigned)w->id[0], (unsigned)w->id[1], STRANGE_ID,
                                      fuzz_number(input)};

    choose_path(w, which, path);
    snprintf(text, sizeof text, forms[form % 5], ids[which >> 3 & 3],
             (unsigned long long)fuzz_number(input));
    clear(path);
    EXPECT_OK(symlink(text, path));
}

static void make_other_kind(void *world, struct fuzz_input *input)
{
    char path[FILE_PATH_SIZE];
    unsigned which = fuzz_byte(input);

    choose_path(world, which, path);
    clear(path);
    switch ((which >> 3) % 6) {
    case 0:
        EXPECT_OK(mkfifo(path, 0666));
        return;
    case 1:
        EXPECT_OK(mkdir(path, 0777));
        return;
    case 2:
        EXPECT_OK(symlink(path, path));
        return;
    case 3:
        EXPECT_OK(symlink("/dev/zero", path));
        return;
    case 4:
        EXPECT_OK(close(open(path, O_CREAT | O_RDWR, 0666)));
        return;
    default: /* nothing */
        return;
    }
}

static void link_or_rename(void *world, struct fuzz_input *input)
{
    char from[FILE_PATH_SIZE], to[FILE_PATH_SIZE];
    unsigned which = fuzz_byte(input);

    choose_path(world, which, from);
    choose_path(world, which >> 3, to);
    if (strcmp(from, to) == 0)
        return;
    clear(to);
    if (which & 64 ? link(from, to) : rename(from, to))
        return; /* nothing there */
}

static void cut(void *world, struct fuzz_input *input)
{
    char path[FILE_PATH_SIZE];
    struct stat st;
    unsigned which = fuzz_byte(input);

    choose_path(world, 2 + which % 3, path);
    if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
        EXPECT_OK(truncate(path, which & 8 ? 0 : fuzz_short(input)));
}

static void get(void *world, struct fuzz_input *input)
{
    static const int flags[] = {0, 0600, LIBSHM_IPC_CREAT | 0600,
                                LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0600};
    unsigned how = fuzz_byte(input);
    key_t key = how & 8 ? STRANGE_ID : KEY;

    (void)world;
    if (how & 4)
        shm_backend_shmget(key, how >> 4, flags[how & 3]);
    else
        shm_backend_semget(key, (int)(how >> 4), flags[how & 3]);
}

static void use_segment(void *world, struct fuzz_input *input)
{
    const struct world *w = world;
    struct shm_backend_shmid_ds ds;
    unsigned how = fuzz_byte(input);
    int id = how & 1 ? STRANGE_ID : w->id[0];

    if (how & 2) {
        remove_segment(id);
        return;
    }
    void *start = shm_backend_shmat(id, NULL, how & 4 ? LIBSHM_ATTACH_RDONLY : 0);
    shm_backend_shmctl(id, LIBSHM_IPC_STAT, &ds);
    if (start != NOT_ATTACHED)
        EXPECT_OK(shm_backend_shmdt(start));
}

/* Nothing is mapped: files of sets are cut here, which would be a signal by design. */
static void use_set(void *world, struct fuzz_input *input)
{
    const struct world *w = world;
    struct shm_backend_semid_ds ds;
    unsigned how = fuzz_byte(input);
    int id = how & 1 ? STRANGE_ID : w->id[1];
    union shm_backend_semun arg = {.buf = &ds};

    shm_backend_semctl(id, 0, how & 2 ? LIBSHM_SEM_STAT : LIBSHM_IPC_STAT, arg);
}

static void look_around(void *world, struct fuzz_input *input)
{
    int ids[4];

    (void)world;
    switch (fuzz_byte(input) % 3) {
    case 0:
        shm_backend_shm_list(ids, 4);
        return;
    case 1:
        shm_backend_sem_list(ids, 4);
        return;
    default:
        shm_backend_collect(NULL, NULL);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_start();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static fuzz_act *const acts[] = {bind_text, bind_numbers, make_other_kind, link_or_rename,
                                     cut,       get,          use_segment,     use_set,
                                     get,       look_around};
    struct fuzz_input input = {data, data + size};
    struct world w;

    make_world(&w);
    fuzz_run(&w, &input, acts, sizeof acts / sizeof *acts, MOST_ACTS);
    end_world(&w);
    return 0;
}
