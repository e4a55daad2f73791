# Tests of the drop-in library. Programs named _kernel are linked with the C library: by themselves
# they use the kernel's calls, and scripts run them with the library before them.

dropin_names_sources = \
	%D%/names.c \
	%D%/names.h \
	%D%/names_family.c \
	%D%/names_msg.c \
	%D%/names_sem.c \
	%D%/names_shm.c \
	%D%/names_users.c

check_PROGRAMS += %D%/names_kernel
TESTS += %D%/names_kernel
%C%_names_kernel_SOURCES = $(dropin_names_sources)

if TWO_TIME_WIDTHS
check_PROGRAMS += %D%/names_narrow_kernel
TESTS += %D%/names_narrow_kernel
%C%_names_narrow_kernel_CPPFLAGS = $(AM_CPPFLAGS) -DDROPIN_NARROW_TIME
%C%_names_narrow_kernel_SOURCES = $(dropin_names_sources)
endif

if DROPIN_STATIC
check_PROGRAMS += %D%/names_headers_posix %D%/names_static_posix
TESTS += %D%/names_headers_posix %D%/names_static_posix
%C%_names_headers_posix_CPPFLAGS = -I$(top_srcdir)/compat/sysv/include $(AM_CPPFLAGS)
%C%_names_headers_posix_LDADD = libshm-sysv.a
%C%_names_headers_posix_SOURCES = $(dropin_names_sources)
%C%_names_static_posix_LDADD = libshm-sysv.a
%C%_names_static_posix_SOURCES = $(dropin_names_sources)
endif

if DROPIN_SHARED
check_PROGRAMS += \
	%D%/contained \
	%D%/faked \
	%D%/host \
	%D%/idle \
	%D%/limits \
	%D%/meet_contract_posix \
	%D%/meet_kernel \
	%D%/names_linked_posix \
	%D%/show
TESTS += $(dropin_scripts) %D%/names_linked_posix
%C%_contained_SOURCES = %D%/contained.c
%C%_faked_SOURCES = %D%/faked.c
%C%_host_LDADD = $(DLOPEN_LIBS)
%C%_host_LDFLAGS = $(AM_LDFLAGS) -Wl,--enable-new-dtags -Wl,-rpath,'$$ORIGIN/.libs'
%C%_host_SOURCES = %D%/host.c
%C%_idle_SOURCES = %D%/idle.c
%C%_limits_SOURCES = %D%/limits.c
%C%_meet_contract_posix_CPPFLAGS = $(AM_CPPFLAGS) -DON_CONTRACT
%C%_meet_contract_posix_LDADD = libshm/libwhole_posix.la
%C%_meet_contract_posix_SOURCES = %D%/meet.c
%C%_meet_kernel_SOURCES = %D%/meet.c
%C%_names_linked_posix_LDADD = libshm-sysv.la
%C%_names_linked_posix_SOURCES = $(dropin_names_sources)
%C%_show_SOURCES = %D%/show.c

# Libtool makes shared objects of what could be installed.
dropin_module = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
check_LTLIBRARIES += %D%/dropin_faker.la %D%/dropin_other.la %D%/dropin_plugin.la
%C%_dropin_faker_la_LDFLAGS = $(dropin_module)
%C%_dropin_faker_la_SOURCES = %D%/faker.c
%C%_dropin_other_la_LDFLAGS = $(dropin_module)
%C%_dropin_other_la_SOURCES = %D%/plugin.c
%C%_dropin_plugin_la_LDFLAGS = $(dropin_module)
%C%_dropin_plugin_la_SOURCES = %D%/plugin.c
endif

if DROPIN
TESTS += %D%/headers.sh %D%/symbols.sh
endif

dropin_scripts = \
	%D%/containers_posix.sh \
	%D%/deepbind_posix.sh \
	%D%/fake_posix.sh \
	%D%/idle_posix.sh \
	%D%/limits_posix.sh \
	%D%/meet_posix.sh \
	%D%/preload_posix.sh \
	%D%/shm_run_posix.sh
EXTRA_DIST += $(dropin_scripts) %D%/headers.sh %D%/run.sh %D%/symbols.sh
