/* Segments: created, found, attached, detached, changed and removed by a process that dies. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "tests/backend_support.h"
#include "tests/step_trace.h"

enum { SIZE = 5000, CREATE = LIBSHM_IPC_CREAT, EXCLUSIVE = CREATE | LIBSHM_IPC_EXCL };

static char *held; /* the other process's own attach */
static void *mine; /* the victim's */

static void choose_key(void)
{
    step_board->key = free_key();
}

static void expect_filled(const char *at, char byte)
{
    for (int i = 0; i < SIZE; i++)
        EXPECT_INT(at[i], byte);
}

/* A segment that can be used in full: attached, counted, of the right content. */
static void expect_whole(int id, char byte, int others)
{
    struct shm_backend_shmid_ds stat = segment_stat(id);

    EXPECT_INT(stat.segsz, SIZE);
    EXPECT_INT(stat.nattch, others);
    char *at = attach(id);
    expect_filled(at, byte);
    EXPECT_INT(nattch(id), others + 1);
    EXPECT_OK(shm_backend_shmdt(at));
    EXPECT_INT(nattch(id), others);
}

static void make_filled(void)
{
    int id = (int)EXPECT_OK(shm_backend_shmget(step_board->key, SIZE, EXCLUSIVE | 0600));
    char *at = attach(id);

    memset(at, 7, SIZE);
    EXPECT_OK(shm_backend_shmdt(at));
    step_board->id = id;
}

static void begin_filled(void)
{
    choose_key();
    make_filled();
}

static void remove_it(void)
{
    EXPECT_OK(remove_segment(step_board->id));
    step_nothing_left();
}

/*
 * shmget.
 */

static void create_keyed(void)
{
    EXPECT_OK(shm_backend_shmget(step_board->key, SIZE, EXCLUSIVE | 0600));
}

static void check_create_keyed(void)
{
    int found = shm_backend_shmget(step_board->key, 0, 0), id;

    step_outcome(found >= 0);
    PROMPT(id = shm_backend_shmget(step_board->key, SIZE, CREATE | 0600));
    EXPECT(found < 0 || found == id);
    EXPECT_INT(segment_stat(id).perm.mode, 0600);
    expect_whole(id, 0, 0);
    EXPECT_OK(remove_segment(id));
    EXPECT_ERR(shm_backend_shmget(step_board->key, 0, 0), ENOENT);
    step_nothing_left();
}

static void create_private(void)
{
    EXPECT_OK(shm_backend_shmget(LIBSHM_IPC_PRIVATE, SIZE, 0600));
}

static void check_create_private(void)
{
    int id, count;

    PROMPT(count = (int)shm_backend_shm_list(&id, 1));
    EXPECT(count <= 1);
    step_outcome(count == 1);
    if (count == 1) {
        expect_whole(id, 0, 0);
        EXPECT_OK(remove_segment(id));
    }
    step_nothing_left();
}

static void get(void)
{
    EXPECT_OK(shm_backend_shmget(step_board->key, SIZE, CREATE | 0600));
}

static void check_get(void)
{
    int id;

    PROMPT(id = shm_backend_shmget(step_board->key, 0, 0600));
    EXPECT_INT(id, step_board->id);
    expect_whole(id, 7, 0);
}

/*
 * shmat and shmdt.
 */

static void attach_it(void)
{
    mine = attach(step_board->id);
}

static void attach_read_only(void)
{
    mine = attach_flags(step_board->id, NULL, LIBSHM_ATTACH_RDONLY);
}

static void attach_and_detach(void)
{
    attach_it();
    EXPECT_OK(shm_backend_shmdt(mine));
}

static void detach(void)
{
    EXPECT_OK(shm_backend_shmdt(mine));
}

static void check_attach(void)
{
    PROMPT(shm_backend_shmget(step_board->key, 0, 0600));
    expect_whole(step_board->id, 7, 0);
}

/* The last detach of a segment that is removed. */
static void make_marked(void)
{
    step_board->id = (int)EXPECT_OK(shm_backend_shmget(step_board->key, SIZE, CREATE | 0600));
    attach_it();
    EXPECT_OK(remove_segment(step_board->id));
}

static void check_marked(void)
{
    struct shm_backend_shmid_ds stat;
    int id;

    EXPECT_ERR(shm_backend_shmctl(step_board->id, LIBSHM_IPC_STAT, &stat), EINVAL);
    EXPECT_INT(shm_backend_shm_list(NULL, 0), 0);
    PROMPT(id = shm_backend_shmget(step_board->key, SIZE, EXCLUSIVE | 0600));
    EXPECT_OK(remove_segment(id));
    step_nothing_left();
}

/*
 * shmctl.
 */

static void remove_segment_of_board(void)
{
    EXPECT_OK(remove_segment(step_board->id));
}

static void check_remove(void)
{
    int found;

    double begun = seconds_now();
    found = shm_backend_shmget(step_board->key, 0, 0);
    waits_add(&step_board->waits, seconds_now() - begun);
    EXPECT(found == step_board->id || (found < 0 && errno == ENOENT));
    /* The key may be free while the object is still there: then it is alive in every way. */
    struct shm_backend_shmid_ds stat;
    bool alive = shm_backend_shmctl(step_board->id, LIBSHM_IPC_STAT, &stat) == 0;
    EXPECT(found < 0 || alive);
    step_outcome(!alive);
    if (alive) {
        EXPECT_INT(found, step_board->id);
        expect_whole(found, 7, 0);
        EXPECT_OK(remove_segment(found));
    }
    step_nothing_left();
}

static void make_and_hold(void)
{
    make_filled();
    held = attach(step_board->id);
}

static void check_remove_held(void)
{
    int found = shm_backend_shmget(step_board->key, 0, 0);
    struct shm_backend_shmid_ds stat = segment_stat(step_board->id);
    bool marked = (stat.perm.mode & LIBSHM_MODE_DEST) != 0;

    step_outcome(marked);
    EXPECT_INT(found, marked ? -1 : step_board->id);
    EXPECT_INT(stat.perm.key, marked ? 0 : step_board->key);
    expect_whole(step_board->id, 7, 1);
    PROMPT(remove_segment(step_board->id));
    expect_filled(held, 7);
    EXPECT_OK(shm_backend_shmdt(held));
    step_nothing_left();
}

static void change(void)
{
    struct shm_backend_shmid_ds stat = {
        .perm = {.uid = geteuid(), .gid = getegid(), .mode = 0640}};

    EXPECT_OK(shm_backend_shmctl(step_board->id, LIBSHM_IPC_SET, &stat));
}

static void check_change(void)
{
    struct shm_backend_shmid_ds stat = segment_stat(step_board->id);

    EXPECT(stat.perm.mode == 0600 || stat.perm.mode == 0640);
    step_outcome(stat.perm.mode == 0640);
    expect_whole(step_board->id, 7, 0);
    stat.perm.mode = 0600;
    PROMPT(shm_backend_shmctl(step_board->id, LIBSHM_IPC_SET, &stat));
}

/* In their order: name, begin, before, ready, call, check, end, leaves_no_trace. */
const struct step_case step_cases_shm[] = {
    {"shm create, keyed", choose_key, NULL, NULL, create_keyed, check_create_keyed, NULL,
     false},
    {"shm create, private", NULL, NULL, NULL, create_private, check_create_private, NULL,
     false},
    {"shm get", begin_filled, NULL, NULL, get, check_get, remove_it, true},
    {"shm attach, the first", begin_filled, NULL, NULL, attach_it, check_attach, remove_it,
     true},
    {"shm attach, again", begin_filled, NULL, attach_and_detach, attach_it, check_attach,
     remove_it, true},
    {"shm attach, read-only", begin_filled, NULL, attach_and_detach, attach_read_only,
     check_attach, remove_it, true},
    {"shm detach", begin_filled, NULL, attach_it, detach, check_attach, remove_it, true},
    {"shm detach, the last of a removed", choose_key, NULL, make_marked, detach, check_marked,
     NULL, true},
    {"shm remove", choose_key, make_filled, NULL, remove_segment_of_board, check_remove, NULL,
     false},
    {"shm remove, attached", choose_key, make_and_hold, NULL, remove_segment_of_board,
     check_remove_held, NULL, false},
    {"shm change", begin_filled, NULL, NULL, change, check_change, remove_it, false},
    {.name = NULL}};
