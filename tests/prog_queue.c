/*
 * Several senders and receivers on one queue, killed at random times. Every message that comes is
 * whole and comes once, those of one sender in their order; no more are missing than processes were killed
 * with one in hand; afterwards the queue is as good as new (S0.33, S3.4, S3.15).
 *
 * Then what else ends calls: handlers that jump, that operate on the queue or remove it, forks while a
 * thread sleeps, removal (S0.29, S3.18); and threads.
 */
#include "config.h"

#include "tests/backend_support.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SENDERS = 3,
    RECEIVERS = 4,
    PROCESSES = SENDERS + RECEIVERS,
    NUMBERS = 1 << 21, /* of one sender at most */
    MOST = 1500,       /* bytes of a message */
    NOWAIT = LIBSHM_IPC_NOWAIT,
    NOERROR = LIBSHM_MSG_NOERROR,
    EXCEPT = LIBSHM_MSG_EXCEPT,
};

/* How a message begins; what follows is made out of it. */
struct head {
    int sender, number;
    unsigned size, sum;
};

static struct board {
    _Atomic int numbers[SENDERS]; /* given out, before the message is sent */
    _Atomic long received, interrupted;
    _Atomic unsigned char marks[SENDERS][NUMBERS];
} * board;

static int queue;
static pid_t pids[PROCESSES];
static unsigned state;

static unsigned random_below(unsigned limit)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 12) % limit;
}

/*
 * Messages.
 */

static unsigned sum_of(const struct head *head, const char *bytes)
{
    unsigned sum = (unsigned)head->sender * 31u + (unsigned)head->number + head->size;

    for (unsigned i = sizeof *head; i < head->size; i++)
        sum = sum * 16777619u + (unsigned char)bytes[i];
    return sum;
}

static size_t write_letter(struct letter *letter, int sender, int number, unsigned more)
{
    struct head head = {sender, number, (unsigned)sizeof head + more, 0};

    letter->type = sender + 1;
    for (unsigned i = sizeof head; i < head.size; i++)
        letter->bytes[i] = (char)((unsigned)number * 7u + i * 3u + (unsigned)sender);
    head.sum = sum_of(&head, letter->bytes);
    memcpy(letter->bytes, &head, sizeof head);
    return head.size;
}

static struct head read_letter(const struct letter *letter, size_t size)
{
    struct head head;

    EXPECT(size >= sizeof head);
    memcpy(&head, letter->bytes, sizeof head);
    EXPECT_INT(head.size, (long long)size);
    EXPECT_INT(head.sum, sum_of(&head, letter->bytes));
    EXPECT_INT(letter->type, head.sender + 1);
    EXPECT(head.sender >= 0 && head.sender < SENDERS);
    return head;
}

static void mark(const struct head *head)
{
    EXPECT(head->number >= 0 && head->number < board->numbers[head->sender]);
    if (atomic_fetch_add(&board->marks[head->sender][head->number], 1) != 0)
        fail_at(__FILE__, __LINE__, "message %d of sender %d has come twice", head->number,
                head->sender);
    board->received++;
}

/* Who is interrupted, or has waited long enough, tries again. */
static bool is_to_be_tried_again(void)
{
    EXPECT(errno == EINTR || errno == EAGAIN);
    board->interrupted += errno == EINTR;
    return true;
}

/* Who is particular does not wait for ever: the queue may be full of what nobody wants. */
static const struct timespec *some_timeout(bool particular)
{
    static struct timespec shortly;

    shortly.tv_nsec = 100000 * (long)random_below(30);
    return !particular && random_below(4) ? NULL : &shortly;
}

static void send_for_ever(void *context)
{
    int me = *(int *)context, number;
    struct letter letter;

    state = (unsigned)getpid();
    while ((number = board->numbers[me]++) < NUMBERS) {
        size_t size = write_letter(&letter, me, number,
                                   random_below(8) ? random_below(200) : random_below(MOST));
        while (shm_backend_msgtimedsnd(queue, &letter, size, 0, some_timeout(false)) != 0 &&
               is_to_be_tried_again())
            continue;
    }
}

/* Any way to ask for a message keeps those of one sender in order. */
static long some_type(int *flags)
{
    *flags = 0;
    switch (random_below(4)) {
    case 0:
        return 1 + (long)random_below(SENDERS);
    case 1:
        return -1 - (long)random_below(SENDERS);
    case 2:
        *flags = EXCEPT;
        return 1 + (long)random_below(SENDERS);
    default:
        return 0;
    }
}

static void receive_for_ever(void *unused)
{
    int last[SENDERS] = {-1, -1, -1}, flags;
    struct letter letter;

    (void)unused;
    state = (unsigned)getpid();
    for (;;) {
        size_t room = random_below(5) ? sizeof letter.bytes : 100;
        long type = some_type(&flags);
        ssize_t n =
            shm_backend_msgtimedrcv(queue, &letter, room, type, flags, some_timeout(type != 0));
        if (n < 0 && ((errno == E2BIG && room == 100) || is_to_be_tried_again()))
            continue;
        struct head head = read_letter(&letter, (size_t)n);
        mark(&head);
        if (head.number <= last[head.sender])
            fail_at(__FILE__, __LINE__, "message %d of sender %d came after %d", head.number,
                    head.sender, last[head.sender]);
        last[head.sender] = head.number;
    }
}

static void note_signal(int signal)
{
    (void)signal;
}

static void catch (int signal, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};

    sigfillset(&action.sa_mask);
    EXPECT_OK(sigaction(signal, &action, NULL));
}

static void start_process(int i)
{
    pids[i] = i < SENDERS ? start(send_for_ever, &i) : start(receive_for_ever, NULL);
}

static int drain(void)
{
    struct letter letter;
    ssize_t n;
    int count = 0;

    while ((n = receive(queue, &letter, sizeof letter.bytes, 0, NOWAIT)) >= 0) {
        struct head head = read_letter(&letter, (size_t)n);
        mark(&head);
        count++;
    }
    EXPECT_INT(errno, ENOMSG);
    return count;
}

static void expect_as_good_as_new(void)
{
    EXPECT_INT(qnum(queue), 0);
    EXPECT_INT(cbytes(queue), 0);
    for (int i = 0; i < LIBSHM_MSGMNB; i++)
        EXPECT_OK(send_filled(queue, 1, 1));
    EXPECT_ERR(send_filled(queue, 1, 0), EAGAIN);
    for (int i = 0; i < LIBSHM_MSGMNB; i++)
        expect_text(queue, 0, 0, "f");
    for (int i = 0; i < 2; i++)
        EXPECT_OK(send_filled(queue, 1, LIBSHM_MSGMAX));
    EXPECT_ERR(send_filled(queue, 1, 1), EAGAIN);
}

static void expect_few_missing(int kills)
{
    long missing = 0;

    for (int s = 0; s < SENDERS; s++)
        for (int n = 0; n < board->numbers[s] && n < NUMBERS; n++)
            missing += board->marks[s][n] == 0;
    printf("%ld messages received, %ld missing after %d kills, %ld calls interrupted\n",
           board->received, missing, kills, board->interrupted);
    EXPECT(board->received > 0);
    EXPECT(missing <= kills);
}

/* All go on: nobody sleeps while there is something to do. */
static void expect_progress(void)
{
    long before = board->received;

    UNTIL(board->received > before);
}

static void check_kills(void)
{
    double end = seconds_now() + 4.0 / test_scale();
    int kills = 0;

    catch (SIGUSR1, note_signal); /* inherited */
    queue = new_queue(0600);
    EXPECT_OK(queue_set_qbytes(queue, 4000));
    for (int i = 0; i < PROCESSES; i++)
        start_process(i);
    for (; seconds_now() < end; kills++) {
        int victim = (int)random_below(PROCESSES);
        usleep(random_below(3000));
        kill(pids[random_below(PROCESSES)], SIGUSR1);
        kill_and_reap(pids[victim]);
        expect_progress();
        start_process(victim);
    }
    for (int i = 0; i < PROCESSES; i++)
        kill_and_reap(pids[i]);
    EXPECT_OK(queue_set_qbytes(queue, LIBSHM_MSGMNB));
    drain();
    expect_few_missing(kills + PROCESSES);
    expect_as_good_as_new();
    EXPECT_OK(remove_queue(queue));
}

/*
 * Handlers during a sleep.
 */

static sigjmp_buf back;

static void jump(int signal)
{
    (void)signal;
    siglongjmp(back, 1);
}

struct jumper {
    struct gate gate;
    int sends;
};

static void sleep_in_a_call(int sends)
{
    struct letter letter = {.type = 5};

    if (sends)
        shm_backend_msgtimedsnd(queue, &letter, 100, 0, NULL);
    else
        receive(queue, &letter, 100, 5, 0);
}

static void jump_out_of_sleeps(void *context)
{
    const struct jumper *j = context;

    catch (SIGUSR1, jump);
    for (volatile int i = 0; i < scaled(50); i++) {
        if (sigsetjmp(back, 1) == 0) {
            sleep_in_a_call(j->sends);
            fail_at(__FILE__, __LINE__, "the sleep ended without the jump, errno %d", errno);
        }
        if (i % 2) /* the thread's next call, whichever it is */
            EXPECT_INT((long long)queue_stat(queue).qbytes, 200);
        else
            EXPECT_ERR(receive(queue, NULL, 1, 77, NOWAIT), ENOMSG);
        gate_arrive(&j->gate);
    }
}

static void check_jump(int sends)
{
    struct jumper j = {.sends = sends};

    gate_make(&j.gate);
    queue = new_queue(0600);
    EXPECT_OK(queue_set_qbytes(queue, 200));
    EXPECT_OK(send_filled(queue, 1, 150)); /* another 100 do not fit */
    pid_t pid = start(jump_out_of_sleeps, &j);
    for (int i = 0; i < scaled(50); i++) {
        UNTIL(queue_sleepers(queue, pid) == 1);
        kill(pid, SIGUSR1);
        gate_await(&j.gate);
        EXPECT_INT(queue_sleepers(queue, pid), 0);
        EXPECT_OK(send_text(queue, 5, "x")); /* nobody takes it any more */
        expect_text(queue, 5, 0, "x");
        EXPECT_INT(qnum(queue), 1);
        gate_let_go(&j.gate);
    }
    EXPECT_INT(reap(pid), 0);
    gate_close(&j.gate);
    EXPECT_OK(queue_set_qbytes(queue, 10000));
    EXPECT_INT(qnum(queue), 1); /* nor sends */
    EXPECT_OK(remove_queue(queue));
}

/* Jumps at any time while messages come: what was given to the call that is left goes back, or is lost. */
static void jump_at_random(void *unused)
{
    struct letter letter;

    (void)unused;
    catch (SIGUSR1, jump);
    for (;;)
        if (sigsetjmp(back, 1) == 0)
            receive(queue, &letter, 100, 0, 0);
}

static void check_random_jumps(void)
{
    queue = new_queue(0600);
    pid_t pid = start(jump_at_random, NULL);
    UNTIL(queue_sleepers(queue, pid) == 1); /* it knows where to jump to */
    for (int i = 0; i < scaled(3000); i++) {
        if (send_filled(queue, 1, 100) != 0)
            EXPECT_INT(errno, EAGAIN);
        if (i > 10 && i % 3 == 0)
            kill(pid, SIGUSR1);
    }
    kill_and_reap(pid); /* what it had in hand, and the room for it, comes back now */
    while (receive(queue, NULL, 100, 0, NOWAIT) < 0 && errno == EFAULT)
        continue;
    expect_as_good_as_new();
    EXPECT_OK(remove_queue(queue));
}

static volatile sig_atomic_t handled;

static void send_and_receive(int signal)
{
    (void)signal;
    handled++;
    EXPECT_OK(send_text(queue, 9, "from the handler"));
    expect_text(queue, 9, 0, "from the handler");
}

static void remove_it(int signal)
{
    (void)signal;
    handled++;
    EXPECT_OK(remove_queue(queue));
}

struct disturbed {
    void (*handler)(int);
    int or_this; /* beside EINTR */
};

static void sleep_and_be_disturbed(void *context)
{
    const struct disturbed *d = context;
    struct letter letter;

    catch (SIGUSR1, d->handler);
    EXPECT_INT(receive(queue, &letter, 100, 5, 0), -1);
    EXPECT(errno == EINTR || errno == d->or_this);
    EXPECT_INT(handled, 1);
}

static void check_handler(struct disturbed d)
{
    for (int i = 0; i < scaled(20); i++) {
        queue = new_queue(0600);
        pid_t pid = start(sleep_and_be_disturbed, &d);
        UNTIL(queue_sleepers(queue, pid) == 1);
        kill(pid, SIGUSR1);
        EXPECT_INT(reap(pid), 0);
        if (d.or_this)
            EXPECT_ERR(remove_queue(queue), EINVAL);
        else
            EXPECT_OK(remove_queue(queue));
    }
}

/* A handler at any instruction makes the calls that the program is in. */
static void all_calls(long type)
{
    static const char text[] =
        "twice as long as the blocks of the user-space backend are, so that "
        "there is more than one link to be followed, and then some more";
    int own = (int)EXPECT_OK(shm_backend_msgget(LIBSHM_IPC_PRIVATE, 0600));

    EXPECT_OK(send_text(queue, type, text));
    EXPECT_OK(send_text(own, 1, text));
    EXPECT(qnum(queue) >= 1);
    expect_text(queue, type, 0, text);
    EXPECT_ERR(receive(queue, NULL, 1, type, NOWAIT), ENOMSG);
    EXPECT_OK(remove_queue(own));
}

static void hammer(int signal)
{
    int error = errno;

    (void)signal;
    handled++;
    all_calls(2);
    errno = error;
}

static void hammered(void *unused)
{
    struct itimerval often = {{0, 150}, {0, 150}}, never = {{0, 0}, {0, 0}};
    double end = seconds_now() + 0.8 / test_scale();

    (void)unused;
    catch (SIGPROF, hammer);
    EXPECT_OK(setitimer(ITIMER_PROF, &often, NULL));
    while (seconds_now() < end || handled < 20)
        all_calls(1);
    EXPECT_OK(setitimer(ITIMER_PROF, &never, NULL));
}

static void check_hammer(void)
{
    queue = new_queue(0600);
    EXPECT_INT(run(hammered, NULL), 0);
    expect_as_good_as_new();
    EXPECT_OK(remove_queue(queue));
}

/*
 * Forks and threads.
 */

static void *receive_in_thread(void *context)
{
    struct letter letter;
    int count = *(int *)context;

    for (int i = 0; i < count; i++)
        EXPECT_INT(receive(queue, &letter, 100, 1, 0), 1);
    return NULL;
}

static void send_as_child(void *unused)
{
    (void)unused;
    EXPECT_OK(send_text(queue, 2, "own"));
    expect_text(queue, 2, 0, "own");
    EXPECT_OK(send_text(queue, 1, "x"));
}

static void check_fork_beside_a_sleeper(void)
{
    pthread_t thread;
    int count = scaled(40);

    queue = new_queue(0600);
    EXPECT_INT(pthread_create(&thread, NULL, receive_in_thread, &count), 0);
    for (int i = 0; i < count; i++) {
        UNTIL(queue_sleepers(queue, getpid()) == 1);
        EXPECT_INT(run(send_as_child, NULL), 0);
    }
    EXPECT_INT(pthread_join(thread, NULL), 0);
    EXPECT_INT(qnum(queue), 0);
    EXPECT_OK(remove_queue(queue));
}

static void *send_many(void *context)
{
    int me = *(int *)context;
    struct letter letter;

    for (int i = 0; i < scaled(5000); i++) {
        size_t size = write_letter(&letter, me, i, (unsigned)(i % 300));
        EXPECT_OK(shm_backend_msgtimedsnd(queue, &letter, size, 0, NULL));
    }
    return NULL;
}

static void *receive_many(void *context)
{
    int from = *(int *)context;
    struct letter letter;

    for (int i = 0; i < scaled(5000); i++) {
        ssize_t n = receive(queue, &letter, sizeof letter.bytes, from + 1, 0);
        EXPECT_OK(n);
        EXPECT_INT(read_letter(&letter, (size_t)n).number, i);
    }
    return NULL;
}

static void check_threads(void)
{
    pthread_t threads[2 * SENDERS];
    int numbers[SENDERS];

    queue = new_queue(0600);
    EXPECT_OK(queue_set_qbytes(queue, 2000));
    for (int i = 0; i < SENDERS; i++) {
        numbers[i] = i;
        EXPECT_INT(pthread_create(&threads[2 * i], NULL, send_many, &numbers[i]), 0);
        EXPECT_INT(pthread_create(&threads[2 * i + 1], NULL, receive_many, &numbers[i]), 0);
    }
    for (int i = 0; i < 2 * SENDERS; i++)
        EXPECT_INT(pthread_join(threads[i], NULL), 0);
    EXPECT_OK(queue_set_qbytes(queue, LIBSHM_MSGMNB));
    expect_as_good_as_new();
    EXPECT_OK(remove_queue(queue));
}

/*
 * Removal.
 */

static void work_until_removed(void *context)
{
    int sends = *(int *)context;
    struct letter letter = {.type = 1};
    ssize_t n;

    do
        n = sends ? shm_backend_msgtimedsnd(queue, &letter, 30, 0, NULL)
                  : receive(queue, &letter, 30, 0, 0);
    while (n >= 0);
    EXPECT(errno == EIDRM || errno == EINVAL);
}

static void check_removal(void)
{
    enum { WORKERS = 5 }; /* more of one kind, so that some sleep */

    for (int i = 0; i < scaled(60); i++) {
        pid_t workers[WORKERS];
        queue = new_queue(0600);
        EXPECT_OK(queue_set_qbytes(queue, 60));
        for (int w = 0; w < WORKERS; w++)
            workers[w] = start(work_until_removed, &(int){(w + i) % 3 == 0});
        usleep(random_below(4000));
        EXPECT_OK(remove_queue(queue));
        for (int w = 0; w < WORKERS; w++)
            EXPECT_INT(reap(workers[w]), 0);
    }
}

int main(void)
{
    double begun = seconds_now();

    announce();
    registry_start();
    state = (unsigned)getpid();
    board =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(board != MAP_FAILED);
    check_kills();
    check_removal();
    check_threads();
    check_fork_beside_a_sleeper();
    check_hammer();
    if (on_posix() || !under_thread_sanitizer()) {
        check_jump(0);
        check_jump(1);
        check_random_jumps();
        check_handler((struct disturbed){send_and_receive, 0});
        check_handler((struct disturbed){remove_it, EIDRM});
    } else {
        leave_out("S0.29", "the thread sanitizer keeps handlers back");
    }
    remove_all();
    printf("%.1f s\n", seconds_now() - begun);
    return 0;
}
