/* Streaming stores of x86 (SSE2: every 64-bit processor, and 32-bit ones that are asked to). */
#include "config.h"

#include <emmintrin.h>
#include <stdint.h>
#include <string.h>

#include "libshm/stream.h"

/* All four parts of a line back to back: they leave the processor as one write. */
static void stream_line(unsigned char *to, const unsigned char *from)
{
    const __m128i *source = (const __m128i *)(const void *)from;
    __m128i *target = (__m128i *)(void *)to;
    __m128i a = _mm_loadu_si128(source), b = _mm_loadu_si128(source + 1);
    __m128i c = _mm_loadu_si128(source + 2), d = _mm_loadu_si128(source + 3);
    _mm_stream_si128(target, a);
    _mm_stream_si128(target + 1, b);
    _mm_stream_si128(target + 2, c);
    _mm_stream_si128(target + 3, d);
}

void shm_stream_copy(void *to, const void *from, size_t nbytes)
{
    unsigned char *target = to;
    const unsigned char *source = from;
    size_t head = (LIBSHM_LINE - (uintptr_t)target % LIBSHM_LINE) % LIBSHM_LINE;
    if (head > nbytes)
        head = nbytes;
    memcpy(target, source, head);
    size_t done = head;
    for (; nbytes - done >= LIBSHM_LINE; done += LIBSHM_LINE)
        stream_line(target + done, source + done);
    memcpy(target + done, source + done, nbytes - done);
}

void shm_stream_pair(void *to, const void *from, void *also_to, const void *also_from,
                     size_t nlines)
{
    for (size_t at = 0; at < nlines * LIBSHM_LINE; at += LIBSHM_LINE) {
        stream_line((unsigned char *)to + at, (const unsigned char *)from + at);
        stream_line((unsigned char *)also_to + at, (const unsigned char *)also_from + at);
    }
}

void shm_stream_fence(void)
{
    _mm_sfence();
}
