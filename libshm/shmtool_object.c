/* Finding objects and looking at them, the same for all families. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include "libshm/shmtool.h"

const char *shmtool_kind(enum shmtool_family family)
{
    static const char *const kinds[] = {"segment", "set", "queue"};
    return kinds[family];
}

const char *shmtool_code(enum shmtool_family family)
{
    static const char *const codes[] = {"shm", "sem", "msg"};
    return codes[family];
}

static int look_at_segment(struct shmtool_object *object)
{
    struct shm_backend_shmid_ds ds;
    if (shm_backend_shmctl(object->id, LIBSHM_IPC_STAT, &ds) == -1)
        return -1;
    object->perm = ds.perm;
    object->size = ds.segsz;
    object->nattch = ds.nattch;
    object->changed = ds.ctime;
    object->used = ds.atime > ds.dtime ? ds.atime : ds.dtime;
    return 0;
}

static int look_at_set(struct shmtool_object *object)
{
    struct shm_backend_semid_ds ds = {.nsems = 0};
    union shm_backend_semun arg = {.buf = &ds};
    if (shm_backend_semctl(object->id, 0, LIBSHM_IPC_STAT, arg) == -1)
        return -1;
    object->perm = ds.perm;
    object->size = ds.nsems;
    object->changed = ds.ctime;
    object->used = ds.otime;
    return 0;
}

static int look_at_queue(struct shmtool_object *object)
{
    struct shm_backend_msqid_ds ds;
    if (shm_backend_msgctl(object->id, LIBSHM_IPC_STAT, &ds) == -1)
        return -1;
    object->perm = ds.perm;
    object->size = ds.qnum;
    object->changed = ds.ctime;
    object->used = ds.stime > ds.rtime ? ds.stime : ds.rtime;
    return 0;
}

static int look_at(struct shmtool_object *object)
{
    switch (object->family) {
    case SHMTOOL_SHM:
        return look_at_segment(object);
    case SHMTOOL_SEM:
        return look_at_set(object);
    default:
        return look_at_queue(object);
    }
}

/* An object without read permission is found too, as not readable; false: there is none. */
bool shmtool_look(enum shmtool_family family, int id, struct shmtool_object *object)
{
    *object = (struct shmtool_object){.family = family, .id = id};
    int result = look_at(object);
    object->readable = result == 0;
    return result == 0 || errno == EACCES;
}

static ssize_t list_ids(enum shmtool_family family, int *ids, size_t capacity)
{
    switch (family) {
    case SHMTOOL_SHM:
        return shm_backend_shm_list(ids, capacity);
    case SHMTOOL_SEM:
        return shm_backend_sem_list(ids, capacity);
    default:
        return shm_backend_msg_list(ids, capacity);
    }
}

/* All ids of a family; to be freed. Others create meanwhile, hence the loop. */
static int *all_ids(enum shmtool_family family, size_t *count)
{
    ssize_t found = list_ids(family, NULL, 0);
    for (;;) {
        if (found < 0)
            return NULL;
        size_t capacity = (size_t)found + 16;
        int *ids = malloc(capacity * sizeof *ids);
        if (ids == NULL)
            return NULL;
        found = list_ids(family, ids, capacity);
        if (found >= 0 && (size_t)found <= capacity) {
            *count = (size_t)found;
            return ids;
        }
        free(ids);
    }
}

static bool visit_family(enum shmtool_family family, shmtool_visitor visit, void *context)
{
    size_t count;
    int *ids = all_ids(family, &count);
    if (ids == NULL)
        return shmtool_failed("cannot list the %ss", shmtool_kind(family));
    bool good = true;
    struct shmtool_object object;
    for (size_t i = 0; i < count; i++)
        /* What somebody removed since the listing is passed over. */
        if (shmtool_look(family, ids[i], &object))
            good = visit(&object, context) && good;
    free(ids);
    return good;
}

bool shmtool_each(const struct shmtool_options *options, shmtool_visitor visit, void *context)
{
    bool good = true;
    for (int family = 0; family < SHMTOOL_FAMILIES; family++)
        if (options->family[family])
            good = visit_family((enum shmtool_family)family, visit, context) && good;
    return good;
}

/* Asks for no permission, so that objects of others are found too. */
int shmtool_id_of_key(enum shmtool_family family, key_t key)
{
    switch (family) {
    case SHMTOOL_SHM:
        return shm_backend_shmget(key, 0, 0);
    case SHMTOOL_SEM:
        return shm_backend_semget(key, 0, 0);
    default:
        return shm_backend_msgget(key, 0);
    }
}

static int named_in_family(const struct shmtool_options *options, enum shmtool_family family)
{
    struct shmtool_object object;
    if (!options->family[family])
        return -1;
    if (options->has_key)
        return shmtool_id_of_key(family, options->key);
    return shmtool_look(family, options->id, &object) ? options->id : -1;
}

/* The ids of the objects that the command line names, -1 where there is none. Returns how many.
 */
int shmtool_named(const struct shmtool_options *options, int ids[SHMTOOL_FAMILIES])
{
    int count = 0;
    for (int family = 0; family < SHMTOOL_FAMILIES; family++) {
        ids[family] = named_in_family(options, (enum shmtool_family)family);
        count += ids[family] != -1;
    }
    if (count == 0 && options->has_key)
        shmtool_complain("there is no object with key %d", (int)options->key);
    if (count == 0 && options->has_id)
        shmtool_complain("there is no object with id %d", options->id);
    return count;
}
