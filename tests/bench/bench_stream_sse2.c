/* The loops of an update with the widest stores that every such processor has. */
#include "config.h"

#include <emmintrin.h>
#include <string.h>

#include "tests/bench/bench.h"

enum { LANES = 2, LINE = 8, BLOCK = 512 };

static __m128d axpy(const double *old, const double *fresh, double factor)
{
    return _mm_add_pd(_mm_load_pd(old), _mm_mul_pd(_mm_set1_pd(factor), _mm_load_pd(fresh)));
}

static void rest(double *slot, double *out, const double *old, const double *fresh,
                 double factor, size_t count)
{
    for (size_t i = 0; i < count; i++)
        slot[i] = out[i] = old[i] + factor * fresh[i];
}

void bench_axpy_cached(double *slot, double *out, const double *old, const double *fresh,
                       double factor, size_t count)
{
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        __m128d result = axpy(old + i, fresh + i, factor);
        _mm_store_pd(slot + i, result);
        _mm_store_pd(out + i, result);
    }
    rest(slot + i, out + i, old + i, fresh + i, factor, count - i);
}

/* A block is copied on while the first cache has it. */
void bench_axpy_blocks(double *slot, double *out, const double *old, const double *fresh,
                       double factor, size_t count)
{
    for (size_t done = 0, n; done < count; done += n) {
        size_t i = 0;
        n = count - done < BLOCK ? count - done : BLOCK;
        for (; i + LANES <= n; i += LANES)
            _mm_store_pd(slot + done + i, axpy(old + done + i, fresh + done + i, factor));
        for (; i < n; i++)
            slot[done + i] = old[done + i] + factor * fresh[done + i];
        memcpy(out + done, slot + done, n * sizeof *slot);
    }
}

static void stream_line(double *to, const __m128d *line)
{
    for (int k = 0; k < LINE / LANES; k++)
        _mm_stream_pd(to + k * LANES, line[k]);
}

void bench_axpy_streaming(double *slot, double *out, const double *old, const double *fresh,
                          double factor, size_t count)
{
    size_t i = 0;
    for (; i + LINE <= count; i += LINE) {
        __m128d line[LINE / LANES];
        for (int k = 0; k < LINE / LANES; k++)
            line[k] = axpy(old + i + k * LANES, fresh + i + k * LANES, factor);
        stream_line(slot + i, line);
        stream_line(out + i, line);
    }
    rest(slot + i, out + i, old + i, fresh + i, factor, count - i);
    _mm_sfence();
}
