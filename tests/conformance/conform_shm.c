/* Segments. */
#include "config.h"

#include "tests/conformance/conform.h"

int main(int argc, char **argv)
{
    return CONFORM(argc, argv, "shm", shmget_chapter, shmat_chapter, shmdt_chapter,
                   nattch_chapter, shmrm_chapter);
}
