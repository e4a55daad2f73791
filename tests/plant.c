/*
 * plant segment|set|queue: makes one object of the kernel's System V IPC and leaves it there,
 * for the test of isolate.
 * plant thread: ends its first thread, and no other.
 */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

static void *stay(void *unused)
{
    for (;;)
        pause();
    return unused;
}

static int leave_thread(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, stay, NULL) == 0)
        pthread_exit(NULL);
    return 1;
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    int id = -1;

    if (strcmp(what, "thread") == 0)
        return leave_thread();
    if (strcmp(what, "segment") == 0)
        id = shmget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    else if (strcmp(what, "set") == 0)
        id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    else if (strcmp(what, "queue") == 0)
        id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    if (id < 0)
        perror(what);
    return id < 0;
}
