#include "broker/trusted.h"

#include <stdlib.h>

#include "broker/audit.h"
#include "broker/keys.h"
#include "broker/store/meta.h"
#include "broker/trust.h"
#include "broker/wire.h"
#include "pki/digest.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/writer.h"

#define ROW_ROSTER "roster"
#define ROW_POLICY "policy"

/* A view on its way into force. */
struct acceptance {
    struct broker *broker;
    struct view *view;
    struct view_marks marks;
    bool is_new_store;
    trusted_done_fn done;
    struct errmsg why;
};

static enum err start_job(struct kv_txn *txn, void *arg)
{
    struct acceptance *a = arg;
    const struct meta_identity id = {.deployment = a->broker->config->deployment,
                                     .oin = a->broker->config->oin};
    enum err e = meta_check(a->broker->store, txn, &id, &a->is_new_store, &a->why);
    return e == ERR_OK ? meta_get_marks(a->broker->store, txn, &a->marks) : e;
}

/* A document that is accepted: its row says serial and digest of the last one. */
struct accepted_doc {
    const char *row;
    uint64_t serial;
    uint64_t mark; /* the highest serial so far */
    struct digest digest;
    struct bytes bytes;
    enum audit_event event;
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
                                    .policy = *view_policy_digest(a->view)};
    struct digest entry;
    return audit_append(a->broker->audit, txn, &what, NULL, NULL, clock_now_s(a->broker->clock),
                        &entry);
}

static enum err accept_job(struct kv_txn *txn, void *arg)
{
    struct acceptance *a = arg;
    const struct view_files *files = view_files(a->view);
    struct accepted_doc roster = {
        .row = ROW_ROSTER,
        .serial = view_roster(a->view)->serial,
        .mark = a->marks.roster_serial,
        .bytes = files->roster,
        .event = AUDIT_EVENT_ROSTER_ACCEPTED,
    };
    const struct accepted_doc policy = {
        .row = ROW_POLICY,
        .serial = view_policy(a->view)->serial,
        .mark = a->marks.policy_serial,
        .digest = *view_policy_digest(a->view),
        .bytes = files->policy,
        .event = AUDIT_EVENT_POLICY_ACCEPTED,
    };
    enum err e = digest_sha256(&files->roster, 1, &roster.digest);
    if (e == ERR_OK)
        e = accept_doc(a, txn, &roster);
    if (e == ERR_OK)
        e = accept_doc(a, txn, &policy);
    if (e != ERR_OK)
        return e;
    struct view_marks raised = a->marks;
    view_raise_marks(a->view, clock_now_s(a->broker->clock), &raised);
    return meta_put_marks(a->broker->store, txn, &raised);
}

enum err trusted_start(struct broker *b, struct errmsg *why)
{
    struct acceptance *a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_NOMEM;
    a->broker = b;
    enum err e = writer_run(b->writer, start_job, a);
    if (e == ERR_OK)
        e = trust_load(b->config, &a->marks, clock_now_s(b->clock), &a->view, &a->why);
    if (e == ERR_OK)
        e = writer_run(b->writer, accept_job, a);
    if (e == ERR_OK) {
        b->view = a->view;
        a->view = NULL;
        log_notice("trust roster=%llu policy=%llu members=%zu",
                   (unsigned long long)view_roster(b->view)->serial,
                   (unsigned long long)view_policy(b->view)->serial,
                   view_roster(b->view)->member_count);
        view_log_faults(b->view);
    } else {
        (void)errmsg_set(why, e, "%s", a->why.text[0] != '\0' ? a->why.text : err_text(e));
    }
    view_free(a->view);
    free(a);
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
    b->view = v;
    view_free(old);
    if (wire_allow(b->wire, v) != ERR_OK)
        log_err("trust allow error=\"out of memory\": newly listed members cannot connect yet; "
                "reload again");
    log_notice("trust reloaded=true roster=%llu policy=%llu",
               (unsigned long long)view_roster(v)->serial,
               (unsigned long long)view_policy(v)->serial);
    view_log_faults(v);
}

static void accepted(enum err result, void *arg)
{
    struct acceptance *a = arg;
    struct broker *b = a->broker;
    const trusted_done_fn done = a->done;
    if (result == ERR_OK) {
        put_in_force(b, a->view);
        a->view = NULL;
    } else {
        log_err("trust reloaded=false error=\"%s\" detail=\"%s\": the old roster and policy stay",
                err_text(result), a->why.text);
    }
    view_free(a->view);
    free(a);
    done(b, result == ERR_OK);
}

static enum err load_again(struct acceptance *a)
{
    struct broker *b = a->broker;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err e = kv_read_begin(b->kv, &txn);
    if (e == ERR_OK)
        e = meta_get_marks(b->store, txn, &a->marks);
    if (e == ERR_OK)
        e = keys_reload(b->keys, &b->config->service, &a->why);
    if (e == ERR_OK)
        e = trust_load(b->config, &a->marks, clock_now_s(b->clock), &a->view, &a->why);
    return e;
}

void trusted_reload(struct broker *b, trusted_done_fn done)
{
    struct acceptance *a = calloc(1, sizeof *a);
    if (a == NULL) {
        done(b, false);
        return;
    }
    *a = (struct acceptance){.broker = b, .done = done};
    enum err e = load_again(a);
    if (e == ERR_OK)
        e = writer_submit(b->writer, WRITER_INTERACTIVE, accept_job, accepted, a);
    if (e != ERR_OK)
        accepted(e, a);
}
