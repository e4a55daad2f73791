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

double bench_kernel_create(long remove, long rounds)
{
    double took[2] = {0, 0};
    while (rounds-- > 0) {
        double start = bench_now();
        int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0600);
        double made = bench_now();
        if (id == -1 || shmctl(id, IPC_RMID, NULL) == -1)
            return -1;
        took[0] += made - start;
        took[1] += bench_now() - made;
    }
    return took[remove];
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

double bench_file_create(long remove, long rounds)
{
    char name[sizeof file_name + 4];
    double took[2] = {0, 0};
    snprintf(name, sizeof name, "%s.new", file_name);
    while (rounds-- > 0) {
        double start = bench_now();
        int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd == -1 || ftruncate(fd, SIZE) == -1 || close(fd) == -1)
            return -1;
        double made = bench_now();
        if (shm_unlink(name) == -1)
            return -1;
        took[0] += made - start;
        took[1] += bench_now() - made;
    }
    return took[remove];
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
