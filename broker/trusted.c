#include "broker/trusted.h"

#include <stdlib.h>

#include "broker/acts.h"
#include "broker/audit.h"
#include "broker/epochs.h"
#include "broker/fetch.h"
#include "broker/keys.h"
#include "broker/lagging.h"
#include "broker/own_keys.h"
#include "broker/refused.h"
#include "broker/store/meta.h"
#include "broker/trust.h"
#include "broker/wire.h"
#include "pki/digest.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/writer.h"
#include "proto/msg/adoption.h"

#define ROW_ROSTER "roster"
#define ROW_POLICY "policy"
#define KEPT_ARENA_BYTES ((size_t)128 << 20)
#define RETRY_S 10

#define ROSTER_FACTS 2

/* A view on its way into force. */
struct acceptance {
    struct broker *broker;
    struct view *view;
    struct view_marks marks;
    struct view_marks raised; /* by this view */
    bool is_new_store;
    bool is_switch; /* of a policy that was announced: no file was read */
    trusted_done_fn done;
    struct arena *arena; /* of versions */
    const struct view_version *versions; /* that were verified before */
    size_t version_count;
    struct refused_document refused; /* what does not hold, where something does not */
    struct errmsg why;
};

static struct acceptance *acceptance_new(struct broker *b)
{
    struct acceptance *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->broker = b;
    a->arena = arena_new(KEPT_ARENA_BYTES);
    if (a->arena != NULL)
        return a;
    free(a);
    return NULL;
}

static void acceptance_free(struct acceptance *a)
{
    if (a == NULL)
        return;
    view_free(a->view);
    arena_free(a->arena);
    free(a);
}

static enum err read_before(struct acceptance *a, struct kv_txn *txn)
{
    enum err e = meta_get_marks(a->broker->store, txn, &a->marks);
    if (e != ERR_OK)
        (void)errmsg_set(&a->why, e, "store: the marks of roster, policy and adoptions: %s", err_text(e));
    return e == ERR_OK ? meta_get_versions(a->broker->store, txn, a->arena, &a->versions,
                                           &a->version_count)
                       : e;
}

static enum err start_job(struct kv_txn *txn, void *arg)
{
    struct acceptance *a = arg;
    const struct meta_identity id = {.deployment = a->broker->config->deployment,
                                     .oin = a->broker->config->oin};
    enum err e = meta_check(a->broker->store, txn, &id, &a->is_new_store, &a->why);
    return e == ERR_OK ? read_before(a, txn) : e;
}

/* A roster that lists another log is for a broker whose log has ended (decision 0408). */
static enum err check_origin(struct acceptance *a)
{
    const struct bytes listed = view_roster(a->view)->log_origin;
    const char *origin = a->broker->config->origin;
    return bytes_is(listed, origin) ? ERR_OK
                                    : errmsg_set(&a->why, ERR_MISMATCH, "roster: it lists the log %.*s, and the configuration %s",
                                                 (int)listed.len, (const char *)listed.ptr, origin);
}

/* What comes from files has to have room in a fetch, or no party could follow, and to list keys that are here, or
 * nobody would believe this broker. What is switched to was loaded so before. */
static enum err load_files(struct acceptance *a)
{
    const struct broker *b = a->broker;
    const struct trust_before before = {&a->marks, a->versions, a->version_count, &a->refused};
    enum err e = trust_load(b->config, &before, clock_now_s(b->clock), &a->view, &a->why);
    const struct own_keys own = {b->keys, a->view};
    if (e == ERR_OK)
        e = check_origin(a);
    if (e == ERR_OK)
        e = own_keys_check(&own, &b->config->oin, &a->why);
    return e == ERR_OK ? fetch_check(a->view, &a->why) : e;
}

/* A document that is accepted: its row says serial and digest of the last one in force. */
struct accepted_doc {
    const char *row;
    uint64_t serial;
    uint64_t mark; /* the highest serial so far */
    struct digest digest;
    struct bytes bytes;
    enum audit_event event;
    const struct audit_fact *facts; /* beside the digest of the policy */
    size_t fact_count;
};

static enum err check_same_serial(struct acceptance *a, struct kv_txn *txn,
                                  const struct accepted_doc *d)
{
    struct bytes row;
    enum err e = meta_get(a->broker->store, txn, d->row, &row);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (d->serial != d->mark || bytes_equal(row, digest_bytes(&d->digest)))
        return ERR_OK;
    return errmsg_set(&a->why, ERR_CONFLICT,
                      "%s: serial %llu was accepted before with other content; ask who signed it",
                      d->row, (unsigned long long)d->serial);
}

static enum err note(struct acceptance *a, struct kv_txn *txn, const struct turn_audit *what)
{
    struct digest entry;
    return audit_append(a->broker->audit, txn, what, NULL, NULL, clock_now_s(a->broker->clock),
                        &entry);
}

static enum err accept_doc(struct acceptance *a, struct kv_txn *txn, const struct accepted_doc *d)
{
    struct store *s = a->broker->store;
    enum err e = check_same_serial(a, txn, d);
    if (e == ERR_OK)
        e = meta_put(s, txn, d->row, digest_bytes(&d->digest));
    if (e == ERR_OK)
        e = meta_keep_document(s, txn, &d->digest, d->bytes);
    if (e != ERR_OK || d->serial <= d->mark)
        return e;
    const struct turn_audit what = {.event = d->event,
                                    .policy = *view_policy_digest(a->view),
                                    .more = d->facts,
                                    .more_count = d->fact_count};
    return note(a, txn, &what);
}

/* The roster that was accepted last, as it was signed; empty: none yet. A view until the next write. */
static enum err roster_before(struct acceptance *a, struct kv_txn *txn, struct bytes *out)
{
    struct bytes row;
    struct digest last;
    enum err e = meta_get(a->broker->store, txn, ROW_ROSTER, &row);
    *out = (struct bytes){NULL, 0};
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (row.len != sizeof last.b)
        return ERR_INVALID;
    memcpy(last.b, row.ptr, sizeof last.b);
    e = meta_get_document(a->broker->store, txn, &last, out);
    if (e != ERR_OK)
        return e;
    *out = arena_copy(a->arena, *out);
    return out->ptr == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err accept_roster(struct acceptance *a, struct kv_txn *txn)
{
    const struct roster *r = view_roster(a->view);
    struct bytes before = {NULL, 0};
    const struct audit_fact facts[ROSTER_FACTS] = {
        audit_fact_count("acts", r->act_count),
        audit_fact_count("roster_serial", r->serial),
    };
    struct accepted_doc roster = {
        .row = ROW_ROSTER,
        .serial = r->serial,
        .mark = a->marks.roster_serial,
        .bytes = view_files(a->view)->roster,
        .event = AUDIT_EVENT_ROSTER_ACCEPTED,
        .facts = facts,
        .fact_count = ROSTER_FACTS,
    };
    enum err e = digest_sha256(&roster.bytes, 1, &roster.digest);
    a->refused = (struct refused_document){.document = ROW_ROSTER, .digest = roster.digest};
    if (e == ERR_OK)
        e = roster_before(a, txn, &before);
    if (e == ERR_OK && before.len > 0) /* what was revoked stays revoked */
        e = view_follows(a->view, before, &a->why);
    if (e == ERR_OK)
        e = accept_doc(a, txn, &roster);
    if (e == ERR_OK && roster.serial > roster.mark)
        e = acts_note(a->broker, txn, a->view, before);
    if (e == ERR_OK)
        a->refused.document = NULL;
    return e;
}

/* Whether a document was taken before. Errors as meta_get_document, but for ERR_NOT_FOUND. */
static enum err find_kept(struct acceptance *a, struct kv_txn *txn, const struct digest *digest, bool *out)
{
    struct bytes document;
    const enum err e = meta_get_document(a->broker->store, txn, digest, &document);
    *out = e == ERR_OK;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err accept_policy(struct acceptance *a, struct kv_txn *txn)
{
    const struct digest *digest = view_policy_digest(a->view);
    bool is_kept = false;
    enum err e = find_kept(a, txn, digest, &is_kept);
    if (e != ERR_OK)
        return e;
    const struct accepted_doc policy = {
        .row = ROW_POLICY,
        .serial = view_policy(a->view)->serial,
        .mark = a->marks.policy_serial,
        .digest = *digest,
        .bytes = view_files(a->view)->policy,
        .event = is_kept ? AUDIT_EVENT_POLICY_IN_FORCE : AUDIT_EVENT_POLICY_ACCEPTED,
    };
    a->refused = (struct refused_document){.document = ROW_POLICY, .digest = *digest};
    e = accept_doc(a, txn, &policy);
    if (e == ERR_OK)
        a->refused.document = NULL;
    return e;
}

/* A version that is to come: in the log from the day that this broker verified it. */
static enum err accept_announced(struct acceptance *a, struct kv_txn *txn,
                                 const struct view_announced *n, struct bytes policy)
{
    bool is_kept = false;
    enum err e = find_kept(a, txn, &n->digest, &is_kept);
    if (e != ERR_OK || is_kept)
        return e;
    const struct audit_fact facts[] = {
        audit_fact_count("policy_serial", n->serial),
        audit_fact_int("in_force_from", n->from_s),
    };
    const struct turn_audit what = {.event = AUDIT_EVENT_POLICY_ACCEPTED,
                                    .policy = n->digest,
                                    .more = facts,
                                    .more_count = ARRAY_LEN(facts)};
    e = meta_keep_document(a->broker->store, txn, &n->digest, policy);
    return e == ERR_OK ? note(a, txn, &what) : e;
}

static enum err accept_all_announced(struct acceptance *a, struct kv_txn *txn)
{
    const struct view_files *files = view_files(a->view);
    struct view_announced n;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && view_announced_at(a->view, i, &n); i++)
        e = accept_announced(a, txn, &n, files->versions[i].policy);
    return e;
}

/* What a holder said of its rules: kept, and in the log, from the day that this broker verified it. */
static enum err accept_adoption(struct acceptance *a, struct kv_txn *txn,
                                const struct adoption_doc *d)
{
    CLEANUP(buf_free) struct buf document = buf_new(ADOPTION_MAX_BYTES);
    struct digest digest;
    bool is_kept = false;
    enum err e = adoption_encode(d, &document, &a->why);
    const struct bytes bytes = buf_bytes(&document);
    if (e == ERR_OK)
        e = digest_sha256(&bytes, 1, &digest);
    if (e == ERR_OK)
        e = find_kept(a, txn, &digest, &is_kept);
    if (e != ERR_OK || is_kept)
        return e;
    const bool is_withdrawn = d->state == ADOPTION_STATE_WITHDRAWN;
    const struct audit_fact facts[] = {
        audit_fact_count("adoption_serial", d->serial),
        audit_fact_word("adoption_state", is_withdrawn ? "withdrawn" : "adopted"),
    };
    const struct turn_audit what = {.event = AUDIT_EVENT_ADOPTION_ACCEPTED,
                                    .peer = d->holder,
                                    .policy = d->policy,
                                    .count = (uint32_t)d->rules.count,
                                    .more = facts,
                                    .more_count = ARRAY_LEN(facts)};
    e = meta_keep_document(a->broker->store, txn, &digest, bytes);
    return e == ERR_OK ? note(a, txn, &what) : e;
}

static enum err accept_adoptions(struct acceptance *a, struct kv_txn *txn)
{
    const struct adoption_doc *d;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && (d = view_adoption_at(a->view, i)) != NULL; i++)
        e = accept_adoption(a, txn, d);
    return e;
}

static enum err accept_job(struct kv_txn *txn, void *arg)
{
    struct acceptance *a = arg;
    struct store *s = a->broker->store;
    enum err e = accept_roster(a, txn);
    if (e == ERR_OK)
        e = accept_policy(a, txn);
    if (e == ERR_OK)
        e = accept_all_announced(a, txn);
    if (e == ERR_OK)
        e = epochs_accept(a->broker, txn, a->view, &a->marks);
    if (e == ERR_OK)
        e = accept_adoptions(a, txn);
    if (e == ERR_OK)
        e = refused_accept(a->broker, txn, a->view);
    if (e == ERR_OK)
        e = meta_put_versions(s, txn, a->view);
    if (e != ERR_OK)
        return e;
    a->raised = a->marks;
    e = view_raise_marks(a->view, clock_now_s(a->broker->clock), &a->raised, &a->why);
    if (e == ERR_OK)
        e = meta_put_marks(s, txn, &a->raised);
    if (e == ERR_OK)
        epochs_stop_keys(a->broker->keys, a->view); /* from the next job on */
    return e;
}

static void log_announced(const struct view *v)
{
    struct view_announced n;
    for (size_t i = 0; view_announced_at(v, i, &n); i++)
        log_notice("trust announced policy=%llu from=%lld", (unsigned long long)n.serial,
                   (long long)n.from_s);
}

/* What the entry about it says. */
static void tell_refused(struct acceptance *a, enum err result)
{
    a->refused.reason = result;
    a->refused.detail = a->why;
}

enum err trusted_start(struct broker *b, trusted_check_fn check, struct errmsg *why)
{
    struct acceptance *a = acceptance_new(b);
    if (a == NULL)
        return ERR_NOMEM;
    enum err e = writer_run(b->writer, start_job, a);
    if (e == ERR_OK)
        e = load_files(a);
    if (e == ERR_OK && check != NULL)
        e = check(b, a->view, &a->why);
    if (e == ERR_OK)
        e = writer_run(b->writer, accept_job, a);
    if (e == ERR_OK) {
        b->view = a->view;
        a->view = NULL;
        own_keys_use(b->keys, b->view);
        log_notice("trust roster=%llu policy=%llu members=%zu",
                   (unsigned long long)view_roster(b->view)->serial,
                   (unsigned long long)view_policy(b->view)->serial,
                   view_roster(b->view)->member_count);
        log_announced(b->view);
        view_log_faults(b->view);
    } else {
        (void)errmsg_set(why, e, "%s", a->why.text[0] != '\0' ? a->why.text : err_text(e));
        tell_refused(a, e);
        if (refused_document_now(b, &a->refused) != ERR_OK)
            log_err("trust entry=false: that these files do not count could not be written to the log");
    }
    acceptance_free(a);
    return e;
}

void trusted_stop(struct broker *b)
{
    view_free(b->view);
    b->view = NULL;
}

static void put_in_force(struct broker *b, struct view *v)
{
    struct view *old = b->view;
    const bool is_other = lagging_differs(old, v);
    b->view = v;
    own_keys_use(b->keys, v);
    view_free(old);
    if (wire_allow(b->wire, v) != ERR_OK)
        log_err("trust allow error=\"out of memory\": newly listed members cannot connect yet; "
                "reload again");
    wire_follow(b->wire, v);
    log_notice("trust reloaded=true roster=%llu policy=%llu",
               (unsigned long long)view_roster(v)->serial,
               (unsigned long long)view_policy(v)->serial);
    log_announced(v);
    view_log_faults(v);
    if (is_other)
        lagging_tell_all(b);
}

/* What an operator reads in status until it is mended. */
static void keep_trouble(struct acceptance *a, enum err result)
{
    struct broker_acceptance *of = &a->broker->acceptance;
    const char *detail = a->why.text[0] != '\0' ? a->why.text : err_text(result);
    log_err("trust reloaded=false error=\"%s\" detail=\"%s\": the old roster and policy stay",
            err_text(result), a->why.text);
    if (a->is_switch)
        (void)errmsg_set(&of->switch_trouble, result,
                         "the announced policy does not come in force: %s", detail);
    else
        (void)errmsg_set(&of->files_trouble, result,
                         "the files of roster and policy do not count; what was verified before stays "
                         "in force: %s",
                         detail);
}

static void clear_trouble(struct acceptance *a)
{
    struct broker_acceptance *of = &a->broker->acceptance;
    of->switch_trouble = (struct errmsg){""};
    if (!a->is_switch)
        of->files_trouble = (struct errmsg){""};
}

static void accepted(enum err result, void *arg)
{
    struct acceptance *a = arg;
    struct broker *b = a->broker;
    const trusted_done_fn done = a->done;
    b->acceptance.is_under_way = false;
    b->acceptance.retry_s = clock_now_s(b->clock) + RETRY_S;
    if (result == ERR_OK) {
        put_in_force(b, a->view);
        a->view = NULL;
        clear_trouble(a);
    } else {
        epochs_stop_keys(b->keys, b->view);
        keep_trouble(a, result);
        tell_refused(a, result);
        refused_document_later(b, &a->refused);
    }
    acceptance_free(a);
    if (done != NULL)
        done(b, result == ERR_OK);
}

static enum err load_again(struct acceptance *a)
{
    struct broker *b = a->broker;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err e = kv_read_begin(b->kv, &txn);
    if (e == ERR_OK)
        e = read_before(a, txn);
    if (e == ERR_OK && a->is_switch)
        return trust_again(b->config, view_files(b->view), &a->marks, clock_now_s(b->clock),
                           &a->view, &a->why);
    if (e == ERR_OK)
        e = keys_reload(b->keys, &b->config->service, &a->why);
    return e == ERR_OK ? load_files(a) : e;
}

static void begin(struct acceptance *a)
{
    struct broker *b = a->broker;
    b->acceptance.is_under_way = true;
    enum err e = load_again(a);
    if (e == ERR_OK)
        e = writer_submit(b->writer, WRITER_INTERACTIVE, accept_job, accepted, a);
    if (e != ERR_OK)
        accepted(e, a);
}

void trusted_reload(struct broker *b, trusted_done_fn done)
{
    if (b->acceptance.is_under_way) {
        b->acceptance.again = done;
        return;
    }
    struct acceptance *a = acceptance_new(b);
    if (a == NULL) {
        done(b, false);
        return;
    }
    a->done = done;
    begin(a);
}

void trusted_look(struct broker *b, int64_t now_s)
{
    const int64_t next_s = view_next_s(b->view);
    const trusted_done_fn again = b->acceptance.again;
    if (again != NULL && !b->acceptance.is_under_way) {
        b->acceptance.again = NULL;
        trusted_reload(b, again);
        return;
    }
    if (next_s == 0 || now_s < next_s || b->acceptance.is_under_way ||
        (b->acceptance.switch_trouble.text[0] != '\0' && now_s < b->acceptance.retry_s))
        return;
    struct acceptance *a = acceptance_new(b);
    if (a == NULL)
        return;
    a->is_switch = true;
    begin(a);
}
