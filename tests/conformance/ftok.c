/* ftok, which stays the C library's (S4.1, S4.2). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <sys/stat.h>

static key_t formula(const char *path, int proj)
{
    struct stat st;

    EXPECT_OK(stat(path, &st));
    return (key_t)((unsigned)(proj & 0xff) << 24 | (unsigned)(st.st_dev & 0xff) << 16 |
                   (unsigned)(st.st_ino & 0xffff));
}

START_TEST(key_of_a_file) /* S4.1 */
{
    static const char *const paths[] = {"/", "/proc/self/exe", "/dev/null"};

    for (size_t i = 0; i < COUNT(paths); i++)
        for (int proj = -1; proj < 260; proj += 29)
            EXPECT_INT(ftok(paths[i], proj), formula(paths[i], proj));
    EXPECT_INT(ftok("/", 0), formula("/", 0));
    EXPECT_INT(ftok("/", 0x141), ftok("/", 0x41));
}
END_TEST

START_TEST(key_of_no_file) /* S4.2 */
{
    EXPECT_ERR(ftok("/nowhere/at/all", 1), ENOENT);
    EXPECT_ERR(ftok("/dev/null/below", 1), ENOTDIR);
}
END_TEST

void ftok_chapter(void)
{
    ADD_TESTS(key_of_a_file, key_of_no_file);
}
