# The contract of libshm/backend.h in user space, on POSIX shared memory.

noinst_LTLIBRARIES += %D%/libposix.la
%C%_libposix_la_CPPFLAGS = $(AM_CPPFLAGS) $(assert_cppflags)
%C%_libposix_la_SOURCES = \
	%D%/posix_attach.c \
	%D%/posix_attach.h \
	%D%/posix_backend.c \
	%D%/posix_borrow.c \
	%D%/posix_borrow.h \
	%D%/posix_bury.c \
	%D%/posix_call.c \
	%D%/posix_call.h \
	%D%/posix_clock.c \
	%D%/posix_clock.h \
	%D%/posix_collect.c \
	%D%/posix_compat.h \
	%D%/posix_control.c \
	%D%/posix_control.h \
	%D%/posix_file.h \
	%D%/posix_get.c \
	%D%/posix_get.h \
	%D%/posix_glance.c \
	%D%/posix_glance.h \
	%D%/posix_header.c \
	%D%/posix_header.h \
	%D%/posix_interrupt.c \
	%D%/posix_io.c \
	%D%/posix_io.h \
	%D%/posix_key.c \
	%D%/posix_key.h \
	%D%/posix_known.c \
	%D%/posix_life.c \
	%D%/posix_life.h \
	%D%/posix_limits.c \
	%D%/posix_limits.h \
	%D%/posix_list.c \
	%D%/posix_list.h \
	%D%/posix_lock.h \
	%D%/posix_lock_kernel.c \
	%D%/posix_lock_kernel.h \
	%D%/posix_maps.c \
	%D%/posix_maps.h \
	%D%/posix_msg.c \
	%D%/posix_msgop.c \
	%D%/posix_number.c \
	%D%/posix_number.h \
	%D%/posix_object.c \
	%D%/posix_object.h \
	%D%/posix_once.c \
	%D%/posix_perm.c \
	%D%/posix_perm.h \
	%D%/posix_places.c \
	%D%/posix_places.h \
	%D%/posix_pool.c \
	%D%/posix_pool.h \
	%D%/posix_process.c \
	%D%/posix_process.h \
	%D%/posix_queue.c \
	%D%/posix_queue.h \
	%D%/posix_queue_fast.c \
	%D%/posix_queue_fast.h \
	%D%/posix_queue_format.h \
	%D%/posix_queue_serve.c \
	%D%/posix_queue_serve.h \
	%D%/posix_queue_sweep.c \
	%D%/posix_queue_sweep.h \
	%D%/posix_redo.c \
	%D%/posix_redo.h \
	%D%/posix_relax.c \
	%D%/posix_relax.h \
	%D%/posix_repair.c \
	%D%/posix_repair.h \
	%D%/posix_rows.c \
	%D%/posix_rows.h \
	%D%/posix_sem.c \
	%D%/posix_semop.c \
	%D%/posix_semop.h \
	%D%/posix_serve.c \
	%D%/posix_set.c \
	%D%/posix_set.h \
	%D%/posix_set_format.c \
	%D%/posix_set_format.h \
	%D%/posix_set_lock.c \
	%D%/posix_set_lock.h \
	%D%/posix_shm.c \
	%D%/posix_shmat.c \
	%D%/posix_single.c \
	%D%/posix_single.h \
	%D%/posix_sleep.c \
	%D%/posix_sleep.h \
	%D%/posix_store.c \
	%D%/posix_store.h \
	%D%/posix_try.c \
	%D%/posix_wait.h \
	%D%/posix_waiters.c \
	%D%/posix_waiters.h \
	%D%/posix_word.c \
	%D%/posix_word.h \
	%D%/posix_word_lock.c

# Locks that live as long as an opening of a file, its descriptor and its mappings.
if HAVE_OFD_LOCKS
%C%_libposix_la_SOURCES += \
	%D%/posix_file_plain.c \
	%D%/posix_lock_ofd.c
else
%C%_libposix_la_SOURCES += \
	%D%/posix_description.c \
	%D%/posix_description.h \
	%D%/posix_file_kept.c \
	%D%/posix_lock_classic.c
endif

# Sleeping until a word changes: one file for each way of doing it.
if HAVE_FUTEX
%C%_libposix_la_SOURCES += %D%/posix_wait_futex.c
else
%C%_libposix_la_SOURCES += %D%/posix_wait_poll.c
endif
