/* What sets of arrays take of the memory, and what it takes to count attaches exactly. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libshm/backend.h"
#include "libshm/shm.h"
#include "tests/bench/bench.h"
#include "tests/bench/bench_set.h"

enum { ATTACHES = 100 };

static int segment = -1;

/* Bytes of memory that the files of this process's store take. */
static double bytes_of_store(void)
{
    const char *folder = getenv("LIBSHM_DIR");
    char prefix[64];
    struct dirent *entry;
    double bytes = 0;
    DIR *dir = opendir(folder != NULL ? folder : "/dev/shm");
    snprintf(prefix, sizeof prefix, "libshm.%s.", getenv("LIBSHM_NAMESPACE"));
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        struct stat st;
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            bytes += (double)st.st_blocks * 512;
    }
    if (dir != NULL)
        closedir(dir);
    return bytes;
}

/* Bytes beside the two slots, once everything has been touched; less than 0: it failed. */
static double overhead(size_t narrays, size_t elements, size_t *npartitions)
{
    struct bench_set set;
    if (!bench_check(bench_set_make(&set, narrays, elements), "arrays to be weighed are made"))
        return -1;
    bool good = bench_set_update(&set, 2, true);
    double bytes = bytes_of_store() - 2 * bench_set_nbytes(&set);
    *npartitions = shm_arrays_npartitions(set.shared);
    good = bench_check(good, "arrays to be weighed are updated");
    set.loops = 0;
    return bench_set_end(&set) && good ? bytes : -1;
}

static void judge(const char *what, double bytes, double bound)
{
    struct bench_verdict v = {.row = 15,
                              .unit = "bytes",
                              .value = bytes,
                              .measured_unit = "bytes",
                              .figure = bytes,
                              .bound = bound};
    snprintf(v.what, sizeof v.what, "%s", what);
    printf("  %-60s %12.0f bytes\n", what, bytes);
    bench_judge(&v);
}

static bool weigh(void)
{
    size_t npartitions;
    printf("\nmemory beside the two slots\n");
    double large = overhead(20, bench_settings.quick ? 20000 : 100000, &npartitions);
    if (large < 0)
        return false;
    judge("a partition of one array with its semaphore", large / (double)npartitions,
          20 * 1024 + 256);
    double many = overhead(10000, 1, &npartitions);
    if (many < 0)
        return false;
    judge("an array, in a set of 10,000 of one element", (many - 20 * 1024) / 10000, 256);
    return true;
}

static bool stat_segment(long unused, long rounds)
{
    struct shm_backend_shmid_ds ds;
    (void)unused;
    while (rounds-- > 0)
        if (shm_backend_shmctl(segment, LIBSHM_IPC_STAT, &ds) == -1 || ds.nattch != ATTACHES)
            return false;
    return true;
}

/* Half of the attaches; ends when its standard input, a pipe, does. */
static void attach_half(int ready, int end)
{
    char byte = 0;
    for (int i = 0; i < ATTACHES / 2; i++)
        if (shm_backend_shmat(segment, NULL, 0) == (void *)-1)
            _exit(1);
    if (write(ready, &byte, 1) != 1 || read(end, &byte, 1) != 0)
        _exit(1);
    _exit(0);
}

/* Two children hold the attaches. Both pipes are closed in the parent when it wants their end. */
static bool start_holders(pid_t *children, int *end)
{
    int ready[2], ends[2];
    char byte;
    if (pipe(ready) == -1 || pipe(ends) == -1)
        return false;
    for (int i = 0; i < 2; i++) {
        children[i] = bench_fork();
        if (children[i] == 0) {
            close(ends[1]);
            attach_half(ready[1], ends[0]);
        }
    }
    close(ready[1]);
    close(ends[0]);
    *end = ends[1];
    bool good = read(ready[0], &byte, 1) == 1 && read(ready[0], &byte, 1) == 1;
    return close(ready[0]) == 0 && good;
}

static const struct bench_target targets[] = {
    {15, NULL, "IPC_STAT with exact nattch at 100 attaches", "IPC_STAT", NULL, 100, false},
    {0}};

static bool count_attaches(void)
{
    struct bench_group group = {
        .title = "a segment that two processes have attached 100 times",
        .unit = "us",
        .targets = targets,
        .cases = {{"IPC_STAT", BENCH_OURS, stat_segment, NULL, 0, NULL, NULL, 0}}};
    pid_t children[2];
    int status, end = -1;
    segment = shm_backend_shmget(LIBSHM_IPC_PRIVATE, 100, 0600);
    if (!bench_check(segment != -1 && start_holders(children, &end), "100 attaches are made"))
        return false;
    bool good = bench_run(&group);
    close(end);
    for (int i = 0; i < 2; i++)
        good = waitpid(children[i], &status, 0) == children[i] && status == 0 && good;
    return bench_check(shm_backend_shmctl(segment, LIBSHM_IPC_RMID, NULL) == 0,
                       "the segment is removed") &&
           good;
}

bool bench_memory(void)
{
    bool good = count_attaches();
    if (strcmp(shm_backend(), "posix") == 0)
        good = weigh() && good;
    return good;
}
