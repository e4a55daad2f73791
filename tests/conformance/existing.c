/* Getting what exists, in every family (S0.8 to S0.10). */
#include "config.h"

#include "tests/conformance/conform.h"

/* The permission comes last: strangers are in stranger.c. */
START_TEST(exclusive_comes_before_the_size) /* S0.8 */
{
    EACH_FAMILY (f) {
        key_t key = free_key();
        int id = object_at(f, key, 5, 0600);
        EXPECT_ERR(f->get(key, 5, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
        EXPECT_ERR(f->get(key, 6, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
        EXPECT_ERR(f->get(key, 0, IPC_CREAT | IPC_EXCL), EEXIST);
        EXPECT_INT(f->get(key, 5, IPC_CREAT | 0600), id);
        if (f == &families[MSG])
            continue;
        EXPECT_ERR(f->get(key, 6, IPC_CREAT | 0600), EINVAL);
        EXPECT_ERR(f->get(key, 6, 0600), EINVAL);
    }
}
END_TEST

START_TEST(missing_key) /* S0.9 */
{
    EACH_FAMILY (f) {
        key_t key = free_key();
        EXPECT_ERR(f->get(key, 1, 0600), ENOENT);
        EXPECT_ERR(f->get(key, 0, 0), ENOENT);
        int id = object_at(f, key, 1, 0600);
        EXPECT_OK(object_remove(f, id));
        EXPECT_ERR(f->get(key, 1, 0600), ENOENT);
    }
}
END_TEST

START_TEST(exclusive_alone_is_ignored) /* S0.10 */
{
    EACH_FAMILY (f) {
        key_t key = free_key();
        EXPECT_ERR(f->get(key, 1, IPC_EXCL | 0600), ENOENT);
        int id = object_at(f, key, 1, 0600);
        EXPECT_INT(f->get(key, 1, IPC_EXCL | 0600), id);
    }
}
END_TEST

START_TEST(unknown_flags_are_ignored) /* S0.10 */
{
    EACH_FAMILY (f) {
        key_t key = free_key();
        int id = f->get(key, 1, IPC_CREAT | 0x400000 | 0640);
        EXPECT_OK(id);
        register_object(f, id);
        union object_ds ds = object_stat(f, id);
        EXPECT_INT(ds.perm.mode, 0640);
        EXPECT_INT(f->get(key, 1, 0x400000), id);
    }
}
END_TEST

void existing_chapter(void)
{
    ADD_TESTS(exclusive_comes_before_the_size, missing_key, exclusive_alone_is_ignored,
              unknown_flags_are_ignored);
}
