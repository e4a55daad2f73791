#include "config.h"

#include "posix/posix_word.h"

int px_word_help(struct px_set *s, uint32_t index, uint64_t word)
{
    struct px_row *row = px_row(s, px_word_row(word));
    if (!row)
        return 0;
    uint64_t cell =
        atomic_load_explicit(&row->cells[index], memory_order_acquire); /* model: H1 */
    if (!px_word_is_pending(word, cell))
        return 1;
    /* What a word of the past shows is done already, and must not be done to a later cell. */
    if (atomic_load_explicit(px_word_of(s, index), memory_order_acquire) !=
        word) /* model: H2 */
        return 0;
    uint32_t epoch = px_word_epoch(word);
    int adjustment = px_cell_adjustment(cell, epoch) - px_word_delta(word);
    atomic_compare_exchange_strong(&row->cells[index], &cell,
                                   px_cell(adjustment, epoch, cell)); /* model: H3 */
    return 1;
}

int px_word_is_held_by(struct px_set *s, uint32_t index, uint32_t number)
{
    uint64_t word = atomic_load_explicit(px_word_of(s, index), memory_order_acquire);
    struct px_row *row = px_row(s, number);
    if (!row)
        return 0;
    uint64_t cell = atomic_load_explicit(&row->cells[index], memory_order_acquire);
    return px_cell_adjustment(cell, px_word_epoch(word)) != 0 ||
           (px_word_row(word) == number && px_word_is_pending(word, cell));
}
