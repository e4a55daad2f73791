/*
 * Creators and removers killed at random times. What they leave is either a complete set, which
 * can be attached, or nothing that can; and all of it can be found: segments by the process that
 * made them, semaphores by the segments' headers. The test's own world shows at the end whether
 * anything escaped.
 */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libshm/arrays_layout.h"
#include "libshm/backend.h"
#include "tests/arrays_programs.h"

enum { KILLS = 150, PARTITIONS = 3, MOST = 64 };

static double content[20000], copy[20000];

/* Says when it is about to begin. */
static _Noreturn void create_for_ever(int begun)
{
    static const size_t shape[] = {20000};
    struct shm_array_spec specs[PARTITIONS];
    const void *data[PARTITIONS];
    for (int i = 0; i < PARTITIONS; i++) {
        specs[i] = (struct shm_array_spec){
            .key = i, .dtype = LIBSHM_FLOAT64, .ndim = 1, .shape = shape};
        data[i] = content;
    }
    EXPECT(write(begun, "", 1) == 1);
    for (;;) {
        struct shm_arrays *a = shm_arrays_create(specs, PARTITIONS, data, 0600);
        EXPECT(a);
        EXPECT(shm_arrays_remove(a) == 0);
        EXPECT(shm_arrays_close(a) == 0);
    }
}

static int complete, leftovers;

static void check_set(key_t root)
{
    struct shm_arrays *a = shm_arrays_attach(root);
    EXPECT(a);
    for (size_t i = 0; i < PARTITIONS; i++) {
        EXPECT(shm_arrays_read_one(a, i, copy) == 0);
        EXPECT(memcmp(copy, content, sizeof copy) == 0);
    }
    EXPECT(shm_arrays_close(a) == 0);
    complete++;
}

static void remove_semaphore(key_t key)
{
    int id = key ? shm_backend_semget(key, 1, 0) : -1;
    if (id >= 0)
        EXPECT(shm_remove_semaphore(id) == 0);
}

static void look_at(int shmid, bool remove)
{
    const struct shm_segment_header *h = shm_backend_shmat(shmid, NULL, LIBSHM_ATTACH_RDONLY);
    EXPECT(h != (void *)-1);
    if (!remove && h->magic == LIBSHM_MAGIC_READY && h->partition == 0)
        check_set(h->memory_key);
    if (remove && h->kind == LIBSHM_SEGMENT_KIND)
        remove_semaphore(h->semaphore_key);
    EXPECT(shm_backend_shmdt(h) == 0);
    if (remove)
        EXPECT(shm_remove_memory(shmid) == 0);
    leftovers += remove;
}

/* Looks at all that the dead process made before any of it is removed. */
static void clean_up(pid_t creator)
{
    int ids[MOST];
    ssize_t n = shm_backend_shm_list(ids, MOST);
    EXPECT(n >= 0 && n <= MOST);
    for (int remove = 0; remove < 2; remove++)
        for (ssize_t i = 0; i < n; i++) {
            struct shm_backend_shmid_ds ds;
            if (shm_backend_shmctl(ids[i], LIBSHM_IPC_STAT, &ds) == 0 && ds.cpid == creator)
                look_at(ids[i], remove);
        }
}

int main(int argc, char **argv)
{
    for (int i = 0; i < 20000; i++)
        content[i] = i;
    if (argc == 3)
        create_for_ever(atoi(argv[2]));
    support_start();
    srand((unsigned)time(NULL));
    (void)argv;
    long window = 3000000; /* nanoseconds; on a slow machine nothing has been made by then */
    int kills = scaled(KILLS), begun[2];
    EXPECT(pipe(begun) == 0);
    for (int i = 0; i < kills; i++) {
        pid_t pid = start_role("create", 0, begun[1]);
        EXPECT(read(begun[0], &(char){0}, 1) == 1);
        nanosleep(&(struct timespec){.tv_nsec = rand() % window}, NULL);
        kill(pid, SIGKILL);
        end_role(pid, 128 + SIGKILL);
        clean_up(pid);
        if (leftovers == 0 && window < 300000000)
            window *= 2;
    }
    /* What the backend itself had not finished is not an object yet, or not any more. */
    EXPECT(shm_backend_collect(NULL, NULL) >= 0);
    printf("%d kills left %d complete sets and %d segments in all\n", kills, complete,
           leftovers);
    EXPECT(leftovers > 0);
    return 0;
}
