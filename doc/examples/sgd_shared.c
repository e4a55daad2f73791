/* The shared objects: made and removed by the parent, attached by the workers from one integer.
 */
#include <stdlib.h>
#include <string.h>
#include "sgd.h"

/* Positions of the arrays in their sets. */
enum { IMAGES, LABELS, PLAN, ROOT_ARRAYS };
enum { WEIGHTS, BIAS, MODEL_ARRAYS };

static key_t create_model(struct shared *shared)
{
    static const struct model zero;
    const struct shm_array_spec specs[MODEL_ARRAYS] = {
        {"weights", 0, LIBSHM_FLOAT64, 0, 2, (const size_t[]){CLASSES, PIXELS}},
        {"bias", 0, LIBSHM_FLOAT64, 0, 1, (const size_t[]){CLASSES}},
    };
    const void *data[MODEL_ARRAYS] = {zero.weights, zero.bias};
    shared->model = shm_arrays_create(specs, MODEL_ARRAYS, data, 0600);
    return shared->model == NULL ? 0 : shm_arrays_root(shared->model);
}

/* Each worker counts in a set of its own: the counts then need no lock between workers. */
static key_t create_tally(struct shared *shared, int number)
{
    const struct shm_array_spec spec = {"updates", 0, LIBSHM_INT64, 0, 0, NULL};
    const int64_t none = 0;
    const void *data[] = {&none};
    shared->tally[number] = shm_arrays_create(&spec, 1, data, 0600);
    return shared->tally[number] == NULL ? 0 : shm_arrays_root(shared->tally[number]);
}

static bool create_root(struct shared *shared, const struct images *train)
{
    const struct shm_array_spec specs[ROOT_ARRAYS] = {
        {"images", 0, LIBSHM_UINT8, 0, 2, (const size_t[]){train->count, PIXELS}},
        {"labels", 0, LIBSHM_UINT8, 0, 1, (const size_t[]){train->count}},
        {"plan", 0, LIBSHM_INT64, 0, 1,
         (const size_t[]){sizeof(struct plan) / sizeof(int64_t)}},
    };
    const void *data[ROOT_ARRAYS] = {train->pixels, train->labels, &shared->plan};
    shared->root = shm_arrays_create(specs, ROOT_ARRAYS, data, 0600);
    return shared->root != NULL;
}

/* Closed (1) or open (0): workers wait for zero. */
static bool create_gate(struct shared *shared, int value)
{
    uint32_t key;
    shared->gate = shm_create_unique_semaphore(value, 0600);
    if (shared->gate == NULL || shm_semaphore_key(shared->gate, &key) == -1)
        return false;
    shared->plan.gate = (key_t)key;
    return true;
}

bool shared_create(struct shared *shared, const struct images *train,
                   const struct options *options)
{
    struct plan *plan = &shared->plan;
    if (!create_gate(shared, options->kill ? 1 : 0))
        return library_failed("cannot create the gate");
    plan->model = create_model(shared);
    if (plan->model == 0 || shm_arrays_version(shared->model, 0, &shared->first_version) == -1)
        return library_failed("cannot create the model");
    for (int n = 0; n < plan->workers; n++) {
        plan->tally[n] = create_tally(shared, n);
        if (plan->tally[n] == 0)
            return library_failed("cannot create a worker's count");
    }
    return create_root(shared, train) || library_failed("cannot share the images");
}

static bool attach_plan(struct shared *shared, key_t root)
{
    shared->root = shm_arrays_attach(root);
    if (shared->root == NULL)
        return false;
    return shm_arrays_read_one(shared->root, PLAN, &shared->plan) == 0;
}

static struct shm_semaphore *attach_gate(key_t key)
{
    int id = shm_getsemid(key);
    return id == -1 ? NULL : shm_semaphore(id);
}

bool shared_attach(struct shared *shared, key_t root, int number)
{
    if (!attach_plan(shared, root))
        return library_failed("cannot attach to the root key");
    if (number >= shared->plan.workers)
        return complain("no worker of this number in the plan");
    shared->gate = attach_gate((key_t)shared->plan.gate);
    shared->model = shm_arrays_attach((key_t)shared->plan.model);
    shared->tally[number] = shm_arrays_attach((key_t)shared->plan.tally[number]);
    if (shared->gate == NULL || shared->model == NULL || shared->tally[number] == NULL)
        return library_failed("cannot attach to what the plan names");
    return true;
}

/* A private copy: the images never change, so one read is enough. */
bool shared_images(struct shared *shared, struct images *images)
{
    images->count = (size_t)shared->plan.images;
    images->pixels = malloc(shm_arrays_nbytes(shared->root, IMAGES));
    images->labels = malloc(shm_arrays_nbytes(shared->root, LABELS));
    if (images->pixels == NULL || images->labels == NULL)
        return complain("no memory for the images");
    if (shm_arrays_read_one(shared->root, IMAGES, images->pixels) == -1 ||
        shm_arrays_read_one(shared->root, LABELS, images->labels) == -1)
        return library_failed("cannot read the images");
    return true;
}

bool shared_read_model(struct shared *shared, struct model *model)
{
    void *out[MODEL_ARRAYS] = {model->weights, model->bias};
    return shm_arrays_read(shared->model, out) == 0 || library_failed("cannot read the model");
}

bool shared_update_model(struct shared *shared, const struct model *gradient)
{
    const void *by[MODEL_ARRAYS] = {gradient->weights, gradient->bias};
    return shm_arrays_update(shared->model, LIBSHM_AXPY, -learning_rate, by, NULL) == 0 ||
           library_failed("cannot update the model");
}

bool shared_read_tally(struct shared *shared, int number, int64_t *made)
{
    return shm_arrays_read_one(shared->tally[number], 0, made) == 0 ||
           library_failed("cannot read a worker's count");
}

bool shared_write_tally(struct shared *shared, int number, int64_t made)
{
    const void *data[] = {&made};
    return shm_arrays_write(shared->tally[number], data) == 0 ||
           library_failed("cannot record an update");
}

bool shared_published(struct shared *shared, uint64_t *published)
{
    /* Weights and bias are small enough to lie in one partition. */
    return shm_arrays_version(shared->model, 0, published) == 0 ||
           library_failed("cannot read the version of the model");
}

static bool still_there(const struct shm_key_pair *pairs, size_t count)
{
    bool found = false;
    for (size_t i = 0; i < count; i++)
        found |= shm_memory_haskey(pairs[i].memory_key) ||
                 shm_semaphore_haskey(pairs[i].semaphore_key);
    return found;
}

/* Removes the objects of a set, and looks whether they are gone. */
static bool remove_set(struct shm_arrays *set)
{
    if (set == NULL)
        return true;
    size_t count = shm_arrays_npartitions(set);
    struct shm_key_pair *pairs = calloc(count, sizeof *pairs);
    if (pairs == NULL)
        return complain("no memory");
    shm_arrays_keys(set, pairs, count);
    bool gone = shm_arrays_remove(set) == 0 || library_failed("cannot remove arrays");
    gone = !still_there(pairs, count) && gone;
    free(pairs);
    return gone;
}

static bool remove_gate(const struct shared *shared)
{
    key_t key = (key_t)shared->plan.gate;
    if (shared->gate == NULL)
        return true;
    return (shm_remove_semaphore(shm_getsemid(key)) == 0 ||
            library_failed("cannot remove the gate")) &&
           !shm_semaphore_haskey(key);
}

bool shared_remove(struct shared *shared)
{
    bool gone = remove_set(shared->root);
    gone = remove_set(shared->model) && gone;
    for (int n = 0; n < shared->plan.workers; n++)
        gone = remove_set(shared->tally[n]) && gone;
    return remove_gate(shared) && gone;
}

void shared_close(struct shared *shared)
{
    struct shm_arrays *sets[2 + MAX_WORKERS] = {shared->root, shared->model};
    memcpy(sets + 2, shared->tally, sizeof shared->tally);
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
        if (sets[i] != NULL)
            shm_arrays_close(sets[i]);
    if (shared->gate != NULL)
        shm_semaphore_free(shared->gate);
}
