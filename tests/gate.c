#include "config.h"

#include "tests/gate.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { IDLE_SECONDS = 30 };

static void expect(bool value, const char *what)
{
    if (!value)
        fail_at(__FILE__, __LINE__, "at a gate, %s: %s", what, strerror(errno));
}

void gate_make(struct gate *gate)
{
    expect(pipe(gate->ready) == 0, "pipe");
    expect(pipe(gate->go) == 0, "pipe");
}

static bool read_one(int fd)
{
    char byte;
    ssize_t n;

    do
        n = read(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

void gate_arrive(const struct gate *gate)
{
    expect(write(gate->ready[1], "x", 1) == 1, "arriving");
    expect(read_one(gate->go[0]), "being let go");
}

void gate_await(const struct gate *gate)
{
    struct pollfd waiting = {gate->ready[0], POLLIN, 0};
    int n;

    do
        n = poll(&waiting, 1, 10000);
    while (n < 0 && errno == EINTR);
    expect(n == 1, "waiting for an arrival");
    expect(read_one(gate->ready[0]), "an arrival");
}

void gate_let_go(const struct gate *gate)
{
    expect(write(gate->go[1], "x", 1) == 1, "letting go");
}

void gate_close(const struct gate *gate)
{
    for (int i = 0; i < 2; i++) {
        close(gate->ready[i]);
        close(gate->go[i]);
    }
}

static char self[] = "/proc/self/exe", idle[] = "--idle";
static char ready_text[16], go_text[16];

void idle_arguments(const struct gate *gate, char **argv)
{
    snprintf(ready_text, sizeof ready_text, "%d", gate->ready[1]);
    snprintf(go_text, sizeof go_text, "%d", gate->go[0]);
    argv[0] = self;
    argv[1] = idle;
    argv[2] = ready_text;
    argv[3] = go_text;
    argv[4] = NULL;
}

void exec_idle(const struct gate *gate)
{
    char *argv[5];

    idle_arguments(gate, argv);
    execv(self, argv);
    fail_at(__FILE__, __LINE__, "exec of %s: %s", self, strerror(errno));
}

void be_idle_if_asked(int argc, char **argv)
{
    struct gate gate = {{-1, -1}, {-1, -1}};

    if (argc != 4 || strcmp(argv[1], idle) != 0)
        return;
    alarm(IDLE_SECONDS);
    gate.ready[1] = atoi(argv[2]);
    gate.go[0] = atoi(argv[3]);
    gate_arrive(&gate);
    _exit(0);
}
