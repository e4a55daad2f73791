/*
 * The store of the posix backend: one namespace for each test, empty afterwards.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "tests/isolate.h"

static char prefix[64];

static const char *store_folder(void)
{
    const char *folder = getenv("LIBSHM_DIR");

    return folder != NULL ? folder : "/dev/shm";
}

void enter_own_namespace(void)
{
    unsigned long long random = 0;
    char name[33];

    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        random = (unsigned long long)time(NULL);
    snprintf(name, sizeof name, "t%ld-%016llx", (long)getpid(), random);
    setenv("LIBSHM_NAMESPACE", name, 1);
    snprintf(prefix, sizeof prefix, "libshm.%s.", name);
}

void check_store(void)
{
    DIR *store = opendir(store_folder());
    struct dirent *entry;

    if (store == NULL) {
        complain("cannot look into the store %s: %s", store_folder(), strerror(errno));
        return;
    }
    while ((entry = readdir(store)) != NULL) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        complain("left in the store: %s/%s", store_folder(), entry->d_name);
        unlinkat(dirfd(store), entry->d_name, 0);
    }
    closedir(store);
}
