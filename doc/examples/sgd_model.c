/* Softmax regression: gradient of a mini-batch, loss, accuracy. Knows nothing about sharing. */
#include <math.h>
#include <string.h>
#include "sgd.h"

const double learning_rate = 0.02;

static double pixel(const struct images *images, size_t image, int i)
{
    return images->pixels[image * PIXELS + (size_t)i] / 16.0;
}

static void scores(const struct model *model, const struct images *images, size_t image,
                   double *score)
{
    for (int c = 0; c < CLASSES; c++) {
        score[c] = model->bias[c];
        for (int i = 0; i < PIXELS; i++)
            score[c] += model->weights[c * PIXELS + i] * pixel(images, image, i);
    }
}

static int best(const double *score)
{
    int winner = 0;
    for (int c = 1; c < CLASSES; c++)
        if (score[c] > score[winner])
            winner = c;
    return winner;
}

/* Turns scores into probabilities; the largest is subtracted first so that exp() stays finite.
 */
static void softmax(double *score)
{
    double largest = score[best(score)], sum = 0;
    for (int c = 0; c < CLASSES; c++)
        sum += score[c] = exp(score[c] - largest);
    for (int c = 0; c < CLASSES; c++)
        score[c] /= sum;
}

/*
 * The images of a step are drawn with replacement. The draw is a hash (splitmix64) of the step
 * and the position in the batch, so that any process can take any step without keeping state.
 */
static size_t drawn_image(uint64_t draw, size_t count)
{
    uint64_t z = (draw + 1) * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return (size_t)((z ^ (z >> 31)) % count);
}

/* Adds share times the gradient of one image's cross-entropy. */
static void add_gradient(const struct model *model, const struct images *images, size_t image,
                         double share, struct model *gradient)
{
    double error[CLASSES];
    scores(model, images, image, error);
    softmax(error);
    error[images->labels[image]] -= 1;
    for (int c = 0; c < CLASSES; c++) {
        for (int i = 0; i < PIXELS; i++)
            gradient->weights[c * PIXELS + i] += share * error[c] * pixel(images, image, i);
        gradient->bias[c] += share * error[c];
    }
}

void model_step(const struct model *model, const struct images *images, const struct plan *plan,
                int64_t step, struct model *gradient)
{
    memset(gradient, 0, sizeof *gradient);
    for (int64_t i = 0; i < plan->batch; i++) {
        size_t image = drawn_image((uint64_t)(step * plan->batch + i), images->count);
        add_gradient(model, images, image, 1.0 / (double)plan->batch, gradient);
    }
}

void model_descend(struct model *model, const struct model *gradient)
{
    for (int i = 0; i < CLASSES * PIXELS; i++)
        model->weights[i] -= learning_rate * gradient->weights[i];
    for (int c = 0; c < CLASSES; c++)
        model->bias[c] -= learning_rate * gradient->bias[c];
}

double model_loss(const struct model *model, const struct images *images)
{
    double sum = 0, score[CLASSES];
    for (size_t image = 0; image < images->count; image++) {
        scores(model, images, image, score);
        softmax(score);
        sum -= log(fmax(score[images->labels[image]], 1e-300));
    }
    return sum / (double)images->count;
}

double model_accuracy(const struct model *model, const struct images *images)
{
    size_t right = 0;
    double score[CLASSES];
    for (size_t image = 0; image < images->count; image++) {
        scores(model, images, image, score);
        right += best(score) == images->labels[image];
    }
    return (double)right / (double)images->count;
}
