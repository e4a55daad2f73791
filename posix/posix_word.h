/*
 * The words of semaphores: they change without the set lock (posix_single.c), unless its holder has locked
 * them one by one.
 */
#ifndef LIBSHM_POSIX_WORD_H
#define LIBSHM_POSIX_WORD_H

#include "posix/posix_places.h"

static inline _Atomic uint64_t *px_word_of(const struct px_set *s, uint32_t index)
{
    return &px_set_semaphores(s)[index].word;
}

/*
 * Does in the cell of its row what a word shows, unless that is done. 1 if it is done, 0 if the word has
 * become another meanwhile or its row cannot be reached. No lock is needed, and none is in the way.
 */
int px_word_help(struct px_set *s, uint32_t index, uint64_t word);

/* 1 if row `number` holds an adjustment of the semaphore, or is about to. */
int px_word_is_held_by(struct px_set *s, uint32_t index, uint32_t number);

/* All below: the set lock is held. */

/*
 * Until the set lock is given back nobody else changes this semaphore or any adjustment of it. Returns the
 * word; what it showed is done, if its row can be reached. One that a dead holder of the set lock has locked is no other than one of
 * ours: who comes to it next locks it again, and unlocks it.
 */
uint64_t px_word_lock(struct px_set *s, uint32_t index);

void px_words_lock_all(struct px_set *s);

/* Sends all who come for the semaphore to the set lock, as long as a sleeping call names it. */
void px_word_await(struct px_set *s, uint32_t index);

/* Before the set lock is given back. */
void px_words_unlock(struct px_set *s);

#endif
