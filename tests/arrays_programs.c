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
    /* The name itself would be the emulator's own, if there is one. */
    char self[4096] = "";
    EXPECT(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    return start_role_of(self, role, root, number);
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
        const char *emulator = getenv("LIBSHM_TEST_EMULATOR");
        if (emulator)
            execl(emulator, emulator, "-0", role, program, key, text, (char *)NULL);
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
