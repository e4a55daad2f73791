/*
 * Programs with other rights than their user: set-user-id ones ignore the LIBSHM_ variables,
 * rights can be dropped, and ids mean the same in unrelated programs (S0.6, S0.18, S5.5, S5.9).
 */
#include "config.h"

#include "tests/backend_support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/*
 * Roles of this program when it is started by itself.
 */

/* No leaks are looked for at the end: nobody may trace a program that has other rights. */
static _Noreturn void describe_role(int out)
{
    char text[256];

    shm_backend_describe(text, sizeof text);
    dprintf(out, "%d %d %s", (int)getuid(), (int)geteuid(), text);
    _exit(0);
}

/* Told nothing but two numbers. */
static int use_role(int segment, int set)
{
    char *bytes = attach(segment);

    EXPECT_INT(strcmp(bytes, "from another program"), 0);
    strcpy(bytes, "answered");
    EXPECT_INT(nattch(segment), 1);
    EXPECT_OK(semop1(set, 1, 2, 0));
    EXPECT_OK(semop1(set, 0, -1, LIBSHM_SEM_UNDO));
    return 0;
}

static void start_self(const char *program, const char *role, int first, int second)
{
    char a[16], b[16];

    snprintf(a, sizeof a, "%d", first);
    snprintf(b, sizeof b, "%d", second);
    execl(program, program, role, a, b, (char *)NULL);
    fail_at(__FILE__, __LINE__, "exec of %s: %s", program, strerror(errno));
}

/*
 * A copy of this program that runs as somebody else.
 */

static void copy_self(const char *path)
{
    static char buffer[65536];
    ssize_t n;
    int from = open("/proc/self/exe", O_RDONLY), to = open(path, O_CREAT | O_WRONLY, 0700);

    EXPECT_OK(from);
    EXPECT_OK(to);
    while ((n = read(from, buffer, sizeof buffer)) > 0)
        EXPECT_INT(write(to, buffer, (size_t)n), n);
    EXPECT_INT(n, 0);
    EXPECT_OK(fchown(to, STRANGER, STRANGER));
    EXPECT_OK(fchmod(to, 04755));
    close(from);
    close(to);
}

struct copy {
    const char *program;
    int out[2];
};

static void run_copy(void *context)
{
    const struct copy *c = context;

    setenv("LIBSHM_NAMESPACE", "planted", 1);
    setenv("LIBSHM_DIR", "/", 1);
    setenv("LIBSHM_SHMMAX", "no number", 1);
    start_self(c->program, "--describe", c->out[1], 0);
}

static void expect_variables_ignored(const char *text)
{
    int user, effective, at = 0;

    EXPECT_INT(sscanf(text, "%d %d %n", &user, &effective, &at), 2);
    if (effective != STRANGER) {
        leave_out("set-user-id programs", "this folder's mount ignores the bit");
        return;
    }
    EXPECT_INT(user, 0);
    EXPECT(strstr(text + at, "planted") == NULL);
    if (on_posix()) {
        EXPECT(strstr(text + at, "/dev/shm") != NULL);
        EXPECT(strstr(text + at, "default") != NULL);
    }
}

static void check_set_user_id(void)
{
    char folder[] = "/tmp/libshm-setuid-XXXXXX", program[64], text[400] = "";
    struct copy c = {.program = program};

    EXPECT(mkdtemp(folder) != NULL);
    EXPECT_OK(chmod(folder, 0755));
    snprintf(program, sizeof program, "%s/program", folder);
    copy_self(program);
    EXPECT_OK(pipe(c.out));
    int result = run(run_copy, &c);
    EXPECT_OK(unlink(program));
    EXPECT_OK(rmdir(folder));
    EXPECT_INT(result, 0);
    EXPECT(read(c.out[0], text, sizeof text - 1) > 0);
    printf("set-user-id copy: %s\n", text);
    expect_variables_ignored(text);
}

/* The opposite: an ordinary program honours them, or nothing above proves anything. */
static void check_variables_honoured(void)
{
    char text[400] = "";
    struct copy c = {.program = "/proc/self/exe"};

    if (!on_posix())
        return; /* the kernel's namespace is not chosen by a variable */
    EXPECT_OK(pipe(c.out));
    pid_t pid = fork();
    if (pid == 0) {
        setenv("LIBSHM_NAMESPACE", "planted", 1);
        start_self(c.program, "--describe", c.out[1], 0);
    }
    EXPECT_INT(reap(pid), 0);
    EXPECT(read(c.out[0], text, sizeof text - 1) > 0);
    EXPECT(strstr(text, "planted") != NULL);
}

/*
 * Dropped rights.
 */

static void drop_and_use(void *context)
{
    int set = *(int *)context;

    EXPECT_OK(semop1(set, 0, 1, 0));
    become(STRANGER, STRANGER);
    if (on_posix())
        EXPECT_OK(semop1(set, 0, 1, LIBSHM_SEM_UNDO));
    else
        EXPECT_ERR(semop1(set, 0, 1, 0), EACCES);
    EXPECT_OK(seteuid(0));
    EXPECT_OK(semop1(set, 0, 1, 0));
}

static void check_dropped_rights(void)
{
    int set = new_set(2, 0600);

    EXPECT_INT(run(drop_and_use, &set), 0);
    EXPECT_INT(semval(set, 0), 2); /* and what was done with undo is undone */
}

/*
 * Numbers.
 */

struct numbers {
    int segment, set;
};

static void hand_over(void *context)
{
    const struct numbers *n = context;

    start_self("/proc/self/exe", "--use", n->segment, n->set);
}

static void check_numbers(void)
{
    struct numbers n = {new_segment(100, 0600), new_set(2, 0600)};

    EXPECT_OK(sem_set(n.set, 0, 1));
    char *bytes = attach(n.segment);
    strcpy(bytes, "from another program");
    EXPECT_OK(shm_backend_shmdt(bytes));
    EXPECT_INT(run(hand_over, &n), 0);
    bytes = attach(n.segment);
    EXPECT_INT(strcmp(bytes, "answered"), 0);
    EXPECT_OK(shm_backend_shmdt(bytes));
    EXPECT_INT(semval(n.set, 1), 2);
    EXPECT_INT(semval(n.set, 0), 1);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--describe") == 0)
        describe_role(atoi(argv[2]));
    if (argc == 4 && strcmp(argv[1], "--use") == 0)
        return use_role(atoi(argv[2]), atoi(argv[3]));
    announce();
    registry_start();
    check_numbers();
    check_variables_honoured();
    if (geteuid() == 0) {
        check_set_user_id();
        check_dropped_rights();
    } else {
        leave_out("set-user-id programs and dropped rights", "needs root");
    }
    remove_all();
    return 0;
}
