#include "broker/agency_heads.h"

#include <stdio.h>
#include <stdlib.h>

#include "broker/keys.h"
#include "pki/log_policy.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/kv.h"
#include "proto/log/witness_request.h"

/* What is known of one agency since the start. */
struct watched {
    struct agency_id agency;
    int64_t window_ms; /* when its offers were counted from */
    unsigned offers;
    enum witness_status told; /* how its last offer was answered */
    unsigned faults;          /* of which the store had evidence then */
};

struct agency_heads {
    struct broker *broker;
    struct watched *agencies; /* ROSTER_MAX_MEMBERS: only members of the roster speak */
    size_t count;
};

struct note_signer agency_heads_witness(const struct broker *b, struct agency_witness_name *room)
{
    const int n = snprintf(room->s, sizeof room->s, "%s/witness/%s", b->config->deployment.s, b->config->oin.oin);
    const bool fits = n > 0 && (size_t)n < sizeof room->s;
    return (struct note_signer){bytes_str(room->s), fits ? b->keys->witness : NULL};
}

/* ---- how often ---- */

static struct watched *find(const struct agency_heads *h, const struct agency_id *agency)
{
    for (size_t i = 0; i < h->count; i++)
        if (agency_id_equal(&h->agencies[i].agency, agency))
            return &h->agencies[i];
    return NULL;
}

/* NULL: more than a roster has, which those of departed members may make. */
static struct watched *find_or_add(struct agency_heads *h, const struct agency_id *agency)
{
    struct watched *w = find(h, agency);
    if (w == NULL && h->count < ROSTER_MAX_MEMBERS) {
        w = &h->agencies[h->count++];
        *w = (struct watched){.agency = *agency};
    }
    return w;
}

bool agency_heads_admit(struct agency_heads *h, const struct agency_id *agency, int64_t mono_ms)
{
    struct watched *w = find_or_add(h, agency);
    if (w == NULL)
        return false;
    if (w->offers == 0 || mono_ms - w->window_ms >= (int64_t)h->broker->config->publish_interval_ms) {
        w->window_ms = mono_ms;
        w->offers = 0;
    }
    if (w->offers >= AGENCY_HEADS_EACH)
        return false;
    w->offers++;
    return true;
}

/* ---- what came of it ---- */

void agency_heads_saw(struct agency_heads *h, const struct agency_id *agency, const struct agency_verdict *v)
{
    struct watched *w = find(h, agency);
    if (v->is_vouched)
        log_warn("agency_log.vouched agency=%s size=%llu next=\"compare the key in status with the agency's line\"",
                 agency->oin, (unsigned long long)v->log.size);
    if (v->is_pinned)
        log_notice("agency_log.key agency=%s keys=%zu", agency->oin, v->log.key_count);
    if (w == NULL)
        return;
    const bool is_other = w->told != v->status;
    const bool is_new = (v->faults & ~w->faults) != 0;
    w->told = v->status;
    w->faults = v->faults;
    if (v->status != WITNESS_COSIGN && (v->has_vouch || (v->status != WITNESS_CONFLICT && is_other)))
        log_warn("agency_log.refused agency=%s status=%d reason=\"%s\"", agency->oin, (int)v->status, v->why.text);
    if (is_new)
        log_err("agency_log.contradicted agency=%s reason=\"%s\": the evidence is kept; status tells what to do", agency->oin,
                v->why.text);
}

/* ---- status ---- */

struct telling {
    const struct broker *broker;
    struct kv_txn *txn;
    struct doc *list;
};

static const char *const fault_words[] = {
    [AGENCY_LOG_OTHER] = "contradicted",
    [AGENCY_LOG_SHORTER] = "shorter",
    [AGENCY_LOG_UNPROVEN] = "unproven",
};

/* The signed head that was shown, and the one that was cosigned before it. */
static void put_evidence(struct doc_build *d, const struct agency_log_evidence *e)
{
    struct witness_request r;
    if (witness_request_parse(e->shown, &r) == ERR_OK)
        doc_put_text(d, "shown_head", r.checkpoint);
    doc_put_text(d, "own_head", e->own);
}

static enum err put_state(const struct telling *t, struct doc_build *d, const struct agency_id *agency,
                          const struct agency_log *log)
{
    const struct watched *w = find(t->broker->agency_heads, agency);
    const char *state = quorum_age_id(quorum_age_at(log->at_s, clock_now_s(t->broker->clock)));
    if (w != NULL && w->told == WITNESS_UNSIGNED)
        state = "another key";
    for (unsigned f = AGENCY_LOG_FAULTS_END - 1; f >= AGENCY_LOG_OTHER; f--) {
        struct agency_log_evidence e;
        const enum err bad =
            agency_log_evidence_get(t->broker->store, t->txn, agency, (enum agency_log_fault)f, &e);
        if (bad != ERR_OK && bad != ERR_NOT_FOUND)
            return bad;
        if (bad == ERR_NOT_FOUND)
            continue;
        state = fault_words[f];
        if (f == AGENCY_LOG_OTHER)
            put_evidence(d, &e);
    }
    doc_put_str(d, "state", state);
    return ERR_OK;
}

/* By whose word the log went over to its key; absent: it never needed one. */
static enum err put_vouched(const struct telling *t, struct doc_build *d, const struct agency_id *agency)
{
    struct agency_log_vouched v;
    const enum err e = agency_log_vouched_get(t->broker->store, t->txn, agency, &v);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    doc_put_time(d, "vouched_at", v.at_s);
    doc_put_base64(d, "vouch", v.word);
    return ERR_OK;
}

static enum err tell_one(void *arg, const struct agency_id *agency, const struct agency_log *log)
{
    const struct telling *t = arg;
    struct doc *one = doc_new_object();
    struct doc *keys = doc_new_array();
    struct doc_build d = doc_build_of(one);
    doc_put_str(&d, "agency", agency->oin);
    doc_put_int(&d, "size", (int64_t)log->size);
    doc_put_time(&d, "at", log->at_s);
    enum err e = keys != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < log->key_count; i++)
        e = doc_append(keys, doc_new_text(log->keys[i]));
    doc_put_doc(&d, "keys", keys);
    if (e == ERR_OK)
        e = put_state(t, &d, agency, log);
    if (e == ERR_OK)
        e = put_vouched(t, &d, agency);
    if (e == ERR_OK)
        e = doc_build_done(&d);
    if (e == ERR_OK)
        return doc_append(t->list, one);
    doc_free(one);
    return e;
}

static void put_witness(const struct broker *b, struct doc_build *d)
{
    struct agency_witness_name name;
    struct vkey v;
    char room[AGENCY_HEAD_MAX_KEY_BYTES];
    struct buf text = buf_fixed(room, sizeof room);
    const struct note_signer by = agency_heads_witness(b, &name);
    doc_put_bool(d, "is_witness", by.key != NULL);
    if (by.key == NULL || note_vkey(&by, VKEY_COSIGNATURE_V1, &v) != ERR_OK)
        return;
    vkey_write(&v, &text);
    doc_put_text(d, "witness", buf_bytes(&text));
}

struct doc *agency_heads_doc(const struct broker *b)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_doc_free) struct doc *whole = doc_new_object();
    struct telling t = {.broker = b, .list = doc_new_array()};
    struct doc_build d = doc_build_of(whole);
    enum err e = t.list != NULL ? kv_read_begin(b->kv, &txn) : ERR_NOMEM;
    t.txn = txn;
    const struct agency_log_visit v = {tell_one, &t};
    if (e == ERR_OK)
        e = agency_log_each(b->store, txn, &v);
    put_witness(b, &d);
    doc_put_doc(&d, "logs", t.list);
    return e == ERR_OK && doc_build_done(&d) == ERR_OK ? take(whole) : NULL;
}

static enum err add_line(struct doc *lines, const struct agency_id *agency, const char *text)
{
    char room[300];
    struct buf line = buf_fixed(room, sizeof room);
    buf_printf(&line, "the own log of agency %s %s", agency->oin, text);
    return buf_err(&line) == ERR_OK ? doc_append(lines, doc_new_text(buf_bytes(&line))) : ERR_TOO_LARGE;
}

static enum err alarm_of(void *arg, const struct agency_id *agency, const struct agency_log *log)
{
    static const char *const words[] = {
        [AGENCY_LOG_OTHER] = "contradicted itself; the evidence is kept (status): tell the auditors",
        [AGENCY_LOG_SHORTER] = "is shorter than it was: its agent runs on an old copy; tell that agency",
        [AGENCY_LOG_UNPROVEN] = "came with a proof that does not show that it only grew; ask that agency",
    };
    const struct telling *t = arg;
    const struct watched *w = find(t->broker->agency_heads, agency);
    enum err e = ERR_OK;
    (void)log;
    if (w != NULL && w->told == WITNESS_UNSIGNED)
        e = add_line(t->list, agency, "comes under another key, which the one of before does not sign: not cosigned; ask that agency, "
                                    "whose security officer vouches for it where the one of before is lost");
    for (unsigned f = AGENCY_LOG_OTHER; e == ERR_OK && f < AGENCY_LOG_FAULTS_END; f++) {
        struct agency_log_evidence evidence;
        e = agency_log_evidence_get(t->broker->store, t->txn, agency, (enum agency_log_fault)f, &evidence);
        if (e == ERR_OK)
            e = add_line(t->list, agency, words[f]);
        else if (e == ERR_NOT_FOUND)
            e = ERR_OK;
    }
    return e;
}

enum err agency_heads_alarms(const struct broker *b, struct doc *lines)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err e = kv_read_begin(b->kv, &txn);
    struct telling t = {.broker = b, .txn = txn, .list = lines};
    const struct agency_log_visit v = {alarm_of, &t};
    return e == ERR_OK ? agency_log_each(b->store, txn, &v) : e;
}

/* ---- life ---- */

static enum err start(struct broker *b, struct errmsg *why)
{
    (void)why;
    b->agency_heads = calloc(1, sizeof *b->agency_heads);
    if (b->agency_heads == NULL)
        return ERR_NOMEM;
    b->agency_heads->broker = b;
    b->agency_heads->agencies = calloc(ROSTER_MAX_MEMBERS, sizeof *b->agency_heads->agencies);
    if (b->agency_heads->agencies == NULL)
        return ERR_NOMEM;
    if (b->keys->witness == NULL)
        log_notice("agency_log.no_witness next=\"sluis-pki witness makes the key by which agencies' own logs are cosigned\"");
    return ERR_OK;
}

static void stop(struct broker *b)
{
    if (b->agency_heads == NULL)
        return;
    free(b->agency_heads->agencies);
    free(b->agency_heads);
    b->agency_heads = NULL;
}

const struct broker_part agency_heads_part = {.name = "agency_heads", .start = start, .stop = stop};
