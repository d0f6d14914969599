#include "tests/support/disk.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 1024
#define EXPORTED __attribute__((visibility("default"))) /* liblmdb finds these before libc's */

static struct {
    pthread_mutex_t lock;
    char prefix[PATH_MAX]; /* "": nothing is watched */
    struct disk_tape *tape;
    unsigned calls;
    unsigned fails_in;
    enum disk_fault how;
    bool is_through[FDS]; /* writes through this descriptor return when they are on the disk */
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the tape ---- */

static void end(const char *what)
{
    fprintf(stderr, "disk: %s\n", what);
    abort();
}

static bool is_watched(const char *path)
{
    const size_t n = strlen(disk.prefix);
    const size_t len = strlen(path);
    return n > 0 && strncmp(path, disk.prefix, n) == 0 &&
           (len < 8 || strcmp(path + len - 8, "lock.mdb") != 0);
}

static unsigned known_name(const struct disk_tape *t, const char *path)
{
    for (unsigned i = 1; i <= t->name_count; i++)
        if (strcmp(t->names[i], path) == 0)
            return i;
    return 0;
}

static unsigned add_name(struct disk_tape *t, const char *path, unsigned folder)
{
    if (t->name_count + 1 >= DISK_NAMES_MAX)
        end("too many names");
    const unsigned n = ++t->name_count;
    t->names[n] = strdup(path);
    t->folder[n] = folder;
    return n;
}

/* A folder has its name before what is in it; that of all of them gets one here. */
static unsigned name_of(struct disk_tape *t, const char *path)
{
    unsigned n = known_name(t, path);
    if (n != 0)
        return n;
    char above[PATH_MAX];
    snprintf(above, sizeof above, "%s", path);
    char *slash = strrchr(above, '/');
    if (slash != NULL)
        *slash = '\0';
    n = known_name(t, above);
    if (n == 0 && is_watched(above))
        n = add_name(t, above, 0);
    return add_name(t, path, n);
}

static struct disk_op *add(enum disk_kind kind)
{
    struct disk_tape *t = disk.tape;
    if (t->count == DISK_OPS_MAX)
        end("too many ops");
    struct disk_op *op = &t->ops[t->count++];
    *op = (struct disk_op){.kind = kind, .data = buf_new((size_t)1 << 24)};
    return op;
}

/* The newest file with the inode of this descriptor. */
static unsigned file_of(int fd)
{
    struct stat st;
    if (fstat(fd, &st) == 0)
        for (unsigned i = disk.tape->file_count; i > 0; i--)
            if (disk.tape->inode[i] == st.st_ino)
                return i;
    end("a file that nobody made");
    return 0;
}

static void note_name(enum disk_kind kind, const char *path)
{
    if (disk.tape != NULL)
        add(kind)->name = name_of(disk.tape, path);
}

static void note_create(const char *path, int fd)
{
    struct stat st;
    if (disk.tape == NULL || fstat(fd, &st) != 0)
        return;
    struct disk_op *op = add(DISK_CREATE);
    op->name = name_of(disk.tape, path);
    op->file = ++disk.tape->file_count;
    if (op->file >= DISK_NAMES_MAX)
        end("too many files");
    disk.tape->inode[op->file] = st.st_ino;
}

static void note_rename(const char *from, const char *to)
{
    if (disk.tape == NULL)
        return;
    struct disk_op *op = add(DISK_RENAME);
    op->name = name_of(disk.tape, from);
    op->to = name_of(disk.tape, to);
}

static void note_write(int fd, struct bytes data, off_t at)
{
    if (disk.tape == NULL)
        return;
    struct disk_op *op = add(DISK_WRITE);
    op->file = file_of(fd);
    op->offset = (uint64_t)at;
    op->is_through = fd < FDS && disk.is_through[fd];
    buf_put(&op->data, data);
}

static void note_writev(int fd, const struct iovec *parts, int count, size_t n)
{
    if (disk.tape == NULL)
        return;
    CLEANUP(buf_free) struct buf all = buf_new((size_t)1 << 24);
    for (int i = 0; i < count; i++)
        buf_put(&all, bytes_of(parts[i].iov_base, parts[i].iov_len));
    note_write(fd, bytes_of(all.ptr, n), lseek(fd, 0, SEEK_CUR) - (off_t)n);
}

static void note_cut(int fd, off_t size)
{
    if (disk.tape == NULL)
        return;
    struct disk_op *op = add(DISK_CUT);
    op->file = file_of(fd);
    op->offset = (uint64_t)size;
}

static void note_sync(int fd, const char *path)
{
    struct stat st;
    if (disk.tape == NULL || fstat(fd, &st) != 0)
        return;
    if (S_ISDIR(st.st_mode))
        add(DISK_SYNC)->name = name_of(disk.tape, path);
    else
        add(DISK_SYNC)->file = file_of(fd);
}

void disk_mark(uint64_t number)
{
    pthread_mutex_lock(&disk.lock);
    add(DISK_MARK)->offset = number;
    pthread_mutex_unlock(&disk.lock);
}

void disk_tape_clear(struct disk_tape *t)
{
    for (size_t i = 0; i < t->count; i++)
        buf_free(&t->ops[i].data);
    for (unsigned i = 1; i <= t->name_count; i++)
        free(t->names[i]);
    memset(t, 0, sizeof *t);
}

/* ---- what is watched, and what fails ---- */

void disk_watch(const char *prefix, struct disk_tape *tape)
{
    snprintf(disk.prefix, sizeof disk.prefix, "%s", prefix != NULL ? prefix : "");
    disk.tape = tape;
    disk_fail(0, DISK_REFUSES);
}

void disk_fail(unsigned nth, enum disk_fault how)
{
    pthread_mutex_lock(&disk.lock);
    disk.calls = 0;
    disk.fails_in = nth;
    disk.how = how;
    pthread_mutex_unlock(&disk.lock);
}

unsigned disk_calls(void)
{
    pthread_mutex_lock(&disk.lock);
    const unsigned n = disk.calls;
    pthread_mutex_unlock(&disk.lock);
    return n;
}

static bool is_watched_fd(int fd, char path[static PATH_MAX])
{
    char link[64];
    if (disk.prefix[0] == '\0')
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, PATH_MAX - 1);
    if (n <= 0)
        return false;
    path[n] = '\0';
    return is_watched(path);
}

enum turn { DO, DO_AND_FAIL, FAIL };

/* Takes the lock, which ended() gives back. */
static enum turn begun(void)
{
    pthread_mutex_lock(&disk.lock);
    disk.calls++;
    if (disk.fails_in == 0 || --disk.fails_in > 0)
        return DO;
    return disk.how == DISK_LIES ? DO_AND_FAIL : FAIL;
}

/* done: what the call returned, -1 where it failed or was not made. */
static long ended(enum turn t, long done)
{
    const int e = t == DO ? errno : EIO;
    pthread_mutex_unlock(&disk.lock);
    errno = e;
    return t == DO ? done : -1;
}

/* ---- in the place of libc's ---- */

/* A call on a name: made unless it fails; what it did is noted by `note`. */
#define NAMED_CALL(path, call, note)                                                               \
    do {                                                                                           \
        if (!is_watched(path))                                                                     \
            return (int)(call);                                                                    \
        const enum turn turn = begun();                                                            \
        const long done = turn == FAIL ? -1 : (call);                                              \
        if (done >= 0)                                                                             \
            note;                                                                                  \
        return (int)ended(turn, done);                                                             \
    } while (0)

EXPORTED int rename(const char *from, const char *to)
{
    NAMED_CALL(to, syscall(SYS_rename, from, to), note_rename(from, to));
}

EXPORTED int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    NAMED_CALL(to, syscall(SYS_renameat2, from_dir, from, to_dir, to, flags), note_rename(from, to));
}

EXPORTED int mkdir(const char *path, mode_t mode)
{
    NAMED_CALL(path, syscall(SYS_mkdir, path, mode), note_name(DISK_MKDIR, path));
}

EXPORTED int unlink(const char *path)
{
    NAMED_CALL(path, syscall(SYS_unlink, path), note_name(DISK_UNLINK, path));
}

EXPORTED int rmdir(const char *path)
{
    NAMED_CALL(path, syscall(SYS_rmdir, path), note_name(DISK_RMDIR, path));
}

/* Nothing here waits for a real disk. */
static long open_file(const char *path, int flags, mode_t mode)
{
    const bool is_through = is_watched(path) && (flags & O_DSYNC) == O_DSYNC;
    const long fd = syscall(SYS_openat, AT_FDCWD, path, is_through ? flags & ~O_DSYNC : flags, mode);
    if (fd >= 0 && fd < FDS)
        disk.is_through[fd] = is_through;
    return fd;
}

EXPORTED int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    if ((flags & O_CREAT) == 0 || syscall(SYS_access, path, F_OK) == 0)
        return (int)open_file(path, flags, mode);
    NAMED_CALL(path, open_file(path, flags, mode), note_create(path, (int)done));
}

EXPORTED int mkostemp(char *path, int flags)
{
    union {
        void *found;
        int (*call)(char *path, int flags);
    } libc = {.found = dlsym(RTLD_NEXT, "mkostemp")};
    NAMED_CALL(path, libc.call(path, flags), note_create(path, (int)done));
}

/* The same for a call on a descriptor; its path is `path`. */
#define OPEN_CALL(type, fd, call, note)                                                            \
    do {                                                                                           \
        char path[PATH_MAX];                                                                       \
        if (!is_watched_fd(fd, path))                                                              \
            return (type)(call);                                                                   \
        const enum turn turn = begun();                                                            \
        const long done = turn == FAIL ? -1 : (call);                                              \
        if (done >= 0)                                                                             \
            note;                                                                                  \
        return (type)ended(turn, done);                                                            \
    } while (0)

EXPORTED ssize_t write(int fd, const void *data, size_t n)
{
    OPEN_CALL(ssize_t, fd, syscall(SYS_write, fd, data, n),
              note_write(fd, bytes_of(data, (size_t)done), lseek(fd, 0, SEEK_CUR) - (off_t)done));
}

EXPORTED ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
    OPEN_CALL(ssize_t, fd, syscall(SYS_pwrite64, fd, data, n, at),
              note_write(fd, bytes_of(data, (size_t)done), at));
}

EXPORTED ssize_t writev(int fd, const struct iovec *parts, int count)
{
    OPEN_CALL(ssize_t, fd, syscall(SYS_writev, fd, parts, count), note_writev(fd, parts, count, (size_t)done));
}

EXPORTED int ftruncate(int fd, off_t size)
{
    OPEN_CALL(int, fd, syscall(SYS_ftruncate, fd, size), note_cut(fd, size));
}

EXPORTED int fsync(int fd)
{
    char watched[PATH_MAX];
    OPEN_CALL(int, fd, is_watched_fd(fd, watched) ? 0 : syscall(SYS_fsync, fd), note_sync(fd, path));
}

EXPORTED int fdatasync(int fd)
{
    char watched[PATH_MAX];
    OPEN_CALL(int, fd, is_watched_fd(fd, watched) ? 0 : syscall(SYS_fdatasync, fd), note_sync(fd, path));
}
