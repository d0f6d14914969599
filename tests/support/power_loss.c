#include "tests/support/power_loss.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "proto/host/tiles.h"
#include "proto/log/checkpoint.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

/* ---- what was recorded ---- */

void power_loss_seed(struct power_loss *p)
{
    const char *given = getenv("SLUIS_TEST_SEED");
    p->seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)p->seed);
}

static bool is_checkpoint(const char *name, const char *log_dir)
{
    const size_t n = strlen(log_dir);
    return strncmp(name, log_dir, n) == 0 && strcmp(name + n, "/checkpoint") == 0;
}

/* What was written to the file that had this name before op `at`. */
static void put_content(const struct disk_tape *t, unsigned name, size_t at, struct buf *out)
{
    size_t first = at;
    while (t->ops[first].kind != DISK_CREATE || t->ops[first].name != name)
        first--;
    for (size_t i = first; i < at; i++)
        if (t->ops[i].kind == DISK_WRITE && t->ops[i].file == t->ops[first].file)
            buf_put(out, buf_bytes(&t->ops[i].data));
}

/* The first sync of the store's file after that of its name. */
static void find_made(struct power_loss *p, const char *store_dir)
{
    bool is_named = false;
    for (size_t i = 0; i < p->tape.count && p->made == 0; i++) {
        const struct disk_op *op = &p->tape.ops[i];
        if (op->kind == DISK_SYNC && op->file == 0 && strcmp(p->tape.names[op->name], store_dir) == 0)
            is_named = true;
        else if (op->kind == DISK_SYNC && op->file != 0 && is_named)
            p->made = i + 2;
    }
    assert_in_range(p->made, 1, p->tape.count);
}

void power_loss_read(struct power_loss *p, const char *store_dir, const char *log_dir)
{
    const struct disk_tape *t = &p->tape;
    find_made(p, store_dir);
    for (size_t i = 0; i < t->count; i++) {
        if (t->ops[i].kind != DISK_RENAME || !is_checkpoint(t->names[t->ops[i].to], log_dir))
            continue;
        assert_in_range(p->head_count, 0, POWER_LOSS_HEADS_MAX - 1);
        struct power_loss_head *h = &p->heads[p->head_count++];
        *h = (struct power_loss_head){i, buf_new(65536)};
        put_content(t, t->ops[i].name, i, &h->note);
        assert_in_range(h->note.len, 60, 65536);
    }
}

void power_loss_free(struct power_loss *p)
{
    for (size_t i = 0; i < p->head_count; i++)
        buf_free(&p->heads[i].note);
    disk_tape_clear(&p->tape);
}

uint64_t power_loss_mark_before(const struct power_loss *p, size_t at)
{
    uint64_t n = 0;
    for (size_t i = 0; i < at; i++)
        if (p->tape.ops[i].kind == DISK_MARK)
            n = p->tape.ops[i].offset;
    return n;
}

/* ---- where it is lost ---- */

static void try_one(struct power_loss *p, const struct disk_crash *c)
{
    static const char *const words[] = {"", "nothing", "all", "some"};
    snprintf(p->when, sizeof p->when, "loss at op %zu of %zu, %s unsynced on disk, seed %llu", c->at, p->tape.count,
             words[c->unsynced], (unsigned long long)c->seed);
    p->try_loss(c);
}

void power_loss_at_syncs(struct power_loss *p)
{
    unsigned tried = 0;
    unsigned syncs = 0;
    for (size_t i = 0; i < p->tape.count; i++) {
        if (p->tape.ops[i].kind != DISK_SYNC && !p->tape.ops[i].is_through)
            continue;
        if (syncs++ % p->step != p->seed % p->step)
            continue;
        const struct disk_crash c = {&p->tape, i + 1, tried % 4 == 3 ? DISK_ALL : DISK_NONE, 0};
        try_one(p, &c);
        tried++;
    }
    print_message("%zu calls on the disk, %u syncs, %zu checkpoints: %u losses at a sync\n", p->tape.count, syncs,
                  p->head_count, tried);
}

void power_loss_mixtures(struct power_loss *p)
{
    uint64_t dice = p->seed;
    for (unsigned i = 0; i < p->mixtures; i++) {
        dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const struct disk_crash c = {&p->tape, p->made + (size_t)(dice >> 33) % (p->tape.count - p->made + 1), DISK_SOME, dice};
        try_one(p, &c);
    }
    print_message("%u mixtures of what was not synced\n", p->mixtures);
}

/* ---- what must hold of the files ---- */

struct looking {
    const struct power_loss *p;
    struct tiles *files;
    struct tile_source rows;
};

static void check_tile(const struct looking *l, const struct tile_id *id)
{
    CLEANUP(buf_free) struct buf on_disk = buf_new(65536);
    CLEANUP(buf_free) struct buf in_store = buf_new(65536);
    OK(l->rows.read(l->rows.ctx, id, &in_store));
    if (tiles_read(l->files, id, &on_disk) != ERR_OK || !bytes_equal(buf_bytes(&on_disk), buf_bytes(&in_store)))
        fail_msg("%s: tile %llu of level %u is not on the disk as the store has it", l->p->when,
                 (unsigned long long)id->index, id->level);
}

static void check_tiles(const struct looking *l, uint64_t size)
{
    for (unsigned level = 0; level < tile_levels(size); level++)
        for (uint64_t i = 0; i * TILE_WIDTH < tile_hashes(level, size); i++) {
            struct tile_id id = {TILE_HASHES, level, i, tile_width(level, i, size)};
            check_tile(l, &id);
            id.kind = TILE_ENTRIES;
            if (level == 0)
                check_tile(l, &id);
        }
}

static void check_checkpoint(const struct looking *l, const struct power_loss_log *log, const struct log_head *head)
{
    CLEANUP(buf_free) struct buf note = buf_new(65536);
    CLEANUP(buf_free) struct buf want = buf_new(4096);
    struct errmsg why = {""};
    const struct checkpoint c = {bytes_str(log->origin), head->size, head->root, {NULL, 0}};
    checkpoint_write(&c, &want);
    if (tiles_checkpoint(l->files, &note, &why) != ERR_OK || note.len < want.len || memcmp(note.ptr, want.ptr, want.len) != 0)
        fail_msg("%s: the checkpoint is not that of the head", l->p->when);
}

uint64_t power_loss_check_files(const struct power_loss *p, const struct power_loss_log *log)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_tiles_free) struct tiles *files = NULL;
    struct log_head head;
    struct errmsg why = {""};
    OK(kv_read_begin(log->kv, &txn));
    OK(log_get_head(log->tables, txn, &head));
    if (head.size == 0)
        return 0;
    OK(tiles_open(log->dir, &files, &why));
    struct log_tiles rows = {.tables = log->tables, .txn = txn};
    const struct looking l = {p, files, log_tile_source(&rows)};
    check_checkpoint(&l, log, &head);
    check_tiles(&l, head.size);
    return head.size;
}
