/*
 * The posix backend's folder: missing, read-only, another user's, too open; and names in it that
 * another user has taken. Calls are refused with a sentence that helps, and nothing is left over.
 */
#include "config.h"

#include "tests/backend_support.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CREAT = LIBSHM_IPC_CREAT, VICTIM = 65533, CALL_SECONDS = 10, FREE_KEY = 0x7001 };

static char folder[] = "/tmp/libshm-store-XXXXXX";

static void expect_said(const char *part)
{
    if (!strstr(shm_error_detail(), part))
        fail_at(__FILE__, __LINE__, "the sentence lacks \"%s\": %s", part, shm_error_detail());
}

static int entries(const char *path)
{
    int count = 0;
    DIR *directory = opendir(path);

    EXPECT(directory != NULL);
    for (struct dirent *entry; (entry = readdir(directory));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(directory);
    return count;
}

/*
 * Folders that are refused. Each try is a process of its own: the folder is settled once.
 */

struct trial {
    const char *place; /* NULL: the default */
    uid_t user;
    int error;
    const char *said;
};

static void be_user(uid_t user)
{
    if (user != geteuid())
        become(user, (gid_t)user);
}

static void expect_refusal(const struct trial *t)
{
    EXPECT_ERR(shm_backend_shmget(FREE_KEY, 5000, CREAT | 0600), t->error);
    expect_said(t->said);
    EXPECT_ERR(shm_backend_semget(0, 2, 0600), t->error);
    EXPECT_ERR(shm_backend_shmget(FREE_KEY, 0, 0), t->error);
    EXPECT(shm_backend_shmat(5, NULL, 0) == NOT_ATTACHED && errno == t->error);
    EXPECT_ERR(remove_set(5), t->error);
    EXPECT_ERR(semop1(5, 0, 1, 0), t->error);
    EXPECT_ERR(shm_backend_shm_list(NULL, 0), t->error);
    EXPECT_ERR(shm_backend_collect(NULL, NULL), t->error);
    expect_said(t->said);
}

static void enter(const struct trial *t)
{
    alarm(CALL_SECONDS);
    if (t->place)
        EXPECT_OK(setenv("LIBSHM_DIR", t->place, 1));
    else
        EXPECT_OK(unsetenv("LIBSHM_DIR"));
    be_user(t->user);
}

static void be_refused(void *context)
{
    const struct trial *t = context;

    enter(t);
    expect_refusal(t);
}

static void refused(const char *place, uid_t user, int error, const char *said)
{
    struct trial t = {place, user, error, said};
    int result = run(be_refused, &t);

    if (result != 0)
        fail_at(__FILE__, __LINE__, "%s as user %u: the process ended with %d",
                place ? place : "the default", (unsigned)user, result);
}

static void use_objects(void *context)
{
    const struct trial *t = context;

    enter(t);
    int segment = (int)EXPECT_OK(shm_backend_shmget(FREE_KEY, 5000, CREAT | 0600));
    int set = (int)EXPECT_OK(shm_backend_semget(FREE_KEY, 2, CREAT | 0600));
    EXPECT_OK(shm_backend_shmdt(attach(segment)));
    EXPECT_OK(semop1(set, 0, 1, LIBSHM_SEM_UNDO));
    EXPECT_OK(remove_segment(segment));
    EXPECT_OK(remove_set(set));
}

static void accepted(const char *place, uid_t user)
{
    struct trial t = {.place = place, .user = user};

    EXPECT_INT(run(use_objects, &t), 0);
    EXPECT_INT(entries(place), 0);
}

static void shape(uid_t owner, mode_t mode)
{
    if (owner != geteuid())
        EXPECT_OK(chown(folder, owner, (gid_t)owner));
    EXPECT_OK(chmod(folder, mode));
}

static void check_places(void)
{
    char path[sizeof folder + 16];

    snprintf(path, sizeof path, "%s/missing", folder);
    refused(path, geteuid(), ENOENT, "LIBSHM_DIR");
    refused(path, geteuid(), ENOENT, path);
    snprintf(path, sizeof path, "%s/file", folder);
    EXPECT_OK(close(open(path, O_CREAT | O_WRONLY, 0600)));
    refused(path, geteuid(), ENOTDIR, path);
    EXPECT_OK(unlink(path));
    refused("tmp", geteuid(), EINVAL, "absolute");
    refused("", geteuid(), EINVAL, "absolute");
}

static void check_own_folder(void)
{
    accepted(folder, geteuid());
    shape(geteuid(), 01777);
    accepted(folder, geteuid());
    shape(geteuid(), 0777);
    refused(folder, geteuid(), EACCES, "sticky");
    refused(folder, geteuid(), EACCES, folder);
    shape(geteuid(), 0720);
    refused(folder, geteuid(), EACCES, "LIBSHM_DIR");
    shape(geteuid(), 0700);
}

/* Whoever owns the folder could rename and replace everybody's files. */
static void check_folders_of_others(void)
{
    EXPECT_INT(entries(folder), 0);
    shape(0, 01777);
    accepted(folder, STRANGER);
    shape(0, 0777);
    refused(folder, STRANGER, EACCES, "sticky");
    refused(folder, 0, EACCES, "sticky");
    shape(VICTIM, 0700);
    refused(folder, 0, EACCES, "belong");
    shape(VICTIM, 01777);
    refused(folder, STRANGER, EACCES, "belong");
    refused(folder, 0, EACCES, "belong");
    accepted(folder, VICTIM);
    EXPECT_OK(chown(folder, 0, 0));
    shape(0, 0755); /* root's, and nobody else may make a file */
    EXPECT_INT(entries(folder), 0);
}

static void create_in_vain(void *context)
{
    const struct trial *t = context;

    enter(t);
    EXPECT_ERR(shm_backend_shmget(FREE_KEY, 5000, CREAT | 0600), t->error);
    expect_said(t->said);
    expect_said(folder);
    EXPECT_ERR(shm_backend_semget(0, 2, 0600), t->error);
    EXPECT_ERR(shm_backend_shmget(FREE_KEY, 0, 0), ENOENT);
    EXPECT_INT(shm_backend_shm_list(NULL, 0), 0);
}

static void check_folder_without_write_permission(void)
{
    struct trial t = {folder, STRANGER, EACCES, "Permission denied"};

    EXPECT_INT(run(create_in_vain, &t), 0);
    EXPECT_INT(entries(folder), 0);
}

/*
 * Mounts.
 */

static void hide_dev(void *unused)
{
    struct trial t = {.error = ENOENT, .said = "mount a tmpfs"};

    (void)unused;
    EXPECT_OK(mount("libshm-test", "/dev", "tmpfs", 0, "size=64k,mode=755"));
    enter(&t);
    expect_refusal(&t);
    expect_said("/dev/shm");
}

static int segment, set;

static void use_read_only(void *context)
{
    struct shm_backend_shmid_ds ds;
    const struct trial *t = context;

    enter(t);
    EXPECT_INT(shm_backend_shmget(FREE_KEY, 0, 0), segment);
    EXPECT_INT(shm_backend_semget(FREE_KEY, 0, 0), set);
    EXPECT_OK(shm_backend_shmctl(segment, LIBSHM_IPC_STAT, &ds));
    EXPECT_INT((long long)ds.segsz, 5000);
    EXPECT_INT(set_stat(set).nsems == 2, 1);
    char *start = attach_flags(segment, NULL, LIBSHM_ATTACH_RDONLY);
    EXPECT_INT(start[4999], 'x');
    EXPECT_INT(nattch(segment), 1);
    EXPECT_OK(shm_backend_shmdt(start));
    EXPECT(shm_backend_shmat(segment, NULL, 0) == NOT_ATTACHED && errno == EROFS);
    expect_said("writable");
    EXPECT_ERR(semop1(set, 0, 1, 0), EROFS);
    EXPECT_ERR(shm_backend_shmget(FREE_KEY + 1, 5000, CREAT | 0600), EROFS);
    expect_said("LIBSHM_DIR");
    expect_said(folder);
    EXPECT_ERR(shm_backend_semget(0, 2, 0600), EROFS);
    EXPECT_ERR(remove_segment(segment), EROFS);
    expect_said("writable");
    EXPECT_ERR(remove_set(set), EROFS);
    EXPECT_INT(shm_backend_shm_list(NULL, 0), 1);
    EXPECT_INT(shm_backend_collect(NULL, NULL), 0);
}

/* In a process of its own: what it knows of the segment stays mapped, and the mount writable. */
static void write_last(void *unused)
{
    char *start = attach(segment);

    (void)unused;
    start[4999] = 'x';
    EXPECT_OK(shm_backend_shmdt(start));
}

static void use_before_and_after(void *unused)
{
    struct trial t = {.place = folder, .user = geteuid()};

    (void)unused;
    enter(&t);
    segment = (int)EXPECT_OK(shm_backend_shmget(FREE_KEY, 5000, CREAT | 0600));
    set = (int)EXPECT_OK(shm_backend_semget(FREE_KEY, 2, CREAT | 0600));
    EXPECT_INT(run(write_last, NULL), 0);
    EXPECT_OK(mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL));
    EXPECT_INT(run(use_read_only, &t), 0);
    EXPECT_OK(mount(NULL, folder, NULL, MS_REMOUNT, NULL));
    EXPECT_OK(remove_segment(segment));
    EXPECT_OK(remove_set(set));
    EXPECT_INT(entries(folder), 0);
}

static void check_mounts(void)
{
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        leave_out("missing and read-only mounts", "this root cannot mount");
        return;
    }
    EXPECT_OK(mount("libshm-test", folder, "tmpfs", 0, "size=1m,mode=1777"));
    EXPECT_INT(run(use_before_and_after, NULL), 0);
    EXPECT_OK(umount(folder));
    EXPECT_INT(run(hide_dev, NULL), 0);
    EXPECT_OK(umount("/dev"));
}

/*
 * Names taken by another user, in a folder like /dev/shm.
 */

enum { TAKEN = 0x51a7, TAKEN_ID = 0x1234567 };

static void name_of(char path[512], const char *type, unsigned number)
{
    const char *name = getenv("LIBSHM_NAMESPACE");

    snprintf(path, 512, "%s/libshm.%s.%s.%08x", folder, name ? name : "default", type, number);
}

/* What a squatter can make under a name. The last three are symbolic links. */
enum squat { EMPTY, FIFO, FOLDER, HARD_LINK, LOOP, NONSENSE, DANGLING, SQUATS };

static void occupy(const char *path, enum squat how)
{
    char other[512];

    switch (how) {
    case EMPTY:
        EXPECT_OK(close(open(path, O_CREAT | O_EXCL | O_WRONLY, 0666)));
        return;
    case FIFO:
        EXPECT_OK(mkfifo(path, 0444)); /* to open it for reading alone could block */
        return;
    case FOLDER:
        EXPECT_OK(mkdir(path, 0777));
        return;
    case HARD_LINK:
        name_of(other, "m", 0x7ffffff1);
        if (access(other, F_OK) != 0)
            EXPECT_OK(close(open(other, O_CREAT | O_EXCL | O_WRONLY, 0666)));
        EXPECT_OK(link(other, path));
        return;
    case LOOP:
        EXPECT_OK(symlink(path, path));
        return;
    case NONSENSE:
        EXPECT_OK(symlink("/etc/passwd", path));
        return;
    default:
        EXPECT_OK(symlink("19088743 5000", path)); /* TAKEN_ID, which does not exist */
    }
}

static void take_names(void *how)
{
    static const char *const keys[] = {"mk", "sk"};
    char path[512];

    umask(0);
    for (int i = 0; i < 2; i++) {
        name_of(path, keys[i], TAKEN);
        occupy(path, *(enum squat *)how);
    }
}

/* A valid key of the squatter's that names what is no object. */
static void take_ids(void *how)
{
    static const char *const types[] = {"mk", "sk", "m", "s"};
    char path[512];

    umask(0);
    for (int i = 0; i < 4; i++) {
        name_of(path, types[i], i < 2 ? TAKEN : TAKEN_ID);
        occupy(path, i < 2 ? DANGLING : *(enum squat *)how);
    }
}

/* Errors for the names that are taken, with a sentence that names the folder; no other call suffers. */
static void expect_taken(long long result)
{
    if (result != -1 || (errno != EINVAL && errno != EACCES && errno != EEXIST))
        fail_at(__FILE__, __LINE__, "%lld, %s (%s)", result, strerror(errno),
                shm_error_detail());
    EXPECT(shm_error_detail()[0] != '\0');
}

static void meet_taken_names(void *context)
{
    struct shm_backend_shmid_ds ds;
    const struct trial *t = context;

    enter(t);
    int before = entries(folder);
    for (int i = 0; i < 3; i++) {
        expect_taken(shm_backend_shmget(TAKEN, 5000, CREAT | 0600));
        expect_said(folder);
        expect_taken(shm_backend_shmget(TAKEN, 5000, CREAT | LIBSHM_IPC_EXCL | 0600));
        expect_taken(shm_backend_shmget(TAKEN, 0, 0));
        expect_taken(shm_backend_semget(TAKEN, 2, CREAT | 0600));
        expect_said(folder);
    }
    EXPECT(shm_backend_shmat(TAKEN_ID, NULL, 0) == NOT_ATTACHED);
    expect_taken(shm_backend_shmctl(TAKEN_ID, LIBSHM_IPC_STAT, &ds));
    EXPECT(remove_segment(TAKEN_ID) < 0);
    EXPECT(remove_set(TAKEN_ID) < 0);
    EXPECT(semop1(TAKEN_ID, 0, 1, 0) < 0);
    EXPECT_OK(shm_backend_shm_list(NULL, 0));
    EXPECT_OK(shm_backend_collect(NULL, NULL));
    use_objects(context);
    EXPECT_INT(entries(folder), before);
}

/* Root can clear what stands in the way, but for a folder. */
static void root_clears(void *context)
{
    const struct trial *t = context;

    enter(t);
    EXPECT_OK(shm_backend_collect(NULL, NULL));
    use_objects(context);
}

static void remove_entries(void)
{
    DIR *directory = opendir(folder);
    char path[sizeof folder + 300];

    EXPECT(directory != NULL);
    for (struct dirent *entry; (entry = readdir(directory));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.' && unlink(path) != 0)
            EXPECT_OK(rmdir(path));
    }
    closedir(directory);
}

static void meet(child_fn *take, enum squat how)
{
    struct trial victim = {.place = folder, .user = VICTIM}, root = {.place = folder};
    int result;

    EXPECT_INT(run_stranger(take, &how), 0);
    result = run(meet_taken_names, &victim);
    if (result != 0)
        fail_at(__FILE__, __LINE__, "kind %d: the process ended with %d", (int)how, result);
    EXPECT_INT(run(root_clears, &root), 0);
    if (how != FOLDER && how != HARD_LINK)
        EXPECT_INT(entries(folder), 0);
    remove_entries();
}

/* The key of a living object of the squatter's is an object like any other: refused by its mode. */
static void make_own(void *unused)
{
    struct trial t = {.place = folder, .user = STRANGER};

    (void)unused;
    enter(&t);
    EXPECT_OK(shm_backend_shmget(TAKEN, 5000, CREAT | 0600));
    EXPECT_OK(shm_backend_semget(TAKEN, 2, CREAT | 0600));
}

static void meet_an_object(void *context)
{
    enter(context);
    EXPECT_ERR(shm_backend_shmget(TAKEN, 5000, CREAT | 0600), EACCES);
    EXPECT_ERR(shm_backend_shmget(TAKEN, 5001, CREAT | 0600), EINVAL);
    EXPECT_ERR(shm_backend_shmget(TAKEN, 5000, CREAT | LIBSHM_IPC_EXCL | 0600), EEXIST);
    EXPECT_ERR(shm_backend_semget(TAKEN, 2, CREAT | 0600), EACCES);
    EXPECT_ERR(remove_segment((int)EXPECT_OK(shm_backend_shmget(TAKEN, 0, 0))), EPERM);
    EXPECT_ERR(remove_set((int)EXPECT_OK(shm_backend_semget(TAKEN, 0, 0))), EPERM);
}

static void check_taken_names(void)
{
    struct trial victim = {.place = folder, .user = VICTIM};

    shape(0, 01777);
    for (int how = 0; how < SQUATS; how++)
        meet(take_names, (enum squat)how);
    for (int how = 0; how < DANGLING; how++)
        meet(take_ids, (enum squat)how);
    EXPECT_INT(run_stranger(make_own, NULL), 0);
    EXPECT_INT(run(meet_an_object, &victim), 0);
    remove_entries();
}

int main(void)
{
    EXPECT(mkdtemp(folder) != NULL);
    check_places();
    check_own_folder();
    if (have_strangers()) {
        check_folders_of_others();
        check_folder_without_write_permission();
        check_taken_names();
        check_mounts();
    }
    EXPECT_OK(rmdir(folder));
    return 0;
}
