/* The part as the agent sees it: what it reads at start, when it asks, and what `status` tells. */
#include <stdlib.h>
#include <string.h>

#include "agent/evidence.h"
#include "agent/keys.h"
#include "agent/log_origin.h"
#include "agent/part.h"
#include "agent/session.h"
#include "agent/witness/witness.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/host/kv.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define TICK_MS 250
#define FILE_EVERY_MS 10000
#define ROW_ARENA_BYTES (NOTE_MAX_BYTES + ((size_t)64 << 10))

/* ---- the audit policy ---- */

static enum err make_policy(const struct witness *w, struct bytes file, struct audit_policy **out, struct errmsg *why)
{
    const struct log_policy_of of = {.roster = view_roster(w->agent->view), .file = file};
    return log_policy_make(&of, out, why);
}

enum err witness_policy(const struct witness *w, struct audit_policy **out, struct errmsg *why)
{
    return make_policy(w, buf_bytes(&w->file), out, why);
}

bool witness_is_listed(const struct witness *w, const struct audit_policy *policy, struct witness_name *name)
{
    const struct key *key = agent_keys_witness(w->agent->keys);
    for (size_t i = 0; key != NULL && i < audit_policy_witnesses(policy); i++) {
        const struct vkey *v = audit_policy_witness(policy, i);
        const struct note_signer signer = {bytes_str(v->name), key};
        struct vkey mine;
        if (note_vkey(&signer, VKEY_COSIGNATURE_V1, &mine) != ERR_OK || mine.public_len != v->public_len ||
            memcmp(mine.public_key, v->public_key, v->public_len) != 0)
            continue;
        memcpy(name->s, v->name, sizeof name->s);
        return true;
    }
    return false;
}

/* Takes the file that lies there now, where it can be used. */
static enum err read_file(struct witness *w, struct errmsg *why)
{
    const char *path = w->agent->config->trust.audit_policy;
    CLEANUP(cleanup_audit_policy_free) struct audit_policy *policy = NULL;
    CLEANUP(buf_free) struct buf file = buf_new(AUDIT_POLICY_MAX_BYTES);
    if (path == NULL)
        return ERR_OK;
    enum err bad = file_read(path, FILE_OWN, &file, why);
    if (bad == ERR_OK && bytes_equal(buf_bytes(&file), buf_bytes(&w->file)))
        return ERR_OK;
    if (bad == ERR_OK && (bad = make_policy(w, buf_bytes(&file), &policy, why)) != ERR_OK)
        return errmsg_wrap(why, bad, "%s", path);
    if (bad != ERR_OK)
        return bad;
    buf_reset(&w->file);
    buf_put(&w->file, buf_bytes(&file));
    w->wants_quorum = !audit_policy_quorum_none(policy);
    log_notice("witness.policy witnesses=%zu", audit_policy_witnesses(policy));
    return buf_err(&w->file);
}

static enum err begin_job(struct kv_txn *txn, void *arg)
{
    const struct witness *w = arg;
    return store_put_number(w->agent->store, txn, WITNESS_QUORUM, (uint64_t)w->quorum_s);
}

/* The watch begins when a quorum is asked for the first time. */
static enum err begin_watch(struct witness *w)
{
    if (w->quorum_s != 0 || !w->wants_quorum)
        return ERR_OK;
    w->quorum_s = w->quorum_kept_s = agent_now_s(w->agent);
    return writer_run(w->agent->writer, begin_job, w);
}

static void look_at_file(struct witness *w)
{
    struct errmsg why = {""};
    enum err bad = read_file(w, &why);
    if (bad == ERR_OK && (bad = begin_watch(w)) != ERR_OK)
        (void)errmsg_set(&why, bad, "store: since when the log is watched: %s", err_text(bad));
    if (bad != ERR_OK && strcmp(why.text, w->trouble.text) != 0)
        log_err("witness.policy_not_read keeps=old reason=\"%s\"", why.text);
    w->trouble = bad == ERR_OK ? (struct errmsg){""} : why;
}

enum quorum_age witness_quorum_age(const struct witness *w)
{
    return w->wants_quorum ? quorum_age_at(w->quorum_s, agent_now_s(w->agent)) : QUORUM_FRESH;
}

enum err witness_check_release(const struct agent *a, struct errmsg *why)
{
    if (a->witness == NULL || witness_quorum_age(a->witness) != QUORUM_STOPPED)
        return ERR_OK;
    return errmsg_set(why, ERR_STATE,
                      "for 72 hours no quorum of witnesses has cosigned the audit log, so nothing is released; it goes on "
                      "by itself once they do (sluis status)");
}

static void look_at_quorum(struct witness *w)
{
    atomic_store(&w->stops_releases, witness_quorum_age(w) == QUORUM_STOPPED);
}

/* ---- when ---- */

static void on_tick(void *arg)
{
    struct witness *w = arg;
    struct session_info session;
    const int64_t now_ms = clock_mono_ms();
    if (now_ms - w->file_ms >= FILE_EVERY_MS) {
        w->file_ms = now_ms;
        look_at_file(w);
    }
    look_at_quorum(w);
    if (w->file.len == 0 || w->agent->session == NULL)
        return;
    session_info(w->agent->session, &session);
    if (now_ms - w->asked_ms >= (int64_t)session.publish_interval_ms)
        witness_ask(w);
}

static void on_view(struct agent *a)
{
    look_at_file(a->witness);
}

/* ---- life ---- */

static void witness_free(struct witness *w)
{
    if (w == NULL)
        return;
    loop_timer_free(w->tick);
    buf_free(&w->file);
    buf_free(&w->row_lines);
    buf_free(&w->row_head);
    free(w);
}
DEFINE_CLEANUP(struct witness, witness_free)

void witness_take_row(struct witness *w, const struct witness_row *row)
{
    buf_reset(&w->row_lines);
    buf_reset(&w->row_head);
    buf_put(&w->row_lines, row->lines);
    buf_put(&w->row_head, row->head);
    w->row = (struct witness_row){row->state, buf_bytes(&w->row_lines), buf_bytes(&w->row_head)};
    if (row->state.size > 0)
        w->seen[w->seen_count++ % WITNESS_SEEN] = row->state;
}

void witness_begin_anew(struct witness *w)
{
    const struct witness_row none = {.state.size = 0};
    w->seen_count = 0;
    w->is_fork = false;
    witness_take_row(w, &none);
}

static enum err read_store(struct witness *w)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ROW_ARENA_BYTES);
    struct store *s = w->agent->store;
    struct witness_row row = {0};
    uint64_t quorum_s = 0;
    uint64_t away[2] = {0, 0};
    enum err bad = a != NULL ? kv_read_begin(w->agent->kv, &txn) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = witness_row_get(s, txn, a, &row);
    if (bad == ERR_OK)
        bad = evidence_has(s, txn, log_origin_followed(w->agent), &w->is_fork);
    if (bad == ERR_OK)
        bad = store_get_number(s, txn, WITNESS_QUORUM, &quorum_s);
    if (bad == ERR_OK)
        bad = store_get_number(s, txn, WITNESS_AWAY_FROM, &away[0]);
    if (bad == ERR_OK)
        bad = store_get_number(s, txn, WITNESS_AWAY_UNTIL, &away[1]);
    if (bad != ERR_OK)
        return bad;
    w->away_from_s = (int64_t)away[0];
    w->away_until_s = (int64_t)away[1];
    witness_take_row(w, &row);
    w->quorum_s = w->quorum_kept_s = (int64_t)quorum_s;
    return buf_err(&w->row_lines) == ERR_OK ? buf_err(&w->row_head) : buf_err(&w->row_lines);
}

static enum err open_all(struct witness *w, struct errmsg *why)
{
    w->file = buf_new(AUDIT_POLICY_MAX_BYTES);
    w->row_lines = buf_new(WITNESS_LINES_MAX);
    w->row_head = buf_new(NOTE_MAX_BYTES);
    w->tick = loop_timer_new(w->agent->loop, on_tick, w);
    enum err bad = w->tick != NULL ? read_file(w, why) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = read_store(w);
    return bad == ERR_OK ? begin_watch(w) : bad;
}

static enum err start(struct agent *a, struct errmsg *why)
{
    CLEANUP(cleanup_witness_free) struct witness *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    w->agent = a;
    w->file_ms = clock_mono_ms();
    const enum err bad = open_all(w, why);
    if (bad != ERR_OK)
        return bad;
    look_at_quorum(w);
    loop_timer_every(w->tick, TICK_MS);
    a->witness = w;
    w = NULL;
    return ERR_OK;
}

static void stop(struct agent *a)
{
    witness_free(a->witness);
    a->witness = NULL;
}

/* ---- status ---- */

static enum err status(const struct call *c, struct doc *whole)
{
    const struct witness *w = call_agent(c)->witness;
    CLEANUP(cleanup_audit_policy_free) struct audit_policy *policy = NULL;
    struct witness_name name;
    if (w->file.len == 0)
        return ERR_OK;
    enum err bad = witness_policy(w, &policy, NULL);
    struct doc *d = bad == ERR_OK ? doc_new_object() : NULL;
    if (d == NULL)
        return bad != ERR_OK ? bad : ERR_NOMEM;
    struct doc_build b = doc_build_of(d);
    doc_put_bool(&b, "is_witness", witness_is_listed(w, policy, &name));
    doc_put_int(&b, "witnesses", (int64_t)audit_policy_witnesses(policy));
    doc_put_int(&b, "cosigned_size", (int64_t)w->row.state.size);
    witness_away_doc(w, &b);
    if (!audit_policy_quorum_none(policy)) {
        doc_put_time(&b, "quorum_at", w->quorum_s);
        doc_put_str(&b, "state", quorum_age_id(witness_quorum_age(w)));
    }
    struct doc_build into = doc_build_of(whole);
    doc_put_doc(&into, "witness", doc_build_done(&b) == ERR_OK ? d : NULL);
    return doc_build_done(&into);
}

static enum err add_line(struct doc *lines, const char *text)
{
    return doc_append(lines, doc_new_text(bytes_str(text)));
}

/* Of a log that this agency followed before. */
static enum err add_former(struct doc *lines, struct bytes origin)
{
    CLEANUP(buf_free) struct buf line = buf_new(NOTE_MAX_NAME + 128u);
    buf_printf(&line, "the broker's audit log of before, %.*s, contradicted itself; the evidence is kept: tell the auditor",
               (int)origin.len, (const char *)origin.ptr);
    const enum err bad = buf_err(&line);
    return bad == ERR_OK ? doc_append(lines, doc_new_text(buf_bytes(&line))) : bad;
}

/* Each log that contradicted itself; of the one that is followed the loop knows it before it is kept. */
static enum err add_forks(const struct witness *w, struct doc *lines)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(EVIDENCE_ARENA_BYTES);
    struct evidence_logs logs = {.count = 0};
    enum err bad = a != NULL ? kv_read_begin(w->agent->kv, &txn) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = evidence_logs(w->agent->store, txn, a, &logs);
    bool is_fork = w->is_fork;
    for (size_t i = 0; bad == ERR_OK && i < logs.count; i++) {
        if (bytes_equal(logs.origin[i], log_origin_followed(w->agent)))
            is_fork = true;
        else
            bad = add_former(lines, logs.origin[i]);
    }
    return bad == ERR_OK && is_fork
               ? add_line(lines, "the broker's audit log contradicted itself; the evidence is kept: tell the auditor")
               : bad;
}

static enum err alarms(const struct call *c, struct doc *lines)
{
    const struct witness *w = call_agent(c)->witness;
    const enum quorum_age age = witness_quorum_age(w);
    enum err bad = add_forks(w, lines);
    if (bad == ERR_OK && age == QUORUM_LATE)
        bad = add_line(lines, "for 4 hours no quorum of witnesses has cosigned the audit log; after 72 nothing is released");
    if (bad == ERR_OK && age == QUORUM_STOPPED)
        bad = add_line(lines, "nothing is released: for 72 hours no quorum of witnesses has cosigned the audit log");
    if (bad == ERR_OK && w->trouble.text[0] != '\0')
        bad = add_line(lines, w->trouble.text);
    return bad;
}

static const struct verb verbs[] = {
    {"witness", 1u << FUNCTION_AUDITOR | 1u << FUNCTION_SECURITY_OFFICER, witness_verb},
    {NULL, 0, NULL},
};

const struct agent_part witness_part = {
    .name = "witness",
    .verbs = verbs,
    .start = start,
    .stop = stop,
    .on_view = on_view,
    .status = status,
    .alarms = alarms,
};
