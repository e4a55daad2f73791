/* Errors, owners and times as text. */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "libshm/shm.h"
#include "libshm/shmtool.h"

bool shmtool_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("shmtool: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return false;
}

bool shmtool_failed(const char *format, ...)
{
    const char *detail = shm_error_detail();
    const char *reason = detail[0] != '\0' ? detail : strerror(errno);
    va_list arguments;
    va_start(arguments, format);
    fputs("shmtool: ", stderr);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, ": %s\n", reason);
    va_end(arguments);
    return false;
}

const char *shmtool_owner(uid_t uid, char *text, size_t size)
{
    const struct passwd *user = getpwuid(uid);
    if (user != NULL)
        snprintf(text, size, "%s", user->pw_name);
    else
        snprintf(text, size, "%lu", (unsigned long)uid);
    return text;
}

const char *shmtool_time(int64_t seconds, char *text, size_t size)
{
    time_t when = (time_t)seconds;
    struct tm utc;
    if (seconds == 0 || gmtime_r(&when, &utc) == NULL ||
        strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        return NULL;
    return text;
}

const char *shmtool_age(int64_t seconds, char *text, size_t size)
{
    static const struct {
        int64_t from, unit;
        const char *name;
    } units[] = {{172800, 86400, "d"}, {7200, 3600, "h"}, {120, 60, "min"}, {0, 1, "s"}};
    /* A clock that was set back gives no negative age. */
    int64_t age = (int64_t)time(NULL) > seconds ? (int64_t)time(NULL) - seconds : 0;
    if (seconds == 0)
        return "never";
    size_t i = 0;
    while (age < units[i].from)
        i++;
    snprintf(text, size, "%lld %s", (long long)(age / units[i].unit), units[i].name);
    return text;
}
