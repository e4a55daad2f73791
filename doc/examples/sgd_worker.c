/* A worker: attaches by the root key, takes its share of the steps, records what it did. */
#include <errno.h>
#include <unistd.h>
#include "sgd.h"

enum { GATE_SLICE_MS = 200 };

static bool orphaned(const struct plan *plan)
{
    return getppid() != (pid_t)plan->parent;
}

/* Waits until the gate's value is zero, and looks now and then whether the parent still lives.
 */
static bool pass_gate(struct shared *shared)
{
    while (shm_semaphore_z_timed(shared->gate, GATE_SLICE_MS) == -1) {
        if (errno != EAGAIN && errno != EINTR)
            return library_failed("cannot wait at the gate");
        if (orphaned(&shared->plan))
            return false;
    }
    return true;
}

static bool take_step(struct shared *shared, const struct images *images, int64_t step)
{
    struct model model, gradient;
    if (!shared_read_model(shared, &model))
        return false;
    model_step(&model, images, &shared->plan, step, &gradient);
    return shared_update_model(shared, &gradient);
}

static bool take_steps(struct shared *shared, const struct images *images, int number)
{
    const struct plan *plan = &shared->plan;
    int64_t made = 0, gate = plan->steps * 3 / 4;
    bool passed = false;
    for (int64_t step = number; step < plan->steps; step += plan->workers) {
        if (orphaned(plan))
            return false;
        if (step >= gate && !passed && !(passed = pass_gate(shared)))
            return false;
        if (!take_step(shared, images, step) || !shared_write_tally(shared, number, ++made))
            return false;
    }
    return passed || pass_gate(shared);
}

int work(key_t root, int number)
{
    struct shared shared = {0};
    struct images images = {0};
    bool good = shared_attach(&shared, root, number) && shared_images(&shared, &images) &&
                take_steps(&shared, &images, number);
    data_free(&images);
    shared_close(&shared);
    return good ? 0 : 1;
}
