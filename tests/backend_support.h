/*
 * What the tests of the backend contract share. No Check in here: plain programs use it too.
 *
 * Rules are named by their numbers in doc/semantics.md.
 */
#ifndef LIBSHM_TESTS_BACKEND_SUPPORT_H
#define LIBSHM_TESTS_BACKEND_SUPPORT_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "libshm/backend.h"
#include "tests/gate.h"
#include "tests/support.h"

enum { STRANGER = 65534 };

/*
 * Expectations. The first that fails ends the process: a plain program and every child say so
 * on stdout and exit with 1, a Check test fails through `on_failure`.
 */
typedef void failure_fn(const char *file, int line, const char *text);
extern failure_fn *on_failure;

void expect_true(bool value, const char *text, const char *file, int line);
void expect_int(long long actual, long long wanted, const char *text, const char *file,
                int line);
long long expect_ok(long long result, const char *text, const char *file, int line);
void expect_error(long long result, int error, int wanted, const char *text, const char *file,
                  int line);

#define EXPECT(condition)          expect_true((condition), #condition, __FILE__, __LINE__)
#define EXPECT_INT(actual, wanted) expect_int((actual), (wanted), #actual, __FILE__, __LINE__)
/* The result of a call that must not be -1. */
#define EXPECT_OK(call) expect_ok((intptr_t)(call), #call, __FILE__, __LINE__)
/* A call that must be -1 with this errno; a successful one must leave errno alone. */
#define EXPECT_ERR(call, wanted)                                                               \
    do {                                                                                       \
        errno = 0;                                                                             \
        long long result_ = (intptr_t)(call);                                                  \
        expect_error(result_, errno, (wanted), #call, __FILE__, __LINE__);                     \
    } while (0)
/* Polls until the condition holds; five seconds later the test fails. */
#define UNTIL(condition)                                                                       \
    for (double end_ = seconds_now() + 5; !(condition);)                                       \
    pause_until(end_, #condition, __FILE__, __LINE__)

void pause_until(double end, const char *text, const char *file, int line);

/* As shm_backend_collect: looks for what the dead have left. */
int collect_debris(void);

/* What is being tested. */
bool on_posix(void);
bool through_names(void); /* on the drop-in library: tests/user_space_names.h */
/*
 * Under the thread sanitizer a handler waits until the thread's next call that the sanitizer
 * knows, which the kernel's semop is not; and a process has one thread more.
 */
bool under_thread_sanitizer(void);
bool keeps_descriptors(void); /* of what is attached or open, because locks need them */
void announce(void);          /* prints the backend and where its objects live */
void leave_out(const char *rules, const char *reason); /* prints it */

/*
 * Objects. The `new_` calls register what they make, so that remove_all() finds it, whichever
 * process made it; they expect to succeed.
 */
void registry_start(void); /* before the first fork */
void register_segment(int id);
void register_set(int id);
void register_queue(int id);
void remove_all(void);

int new_segment(size_t size, int mode);
int new_set(int nsems, int mode);
int new_queue(int mode);
key_t free_key(void); /* a key that nobody uses, in any family */
int segment_at(key_t key, size_t size, int mode);
int set_at(key_t key, int nsems, int mode);
int queue_at(key_t key, int mode);
void *attach(int id);
void *attach_flags(int id, const void *address, int flags);
#define NOT_ATTACHED ((void *)-1)

struct shm_backend_shmid_ds segment_stat(int id);
struct shm_backend_semid_ds set_stat(int id);
struct shm_backend_msqid_ds queue_stat(int id);
long long nattch(int id);
int remove_segment(int id);
int remove_set(int id);
int remove_queue(int id);

/* Semaphores; results as the backend gives them. */
int semop1(int id, int num, int op, int flags);
int semop1_timed(int id, int num, int op, int flags, long milliseconds);
int semops(int id, const struct shm_backend_sembuf *ops, size_t count);
int semops_timed(int id, const struct shm_backend_sembuf *ops, size_t count, long milliseconds);
int sem_get(int id, int num, int command); /* GETVAL, GETPID, GETNCNT, GETZCNT */
int sem_set(int id, int num, int value);
int sem_set_all(int id, const unsigned short *values);
int sem_get_all(int id, unsigned short *values);
int semval(int id, int num); /* these four expect to succeed */
int semncnt(int id, int num);
int semzcnt(int id, int num);
pid_t sempid(int id, int num);

/* Messages; results as the backend gives them. */
struct letter {
    long type;
    char bytes[LIBSHM_MSGMAX];
};
int send_bytes(int id, long type, const void *bytes, size_t size, int flags);
int send_text(int id, long type, const char *text); /* without its zero; must not wait */
int send_filled(int id, long type, size_t size);    /* any bytes; must not wait */
ssize_t receive(int id, struct letter *letter, size_t room, long type, int flags);
int queue_set_qbytes(int id, size_t qbytes);
long long qnum(int id); /* these two expect to succeed */
long long cbytes(int id);
/* Expects to receive this without waiting. */
void expect_text(int id, long type, int flags, const char *text);

/*
 * Children. One that runs for 30 seconds is killed by its alarm.
 */
typedef void child_fn(void *context);
pid_t start(child_fn *body, void *context);          /* exits with 0 after the body */
pid_t start_stranger(child_fn *body, void *context); /* as STRANGER, without groups */
int reap(pid_t pid);                                 /* exit status, or 128 + signal */
int run(child_fn *body, void *context);
int run_stranger(child_fn *body, void *context);
void become(uid_t uid, gid_t gid); /* effective ids, no other groups */
bool have_strangers(void);         /* prints what is left out without it */
void kill_and_reap(pid_t pid);

/* A sleeping call in a child, which exits with its errno (0: it succeeded). */
pid_t start_semop(int id, int num, int op, int flags);
pid_t start_semops(int id, const struct shm_backend_sembuf *ops, size_t count);

/*
 * The same on a queue. A receiver that succeeds exits with RECEIVED(first byte), which is no errno. Message
 * queues have no count of sleepers: queue_sleepers looks from outside.
 */
#define RECEIVED(byte) (200 + (unsigned char)(byte) % 50)
pid_t start_msgsnd(int id, long type, const void *bytes, size_t size);
pid_t start_msgrcv(int id, size_t room, long type, int flags);
int queue_sleepers(int id, pid_t pid); /* threads of a process that sleep in a call on it */

#endif
