#include "config.h"

#include <stdio.h>

#include "libshm/backend.h"
#include "posix/posix_store.h"

const char *shm_backend_name(void)
{
    return "posix";
}

void shm_backend_describe(char *text, size_t size)
{
    if (px_store_check() != 0)
        snprintf(text, size, "no usable store");
    else
        snprintf(text, size, "folder %s, namespace %s", px_store_folder(),
                 px_store_namespace());
}
