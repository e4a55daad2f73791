/*
 * Looking at a word that another processor is about to change.
 */
#ifndef LIBSHM_POSIX_RELAX_H
#define LIBSHM_POSIX_RELAX_H

#include <stdint.h>

/* Between two looks: tells the processor that this is a loop of looks. */
static inline void px_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield" ::: "memory");
#else
    __asm__ volatile("" ::: "memory");
#endif
}

/* How often to look before sleeping: never where this process has one processor. errno is as before. */
int px_looks(void);

/*
 * After a call that looked in vain has slept so many nanoseconds. Two processes that take turns, each woken by
 * the other, would go on so for ever, although a little more patience would have both of them awake: after a
 * sleep that was short more looks are worth it, until those were in vain as well.
 */
void px_looks_learn(int64_t slept);

#endif
