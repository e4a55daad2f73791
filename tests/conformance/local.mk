# One conformance suite, two implementations: the programs run once with the kernel's calls, and their
# scripts run the very same programs with the drop-in library before them.

conform_programs = \
	%D%/conform_common \
	%D%/conform_limits \
	%D%/conform_msg \
	%D%/conform_perm \
	%D%/conform_sem \
	%D%/conform_shm \
	%D%/conform_undo \
	%D%/conform_wait
conform_scripts = \
	%D%/conform_common_posix.sh \
	%D%/conform_limits_posix.sh \
	%D%/conform_msg_posix.sh \
	%D%/conform_perm_posix.sh \
	%D%/conform_sem_posix.sh \
	%D%/conform_shm_posix.sh \
	%D%/conform_undo_posix.sh \
	%D%/conform_wait_posix.sh

%C%_conform_common_LDADD = $(conform_ldadd)
%C%_conform_common_SOURCES = \
	%D%/conform_common.c \
	%D%/control.c \
	%D%/existing.c \
	%D%/ftok.c \
	%D%/keys.c
%C%_conform_limits_LDADD = $(conform_ldadd)
%C%_conform_limits_SOURCES = \
	%D%/conform_limits.c \
	%D%/limits.c \
	%D%/lists.c
%C%_conform_msg_LDADD = $(conform_ldadd)
%C%_conform_msg_SOURCES = \
	%D%/conform_msg.c \
	%D%/msgctl.c \
	%D%/msgget.c \
	%D%/msgrcv.c \
	%D%/msgsnd.c \
	%D%/msgwait.c
%C%_conform_perm_LDADD = $(conform_ldadd)
%C%_conform_perm_SOURCES = \
	%D%/conform_perm.c \
	%D%/owners.c \
	%D%/perm.c \
	%D%/stranger.c
%C%_conform_sem_LDADD = $(conform_ldadd)
%C%_conform_sem_SOURCES = \
	%D%/conform_sem.c \
	%D%/semctl.c \
	%D%/semget.c \
	%D%/semop.c \
	%D%/semorder.c
%C%_conform_shm_LDADD = $(conform_ldadd)
%C%_conform_shm_SOURCES = \
	%D%/conform_shm.c \
	%D%/nattch.c \
	%D%/shmat.c \
	%D%/shmdt.c \
	%D%/shmget.c \
	%D%/shmrm.c
%C%_conform_undo_LDADD = $(conform_ldadd)
%C%_conform_undo_SOURCES = \
	%D%/conform_undo.c \
	%D%/undo.c \
	%D%/undo_threads.c
%C%_conform_wait_LDADD = $(conform_ldadd)
%C%_conform_wait_SOURCES = \
	%D%/conform_wait.c \
	%D%/semwait.c \
	%D%/signals.c

# What they share. It is no part of libshm, and nothing of libshm is in it.
conform_ldadd = %D%/libconform.la $(CHECK_LIBS)
%C%_libconform_la_SOURCES = \
	%D%/children.c \
	%D%/conform.c \
	%D%/conform.h \
	%D%/objects.c \
	%D%/objects.h \
	%D%/objects_msg.c \
	%D%/objects_sem.c \
	tests/gate.c \
	tests/gate.h

if HAVE_CHECK
check_LTLIBRARIES += %D%/libconform.la
check_PROGRAMS += $(conform_programs)
TESTS += $(conform_programs)
if DROPIN_SHARED
TESTS += $(conform_scripts)
endif
endif
TESTS += %D%/rules.sh
EXTRA_DIST += $(conform_scripts) %D%/dropin.sh %D%/rules.sh %D%/rules.txt
