/* Updates by a function of the caller. */
#include "config.h"

#include <errno.h>

#include "libshm/arrays_private.h"
#include "libshm/fail.h"

struct callback {
    shm_update_fn fn;
    void *context;
};

/* What went wrong inside is the callback's to say: its errno and its sentence stay. */
static int fail_callback(void)
{
    if (errno == 0)
        return shm_fail(ECANCELED, "the update was cancelled by its callback");
    return -1;
}

static int call(const struct callback *c, const struct shm_array_update *update,
                const struct shm_hold *hold)
{
    int before = errno;
    errno = 0;
    int refused = c->fn(update, c->context);
    if (!shm_hold_is_mine(hold))
        return shm_fail(EPERM, "a child that a callback forked does not own the lock: the "
                               "update is its parent's to finish");
    if (refused)
        return fail_callback();
    errno = before;
    return 0;
}

static int fill(const struct shm_place *place, const void *argument)
{
    const struct shm_array *array = place->array;
    struct shm_array_update update = {.index = array->index,
                                      .spec = &array->spec,
                                      .count = array->count,
                                      .nbytes = array->nbytes,
                                      .old = place->old,
                                      .new_data = place->data,
                                      .result = place->fresh};
    if (call(argument, &update, place->hold) < 0)
        return -1;
    if (place->out)
        shm_copy(place->out, place->fresh, array->nbytes, false);
    return 0;
}

int shm_arrays_update_with(struct shm_arrays *a, shm_update_fn fn, void *context,
                           const void *const *new_data, void *const *out)
{
    const struct callback c = {fn, context};
    return shm_visit(&(struct shm_job){.arrays = a,
                                       .data = new_data,
                                       .out = out,
                                       .everywhere = true,
                                       .calls_out = true,
                                       .fill = fill,
                                       .argument = &c});
}
