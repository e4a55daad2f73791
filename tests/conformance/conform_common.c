/* What holds in all families, and ftok. */
#include "config.h"

#include "tests/conformance/conform.h"

int main(int argc, char **argv)
{
    return CONFORM(argc, argv, "common", keys_chapter, existing_chapter, control_chapter,
                   ftok_chapter);
}
