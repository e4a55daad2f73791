# Documents, and the examples: programs as a user would write them, linked with libshm.la.

dist_man_MANS += $(manpages)
manpages = \
	%D%/man/libshm.7 \
	%D%/man/shm.3 \
	%D%/man/shm_arrays.3 \
	%D%/man/shm_queue.3 \
	%D%/man/shmtool.1

if DROPIN
dist_man_MANS += %D%/man/libshm-sysv.7
endif
if DROPIN_SHARED
dist_man_MANS += %D%/man/shm-run.1
endif

dist_doc_DATA = COPYING NEWS README.md \
	%D%/architecture.md \
	%D%/legacy.md \
	%D%/names.md \
	%D%/protocols.md \
	%D%/semantics.md

noinst_PROGRAMS += \
	%D%/examples/attach \
	%D%/examples/first \
	%D%/examples/share \
	%D%/examples/sgd

# They do not include config.h, so what the strict dialect hides is asked for here.
example_cppflags = $(AM_CPPFLAGS) -D_GNU_SOURCE

%C%_examples_attach_CPPFLAGS = $(example_cppflags)
%C%_examples_attach_LDADD = libshm.la
%C%_examples_attach_SOURCES = %D%/examples/attach.c
%C%_examples_first_CPPFLAGS = $(example_cppflags)
%C%_examples_first_LDADD = libshm.la
%C%_examples_first_SOURCES = %D%/examples/first.c
%C%_examples_share_CPPFLAGS = $(example_cppflags)
%C%_examples_share_LDADD = libshm.la
%C%_examples_share_SOURCES = %D%/examples/share.c

%C%_examples_sgd_CPPFLAGS = $(example_cppflags)
%C%_examples_sgd_LDADD = libshm.la -lm
%C%_examples_sgd_SOURCES = \
	%D%/examples/sgd.c \
	%D%/examples/sgd.h \
	%D%/examples/sgd_data.c \
	%D%/examples/sgd_model.c \
	%D%/examples/sgd_parent.c \
	%D%/examples/sgd_report.c \
	%D%/examples/sgd_shared.c \
	%D%/examples/sgd_worker.c

EXTRA_DIST += \
	%D%/examples/digits.csv \
	%D%/examples/digits.test \
	%D%/examples/digits.txt \
	%D%/examples/partner_first.py \
	%D%/examples/partner_second.py \
	%D%/examples/sgd.py \
	%D%/examples/sgd_model.py \
	%D%/examples/sgd_plot.py \
	%D%/examples/sgd_worker.py \
	%D%/examples/shared_arrays.py
