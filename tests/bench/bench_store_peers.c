/* The kernel's calls for segments, and what a file of shared memory takes: the fewest system calls. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/bench_store.h"

enum { SIZE = BENCH_OBJECT_SIZE };

static int kernel_id = -1;
static char file_name[64];

key_t bench_key(long number)
{
    return (key_t)(0x40000000 | (getpid() & 0x1fff) << 17) + (key_t)number;
}

bool bench_kernel_look_up(long unused, long rounds)
{
    (void)unused;
    while (rounds-- > 0)
        if (shmget(bench_key(BENCH_MOST_OBJECTS + 1), 0, 0) != kernel_id)
            return false;
    return true;
}

bool bench_kernel_attach(long unused, long rounds)
{
    (void)unused;
    while (rounds-- > 0) {
        void *memory = shmat(kernel_id, NULL, 0);
        if (memory == (void *)-1 || *(volatile char *)memory != 0 || shmdt(memory) != 0)
            return false;
    }
    return true;
}

double bench_create_and_remove(int (*create)(void), bool (*destroy)(int made), long remove,
                               long rounds)
{
    double took[2] = {0, 0};
    while (rounds-- > 0) {
        double start = bench_now();
        int made = create();
        double between = bench_now();
        if (made == -1 || !destroy(made))
            return -1;
        took[0] += between - start;
        took[1] += bench_now() - between;
    }
    return took[remove];
}

static int create_segment(void)
{
    return shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0600);
}

static bool remove_segment(int id)
{
    return shmctl(id, IPC_RMID, NULL) == 0;
}

double bench_kernel_create(long remove, long rounds)
{
    return bench_create_and_remove(create_segment, remove_segment, remove, rounds);
}

bool bench_file_open(long unused, long rounds)
{
    (void)unused;
    while (rounds-- > 0) {
        int fd = shm_open(file_name, O_RDWR, 0);
        if (fd == -1 || close(fd) == -1)
            return false;
    }
    return true;
}

bool bench_file_map(long unused, long rounds)
{
    (void)unused;
    while (rounds-- > 0) {
        struct stat st;
        int fd = shm_open(file_name, O_RDWR, 0);
        if (fd == -1 || fstat(fd, &st) == -1)
            return false;
        char *memory =
            mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (close(fd) == -1 || memory == MAP_FAILED || *(volatile char *)memory != 0 ||
            munmap(memory, (size_t)st.st_size) == -1)
            return false;
    }
    return true;
}

static char new_name[sizeof file_name + 4];

static int create_file(void)
{
    int fd = shm_open(new_name, O_RDWR | O_CREAT | O_EXCL, 0600);
    return fd == -1 || ftruncate(fd, SIZE) == -1 ? -1 : close(fd);
}

static bool remove_file(int unused)
{
    (void)unused;
    return shm_unlink(new_name) == 0;
}

double bench_file_create(long remove, long rounds)
{
    snprintf(new_name, sizeof new_name, "%s.new", file_name);
    return bench_create_and_remove(create_file, remove_file, remove, rounds);
}

bool bench_store_has_kernel(void)
{
    return kernel_id != -1;
}

bool bench_store_peers_open(void)
{
    snprintf(file_name, sizeof file_name, "/libshm-bench-%ld", (long)getpid());
    int fd = shm_open(file_name, O_RDWR | O_CREAT | O_EXCL, 0600);
    kernel_id = shmget(bench_key(BENCH_MOST_OBJECTS + 1), SIZE, IPC_CREAT | IPC_EXCL | 0600);
    return fd != -1 && ftruncate(fd, 4096) == 0 && close(fd) == 0;
}

bool bench_store_peers_close(void)
{
    return shm_unlink(file_name) == 0 &&
           (kernel_id == -1 || shmctl(kernel_id, IPC_RMID, NULL) == 0);
}
