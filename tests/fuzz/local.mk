# Harnesses for libFuzzer. In `make check` each tries its committed corpus; configured with
# --enable-fuzzing, which needs clang, `make fuzz` searches with each for FUZZ_SECONDS.

fuzz_support = %D%/fuzz.c %D%/fuzz.h
fuzz_replay = $(fuzz_support) %D%/fuzz_replay.c
fuzz_sets = %D%/fuzz_file.c %D%/fuzz_file.h %D%/fuzz_sets.c
fuzz_queues = %D%/fuzz_file.c %D%/fuzz_file.h %D%/fuzz_queues.c

fuzz_replays = \
	tests/prog_fuzz_arrays_posix tests/prog_fuzz_arrays_sysv \
	tests/prog_fuzz_keys_posix \
	tests/prog_fuzz_objects_posix \
	tests/prog_fuzz_queues_posix \
	tests/prog_fuzz_sets_posix

tests_prog_fuzz_arrays_posix_SOURCES = $(fuzz_replay) %D%/fuzz_arrays.c
tests_prog_fuzz_arrays_posix_LDADD = $(backend_with_posix)
tests_prog_fuzz_arrays_sysv_SOURCES = $(fuzz_replay) %D%/fuzz_arrays.c
tests_prog_fuzz_arrays_sysv_LDADD = $(backend_with_sysv)
tests_prog_fuzz_keys_posix_SOURCES = $(fuzz_replay) %D%/fuzz_keys.c
tests_prog_fuzz_keys_posix_LDADD = $(backend_with_posix)
tests_prog_fuzz_objects_posix_SOURCES = $(fuzz_replay) %D%/fuzz_objects.c
tests_prog_fuzz_objects_posix_LDADD = $(backend_with_posix)
tests_prog_fuzz_queues_posix_SOURCES = $(fuzz_replay) $(fuzz_queues)
tests_prog_fuzz_queues_posix_LDADD = $(backend_with_posix)
tests_prog_fuzz_sets_posix_SOURCES = $(fuzz_replay) $(fuzz_sets)
tests_prog_fuzz_sets_posix_LDADD = $(backend_with_posix)

# Through the standard's names. What is where in a file, the harnesses have from the posix backend.
if DROPIN_STATIC
fuzz_with_names = posix/posix_set_format.c tests/user_space_names.c
fuzz_replays += tests/prog_fuzz_queues_names_posix tests/prog_fuzz_sets_names_posix
tests_prog_fuzz_queues_names_posix_SOURCES = $(fuzz_replay) $(fuzz_queues) $(fuzz_with_names)
tests_prog_fuzz_queues_names_posix_LDADD = $(backend_with_names)
tests_prog_fuzz_sets_names_posix_SOURCES = $(fuzz_replay) $(fuzz_sets) $(fuzz_with_names)
tests_prog_fuzz_sets_names_posix_LDADD = $(backend_with_names)
endif

check_PROGRAMS += $(fuzz_replays)
TESTS += $(fuzz_replays)
EXTRA_DIST += %D%/corpus %D%/fuzz.sh

if FUZZING
fuzzers = \
	%D%/fuzz_arrays %D%/fuzz_keys %D%/fuzz_objects %D%/fuzz_queues %D%/fuzz_sets
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
%C%_fuzz_queues_SOURCES = $(fuzz_support) $(fuzz_queues)
%C%_fuzz_queues_LDADD = $(backend_with_posix)
%C%_fuzz_queues_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_sets_SOURCES = $(fuzz_support) $(fuzz_sets)
%C%_fuzz_sets_LDADD = $(backend_with_posix)
%C%_fuzz_sets_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

# As above; what is special about the names is most with queues.
fuzz_needs =
if DROPIN_STATIC
fuzzers += %D%/fuzz_queues_names
fuzz_needs += tests/collect_posix
%C%_fuzz_queues_names_SOURCES = $(fuzz_support) $(fuzz_queues) $(fuzz_with_names)
%C%_fuzz_queues_names_LDADD = $(backend_with_names)
%C%_fuzz_queues_names_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
else
fuzzers =
endif

FUZZ_SECONDS = 60
FUZZ_JOBS = 2
fuzz: $(fuzzers) $(fuzz_needs)
	@test -n '$(fuzzers)' || { echo 'configure with CC=clang --enable-fuzzing' >&2; exit 1; }
	JOBS=$(FUZZ_JOBS) $(srcdir)/%D%/fuzz.sh $(srcdir)/%D%/corpus $(FUZZ_SECONDS) $(fuzzers)
.PHONY: fuzz
