/*
 * For a build that measures coverage: in place of the C library's function, which forgets the counts
 * of children that leave by it.
 */
#include "config.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

void __gcov_dump(void);

/* A limit on the size of files that a test has set is not meant for the files with the counts. */
static int may_write(void)
{
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    struct rlimit limit;
    return (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY) ||
           setrlimit(RLIMIT_FSIZE, &none) == 0;
}

_Noreturn void _exit(int status)
{
    if (may_write())
        __gcov_dump();
    for (;;)
        syscall(SYS_exit_group, status);
}
