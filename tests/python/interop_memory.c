/*
 * The C side of tests with memory and semaphores shared with Python programs.
 *
 * interop_memory create SIZE VALUE          prints the keys of a new segment and a new semaphore
 * interop_memory remove MEMORY SEMAPHORE
 * interop_memory write KEY OFFSET TEXT
 * interop_memory read KEY OFFSET COUNT      prints the bytes as a text
 * interop_memory p KEY | v KEY | z KEY      prints the value afterwards
 * interop_memory echo KEY MINE THEIRS ROUNDS
 *     ROUNDS times: P(MINE), each of the segment's bytes plus 1, V(THEIRS)
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libshm/shm.h>

static int failed(const char *what)
{
    fprintf(stderr, "interop_memory: %s: %s\n", what, shm_error_detail());
    return 1;
}

static key_t parse_key(const char *text)
{
    return (key_t)strtoll(text, NULL, 0);
}

static struct shm_memory *attached(const char *key)
{
    int id = shm_getshmid(parse_key(key));
    struct shm_memory *memory = id == -1 ? NULL : shm_memory(id);
    if (memory == NULL || shm_memory_attach(memory, NULL, 0) == -1)
        exit(failed(key));
    return memory;
}

static struct shm_semaphore *semaphore(const char *key)
{
    int id = shm_getsemid(parse_key(key));
    struct shm_semaphore *found = id == -1 ? NULL : shm_semaphore(id);
    if (found == NULL)
        exit(failed(key));
    return found;
}

static void give_back(struct shm_memory *memory)
{
    shm_memory_detach(memory);
    shm_memory_free(memory);
}

static int create(char **argument)
{
    uint32_t memory_key, semaphore_key;
    struct shm_memory *memory = shm_create_unique_memory((size_t)atol(argument[0]), 0600, ' ');
    if (memory == NULL || shm_memory_key(memory, &memory_key) == -1)
        return failed("create memory");
    struct shm_semaphore *made = shm_create_unique_semaphore(atoi(argument[1]), 0600);
    if (made == NULL || shm_semaphore_key(made, &semaphore_key) == -1)
        return failed("create semaphore");
    printf("%lu %lu\n", (unsigned long)memory_key, (unsigned long)semaphore_key);
    give_back(memory);
    shm_semaphore_free(made);
    return 0;
}

static int remove_both(char **argument)
{
    if (shm_remove_memory(shm_getshmid(parse_key(argument[0]))) == -1)
        return failed("remove memory");
    if (shm_remove_semaphore(shm_getsemid(parse_key(argument[1]))) == -1)
        return failed("remove semaphore");
    return 0;
}

static int write_text(char **argument)
{
    struct shm_memory *memory = attached(argument[0]);
    size_t offset = (size_t)atol(argument[1]);
    if (shm_memory_write(memory, argument[2], strlen(argument[2]), offset) == -1)
        return failed("write");
    give_back(memory);
    return 0;
}

static int read_text(char **argument)
{
    struct shm_memory *memory = attached(argument[0]);
    size_t offset = (size_t)atol(argument[1]), count = (size_t)atol(argument[2]);
    char *text = calloc(1, count + 1);
    if (text == NULL || shm_memory_read(memory, text, count, offset) == -1)
        return failed("read");
    puts(text);
    free(text);
    give_back(memory);
    return 0;
}

static int operate(char **argument, int (*operation)(struct shm_semaphore *))
{
    int value;
    struct shm_semaphore *s = semaphore(argument[0]);
    if (operation(s) == -1 || shm_semaphore_val(s, &value) == -1)
        return failed("semaphore");
    printf("%d\n", value);
    shm_semaphore_free(s);
    return 0;
}

static int p(char **argument)
{
    return operate(argument, shm_semaphore_p);
}

static int v(char **argument)
{
    return operate(argument, shm_semaphore_v);
}

static int z(char **argument)
{
    return operate(argument, shm_semaphore_z);
}

static int add_one(struct shm_memory *memory, unsigned char *bytes, size_t size)
{
    if (shm_memory_read(memory, bytes, size, 0) == -1)
        return failed("read");
    for (size_t i = 0; i < size; i++)
        bytes[i]++;
    return shm_memory_write(memory, bytes, size, 0) == -1 ? failed("write") : 0;
}

static int echo(char **argument)
{
    struct shm_memory *memory = attached(argument[0]);
    struct shm_semaphore *mine = semaphore(argument[1]), *theirs = semaphore(argument[2]);
    size_t size;
    unsigned char *bytes = shm_memory_size(memory, &size) == -1 ? NULL : malloc(size);
    int status = bytes == NULL ? failed("size") : 0;
    for (int rounds = atoi(argument[3]); status == 0 && rounds > 0; rounds--)
        if (shm_semaphore_p(mine) == -1 || add_one(memory, bytes, size) != 0 ||
            shm_semaphore_v(theirs) == -1)
            status = failed("a round");
    free(bytes);
    give_back(memory);
    shm_semaphore_free(mine);
    shm_semaphore_free(theirs);
    return status;
}

static const struct command {
    const char *name;
    int arguments;
    int (*run)(char **argument);
} commands[] = {
    {"create", 2, create},
    {"remove", 2, remove_both},
    {"write", 3, write_text},
    {"read", 3, read_text},
    {"p", 1, p},
    {"v", 1, v},
    {"z", 1, z},
    {"echo", 4, echo},
};

int main(int count, char **arguments)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (count == commands[i].arguments + 2 && strcmp(arguments[1], commands[i].name) == 0)
            return commands[i].run(arguments + 2);
    fputs("usage: see the head of interop_memory.c\n", stderr);
    return 2;
}
