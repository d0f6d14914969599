/* Hello, and the repair of what hello shows: roster and policy with what belongs to it are fetched,
 * judged as one set against the agent's own pins, kept, and only then believed. */
#include <stdlib.h>
#include <string.h>

#include "agent/agent_run.h"
#include "agent/keys.h"
#include "agent/outbox_run.h"
#include "agent/part.h"
#include "agent/receipts.h"
#include "agent/session_internal.h"
#include "agent/store/store.h"
#include "agent/trust.h"
#include "agent/trust_files.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/writer.h"
#include "proto/ident/ident.h"

#define SWITCH_AGAIN_MS 10000 /* where an announced policy could not be put in force */

static enum err fill_epochs(struct session *s, struct arena *a, struct hello *h)
{
    const struct agent_keys *keys = s->agent->keys;
    size_t n = agent_keys_purposes(keys);
    struct epoch_key *v = arena_array(a, n, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        const struct purpose_key *p = agent_keys_purpose(keys, i);
        if (p->is_dropped)
            continue;
        v[count] = (struct epoch_key){.purpose = p->purpose, .epoch = p->epoch, .suite = SUITE_HK1};
        memcpy(v[count].kcv, p->kcv.b, sizeof v[count].kcv);
        count++;
    }
    h->epochs = v;
    h->epoch_count = count;
    return ERR_OK;
}

/* What the parts add. */
static enum err ask_parts(struct session *s, struct arena *a, struct hello *h)
{
    enum err bad = ERR_OK;
    for (const struct agent_part *const *p = s->agent->parts; bad == ERR_OK && *p != NULL; p++)
        if ((*p)->hello != NULL)
            bad = (*p)->hello(s->agent, a, h);
    return bad;
}

static void tell_parts(struct session *s, const struct hello_reply *r)
{
    for (const struct agent_part *const *p = s->agent->parts; *p != NULL; p++)
        if ((*p)->on_hello != NULL)
            (*p)->on_hello(s->agent, r);
}

static enum err make_hello(struct session *s, struct buf *out)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 18);
    if (a == NULL)
        return ERR_NOMEM;
    const struct view *v = s->agent->view;
    struct view_announced n;
    (void)view_announced_at(v, 0, &n);
    struct hello h = {
        .versions = {WIRE_VERSION},
        .version_count = 1,
        .suites = {[SUITE_HK1] = true},
        .roster_serial = view_roster(v)->serial,
        .policy_serial = view_policy(v)->serial,
        .policy_digest = *view_policy_digest(v),
        .trust = {n.serial, n.digest, *view_adoptions_digest(v), *view_states_digest(v)},
        .now_s = agent_now_s(s->agent),
        .checkpoint = receipts_checkpoint(s->agent->receipts),
        .mail_done = s->mail_done,
    };
    for (size_t t = IDENT_NONE + 1; t < IDENT_TYPE_COUNT; t++)
        h.norm_versions[t] = ident_norm_version((enum ident_type)t);
    enum err bad = fill_epochs(s, a, &h);
    if (bad == ERR_OK)
        bad = ask_parts(s, a, &h);
    return bad == ERR_OK ? hello_encode(&h, out) : bad;
}

void session_send_hello(struct session *s)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)1 << 20);
    enum err bad = make_hello(s, &body);
    if (bad == ERR_OK)
        bad = session_say(s, MSG_HELLO, buf_bytes(&body), &s->hello);
    s->hello_ms = clock_mono_ms();
    if (bad != ERR_OK)
        log_warn("session.hello_not_sent error=\"%s\"", err_text(bad));
    if (s->info.phase == PHASE_DIALLING)
        session_enter(s, PHASE_HELLO, "%s", "waiting for the broker's hello");
}

static enum err send_fetch(struct session *s, enum document_kind what)
{
    uint8_t room[64];
    struct buf body = buf_fixed(room, sizeof room);
    const struct fetch f = {.what = what};
    enum err bad = fetch_encode(&f, &body);
    if (bad == ERR_OK)
        bad = session_say(s, MSG_FETCH, buf_bytes(&body), &s->repair.id);
    s->repair.step = what;
    s->repair.since_ms = clock_mono_ms();
    return bad;
}

void session_repair_end(struct session *s)
{
    arena_free(s->repair.arena);
    s->repair = (struct repair){.arena = NULL};
}

void session_refresh(struct session *s)
{
    if (s->repair.set != NULL || !s->is_connected)
        return;
    s->repair.arena = arena_new(TRUST_ARENA_BYTES);
    if (s->repair.arena != NULL)
        s->repair.set = arena_alloc(s->repair.arena, sizeof *s->repair.set);
    enum err bad = s->repair.set != NULL ? send_fetch(s, DOCUMENT_ROSTER) : ERR_NOMEM;
    if (bad == ERR_OK)
        return;
    log_warn("session.fetch_not_sent error=\"%s\"", err_text(bad));
    session_repair_end(s);
}

static void open_session(struct session *s)
{
    bool was_open = s->info.phase == PHASE_OPEN;
    session_enter(s, PHASE_OPEN, "%s", "");
    if (was_open) {
        outbox_on_served(s->agent->outbox);
        return;
    }
    outbox_on_open(s->agent->outbox);
    for (const struct agent_part *const *p = s->agent->parts; *p != NULL; p++)
        if ((*p)->on_open != NULL)
            (*p)->on_open(s->agent);
}

/* Whether the broker holds something that this agent can fetch: newer serials, an announced policy, other
 * adoptions, other words on epochs. */
static bool is_behind(const struct view *v, const struct hello_reply *r)
{
    struct view_announced n;
    (void)view_announced_at(v, 0, &n);
    const uint64_t known = view_policy(v)->serial > n.serial ? view_policy(v)->serial : n.serial;
    return r->roster_serial > view_roster(v)->serial || r->policy_serial > known ||
           r->trust.announced_serial > known ||
           !digest_equal(&r->trust.adoptions_digest, view_adoptions_digest(v)) ||
           !digest_equal(&r->trust.states_digest, view_states_digest(v));
}

/* What the broker's answer means for this agent. */
static void judge_reply(struct session *s, const struct hello_reply *r)
{
    const struct view *v = s->agent->view;
    int said = (int)r->difference.len;
    const char *difference = said > 0 ? (const char *)r->difference.ptr : "no difference named";
    if (is_behind(v, r)) {
        session_enter(s, PHASE_REPAIR,
                      "roster, policy or adoptions of the broker are newer; fetching (%.*s)",
                      said > 0 ? said : (int)strlen(difference), difference);
        session_refresh(s);
        return;
    }
    const char *closed = session_closed_reason(s);
    if (closed != NULL) {
        session_enter(s, PHASE_WAITING, "%s", closed);
        session_refresh(s);
        return;
    }
    if (r->state == SESSION_OPEN) {
        open_session(s);
        if (!s->is_fresh)
            session_refresh(s);
        s->is_fresh = true;
        return;
    }
    session_enter(s, PHASE_WAITING, "%s: %.*s",
                  r->state == SESSION_RECONCILE ? "the broker was restored and waits for its agents"
                                                : "the broker sees a difference",
                  said > 0 ? said : (int)strlen(difference), difference);
}

static bool names_checkpoint(struct bytes difference)
{
    const struct bytes what = bytes_str("checkpoint");
    return difference.len >= what.len && bytes_equal(bytes_of(difference.ptr, what.len), what);
}

void session_on_hello_reply(struct session_turn *t)
{
    struct session *s = t->session;
    if (!bytes_equal(BYTES_OF_ARRAY(t->envelope.in_reply_to.b), BYTES_OF_ARRAY(s->hello.b)))
        return;
    struct hello_reply r;
    struct errmsg why = {""};
    enum err bad = hello_reply_decode(t->envelope.body, t->arena, &r, &why);
    if (bad != ERR_OK) {
        session_enter(s, PHASE_WAITING, "the broker's hello cannot be read: %s", why.text);
        return;
    }
    s->info.skew_s = r.now_s - agent_now_s(s->agent);
    s->info.broker_roster = r.roster_serial;
    s->info.broker_policy = r.policy_serial;
    s->info.slot_interval_ms = r.slot_interval_ms;
    s->info.publish_interval_ms = r.publish_interval_ms;
    s->info.credit = r.credit;
    s->info.log_is_unknown = names_checkpoint(r.difference);
    int64_t skew_ms = (s->info.skew_s < 0 ? -s->info.skew_s : s->info.skew_s) * 1000;
    if (skew_ms > (int64_t)s->agent->config->trust.max_clock_skew_ms)
        session_enter(s, PHASE_WAITING, "the clocks of this host and the broker differ by %lld s; "
                                        "check time synchronisation on both",
                      (long long)s->info.skew_s);
    else
        judge_reply(s, &r);
    tell_parts(s, &r);
}

static enum err add_version(struct trust_set *set, struct arena *a, struct bytes content)
{
    struct view_version v;
    enum err bad = view_version_decode(content, a, &v);
    return bad == ERR_OK ? trust_set_add_version(set, &v) : bad;
}

static enum err add_document(struct trust_set *set, struct arena *a, const struct document *d)
{
    struct bytes copy = arena_copy(a, d->content);
    if (copy.ptr == NULL)
        return ERR_NOMEM;
    switch (d->kind) {
    case DOCUMENT_ROSTER: set->roster = copy; return ERR_OK;
    case DOCUMENT_POLICY: set->policy = copy; return ERR_OK;
    case DOCUMENT_POLICY_SIGNATURE: return trust_list_add(&set->signatures, copy);
    case DOCUMENT_ADOPTION: return trust_list_add(&set->adoptions, copy);
    case DOCUMENT_DEAL: return trust_list_add(&set->deals, copy);
    case DOCUMENT_EPOCH_STATES: return trust_list_add(&set->states, copy);
    case DOCUMENT_POLICY_VERSION: return add_version(set, a, copy);
    case DOCUMENT_NONE:
    case DOCUMENT_KIND_COUNT: break;
    }
    return ERR_UNKNOWN;
}

/* A view on its way into the store. */
struct keeping {
    struct session *session;
    struct view *view;
    int64_t now_s;
};

static enum err keep_view(struct kv_txn *txn, void *arg)
{
    struct keeping *k = arg;
    return agent_trust_keep(k->session->agent->store, txn, k->view, k->now_s);
}

static void view_kept(enum err result, void *arg)
{
    struct keeping *k = arg;
    struct session *s = k->session;
    s->keeping = false;
    if (result == ERR_OK && !s->is_stopped) {
        agent_trust_export(s->agent->trust, k->view);
        agent_set_view(s->agent, k->view);
    } else {
        if (result != ERR_OK)
            log_warn("session.set_not_kept error=\"%s\"", err_text(result));
        view_free(k->view);
    }
    free(k);
}

static enum err start_keeping(struct session *s, struct view *view)
{
    struct keeping *k = calloc(1, sizeof *k);
    if (k == NULL)
        return ERR_NOMEM;
    *k = (struct keeping){s, view, agent_now_s(s->agent)};
    enum err bad = writer_submit(s->agent->writer, WRITER_INTERACTIVE, keep_view, view_kept, k);
    if (bad != ERR_OK)
        free(k);
    else
        s->keeping = true;
    return bad;
}

void session_look_at_moment(struct session *s)
{
    const struct view *now = s->agent->view;
    const int64_t next_s = view_next_s(now);
    const int64_t now_ms = clock_mono_ms();
    if (next_s == 0 || agent_now_s(s->agent) < next_s || s->keeping || now_ms < s->switch_ms)
        return;
    struct errmsg why = {""};
    CLEANUP(cleanup_view_free) struct view *view = NULL;
    s->switch_ms = now_ms + SWITCH_AGAIN_MS;
    enum err bad = agent_trust_judge(s->agent->trust, s->agent->store, view_files(now),
                                     agent_now_s(s->agent), &view, &why);
    if (bad == ERR_OK)
        bad = start_keeping(s, view);
    if (bad == ERR_OK)
        view = NULL;
    else
        log_err("session.announced_policy_waits reason=\"%s\"",
                why.text[0] != '\0' ? why.text : err_text(bad));
}

/* The whole set is here. */
static void judge_set(struct session *s)
{
    struct errmsg why = {""};
    struct view_files files;
    CLEANUP(cleanup_view_free) struct view *view = NULL;
    enum err bad = trust_set_add_known(s->repair.set, view_files(s->agent->view));
    trust_set_files(s->repair.set, &files);
    if (bad == ERR_OK)
        bad = agent_trust_judge(s->agent->trust, s->agent->store, &files, agent_now_s(s->agent),
                                &view, &why);
    session_repair_end(s);
    if (bad == ERR_OK && agent_trust_same(view, s->agent->view))
        return;
    if (bad == ERR_OK)
        bad = start_keeping(s, view);
    if (bad == ERR_OK) {
        view = NULL;
        return;
    }
    log_err("session.set_refused reason=\"%s\"", why.text[0] != '\0' ? why.text : err_text(bad));
    if (s->info.phase != PHASE_OPEN)
        session_enter(s, PHASE_WAITING, "what the broker handed over does not hold here: %s",
                      why.text[0] != '\0' ? why.text : err_text(bad));
}

void session_on_fetch_reply(struct session_turn *t)
{
    struct session *s = t->session;
    if (s->repair.set == NULL ||
        !bytes_equal(BYTES_OF_ARRAY(t->envelope.in_reply_to.b), BYTES_OF_ARRAY(s->repair.id.b)))
        return;
    struct fetch_reply r;
    struct errmsg why = {""};
    enum err bad = fetch_reply_decode(t->envelope.body, t->arena, &r, &why);
    for (size_t i = 0; i < r.count && bad == ERR_OK; i++)
        bad = add_document(s->repair.set, s->repair.arena, &r.documents[i]);
    if (bad == ERR_LIMIT)
        (void)errmsg_set(&why, bad, "the broker hands over more than %d documents of one kind, or more "
                                    "than %d versions of the policy",
                         TRUST_LIST_MAX, TRUST_VERSIONS_MAX);
    if (bad == ERR_OK && s->repair.step == DOCUMENT_ROSTER)
        bad = send_fetch(s, DOCUMENT_POLICY);
    else if (bad == ERR_OK)
        judge_set(s);
    if (bad == ERR_OK)
        return;
    log_warn("session.fetch_failed reason=\"%s\"", why.text[0] != '\0' ? why.text : err_text(bad));
    session_repair_end(s);
}
