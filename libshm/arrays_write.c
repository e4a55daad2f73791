/* Writing: what is given, and of a partition that is written in part also the rest. */
#include "config.h"

#include "libshm/arrays_private.h"

/* An array that gets no new data still has to be in the new slot. */
static int fill(const struct shm_place *place, const void *argument)
{
    (void)argument;
    shm_copy(place->fresh, place->data ? place->data : place->old, place->array->nbytes,
             place->streaming);
    return 0;
}

int shm_arrays_write(struct shm_arrays *a, const void *const *data)
{
    return shm_visit(&(struct shm_job){.arrays = a, .data = data, .fill = fill});
}
