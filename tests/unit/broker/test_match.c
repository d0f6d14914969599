/* Matching and closing: what meets, what the holder is shown of it, and that the requester sees the
 * same whatever came of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "broker/index/index.h"
#include "broker/mailbox.h"
#include "broker/keys.h"
#include "broker/limits.h"
#include "broker/mailboxes.h"
#include "broker/store/store.h"
#include "broker/vaults.h"
#include "pki/digest.h"
#include "pki/sign.h"
#include "proto/host/kv_write.h"
#include "proto/log/merkle.h"
#include "proto/msg/leaf.h"
#include "tests/unit/broker/ask_bench.h"

static struct ask_bench ab;
static struct ask_question q;
static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    ask_bench_open(&ab);
    ask_question(&ab, &q);
    arena = arena_new((size_t)32 << 20);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    ask_bench_close(&ab);
    return 0;
}

static struct ask_record add_record(const struct ask_value *values, size_t count)
{
    const struct ask_record r = ask_record(&ab, values, count);
    ask_record_add(&ab, &r);
    return r;
}

/* Only what identifies: the questions of these tests start empty. */
static void ask_of(uint16_t group, enum ident_type type, uint32_t value)
{
    ask_question_add(&q, group, type, value);
}

static void clear_question(void)
{
    ask_question(&ab, &q);
    q.message.identifier_count = 0;
    q.message.group_count = 0;
}

static size_t hits_of(struct digest *id)
{
    *id = ask_accepted(&ab, &q);
    ask_slot(&ab);
    return ask_row(&ab, id).hits;
}

static void an_exact_identifier_hits_alone(void **state)
{
    (void)state;
    struct digest id;
    const struct ask_value values[] = {{IDENT_BSN, ASK_BSN}, {IDENT_TELEFOON, 9}};
    (void)add_record(values, 2);
    assert_int_equal(hits_of(&id), 1);
    assert_int_equal(ask_row(&ab, &id).state, ASK_MATCHED);
    assert_int_equal(ask_mail(&ab, BENCH_BRAVO, MAIL_HIT, arena, NULL), 1);
    assert_int_equal(ask_mail(&ab, BENCH_ALFA, MAIL_HIT, arena, NULL), 0);
}

static void weak_ones_need_two_types_of_one_subject_in_one_record(void **state)
{
    (void)state;
    struct digest id;
    const struct ask_value phone_mail[] = {
        {IDENT_TELEFOON, 1}, {IDENT_TELEFOON, 2}, {IDENT_EMAIL, 1}};
    const struct ask_value only_mail[] = {{IDENT_EMAIL, 5}};
    const struct ask_value only_phone[] = {{IDENT_TELEFOON, 5}};
    (void)add_record(phone_mail, 3);
    (void)add_record(only_mail, 1);
    (void)add_record(only_phone, 1);
    clear_question(); /* two of one type meet, the second type does not */
    ask_of(0, IDENT_TELEFOON, 1);
    ask_of(0, IDENT_TELEFOON, 2);
    ask_of(0, IDENT_EMAIL, 77);
    assert_int_equal(hits_of(&id), 0);
    clear_question(); /* two types, in two records */
    ask_of(0, IDENT_TELEFOON, 5);
    ask_of(0, IDENT_EMAIL, 5);
    assert_int_equal(hits_of(&id), 0);
    clear_question(); /* two types in one record, but of two subjects */
    ask_of(0, IDENT_TELEFOON, 1);
    ask_of(0, IDENT_EMAIL, 8);
    ask_of(1, IDENT_TELEFOON, 8);
    ask_of(1, IDENT_EMAIL, 1);
    assert_int_equal(hits_of(&id), 0);
    clear_question();
    ask_of(0, IDENT_TELEFOON, 1);
    ask_of(0, IDENT_EMAIL, 1);
    assert_int_equal(hits_of(&id), 1);
}

static void another_type_with_the_same_value_does_not_meet(void **state)
{
    (void)state;
    struct digest id;
    const struct ask_value v = {IDENT_RSIN, ASK_BSN};
    (void)add_record(&v, 1);
    assert_int_equal(hits_of(&id), 0);
}

static void expired_and_withdrawn_records_do_not_meet(void **state)
{
    (void)state;
    struct digest id;
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    struct ask_record r = ask_record(&ab, &v, 1);
    r.expires_day -= 100; /* today is the first day on which it no longer answers */
    ask_record_add(&ab, &r);
    assert_int_equal(hits_of(&id), 0);
    const struct ask_record gone = add_record(&v, 1);
    ask_record_withdraw(&ab, &gone);
    ask_question(&ab, &q);
    assert_int_equal(hits_of(&id), 0);
}

/* The holder's own check of a notice, as far as the broker's work goes. */
static void check_notice(struct bytes content, const struct ask_record *r, uint32_t group)
{
    struct hit_notice n;
    struct request_header h;
    struct errmsg why = {""};
    assert_int_equal(hit_notice_decode(content, arena, &n, &why), ERR_OK);
    assert_int_equal(request_header_decode(n.header, arena, &h, &why), ERR_OK);
    assert_memory_equal(n.handle.b, r->handle.b, sizeof n.handle.b);
    assert_int_equal(n.group, group);
    assert_int_equal(sign_verify(SIGN_REQUEST, ab.bench.view.officer_keys[ASK_WORKER], n.header,
                                 n.worker_signature),
                     ERR_OK);
    assert_int_equal(
        sign_verify(SIGN_REQUEST, ab.bench.view.keys[BENCH_ALFA], n.header, n.agency_signature),
        ERR_OK);
    for (size_t i = 0; i < n.matched_count; i++) {
        struct subject_leaf_parts p = {
            .salt = n.matched[i].salt, .group = n.group, .type = n.matched[i].type};
        struct digest leaf;
        for (size_t k = 0; k < q.message.identifier_count; k++)
            if (q.identifiers[k].position == n.matched[i].path.index)
                p.inner = q.identifiers[k].inner;
        assert_int_equal(digest_sha256(&n.sealed_part, 1, &p.sealed_digest), ERR_OK);
        assert_int_equal(leaf_subject(digest_sha256, &p, &leaf), ERR_OK);
        assert_int_equal(
            merkle_path_verify(digest_sha256, &leaf, &n.matched[i].path, &h.subject_root), ERR_OK);
    }
}

static void a_notice_proves_each_matched_identifier_and_shows_no_other(void **state)
{
    (void)state;
    struct digest id;
    struct bytes content = {0};
    const struct ask_value values[] = {{IDENT_BSN, 20}, {IDENT_TELEFOON, 20}, {IDENT_EMAIL, 20}};
    const struct ask_record r = add_record(values, 3);
    ask_of(1, IDENT_BSN, 20);
    ask_of(1, IDENT_EMAIL, 20);
    ask_of(1, IDENT_EMAIL, 21);
    ask_of(2, IDENT_KVK, 22);
    assert_int_equal(hits_of(&id), 1);
    assert_int_equal(ask_mail(&ab, BENCH_BRAVO, MAIL_HIT, arena, &content), 1);
    check_notice(content, &r, 1);
    struct hit_notice n;
    struct errmsg why = {""};
    assert_int_equal(hit_notice_decode(content, arena, &n, &why), ERR_OK);
    assert_int_equal(n.matched_count, 2);
    /* What did not meet is not in it: neither its salt nor the other subjects' parts. */
    assert_null(memmem(content.ptr, content.len, q.identifiers[0].salt.b, 16));
    assert_null(memmem(content.ptr, content.len, q.identifiers[3].salt.b, 16));
    assert_null(memmem(content.ptr, content.len, q.identifiers[4].salt.b, 16));
}

static void a_limit_on_hits_hides_and_refuses_nothing(void **state)
{
    (void)state;
    struct digest id;
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    ask_bench_rule(&ab, ASK_RELEASE_RULE)->limits.hits_per_request = 2;
    for (int i = 0; i < 5; i++)
        (void)add_record(&v, 1);
    assert_int_equal(hits_of(&id), 2);
    assert_int_equal(ask_row(&ab, &id).hidden, 3);
    assert_int_equal(ask_mail(&ab, BENCH_BRAVO, MAIL_HIT, arena, NULL), 2);
    assert_int_equal(ask_table_rows(&ab, ab.bench.broker.store->matches), 2);
    ask_question(&ab, &q); /* the next header counts by itself */
    assert_int_equal(hits_of(&id), 2);
    assert_int_equal(ask_row(&ab, &id).hidden, 3);
    assert_int_equal(ask_mail(&ab, BENCH_BRAVO, MAIL_HIT, arena, NULL), 4);
}

static void what_was_held_goes_with_the_match(void **state)
{
    (void)state;
    struct digest id;
    const struct store *s = ab.bench.broker.store;
    (void)ask_accepted(&ab, &q);
    assert_int_equal(ask_table_rows(&ab, s->held), 1);
    ask_slot(&ab);
    assert_int_equal(ask_table_rows(&ab, s->held), 0);
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    (void)add_record(&v, 1);
    ask_question(&ab, &q);
    assert_int_equal(hits_of(&id), 1);
    assert_int_equal(ask_table_rows(&ab, s->held), 0);
    assert_int_equal(ask_table_rows(&ab, s->matches), 1);
    ask_slot(&ab); /* a later slot finds nothing to do */
    assert_int_equal(ask_table_rows(&ab, s->matches), 1);
}

static void nothing_is_matched_where_the_rule_no_longer_stands(void **state)
{
    (void)state;
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    (void)add_record(&v, 1);
    struct rule *r = ask_bench_rule(&ab, ASK_RELEASE_RULE);
    for (int what = 0; what < 5; what++) {
        ask_question(&ab, &q);
        const struct digest id = ask_accepted(&ab, &q);
        const struct rule before = *r;
        const int64_t now_ms = ab.bench.now_ms;
        if (what == 0)
            ab.bench.view.adoption = ADOPTION_WITHDRAWN;
        else if (what == 1)
            r->status = RULE_STATUS_WITHDRAWN;
        else if (what == 2)
            r->version++;
        else if (what == 3)
            ab.bench.view.struck_off[BENCH_ALFA] = true;
        else
            ab.bench.now_ms += 60000; /* the deadline */
        assert_int_equal(ask_row(&ab, &id).state, ASK_WAITING);
        ask_slot(&ab);
        assert_true(ask_row(&ab, &id).state > ASK_WAITING);
        assert_int_equal(ask_row(&ab, &id).hits, 0);
        *r = before;
        ab.bench.view.adoption = ADOPTION_NONE;
        ab.bench.view.struck_off[BENCH_ALFA] = false;
        ab.bench.now_ms = now_ms;
    }
    assert_int_equal(ask_mail(&ab, BENCH_BRAVO, MAIL_HIT, arena, NULL), 0);
}

static void a_closed_gate_stops_the_slots(void **state)
{
    (void)state;
    const struct digest id = ask_accepted(&ab, &q);
    broker_close_gate(&ab.bench.broker, GATE_LOG);
    ask_pass_s(&ab, 3600);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &id).state, ASK_WAITING);
    broker_clear_gate(&ab.bench.broker, GATE_LOG);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &id).state, ASK_CLOSED);
}

/* A notice for which the holder's mailbox has no room waits; the requester sees nothing of it. */
static void fill_mailbox(const struct agency_id *of)
{
    struct kv_txn *txn = NULL;
    enum err e = ERR_OK;
    assert_int_equal(kv_write_begin(ab.bench.broker.kv, &txn), ERR_OK);
    while (e == ERR_OK)
        e = mailbox_put(ab.bench.broker.mailboxes, txn, of, MAIL_DOCUMENT, bytes_str("x"), NULL);
    assert_int_equal(e, ERR_LIMIT);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
}

/* Whoever destroys the broker's half of an epoch erases what is held under it, also what is on its
 * way; requests of that epoch end like any other. */
static void what_is_held_dies_with_the_half(void **state)
{
    (void)state;
    struct digest id;
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    (void)add_record(&v, 1);
    assert_int_equal(hits_of(&id), 1);
    ask_question(&ab, &q);
    const struct digest waiting = ask_accepted(&ab, &q);
    ab.bench.broker.keys->epoch_count = 0;
    assert_int_equal(ask_mail(&ab, BENCH_BRAVO, MAIL_HIT, arena, NULL), 0);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &waiting).state, ASK_MATCHED);
    assert_int_equal(ask_row(&ab, &waiting).hits, 0);
    ask_pass_s(&ab, 60);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &id).state, ASK_CLOSED);
    assert_int_equal(ask_mail(&ab, BENCH_ALFA, MAIL_CLOSED, arena, NULL), 2);
    ab.bench.broker.keys->epoch_count = 1;
}

static void a_full_mailbox_delays_and_loses_nothing(void **state)
{
    (void)state;
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    (void)add_record(&v, 1);
    const struct digest id = ask_accepted(&ab, &q);
    struct kv_txn *txn = NULL;
    const struct agency_id *holder = &ab.bench.view.members[BENCH_BRAVO].id;
    fill_mailbox(holder);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &id).state, ASK_WAITING);
    assert_int_equal(ask_table_rows(&ab, ab.bench.broker.store->matches), 0);
    assert_int_equal(ask_table_rows(&ab, ab.bench.broker.store->held), 1);
    assert_int_equal(kv_write_begin(ab.bench.broker.kv, &txn), ERR_OK);
    assert_int_equal(mailbox_ack(ab.bench.broker.mailboxes, txn, holder, 10), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &id).hits, 1);
}

static struct closed closed_of(enum bench_member m, enum mail_kind kind)
{
    struct bytes content = {0};
    struct signed_closed s;
    struct closed c;
    struct errmsg why = {""};
    assert_int_equal(ask_mail(&ab, m, kind, arena, &content), 1);
    assert_int_equal(signed_closed_decode(content, arena, &s, &why), ERR_OK);
    assert_int_equal(
        sign_verify(SIGN_CLOSED, ab.bench.view.keys[BENCH_BROKER], s.closed, s.signature), ERR_OK);
    assert_int_equal(closed_decode(s.closed, arena, &c, &why), ERR_OK);
    return c;
}

static void a_hit_closes_for_both_and_leaves_nothing_held(void **state)
{
    (void)state;
    struct digest id;
    const struct store *s = ab.bench.broker.store;
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    (void)add_record(&v, 1);
    assert_int_equal(hits_of(&id), 1);
    ask_pass_s(&ab, 59);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &id).state, ASK_MATCHED);
    ask_pass_s(&ab, 1);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &id).state, ASK_CLOSED);
    const struct closed c = closed_of(BENCH_ALFA, MAIL_CLOSED);
    assert_true(digest_equal(&c.header_digest, &id));
    assert_int_equal(c.closed_at_s, ab.bench.now_ms / 1000);
    const struct closed ended = closed_of(BENCH_BRAVO, MAIL_ENDED);
    assert_true(digest_equal(&ended.header_digest, &id));
    /* The notice was not fetched in time: it comes no more. */
    assert_int_equal(ask_mail(&ab, BENCH_BRAVO, MAIL_HIT, arena, NULL), 0);
    assert_int_equal(ask_table_rows(&ab, s->held), 0);
    assert_int_equal(ask_table_rows(&ab, s->matches), 0);
    assert_int_equal(ask_table_rows(&ab, s->ask_answers), 1); /* as long as the row */
    ask_slot(&ab);
    assert_int_equal(ask_mail(&ab, BENCH_ALFA, MAIL_CLOSED, arena, NULL), 1);
}

static void a_holders_full_mailbox_does_not_delay_the_close(void **state)
{
    (void)state;
    struct digest id;
    struct kv_txn *txn = NULL;
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    const struct agency_id *holder = &ab.bench.view.members[BENCH_BRAVO].id;
    (void)add_record(&v, 1);
    assert_int_equal(hits_of(&id), 1);
    /* It has fetched the notice, and then lets its mail lie. */
    assert_int_equal(kv_write_begin(ab.bench.broker.kv, &txn), ERR_OK);
    assert_int_equal(mailbox_ack(ab.bench.broker.mailboxes, txn, holder, 1), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    fill_mailbox(holder);
    ask_pass_s(&ab, 60);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &id).state, ASK_CLOSED);
    (void)closed_of(BENCH_ALFA, MAIL_CLOSED);
}

static void a_miss_closes_for_the_requester_alone(void **state)
{
    (void)state;
    struct digest id;
    assert_int_equal(hits_of(&id), 0);
    ask_pass_s(&ab, 60);
    ask_slot(&ab);
    (void)closed_of(BENCH_ALFA, MAIL_CLOSED);
    assert_int_equal(ask_mail(&ab, BENCH_BRAVO, MAIL_ENDED, arena, NULL), 0);
}

static void retention_follows_what_came_of_it_and_is_logged(void **state)
{
    (void)state;
    struct digest hit;
    const struct store *s = ab.bench.broker.store;
    const struct ask_value v = {IDENT_BSN, 50};
    (void)add_record(&v, 1);
    const struct digest miss = ask_accepted(&ab, &q);
    ask_question(&ab, &q);
    ask_of(0, IDENT_BSN, 50);
    assert_int_equal(hits_of(&hit), 1);
    ask_pass_s(&ab, 60);
    ask_slot(&ab);
    assert_int_equal(ask_table_rows(&ab, s->asks), 2);
    ask_pass_s(&ab, 7 * LIMIT_DAY_S); /* no_hit: 7 */
    size_t entries = bench_pending(&ab.bench);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &miss).state, ASK_NONE);
    assert_int_equal(ask_row(&ab, &hit).state, ASK_CLOSED);
    assert_int_equal(bench_pending(&ab.bench), entries + 1);
    ask_pass_s(&ab, 23 * LIMIT_DAY_S); /* hit: 30 */
    ask_slot(&ab);
    assert_int_equal(ask_table_rows(&ab, s->asks), 0);
    assert_int_equal(ask_table_rows(&ab, s->ask_queue), 0);
    assert_int_equal(ask_table_rows(&ab, s->ask_answers), 0);
    entries = bench_pending(&ab.bench);
    ask_pass_s(&ab, 61);
    ask_slot(&ab);
    assert_int_equal(bench_pending(&ab.bench), entries); /* nothing due, no entry */
}

/* One id is one question: under the same id, after the close, another would count as none. */
static void a_request_id_is_used_up_by_its_close(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    const struct request_id used = q.header.request_id;
    (void)ask_accepted(&ab, &q);
    ask_pass_s(&ab, 60);
    ask_slot(&ab);
    ask_question(&ab, &q);
    q.header.request_id = used;
    (void)ask_question_encode(&ab, &q, &body);
    assert_int_equal(ask_send(&ab, BENCH_ALFA, MSG_REQUEST, buf_bytes(&body), NULL),
                     REFUSED_CONFLICT);
}

/* Invariant 10: a pseudonym in a header and the certificate behind it stand in one row only until the
 * question was matched. */
static void no_table_of_pseudonyms_is_kept(void **state)
{
    (void)state;
    struct digest hit;
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    const struct digest *print = &ab.bench.view.officers[ASK_WORKER].cert.fingerprint;
    (void)add_record(&v, 1);
    const struct digest waiting = ask_accepted(&ab, &q);
    const struct ask before = ask_row(&ab, &waiting);
    assert_true(digest_equal(&before.worker_fingerprint, print));
    ask_slot(&ab);
    ask_question(&ab, &q);
    assert_int_equal(hits_of(&hit), 1);
    const struct kv_table tables[] = {
        ab.bench.broker.store->asks,        ab.bench.broker.store->ask_answers,
        ab.bench.broker.store->held,        ab.bench.broker.store->matches,
        ab.bench.broker.store->settlements, ab.bench.broker.store->mail,
        ab.bench.broker.store->known,       ab.bench.broker.store->log.bodies,
    };
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    assert_int_equal(kv_read_begin(ab.bench.broker.kv, &txn), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
        struct bytes key;
        struct bytes value;
        assert_int_equal(kv_iter_new(txn, tables[i], bytes_of(NULL, 0), &it), ERR_OK);
        while (kv_iter_next(it, &key, &value) == ERR_OK)
            assert_null(memmem(value.ptr, value.len, print->b, sizeof print->b));
    }
}

static void work_goes_on_after_a_restart(void **state)
{
    (void)state;
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    (void)add_record(&v, 1);
    const struct digest id = ask_accepted(&ab, &q);
    struct errmsg why = {""};
    matcher_free(ab.bench.broker.matcher);
    index_free(ab.bench.broker.index);
    bench_restart(&ab.bench);
    const struct matcher_params p = {.broker = &ab.bench.broker,
                                     .distinct = ab.bench.broker.vaults->distinct};
    assert_int_equal(index_new(ab.bench.broker.kv, &ab.bench.broker.index, &why), ERR_OK);
    assert_int_equal(matcher_new(&p, &ab.bench.broker.matcher), ERR_OK);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &id).hits, 1);
}

/* All that the requester can see of a question from its acceptance to its end. */
struct seen {
    size_t replies;
    size_t reply_bytes;
    size_t entries; /* that wait for the log, and so its growth */
    size_t items;   /* in its mailbox */
    size_t item_bytes;
    struct closed closed;
};

static void see(bool with_hit, bool settled_full, struct seen *out)
{
    struct digest id;
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    struct bytes content = {0};
    ask_bench_rule(&ab, ASK_RELEASE_RULE)->limits.hits_per_request = settled_full ? 1 : 10;
    for (int i = 0; with_hit && i < 3; i++)
        (void)add_record(&v, 1);
    const size_t hits = hits_of(&id);
    assert_int_equal(hits > 0, with_hit);
    out->replies = ab.bench.answer_count;
    out->reply_bytes = ab.bench.answers[0].frame.len;
    ask_pass_s(&ab, 60);
    ask_slot(&ab);
    out->entries = bench_pending(&ab.bench);
    for (unsigned k = MAIL_NONE + 1; k < MAIL_KIND_COUNT; k++) {
        const size_t n = ask_mail(&ab, BENCH_ALFA, (enum mail_kind)k, arena, &content);
        out->items += n;
        out->item_bytes += n > 0 ? content.len : 0;
    }
    out->closed = closed_of(BENCH_ALFA, MAIL_CLOSED);
}

static void the_requester_sees_the_same_whatever_came_of_it(void **state)
{
    struct seen sights[3] = {0};
    for (size_t i = 0; i < 3; i++) {
        see(i > 0, i == 2, &sights[i]);
        (void)teardown(state);
        (void)setup(state);
    }
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(sights[i].replies, sights[0].replies);
        /* Two signatures in DER may differ by some bytes each, at random. */
        assert_in_range(sights[i].reply_bytes + 16 - sights[0].reply_bytes, 0, 32);
        assert_int_equal(sights[i].entries, sights[0].entries);
        assert_int_equal(sights[i].items, sights[0].items);
        assert_in_range(sights[i].item_bytes + 8 - sights[0].item_bytes, 0, 16);
        assert_int_equal(sights[i].closed.closed_at_s, sights[0].closed.closed_at_s);
        assert_int_equal(sights[i].closed.category_count, sights[0].closed.category_count);
        assert_memory_equal(sights[i].closed.types, sights[0].closed.types,
                            sizeof sights[i].closed.types);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_exact_identifier_hits_alone),
        TEST(weak_ones_need_two_types_of_one_subject_in_one_record),
        TEST(another_type_with_the_same_value_does_not_meet),
        TEST(expired_and_withdrawn_records_do_not_meet),
        TEST(a_notice_proves_each_matched_identifier_and_shows_no_other),
        TEST(a_limit_on_hits_hides_and_refuses_nothing),
        TEST(what_was_held_goes_with_the_match),
        TEST(nothing_is_matched_where_the_rule_no_longer_stands),
        TEST(a_closed_gate_stops_the_slots),
        TEST(what_is_held_dies_with_the_half),
        TEST(a_full_mailbox_delays_and_loses_nothing),
        TEST(a_hit_closes_for_both_and_leaves_nothing_held),
        TEST(a_holders_full_mailbox_does_not_delay_the_close),
        TEST(a_miss_closes_for_the_requester_alone),
        TEST(a_request_id_is_used_up_by_its_close),
        TEST(no_table_of_pseudonyms_is_kept),
        TEST(retention_follows_what_came_of_it_and_is_logged),
        TEST(work_goes_on_after_a_restart),
        TEST(the_requester_sees_the_same_whatever_came_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
