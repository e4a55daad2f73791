# The tests of the Python modules: scripts, which run the test_*.py with each interpreter that
# configure has found, or look at what is installed. Without an interpreter there are none.

python_scripts = \
	%D%/python2_leaks_posix.sh \
	%D%/python2_leaks_sysv.sh \
	%D%/python2_posix.sh \
	%D%/python2_sysv.sh \
	%D%/python3_arrays_posix.sh \
	%D%/python3_arrays_sysv.sh \
	%D%/python3_leaks_posix.sh \
	%D%/python3_leaks_sysv.sh \
	%D%/python3_long_posix.sh \
	%D%/python3_long_sysv.sh \
	%D%/python3_posix.sh \
	%D%/python3_sysv.sh \
	%D%/python_dummy.sh \
	%D%/python_install.sh \
	%D%/python_pip.sh

# Programs in C that meet those in Python, once with each backend; one of them knows no backend.
python_partners = \
	%D%/posix/interop_arrays %D%/sysv/interop_arrays \
	%D%/posix/interop_memory %D%/sysv/interop_memory \
	%D%/sysv/interop_foreign
%C%_posix_interop_arrays_CPPFLAGS = $(example_cppflags)
%C%_posix_interop_arrays_LDADD = $(whole_posix)
%C%_posix_interop_arrays_SOURCES = %D%/interop_arrays.c
%C%_sysv_interop_arrays_CPPFLAGS = $(example_cppflags)
%C%_sysv_interop_arrays_LDADD = $(whole_sysv)
%C%_sysv_interop_arrays_SOURCES = %D%/interop_arrays.c
%C%_posix_interop_memory_CPPFLAGS = $(example_cppflags)
%C%_posix_interop_memory_LDADD = $(whole_posix)
%C%_posix_interop_memory_SOURCES = %D%/interop_memory.c
%C%_sysv_interop_memory_CPPFLAGS = $(example_cppflags)
%C%_sysv_interop_memory_LDADD = $(whole_sysv)
%C%_sysv_interop_memory_SOURCES = %D%/interop_memory.c
%C%_sysv_interop_foreign_CPPFLAGS = $(example_cppflags)
%C%_sysv_interop_foreign_SOURCES = %D%/interop_foreign.c

if HAVE_PYTHON
check_PROGRAMS += $(python_partners)
TESTS += $(python_scripts)
if DROPIN_SHARED
TESTS += %D%/dropin_posix.sh
endif
endif
EXTRA_DIST += %D%/dropin_posix.sh %D%/dropin_meet.py

python_tests = \
	%D%/arrays_arithmetic.py \
	%D%/arrays_table.py \
	%D%/arrays_workers.py \
	%D%/arrays_world.py \
	%D%/foreign_legacy.py \
	%D%/interop_partner.py \
	%D%/interop_python.py \
	%D%/legacy_table.py \
	%D%/patterns/p01.py \
	%D%/patterns/p02.py \
	%D%/patterns/p03.py \
	%D%/patterns/p04.py \
	%D%/patterns/p05.py \
	%D%/patterns/p06.py \
	%D%/patterns/p07.py \
	%D%/patterns/p08.py \
	%D%/patterns/p09.py \
	%D%/patterns/p10.py \
	%D%/patterns/p11.py \
	%D%/patterns/p12.py \
	%D%/patterns/p13.py \
	%D%/patterns/p14.py \
	%D%/patterns/p15.py \
	%D%/patterns/p16.py \
	%D%/programs.py \
	%D%/test_arrays.py \
	%D%/test_arrays_legacy.py \
	%D%/test_arrays_model.py \
	%D%/test_arrays_more.py \
	%D%/test_arrays_processes.py \
	%D%/test_arrays_quirks.py \
	%D%/test_examples.py \
	%D%/test_interoperation.py \
	%D%/test_leaks.py \
	%D%/test_patterns.py \
	%D%/test_quirks.py \
	%D%/test_semaphore.py \
	%D%/test_shm.py \
	%D%/test_text.py \
	%D%/test_wrapper.py \
	%D%/world.py

EXTRA_DIST += $(python_scripts) $(python_tests) \
	%D%/run.sh \
	%D%/support.sh
