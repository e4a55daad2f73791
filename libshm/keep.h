/*
 * Keeping errno and the sentence over calls whose failure is not the caller's: a probe that may
 * be refused, the clean-up after the first failure.
 */
#ifndef LIBSHM_KEEP_H
#define LIBSHM_KEEP_H

struct shm_kept {
    int error;
    char text[512];
};

void shm_keep(struct shm_kept *kept);
void shm_keep_restore(const struct shm_kept *kept);

#endif
