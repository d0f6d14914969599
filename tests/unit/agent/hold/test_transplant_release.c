/* Each element of a consent and of a release, altered or taken from another valid one: the requester
 * believes nothing of it, and keeps what came with the reason (docs/transplant.md). */
#include "tests/unit/agent/hold/trip.h"

#include "agent/ask/ask.h"
#include "pki/digest.h"
#include "pki/seal.h"
#include "pki/sign.h"
#include "proto/host/kv_write.h"

#define CHANGE(name, type, ...)                                                                    \
    static void name(type *t, const type *o)                                                       \
    {                                                                                              \
        (void)t;                                                                                   \
        (void)o;                                                                                   \
        __VA_ARGS__;                                                                               \
    }

/* What a holder signs and seals, for a test to change before. */
struct release {
    struct consent c[2];
    struct release_content r;
    bool keep_digests; /* the content names other consents than those that go with it */
    int sealer;        /* whose key signs inside, and to whom it is sealed */
    int sealed_to;
    /* out */
    struct buf documents[2];
    struct signature signatures[2];
    struct buf sealed;
    struct settled settled;
};

static struct trip trip;
static struct settled another; /* a second valid settlement, of another question */
static struct digest another_header;
static struct release valid;
static struct release other;

static void take_apart(const struct settled *s, struct release *out)
{
    CLEANUP(buf_free) struct buf plain = buf_new(RELEASE_MAX_BYTES);
    const struct seal_open_params p = {trip.w.sealing[P_RIEC].key, trip.w.sealing[P_RIEC].cert,
                                       trip.w.signing[P_UWV].cert};
    *out = (struct release){.sealer = P_UWV, .sealed_to = P_RIEC};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(consent_decode(s->consents[i].consent, trip.arena, &out->c[i], NULL),
                         ERR_OK);
    assert_int_equal(seal_open(&p, s->release, &plain, NULL), ERR_OK);
    const struct bytes copy = arena_copy(trip.arena, buf_bytes(&plain));
    assert_int_equal(release_content_decode(copy, trip.arena, &out->r, NULL), ERR_OK);
}

/* A second question about the same record, released in the same way. */
static void release_another(void)
{
    static const struct decision_of by_a = {O_UWV_A, CONSENT_RELEASE, NULL, {"werkgever"}};
    static const struct decision_of by_b = {O_UWV_B, CONSENT_RELEASE, NULL, {"werkgever"}};
    struct question q;
    struct settle s;
    struct world *w = &trip.w;
    question_new(w, &q);
    memset(q.header.request_id.b, 0x12, sizeof q.header.request_id.b);
    q.sealed.request_id = q.header.request_id;
    q.header.deadline_s--;
    q.seed = 0x20;
    question_make(w, &q);
    assert_false(world_deliver(w, &hold_hit_owner, buf_bytes(&q.content)));
    assert_int_equal(world_decide(w, 2, &by_a), ERR_OK);
    assert_int_equal(world_decide(w, 2, &by_b), ERR_OK);
    assert_int_equal(w->sent_count, 2);
    assert_int_equal(settle_decode(buf_bytes(&w->sent[1]), trip.arena, &s, NULL), ERR_OK);
    struct consent c;
    assert_int_equal(consent_decode(s.consents[0].consent, trip.arena, &c, NULL), ERR_OK);
    another_header = c.header_digest;
    another = (struct settled){.header_digest = c.header_digest,
                               .consents = {s.consents[0], s.consents[1]},
                               .consent_count = 2, .release = s.release};
    question_free(&q);
}

static int set_up(void **state)
{
    (void)state;
    trip_new(&trip);
    release_another();
    take_apart(&trip.settled, &valid);
    take_apart(&another, &other);
    trip_become_requester(&trip);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    trip_free(&trip);
    return 0;
}

/* ---- what must come of it ---- */

/* Whether a settlement of this first consent is kept as rejected, with a reason. The first stays. */
static bool is_kept_as_rejected(const struct settled *s)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)16 << 20);
    struct store *store = trip.w.agent.store;
    struct result r;
    struct settled kept;
    bool found = false;
    assert_int_equal(kv_read_begin(trip.w.agent.kv, &txn), ERR_OK);
    assert_int_equal(result_iter(store, txn, &trip.v.header_digest, &it), ERR_OK);
    while (result_next(store, it, a, &r) == ERR_OK) {
        assert_int_equal(r.kind, RESULT_REJECTED);
        assert_int_equal(settled_decode(r.settled, a, &kept, NULL), ERR_OK);
        found |= bytes_equal(kept.consents[0].consent, s->consents[0].consent) && r.reason.len > 0;
    }
    return found;
}

static void rejected(const char *element, const struct settled *s, enum err want)
{
    CLEANUP(buf_free) struct buf content = buf_new((size_t)2 << 20);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)16 << 20);
    struct verified out;
    struct errmsg why = {""};
    const enum err said = verify_settled(&trip.v, s, a, &out, &why);
    if (said != want || (said != ERR_OK && why.text[0] == '\0'))
        fail_msg("%s: %s: %s", element, err_text(said), why.text);
    if (said == ERR_OK)
        return; /* not the requester's to judge: docs/transplant.md says whose */
    const uint64_t before = world_number(&trip.w, MAIL_REFUSED);
    assert_int_equal(settled_encode(s, &content), ERR_OK);
    if (world_deliver(&trip.w, &ask_settled_owner, buf_bytes(&content)) || !is_kept_as_rejected(s))
        fail_msg("%s: not kept with its reason", element);
    if (world_number(&trip.w, MAIL_REFUSED) != before + 1)
        fail_msg("%s: not counted", element);
}

static void sign_consents(struct release *x)
{
    static const int who[2] = {O_UWV_A, O_UWV_B};
    for (size_t i = 0; i < 2; i++) {
        const struct fix_party *officer = &trip.w.officer[who[i]];
        x->documents[i] = buf_new((size_t)1 << 16);
        assert_int_equal(consent_encode(&x->c[i], &x->documents[i]), ERR_OK);
        const struct bytes b = buf_bytes(&x->documents[i]);
        assert_int_equal(sign_document(SIGN_CONSENT, officer->key, b, &x->signatures[i]), ERR_OK);
        x->settled.consents[i] = (struct signed_consent){b, signature_bytes(&x->signatures[i]),
                                                         *cert_fingerprint(officer->cert)};
        if (!x->keep_digests)
            assert_int_equal(digest_sha256(&b, 1, &x->r.consent_digests[i]), ERR_OK);
    }
    x->settled.consent_count = 2;
    x->settled.header_digest = trip.v.header_digest;
}

/* Signed by the officers, sealed by the holder: everything but the change is right. */
static void make(struct release *x)
{
    CLEANUP(buf_free) struct buf plain = buf_new(SEAL_MAX_CONTENT);
    const struct world *w = &trip.w;
    const struct cert *to[] = {w->sealing[x->sealed_to].cert};
    const struct seal_params p = {w->signing[x->sealer].key, w->signing[x->sealer].cert, to, 1, 0};
    sign_consents(x);
    x->sealed = buf_new(SEAL_MAX_BYTES);
    assert_int_equal(release_content_encode(&x->r, &plain), ERR_OK);
    assert_int_equal(seal(&p, buf_bytes(&plain), &x->sealed), ERR_OK);
    x->settled.release = buf_bytes(&x->sealed);
}

static void unmake(struct release *x)
{
    buf_free(&x->documents[0]);
    buf_free(&x->documents[1]);
    buf_free(&x->sealed);
}

static void what_was_made_again_without_a_change_is_believed(void **state)
{
    (void)state;
    struct release x = valid;
    make(&x);
    rejected("nothing", &x.settled, ERR_OK);
    unmake(&x);
    rejected("as it came", &trip.settled, ERR_OK);
}

/* ---- consents ---- */

static const struct name other_fields[] = {{.s = "ingangsdatum"}, {.s = "werkgever"}};
CHANGE(c_deployment, struct consent, t->deployment = (struct name){"other"})
CHANGE(c_decision, struct consent, t->decision = CONSENT_KNOWN; t->field_count = 0)
CHANGE(c_code, struct consent, t->decision = CONSENT_REFUSE; t->field_count = 0;
       t->code = bytes_str("niet_noodzakelijk"))
CHANGE(c_header_digest, struct consent, t->header_digest = o->header_digest)
CHANGE(c_requester, struct consent, t->requester = trip.w.members[P_BD].id)
CHANGE(c_sealing, struct consent,
       t->requester_sealing = *cert_fingerprint(trip.w.sealing[P_BD].cert))
CHANGE(c_rule, struct consent, t->rule = (struct name){"riec.casus.hitnohit"})
CHANGE(c_rule_version, struct consent, t->rule_version++)
CHANGE(c_policy_digest, struct consent, t->policy_digest.b[0] ^= 1)
CHANGE(c_roster_serial, struct consent, t->roster_serial++)
CHANGE(c_purpose, struct consent, t->purpose = (struct name){"other"})
CHANGE(c_epoch, struct consent, t->epoch++)
CHANGE(c_handle, struct consent, t->handle.b[0] ^= 1)
CHANGE(c_leaf, struct consent, t->record_leaf.b[0] ^= 1)
CHANGE(c_fields, struct consent, t->fields = o->fields; t->field_count = o->field_count)
CHANGE(c_field_not_asked, struct consent, t->fields = other_fields; t->field_count = 2)
CHANGE(c_staff, struct consent, t->staff = (struct name){"0000000000000000"})
CHANGE(c_function, struct consent, t->function = (struct name){"mandated_officer"})
CHANGE(c_signed_at, struct consent, t->signed_at_s++)
CHANGE(c_signed_late, struct consent, t->signed_at_s = t->not_after_s + 1)
CHANGE(c_not_after, struct consent, t->not_after_s = o->not_after_s)
CHANGE(c_nonce, struct consent, t->nonce = o->nonce)
CHANGE(c_group, struct consent, t->group = 1)
CHANGE(c_group_not_asked, struct consent, t->group = 2)

static const struct consent_case {
    const char *element;
    void (*change)(struct consent *t, const struct consent *o);
    enum err in_one;   /* in the first alone, under its signature */
    enum err resigned; /* in both, signed again, and the release made for them */
} consent_cases[] = {
    {"deployment", c_deployment, ERR_MISMATCH, ERR_MISMATCH},
    {"decision", c_decision, ERR_SIGNATURE, ERR_INVALID},
    {"code", c_code, ERR_SIGNATURE, ERR_INVALID},
    {"header_digest", c_header_digest, ERR_MISMATCH, ERR_MISMATCH},
    {"requester", c_requester, ERR_MISMATCH, ERR_MISMATCH},
    {"requester_sealing", c_sealing, ERR_MISMATCH, ERR_MISMATCH},
    {"rule", c_rule, ERR_MISMATCH, ERR_MISMATCH},
    {"rule_version", c_rule_version, ERR_MISMATCH, ERR_MISMATCH},
    {"policy_digest", c_policy_digest, ERR_MISMATCH, ERR_MISMATCH},
    {"roster_serial", c_roster_serial, ERR_MISMATCH, ERR_MISMATCH},
    {"purpose", c_purpose, ERR_MISMATCH, ERR_MISMATCH},
    {"epoch", c_epoch, ERR_MISMATCH, ERR_MISMATCH},
    {"handle", c_handle, ERR_SIGNATURE, ERR_MISMATCH},
    {"record_leaf", c_leaf, ERR_SIGNATURE, ERR_MISMATCH},
    {"fields", c_fields, ERR_SIGNATURE, ERR_MISMATCH},
    {"a field that was not asked", c_field_not_asked, ERR_SIGNATURE, ERR_MISMATCH},
    {"staff", c_staff, ERR_SIGNATURE, ERR_OK},
    {"function", c_function, ERR_SIGNATURE, ERR_PERMISSION},
    {"signed_at", c_signed_at, ERR_SIGNATURE, ERR_OK},
    {"signed after the deadline", c_signed_late, ERR_RANGE, ERR_RANGE},
    {"not_after", c_not_after, ERR_EXPIRED, ERR_EXPIRED},
    {"nonce", c_nonce, ERR_SIGNATURE, ERR_OK},
    {"group", c_group, ERR_SIGNATURE, ERR_MISMATCH},
    {"a subject that was not asked", c_group_not_asked, ERR_RANGE, ERR_RANGE},
};

static void each_element_of_a_consent_from_another_is_rejected(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(consent_cases); i++) {
        const struct consent_case *k = &consent_cases[i];
        CLEANUP(buf_free) struct buf document = buf_new((size_t)1 << 16);
        struct settled s = trip.settled;
        struct consent c = valid.c[0];
        k->change(&c, &other.c[0]);
        assert_int_equal(consent_encode(&c, &document), ERR_OK);
        assert_false(bytes_equal(buf_bytes(&document), s.consents[0].consent));
        s.consents[0].consent = buf_bytes(&document);
        rejected(k->element, &s, k->in_one);
        struct release x = valid;
        k->change(&x.c[0], &other.c[0]);
        k->change(&x.c[1], &other.c[1]);
        make(&x);
        rejected(k->element, &x.settled, k->resigned);
        unmake(&x);
    }
}

/* One of two differs, rightly signed: two persons must have signed the same words. */
static void consents_that_differ_are_rejected(void **state)
{
    (void)state;
    static const struct consent_case *const same[] = {
        &consent_cases[12], &consent_cases[13], &consent_cases[14], &consent_cases[21],
        &consent_cases[22]};
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        struct release x = valid;
        same[i]->change(&x.c[1], &other.c[1]);
        make(&x);
        rejected(same[i]->element, &x.settled, ERR_MISMATCH);
        unmake(&x);
    }
}

/* ---- beside the consents ---- */

CHANGE(s_signature, struct settled, t->consents[0].signature = o->consents[0].signature)
CHANGE(s_signature_two, struct settled, t->consents[1].signature = o->consents[1].signature)
CHANGE(s_signature_of_two, struct settled, t->consents[0].signature = t->consents[1].signature)
CHANGE(s_fingerprint, struct settled, t->consents[0].fingerprint = t->consents[1].fingerprint)
CHANGE(s_fingerprint_own, struct settled,
       t->consents[0].fingerprint = *cert_fingerprint(trip.w.officer[O_RIEC].cert))
CHANGE(s_first, struct settled, t->consents[0] = o->consents[0])
CHANGE(s_second, struct settled, t->consents[1] = o->consents[1])
CHANGE(s_twice, struct settled, t->consents[1] = t->consents[0])
CHANGE(s_alone, struct settled, t->consent_count = 1)
CHANGE(s_both, struct settled, memcpy(t->consents, o->consents, sizeof t->consents))
CHANGE(s_release, struct settled, t->release = o->release)
CHANGE(s_no_release, struct settled, t->release = bytes_of(NULL, 0))
CHANGE(s_all, struct settled, struct digest d = t->header_digest; *t = *o; t->header_digest = d)

static void each_element_beside_a_consent_from_another_is_rejected(void **state)
{
    (void)state;
    static const struct {
        const char *element;
        void (*change)(struct settled *t, const struct settled *o);
        enum err error;
    } cases[] = {
        {"signature", s_signature, ERR_SIGNATURE},
        {"second signature", s_signature_two, ERR_SIGNATURE},
        {"signature of the other officer", s_signature_of_two, ERR_SIGNATURE},
        {"fingerprint", s_fingerprint, ERR_SIGNATURE},
        {"fingerprint of an officer of the requester", s_fingerprint_own, ERR_NOT_FOUND},
        {"first consent", s_first, ERR_MISMATCH},
        {"second consent", s_second, ERR_MISMATCH},
        {"one consent twice", s_twice, ERR_PERMISSION},
        {"one consent alone", s_alone, ERR_PERMISSION},
        {"both consents", s_both, ERR_MISMATCH},
        {"release", s_release, ERR_MISMATCH},
        {"no release", s_no_release, ERR_INVALID},
        {"all but the name of the request", s_all, ERR_MISMATCH},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct settled s = trip.settled;
        cases[i].change(&s, &another);
        rejected(cases[i].element, &s, cases[i].error);
    }
    CLEANUP(buf_free) struct buf content = buf_new((size_t)2 << 20);
    assert_int_equal(settled_encode(&another, &content), ERR_OK);
    /* no question of this agency: it was asked by nobody here */
    assert_true(world_deliver(&trip.w, &ask_settled_owner, buf_bytes(&content)));
}

/* ---- what is sealed ---- */

static struct field_opening fields[3];
static struct token_opening tokens[2];
#define FIELD(name, ...)                                                                           \
    CHANGE(name, struct release, memcpy(fields, t->r.fields, 2 * sizeof *fields); __VA_ARGS__;     \
           t->r.fields = fields)
#define TOKEN(name, ...)                                                                           \
    CHANGE(name, struct release, tokens[0] = t->r.tokens[0]; __VA_ARGS__; t->r.tokens = tokens)
CHANGE(r_deployment, struct release, t->r.deployment = (struct name){"other"})
CHANGE(r_holder, struct release, t->r.holder = trip.w.members[P_BD].id)
CHANGE(r_recipient, struct release, t->r.recipient = trip.w.members[P_BD].id)
CHANGE(r_sealing, struct release,
       t->r.recipient_sealing = *cert_fingerprint(trip.w.sealing[P_BD].cert))
CHANGE(r_header, struct release, t->r.header_digest = o->r.header_digest)
CHANGE(r_consents, struct release, t->keep_digests = true;
       memcpy(t->r.consent_digests, o->r.consent_digests, sizeof t->r.consent_digests))
CHANGE(r_second_consent, struct release, t->keep_digests = true;
       t->r.consent_digests[1] = t->r.consent_digests[0])
CHANGE(r_consent_count, struct release, t->r.consent_count = 1)
CHANGE(r_handle, struct release, t->r.handle.b[0] ^= 1)
CHANGE(r_leaf, struct release, t->r.record_leaf.b[0] ^= 1)
CHANGE(r_group, struct release, t->r.group = 1)
CHANGE(r_released_early, struct release, t->r.released_at_s = FIX_NOW - FIX_DAY)
CHANGE(r_released_late, struct release, t->r.released_at_s = FIX_NOW + FIX_DAY)
CHANGE(r_fields, struct release, t->r.fields = o->r.fields; t->r.field_count = o->r.field_count)
FIELD(f_name, fields[0].name = (struct name){"ingangsdatum"})
FIELD(f_salt, fields[0].salt = fields[1].salt)
FIELD(f_value, fields[0].value = bytes_str("WIA"))
FIELD(f_path, fields[0].path = fields[1].path)
FIELD(f_missing, t->r.field_count = 1)
FIELD(f_other, fields[1] = fields[0])
FIELD(f_more, fields[2] = fields[1]; fields[2].name = (struct name){"zzz"}; t->r.field_count = 3)
CHANGE(t_none, struct release, t->r.token_count = 0)
TOKEN(t_type, tokens[0].type = IDENT_RSIN)
TOKEN(t_salt, tokens[0].salt.b[0] ^= 1)
TOKEN(t_path, tokens[0].path.index ^= 1)
static const struct name other_rules[] = {{.s = "index.riec"}};
CHANGE(r_rules, struct release, t->r.rules = other_rules)
CHANGE(r_category, struct release, t->r.category = (struct name){"dienstverband"})
CHANGE(r_expires, struct release, t->r.expires_day++)
CHANGE(r_field_root, struct release, t->r.field_root = t->r.token_root)
CHANGE(r_token_root, struct release, t->r.token_root = t->r.field_root)
CHANGE(r_path_index, struct release, t->r.leaf_path.index ^= 1)
CHANGE(r_path_size, struct release, t->r.leaf_path.size = 3)
CHANGE(r_batch_signature, struct release, t->r.batch_signature = t->r.batch_promise_signature)
CHANGE(r_promise_signature, struct release, t->r.batch_promise_signature = t->r.batch_signature)
CHANGE(r_sealer, struct release, t->sealer = P_BD)
CHANGE(r_sealed_to, struct release, t->sealed_to = P_BD)

static const struct content_case {
    const char *element;
    void (*change)(struct release *t, const struct release *o);
    enum err error;
} content_cases[] = {
    {"deployment", r_deployment, ERR_MISMATCH},
    {"holder", r_holder, ERR_MISMATCH},
    {"recipient", r_recipient, ERR_MISMATCH},
    {"recipient_sealing", r_sealing, ERR_MISMATCH},
    {"header_digest", r_header, ERR_MISMATCH},
    {"consent_digests", r_consents, ERR_MISMATCH},
    {"second consent digest", r_second_consent, ERR_MISMATCH},
    {"consent digests, one", r_consent_count, ERR_MISMATCH},
    {"handle", r_handle, ERR_MISMATCH},
    {"record_leaf", r_leaf, ERR_MISMATCH},
    {"group", r_group, ERR_MISMATCH},
    {"released_at before the consent", r_released_early, ERR_EXPIRED},
    {"released_at in the future", r_released_late, ERR_EXPIRED},
    {"fields", r_fields, ERR_MISMATCH},
    {"field name", f_name, ERR_MISMATCH},
    {"field salt", f_salt, ERR_MISMATCH},
    {"field value", f_value, ERR_MISMATCH},
    {"field path", f_path, ERR_MISMATCH},
    {"a field less", f_missing, ERR_MISMATCH},
    {"a field twice", f_other, ERR_DUPLICATE},
    {"a field more", f_more, ERR_MISMATCH},
    {"no token", t_none, ERR_INVALID},
    {"token type", t_type, ERR_MISMATCH},
    {"token salt", t_salt, ERR_MISMATCH},
    {"token path", t_path, ERR_MISMATCH},
    {"rules", r_rules, ERR_MISMATCH},
    {"category", r_category, ERR_MISMATCH},
    {"expires_day", r_expires, ERR_MISMATCH},
    {"field_root", r_field_root, ERR_MISMATCH},
    {"token_root", r_token_root, ERR_MISMATCH},
    {"leaf_path's place", r_path_index, ERR_MISMATCH},
    {"leaf_path's size", r_path_size, ERR_MISMATCH},
    {"batch_signature", r_batch_signature, ERR_SIGNATURE},
    {"batch_promise_signature", r_promise_signature, ERR_SIGNATURE},
    {"signed inside by another holder", r_sealer, ERR_SIGNATURE},
    {"sealed to another receiver", r_sealed_to, ERR_SIGNATURE},
};

static void each_element_of_a_release_from_another_is_rejected(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(content_cases); i++) {
        struct release x = valid;
        content_cases[i].change(&x, &other);
        make(&x);
        rejected(content_cases[i].element, &x.settled, content_cases[i].error);
        unmake(&x);
    }
}

/* ---- the batch and the promise inside a release ---- */

CHANGE(b_deployment, struct batch_header, t->deployment = (struct name){"other"})
CHANGE(b_agency, struct batch_header, t->agency = trip.w.members[P_BD].id)
CHANGE(b_purpose, struct batch_header, t->purpose = (struct name){"other"})
CHANGE(b_epoch, struct batch_header, t->epoch++)
CHANGE(b_kind, struct batch_header, t->kind = BATCH_WITHDRAW)
CHANGE(b_count, struct batch_header, t->record_count++)
CHANGE(b_root, struct batch_header, t->root.b[0] ^= 1)

static void each_element_of_a_batch_from_another_is_rejected(void **state)
{
    (void)state;
    static const struct {
        const char *element;
        void (*change)(struct batch_header *t, const struct batch_header *o);
    } cases[] = {
        {"deployment", b_deployment}, {"agency", b_agency},       {"purpose", b_purpose},
        {"epoch", b_epoch},           {"kind", b_kind},           {"record_count", b_count},
        {"root", b_root},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_free) struct buf header = buf_new(4096);
        struct signature s;
        struct batch_header b;
        assert_int_equal(batch_header_decode(valid.r.batch_header, trip.arena, &b, NULL), ERR_OK);
        cases[i].change(&b, NULL);
        assert_int_equal(batch_header_encode(&b, &header), ERR_OK);
        struct release x = valid;
        x.r.batch_header = buf_bytes(&header);
        make(&x);
        /* its own elements are compared before its signature, all but the root */
        rejected(cases[i].element, &x.settled,
                 i < 5 ? ERR_MISMATCH : ERR_SIGNATURE);
        unmake(&x);
        assert_int_equal(sign_document(SIGN_BATCH, trip.w.signing[P_UWV].key, buf_bytes(&header),
                                       &s),
                         ERR_OK);
        x = valid;
        x.r.batch_header = buf_bytes(&header);
        x.r.batch_signature = signature_bytes(&s);
        make(&x);
        rejected(cases[i].element, &x.settled, ERR_MISMATCH);
        unmake(&x);
    }
}

CHANGE(p_deployment, struct promise, t->deployment = (struct name){"other"})
CHANGE(p_before, struct promise, t->committed_at_s = FIX_NOW - 400 * FIX_DAY;
       t->merge_by_s = t->committed_at_s)
CHANGE(p_entry, struct promise, t->entry.b[0] ^= 1)

static void a_promise_from_another_is_rejected(void **state)
{
    (void)state;
    static const struct {
        const char *element;
        void (*change)(struct promise *t, const struct promise *o);
        int signer;
        enum err error;
    } cases[] = {
        {"promise changed under its signature", p_entry, -1, ERR_SIGNATURE},
        {"promise of the holder's own", p_entry, P_UWV, ERR_SIGNATURE},
        {"promise of another deployment", p_deployment, P_BROKER, ERR_MISMATCH},
        {"promise of a time before the certificate", p_before, P_BROKER, ERR_CERT},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_free) struct buf bytes = buf_new(4096);
        struct signature s;
        struct promise p;
        struct release x = valid;
        assert_int_equal(promise_decode(x.r.batch_promise, trip.arena, &p, NULL), ERR_OK);
        cases[i].change(&p, NULL);
        assert_int_equal(promise_encode(&p, &bytes), ERR_OK);
        x.r.batch_promise = buf_bytes(&bytes);
        if (cases[i].signer >= 0) {
            assert_int_equal(sign_document(SIGN_PROMISE, trip.w.signing[cases[i].signer].key,
                                           buf_bytes(&bytes), &s),
                             ERR_OK);
            x.r.batch_promise_signature = signature_bytes(&s);
        }
        make(&x);
        rejected(cases[i].element, &x.settled, cases[i].error);
        unmake(&x);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_made_again_without_a_change_is_believed),
        TEST(each_element_of_a_consent_from_another_is_rejected),
        TEST(consents_that_differ_are_rejected),
        TEST(each_element_beside_a_consent_from_another_is_rejected),
        TEST(each_element_of_a_release_from_another_is_rejected),
        TEST(each_element_of_a_batch_from_another_is_rejected),
        TEST(a_promise_from_another_is_rejected),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
