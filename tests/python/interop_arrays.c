/*
 * The C side of tests with sets of arrays shared with Python programs.
 *
 * interop_arrays create            prints the root key, then the two keys of each partition
 * interop_arrays show ROOT         prints a line for each array: name type shape sum
 * interop_arrays show MEMORY SEMAPHORE ...                      the same by the key pairs
 * interop_arrays add ROOT ROUNDS   adds 1 to every element, ROUNDS times
 * interop_arrays remove ROOT
 *
 * Sums and additions are for float64 and int32, the types of the sets in these tests.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libshm/arrays.h>

enum { LARGE = 30000, MAX_PAIRS = 16, MAX_ARRAYS = 16 };

static int failed(const char *what)
{
    fprintf(stderr, "interop_arrays: %s: %s\n", what, shm_error_detail());
    return 1;
}

static key_t parse_key(const char *text)
{
    return (key_t)strtoll(text, NULL, 0);
}

static struct shm_arrays *attached(int count, char **argument)
{
    struct shm_key_pair pairs[MAX_PAIRS] = {{0, 0}};
    for (int i = 0; i + 1 < count && i / 2 < MAX_PAIRS; i += 2) {
        pairs[i / 2].memory_key = parse_key(argument[i]);
        pairs[i / 2].semaphore_key = parse_key(argument[i + 1]);
    }
    struct shm_arrays *a = count == 1
                               ? shm_arrays_attach(parse_key(argument[0]))
                               : shm_arrays_attach_pairs(pairs, (size_t)count / 2, NULL, 0);
    if (a == NULL)
        exit(failed("attach"));
    return a;
}

static void print_keys(const struct shm_arrays *a)
{
    struct shm_key_pair pairs[MAX_PAIRS];
    size_t count = shm_arrays_keys(a, pairs, MAX_PAIRS);
    printf("%lu", (unsigned long)(uint32_t)shm_arrays_root(a));
    for (size_t i = 0; i < count && i < MAX_PAIRS; i++)
        printf(" %lu %lu", (unsigned long)(uint32_t)pairs[i].memory_key,
               (unsigned long)(uint32_t)pairs[i].semaphore_key);
    putchar('\n');
}

/* Named by a label and by an integer; large enough for a partition of its own. */
static int create(int count, char **argument)
{
    (void)count, (void)argument;
    static double large[LARGE];
    static const double weights[6] = {0.5, 1.5, 2.5, 3.5, 4.5, 5.5};
    static const int32_t numbers[4] = {-1, 20, 300, 4000};
    const struct shm_array_spec specs[] = {
        {"weights", 0, LIBSHM_FLOAT64, 0, 2, (const size_t[]){2, 3}},
        {NULL, 7, LIBSHM_INT32, 0, 1, (const size_t[]){4}},
        {"large", 0, LIBSHM_FLOAT64, 0, 1, (const size_t[]){LARGE}},
    };
    for (int i = 0; i < LARGE; i++)
        large[i] = i;
    const void *data[] = {weights, numbers, large};
    struct shm_arrays *a = shm_arrays_create(specs, 3, data, 0600);
    if (a == NULL)
        return failed("create");
    print_keys(a);
    return shm_arrays_close(a) == 0 ? 0 : failed("close");
}

static size_t elements(const struct shm_array_spec *spec)
{
    size_t count = 1;
    for (int i = 0; i < spec->ndim; i++)
        count *= spec->shape[i];
    return count;
}

static double sum(const struct shm_array_spec *spec, const void *data)
{
    double total = 0;
    for (size_t i = 0; i < elements(spec); i++)
        total += spec->dtype == LIBSHM_INT32 ? ((const int32_t *)data)[i]
                                             : ((const double *)data)[i];
    return total;
}

static int show_array(struct shm_arrays *a, size_t index)
{
    const struct shm_array_spec *spec = shm_arrays_spec(a, index);
    void *data = malloc(shm_arrays_nbytes(a, index) + 1);
    if (data == NULL || shm_arrays_read_one(a, index, data) == -1)
        return failed("read");
    if (spec->label != NULL)
        printf("%s %d ", spec->label, spec->dtype);
    else
        printf("%lld %d ", (long long)spec->key, spec->dtype);
    for (int i = 0; i < spec->ndim; i++)
        printf("%s%zu", i == 0 ? "" : "x", spec->shape[i]);
    printf(" %.17g\n", sum(spec, data));
    free(data);
    return 0;
}

static int show(int count, char **argument)
{
    struct shm_arrays *a = attached(count, argument);
    int status = 0;
    for (size_t i = 0; status == 0 && i < shm_arrays_count(a); i++)
        status = show_array(a, i);
    shm_arrays_close(a);
    return status;
}

static void *ones(const struct shm_array_spec *spec)
{
    size_t count = elements(spec);
    void *data = calloc(count + 1, sizeof(double));
    for (size_t i = 0; data != NULL && i < count; i++) {
        if (spec->dtype == LIBSHM_INT32)
            ((int32_t *)data)[i] = 1;
        else
            ((double *)data)[i] = 1;
    }
    return data;
}

static int add(int count, char **argument)
{
    struct shm_arrays *a = attached(1, argument);
    void *data[MAX_ARRAYS] = {NULL};
    int status = count != 2 || shm_arrays_count(a) > MAX_ARRAYS ? 2 : 0;
    for (size_t i = 0; status == 0 && i < shm_arrays_count(a); i++)
        data[i] = ones(shm_arrays_spec(a, i));
    for (int rounds = status == 0 ? atoi(argument[1]) : 0; rounds > 0; rounds--)
        if (shm_arrays_update(a, LIBSHM_ADD, 0, (const void *const *)data, NULL) == -1)
            return failed("update");
    for (size_t i = 0; i < MAX_ARRAYS; i++)
        free(data[i]);
    shm_arrays_close(a);
    return status;
}

static int remove_set(int count, char **argument)
{
    struct shm_arrays *a = attached(count, argument);
    int status = shm_arrays_remove(a) == 0 ? 0 : failed("remove");
    shm_arrays_close(a);
    return status;
}

static const struct command {
    const char *name;
    int least; /* arguments */
    int (*run)(int count, char **argument);
} commands[] = {
    {"create", 0, create},
    {"show", 1, show},
    {"add", 2, add},
    {"remove", 1, remove_set},
};

int main(int count, char **arguments)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (count >= commands[i].least + 2 && strcmp(arguments[1], commands[i].name) == 0)
            return commands[i].run(count - 2, arguments + 2);
    fputs("usage: see the head of interop_arrays.c\n", stderr);
    return 2;
}
