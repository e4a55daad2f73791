/*
 * A program under faker.c: what its calls say is made up, and what they make is not. Its argument is
 * the faker, which it starts itself with; so nothing between it and a script is faked.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

static void start_with(char *program, const char *faker)
{
    char text[8192];
    const char *others = getenv("LD_PRELOAD");
    snprintf(text, sizeof text, "%s:%s", faker, others ? others : "");
    setenv("LD_PRELOAD", text, 1);
    execl(program, program, (char *)NULL);
    perror(program);
}

static int check_segment(void)
{
    struct shmid_ds ds;
    int id = shmget(IPC_PRIVATE, 100, 0600);
    if (id < 0 || shmctl(id, IPC_STAT, &ds) != 0 || shmctl(id, IPC_RMID, NULL) != 0)
        return 1;
    return ds.shm_perm.uid != getuid() || shmctl(id, IPC_STAT, &ds) != -1;
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        start_with(argv[0], argv[1]);
        return 2;
    }
    if (getegid() != 12345) {
        puts("nothing is made up here");
        return 2;
    }
    return check_segment();
}
