/* /proc/self/maps. */
#include "config.h"

#include "posix/posix_maps.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "posix/posix_io.h"

/* "start-end rwxp offset dev inode path"; lines that are cut keep all but the path. */
static int parse_line(const char *line, struct px_mapping *m)
{
    unsigned long long start, end, inode;
    char rights[5];
    if (sscanf(line, "%llx-%llx %4s %*x %*s %llu", &start, &end, rights, &inode) != 4)
        return 0;
    m->start = (uintptr_t)start;
    m->end = (uintptr_t)end;
    m->inode = (ino_t)inode;
    m->protection = (rights[0] == 'r' ? PROT_READ : 0) | (rights[1] == 'w' ? PROT_WRITE : 0) |
                    (rights[2] == 'x' ? PROT_EXEC : 0);
    return 1;
}

static void take_line(const char *line, void (*each)(const struct px_mapping *, void *),
                      void *context)
{
    struct px_mapping m;
    if (parse_line(line, &m))
        each(&m, context);
}

int px_maps_each(void (*each)(const struct px_mapping *m, void *context), void *context)
{
    char buffer[4096], line[160];
    size_t length = 0;
    int fd = px_open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    for (ssize_t n; (n = px_read(fd, buffer, sizeof buffer)) > 0;) {
        for (ssize_t i = 0; i < n; i++) {
            if (buffer[i] != '\n') {
                if (length < sizeof line - 1)
                    line[length++] = buffer[i];
                continue;
            }
            line[length] = '\0';
            take_line(line, each, context);
            length = 0;
        }
    }
    px_close(fd);
    return 0;
}
