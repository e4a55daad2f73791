/*
 * Objects under keys that the library chooses: doc/legacy.md, section 7.
 *
 * The source of random bytes is replaced: this definition is found before the library's own.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libshm/fail.h"
#include "libshm/random.h"
#include "tests/suite.h"

/* What is drawn: `script` to its end, whose last entry then comes again and again. */
static uint32_t script[8];
static int scripted, drawn;
static bool exhausted;

int shm_random_bytes(void *bytes, size_t nbytes)
{
    if (exhausted)
        return shm_fail(EIO, "no numbers");
    ck_assert_uint_eq(nbytes, sizeof *script);
    memcpy(bytes, &script[drawn < scripted ? drawn : scripted - 1], nbytes);
    drawn++;
    return 0;
}

static void will_draw(int count, const key_t *keys)
{
    scripted = count;
    drawn = 0;
    for (int i = 0; i < count; i++)
        script[i] = (uint32_t)keys[i];
}

static key_t key_of_memory(struct shm_memory *m)
{
    uint32_t key = 0;
    ck_works(shm_memory_key(m, &key));
    return (key_t)key;
}

START_TEST(memory_is_filled_and_attached)
{
    static const int fills[] = {' ', 0, 255};
    for (int i = 0; i < 3; i++) {
        will_draw(1, (key_t[]){test_key(i)});
        struct shm_memory *m = shm_create_unique_memory(5000, 0640, fills[i]);
        ck_made(m);
        struct shm_memory_status st;
        ck_works(shm_memory_stat(m, &st));
        ck_assert_uint_eq(st.size, 5000);
        ck_assert_uint_eq(st.perm, 0640);
        ck_assert_int_eq(st.attached, 1);
        ck_assert_uint_eq(st.nattch, 1);
        ck_assert_uint_eq(st.key, (uint32_t)test_key(i));
        for (int k = 0; k < 5000; k++)
            ck_assert_int_eq(((unsigned char *)st.addr)[k], fills[i]);
    }
}
END_TEST

START_TEST(taken_keys_are_drawn_again)
{
    ck_made(shm_create_memory(test_key(0), 1, 0600));
    ck_made(shm_create_semaphore(test_key(1), 1, 0600));
    will_draw(4, (key_t[]){test_key(0), 0, test_key(0), test_key(1)});
    struct shm_memory *m = shm_create_unique_memory(1, 0600, 0);
    ck_made(m);
    ck_assert_int_eq(key_of_memory(m), test_key(1));
    ck_assert_int_eq(drawn, 4);
    will_draw(3, (key_t[]){test_key(1), 0, test_key(2)});
    struct shm_semaphore *s = shm_create_unique_semaphore(4, 0640);
    ck_made(s);
    struct shm_semaphore_status st;
    ck_works(shm_semaphore_stat(s, &st));
    ck_assert_uint_eq(st.key, (uint32_t)test_key(2));
    ck_assert_int_eq(st.val, 4);
    ck_assert_uint_eq(st.perm, 0640);
    ck_assert_int_eq(drawn, 3);
}
END_TEST

START_TEST(it_ends_when_nothing_is_free)
{
    ck_made(shm_create_memory(test_key(0), 1, 0600));
    ck_made(shm_create_semaphore(test_key(0), 1, 0600));
    will_draw(1, (key_t[]){test_key(0)});
    ck_refuses(shm_create_unique_memory(1, 0600, 0), EEXIST);
    ck_refuses(shm_create_unique_semaphore(1, 0600), EEXIST);
    will_draw(1, (key_t[]){0});
    ck_refuses(shm_create_unique_memory(1, 0600, 0), EEXIST);
    ck_refuses(shm_create_unique_semaphore(1, 0600), EEXIST);
}
END_TEST

START_TEST(other_failures_are_not_retried)
{
    will_draw(1, (key_t[]){test_key(0)});
    ck_refuses(shm_create_unique_memory(0, 0600, 0), EINVAL);
    ck_refuses(shm_create_unique_memory(1, 01600, 0), EINVAL);
    ck_refuses(shm_create_unique_semaphore(32768, 0600), ERANGE);
    ck_refuses(shm_create_unique_semaphore(-1, 0600), ERANGE);
    ck_refuses(shm_create_unique_semaphore(1, 01600), EINVAL);
    ck_assert_int_eq(drawn, 5);
    ck_refuses(shm_create_unique_memory(1, 0600, -1), EINVAL);
    ck_refuses(shm_create_unique_memory(1, 0600, 256), EINVAL);
    ck_assert_int_eq(drawn, 5);
    exhausted = true;
    ck_refuses(shm_create_unique_memory(1, 0600, 0), EIO);
    ck_refuses(shm_create_unique_semaphore(1, 0600), EIO);
    exhausted = false;
    ck_assert_int_eq(shm_memory_haskey(test_key(0)), 0);
    ck_assert_int_eq(shm_semaphore_haskey(test_key(0)), 0);
}
END_TEST

static int create_without_permissions(void *context)
{
    (void)context;
    CHILD_EXPECT(become_nobody());
    for (unsigned perm = 0; perm < 0600; perm += 0200) {
        errno = 0;
        CHILD_EXPECT(!shm_create_unique_memory(1, perm, 'x') && errno == EACCES);
        CHILD_EXPECT(!shm_create_unique_semaphore(1, perm) && errno == EACCES);
        CHILD_EXPECT(!shm_memory_haskey(test_key(0)));
        CHILD_EXPECT(!shm_semaphore_haskey(test_key(0)));
    }
    return 0;
}

START_TEST(nothing_is_left_without_permissions)
{
    will_draw(1, (key_t[]){test_key(0)});
    if (have_root("a creator without permissions"))
        ck_assert_int_eq(child_run(create_without_permissions, NULL), 0);
}
END_TEST

START_TEST(the_programs_random_numbers_stay_its_own)
{
    srand(5);
    int first = rand();
    srand(5);
    will_draw(1, (key_t[]){test_key(0)});
    ck_made(shm_create_unique_memory(1, 0600, 0));
    ck_assert_int_eq(rand(), first);
}
END_TEST

START_TEST(success_leaves_errno_and_sentence_alone)
{
    ck_made(shm_create_memory(test_key(0), 1, 0600));
    will_draw(1, (key_t[]){test_key(1)});
    ck_fails(shm_getshmid(0), ENOENT);
    char sentence[512];
    snprintf(sentence, sizeof sentence, "%s", shm_error_detail());
    errno = 77;
    ck_made(shm_create_unique_memory(1, 0600, 0));
    ck_made(shm_create_unique_semaphore(1, 0600));
    ck_assert_int_eq(errno, 77);
    ck_says(sentence);
    will_draw(2, (key_t[]){test_key(0), test_key(2)});
    ck_made(shm_create_unique_memory(1, 0600, 0));
    ck_assert_int_eq(drawn, 2);
    ck_assert_int_eq(errno, 77);
    ck_says(sentence);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        memory_is_filled_and_attached,
        taken_keys_are_drawn_again,
        it_ends_when_nothing_is_free,
        other_failures_are_not_retried,
        nothing_is_left_without_permissions,
        the_programs_random_numbers_stay_its_own,
        success_leaves_errno_and_sentence_alone,
    };
    return RUN_TESTS("unique", tests);
}
