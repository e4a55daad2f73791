/* shmget, shmat, shmdt, shmctl. */
#include "config.h"

#include "tests/dropin/names.h"

#include <string.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 5000, KEY = 0x5e57d001 };

static struct shmid_ds stat_of(int id)
{
    struct shmid_ds ds;
    memset(&ds, 0xff, sizeof ds);
    EXPECT(shmctl(id, IPC_STAT, &ds) == 0);
    return ds;
}

static bool is_recent(time_t t)
{
    time_t now = time(NULL);
    return t <= now && t >= now - 60;
}

static void check_fresh(int id)
{
    struct shmid_ds ds = stat_of(id);
    EXPECT(ds.shm_perm.uid == geteuid() && ds.shm_perm.cuid == geteuid());
    EXPECT(ds.shm_perm.gid == getegid() && ds.shm_perm.cgid == getegid());
    EXPECT(ds.shm_perm.mode == 0640);
    EXPECT(ds.shm_segsz == SIZE);
    EXPECT(ds.shm_cpid == getpid() && ds.shm_lpid == 0);
    EXPECT(ds.shm_nattch == 0);
    EXPECT(ds.shm_atime == 0 && ds.shm_dtime == 0);
    EXPECT(is_recent(ds.shm_ctime));
}

static void check_attached(int id)
{
    char *bytes = shmat(id, NULL, 0), *again = shmat(id, NULL, SHM_RDONLY);
    EXPECT(bytes != (void *)-1 && again != (void *)-1 && bytes != again);
    strcpy(bytes, "written once");
    EXPECT(strcmp(again, "written once") == 0);
    struct shmid_ds ds = stat_of(id);
    EXPECT(ds.shm_nattch == 2 && ds.shm_lpid == getpid());
    EXPECT(is_recent(ds.shm_atime) && ds.shm_dtime == 0);
    EXPECT(shmdt(bytes) == 0);
    EXPECT_ERR(shmdt(bytes), EINVAL);
    EXPECT(shmdt(again) == 0);
    ds = stat_of(id);
    EXPECT(ds.shm_nattch == 0 && is_recent(ds.shm_dtime));
}

static void check_place(int id)
{
    char *free_place = shmat(id, NULL, 0);
    EXPECT(free_place != (void *)-1);
    EXPECT(((size_t)free_place & ((size_t)SHMLBA - 1)) == 0);
    EXPECT(shmdt(free_place) == 0);
    EXPECT(shmat(id, free_place + 1, SHM_RND) == free_place);
    EXPECT((void *)-1 == shmat(id, free_place + 1, 0) && errno == EINVAL);
    EXPECT((void *)-1 == shmat(id, free_place, 0) && errno == EINVAL);
    EXPECT(shmat(id, free_place, SHM_REMAP) == free_place);
    EXPECT(shmdt(free_place) == 0);
}

static void check_set(int id)
{
    struct shmid_ds ds = stat_of(id);
    ds.shm_perm.mode = 0600;
    ds.shm_segsz = 1;
    EXPECT(shmctl(id, IPC_SET, &ds) == 0);
    ds = stat_of(id);
    EXPECT(ds.shm_perm.mode == 0600 && ds.shm_segsz == SIZE);
}

/* What ipcs does where there is no /proc/sysvipc. */
static void check_listing(int id)
{
    struct shm_info info;
    struct shmid_ds ds;
    int found = 0, highest = shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&info);
    EXPECT(highest >= 0 && info.used_ids >= 1 && info.shm_tot >= 1);
    for (int i = 0; i <= highest; i++)
        found += shmctl(i, SHM_STAT, &ds) == id && ds.shm_segsz == SIZE;
    EXPECT(found == 1);
    for (int i = 0; i <= highest; i++)
        found += shmctl(i, SHM_STAT_ANY, &ds) == id;
    EXPECT(found == 2);
    EXPECT_ERR(shmctl(highest + 1, SHM_STAT, &ds), EINVAL);
}

static void check_limits(void)
{
    struct shminfo info;
    EXPECT(shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)&info) >= 0);
    EXPECT(info.shmmin == 1 && info.shmmax > SIZE && info.shmmni >= 4096 && info.shmall > 0);
}

static void check_null(int id)
{
    EXPECT_ERR(shmctl(id, IPC_STAT, NULL), EFAULT);
    EXPECT_ERR(shmctl(id, IPC_SET, NULL), EFAULT);
    EXPECT_ERR(shmctl(0, IPC_INFO, NULL), EFAULT);
    EXPECT_ERR(shmctl(0, SHM_INFO, NULL), EFAULT);
}

static void check_refusals(int id)
{
    struct shmid_ds ds;
    EXPECT_ERR(shmctl(id, 12345, &ds), EINVAL);
    EXPECT_ERR(shmctl(-1, IPC_STAT, &ds), EINVAL);
    EXPECT_ERR(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
    EXPECT_ERR(shmget(KEY, SIZE, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
    EXPECT_ERR(shmget(KEY, SIZE + 1, 0), EINVAL);
    EXPECT_ERR(shmget(KEY + 1, SIZE, 0), ENOENT);
    EXPECT_ERR(shmdt(NULL), EINVAL);
}

static void check_lock(int id)
{
    EXPECT(shmctl(id, SHM_LOCK, NULL) == 0);
    EXPECT(stat_of(id).shm_perm.mode & SHM_LOCKED);
    EXPECT(shmctl(id, SHM_UNLOCK, NULL) == 0);
    EXPECT(!(stat_of(id).shm_perm.mode & SHM_LOCKED));
}

static void check_removed(int id)
{
    struct shmid_ds ds;
    void *bytes = shmat(id, NULL, 0);
    EXPECT(shmctl(id, IPC_RMID, NULL) == 0);
    ds = stat_of(id);
    EXPECT((ds.shm_perm.mode & SHM_DEST) && ds.shm_nattch == 1);
    EXPECT_ERR(shmget(KEY, 0, 0), ENOENT);
    EXPECT(shmdt(bytes) == 0);
    EXPECT_ERR(shmctl(id, IPC_STAT, &ds), EINVAL);
}

void check_segments(void)
{
    int id = shmget(KEY, SIZE, IPC_CREAT | IPC_EXCL | 0640);
    EXPECT(id >= 0);
    EXPECT(shmget(KEY, 0, 0) == id);
    check_fresh(id);
    check_attached(id);
    check_place(id);
    check_set(id);
    check_listing(id);
    check_limits();
    if (null_reaches_the_kernel())
        check_null(id);
    check_refusals(id);
    check_lock(id);
    check_removed(id);
}
