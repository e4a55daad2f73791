/* Pairs of semaphores: the backend's, the kernel's, and those of the C library. */
#include "config.h"

#include <errno.h>
#include <semaphore.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>

#include "libshm/backend.h"
#include "tests/bench/bench.h"

static int our_set = -1, kernel_set = -1;
static sem_t *sems;

static bool open_ours(void)
{
    our_set = shm_backend_semget(LIBSHM_IPC_PRIVATE, 2, 0600);
    return our_set != -1;
}

static bool ours(int which, short change)
{
    struct shm_backend_sembuf op = {(unsigned short)which, change, 0};
    return shm_backend_semtimedop(our_set, &op, 1, NULL) == 0;
}

static bool p_ours(int which)
{
    return ours(which, -1);
}

static bool v_ours(int which)
{
    return ours(which, 1);
}

static bool zero_ours(void)
{
    union shm_backend_semun unused = {0};
    return shm_backend_semctl(our_set, 0, LIBSHM_GETVAL, unused) == 0 &&
           shm_backend_semctl(our_set, 1, LIBSHM_GETVAL, unused) == 0;
}

static bool close_ours(void)
{
    union shm_backend_semun unused = {0};
    return shm_backend_semctl(our_set, 0, LIBSHM_IPC_RMID, unused) == 0;
}

static bool open_kernel(void)
{
    kernel_set = semget(IPC_PRIVATE, 2, 0600);
    return kernel_set != -1;
}

static bool kernel(int which, short change)
{
    struct sembuf op = {(unsigned short)which, change, 0};
    return semop(kernel_set, &op, 1) == 0;
}

static bool p_kernel(int which)
{
    return kernel(which, -1);
}

static bool v_kernel(int which)
{
    return kernel(which, 1);
}

static bool zero_kernel(void)
{
    return semctl(kernel_set, 0, GETVAL) == 0 && semctl(kernel_set, 1, GETVAL) == 0;
}

static bool close_kernel(void)
{
    return semctl(kernel_set, 0, IPC_RMID) == 0;
}

static bool open_sem_t(void)
{
    sems = bench_shared_memory(2 * sizeof *sems);
    return sems != NULL && sem_init(&sems[0], 1, 0) == 0 && sem_init(&sems[1], 1, 0) == 0;
}

static bool p_sem_t(int which)
{
    return sem_wait(&sems[which]) == 0;
}

static bool v_sem_t(int which)
{
    return sem_post(&sems[which]) == 0;
}

static bool zero_sem_t(void)
{
    int first = -1, second = -1;
    return sem_getvalue(&sems[0], &first) == 0 && sem_getvalue(&sems[1], &second) == 0 &&
           first == 0 && second == 0;
}

static bool close_sem_t(void)
{
    return munmap(sems, 2 * sizeof *sems) == 0;
}

const struct bench_channel bench_channel_ours = {"backend", BENCH_OURS, open_ours, p_ours,
                                                 v_ours,    zero_ours,  close_ours};
const struct bench_channel bench_channel_kernel = {"kernel", BENCH_PEER,  open_kernel, p_kernel,
                                                   v_kernel, zero_kernel, close_kernel};
const struct bench_channel bench_channel_sem_t = {"sem_t", BENCH_PEER, open_sem_t, p_sem_t,
                                                  v_sem_t, zero_sem_t, close_sem_t};
