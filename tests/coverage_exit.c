/*
 * For a build that measures coverage: in place of the C library's function, which forgets the counts
 * of children that leave by it.
 */
#include "config.h"

#include <sys/syscall.h>
#include <unistd.h>

void __gcov_dump(void);

_Noreturn void _exit(int status)
{
    __gcov_dump();
    for (;;)
        syscall(SYS_exit_group, status);
}
