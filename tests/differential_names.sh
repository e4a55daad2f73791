#!/bin/sh
# tests/prog_differential, in user space through the standard's names.
LIBSHM_TEST_USER_SPACE=names exec tests/prog_differential
