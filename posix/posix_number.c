#include "config.h"

#include "posix/posix_number.h"

#include <stddef.h>

const char *px_number_parse(const char *text, uint64_t most, uint64_t *number)
{
    uint64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        unsigned digit = (unsigned)(*at - '0');
        if (value > (most - digit) / 10)
            return NULL;
        value = value * 10 + digit;
    }
    *number = value;
    return at == text ? NULL : at;
}
