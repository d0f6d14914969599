/* The power goes while an agency mirrors the broker's log. A mirror that grows page by page is recorded call by call: pages and
 * heads of many sizes, another start between, entries that are not of the head, and a disk of which each call fails once. Then
 * the disk is set to what a loss at each sync may leave, and to so many seeded mixtures of what was not synced. As much as was
 * said to be mirrored is there: a checkpoint that came, byte for byte, and under it each tile as the log itself has it; and
 * the mirror goes on.
 * usage: test_agent_mirror_power_loss [STEP MIXTURES]    STEP: of so many syncs one is tried. SLUIS_TEST_SEED repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/mirror/copy.h"
#include "pki/digest.h"
#include "proto/host/tiles.h"
#include "proto/log/checkpoint.h"
#include "tests/support/power_loss.h"
#include "tests/unit/host/host_tmp.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define PREFIX "/tmp/sluis-host-"
#define MOST 4096u
#define GOES_ON 500u /* entries that come after a loss */
#define PAGE 13u

static struct power_loss losses = {.step = 41, .mixtures = 30};
static struct host_tmp tmp;
static char mirror[128];
static struct mirror_copy *copy;
static bool is_recorded;

/* ---- the log ---- */

static struct digest entries[MOST];
static struct digest leaves[MOST];
static struct digest tops[MOST / TILE_WIDTH]; /* of each full tile */

static void make_log(void)
{
    for (uint32_t i = 0; i < MOST; i++) {
        const struct bytes text = BYTES_OF_ARRAY(((const uint8_t[3]){(uint8_t)i, (uint8_t)(i >> 8), 7}));
        OK(digest_sha256(&text, 1, &entries[i]));
        OK(merkle_leaf(digest_sha256, digest_bytes(&entries[i]), &leaves[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(tops); i++)
        OK(merkle_root(digest_sha256, entries + i * TILE_WIDTH, TILE_WIDTH, &tops[i]));
}

static void put_tile(const struct tile_id *id, struct buf *out)
{
    const struct digest *of = id->kind == TILE_ENTRIES ? entries : id->level == 0 ? leaves : tops;
    assert_in_range(id->level, 0, 1);
    for (uint64_t i = id->index * TILE_WIDTH; i < id->index * TILE_WIDTH + id->width; i++) {
        if (id->kind == TILE_ENTRIES)
            bundle_put(out, digest_bytes(&of[i]));
        else
            buf_put(out, digest_bytes(&of[i]));
    }
    OK(buf_err(out));
}

static void put_note(uint64_t size, struct mirror_head *head, struct buf *out)
{
    assert_in_range(size, 0, MOST);
    *head = (struct mirror_head){.size = size};
    OK(merkle_root(digest_sha256, entries, size, &head->root));
    const struct checkpoint c = {.origin = bytes_str("log"), .size = size, .root = head->root};
    checkpoint_write(&c, out);
    buf_put_str(out, "\n\xe2\x80\x94 log AAAAAGFiYw==\n"); /* whose signature is the caller's business */
    OK(buf_err(out));
    head->note = buf_bytes(out);
}

/* ---- what is recorded ---- */

static void open_copy(void)
{
    struct errmsg why = {""};
    if (mirror_copy_open(mirror, &copy, &why) != ERR_OK)
        fail_msg("%s: the mirror does not open: %s", losses.when, why.text);
    mirror_copy_keep_free(copy, 0);
}

static void close_copy(void)
{
    mirror_copy_free(copy);
    copy = NULL;
}

static enum err add(uint64_t from, uint64_t to)
{
    assert_in_range(to, from, MOST);
    return mirror_copy_add(copy, bytes_of(entries + from, (size_t)(to - from) * sizeof *entries), NULL);
}

/* What stands is what is said. */
static void say(void)
{
    if (is_recorded)
        disk_mark(mirror_copy_size(copy));
}

static enum err settle(uint64_t size)
{
    CLEANUP(buf_free) struct buf note = buf_new(1024);
    struct mirror_head head;
    put_note(size, &head, &note);
    const enum err bad = mirror_copy_settle(copy, &head, NULL);
    say();
    return bad;
}

static void grow(uint64_t to)
{
    OK(add(mirror_copy_next(copy), to));
}

static void start_again(void)
{
    close_copy();
    open_copy();
    say();
}

static void record_pages(void)
{
    static const uint32_t sizes[] = {1, 2, 15, 200, 256, 257, 300, 511, 640, 1024, 1100};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        grow(sizes[i]);
        if (i % 3 == 1)
            continue; /* the next page first */
        OK(settle(sizes[i]));
        if (i % 4 == 2)
            start_again();
    }
}

/* Full and partial tiles come, are none of the head, and come again as they should be. */
static void record_others(void)
{
    const uint64_t size = mirror_copy_next(copy);
    OK(add(0, 700));
    assert_int_equal(settle(size + 700), ERR_MISMATCH);
    grow(size + 400);
    start_again(); /* no checkpoint counts them: they come again */
    grow(size + 800);
    OK(settle(size + 800));
}

struct fault {
    enum disk_fault how;
    bool is_end; /* of the process: another start follows */
};

static enum err add_to(uint64_t to)
{
    return add(mirror_copy_next(copy), to);
}

/* The nth call fails. Then what is left of it is done once more. */
static bool fail_once(unsigned n, const struct fault *f, enum err (*act)(uint64_t to), uint64_t to)
{
    disk_fail(n, f->how);
    const bool failed = act(to) != ERR_OK;
    disk_fail(0, DISK_REFUSES);
    if (failed && f->is_end)
        start_again();
    if (mirror_copy_next(copy) < to)
        grow(to);
    if (failed && mirror_copy_size(copy) < to)
        OK(settle(to));
    return failed;
}

/* Each call of a page, and of a head that takes its place. */
static void record_faults(const struct fault *f)
{
    bool failed = true;
    for (unsigned n = 1; failed; n++) {
        const uint64_t to = mirror_copy_size(copy) + PAGE;
        failed = fail_once(n, f, add_to, to);
    }
    failed = true;
    for (unsigned n = 1; failed; n++) {
        const uint64_t to = mirror_copy_next(copy) + PAGE;
        grow(to);
        failed = fail_once(n, f, settle, to);
    }
}

static void record(void)
{
    static const struct fault faults[] = {{DISK_REFUSES, false}, {DISK_REFUSES, true}, {DISK_LIES, false}, {DISK_LIES, true}};
    disk_watch(PREFIX, &losses.tape);
    is_recorded = true;
    host_tmp_make(&tmp);
    snprintf(mirror, sizeof mirror, "%s/mirror", tmp.dir);
    open_copy();
    record_pages();
    record_others();
    for (size_t i = 0; i < ARRAY_LEN(faults); i++)
        record_faults(&faults[i]);
    close_copy();
    is_recorded = false;
    disk_watch(PREFIX, NULL);
}

/* ---- what must hold ---- */

static void check_tile(struct tiles *files, const struct tile_id *id)
{
    CLEANUP(buf_free) struct buf want = buf_new((size_t)1 << 16);
    CLEANUP(buf_free) struct buf have = buf_new((size_t)1 << 16);
    put_tile(id, &want);
    if (tiles_read(files, id, &have) != ERR_OK || !bytes_equal(buf_bytes(&want), buf_bytes(&have)))
        fail_msg("%s: tile %llu of level %u is not on the disk as the log has it", losses.when, (unsigned long long)id->index,
                 id->level);
}

static void check_files(uint64_t size)
{
    CLEANUP(cleanup_tiles_free) struct tiles *files = NULL;
    CLEANUP(buf_free) struct buf want = buf_new(1024);
    CLEANUP(buf_free) struct buf have = buf_new(1024);
    struct mirror_head head;
    OK(tiles_open(mirror, &files, NULL));
    if (size == 0)
        return;
    put_note(size, &head, &want);
    if (tiles_checkpoint(files, &have, NULL) != ERR_OK || !bytes_equal(buf_bytes(&want), buf_bytes(&have)))
        fail_msg("%s: the checkpoint is not the one of size %llu", losses.when, (unsigned long long)size);
    for (unsigned level = 0; level < tile_levels(size); level++)
        for (uint64_t i = 0; tile_width(level, i, size) > 0; i++) {
            struct tile_id id = {TILE_HASHES, level, i, tile_width(level, i, size)};
            check_tile(files, &id);
            id.kind = TILE_ENTRIES;
            if (level == 0)
                check_tile(files, &id);
        }
}

/* What came last, or as much as was said before: what a loss leaves was a checkpoint that stood. */
static void check_size(size_t at)
{
    const uint64_t said = power_loss_mark_before(&losses, at);
    const uint64_t size = mirror_copy_size(copy);
    CLEANUP(buf_free) struct buf note = buf_new(1024);
    bool is_known = size == 0;
    if (size > 0)
        OK(mirror_copy_note(copy, &note, NULL));
    for (size_t i = 0; i < losses.head_count && losses.heads[i].at < at; i++)
        is_known = is_known || bytes_equal(buf_bytes(&losses.heads[i].note), buf_bytes(&note));
    if (size < said || !is_known)
        fail_msg("%s: %llu entries were said to be mirrored, and %llu are", losses.when, (unsigned long long)said,
                 (unsigned long long)size);
}

static void try_loss(const struct disk_crash *c)
{
    disk_crash_write(c, tmp.dir);
    open_copy();
    check_size(c->at);
    check_files(mirror_copy_size(copy));
    const uint64_t to = mirror_copy_size(copy) + GOES_ON;
    grow(to);
    OK(settle(to));
    start_again();
    check_files(to);
    close_copy();
}

/* ---- where it is lost ---- */

static void a_loss_at_every_sync_takes_nothing_from_the_mirror(void **state)
{
    (void)state;
    power_loss_at_syncs(&losses);
}

static void a_loss_with_any_mixture_takes_nothing_from_the_mirror(void **state)
{
    (void)state;
    power_loss_mixtures(&losses);
}

static int set_up(void **state)
{
    (void)state;
    losses.try_loss = try_loss;
    power_loss_seed(&losses);
    make_log();
    record();
    power_loss_read(&losses, mirror, mirror);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_copy();
    disk_watch(NULL, NULL);
    host_tmp_remove(&tmp);
    power_loss_free(&losses);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        losses.step = (unsigned)strtoul(argv[1], NULL, 10);
        losses.mixtures = (unsigned)strtoul(argv[2], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_at_every_sync_takes_nothing_from_the_mirror),
        cmocka_unit_test(a_loss_with_any_mixture_takes_nothing_from_the_mirror),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
