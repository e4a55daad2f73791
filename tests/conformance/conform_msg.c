/* Message queues. */
#include "config.h"

#include "tests/conformance/conform.h"

int main(int argc, char **argv)
{
    return CONFORM(argc, argv, "msg", msgget_chapter, msgsnd_chapter, msgrcv_chapter,
                   msgwait_chapter, msgctl_chapter);
}
