/* SEM_UNDO. */
#include "config.h"

#include "tests/conformance/conform.h"

int main(int argc, char **argv)
{
    return CONFORM(argc, argv, "undo", undo_chapter, undo_threads_chapter);
}
