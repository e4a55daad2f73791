/* The words that the holder of the set lock has taken out of everybody else's hands. */
#include "config.h"

#include "posix/posix_waiters.h"
#include "posix/posix_word.h"

/* What is left of the list is not worth a search: all words are looked at. */
static void remember(struct px_set *s, uint32_t index)
{
    for (uint32_t i = 0; i < s->nlocked; i++)
        if (s->locked[i] == index)
            return;
    if (s->nlocked < PX_LOCKED_MOST)
        s->locked[s->nlocked++] = index;
    else
        s->all_locked = 1;
}

/*
 * Whoever has looked at the word before it was locked must not take it for the same afterwards. What is to
 * be done in a row that this process cannot reach stays shown, for one that can; a row that no set has is a
 * peer's invention.
 */
static uint64_t finish(struct px_set *s, uint32_t index, uint64_t word)
{
    uint32_t row = px_word_row(word);
    if (row != 0 && row <= s->layout.rows && !px_word_help(s, index, word))
        return word;
    word = px_word_with_nobody(word);
    PX_PUT(*px_word_of(s, index), word); /* model: F2 */
    return word;
}

uint64_t px_word_lock(struct px_set *s, uint32_t index)
{
    if (!s->all_locked)
        remember(s, index);
    uint64_t word = PX_GET(*px_word_of(s, index));
    if (!(word & PX_WORD_LOCKED))
        word = atomic_fetch_or(px_word_of(s, index), PX_WORD_LOCKED) |
               PX_WORD_LOCKED; /* model: F1 */
    return finish(s, index, word);
}

void px_words_lock_all(struct px_set *s)
{
    s->all_locked = 1;
    for (uint32_t i = 0; i < s->layout.nsems; i++)
        px_word_lock(s, i);
}

void px_word_await(struct px_set *s, uint32_t index)
{
    uint64_t word = px_word_lock(s, index);
    PX_PUT(*px_word_of(s, index), word | PX_WORD_AWAITED);
}

/* Rows that hold an adjustment; more than two are not told apart. */
static enum px_holders count_holders(struct px_set *s, uint32_t index)
{
    int count = 0;
    for (uint32_t r = 1; r <= px_rows_known(s) && count < PX_MANY_HOLDERS; r++) {
        struct px_row *row = px_row(s, r);
        if (row && PX_GET(row->adjusts))
            count += px_word_is_held_by(s, index, r);
    }
    return (enum px_holders)count;
}

static void unlock(struct px_set *s, uint32_t index, uint32_t *looks)
{
    uint64_t word = PX_GET(*px_word_of(s, index));
    if (!(word & (PX_WORD_LOCKED | PX_WORD_AWAITED))) /* others may be changing it */
        return;
    word = finish(s, index, word);
    if (px_word_holders(word) > PX_ONE_HOLDER)
        word = px_word_with_holders(word, count_holders(s, index));
    if ((word & PX_WORD_AWAITED) && !px_waiters_name(s, index, looks))
        word &= ~PX_WORD_AWAITED;
    atomic_store_explicit(px_word_of(s, index), word & ~PX_WORD_LOCKED,
                          memory_order_release); /* model: F3 */
}

/* Operations of sleeping calls; a queue that somebody has scribbled could keep us for minutes. */
enum { LOOKS_MOST = 1 << 18 };

void px_words_unlock(struct px_set *s)
{
    uint32_t count = s->all_locked ? s->layout.nsems : s->nlocked, looks = LOOKS_MOST;
    for (uint32_t i = 0; i < count; i++)
        unlock(s, s->all_locked ? i : s->locked[i], &looks);
    s->all_locked = 0;
    s->nlocked = 0;
}
