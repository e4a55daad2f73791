# The drop-in library: the standard's names on the posix engine, whatever libshm.so stands on.

# Only what has a time among its arguments has a name for each width of time_t.
dropin_of_one_width = \
	%D%/dropin.h \
	%D%/dropin_msgctl.c \
	%D%/dropin_semctl.c \
	%D%/dropin_sembuf.h \
	%D%/dropin_semtimedop.c \
	%D%/dropin_shmctl.c \
	%D%/dropin_wait.h

# Names, engine, and of the core what the engine needs, in one archive.
noinst_LTLIBRARIES += %D%/libdropin.la
%C%_libdropin_la_CPPFLAGS = $(sysv_cppflags) $(AM_CPPFLAGS) $(assert_cppflags)
%C%_libdropin_la_LIBADD = posix/libposix.la libshm/libfail.la
%C%_libdropin_la_SOURCES = \
	$(dropin_of_one_width) \
	%D%/dropin_msg.c \
	%D%/dropin_perm.c \
	%D%/dropin_sem.c \
	%D%/dropin_shm.c \
	%D%/dropin_wait.c

if TWO_TIME_WIDTHS
noinst_LTLIBRARIES += %D%/libdropin_narrow.la
%C%_libdropin_narrow_la_CPPFLAGS = $(%C%_libdropin_la_CPPFLAGS) -DDROPIN_NARROW_TIME
%C%_libdropin_narrow_la_SOURCES = $(dropin_of_one_width)
%C%_libdropin_la_LIBADD += %D%/libdropin_narrow.la
endif

# Other names than the plain ones are those of 32-bit systems.
if DROPIN_BARE
%C%_libdropin_la_SOURCES += %D%/dropin_bare.c
dropin_wraps = \
	-Wl,--wrap=__fstat64_time64 \
	-Wl,--wrap=__fstat_time64 \
	-Wl,--wrap=__lstat64_time64 \
	-Wl,--wrap=__lstat_time64 \
	-Wl,--wrap=__stat64_time64 \
	-Wl,--wrap=__stat_time64 \
	-Wl,--wrap=fchmod \
	-Wl,--wrap=fchown \
	-Wl,--wrap=fstat \
	-Wl,--wrap=fstat64 \
	-Wl,--wrap=getegid \
	-Wl,--wrap=geteuid \
	-Wl,--wrap=getgroups \
	-Wl,--wrap=lchown \
	-Wl,--wrap=lstat \
	-Wl,--wrap=lstat64 \
	-Wl,--wrap=stat \
	-Wl,--wrap=stat64 \
	-Wl,--wrap=unlink
endif

# The names that are exported: tests/dropin/symbols.sh has them one by one.
dropin_names = ^(__)?(shm|sem|msg)(at|ctl|dt|get|op|rcv|snd|timedop)(64|_time64)?$$

if DROPIN_SHARED
lib_LTLIBRARIES += libshm-sysv.la
libshm_sysv_la_SOURCES =
libshm_sysv_la_LIBADD = %D%/libdropin.la
libshm_sysv_la_LDFLAGS = $(AM_LDFLAGS) $(library_ldflags) $(dropin_wraps) -shared -no-undefined \
	-export-symbols-regex '$(dropin_names)' -version-info $(LIBSHM_SYSV_VERSION_INFO)

if DROPIN_DEEPBIND
lib_LTLIBRARIES += libshm-sysv-deepbind.la
libshm_sysv_deepbind_la_SOURCES = %D%/deepbind.c
libshm_sysv_deepbind_la_LIBADD = $(DLOPEN_LIBS)
libshm_sysv_deepbind_la_LDFLAGS = $(AM_LDFLAGS) $(library_ldflags) -shared -no-undefined -module \
	-avoid-version
dropin_deepbind = libshm-sysv-deepbind.la
endif

# One script with the folder of the build and one with that of the installation.
dropin_preloaded = libshm-sysv.la $(dropin_deepbind)
make_shm_run = libraries=`$(SED) -n "s/^dlname='\(.*\)'/\1/p" $(dropin_preloaded) | tr '\n' ' '` && \
	$(SED) -e "s|[@]folder@|$$folder|; s|[@]libraries@|$${libraries% }|" \
	-e 's|[@]version@|$(PACKAGE_VERSION)|' $(srcdir)/%D%/shm-run.in
noinst_SCRIPTS = %D%/shm-run
%D%/shm-run: %D%/shm-run.in $(dropin_preloaded) Makefile
	$(AM_V_GEN)$(MKDIR_P) %D% && folder='$(abs_top_builddir)/.libs' && $(make_shm_run) >$@.new && \
		chmod +x $@.new && mv $@.new $@
CLEANFILES += %D%/shm-run

install-exec-hook: install-shm-run
install-shm-run: $(dropin_preloaded)
	$(MKDIR_P) '$(DESTDIR)$(bindir)'
	folder='$(libdir)' && $(make_shm_run) >'$(DESTDIR)$(bindir)/shm-run' && \
		chmod 755 '$(DESTDIR)$(bindir)/shm-run'
uninstall-hook: uninstall-shm-run
uninstall-shm-run:
	rm -f '$(DESTDIR)$(bindir)/shm-run'
endif

# One object whose other symbols are local: a program may have names of its own like ours, and link
# libshm.a on any backend as well.
if DROPIN_STATIC
dropinexecdir = $(libdir)
dropinexec_DATA = libshm-sysv.a
libshm-sysv.a: %D%/libdropin.la Makefile
	$(AM_V_GEN)rm -f $@ && $(CC) $(CFLAGS) -r -nostdlib $(dropin_wraps) -o %D%/whole.$(OBJEXT) \
		-Wl,--whole-archive %D%/.libs/libdropin.a && \
		$(OBJCOPY) --remove-section=.group --localize-hidden \
			--localize-symbol=shm_error_detail %D%/whole.$(OBJEXT) && \
		$(AR) cr $@ %D%/whole.$(OBJEXT) && $(RANLIB) $@
CLEANFILES += libshm-sysv.a %D%/whole.$(OBJEXT)
endif

if DROPIN
pkgconfig_DATA += %D%/libshm-sysv.pc
dropinincludedir = $(pkgincludedir)/sysv/sys
dropininclude_HEADERS = \
	%D%/include/sys/ipc.h \
	%D%/include/sys/msg.h \
	%D%/include/sys/sem.h \
	%D%/include/sys/shm.h
endif

EXTRA_DIST += %D%/shm-run.in
