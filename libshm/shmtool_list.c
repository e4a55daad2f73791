/* shmtool ls: a table for people, JSON for programs. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include "libshm/shmtool.h"

enum { TEXT = 256 };

static bool print_row(const struct shmtool_object *object, void *context)
{
    (void)context;
    char owner[TEXT], changed[TEXT], used[TEXT];
    const char *kind = shmtool_code(object->family);
    if (!object->readable) {
        printf("%-4s %11s %11d %-8s\n", kind, "?", object->id, "no read permission");
        return true;
    }
    printf("%-4s %11d %11d %-8s  %04o %12" PRIu64 " ", kind, (int)object->perm.key, object->id,
           shmtool_owner(object->perm.uid, owner, sizeof owner),
           (unsigned)object->perm.mode & 0777, object->size);
    if (object->family == SHMTOOL_SHM)
        printf("%6" PRIu64, object->nattch);
    else
        printf("%6s", "-");
    printf(" %8s %8s%s\n", shmtool_age(object->changed, changed, sizeof changed),
           shmtool_age(object->used, used, sizeof used),
           (object->perm.mode & LIBSHM_MODE_DEST) != 0 ? "  removed" : "");
    return true;
}

static bool list_as_table(const struct shmtool_options *options)
{
    printf("%-4s %11s %11s %-8s %5s %12s %6s %8s %8s\n", "KIND", "KEY", "ID", "OWNER", "PERMS",
           "SIZE", "NATTCH", "CHANGED", "USED");
    return shmtool_each(options, print_row, NULL);
}

static void json_string(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void json_time(const char *name, int64_t seconds)
{
    char text[TEXT];
    const char *iso = shmtool_time(seconds, text, sizeof text);
    printf(", \"%s\": ", name);
    if (iso == NULL)
        printf("null");
    else
        json_string(iso);
}

static void json_details(const struct shmtool_object *object)
{
    static const char *const sizes[] = {"size", "nsems", "qnum"};
    char owner[TEXT];
    printf(", \"key\": %d, \"owner\": ", (int)object->perm.key);
    json_string(shmtool_owner(object->perm.uid, owner, sizeof owner));
    printf(", \"uid\": %lu, \"gid\": %lu, \"perm\": \"%04o\", \"%s\": %" PRIu64,
           (unsigned long)object->perm.uid, (unsigned long)object->perm.gid,
           (unsigned)object->perm.mode & 0777, sizes[object->family], object->size);
    if (object->family == SHMTOOL_SHM)
        printf(", \"nattch\": %" PRIu64 ", \"removed\": %s", object->nattch,
               (object->perm.mode & LIBSHM_MODE_DEST) != 0 ? "true" : "false");
    json_time("changed", object->changed);
    json_time("used", object->used);
}

/* context: bool, whether an object came before. */
static bool json_object(const struct shmtool_object *object, void *context)
{
    bool *follows = context;
    printf("%s\n  {\"kind\": \"%s\", \"id\": %d, \"readable\": %s", *follows ? "," : "",
           shmtool_code(object->family), object->id, object->readable ? "true" : "false");
    if (object->readable)
        json_details(object);
    putchar('}');
    *follows = true;
    return true;
}

static bool list_as_json(const struct shmtool_options *options)
{
    char place[TEXT];
    bool follows = false;
    shm_backend_describe(place, sizeof place);
    printf("{\"backend\": \"%s\", \"place\": ", shm_backend_name());
    json_string(place);
    printf(", \"objects\": [");
    bool good = shmtool_each(options, json_object, &follows);
    printf("%s]}\n", follows ? "\n" : "");
    return good;
}

bool shmtool_ls(const struct shmtool_options *options)
{
    return options->json ? list_as_json(options) : list_as_table(options);
}
