/*
 * The parts of isolate, the program that runs each test in a world of its own.
 */
#ifndef LIBSHM_TESTS_ISOLATE_H
#define LIBSHM_TESTS_ISOLATE_H

#include <stdbool.h>
#include <sys/types.h>

/* Prints "isolate: <test>: <text>" and counts it: any complaint makes the test fail. */
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);

/* Prints a line that changes nothing. */
__attribute__((format(printf, 1, 2))) void remark(const char *format, ...);

/*
 * isolate_processes.c: the processes of the test.
 */

/* Makes orphans of the test children of this process, so that it can find them. */
void adopt_descendants(void);

/* Kills whatever still runs below this process and reaps it. Returns how many there were. */
int kill_descendants(void);

/* Complains about processes that outlive the test program, and kills them. */
void check_processes(void);

/*
 * isolate_store.c: the files of the posix backend.
 */

/* Sets LIBSHM_NAMESPACE to a name that no other test uses. */
void enter_own_namespace(void);

/* Complains about files that are left in it, and removes them. */
void check_store(void);

/*
 * isolate_sysv.c: the objects of the kernel's System V IPC.
 */

/*
 * Enters an IPC namespace of its own. Where that is not permitted the test stays in the host's,
 * alone there as far as isolate can see to it, and the objects that exist now are remembered.
 */
void enter_own_ipc(void);

/* Complains about objects that are left, and removes them. */
void check_ipc(void);

/*
 * isolate_seccomp.c: forbids the kernel's System V calls to this process and its children; a
 * process that makes one dies of SIGSYS. Returns false, with errno, where that cannot be done.
 */
bool forbid_sysv_calls(void);

/*
 * The same, but who makes one waits for an answer: returns the descriptor that seccomp_unotify(2)
 * describes, or -1 and errno.
 */
int supervise_sysv_calls(void);

#endif
