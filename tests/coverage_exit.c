/*
 * For a build that measures coverage: children that leave by _exit write their counts first. It is
 * linked into every program, with -Wl,--wrap=_exit; .ci/stages/coverage does so.
 */
#include <unistd.h>

void __gcov_dump(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

_Noreturn void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}
