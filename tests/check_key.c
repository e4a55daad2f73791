/* Keys, ids and ftok: doc/legacy.md, section 2. */
#include "config.h"

#include <string.h>
#include <sys/ipc.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/suite.h"

static void make_memory(key_t key)
{
    ck_made(noted_memory(shm_create_memory(key, 1, 0600)));
}

static void make_semaphore(key_t key)
{
    ck_made(noted_semaphore(shm_create_semaphore(key, 1, 0600)));
}

START_TEST(a_missing_key)
{
    ck_fails(shm_getshmid(test_key(0)), ENOENT);
    ck_fails(shm_getsemid(test_key(0)), ENOENT);
}
END_TEST

START_TEST(key_0_finds_nothing_and_makes_nothing)
{
    make_memory(LIBSHM_PRIVATE);
    make_semaphore(LIBSHM_PRIVATE);
    ck_fails(shm_getshmid(0), ENOENT);
    ck_fails(shm_getsemid(0), ENOENT);
    ck_assert_int_eq(shm_memory_haskey(0), 0);
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_int_eq(shm_semaphore_haskey(0), 0);
}
END_TEST

START_TEST(haskey_leaves_errno_to_tell)
{
    errno = 0;
    ck_assert_int_eq(shm_memory_haskey(test_key(0)), 0);
    ck_assert_int_eq(errno, ENOENT);
    errno = 0;
    ck_assert_int_eq(shm_semaphore_haskey(test_key(0)), 0);
    ck_assert_int_eq(errno, ENOENT);
    make_memory(test_key(0));
    make_semaphore(test_key(0));
    errno = 0;
    ck_assert_int_eq(shm_memory_haskey(test_key(0)), 1);
    ck_assert_int_eq(shm_semaphore_haskey(test_key(0)), 1);
    ck_assert_int_eq(errno, 0);
}
END_TEST

START_TEST(segments_and_semaphores_have_separate_keys)
{
    make_memory(test_key(0));
    ck_fails(shm_getsemid(test_key(0)), ENOENT);
    make_semaphore(test_key(0));
    make_semaphore(test_key(1));
    ck_fails(shm_getshmid(test_key(1)), ENOENT);
    ck_assert_int_ge(shm_getshmid(test_key(0)), 0);
    ck_assert_int_ge(shm_getsemid(test_key(0)), 0);
}
END_TEST

START_TEST(negative_keys_are_keys)
{
    key_t key = (key_t)-test_key(0);
    ck_assert_int_lt(key, 0);
    make_memory(key);
    make_semaphore(key);
    ck_assert_int_eq(shm_memory_haskey(key), 1);
    ck_assert_int_eq(shm_semaphore_haskey(key), 1);
}
END_TEST

static int find_foreign(void *context)
{
    (void)context;
    CHILD_EXPECT(become_nobody());
    CHILD_EXPECT(shm_getshmid(test_key(0)) >= 0);
    CHILD_EXPECT(shm_getsemid(test_key(0)) >= 0);
    return 0;
}

START_TEST(no_permission_is_needed_to_find)
{
    if (!have_root("other users"))
        return;
    ck_made(shm_create_memory(test_key(0), 1, 0));
    ck_made(shm_create_semaphore(test_key(0), 1, 0));
    ck_assert_int_eq(child_run(find_foreign, NULL), 0);
}
END_TEST

START_TEST(ftok_is_that_of_the_system)
{
    static const char *const paths[] = {"/", ".", "..", "/tmp", "/proc", "/dev/null"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        for (int id = 0; id < 256; id++)
            ck_assert_int_eq(shm_ftok(paths[i], id), ftok(paths[i], id));
        ck_assert_int_lt(shm_ftok(paths[i], 128), 0);
    }
}
END_TEST

START_TEST(ftok_failures)
{
    ck_fails(shm_ftok("/no such file", 1), ENOENT);
    ck_assert_ptr_nonnull(strstr(shm_error_detail(), "/no such file"));
    ck_fails(shm_ftok("", 1), ENOENT);
    ck_fails(shm_ftok("/dev/null/x", 1), ENOTDIR);
    ck_fails(shm_ftok("/", 256), ERANGE);
    ck_fails(shm_ftok("/", -1), ERANGE);
    errno = 0;
    shm_ftok("/", 255);
    ck_assert_int_eq(errno, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_missing_key,
        key_0_finds_nothing_and_makes_nothing,
        haskey_leaves_errno_to_tell,
        segments_and_semaphores_have_separate_keys,
        negative_keys_are_keys,
        no_permission_is_needed_to_find,
        ftok_is_that_of_the_system,
        ftok_failures,
    };
    return RUN_TESTS("key", tests);
}
