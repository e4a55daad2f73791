/*
 * Programs that load plug-ins with RTLD_DEEPBIND, as PHP does, want each of them to see its own
 * libraries before anybody else's: the C library's shmget, too, before one that was preloaded. This
 * object is preloaded beside the drop-in library and takes the flag away. It is one of its own so
 * that the library itself has the names of the standard and no others.
 */
#include "config.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>

/*
 * The C library looks at its return address for who is calling, because names are searched along the
 * caller's own path and in its namespace. So the wrappers must end in a jump, not a call, also in a
 * build that is not optimized.
 */
#if defined __clang__
#define TAIL __attribute__((musttail))
#else
#define TAIL
#pragma GCC optimize("O2", "optimize-sibling-calls", "no-stack-protector")
#endif

typedef void *open_call(const char *file, int flags);
typedef void *open_in_call(Lmid_t space, const char *file, int flags);

/* Whoever else has wrapped the name comes first, the C library last. */
static void *next(_Atomic(void *) *known, const char *name)
{
    void *address = atomic_load_explicit(known, memory_order_relaxed);
    if (!address) {
        address = dlsym(RTLD_NEXT, name);
        atomic_store_explicit(known, address, memory_order_relaxed);
    }
    return address;
}

__attribute__((visibility("default"))) void *dlopen(const char *file, int flags)
{
    static _Atomic(void *) known;
    open_call *real = (open_call *)next(&known, "dlopen");
    TAIL return real(file, flags & ~RTLD_DEEPBIND);
}

__attribute__((visibility("default"))) void *dlmopen(Lmid_t space, const char *file, int flags)
{
    static _Atomic(void *) known;
    open_in_call *real = (open_in_call *)next(&known, "dlmopen");
    TAIL return real(space, file, flags & ~RTLD_DEEPBIND);
}
