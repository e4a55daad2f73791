/*
 * A wait whose timeout comes in numbers: sources for either width of time_t can call this, and its
 * own source has the width of the contract.
 */
#ifndef LIBSHM_COMPAT_SYSV_DROPIN_WAIT_H
#define LIBSHM_COMPAT_SYSV_DROPIN_WAIT_H

#include <stddef.h>
#include <stdint.h>

#include "libshm/backend.h"

int dropin_semtimedop(int semid, const struct shm_backend_sembuf *ops, size_t nops,
                      int64_t seconds, long nanoseconds);

#endif
