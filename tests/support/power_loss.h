/* Losses of power on a tape of the disk (tests/support/disk.h): where they are tried, which checkpoints of a log could be
 * seen by then, and whether a log is whole in its files. Failures end the test. */
#ifndef SLUIS_TESTS_POWER_LOSS_H
#define SLUIS_TESTS_POWER_LOSS_H

#include "pki/logbook/log_rows.h"
#include "proto/host/kv.h"
#include "tests/support/disk.h"

#define POWER_LOSS_HEADS_MAX 128u

/* A checkpoint, from when it could be seen. */
struct power_loss_head {
    size_t at;
    struct buf note;
};

struct power_loss {
    struct disk_tape tape;
    uint64_t seed;
    unsigned step;     /* of so many syncs one is tried */
    unsigned mixtures; /* so many are tried of what was not synced */
    size_t made;       /* from this op on the store is there. Before it nothing is in it, and a torn one does not open */
    struct power_loss_head heads[POWER_LOSS_HEADS_MAX];
    size_t head_count;
    char when[128];    /* of the loss that is tried */
    void (*try_loss)(const struct disk_crash *c);
};

/* SLUIS_TEST_SEED, or the time; printed. */
void power_loss_seed(struct power_loss *p);
/* After the recording: when the store in that folder was made, and every checkpoint of the log in the other. */
void power_loss_read(struct power_loss *p, const char *store_dir, const char *log_dir);
void power_loss_free(struct power_loss *p);

/* try_loss for a loss at the syncs, and with mixtures of what was not synced. */
void power_loss_at_syncs(struct power_loss *p);
void power_loss_mixtures(struct power_loss *p);

/* The number of the last mark before an op; 0: none. */
uint64_t power_loss_mark_before(const struct power_loss *p, size_t at);

/* A log, and the folder that shows it. */
struct power_loss_log {
    struct kv *kv;
    const struct log_tables *tables;
    const char *origin;
    const char *dir;
};
/* The checkpoint on disk is that of the head, and each tile under it is there as the store has it. Returns the size. */
uint64_t power_loss_check_files(const struct power_loss *p, const struct power_loss_log *log);

#endif
