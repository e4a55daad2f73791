/*
 * Many of each: 10,000 objects, 1,000 attaches in one process, 1,000 sleepers on one semaphore
 * (S1.24, S1.29, S1.30, S2.22, S2.25, S0.33, S5.31).
 */
#include "config.h"

#include "tests/backend_files.h"
#include "tests/backend_support.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MOST_SEGMENTS = 4000, /* the kernel's usual limit is 4,096 */
    MOST_SETS = 6000,
    ATTACHES = 1000,
    SLEEPERS = 1000,
    PATIENCE = 500, /* seconds until a sleeping child gives up; isolate does after 600 */
    BYTES_PER_SEGMENT = 8192,
    BYTES_PER_SET = 20000,
};

/* The program's own opendir: whoever lists the folder is counted. */
static int listings;

DIR *opendir(const char *name)
{
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    listings++;
    return fd < 0 ? NULL : fdopendir(fd);
}

/*
 * 10,000 objects.
 */

/* One kind of object, so that both go through the same code. */
struct kind {
    const char *name;
    int most;
    int count; /* as many as there is room for */
    int (*get)(key_t key, int flags);
    int (*remove)(int id);
    int (*at_index)(int index);
    int (*used)(int *highest);
    void (*use)(int id);
    ssize_t (*list)(int *ids, size_t capacity);
    int ids[MOST_SETS];
};

static int get_segment(key_t key, int flags)
{
    return shm_backend_shmget(key, 5000, flags | LIBSHM_NORESERVE);
}

static int segment_at_index(int index)
{
    struct shm_backend_shmid_ds ds;

    return shm_backend_shmctl(index, LIBSHM_SHM_STAT, &ds);
}

static int segments_used(int *highest)
{
    struct shm_backend_shmusage usage;

    *highest = (int)EXPECT_OK(shm_backend_shmctl(0, LIBSHM_SHM_INFO, &usage));
    return (int)usage.used_ids;
}

static void use_segment(int id)
{
    EXPECT_OK(shm_backend_shmdt(attach(id)));
    EXPECT_INT(nattch(id), 0);
}

static int get_set(key_t key, int flags)
{
    return shm_backend_semget(key, 2, flags);
}

static int set_at_index(int index)
{
    struct shm_backend_semid_ds ds;
    union shm_backend_semun arg = {.buf = &ds};

    return shm_backend_semctl(index, 0, LIBSHM_SEM_STAT, arg);
}

static int sets_used(int *highest)
{
    struct shm_backend_seminfo info;
    union shm_backend_semun arg = {.info = &info};

    *highest = (int)EXPECT_OK(shm_backend_semctl(0, 0, LIBSHM_SEM_INFO, arg));
    return info.semusz;
}

static void use_set(int id)
{
    EXPECT_OK(semop1(id, 1, 2, 0));
    EXPECT_INT(semval(id, 1), 2);
}

static struct kind kinds[] = {
    {"segments",
     MOST_SEGMENTS,
     0,
     get_segment,
     remove_segment,
     segment_at_index,
     segments_used,
     use_segment,
     shm_backend_shm_list,
     {0}},
    {"sets",
     MOST_SETS,
     0,
     get_set,
     remove_set,
     set_at_index,
     sets_used,
     use_set,
     shm_backend_sem_list,
     {0}},
};
enum { KINDS = 2 };

/* A small mount gets fewer. */
static void scale(void)
{
    struct statvfs fs;
    const char *folder = getenv("LIBSHM_DIR");
    unsigned long long room, wanted;

    for (int i = 0; i < KINDS; i++)
        kinds[i].count = kinds[i].most;
    if (!on_posix() || statvfs(folder ? folder : "/dev/shm", &fs) != 0 || fs.f_blocks == 0)
        return;
    room = (unsigned long long)fs.f_bavail * fs.f_frsize;
    wanted = (unsigned long long)MOST_SEGMENTS * BYTES_PER_SEGMENT +
             (unsigned long long)MOST_SETS * BYTES_PER_SET;
    for (int i = 0; i < KINDS && 2 * wanted > room; i++)
        kinds[i].count = (int)(kinds[i].most * room / (2 * wanted));
}

static int order(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    return (x > y) - (x < y);
}

static void expect_listed(struct kind *kind)
{
    static int sorted[MOST_SETS], listed[MOST_SETS];
    size_t size = (size_t)kind->count;
    int highest;

    memcpy(sorted, kind->ids, size * sizeof *sorted);
    qsort(sorted, size, sizeof *sorted, order);
    EXPECT_INT(kind->list(listed, MOST_SETS), kind->count);
    EXPECT(memcmp(sorted, listed, size * sizeof *sorted) == 0);
    EXPECT_INT(kind->used(&highest), kind->count);
    EXPECT(highest >= kind->count - 1);
    EXPECT(kind->at_index(highest) >= 0);
    EXPECT_ERR(kind->at_index(highest + 1), EINVAL);
}

static void make_and_find(struct kind *kind, key_t key)
{
    const int make = LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0600;

    for (int i = 0; i < kind->count; i++) {
        kind->ids[i] = kind->get(key + i, make);
        EXPECT_OK(kind->ids[i]);
    }
    for (int i = 0; i < kind->count; i++)
        EXPECT_INT(kind->get(key + i, i % 2 ? 0 : LIBSHM_IPC_CREAT | 0600), kind->ids[i]);
    for (int i = 0; i < kind->count; i += 97)
        kind->use(kind->ids[i]);
}

static void remove_objects(struct kind *kind, key_t key)
{
    for (int i = 0; i < kind->count; i++)
        EXPECT_OK(kind->remove(kind->ids[i]));
    EXPECT_ERR(kind->get(key, 0), ENOENT);
    EXPECT_ERR(kind->get(key + kind->count - 1, 0), ENOENT);
}

/* No look-up may depend on how many there are: only the listing lists. */
static void many_objects(void *unused)
{
    key_t key = free_key();

    (void)unused;
    alarm(PATIENCE);
    listings = 0;
    for (int i = 0; i < KINDS; i++)
        make_and_find(&kinds[i], key);
    EXPECT_INT(listings, 0);
    for (int i = 0; i < KINDS; i++)
        expect_listed(&kinds[i]);
    EXPECT(!on_posix() || listings > 0);
    listings = 0;
    for (int i = 0; i < KINDS; i++)
        remove_objects(&kinds[i], key);
    EXPECT_INT(listings, 0);
    for (int i = 0; i < KINDS; i++)
        EXPECT_INT(kinds[i].list(NULL, 0), 0);
}

/*
 * 1,000 attaches in one process.
 */

static char *starts[ATTACHES];
static int segments[ATTACHES];

static void detach(int first, int step)
{
    for (int i = first; i < ATTACHES; i += step)
        EXPECT_OK(shm_backend_shmdt(starts[i]));
}

static void attaches_of_one_segment(void *gate)
{
    int id = *segments;

    for (int i = 0; i < ATTACHES; i++)
        starts[i] = attach_flags(id, NULL, i % 3 ? 0 : LIBSHM_ATTACH_RDONLY);
    EXPECT_INT(nattch(id), ATTACHES);
    starts[1][4999] = 7;
    EXPECT_INT(starts[ATTACHES - 1][4999], 7);
    detach(0, 2);
    EXPECT_INT(nattch(id), ATTACHES / 2);
    EXPECT_ERR(shm_backend_shmdt(starts[0]), EINVAL);
    gate_arrive(gate); /* killed here */
}

static void one_segment(void)
{
    struct gate gate;

    *segments = new_segment(5000, 0600);
    gate_make(&gate);
    pid_t pid = start(attaches_of_one_segment, &gate);
    gate_await(&gate);
    EXPECT_INT(nattch(*segments), ATTACHES / 2);
    kill_and_reap(pid);
    EXPECT_INT(nattch(*segments), 0);
    EXPECT_OK(remove_segment(*segments));
    gate_close(&gate);
}

static void expect_nattch(int wanted)
{
    for (int i = 0; i < ATTACHES; i++)
        EXPECT_INT(nattch(segments[i]), wanted);
}

static void child_with_many(void *gate)
{
    for (int i = 0; i < ATTACHES; i++)
        EXPECT_INT(*starts[i], (char)i);
    detach(0, 2);
    gate_arrive(gate);
}

static void fork_with_many(void)
{
    struct gate gate;

    gate_make(&gate);
    pid_t pid = start(child_with_many, &gate);
    gate_await(&gate);
    for (int i = 0; i < ATTACHES; i++)
        EXPECT_INT(nattch(segments[i]), 1 + i % 2);
    gate_let_go(&gate);
    EXPECT_INT(reap(pid), 0);
    gate_close(&gate);
}

static void many_segments(void *unused)
{
    (void)unused;
    for (int i = 0; i < ATTACHES; i++) {
        segments[i] = new_segment(100, 0600);
        starts[i] = attach(segments[i]);
        *starts[i] = (char)i;
    }
    expect_nattch(1);
    fork_with_many();
    expect_nattch(1);
    detach(0, 1);
    expect_nattch(0);
    for (int i = 0; i < ATTACHES; i++)
        EXPECT_OK(remove_segment(segments[i]));
}

/*
 * 1,000 sleepers on one semaphore.
 */

static int set;
static pid_t sleepers[SLEEPERS];
static int nsleepers; /* all of them, or as many as LIBSHM_TEST_SCALE leaves, 200 at least */

static void sleep_for_one(void *unused)
{
    (void)unused;
    alarm(PATIENCE);
    _exit(semop1(set, 0, -1, 0) == 0 ? 0 : errno);
}

/* One behind the other, so that the order of arrival is known. */
static void start_sleepers(void)
{
    for (int i = 0; i < nsleepers; i++) {
        sleepers[i] = start(sleep_for_one, NULL);
        UNTIL(semncnt(set, 0) == i + 1);
    }
}

static void expect_bounded_memory(void)
{
    char path[FILE_PATH_SIZE];
    struct stat st;

    if (!on_posix())
        return;
    file_path(path, "s", (unsigned)set);
    EXPECT_OK(stat(path, &st));
    long long most = 65536 + 256LL * nsleepers, used = 512LL * (long long)st.st_blocks;
    printf("%d sleepers: the set's file has %lld bytes\n", nsleepers, used);
    EXPECT(used <= most);
}

/* Every tenth is killed; returns how many are left. */
static int kill_some(void)
{
    int left = nsleepers;

    for (int i = 3; i < nsleepers; i += 10, left--) {
        kill_and_reap(sleepers[i]);
        sleepers[i] = 0;
    }
    EXPECT_INT(semncnt(set, 0), left);
    return left;
}

/* One operation serves exactly the one who came first. */
static int serve_first_half(void)
{
    int served = 0, status;

    for (int i = 0; i < nsleepers / 2; i++) {
        if (!sleepers[i])
            continue;
        EXPECT_OK(semop1(set, 0, 1, 0));
        EXPECT_INT(waitpid(-1, &status, 0), sleepers[i]);
        EXPECT_INT(status, 0);
        served++;
    }
    EXPECT_INT(semval(set, 0), 0);
    return served;
}

static void serve_many_at_once(int first, int end)
{
    int count = 0;

    for (int i = first; i < end; i++)
        count += sleepers[i] != 0;
    EXPECT_OK(semop1(set, 0, count, 0));
    for (int i = first; i < end; i++)
        if (sleepers[i])
            EXPECT_INT(reap(sleepers[i]), 0);
    EXPECT_INT(semval(set, 0), 0);
}

static void remove_under_the_rest(int first)
{
    EXPECT_OK(remove_set(set));
    for (int i = first; i < nsleepers; i++)
        if (sleepers[i])
            EXPECT_INT(reap(sleepers[i]), EIDRM);
}

static void many_sleepers(void *unused)
{
    (void)unused;
    nsleepers = scaled(SLEEPERS) > 200 ? scaled(SLEEPERS) : 200;
    const int half = nsleepers / 2, last = nsleepers * 3 / 4;
    alarm(PATIENCE);
    set = new_set(2, 0600);
    start_sleepers();
    expect_bounded_memory();
    int left = kill_some();
    left -= serve_first_half();
    EXPECT_INT(semncnt(set, 0), left);
    serve_many_at_once(half, last);
    EXPECT_INT(sem_get(set, 0, LIBSHM_GETZCNT), 0);
    remove_under_the_rest(last);
}

static void check(const char *what, child_fn *body)
{
    double begun = seconds_now();

    EXPECT_INT(run(body, NULL), 0);
    printf("%s: %.1f s\n", what, seconds_now() - begun);
    fflush(stdout);
}

static void one_segment_in_child(void *unused)
{
    (void)unused;
    one_segment();
}

int main(void)
{
    announce();
    registry_start();
    scale();
    printf("%d segments and %d sets\n", kinds[0].count, kinds[1].count);
    check("objects", many_objects);
    check("attaches of one segment", one_segment_in_child);
    check("attaches of many segments", many_segments);
    check("sleepers", many_sleepers);
    EXPECT_INT(shm_backend_shm_list(NULL, 0), 0);
    EXPECT_INT(shm_backend_sem_list(NULL, 0), 0);
    return 0;
}
