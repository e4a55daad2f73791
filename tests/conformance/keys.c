/* Keys and ids, in every family (S0.1 to S0.7). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

START_TEST(private_key_makes_a_new_object) /* S0.1 */
{
    EACH_FAMILY (f) {
        int a = f->get(IPC_PRIVATE, 1, 0600), b = object_at(f, IPC_PRIVATE, 1, 0600);
        EXPECT_OK(a);
        register_object(f, a);
        EXPECT(a != b);
        union object_ds ds = object_stat(f, a);
        EXPECT_INT(key_of(&ds.perm), IPC_PRIVATE);
    }
}
END_TEST

START_TEST(every_other_value_is_a_key) /* S0.2 */
{
    static const key_t keys[] = {-1, -77007, INT_MIN, INT_MAX, 1};

    EACH_FAMILY (f)
        for (size_t i = 0; i < COUNT(keys); i++) {
            int id = object_at(f, keys[i], 1, 0600);
            union object_ds ds = object_stat(f, id);
            EXPECT_INT(f->get(keys[i], 0, 0), id);
            EXPECT_INT(key_of(&ds.perm), keys[i]);
        }
}
END_TEST

START_TEST(families_have_keys_of_their_own) /* S0.3 */
{
    key_t key = free_key();
    int ids[FAMILIES];

    for (int i = 0; i < FAMILIES; i++) {
        EXPECT_ERR(families[i].get(key, 1, 0), ENOENT);
        ids[i] = object_at(&families[i], key, 1, 0600);
    }
    for (int i = 0; i < FAMILIES; i++) {
        EXPECT_OK(object_remove(&families[i], ids[i]));
        EXPECT_ERR(families[i].get(key, 1, 0), ENOENT);
        for (int k = i + 1; k < FAMILIES; k++)
            EXPECT_INT(families[k].get(key, 1, 0), ids[k]);
    }
}
END_TEST

START_TEST(ids_are_not_negative) /* S0.4, S5.30 */
{
    enum { OBJECTS = 100 };

    EACH_FAMILY (f)
        for (int i = 0; i < OBJECTS; i++) {
            int id = object_at(f, IPC_PRIVATE, 1, 0600);
            EXPECT(id >= 0);
            EXPECT_OK(object_remove(f, id));
        }
}
END_TEST

START_TEST(stale_id_names_nothing) /* S0.5, S5.30 */
{
    EACH_FAMILY (f) {
        key_t key = free_key();
        int old = object_at(f, key, 1, 0600);
        union object_ds ds = object_stat(f, old);
        EXPECT_OK(object_remove(f, old));
        for (int i = 0; i < 200; i++) {
            int id = object_at(f, key, 1, 0600);
            EXPECT(id != old);
            EXPECT_ERR(f->control(old, IPC_STAT, &ds), EINVAL);
            EXPECT_OK(object_remove(f, id));
        }
        EXPECT_ERR(f->control(old, IPC_SET, &ds), EINVAL);
        EXPECT_ERR(object_remove(f, old), EINVAL);
    }
}
END_TEST

START_TEST(calls_refuse_a_stale_id) /* S0.5 */
{
    int segment = new_segment(1, 0600), set = new_set(1, 0600), queue = new_queue(0600);

    EXPECT_OK(remove_segment(segment));
    EXPECT_OK(remove_set(set));
    EXPECT_OK(remove_queue(queue));
    EXPECT_ERR(shmat(segment, NULL, 0), EINVAL);
    EXPECT_ERR(semop1(set, 0, 1, 0), EINVAL);
    EXPECT_ERR(sem_get(set, 0, GETVAL), EINVAL);
    EXPECT_ERR(send_text(queue, 1, "x"), EINVAL);
    EXPECT_ERR(take(queue, 1, 0, 0), EINVAL);
}
END_TEST

/* The kernel's first id in a new namespace; elsewhere it may come or not. */
START_TEST(zero_is_an_id_as_any_other) /* S0.6, S5.30 */
{
    EACH_FAMILY (f) {
        union object_ds ds;
        int id = object_at(f, free_key(), 1, 0600), zero = f->control(0, IPC_STAT, &ds);
        if (zero < 0)
            EXPECT_INT(errno, EINVAL);
        EXPECT_INT(f->get(key_of(&(union object_ds){object_stat(f, id).perm}.perm), 0, 0), id);
        EXPECT(id != 0 || zero == 0);
        EXPECT_OK(object_remove(f, id));
        if (id == 0)
            EXPECT_ERR(f->control(0, IPC_STAT, &ds), EINVAL);
    }
}
END_TEST

static void make_and_leave(void *keys)
{
    int segment = segment_at(*(key_t *)keys, 100, 0600), set = set_at(*(key_t *)keys, 2, 0600),
        queue = queue_at(*(key_t *)keys, 0600);

    strcpy(attach(segment), "left");
    EXPECT_OK(sem_set(set, 1, 321));
    EXPECT_OK(send_text(queue, 1, "left"));
    _exit(0);
}

START_TEST(objects_outlive_their_creator) /* S0.7 */
{
    key_t key = free_key();

    EXPECT_INT(run(make_and_leave, &key), 0);
    int segment = (int)EXPECT_OK(shmget(key, 100, 0600));
    EXPECT_INT(nattch(segment), 0);
    EXPECT_INT(strcmp(attach(segment), "left"), 0);
    EXPECT_INT(semval((int)EXPECT_OK(semget(key, 2, 0600)), 1), 321);
    expect_text((int)EXPECT_OK(msgget(key, 0600)), 0, 0, "left");
}
END_TEST

void keys_chapter(void)
{
    ADD_TESTS(private_key_makes_a_new_object, every_other_value_is_a_key,
              families_have_keys_of_their_own, ids_are_not_negative, stale_id_names_nothing,
              calls_refuse_a_stale_id, zero_is_an_id_as_any_other,
              objects_outlive_their_creator);
}
