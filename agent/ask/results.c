/* The verbs `requests` and `results`: what was asked, what came back, and how each holder stands. */
#include <sysexits.h>

#include "agent/ask/ask.h"
#include "agent/ask/asked.h"
#include "agent/ask/prefix.h"
#include "agent/own_log.h"
#include "pki/digest.h"
#include "proto/base/text.h"
#include "proto/json/shown.h"
#include "proto/msg/consent.h"
#include "proto/msg/mail.h"
#include "proto/msg/reply.h"
#include "proto/policy/duties.h"

#define RESULTS_ARENA_BYTES ((size_t)64 << 20)
#define ID_TEXT_MAX 64

/* One answer under construction. */
struct showing {
    struct agent *agent;
    struct kv_txn *txn;
    struct arena *arena;
    struct asked asked;
    const struct policy *policy; /* under which the result in hand was decided; NULL: not known */
    struct doc *rows;
    struct doc *coverage;
    bool all_closed;
    bool answered[REQUEST_GROUPS_MAX]; /* subjects with a row of the holder in hand */
};

static void put_holder_name(const struct agent *a, const struct agency_id *oin,
                            struct doc_build *b)
{
    const struct roster_member *m = roster_member_of(view_roster(a->view), oin);
    doc_put_str(b, "holder", oin->oin);
    if (m != NULL)
        doc_put_text(b, "holder_name", m->name);
}

static enum err append(struct doc *list, struct doc *d, const struct doc_build *b)
{
    enum err built = b->err;
    enum err bad = doc_append(list, d);
    return built != ERR_OK ? built : bad;
}

/* The ground in words, where the requester may know it. */
static void put_ground(const struct showing *s, struct bytes code, struct doc_build *b)
{
    const struct rule *rule = s->policy != NULL ? policy_rule(s->policy, &s->asked.rule) : NULL;
    struct name id;
    const struct refusal_ground *g = rule != NULL && name_parse(code, &id) == ERR_OK
                                         ? rule_refusal_ground(rule, &id)
                                         : NULL;
    if (g == NULL || !g->requester_may_know)
        return;
    doc_put_text(b, "ground", code);
    doc_put_str(b, "ground_nl", g->text.nl);
    doc_put_str(b, "ground_en", g->text.en);
}

static struct doc *fields_doc(const struct release_content *r)
{
    struct doc *list = doc_new_array();
    enum err bad = list != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < r->field_count && bad == ERR_OK; i++) {
        struct doc *d = doc_new_object();
        struct doc_build b = doc_build_of(d);
        doc_put_text(&b, "name", name_bytes(&r->fields[i].name));
        doc_put_text(&b, "value", r->fields[i].value);
        bad = append(list, d, &b);
    }
    if (bad == ERR_OK)
        return list;
    doc_free(list);
    return NULL;
}

/* When the record was contributed, and the entry of the log that says so. */
static enum err put_proof(struct showing *s, const struct release_content *r, struct doc_build *b)
{
    struct promise p;
    enum err bad = promise_decode(r->batch_promise, s->arena, &p, NULL);
    if (bad != ERR_OK)
        return bad;
    doc_put_time(b, "contributed", p.committed_at_s);
    doc_put_hex(b, "entry", digest_bytes(&p.entry));
    return ERR_OK;
}

/* Appends one signed document in full. */
static enum err add_signed(struct doc *list, enum sign_kind kind, struct bytes document)
{
    struct doc *shown = NULL;
    enum err bad = shown_doc(kind, document, digest_sha256, &shown, NULL);
    return bad == ERR_OK ? doc_append(list, shown) : bad;
}

/* The documents behind a result: consents, and of a release its content, batch header and promise. */
static enum err put_signed(struct showing *s, const struct result *res, const struct settled *settled,
                           struct doc_build *b)
{
    CLEANUP(cleanup_doc_free) struct doc *list = doc_new_array();
    struct release_content r;
    enum err bad = list != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < settled->consent_count && bad == ERR_OK; i++)
        bad = add_signed(list, SIGN_CONSENT, settled->consents[i].consent);
    if (bad == ERR_OK && res->content.len > 0) {
        bad = release_content_decode(res->content, s->arena, &r, NULL);
        if (bad == ERR_OK)
            bad = add_signed(list, SIGN_RELEASE, res->content);
        if (bad == ERR_OK)
            bad = add_signed(list, SIGN_BATCH, r.batch_header);
        if (bad == ERR_OK)
            bad = add_signed(list, SIGN_PROMISE, r.batch_promise);
    }
    if (bad == ERR_OK)
        doc_put_doc(b, "signed", take(list));
    return bad;
}

/* What the receiver owes, in both languages; nothing where the version that decided is not known any more. */
static void put_duties(const struct showing *s, struct doc_build *b)
{
    const struct policy *p = s->policy;
    const struct rule *rule = p != NULL ? policy_rule(p, &s->asked.rule) : NULL;
    if (rule == NULL)
        return;
    CLEANUP(buf_free) struct buf nl = buf_new((size_t)1 << 14);
    CLEANUP(buf_free) struct buf en = buf_new((size_t)1 << 14);
    duties_text(&nl, p, rule, BEARER_REQUESTER, LANGUAGE_NL);
    duties_text(&en, p, rule, BEARER_REQUESTER, LANGUAGE_EN);
    doc_put_doc(b, "duties_nl", doc_new_lines(buf_bytes(&nl)));
    doc_put_doc(b, "duties_en", doc_new_lines(buf_bytes(&en)));
}

static enum err put_release(struct showing *s, const struct result *res, struct doc_build *b)
{
    struct release_content r;
    enum err bad = release_content_decode(res->content, s->arena, &r, NULL);
    if (bad != ERR_OK)
        return bad;
    doc_put_doc(b, "fields", fields_doc(&r));
    doc_put_text(b, "category", name_bytes(&r.category));
    doc_put_text(b, "handling", r.handling);
    put_duties(s, b);
    doc_put_time(b, "date", r.released_at_s);
    return put_proof(s, &r, b);
}

static void put_subject(const struct showing *s, uint32_t group, struct doc_build *b)
{
    doc_put_int(b, "subject", (int64_t)group + 1);
    if (group < s->asked.subject_count && s->asked.subjects[group].label.len > 0)
        doc_put_text(b, "label", s->asked.subjects[group].label);
}

/* A settlement that verified: everything in it may be shown. */
static enum err put_result(struct showing *s, const struct result *res, struct doc_build *b)
{
    struct settled settled;
    struct consent c;
    enum err bad = settled_decode(res->settled, s->arena, &settled, NULL);
    if (bad == ERR_OK)
        bad = consent_decode(settled.consents[0].consent, s->arena, &c, NULL);
    if (bad != ERR_OK)
        return bad;
    s->policy = view_known_policy(s->agent->view, &c.policy_digest);
    put_subject(s, c.group, b);
    if (c.group < REQUEST_GROUPS_MAX)
        s->answered[c.group] = true;
    doc_put_text(b, "function", name_bytes(&c.function));
    doc_put_bool(b, "four_eyes", settled.consent_count == 2);
    bad = put_signed(s, res, &settled, b);
    if (bad != ERR_OK)
        return bad;
    if (res->kind == RESULT_RELEASED)
        return put_release(s, res, b);
    doc_put_time(b, "date", c.signed_at_s);
    if (res->kind == RESULT_REFUSED)
        put_ground(s, c.code, b);
    return ERR_OK;
}

static enum err add_results(struct showing *s, const struct asked_holder *h)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct result res;
    enum err bad = result_iter(s->agent->store, s->txn, &h->header_digest, &it);
    while (bad == ERR_OK &&
           (bad = result_next(s->agent->store, it, s->arena, &res)) == ERR_OK) {
        struct doc *d = doc_new_object();
        struct doc_build b = doc_build_of(d);
        put_holder_name(s->agent, &h->oin, &b);
        doc_put_str(&b, "status", result_kind_id(res.kind));
        if (res.kind == RESULT_REJECTED || res.kind == RESULT_WAITS) {
            doc_put_text(&b, "reason", res.reason);
            doc_put_time(&b, "date", res.received_s);
        } else {
            bad = put_result(s, &res, &b);
        }
        enum err e = append(s->rows, d, &b);
        bad = bad == ERR_OK ? e : bad;
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* Why an open question can bring nothing any more, by this agency's own view of policy and adoptions: it tells
 * nothing about the holder's records. False: it still can. */
static bool has_fallen(struct showing *s, const struct asked_holder *h,
                       const struct asked_header *row, struct errmsg *why)
{
    struct request_header header;
    const struct policy *policy = NULL;
    const struct view *v = s->agent->view;
    if (row->state != ASK_OPEN ||
        request_header_decode(row->header, s->arena, &header, NULL) != ERR_OK)
        return false;
    const struct view_asked asked = {&header.policy_digest, &header.rule, header.issued_at_s};
    enum err bad = view_policy_for(v, &asked, &policy, why);
    if (bad == ERR_OK && view_adoption_under(v, &asked, &h->oin) != ADOPTION_ADOPTED)
        bad = errmsg_set(why, ERR_PERMISSION,
                         "the holder has not adopted rule %s, or withdrew it", header.rule.s);
    return bad == ERR_BEHIND || bad == ERR_PERMISSION || bad == ERR_NOT_FOUND;
}

/* How one holder stands, in however many epochs it was asked. */
struct standing {
    const struct asked_holder *headers;
    size_t count;
    enum ask_state state;
    struct asked_header row; /* of the epoch that decides on the state */
    struct closed closed;    /* of all epochs together; zero before the first */
    bool has_closed;
};

/* Subjects of which this holder said nothing: open still, or closed without telling why. */
static enum err add_silent(struct showing *s, const struct standing *st)
{
    const struct asked_holder *h = st->headers;
    const struct asked_header *row = &st->row;
    const bool is_said = row->state == ASK_CLOSED && row->refusal.len == 0;
    const bool not_known = is_said && s->asked.outcome == OUTCOME_HIT_NO_HIT;
    struct errmsg fallen = {""};
    const bool is_over = has_fallen(s, h, row, &fallen);
    enum err bad = ERR_OK;
    for (size_t g = 0; g < s->asked.subject_count && bad == ERR_OK; g++) {
        if (s->answered[g])
            continue;
        struct doc *d = doc_new_object();
        struct doc_build b = doc_build_of(d);
        put_holder_name(s->agent, &h->oin, &b);
        put_subject(s, (uint32_t)g, &b);
        doc_put_str(&b, "status", not_known ? "not_known" : ask_state_id(row->state));
        if (row->refusal.len > 0)
            doc_put_text(&b, "reason", row->refusal);
        else if (is_over)
            doc_put_str(&b, "reason", fallen.text);
        bad = append(s->rows, d, &b);
    }
    return bad;
}

static struct doc *categories_doc(const struct closed *c)
{
    struct doc *list = doc_new_array();
    enum err bad = list != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < c->category_count && bad == ERR_OK; i++)
        bad = doc_append(list, doc_new_text(name_bytes(&c->categories[i])));
    if (bad == ERR_OK)
        return list;
    doc_free(list);
    return NULL;
}

static struct doc *types_doc(const struct closed *c)
{
    struct doc *list = doc_new_array();
    enum err bad = list != NULL ? ERR_OK : ERR_NOMEM;
    for (int t = IDENT_NONE + 1; t < IDENT_TYPE_COUNT && bad == ERR_OK; t++)
        if (c->types[t])
            bad = doc_append(list, doc_new_text(bytes_str(ident_type_id((enum ident_type)t))));
    if (bad == ERR_OK)
        return list;
    doc_free(list);
    return NULL;
}

static enum err add_coverage(struct showing *s, const struct standing *st)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    put_holder_name(s->agent, &st->headers->oin, &b);
    doc_put_str(&b, "state", ask_state_id(st->state));
    doc_put_time(&b, "since", st->row.since_s);
    if (st->has_closed) {
        if (st->closed.last_full_import_s > 0)
            doc_put_time(&b, "last_full_import", st->closed.last_full_import_s);
        doc_put_doc(&b, "categories", categories_doc(&st->closed));
        doc_put_doc(&b, "types", types_doc(&st->closed));
    }
    return append(s->coverage, d, &b);
}

/* What was covered in one epoch or the other was covered. */
static enum err merge_closed(struct showing *s, struct bytes document, struct standing *st)
{
    struct closed c;
    enum err bad = closed_decode(document, s->arena, &c, NULL);
    if (bad != ERR_OK || !st->has_closed) {
        st->closed = c;
        st->has_closed = bad == ERR_OK;
        return bad;
    }
    struct name *v = arena_array(s->arena, st->closed.category_count + c.category_count, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    size_t n = st->closed.category_count;
    if (n > 0)
        memcpy(v, st->closed.categories, n * sizeof *v);
    for (size_t i = 0; i < c.category_count; i++)
        if (!name_list_has((struct name_list){v, n}, name_bytes(&c.categories[i])))
            v[n++] = c.categories[i];
    st->closed.categories = v;
    st->closed.category_count = n;
    for (int t = IDENT_NONE + 1; t < IDENT_TYPE_COUNT; t++)
        st->closed.types[t] |= c.types[t];
    if (c.last_full_import_s > st->closed.last_full_import_s)
        st->closed.last_full_import_s = c.last_full_import_s;
    return ERR_OK;
}

/* Reads all headers of the holder at position i. */
static enum err read_standing(struct showing *s, size_t i, struct standing *st)
{
    *st = (struct standing){.headers = &s->asked.holders[i],
                            .count = asked_same_holder(&s->asked, i),
                            .state = ASK_REFUSED};
    enum err bad = ERR_OK;
    for (size_t n = 0; n < st->count && bad == ERR_OK; n++) {
        struct asked_header row;
        bad = asked_header_get(s->agent->store, s->txn, &st->headers[n].header_digest, s->arena,
                               &row);
        if (bad != ERR_OK)
            return bad;
        asked_header_judge(&row, &s->asked, agent_now_s(s->agent));
        const enum ask_state both = n == 0 ? row.state : ask_state_of_both(st->state, row.state);
        if (n == 0 || both != st->state)
            st->row = row;
        st->state = both;
        if (row.closed.len > 0)
            bad = merge_closed(s, row.closed, st);
    }
    return bad;
}

static enum err add_holder(struct showing *s, size_t i)
{
    struct standing st;
    enum err bad = read_standing(s, i, &st);
    memset(s->answered, 0, sizeof s->answered);
    for (size_t n = 0; bad == ERR_OK && n < st.count; n++)
        bad = add_results(s, &st.headers[n]);
    if (bad == ERR_OK)
        bad = add_silent(s, &st);
    if (bad == ERR_OK)
        bad = add_coverage(s, &st);
    if (bad == ERR_OK && st.state != ASK_CLOSED)
        s->all_closed = false;
    return bad;
}

static void put_request(const struct asked *k, struct doc_build *b)
{
    doc_put_hex(b, "request", BYTES_OF_ARRAY(k->id.b));
    doc_put_hex(b, "case", BYTES_OF_ARRAY(k->case_id.b));
    doc_put_text(b, "staff", name_bytes(&k->staff));
    doc_put_text(b, "rule", name_bytes(&k->rule));
    doc_put_str(b, "outcome", outcome_id(k->outcome));
    doc_put_time(b, "asked", k->issued_at_s);
    doc_put_time(b, "closes", k->deadline_s);
    doc_put_int(b, "subjects", (int64_t)k->subject_count);
}

static void put_note(bool hit_no_hit, struct doc_build *b)
{
    doc_put_str(b, "note_nl",
                hit_no_hit ? "Niet bekend betekent: niets gevonden, of niet bevestigd voor de "
                             "sluiting."
                           : "Geen resultaat is niet hetzelfde als niet bekend.");
    doc_put_str(b, "note_en",
                hit_no_hit ? "Not known means: nothing found, or not confirmed before the closing."
                           : "No result is not the same as not known.");
}

static enum err show_request(struct showing *s, struct doc **ok)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    s->rows = doc_new_array();
    s->coverage = doc_new_array();
    s->all_closed = true;
    enum err bad = s->rows != NULL && s->coverage != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < s->asked.holder_count && bad == ERR_OK;
         i += asked_same_holder(&s->asked, i))
        bad = add_holder(s, i);
    put_request(&s->asked, &b);
    doc_put_bool(&b, "closed", s->all_closed);
    doc_put_doc(&b, "rows", s->rows);
    doc_put_doc(&b, "coverage", s->coverage);
    put_note(s->asked.outcome == OUTCOME_HIT_NO_HIT, &b);
    if (bad == ERR_OK)
        bad = doc_build_done(&b);
    if (bad == ERR_OK)
        *ok = d;
    else
        doc_free(d);
    return bad;
}

/* The request that the call names; without a name the newest. */
static enum err find_request(struct showing *s, const struct doc *args, struct errmsg *why)
{
    struct bytes text;
    struct request_id id;
    if (doc_has(args, "request")) {
        enum err bad = doc_get_text(args, "request", ID_TEXT_MAX, &text, why);
        const struct prefix_search q = {store_kv_table(s->agent->store, STORE_ASK), "request", text};
        if (bad == ERR_OK)
            bad = prefix_find(&q, s->txn, id.b, why);
        return bad == ERR_OK ? asked_get(s->agent->store, s->txn, &id, s->arena, &s->asked) : bad;
    }
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct store_row row;
    struct asked k;
    bool found = false;
    enum err bad = store_iter(s->agent->store, s->txn, STORE_ASK, bytes_of(NULL, 0), &it);
    while (bad == ERR_OK &&
           (bad = store_next(s->agent->store, STORE_ASK, it, s->arena, &row)) == ERR_OK) {
        bad = asked_decode(row.plain, s->arena, &k);
        if (bad == ERR_OK && (!found || k.issued_at_s >= s->asked.issued_at_s)) {
            s->asked = k;
            found = true;
        }
    }
    if (bad != ERR_NOT_FOUND)
        return bad;
    return found ? ERR_OK : errmsg_set(why, ERR_NOT_FOUND, "this agency has asked nothing yet");
}

void ask_results(struct call *c, const struct doc *args)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(RESULTS_ARENA_BYTES);
    struct errmsg why = {""};
    struct doc *ok = NULL;
    struct showing s = {.agent = call_agent(c), .arena = arena};
    enum err bad = arena != NULL ? kv_read_begin(s.agent->kv, &txn) : ERR_NOMEM;
    s.txn = txn;
    if (bad == ERR_OK)
        bad = find_request(&s, args, &why);
    if (bad == ERR_OK)
        bad = show_request(&s, &ok);
    const struct own_touch touched = {touch_of_request(&s.asked.id), TOUCH_GROUP_ALL, NULL};
    const struct own_entry look = {.event = AUDIT_EVENT_RESULTS_SHOWN,
                                   .staff = call_staff(c),
                                   .rule = &s.asked.rule,
                                   .rule_version = s.asked.rule_version,
                                   .request = s.asked.holder_count > 0 ? &s.asked.holders[0].header_digest : NULL,
                                   .case_id = &s.asked.case_id,
                                   .touched = &touched,
                                   .touched_count = 1};
    if (bad == ERR_OK)
        own_log_show(c, &look, ok);
    else
        call_error(c, bad, &why);
}

static enum err count_results(struct showing *s, const struct standing *st, int64_t *results)
{
    enum err bad = ERR_NOT_FOUND;
    for (size_t i = 0; bad == ERR_NOT_FOUND && i < st->count; i++) {
        CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
        bad = result_iter(s->agent->store, s->txn, &st->headers[i].header_digest, &it);
        while (bad == ERR_OK && (bad = kv_iter_next(it, NULL, NULL)) == ERR_OK)
            (*results)++;
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* "open" while one holder is, else what all have come to. */
static enum err sum_states(struct showing *s, struct doc_build *b)
{
    enum ask_state state = ASK_CLOSED;
    int64_t results = 0;
    int64_t holders = 0;
    for (size_t i = 0; i < s->asked.holder_count; i += asked_same_holder(&s->asked, i)) {
        struct standing st;
        enum err bad = read_standing(s, i, &st);
        if (bad == ERR_OK)
            bad = count_results(s, &st, &results);
        if (bad != ERR_OK)
            return bad;
        if (st.state < state)
            state = st.state;
        holders++;
    }
    doc_put_str(b, "state", ask_state_id(state));
    doc_put_int(b, "holders", holders);
    doc_put_int(b, "results", results);
    return ERR_OK;
}

static enum err list_requests(struct showing *s, struct doc *list)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct store_row row;
    enum err bad = store_iter(s->agent->store, s->txn, STORE_ASK, bytes_of(NULL, 0), &it);
    while (bad == ERR_OK &&
           (bad = store_next(s->agent->store, STORE_ASK, it, s->arena, &row)) == ERR_OK) {
        bad = asked_decode(row.plain, s->arena, &s->asked);
        if (bad != ERR_OK)
            return bad;
        struct doc *d = doc_new_object();
        struct doc_build b = doc_build_of(d);
        put_request(&s->asked, &b);
        bad = sum_states(s, &b);
        enum err e = append(list, d, &b);
        bad = bad == ERR_OK ? e : bad;
        arena_reset(s->arena);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

void ask_requests(struct call *c, const struct doc *args)
{
    (void)args;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(RESULTS_ARENA_BYTES);
    CLEANUP(cleanup_doc_free) struct doc *ok = doc_new_object();
    struct doc *list = doc_new_array();
    struct showing s = {.agent = call_agent(c), .arena = arena};
    enum err bad =
        arena != NULL && list != NULL ? kv_read_begin(s.agent->kv, &txn) : ERR_NOMEM;
    s.txn = txn;
    if (bad == ERR_OK)
        bad = list_requests(&s, list);
    struct doc_build b = doc_build_of(ok);
    doc_put_doc(&b, "requests", list);
    if (bad == ERR_OK)
        bad = doc_build_done(&b);
    if (bad == ERR_OK)
        call_ok(c, take(ok));
    else
        call_error(c, bad, NULL);
}
