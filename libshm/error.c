/* The sentence about the last failure, one for each thread. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libshm/fail.h"
#include "libshm/shm.h"

enum {
    TEXT_SIZE = 512,
};

/*
 * A signal handler may fail between any two instructions here. Its text then wins, or parts of
 * both are mixed, but the last byte of `formatted` is never anything but zero.
 */
static _Thread_local char formatted[TEXT_SIZE];
static _Thread_local const char *detail = "";

int shm_fail(int error, const char *text)
{
    detail = text;
    errno = error;
    return -1;
}

/*
 * The text is finished on the stack first: the arguments may contain the sentence it replaces.
 * vsnprintf neither locks nor allocates for the plain conversions that libshm uses.
 */
int shm_failf(int error, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    va_end(arguments);
    memcpy(formatted, text, strlen(text) + 1);
    return shm_fail(error, formatted);
}

const char *shm_error_detail(void)
{
    return detail;
}
