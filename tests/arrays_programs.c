#include "config.h"

#include <string.h>
#include <unistd.h>

#include "tests/arrays_programs.h"

void expectation_failed(const char *file, int line, const char *condition)
{
    printf("%s:%d: not so: %s (errno %d, \"%s\")\n", file, line, condition, errno,
           shm_error_detail());
    fflush(stdout);
    _exit(1);
}

pid_t start_role(const char *role, key_t root, long number)
{
    return start_role_of("/proc/self/exe", role, root, number);
}

pid_t start_role_of(const char *program, const char *role, key_t root, long number)
{
    char key[32], text[32];
    snprintf(key, sizeof key, "%ld", (long)root);
    snprintf(text, sizeof text, "%ld", number);
    fflush(stdout);
    pid_t pid = fork();
    EXPECT(pid >= 0);
    if (pid == 0) {
        alarm(60);
        execl(program, role, key, text, (char *)NULL);
        _exit(99);
    }
    return pid;
}

void end_role(pid_t pid, int expected)
{
    int status = child_end(pid);
    if (status != expected)
        printf("process %ld ended with %d, expected %d\n", (long)pid, status, expected);
    EXPECT(status == expected);
}

size_t first_other(const uint64_t *numbers, size_t count, uint64_t value)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] != value)
            return i;
    return count;
}
