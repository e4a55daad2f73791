/* What finding, attaching, making and removing an object is compared with. */
#ifndef TESTS_BENCH_STORE_H
#define TESTS_BENCH_STORE_H

#include <stdbool.h>
#include <sys/types.h>

enum { BENCH_MOST_OBJECTS = 100000, BENCH_OBJECT_SIZE = 100 };

/* Another run, at the same time on the same kernel, has other keys. */
key_t bench_key(long number);

/* A segment of the kernel, if it has any, and a file. */
bool bench_store_peers_open(void);
bool bench_store_peers_close(void);
bool bench_store_has_kernel(void);

bool bench_kernel_look_up(long unused, long rounds);
bool bench_kernel_attach(long unused, long rounds);
bool bench_file_open(long unused, long rounds);
bool bench_file_map(long unused, long rounds);

/* The seconds of all creations, or of all removals; `create` returns -1 if it fails. */
double bench_create_and_remove(int (*create)(void), bool (*destroy)(int made), long remove,
                               long rounds);

double bench_kernel_create(long remove, long rounds);
double bench_file_create(long remove, long rounds);

#endif
