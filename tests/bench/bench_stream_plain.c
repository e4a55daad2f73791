/* The loops of an update as the compiler makes them; there are no other stores to try. */
#include "config.h"

#include <string.h>

#include "tests/bench/bench.h"

void bench_axpy_cached(double *slot, double *out, const double *old, const double *fresh,
                       double factor, size_t count)
{
    double *restrict to = slot, *restrict copy = out;
    for (size_t i = 0; i < count; i++)
        to[i] = copy[i] = old[i] + factor * fresh[i];
}

/* A block is copied on while the first cache has it. */
void bench_axpy_blocks(double *slot, double *out, const double *old, const double *fresh,
                       double factor, size_t count)
{
    const size_t block = 512;
    for (size_t done = 0, n; done < count; done += n) {
        double *restrict to = slot + done;
        n = count - done < block ? count - done : block;
        for (size_t i = 0; i < n; i++)
            to[i] = old[done + i] + factor * fresh[done + i];
        memcpy(out + done, to, n * sizeof *to);
    }
}

void bench_axpy_streaming(double *slot, double *out, const double *old, const double *fresh,
                          double factor, size_t count)
{
    bench_axpy_blocks(slot, out, old, fresh, factor, count);
}
