/*
 * Files of objects with other bytes in their headers, or of another size, than the library
 * makes. What IPC_STAT says of a segment, an attach must bear out to the last byte.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix/posix_object.h"
#include "tests/backend_files.h"
#include "tests/backend_support.h"
#include "tests/fuzz/fuzz.h"

enum { KEY = 0x0b1e, SIZE = 5000, MOST_ACTS = 32, MOST_ATTACHES = 4, MOST_BYTES = 64 };
enum { GUARDED = 8 << 20 };

/* The segment is object 0, the set object 1. */
struct world {
    int id[2];
    int fd[2];
    int in_use;  /* mapped somewhere: its file may not shrink, which is a signal by design */
    size_t told; /* bytes of the segment, as IPC_STAT said */
    struct {
        volatile unsigned char *bytes;
        size_t length;
        int writable;
    } attaches[MOST_ATTACHES];
};

static int open_file(const char *type, int id)
{
    char path[FILE_PATH_SIZE];

    file_path(path, type, (unsigned)id);
    return (int)EXPECT_OK(open(path, O_RDWR));
}

static void make_world(struct world *w)
{
    const int flags = LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0600;

    memset(w, 0, sizeof *w);
    w->id[0] = (int)EXPECT_OK(shm_backend_shmget(KEY, SIZE, flags));
    w->id[1] = (int)EXPECT_OK(shm_backend_semget(KEY, 3, flags));
    w->fd[0] = open_file("m", w->id[0]);
    w->fd[1] = open_file("s", w->id[1]);
}

static void patch(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    unsigned char bytes[MOST_BYTES];
    unsigned which = fuzz_byte(input);
    size_t n = fuzz_bytes(input, bytes, sizeof bytes);

    EXPECT_OK(pwrite(w->fd[which & 1], bytes, n, which >> 1));
}

static void patch_field(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    unsigned which = fuzz_byte(input);
    uint64_t number = fuzz_number(input);

    EXPECT_OK(pwrite(w->fd[which & 1], &number, which & 2 ? 8 : 4, (which >> 2) % 32 * 4));
}

/* The two fields that together say how much is mapped. */
static void patch_sizes(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    uint64_t sizes[2] = {fuzz_number(input), fuzz_number(input)};

    EXPECT_OK(pwrite(w->fd[0], sizes, sizeof sizes, offsetof(struct px_header, size)));
}

static void resize(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    unsigned which = fuzz_byte(input) & 1;
    uint64_t size = fuzz_number(input) % (GUARDED / 2);

    if (!w->in_use)
        EXPECT_OK(ftruncate(w->fd[which], (off_t)size));
}

static void stat_segment(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    struct shm_backend_shmid_ds ds;
    unsigned how = fuzz_byte(input);

    if (shm_backend_shmctl(w->id[0], LIBSHM_IPC_STAT, &ds) != 0)
        return;
    w->told = ds.segsz;
    w->in_use = 1; /* what it said holds as long as the file does not shrink */
    ds.perm.mode = how << 1 & 0777;
    if (how & 1)
        shm_backend_shmctl(w->id[0], LIBSHM_IPC_SET, &ds);
}

/* Address space in which an access behind the attach is a signal: more than a file can have. */
static char *guarded_place(void)
{
    char *place =
        mmap(NULL, GUARDED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    EXPECT(place != MAP_FAILED);
    return place;
}

/* Where an attach ends and the guard begins. */
static size_t attached_length(const struct world *w)
{
    struct stat st;

    EXPECT_OK(fstat(w->fd[0], &st));
    return (size_t)px_whole_pages((uint64_t)st.st_size - PX_PAYLOAD);
}

static void attach_segment(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    unsigned how = fuzz_byte(input), number = (how >> 2) % MOST_ATTACHES;
    int flags = LIBSHM_ATTACH_REMAP | (how & 1 ? LIBSHM_ATTACH_RDONLY : 0);

    if (w->attaches[number].bytes)
        return;
    char *place = guarded_place();
    if (shm_backend_shmat(w->id[0], place, flags) == NOT_ATTACHED) {
        munmap(place, GUARDED);
        return;
    }
    w->in_use = 1;
    w->attaches[number].bytes = (unsigned char *)place;
    w->attaches[number].length = attached_length(w);
    w->attaches[number].writable = !(how & 1);
}

static void touch(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    unsigned number = fuzz_byte(input) % MOST_ATTACHES;

    if (w->attaches[number].bytes)
        fuzz_touch(w->attaches[number].bytes, w->told, w->attaches[number].writable);
}

/* The guard first: what the detach leaves free may be somebody else's at once. */
static void detach_number(struct world *w, unsigned number)
{
    unsigned char *bytes = (unsigned char *)w->attaches[number].bytes;
    size_t length = w->attaches[number].length;

    if (!bytes)
        return;
    munmap(bytes + length, GUARDED - length);
    EXPECT_OK(shm_backend_shmdt(bytes));
    w->attaches[number].bytes = NULL;
}

static void detach(void *world, struct fuzz_input *input)
{
    detach_number(world, fuzz_byte(input) % MOST_ATTACHES);
}

/* A set that is still open in this process is let go once its header says that it is dead. */
static void end_world(struct world *w)
{
    const uint32_t dead = PX_DEAD;

    for (unsigned i = 0; i < MOST_ATTACHES; i++)
        detach_number(w, i);
    for (int i = 0; i < 2; i++) {
        EXPECT_OK(pwrite(w->fd[i], &dead, sizeof dead, offsetof(struct px_header, state)));
        close(w->fd[i]);
    }
    remove_files();
}

static void get(void *world, struct fuzz_input *input)
{
    static const int flags[] = {0, 0600, LIBSHM_IPC_CREAT | 0600,
                                LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0600};
    unsigned how = fuzz_byte(input);
    key_t key = how & 128 ? LIBSHM_IPC_PRIVATE : KEY;

    (void)world;
    if (how & 4)
        shm_backend_shmget(key, how >> 3 & 15, flags[how & 3]);
    else
        shm_backend_semget(key, (int)(how >> 3 & 15), flags[how & 3]);
}

static void control_segment(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    struct shm_backend_shmid_ds ds;
    struct shm_backend_shmusage usage;

    switch (fuzz_byte(input) % 5) {
    case 0:
        remove_segment(w->id[0]);
        return;
    case 1:
        shm_backend_shmctl(w->id[0], LIBSHM_SHM_LOCK, NULL);
        return;
    case 2:
        shm_backend_shmctl(w->id[0], LIBSHM_SHM_UNLOCK, NULL);
        return;
    case 3:
        shm_backend_shmctl(0, LIBSHM_SHM_STAT, &ds);
        return;
    default:
        shm_backend_shmctl(0, LIBSHM_SHM_INFO, &usage);
    }
}

static void control_set(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    struct shm_backend_semid_ds ds;
    struct shm_backend_seminfo info;
    union shm_backend_semun arg = {.buf = &ds};

    switch (fuzz_byte(input) % 5) {
    case 0:
        remove_set(w->id[1]);
        return;
    case 1:
        if (shm_backend_semctl(w->id[1], 0, LIBSHM_IPC_STAT, arg) == 0)
            shm_backend_semctl(w->id[1], 0, LIBSHM_IPC_SET, arg);
        return;
    case 2:
        shm_backend_semctl(0, 0, LIBSHM_SEM_STAT, arg);
        return;
    case 3:
        shm_backend_semctl(0, 0, LIBSHM_SEM_INFO, (union shm_backend_semun){.info = &info});
        return;
    default:
        w->in_use = 1; /* opened, and mapped from now on */
        semop1_timed(w->id[1], 0, 1, LIBSHM_SEM_UNDO, 0);
    }
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
    static fuzz_act *const acts[] = {patch, patch_field,     patch_sizes, resize,
                                     touch, stat_segment,    detach,      attach_segment,
                                     get,   control_segment, control_set, look_around};
    struct fuzz_input input = {data, data + size};
    struct world w;

    make_world(&w);
    fuzz_run(&w, &input, acts, sizeof acts / sizeof *acts, MOST_ACTS);
    end_world(&w);
    return 0;
}
