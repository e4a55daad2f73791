/* Segments with other bytes in them than a set has: an error or a working handle, no signal. */
#include "config.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libshm/arrays.h"
#include "libshm/arrays_layout.h"
#include "libshm/backend.h"
#include "tests/suite.h"

enum { WORDS = 12, ROOM = 4096 };

static struct shm_arrays *set;
static unsigned char *bytes; /* the set's only segment, mapped once more */
static size_t nbytes, metadata;
static unsigned char before[ROOM];

static unsigned char *map(key_t key, size_t *size)
{
    struct shm_backend_shmid_ds ds;
    int id = shm_backend_shmget(key, 0, 0);
    ck_assert_int_ge(id, 0);
    ck_works(shm_backend_shmctl(id, LIBSHM_IPC_STAT, &ds));
    *size = ds.segsz;
    void *base = shm_backend_shmat(id, NULL, 0);
    ck_assert_ptr_ne(base, (void *)-1);
    return base;
}

static void map_set(void)
{
    ck_made(set);
    bytes = map(shm_arrays_root(set), &nbytes);
    struct shm_segment_header *header = (void *)bytes;
    metadata = (size_t)header->metadata;
    ck_assert_uint_le(nbytes, sizeof before);
    memcpy(before, bytes, nbytes);
}

static void make_set_of(const struct shm_array_spec *spec)
{
    set = shm_arrays_create(spec, 1, NULL, 0600);
    map_set();
}

static void make_set(void)
{
    static const size_t shape[] = {2, 3};
    struct shm_array_spec specs[] = {
        {.label = "weights", .dtype = LIBSHM_FLOAT64, .ndim = 2, .shape = shape},
        {.key = 5, .dtype = LIBSHM_INT16, .ndim = 1, .shape = shape},
        {.label = "o", .dtype = LIBSHM_OPAQUE, .itemsize = 7, .ndim = 2, .shape = shape}};
    set = shm_arrays_create(specs, 3, NULL, 0600);
    map_set();
}

static void end_set(void)
{
    memcpy(bytes, before, nbytes);
    ck_works(shm_backend_shmdt(bytes));
    ck_works(shm_arrays_remove(set));
    ck_works(shm_arrays_close(set));
}

static int copy_old(const struct shm_array_update *update, void *context)
{
    (void)context;
    memcpy(update->result, update->old, update->nbytes);
    return 0;
}

/* Whatever an attach accepts must be usable to its last byte. Returns whether it was accepted.
 */
static bool try_it(key_t root)
{
    struct shm_arrays *a = shm_arrays_attach(root);
    if (!a) {
        ck_assert_int_ne(errno, 0);
        ck_assert_str_ne(shm_error_detail(), "");
        return false;
    }
    size_t count = shm_arrays_count(a);
    void **out = calloc(count, sizeof *out);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_le(shm_arrays_nbytes(a, i), ROOM);
        out[i] = malloc(shm_arrays_nbytes(a, i) + 1);
    }
    shm_arrays_settimeout(a, 1000);
    ck_works(shm_arrays_update_with(a, copy_old, NULL, NULL, out));
    ck_works(shm_arrays_write(a, (const void *const *)out));
    ck_works(shm_arrays_read(a, out));
    for (size_t i = 0; i < count; i++)
        free(out[i]);
    free(out);
    ck_works(shm_arrays_close(a));
    return true;
}

START_TEST(every_bit_of_the_metadata)
{
    int accepted = 0, refused = 0;
    make_set();
    for (size_t bit = 0; bit < metadata * 8; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        *(try_it(shm_arrays_root(set)) ? &accepted : &refused) += 1;
        memcpy(bytes, before, nbytes);
    }
    /* The words of versions, padding, set id, names and types of equal size may change. */
    printf("%d bits changed: %d refused, %d accepted\n", accepted + refused, refused, accepted);
    ck_assert_int_gt(refused, 1500);
    ck_assert(try_it(shm_arrays_root(set)));
    end_set();
}
END_TEST

static uint64_t nasty_number(void)
{
    static const uint64_t numbers[] = {0,
                                       1,
                                       7,
                                       64,
                                       257,
                                       INT32_MAX,
                                       UINT32_MAX,
                                       INT64_MAX,
                                       UINT64_MAX,
                                       UINT64_MAX - 63,
                                       (uint64_t)1 << 63,
                                       (uint64_t)1 << 61};
    uint64_t x = rand() % 2 ? numbers[(size_t)rand() % WORDS] : (uint64_t)rand() % (2 * ROOM);
    return rand() % 2 ? x : x + (uint64_t)(nbytes - 8 * ((size_t)rand() % 20));
}

START_TEST(words_with_nasty_numbers)
{
    int accepted = 0;
    srand(5);
    make_set();
    int rounds = scaled(20000);
    for (int round = 0; round < rounds; round++) {
        for (int n = 1 + rand() % 3; n > 0; n--) {
            uint64_t number = nasty_number();
            size_t at = 8 + 4 * ((size_t)rand() % (metadata / 4 - 4)),
                   size = rand() % 2 ? 4 : 8;
            memcpy(bytes + at, &number, size);
        }
        accepted += try_it(shm_arrays_root(set));
        memcpy(bytes, before, nbytes);
    }
    printf("%d changes: %d accepted\n", rounds, accepted);
    end_set();
}
END_TEST

/* Segments of any size, full of random bytes, with more and more of a header in front. */
START_TEST(random_bytes)
{
    srand(6);
    make_set();
    for (int round = 0; round < scaled(2000); round++) {
        size_t size = 1 + (size_t)rand() % ROOM;
        size_t kept = (size_t)(rand() % 5) * 64 > size ? size : (size_t)(rand() % 5) * 64;
        struct shm_memory *m = shm_create_memory(test_key(0), size, 0600);
        ck_made(m);
        unsigned char *base = map(test_key(0), &size);
        for (size_t i = 0; i < size; i++)
            base[i] = (unsigned char)rand();
        memcpy(base, before, kept < size ? kept : size);
        if (kept >= 64 && size >= 256) {
            int32_t key = test_key(0);
            uint64_t total = size;
            memcpy(base + offsetof(struct shm_segment_header, memory_key), &key, sizeof key);
            memcpy(base + offsetof(struct shm_segment_header, total), &total, sizeof total);
        }
        ck_assert(!try_it(test_key(0)));
        ck_works(shm_backend_shmdt(base));
        ck_works(shm_remove_memory(shm_getshmid(test_key(0))));
        shm_memory_free(m);
    }
    end_set();
}
END_TEST

static size_t metadata_pairs(void)
{
    struct shm_segment_header header;
    memcpy(&header, before, sizeof header);
    return (size_t)header.pairs;
}

/* The last four bytes of the label of some array that has so many. */
static size_t end_of_label(void)
{
    struct shm_segment_entry e;
    memcpy(&e, before + sizeof(struct shm_segment_header), sizeof e);
    for (size_t i = 1; e.label_nbytes < 4; i++)
        memcpy(&e, before + sizeof(struct shm_segment_header) + i * sizeof e, sizeof e);
    return (size_t)e.label + e.label_nbytes - 4;
}

static void change_word(size_t at, uint32_t word, const char *text)
{
    memcpy(bytes + at, &word, sizeof word);
    struct shm_arrays *a = shm_arrays_attach(shm_arrays_root(set));
    ck_assert_msg(a == NULL, "byte %zu may be changed to %u: no \"%s\"", at, (unsigned)word,
                  text);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_msg(strstr(shm_error_detail(), text) != NULL, "\"%s\" is not in \"%s\"", text,
                  shm_error_detail());
    memcpy(bytes, before, nbytes);
}

START_TEST(other_machines)
{
    make_set();
    for (int i = 0; i < 8; i++)
        bytes[i] = before[7 - i];
    ck_refuses(shm_arrays_attach(shm_arrays_root(set)), EINVAL);
    ck_says("the array set was made on a machine of the other byte order");
    memcpy(bytes, before, nbytes);
    change_word(offsetof(struct shm_segment_header, byte_order), 0x04030201, "byte order");
    change_word(offsetof(struct shm_segment_header, format), 2, "format 2");
    change_word(offsetof(struct shm_segment_header, memory_key), 77, "copy of a partition");
    change_word(offsetof(struct shm_segment_header, total), 1000, "its size");
    end_set();
}
END_TEST

static void change_machine(uint32_t word_size, uint32_t long_double)
{
    struct shm_segment_header *header = (void *)bytes;
    header->word_size = word_size;
    header->long_double = long_double;
}

/* As made by a program of the other word size: only long doubles differ. */
START_TEST(other_word_sizes)
{
    const uint32_t word = sizeof(void *), other = 12 - word, mark = 12 << 16 | 53;
    char sentence[200];
    make_set();
    change_machine(other, mark);
    ck_assert(try_it(shm_arrays_root(set)));
    end_set();
    for (int type = 0; type < 2; type++) {
        make_set_of((struct shm_array_spec[]){
            {.dtype = type ? LIBSHM_COMPLEX_LONGDOUBLE : LIBSHM_LONGDOUBLE,
             .ndim = 1,
             .shape = (const size_t[]){3}}});
        ck_assert(try_it(shm_arrays_root(set)));
        change_machine(other, mark);
        ck_refuses(shm_arrays_attach(shm_arrays_root(set)), EINVAL);
        snprintf(sentence, sizeof sentence,
                 "array 0 has elements of type %s, which the program that made the set, of %u "
                 "bits, stores in another format than this one",
                 type ? "complex long double" : "long double", 8 * (unsigned)other);
        ck_says(sentence);
        end_set();
    }
}
END_TEST

#define HEADER(field) offsetof(struct shm_segment_header, field)
#define ENTRY(field)                                                                           \
    (sizeof(struct shm_segment_header) + offsetof(struct shm_segment_entry, field))

/* For each group of fields, the check that is there for it says so. */
START_TEST(each_group_of_fields)
{
    make_set();
    change_word(HEADER(kind), 1, "its mark is missing");
    change_word(HEADER(total), (uint32_t)nbytes + 64, "its size");
    change_word(HEADER(metadata), (uint32_t)nbytes + 64, "an offset is outside of it");
    change_word(HEADER(pairs), (uint32_t)metadata + 64, "an offset is outside of it");
    change_word(HEADER(narrays), 1000, "its table is longer");
    change_word(HEADER(npartitions), 1000, "the keys of its partitions");
    change_word(HEADER(partition), 1, "its place in the set");
    change_word(HEADER(slot), (uint32_t)nbytes, "its parts are not where");
    change_word(HEADER(slot_nbytes), (uint32_t)nbytes, "its parts are not where");
    change_word(metadata_pairs(), 77, "is not partition 0");
    change_word(ENTRY(position), 3, "an impossible position");
    change_word(ENTRY(itemsize), 0, "an impossible element type");
    change_word(ENTRY(count), 7, "not the product of its shape");
    change_word(ENTRY(offset), (uint32_t)nbytes, "an array is not where");
    change_word(ENTRY(shape), (uint32_t)nbytes, "a shape is outside");
    change_word(ENTRY(ndim), 65, "a shape is outside");
    change_word(end_of_label(), 0x01010101, "a label does not end");
    end_set();
}
END_TEST

/* The copy of the metadata that is parsed is as long as it says. */
START_TEST(metadata_of_another_length)
{
    alignas(8) unsigned char storage[ROOM];
    struct shm_array arrays[3];
    make_set();
    ck_works(shm_layout_parse(before, metadata, arrays, storage));
    ck_fails(shm_layout_parse(before, metadata - 64, arrays, storage), EINVAL);
    end_set();
}
END_TEST

/* After the attach nothing of the layout is believed any more. */
START_TEST(metadata_change_under_a_handle)
{
    double w[6] = {1, 2, 3, 4, 5, 6}, got[6];
    make_set();
    memset(bytes + 8, 0xff, 120);
    memset(bytes + sizeof(struct shm_segment_header), 0xff,
           metadata - sizeof(struct shm_segment_header));
    ck_works(shm_arrays_write(set, (const void *[]){w, NULL, NULL}));
    ck_works(shm_arrays_read_one(set, 0, got));
    ck_assert_mem_eq(got, w, sizeof w);
    struct shm_segment_header *header = (void *)bytes;
    for (uint64_t v = 1; v; v <<= 1) {
        atomic_store(&header->version, v - 1);
        ck_works(shm_arrays_write(set, (const void *[]){w, NULL, NULL}));
        atomic_store(&header->version, ~v);
        ck_works(shm_arrays_update(set, LIBSHM_ADD, 0, (const void *[]){w, NULL, NULL}, NULL));
    }
    end_set();
}
END_TEST

static int read_for_nothing(void *context)
{
    double w[6];
    if (!become_nobody())
        return 77;
    struct shm_arrays *a = shm_arrays_attach(*(key_t *)context);
    CHILD_EXPECT(a);
    CHILD_EXPECT(shm_arrays_read_one(a, 0, w) == -1 && errno == EAGAIN);
    return shm_arrays_close(a);
}

/* As seen by a copy that every update overtakes: who may not lock gives up some time. */
START_TEST(a_copy_that_is_always_overtaken)
{
    double w[6] = {0};
    struct shm_array_spec spec = {.dtype = LIBSHM_FLOAT64, .ndim = 1, .shape = (size_t[]){6}};
    struct shm_arrays *a = shm_arrays_create(&spec, 1, NULL, 0644);
    ck_made(a);
    key_t root = shm_arrays_root(a);
    struct shm_segment_header *header = (void *)map(root, &nbytes);
    atomic_store(&header->begun, 2);
    ck_fails(shm_arrays_read_one(a, 0, w), EIO);
    if (have_root("reading without the right to lock"))
        ck_assert_int_eq(child_run(read_for_nothing, &root), 0);
    ck_works(shm_arrays_write(a, (const void *[]){w}));
    ck_works(shm_arrays_read_one(a, 0, w));
    ck_works(shm_backend_shmdt(header));
    ck_works(shm_arrays_remove(a));
    ck_works(shm_arrays_close(a));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {every_bit_of_the_metadata,
                            words_with_nasty_numbers,
                            random_bytes,
                            other_machines,
                            each_group_of_fields,
                            metadata_of_another_length,
                            other_word_sizes,
                            metadata_change_under_a_handle,
                            a_copy_that_is_always_overtaken};
    return RUN_TESTS("arrays_damage", tests);
}
