# Harnesses for libFuzzer. In `make check` each tries its committed corpus; configured with
# --enable-fuzzing, which needs clang, `make fuzz` searches with each for FUZZ_SECONDS.

fuzz_support = %D%/fuzz.c %D%/fuzz.h
fuzz_replay = $(fuzz_support) %D%/fuzz_replay.c

fuzz_replays = \
	tests/prog_fuzz_arrays_posix tests/prog_fuzz_arrays_sysv \
	tests/prog_fuzz_keys_posix \
	tests/prog_fuzz_objects_posix \
	tests/prog_fuzz_sets_posix

tests_prog_fuzz_arrays_posix_SOURCES = $(fuzz_replay) %D%/fuzz_arrays.c
tests_prog_fuzz_arrays_posix_LDADD = $(backend_with_posix)
tests_prog_fuzz_arrays_sysv_SOURCES = $(fuzz_replay) %D%/fuzz_arrays.c
tests_prog_fuzz_arrays_sysv_LDADD = $(backend_with_sysv)
tests_prog_fuzz_keys_posix_SOURCES = $(fuzz_replay) %D%/fuzz_keys.c
tests_prog_fuzz_keys_posix_LDADD = $(backend_with_posix)
tests_prog_fuzz_objects_posix_SOURCES = $(fuzz_replay) %D%/fuzz_objects.c
tests_prog_fuzz_objects_posix_LDADD = $(backend_with_posix)
tests_prog_fuzz_sets_posix_SOURCES = $(fuzz_replay) %D%/fuzz_sets.c
tests_prog_fuzz_sets_posix_LDADD = $(backend_with_posix)

check_PROGRAMS += $(fuzz_replays)
TESTS += $(fuzz_replays)
EXTRA_DIST += %D%/corpus %D%/fuzz.sh

if FUZZING
fuzzers = %D%/fuzz_arrays %D%/fuzz_keys %D%/fuzz_objects %D%/fuzz_sets
check_PROGRAMS += $(fuzzers)

%C%_fuzz_arrays_SOURCES = $(fuzz_support) %D%/fuzz_arrays.c
%C%_fuzz_arrays_LDADD = $(backend_with_posix)
%C%_fuzz_arrays_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_keys_SOURCES = $(fuzz_support) %D%/fuzz_keys.c
%C%_fuzz_keys_LDADD = $(backend_with_posix)
%C%_fuzz_keys_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_objects_SOURCES = $(fuzz_support) %D%/fuzz_objects.c
%C%_fuzz_objects_LDADD = $(backend_with_posix)
%C%_fuzz_objects_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_sets_SOURCES = $(fuzz_support) %D%/fuzz_sets.c
%C%_fuzz_sets_LDADD = $(backend_with_posix)
%C%_fuzz_sets_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
else
fuzzers =
endif

FUZZ_SECONDS = 60
FUZZ_JOBS = 2
fuzz: $(fuzzers)
	@test -n '$(fuzzers)' || { echo 'configure with CC=clang --enable-fuzzing' >&2; exit 1; }
	JOBS=$(FUZZ_JOBS) $(srcdir)/%D%/fuzz.sh $(srcdir)/%D%/corpus $(FUZZ_SECONDS) $(fuzzers)
.PHONY: fuzz
