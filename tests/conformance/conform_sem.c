/* Semaphore sets. */
#include "config.h"

#include "tests/conformance/conform.h"

int main(int argc, char **argv)
{
    return CONFORM(argc, argv, "sem", semget_chapter, semorder_chapter, semop_chapter,
                   semctl_chapter);
}
