/* What the runner needs of objects.c: what a test has made is removed, however it ended. */
#ifndef LIBSHM_TESTS_CONFORM_OBJECTS_H
#define LIBSHM_TESTS_CONFORM_OBJECTS_H

void registry_start(void); /* before the first fork */
void remove_registered(void);

#endif
