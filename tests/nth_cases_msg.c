/* The calls of the contract for message queues. */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/backend_support.h"
#include "tests/nth.h"

enum {
    CREATE = LIBSHM_IPC_CREAT,
    EXCLUSIVE = CREATE | LIBSHM_IPC_EXCL,
    NOWAIT = LIBSHM_IPC_NOWAIT,
    COPY = LIBSHM_MSG_COPY,
    NOERROR = LIBSHM_MSG_NOERROR,
    LONG_SIZE = 5000, /* more blocks than a new queue has */
    LONGEST = LIBSHM_MSGMAX,
};

static const int get_errors[] = {EACCES, EEXIST, EINVAL, ENOENT, ENOMEM, ENOSPC, 0};
static const int send_errors[] = {EACCES, EAGAIN, EIDRM, EINTR, EINVAL, ENOMEM, ENOSPC, 0};
static const int receive_errors[] = {E2BIG,  EACCES, EAGAIN, EIDRM,  EINTR,
                                     EINVAL, ENOMEM, ENOMSG, ENOSPC, 0};
static const int ctl_errors[] = {EACCES, EIDRM, EINVAL, ENOMEM, ENOSPC, EPERM, 0};

static key_t key;
static int id, result;
static pid_t helper, main_process;
static struct shm_backend_msqid_ds ds;
static struct letter letter;

static int zero_or(int value)
{
    result = value;
    return value < 0 ? -1 : 0;
}

static void tell_result(void)
{
    nth_say("%d", result);
}

static void choose_key(void)
{
    key = 0x5eed0000 + (getpid() & 0xffff);
    main_process = getpid();
}

static void make_with_mode(int mode)
{
    choose_key();
    id = (int)EXPECT_OK(shm_backend_msgget(key, EXCLUSIVE | mode));
}

static void make(void)
{
    make_with_mode(0600);
}

/* The queue is open in this process. */
static void make_filled(void)
{
    make();
    EXPECT_OK(send_text(id, 1, "the first"));
    EXPECT_OK(send_filled(id, 2, 300));
    EXPECT_OK(send_text(id, 3, ""));
}

static void make_full(void)
{
    make();
    EXPECT_OK(send_filled(id, 2, LONGEST));
    EXPECT_OK(send_filled(id, 2, LONGEST));
}

static void make_as_stranger(void)
{
    make_with_mode(0666);
    EXPECT_OK(send_text(id, 1, "the first"));
    if (geteuid() == 0)
        become(STRANGER, STRANGER);
}

/* Children that live no longer than this process. */
static void start_helper(child_fn *body)
{
    helper = start(body, NULL);
}

static void die_with_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void receive_seven(void *unused)
{
    struct letter mine;

    (void)unused;
    die_with_parent();
    EXPECT_INT(receive(id, &mine, LONGEST, 7, 0), LONG_SIZE);
}

static void make_with_receiver(void)
{
    make_filled();
    start_helper(receive_seven);
    UNTIL(queue_sleepers(id, helper) == 1);
}

static void receive_little(void *unused)
{
    struct letter mine;

    (void)unused;
    die_with_parent();
    EXPECT_ERR(receive(id, &mine, 1, 7, 0), E2BIG);
}

static void make_with_little_room(void)
{
    make_filled();
    start_helper(receive_little);
    UNTIL(queue_sleepers(id, helper) == 1);
}

static void send_late(void *unused)
{
    (void)unused;
    die_with_parent();
    EXPECT_OK(send_bytes(id, 4, "late", 4, 0));
}

static void make_with_sender(void)
{
    make_full();
    start_helper(send_late);
    UNTIL(queue_sleepers(id, helper) == 1);
}

static void give_when_wanted(void *unused)
{
    (void)unused;
    die_with_parent();
    UNTIL(queue_sleepers(id, main_process) == 1);
    EXPECT_OK(send_text(id, 7, "given"));
}

static void make_with_giver(void)
{
    make_filled();
    start_helper(give_when_wanted);
}

static void take_when_wanted(void *unused)
{
    struct letter mine;

    (void)unused;
    die_with_parent();
    UNTIL(queue_sleepers(id, main_process) == 1);
    EXPECT_INT(receive(id, &mine, LONGEST, 2, 0), LONGEST);
}

static void make_with_taker(void)
{
    make_full();
    start_helper(take_when_wanted);
}

/* A receiver was stopped, may have been given a message, and was killed. */
static void make_after_death(void)
{
    int status;

    make_with_receiver();
    kill(helper, SIGSTOP);
    EXPECT_INT(waitpid(helper, &status, WUNTRACED), helper);
    EXPECT_OK(send_filled(id, 7, LONG_SIZE));
    kill_and_reap(helper);
}

static void reap_helper(void)
{
    EXPECT_INT(reap(helper), 0);
}

static int create_keyed(void)
{
    return zero_or(id = shm_backend_msgget(key, EXCLUSIVE | 0640));
}

static int create_private(void)
{
    return zero_or(id = shm_backend_msgget(LIBSHM_IPC_PRIVATE, 0600));
}

static int get(void)
{
    return zero_or(shm_backend_msgget(key, CREATE | 0600));
}

static void tell_same_id(void)
{
    nth_say("the id is %s", result == id ? "right" : "another");
}

static int send_short(void)
{
    return send_text(id, 4, "short");
}

static int send_long(void)
{
    return send_filled(id, 7, LONG_SIZE);
}

static int send_shortly(void)
{
    const struct timespec shortly = {.tv_nsec = 200000};

    letter.type = 4;
    return shm_backend_msgtimedsnd(id, &letter, 4, 0, &shortly);
}

static int send_and_wait(void)
{
    letter.type = 4;
    memcpy(letter.bytes, "wait", 4);
    return shm_backend_msgtimedsnd(id, &letter, 4, 0, NULL);
}

static int take(long type, size_t room, int flags)
{
    memset(&letter, 0, sizeof letter);
    return zero_or((int)receive(id, &letter, room, type, flags));
}

static void tell_letter(void)
{
    nth_say("%d bytes of type %ld: %.20s", result, letter.type, letter.bytes);
}

static int receive_first(void)
{
    return take(0, LONGEST, NOWAIT);
}

/* Until the sender that has room now has sent: it would show in the world, or not yet. */
static int receive_and_let_in(void)
{
    siginfo_t info;

    if (receive_first() != 0)
        return -1;
    return waitid(P_PID, (id_t)helper, &info, WEXITED | WNOWAIT);
}

static int receive_middle(void)
{
    return take(2, LONGEST, NOWAIT);
}

static int receive_cut(void)
{
    return take(-1, 5, NOERROR);
}

static int receive_copy(void)
{
    return take(1, LONGEST, COPY | NOWAIT);
}

static int receive_too_long(void)
{
    return take(2, 5, NOWAIT);
}

static int receive_none(void)
{
    return take(9, 5, NOWAIT);
}

static int receive_shortly(void)
{
    const struct timespec shortly = {.tv_nsec = 200000};

    return zero_or((int)shm_backend_msgtimedrcv(id, &letter, LONGEST, 7, 0, &shortly));
}

static int receive_and_wait(void)
{
    return take(7, LONGEST, 0);
}

static int stat_it(void)
{
    memset(&ds, 0, sizeof ds);
    return shm_backend_msgctl(id, LIBSHM_IPC_STAT, &ds);
}

static void tell_stat(void)
{
    nth_say("%d %d %d %o %u %u %d", (int)ds.qnum, (int)ds.cbytes, (int)ds.qbytes,
            (unsigned)ds.perm.mode, (unsigned)ds.perm.uid, (unsigned)ds.perm.cuid,
            ds.perm.key == key);
}

static int set_to(int mode, uint64_t qbytes)
{
    ds.perm.uid = geteuid();
    ds.perm.gid = getegid();
    ds.perm.mode = (mode_t)mode;
    ds.qbytes = qbytes;
    return shm_backend_msgctl(id, LIBSHM_IPC_SET, &ds);
}

static int change(void)
{
    return set_to(0644, LIBSHM_MSGMNB);
}

static int shrink(void)
{
    return set_to(0600, 77);
}

static int exceed(void)
{
    return set_to(0600, LIBSHM_MSGMNB + 1);
}

static int remove_it(void)
{
    return remove_queue(id);
}

static int limits(void)
{
    struct shm_backend_msginfo info;

    return zero_or(shm_backend_msgctl(0, LIBSHM_IPC_INFO, &info));
}

static int usage(void)
{
    struct shm_backend_msginfo info = {.msgpool = 0};
    int highest = shm_backend_msgctl(0, LIBSHM_MSG_INFO, &info);

    result = info.msgpool * 10000 + info.msgmap * 1000 + info.msgtql;
    return highest < 0 ? -1 : 0;
}

/* The kernel's namespace may be shared with others. */
static void tell_count(void)
{
    if (on_posix())
        tell_result();
}

static int stat_rank(void)
{
    return zero_or(shm_backend_msgctl(0, LIBSHM_MSG_STAT_ANY, &ds));
}

static void tell_rank(void)
{
    if (on_posix())
        tell_stat();
}

static int list(void)
{
    int ids[64], count = (int)shm_backend_msg_list(ids, 64);

    result = 0;
    for (int i = 0; i < count && i < 64; i++)
        result += ids[i] == id;
    return count < 0 ? -1 : 0;
}

#define NONE NULL

/*
 * In their order: name, documented, prepare, call, tell, finish, flags. How often the kernel is asked until
 * a timeout is over varies, and so does whether a process that is woken meets the lock, and has to be woken
 * once more.
 */
const struct nth_case nth_cases_msg[] = {
    {"msgget, new", get_errors, choose_key, create_keyed, NONE, NONE, 0},
    {"msgget, private", get_errors, NONE, create_private, NONE, NONE, 0},
    {"msgget, existing", get_errors, make, get, tell_same_id, NONE, 0},
    {"msgget, taken", get_errors, make, create_keyed, NONE, NONE, 0},
    {"msgsnd, the first", send_errors, make, send_short, NONE, NONE, 0},
    {"msgsnd", send_errors, make_filled, send_short, NONE, NONE, 0},
    {"msgsnd, long", send_errors, make, send_long, NONE, NONE, 0},
    {"msgsnd, of another user", send_errors, make_as_stranger, send_short, NONE, NONE, 0},
    {"msgsnd, cannot", send_errors, make_full, send_short, NONE, NONE, 0},
    {"msgsnd, wakes", send_errors, make_with_receiver, send_long, NONE, reap_helper,
     NTH_VARIES},
    {"msgsnd, too long for a sleeper", send_errors, make_with_little_room, send_long, NONE,
     reap_helper, NTH_VARIES},
    {"msgsnd, sleeps until its timeout", send_errors, make_full, send_shortly, NONE, NONE,
     NTH_VARIES},
    {"msgsnd, sleeps until there is room", send_errors, make_with_taker, send_and_wait, NONE,
     reap_helper, NTH_VARIES | NTH_PARTIAL},
    {"msgsnd, after a death", send_errors, make_after_death, send_long, NONE, NONE, 0},
    {"msgrcv, the first call", receive_errors, make, receive_none, NONE, NONE, 0},
    {"msgrcv", receive_errors, make_filled, receive_first, tell_letter, NONE, 0},
    {"msgrcv, from the middle", receive_errors, make_filled, receive_middle, tell_letter, NONE,
     0},
    {"msgrcv, cut", receive_errors, make_filled, receive_cut, tell_letter, NONE, 0},
    {"msgrcv, a copy", receive_errors, make_filled, receive_copy, tell_letter, NONE, 0},
    {"msgrcv, too long", receive_errors, make_filled, receive_too_long, NONE, NONE, 0},
    {"msgrcv, none", receive_errors, make_filled, receive_none, NONE, NONE, 0},
    {"msgrcv, of another user", receive_errors, make_as_stranger, receive_first, tell_letter,
     NONE, 0},
    {"msgrcv, wakes", receive_errors, make_with_sender, receive_and_let_in, tell_letter,
     reap_helper, NTH_VARIES},
    {"msgrcv, sleeps until its timeout", receive_errors, make_filled, receive_shortly, NONE,
     NONE, NTH_VARIES},
    {"msgrcv, sleeps until served", receive_errors, make_with_giver, receive_and_wait,
     tell_letter, reap_helper, NTH_VARIES | NTH_PARTIAL},
    {"msgrcv, after a death", receive_errors, make_after_death, receive_first, tell_letter,
     NONE, 0},
    {"IPC_STAT of a queue, the first", ctl_errors, make, stat_it, tell_stat, NONE, 0},
    {"IPC_STAT of a queue", ctl_errors, make_filled, stat_it, tell_stat, NONE, 0},
    {"IPC_SET of a queue", ctl_errors, make_filled, change, NONE, NONE, 0},
    {"IPC_SET of a queue, its bytes", ctl_errors, make_filled, shrink, NONE, NONE, 0},
    {"IPC_SET of a queue, more bytes", ctl_errors, make, exceed, NONE, NONE, 0},
    {"IPC_RMID of a queue, the first", ctl_errors, make, remove_it, NONE, NONE, 0},
    {"IPC_RMID of a queue", ctl_errors, make_filled, remove_it, NONE, NONE, 0},
    {"IPC_INFO of queues", ctl_errors, make, limits, tell_count, NONE, 0},
    {"MSG_INFO", ctl_errors, make_filled, usage, tell_count, NONE, 0},
    {"MSG_STAT_ANY", ctl_errors, make_filled, stat_rank, tell_rank, NONE, 0},
    {"list of queues", ctl_errors, make, list, tell_result, NONE, NTH_VARIES},
    {.name = NULL}};
