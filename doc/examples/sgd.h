/*
 * sgd: softmax regression by many processes on shared parameters.
 *
 * The parent shares the training images and a plan (sgd_shared.c), starts the workers by exec
 * with nothing but the root key and their number (sgd_parent.c), shows progress and checks the
 * outcome (sgd_report.c). Each worker (sgd_worker.c) repeats: read a snapshot of the model,
 * compute the gradient of a mini-batch (sgd_model.c), update the model. Nobody holds a lock
 * while computing.
 */
#ifndef SGD_H
#define SGD_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <libshm/arrays.h>

enum { PIXELS = 64, CLASSES = 10, MAX_WORKERS = 16 };

/* count images of 64 pixels (0 to 16, row-major) and the digit each one shows. */
struct images {
    size_t count;
    uint8_t *pixels;
    uint8_t *labels;
};

/* The parameters, or a gradient: weights of shape (CLASSES, PIXELS), bias of shape (CLASSES).
 */
struct model {
    double weights[CLASSES * PIXELS];
    double bias[CLASSES];
};

/* What the workers are to do. Lies in shared memory: every field is an int64. */
struct plan {
    int64_t images;  /* to train on */
    int64_t steps;   /* mini-batches of all workers together */
    int64_t batch;   /* images in a mini-batch */
    int64_t workers; /* worker n takes the steps n, n + workers, ... */
    int64_t parent;  /* process id; a worker whose parent is gone ends */
    int64_t gate;    /* semaphore key; not zero: nobody passes three quarters of the steps */
    int64_t model;   /* root key of the parameters */
    int64_t tally[MAX_WORKERS]; /* root key of each worker's own count of its updates */
};

/* The shared objects, as one process sees them. Objects a process does not use are NULL. */
struct shared {
    struct shm_arrays *root; /* training images, labels and the plan */
    struct shm_arrays *model;
    struct shm_arrays *tally[MAX_WORKERS];
    struct shm_semaphore *gate;
    uint64_t first_version; /* of the model, before any update */
    struct plan plan;
};

struct options {
    const char *data;
    int workers;
    int epochs;
    bool kill;
};

/* What happened, for the checks at the end. */
struct outcome {
    struct model model;
    uint64_t published; /* versions of the model */
    int64_t made[MAX_WORKERS];
    int killed;       /* number of the worker that got SIGKILL, or -1 */
    bool ended_badly; /* another worker failed */
    bool left_over;   /* an object is still there after removal */
};

/* sgd_data.c */
bool data_load(const char *path, struct images *train, struct images *test);
void data_free(struct images *images);

/* sgd_model.c */
void model_step(const struct model *model, const struct images *images, const struct plan *plan,
                int64_t step, struct model *gradient);
void model_descend(struct model *model, const struct model *gradient);
double model_loss(const struct model *model, const struct images *images);
double model_accuracy(const struct model *model, const struct images *images);
extern const double learning_rate;

/* sgd_shared.c */
bool shared_create(struct shared *shared, const struct images *train,
                   const struct options *options);
bool shared_attach(struct shared *shared, key_t root, int number);
bool shared_images(struct shared *shared, struct images *images);
bool shared_read_model(struct shared *shared, struct model *model);
bool shared_update_model(struct shared *shared, const struct model *gradient);
bool shared_read_tally(struct shared *shared, int number, int64_t *made);
bool shared_write_tally(struct shared *shared, int number, int64_t made);
bool shared_published(struct shared *shared, uint64_t *published);
bool shared_remove(struct shared *shared);
void shared_close(struct shared *shared);

/* sgd_worker.c */
int work(key_t root, int number);

/* sgd_parent.c */
int train_together(const struct options *options, const char *program);

/* sgd_report.c; sets: the images to train on, the images to test with */
double seconds_now(void);
bool complain(const char *what);
bool library_failed(const char *what); /* ... and why: shm_error_detail() */
void report_line(const char *format, ...);
void report_progress(int64_t updates, const struct model *model, const struct images *sets);
bool report_outcome(const struct outcome *outcome, const struct plan *plan,
                    const struct images *sets);

#endif
