/* Limits, usage and listings. */
#include "config.h"

#include "tests/conformance/conform.h"

int main(int argc, char **argv)
{
    return CONFORM(argc, argv, "limits", limits_chapter, lists_chapter);
}
