/* Shows LD_PRELOAD and its arguments, a line each, or ends as it is told to: --exit STATUS. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    const char *preloaded = getenv("LD_PRELOAD");
    if (argc == 3 && strcmp(argv[1], "--exit") == 0)
        return atoi(argv[2]);
    printf("LD_PRELOAD=%s\n", preloaded ? preloaded : "");
    for (int i = 1; i < argc; i++)
        printf("<%s>\n", argv[i]);
    return 0;
}
