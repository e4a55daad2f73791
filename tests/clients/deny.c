/*
 * deny enosys|kill RECORD PROGRAM [ARGUMENT...]: runs the program where the kernel's System V IPC calls
 * fail with ENOSYS, or kill who makes one. Whatever it starts is under the same filter.
 *
 * Each call that was tried is appended to the file RECORD, up to a thousand: number, arguments, process,
 * command. Many a program does not say that one of its processes was killed, or tries a call and does
 * without. The exit status is the program's, or 128 and the number of the signal that killed it. What the
 * program leaves behind is told ENOSYS in both modes.
 */
#include "config.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/isolate.h"

enum { CANNOT_RUN = 99, LINES = 1000 };

static bool kills;
static FILE *record;

static void note(const struct seccomp_notif *call)
{
    static unsigned lines;
    char path[64], command[32] = "?\n";
    FILE *f;

    if (++lines > LINES)
        return;
    snprintf(path, sizeof path, "/proc/%u/comm", call->pid);
    f = fopen(path, "re");
    if (f != NULL && fgets(command, sizeof command, f) == NULL)
        strcpy(command, "?\n");
    if (f != NULL)
        fclose(f);
    fprintf(record, "call %d(0x%llx, 0x%llx, 0x%llx) of process %u, %s", call->data.nr,
            call->data.args[0], call->data.args[1], call->data.args[2], call->pid, command);
    fflush(record);
}

/* The kernel says how large its structures are, which may be larger than those known here. */
static void *structure(size_t size, size_t size_here)
{
    void *p = calloc(1, size > size_here ? size : size_here);

    if (p == NULL)
        abort();
    return p;
}

/* Not ioctl(): musl's takes an int, which these requests do not fit. */
static bool ask(int listener, unsigned long request, void *argument)
{
    return syscall(SYS_ioctl, listener, request, argument) == 0;
}

/* A caller that has died meanwhile needs no answer. */
static void answer(int listener)
{
    struct seccomp_notif_sizes sizes = {0};
    struct seccomp_notif_resp *reply;
    struct seccomp_notif *call;

    syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
    call = structure(sizes.seccomp_notif, sizeof *call);
    reply = structure(sizes.seccomp_notif_resp, sizeof *reply);
    if (ask(listener, SECCOMP_IOCTL_NOTIF_RECV, call)) {
        note(call);
        if (kills)
            kill((pid_t)call->pid, SIGKILL);
        reply->id = call->id;
        reply->error = -ENOSYS;
        ask(listener, SECCOMP_IOCTL_NOTIF_SEND, reply);
    }
    free(call);
    free(reply);
}

/* Answers every call at once, and looks at the program fifty times a second. */
static int wait_for(pid_t pid, int listener)
{
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        struct pollfd calls = {.fd = listener, .events = POLLIN};

        if (poll(&calls, 1, 20) > 0)
            answer(listener);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run(char **argv)
{
    int listener = supervise_sysv_calls();
    pid_t pid = listener < 0 ? -1 : fork();

    if (pid < 0) {
        fprintf(stderr, "deny: %s\n", strerror(errno));
        return CANNOT_RUN;
    }
    if (pid == 0) {
        execvp(argv[0], argv);
        fprintf(stderr, "deny: %s: %s\n", argv[0], strerror(errno));
        _exit(CANNOT_RUN);
    }
    return wait_for(pid, listener);
}

int main(int argc, char **argv)
{
    if (argc < 4 || (strcmp(argv[1], "enosys") != 0 && strcmp(argv[1], "kill") != 0)) {
        fputs("usage: deny enosys|kill RECORD PROGRAM [ARGUMENT...]\n", stderr);
        return CANNOT_RUN;
    }
    kills = strcmp(argv[1], "kill") == 0;
    record = fopen(argv[2], "ae");
    if (record == NULL) {
        fprintf(stderr, "deny: %s: %s\n", argv[2], strerror(errno));
        return CANNOT_RUN;
    }
    return run(argv + 3);
}
