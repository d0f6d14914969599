/* The power goes, which is more than that a process is killed: what no sync covered is on the disk or is not, in any order.
 * A run of the broker is recorded call by call, store, tiles and checkpoint alike; then the disk is set to what a loss at
 * each sync may leave, and to so many seeded mixtures of what was not synced, and the broker is started on it. What was
 * answered before is there, effects and entries agree, the log is whole on disk and contains every checkpoint that anybody
 * could have seen, and it goes on.
 * usage: test_broker_power_loss [STEP MIXTURES]    STEP: of so many syncs one is tried. SLUIS_TEST_SEED repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "broker/publisher.h"
#include "broker/store/store.h"
#include "proto/host/tiles.h"
#include "proto/log/checkpoint.h"
#include "tests/support/disk.h"
#include "tests/unit/broker/story_bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define PREFIX "/tmp/sluis-host-"
#define ROUNDS 14
#define HEADS_MAX 128

/* A checkpoint, from when it could be seen. */
struct seen {
    size_t at;
    struct buf note;
};

static struct story story;
static struct disk_tape tape;
static struct seen heads[HEADS_MAX];
static size_t head_count;
static size_t made; /* from this op on the store is there. Before it nothing is in it, and a torn one does not open */
static unsigned step = 23;
static unsigned mixtures = 60;
static uint64_t seed;
static char when[128];

/* ---- what is recorded ---- */

static void mark(size_t answer)
{
    disk_mark(answer);
}

static void record(void)
{
    disk_watch(PREFIX, &tape);
    story_open(&story);
    story.on_answer = mark;
    for (unsigned i = 0; i < ROUNDS; i++) {
        publisher_tick(story.ab.bench.broker.publisher); /* and what comes now comes in the middle of it */
        if (i % 5 == 0)
            assert_true(story_run(&story));
        story_publish(&story);
    }
    story_stop(&story);
    disk_watch(PREFIX, NULL);
    story.on_answer = NULL;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text);
    return n >= strlen(end) && strcmp(text + n - strlen(end), end) == 0;
}

/* What was written to the file that had this name before op `at`. */
static void put_content(unsigned name, size_t at, struct buf *out)
{
    size_t first = at;
    while (tape.ops[first].kind != DISK_CREATE || tape.ops[first].name != name)
        first--;
    for (size_t i = first; i < at; i++)
        if (tape.ops[i].kind == DISK_WRITE && tape.ops[i].file == tape.ops[first].file)
            buf_put(out, buf_bytes(&tape.ops[i].data));
}

/* The first sync of the store's file after that of its name. */
static void find_made(void)
{
    bool is_named = false;
    for (size_t i = 0; i < tape.count && made == 0; i++) {
        const struct disk_op *op = &tape.ops[i];
        if (op->kind == DISK_SYNC && op->file == 0 && ends_with(tape.names[op->name], "/store"))
            is_named = true;
        else if (op->kind == DISK_SYNC && op->file != 0 && is_named)
            made = i + 2;
    }
    assert_in_range(made, 1, tape.count);
}

static void find_heads(void)
{
    for (size_t i = 0; i < tape.count; i++) {
        if (tape.ops[i].kind != DISK_RENAME || !ends_with(tape.names[tape.ops[i].to], "/checkpoint"))
            continue;
        assert_in_range(head_count, 0, HEADS_MAX - 1);
        struct seen *h = &heads[head_count++];
        *h = (struct seen){i, buf_new(65536)};
        put_content(tape.ops[i].name, i, &h->note);
        assert_in_range(h->note.len, 60, 65536);
    }
}

/* ---- what must hold ---- */

static struct log_head head_now(void)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_head h;
    OK(kv_read_begin(story.ab.bench.broker.kv, &txn));
    OK(log_get_head(&story.ab.bench.broker.store->log, txn, &h));
    return h;
}

static void check_tile(struct tiles *files, const struct tile_source *rows, const struct tile_id *id)
{
    CLEANUP(buf_free) struct buf on_disk = buf_new(65536);
    CLEANUP(buf_free) struct buf in_store = buf_new(65536);
    OK(rows->read(rows->ctx, id, &in_store));
    if (tiles_read(files, id, &on_disk) != ERR_OK || !bytes_equal(buf_bytes(&on_disk), buf_bytes(&in_store)))
        fail_msg("%s: tile %llu of level %u is not on the disk as the store has it", when, (unsigned long long)id->index,
                 id->level);
}

static void check_tiles(struct tiles *files, uint64_t size)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    OK(kv_read_begin(story.ab.bench.broker.kv, &txn));
    struct log_tiles rows = {.tables = &story.ab.bench.broker.store->log, .txn = txn};
    const struct tile_source source = log_tile_source(&rows);
    for (unsigned level = 0; level < tile_levels(size); level++)
        for (uint64_t i = 0; i * TILE_WIDTH < tile_hashes(level, size); i++) {
            struct tile_id id = {TILE_HASHES, level, i, tile_width(level, i, size)};
            check_tile(files, &source, &id);
            id.kind = TILE_ENTRIES;
            if (level == 0)
                check_tile(files, &source, &id);
        }
}

/* The checkpoint on disk is the head's, and every tile under it is there. */
static void check_files(void)
{
    CLEANUP(cleanup_tiles_free) struct tiles *files = NULL;
    CLEANUP(buf_free) struct buf note = buf_new(65536);
    CLEANUP(buf_free) struct buf want = buf_new(4096);
    struct errmsg why = {""};
    const struct log_head head = head_now();
    if (head.size == 0)
        return;
    const struct checkpoint c = {bytes_str(story.ab.bench.config.origin), head.size, head.root, {NULL, 0}};
    checkpoint_write(&c, &want);
    OK(tiles_open(story.ab.bench.config.tiles, &files, &why));
    if (tiles_checkpoint(files, &note, &why) != ERR_OK || note.len < want.len || memcmp(note.ptr, want.ptr, want.len) != 0)
        fail_msg("%s: the checkpoint is not that of the head", when);
    check_tiles(files, head.size);
}

static void check_heads(size_t at)
{
    struct publisher *p = story.ab.bench.broker.publisher;
    for (size_t i = 0; i < head_count && heads[i].at < at; i++)
        if (publisher_contains(p, buf_bytes(&heads[i].note)) != ERR_OK)
            fail_msg("%s: the log does not contain checkpoint %zu, which could be seen: it forked", when, i + 1);
    if ((story.ab.bench.broker.closed & (1u << GATE_FORKED)) != 0)
        fail_msg("%s: the broker finds that its log forked", when);
}

static size_t answers_before(size_t at)
{
    size_t n = 0;
    for (size_t i = 0; i < at; i++)
        if (tape.ops[i].kind == DISK_MARK)
            n = (size_t)tape.ops[i].offset;
    return n;
}

static void try_crash(const struct disk_crash *c)
{
    static const char *const words[] = {"", "nothing", "all", "some"};
    snprintf(when, sizeof when, "loss at op %zu of %zu, %s unsynced on disk, seed %llu", c->at, tape.count, words[c->unsynced],
             (unsigned long long)c->seed);
    disk_crash_write(c, story.ab.bench.tmp.dir);
    story_start(&story);
    story_check(&story, answers_before(c->at), when);
    check_heads(c->at);
    check_files();
    const uint64_t before = head_now().size;
    story_publish(&story);
    if (head_now().size <= before)
        fail_msg("%s: the log does not go on", when);
    check_heads(c->at);
    check_files();
    story_stop(&story);
}

/* ---- where it is lost ---- */

static void a_loss_at_every_sync_loses_nothing_that_was_answered(void **state)
{
    (void)state;
    unsigned tried = 0;
    unsigned syncs = 0;
    for (size_t i = 0; i < tape.count; i++) {
        if (tape.ops[i].kind != DISK_SYNC && !tape.ops[i].is_through)
            continue;
        if (syncs++ % step != seed % step)
            continue;
        const struct disk_crash c = {&tape, i + 1, tried % 4 == 3 ? DISK_ALL : DISK_NONE, 0};
        try_crash(&c);
        tried++;
    }
    print_message("%zu calls on the disk, %u syncs, %zu checkpoints: %u losses at a sync\n", tape.count, syncs, head_count,
                  tried);
}

static void a_loss_with_any_mixture_loses_nothing_that_was_answered(void **state)
{
    (void)state;
    uint64_t dice = seed;
    for (unsigned i = 0; i < mixtures; i++) {
        dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const struct disk_crash c = {&tape, made + (size_t)(dice >> 33) % (tape.count - made + 1), DISK_SOME, dice};
        try_crash(&c);
    }
    print_message("%u mixtures of what was not synced\n", mixtures);
}

static int set_up(void **state)
{
    (void)state;
    const char *given = getenv("SLUIS_TEST_SEED");
    seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    record();
    find_made();
    find_heads();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    story_start(&story);
    story_close(&story);
    disk_watch(NULL, NULL);
    for (size_t i = 0; i < head_count; i++)
        buf_free(&heads[i].note);
    disk_tape_clear(&tape);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        step = (unsigned)strtoul(argv[1], NULL, 10);
        mixtures = (unsigned)strtoul(argv[2], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_at_every_sync_loses_nothing_that_was_answered),
        cmocka_unit_test(a_loss_with_any_mixture_loses_nothing_that_was_answered),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
