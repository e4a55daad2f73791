# What configure does about Python. An interpreter is usable if a module that this compiler has made
# can be imported into it: only trying tells about headers, word sizes and C libraries.

# LIBSHM_PYTHON_CONFLICT
# Sets libshm_python_conflict to what the modules cannot be built with, if anything.
AC_DEFUN([LIBSHM_PYTHON_CONFLICT],
[libshm_python_conflict=
AS_IF([test "$cross_compiling" = yes], [libshm_python_conflict="cross compiling"],
    [test "$enable_fuzzing" = yes], [libshm_python_conflict="--enable-fuzzing"],
    [test "$with_sanitizer" != no], [libshm_python_conflict="--with-sanitizer"],
    [test "$enable_coverage" = yes], [libshm_python_conflict="--enable-coverage"],
    [test "$enable_switches" = yes], [libshm_python_conflict="--enable-switches"])
])

# LIBSHM_PYTHON_ANSWER(NAME)
# What probe.py has said about it.
AC_DEFUN([LIBSHM_PYTHON_ANSWER],
[`AS_ECHO(["$libshm_python_answers"]) | $SED -n 's/^$1=//p'`])

# The smallest module of both Python 2 and 3, of the interpreter that was asked and no other.
m4_define([LIBSHM_PYTHON_MODULE], [AC_LANG_SOURCE([[
#include <Python.h>

typedef char same_version[PY_VERSION_HEX >> 16 == $libshm_python_hex ? 1 : -1];
typedef char same_word[sizeof (void *) == $libshm_python_pointer ? 1 : -1];

#if PY_MAJOR_VERSION >= 3
static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, "conftest", 0, -1, 0, 0, 0, 0, 0 };

PyMODINIT_FUNC PyInit_conftest (void);
PyMODINIT_FUNC
PyInit_conftest (void)
{
  return PyModule_Create (&module);
}
#else
static PyMethodDef methods[] = { { 0, 0, 0, 0 } };

PyMODINIT_FUNC initconftest (void);
PyMODINIT_FUNC
initconftest (void)
{
  Py_InitModule ("conftest", methods);
}
#endif
]])])

# LIBSHM_PYTHON_IMPORT
# Sets libshm_python_reason to why no module works in $libshm_python, or to nothing.
AC_DEFUN([LIBSHM_PYTHON_IMPORT],
[libshm_save_CFLAGS=$CFLAGS
libshm_save_LDFLAGS=$LDFLAGS
CFLAGS="$CFLAGS $project_cflags -fvisibility=default $lt_prog_compiler_pic $libshm_python_includes"
LDFLAGS="$LDFLAGS -shared"
libshm_python_reason="its headers were not found (Python.h; Debian: python3-dev)"
AC_COMPILE_IFELSE([LIBSHM_PYTHON_MODULE],
    [libshm_python_reason="a module made by $CC cannot be imported"])
AS_CASE([$libshm_python_reason], [a*],
    [AC_LINK_IFELSE([LIBSHM_PYTHON_MODULE],
        [mv conftest$EXEEXT conftest.so
        AS_IF(["$libshm_python" -c \
                'import sys; sys.path.insert (0, "."); import conftest' >&AS_MESSAGE_LOG_FD 2>&1],
            [libshm_python_reason=])])])
rm -rf conftest.so __pycache__
CFLAGS=$libshm_save_CFLAGS
LDFLAGS=$libshm_save_LDFLAGS
])

# LIBSHM_PYTHON_TRY
# Sets libshm_python_reason to why $libshm_python cannot be used, or to nothing, and what
# is known of it: libshm_python_version, _tag, _modules, ...
AC_DEFUN([LIBSHM_PYTHON_TRY],
[AC_MSG_CHECKING([whether modules can be made for $libshm_python])
libshm_python_answers=`"$libshm_python" "$srcdir/compat/python/probe.py" "$libshm_python_prefix" \
    2>&AS_MESSAGE_LOG_FD`
libshm_python_version=LIBSHM_PYTHON_ANSWER([version])
libshm_python_tag=LIBSHM_PYTHON_ANSWER([tag])
libshm_python_hex=LIBSHM_PYTHON_ANSWER([hex])
libshm_python_pointer=LIBSHM_PYTHON_ANSWER([pointer])
libshm_python_includes=LIBSHM_PYTHON_ANSWER([includes])
libshm_python_modules=LIBSHM_PYTHON_ANSWER([modules])
AS_CASE([LIBSHM_PYTHON_ANSWER([implementation])/LIBSHM_PYTHON_ANSWER([numbers])],
    [CPython/207 | CPython/309 | CPython/3@<:@1-9@:>@@<:@0-9@:>@], [LIBSHM_PYTHON_IMPORT],
    [/], [libshm_python_reason="it does not run"],
    [libshm_python_reason="it is not CPython 2.7, or 3.9 or newer"])
AS_IF([test -z "$libshm_python_reason"],
    [AC_MSG_RESULT([yes, $libshm_python_version])],
    [AC_MSG_RESULT([no, $libshm_python_reason])])
])

# LIBSHM_PYTHON_TAKE
# Adds $libshm_python, which has been tried, to those that modules are built for.
AC_DEFUN([LIBSHM_PYTHON_TAKE],
[AS_CASE([" $libshm_python_tags "], [*" $libshm_python_tag "*],
    [AC_MSG_ERROR([--with-python: two interpreters of version $libshm_python_tag])])
libshm_python_tags="$libshm_python_tags $libshm_python_tag"
libshm_python_site=LIBSHM_PYTHON_ANSWER([site])
libshm_python_note=
AS_IF([test "x$with_python_site" != x],
    [libshm_python_site=$with_python_site],
    [test LIBSHM_PYTHON_ANSWER([searched]) = no],
    [libshm_python_note="
               (which it searches only with PYTHONPATH)"])
libshm_python_line="$libshm_python_tag|$libshm_python|LIBSHM_PYTHON_ANSWER([limited])"
libshm_python_line="$libshm_python_line|LIBSHM_PYTHON_ANSWER([suffix])|$libshm_python_site"
libshm_python_table="$libshm_python_table$libshm_python_line|$libshm_python_includes
"
AS_CASE([" $libshm_python_modules "], [*" numpy "*], [],
    [libshm_python_note="$libshm_python_note
               without numpy: SHMArrays cannot be used"])
LIBSHM_PYTHON_SAY([$libshm_python_version, $libshm_python, with ${libshm_python_modules:-no third-party module}
               installed in $libshm_python_site$libshm_python_note])
])

# LIBSHM_PYTHON_SAY(TEXT)
# Adds it to what the summary says about Python.
AC_DEFUN([LIBSHM_PYTHON_SAY],
[AS_IF([test -n "$libshm_python_text"],
    [libshm_python_text="$libshm_python_text
               "])
libshm_python_text="${libshm_python_text}$1"])

# LIBSHM_PYTHON_GIVEN
# Takes every interpreter of --with-python=PATH,...; all must be usable.
AC_DEFUN([LIBSHM_PYTHON_GIVEN],
[AS_IF([test -n "$libshm_python_conflict"],
    [AC_MSG_ERROR([--with-python=$with_python: not with $libshm_python_conflict])])
libshm_save_IFS=$IFS
IFS=,
for libshm_python in $with_python; do
    IFS=$libshm_save_IFS
    AS_CASE([$libshm_python],
        [/*], [],
        [*/*], [libshm_python=`pwd`/$libshm_python],
        [libshm_python=`command -v "$libshm_python" || AS_ECHO(["$libshm_python"])`])
    LIBSHM_PYTHON_TRY
    AS_IF([test -n "$libshm_python_reason"],
        [AC_MSG_ERROR([--with-python: $libshm_python: $libshm_python_reason])])
    LIBSHM_PYTHON_TAKE
done
IFS=$libshm_save_IFS
])

# LIBSHM_PYTHON_SEARCH
# Takes the first python3 along the PATH, or else the system's own, that has numpy as well; or the
# first that is usable.
AC_DEFUN([LIBSHM_PYTHON_SEARCH],
[libshm_python_seen=
libshm_python_second=
libshm_python_left=
libshm_save_IFS=$IFS
IFS=$PATH_SEPARATOR
for libshm_folder in $PATH$PATH_SEPARATOR/usr/bin; do
    IFS=$libshm_save_IFS
    AS_CASE([$libshm_folder], [/*], [], [continue])
    libshm_folder=`cd "$libshm_folder" 2>/dev/null && pwd -P`
    AS_CASE([:$libshm_python_seen:], [*:"$libshm_folder":*], [continue])
    libshm_python_seen=$libshm_python_seen:$libshm_folder
    libshm_python=$libshm_folder/python3
    AS_IF([test -x "$libshm_python"], [], [continue])
    LIBSHM_PYTHON_TRY
    AS_CASE(["$libshm_python_reason/ $libshm_python_modules "],
        [/*" numpy "*], [break],
        [/*], [libshm_python_reason="it has no numpy"
            AS_IF([test -z "$libshm_python_second"], [libshm_python_second=$libshm_python])])
    libshm_python_left="$libshm_python_left
               not $libshm_python: $libshm_python_reason"
    libshm_python=
done
IFS=$libshm_save_IFS
AS_IF([test -n "$libshm_python"], [],
    [test -n "$libshm_python_second"],
    [libshm_python=$libshm_python_second
    LIBSHM_PYTHON_TRY])
AS_IF([test -n "$libshm_python"],
    [LIBSHM_PYTHON_TAKE],
    [LIBSHM_PYTHON_SAY([left out: no python3 was found that can be used])])
libshm_python_text=$libshm_python_text$libshm_python_left
])

# LIBSHM_CHECK_PYTHON
# The options, and what follows from them: libshm_python_tags, the versions; libshm_python_table, a
# line "TAG|PATH|LIMITED|SUFFIX|SITE|INCLUDES" for each; libshm_python_text for the summary.
AC_DEFUN([LIBSHM_CHECK_PYTHON],
[AC_ARG_WITH([python],
    [AS_HELP_STRING([--with-python=PATH@<:@,PATH...@:>@],
        [interpreters to build the Python modules for: CPython 2.7, or 3.9 or newer @<:@a python3
         that has headers and numpy@:>@])],
    [], [with_python=auto])
AC_ARG_WITH([python-site],
    [AS_HELP_STRING([--with-python-site=DIR],
        [where the modules of the one interpreter are installed @<:@its site folder, below the
         prefix@:>@])],
    [], [with_python_site=])
libshm_python_tags=
libshm_python_table=
libshm_python_text=
libshm_python_prefix=$prefix
AS_IF([test "x$prefix" = xNONE], [libshm_python_prefix=$ac_default_prefix])
LIBSHM_PYTHON_CONFLICT
AS_CASE([$with_python],
    [no], [LIBSHM_PYTHON_SAY([left out: --without-python])],
    [auto | yes],
        [AS_IF([test -z "$libshm_python_conflict"], [LIBSHM_PYTHON_SEARCH],
            [LIBSHM_PYTHON_SAY([left out: $libshm_python_conflict])])
        AS_CASE([$with_python/$libshm_python_tags], [yes/],
            [AC_MSG_ERROR([--with-python: $libshm_python_text])])],
    [LIBSHM_PYTHON_GIVEN])
AS_CASE([$libshm_python_tags/$with_python_site],
    [*/], [],
    [" "*" "*], [AC_MSG_ERROR([--with-python-site is for one interpreter; there are $libshm_python_tags])],
    [*//*], [],
    [AC_MSG_ERROR([--with-python-site=$with_python_site: it must be an absolute path])])
])
