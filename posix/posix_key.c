#include "config.h"

#include "posix/posix_key.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "posix/posix_number.h"

enum { TEXT_SIZE = 48 };

static int parse_binding(const char *text, struct px_binding *binding)
{
    uint64_t id;
    const char *at = px_number_parse(text, INT32_MAX, &id);
    if (!at || *at != ' ')
        return -1;
    at = px_number_parse(at + 1, UINT64_MAX, &binding->size);
    if (!at || *at != '\0')
        return -1;
    binding->id = (int)id;
    return 0;
}

int px_key_read(enum px_kind kind, uint32_t key, struct px_binding *binding)
{
    char path[PX_PATH_SIZE], text[TEXT_SIZE];
    px_key_path(path, kind, key);
    ssize_t length = readlink(path, text, sizeof text - 1);
    if (length < 0)
        return -1;
    text[length] = '\0';
    if (parse_binding(text, binding) == 0)
        return 0;
    errno = EINVAL;
    return -1;
}

int px_key_bind(enum px_kind kind, uint32_t key, const struct px_binding *binding)
{
    char path[PX_PATH_SIZE], text[TEXT_SIZE];
    px_key_path(path, kind, key);
    snprintf(text, sizeof text, "%d %" PRIu64, binding->id, binding->size);
    return symlink(text, path);
}

/* 1 if the key is bound to the object, 0 if not, -1 and errno when nobody can tell. */
static int names(enum px_kind kind, uint32_t key, int id)
{
    struct px_binding now;
    if (px_key_read(kind, key, &now) == 0)
        return now.id == id;
    return errno == ENOENT || errno == EINVAL ? 0 : -1;
}

int px_key_unbind(enum px_kind kind, uint32_t key, int id)
{
    char path[PX_PATH_SIZE];
    int bound = names(kind, key, id);
    if (bound <= 0)
        return bound;
    px_key_path(path, kind, key);
    return unlink(path) == 0 || errno == ENOENT ? 0 : -1;
}

void px_key_give(enum px_kind kind, uint32_t key, int id, uid_t uid)
{
    char path[PX_PATH_SIZE];
    px_key_path(path, kind, key);
    int error = errno;
    if (names(kind, key, id) == 1 && lchown(path, uid, (gid_t)-1) != 0)
        errno = error; /* cannot be where the object itself could be given away */
}
