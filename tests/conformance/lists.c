/* Objects by index, in every family (S0.27, S0.28, S5.31). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <string.h>

enum { OBJECTS = 9 };

static int highest_index(const struct family *f)
{
    union object_info info;

    return (int)EXPECT_OK(f->control(0, f->info_command, &info));
}

static int used_ids(const struct family *f)
{
    union object_info info;

    memset(&info, 0, sizeof info);
    EXPECT_OK(f->control(0, f->info_command, &info));
    if (f == &families[SHM])
        return info.shm_usage.used_ids;
    return f == &families[SEM] ? info.sem.semusz : info.msg.msgpool;
}

START_TEST(highest_index_of_none) /* S0.27 */
{
    union object_info info;

    EACH_FAMILY (f)
        if (used_ids(f) == 0) { /* elsewhere there may be others */
            EXPECT_INT(highest_index(f), 0);
            EXPECT_INT(f->control(0, IPC_INFO, &info), 0);
            EXPECT_ERR(f->control(0, f->stat_command, &info), EINVAL);
        }
}
END_TEST

START_TEST(highest_index_of_both_commands) /* S0.27 */
{
    EACH_FAMILY (f) {
        union object_info info;
        union object_ds ds;
        for (int i = 0; i < OBJECTS; i++)
            object_at(f, IPC_PRIVATE, 1, 0600);
        int highest = highest_index(f);
        EXPECT(highest >= OBJECTS - 1);
        EXPECT_INT(f->control(0, IPC_INFO, &info), highest);
        EXPECT_OK(f->control(highest, f->stat_command, &ds));
        EXPECT_ERR(f->control(highest + 1, f->stat_command, &ds), EINVAL);
    }
}
END_TEST

/* What a visit shows is what is known of the object by its id. */
static void expect_one_visit(const struct family *f, int command, int id, key_t key)
{
    int visits = 0, highest = highest_index(f);
    union object_ds ds;

    for (int index = 0; index <= highest; index++)
        if (f->control(index, command, &ds) == id) {
            visits++;
            EXPECT_INT(key_of(&ds.perm), key);
            EXPECT_INT(ds.perm.mode, 0640);
        }
    EXPECT_INT(visits, 1);
}

START_TEST(index_gives_the_id) /* S0.28, S5.31 */
{
    EACH_FAMILY (f) {
        int ids[OBJECTS];
        key_t keys[OBJECTS];
        for (int i = 0; i < OBJECTS; i++) {
            keys[i] = free_key();
            ids[i] = object_at(f, keys[i], 1, 0640);
        }
        for (int i = 0; i < OBJECTS; i++) {
            expect_one_visit(f, f->stat_command, ids[i], keys[i]);
            expect_one_visit(f, f->stat_any_command, ids[i], keys[i]);
        }
    }
}
END_TEST

static int index_of(const struct family *f, int id)
{
    int highest = highest_index(f);
    union object_ds ds;

    for (int index = 0; index <= highest; index++)
        if (f->control(index, f->stat_command, &ds) == id)
            return index;
    return -1;
}

START_TEST(unused_index) /* S0.28 */
{
    EACH_FAMILY (f) {
        union object_ds ds;
        int id = object_at(f, IPC_PRIVATE, 1, 0600), index = index_of(f, id);
        EXPECT(index >= 0);
        EXPECT_OK(object_remove(f, id));
        EXPECT_ERR(f->control(index, f->stat_command, &ds), EINVAL);
        EXPECT_ERR(f->control(-1, f->stat_command, &ds), EINVAL);
        EXPECT_ERR(f->control(-1, f->stat_any_command, &ds), EINVAL);
        EXPECT_ERR(f->control(index + 1000, f->stat_any_command, &ds), EINVAL);
    }
}
END_TEST

/* The kernel leaves a hole; in the store those behind it may move up, S5.31. */
START_TEST(index_of_what_was_removed) /* S0.28, S5.31 */
{
    EACH_FAMILY (f) {
        union object_ds ds;
        int ids[3], hole;
        for (int i = 0; i < 3; i++)
            ids[i] = object_at(f, IPC_PRIVATE, 1, 0600);
        hole = index_of(f, ids[1]);
        EXPECT_OK(object_remove(f, ids[1]));
        int got = f->control(hole, f->stat_command, &ds);
        EXPECT(got == -1 ? errno == EINVAL : got != ids[1] && differs("S5.31"));
        EXPECT(index_of(f, ids[0]) >= 0 && index_of(f, ids[2]) >= 0);
    }
}
END_TEST

void lists_chapter(void)
{
    ADD_TESTS(highest_index_of_none, highest_index_of_both_commands, index_gives_the_id,
              unused_index, index_of_what_was_removed);
}
