# The contract of libshm/backend.h on the kernel's System V IPC.

noinst_LTLIBRARIES += %D%/libsysv.la
%C%_libsysv_la_CPPFLAGS = $(AM_CPPFLAGS) $(assert_cppflags)
%C%_libsysv_la_SOURCES = \
	%D%/sysv_msg.c \
	%D%/sysv_private.h \
	%D%/sysv_sem.c \
	%D%/sysv_shm.c \
	%D%/sysv_store.c
