/*
 * A seccomp filter against the kernel's System V IPC calls, so that nothing that is to do without
 * them can fall through to the kernel unseen. Raw BPF, because libseccomp is not everywhere.
 */
#include "config.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/isolate.h"

/* Numbers, not SYS_ names: a 64-bit process may run 32-bit children, so all tables are needed.
 */
static const unsigned x86_64_calls[] = {29, 30, 31, 64, 65, 66, 67, 68, 69, 70, 71, 220};
static const unsigned i386_calls[] = {117, 393, 394, 395, 396, 397,
                                      398, 399, 400, 401, 402, 420};
static const unsigned arm64_calls[] = {186, 187, 188, 189, 190, 191,
                                       192, 193, 194, 195, 196, 197};

static const struct machine {
    unsigned arch;
    const unsigned *calls;
    unsigned count;
} machines[] = {
    {AUDIT_ARCH_X86_64, x86_64_calls, sizeof x86_64_calls / sizeof *x86_64_calls},
    {AUDIT_ARCH_I386, i386_calls, sizeof i386_calls / sizeof *i386_calls},
    {AUDIT_ARCH_AARCH64, arm64_calls, sizeof arm64_calls / sizeof *arm64_calls},
};

/* Set in the call numbers of the x32 variant of x86-64; without it they are the same. */
#define X32_BIT 0x40000000u

struct program {
    struct sock_filter code[64];
    unsigned short length;
};

static void add(struct program *p, unsigned short code, unsigned k, unsigned char if_true,
                unsigned char if_false)
{
    p->code[p->length++] = (struct sock_filter){code, if_true, if_false, k};
}

/* If the call was made for this machine: the answer to each number of its table, else allow. */
static void add_machine(struct program *p, const struct machine *m, unsigned answer)
{
    add(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, m->arch, 0, (unsigned char)(m->count + 4));
    add(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
    add(p, BPF_ALU | BPF_AND | BPF_K, ~X32_BIT, 0, 0);
    for (unsigned i = 0; i < m->count; i++)
        add(p, BPF_JMP | BPF_JEQ | BPF_K, m->calls[i], (unsigned char)(m->count - i), 0);
    add(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    add(p, BPF_RET | BPF_K, answer, 0, 0);
}

static void make_program(struct program *p, unsigned answer)
{
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
        add_machine(p, &machines[i], answer);
    /* Another machine's numbers are unknown here, so whatever it calls might be one of them. */
    add(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
}

/* What the kernel returns for the filter. */
static int install(unsigned flags, const struct sock_fprog *filter)
{
    int got = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter);

    /* Only root may do it without giving up setuid programs, which some tests run. */
    if (got == -1 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        got = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter);
    return got;
}

bool forbid_sysv_calls(void)
{
    struct program p = {.length = 0};

    make_program(&p, SECCOMP_RET_KILL_PROCESS);
    return install(0, &(struct sock_fprog){p.length, p.code}) == 0;
}

int supervise_sysv_calls(void)
{
    struct program p = {.length = 0};

    make_program(&p, SECCOMP_RET_USER_NOTIF);
    return install(SECCOMP_FILTER_FLAG_NEW_LISTENER, &(struct sock_fprog){p.length, p.code});
}
