/* What the machine can do at best. */
#include "config.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench.h"

bool bench_cas_pairs(long unused, long rounds)
{
    static _Atomic unsigned word;
    (void)unused;
    while (rounds-- > 0) {
        unsigned free = 0, taken = 1;
        if (!atomic_compare_exchange_strong(&word, &free, 1) ||
            !atomic_compare_exchange_strong(&word, &taken, 0))
            return false;
    }
    return true;
}

void bench_copy_pieces(void *to, const void *from, size_t nbytes)
{
    const size_t piece = 256 * 1024;
    for (size_t done = 0, n; done < nbytes; done += n) {
        n = nbytes - done < piece ? nbytes - done : piece;
        memcpy((char *)to + done, (const char *)from + done, n);
    }
}

/* Where the kernel does not say what is available, what is free. */
static double memory_available(void)
{
    double kilobytes;
    char line[128];
    FILE *file = fopen("/proc/meminfo", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "MemAvailable: %lf", &kilobytes) == 1) {
            fclose(file);
            return kilobytes * 1024;
        }
    if (file != NULL)
        fclose(file);
    return (double)sysconf(_SC_AVPHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
}

double bench_memory_allowed(void)
{
    double allowed = memory_available() / 4, address_space = (double)((size_t)-1 / 4);
    return allowed < address_space ? allowed : address_space;
}
