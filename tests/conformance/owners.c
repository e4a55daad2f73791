/* Who may change and remove, in every family (S0.19, S0.24, S5.5, S5.10, S5.16, S5.19). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <grp.h>
#include <signal.h>
#include <unistd.h>

enum { USER = 12345 };

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

static int give(const struct target *t, int i, uid_t uid)
{
    union object_ds ds = object_stat(&families[i], t->ids[i]);

    ds.perm.uid = uid;
    return object_set(&families[i], t->ids[i], &ds);
}

static void control_in_vain(void *context)
{
    struct target *t = context;

    for (int i = 0; i < FAMILIES; i++) {
        EXPECT_ERR(give(t, i, STRANGER), EPERM);
        EXPECT_ERR(object_remove(&families[i], t->ids[i]), EPERM);
    }
}

START_TEST(strangers_control_nothing) /* S0.19 */
{
    struct target t = make(0666);

    EXPECT_INT(run_stranger(control_in_vain, &t), 0);
}
END_TEST

static void control_own(void *unused)
{
    struct target t = make(0066); /* whatever the mode says */

    (void)unused;
    for (int i = 0; i < FAMILIES; i++) {
        union object_ds ds = {.msg = {.msg_perm = {.uid = STRANGER, .gid = STRANGER}}};
        ds.perm.mode = 0600;
        EXPECT_OK(object_set(&families[i], t.ids[i], &ds));
        EXPECT_INT(object_stat(&families[i], t.ids[i]).perm.mode, 0600);
        EXPECT_OK(object_remove(&families[i], t.ids[i]));
    }
}

START_TEST(creators_control_their_own) /* S0.19 */
{
    EXPECT_INT(run_stranger(control_own, NULL), 0);
}
END_TEST

static void control_given(void *context)
{
    struct target *t = context;

    for (int i = 0; i < FAMILIES; i++) {
        union object_ds ds = object_stat(&families[i], t->ids[i]);
        EXPECT_INT(ds.perm.uid, STRANGER);
        EXPECT_INT(ds.perm.cuid, 0);
        EXPECT_OK(object_set(&families[i], t->ids[i], &ds));
        EXPECT_OK(object_remove(&families[i], t->ids[i]));
    }
}

START_TEST(owners_control_what_they_were_given) /* S0.19 */
{
    struct target t = make(0600);

    for (int i = 0; i < FAMILIES; i++)
        EXPECT_OK(give(&t, i, STRANGER));
    EXPECT_INT(run_stranger(control_given, &t), 0);
    for (int i = 0; i < FAMILIES; i++)
        EXPECT_ERR(families[i].get(t.key, 0, 0), ENOENT);
}
END_TEST

static void make_as_user(void *context)
{
    become(USER, USER);
    *(struct target *)context = make(0600);
}

static struct target *shared_target(void)
{
    return attach(new_segment(sizeof(struct target), 0666));
}

START_TEST(root_controls_all) /* S0.17, S0.19 */
{
    struct target *t = shared_target();

    EXPECT_INT(run(make_as_user, t), 0);
    for (int i = 0; i < FAMILIES; i++) {
        EXPECT_INT(object_stat(&families[i], t->ids[i]).perm.cuid, USER);
        EXPECT_OK(give(t, i, USER));
        EXPECT_OK(object_remove(&families[i], t->ids[i]));
    }
}
END_TEST

static void give_away(void *context)
{
    struct target *t = context;

    for (int i = 0; i < FAMILIES; i++)
        if (give(t, i, USER) < 0) {
            EXPECT_INT(errno, EPERM);
            EXPECT(differs("S5.10"));
        } else {
            EXPECT_ERR(give(t, i, STRANGER), EPERM);
            EXPECT_ERR(object_remove(&families[i], t->ids[i]), EPERM);
        }
}

START_TEST(owner_gives_it_away) /* S0.24, S5.10 */
{
    struct target t = make(0644);

    for (int i = 0; i < FAMILIES; i++)
        EXPECT_OK(give(&t, i, STRANGER));
    EXPECT_INT(run_stranger(give_away, &t), 0);
}
END_TEST

static void remove_as_creator(void *context)
{
    struct target *t = context;

    become(USER, USER);
    for (int i = 0; i < FAMILIES; i++)
        if (object_remove(&families[i], t->ids[i]) < 0) {
            EXPECT(errno == EPERM || errno == EACCES);
            EXPECT(differs("S5.16"));
        }
}

START_TEST(creator_keeps_rights) /* S0.24, S5.11, S5.16 */
{
    struct target *t = shared_target();

    EXPECT_INT(run(make_as_user, t), 0);
    for (int i = 0; i < FAMILIES; i++)
        EXPECT_OK(give(t, i, STRANGER));
    EXPECT_INT(run(remove_as_creator, t), 0);
}
END_TEST

static void drop_rights_for_good(void *context)
{
    struct target *t = context;

    EXPECT_OK(setgroups(0, NULL));
    EXPECT_OK(setgid(STRANGER));
    EXPECT_OK(setuid(STRANGER));
    EXPECT_OK(semop1(t->ids[SEM], 0, -1, SEM_UNDO));
    EXPECT_OK(shmdt(attach(t->ids[SHM])));
    EXPECT_OK(send_text(t->ids[MSG], 1, "x"));
    EACH_FAMILY (f) {
        int own = object_at(f, IPC_PRIVATE, 1, 0600);
        EXPECT_INT(object_stat(f, own).perm.uid, STRANGER);
        EXPECT_OK(object_remove(f, own));
    }
}

START_TEST(rights_dropped_for_good) /* S5.5 */
{
    struct target t = make(0666);

    EXPECT_OK(sem_set(t.ids[SEM], 0, 5));
    EXPECT_INT(run(drop_rights_for_good, &t), 0);
    EXPECT_INT(semval(t.ids[SEM], 0), 5);
    expect_text(t.ids[MSG], 0, 0, "x");
}
END_TEST

struct maker {
    const struct family *family;
    key_t key;
};

static void make_and_remove(void *context)
{
    struct maker *maker = context;

    for (;;) {
        int id = maker->family->get(maker->key, 1, IPC_CREAT | 0600);
        if (id >= 0)
            object_remove(maker->family, id);
    }
}

static void look_as_user(void *context)
{
    struct maker *maker = context;

    become(USER, USER);
    EXPECT_INT(maker->family->get(maker->key, 0, 0600), -1);
    EXPECT(errno == ENOENT || errno == EACCES);
}

/* Wherever it dies: root finds a whole object, or none and makes one. */
START_TEST(killed_half_way) /* S5.19 */
{
    EACH_FAMILY (f)
        for (int i = 0; i < 25; i++) {
            struct maker maker = {f, free_key()};
            pid_t pid = start_stranger(make_and_remove, &maker);
            usleep((useconds_t)(300 + i * 97));
            kill_and_reap(pid);
            EXPECT_INT(run(look_as_user, &maker), 0);
            int id = f->get(maker.key, 1, IPC_CREAT | 0600);
            EXPECT_OK(id);
            EXPECT_OK(object_remove(f, id));
        }
}
END_TEST

void owners_chapter(void)
{
    ADD_TESTS(strangers_control_nothing, creators_control_their_own,
              owners_control_what_they_were_given, root_controls_all, owner_gives_it_away,
              creator_keeps_rights, rights_dropped_for_good, killed_half_way);
}
