/*
 * Protections that a test build can go without, one at a time, to show that the tests can fail.
 *
 * configure --enable-switches links the tests so that calls of certain functions of the product
 * come to functions of the same name with __wrap_ in front, in switches_*.c. They pass each call
 * on, unless the variable LIBSHM_TEST_OFF names their switch. The product itself does not change.
 * tests/switches.txt says what each switch turns off and which tests must catch it.
 */
#ifndef LIBSHM_TESTS_SWITCHES_H
#define LIBSHM_TESTS_SWITCHES_H

#define SWITCHES(X)                                                                            \
    X(partition_lock)                                                                          \
    X(version_check)                                                                           \
    X(publication_order)                                                                       \
    X(announcement)                                                                            \
    X(fence_before)                                                                            \
    X(fence_after)                                                                             \
    X(callback_hold)                                                                           \
    X(view_hold)                                                                               \
    X(view_close)                                                                              \
    X(arrays_machine)                                                                          \
    X(arrays_offsets)                                                                          \
    X(arrays_place)                                                                            \
    X(arrays_key)                                                                              \
    X(arrays_table)                                                                            \
    X(arrays_entry)                                                                            \
    X(arrays_long_double)                                                                      \
    X(arrays_shape)                                                                            \
    X(arrays_label)                                                                            \
    X(arrays_count)                                                                            \
    X(arrays_layout)                                                                           \
    X(arrays_slots)                                                                            \
    X(arrays_pairs)                                                                            \
    X(undo)                                                                                    \
    X(holder)                                                                                  \
    X(replay)                                                                                  \
    X(queue_rebuild)                                                                           \
    X(holder_burial)                                                                           \
    X(help)                                                                                    \
    X(word_lock)                                                                               \
    X(await)                                                                                   \
    X(recall)                                                                                  \
    X(grant)                                                                                   \
    X(sleepers_death)                                                                          \
    X(void_adjustments)                                                                        \
    X(fork)                                                                                    \
    X(last_detach)                                                                             \
    X(life_lock)                                                                               \
    X(binding_check)                                                                           \
    X(space)                                                                                   \
    X(set_space)                                                                               \
    X(permissions)                                                                             \
    X(signal_mask)                                                                             \
    X(header_format)                                                                           \
    X(header_object)                                                                           \
    X(header_sizes)                                                                            \
    X(header_boot)                                                                             \
    X(set_layout)                                                                              \
    X(row_numbers)                                                                             \
    X(waiter_numbers)                                                                          \
    X(waiter_operations)                                                                       \
    X(redo_record)                                                                             \
    X(sweep)                                                                                   \
    X(room)

#define SWITCH_ENUM(name) OFF_##name,
enum switch_name { OFF_nothing, SWITCHES(SWITCH_ENUM) OFF_count };

extern enum switch_name switched_off;

#define OFF(name) __builtin_expect(switched_off == OFF_##name, 0)

/* Declares the function that is called instead, and the one that it may call. */
#define WRAP(result, name, ...)                                                                \
    result __real_##name(__VA_ARGS__);                                                         \
    result __wrap_##name(__VA_ARGS__);                                                         \
    result __wrap_##name(__VA_ARGS__)

#endif
