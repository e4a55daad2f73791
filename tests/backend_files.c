/* The files of the posix backend: their names, as doc/architecture.md gives them. */
#include "config.h"

#include "tests/backend_files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value ? value : otherwise;
}

static const char *folder(void)
{
    return setting("LIBSHM_DIR", "/dev/shm");
}

void file_path(char path[FILE_PATH_SIZE], const char *type, unsigned number)
{
    snprintf(path, FILE_PATH_SIZE, "%s/libshm.%s.%s.%08x", folder(),
             setting("LIBSHM_NAMESPACE", "default"), type, number);
}

static void remove_entry(const char *name)
{
    char path[FILE_PATH_SIZE + 256];

    snprintf(path, sizeof path, "%s/%s", folder(), name);
    if (unlink(path) != 0)
        rmdir(path);
}

int remove_files(void)
{
    char prefix[64];
    int count = 0;
    DIR *entries = opendir(folder());

    if (!entries)
        return -1;
    snprintf(prefix, sizeof prefix, "libshm.%s.", setting("LIBSHM_NAMESPACE", "default"));
    for (struct dirent *entry; (entry = readdir(entries));)
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            remove_entry(entry->d_name);
            count++;
        }
    closedir(entries);
    return count;
}
