# The Python modules: package libshm with the extension libshm._shm, and the legacy modules shm,
# shm_wrapper and SHMArrays. What depends on the interpreter is done by build.sh, for each one that
# configure has found. The trees compat/python/BACKEND-X.Y are complete: they can be imported from.

python_sources = \
	%D%/src/args.c \
	%D%/src/arrays.c \
	%D%/src/arrays_update.c \
	%D%/src/arrays_view.c \
	%D%/src/buffers.c \
	%D%/src/failure.c \
	%D%/src/functions.c \
	%D%/src/interrupt.c \
	%D%/src/memory.c \
	%D%/src/module.c \
	%D%/src/objects.c \
	%D%/src/python2.c \
	%D%/src/semaphore.c
python_headers = \
	%D%/src/module.h \
	%D%/src/python2.h
python_package = \
	%D%/libshm/__init__.py \
	%D%/libshm/__init__.pyi \
	%D%/libshm/_error.py \
	%D%/libshm/_legacy.py \
	%D%/libshm/_names.py \
	%D%/libshm/_native.py \
	%D%/libshm/_step.py \
	%D%/libshm/_text.py \
	%D%/libshm/_text.pyi \
	%D%/libshm/_updates.py \
	%D%/libshm/_updates.pyi \
	%D%/libshm/py.typed
python_modules = \
	%D%/SHMArrays.py \
	%D%/SHMArrays.pyi \
	%D%/shm.py \
	%D%/shm.pyi \
	%D%/shm_wrapper.py \
	%D%/shm_wrapper.pyi

EXTRA_DIST += \
	$(python_headers) \
	$(python_modules) \
	$(python_package) \
	$(python_sources) \
	%D%/build.sh \
	%D%/build_backend.py \
	%D%/probe.py \
	%D%/pyproject.toml \
	pyproject.toml

python_build = \
	srcdir='$(srcdir)' SOURCES='$(python_sources)' HEADERS='$(python_headers)' \
	PACKAGE='$(python_package)' MODULES='$(python_modules)' \
	COMPILE='$(CC) $(DEFS) $(AM_CPPFLAGS) $(assert_cppflags) $(CPPFLAGS) $(project_cflags) $(CFLAGS) $(python_pic)' \
	LINK='$(CC) $(project_cflags) $(CFLAGS) -shared $(AM_LDFLAGS) $(LDFLAGS)' LIBS='$(LIBS)' \
	LIBRARIES='$(python_libraries)' BACKEND='$(backend)' libdir='$(libdir)' DESTDIR='$(DESTDIR)' \
	INSTALL_DATA='$(INSTALL_DATA)' INSTALL_PROGRAM='$(INSTALL_PROGRAM)' \
	$(SHELL) $(srcdir)/%D%/build.sh

%D%/objects.stamp: $(python_sources) $(python_headers) %D%/build.sh %D%/interpreters config.h
	$(AM_V_at)$(python_build) compile
	$(AM_V_at)touch $@
%D%/posix.stamp: %D%/objects.stamp libshm/libwhole_posix.la $(python_package) $(python_modules) Makefile
	$(AM_V_at)$(python_build) tree posix
	$(AM_V_at)touch $@
%D%/sysv.stamp: %D%/objects.stamp libshm/libwhole_sysv.la $(python_package) $(python_modules) Makefile
	$(AM_V_at)$(python_build) tree sysv
	$(AM_V_at)touch $@
%D%/library.stamp: %D%/objects.stamp libshm.la libshm/libwhole_$(backend).la
	$(AM_V_at)$(python_build) library
	$(AM_V_at)touch $@

python_stamps = %D%/library.stamp %D%/objects.stamp %D%/posix.stamp %D%/sysv.stamp
CLEANFILES += $(python_stamps)
DISTCLEANFILES = %D%/interpreters

if HAVE_PYTHON
all-local: $(python_stamps)
install-exec-local: $(python_stamps)
	$(AM_V_at)$(python_build) install
uninstall-local:
	$(AM_V_at)$(python_build) uninstall
endif

clean-local:
	rm -rf %D%/library-[23].* %D%/objects-[23].* %D%/posix-[23].* %D%/sysv-[23].*
