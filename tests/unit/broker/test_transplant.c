/* Each element of a question and of a settlement, taken from another valid one: the broker refuses it by name,
 * keeps nothing of it, and logs it (docs/transplant.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "pki/sign.h"
#include "tests/unit/broker/ask_bench.h"

static struct ask_bench ab;

#define CHANGE(name, type, ...)                                                                    \
    static void name(type *t, const type *o)                                                       \
    {                                                                                              \
        (void)o;                                                                                   \
        __VA_ARGS__;                                                                               \
    }

/* ---- questions ---- */

/* A question as its signers left it. */
struct asked_question {
    struct ask_question q;
    struct buf header;
    struct signature worker, agency;
};

static void sign_question(struct asked_question *s)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    const struct view *v = &ab.bench.view;
    (void)ask_question_encode(&ab, &s->q, &body); /* makes the root */
    s->header = buf_new(1 << 16);
    assert_int_equal(request_header_encode(&s->q.header, &s->header), ERR_OK);
    const struct bytes h = buf_bytes(&s->header);
    assert_int_equal(sign_document(SIGN_REQUEST, v->officer_keys[ASK_WORKER], h, &s->worker),
                     ERR_OK);
    assert_int_equal(sign_document(SIGN_REQUEST, v->keys[BENCH_ALFA], h, &s->agency), ERR_OK);
    s->q.message.header = h;
    s->q.message.worker_signature = signature_bytes(&s->worker);
    s->q.message.agency_signature = signature_bytes(&s->agency);
}

/* Two valid questions of one requester that differ wherever two may. */
static struct asked_question one;
static struct asked_question two;
static struct ask_question pristine; /* one, as it was signed */

static int set_up_questions(void **state)
{
    (void)state;
    ask_bench_open(&ab);
    memset(&one, 0, sizeof one);
    memset(&two, 0, sizeof two);
    ask_question(&ab, &one.q);
    ask_question_add(&one.q, 1, IDENT_KVK, 2);
    ask_question(&ab, &two.q);
    ask_question_add(&two.q, 1, IDENT_LEI, 9);
    two.q.identifiers[0].inner.b[3] ^= 1;
    two.q.identifiers[0].salt.b[3] ^= 1;
    two.q.parts[0] = two.q.parts[1] = bytes_str("another sealed part");
    struct request_header *h = &two.q.header;
    h->on_behalf_of = h->requester;
    h->holder = ab.bench.view.members[BENCH_ALFA].id;
    h->rule = ask_name(ASK_KNOWN_RULE);
    h->rule_version = 2;
    h->policy_digest.b[0] ^= 1;
    h->roster_serial++;
    h->case_id.b[0] ^= 1;
    h->case_worker = ask_name("fedcba9876543210");
    h->fields = two.q.fields;
    h->field_count = 1;
    h->purpose = ask_name("other-purpose");
    h->epoch = 2;
    h->issued_at_s--;
    h->deadline_s--;
    h->case_state = ask_name("work_up_3");
    h->process = ask_name("case_hit");
    sign_question(&one);
    sign_question(&two);
    pristine = one.q;
    pristine.header.fields = pristine.fields;
    return 0;
}

static int tear_down_questions(void **state)
{
    (void)state;
    buf_free(&one.header);
    buf_free(&two.header);
    ask_bench_close(&ab);
    return 0;
}

CHANGE(h_deployment, struct request_header, t->deployment = ask_name("other"))
CHANGE(h_request_id, struct request_header, t->request_id = o->request_id)
CHANGE(h_requester, struct request_header, t->requester = ab.bench.view.members[BENCH_BRAVO].id)
CHANGE(h_on_behalf_of, struct request_header, t->on_behalf_of = o->on_behalf_of)
CHANGE(h_holder, struct request_header, t->holder = o->holder)
CHANGE(h_rule, struct request_header, t->rule = o->rule)
CHANGE(h_rule_version, struct request_header, t->rule_version = o->rule_version)
CHANGE(h_policy_digest, struct request_header, t->policy_digest = o->policy_digest)
CHANGE(h_roster_serial, struct request_header, t->roster_serial = o->roster_serial)
CHANGE(h_case_id, struct request_header, t->case_id = o->case_id)
CHANGE(h_case_worker, struct request_header, t->case_worker = o->case_worker)
CHANGE(h_fields, struct request_header, t->fields = o->fields; t->field_count = o->field_count)
CHANGE(h_purpose, struct request_header, t->purpose = o->purpose)
CHANGE(h_epoch, struct request_header, t->epoch = o->epoch)
CHANGE(h_suite, struct request_header, t->suite = (enum suite)(SUITE_HK1 + 1))
CHANGE(h_issued_at, struct request_header, t->issued_at_s = o->issued_at_s)
CHANGE(h_deadline, struct request_header, t->deadline_s = o->deadline_s)
CHANGE(h_subject_root, struct request_header, t->subject_root = o->subject_root)
CHANGE(h_case_state, struct request_header, t->case_state = o->case_state)
CHANGE(h_process, struct request_header, t->process = o->process)

static const struct header_case {
    const char *element;
    void (*change)(struct request_header *t, const struct request_header *o);
    enum refusal_code code;
} header_cases[] = {
    {"deployment", h_deployment, REFUSED_MALFORMED},
    {"request_id", h_request_id, REFUSED_SIGNATURE},
    {"requester", h_requester, REFUSED_SENDER},
    {"on_behalf_of", h_on_behalf_of, REFUSED_SIGNATURE},
    {"holder", h_holder, REFUSED_SIGNATURE},
    {"rule", h_rule, REFUSED_SIGNATURE},
    {"rule_version", h_rule_version, REFUSED_SIGNATURE},
    {"policy_digest", h_policy_digest, REFUSED_POLICY},
    {"roster_serial", h_roster_serial, REFUSED_POLICY},
    {"case_id", h_case_id, REFUSED_SIGNATURE},
    {"case_worker", h_case_worker, REFUSED_SIGNATURE},
    {"fields", h_fields, REFUSED_SIGNATURE},
    {"purpose", h_purpose, REFUSED_KEY},
    {"epoch", h_epoch, REFUSED_KEY},
    {"suite", h_suite, REFUSED_MALFORMED},
    {"issued_at", h_issued_at, REFUSED_SIGNATURE},
    {"deadline", h_deadline, REFUSED_SIGNATURE},
    {"subject_root", h_subject_root, REFUSED_SIGNATURE},
    {"case_state", h_case_state, REFUSED_SIGNATURE},
    {"process", h_process, REFUSED_SIGNATURE},
};

/* The message is refused with this code; nothing of it stays but one entry of the log. */
static void question_refused(const char *element, const struct request_message *m,
                             enum refusal_code want)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    struct errmsg detail = {""};
    const struct store *s = ab.bench.broker.store;
    const size_t entries = bench_pending(&ab.bench);
    assert_int_equal(request_message_encode(m, &body), ERR_OK);
    const enum refusal_code code =
        ask_send(&ab, BENCH_ALFA, MSG_REQUEST, buf_bytes(&body), &detail);
    if (code != want)
        fail_msg("%s: %s: %s", element, refusal_code_id(code), detail.text);
    if (bench_pending(&ab.bench) != entries + 1)
        fail_msg("%s: not logged", element);
    assert_int_equal(ask_table_rows(&ab, s->asks), 0);
    assert_int_equal(ask_table_rows(&ab, s->held), 0);
    assert_int_equal(ask_table_rows(&ab, s->ask_queue), 0);
    assert_int_equal(ask_table_rows(&ab, s->limit_members), 0);
}

/* What was signed is accepted, so that the refusals above were for what was changed. */
static void question_accepted(void)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    assert_int_equal(request_message_encode(&one.q.message, &body), ERR_OK);
    assert_int_equal(ask_send(&ab, BENCH_ALFA, MSG_REQUEST, buf_bytes(&body), NULL), REFUSED_NONE);
}

static void each_element_of_a_header_from_another_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(header_cases); i++) {
        CLEANUP(buf_free) struct buf header = buf_new(1 << 16);
        struct request_header h = pristine.header;
        struct request_message m = one.q.message;
        header_cases[i].change(&h, &two.q.header);
        assert_int_equal(request_header_encode(&h, &header), ERR_OK);
        assert_false(bytes_equal(buf_bytes(&header), buf_bytes(&one.header)));
        m.header = buf_bytes(&header);
        question_refused(header_cases[i].element, &m, header_cases[i].code);
    }
    question_accepted();
}

CHANGE(m_header, struct request_message, t->header = o->header)
CHANGE(m_signed_header, struct request_message, t->header = o->header;
       t->worker_signature = o->worker_signature; t->agency_signature = o->agency_signature)
CHANGE(m_worker_signature, struct request_message, t->worker_signature = o->worker_signature)
CHANGE(m_agency_signature, struct request_message, t->agency_signature = o->agency_signature)
CHANGE(m_swapped, struct request_message, t->worker_signature = o->agency_signature)
CHANGE(m_worker_is_agency, struct request_message, t->worker_signature = t->agency_signature)
CHANGE(m_agency_is_worker, struct request_message, t->agency_signature = t->worker_signature)
CHANGE(m_fingerprint, struct request_message,
       t->worker_fingerprint = ab.bench.view.officers[ASK_JANSEN].cert.fingerprint)
CHANGE(m_sealed_parts, struct request_message, t->sealed_parts = o->sealed_parts)
CHANGE(m_identifiers, struct request_message, t->identifiers = o->identifiers)
CHANGE(m_padding, struct request_message, static struct digest list[64];
       memcpy(list, t->padding, t->padding_count * sizeof *list); list[0] = list[1];
       t->padding = list)

static struct request_identifier changed_ids[2];
#define ID(name, statement)                                                                        \
    CHANGE(name, struct request_message,                                                           \
           memcpy(changed_ids, t->identifiers, sizeof changed_ids);                                \
           struct request_identifier *id = changed_ids;                                            \
           const struct request_identifier *other = o->identifiers; (void)other; statement;        \
           t->identifiers = changed_ids)
ID(i_inner, id[0].inner = other[0].inner)
ID(i_salt, id[0].salt = other[0].salt)
ID(i_type, id[0].type = other[1].type)
ID(i_group, id[0].group = 1; id[1].group = 0)
ID(i_position, id[0].position = 1; id[1].position = 0)

/* What of the other question may be put in: a fresh one that the broker could take as well. */
static const struct message_case {
    const char *element;
    void (*change)(struct request_message *t, const struct request_message *o);
    enum refusal_code code;
} message_cases[] = {
    {"header", m_header, REFUSED_SIGNATURE},
    {"header with its signatures", m_signed_header, REFUSED_ROOT},
    {"worker_signature", m_worker_signature, REFUSED_SIGNATURE},
    {"agency_signature", m_agency_signature, REFUSED_SIGNATURE},
    {"the other's agency signature as worker's", m_swapped, REFUSED_SIGNATURE},
    {"agency signature as worker's", m_worker_is_agency, REFUSED_SIGNATURE},
    {"worker's signature as agency's", m_agency_is_worker, REFUSED_SIGNATURE},
    {"worker_fingerprint", m_fingerprint, REFUSED_SIGNATURE},
    {"sealed_parts", m_sealed_parts, REFUSED_ROOT},
    {"identifiers", m_identifiers, REFUSED_ROOT},
    {"padding", m_padding, REFUSED_ROOT},
    {"inner", i_inner, REFUSED_ROOT},
    {"salt", i_salt, REFUSED_ROOT},
    {"type", i_type, REFUSED_ROOT},
    {"group", i_group, REFUSED_ROOT},
    {"position", i_position, REFUSED_ROOT},
};

static void each_element_beside_a_header_from_another_is_refused(void **state)
{
    (void)state;
    /* the second question, valid here */
    struct request_header h = pristine.header;
    h.request_id = two.q.header.request_id;
    h.case_id = two.q.header.case_id;
    two.q.header = h;
    two.q.header.fields = two.q.fields;
    memcpy(two.q.fields, pristine.fields, sizeof two.q.fields);
    buf_free(&two.header);
    sign_question(&two);
    for (size_t i = 0; i < ARRAY_LEN(message_cases); i++) {
        struct request_message m = one.q.message;
        message_cases[i].change(&m, &two.q.message);
        question_refused(message_cases[i].element, &m, message_cases[i].code);
    }
    question_accepted();
    one.q.message = two.q.message;
    question_accepted();
}

/* ---- settlements ---- */

/* A match and the settlement that fits it. */
struct decided {
    struct ask_question q;
    struct ask_record record;
    struct digest id;
    struct ask_settle s;
};

static struct decided here;
static struct decided there;

static void decide(struct decided *d, uint32_t bsn, uint32_t life_s)
{
    const struct ask_value v = {IDENT_BSN, bsn};
    d->record = ask_record(&ab, &v, 1);
    ask_record_add(&ab, &d->record);
    ask_question(&ab, &d->q);
    d->q.message.identifier_count = 0;
    ask_question_add(&d->q, 0, IDENT_BSN, bsn);
    d->q.header.deadline_s = d->q.header.issued_at_s + life_s;
    d->id = ask_accepted(&ab, &d->q);
    ask_slot(&ab);
    assert_int_equal(ask_row(&ab, &d->id).hits, 1);
    const struct ask_hit hit = {&d->q, &d->id, &d->record, 0};
    ask_settle(&ab, &hit, CONSENT_RELEASE, &d->s);
    d->s.consents[0].fields = d->s.consents[1].fields = d->s.fields;
}

static int set_up_settlements(void **state)
{
    (void)state;
    ask_bench_open(&ab);
    decide(&here, 11, 60);
    decide(&there, 12, 90);
    struct consent *c = there.s.consents;
    for (size_t i = 0; i < 2; i++) {
        c[i].nonce.b[0] ^= 1;
        c[i].signed_at_s++;
    }
    c[0].staff = ask_name("1111111111111111");
    c[1].staff = ask_name("2222222222222222");
    return 0;
}

static int tear_down_settlements(void **state)
{
    (void)state;
    ask_bench_close(&ab);
    return 0;
}

static const struct name other_field = {.s = "ingangsdatum"};
CHANGE(c_deployment, struct consent, t->deployment = ask_name("other"))
CHANGE(c_decision, struct consent, t->decision = CONSENT_KNOWN; t->field_count = 0)
CHANGE(c_code, struct consent, t->decision = CONSENT_REFUSE; t->field_count = 0;
       t->code = bytes_str("lopend_onderzoek"))
CHANGE(c_header_digest, struct consent, t->header_digest = o->header_digest)
CHANGE(c_requester, struct consent, t->requester = ab.bench.view.members[BENCH_BRAVO].id)
CHANGE(c_sealing, struct consent,
       t->requester_sealing = ab.bench.view.members[BENCH_BRAVO].sealing.fingerprint)
CHANGE(c_rule, struct consent, t->rule = ask_name(ASK_KNOWN_RULE))
CHANGE(c_rule_version, struct consent, t->rule_version++)
CHANGE(c_policy_digest, struct consent, t->policy_digest.b[0] ^= 1)
CHANGE(c_roster_serial, struct consent, t->roster_serial++)
CHANGE(c_purpose, struct consent, t->purpose = ask_name("other-purpose"))
CHANGE(c_epoch, struct consent, t->epoch++)
CHANGE(c_handle, struct consent, t->handle = o->handle)
CHANGE(c_leaf, struct consent, t->record_leaf = o->record_leaf)
CHANGE(c_fields, struct consent, t->fields = &other_field)
CHANGE(c_staff, struct consent, t->staff = o->staff)
CHANGE(c_function, struct consent, t->function = ask_name("privacy_officer"))
CHANGE(c_signed_at, struct consent, t->signed_at_s = o->signed_at_s)
CHANGE(c_not_after, struct consent, t->not_after_s = o->not_after_s)
CHANGE(c_nonce, struct consent, t->nonce = o->nonce)
CHANGE(c_group, struct consent, t->group++)

/* Where the code is REFUSED_NONE the broker cannot know better: docs/transplant.md says who does. */
static const struct consent_case {
    const char *element;
    void (*change)(struct consent *t, const struct consent *o);
    enum refusal_code in_one;    /* changed in the first consent only, under its signature */
    enum refusal_code in_both;   /* changed in both, under their signatures */
    enum refusal_code resigned;  /* changed in both, and signed by both */
} consent_cases[] = {
    {"deployment", c_deployment, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_MALFORMED},
    {"decision", c_decision, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_MALFORMED},
    {"code", c_code, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_MALFORMED},
    {"header_digest", c_header_digest, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_MALFORMED},
    {"requester", c_requester, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_MALFORMED},
    {"requester_sealing", c_sealing, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_KEY},
    {"rule", c_rule, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_MALFORMED},
    {"rule_version", c_rule_version, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_MALFORMED},
    {"policy_digest", c_policy_digest, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_MALFORMED},
    {"roster_serial", c_roster_serial, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_MALFORMED},
    {"purpose", c_purpose, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_MALFORMED},
    {"epoch", c_epoch, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_MALFORMED},
    {"handle", c_handle, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_NOT_FOUND},
    {"record_leaf", c_leaf, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_ROOT},
    {"fields", c_fields, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_NONE},
    {"staff", c_staff, REFUSED_SIGNATURE, REFUSED_SIGNATURE, REFUSED_NONE},
    {"function", c_function, REFUSED_SIGNATURE, REFUSED_SIGNATURE, REFUSED_POLICY},
    {"signed_at", c_signed_at, REFUSED_SIGNATURE, REFUSED_SIGNATURE, REFUSED_NONE},
    {"not_after", c_not_after, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_MALFORMED},
    {"nonce", c_nonce, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_NONE},
    {"group", c_group, REFUSED_MALFORMED, REFUSED_SIGNATURE, REFUSED_NOT_FOUND},
};

/* The settlement is refused with this code; nothing of it stays but one entry of the log. */
static void settlement_refused(const char *element, struct bytes body, enum refusal_code want)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)32 << 20);
    struct errmsg detail = {""};
    const size_t entries = bench_pending(&ab.bench);
    const enum refusal_code code = ask_send(&ab, BENCH_BRAVO, MSG_SETTLE, body, &detail);
    if (code != want)
        fail_msg("%s: %s: %s", element, refusal_code_id(code), detail.text);
    if (bench_pending(&ab.bench) != entries + 1)
        fail_msg("%s: not logged", element);
    assert_int_equal(ask_table_rows(&ab, ab.bench.broker.store->settlements), 0);
    assert_int_equal(ask_mail(&ab, BENCH_ALFA, MAIL_SETTLED, a, NULL), 0);
}

/* The settlement of `here` as ask_settle_encode signs it, taken apart again: what the signatures are over. */
struct signed_settle {
    struct buf body;
    struct arena *arena;
    struct settle settle;
};

static void sign_settle(struct decided *d, struct signed_settle *out)
{
    struct errmsg why = {""};
    out->body = buf_new((size_t)4 << 20);
    out->arena = arena_new((size_t)8 << 20);
    ask_settle_encode(&ab, &d->s, &out->body);
    assert_int_equal(settle_decode(buf_bytes(&out->body), out->arena, &out->settle, &why), ERR_OK);
}

static void free_settle(struct signed_settle *s)
{
    buf_free(&s->body);
    arena_free(s->arena);
}

static void change_under_signature(const struct consent_case *k, const struct signed_settle *valid,
                                   size_t count)
{
    struct buf documents[2] = {buf_new(1 << 16), buf_new(1 << 16)};
    CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
    struct settle s = valid->settle;
    for (size_t i = 0; i < count; i++) {
        struct consent c = here.s.consents[i];
        k->change(&c, &there.s.consents[i]);
        assert_int_equal(consent_encode(&c, &documents[i]), ERR_OK);
        assert_false(bytes_equal(buf_bytes(&documents[i]), s.consents[i].consent));
        s.consents[i].consent = buf_bytes(&documents[i]);
    }
    assert_int_equal(settle_encode(&s, &body), ERR_OK);
    settlement_refused(k->element, buf_bytes(&body), count == 1 ? k->in_one : k->in_both);
    buf_free(&documents[0]);
    buf_free(&documents[1]);
}

static void each_element_of_a_consent_from_another_is_refused_under_its_signature(void **state)
{
    (void)state;
    struct signed_settle valid;
    sign_settle(&here, &valid);
    for (size_t i = 0; i < ARRAY_LEN(consent_cases); i++)
        for (size_t count = 1; count <= 2; count++)
            change_under_signature(&consent_cases[i], &valid, count);
    assert_int_equal(ask_send(&ab, BENCH_BRAVO, MSG_SETTLE, buf_bytes(&valid.body), NULL),
                     REFUSED_NONE);
    free_settle(&valid);
}

static void each_element_of_a_consent_from_another_is_refused_though_signed(void **state)
{
    (void)state;
    const struct ask_settle valid = here.s;
    for (size_t i = 0; i < ARRAY_LEN(consent_cases); i++) {
        const struct consent_case *k = &consent_cases[i];
        CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
        if (k->resigned == REFUSED_NONE)
            continue;
        here.s = valid;
        for (size_t c = 0; c < 2; c++)
            k->change(&here.s.consents[c], &there.s.consents[c]);
        ask_settle_encode(&ab, &here.s, &body);
        settlement_refused(k->element, buf_bytes(&body), k->resigned);
    }
    here.s = valid;
}

CHANGE(s_signature, struct settle, t->consents[0].signature = o->consents[0].signature)
CHANGE(s_signature_two, struct settle, t->consents[1].signature = o->consents[1].signature)
CHANGE(s_signatures_swapped, struct settle, t->consents[0].signature = t->consents[1].signature;
       t->consents[1].signature = here.s.settle.consents[0].signature)
CHANGE(s_fingerprint, struct settle,
       t->consents[0].fingerprint = ab.bench.view.officers[ASK_JANSEN_TOO].cert.fingerprint)
CHANGE(s_fingerprint_two, struct settle, t->consents[1].fingerprint = t->consents[0].fingerprint)
CHANGE(s_fingerprint_requester, struct settle,
       t->consents[0].fingerprint = ab.bench.view.officers[ASK_WORKER].cert.fingerprint)
CHANGE(s_first, struct settle, t->consents[0] = o->consents[0])
CHANGE(s_second, struct settle, t->consents[1] = o->consents[1])
CHANGE(s_twice, struct settle, t->consents[1] = t->consents[0])
CHANGE(s_first_alone, struct settle, t->consent_count = 1)
CHANGE(s_both, struct settle, memcpy(t->consents, o->consents, sizeof t->consents))
CHANGE(s_batch, struct settle, t->batch_id = o->batch_id)
CHANGE(s_path, struct settle, static const struct digest sibling = {{7}};
       t->leaf_path = (struct merkle_path){0, 2, &sibling, 1})
CHANGE(s_no_release, struct settle, t->release = bytes_str(""))

static const struct settle_case {
    const char *element;
    void (*change)(struct settle *t, const struct settle *o);
    enum refusal_code code;
} settle_cases[] = {
    {"signature", s_signature, REFUSED_SIGNATURE},
    {"second signature", s_signature_two, REFUSED_SIGNATURE},
    {"signatures swapped", s_signatures_swapped, REFUSED_SIGNATURE},
    {"fingerprint", s_fingerprint, REFUSED_SIGNATURE},
    {"second fingerprint", s_fingerprint_two, REFUSED_SIGNATURE},
    {"fingerprint of the requester's officer", s_fingerprint_requester, REFUSED_SIGNATURE},
    {"first consent", s_first, REFUSED_MALFORMED},
    {"second consent", s_second, REFUSED_MALFORMED},
    {"the first consent twice", s_twice, REFUSED_POLICY},
    {"the first consent alone", s_first_alone, REFUSED_POLICY},
    {"both consents", s_both, REFUSED_ROOT},
    {"batch_id", s_batch, REFUSED_ROOT},
    {"leaf_path", s_path, REFUSED_ROOT},
    {"release missing", s_no_release, REFUSED_MALFORMED},
};

static void each_element_beside_a_consent_from_another_is_refused(void **state)
{
    (void)state;
    struct signed_settle valid;
    struct signed_settle other;
    sign_settle(&here, &valid);
    sign_settle(&there, &other);
    here.s.settle.consents[0].signature = valid.settle.consents[0].signature;
    for (size_t i = 0; i < ARRAY_LEN(settle_cases); i++) {
        CLEANUP(buf_free) struct buf body = buf_new((size_t)4 << 20);
        struct settle s = valid.settle;
        settle_cases[i].change(&s, &other.settle);
        assert_int_equal(settle_encode(&s, &body), ERR_OK);
        settlement_refused(settle_cases[i].element, buf_bytes(&body), settle_cases[i].code);
    }
    assert_int_equal(ask_send(&ab, BENCH_BRAVO, MSG_SETTLE, buf_bytes(&valid.body), NULL),
                     REFUSED_NONE);
    assert_int_equal(ask_send(&ab, BENCH_BRAVO, MSG_SETTLE, buf_bytes(&other.body), NULL),
                     REFUSED_NONE);
    free_settle(&valid);
    free_settle(&other);
}

int main(void)
{
#define QUESTION(f) cmocka_unit_test_setup_teardown(f, set_up_questions, tear_down_questions)
#define SETTLEMENT(f) cmocka_unit_test_setup_teardown(f, set_up_settlements, tear_down_settlements)
    const struct CMUnitTest tests[] = {
        QUESTION(each_element_of_a_header_from_another_is_refused),
        QUESTION(each_element_beside_a_header_from_another_is_refused),
        SETTLEMENT(each_element_of_a_consent_from_another_is_refused_under_its_signature),
        SETTLEMENT(each_element_of_a_consent_from_another_is_refused_though_signed),
        SETTLEMENT(each_element_beside_a_consent_from_another_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
