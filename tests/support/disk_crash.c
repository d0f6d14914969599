/* From a tape of what was asked of a disk to what it may hold after the power went. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/disk.h"

#define SECTOR 512u

/* What is on the disk, as the ops are gone through. Index 0 is nobody's. */
struct image {
    bool kept[DISK_OPS_MAX];             /* the op is on the disk */
    size_t kept_bytes[DISK_OPS_MAX];     /* of a write */
    unsigned at_name[DISK_NAMES_MAX];    /* the file under a name; 0: none */
    bool is_folder[DISK_NAMES_MAX];
    struct buf content[DISK_NAMES_MAX];  /* of a file */
    bool names_end[DISK_NAMES_MAX];      /* of this folder nothing later is on the disk */
};

static void end(const char *what, const char *path)
{
    fprintf(stderr, "disk: %s: %s\n", what, path);
    abort();
}

/* splitmix64 */
static uint64_t next(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static bool is_of_file(const struct disk_op *op)
{
    return op->kind == DISK_WRITE || op->kind == DISK_CUT;
}

static bool is_of_name(const struct disk_op *op)
{
    return op->kind != DISK_SYNC && op->kind != DISK_MARK && !is_of_file(op);
}

/* Backwards: what a sync that had returned covers is on the disk. */
static void keep_synced(const struct disk_crash *c, struct image *im)
{
    const struct disk_tape *t = c->tape;
    bool file_synced[DISK_NAMES_MAX] = {false};
    bool folder_synced[DISK_NAMES_MAX] = {false};
    for (size_t i = c->at; i-- > 0;) {
        const struct disk_op *op = &t->ops[i];
        const bool has_returned = i + 1 < c->at;
        if (op->kind == DISK_SYNC && has_returned && op->file != 0)
            file_synced[op->file] = true;
        else if (op->kind == DISK_SYNC && has_returned)
            folder_synced[op->name] = true;
        else if (is_of_file(op))
            im->kept[i] = file_synced[op->file] || (op->is_through && has_returned);
        else if (is_of_name(op))
            im->kept[i] = t->folder[op->name] == 0 || folder_synced[t->folder[op->name]];
        im->kept_bytes[i] = im->kept[i] ? op->data.len : 0;
    }
}

static void choose_write(const struct disk_op *op, uint64_t *seed, struct image *im, size_t i)
{
    const uint64_t dice = next(seed);
    im->kept[i] = dice % 3 != 0;
    im->kept_bytes[i] = op->data.len;
    if (dice % 3 == 1 && op->data.len > SECTOR)
        im->kept_bytes[i] = (dice >> 8) % (op->data.len / SECTOR) * SECTOR;
}

/* What no sync covers. */
static void choose(const struct disk_crash *c, struct image *im)
{
    uint64_t seed = c->seed;
    for (size_t i = 0; i < c->at; i++) {
        const struct disk_op *op = &c->tape->ops[i];
        if (im->kept[i] || op->kind == DISK_SYNC || op->kind == DISK_MARK || c->unsynced == DISK_NONE)
            continue;
        im->kept[i] = c->unsynced == DISK_ALL;
        im->kept_bytes[i] = op->data.len;
        if (c->unsynced != DISK_SOME)
            continue;
        bool *names_end = &im->names_end[c->tape->folder[op->name]];
        if (is_of_file(op)) {
            choose_write(op, &seed, im, i);
        } else {
            *names_end = *names_end || next(&seed) % 4 == 0;
            im->kept[i] = !*names_end;
        }
    }
}

static void put_at(struct buf *b, uint64_t offset, struct bytes data)
{
    while (b->len < offset + data.len)
        buf_put_u8(b, 0);
    if (data.len > 0)
        memcpy(b->ptr + offset, data.ptr, data.len);
}

static void apply(const struct disk_op *op, size_t bytes, struct image *im)
{
    if (op->kind == DISK_CREATE) {
        im->at_name[op->name] = op->file;
    } else if (op->kind == DISK_RENAME && im->at_name[op->name] != 0) {
        im->at_name[op->to] = im->at_name[op->name];
        im->at_name[op->name] = 0;
    } else if (op->kind == DISK_UNLINK) {
        im->at_name[op->name] = 0;
    } else if (op->kind == DISK_MKDIR) {
        im->is_folder[op->name] = true;
    } else if (op->kind == DISK_RMDIR) {
        im->is_folder[op->name] = false;
    } else if (op->kind == DISK_WRITE) {
        put_at(&im->content[op->file], op->offset, bytes_of(op->data.ptr, bytes));
    } else if (op->kind == DISK_CUT && im->content[op->file].len > op->offset) {
        im->content[op->file].len = op->offset;
    }
}

static const char *root_of_sweep;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return strcmp(path, root_of_sweep) == 0 ? 0 : remove(path);
}

static void write_file(const char *path, struct bytes data)
{
    const int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, data.ptr, data.len) != (ssize_t)data.len || close(fd) != 0)
        end("cannot be written", path);
}

/* A name whose folder is not on the disk is not there either. */
static void put_on_disk(const struct disk_tape *t, const struct image *im)
{
    bool is_there[DISK_NAMES_MAX] = {false};
    for (unsigned n = 1; n <= t->name_count; n++) {
        const unsigned folder = t->folder[n];
        is_there[n] = folder == 0;
        if (folder == 0 || !is_there[folder])
            continue;
        if (im->is_folder[n] && mkdir(t->names[n], 0700) != 0)
            end("cannot be made", t->names[n]);
        is_there[n] = im->is_folder[n];
        if (im->at_name[n] != 0)
            write_file(t->names[n], buf_bytes(&im->content[im->at_name[n]]));
    }
}

void disk_crash_write(const struct disk_crash *c, const char *root)
{
    struct image *im = calloc(1, sizeof *im);
    if (im == NULL)
        end("no memory", root);
    for (unsigned i = 1; i <= c->tape->file_count; i++)
        im->content[i] = buf_new((size_t)1 << 28);
    keep_synced(c, im);
    choose(c, im);
    for (size_t i = 0; i < c->at; i++)
        if (im->kept[i])
            apply(&c->tape->ops[i], im->kept_bytes[i], im);
    root_of_sweep = root;
    if (nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        end("cannot be swept", root);
    put_on_disk(c->tape, im);
    for (unsigned i = 1; i <= c->tape->file_count; i++)
        buf_free(&im->content[i]);
    free(im);
}
