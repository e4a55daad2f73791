/*
 * bench_names [--quick]
 *
 * The standard's names, as a program uses them: run as it is they are the kernel's, preloaded the drop-in's
 * (names.sh runs both in turns). Prints a line for each subject: its name, and the nanoseconds of one
 * round, the median of several samples. What is passed and counted is checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES = 15, MOST_ATTACHES = 100, BYTES = 64, BYTES_ATTACHED = 65536 };

union semun {
    int val;
};

static int segment, set, queue;
static long rounds = 20000;
static void *attached[MOST_ATTACHES];

static void fail(const char *what)
{
    fprintf(stderr, "bench_names: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void operate(unsigned short number, short change)
{
    struct sembuf op = {number, change, 0};
    if (semop(set, &op, 1) != 0)
        fail("semop");
}

static void pairs_of_semop(long n)
{
    while (n-- > 0) {
        operate(0, 1);
        operate(0, -1);
    }
}

static void pairs_of_messages(long n)
{
    struct {
        long type;
        char bytes[BYTES];
    } m = {1, "a message"};
    while (n-- > 0)
        if (msgsnd(queue, &m, BYTES, 0) != 0 || msgrcv(queue, &m, BYTES, 0, 0) != BYTES)
            fail("msgsnd, msgrcv");
}

static void attaches(long n)
{
    for (n /= 10; n > 0; n--) {
        char *start = shmat(segment, NULL, 0);
        if (start == (void *)-1 || shmdt(start) != 0)
            fail("shmat, shmdt");
    }
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void measure(const char *name, void (*run)(long), long of)
{
    double samples[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        double begun = now();
        run(rounds);
        samples[i] = (now() - begun) / ((double)rounds / (double)of);
    }
    qsort(samples, SAMPLES, sizeof *samples, compare);
    printf("%s %.1f\n", name, samples[SAMPLES / 2]);
}

#ifdef F_OFD_SETLK
/* What no library that keeps attaches in files can do without: open, lock, map, close, unmap. */
static char path[200];

static void attaches_of_a_file(long n)
{
    for (n /= 10; n > 0; n--) {
        struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = n, .l_len = 1};
        int fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0 || fcntl(fd, F_OFD_SETLK, &lock) != 0)
            fail(path);
        void *start = mmap(NULL, BYTES_ATTACHED, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (start == MAP_FAILED || close(fd) != 0 || munmap(start, BYTES_ATTACHED) != 0)
            fail(path);
    }
}

static void measure_a_file(void)
{
    const char *folder = getenv("LIBSHM_DIR");
    snprintf(path, sizeof path, "%s/bench_names.%d", folder ? folder : "/dev/shm",
             (int)getpid());
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, BYTES_ATTACHED) != 0)
        fail(path);
    close(fd);
    measure("shmat_and_shmdt:_a_file", attaches_of_a_file, 10);
    unlink(path);
}
#else
static void measure_a_file(void)
{
}
#endif

static void ping_pong(long n)
{
    n /= 10;
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* it would wait for ever */
        for (long i = 0; i < n; i++) {
            operate(1, -1);
            operate(2, 1);
        }
        _exit(0);
    }
    for (long i = 0; i < n; i++) {
        operate(1, 1);
        operate(2, -1);
    }
    int status = 0;
    if (waitpid(pid, &status, 0) != pid || status != 0)
        fail("the other process");
}

static void attach_many(bool many)
{
    for (int i = 0; i < MOST_ATTACHES; i++)
        if (many && (attached[i] = shmat(segment, NULL, 0)) == (void *)-1)
            fail("shmat");
        else if (!many && shmdt(attached[i]) != 0)
            fail("shmdt");
}

static void make(void)
{
    segment = shmget(IPC_PRIVATE, BYTES_ATTACHED, 0600);
    set = semget(IPC_PRIVATE, 3, 0600);
    queue = msgget(IPC_PRIVATE, 0600);
    if (segment == -1 || set == -1 || queue == -1)
        fail("shmget, semget, msgget");
}

static void check_and_remove(void)
{
    struct shmid_ds seg;
    struct msqid_ds q;
    if (shmctl(segment, IPC_STAT, &seg) != 0 || seg.shm_nattch != 0 ||
        semctl(set, 0, GETVAL) != 0 || msgctl(queue, IPC_STAT, &q) != 0 || q.msg_qnum != 0)
        fail("what is left");
    shmctl(segment, IPC_RMID, NULL);
    semctl(set, 0, IPC_RMID, (union semun){0});
    msgctl(queue, IPC_RMID, NULL);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--quick") == 0)
        rounds = 100;
    make();
    measure("semop,_a_pair_uncontended", pairs_of_semop, 1);
    measure("semop,_two_processes_ping-pong", ping_pong, 10);
    measure("shmat_and_shmdt", attaches, 10);
    measure_a_file();
    attach_many(true);
    measure("shmat_and_shmdt,_100_attached", attaches, 10);
    attach_many(false);
    measure("msgsnd_and_msgrcv,_64_bytes", pairs_of_messages, 1);
    check_and_remove();
    return 0;
}
