#include "config.h"

#include "tests/dropin/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program;

void expect_at(const char *file, int line, bool good, const char *what)
{
    if (good)
        return;
    printf("%s:%d: not so: %s (errno %d: %s)\n", file, line, what, errno, strerror(errno));
    fflush(stdout);
    _exit(1);
}

void expect_success(pid_t pid)
{
    int status;
    EXPECT(pid > 0);
    EXPECT(waitpid(pid, &status, 0) == pid);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void in_child(void (*body)(void))
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(30);
        body();
        fflush(stdout);
        _exit(0);
    }
    expect_success(pid);
}

void start_again(const char *role, int id)
{
    char number[16];
    snprintf(number, sizeof number, "%d", id);
    execl(program, program, role, number, (char *)NULL);
    _exit(2);
}

bool null_reaches_the_kernel(void)
{
    return sizeof(long) > 4 || getenv("LD_PRELOAD") != NULL;
}

void become_stranger(void)
{
    EXPECT(setegid(STRANGER) == 0);
    EXPECT(seteuid(STRANGER) == 0);
}

void become_root(void)
{
    EXPECT(seteuid(0) == 0);
    EXPECT(setegid(0) == 0);
}

static int play(const char *role, int id)
{
    if (strcmp(role, "attach") == 0)
        attach_told(id);
    else if (strcmp(role, "operate") == 0)
        operate_told(id);
    else if (strcmp(role, "send") == 0)
        send_told(id);
    else
        return 2;
    return 0;
}

/* Some kernels have no such calls, and nothing can be compared then. */
static bool are_there_any(void)
{
    int id = shmget(IPC_PRIVATE, 1, 0600);
    if (id == -1 && errno == ENOSYS)
        return false;
    EXPECT(id >= 0);
    EXPECT(shmctl(id, IPC_RMID, NULL) == 0);
    return true;
}

int main(int argc, char **argv)
{
    alarm(120);
    program = argv[0];
    if (argc == 3)
        return play(argv[1], atoi(argv[2]));
    if (!are_there_any()) {
        puts("this kernel has no System V IPC");
        return 77;
    }
    check_segments();
    check_sets();
    check_queues();
    check_family();
    check_users();
    return 0;
}
