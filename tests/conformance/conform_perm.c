/* Permissions between users. */
#include "config.h"

#include "tests/conformance/conform.h"

#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (geteuid() != 0) {
        puts("only root can become other users");
        return 77;
    }
    return CONFORM(argc, argv, "perm", perm_chapter, stranger_chapter, owners_chapter);
}
