/* Reads FILE.csv (64 pixels and a digit in each line) and FILE.test (the rows kept for
 * testing). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sgd.h"

enum { MAX_LINE = 1024, MAX_PATH = 4096, MAX_IMAGES = 1000000 };

static bool data_error(const char *path, size_t line, const char *what)
{
    fprintf(stderr, "sgd: %s:%zu: %s\n", path, line, what);
    return false;
}

static FILE *open_for_reading(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fprintf(stderr, "sgd: %s: %s (--data names the images)\n", path, strerror(errno));
    return file;
}

/* Reads one number of at most `limit` and the character behind it. */
static bool parse_number(char **text, long limit, long *number)
{
    char *end;
    *number = strtol(*text, &end, 10);
    bool good = end != *text && *number >= 0 && *number <= limit &&
                (*end == ',' || *end == '\n' || *end == '\0');
    *text = *end == '\0' ? end : end + 1;
    return good;
}

static bool parse_image(char *line, uint8_t *pixels, uint8_t *label)
{
    long number;
    for (int i = 0; i < PIXELS; i++) {
        if (!parse_number(&line, 16, &number))
            return false;
        pixels[i] = (uint8_t)number;
    }
    if (!parse_number(&line, CLASSES - 1, &number))
        return false;
    *label = (uint8_t)number;
    return *line == '\0';
}

static bool make_room(struct images *images, size_t count)
{
    uint8_t *pixels = realloc(images->pixels, count * PIXELS);
    if (pixels != NULL)
        images->pixels = pixels;
    uint8_t *labels = realloc(images->labels, count);
    if (labels != NULL)
        images->labels = labels;
    return pixels != NULL && labels != NULL;
}

static bool append(struct images *images, const uint8_t *pixels, uint8_t label)
{
    /* Powers of two: room is made whenever the count reaches one. */
    if ((images->count & (images->count - 1)) == 0 &&
        !make_room(images, images->count == 0 ? 1 : 2 * images->count))
        return complain("no memory for the images");
    memcpy(images->pixels + images->count * PIXELS, pixels, PIXELS);
    images->labels[images->count++] = label;
    return true;
}

static bool read_images(const char *path, struct images *all)
{
    FILE *file = open_for_reading(path);
    if (file == NULL)
        return false;
    bool good = true;
    char line[MAX_LINE];
    uint8_t pixels[PIXELS], label;
    while (good && fgets(line, sizeof line, file) != NULL) {
        if (all->count == MAX_IMAGES)
            good = data_error(path, all->count + 1, "too many images");
        else if (!parse_image(line, pixels, &label))
            good = data_error(path, all->count + 1, "expected 64 pixels (0-16) and a digit");
        else
            good = append(all, pixels, label);
    }
    fclose(file);
    return good;
}

/* "digits.csv" to "digits.test". */
static bool name_of_test_rows(const char *path, char *name)
{
    const char *dot = strrchr(path, '.');
    int stem = dot == NULL || strchr(dot, '/') != NULL ? (int)strlen(path) : (int)(dot - path);
    return snprintf(name, MAX_PATH, "%.*s.test", stem, path) < MAX_PATH;
}

static bool read_test_rows(const char *path, bool *is_test, size_t count)
{
    FILE *file = open_for_reading(path);
    if (file == NULL)
        return false;
    bool good = true;
    char line[MAX_LINE];
    long row;
    for (size_t number = 1; good && fgets(line, sizeof line, file) != NULL; number++) {
        char *text = line;
        if (!parse_number(&text, (long)count - 1, &row) || is_test[row])
            good = data_error(path, number, "expected a row number, each row once");
        else
            is_test[row] = true;
    }
    fclose(file);
    return good;
}

static bool split(const struct images *all, const bool *is_test, struct images *train,
                  struct images *test)
{
    for (size_t image = 0; image < all->count; image++)
        if (!append(is_test[image] ? test : train, all->pixels + image * PIXELS,
                    all->labels[image]))
            return false;
    if (train->count == 0 || test->count == 0)
        return complain("images are needed both to train on and to test with");
    return true;
}

bool data_load(const char *path, struct images *train, struct images *test)
{
    char test_path[MAX_PATH];
    struct images all = {0};
    bool *is_test = calloc(MAX_IMAGES, sizeof *is_test);
    bool good = is_test != NULL && name_of_test_rows(path, test_path) &&
                read_images(path, &all) && read_test_rows(test_path, is_test, all.count) &&
                split(&all, is_test, train, test);
    free(is_test);
    data_free(&all);
    return good;
}

void data_free(struct images *images)
{
    free(images->pixels);
    free(images->labels);
    *images = (struct images){0};
}
