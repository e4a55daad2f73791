/* Who gets an object, in every family (S0.11 to S0.17). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <grp.h>
#include <unistd.h>

enum { CREAT = IPC_CREAT, EXCL = IPC_EXCL, GROUP = 4242 };

struct target {
    key_t key;
    int ids[FAMILIES];
};

static struct target make(int mode)
{
    struct target t = {.key = free_key()};

    for (int i = 0; i < FAMILIES; i++)
        t.ids[i] = object_at(&families[i], t.key, 5, mode);
    return t;
}

static int get(const struct target *t, int i, int size, int flags)
{
    return families[i].get(t->key, size, flags);
}

static void get_asking_nothing(void *context)
{
    struct target *t = context;

    for (int i = 0; i < FAMILIES; i++) {
        EXPECT_INT(get(t, i, 0, 0), t->ids[i]);
        EXPECT_INT(get(t, i, 5, 0), t->ids[i]);
        EXPECT_INT(get(t, i, 1, CREAT), t->ids[i]);
    }
}

START_TEST(nothing_asked_nothing_refused) /* S0.11 */
{
    struct target t = make(0600);

    EXPECT_INT(run_stranger(get_asking_nothing, &t), 0);
}
END_TEST

static void get_asking(void *context)
{
    static const int asked[] = {0400, 0600, 0004, 0040, 0200, 0002, 0001, 0666};

    for (int i = 0; i < FAMILIES; i++)
        for (size_t k = 0; k < COUNT(asked); k++) {
            EXPECT_ERR(get(context, i, 0, asked[k]), EACCES);
            EXPECT_ERR(get(context, i, 5, CREAT | asked[k]), EACCES);
        }
}

START_TEST(stranger_asks_in_vain) /* S0.12 */
{
    struct target t = make(0600);

    EXPECT_INT(run_stranger(get_asking, &t), 0);
}
END_TEST

static void get_more(void *context)
{
    for (int i = 0; i < FAMILIES; i++) {
        if (i != MSG)
            EXPECT_ERR(get(context, i, 6, 0600), EINVAL);
        EXPECT_ERR(get(context, i, 5, CREAT | EXCL | 0600), EEXIST);
        EXPECT_ERR(get(context, i, 6, CREAT | EXCL | 0600), EEXIST);
    }
}

START_TEST(permission_comes_last) /* S0.8, S0.13 */
{
    struct target t = make(0600);

    EXPECT_INT(run_stranger(get_more, &t), 0);
}
END_TEST

static void get_readable(void *context)
{
    static const int reading[] = {0400, 0040, 0004, 0444}, more[] = {0200, 0020, 0002, 0606};
    struct target *t = context;

    for (int i = 0; i < FAMILIES; i++) {
        for (size_t k = 0; k < COUNT(reading); k++)
            EXPECT_INT(get(t, i, 0, reading[k]), t->ids[i]);
        for (size_t k = 0; k < COUNT(more); k++)
            EXPECT_ERR(get(t, i, 0, more[k]), EACCES);
    }
}

START_TEST(asked_bits_are_folded) /* S0.14 */
{
    struct target t = make(0604);

    EXPECT_INT(run_stranger(get_readable, &t), 0);
}
END_TEST

static void give(const struct target *t, uid_t uid, gid_t gid, int mode)
{
    for (int i = 0; i < FAMILIES; i++) {
        union object_ds ds = object_stat(&families[i], t->ids[i]);
        ds.perm.uid = uid;
        ds.perm.gid = gid;
        ds.perm.mode = (unsigned short)mode;
        EXPECT_OK(object_set(&families[i], t->ids[i], &ds));
    }
}

static void expect_all_of(const struct target *t, int granted, int refused)
{
    for (int i = 0; i < FAMILIES; i++) {
        EXPECT_INT(get(t, i, 0, granted), t->ids[i]);
        EXPECT_ERR(get(t, i, 0, refused), EACCES);
    }
}

static void member_by_effective_group(void *context)
{
    become(STRANGER, GROUP);
    expect_all_of(context, 0400, 0200);
}

static void member_by_supplementary_group(void *context)
{
    gid_t groups[] = {17, GROUP};

    EXPECT_OK(setgroups(2, groups));
    EXPECT_OK(setegid(STRANGER));
    EXPECT_OK(seteuid(STRANGER));
    expect_all_of(context, 0400, 0200);
}

static void no_member(void *context)
{
    expect_all_of(context, 0600, 0100);
}

static void owner(void *context)
{
    become(12345, STRANGER);
    expect_all_of(context, 0600, 0100);
}

START_TEST(classes_of_users) /* S0.15 */
{
    struct target t = make(0600);

    give(&t, 12345, GROUP, 0646);
    EXPECT_INT(run(owner, &t), 0);
    EXPECT_INT(run(member_by_effective_group, &t), 0);
    EXPECT_INT(run(member_by_supplementary_group, &t), 0);
    EXPECT_INT(run_stranger(no_member, &t), 0);
}
END_TEST

static void make_as_creator(void *context)
{
    become(12345, GROUP);
    *(struct target *)context = make(0640);
}

static void creator_by_group(void *context)
{
    become(STRANGER, GROUP);
    for (int i = 0; i < FAMILIES; i++)
        if (get(context, i, 0, 0400) < 0) {
            EXPECT_INT(errno, EACCES);
            EXPECT(differs("S5.11"));
        }
}

static void creator_by_user(void *context)
{
    become(12345, STRANGER);
    for (int i = 0; i < FAMILIES; i++)
        if (get(context, i, 0, 0600) < 0) {
            EXPECT_INT(errno, EACCES);
            EXPECT(differs("S5.11"));
        }
}

START_TEST(creator_beside_the_owner) /* S0.15, S5.11 */
{
    struct target *t = attach(new_segment(sizeof *t, 0666)); /* shared with the child */

    EXPECT_INT(run(make_as_creator, t), 0);
    give(t, 1, 1, 0640);
    EXPECT_INT(run(creator_by_user, t), 0);
    EXPECT_INT(run(creator_by_group, t), 0);
}
END_TEST

static void owner_is_refused(void *unused)
{
    struct target t = make(0066);

    (void)unused;
    for (int i = 0; i < FAMILIES; i++) {
        union object_ds ds;
        EXPECT_ERR(get(&t, i, 0, 0400), EACCES);
        EXPECT_ERR(get(&t, i, 0, 0004), EACCES);
        EXPECT_ERR(families[i].control(t.ids[i], IPC_STAT, &ds), EACCES);
    }
    EXPECT_ERR(shmat(t.ids[SHM], NULL, SHM_RDONLY), EACCES);
    EXPECT_ERR(semop1(t.ids[SEM], 0, 1, 0), EACCES);
    EXPECT_ERR(send_text(t.ids[MSG], 1, "x"), EACCES);
    EXPECT_ERR(take(t.ids[MSG], 1, 0, 0), EACCES);
}

START_TEST(first_class_decides) /* S0.16 */
{
    EXPECT_INT(run_stranger(owner_is_refused, NULL), 0);
}
END_TEST

START_TEST(root_passes_mode_0) /* S0.17 */
{
    struct target t = make(0);

    for (int i = 0; i < FAMILIES; i++) {
        EXPECT_INT(get(&t, i, 0, 0666), t.ids[i]);
        EXPECT_INT(object_stat(&families[i], t.ids[i]).perm.mode, 0);
    }
    *(char *)attach(t.ids[SHM]) = 1;
    EXPECT_OK(semop1(t.ids[SEM], 0, 1, 0));
    EXPECT_OK(send_text(t.ids[MSG], 1, "x"));
    expect_text(t.ids[MSG], 0, 0, "x");
}
END_TEST

void perm_chapter(void)
{
    ADD_TESTS(nothing_asked_nothing_refused, stranger_asks_in_vain, permission_comes_last,
              asked_bits_are_folded, classes_of_users, creator_beside_the_owner,
              first_class_decides, root_passes_mode_0);
}
