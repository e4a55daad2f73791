/*
 * What being preloaded costs a program that uses none of it. Prints its threads and open files; or
 * `idle TIMES PRELOAD...`: starts itself so many times with each value of LD_PRELOAD in turn, since
 * what else a machine does hits all of them, and prints the median time of each in microseconds.
 */
#include "config.h"

#include <dirent.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { VALUES = 8 };

/* Without the one by which they are counted. */
static int entries(const char *folder)
{
    DIR *d = opendir(folder);
    int count = 0;
    if (!d)
        return -1;
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        count += e->d_name[0] != '.';
    closedir(d);
    return count;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double start_once(char *program, const char *preload)
{
    char nothing[] = "0", *arguments[] = {program, nothing, NULL};
    pid_t pid;
    int status;
    setenv("LD_PRELOAD", preload, 1);
    double start = now();
    if (posix_spawn(&pid, program, NULL, NULL, arguments, environ) != 0 ||
        waitpid(pid, &status, 0) != pid || status != 0)
        exit(1);
    return now() - start;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(char *program, int times, char **preloads, int count)
{
    double *took[VALUES];
    for (int p = 0; p < count; p++)
        if (!(took[p] = calloc((size_t)times, sizeof *took[p])))
            exit(1);
    for (int i = 0; i < times; i++)
        for (int p = 0; p < count; p++)
            took[p][i] = start_once(program, preloads[p]);
    for (int p = 0; p < count; p++) {
        qsort(took[p], (size_t)times, sizeof *took[p], ascending);
        printf("%.1f%s", took[p][times / 2], p + 1 < count ? " " : "\n");
        free(took[p]);
    }
}

int main(int argc, char **argv)
{
    int times = argc > 1 ? atoi(argv[1]) : -1;
    if (times > 0 && argc - 2 <= VALUES)
        measure(argv[0], times, argv + 2, argc - 2);
    else if (times < 0)
        printf("threads %d, files %d\n", entries("/proc/self/task"), entries("/proc/self/fd"));
    return 0;
}
