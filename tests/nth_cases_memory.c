/* The calls of shm.h for segments, and those without a family. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libshm/shm.h"
#include "tests/backend_support.h"
#include "tests/nth.h"

enum { SIZE = 5000 };

static const int create_errors[] = {EACCES, EEXIST, EINVAL, EIO, ENOMEM, ENOSPC, 0};
static const int use_errors[] = {EACCES, EIDRM, EINVAL, ENOMEM, ENOSPC, EPERM, 0};

static key_t key;
static struct shm_memory *m;
static int id;
static char bytes[4];
static struct shm_memory_status status;

static void choose_key(void)
{
    key = 0x5eed0000 + (getpid() & 0xffff);
}

static void make(void)
{
    choose_key();
    m = shm_create_memory(key, SIZE, 0600);
    EXPECT(m != NULL);
    EXPECT_OK(shm_memory_shmid(m, &id));
}

static void make_attached(void)
{
    make();
    EXPECT_OK(shm_memory_attach(m, NULL, 0));
    EXPECT_OK(shm_memory_write(m, "abc", 4, 1));
}

/* The object without the handle. */
static void make_bare(void)
{
    make();
    shm_memory_free(m);
    m = NULL;
}

static void release(void)
{
    if (m)
        shm_memory_free(m);
}

static void release_twice(void)
{
    shm_memory_free(m);
    shm_memory_free(m);
}

static int have(struct shm_memory *made)
{
    m = made;
    return made ? 0 : -1;
}

static int create(void)
{
    return have(shm_create_memory(key, SIZE, 0640));
}

static int create_unique(void)
{
    return have(shm_create_unique_memory(SIZE, 0600, 32));
}

static int open_handle(void)
{
    return have(shm_memory(id));
}

static int attach_it(void)
{
    return shm_memory_attach(m, NULL, 0);
}

static int attach_otherwise(void)
{
    return shm_memory_attach(m, NULL, LIBSHM_RDONLY);
}

static int detach(void)
{
    return shm_memory_detach(m);
}

static int read_it(void)
{
    return shm_memory_read(m, bytes, 4, 1);
}

static void tell_bytes(void)
{
    nth_say("%s", bytes);
}

static int write_it(void)
{
    return shm_memory_write(m, "xyz", 4, 1);
}

static int set_perm(void)
{
    return shm_memory_setperm(m, 0644);
}

static int set_uid(void)
{
    return shm_memory_setuid(m, geteuid());
}

static int set_gid(void)
{
    return shm_memory_setgid(m, getegid());
}

static int stat_it(void)
{
    return shm_memory_stat(m, &status);
}

static void tell_status(void)
{
    nth_say("%d %zu %o %d %zu %d %u %u %u %u", status.attached, status.nattch,
            (unsigned)status.perm, status.key == (uint32_t)key, status.size,
            status.cpid == getpid(), (unsigned)status.uid, (unsigned)status.gid,
            (unsigned)status.cuid, (unsigned)status.cgid);
}

static int remove_it(void)
{
    return shm_remove_memory(id);
}

static int found;

static int get_id(void)
{
    found = shm_getshmid(key);
    return found < 0 ? -1 : 0;
}

static void tell_found(void)
{
    nth_say("%s", found == id ? "right" : "another");
}

/* 0 is an answer too if errno says why: a failure that it is not taken for. */
static int has_key(void)
{
    found = shm_memory_haskey(key);
    return found ? 0 : -1;
}

static void tell_number(void)
{
    nth_say("%d", found);
}

static int key_of_file(void)
{
    found = (int)shm_ftok("/", 7);
    return found == -1 ? -1 : 0;
}

/* Each member has a call of its own: the address goes first, not to be told. */
#define MEMBER(name, type)                                                                     \
    static int get_##name(void)                                                                \
    {                                                                                          \
        type value = 0;                                                                        \
        int failed = shm_memory_##name(m, &value);                                             \
                                                                                               \
        found = (long long)value == (long long)status.name;                                    \
        return failed;                                                                         \
    }

static void make_and_look(void)
{
    make_attached();
    EXPECT_OK(shm_memory_stat(m, &status));
}

MEMBER(attached, int)
MEMBER(nattch, size_t)
MEMBER(perm, mode_t)
MEMBER(key, uint32_t)
MEMBER(size, size_t)
MEMBER(shmid, int)
MEMBER(uid, uid_t)
MEMBER(gid, gid_t)
MEMBER(cuid, uid_t)
MEMBER(cgid, gid_t)
MEMBER(cpid, pid_t)
MEMBER(lpid, pid_t)

static int get_addr(void)
{
    void *value = NULL;
    int failed = shm_memory_addr(m, &value);

    found = value == status.addr;
    return failed;
}

#define NONE NULL
#define GETTER(name)                                                                           \
    {                                                                                          \
        "shm_memory_" #name, use_errors, make_and_look, get_##name, tell_number, release, 0    \
    }

/* In their order: name, documented, prepare, call, tell, finish, flags. */
const struct nth_case nth_cases_memory[] = {
    {"shm_create_memory", create_errors, choose_key, create, NONE, release, 0},
    {"shm_create_unique_memory", create_errors, NONE, create_unique, NONE, release, 0},
    {"shm_memory", use_errors, make_bare, open_handle, NONE, release, 0},
    {"shm_memory, again", use_errors, make, open_handle, NONE, release_twice, 0},
    {"shm_memory_attach", use_errors, make, attach_it, NONE, release, 0},
    {"shm_memory_attach, otherwise", use_errors, make_attached, attach_otherwise, NONE, release,
     0},
    {"shm_memory_detach", use_errors, make_attached, detach, NONE, release, 0},
    {"shm_memory_read", use_errors, make_attached, read_it, tell_bytes, release, 0},
    {"shm_memory_write", use_errors, make_attached, write_it, NONE, release, 0},
    {"shm_memory_setperm", use_errors, make, set_perm, NONE, release, 0},
    {"shm_memory_setuid", use_errors, make, set_uid, NONE, release, 0},
    {"shm_memory_setgid", use_errors, make, set_gid, NONE, release, 0},
    {"shm_memory_stat", use_errors, make_attached, stat_it, tell_status, release, 0},
    GETTER(addr),
    GETTER(attached),
    GETTER(nattch),
    GETTER(perm),
    GETTER(key),
    GETTER(size),
    GETTER(shmid),
    GETTER(uid),
    GETTER(gid),
    GETTER(cuid),
    GETTER(cgid),
    GETTER(cpid),
    GETTER(lpid),
    {"shm_remove_memory", use_errors, make_attached, remove_it, NONE, release, 0},
    {"shm_getshmid", use_errors, make, get_id, tell_found, release, 0},
    {"shm_memory_haskey", use_errors, make, has_key, tell_number, release, 0},
    {"shm_ftok", NONE, NONE, key_of_file, tell_number, NONE, 0},
    {.name = NULL}};
