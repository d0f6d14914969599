/* broker/audit and broker/publisher: bodies that open, promises that hold, blocks, heads, tiles and
 * proofs; a stop between any two steps is taken up and never forks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "broker/audit.h"
#include "broker/keys.h"
#include "broker/mailboxes.h"
#include "broker/own_keys.h"
#include "broker/publisher.h"
#include "broker/store/store.h"
#include "pki/digest.h"
#include "pki/note.h"
#include "proto/host/file.h"
#include "proto/host/kv_fault.h"
#include "proto/host/tiles.h"
#include "proto/host/writer.h"
#include "proto/log/proof_file.h"
#include "tests/unit/broker/bench.h"

static struct bench bench;

static int setup(void **state)
{
    (void)state;
    bench_open(&bench, NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_close(&bench);
    return 0;
}

#define OK(expression) assert_int_equal((expression), ERR_OK)

static const struct message_id the_message = {{7, 1}};

/* An entry of an agency's message, as a turn writes it. */
struct append {
    struct turn_audit what;
    struct digest entry;
};

static enum err append_job(struct kv_txn *txn, void *arg)
{
    struct append *a = arg;
    return audit_append(bench.broker.audit, txn, &a->what, &bench.view.members[BENCH_ALFA].id,
                        &the_message, BENCH_NOW_S, &a->entry);
}

static struct digest append(enum audit_event event)
{
    struct append a = {.what = {.event = event, .peer = bench.view.members[BENCH_BRAVO].id}};
    OK(writer_run(bench.broker.writer, append_job, &a));
    return a.entry;
}

static struct log_head head_now(void)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_head h;
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(log_get_head(&bench.broker.store->log, txn, &h));
    return h;
}

/* The checkpoint on disk, judged by its signature alone. */
static struct checkpoint checkpoint_on_disk(struct arena *a)
{
    CLEANUP(cleanup_tiles_free) struct tiles *t = NULL;
    CLEANUP(buf_free) struct buf note = buf_new(65536);
    struct errmsg why = {""};
    struct note n;
    struct vkey key;
    struct checkpoint c;
    const struct note_signer signer = {bytes_str(bench.config.origin), bench.broker.keys->log.keys[0]};
    OK(tiles_open(bench.config.tiles, &t, &why));
    OK(tiles_checkpoint(t, &note, &why));
    OK(note_parse(arena_copy(a, buf_bytes(&note)), a, &n, &why));
    OK(note_vkey(&signer, VKEY_ED25519, &key));
    OK(note_verify(&n, &key));
    OK(checkpoint_parse(n.text, &c));
    return c;
}

/* The root of the tiles on disk, computed from the entries alone. */
static void check_tiles(const struct checkpoint *c)
{
    CLEANUP(cleanup_tiles_free) struct tiles *t = NULL;
    struct errmsg why = {""};
    struct digest root;
    OK(tiles_open(bench.config.tiles, &t, &why));
    const struct tile_source source = tiles_source(t);
    CLEANUP(cleanup_tile_nodes_free)
    struct tile_nodes *nodes = tile_nodes_new(digest_sha256, &source, c->size);
    const struct node_reader reader = tile_nodes_reader(nodes);
    OK(prove_root(digest_sha256, &reader, c->size, &root));
    assert_true(digest_equal(&root, &c->root));
}

static void a_body_opens_and_says_what_was_written(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(AUDIT_BODY_ARENA_BYTES);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
    struct audit_body body;
    struct errmsg why = {""};
    const struct digest entry = append(AUDIT_EVENT_REQUEST_ACCEPTED);
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(audit_open_body(bench.broker.audit, txn, &entry, &json));
    OK(audit_body_parse(buf_bytes(&json), a, &body, &why));
    assert_int_equal(body.event, AUDIT_EVENT_REQUEST_ACCEPTED);
    assert_string_equal(body.actor.oin, bench.view.members[BENCH_ALFA].id.oin);
    assert_string_equal(body.peer.oin, bench.view.members[BENCH_BRAVO].id.oin);
    assert_int_equal(body.ts, BENCH_NOW_S);
}

static void facts_of_a_decision_replay_from_the_body(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(AUDIT_BODY_ARENA_BYTES);
    static struct facts in;
    static struct facts out;
    in = (struct facts){0};
    out = (struct facts){0};
    in.deadline.v = BENCH_NOW_S + 60;
    in.deadline.by = PROVENANCE_JUDGED;
    OK(facts_add_identifiers(&in, IDENT_BSN, 3, 1));
    in.identifiers.by = PROVENANCE_JUDGED;
    in.norm_versions.by = PROVENANCE_JUDGED;
    struct append w = {.what = {.event = AUDIT_EVENT_REQUEST_REFUSED, .facts = &in, .count = 3}};
    OK(writer_run(bench.broker.writer, append_job, &w));
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
    struct audit_body body;
    struct errmsg why = {""};
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(audit_open_body(bench.broker.audit, txn, &w.entry, &json));
    OK(audit_body_parse(buf_bytes(&json), a, &body, &why));
    OK(audit_body_get_facts(&body, &out, &why));
    assert_int_equal(out.deadline.v, in.deadline.v);
    assert_int_equal(out.identifiers.v[IDENT_BSN], 3);
    assert_int_equal(out.norm_versions.v[IDENT_BSN], 1);
    assert_int_equal(body.count, 3);
}

static void a_block_is_padded_signed_and_on_disk(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    (void)append(AUDIT_EVENT_REQUEST_ACCEPTED);
    bench_publish(&bench);
    const struct checkpoint c = checkpoint_on_disk(a);
    assert_true(c.size >= 16 && c.size % 16 == 0);
    assert_int_equal(publisher_size(bench.broker.publisher), c.size);
    check_tiles(&c);
    assert_int_equal(bench_pending(&bench), 0);
}

static void a_block_comes_also_when_nothing_happened(void **state)
{
    (void)state;
    bench_publish(&bench);
    const uint64_t first = head_now().size;
    bench_publish(&bench);
    assert_true(head_now().size > first);
}

/* The mail that waits for an agency. */
static struct mail mail_of(enum bench_member m, struct arena *a)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct mail mail = {0};
    const struct mailbox_from from = {.to = &bench.view.members[m].id};
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(mailbox_collect(bench.broker.mailboxes, txn, &from, a, &mail));
    return mail;
}

static void the_sender_gets_a_proof_that_verifies(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    CLEANUP(buf_free) struct buf scratch = buf_new(4096);
    const struct digest entry = append(AUDIT_EVENT_REQUEST_ACCEPTED);
    bench_publish(&bench);
    const struct mail mail = mail_of(BENCH_ALFA, a);
    assert_int_equal(mail.item_count, 1);
    assert_int_equal(mail.items[0].kind, MAIL_PROOF);
    struct proof_file p;
    OK(proof_file_parse(mail.items[0].content, &scratch, &p));
    assert_int_equal(p.extra.len, sizeof entry.b + sizeof(struct message_id));
    assert_memory_equal(p.extra.ptr, entry.b, sizeof entry.b);
    assert_memory_equal(p.extra.ptr + sizeof entry.b, the_message.b, sizeof the_message.b);
    const struct checkpoint c = checkpoint_on_disk(a);
    const struct merkle_path path = merkle_path_of(p.index, c.size, &p.hashes);
    OK(merkle_path_verify(digest_sha256, &entry, &path, &c.root));
    assert_int_equal(mail_of(BENCH_BRAVO, a).item_count, 0); /* the peer is not owed one */
}

/* What a round does before it would stop: `steps` of sequence, files. */
static void every_stop_is_resumed_without_a_fork(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)8 << 20);
    (void)append(AUDIT_EVENT_REQUEST_ACCEPTED);
    for (unsigned nth = 1; nth < 400; nth += 7) {
        const struct log_head before = head_now();
        kv_fault_set(bench.broker.kv, nth, ERR_IO);
        bench_publish(&bench);
        kv_fault_set(bench.broker.kv, 0, ERR_OK);
        const struct log_head after = head_now();
        assert_true(after.size >= before.size);
        bench_restart(&bench);
        const struct log_head resumed = head_now();
        assert_int_equal(resumed.size, after.size); /* the head stands; only its files were due */
        assert_true(digest_equal(&resumed.root, &after.root));
        if (resumed.size == 0)
            continue;
        const struct checkpoint c = checkpoint_on_disk(a);
        assert_int_equal(c.size, resumed.size);
        assert_true(digest_equal(&c.root, &resumed.root));
        check_tiles(&c);
        arena_reset(a);
    }
    assert_int_equal(mail_of(BENCH_ALFA, a).item_count, 1); /* one proof, whatever happened */
}

static void lost_files_are_written_anew(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    struct errmsg why = {""};
    for (unsigned i = 0; i < 3; i++)
        bench_publish(&bench);
    char path[256];
    snprintf(path, sizeof path, "%s/checkpoint", bench.config.tiles);
    OK(file_remove(path, &why));
    bench_restart(&bench);
    const struct checkpoint c = checkpoint_on_disk(a);
    assert_int_equal(c.size, head_now().size);
    check_tiles(&c);
}

static void what_a_kill_left_half_written_goes(void **state)
{
    (void)state;
    char path[256];
    bench_publish(&bench);
    snprintf(path, sizeof path, "%s", host_tmp_path(&bench.tmp, "tiles/tile/0/000.tmp-a1B2c3"));
    OK(file_create(path, bytes_str("half"), 0600, NULL));
    bench_restart(&bench);
    assert_false(file_exists(path));
}

/* A partial tile of the folder, of that width; made, or looked for. */
static bool partial_tile(uint64_t width, bool makes)
{
    char path[640];
    struct errmsg why;
    snprintf(path, sizeof path, "%s/tile/0/000.p/%llu", bench.broker.config->tiles, (unsigned long long)width);
    if (makes)
        OK(file_write(path, bytes_str("of another history"), 0644, &why));
    return file_exists(path);
}

/* As where an older head was taken up than the tiles went to. */
static void what_the_log_passes_over_is_no_tile_of_it(void **state)
{
    (void)state;
    bench_publish(&bench);
    const uint64_t size = head_now().size;
    (void)partial_tile(size + 8, true);
    (void)partial_tile(TILE_WIDTH - 1, true);
    bench_publish(&bench);
    const uint64_t after = head_now().size; /* by a block or more, as chance has it */
    assert_in_range(after, size + 16, TILE_WIDTH - 16);
    assert_true(partial_tile(size, false) && partial_tile(after, false));
    assert_false(partial_tile(size + 8, false));
    assert_true(partial_tile(TILE_WIDTH - 1, false)); /* may be taken up yet */
}

static void own_checkpoints_are_told_from_forks_and_strangers(void **state)
{
    (void)state;
    struct publisher *p = bench.broker.publisher;
    CLEANUP(cleanup_tiles_free) struct tiles *t = NULL;
    CLEANUP(buf_free) struct buf early = buf_new(65536);
    struct errmsg why = {""};
    OK(publisher_contains(p, bytes_str("")));
    bench_publish(&bench);
    OK(tiles_open(bench.config.tiles, &t, &why));
    OK(tiles_checkpoint(t, &early, &why));
    bench_publish(&bench);
    OK(publisher_contains(p, buf_bytes(&early)));
    /* The same key over what this log never was. */
    CLEANUP(cleanup_key_free) struct key *other = NULL;
    OK(key_generate(KEY_TYPE_ED25519, &other));
    const struct note_signer mine = {bytes_str(bench.config.origin), bench.broker.keys->log.keys[0]};
    const struct note_signer strange = {bytes_str(bench.config.origin), other};
    struct checkpoint fork = {.origin = mine.name, .size = 5};
    const uint64_t sizes[] = {5, UINT64_C(1) << 40};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        CLEANUP(buf_free) struct buf text = buf_new(4096);
        CLEANUP(buf_free) struct buf signed_by_us = buf_new(4096);
        CLEANUP(buf_free) struct buf signed_by_other = buf_new(4096);
        fork.size = sizes[i];
        checkpoint_write(&fork, &text);
        OK(note_sign(&mine, 1, buf_bytes(&text), &signed_by_us));
        OK(note_sign(&strange, 1, buf_bytes(&text), &signed_by_other));
        assert_int_equal(publisher_contains(p, buf_bytes(&signed_by_us)), ERR_MISMATCH);
        assert_int_equal(publisher_contains(p, buf_bytes(&signed_by_other)), ERR_SIGNATURE);
    }
    assert_int_not_equal(publisher_contains(p, bytes_str("nonsense\n")), ERR_OK);
    assert_int_not_equal(publisher_contains(p, bytes_str("nonsense\n")), ERR_MISMATCH);
}

/* ---- a log that changes its key ---- */

static char next_room[BENCH_VKEY_MAX];
static struct roster_former_log former;

/* The broker made its next log key; the roster lists it beside the present one. */
static const struct key *list_next(void)
{
    struct key *next = NULL;
    OK(key_generate(KEY_TYPE_ED25519, &next));
    OK(key_ring_add(&bench.broker.keys->log, next));
    bench.view.roster.next_log_key = bench_vkey(&bench, next, next_room);
    return next;
}

/* The registrar ends the overlap. */
static void switch_to_next(void)
{
    struct roster *r = &bench.view.roster;
    former = (struct roster_former_log){r->log_key, BENCH_NOW_S + 100};
    r->log_key = r->next_log_key;
    r->next_log_key = bytes_str("");
    r->former_logs = &former;
    r->former_log_count = 1;
}

/* Whether the checkpoint on disk has a line of this key, and how many lines. */
static bool signed_by(const struct key *key, size_t *lines)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    CLEANUP(cleanup_tiles_free) struct tiles *t = NULL;
    CLEANUP(buf_free) struct buf file = buf_new(65536);
    struct errmsg why = {""};
    struct note n;
    struct vkey v;
    const struct note_signer signer = {bytes_str(bench.config.origin), key};
    OK(tiles_open(bench.config.tiles, &t, &why));
    OK(tiles_checkpoint(t, &file, &why));
    OK(note_parse(buf_bytes(&file), a, &n, &why));
    OK(note_vkey(&signer, VKEY_ED25519, &v));
    *lines = n.count;
    return note_verify(&n, &v) == ERR_OK;
}

static void both_log_keys_sign_during_an_overlap_and_the_new_one_after(void **state)
{
    (void)state;
    const struct key *old = bench.broker.keys->log.keys[0];
    size_t lines = 0;
    bench_publish(&bench);
    const struct key *next = list_next();
    bench_publish(&bench);
    assert_true(signed_by(old, &lines));
    assert_true(signed_by(next, &lines));
    assert_int_equal(lines, 2);
    bench_restart(&bench);
    bench_publish(&bench);
    assert_int_equal((signed_by(old, &lines), lines), 2);
    switch_to_next();
    bench_publish(&bench);
    assert_false(signed_by(old, &lines));
    assert_true(signed_by(next, &lines));
    assert_int_equal(lines, 1);
}

static struct buf checkpoint_bytes(void)
{
    CLEANUP(cleanup_tiles_free) struct tiles *t = NULL;
    struct buf file = buf_new(65536);
    struct errmsg why = {""};
    OK(tiles_open(bench.config.tiles, &t, &why));
    OK(tiles_checkpoint(t, &file, &why));
    return file;
}

static void heads_of_a_former_log_key_stay_this_logs(void **state)
{
    (void)state;
    struct publisher *p = bench.broker.publisher;
    const struct note_signer old = {bytes_str(bench.config.origin), bench.broker.keys->log.keys[0]};
    const struct checkpoint fork = {.origin = old.name, .size = UINT64_C(1) << 40};
    CLEANUP(buf_free) struct buf text = buf_new(4096);
    CLEANUP(buf_free) struct buf forked = buf_new(4096);
    checkpoint_write(&fork, &text);
    OK(note_sign(&old, 1, buf_bytes(&text), &forked));
    bench_publish(&bench);
    CLEANUP(buf_free) struct buf early = checkpoint_bytes();
    (void)list_next();
    switch_to_next();
    bench_publish(&bench);
    OK(publisher_contains(p, buf_bytes(&early)));
    assert_int_equal(publisher_contains(p, buf_bytes(&forked)), ERR_MISMATCH);
    /* A key that has left the roster proves no fork; what the log contains is contained all the same. */
    bench.view.roster.former_log_count = 0;
    OK(publisher_contains(p, buf_bytes(&early)));
    assert_int_equal(publisher_contains(p, buf_bytes(&forked)), ERR_SIGNATURE);
}

static void a_roster_with_a_key_that_is_not_here_is_not_taken(void **state)
{
    (void)state;
    struct bench *b = &bench;
    struct roster_member *me = &b->view.members[BENCH_BROKER];
    const struct own_keys own = {b->broker.keys, &b->view};
    struct errmsg why = {""};
    b->view.roster.log_origin = bytes_str(b->config.origin);
    OK(key_raw_public(b->broker.keys->transport.keys[0], me->curve.b));
    OK(own_keys_check(&own, &me->id, &why));
    assert_int_equal(own_keys_check(&own, &b->view.members[BENCH_ALFA].id, &why), ERR_MISMATCH);
    /* The next keys, first as strangers and then as ours. */
    CLEANUP(cleanup_key_free) struct key *stranger = NULL;
    OK(key_generate(KEY_TYPE_X25519, &stranger));
    me->next = (struct roster_next){.transport = {.der = bytes_str("certificate")}};
    OK(key_raw_public(stranger, me->next.curve.b));
    assert_int_equal(own_keys_check(&own, &me->id, &why), ERR_MISMATCH);
    assert_null(own_next_transport(&own));
    OK(key_ring_add(&b->broker.keys->transport, stranger));
    OK(own_keys_check(&own, &me->id, &why));
    assert_ptr_equal(own_next_transport(&own), stranger);
    assert_ptr_equal(own_transport(&own), b->broker.keys->transport.keys[0]);
    stranger = NULL;
    CLEANUP(cleanup_key_free) struct key *log = NULL;
    OK(key_generate(KEY_TYPE_ED25519, &log));
    b->view.roster.next_log_key = bench_vkey(b, log, next_room);
    assert_int_equal(own_keys_check(&own, &me->id, &why), ERR_MISMATCH);
    OK(key_ring_add(&b->broker.keys->log, log));
    log = NULL;
    OK(own_keys_check(&own, &me->id, &why));
    /* Another signing key than any of ours. */
    struct key *mine = b->view.keys[BENCH_BROKER];
    b->view.keys[BENCH_BROKER] = b->view.keys[BENCH_ALFA];
    assert_int_equal(own_keys_check(&own, &me->id, &why), ERR_MISMATCH);
    b->view.keys[BENCH_BROKER] = mine;
}

static void a_ring_holds_each_key_once_and_no_more_than_its_room(void **state)
{
    (void)state;
    struct key_ring r = {.count = 0};
    for (size_t i = 0; i <= KEY_RING_MAX; i++) {
        struct key *k = NULL;
        OK(key_generate(KEY_TYPE_ED25519, &k));
        assert_int_equal(key_ring_add(&r, k), i < KEY_RING_MAX ? ERR_OK : ERR_LIMIT);
    }
    CLEANUP(cleanup_secret_free) struct secret *half = NULL;
    struct key *again = NULL;
    OK(key_private(r.keys[0], &half));
    OK(key_from_private(KEY_TYPE_ED25519, half, &again));
    OK(key_ring_add(&r, again));
    assert_int_equal(key_ring_count(&r), KEY_RING_MAX);
    key_ring_free(&r);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_body_opens_and_says_what_was_written),
        T(facts_of_a_decision_replay_from_the_body),
        T(a_block_is_padded_signed_and_on_disk),
        T(a_block_comes_also_when_nothing_happened),
        T(the_sender_gets_a_proof_that_verifies),
        T(every_stop_is_resumed_without_a_fork),
        T(lost_files_are_written_anew),
        T(what_a_kill_left_half_written_goes),
        T(what_the_log_passes_over_is_no_tile_of_it),
        T(own_checkpoints_are_told_from_forks_and_strangers),
        T(both_log_keys_sign_during_an_overlap_and_the_new_one_after),
        T(heads_of_a_former_log_key_stay_this_logs),
        T(a_roster_with_a_key_that_is_not_here_is_not_taken),
        T(a_ring_holds_each_key_once_and_no_more_than_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
