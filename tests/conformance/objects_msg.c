/* Queues, and calls on them. */
#include "config.h"

#include "tests/conformance/conform.h"

#include <stdlib.h>
#include <string.h>

int queue_at(key_t key, int mode)
{
    return object_at(&families[MSG], key, 0, mode);
}

int new_queue(int mode)
{
    return queue_at(IPC_PRIVATE, mode);
}

struct msqid_ds queue_stat(int id)
{
    return object_stat(&families[MSG], id).msg;
}

int remove_queue(int id)
{
    return msgctl(id, IPC_RMID, NULL);
}

int queue_set_qbytes(int id, unsigned long qbytes)
{
    struct msqid_ds ds = queue_stat(id);

    ds.msg_qbytes = qbytes;
    return msgctl(id, IPC_SET, &ds);
}

int send_text(int id, long type, const char *text)
{
    struct letter letter = {.type = type};

    memcpy(letter.bytes, text, strlen(text));
    return msgsnd(id, &letter, strlen(text), IPC_NOWAIT);
}

int send_filled(int id, long type, size_t size)
{
    struct letter letter = {.type = type};

    memset(letter.bytes, 'f', size < sizeof letter.bytes ? size : 0);
    return msgsnd(id, &letter, size, IPC_NOWAIT);
}

ssize_t take(int id, size_t room, long type, int flags)
{
    struct letter letter;

    return msgrcv(id, &letter, room, type, flags | IPC_NOWAIT);
}

void expect_text(int id, long type, int flags, const char *text)
{
    struct letter letter = {.type = -1};
    ssize_t n = msgrcv(id, &letter, MSGMAX, type, flags | IPC_NOWAIT);

    if (n < 0)
        fail_at(__FILE__, __LINE__, "\"%s\" was not received: %s", text, strerror(errno));
    if ((size_t)n != strlen(text) || memcmp(letter.bytes, text, (size_t)n) != 0)
        fail_at(__FILE__, __LINE__, "received \"%.*s\", expected \"%s\"", (int)n, letter.bytes,
                text);
}

void expect_empty(int id)
{
    EXPECT_ERR(take(id, MSGMAX, 0, 0), ENOMSG);
    EXPECT_INT((long long)queue_stat(id).msg_qnum, 0);
    EXPECT_INT((long long)queue_stat(id).msg_cbytes, 0);
}
