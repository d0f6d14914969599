/* The transaction of a request: the request, its headers, the counts and the messages, or nothing. */
#include "agent/ask/alert.h"
#include "agent/ask/run.h"
#include "agent/ask/standing_run.h"
#include "proto/host/crash.h"

static enum err store_asked(struct ask_run *r, struct kv_txn *txn)
{
    struct asked k = {
        .id = r->id,
        .case_id = r->dossier.id,
        .staff = r->staff,
        .rule = r->question.rule->id,
        .rule_version = r->question.rule->version,
        .purpose = r->question.rule->purpose,
        .epoch = r->epochs[0],
        .outcome = r->question.rule->outcome->kind,
        .issued_at_s = r->question.now_s,
        .deadline_s = r->question.deadline_s,
        .keep_days = r->question.rule->retention.release,
        .subject_count = r->subjects.count,
        .holder_count = r->letter_count,
    };
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ASKED_MAX_BYTES);
    struct asked_subject *subjects = a ? arena_array(a, k.subject_count, sizeof *subjects) : NULL;
    struct asked_holder *holders = a ? arena_array(a, k.holder_count, sizeof *holders) : NULL;
    if (subjects == NULL || holders == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < k.subject_count; i++) {
        const struct subject *s = &r->subjects.v[i];
        struct asked_identifier *ids = arena_array(a, s->identifier_count, sizeof *ids);
        if (ids == NULL)
            return ERR_NOMEM;
        for (size_t n = 0; n < s->identifier_count; n++)
            ids[n] = (struct asked_identifier){s->identifiers[n].type,
                                               ident_value(&s->identifiers[n])};
        subjects[i] = (struct asked_subject){s->label, ids, s->identifier_count};
    }
    for (size_t i = 0; i < k.holder_count; i++)
        holders[i] = (struct asked_holder){r->letters[i].holder->oin,
                                           r->letters[i].composed.header_digest};
    k.subjects = subjects;
    k.holders = holders;
    return asked_put(r->agent->store, txn, &k);
}

static enum err store_header(struct ask_run *r, struct kv_txn *txn, const struct run_letter *h)
{
    const struct asked_header row = {
        .request = r->id,
        .holder = h->holder->oin,
        .header = h->composed.header_bytes,
        .state = ASK_QUEUED,
        .since_s = r->question.now_s,
    };
    struct outbox_id id;
    enum err bad = asked_header_put(r->agent->store, txn, &h->composed.header_digest, &row);
    return bad != ERR_OK ? bad
                         : outbox_put(r->agent->outbox, txn, MSG_REQUEST, h->body,
                                      digest_bytes(&h->composed.header_digest), &id);
}

/* Two requests at a time may both have passed on the counts before either was counted. */
static enum err recount(struct ask_run *r, struct kv_txn *txn)
{
    const struct limits *l = &r->question.rule->limits;
    struct counts n;
    enum err bad = counts_read(&r->counting, txn, &n);
    if (bad != ERR_OK)
        return bad;
    if (n.requests_today_agency > l->requests_per_day_agency ||
        n.requests_today_officer > l->requests_per_day_officer ||
        n.unique_in_case > l->unique_per_case || n.unique_in_period > l->unique_per_period)
        return errmsg_set(&r->why, ERR_LIMIT, "another request took what was left of the limits");
    return counts_add(&r->counting, txn);
}

enum err run_begin_touch(struct ask_run *r, struct kv_txn *txn)
{
    const struct touch_start start = {
        .thread = touch_of_request(&r->id),
        .terms = own_log_terms(r->question.rule, view_policy_digest(r->view), r->question.now_s,
                               r->question.deadline_s),
        .named = r->named,
        .count = r->named_count,
    };
    return own_log_begin_touch(r->agent, txn, &start);
}

static enum err log_sent(struct ask_run *r, struct kv_txn *txn, const struct run_letter *h)
{
    const struct own_touch touched = {touch_of_request(&r->id), TOUCH_GROUP_ALL, NULL};
    struct own_entry e = run_entry(r, AUDIT_EVENT_REQUEST_SENT);
    struct facts judged;
    const struct audit_fact as[] = {audit_fact_word("role", "requester"), audit_fact_word("standing", standing_run_why(r))};
    ask_facts(&r->question, &h->holder->oin, &judged);
    e.judged = &judged;
    e.facts = as;
    e.facts_count = r->standing != NULL ? 2 : 1;
    e.peer = &h->holder->oin;
    e.key_version = h->epoch;
    e.request = &h->composed.header_digest;
    e.decision = h->holder->decision;
    e.count = r->subjects.count;
    e.touched = &touched;
    e.touched_count = 1;
    return own_log_append(r->agent, txn, &e);
}

enum err run_store(struct ask_run *r, struct kv_txn *txn)
{
    enum err bad = run_still_covers(r, txn);
    if (bad == ERR_OK)
        bad = recount(r, txn);
    if (bad == ERR_OK)
        bad = run_note_in_case(r, txn);
    if (bad == ERR_OK)
        bad = store_asked(r, txn);
    if (bad == ERR_OK)
        bad = run_begin_touch(r, txn);
    for (size_t i = 0; i < r->letter_count && bad == ERR_OK; i++) {
        bad = store_header(r, txn, &r->letters[i]);
        if (bad == ERR_OK)
            bad = log_sent(r, txn, &r->letters[i]);
    }
    if (bad == ERR_OK)
        bad = standing_run_store(r, txn);
    if (bad == ERR_OK && r->covered > 0)
        bad = alert_put(r->agent->store, txn, &r->id, &r->staff, r->question.now_s);
    if (bad == ERR_OK && r->covered > 0)
        bad = store_count(r->agent->store, txn, OWN_LOG_MET);
    crash_point("request.before_commit");
    return bad;
}
