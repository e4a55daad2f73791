/* The calls of shm.h for semaphores. */
#include "config.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "libshm/shm.h"
#include "tests/backend_support.h"
#include "tests/nth.h"

static const int create_errors[] = {EACCES, EEXIST, EINVAL, EIO, ENOMEM, ENOSPC, ERANGE, 0};
static const int use_errors[] = {EACCES, EIDRM, EINVAL, ENOMEM, ENOSPC,
                                 EPERM,  EINTR, EAGAIN, 0};

static key_t key;
static struct shm_semaphore *s;
static int id, found;
static struct shm_semaphore_status status;

static void choose_key(void)
{
    key = 0x5eed0000 + (getpid() & 0xffff);
}

static void make(void)
{
    choose_key();
    s = shm_create_semaphore(key, 1, 0600);
    EXPECT(s != NULL);
    EXPECT_OK(shm_semaphore_semid(s, &id));
}

/* A child has made it, so that this process has not opened it yet. */
static void make_and_exit(void *context)
{
    (void)context;
    EXPECT(shm_create_semaphore(key, 1, 0600) != NULL);
}

static void make_bare(void)
{
    choose_key();
    EXPECT_INT(run(make_and_exit, NULL), 0);
    id = (int)EXPECT_OK(shm_getsemid(key));
}

static void make_fresh(void)
{
    make_bare();
    s = shm_semaphore(id);
    EXPECT(s != NULL);
}

static void make_zero(void)
{
    make();
    EXPECT_OK(shm_semaphore_setval(s, 0));
}

static void make_with_undo(void)
{
    make();
    EXPECT_OK(shm_semaphore_setundo(s, 1));
}

static void make_nonblocking(void)
{
    make_zero();
    EXPECT_OK(shm_semaphore_setblocking(s, 0));
}

static void make_and_look(void)
{
    make();
    EXPECT_OK(shm_semaphore_stat(s, &status));
}

static void release(void)
{
    if (s)
        shm_semaphore_free(s);
}

static void release_twice(void)
{
    shm_semaphore_free(s);
    shm_semaphore_free(s);
}

static int have(struct shm_semaphore *made)
{
    s = made;
    return made ? 0 : -1;
}

static int create(void)
{
    return have(shm_create_semaphore(key, 3, 0640));
}

static int create_unique(void)
{
    return have(shm_create_unique_semaphore(3, 0600));
}

static int open_handle(void)
{
    return have(shm_semaphore(id));
}

static int take(void)
{
    return shm_semaphore_p(s);
}

static int give(void)
{
    return shm_semaphore_v(s);
}

static int wait_zero(void)
{
    return shm_semaphore_z(s);
}

static int take_timed(void)
{
    return shm_semaphore_p_timed(s, 1);
}

static int wait_zero_timed(void)
{
    return shm_semaphore_z_timed(s, 1);
}

static int set_blocking(void)
{
    return shm_semaphore_setblocking(s, 0);
}

static int set_undo(void)
{
    return shm_semaphore_setundo(s, 1);
}

static int set_value(void)
{
    return shm_semaphore_setval(s, 7);
}

static int set_perm(void)
{
    return shm_semaphore_setperm(s, 0644);
}

static int set_uid(void)
{
    return shm_semaphore_setuid(s, geteuid());
}

static int set_gid(void)
{
    return shm_semaphore_setgid(s, getegid());
}

static int stat_it(void)
{
    return shm_semaphore_stat(s, &status);
}

static void tell_status(void)
{
    nth_say("%d %d %d %o %d %u %u", status.val, status.ncnt, status.zcnt, (unsigned)status.perm,
            status.key == (uint32_t)key, (unsigned)status.uid, (unsigned)status.gid);
}

static int remove_it(void)
{
    return shm_remove_semaphore(id);
}

static int get_id(void)
{
    found = shm_getsemid(key);
    return found < 0 ? -1 : 0;
}

static void tell_found(void)
{
    nth_say("%s", found == id ? "right" : "another");
}

static int has_key(void)
{
    found = shm_semaphore_haskey(key);
    return found ? 0 : -1;
}

static void tell_number(void)
{
    nth_say("%d", found);
}

#define MEMBER(name, type)                                                                     \
    static int get_##name(void)                                                                \
    {                                                                                          \
        type value = 0;                                                                        \
        int failed = shm_semaphore_##name(s, &value);                                          \
                                                                                               \
        found = (long long)value == (long long)status.name;                                    \
        return failed;                                                                         \
    }

MEMBER(val, int)
MEMBER(ncnt, int)
MEMBER(zcnt, int)
MEMBER(lpid, pid_t)
MEMBER(perm, mode_t)
MEMBER(key, uint32_t)
MEMBER(semid, int)
MEMBER(uid, uid_t)
MEMBER(gid, gid_t)
MEMBER(cuid, uid_t)
MEMBER(cgid, gid_t)
MEMBER(blocking, int)

#define NONE NULL
#define GETTER(name)                                                                           \
    {                                                                                          \
        "shm_semaphore_" #name, use_errors, make_and_look, get_##name, tell_number, release, 0 \
    }

/* In their order: name, documented, prepare, call, tell, finish, flags. */
const struct nth_case nth_cases_semaphore[] = {
    {"shm_create_semaphore", create_errors, choose_key, create, NONE, release, 0},
    {"shm_create_unique_semaphore", create_errors, NONE, create_unique, NONE, release, 0},
    {"shm_semaphore", use_errors, make_bare, open_handle, NONE, release, 0},
    {"shm_semaphore, again", use_errors, make, open_handle, NONE, release_twice, 0},
    {"shm_semaphore_p, the first", use_errors, make_fresh, take, NONE, release, 0},
    {"shm_semaphore_p", use_errors, make, take, NONE, release, 0},
    {"shm_semaphore_p, undo", use_errors, make_with_undo, take, NONE, release, 0},
    {"shm_semaphore_p, cannot", use_errors, make_nonblocking, take, NONE, release, 0},
    {"shm_semaphore_v", use_errors, make, give, NONE, release, 0},
    {"shm_semaphore_v, undo", use_errors, make_with_undo, give, NONE, release, 0},
    {"shm_semaphore_z", use_errors, make_zero, wait_zero, NONE, release, 0},
    {"shm_semaphore_p_timed", use_errors, make_zero, take_timed, NONE, release, 0},
    {"shm_semaphore_z_timed", use_errors, make, wait_zero_timed, NONE, release, 0},
    {"shm_semaphore_setblocking", use_errors, make, set_blocking, NONE, release, 0},
    {"shm_semaphore_setundo", use_errors, make, set_undo, NONE, release, 0},
    {"shm_semaphore_setval", use_errors, make, set_value, NONE, release, 0},
    {"shm_semaphore_setperm", use_errors, make, set_perm, NONE, release, 0},
    {"shm_semaphore_setuid", use_errors, make, set_uid, NONE, release, 0},
    {"shm_semaphore_setgid", use_errors, make, set_gid, NONE, release, 0},
    {"shm_semaphore_stat", use_errors, make_fresh, stat_it, tell_status, release, 0},
    GETTER(val),
    GETTER(ncnt),
    GETTER(zcnt),
    GETTER(lpid),
    GETTER(perm),
    GETTER(key),
    GETTER(semid),
    GETTER(uid),
    GETTER(gid),
    GETTER(cuid),
    GETTER(cgid),
    GETTER(blocking),
    {"shm_remove_semaphore", use_errors, make, remove_it, NONE, release, 0},
    {"shm_getsemid", use_errors, make, get_id, tell_found, release, 0},
    {"shm_semaphore_haskey", use_errors, make, has_key, tell_number, release, 0},
    {.name = NULL}};
