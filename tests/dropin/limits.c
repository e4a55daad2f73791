/*
 * limits show | make KIND ... | room ID: what IPC_INFO reports, and what can be made of it, by the names
 * of the standard. KIND is a size of a segment, "set" or "queue"; an id is said for each, or why there is none.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

union any {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
    struct seminfo *info;
};

static int show(void)
{
    struct shminfo segments;
    struct seminfo sets;
    struct msginfo queues;
    if (shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)&segments) < 0 ||
        semctl(0, 0, IPC_INFO, (union any){.info = &sets}) < 0 ||
        msgctl(0, IPC_INFO, (struct msqid_ds *)(void *)&queues) < 0) {
        perror("IPC_INFO");
        return 1;
    }
    printf("shmmax %lu shmmni %lu semmni %d msgmni %d msgmnb %d\n",
           (unsigned long)segments.shmmax, (unsigned long)segments.shmmni, sets.semmni,
           queues.msgmni, queues.msgmnb);
    return 0;
}

static const char *name_of(int error)
{
    return error == EINVAL ? "EINVAL" : error == ENOSPC ? "ENOSPC" : strerror(error);
}

static int get(const char *kind)
{
    if (strcmp(kind, "set") == 0)
        return semget(IPC_PRIVATE, 2, 0600);
    if (strcmp(kind, "queue") == 0)
        return msgget(IPC_PRIVATE, 0600);
    return shmget(IPC_PRIVATE, (size_t)strtoul(kind, NULL, 10), 0600);
}

static int make(char **kinds)
{
    for (; *kinds; kinds++) {
        int id = get(*kinds);
        if (id < 0)
            printf("%s\n", name_of(errno));
        else
            printf("%d\n", id);
    }
    return 0;
}

static int room(int queue)
{
    struct msqid_ds ds;
    if (msgctl(queue, IPC_STAT, &ds) != 0)
        return 1;
    printf("%lu\n", (unsigned long)ds.msg_qbytes);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "show") == 0)
        return show();
    if (argc == 3 && strcmp(argv[1], "room") == 0)
        return room(atoi(argv[2]));
    return argc > 2 && strcmp(argv[1], "make") == 0 ? make(argv + 2) : 2;
}
