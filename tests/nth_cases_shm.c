/* The calls of the contract for segments, fork included. */
#include "config.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/backend_support.h"
#include "tests/nth.h"

enum { SIZE = 5000, CREATE = LIBSHM_IPC_CREAT, EXCLUSIVE = CREATE | LIBSHM_IPC_EXCL };

static const int get_errors[] = {EACCES, EEXIST, EINVAL, ENFILE, ENOENT,
                                 ENOMEM, ENOSPC, EPERM,  0};
static const int at_errors[] = {EACCES, EIDRM, EINVAL, ENOMEM, ENOSPC, 0};
static const int ctl_errors[] = {EACCES, EIDRM, EINVAL, ENOMEM, EOVERFLOW, EPERM, 0};

static key_t key;
static int id, result;
static char *at, *second;
static struct shm_backend_shmid_ds ds;

static int zero_or(int value)
{
    result = value;
    return value < 0 ? -1 : 0;
}

static void choose_key(void)
{
    key = 0x5eed0000 + (getpid() & 0xffff);
}

static void make(void)
{
    choose_key();
    id = (int)EXPECT_OK(shm_backend_shmget(key, SIZE, EXCLUSIVE | 0600));
    at = attach(id);
    memset(at, 7, SIZE);
    EXPECT_OK(shm_backend_shmdt(at));
    at = NULL;
}

static void make_attached(void)
{
    make();
    at = attach(id);
}

static void make_marked(void)
{
    make_attached();
    EXPECT_OK(remove_segment(id));
}

static void make_marked_and_held(void)
{
    make_marked();
    second = attach(id);
}

static int create_keyed(void)
{
    return zero_or(id = shm_backend_shmget(key, SIZE, EXCLUSIVE | 0640));
}

static int create_private(void)
{
    return zero_or(id = shm_backend_shmget(LIBSHM_IPC_PRIVATE, SIZE, 0600));
}

static int create_unreserved(void)
{
    return zero_or(id = shm_backend_shmget(key, SIZE, EXCLUSIVE | LIBSHM_NORESERVE | 0600));
}

static int get(void)
{
    return zero_or(shm_backend_shmget(key, SIZE, CREATE | 0600));
}

static void tell_same_id(void)
{
    nth_say("the id is %s", result == id ? "right" : "another");
}

static int attach_it(void)
{
    at = shm_backend_shmat(id, NULL, 0);
    return at == NOT_ATTACHED ? -1 : 0;
}

static int attach_read_only(void)
{
    at = shm_backend_shmat(id, NULL, LIBSHM_ATTACH_RDONLY);
    return at == NOT_ATTACHED ? -1 : 0;
}

static int attach_second(void)
{
    second = shm_backend_shmat(id, NULL, 0);
    return second == NOT_ATTACHED ? -1 : 0;
}

static int attach_over(void)
{
    second = shm_backend_shmat(id, at, LIBSHM_ATTACH_REMAP);
    return second == NOT_ATTACHED ? -1 : 0;
}

static void tell_content(void)
{
    nth_say("%d %d", at[0], at[SIZE - 1]);
}

static int detach(void)
{
    return shm_backend_shmdt(at);
}

static int detach_nothing(void)
{
    return shm_backend_shmdt(&at);
}

static int remove_it(void)
{
    return shm_backend_shmctl(id, LIBSHM_IPC_RMID, NULL);
}

static int stat_it(void)
{
    memset(&ds, 0, sizeof ds);
    return shm_backend_shmctl(id, LIBSHM_IPC_STAT, &ds);
}

static void tell_stat(void)
{
    nth_say("%zu %o %u %u %u %u %d %d %llu", ds.segsz, (unsigned)ds.perm.mode,
            (unsigned)ds.perm.uid, (unsigned)ds.perm.gid, (unsigned)ds.perm.cuid,
            (unsigned)ds.perm.cgid, ds.cpid == getpid(), ds.perm.key == key,
            (unsigned long long)ds.nattch);
}

static int change_mode(void)
{
    ds.perm.uid = geteuid();
    ds.perm.gid = getegid();
    ds.perm.mode = 0644;
    return shm_backend_shmctl(id, LIBSHM_IPC_SET, &ds);
}

/* Ordinary users may give files to no one else. */
static int change_owner(void)
{
    ds.perm.uid = geteuid() == 0 ? 12345 : geteuid();
    ds.perm.gid = geteuid() == 0 ? 12345 : getegid();
    ds.perm.mode = 0644;
    return shm_backend_shmctl(id, LIBSHM_IPC_SET, &ds);
}

static int lock_memory(void)
{
    return shm_backend_shmctl(id, LIBSHM_SHM_LOCK, NULL);
}

static int unlock_memory(void)
{
    return shm_backend_shmctl(id, LIBSHM_SHM_UNLOCK, NULL);
}

static int limits(void)
{
    struct shm_backend_shminfo info;

    return zero_or(shm_backend_shmctl(0, LIBSHM_IPC_INFO, &info));
}

static int usage(void)
{
    struct shm_backend_shmusage info;
    int highest = shm_backend_shmctl(0, LIBSHM_SHM_INFO, &info);

    result = info.used_ids;
    return highest < 0 ? -1 : 0;
}

static void tell_result(void)
{
    nth_say("%d", result);
}

/* The kernel's namespace may be shared with others. */
static void tell_count(void)
{
    if (on_posix())
        tell_result();
}

static int stat_rank(void)
{
    return zero_or(shm_backend_shmctl(0, LIBSHM_SHM_STAT_ANY, &ds));
}

/* Index 0 is nobody's in the kernel's namespace, if others have used it. */
static void tell_rank(void)
{
    if (on_posix())
        tell_stat();
}

static int list(void)
{
    int ids[64], count = (int)shm_backend_shm_list(ids, 64);

    result = 0;
    for (int i = 0; i < count && i < 64; i++)
        result += ids[i] == id;
    return count < 0 ? -1 : 0;
}

/* A child that has what its parent has. */
static int fork_it(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(at[0] == 7 && shm_backend_shmdt(at) == 0 && attach_second() == 0 &&
                      second[SIZE - 1] == 7
                  ? 0
                  : 1);
    return zero_or(pid < 0 ? -1 : reap(pid));
}

/* Root is anybody: here it is a user who comes under the third of the three classes. */
static void make_for_all(void)
{
    choose_key();
    id = (int)EXPECT_OK(shm_backend_shmget(key, SIZE, EXCLUSIVE | 0666));
    at = attach(id);
    memset(at, 7, SIZE);
    EXPECT_OK(shm_backend_shmdt(at));
}

static void make_as_stranger(void)
{
    make_for_all();
    if (geteuid() == 0)
        become(STRANGER, STRANGER);
}

/* Where one more process is more than the user may have. */
static void make_without_processes(void)
{
    const struct rlimit none = {0, 0};

    make_for_all();
    at = attach(id);
    if (geteuid() == 0)
        EXPECT_OK(setresuid(STRANGER, STRANGER, STRANGER));
    EXPECT_OK(setrlimit(RLIMIT_NPROC, &none));
}

static int fork_in_vain(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(1);
    return pid < 0 ? -1 : 0;
}

#define NONE NULL

/* In their order: name, documented, prepare, call, tell, finish, flags. */
const struct nth_case nth_cases_shm[] = {
    {"shmget, new", get_errors, choose_key, create_keyed, NONE, NONE, 0},
    {"shmget, private", get_errors, NONE, create_private, NONE, NONE, 0},
    {"shmget, not reserved", get_errors, choose_key, create_unreserved, NONE, NONE, 0},
    {"shmget, existing", get_errors, make, get, tell_same_id, NONE, 0},
    {"shmget, taken", get_errors, make, create_keyed, NONE, NONE, 0},
    {"shmat", at_errors, make, attach_it, tell_content, NONE, 0},
    {"shmat, read-only", at_errors, make, attach_read_only, tell_content, NONE, 0},
    {"shmat, again", at_errors, make_attached, attach_second, NONE, NONE, 0},
    {"shmat, over the first", at_errors, make_attached, attach_over, NONE, NONE, 0},
    {"shmat, of a removed", at_errors, make_marked, attach_second, NONE, NONE, 0},
    {"shmdt", at_errors, make_attached, detach, NONE, NONE, 0},
    {"shmdt, of a removed", at_errors, make_marked_and_held, detach, NONE, NONE, 0},
    {"shmdt, the last of a removed", at_errors, make_marked, detach, NONE, NONE, 0},
    {"shmdt, of nothing", at_errors, make, detach_nothing, NONE, NONE, 0},
    {"IPC_RMID of a segment", ctl_errors, make, remove_it, NONE, NONE, 0},
    {"IPC_RMID of a segment, attached", ctl_errors, make_attached, remove_it, NONE, NONE, 0},
    {"IPC_STAT of a segment", ctl_errors, make_attached, stat_it, tell_stat, NONE, 0},
    {"IPC_SET of a segment, mode", ctl_errors, make, change_mode, NONE, NONE, 0},
    {"IPC_SET of a segment, owner", ctl_errors, make, change_owner, NONE, NONE, 0},
    {"SHM_LOCK", ctl_errors, make, lock_memory, NONE, NONE, 0},
    {"SHM_UNLOCK", ctl_errors, make, unlock_memory, NONE, NONE, 0},
    {"IPC_INFO of segments", ctl_errors, make, limits, tell_count, NONE, 0},
    {"SHM_INFO", ctl_errors, make, usage, tell_count, NONE, 0},
    {"SHM_STAT_ANY", ctl_errors, make, stat_rank, tell_rank, NONE, 0},
    {"list of segments", ctl_errors, make, list, tell_result, NONE, NTH_VARIES},
    {"fork", ctl_errors, make_attached, fork_it, tell_result, NONE, 0},
    {"fork, refused", ctl_errors, make_without_processes, fork_in_vain, NONE, NONE,
     NTH_FOREIGN},
    {"shmget, of another user", get_errors, make_as_stranger, get, tell_same_id, NONE, 0},
    {"shmat, of another user", at_errors, make_as_stranger, attach_it, tell_content, NONE, 0},
    {.name = NULL}};
