/* Invariant 10: what the audit log says of a question's whole life names no data subject, and of the
 * officers a pseudonym alone. Searched as it stands in the bodies: raw, as hex, as base64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "broker/audit.h"
#include "broker/store/store.h"
#include "pki/broker_half.h"
#include "proto/base/text.h"
#include "tests/unit/broker/ask_bench.h"

#define BODIES_MAX 64u

static struct ask_bench ab;
static struct ask_question q;

static int setup(void **state)
{
    (void)state;
    ask_bench_open(&ab);
    ask_question(&ab, &q);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ask_bench_close(&ab);
    return 0;
}

/* All bodies that wait for the log, one behind the other. */
static size_t all_bodies(struct buf *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct digest entries[BODIES_MAX];
    size_t n = 0;
    assert_int_equal(kv_read_begin(ab.bench.broker.kv, &txn), ERR_OK);
    assert_int_equal(log_pending(&ab.bench.broker.store->log, txn, entries, BODIES_MAX, &n), ERR_OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(audit_open_body(ab.bench.broker.audit, txn, &entries[i], out), ERR_OK);
    return n;
}

static bool has(struct bytes text, struct bytes part)
{
    return memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

/* The first bytes of a value in every form in which JSON could carry them. */
static void stands_nowhere(struct bytes bodies, const char *what, struct bytes value)
{
    char hex[17] = "";
    char upper[17] = "";
    for (size_t i = 0; i < 8; i++) {
        snprintf(hex + 2 * i, 3, "%02x", value.ptr[i]);
        snprintf(upper + 2 * i, 3, "%02X", value.ptr[i]);
    }
    CLEANUP(buf_free) struct buf base64 = buf_new(64);
    text_put_base64(&base64, bytes_of(value.ptr, 6));
    if (has(bodies, bytes_of(value.ptr, 8)) || has(bodies, bytes_str(hex)) ||
        has(bodies, bytes_str(upper)) || has(bodies, buf_bytes(&base64)))
        fail_msg("%s stands in an audit body", what);
}

/* Question, hit, two consents, release, end; a question that is refused; and a decision too late. */
static struct ask_record live_through(void)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    const struct ask_value v = {IDENT_BSN, ASK_BSN};
    const struct ask_record r = ask_record(&ab, &v, 1);
    struct ask_settle settle;
    struct ask_question second;
    ask_record_add(&ab, &r);
    const struct digest id = ask_accepted(&ab, &q);
    ask_slot(&ab);
    const struct ask_hit hit = {&q, &id, &r, 0};
    ask_settle(&ab, &hit, CONSENT_RELEASE, &settle);
    ask_settle_encode(&ab, &settle, &body);
    assert_int_equal(ask_send(&ab, BENCH_BRAVO, MSG_SETTLE, buf_bytes(&body), NULL), REFUSED_NONE);
    ask_question(&ab, &second);
    ab.bench.view.adoption = ADOPTION_WITHDRAWN;
    buf_reset(&body);
    (void)ask_question_encode(&ab, &second, &body);
    assert_int_equal(ask_send(&ab, BENCH_ALFA, MSG_REQUEST, buf_bytes(&body), NULL), REFUSED_POLICY);
    ab.bench.view.adoption = ADOPTION_NONE;
    ask_pass_s(&ab, 60);
    ask_slot(&ab);
    buf_reset(&body);
    settle.settle.release = bytes_str("other fields");
    settle.consents[0].nonce.b[0] ^= 1;
    settle.consents[1].nonce.b[0] ^= 1;
    ask_settle_encode(&ab, &settle, &body);
    assert_int_not_equal(ask_send(&ab, BENCH_BRAVO, MSG_SETTLE, buf_bytes(&body), NULL),
                         REFUSED_NONE);
    return r;
}

static void bodies_name_no_subject_and_no_officer(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf bodies = buf_new((size_t)1 << 20);
    struct token token;
    const struct ask_record r = live_through();
    assert_in_range(all_bodies(&bodies), 6, BODIES_MAX - 1);
    const struct bytes text = buf_bytes(&bodies);
    /* The search works: the pseudonyms and the rule stand there. */
    assert_true(has(text, bytes_str("0123456789abcdef")) && has(text, bytes_str(ASK_RELEASE_RULE)));
    const struct request_identifier *asked = &q.identifiers[0];
    assert_int_equal(broker_half_token(ab.half, asked->type, &asked->inner, &token), ERR_OK);
    stands_nowhere(text, "inner", BYTES_OF_ARRAY(asked->inner.b));
    stands_nowhere(text, "token", BYTES_OF_ARRAY(token.b));
    stands_nowhere(text, "salt", BYTES_OF_ARRAY(asked->salt.b));
    stands_nowhere(text, "handle", BYTES_OF_ARRAY(r.handle.b));
    stands_nowhere(text, "record leaf", digest_bytes(&r.leaf));
    stands_nowhere(text, "subject root", digest_bytes(&q.header.subject_root));
    stands_nowhere(text, "case id", BYTES_OF_ARRAY(q.header.case_id.b)); /* its salted digest does */
    for (size_t i = 0; i < 4; i++) {
        const struct roster_officer *o = &ab.bench.view.officers[i];
        assert_false(has(text, bytes_str(o->person.s)));
        stands_nowhere(text, "certificate of an officer", digest_bytes(&o->cert.fingerprint));
    }
    assert_false(has(text, bytes_str("a sealed part")) || has(text, bytes_str("sealed fields")));
}

enum change { HOLDER_WITHDREW, HOLDER_SAYS_NOTHING, NARROWED, RULE_WITHDRAWN, RULE_GONE, OTHER_POLICY, STRUCK_OFF };

static void change(enum change c)
{
    struct view *v = &ab.bench.view;
    struct rule *r = ask_bench_rule(&ab, ASK_RELEASE_RULE);
    switch (c) {
    case HOLDER_WITHDREW: v->adoption = ADOPTION_WITHDRAWN; break;
    case HOLDER_SAYS_NOTHING: v->adoption = ADOPTION_ABSENT; break;
    case NARROWED: v->narrowed = true; break;
    case RULE_WITHDRAWN:
        v->narrowed = true;
        r->status = RULE_STATUS_WITHDRAWN;
        break;
    case RULE_GONE:
        v->narrowed = true;
        r->id = ask_name("another");
        break;
    case OTHER_POLICY: v->policy_digest.b[0] ^= 1; break;
    case STRUCK_OFF: v->struck_off[BENCH_ALFA] = true; break;
    }
}

/* Why a decision does not count any more is in the log, and not that some policy refused it alone. */
static void a_refused_settlement_names_what_became_of_its_rule(void **state)
{
    static const struct {
        enum change change;
        const char *reasons;
    } cases[] = {
        {HOLDER_WITHDREW, "\"reasons\":[\"policy\",\"withdrawn\"]"},
        {HOLDER_SAYS_NOTHING, "\"reasons\":[\"policy\",\"adoption\"]"},
        {NARROWED, "\"reasons\":[\"policy\",\"narrowed\"]"},
        {RULE_WITHDRAWN, "\"reasons\":[\"policy\",\"withdrawn\"]"},
        {RULE_GONE, "\"reasons\":[\"policy\",\"withdrawn\"]"},
        {OTHER_POLICY, "\"reasons\":[\"policy\",\"policy_unknown\"]"},
        {STRUCK_OFF, "\"reasons\":[\"policy\",\"requester\"]"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_free) struct buf bodies = buf_new((size_t)1 << 20);
        CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
        const struct ask_value value = {IDENT_BSN, ASK_BSN};
        const struct ask_record r = ask_record(&ab, &value, 1);
        struct ask_settle settle;
        ask_record_add(&ab, &r);
        const struct digest id = ask_accepted(&ab, &q);
        ask_slot(&ab);
        const struct ask_hit hit = {&q, &id, &r, 0};
        ask_settle(&ab, &hit, CONSENT_RELEASE, &settle);
        ask_settle_encode(&ab, &settle, &body);
        change(cases[i].change);
        assert_int_equal(ask_send(&ab, BENCH_BRAVO, MSG_SETTLE, buf_bytes(&body), NULL),
                         REFUSED_POLICY);
        (void)all_bodies(&bodies);
        if (!has(buf_bytes(&bodies), bytes_str(cases[i].reasons)))
            fail_msg("case %zu: no %s", i, cases[i].reasons);
        (void)teardown(state);
        (void)setup(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bodies_name_no_subject_and_no_officer, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_settlement_names_what_became_of_its_rule, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
