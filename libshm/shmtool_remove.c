/* shmtool rm and gc: whatever goes is named on stdout. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include "libshm/shmtool.h"

static int remove_by_id(const struct shmtool_object *object)
{
    union shm_backend_semun none = {.val = 0};
    switch (object->family) {
    case SHMTOOL_SHM:
        return shm_backend_shmctl(object->id, LIBSHM_IPC_RMID, NULL);
    case SHMTOOL_SEM:
        return shm_backend_semctl(object->id, 0, LIBSHM_IPC_RMID, none);
    default:
        return shm_backend_msgctl(object->id, LIBSHM_IPC_RMID, NULL);
    }
}

static bool remove_object(const struct shmtool_object *object, void *context)
{
    (void)context;
    if (remove_by_id(object) == -1)
        return shmtool_failed("cannot remove %s %d", shmtool_kind(object->family), object->id);
    printf("removed %s %d", shmtool_kind(object->family), object->id);
    if (object->readable)
        printf(", key %d", (int)object->perm.key);
    if (object->nattch > 0)
        printf(", still attached %" PRIu64 " times: goes with the last detach", object->nattch);
    putchar('\n');
    return true;
}

static bool remove_named(const struct shmtool_options *options)
{
    int ids[SHMTOOL_FAMILIES];
    int count = shmtool_named(options, ids);
    if (count > 1 && options->has_id)
        return shmtool_complain("more than one kind of object has id %d: say --shm, --sem or "
                                "--msg",
                                options->id);
    bool good = count > 0;
    struct shmtool_object object;
    for (int family = 0; family < SHMTOOL_FAMILIES; family++)
        if (ids[family] != -1 &&
            shmtool_look((enum shmtool_family)family, ids[family], &object))
            good = remove_object(&object, NULL) && good;
    return good;
}

/* A segment that is removed already and waits for its last detach is not removed once more. */
static bool remove_unless_removed(const struct shmtool_object *object, void *context)
{
    return (object->perm.mode & LIBSHM_MODE_DEST) != 0 || remove_object(object, context);
}

bool shmtool_rm(const struct shmtool_options *options)
{
    return options->all ? shmtool_each(options, remove_unless_removed, NULL)
                        : remove_named(options);
}

static void print_line(const char *line, void *context)
{
    (void)context;
    puts(line);
}

bool shmtool_gc(void)
{
    int count = shm_backend_collect(print_line, NULL);
    if (count == -1)
        return shmtool_failed("cannot collect");
    printf("%d collected\n", count);
    return true;
}
