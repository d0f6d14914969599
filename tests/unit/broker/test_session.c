/* broker/hello, mail_ack, bodies, reconcile: what a session starts with and may read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/audit.h"
#include "broker/keys.h"
#include "broker/mailboxes.h"
#include "broker/publisher.h"
#include "broker/reconcile.h"
#include "broker/store/meta.h"
#include "pki/note.h"
#include "pki/sign.h"
#include "proto/host/tiles.h"
#include "proto/host/writer.h"
#include "pki/digest.h"
#include "proto/log/entry.h"
#include "proto/msg/bodies.h"
#include "proto/msg/mail.h"
#include "tests/unit/broker/bench.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

static const struct turn_handler *const handlers[] = {&hello_handler, &mail_ack_handler,
                                                      &bodies_handler};
static struct bench bench;
static struct arena *arena;
static uint8_t checkpoint[4096];
static const uint8_t some_kcv[8] = {1, 2, 3, 4, 5, 6, 7, 8};

static int setup(void **state)
{
    (void)state;
    bench_open(&bench, handlers, ARRAY_LEN(handlers));
    arena = arena_new((size_t)32 << 20);
    struct deal *d = &bench.view.deals[0];
    OK(name_parse(bytes_str("riec-casus"), &d->purpose));
    d->epoch = 1;
    d->suite = SUITE_HK1;
    memcpy(d->kcv.b, some_kcv, sizeof some_kcv);
    d->norms[IDENT_BSN] = 1;
    bench.view.deal_count = 1;
    static const struct bytes policy_signatures[2] = {{(const uint8_t *)"s1", 2},
                                                      {(const uint8_t *)"s2", 2}};
    bench.view.files = (struct view_files){.roster = bytes_str("the roster"),
                                           .policy = bytes_str("the policy"),
                                           .policy_signatures = policy_signatures,
                                           .policy_signature_count = 2};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    reconcile_stop(&bench.broker);
    bench_close(&bench);
    return 0;
}

/* A hello that agrees in everything; the key rows are the test's to change. */
static struct epoch_key own_key;

static struct hello agreeing(void)
{
    own_key = (struct epoch_key){.epoch = 1, .suite = SUITE_HK1};
    own_key.purpose = bench.view.deals[0].purpose;
    memcpy(own_key.kcv, some_kcv, sizeof some_kcv);
    struct hello h = {
        .versions = {WIRE_VERSION},
        .version_count = 1,
        .roster_serial = bench.view.roster.serial,
        .policy_serial = bench.view.policy.serial,
        .policy_digest = bench.view.policy_digest,
        .epochs = &own_key,
        .epoch_count = 1,
        .now_s = BENCH_NOW_S,
    };
    h.suites[SUITE_HK1] = true;
    h.norm_versions[IDENT_BSN] = 1;
    return h;
}

static struct hello_reply say(enum bench_member who, const struct hello *h)
{
    CLEANUP(buf_free) struct buf body = buf_new(65536);
    struct hello_reply r = {0};
    struct envelope e;
    struct errmsg why = {""};
    OK(hello_encode(h, &body));
    const struct bench_message m = bench_message(&bench, who, MSG_HELLO, buf_bytes(&body));
    bench_send(&bench, &m);
    bench_answer(&bench, arena, &e);
    assert_int_equal(e.kind, MSG_HELLO_REPLY);
    OK(hello_reply_decode(e.body, arena, &r, &why));
    return r;
}

static enum err mail_job(struct kv_txn *txn, void *arg)
{
    return mailbox_put(bench.broker.mailboxes, txn, &bench.view.members[BENCH_ALFA].id, MAIL_HIT,
                       bytes_str("x"), arg);
}

static uint64_t next_sequence(void)
{
    uint64_t sequence = 0;
    OK(writer_run(bench.broker.writer, mail_job, &sequence));
    return sequence;
}

static uint64_t waiting_for_alfa(void)
{
    uint64_t waiting = 0;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(mailbox_waiting(bench.broker.mailboxes, txn, &bench.view.members[BENCH_ALFA].id, &waiting));
    return waiting;
}

static void an_agreeing_hello_opens(void **state)
{
    (void)state;
    const struct hello h = agreeing();
    const struct hello_reply r = say(BENCH_ALFA, &h);
    assert_int_equal(r.state, SESSION_OPEN);
    assert_int_equal(r.difference.len, 0);
    assert_int_equal(r.roster_serial, 7);
    assert_int_equal(r.credit, 4);
    assert_int_equal(r.epoch_count, 1);
    assert_memory_equal(r.epochs[0].kcv, some_kcv, sizeof some_kcv);
    assert_true(bytes_is(r.origin, "sluis.example/test"));
    /* Its entry names the agency, but nothing was promised, so no proof is sent. */
    publisher_tick(bench.broker.publisher);
    bench_settle(&bench);
    assert_int_equal(waiting_for_alfa(), 0);
}

static void each_difference_is_named_and_only_repair_is_served(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        struct hello h = agreeing();
        const char *name = "";
        switch (i) {
        case 0:
            h.versions[0] = 99;
            name = "versions";
            break;
        case 1:
            h.roster_serial--;
            name = "roster_serial";
            break;
        case 2:
            h.roster_serial++;
            name = "roster_serial";
            break;
        case 3:
            h.policy_serial--;
            name = "policy_serial";
            break;
        case 4:
            h.policy_digest.b[0] ^= 1;
            name = "policy_digest";
            break;
        case 5:
            own_key.kcv[7] ^= 1;
            name = "kcv";
            break;
        case 6:
            h.norm_versions[IDENT_BSN] = 2;
            name = "norm_version";
            break;
        case 7:
            h.trust.announced_serial++;
            name = "announced policy";
            break;
        case 8:
            h.trust.announced_digest.b[0] ^= 1;
            name = "announced policy";
            break;
        case 9:
            h.trust.adoptions_digest.b[0] ^= 1;
            name = "adoptions";
            break;
        case 10:
            h.now_s += 301;
            name = "now";
            break;
        default:
            h.now_s -= 301;
            name = "now";
            break;
        }
        const struct hello_reply r = say(BENCH_ALFA, &h);
        assert_int_equal(r.state, SESSION_REPAIR);
        assert_true(r.difference.len >= strlen(name));
        assert_memory_equal(r.difference.ptr, name, strlen(name));
        CLEANUP(buf_free) struct buf ack = buf_new(64);
        OK(mail_ack_encode(&(struct mail_ack){.up_to = 1}, &ack));
        const struct bench_message m =
            bench_message(&bench, BENCH_ALFA, MSG_MAIL_ACK, buf_bytes(&ack));
        struct envelope e;
        bench_send(&bench, &m);
        bench_answer(&bench, arena, &e);
        assert_int_equal(e.kind, MSG_REFUSED);
        arena_reset(arena);
    }
}

static void a_key_that_no_custodian_stated_is_no_difference(void **state)
{
    (void)state;
    struct hello h = agreeing();
    own_key.epoch = 2;
    assert_int_equal(say(BENCH_ALFA, &h).state, SESSION_OPEN);
}

/* A note over any size and root, by the log's own key or another. */
static struct bytes note_over(uint64_t size, const struct key *key)
{
    struct buf note = buf_fixed(checkpoint, sizeof checkpoint);
    CLEANUP(buf_free) struct buf text = buf_new(4096);
    const struct checkpoint c = {.origin = bytes_str(bench.config.origin), .size = size};
    const struct note_signer signer = {c.origin, key};
    checkpoint_write(&c, &text);
    OK(note_sign(&signer, 1, buf_bytes(&text), &note));
    return buf_bytes(&note);
}

static void a_checkpoint_of_a_fork_closes_the_gate(void **state)
{
    (void)state;
    struct hello h = agreeing();
    h.checkpoint = note_over(4096, bench.broker.keys->log.keys[0]);
    const struct hello_reply r = say(BENCH_ALFA, &h);
    assert_int_equal(r.state, SESSION_REPAIR);
    assert_int_equal(broker_gate(&bench.broker), GATE_FORKED);
    h.checkpoint = bytes_str("");
    (void)say(BENCH_BRAVO, &h);
    assert_int_equal(broker_gate(&bench.broker), GATE_FORKED); /* nobody talks it open */
}

static void a_checkpoint_of_another_key_closes_nothing(void **state)
{
    (void)state;
    CLEANUP(cleanup_key_free) struct key *other = NULL;
    OK(key_generate(KEY_TYPE_ED25519, &other));
    struct hello h = agreeing();
    h.checkpoint = note_over(4096, other);
    assert_int_equal(say(BENCH_ALFA, &h).state, SESSION_REPAIR);
    assert_true(broker_is_open(&bench.broker));
}

static enum err restored_job(struct kv_txn *txn, void *arg)
{
    return meta_set_restored(arg, txn, BENCH_NOW_S - 60);
}

static void a_restored_store_opens_when_every_agency_was_heard(void **state)
{
    (void)state;
    OK(writer_run(bench.broker.writer, restored_job, bench.broker.store));
    OK(reconcile_start(&bench.broker));
    assert_int_equal(broker_gate(&bench.broker), GATE_RECONCILE);
    const struct hello h = agreeing();
    publisher_tick(bench.broker.publisher); /* no head is signed before the agents were heard */
    bench_settle(&bench);
    assert_int_equal(publisher_size(bench.broker.publisher), 0);
    assert_int_equal(say(BENCH_ALFA, &h).state, SESSION_RECONCILE);
    assert_int_equal(say(BENCH_ALFA, &h).copied_s, BENCH_NOW_S - 60);
    assert_int_equal(broker_gate(&bench.broker), GATE_RECONCILE);
    assert_int_equal(say(BENCH_BRAVO, &h).copied_s, BENCH_NOW_S - 60); /* the last one hears it, too */
    assert_true(broker_is_open(&bench.broker));
    assert_int_equal(say(BENCH_ALFA, &h).state, SESSION_OPEN);
    assert_int_equal(say(BENCH_ALFA, &h).copied_s, 0);
    OK(reconcile_start(&bench.broker)); /* the mark is gone from the store */
    assert_true(broker_is_open(&bench.broker));
}

/* Else its agent would take a new item for one that it has had. */
static void what_an_agency_has_had_is_never_numbered_again(void **state)
{
    (void)state;
    struct hello h = agreeing();
    assert_int_equal(next_sequence(), 1);
    assert_int_equal(next_sequence(), 2);
    h.mail_done = 2; /* an acknowledgement that was lost is none of hello's business */
    assert_int_equal(say(BENCH_ALFA, &h).state, SESSION_OPEN);
    assert_int_equal(waiting_for_alfa(), 2);
    h.mail_done = 40;
    assert_int_equal(say(BENCH_BRAVO, &h).state, SESSION_OPEN); /* another's mailbox is another's */
    assert_int_equal(next_sequence(), 3);
    assert_int_equal(waiting_for_alfa(), 3);
    assert_int_equal(say(BENCH_ALFA, &h).state, SESSION_OPEN);
    assert_int_equal(waiting_for_alfa(), 0);
    assert_int_equal(next_sequence(), 41);
    assert_int_equal(waiting_for_alfa(), 1);
    h.mail_done = 7;
    assert_int_equal(say(BENCH_ALFA, &h).state, SESSION_OPEN);
    assert_int_equal(next_sequence(), 42);
}

static void a_restored_mailbox_is_raised_before_the_gate_opens(void **state)
{
    (void)state;
    struct hello h = agreeing();
    OK(writer_run(bench.broker.writer, restored_job, bench.broker.store));
    OK(reconcile_start(&bench.broker));
    h.mail_done = 9;
    assert_int_equal(say(BENCH_ALFA, &h).state, SESSION_RECONCILE);
    assert_int_equal(next_sequence(), 10);
}

static void a_chain_is_named_once(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf body = buf_new(65536);
    const struct name purpose = bench.view.deals[0].purpose;
    const struct hello_chain chains[] = {{.purpose = purpose, .epoch = 1, .sequence = 4},
                                         {.purpose = purpose, .epoch = 2, .sequence = 4},
                                         {.purpose = purpose, .epoch = 1, .sequence = 3}};
    struct hello h = agreeing();
    struct envelope e;
    h.chains = chains;
    h.chain_count = 2;
    assert_int_equal(say(BENCH_ALFA, &h).state, SESSION_OPEN);
    h.chain_count = 3;
    OK(hello_encode(&h, &body));
    const struct bench_message m = bench_message(&bench, BENCH_ALFA, MSG_HELLO, buf_bytes(&body));
    bench_send(&bench, &m);
    bench_answer(&bench, arena, &e);
    assert_int_equal(e.kind, MSG_REFUSED);
}

static void a_number_that_no_counting_reaches_is_refused(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf body = buf_new(65536);
    struct hello h = agreeing();
    struct envelope e;
    h.mail_done = MAIL_SEQUENCE_MAX;
    OK(hello_encode(&h, &body));
    const struct bench_message m = bench_message(&bench, BENCH_ALFA, MSG_HELLO, buf_bytes(&body));
    bench_send(&bench, &m);
    bench_answer(&bench, arena, &e);
    assert_int_equal(e.kind, MSG_REFUSED);
    assert_int_equal(next_sequence(), 1);
    h.mail_done = mail_sequence_limit(BENCH_NOW_S); /* as far as a broker that lies can bring it */
    assert_int_equal(say(BENCH_ALFA, &h).state, SESSION_OPEN);
    assert_true(next_sequence() == h.mail_done + 1);
    assert_true(h.mail_done + 1 < mail_sequence_limit(BENCH_NOW_S + 1));
}

/* The mark of one holder more than a view has room for is an error, not a holder without a mark. */
static enum err marks_job(struct kv_txn *txn, void *arg)
{
    struct view_marks *m = arg;
    static const struct agency_id one_more = {"00000001000000009999"};
    uint8_t serial[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    char name[64];
    struct buf key = buf_fixed(name, sizeof name - 1);
    for (m->adoption_count = 0; m->adoption_count < VIEW_MARK_HOLDERS_MAX; m->adoption_count++) {
        char oin[OIN_CHARS + 1];
        (void)snprintf(oin, sizeof oin, "00000001%012zu", m->adoption_count);
        OK(agency_id_parse(bytes_str(oin), &m->adoptions[m->adoption_count].holder));
        m->adoptions[m->adoption_count].serial = m->adoption_count + 1;
    }
    OK(meta_put_marks(bench.broker.store, txn, m));
    *m = (struct view_marks){0};
    OK(meta_get_marks(bench.broker.store, txn, m));
    assert_int_equal(m->adoption_count, VIEW_MARK_HOLDERS_MAX);
    assert_int_equal(m->adoptions[VIEW_MARK_HOLDERS_MAX - 1].serial, VIEW_MARK_HOLDERS_MAX);
    buf_printf(&key, "adoption/%s", one_more.oin);
    OK(meta_put(bench.broker.store, txn, buf_text(&key), BYTES_OF_ARRAY(serial)));
    assert_int_equal(meta_get_marks(bench.broker.store, txn, m), ERR_LIMIT);
    return ERR_OK;
}

static void marks_of_more_holders_than_fit_are_an_error(void **state)
{
    (void)state;
    static struct view_marks m;
    OK(writer_run(bench.broker.writer, marks_job, &m));
}

/* Reading bodies: who sees what. */
static const struct turn_audit entries[] = {
    {.event = AUDIT_EVENT_REQUEST_ACCEPTED},
    {.event = AUDIT_EVENT_CONSENT_ACCEPTED, .hidden_from_peer = true},
    {.event = AUDIT_EVENT_REQUEST_MATCHED, .hidden_from_sender = true, .hidden_from_peer = true},
};

static enum err entries_job(struct kv_txn *txn, void *arg)
{
    (void)arg;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(entries); i++) {
        struct turn_audit what = entries[i];
        struct digest entry;
        what.peer = bench.view.members[BENCH_BRAVO].id;
        e = audit_append(bench.broker.audit, txn, &what, &bench.view.members[BENCH_ALFA].id, NULL,
                         BENCH_NOW_S, &entry);
    }
    return e;
}

static void make_officer(size_t i, enum bench_member of, enum officer_function function)
{
    struct roster_officer *o = &bench.view.officers[i];
    o->agency = bench.view.members[of].id;
    o->functions = UINT32_C(1) << function;
    memset(o->cert.fingerprint.b, 0x70 + (int)i, sizeof o->cert.fingerprint.b);
    OK(key_generate(KEY_TYPE_P256, &bench.view.officer_keys[i]));
}

struct asking {
    enum bench_member agency;
    size_t officer;
    size_t signer; /* whose key signs */
    int64_t issued_at_s;
    const struct bodies_sought *sought; /* with narrow; the filter has digests of name alike */
    const struct bodies_sought *alike;
};

/* A filter with the digests of names. */
static void seek(const struct bodies_sought *s, struct bodies_filter *f)
{
    const struct bytes salt = BYTES_OF_ARRAY(f->salt.b);
    f->has_officer = f->has_request = f->has_case = true;
    OK(entry_ref(digest_sha256, salt, "officer", name_bytes(&s->officer), &f->officer));
    OK(entry_ref(digest_sha256, salt, "request", digest_bytes(&s->request), &f->request));
    OK(entry_ref(digest_sha256, salt, "case", BYTES_OF_ARRAY(s->dossier.b), &f->dossier));
}

static struct envelope ask_bodies(const struct asking *q)
{
    CLEANUP(buf_free) struct buf query = buf_new(4096);
    CLEANUP(buf_free) struct buf body = buf_new(8192);
    struct signature s;
    struct envelope e;
    struct bodies_query in = {.deployment = bench.config.deployment,
                              .reader = bench.view.members[q->agency].id,
                              .max_rows = 1000,
                              .issued_at_s = q->issued_at_s,
                              .purpose = BODIES_FOR_LIST};
    OK(name_parse(bytes_str("pseudonym"), &in.staff));
    OK(name_parse(bytes_str("auditor"), &in.function));
    in.narrow = q->sought != NULL;
    if (q->sought != NULL) {
        in.sought = *q->sought;
        seek(q->alike, &in.filter);
    }
    OK(bodies_query_encode(&in, &query));
    OK(sign_document(SIGN_BODIES, bench.view.officer_keys[q->signer], buf_bytes(&query), &s));
    const struct bodies b = {.document = buf_bytes(&query),
                             .signature = signature_bytes(&s),
                             .fingerprint = bench.view.officers[q->officer].cert.fingerprint};
    OK(bodies_encode(&b, &body));
    bench_session(&bench, q->agency, SESSION_OPEN);
    const struct bench_message m = bench_message(&bench, q->agency, MSG_BODIES, buf_bytes(&body));
    bench_send(&bench, &m);
    bench_answer(&bench, arena, &e);
    return e;
}

static size_t bodies_seen(const struct asking *q)
{
    const struct envelope e = ask_bodies(q);
    struct bodies_reply r;
    struct errmsg why = {""};
    assert_int_equal(e.kind, MSG_BODIES_REPLY);
    OK(bodies_reply_decode(e.body, arena, &r, &why));
    assert_true(r.row_count >= 16);
    size_t seen = 0;
    for (size_t i = 0; i < r.row_count; i++)
        seen += r.rows[i].body.len > 0;
    return seen;
}

static void bodies_follow_the_rights_of_the_reader(void **state)
{
    (void)state;
    OK(writer_run(bench.broker.writer, entries_job, NULL));
    publisher_tick(bench.broker.publisher);
    bench_settle(&bench);
    make_officer(0, BENCH_ALFA, FUNCTION_AUDITOR);
    make_officer(1, BENCH_BRAVO, FUNCTION_PRIVACY_OFFICER);
    struct asking q = {.agency = BENCH_ALFA, .issued_at_s = BENCH_NOW_S};
    assert_int_equal(bodies_seen(&q), 4); /* all, and the log's own first entry */
    q = (struct asking){
        .agency = BENCH_BRAVO, .officer = 1, .signer = 1, .issued_at_s = BENCH_NOW_S};
    assert_int_equal(bodies_seen(&q), 1); /* the one that is not hidden from the other side */
    static const enum officer_function readers[] = {FUNCTION_PRIVACY_OFFICER, FUNCTION_COMPLIANCE_OFFICER};
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        bench.view.officers[0].functions = UINT32_C(1) << readers[i];
        q = (struct asking){.agency = BENCH_ALFA, .issued_at_s = BENCH_NOW_S};
        assert_int_equal(bodies_seen(&q), 2); /* its own, but for the match */
    }
    assert_true(bench_pending(&bench) >= 3); /* each reading is an entry */
}

static void who_may_not_read_is_refused(void **state)
{
    (void)state;
    make_officer(0, BENCH_ALFA, FUNCTION_AUDITOR);
    make_officer(1, BENCH_BRAVO, FUNCTION_CASE_WORKER);
    const struct asking bad[] = {
        {.agency = BENCH_ALFA, .signer = 1, .issued_at_s = BENCH_NOW_S},  /* another's key */
        {.agency = BENCH_BRAVO, .issued_at_s = BENCH_NOW_S},              /* another's officer */
        {.agency = BENCH_BRAVO, .officer = 1, .signer = 1, .issued_at_s = BENCH_NOW_S},
        {.agency = BENCH_ALFA, .issued_at_s = BENCH_NOW_S - 301},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(ask_bodies(&bad[i]).kind, MSG_REFUSED);
}

/* What the log tells of a reading is what was read: no name goes with the digest of another. */
static void what_is_sought_is_what_the_filter_says(void **state)
{
    (void)state;
    const struct bodies_sought good = {
        .officer = {"00000000000000a1"}, .has_request = true, .request = {{7}}, .has_case = true, .dossier = {{8}}};
    struct bodies_sought bad[3] = {good, good, good};
    bad[0].officer.s[0] = '1';
    bad[1].request.b[31] = 1;
    bad[2].dossier.b[15] = 1;
    make_officer(0, BENCH_ALFA, FUNCTION_AUDITOR);
    struct asking q = {.agency = BENCH_ALFA, .issued_at_s = BENCH_NOW_S, .sought = &good, .alike = &good};
    assert_int_equal(ask_bodies(&q).kind, MSG_BODIES_REPLY);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        q.sought = &bad[i];
        assert_int_equal(ask_bodies(&q).kind, MSG_REFUSED);
    }
}

static void an_acknowledgement_is_for_the_senders_own_mailbox(void **state)
{
    (void)state;
    assert_int_equal(next_sequence(), 1);
    CLEANUP(buf_free) struct buf ack = buf_new(64);
    OK(mail_ack_encode(&(struct mail_ack){.up_to = 1}, &ack));
    const enum bench_member senders[] = {BENCH_BRAVO, BENCH_ALFA};
    for (size_t i = 0; i < ARRAY_LEN(senders); i++) {
        bench_session(&bench, senders[i], SESSION_OPEN);
        const struct bench_message m =
            bench_message(&bench, senders[i], MSG_MAIL_ACK, buf_bytes(&ack));
        bench_send(&bench, &m);
        assert_int_equal(waiting_for_alfa(), senders[i] == BENCH_ALFA ? 0 : 1);
    }
    assert_int_equal(bench.answer_count, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(an_agreeing_hello_opens),
        T(each_difference_is_named_and_only_repair_is_served),
        T(a_key_that_no_custodian_stated_is_no_difference),
        T(a_checkpoint_of_a_fork_closes_the_gate),
        T(a_checkpoint_of_another_key_closes_nothing),
        T(a_restored_store_opens_when_every_agency_was_heard),
        T(what_an_agency_has_had_is_never_numbered_again),
        T(a_restored_mailbox_is_raised_before_the_gate_opens),
        T(a_chain_is_named_once),
        T(a_number_that_no_counting_reaches_is_refused),
        T(marks_of_more_holders_than_fit_are_an_error),
        T(bodies_follow_the_rights_of_the_reader),
        T(what_is_sought_is_what_the_filter_says),
        T(who_may_not_read_is_refused),
        T(an_acknowledgement_is_for_the_senders_own_mailbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
