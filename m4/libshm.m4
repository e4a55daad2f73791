# Macros of this project; configure.ac reads as prose because they live here.

# LIBSHM_TRY_CFLAG(VARIABLE, FLAG)
# Appends FLAG to VARIABLE when the compiler takes it. -Werror makes clang refuse what it
# would otherwise only remark on.
AC_DEFUN([LIBSHM_TRY_CFLAG],
[AS_VAR_PUSHDEF([cachevar], [libshm_cv_cflag_$2])dnl
AC_CACHE_CHECK([whether $CC accepts $2], [cachevar],
    [libshm_save_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -Werror $2"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
        [AS_VAR_SET([cachevar], [yes])], [AS_VAR_SET([cachevar], [no])])
    CFLAGS=$libshm_save_CFLAGS])
AS_VAR_IF([cachevar], [yes], [$1="$$1 $2"])
AS_VAR_POPDEF([cachevar])dnl
])

# LIBSHM_TRY_LDFLAG(VARIABLE, FLAG)
# The same for the linker.
AC_DEFUN([LIBSHM_TRY_LDFLAG],
[AS_VAR_PUSHDEF([cachevar], [libshm_cv_ldflag_$2])dnl
AC_CACHE_CHECK([whether the linker accepts $2], [cachevar],
    [libshm_save_LDFLAGS=$LDFLAGS
    LDFLAGS="$LDFLAGS $2"
    AC_LINK_IFELSE([AC_LANG_PROGRAM()],
        [AS_VAR_SET([cachevar], [yes])], [AS_VAR_SET([cachevar], [no])])
    LDFLAGS=$libshm_save_LDFLAGS])
AS_VAR_IF([cachevar], [yes], [$1="$$1 $2"])
AS_VAR_POPDEF([cachevar])dnl
])

# LIBSHM_CHECK_ROUNDING
# Sets libshm_cv_rounding_cflags: what makes the compiler round every operation on float and
# double to that type. The old floating point unit of x86, the usual one for 32-bit programs,
# keeps more bits, and processes of both kinds would compute different arrays from the same data.
AC_DEFUN([LIBSHM_CHECK_ROUNDING],
[AC_CACHE_CHECK([what makes $CC round every operation], [libshm_cv_rounding_cflags],
    [libshm_save_CFLAGS=$CFLAGS
    libshm_cv_rounding_cflags=unknown
    for libshm_flags in "" "-msse2 -mfpmath=sse"; do
        CFLAGS="$libshm_save_CFLAGS $project_cflags $libshm_flags"
        AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
#include <float.h>
typedef char rounds[FLT_EVAL_METHOD == 0 || FLT_EVAL_METHOD == 16 ? 1 : -1];]])],
            [AS_IF([test -n "$libshm_flags"],
                [libshm_cv_rounding_cflags=$libshm_flags],
                [libshm_cv_rounding_cflags="nothing is needed"])
            break])
    done
    CFLAGS=$libshm_save_CFLAGS])
])

# LIBSHM_SYS_TIME64
# Defines _TIME_BITS where the libc has a time_t of 32 bits and another one of 64.
AC_DEFUN([LIBSHM_SYS_TIME64],
[AH_TEMPLATE([_TIME_BITS], [Define to 64 where time_t would otherwise end in 2038.])
AC_CACHE_CHECK([what makes time_t have 64 bits], [libshm_cv_time64],
    [libshm_cv_time64=unknown
    for libshm_define in "" "#define _TIME_BITS 64"; do
        AC_COMPILE_IFELSE([AC_LANG_SOURCE([
$libshm_define
@%:@include <time.h>
typedef char is_long@<:@sizeof (time_t) >= 8 ? 1 : -1@:>@;])],
            [AS_IF([test -n "$libshm_define"],
                [libshm_cv_time64=_TIME_BITS], [libshm_cv_time64="nothing is needed"])
            break])
    done])
AS_IF([test "$libshm_cv_time64" = _TIME_BITS], [AC_DEFINE([_TIME_BITS], [64])])
])

# LIBSHM_CHECK_SYSV
# Sets libshm_cv_sysv_works: do the kernel's System V calls really make, use and remove objects?
# Headers and prototypes exist in containers and kernels where every call fails, so only running
# them tells. Where nothing can be run the answer is "unknown", unless the variable is given.
AC_DEFUN([LIBSHM_CHECK_SYSV],
[AC_CACHE_CHECK([whether the kernel's System V IPC works], [libshm_cv_sysv_works],
    [AC_RUN_IFELSE([AC_LANG_SOURCE([[
#include <sys/types.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/sem.h>

static int
segment_works (int id)
{
  char *bytes = shmat (id, 0, 0);

  if (bytes == (char *) -1)
    return 0;
  bytes[0] = 1;
  return shmdt (bytes) == 0;
}

static int
semaphore_works (int id)
{
  struct sembuf raise = { 0, 1, SEM_UNDO };

  return semop (id, &raise, 1) == 0;
}

int
main (void)
{
  int segment = shmget (IPC_PRIVATE, 1, IPC_CREAT | 0600);
  int set = semget (IPC_PRIVATE, 1, IPC_CREAT | 0600);
  int works = segment >= 0 && set >= 0 && segment_works (segment) && semaphore_works (set);

  if (segment >= 0 && shmctl (segment, IPC_RMID, 0) != 0)
    works = 0;
  if (set >= 0 && semctl (set, 0, IPC_RMID) != 0)
    works = 0;
  return works ? 0 : 1;
}
        ]])],
        [libshm_cv_sysv_works=yes], [libshm_cv_sysv_works=no],
        [libshm_cv_sysv_works=unknown])])
])

# LIBSHM_CHECK_FUTEX
# Sets libshm_cv_futex: does the kernel put processes to sleep on a word they share? Where nothing
# can be run, headers that know the call are enough.
AC_DEFUN([LIBSHM_CHECK_FUTEX],
[AS_VAR_SET_IF([libshm_cv_futex], [libshm_futex_reason="libshm_cv_futex was given"],
    [libshm_futex_reason="tried"])
AC_CACHE_CHECK([whether futexes work], [libshm_cv_futex],
    [m4_pushdef([program], [AC_LANG_SOURCE([[
#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned word = 1;

int
main (void)
{
  if (syscall (SYS_futex, &word, 0 /* wait */, 0, NULL, NULL, 0) != -1 || errno != EAGAIN)
    return 1;
  return syscall (SYS_futex, &word, 1 /* wake */, 1, NULL, NULL, 0) == 0 ? 0 : 1;
}
        ]])])dnl
    AC_RUN_IFELSE([program],
        [libshm_cv_futex=yes], [libshm_cv_futex=no],
        [AC_LINK_IFELSE([program], [libshm_cv_futex=yes], [libshm_cv_futex=no])])
    m4_popdef([program])])
])

# LIBSHM_CHECK_OFD_LOCKS
# Sets libshm_cv_ofd_locks: can a lock belong to an open file description, not to the process? Where
# nothing can be run, headers that know them are enough.
AC_DEFUN([LIBSHM_CHECK_OFD_LOCKS],
[AS_VAR_SET_IF([libshm_cv_ofd_locks], [libshm_ofd_locks_reason="libshm_cv_ofd_locks was given"],
    [libshm_ofd_locks_reason="tried"])
AC_CACHE_CHECK([whether locks of open file descriptions work], [libshm_cv_ofd_locks],
    [m4_pushdef([program], [AC_LANG_SOURCE([[
#include <fcntl.h>
#include <unistd.h>

static int
lock (int fd)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };

  return fcntl (fd, F_OFD_SETLK, &lock);
}

int
main (void)
{
  int one = open ("conftest.lock", O_RDWR | O_CREAT, 0600), two = open ("conftest.lock", O_RDWR);
  int works = one >= 0 && two >= 0 && lock (one) == 0 && lock (two) != 0;

  unlink ("conftest.lock");
  return works ? 0 : 1;
}
        ]])])dnl
    AC_RUN_IFELSE([program],
        [libshm_cv_ofd_locks=yes], [libshm_cv_ofd_locks=no],
        [AC_LINK_IFELSE([program], [libshm_cv_ofd_locks=yes], [libshm_cv_ofd_locks=no])])
    m4_popdef([program])])
])

# LIBSHM_CHECK_DROPIN
# Sets dropin_shared and dropin_static: is libshm-sysv made as a shared library, which needs ELF to
# be preloaded, and as a static one, which needs objcopy to keep our names out of programs? Sets
# sysv_cppflags, and sysv_cflags for pkg-config, where the system has no headers for it.
AC_DEFUN([LIBSHM_CHECK_DROPIN],
[AC_ARG_ENABLE([drop-in],
    [AS_HELP_STRING([--disable-drop-in],
        [leave out libshm-sysv and shm-run, which give other programs System V IPC in user space])],
    [], [enable_drop_in=yes])
AC_CHECK_TOOL([OBJCOPY], [objcopy], [no])
AC_CACHE_CHECK([whether objects are ELF], [libshm_cv_elf],
    [AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#ifndef __ELF__
#error
#endif]])], [libshm_cv_elf=yes], [libshm_cv_elf=no])])
AS_IF([test "$enable_drop_in/$libshm_cv_elf" = yes/yes],
    [dropin_shared=$enable_shared
    dropin_static=$enable_static],
    [dropin_shared=no
    dropin_static=no])
AS_IF([test "$OBJCOPY" = no], [dropin_static=no])
AS_CASE([$dropin_shared/$dropin_static],
    [yes/yes], [dropin_text="shared, static"],
    [yes/no], [dropin_text="shared"],
    [no/yes], [dropin_text="static"],
    [dropin_text="left out"])

AC_CACHE_CHECK([for system calls that nobody comes before], [libshm_cv_bare_calls],
    [libshm_save_LDFLAGS=$LDFLAGS
    LDFLAGS="$LDFLAGS -Wl,--wrap=unlink"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[
#include <sys/syscall.h>
#include <unistd.h>
int unlink (const char *);
int __wrap_unlink (const char *path)
{
  return (int) syscall (SYS_statx, 0, path, 0, 0, 0);
}]], [[return unlink ("");]])],
        [libshm_cv_bare_calls=yes], [libshm_cv_bare_calls=no])
    LDFLAGS=$libshm_save_LDFLAGS])

AC_CHECK_DECLS([RTLD_DEEPBIND], [], [], [[#include <dlfcn.h>]])
libshm_save_LIBS=$LIBS
LIBS=
AC_SEARCH_LIBS([dlopen], [dl])
AC_SUBST([DLOPEN_LIBS], [$LIBS])
LIBS=$libshm_save_LIBS

AC_CHECK_HEADERS([sys/ipc.h sys/msg.h sys/sem.h sys/shm.h])
AS_CASE([$ac_cv_header_sys_ipc_h$ac_cv_header_sys_msg_h$ac_cv_header_sys_sem_h$ac_cv_header_sys_shm_h],
    [*no*],
        [sysv_cppflags='-I$(top_srcdir)/compat/sysv/include'
        sysv_cflags=' -I${headers}'
        dropin_text="$dropin_text, with headers of its own"],
    [sysv_cppflags=
    sysv_cflags=])
AC_SUBST([sysv_cppflags])
AC_SUBST([sysv_cflags])
])
