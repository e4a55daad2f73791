/*
 * The place of libFuzzer in `make check`: tries every input of the committed corpus, or those
 * that are named on the command line. Each runs in a process of its own state, one after the
 * other, as libFuzzer runs them.
 */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

enum { LONGEST = 1 << 16 };

static int try_file(const char *path)
{
    static uint8_t bytes[LONGEST];
    FILE *file = fopen(path, "rb");

    if (!file) {
        printf("%s cannot be read\n", path);
        return 0;
    }
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    printf("%s: %zu bytes\n", path, size);
    fflush(stdout);
    LLVMFuzzerTestOneInput(bytes, size);
    return 1;
}

static int try_folder(const char *path)
{
    char name[2048];
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort), tried = 0;

    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            tried += try_file(name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    printf("%d inputs of %s\n", tried, path);
    return tried;
}

/* ".../prog_fuzz_NAME_posix" tries corpus/NAME. */
static int try_own_corpus(const char *program)
{
    char path[1024];
    const char *source = getenv("srcdir"), *name = strstr(program, "prog_fuzz_");
    size_t length = name ? strcspn(name + 10, "_") : 0;

    if (!length)
        return 0;
    snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%.*s", source ? source : ".", (int)length,
             name + 10);
    return try_folder(path);
}

int main(int argc, char **argv)
{
    int tried = 0;

    LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++)
        tried += try_file(argv[i]);
    if (argc == 1)
        tried = try_own_corpus(argv[0]);
    return tried > 0 ? 0 : 1;
}
