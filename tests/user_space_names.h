/*
 * Programs named _names_posix are those of the sysv backend, linked with libshm-sysv.a: the standard's names
 * are the drop-in library's there, and what the tests expect is what they expect of the posix backend.
 * Only they are linked with user_space_names.c.
 */
#ifndef LIBSHM_TESTS_USER_SPACE_NAMES_H
#define LIBSHM_TESTS_USER_SPACE_NAMES_H

/*
 * The standard has no name for a look for debris: the program collect_posix beside this one, or
 * a folder above, does it.
 */
__attribute__((weak)) int user_space_collect(void);

#endif
