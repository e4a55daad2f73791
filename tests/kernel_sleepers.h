/* Who sleeps in the kernel's calls on message queues: it has no count, but /proc shows each thread's call. */
#ifndef LIBSHM_TESTS_KERNEL_SLEEPERS_H
#define LIBSHM_TESTS_KERNEL_SLEEPERS_H

#include <stdbool.h>
#include <sys/types.h>

/* Threads of the process that sleep in msgsnd or msgrcv on the queue. */
int kernel_sleepers(int id, pid_t pid);

/* Whether the process does, which has one thread that could, and makes no such call after another unasked. */
bool sleeps_in_kernel(int id, pid_t pid);

/* By SIGSTOP. */
bool is_stopped(pid_t pid);

#endif
