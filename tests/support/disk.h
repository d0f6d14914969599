/* The disk under a test. What this process asks of files below one folder (new names, writes, syncs) is counted, made to
 * fail, and recorded. The program that links this has the functions of libc replaced that do so: no part of the product
 * knows. Threads may ask; watching begins and ends where none does. */
#ifndef SLUIS_TESTS_DISK_H
#define SLUIS_TESTS_DISK_H

#include <stdbool.h>

#include "proto/base/buf.h"

enum disk_kind {
    DISK_CREATE = 1, /* a new file under a name */
    DISK_WRITE,
    DISK_CUT, /* a file gets another size */
    DISK_SYNC,
    DISK_RENAME,
    DISK_UNLINK,
    DISK_MKDIR,
    DISK_RMDIR,
    DISK_MARK, /* not asked of the disk: the test was here */
};

/* Names and files are numbers, from 1. */
struct disk_op {
    enum disk_kind kind;
    unsigned name; /* CREATE, RENAME, UNLINK, MKDIR, RMDIR; SYNC of a folder */
    unsigned to;   /* RENAME */
    unsigned file; /* CREATE, WRITE, CUT; SYNC of a file */
    uint64_t offset; /* WRITE; CUT: the size; MARK: the test's number */
    struct buf data; /* WRITE */
    bool is_through; /* WRITE: returns only when it is on the disk (O_DSYNC) */
};

#define DISK_NAMES_MAX 4096u
#define DISK_OPS_MAX 20000u

struct disk_tape {
    struct disk_op ops[DISK_OPS_MAX];
    size_t count;
    char *names[DISK_NAMES_MAX]; /* absolute */
    unsigned folder[DISK_NAMES_MAX]; /* the name of its folder; 0: the folder of all */
    unsigned name_count;
    unsigned file_count;
    uint64_t inode[DISK_NAMES_MAX]; /* of each file, now or when it was there last */
};

/* From now on, below folders that begin with prefix (a copy is kept). tape NULL: not recorded. prefix NULL: no more.
 * Files whose name ends in lock.mdb are left out: they hold nothing over a crash. */
void disk_watch(const char *prefix, struct disk_tape *tape);
void disk_mark(uint64_t number);
void disk_tape_clear(struct disk_tape *t);

/* The nth call from now fails once with EIO (0: none does): it does nothing, or does what it was asked all the same. */
enum disk_fault { DISK_REFUSES = 1, DISK_LIES };
void disk_fail(unsigned nth, enum disk_fault how);
/* Calls since then. */
unsigned disk_calls(void);

/* What a crash may leave. The last op before `at` was under way, those before it had returned. What no sync covers is on
 * the disk or not: none of it, all of it, or what the seed says (writes whole, torn at a sector, or missing, in any
 * order; names of one folder in their order). */
enum disk_unsynced { DISK_NONE = 1, DISK_ALL, DISK_SOME };
struct disk_crash {
    const struct disk_tape *tape;
    size_t at; /* ops */
    enum disk_unsynced unsynced;
    uint64_t seed;
};
/* Replaces all below root, which must exist, by that. Ends the program where it cannot. */
void disk_crash_write(const struct disk_crash *c, const char *root);

#endif
