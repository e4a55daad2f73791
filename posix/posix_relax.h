/*
 * Looking at a word that another processor is about to change.
 */
#ifndef LIBSHM_POSIX_RELAX_H
#define LIBSHM_POSIX_RELAX_H

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

/* How often to look before sleeping: never where this process has one processor. */
int px_looks(void);

#endif
