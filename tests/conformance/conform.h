/*
 * What the conformance suites share: expectations, objects, children. They know libc's names only, so
 * one program shows what the kernel does and, preloaded, what a library in its place does.
 *
 * A program has chapters, one for each file of tests. Comments of tests name rules by their numbers in
 * doc/semantics.md; rules.txt has the whole table.
 */
#ifndef LIBSHM_TESTS_CONFORM_H
#define LIBSHM_TESTS_CONFORM_H

#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "tests/gate.h"

enum { STRANGER = 65534 };

#define COUNT(array) (sizeof(array) / sizeof *(array))

/*
 * Expectations. The first that fails ends its process: the test's own through Check, a child with
 * status 1.
 */
void expect_true(bool value, const char *text, const char *file, int line);
void expect_int(long long actual, long long wanted, const char *text, const char *file,
                int line);
long long expect_ok(long long result, const char *text, const char *file, int line);
void expect_error(long long result, int error, int wanted, const char *text, const char *file,
                  int line);
void pause_until(double end, const char *text, const char *file, int line);
double seconds_now(void);
void await_next_second(void); /* of time(), which is what the fields have */

#define EXPECT(condition)          expect_true((condition), #condition, __FILE__, __LINE__)
#define EXPECT_INT(actual, wanted) expect_int((actual), (wanted), #actual, __FILE__, __LINE__)
#define EXPECT_OK(call)            expect_ok((intptr_t)(call), #call, __FILE__, __LINE__)
#define EXPECT_ERR(call, wanted)                                                               \
    do {                                                                                       \
        errno = 0;                                                                             \
        long long result_ = (intptr_t)(call);                                                  \
        expect_error(result_, errno, (wanted), #call, __FILE__, __LINE__);                     \
    } while (0)
/* Polls until the condition holds; ten seconds later the test fails. */
#define UNTIL(condition)                                                                       \
    for (double end_ = seconds_now() + 10; !(condition);)                                      \
    pause_until(end_, #condition, __FILE__, __LINE__)

/*
 * Where the suite runs. The drop-in differs from the kernel in what section 5 of the rules says and in
 * nothing else: a test asks by the number of the difference, which is printed.
 */
bool on_drop_in(void);
bool differs(const char *rule);
bool keeps_descriptors(void); /* S5.28: a drop-in without locks of open file descriptions */
bool hands_pointers_on(void); /* NULL as well: libc has no times to convert */
bool sizes_are_watched(void); /* by a sanitizer, which reads what a call would not */
bool have_strangers(void);    /* needs root; prints what is left out without it */

/*
 * The runner. A chapter adds its tests; each runs in a process of its own, after which what it has
 * made is removed.
 */
typedef void chapter(void);
chapter control_chapter, existing_chapter, ftok_chapter, keys_chapter;
chapter limits_chapter, lists_chapter;
chapter msgctl_chapter, msgget_chapter, msgrcv_chapter, msgsnd_chapter, msgwait_chapter;
chapter nattch_chapter, shmat_chapter, shmdt_chapter, shmget_chapter, shmrm_chapter;
chapter owners_chapter, perm_chapter, stranger_chapter;
chapter semctl_chapter, semget_chapter, semop_chapter, semorder_chapter;
chapter semwait_chapter, signals_chapter;
chapter undo_chapter, undo_threads_chapter;

int conform(int argc, char **argv, const char *name, chapter *const *chapters, size_t count);
void add_tests(const TTest *const *tests, size_t count);

#define ADD_TESTS(...)                                                                         \
    add_tests((const TTest *const[]){__VA_ARGS__}, COUNT(((const TTest *const[]){__VA_ARGS__})))
#define CONFORM(argc, argv, name, ...)                                                         \
    conform(argc, argv, name, (chapter *const[]){__VA_ARGS__},                                 \
            COUNT(((chapter *const[]){__VA_ARGS__})))

/*
 * Objects of any family. What begins with `new_` or ends in `_at` expects to succeed, and registers
 * what it makes for its removal, whichever process makes it.
 */
union object_ds {
    struct ipc_perm perm;
    struct shmid_ds shm;
    struct semid_ds sem;
    struct msqid_ds msg;
};

union object_info {
    struct shminfo shm;
    struct shm_info shm_usage;
    struct seminfo sem;
    struct msginfo msg;
};

struct family {
    const char *name;
    int (*get)(key_t key, int size, int flags); /* bytes, semaphores, or nothing */
    int (*control)(int id, int command, void *buffer);
    time_t (*changed)(const union object_ds *ds); /* ctime */
    int stat_command, stat_any_command, info_command;
};

enum { FAMILIES = 3, SHM = 0, SEM = 1, MSG = 2 };
extern const struct family families[FAMILIES];

#define EACH_FAMILY(f) for (const struct family *f = families; f < families + FAMILIES; f++)

int object_at(const struct family *f, key_t key, int size, int mode);
union object_ds object_stat(const struct family *f, int id);
int object_set(const struct family *f, int id, union object_ds *ds);
int object_remove(const struct family *f, int id);
void register_object(const struct family *f, int id); /* nothing for -1 */
key_t free_key(void);                                 /* in any family */
key_t key_of(const struct ipc_perm *perm);

/* Segments. */
#define NOT_ATTACHED ((void *)-1)
int new_segment(size_t size, int mode);
int segment_at(key_t key, size_t size, int mode);
struct shmid_ds segment_stat(int id);
long long nattch(int id);
int remove_segment(int id);
void *attach(int id); /* these two expect to succeed */
void *attach_flags(int id, const void *address, int flags);

/* Sets; results as the call gives them, but for the last four, which expect to succeed. */
union sem_argument {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
    struct seminfo *info;
};
int new_set(int nsems, int mode);
int set_at(key_t key, int nsems, int mode);
struct semid_ds set_stat(int id);
int remove_set(int id);
int semop1(int id, int num, int op, int flags);
int semop1_timed(int id, int num, int op, int flags, long milliseconds);
int sem_get(int id, int num, int command);
int sem_set(int id, int num, int value);
int sem_set_all(int id, const unsigned short *values);
int sem_get_all(int id, unsigned short *values);
int semval(int id, int num);
int semncnt(int id, int num);
int semzcnt(int id, int num);
pid_t sempid(int id, int num);

/* Queues. */
enum { MSGMAX = 8192, MSGMNB = 16384 }; /* the usual limits */
struct letter {
    long type;
    char bytes[MSGMAX];
};
int new_queue(int mode);
int queue_at(key_t key, int mode);
struct msqid_ds queue_stat(int id);
int remove_queue(int id);
int queue_set_qbytes(int id, unsigned long qbytes);
int send_text(int id, long type, const char *text);      /* without its zero; must not wait */
int send_filled(int id, long type, size_t size);         /* any bytes; must not wait */
ssize_t take(int id, size_t room, long type, int flags); /* must not wait */
void expect_text(int id, long type, int flags, const char *text);
void expect_empty(int id);

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
void kill_and_reap(pid_t pid);
void await_zombie(pid_t pid); /* dead, but not reaped */
void stop(pid_t pid);         /* SIGSTOP, and waits until it has stopped */
bool has_ended(pid_t pid);    /* a child of this process */

/* A call in a child, which exits with its errno (0: it succeeded). */
pid_t start_semop(int id, int num, int op, int flags);
pid_t start_semops(int id, const struct sembuf *ops, size_t count);
pid_t start_sleeper(int id, int num, int op, int flags); /* and waits until it is counted */

/*
 * The same on a queue; they return when the child sleeps. A receiver that succeeds exits with
 * RECEIVED(first byte), which is no errno.
 */
#define RECEIVED(byte) (200 + (unsigned char)(byte) % 50)
pid_t start_sender(int id, long type, const char *text);
pid_t start_receiver(int id, size_t room, long type, int flags);
/* Threads of a process that sleep in a call on messages, or in what a library makes of it. */
int asleep(pid_t pid);

#endif
