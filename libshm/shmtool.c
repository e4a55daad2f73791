/* shmtool: lists, shows and removes segments, semaphore sets and message queues; see shmtool(1). */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libshm/shm.h"
#include "libshm/shmtool.h"

enum { OK, FAILED, MISUSED }; /* exit statuses */

static const char help[] =
    "usage: shmtool ls [--json] [--shm | --sem | --msg]\n"
    "       shmtool stat KEY | --id ID [--shm | --sem | --msg]\n"
    "       shmtool rm KEY | --id ID | --all [--shm | --sem | --msg]\n"
    "       shmtool gc\n"
    "       shmtool --help | --version\n"
    "KEY is a decimal number, negative or not, or 0x and hexadecimal digits.\n";

static bool parse_number(const char *text, long long lowest, long long highest,
                         long long *number)
{
    bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    char *end;
    errno = 0;
    *number = strtoll(text, &end, hexadecimal ? 16 : 10);
    return errno == 0 && end != text && *end == '\0' && *number >= lowest && *number <= highest;
}

/* Keys are 32 bits; both ways of writing the upper half are accepted. */
static bool parse_key(const char *text, struct shmtool_options *options)
{
    long long number;
    if (!parse_number(text, INT32_MIN, UINT32_MAX, &number))
        return shmtool_complain("%s: not a key (a 32-bit number)", text);
    /* To ask the backend for key 0 would make a new private object. */
    if (number == LIBSHM_IPC_PRIVATE)
        return shmtool_complain("key 0 names no object: private ones are found by --id");
    options->key = (key_t)(uint32_t)number;
    options->has_key = true;
    return true;
}

static bool parse_id(const char *text, struct shmtool_options *options)
{
    long long number;
    if (text == NULL || !parse_number(text, 0, INT_MAX, &number))
        return shmtool_complain("--id: an id is a number from 0 to %d", INT_MAX);
    options->id = (int)number;
    options->has_id = true;
    return true;
}

/* Negative keys start with a dash as well. */
static bool is_option(const char *text)
{
    return text[0] == '-' && (text[1] < '0' || text[1] > '9');
}

static bool parse_argument(char ***argument, struct shmtool_options *options)
{
    const char *text = **argument;
    if (strcmp(text, "--json") == 0)
        return options->json = true;
    if (strcmp(text, "--all") == 0)
        return options->all = true;
    if (strcmp(text, "--shm") == 0)
        return options->family[SHMTOOL_SHM] = true;
    if (strcmp(text, "--sem") == 0)
        return options->family[SHMTOOL_SEM] = true;
    if (strcmp(text, "--msg") == 0)
        return options->family[SHMTOOL_MSG] = true;
    if (strcmp(text, "--id") == 0) {
        *argument += (*argument)[1] != NULL;
        return parse_id(**argument == text ? NULL : **argument, options);
    }
    if (is_option(text))
        return shmtool_complain("%s: unknown option", text);
    if (options->has_key)
        return shmtool_complain("%s: one key at a time", text);
    return parse_key(text, options);
}

static bool parse_arguments(char **argument, struct shmtool_options *options)
{
    for (; *argument != NULL; argument++)
        if (!parse_argument(&argument, options))
            return false;
    bool any = false;
    for (int f = 0; f < SHMTOOL_FAMILIES; f++)
        any = any || options->family[f];
    for (int f = 0; f < SHMTOOL_FAMILIES && !any; f++)
        options->family[f] = true;
    return true;
}

/* Which objects a command needs to be told, and what else it takes. */
static bool fits(const char *command, const struct shmtool_options *options)
{
    int named = options->has_key + options->has_id;
    bool plain = !options->json && !options->all;
    if (strcmp(command, "ls") == 0)
        return named == 0 && !options->all;
    if (strcmp(command, "stat") == 0)
        return named == 1 && plain;
    if (strcmp(command, "rm") == 0)
        return named + options->all == 1 && !options->json;
    return strcmp(command, "gc") == 0 && named == 0 && plain;
}

static int misused(void)
{
    fputs(help, stderr);
    return MISUSED;
}

static int print_version(void)
{
    char place[512];
    shm_backend_describe(place, sizeof place);
    printf("shmtool (libshm) %s\nbackend: %s\nobjects: %s\n", shm_version(), shm_backend_name(),
           place);
    return OK;
}

static bool run(const char *command, const struct shmtool_options *options)
{
    if (strcmp(command, "ls") == 0)
        return shmtool_ls(options);
    if (strcmp(command, "stat") == 0)
        return shmtool_stat(options);
    if (strcmp(command, "rm") == 0)
        return shmtool_rm(options);
    return shmtool_gc();
}

int main(int count, char **arguments)
{
    struct shmtool_options options = {.json = false};
    if (count < 2)
        return misused();
    if (strcmp(arguments[1], "--help") == 0)
        return fputs(help, stdout) == EOF ? FAILED : OK;
    if (strcmp(arguments[1], "--version") == 0)
        return print_version();
    if (!parse_arguments(arguments + 2, &options) || !fits(arguments[1], &options))
        return misused();
    bool good = run(arguments[1], &options);
    if (fflush(stdout) == EOF)
        good = shmtool_complain("cannot write: %s", strerror(errno));
    return good ? OK : FAILED;
}
