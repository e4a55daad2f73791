/*
 * Whether a write streams is decided by all that the call replaces, not by each partition for itself: together
 * they go through the same caches.
 */
#include "config.h"

#include "tests/arrays_programs.h"

enum { ARRAYS = 4, ELEMENTS = 100000, NBYTES = ELEMENTS * (int)sizeof(double) };

void __real_shm_copy(void *to, const void *from, size_t nbytes, bool streaming);
void __wrap_shm_copy(void *to, const void *from, size_t nbytes, bool streaming);

static int copies, streamed;

void __wrap_shm_copy(void *to, const void *from, size_t nbytes, bool streaming)
{
    copies++;
    streamed += streaming;
    __real_shm_copy(to, from, nbytes, streaming);
}

/* Writes the first `count` arrays. */
static void write_some(struct shm_arrays *a, int count)
{
    static double numbers[ELEMENTS];
    const void *data[ARRAYS] = {NULL};
    for (int i = 0; i < count; i++)
        data[i] = numbers;
    copies = streamed = 0;
    EXPECT(shm_arrays_write(a, data) == 0);
    EXPECT(copies == count);
}

int main(void)
{
    const size_t shape = ELEMENTS;
    struct shm_array_spec specs[ARRAYS];
    for (int i = 0; i < ARRAYS; i++)
        specs[i] = (struct shm_array_spec){
            .key = i, .dtype = LIBSHM_FLOAT64, .ndim = 1, .shape = &shape};
    struct shm_arrays *a = shm_arrays_create(specs, ARRAYS, NULL, 0600);
    EXPECT(a);
    EXPECT(shm_arrays_npartitions(a) == ARRAYS);
    shm_arrays_stream_threshold = 3 * NBYTES;
    write_some(a, 4);
    EXPECT(streamed == 4);
    write_some(a, 3);
    EXPECT(streamed == 3);
    write_some(a, 2);
    EXPECT(streamed == 0);
    EXPECT(shm_arrays_remove(a) == 0);
    EXPECT(shm_arrays_close(a) == 0);
    return 0;
}
