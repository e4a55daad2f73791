/*
 * Whether what a found segment says of itself can be believed: one function for each group of
 * fields, in the order in which the groups are read.
 *
 * All look at private copies, so that what was checked cannot change any more. -1: EINVAL, with a
 * sentence that says what is wrong.
 */
#ifndef LIBSHM_ARRAYS_CHECK_H
#define LIBSHM_ARRAYS_CHECK_H

#include "libshm/arrays_layout.h"

/* Kind, format and byte order: a segment of this version from such a machine. */
int shm_check_machine(const struct shm_segment_header *h);

/* Size and offsets, of a segment of `size` bytes; the table ends before the pairs. */
int shm_check_offsets(const struct shm_segment_header *h, size_t size);

/* Which partition of how many, and that partition 0 has room for the key pairs of all. */
int shm_check_place(const struct shm_segment_header *h);

/* The segment was made under the key it was found by. */
int shm_check_key(const struct shm_segment_header *h, key_t key);

/* The copy of the metadata has the length the header says, and the table fits into it. */
int shm_check_table(const struct shm_segment_header *h, size_t nbytes);

/* Position and element type of an array. */
int shm_check_entry(const struct shm_segment_entry *e, const struct shm_segment_header *h);

/*
 * An element of the one type whose bytes differ between programs on one machine has them as this
 * program does. All else is the same in programs of 32 and 64 bits, which share sets.
 */
int shm_check_long_double(const struct shm_segment_entry *e,
                          const struct shm_segment_header *h);

/* The shape lies at `next`, where it must, and ends before `end`; its lengths fit a size_t. */
int shm_check_shape(const struct shm_segment_entry *e, size_t next, size_t end);
int shm_check_length(uint64_t length);

/* The same of the label, whose bytes are at `label`; it is one string, or there is none. */
int shm_check_label(const struct shm_segment_entry *e, const unsigned char *label, size_t next,
                    size_t end);

/* The number of elements follows from the shape, the places of the slots from all arrays. */
int shm_check_count(const struct shm_segment_entry *e, const struct shm_array *array);
int shm_check_layout(const struct shm_segment_header *h, const struct shm_layout *l);
int shm_check_slots(const struct shm_segment_entry *e, const struct shm_array *array);

/*
 * It is partition `i` of the set with this root, under the keys the root has for it, and not one
 * of an older set.
 */
int shm_check_member(const struct shm_segment_header *h, const struct shm_segment_header *root,
                     const struct shm_segment_pair *pair, size_t i);

#endif
