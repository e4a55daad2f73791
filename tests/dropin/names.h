/*
 * The names of System V IPC as any program uses them: with <sys/shm.h>, <sys/sem.h> and <sys/msg.h>
 * and nothing of ours. The same sources run on the kernel, preloaded, and linked with libshm-sysv.
 */
#ifndef LIBSHM_TESTS_DROPIN_NAMES_H
#define LIBSHM_TESTS_DROPIN_NAMES_H

/* As programs are that were compiled for a time_t of 32 bits. */
#ifdef DROPIN_NARROW_TIME
#undef _TIME_BITS
#endif

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { STRANGER = 65534 };

void expect_at(const char *file, int line, bool good, const char *what);

/* Prints what was not so, with errno, and ends the program. */
#define EXPECT(condition) expect_at(__FILE__, __LINE__, (condition), #condition)
#define EXPECT_ERR(call, error)                                                                \
    expect_at(__FILE__, __LINE__, (call) == -1 && errno == (error), #call " fails with " #error)

union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
    struct seminfo *info;
};

/*
 * The C library translates structs itself where a process and its kernel have other ones, and crashes
 * over a null pointer before the kernel could refuse it.
 */
bool null_reaches_the_kernel(void);

/* Runs `body` in a child, which has 30 seconds, and expects it to succeed. */
void in_child(void (*body)(void));

/* Waits until `pid` has ended and expects that it says 0. */
void expect_success(pid_t pid);

/* This program once more, in the role that uses what it is told: see names.c. */
void start_again(const char *role, int id);

/* Effective rights of another user, and back: what the calls look at when they are made. */
void become_stranger(void);
void become_root(void);

/* The parts. */
void check_segments(void);
void check_sets(void);
void check_queues(void);
void check_family(void);
void check_users(void);

/* The roles, in a program of its own that was only told an id. */
void attach_told(int shmid);
void operate_told(int semid);
void send_told(int msqid);

#endif
