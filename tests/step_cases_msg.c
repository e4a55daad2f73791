/*
 * Message queues: made and removed, messages sent and received, with calls that sleep, limits set, by
 * a process that dies. A message is in the queue whole or not at all, and no block is lost.
 */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "posix/posix_queue_format.h"
#include "tests/backend_files.h"
#include "tests/backend_support.h"
#include "tests/step_trace.h"

enum {
    CREATE = LIBSHM_IPC_CREAT,
    EXCLUSIVE = CREATE | LIBSHM_IPC_EXCL,
    NOWAIT = LIBSHM_IPC_NOWAIT,
    LONGEST = LIBSHM_MSGMAX,
    VICTIM_SIZE = 500, /* several blocks, the last in part */
    VICTIM_TYPE = 9,
    NARROW = 1000, /* bytes: one such message, not two */
};

static pid_t sleeper; /* a child of the other process */
static struct letter letter;

/*
 * Messages that can be told from each other, and from pieces of each other.
 */

static void write_letter(long type, size_t size)
{
    letter.type = type;
    for (size_t i = 0; i < size; i++)
        letter.bytes[i] = (char)(i * 13 + i / 256 + (size_t)type * 31 + size);
}

static void send_one(long type, size_t size)
{
    write_letter(type, size);
    EXPECT_OK(shm_backend_msgtimedsnd(step_board->id, &letter, size, NOWAIT, NULL));
}

static void expect_whole(long type, size_t size)
{
    struct letter got = letter;

    EXPECT_INT(got.type, type);
    write_letter(type, size);
    EXPECT(memcmp(got.bytes, letter.bytes, size) == 0);
}

static void take_one(long type, size_t size)
{
    EXPECT_INT(receive(step_board->id, &letter, LONGEST, 0, NOWAIT), (long long)size);
    expect_whole(type, size);
}

static void expect_empty(void)
{
    struct shm_backend_msqid_ds ds = queue_stat(step_board->id);

    EXPECT_ERR(receive(step_board->id, &letter, LONGEST, 0, NOWAIT), ENOMSG);
    EXPECT_INT((long long)ds.qnum, 0);
    EXPECT_INT((long long)ds.cbytes, 0);
}

/*
 * The file of the user-space backend's queue, open as long as there is the queue: closing it could take
 * locks of the process away.
 */

static int file = -1;

static void read_file(void *to, size_t size, off_t offset)
{
    char path[FILE_PATH_SIZE];

    file_path(path, "q", (unsigned)step_board->id);
    if (file < 0)
        file = (int)EXPECT_OK(open(path, O_RDONLY));
    EXPECT_INT(pread(file, to, size, offset), (long long)size);
}

static uint32_t next_free(uint64_t number)
{
    const off_t back = (off_t)(PX_QUEUE_BLOCKS * sizeof(struct px_block));
    struct px_block block;

    read_file(&block, sizeof block,
              lseek(file, 0, SEEK_END) - back + (off_t)((number - 1) * sizeof block));
    return block.next;
}

/* Blocks that have been met. */
static struct {
    unsigned char met[PX_QUEUE_BLOCKS + 1];
    uint32_t count, most;
} blocks;

static void meet(uint64_t number)
{
    EXPECT(number > 0 && number <= blocks.most && !blocks.met[number]);
    blocks.met[number] = 1;
    blocks.count++;
}

/* A row of 256 bytes for each process, from the second page on: those that live keep some blocks. */
static void meet_kept(void)
{
    struct px_control control;
    struct px_row row;
    struct px_queue_row own;

    read_file(&control, sizeof control, PX_CONTROL_OFFSET);
    for (uint32_t r = 0; r < PX_GET(control.rows_used); r++) {
        off_t at = 4096 + (off_t)r * 256;
        read_file(&row, sizeof row, at);
        read_file(&own, sizeof own, at + (off_t)sizeof row);
        for (uint32_t i = 0; PX_GET(row.state) == PX_ROW_USED && i < PX_GET(own.count); i++)
            meet(PX_GET(own.blocks[i]));
    }
}

/* With no message anywhere every block that was ever used is free, or kept by a process, once. */
static void expect_all_blocks_free(void)
{
    struct px_queue now;

    if (!on_posix())
        return;
    read_file(&now, sizeof now, PX_QUEUE_OFFSET);
    memset(&blocks, 0, sizeof blocks);
    blocks.most = PX_GET(now.fresh);
    for (uint64_t n = PX_GET(now.free); n; n = next_free(n))
        meet(n);
    meet_kept();
    EXPECT_INT(blocks.count, blocks.most);
}

static void send_and_receive(void *unused)
{
    (void)unused;
    send_one(4, 10);
    take_one(4, 10);
}

/* What the dead had comes back when somebody looks, and finds them dead. */
static void expect_nothing_lost(void)
{
    expect_empty();
    EXPECT_INT(run(send_and_receive, NULL), 0);
    (void)queue_stat(step_board->id);
    expect_all_blocks_free();
}

static void choose_key(void)
{
    step_board->key = free_key();
}

static void begin_queue(void)
{
    choose_key();
    step_board->id = (int)EXPECT_OK(shm_backend_msgget(step_board->key, EXCLUSIVE | 0600));
}

static void forget_file(void)
{
    if (file >= 0)
        close(file);
    file = -1;
}

/* As much as ever goes in. */
static void end_queue(void)
{
    EXPECT_OK(queue_set_qbytes(step_board->id, LIBSHM_MSGMNB));
    for (int i = 0; i < LIBSHM_MSGMNB; i++)
        send_one(1 + i % 3, 1);
    for (int i = 0; i < LIBSHM_MSGMNB; i++)
        take_one(1 + i % 3, 1);
    expect_nothing_lost();
    EXPECT_OK(remove_queue(step_board->id));
    forget_file();
    step_nothing_left();
}

/* The first call after a death. */
static struct shm_backend_msqid_ds look_at_queue(void)
{
    struct shm_backend_msqid_ds ds;

    PROMPT(shm_backend_msgctl(step_board->id, LIBSHM_IPC_STAT, &ds));
    return ds;
}

/*
 * msgget and IPC_RMID.
 */

static void create_keyed(void)
{
    EXPECT_OK(shm_backend_msgget(step_board->key, EXCLUSIVE | 0600));
}

static void use_and_remove(int id)
{
    step_board->id = id;
    expect_empty();
    send_one(1, 300);
    take_one(1, 300);
    EXPECT_OK(remove_queue(id));
}

static void check_create_keyed(void)
{
    int found = shm_backend_msgget(step_board->key, 0), id;

    step_outcome(found >= 0);
    PROMPT(id = shm_backend_msgget(step_board->key, CREATE | 0600));
    EXPECT(found < 0 || found == id);
    use_and_remove(id);
    EXPECT_ERR(shm_backend_msgget(step_board->key, 0), ENOENT);
    step_nothing_left();
}

static void create_private(void)
{
    EXPECT_OK(shm_backend_msgget(LIBSHM_IPC_PRIVATE, 0600));
}

static void check_create_private(void)
{
    int id, count;

    PROMPT(count = (int)shm_backend_msg_list(&id, 1));
    EXPECT(count <= 1);
    step_outcome(count == 1);
    if (count == 1)
        use_and_remove(id);
    step_nothing_left();
}

static void fill_three(void)
{
    send_one(1, 3);
    send_one(2, 300);
    send_one(3, 0);
}

static void make_filled(void)
{
    step_board->id = (int)EXPECT_OK(shm_backend_msgget(step_board->key, EXCLUSIVE | 0600));
    fill_three();
}

static void remove_queue_of_board(void)
{
    EXPECT_OK(remove_queue(step_board->id));
}

static bool queue_is_alive(void)
{
    int found = shm_backend_msgget(step_board->key, 0);
    struct shm_backend_msqid_ds ds;
    bool alive = shm_backend_msgctl(step_board->id, LIBSHM_IPC_STAT, &ds) == 0;

    EXPECT_INT(found, alive ? step_board->id : -1);
    return alive;
}

static void check_remove(void)
{
    bool alive = queue_is_alive();

    step_outcome(!alive);
    if (alive) {
        take_one(1, 3);
        take_one(2, 300);
        take_one(3, 0);
        expect_empty();
        EXPECT_OK(remove_queue(step_board->id));
    }
    step_nothing_left();
}

static void receive_till_the_end(void *unused)
{
    (void)unused;
    step_follow();
    EXPECT_ERR(receive(step_board->id, &letter, LONGEST, 77, 0), EIDRM);
}

static void make_with_sleeper(void)
{
    make_filled();
    sleeper = start(receive_till_the_end, NULL);
    SOON(queue_sleepers(step_board->id, sleeper) == 1);
}

static void check_remove_with_sleeper(void)
{
    if (queue_is_alive()) {
        SOON(queue_sleepers(step_board->id, sleeper) == 1);
        check_remove();
    } else {
        step_outcome(true);
    }
    double begun = seconds_now();
    EXPECT_INT(reap(sleeper), 0);
    waits_add(&step_board->waits, seconds_now() - begun);
    step_nothing_left();
}

/*
 * msgsnd.
 */

/* The victim has not used the queue. */
static void prepare(void)
{
    write_letter(VICTIM_TYPE, VICTIM_SIZE);
}

/* It has. */
static void look(void)
{
    EXPECT(queue_stat(step_board->id).qbytes > 0);
    prepare();
}

static void send_victims(void)
{
    EXPECT_OK(shm_backend_msgtimedsnd(step_board->id, &letter, VICTIM_SIZE, 0, NULL));
}

static void check_sent(void)
{
    struct shm_backend_msqid_ds ds = look_at_queue();
    bool happened = ds.qnum == 4;

    EXPECT_INT((long long)ds.qnum, happened ? 4 : 3);
    EXPECT_INT((long long)ds.cbytes, 303 + (happened ? VICTIM_SIZE : 0));
    take_one(1, 3);
    take_one(2, 300);
    take_one(3, 0);
    if (happened)
        take_one(VICTIM_TYPE, VICTIM_SIZE);
    step_outcome(happened);
    expect_empty();
    expect_all_blocks_free();
}

/* A call that cannot be done now and must not wait leaves nothing. */
static void fill_whole(void)
{
    send_one(1, LONGEST);
    send_one(2, LONGEST);
}

static void give_up_at_once(void)
{
    EXPECT_ERR(shm_backend_msgtimedsnd(step_board->id, &letter, VICTIM_SIZE, NOWAIT, NULL),
               EAGAIN);
}

static void sleep_shortly(void)
{
    struct timespec timeout = {.tv_nsec = 200000};

    EXPECT_ERR(shm_backend_msgtimedsnd(step_board->id, &letter, VICTIM_SIZE, 0, &timeout),
               EAGAIN);
}

static void check_whole(void)
{
    EXPECT_INT((long long)look_at_queue().qnum, 2);
    take_one(1, LONGEST);
    take_one(2, LONGEST);
    expect_empty();
    expect_all_blocks_free();
}

/*
 * msgrcv.
 */

static void receive_type(long type, size_t room, int flags, size_t size)
{
    EXPECT_INT(receive(step_board->id, &letter, room, type, flags), (long long)size);
}

static void receive_first(void)
{
    receive_type(0, LONGEST, 0, 3);
}

static void receive_middle(void)
{
    receive_type(2, LONGEST, 0, 300);
}

static void receive_last(void)
{
    receive_type(3, LONGEST, 0, 0);
}

static void receive_cut(void)
{
    receive_type(-2, 2, LIBSHM_MSG_NOERROR, 2);
}

static void receive_copy(void)
{
    receive_type(1, LONGEST, LIBSHM_MSG_COPY | NOWAIT, 300);
}

static void receive_too_long(void)
{
    EXPECT_ERR(receive(step_board->id, &letter, 299, 2, 0), E2BIG);
}

/* The others are there, in their order, and one more can be sent behind the last. */
static void check_taken(long which, size_t size)
{
    struct shm_backend_msqid_ds ds = look_at_queue();
    bool happened = ds.qnum == 2;

    EXPECT_INT((long long)ds.qnum, happened ? 2 : 3);
    EXPECT_INT((long long)ds.cbytes, 303 - (happened ? (long long)size : 0));
    send_one(4, 105);
    if (!happened || which != 1)
        take_one(1, 3);
    if (!happened || which != 2)
        take_one(2, 300);
    if (!happened || which != 3)
        take_one(3, 0);
    take_one(4, 105);
    step_outcome(happened);
    expect_empty();
    expect_all_blocks_free();
}

static void check_first(void)
{
    check_taken(1, 3);
}

static void check_middle(void)
{
    check_taken(2, 300);
}

static void check_last(void)
{
    check_taken(3, 0);
}

static void check_untouched(void)
{
    EXPECT_INT((long long)look_at_queue().qnum, 3);
    take_one(1, 3);
    take_one(2, 300);
    take_one(3, 0);
    expect_empty();
    expect_all_blocks_free();
}

static void receive_shortly(void)
{
    struct timespec timeout = {.tv_nsec = 200000};

    EXPECT_ERR(shm_backend_msgtimedrcv(step_board->id, &letter, LONGEST, 0, 0, &timeout),
               EAGAIN);
}

/* No ghost of the sleeper takes what is sent. */
static void check_slept(void)
{
    EXPECT_INT((long long)look_at_queue().qnum, 0);
    send_one(5, 105);
    EXPECT_INT(qnum(step_board->id), 1);
    take_one(5, 105);
    expect_empty();
    expect_all_blocks_free();
}

/*
 * One of the other process's children receives what the victim sends, and then what ends the round: by then
 * it has got all there was.
 */

enum { LAST_TYPE = 5, LAST_SIZE = 105 };

static void receive_for_ever(void *unused)
{
    (void)unused;
    step_follow();
    for (;;) {
        ssize_t n = receive(step_board->id, &letter, LONGEST, 0, 0);
        if (n < 0)
            return;
        bool last = letter.type == LAST_TYPE;
        expect_whole(last ? LAST_TYPE : VICTIM_TYPE, last ? LAST_SIZE : VICTIM_SIZE);
        EXPECT_INT(n, last ? LAST_SIZE : VICTIM_SIZE);
        if (last)
            step_board->wanted = 0;
        else
            step_board->served++;
    }
}

static void begin_with_receiver(void)
{
    begin_queue();
    sleeper = start(receive_for_ever, NULL);
}

static void await_sleeper(void)
{
    SOON(queue_sleepers(step_board->id, sleeper) == 1);
    EXPECT_INT(qnum(step_board->id), 0);
    step_board->served = 0;
    step_board->wanted = 1;
}

static void end_with_child(void)
{
    kill_and_reap(sleeper);
    end_queue();
}

/* Both are received, so the sleeper was neither lost nor served twice. */
static void check_given(void)
{
    look_at_queue();
    send_one(LAST_TYPE, LAST_SIZE);
    SOON(!step_board->wanted && queue_sleepers(step_board->id, sleeper) == 1);
    EXPECT(step_board->served <= 1);
    step_outcome(step_board->served == 1);
    expect_empty();
    expect_all_blocks_free();
}

/* Who has too little room hears of it, and the message goes to the next one. */
static void receive_little(void *unused)
{
    (void)unused;
    step_follow();
    for (;;) {
        EXPECT_ERR(receive(step_board->id, &letter, 1, VICTIM_TYPE, 0), E2BIG);
        step_board->served++;
        while (step_board->wanted)
            usleep(20);
        step_board->wanted = 1;
    }
}

static void begin_with_little_room(void)
{
    begin_queue();
    step_board->wanted = 0;
    sleeper = start(receive_little, NULL);
}

static void await_little_room(void)
{
    step_board->wanted = 0;
    SOON(queue_sleepers(step_board->id, sleeper) == 1);
    step_board->served = 0;
    step_board->wanted = 1;
}

static void check_too_long(void)
{
    bool happened = look_at_queue().qnum == 1;

    if (happened) {
        SOON(step_board->served == 1);
        take_one(VICTIM_TYPE, VICTIM_SIZE);
    }
    EXPECT(step_board->served <= 1);
    step_outcome(happened);
    expect_empty();
    expect_all_blocks_free();
}

/*
 * One of the other process's children sends when the victim makes room. Its messages are numbered, so that the
 * first in the queue tells who has received the one before.
 */

enum { FIRST_NUMBER = 10, SENDERS_SIZE = 600 };

static long next_number; /* in the queue */

static void send_for_ever(void *unused)
{
    (void)unused;
    step_follow();
    for (long number = FIRST_NUMBER;; number++) {
        write_letter(number, SENDERS_SIZE);
        if (shm_backend_msgtimedsnd(step_board->id, &letter, SENDERS_SIZE, 0, NULL) != 0)
            return;
        step_board->served++;
    }
}

static void begin_with_sender(void)
{
    begin_queue();
    EXPECT_OK(queue_set_qbytes(step_board->id, NARROW));
    step_board->served = 0;
    next_number = FIRST_NUMBER;
    sleeper = start(send_for_ever, NULL);
}

/* It has sent the next one, and sleeps with the one after it: to be asked in this order. */
static bool sender_sleeps(void)
{
    return step_board->served == next_number - FIRST_NUMBER + 1 &&
           queue_sleepers(step_board->id, sleeper) == 1;
}

static void await_sender(void)
{
    SOON(sender_sleeps());
    EXPECT_INT(qnum(step_board->id), 1);
}

static void receive_from_sender(void)
{
    receive_type(0, LONGEST, 0, SENDERS_SIZE);
}

static void check_woken(void)
{
    PROMPT(shm_backend_msgget(step_board->key, 0));
    SOON(qnum(step_board->id) == 1 && queue_sleepers(step_board->id, sleeper) == 1);
    EXPECT_INT(receive(step_board->id, &letter, LONGEST, 0, NOWAIT), SENDERS_SIZE);
    bool happened = letter.type != next_number;

    next_number += happened;
    expect_whole(next_number, SENDERS_SIZE);
    step_outcome(happened);
    next_number++;
    SOON(sender_sleeps());
}

static void end_with_sender(void)
{
    kill_and_reap(sleeper);
    take_one(next_number, SENDERS_SIZE);
    end_queue();
}

/*
 * The victim sleeps until a child of the other process serves it.
 */

static void look_and_tell(void)
{
    step_board->updates = getpid();
    look();
}

static void await_victim(void)
{
    while (!step_board->wanted)
        usleep(20);
    while (!step_board->dead && (step_board->updates == 0 ||
                                 queue_sleepers(step_board->id, step_board->updates) == 0))
        usleep(20);
}

static void send_when_wanted(void *unused)
{
    (void)unused;
    step_follow();
    for (;;) {
        await_victim();
        send_one(VICTIM_TYPE, VICTIM_SIZE);
        step_board->wanted = 0;
    }
}

static void receive_when_wanted(void *unused)
{
    (void)unused;
    step_follow();
    for (;;) {
        await_victim();
        take_one(1, LONGEST);
        step_board->wanted = 0;
    }
}

static void begin_with_giver(void)
{
    begin_queue();
    step_board->wanted = 0;
    sleeper = start(send_when_wanted, NULL);
}

static void begin_with_taker(void)
{
    begin_queue();
    step_board->wanted = 0;
    sleeper = start(receive_when_wanted, NULL);
}

static void want_helper(void)
{
    step_board->updates = 0;
    step_board->dead = 0;
    step_board->wanted = 1;
}

static void want_taker(void)
{
    fill_whole();
    want_helper();
}

static void receive_when_given(void)
{
    receive_type(VICTIM_TYPE, LONGEST, 0, VICTIM_SIZE);
}

static void check_served(void)
{
    SOON(!step_board->wanted);
    bool happened = look_at_queue().qnum == 0;

    if (!happened)
        take_one(VICTIM_TYPE, VICTIM_SIZE);
    step_outcome(happened);
    expect_nothing_lost();
}

static void check_sent_late(void)
{
    SOON(!step_board->wanted);
    bool happened = look_at_queue().qnum == 2;

    take_one(2, LONGEST);
    if (happened)
        take_one(VICTIM_TYPE, VICTIM_SIZE);
    step_outcome(happened);
    expect_empty();
    expect_all_blocks_free();
}

/*
 * IPC_SET.
 */

static void widen(void)
{
    EXPECT_OK(queue_set_qbytes(step_board->id, NARROW));
}

static void make_narrow(void)
{
    EXPECT_OK(queue_set_qbytes(step_board->id, 10));
}

static bool is_wide(void)
{
    struct shm_backend_msqid_ds ds = look_at_queue();

    EXPECT_INT(ds.perm.mode, 0600);
    EXPECT(ds.qbytes == 10 || ds.qbytes == NARROW);
    return ds.qbytes == NARROW;
}

static void check_set(void)
{
    step_outcome(is_wide());
    expect_empty();
}

static void send_once(void *unused)
{
    (void)unused;
    step_follow();
    write_letter(7, 20);
    EXPECT_OK(shm_backend_msgtimedsnd(step_board->id, &letter, 20, 0, NULL));
}

static void make_narrow_with_sender(void)
{
    make_narrow();
    sleeper = start(send_once, NULL);
    SOON(queue_sleepers(step_board->id, sleeper) == 1);
}

static void check_set_wakes(void)
{
    bool happened = is_wide();

    step_outcome(happened);
    if (!happened)
        widen();
    EXPECT_INT(reap(sleeper), 0);
    take_one(7, 20);
    expect_empty();
    expect_all_blocks_free();
}

#define ON_A_QUEUE(before, ready, call, check, traceless)                                      \
    begin_queue, before, ready, call, check, end_queue, traceless

/* In their order: name, begin, before, ready, call, check, end, leaves_no_trace. */
const struct step_case step_cases_msg[] = {
    {"msg create, keyed", choose_key, NULL, NULL, create_keyed, check_create_keyed, NULL,
     false},
    {"msg create, private", NULL, NULL, NULL, create_private, check_create_private, NULL,
     false},
    {"msg remove", choose_key, make_filled, NULL, remove_queue_of_board, check_remove, NULL,
     false},
    {"msg remove, with a sleeper", choose_key, make_with_sleeper, look, remove_queue_of_board,
     check_remove_with_sleeper, NULL, false},
    {"msg send, the first", ON_A_QUEUE(fill_three, prepare, send_victims, check_sent, false)},
    {"msg send", ON_A_QUEUE(fill_three, look, send_victims, check_sent, false)},
    {"msg send, one that cannot",
     ON_A_QUEUE(fill_whole, look, give_up_at_once, check_whole, true)},
    {"msg send, sleeps", ON_A_QUEUE(fill_whole, look, sleep_shortly, check_whole, true)},
    {"msg send, wakes", begin_with_receiver, await_sleeper, look, send_victims, check_given,
     end_with_child, false},
    {"msg send, too long for a sleeper", begin_with_little_room, await_little_room, look,
     send_victims, check_too_long, end_with_child, false},
    {"msg send, sleeps and is let in", begin_with_taker, want_taker, look_and_tell,
     send_victims, check_sent_late, end_with_child, false},
    {"msg receive, the first call",
     ON_A_QUEUE(fill_three, prepare, receive_middle, check_middle, false)},
    {"msg receive", ON_A_QUEUE(fill_three, look, receive_first, check_first, false)},
    {"msg receive, from the middle",
     ON_A_QUEUE(fill_three, look, receive_middle, check_middle, false)},
    {"msg receive, the last", ON_A_QUEUE(fill_three, look, receive_last, check_last, false)},
    {"msg receive, cut", ON_A_QUEUE(fill_three, look, receive_cut, check_first, false)},
    {"msg receive, a copy", ON_A_QUEUE(fill_three, look, receive_copy, check_untouched, true)},
    {"msg receive, too long",
     ON_A_QUEUE(fill_three, look, receive_too_long, check_untouched, true)},
    {"msg receive, sleeps", ON_A_QUEUE(NULL, look, receive_shortly, check_slept, true)},
    {"msg receive, wakes", begin_with_sender, await_sender, look, receive_from_sender,
     check_woken, end_with_sender, false},
    {"msg receive, sleeps and is served", begin_with_giver, want_helper, look_and_tell,
     receive_when_given, check_served, end_with_child, false},
    {"msg IPC_SET", ON_A_QUEUE(make_narrow, look, widen, check_set, false)},
    {"msg IPC_SET, wakes",
     ON_A_QUEUE(make_narrow_with_sender, look, widen, check_set_wakes, false)},
    {.name = NULL}};
