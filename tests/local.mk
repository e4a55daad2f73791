# Tests. A topic is one source, linked twice with the core and one backend each: check_TOPIC.c is
# a Check suite, prog_TOPIC.c a program without Check, which runs everywhere. To add a topic, name
# its two programs in a list and give them their two lines each.

# ---- Every test runs in a world of its own and must leave nothing in it ----------------------

LOG_COMPILER = %D%/isolate
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = %D%/isolate

check_PROGRAMS += %D%/isolate %D%/plant
%C%_isolate_SOURCES = \
	%D%/isolate.c \
	%D%/isolate.h \
	%D%/isolate_processes.c \
	%D%/isolate_seccomp.c \
	%D%/isolate_store.c \
	%D%/isolate_sysv.c
%C%_plant_SOURCES = %D%/plant.c
EXTRA_DIST += %D%/skips.txt

# What .ci/stages/clients runs programs of other projects with.
check_PROGRAMS += %D%/clients/deny %D%/clients/witness
%C%_clients_deny_SOURCES = %D%/clients/deny.c %D%/isolate.h %D%/isolate_seccomp.c
%C%_clients_witness_SOURCES = %D%/clients/witness.c
EXTRA_DIST += \
	%D%/clients/common.sh \
	%D%/clients/fakeroot.sh \
	%D%/clients/perl.sh \
	%D%/clients/php.sh \
	%D%/clients/postgresql.sh \
	%D%/clients/python.sh \
	%D%/clients/shareable.pl \
	%D%/clients/stress_ng.sh \
	%D%/clients/sysv.php \
	%D%/clients/sysv.pl \
	%D%/clients/sysv_client.py \
	%D%/clients/util_linux.sh

# ---- What the tests share: of each pair, the first is without Check and serves everywhere -----

# For the tests of the public interface, and for those of the backend contract.
check_LTLIBRARIES += %D%/libapi_support.la %D%/libbackend_support.la

# Who sleeps, seen from outside: also for a driver without a backend.
check_LTLIBRARIES += %D%/libsleepers.la
%C%_libsleepers_la_SOURCES = \
	%D%/backend_files.c \
	%D%/backend_files.h \
	%D%/kernel_sleepers.c \
	%D%/kernel_sleepers.h
%C%_libapi_support_la_SOURCES = \
	%D%/arrays_programs.c \
	%D%/arrays_programs.h \
	%D%/support.c \
	%D%/support.h \
	%D%/waits.c \
	%D%/waits.h
if HAVE_COVERAGE
%C%_libapi_support_la_SOURCES += %D%/coverage_exit.c
endif
%C%_libbackend_support_la_SOURCES = \
	%D%/backend_children.c \
	%D%/backend_support.c \
	%D%/backend_support.h \
	%D%/user_space_names.h \
	%D%/gate.c \
	%D%/gate.h
%C%_libbackend_support_la_LIBADD = %D%/libsleepers.la

if HAVE_CHECK
check_LTLIBRARIES += %D%/libapi_suite.la %D%/libbackend_suite.la
endif
%C%_libapi_suite_la_SOURCES = \
	%D%/suite.c \
	%D%/suite.h
%C%_libbackend_suite_la_SOURCES = \
	%D%/backend_check.c \
	%D%/backend_check.h

# ---- What they are linked with: in a build with switches, calls come to those first --------------

whole_posix = $(switches_posix) libshm/libwhole_posix.la
whole_sysv = $(switches_sysv) libshm/libwhole_sysv.la

if SWITCHES
noinst_LTLIBRARIES += %D%/libswitches_posix.la %D%/libswitches_sysv.la
endif
%C%_libswitches_posix_la_SOURCES = \
	%D%/switches.c \
	%D%/switches.h \
	%D%/switches_arrays.c \
	%D%/switches_posix.c
%C%_libswitches_sysv_la_SOURCES = \
	%D%/switches.c \
	%D%/switches.h \
	%D%/switches_arrays.c \
	%D%/switches_sysv.c
EXTRA_DIST += %D%/switches.sh %D%/switches.txt

# Not one of the tests: it runs them, each switch at a time.
switches: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS=
	srcdir='$(srcdir)' $(SHELL) $(srcdir)/%D%/switches.sh
.PHONY: switches

# ---- Programs without Check ------------------------------------------------------------------

api_with_posix = %D%/libapi_support.la $(whole_posix)
api_with_sysv = %D%/libapi_support.la $(whole_sysv)
backend_with_posix = %D%/libbackend_support.la $(api_with_posix)
backend_with_sysv = %D%/libbackend_support.la $(api_with_sysv)

programs = \
	%D%/prog_arrays_add_posix %D%/prog_arrays_add_sysv \
	%D%/prog_arrays_create_posix %D%/prog_arrays_create_sysv \
	%D%/prog_arrays_kill_posix %D%/prog_arrays_kill_sysv \
	%D%/prog_arrays_torn_posix %D%/prog_arrays_torn_sysv \
	%D%/prog_death_posix %D%/prog_death_sysv \
	%D%/prog_family_posix %D%/prog_family_sysv \
	%D%/prog_fences_posix %D%/prog_fences_sysv \
	%D%/prog_full_posix %D%/prog_full_sysv \
	%D%/prog_header_posix \
	%D%/prog_hot_posix %D%/prog_hot_sysv \
	%D%/prog_interrupt_posix %D%/prog_interrupt_sysv \
	%D%/prog_leap_posix %D%/prog_leap_sysv \
	%D%/prog_hostile_posix %D%/prog_hostile_sysv \
	%D%/prog_limits_posix %D%/prog_limits_sysv \
	%D%/prog_many_posix %D%/prog_many_sysv \
	%D%/prog_mixed_posix %D%/prog_mixed_sysv \
	%D%/prog_nth_posix %D%/prog_nth_sysv \
	%D%/prog_queue_posix %D%/prog_queue_sysv \
	%D%/prog_race_posix %D%/prog_race_sysv \
	%D%/prog_scribble_posix %D%/prog_scribble_sysv \
	%D%/prog_setuid_posix %D%/prog_setuid_sysv \
	%D%/prog_shmtool_posix %D%/prog_shmtool_sysv \
	%D%/prog_signals_posix %D%/prog_signals_sysv \
	%D%/prog_step_posix %D%/prog_step_sysv \
	%D%/prog_single_posix %D%/prog_single_sysv \
	%D%/prog_stopped_posix %D%/prog_stopped_sysv \
	%D%/prog_streaming_posix %D%/prog_streaming_sysv \
	%D%/prog_threads_posix %D%/prog_threads_sysv \
	%D%/prog_torture_posix %D%/prog_torture_sysv \
	%D%/prog_store_posix \
	%D%/prog_twice_posix \
	%D%/prog_variables_posix

nth_sources = \
	%D%/nth.h \
	%D%/nth_cases_arrays.c \
	%D%/nth_cases_memory.c \
	%D%/nth_cases_msg.c \
	%D%/nth_cases_queue.c \
	%D%/nth_cases_sem.c \
	%D%/nth_cases_semaphore.c \
	%D%/nth_cases_shm.c \
	%D%/nth_startup.c \
	%D%/nth_world.c \
	%D%/nth_wrap.c \
	%D%/nth_wrap.h \
	%D%/prog_nth.c

# What nth_wrap.c puts itself before; names that only some systems have are among them.
nth_wraps = \
	-Wl,--wrap=__fcntl_time64 \
	-Wl,--wrap=__fstat64_time64 \
	-Wl,--wrap=__fstat_time64 \
	-Wl,--wrap=__lstat64_time64 \
	-Wl,--wrap=__lstat_time64 \
	-Wl,--wrap=__msgctl64 \
	-Wl,--wrap=__nanosleep64 \
	-Wl,--wrap=__nanosleep_time64 \
	-Wl,--wrap=__open64_2 \
	-Wl,--wrap=__ppoll64 \
	-Wl,--wrap=__open_2 \
	-Wl,--wrap=__pread64_chk \
	-Wl,--wrap=__pread_chk \
	-Wl,--wrap=__read_chk \
	-Wl,--wrap=__readlink_chk \
	-Wl,--wrap=__semctl64 \
	-Wl,--wrap=__semtimedop64 \
	-Wl,--wrap=__semtimedop_time64 \
	-Wl,--wrap=__shmctl64 \
	-Wl,--wrap=__stat64_time64 \
	-Wl,--wrap=__stat_time64 \
	-Wl,--wrap=calloc \
	-Wl,--wrap=close \
	-Wl,--wrap=fchmod \
	-Wl,--wrap=fchown \
	-Wl,--wrap=fcntl \
	-Wl,--wrap=fcntl64 \
	-Wl,--wrap=free \
	-Wl,--wrap=fstat \
	-Wl,--wrap=fstat64 \
	-Wl,--wrap=ftruncate \
	-Wl,--wrap=ftruncate64 \
	-Wl,--wrap=getgroups \
	-Wl,--wrap=getrandom \
	-Wl,--wrap=kill \
	-Wl,--wrap=lchown \
	-Wl,--wrap=lstat \
	-Wl,--wrap=lstat64 \
	-Wl,--wrap=madvise \
	-Wl,--wrap=malloc \
	-Wl,--wrap=mmap \
	-Wl,--wrap=mmap64 \
	-Wl,--wrap=msgctl \
	-Wl,--wrap=msgget \
	-Wl,--wrap=msgrcv \
	-Wl,--wrap=msgsnd \
	-Wl,--wrap=munmap \
	-Wl,--wrap=nanosleep \
	-Wl,--wrap=open \
	-Wl,--wrap=open64 \
	-Wl,--wrap=opendir \
	-Wl,--wrap=posix_fallocate \
	-Wl,--wrap=posix_fallocate64 \
	-Wl,--wrap=ppoll \
	-Wl,--wrap=pread \
	-Wl,--wrap=pread64 \
	-Wl,--wrap=pthread_atfork \
	-Wl,--wrap=pwrite \
	-Wl,--wrap=pwrite64 \
	-Wl,--wrap=read \
	-Wl,--wrap=readdir \
	-Wl,--wrap=readdir64 \
	-Wl,--wrap=readlink \
	-Wl,--wrap=realloc \
	-Wl,--wrap=semctl \
	-Wl,--wrap=semget \
	-Wl,--wrap=semtimedop \
	-Wl,--wrap=shmat \
	-Wl,--wrap=shmctl \
	-Wl,--wrap=shmget \
	-Wl,--wrap=stat \
	-Wl,--wrap=stat64 \
	-Wl,--wrap=statvfs \
	-Wl,--wrap=statvfs64 \
	-Wl,--wrap=symlink \
	-Wl,--wrap=syscall \
	-Wl,--wrap=unlink

fences_sources = %D%/prog_fences.c %D%/step_trace.c %D%/step_trace.h

step_sources = \
	%D%/prog_step.c \
	%D%/step_cases_arrays.c \
	%D%/step_cases_msg.c \
	%D%/step_cases_sem.c \
	%D%/step_cases_shm.c \
	%D%/step_trace.c \
	%D%/step_trace.h

%C%_prog_streaming_posix_SOURCES = %D%/prog_streaming.c
%C%_prog_streaming_posix_LDADD = $(api_with_posix)
%C%_prog_streaming_posix_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=shm_copy
%C%_prog_streaming_sysv_SOURCES = %D%/prog_streaming.c
%C%_prog_streaming_sysv_LDADD = $(api_with_sysv)
%C%_prog_streaming_sysv_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=shm_copy
%C%_prog_arrays_add_posix_SOURCES = %D%/prog_arrays_add.c
%C%_prog_arrays_add_posix_LDADD = $(api_with_posix)
%C%_prog_arrays_add_sysv_SOURCES = %D%/prog_arrays_add.c
%C%_prog_arrays_add_sysv_LDADD = $(api_with_sysv)
%C%_prog_arrays_create_posix_SOURCES = %D%/prog_arrays_create.c
%C%_prog_arrays_create_posix_LDADD = $(api_with_posix)
%C%_prog_arrays_create_sysv_SOURCES = %D%/prog_arrays_create.c
%C%_prog_arrays_create_sysv_LDADD = $(api_with_sysv)
%C%_prog_arrays_kill_posix_SOURCES = %D%/prog_arrays_kill.c
%C%_prog_arrays_kill_posix_LDADD = $(api_with_posix)
%C%_prog_arrays_kill_sysv_SOURCES = %D%/prog_arrays_kill.c
%C%_prog_arrays_kill_sysv_LDADD = $(api_with_sysv)
%C%_prog_arrays_torn_posix_SOURCES = %D%/prog_arrays_torn.c
%C%_prog_arrays_torn_posix_LDADD = $(api_with_posix)
%C%_prog_arrays_torn_sysv_SOURCES = %D%/prog_arrays_torn.c
%C%_prog_arrays_torn_sysv_LDADD = $(api_with_sysv)
%C%_prog_death_posix_SOURCES = %D%/prog_death.c
%C%_prog_death_posix_LDADD = $(backend_with_posix)
%C%_prog_death_sysv_SOURCES = %D%/prog_death.c
%C%_prog_death_sysv_LDADD = $(backend_with_sysv)
%C%_prog_family_posix_SOURCES = %D%/prog_family.c
%C%_prog_family_posix_LDADD = $(backend_with_posix)
%C%_prog_family_sysv_SOURCES = %D%/prog_family.c
%C%_prog_family_sysv_LDADD = $(backend_with_sysv)
%C%_prog_fences_posix_SOURCES = $(fences_sources)
%C%_prog_fences_posix_LDADD = $(backend_with_posix)
%C%_prog_fences_sysv_SOURCES = $(fences_sources)
%C%_prog_fences_sysv_LDADD = $(backend_with_sysv)
%C%_prog_full_posix_SOURCES = %D%/prog_full.c
%C%_prog_full_posix_LDADD = $(backend_with_posix)
%C%_prog_full_sysv_SOURCES = %D%/prog_full.c
%C%_prog_full_sysv_LDADD = $(backend_with_sysv)
%C%_prog_header_posix_SOURCES = %D%/prog_header.c
%C%_prog_header_posix_LDADD = $(backend_with_posix)
%C%_prog_hostile_posix_SOURCES = %D%/prog_hostile.c
%C%_prog_hostile_posix_LDADD = $(backend_with_posix)
%C%_prog_hostile_sysv_SOURCES = %D%/prog_hostile.c
%C%_prog_hostile_sysv_LDADD = $(backend_with_sysv)
interrupt_sources = %D%/prog_interrupt.c %D%/step_trace.c %D%/step_trace.h
%C%_prog_interrupt_posix_SOURCES = $(interrupt_sources)
%C%_prog_interrupt_posix_LDADD = $(backend_with_posix)
%C%_prog_interrupt_sysv_SOURCES = $(interrupt_sources)
%C%_prog_interrupt_sysv_LDADD = $(backend_with_sysv)
leap_sources = %D%/prog_leap.c %D%/step_trace.c %D%/step_trace.h
%C%_prog_leap_posix_SOURCES = $(leap_sources)
%C%_prog_leap_posix_LDADD = $(backend_with_posix)
%C%_prog_leap_sysv_SOURCES = $(leap_sources)
%C%_prog_leap_sysv_LDADD = $(backend_with_sysv)

# Counted by prog_hot.c.
hot_wraps = \
	-Wl,--wrap=__semctl64 \
	-Wl,--wrap=__semtimedop64 \
	-Wl,--wrap=__semtimedop_time64 \
	-Wl,--wrap=__shmctl64 \
	-Wl,--wrap=calloc \
	-Wl,--wrap=malloc \
	-Wl,--wrap=realloc \
	-Wl,--wrap=semctl \
	-Wl,--wrap=semop \
	-Wl,--wrap=semtimedop \
	-Wl,--wrap=shmctl
%C%_prog_hot_posix_LDADD = $(backend_with_posix)
%C%_prog_hot_posix_LDFLAGS = $(AM_LDFLAGS) $(hot_wraps)
%C%_prog_hot_posix_SOURCES = %D%/prog_hot.c
%C%_prog_hot_sysv_LDADD = $(backend_with_sysv)
%C%_prog_hot_sysv_LDFLAGS = $(AM_LDFLAGS) $(hot_wraps)
%C%_prog_hot_sysv_SOURCES = %D%/prog_hot.c
%C%_prog_limits_posix_SOURCES = %D%/prog_limits.c
%C%_prog_limits_posix_LDADD = $(backend_with_posix)
%C%_prog_limits_sysv_SOURCES = %D%/prog_limits.c
%C%_prog_limits_sysv_LDADD = $(backend_with_sysv)
%C%_prog_many_posix_SOURCES = %D%/prog_many.c
%C%_prog_many_posix_LDADD = $(backend_with_posix)
%C%_prog_many_sysv_SOURCES = %D%/prog_many.c
%C%_prog_many_sysv_LDADD = $(backend_with_sysv)
%C%_prog_mixed_posix_SOURCES = %D%/prog_mixed.c
%C%_prog_mixed_posix_LDADD = $(api_with_posix)
%C%_prog_mixed_sysv_SOURCES = %D%/prog_mixed.c
%C%_prog_mixed_sysv_LDADD = $(api_with_sysv)
%C%_prog_nth_posix_LDADD = $(backend_with_posix)
%C%_prog_nth_posix_LDFLAGS = $(AM_LDFLAGS) $(nth_wraps)
%C%_prog_nth_posix_SOURCES = $(nth_sources)
%C%_prog_nth_sysv_LDADD = $(backend_with_sysv)
%C%_prog_nth_sysv_LDFLAGS = $(AM_LDFLAGS) $(nth_wraps)
%C%_prog_nth_sysv_SOURCES = $(nth_sources)
%C%_prog_queue_posix_SOURCES = %D%/prog_queue.c
%C%_prog_queue_posix_LDADD = $(backend_with_posix)
%C%_prog_queue_sysv_SOURCES = %D%/prog_queue.c
%C%_prog_queue_sysv_LDADD = $(backend_with_sysv)
%C%_prog_race_posix_SOURCES = %D%/prog_race.c
%C%_prog_race_posix_LDADD = $(backend_with_posix)
%C%_prog_race_sysv_SOURCES = %D%/prog_race.c
%C%_prog_race_sysv_LDADD = $(backend_with_sysv)
%C%_prog_scribble_posix_SOURCES = %D%/prog_scribble.c
%C%_prog_scribble_posix_LDADD = $(backend_with_posix)
%C%_prog_scribble_sysv_SOURCES = %D%/prog_scribble.c
%C%_prog_scribble_sysv_LDADD = $(backend_with_sysv)
%C%_prog_setuid_posix_SOURCES = %D%/prog_setuid.c
%C%_prog_setuid_posix_LDADD = $(backend_with_posix)
%C%_prog_setuid_sysv_SOURCES = %D%/prog_setuid.c
%C%_prog_setuid_sysv_LDADD = $(backend_with_sysv)
%C%_prog_shmtool_posix_SOURCES = %D%/prog_shmtool.c
%C%_prog_shmtool_posix_LDADD = $(api_with_posix)
%C%_prog_shmtool_sysv_SOURCES = %D%/prog_shmtool.c
%C%_prog_shmtool_sysv_LDADD = $(api_with_sysv)
%C%_prog_signals_posix_SOURCES = %D%/prog_signals.c
%C%_prog_signals_posix_LDADD = $(backend_with_posix)
%C%_prog_signals_sysv_SOURCES = %D%/prog_signals.c
%C%_prog_signals_sysv_LDADD = $(backend_with_sysv)
%C%_prog_step_posix_SOURCES = $(step_sources)
%C%_prog_step_posix_LDADD = $(backend_with_posix)
%C%_prog_step_sysv_SOURCES = $(step_sources)
%C%_prog_step_sysv_LDADD = $(backend_with_sysv)
%C%_prog_single_posix_SOURCES = %D%/prog_single.c
%C%_prog_single_posix_LDADD = $(backend_with_posix)
%C%_prog_single_sysv_SOURCES = %D%/prog_single.c
%C%_prog_single_sysv_LDADD = $(backend_with_sysv)
%C%_prog_stopped_posix_SOURCES = %D%/prog_stopped.c
%C%_prog_stopped_posix_LDADD = $(backend_with_posix)
%C%_prog_stopped_sysv_SOURCES = %D%/prog_stopped.c
%C%_prog_stopped_sysv_LDADD = $(backend_with_sysv)
%C%_prog_torture_posix_SOURCES = %D%/prog_torture.c
%C%_prog_torture_posix_LDADD = $(backend_with_posix)
%C%_prog_torture_sysv_SOURCES = %D%/prog_torture.c
%C%_prog_torture_sysv_LDADD = $(backend_with_sysv)
%C%_prog_threads_posix_SOURCES = %D%/prog_threads.c
%C%_prog_threads_posix_LDADD = $(backend_with_posix)
%C%_prog_threads_sysv_SOURCES = %D%/prog_threads.c
%C%_prog_threads_sysv_LDADD = $(backend_with_sysv)
%C%_prog_store_posix_SOURCES = %D%/prog_store.c
%C%_prog_store_posix_LDADD = $(backend_with_posix)
%C%_prog_twice_posix_SOURCES = %D%/prog_twice.c
%C%_prog_twice_posix_LDADD = $(backend_with_posix)
%C%_prog_twice_posix_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=readdir -Wl,--wrap=readdir64
%C%_prog_variables_posix_SOURCES = %D%/prog_variables.c
%C%_prog_variables_posix_LDADD = $(backend_with_posix)

check_PROGRAMS += $(programs)
TESTS += $(programs)

# The same through the standard's names: the sysv backend on the drop-in library.
if DROPIN_STATIC
backend_with_names = $(backend_with_sysv) libshm-sysv.a

through_names = \
	%D%/prog_nth_names_posix \
	%D%/prog_queue_names_posix \
	%D%/prog_scribble_names_posix \
	%D%/prog_step_names_posix \
	%D%/prog_torture_names_posix
%C%_prog_nth_names_posix_SOURCES = $(nth_sources) %D%/user_space_names.c
%C%_prog_nth_names_posix_LDADD = $(backend_with_names)
%C%_prog_nth_names_posix_LDFLAGS = $(AM_LDFLAGS) $(nth_wraps)
%C%_prog_queue_names_posix_SOURCES = %D%/prog_queue.c %D%/user_space_names.c
%C%_prog_queue_names_posix_LDADD = $(backend_with_names)
%C%_prog_scribble_names_posix_SOURCES = %D%/prog_scribble.c %D%/user_space_names.c
%C%_prog_scribble_names_posix_LDADD = $(backend_with_names)
%C%_prog_step_names_posix_SOURCES = $(step_sources) %D%/user_space_names.c
%C%_prog_step_names_posix_LDADD = $(backend_with_names)
%C%_prog_torture_names_posix_SOURCES = %D%/prog_torture.c %D%/user_space_names.c
%C%_prog_torture_names_posix_LDADD = $(backend_with_names)

check_PROGRAMS += %D%/collect_posix %D%/differential_worker_names_posix $(through_names)
TESTS += $(through_names) %D%/differential_names.sh
%C%_differential_worker_names_posix_SOURCES = $(worker_sources) %D%/user_space_names.c
%C%_differential_worker_names_posix_LDADD = libshm/libwhole_sysv.la libshm-sysv.a
%C%_collect_posix_SOURCES = %D%/collect_posix.c
%C%_collect_posix_LDADD = libshm/libwhole_posix.la
endif

# The differential test: a driver without a backend, which starts workers with each.
check_PROGRAMS += \
	%D%/differential_worker_posix %D%/differential_worker_sysv \
	%D%/prog_differential
TESTS += %D%/prog_differential
EXTRA_DIST += %D%/differential_names.sh
worker_sources = %D%/differential.h %D%/differential_worker.c %D%/user_space_names.h
%C%_differential_worker_posix_SOURCES = $(worker_sources)
%C%_differential_worker_posix_LDADD = libshm/libwhole_posix.la
%C%_differential_worker_sysv_SOURCES = $(worker_sources)
%C%_differential_worker_sysv_LDADD = libshm/libwhole_sysv.la
%C%_prog_differential_SOURCES = \
	%D%/differential.h \
	%D%/differential_compare.c \
	%D%/differential_driver.h \
	%D%/differential_family.c \
	%D%/differential_generate.c \
	%D%/differential_lockstep.c \
	%D%/differential_pairs.c \
	%D%/differential_queues.c \
	%D%/differential_shrink.c \
	%D%/differential_sleepers.c \
	%D%/differential_text.c \
	%D%/prog_differential.c
%C%_prog_differential_LDADD = %D%/libsleepers.la

include %D%/conformance/local.mk
include %D%/fuzz/local.mk
include %D%/dropin/local.mk

# ---- Check suites ----------------------------------------------------------------------------

api_suite_posix = %D%/libapi_suite.la $(api_with_posix) $(CHECK_LIBS)
api_suite_sysv = %D%/libapi_suite.la $(api_with_sysv) $(CHECK_LIBS)
backend_suite_posix = %D%/libbackend_suite.la $(backend_with_posix) $(CHECK_LIBS)
backend_suite_sysv = %D%/libbackend_suite.la $(backend_with_sysv) $(CHECK_LIBS)

suites = \
	%D%/check_arrays_posix %D%/check_arrays_sysv \
	%D%/check_arrays_callback_posix %D%/check_arrays_callback_sysv \
	%D%/check_arrays_create_posix %D%/check_arrays_create_sysv \
	%D%/check_arrays_damage_posix %D%/check_arrays_damage_sysv \
	%D%/check_arrays_kernels_posix %D%/check_arrays_kernels_sysv \
	%D%/check_arrays_partition_posix %D%/check_arrays_partition_sysv \
	%D%/check_arrays_view_posix %D%/check_arrays_view_sysv \
	%D%/check_backend_attach_posix %D%/check_backend_attach_sysv \
	%D%/check_backend_list_posix %D%/check_backend_list_sysv \
	%D%/check_backend_msg_posix %D%/check_backend_msg_sysv \
	%D%/check_backend_nattch_posix %D%/check_backend_nattch_sysv \
	%D%/check_backend_perm_posix %D%/check_backend_perm_sysv \
	%D%/check_backend_sem_posix %D%/check_backend_sem_sysv \
	%D%/check_backend_semop_posix %D%/check_backend_semop_sysv \
	%D%/check_backend_shm_posix %D%/check_backend_shm_sysv \
	%D%/check_backend_undo_posix %D%/check_backend_undo_sysv \
	%D%/check_backend_wait_posix %D%/check_backend_wait_sysv \
	%D%/check_differences_posix %D%/check_differences_sysv \
	%D%/check_error_posix %D%/check_error_sysv \
	%D%/check_key_posix %D%/check_key_sysv \
	%D%/check_memory_posix %D%/check_memory_sysv \
	%D%/check_queue_posix %D%/check_queue_sysv \
	%D%/check_semaphore_posix %D%/check_semaphore_sysv \
	%D%/check_unique_posix %D%/check_unique_sysv

%C%_check_arrays_posix_SOURCES = %D%/check_arrays.c
%C%_check_arrays_posix_LDADD = $(api_suite_posix)
%C%_check_arrays_sysv_SOURCES = %D%/check_arrays.c
%C%_check_arrays_sysv_LDADD = $(api_suite_sysv)
%C%_check_arrays_callback_posix_SOURCES = %D%/check_arrays_callback.c
%C%_check_arrays_callback_posix_LDADD = $(api_suite_posix)
%C%_check_arrays_callback_sysv_SOURCES = %D%/check_arrays_callback.c
%C%_check_arrays_callback_sysv_LDADD = $(api_suite_sysv)
%C%_check_arrays_create_posix_SOURCES = %D%/check_arrays_create.c
%C%_check_arrays_create_posix_LDADD = $(api_suite_posix)
%C%_check_arrays_create_sysv_SOURCES = %D%/check_arrays_create.c
%C%_check_arrays_create_sysv_LDADD = $(api_suite_sysv)
%C%_check_arrays_damage_posix_SOURCES = %D%/check_arrays_damage.c
%C%_check_arrays_damage_posix_LDADD = $(api_suite_posix)
%C%_check_arrays_damage_sysv_SOURCES = %D%/check_arrays_damage.c
%C%_check_arrays_damage_sysv_LDADD = $(api_suite_sysv)
%C%_check_arrays_kernels_posix_SOURCES = %D%/check_arrays_kernels.c
%C%_check_arrays_kernels_posix_LDADD = $(api_suite_posix)
%C%_check_arrays_kernels_sysv_SOURCES = %D%/check_arrays_kernels.c
%C%_check_arrays_kernels_sysv_LDADD = $(api_suite_sysv)
%C%_check_arrays_partition_posix_SOURCES = %D%/check_arrays_partition.c
%C%_check_arrays_partition_posix_LDADD = $(api_suite_posix)
%C%_check_arrays_partition_sysv_SOURCES = %D%/check_arrays_partition.c
%C%_check_arrays_partition_sysv_LDADD = $(api_suite_sysv)
%C%_check_arrays_view_posix_SOURCES = %D%/check_arrays_view.c
%C%_check_arrays_view_posix_LDADD = $(api_suite_posix)
%C%_check_arrays_view_sysv_SOURCES = %D%/check_arrays_view.c
%C%_check_arrays_view_sysv_LDADD = $(api_suite_sysv)
%C%_check_backend_attach_posix_SOURCES = %D%/check_backend_attach.c
%C%_check_backend_attach_posix_LDADD = $(backend_suite_posix)
%C%_check_backend_attach_sysv_SOURCES = %D%/check_backend_attach.c
%C%_check_backend_attach_sysv_LDADD = $(backend_suite_sysv)
%C%_check_backend_list_posix_SOURCES = %D%/check_backend_list.c
%C%_check_backend_list_posix_LDADD = $(backend_suite_posix)
%C%_check_backend_list_sysv_SOURCES = %D%/check_backend_list.c
%C%_check_backend_list_sysv_LDADD = $(backend_suite_sysv)
%C%_check_backend_msg_posix_SOURCES = %D%/check_backend_msg.c
%C%_check_backend_msg_posix_LDADD = $(backend_suite_posix)
%C%_check_backend_msg_sysv_SOURCES = %D%/check_backend_msg.c
%C%_check_backend_msg_sysv_LDADD = $(backend_suite_sysv)
%C%_check_backend_nattch_posix_SOURCES = %D%/check_backend_nattch.c
%C%_check_backend_nattch_posix_LDADD = $(backend_suite_posix)
%C%_check_backend_nattch_sysv_SOURCES = %D%/check_backend_nattch.c
%C%_check_backend_nattch_sysv_LDADD = $(backend_suite_sysv)
%C%_check_backend_perm_posix_SOURCES = %D%/check_backend_perm.c
%C%_check_backend_perm_posix_LDADD = $(backend_suite_posix)
%C%_check_backend_perm_sysv_SOURCES = %D%/check_backend_perm.c
%C%_check_backend_perm_sysv_LDADD = $(backend_suite_sysv)
%C%_check_backend_sem_posix_SOURCES = %D%/check_backend_sem.c
%C%_check_backend_sem_posix_LDADD = $(backend_suite_posix)
%C%_check_backend_sem_sysv_SOURCES = %D%/check_backend_sem.c
%C%_check_backend_sem_sysv_LDADD = $(backend_suite_sysv)
%C%_check_backend_semop_posix_SOURCES = %D%/check_backend_semop.c
%C%_check_backend_semop_posix_LDADD = $(backend_suite_posix)
%C%_check_backend_semop_sysv_SOURCES = %D%/check_backend_semop.c
%C%_check_backend_semop_sysv_LDADD = $(backend_suite_sysv)
%C%_check_backend_shm_posix_SOURCES = %D%/check_backend_shm.c
%C%_check_backend_shm_posix_LDADD = $(backend_suite_posix)
%C%_check_backend_shm_sysv_SOURCES = %D%/check_backend_shm.c
%C%_check_backend_shm_sysv_LDADD = $(backend_suite_sysv)
%C%_check_backend_undo_posix_SOURCES = %D%/check_backend_undo.c
%C%_check_backend_undo_posix_LDADD = $(backend_suite_posix)
%C%_check_backend_undo_sysv_SOURCES = %D%/check_backend_undo.c
%C%_check_backend_undo_sysv_LDADD = $(backend_suite_sysv)
%C%_check_backend_wait_posix_SOURCES = %D%/check_backend_wait.c
%C%_check_backend_wait_posix_LDADD = $(backend_suite_posix)
%C%_check_backend_wait_sysv_SOURCES = %D%/check_backend_wait.c
%C%_check_backend_wait_sysv_LDADD = $(backend_suite_sysv)
%C%_check_differences_posix_SOURCES = %D%/check_differences.c
%C%_check_differences_posix_LDADD = $(backend_suite_posix)
%C%_check_differences_sysv_SOURCES = %D%/check_differences.c
%C%_check_differences_sysv_LDADD = $(backend_suite_sysv)
%C%_check_error_posix_SOURCES = %D%/check_error.c
%C%_check_error_posix_LDADD = $(api_suite_posix)
%C%_check_error_sysv_SOURCES = %D%/check_error.c
%C%_check_error_sysv_LDADD = $(api_suite_sysv)
%C%_check_key_posix_SOURCES = %D%/check_key.c
%C%_check_key_posix_LDADD = $(api_suite_posix)
%C%_check_key_sysv_SOURCES = %D%/check_key.c
%C%_check_key_sysv_LDADD = $(api_suite_sysv)
%C%_check_memory_posix_SOURCES = %D%/check_memory.c
%C%_check_memory_posix_LDADD = $(api_suite_posix)
%C%_check_memory_sysv_SOURCES = %D%/check_memory.c
%C%_check_memory_sysv_LDADD = $(api_suite_sysv)
%C%_check_queue_posix_SOURCES = %D%/check_queue.c
%C%_check_queue_posix_LDADD = $(api_suite_posix)
%C%_check_queue_sysv_SOURCES = %D%/check_queue.c
%C%_check_queue_sysv_LDADD = $(api_suite_sysv)
%C%_check_semaphore_posix_SOURCES = %D%/check_semaphore.c
%C%_check_semaphore_posix_LDADD = $(api_suite_posix)
%C%_check_semaphore_sysv_SOURCES = %D%/check_semaphore.c
%C%_check_semaphore_sysv_LDADD = $(api_suite_sysv)
%C%_check_unique_posix_SOURCES = %D%/check_unique.c
%C%_check_unique_posix_LDADD = $(api_suite_posix)
%C%_check_unique_sysv_SOURCES = %D%/check_unique.c
%C%_check_unique_sysv_LDADD = $(api_suite_sysv)

if HAVE_CHECK
check_PROGRAMS += $(suites)
TESTS += $(suites)
endif

# ---- The tool and the examples, once with each backend ---------------------------------------

check_PROGRAMS += %D%/shmtool_posix %D%/shmtool_sysv
%C%_shmtool_posix_SOURCES = $(libshm_shmtool_SOURCES)
%C%_shmtool_posix_LDADD = $(whole_posix)
%C%_shmtool_sysv_SOURCES = $(libshm_shmtool_SOURCES)
%C%_shmtool_sysv_LDADD = $(whole_sysv)

check_PROGRAMS += \
	%D%/posix/attach %D%/sysv/attach \
	%D%/posix/first %D%/sysv/first \
	%D%/posix/sgd %D%/sysv/sgd \
	%D%/posix/share %D%/sysv/share

%C%_posix_attach_CPPFLAGS = $(example_cppflags)
%C%_posix_attach_LDADD = $(whole_posix)
%C%_posix_attach_SOURCES = $(doc_examples_attach_SOURCES)
%C%_sysv_attach_CPPFLAGS = $(example_cppflags)
%C%_sysv_attach_LDADD = $(whole_sysv)
%C%_sysv_attach_SOURCES = $(doc_examples_attach_SOURCES)
%C%_posix_first_CPPFLAGS = $(example_cppflags)
%C%_posix_first_LDADD = $(whole_posix)
%C%_posix_first_SOURCES = $(doc_examples_first_SOURCES)
%C%_sysv_first_CPPFLAGS = $(example_cppflags)
%C%_sysv_first_LDADD = $(whole_sysv)
%C%_sysv_first_SOURCES = $(doc_examples_first_SOURCES)
%C%_posix_sgd_CPPFLAGS = $(example_cppflags)
%C%_posix_sgd_LDADD = $(whole_posix) -lm
%C%_posix_sgd_SOURCES = $(doc_examples_sgd_SOURCES)
%C%_sysv_sgd_CPPFLAGS = $(example_cppflags)
%C%_sysv_sgd_LDADD = $(whole_sysv) -lm
%C%_sysv_sgd_SOURCES = $(doc_examples_sgd_SOURCES)
%C%_posix_share_CPPFLAGS = $(example_cppflags)
%C%_posix_share_LDADD = $(whole_posix)
%C%_posix_share_SOURCES = $(doc_examples_share_SOURCES)
%C%_sysv_share_CPPFLAGS = $(example_cppflags)
%C%_sysv_share_LDADD = $(whole_sysv)
%C%_sysv_share_SOURCES = $(doc_examples_share_SOURCES)

TESTS += %D%/examples_posix.sh %D%/examples_sysv.sh
EXTRA_DIST += %D%/examples.sh %D%/examples_posix.sh %D%/examples_sysv.sh

# ---- Measurements: built with the tests, run by `make bench` ---------------------------------

# The switches wrap what these programs wrap themselves.
if !SWITCHES
check_PROGRAMS += %D%/bench/bench_posix %D%/bench/bench_sysv %D%/bench/bench_names
%C%_bench_bench_names_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
%C%_bench_bench_names_SOURCES = %D%/bench/bench_names.c
endif
bench_sources = \
	%D%/bench/bench.c \
	%D%/bench/bench.h \
	%D%/bench/bench_arrays.c \
	%D%/bench/bench_at_once.c \
	%D%/bench/bench_attach.c \
	%D%/bench/bench_channels.c \
	%D%/bench/bench_limits.c \
	%D%/bench/bench_lock_waits.c \
	%D%/bench/bench_memory.c \
	%D%/bench/bench_mutex.c \
	%D%/bench/bench_pingpong.c \
	%D%/bench/bench_print.c \
	%D%/bench/bench_processes.c \
	%D%/bench/bench_readers.c \
	%D%/bench/bench_run.c \
	%D%/bench/bench_semaphores.c \
	%D%/bench/bench_set.c \
	%D%/bench/bench_set.h \
	%D%/bench/bench_store.c \
	%D%/bench/bench_store.h \
	%D%/bench/bench_store_peers.c \
	%D%/bench/bench_waiters.c
if HAVE_SSE2
bench_stream = %D%/bench/bench_stream_sse2.c
else
bench_stream = %D%/bench/bench_stream_plain.c
endif
bench_sources += $(bench_stream)

# What only some machines have to compare with.
if HAVE_APR
bench_sources += %D%/bench/bench_apr.c
else
bench_sources += %D%/bench/bench_no_apr.c
endif
if HAVE_BOOST
bench_boost = %D%/bench/bench_boost.$(OBJEXT)
bench_foreign = $(bench_boost) $(BOOST_LIBS) $(APR_LIBS)
# Nothing else is C++: a rule is less than a second language for Automake and Libtool.
$(bench_boost): %D%/bench/bench_boost.cc %D%/bench/bench.h
	$(AM_V_GEN)$(MKDIR_P) %D%/bench && $(CXX) $(DEFS) $(AM_CPPFLAGS) $(CPPFLAGS) -O2 -pthread \
		-c -o $@ $(srcdir)/%D%/bench/bench_boost.cc
CLEANFILES += $(bench_boost)
else
bench_sources += %D%/bench/bench_no_boost.c
bench_foreign = $(APR_LIBS)
endif

bench_cppflags = $(AM_CPPFLAGS) $(APR_CFLAGS)
bench_ldflags = $(AM_LDFLAGS) -Wl,--wrap=shm_lock_wait
%C%_bench_bench_posix_CPPFLAGS = $(bench_cppflags)
%C%_bench_bench_posix_DEPENDENCIES = $(whole_posix) $(bench_boost)
%C%_bench_bench_posix_LDADD = $(whole_posix) $(bench_foreign)
%C%_bench_bench_posix_LDFLAGS = $(bench_ldflags)
%C%_bench_bench_posix_SOURCES = $(bench_sources)
%C%_bench_bench_sysv_CPPFLAGS = $(bench_cppflags)
%C%_bench_bench_sysv_DEPENDENCIES = $(whole_sysv) $(bench_boost)
%C%_bench_bench_sysv_LDADD = $(whole_sysv) $(bench_foreign)
%C%_bench_bench_sysv_LDFLAGS = $(bench_ldflags)
%C%_bench_bench_sysv_SOURCES = $(bench_sources)

# The same loops for bench_python.py, which has none of its own; only where shared objects are made.
check_LTLIBRARIES += %D%/bench/loops.la
%C%_bench_loops_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shrext .so -rpath /nowhere
%C%_bench_loops_la_SOURCES = %D%/bench/bench.h $(bench_stream)

bench_programs = %D%/bench/bench_posix %D%/bench/bench_sysv %D%/bench/bench_names %D%/bench/loops.la
bench_run = srcdir='$(srcdir)' $(SHELL) $(srcdir)/%D%/bench/run.sh
bench: all $(bench_programs)
	$(bench_run)
bench-quick: all $(bench_programs)
	$(bench_run) --quick
bench-report: all $(bench_programs)
	$(bench_run) --report
.PHONY: bench bench-quick bench-report

if !SWITCHES
TESTS += %D%/bench.sh
endif
EXTRA_DIST += \
	%D%/bench.sh \
	%D%/bench/bench_apr.c \
	%D%/bench/bench_boost.cc \
	%D%/bench/bench_no_apr.c \
	%D%/bench/bench_no_boost.c \
	%D%/bench/bench_python.py \
	%D%/bench/bench_stream_plain.c \
	%D%/bench/bench_stream_sse2.c \
	%D%/bench/measure.py \
	%D%/bench/names.sh \
	%D%/bench/report.py \
	%D%/bench/report_plots.py \
	%D%/bench/run.sh \
	doc/performance \
	doc/performance.md

# ---- The library as a program gets it --------------------------------------------------------

# The only test that is linked with the shared library.
check_PROGRAMS += %D%/real_library
TESTS += %D%/real_library
%C%_real_library_SOURCES = %D%/real_library.c
%C%_real_library_LDADD = libshm.la

# The models of the protocols. `make spin` needs spin; that their steps are the code's, nobody.
models = $(srcdir)/%D%/model
spin: $(models)/publish.pml $(models)/queue.pml $(models)/set.pml $(models)/single.pml
	SPIN='$(SPIN)' CC='$(CC)' $(srcdir)/%D%/model/spin.sh $(srcdir)/%D%/model
.PHONY: spin
EXTRA_DIST += \
	%D%/model/publish.pml \
	%D%/model/set.pml \
	%D%/model/queue.pml \
	%D%/model/single.pml \
	%D%/model/spin.sh

scripts = \
	%D%/headers.sh \
	%D%/isolate.sh \
	%D%/layers.sh \
	%D%/model/steps.sh \
	%D%/names.sh \
	%D%/nth.sh \
	%D%/pkgconfig.sh \
	%D%/symbols.sh
TESTS += $(scripts)
EXTRA_DIST += $(scripts) %D%/nth_left_out.txt %D%/symbols.txt

# Check's own limit of 4 seconds is too little for a busy machine; isolate has one for everything.
AM_TESTS_ENVIRONMENT = \
	CK_DEFAULT_TIMEOUT=60; export CK_DEFAULT_TIMEOUT; \
	CC='$(CC)'; CXX='$(CXX)'; NM='$(NM)'; MAKE='$(MAKE)'; PKG_CONFIG='$(PKG_CONFIG)'; \
	PROGRAM_CFLAGS='$(project_ldflags) $(CFLAGS) $(LDFLAGS)'; \
	PUBLIC_HEADERS='$(pkginclude_HEADERS)'; VERSION='$(PACKAGE_VERSION)'; \
	LIBRARY_FOLDER='$(libdir)'; PKGCONFIG_FOLDER='$(pkgconfigdir)'; \
	export CC CXX NM MAKE PKG_CONFIG PROGRAM_CFLAGS PUBLIC_HEADERS VERSION LIBRARY_FOLDER \
		PKGCONFIG_FOLDER;

# ---- The Python modules ----------------------------------------------------------------------

include %D%/python/local.mk
EXTRA_DIST += %D%/get-python2.sh
