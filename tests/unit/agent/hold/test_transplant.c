/* Each element of a hit notice, taken from another valid one, teaches the holder nothing and is counted; and no
 * officer's signature serves for other bytes (docs/transplant.md). */
#include "tests/unit/agent/hold/world.h"

#include "agent/hold/hit.h"
#include "pki/sign.h"

#define CHANGE(name, type, ...)                                                                    \
    static void name(type *t, const type *o)                                                       \
    {                                                                                              \
        (void)o;                                                                                   \
        __VA_ARGS__;                                                                               \
    }

/* Two valid notices about one record, of two questions that differ wherever two may. */
struct pair {
    struct world w;
    struct question q[2];
    struct arena *arena;
    struct hit_notice n[2];
    struct request_header h[2];
};

static struct pair pair;

static void decode_pair(void)
{
    for (size_t i = 0; i < 2; i++) {
        question_make(&pair.w, &pair.q[i]);
        assert_int_equal(hit_notice_decode(buf_bytes(&pair.q[i].content), pair.arena, &pair.n[i],
                                           NULL),
                         ERR_OK);
        assert_int_equal(request_header_decode(pair.n[i].header, pair.arena, &pair.h[i], NULL),
                         ERR_OK);
    }
}

static int set_up(void **state)
{
    (void)state;
    memset(&pair, 0, sizeof pair);
    world_new(&pair.w);
    pair.arena = arena_new((size_t)32 << 20);
    question_new(&pair.w, &pair.q[0]);
    question_hit_only(&pair.w, &pair.q[1]);
    struct request_header *h = &pair.q[1].header;
    memset(h->request_id.b, 0x12, sizeof h->request_id.b);
    memset(h->case_id.b, 0x23, sizeof h->case_id.b);
    pair.q[1].sealed.request_id = h->request_id;
    h->case_worker = (struct name){"fedcba9876543210"};
    h->issued_at_s--;
    h->deadline_s--;
    h->case_state = (struct name){"work_up_2"};
    pair.q[1].seed = 0x20;
    decode_pair();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    question_free(&pair.q[0]);
    question_free(&pair.q[1]);
    arena_free(pair.arena);
    world_free(&pair.w);
    return 0;
}

/* What the holder's checks say, in the order in which they are made. */
static enum err judge(struct bytes content, struct arena *a)
{
    struct world *w = &pair.w;
    const struct hit_params p = {w->view, &w->config.oin, w->now_s, a};
    const struct hit_keys keys = {w->sealing[P_UWV].key, w->sealing[P_UWV].cert,
                                  w->signing[P_RIEC].cert};
    struct hit hit;
    struct record record;
    struct hold_item item = {0};
    struct bytes exact;
    struct sealed_part part;
    struct errmsg why = {""};
    enum err bad = hit_open(&p, content, &hit, &why);
    if (bad == ERR_OK)
        bad = records_by_handle(NULL, NULL, &hit.notice.handle, a, &record);
    if (bad == ERR_OK)
        bad = hit_prove(&hit, &record, w->inners, &item, &why);
    return bad == ERR_OK ? hit_unseal(&hit, &keys, a, &exact, &part, &why) : bad;
}

/* The notice is refused for this reason, raises nothing, and is counted. */
static void refused(const char *element, const struct hit_notice *n, enum err want)
{
    CLEANUP(buf_free) struct buf content = buf_new((size_t)1 << 20);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)16 << 20);
    struct world *w = &pair.w;
    const uint64_t before = world_number(w, MAIL_REFUSED);
    assert_int_equal(hit_notice_encode(n, &content), ERR_OK);
    const enum err said = judge(buf_bytes(&content), a);
    if (said != want)
        fail_msg("%s: %s", element, err_text(said));
    if (!world_deliver(w, &hold_hit_owner, buf_bytes(&content)) || world_items(w) != 0)
        fail_msg("%s: raised an item", element);
    if (world_number(w, MAIL_REFUSED) != before + 1)
        fail_msg("%s: not counted", element);
}

/* Both notices as they were made raise their items, so that what was refused was refused for its change. */
static void both_are_valid(void)
{
    assert_false(world_deliver(&pair.w, &hold_hit_owner, buf_bytes(&pair.q[0].content)));
    assert_false(world_deliver(&pair.w, &hold_hit_owner, buf_bytes(&pair.q[1].content)));
    assert_int_equal(world_items(&pair.w), 2);
}

CHANGE(h_deployment, struct request_header, t->deployment = (struct name){"other"})
CHANGE(h_request_id, struct request_header, t->request_id = o->request_id)
CHANGE(h_requester, struct request_header, t->requester = pair.w.members[P_BD].id)
CHANGE(h_on_behalf_of, struct request_header, t->on_behalf_of = t->requester)
CHANGE(h_holder, struct request_header, t->holder = pair.w.members[P_BD].id)
CHANGE(h_rule, struct request_header, t->rule = o->rule)
CHANGE(h_rule_version, struct request_header, t->rule_version++)
CHANGE(h_policy_digest, struct request_header, t->policy_digest.b[0] ^= 1)
CHANGE(h_roster_serial, struct request_header, t->roster_serial++)
CHANGE(h_case_id, struct request_header, t->case_id = o->case_id)
CHANGE(h_case_worker, struct request_header, t->case_worker = o->case_worker)
CHANGE(h_fields, struct request_header, t->fields = o->fields; t->field_count = o->field_count)
CHANGE(h_purpose, struct request_header, t->purpose = (struct name){"other-purpose"})
CHANGE(h_epoch, struct request_header, t->epoch++)
CHANGE(h_suite, struct request_header, t->suite = (enum suite)(SUITE_HK1 + 1))
CHANGE(h_issued_at, struct request_header, t->issued_at_s = o->issued_at_s)
CHANGE(h_deadline, struct request_header, t->deadline_s = o->deadline_s)
CHANGE(h_subject_root, struct request_header, t->subject_root = o->subject_root)
CHANGE(h_case_state, struct request_header, t->case_state = o->case_state)
CHANGE(h_process, struct request_header, t->process = o->process)

static const struct {
    const char *element;
    void (*change)(struct request_header *t, const struct request_header *o);
    enum err error;
} header_cases[] = {
    {"deployment", h_deployment, ERR_MISMATCH},
    {"request_id", h_request_id, ERR_SIGNATURE},
    {"requester", h_requester, ERR_PERMISSION},
    {"on_behalf_of", h_on_behalf_of, ERR_SIGNATURE},
    {"holder", h_holder, ERR_MISMATCH},
    {"rule", h_rule, ERR_SIGNATURE},
    {"rule_version", h_rule_version, ERR_NOT_FOUND},
    {"policy_digest", h_policy_digest, ERR_NOT_FOUND},
    {"roster_serial", h_roster_serial, ERR_SIGNATURE},
    {"case_id", h_case_id, ERR_SIGNATURE},
    {"case_worker", h_case_worker, ERR_SIGNATURE},
    {"fields", h_fields, ERR_SIGNATURE},
    {"purpose", h_purpose, ERR_MISMATCH},
    {"epoch", h_epoch, ERR_SIGNATURE},
    {"suite", h_suite, ERR_UNKNOWN},
    {"issued_at", h_issued_at, ERR_SIGNATURE},
    {"deadline", h_deadline, ERR_SIGNATURE},
    {"subject_root", h_subject_root, ERR_SIGNATURE},
    {"case_state", h_case_state, ERR_SIGNATURE},
    {"process", h_process, ERR_SIGNATURE},
};

static void each_element_of_a_header_from_another_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(header_cases); i++) {
        CLEANUP(buf_free) struct buf header = buf_new((size_t)1 << 16);
        struct request_header h = pair.h[0];
        struct hit_notice n = pair.n[0];
        header_cases[i].change(&h, &pair.h[1]);
        assert_int_equal(request_header_encode(&h, &header), ERR_OK);
        assert_false(bytes_equal(buf_bytes(&header), n.header));
        n.header = buf_bytes(&header);
        refused(header_cases[i].element, &n, header_cases[i].error);
    }
    both_are_valid();
}

static struct matched_identifier changed;
#define MATCHED(name, ...)                                                                         \
    CHANGE(name, struct hit_notice, changed = t->matched[0];                                       \
           const struct matched_identifier *other = o->matched; (void)other; __VA_ARGS__;          \
           t->matched = &changed)
MATCHED(m_all, changed = *other)
MATCHED(m_type, changed.type = IDENT_TELEFOON)
MATCHED(m_salt, changed.salt = other->salt)
MATCHED(m_path, changed.path = other->path)
MATCHED(m_path_index, changed.path.index++)
CHANGE(n_header, struct hit_notice, t->header = o->header)
CHANGE(n_signed_header, struct hit_notice, t->header = o->header;
       t->worker_signature = o->worker_signature; t->agency_signature = o->agency_signature)
CHANGE(n_worker_signature, struct hit_notice, t->worker_signature = o->worker_signature)
CHANGE(n_agency_signature, struct hit_notice, t->agency_signature = o->agency_signature)
CHANGE(n_swapped, struct hit_notice, t->worker_signature = t->agency_signature)
CHANGE(n_swapped_too, struct hit_notice, t->agency_signature = t->worker_signature)
CHANGE(n_fingerprint, struct hit_notice,
       t->worker_fingerprint = *cert_fingerprint(pair.w.officer[O_UWV_A].cert))
CHANGE(n_handle, struct hit_notice, t->handle.b[0] ^= 1)
CHANGE(n_group, struct hit_notice, t->group++)
CHANGE(n_sealed_part, struct hit_notice, t->sealed_part = o->sealed_part)

static const struct {
    const char *element;
    void (*change)(struct hit_notice *t, const struct hit_notice *o);
    enum err error;
} notice_cases[] = {
    {"header", n_header, ERR_SIGNATURE},
    {"header with its signatures", n_signed_header, ERR_MISMATCH},
    {"worker_signature", n_worker_signature, ERR_SIGNATURE},
    {"agency_signature", n_agency_signature, ERR_SIGNATURE},
    {"agency signature as worker's", n_swapped, ERR_SIGNATURE},
    {"worker's signature as agency's", n_swapped_too, ERR_SIGNATURE},
    {"worker_fingerprint", n_fingerprint, ERR_PERMISSION},
    {"handle", n_handle, ERR_NOT_FOUND},
    {"group", n_group, ERR_MISMATCH},
    {"sealed_part", n_sealed_part, ERR_MISMATCH},
    {"matched", m_all, ERR_MISMATCH},
    {"matched type", m_type, ERR_MISMATCH},
    {"matched salt", m_salt, ERR_MISMATCH},
    {"matched path", m_path, ERR_MISMATCH},
    {"matched path's place", m_path_index, ERR_MISMATCH},
};

static void each_element_beside_a_header_from_another_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(notice_cases); i++) {
        struct hit_notice n = pair.n[0];
        notice_cases[i].change(&n, &pair.n[1]);
        refused(notice_cases[i].element, &n, notice_cases[i].error);
    }
    both_are_valid();
}

/* ---- an officer's signature ---- */

/* A draft with the signature of its officer, as verb_decide hands it to be checked. */
struct signing {
    struct buf bytes;
    struct signature signature;
    struct decide_job job;
};

static void sign_draft(struct signing *s, uint64_t item, const struct decision_of *d)
{
    struct draft draft;
    assert_int_equal(world_draft(&pair.w, item, d, &draft, pair.arena), ERR_OK);
    s->bytes = buf_new((size_t)1 << 16);
    assert_int_equal(consent_encode(&draft.consent, &s->bytes), ERR_OK);
    assert_int_equal(sign_document(SIGN_CONSENT, pair.w.officer[d->officer].key,
                                   buf_bytes(&s->bytes), &s->signature),
                     ERR_OK);
    s->job = (struct decide_job){.agent = &pair.w.agent, .view = pair.w.view, .number = item,
                                 .staff = pair.w.officers[d->officer].staff};
    s->job.signed_consent = (struct signed_consent){.consent = buf_bytes(&s->bytes),
                                                    .signature = signature_bytes(&s->signature)};
}

CHANGE(d_signature, struct decide_job, t->signed_consent.signature = o->signed_consent.signature)
CHANGE(d_consent, struct decide_job, t->signed_consent.consent = o->signed_consent.consent)
CHANGE(d_staff, struct decide_job, t->staff = o->staff)
CHANGE(d_requester, struct decide_job, t->staff = pair.w.officers[O_RIEC].staff)
CHANGE(d_all_but_consent, struct decide_job,
       t->signed_consent.signature = o->signed_consent.signature;
       t->staff = o->staff)

static void an_officers_signature_serves_for_its_own_bytes_alone(void **state)
{
    (void)state;
    static const struct {
        const char *element;
        void (*change)(struct decide_job *t, const struct decide_job *o);
        enum err error;
    } cases[] = {
        {"signature", d_signature, ERR_SIGNATURE},
        {"consent", d_consent, ERR_SIGNATURE},
        {"staff", d_staff, ERR_SIGNATURE},
        {"the requester's officer", d_requester, ERR_PERMISSION},
        {"signature and staff", d_all_but_consent, ERR_SIGNATURE},
    };
    static const struct decision_of by_a = {O_UWV_A, CONSENT_REFUSE, "niet_noodzakelijk", {NULL}};
    static const struct decision_of by_b = {O_UWV_B, CONSENT_REFUSE, "lopend_onderzoek", {NULL}};
    struct signing a;
    struct signing b;
    both_are_valid();
    sign_draft(&a, 1, &by_a);
    sign_draft(&b, 2, &by_b);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct decide_job job = a.job;
        struct errmsg why = {""};
        cases[i].change(&job, &b.job);
        const enum err said = decide_check_signature(&job, &why);
        if (said != cases[i].error || why.text[0] == '\0')
            fail_msg("%s: %s", cases[i].element, err_text(said));
    }
    assert_int_equal(decide_check_signature(&a.job, NULL), ERR_OK);
    assert_int_equal(decide_check_signature(&b.job, NULL), ERR_OK);
    buf_free(&a.bytes);
    buf_free(&b.bytes);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_element_of_a_header_from_another_is_refused),
        TEST(each_element_beside_a_header_from_another_is_refused),
        TEST(an_officers_signature_serves_for_its_own_bytes_alone),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
