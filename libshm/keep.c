#include "config.h"

#include <errno.h>
#include <stdio.h>

#include "libshm/fail.h"
#include "libshm/keep.h"
#include "libshm/shm.h"

void shm_keep(struct shm_kept *kept)
{
    kept->error = errno;
    snprintf(kept->text, sizeof kept->text, "%s", shm_error_detail());
}

void shm_keep_restore(const struct shm_kept *kept)
{
    shm_failf(kept->error, "%s", kept->text);
}
