/*
 * sgd [--data FILE.csv] [--workers N] [--epochs N] [--kill]
 * sgd ROOT NUMBER                                              (a worker, started by the first)
 *
 * Trains a classifier of handwritten digits with several processes that share its parameters,
 * and proves that nothing was lost: see sgd_report.c. Compile it by hand with cc -o sgd sgd*.c
 * $(pkg-config --cflags --libs libshm) -lm
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sgd.h"

static int usage(void)
{
    fprintf(stderr,
            "usage: sgd [--data FILE.csv] [--workers 1-%d] [--epochs N] [--kill]\n"
            "       --kill  SIGKILL one of at least two workers half-way and go on\n",
            MAX_WORKERS);
    return 2;
}

static bool parse_integer(const char *text, long lowest, long highest, long *number)
{
    char *end;
    errno = 0;
    *number = strtol(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *number >= lowest && *number <= highest;
}

static bool parse_valued(const char *name, const char *value, struct options *options)
{
    long number;
    if (value == NULL)
        return false;
    if (strcmp(name, "--data") == 0) {
        options->data = value;
        return true;
    }
    if (strcmp(name, "--workers") == 0 && parse_integer(value, 1, MAX_WORKERS, &number)) {
        options->workers = (int)number;
        return true;
    }
    if (strcmp(name, "--epochs") == 0 && parse_integer(value, 1, 100000, &number)) {
        options->epochs = (int)number;
        return true;
    }
    return false;
}

static bool parse_options(char **argument, struct options *options)
{
    for (; *argument != NULL; argument++) {
        if (strcmp(*argument, "--kill") == 0)
            options->kill = true;
        else if (parse_valued(argument[0], argument[1], options))
            argument++;
        else
            return false;
    }
    return !options->kill || options->workers >= 2;
}

int main(int count, char **arguments)
{
    struct options options = {.data = "doc/examples/digits.csv", .workers = 4, .epochs = 2000};
    long root, number;
    if (count == 3 && parse_integer(arguments[1], INT32_MIN, INT32_MAX, &root) &&
        parse_integer(arguments[2], 0, MAX_WORKERS - 1, &number))
        return work((key_t)root, (int)number);
    if (!parse_options(arguments + 1, &options))
        return usage();
    return train_together(&options, arguments[0]);
}
