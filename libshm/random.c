/* Random bytes from the system. The only function here, so that a test can put its own in. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include "libshm/fail.h"
#include "libshm/random.h"

/* For kernels that lack getrandom, and for sandboxes that refuse it. */
static ssize_t read_device(void *bytes, size_t nbytes)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t got = read(fd, bytes, nbytes);
    close(fd);
    return got;
}

/* Up to 256 bytes come in one piece, undisturbed by signals. */
int shm_random_bytes(void *bytes, size_t nbytes)
{
    int saved = errno;
    ssize_t got = getrandom(bytes, nbytes, 0);
    if (got < 0)
        got = read_device(bytes, nbytes);
    if (got != (ssize_t)nbytes)
        return shm_fail(EIO, "the system gives no random numbers for a key: neither getrandom "
                             "nor /dev/urandom works");
    errno = saved;
    return 0;
}
