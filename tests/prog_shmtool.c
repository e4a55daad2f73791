/*
 * shmtool as people and scripts use it: every command, on objects this program has made. The
 * program under test is $SHMTOOL, or shmtool_BACKEND in the folder of this program.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "libshm/backend.h"
#include "libshm/shm.h"

enum { OUTPUT = 65536, MAX_ARGUMENTS = 8, NOBODY = 65534, KEY = 0x5e57001 };

static int shmtool =
    -1; /* descriptor of the program, so that another user can run it as well */
static char out[OUTPUT], err[OUTPUT];
static bool failed;

static void check_at(int line, bool good, const char *what)
{
    if (good)
        return;
    printf("prog_shmtool.c:%d: failed: %s\n--- stdout\n%s--- stderr\n%s", line, what, out, err);
    failed = true;
}
#define CHECK(condition) check_at(__LINE__, condition, #condition)

static _Noreturn void die(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    exit(1);
}

static void read_all(int descriptor, char *text)
{
    size_t length = 0;
    ssize_t got;
    while ((got = read(descriptor, text + length, OUTPUT - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    close(descriptor);
}

/* The parent writes once fork has returned there: until then the child's attaches count (S5.8). */
static void await_parent(int go)
{
    char byte;
    if (read(go, &byte, 1) != 1)
        _exit(125);
}

static void become_program(char **arguments, uid_t uid, const int *streams)
{
    await_parent(streams[2]);
    dup2(streams[0], STDOUT_FILENO);
    dup2(streams[1], STDERR_FILENO);
    if (uid != 0 && (setgid(uid) == -1 || setuid(uid) == -1))
        _exit(126);
    fexecve(shmtool, arguments, environ);
    _exit(127);
}

/* Runs shmtool with the words of a line; the outputs (a few lines) go to out and err. */
static int run_as(uid_t uid, const char *line)
{
    char words[256], *arguments[MAX_ARGUMENTS + 1] = {(char *)"shmtool"};
    int outputs[2], errors[2], go[2], status;
    snprintf(words, sizeof words, "%s", line);
    char *word = strtok(words, " ");
    for (int i = 1; word != NULL && i < MAX_ARGUMENTS; word = strtok(NULL, " "))
        arguments[i++] = word;
    fflush(stdout);
    if (pipe(outputs) == -1 || pipe(errors) == -1 || pipe(go) == -1)
        die("pipe");
    pid_t pid = fork();
    if (pid == 0)
        become_program(arguments, uid, (const int[]){outputs[1], errors[1], go[0]});
    if (write(go[1], "", 1) != 1)
        die("write");
    close(go[0]);
    close(go[1]);
    close(outputs[1]);
    close(errors[1]);
    read_all(outputs[0], out);
    read_all(errors[0], err);
    if (pid == -1 || waitpid(pid, &status, 0) == -1)
        die("child");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
static int
run(const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return run_as(0, line);
}

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static bool
contains(const char *text, const char *format, ...)
{
    char wanted[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(wanted, sizeof wanted, format, arguments);
    va_end(arguments);
    return strstr(text, wanted) != NULL;
}

static bool segment_exists(int id)
{
    struct shm_backend_shmid_ds ds;
    return shm_backend_shmctl(id, LIBSHM_IPC_STAT, &ds) == 0;
}

static bool set_exists(int id)
{
    struct shm_backend_semid_ds ds;
    return shm_backend_semctl(id, 0, LIBSHM_IPC_STAT, (union shm_backend_semun){.buf = &ds}) ==
           0;
}

static int make_segment(key_t key, size_t size)
{
    int id = shm_backend_shmget(key, size, LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0640);
    if (id == -1)
        die("shmget");
    return id;
}

static int make_set(key_t key, int nsems)
{
    int id = shm_backend_semget(key, nsems, LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0600);
    if (id == -1)
        die("semget");
    return id;
}

/*
 * Just enough of JSON's grammar to notice a missing comma or quote. Each returns the end of
 * what it has read, or NULL.
 */
static const char *json_value(const char *text);

static const char *json_space(const char *text)
{
    return text == NULL ? NULL : text + strspn(text, " \n");
}

static const char *json_string(const char *text)
{
    if (text == NULL || *text++ != '"')
        return NULL;
    for (; *text != '"'; text++)
        if (*text == '\0' || (*text == '\\' && *++text == '\0'))
            return NULL;
    return text + 1;
}

static const char *json_member(const char *text)
{
    text = json_space(json_string(text));
    return text == NULL || *text != ':' ? NULL : json_value(text + 1);
}

static const char *json_list(const char *text, char end)
{
    text = json_space(text);
    if (*text == end)
        return text + 1;
    while (text != NULL) {
        text = json_space(text);
        text = json_space(end == '}' ? json_member(text) : json_value(text));
        if (text != NULL && *text == end)
            return text + 1;
        text = text != NULL && *text == ',' ? text + 1 : NULL;
    }
    return NULL;
}

static const char *json_value(const char *text)
{
    static const char *const words[] = {"true", "false", "null"};
    text = json_space(text);
    if (*text == '{')
        return json_list(text + 1, '}');
    if (*text == '[')
        return json_list(text + 1, ']');
    if (*text == '"')
        return json_string(text);
    for (size_t i = 0; i < 3; i++)
        if (strncmp(text, words[i], strlen(words[i])) == 0)
            return text + strlen(words[i]);
    char *end;
    strtod(text, &end);
    return end == text ? NULL : end;
}

static bool is_json(const char *text)
{
    text = json_space(json_value(text));
    return text != NULL && *text == '\0';
}

static void test_use(void)
{
    CHECK(run("--help") == 0 && contains(out, "usage: shmtool ls") && err[0] == '\0');
    CHECK(run("--version") == 0 && contains(out, "%s", shm_version()) &&
          contains(out, "backend: %s\n", shm_backend()));
    static const char *const wrong[] = {
        "",        "list",          "ls 5",     "ls --all",      "stat",      "stat 1 2",
        "rm",      "rm 1 --all",    "gc --all", "rm --id",       "rm --id x", "rm --id -1",
        "stat 1x", "rm 4294967296", "ls --jsn", "stat --json 1", "rm 0"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK(run("%s", wrong[i]) == 2);
        CHECK(out[0] == '\0' && contains(err, "usage: "));
    }
}

static void test_nothing_there(void)
{
    CHECK(run("ls") == 0 && contains(out, "KIND") && err[0] == '\0');
    CHECK(run("ls --json") == 0 && is_json(out) && contains(out, "\"objects\": []"));
    CHECK(run("rm --all") == 0 && out[0] == '\0');
    CHECK(run("stat %d", KEY) == 1 && contains(err, "no object with key %d", KEY));
    CHECK(run("rm %d", KEY) == 1 && contains(err, "no object with key %d", KEY));
    CHECK(run("rm --id 2147483647") == 1 && contains(err, "no object with id"));
}

static void test_list(void)
{
    int segment = make_segment(KEY, 5000), set = make_set(-KEY, 3);
    void *address = shm_backend_shmat(segment, NULL, 0);
    CHECK(run("ls") == 0 && contains(out, "%d", segment) && contains(out, "%d", set));
    CHECK(contains(out, " 0640 ") && contains(out, " 5000 ") && contains(out, "%d", -KEY));
    CHECK(run("ls --sem") == 0 && contains(out, "sem ") && !contains(out, "shm "));
    CHECK(run("ls --json") == 0 && is_json(out) && err[0] == '\0');
    CHECK(contains(out, "\"kind\": \"shm\", \"id\": %d, ", segment));
    CHECK(contains(out, "\"key\": %d, ", KEY) && contains(out, "\"key\": %d, ", -KEY));
    CHECK(contains(out, "\"size\": 5000, \"nattch\": 1, \"removed\": false"));
    CHECK(contains(out, "\"nsems\": 3") && contains(out, "\"used\": null"));
    shm_backend_shmdt(address);
    shm_backend_shmctl(segment, LIBSHM_IPC_RMID, NULL);
    shm_backend_semctl(set, 0, LIBSHM_IPC_RMID, (union shm_backend_semun){.val = 0});
}

static void test_stat(void)
{
    int segment = make_segment(-KEY, 5000), set = make_set(-KEY, 3);
    shm_backend_semctl(set, 1, LIBSHM_SETVAL, (union shm_backend_semun){.val = 77});
    CHECK(run("stat %d", -KEY) == 0);
    CHECK(contains(out, "segment %d\n", segment) && contains(out, "set %d\n", set));
    CHECK(contains(out, "5000 bytes") && contains(out, "semaphore 1     value 77,"));
    CHECK(run("stat %u --shm", (unsigned)-KEY) == 0 && !contains(out, "set %d\n", set));
    CHECK(run("stat 0x%x --sem", (unsigned)-KEY) == 0 && !contains(out, "segment"));
    CHECK(run("stat --id %d --shm", segment) == 0 && contains(out, "(0x%08x)", (unsigned)-KEY));
    CHECK(run("rm %d", -KEY) == 0 &&
          contains(out, "removed segment %d, key %d\n", segment, -KEY));
    CHECK(contains(out, "removed set %d, key %d\n", set, -KEY));
    CHECK(!segment_exists(segment) && !set_exists(set));
}

static void test_queue(void)
{
    struct {
        long type;
        char bytes[5];
    } message = {1, "abcd"};
    int queue = shm_backend_msgget(KEY, LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0604);
    CHECK(queue >= 0 && shm_backend_msgtimedsnd(queue, &message, 5, 0, NULL) == 0);
    CHECK(run("ls") == 0 && contains(out, "msg ") && contains(out, "%d", queue));
    CHECK(contains(out, " 0604 "));
    CHECK(run("ls --msg --json") == 0 && is_json(out) && contains(out, "\"qnum\": 1"));
    CHECK(run("ls --shm") == 0 && !contains(out, "msg "));
    CHECK(run("stat %d", KEY) == 0 && contains(out, "queue %d\n", queue));
    CHECK(contains(out, "1 with 5 bytes, of at most "));
    CHECK(run("rm --sem %d", KEY) == 1);
    CHECK(run("rm --msg %d", KEY) == 0 &&
          contains(out, "removed queue %d, key %d\n", queue, KEY));
    CHECK(run("stat %d", KEY) == 1);
}

static void test_remove_one_family(void)
{
    int segment = make_segment(KEY, 1), set = make_set(KEY, 1);
    CHECK(run("rm --sem 0x%x", KEY) == 0 && segment_exists(segment) && !set_exists(set));
    CHECK(run("rm --sem %d", KEY) == 1 && segment_exists(segment));
    CHECK(run("rm --shm --id %d", segment) == 0 && !segment_exists(segment));
}

static void test_remove_attached(void)
{
    int segment = make_segment(LIBSHM_IPC_PRIVATE, 100);
    char *address = shm_backend_shmat(segment, NULL, 0);
    CHECK(run("rm --shm --id %d", segment) == 0);
    CHECK(contains(out, "still attached 1 times: goes with the last detach"));
    CHECK(run("ls") == 0 && contains(out, "  removed\n"));
    CHECK(run("rm --all") == 0 && out[0] == '\0');
    address[99] = 1;
    shm_backend_shmdt(address);
    CHECK(!segment_exists(segment));
}

static void test_remove_all(void)
{
    int segments[3], sets[3];
    for (int i = 0; i < 3; i++) {
        segments[i] = make_segment(KEY + i, 10);
        sets[i] = make_set(LIBSHM_IPC_PRIVATE, 2);
    }
    CHECK(run("rm --all --shm") == 0 && contains(out, "removed segment %d", segments[2]));
    CHECK(set_exists(sets[0]));
    CHECK(run("rm --all") == 0 && contains(out, "removed set %d", sets[2]));
    for (int i = 0; i < 3; i++)
        CHECK(!segment_exists(segments[i]) && !set_exists(sets[i]));
}

/* A stranger lists what he may not read, and removes only his own. */
static void test_permissions(void)
{
    if (getuid() != 0)
        return;
    int ours = make_segment(KEY, 10), his = -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(setgid(NOBODY) == 0 && setuid(NOBODY) == 0 &&
                      shm_backend_shmget(KEY + 1, 10, LIBSHM_IPC_CREAT | 0600) != -1
                  ? 0
                  : 1);
    int status = 1;
    waitpid(pid, &status, 0);
    CHECK(status == 0);
    his = shm_backend_shmget(KEY + 1, 0, 0);
    CHECK(run_as(NOBODY, "ls") == 0 && contains(out, "no read permission"));
    CHECK(run_as(NOBODY, "ls --json") == 0 && is_json(out));
    CHECK(contains(out, "\"id\": %d, \"readable\": false}", ours));
    CHECK(run_as(NOBODY, "rm --all") == 1);
    CHECK(contains(err, "cannot remove segment %d: ", ours) && segment_exists(ours));
    CHECK(contains(out, "removed segment %d", his) && !segment_exists(his));
    CHECK(run("rm %d", KEY) == 0);
}

/* Tells through the pipe that it has the segment attached and removed, and waits to be killed.
 */
static _Noreturn void hold_removed(int segment, int ready)
{
    if (shm_backend_shmat(segment, NULL, 0) == (void *)-1 ||
        shm_backend_shmctl(segment, LIBSHM_IPC_RMID, NULL) == -1 || write(ready, "", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

/* The last one who had a removed segment attached is killed: gc leaves nothing of it. */
static void test_collect(void)
{
    int ready[2], segment = make_segment(KEY, 10000), status;
    if (pipe(ready) == -1)
        die("pipe");
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        hold_removed(segment, ready[1]);
    close(ready[1]);
    char byte;
    CHECK(read(ready[0], &byte, 1) == 1);
    close(ready[0]);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    CHECK(run("gc") == 0 && contains(out, " collected\n") && err[0] == '\0');
    CHECK(run("gc") == 0 && strcmp(out, "0 collected\n") == 0);
    CHECK(run("stat --shm --id %d", segment) == 1);
}

static void open_shmtool(const char *self)
{
    char path[4096];
    const char *named = getenv("SHMTOOL"), *slash = strrchr(self, '/');
    int folder = slash == NULL ? 0 : (int)(slash - self) + 1;
    snprintf(path, sizeof path, "%.*sshmtool_%s", folder, self, shm_backend());
    shmtool = open(named != NULL ? named : path, O_RDONLY | O_CLOEXEC);
    if (shmtool == -1)
        die(named != NULL ? named : path);
}

int main(int count, char **arguments)
{
    (void)count;
    printf("backend: %s\n", shm_backend());
    open_shmtool(arguments[0]);
    test_use();
    test_nothing_there();
    test_list();
    test_stat();
    test_queue();
    test_remove_one_family();
    test_remove_attached();
    test_remove_all();
    test_permissions();
    test_collect();
    return failed ? 1 : 0;
}
