# The core. It is a convenience library of its own, and so is each backend: both backends are
# always compiled, and libshm.la is the core with one of them.

pkginclude_HEADERS = %D%/arrays.h %D%/queue.h %D%/shm.h

# What a backend needs of the core.
noinst_LTLIBRARIES += %D%/libfail.la
%C%_libfail_la_CPPFLAGS = $(AM_CPPFLAGS) $(assert_cppflags)
%C%_libfail_la_SOURCES = \
	%D%/backend.h \
	%D%/error.c \
	%D%/fail.h \
	%D%/keep.c \
	%D%/keep.h

noinst_LTLIBRARIES += %D%/libcore.la
%C%_libcore_la_CPPFLAGS = $(AM_CPPFLAGS) $(assert_cppflags)
%C%_libcore_la_LIBADD = %D%/libfail.la
%C%_libcore_la_SOURCES = \
	%D%/arrays_attach.c \
	%D%/arrays_callback.c \
	%D%/arrays_check.c \
	%D%/arrays_check.h \
	%D%/arrays_copy.c \
	%D%/arrays_create.c \
	%D%/arrays_dtype.c \
	%D%/arrays_expect.c \
	%D%/arrays_hold.c \
	%D%/arrays_info.c \
	%D%/arrays_kernels.c \
	%D%/arrays_kernels.h \
	%D%/arrays_kernels_half.c \
	%D%/arrays_kernels_int.c \
	%D%/arrays_kernels_real.c \
	%D%/arrays_layout.c \
	%D%/arrays_layout.h \
	%D%/arrays_lock.c \
	%D%/arrays_names.c \
	%D%/arrays_parse.c \
	%D%/arrays_partition.c \
	%D%/arrays_private.h \
	%D%/arrays_publish.c \
	%D%/arrays_publish.h \
	%D%/arrays_read.c \
	%D%/arrays_remove.c \
	%D%/arrays_segment.c \
	%D%/arrays_update.c \
	%D%/arrays_view.c \
	%D%/arrays_view_list.c \
	%D%/arrays_visit.c \
	%D%/arrays_write.c \
	%D%/backend.h \
	%D%/half.c \
	%D%/half.h \
	%D%/handles.c \
	%D%/handles.h \
	%D%/key.c \
	%D%/memory.c \
	%D%/memory_access.c \
	%D%/memory_private.h \
	%D%/memory_status.c \
	%D%/queue.c \
	%D%/racing_copy.h \
	%D%/random.c \
	%D%/random.h \
	%D%/semaphore.c \
	%D%/semaphore_private.h \
	%D%/semaphore_status.c \
	%D%/semaphore_wait.c \
	%D%/timeout.h \
	%D%/stream.h \
	%D%/unique.c \
	%D%/version.c

# Stores that bypass the caches: one file for each way of having them.
if HAVE_SSE2
%C%_libcore_la_SOURCES += %D%/stream_sse2.c
else
%C%_libcore_la_SOURCES += %D%/stream_plain.c
endif

# The built-in updates once more, for processors that have AVX2.
if HAVE_AVX2_KERNELS
noinst_LTLIBRARIES += %D%/libkernels_avx2.la
%C%_libkernels_avx2_la_CFLAGS = $(AM_CFLAGS) -mavx2
%C%_libkernels_avx2_la_CPPFLAGS = $(AM_CPPFLAGS) $(assert_cppflags) -DLIBSHM_FOR_AVX2
%C%_libkernels_avx2_la_SOURCES = \
	%D%/arrays_kernels.h \
	%D%/arrays_kernels_int.c \
	%D%/arrays_kernels_real.c
%C%_libcore_la_LIBADD += %D%/libkernels_avx2.la
%C%_libcore_la_SOURCES += %D%/arrays_kernels_avx2.c
else
%C%_libcore_la_SOURCES += %D%/arrays_kernels_no_avx2.c
endif

# A reader's copy: the thread sanitizer needs one that it does not look into.
if HAVE_THREAD_SANITIZER
%C%_libcore_la_SOURCES += %D%/racing_copy_tsan.c
else
%C%_libcore_la_SOURCES += %D%/racing_copy_plain.c
endif

# Two literal lines, because Automake does not see through a substituted variable: libshm.la
# would not be linked again after a change in the backend.
lib_LTLIBRARIES += libshm.la
libshm_la_SOURCES =
libshm_la_LDFLAGS = $(AM_LDFLAGS) $(library_ldflags) -no-undefined \
	-version-info $(LIBSHM_VERSION_INFO)
if BACKEND_SYSV
libshm_la_LIBADD = %D%/libcore.la sysv/libsysv.la
else
libshm_la_LIBADD = %D%/libcore.la posix/libposix.la
endif

# Core and backend in one archive, each once: what tests link to reach hidden symbols.
noinst_LTLIBRARIES += %D%/libwhole_posix.la %D%/libwhole_sysv.la
%C%_libwhole_posix_la_SOURCES =
%C%_libwhole_posix_la_LIBADD = %D%/libcore.la posix/libposix.la
%C%_libwhole_sysv_la_SOURCES =
%C%_libwhole_sysv_la_LIBADD = %D%/libcore.la sysv/libsysv.la
if SWITCHES
%C%_libwhole_posix_la_LIBADD += tests/libswitches_posix.la
%C%_libwhole_sysv_la_LIBADD += tests/libswitches_sysv.la
endif

pkgconfig_DATA += %D%/libshm.pc

# The command line tool. It needs the contract itself, which libshm.so hides.
bin_PROGRAMS += %D%/shmtool
%C%_shmtool_SOURCES = \
	%D%/shmtool.c \
	%D%/shmtool.h \
	%D%/shmtool_list.c \
	%D%/shmtool_object.c \
	%D%/shmtool_remove.c \
	%D%/shmtool_stat.c \
	%D%/shmtool_text.c
if BACKEND_SYSV
%C%_shmtool_LDADD = %D%/libwhole_sysv.la
else
%C%_shmtool_LDADD = %D%/libwhole_posix.la
endif
