/*
 * Limits of the process: descriptors, address space, file size, locked memory. Calls work, or
 * fail with an error and a sentence that names the limit; nothing is left over (S1.4, S1.23,
 * S1.47, S1.50). What the kernel's objects do not need must work there.
 */
#include "config.h"

#include "tests/backend_support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { UNDO = LIBSHM_SEM_UNDO, CREAT = LIBSHM_IPC_CREAT, MANY = 40, FEW_DESCRIPTORS = 16 };
enum { MANY_KEPT = 2 }; /* where each object in use needs a descriptor, S5.28 */

static void set_limit(int resource, rlim_t value)
{
    struct rlimit limit = {value, value};

    EXPECT_OK(setrlimit(resource, &limit));
}

static void expect_said(const char *part)
{
    if (!strstr(shm_error_detail(), part))
        fail_at(__FILE__, __LINE__, "the sentence lacks \"%s\": %s", part, shm_error_detail());
}

static int objects(void)
{
    return (int)(EXPECT_OK(shm_backend_shm_list(NULL, 0)) +
                 EXPECT_OK(shm_backend_sem_list(NULL, 0)));
}

static int open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* In a process of its own, after which the number of objects must be what it was. */
static void check(const char *what, child_fn *body)
{
    int before = objects(), result = run(body, NULL);

    if (result != 0)
        fail_at(__FILE__, __LINE__, "%s: the process ended with %d", what, result);
    EXPECT_INT(objects(), before);
}

/*
 * Descriptors: RLIMIT_NOFILE 16, with many more objects in use than that.
 */

static int many = MANY;
static int segments[MANY], sets[MANY];
static char *bytes[MANY];

static void make_many(void)
{
    for (int i = 0; i < many; i++) {
        segments[i] = new_segment(5000, 0600);
        sets[i] = new_set(2, 0600);
        bytes[i] = attach(segments[i]);
        bytes[i][4999] = (char)i;
        EXPECT_OK(semop1(sets[i], 1, i + 1, UNDO));
    }
}

static void expect_nattch(int wanted)
{
    for (int i = 0; i < many; i++)
        EXPECT_INT(nattch(segments[i]), wanted);
}

static void child_of_many(void *gate)
{
    for (int i = 0; i < many; i++) {
        EXPECT_INT(bytes[i][4999], i);
        EXPECT_OK(semop1(sets[i], 1, -i - 1, UNDO));
    }
    gate_arrive(gate);
    for (int i = 0; i < many; i += 2)
        EXPECT_OK(shm_backend_shmdt(bytes[i]));
    gate_arrive(gate);
}

static void fork_with_many(void)
{
    struct gate gate;

    gate_make(&gate);
    pid_t pid = start(child_of_many, &gate);
    gate_await(&gate);
    expect_nattch(2);
    gate_let_go(&gate);
    gate_await(&gate);
    for (int i = 0; i < many; i++)
        EXPECT_INT(nattch(segments[i]), 1 + i % 2);
    kill_and_reap(pid);
    expect_nattch(1);
    for (int i = 0; i < many; i++)
        EXPECT_INT(semval(sets[i], 1), i + 1);
    gate_close(&gate);
}

static void with_few_descriptors(void *unused)
{
    (void)unused;
    set_limit(RLIMIT_NOFILE, FEW_DESCRIPTORS);
    int before = open_descriptors();
    if (keeps_descriptors()) {
        leave_out("more objects than descriptors", "S5.28: each in use needs one");
        many = MANY_KEPT;
        before += 2 * many;
    }
    make_many();
    expect_nattch(1);
    EXPECT_INT(open_descriptors(), before);
    fork_with_many();
    EXPECT_INT(open_descriptors(), before);
    for (int i = 0; i < many; i++) {
        EXPECT_OK(remove_segment(segments[i]));
        EXPECT_INT(nattch(segments[i]), 1);
        EXPECT_OK(shm_backend_shmdt(bytes[i]));
        EXPECT_OK(remove_set(sets[i]));
    }
}

/*
 * Descriptors: none at all.
 */

static int used_up[FEW_DESCRIPTORS], nused_up;

static void use_up_descriptors(void)
{
    int fd;

    set_limit(RLIMIT_NOFILE, FEW_DESCRIPTORS);
    while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        used_up[nused_up++] = fd;
    EXPECT_INT(errno, EMFILE);
}

static void give_descriptors_back(void)
{
    while (nused_up > 0)
        close(used_up[--nused_up]);
}

static void refused_on_posix(key_t key, int segment)
{
    struct shm_backend_shmid_ds ds;

    EXPECT_ERR(shm_backend_shmget(free_key(), 5000, CREAT | 0600), EMFILE);
    EXPECT_ERR(shm_backend_semget(0, 3, 0600), EMFILE);
    expect_said("ulimit -n");
    EXPECT_ERR(shm_backend_shm_list(NULL, 0), EMFILE);
    EXPECT_ERR(shm_backend_collect(NULL, NULL), EMFILE);
    if (keeps_descriptors()) {
        leave_out("attached segments without descriptors", "S5.28: theirs are kept");
        return;
    }
    EXPECT(shm_backend_shmat(segment, NULL, 0) == NOT_ATTACHED && errno == EMFILE);
    expect_said("ulimit -n");
    EXPECT_ERR(remove_segment(segment), EMFILE);
    EXPECT_ERR(shm_backend_shmctl(segment, LIBSHM_IPC_STAT, &ds), EMFILE);
    EXPECT_ERR(shm_backend_shmget(key, 0, 0), EMFILE);
    expect_said("ulimit -n");
}

static void refused_without_descriptors(key_t key, int segment)
{
    for (int i = 0; i < 3; i++) {
        if (on_posix()) {
            refused_on_posix(key, segment);
        } else {
            EXPECT_OK(shm_backend_shmdt(attach(segment)));
            EXPECT_INT(shm_backend_shmget(key, 0, 0), segment);
            EXPECT_OK(shm_backend_shm_list(NULL, 0));
        }
    }
}

static void without_descriptors(void *unused)
{
    key_t key = free_key();
    int segment = segment_at(key, 5000, 0600), set = new_set(2, 0600);
    char *start = attach(segment);

    (void)unused;
    EXPECT_OK(semop1(set, 0, 3, UNDO));
    EXPECT_OK(remove_segment(segment_at(free_key(), 1, 0600)));
    use_up_descriptors();
    refused_without_descriptors(key, segment);
    EXPECT_OK(semop1(set, 0, -3, UNDO)); /* what is open goes on working */
    EXPECT_ERR(semop1_timed(set, 0, -1, 0, 20), EAGAIN);
    EXPECT_OK(shm_backend_shmdt(start));
    give_descriptors_back();
    EXPECT_INT(nattch(segment), 0);
    EXPECT_OK(remove_segment(segment));
    EXPECT_OK(remove_set(set));
}

/* The last detach of a removed segment, by somebody who cannot open its file. */
static void last_detach_without_descriptors(void *unused)
{
    struct shm_backend_shmid_ds ds;
    key_t key = free_key();
    int segment = segment_at(key, 5000, 0600);
    char *start = attach(segment);

    (void)unused;
    EXPECT_OK(remove_segment(segment));
    use_up_descriptors();
    EXPECT_OK(shm_backend_shmdt(start));
    give_descriptors_back();
    EXPECT_ERR(shm_backend_shmget(key, 0, 0), ENOENT);
    EXPECT_ERR(shm_backend_shmctl(segment, LIBSHM_IPC_STAT, &ds), EINVAL);
}

/*
 * Address space.
 */

static rlim_t address_space(void)
{
    char line[256];
    unsigned long long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");

    EXPECT(statm != NULL && fgets(line, sizeof line, statm) != NULL);
    fclose(statm);
    pages = strtoull(line, NULL, 10);
    return (rlim_t)(pages * (unsigned long long)sysconf(_SC_PAGESIZE));
}

static void with_little_address_space(void *unused)
{
    int small = new_segment(5000, 0600), set = new_set(2, 0600);
    int large = (int)EXPECT_OK(shm_backend_shmget(0, 256 << 20, LIBSHM_NORESERVE | 0600));

    (void)unused;
    register_segment(large);
    set_limit(RLIMIT_AS, address_space() + (32 << 20));
    for (int i = 0; i < 3; i++) {
        EXPECT(shm_backend_shmat(large, NULL, 0) == NOT_ATTACHED && errno == ENOMEM);
        EXPECT_OK(shm_backend_shmdt(attach(small)));
        EXPECT_OK(semop1(set, 0, 1, UNDO));
    }
    if (on_posix()) {
        EXPECT(shm_backend_shmat(large, NULL, 0) == NOT_ATTACHED);
        expect_said("ulimit -v");
        expect_said("268435456");
    }
    EXPECT_INT(nattch(large), 0);
    EXPECT_OK(remove_segment(large));
    EXPECT_OK(remove_segment(small));
    EXPECT_OK(remove_set(set));
}

/* Not even a set can be mapped: the objects can still be found and removed. */
static void with_no_address_space(void *unused)
{
    key_t key = free_key();
    int set = set_at(key, LIBSHM_SEMMSL, 0600);

    (void)unused;
    set_limit(RLIMIT_AS, address_space() + (1 << 20));
    if (on_posix()) {
        EXPECT_ERR(semop1(set, 0, 1, 0), ENOMEM);
        expect_said("address space");
        EXPECT_ERR(sem_get(set, 0, LIBSHM_GETVAL), ENOMEM);
    } else {
        EXPECT_OK(semop1(set, 0, 1, 0));
    }
    EXPECT_INT(shm_backend_semget(key, 0, 0), set);
    EXPECT_OK(remove_set(set));
    EXPECT_ERR(shm_backend_semget(key, 0, 0), ENOENT);
}

/*
 * File size: creating is refused with a sentence, all else works, and nobody gets SIGXFSZ.
 */

static int segment, set;
static key_t key;

static void create_beyond_the_file_size(void)
{
    if (!on_posix())
        return;
    EXPECT_ERR(shm_backend_shmget(0, 5000, 0600), ENOSPC);
    expect_said("ulimit -f");
    EXPECT_ERR(shm_backend_shmget(key + 1, 5000, CREAT | 0600), ENOSPC);
    EXPECT_ERR(shm_backend_semget(0, 2, 0600), ENOSPC);
    EXPECT_ERR(shm_backend_semget(key + 1, 2, CREAT | 0600), ENOSPC);
    expect_said("ulimit -f");
    EXPECT_ERR(shm_backend_shmget(key + 1, 0, 0), ENOENT);
}

static void use_beyond_the_file_size(void)
{
    struct shm_backend_shmid_ds ds = segment_stat(segment);
    char *start = attach(segment);

    memset(start, 1, 5000);
    EXPECT_INT(nattch(segment), 1);
    EXPECT_INT(segment_stat(segment).lpid, getpid());
    EXPECT(segment_stat(segment).atime > 0);
    EXPECT_OK(shm_backend_shmdt(start));
    EXPECT(segment_stat(segment).dtime > 0);
    ds.perm.mode = 0640;
    EXPECT_OK(shm_backend_shmctl(segment, LIBSHM_IPC_SET, &ds));
    EXPECT_INT(segment_stat(segment).perm.mode, 0640);
    EXPECT_OK(semop1(set, 0, 1, UNDO));
    EXPECT_OK(semop1(set, 0, -1, UNDO));
    EXPECT_OK(sem_set(set, 1, 5));
}

static void sleep_once(void *unused)
{
    (void)unused;
    EXPECT_OK(semop1(set, 0, -1, UNDO)); /* makes a row and a waiter, maybe new space */
}

static void with_file_size(rlim_t size)
{
    sigset_t pending;

    set_limit(RLIMIT_FSIZE, size);
    create_beyond_the_file_size();
    use_beyond_the_file_size();
    pid_t pids[MANY];
    for (int i = 0; i < many; i++)
        pids[i] = start(sleep_once, NULL);
    UNTIL(semncnt(set, 0) == MANY);
    EXPECT_OK(semop1(set, 0, MANY, 0));
    for (int i = 0; i < many; i++)
        EXPECT_INT(reap(pids[i]), 0);
    EXPECT_OK(sigpending(&pending));
    EXPECT_INT(sigismember(&pending, SIGXFSZ), 0);
}

static void remove_both(void)
{
    char *start = attach(segment);

    EXPECT_OK(remove_segment(segment));
    EXPECT_ERR(shm_backend_shmget(key, 0, 0), ENOENT);
    EXPECT_INT(segment_stat(segment).perm.mode & LIBSHM_MODE_DEST, LIBSHM_MODE_DEST);
    EXPECT_OK(shm_backend_shmdt(start));
    EXPECT_OK(remove_set(set));
}

static void without_files(void *unused)
{
    (void)unused;
    with_file_size(0);
    remove_both();
}

static void with_small_files(void *unused)
{
    (void)unused;
    with_file_size(100); /* within the header */
    remove_both();
}

static void with_middling_files(void *unused)
{
    sigset_t blocked;

    (void)unused;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGXFSZ);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    with_file_size(40000);
    remove_both();
}

static void check_file_size(const char *what, child_fn *body)
{
    key = free_key();
    segment = segment_at(key, 5000, 0600);
    set = set_at(key, 2, 0600);
    EXPECT_OK(sem_set(set, 0, 0));
    int result = run(body, NULL);
    if (result != 0)
        fail_at(__FILE__, __LINE__, "%s: the process ended with %d", what, result);
    EXPECT_INT(objects(), 0);
}

/*
 * Locked memory.
 */

static void lock_more_than_allowed(void *unused)
{
    rlim_t page = (rlim_t)sysconf(_SC_PAGESIZE);
    int large = new_segment(2 * page + 1, 0600), small = new_segment(2 * page, 0600);

    (void)unused;
    set_limit(RLIMIT_MEMLOCK, 2 * page + 5);
    EXPECT_ERR(shm_backend_shmctl(large, LIBSHM_SHM_LOCK, NULL), ENOMEM); /* S1.50 */
    expect_said(on_posix() ? "ulimit -l" : "RLIMIT_MEMLOCK");
    EXPECT_INT(segment_stat(large).perm.mode, 0600);
    /* The kernel counts for each user: another copy of this test may have its two pages now. */
    UNTIL(shm_backend_shmctl(small, LIBSHM_SHM_LOCK, NULL) == 0);
    EXPECT_INT(segment_stat(small).perm.mode, LIBSHM_MODE_LOCKED | 0600);
    EXPECT_OK(shm_backend_shmctl(small, LIBSHM_SHM_UNLOCK, NULL));
    EXPECT_OK(remove_segment(large));
    EXPECT_OK(remove_segment(small));
}

static void check_locked_memory(void)
{
    if (have_strangers())
        EXPECT_INT(run_stranger(lock_more_than_allowed, NULL), 0);
}

int main(void)
{
    announce();
    registry_start();
    check("RLIMIT_NOFILE 16", with_few_descriptors);
    check("no descriptor", without_descriptors);
    check("a last detach without a descriptor", last_detach_without_descriptors);
    check("RLIMIT_AS", with_little_address_space);
    check("RLIMIT_AS, smaller", with_no_address_space);
    check_file_size("RLIMIT_FSIZE 0", without_files);
    check_file_size("RLIMIT_FSIZE 100", with_small_files);
    check_file_size("RLIMIT_FSIZE 40000", with_middling_files);
    check_locked_memory();
    EXPECT_INT(objects(), 0);
    return 0;
}
