/*
 * witness FILE PROGRAM [ARGUMENT...]: runs the program, and writes into the file what came into being in
 * the store while it ran: a line "KIND COUNT" for each kind of name of this namespace, such as "m 12".
 *
 * A program that makes its objects and removes them is over before a script could look. The exit status
 * is the program's, or 128 and the number of the signal that killed it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANNOT_RUN = 99 };

static const char *const kinds[] = {"m", "s", "q", "mk", "sk", "qk"};
enum { KINDS = sizeof kinds / sizeof *kinds };
static unsigned long counts[KINDS];
static char prefix[128];

static const char *variable(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value != NULL ? value : otherwise;
}

/* What follows the prefix, up to the next dot, is the kind. */
static void count(const char *name)
{
    size_t length = strlen(prefix);

    if (strncmp(name, prefix, length) != 0)
        return;
    name += length;
    for (int i = 0; i < KINDS; i++)
        if (strncmp(name, kinds[i], strlen(kinds[i])) == 0 && name[strlen(kinds[i])] == '.')
            counts[i]++;
}

/* Counts the events that are there; does not wait. */
static void take_events(int watch)
{
    _Alignas(
        struct inotify_event) char buffer[64 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
    ssize_t size;

    while ((size = read(watch, buffer, sizeof buffer)) > 0)
        for (char *at = buffer; at < buffer + size;) {
            const struct inotify_event *event = (const struct inotify_event *)(void *)at;

            if (event->len > 0)
                count(event->name);
            at += sizeof *event + event->len;
        }
}

/* Looks at every event, for their queue has an end, and at the program fifty times a second. */
static int wait_for(pid_t pid, int watch)
{
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        struct pollfd events = {.fd = watch, .events = POLLIN};

        poll(&events, 1, 20);
        take_events(watch);
    }
    take_events(watch);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run(char **argv, int watch)
{
    pid_t pid = fork();

    if (pid == 0) {
        execvp(argv[0], argv);
        fprintf(stderr, "witness: %s: %s\n", argv[0], strerror(errno));
        _exit(CANNOT_RUN);
    }
    return pid < 0 ? CANNOT_RUN : wait_for(pid, watch);
}

int main(int argc, char **argv)
{
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), status;
    FILE *f = argc < 3 ? NULL : fopen(argv[1], "we");

    snprintf(prefix, sizeof prefix, "libshm.%s.", variable("LIBSHM_NAMESPACE", "default"));
    if (f == NULL || watch < 0 ||
        inotify_add_watch(watch, variable("LIBSHM_DIR", "/dev/shm"), IN_CREATE | IN_MOVED_TO) <
            0) {
        fprintf(stderr, "witness: %s\n",
                argc < 3 ? "FILE PROGRAM [ARGUMENT...]" : strerror(errno));
        return CANNOT_RUN;
    }
    status = run(argv + 2, watch);
    for (int i = 0; i < KINDS; i++)
        if (counts[i] > 0)
            fprintf(f, "%s %lu\n", kinds[i], counts[i]);
    return fclose(f) == 0 ? status : CANNOT_RUN;
}
