/*
 * <sys/ipc.h> for systems without one: what POSIX and Linux have in it, for libshm-sysv. The bytes
 * of all structs here are those that Linux's C libraries have agreed on, so that a program that was
 * compiled with these headers works with a library that was compiled with the system's.
 */
#ifndef _SYS_IPC_H
#define _SYS_IPC_H

#include <sys/types.h>

/* What is Linux's and not the standard's is shown as C libraries show their extensions. */
#if defined _GNU_SOURCE || defined _DEFAULT_SOURCE || defined _BSD_SOURCE ||                   \
    (!defined __STRICT_ANSI__ && !defined _POSIX_C_SOURCE && !defined _XOPEN_SOURCE)
#define __SYSV_IPC_OF_LINUX 1
#endif

/*
 * 32-bit systems on which a program chooses the width of time_t have a name for each: the one for
 * the wide type is the symbol of the declaration it stands behind.
 */
#if defined __USE_TIME64_REDIRECTS ||                                                          \
    (defined __USE_TIME_BITS64 && defined __TIMESIZE && __TIMESIZE == 32)
#define __SYSV_IPC_WIDE_TIME(name) __asm__(#name)
#define __SYSV_IPC_HAS_WIDE_TIME   1
#else
#define __SYSV_IPC_WIDE_TIME(name)
#endif

#if defined __cplusplus && defined __GLIBC__
#define __SYSV_IPC_NOTHROW noexcept(true)
#else
#define __SYSV_IPC_NOTHROW
#endif

#define IPC_CREAT   01000
#define IPC_EXCL    02000
#define IPC_NOWAIT  04000
#define IPC_PRIVATE ((key_t)0)

#define IPC_RMID 0
#define IPC_SET  1
#define IPC_STAT 2
#ifdef __SYSV_IPC_OF_LINUX
#define IPC_INFO 3
#endif

struct ipc_perm {
    key_t __key;
    uid_t uid;
    gid_t gid;
    uid_t cuid;
    gid_t cgid;
    mode_t mode;
    unsigned short __seq;
    unsigned short __reserved1;
    unsigned long __reserved2[2];
};

#ifdef __cplusplus
extern "C" {
#endif

/* The C library's: libshm-sysv has none. */
key_t ftok(const char *__path, int __id) __SYSV_IPC_NOTHROW;

#ifdef __cplusplus
}
#endif

#endif
