/* Calls that sleep. */
#include "config.h"

#include "tests/conformance/conform.h"

int main(int argc, char **argv)
{
    return CONFORM(argc, argv, "wait", semwait_chapter, signals_chapter);
}
