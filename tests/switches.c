/* Which protection is off. A name that is none ends the program: it must not pass as green. */
#include "config.h"

#include "tests/switches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum switch_name switched_off;

#define SWITCH_TEXT(name) #name,
static const char *const names[] = {"", SWITCHES(SWITCH_TEXT)};

/* Before any function of the library runs, its own constructors included. */
__attribute__((constructor(101))) static void choose(void)
{
    const char *wanted = getenv("LIBSHM_TEST_OFF");

    if (!wanted || !*wanted)
        return;
    for (int i = 1; i < OFF_count; i++)
        if (strcmp(wanted, names[i]) == 0)
            switched_off = (enum switch_name)i;
    if (switched_off != OFF_nothing)
        return;
    fprintf(stderr, "LIBSHM_TEST_OFF: there is no switch \"%s\", but these:\n", wanted);
    for (int i = 1; i < OFF_count; i++)
        fprintf(stderr, "%s\n", names[i]);
    _exit(99);
}
