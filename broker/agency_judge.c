#include "broker/agency_judge.h"

#include "broker/audit.h"
#include "pki/digest.h"
#include "proto/log/checkpoint.h"

#define FACTS_MAX 3u /* of one entry */
#define IN_USE_S INT64_C(86400) /* a key that signed so lately is the log's, whatever another one says */

/* One offer on its way through the checks. */
struct judging {
    const struct agency_offer *offer;
    struct kv_txn *txn;
    struct agency_verdict *out;
    struct vkey *offered; /* AGENCY_HEAD_MAX_KEYS each */
    struct vkey *trusted;
    size_t trusted_count;
    bool is_vouched; /* trusted is the next key alone, by an officer's word */
    struct witness_verdict verdict;
};

void agency_log_origin(const struct name *deployment, const struct agency_id *agency, struct buf *out)
{
    buf_printf(out, "%s/log/%s", deployment->s, agency->oin);
}

/* ---- whose head it is ---- */

static struct store *store_of(const struct judging *j)
{
    return j->offer->broker->store;
}

static enum err refuse(struct judging *j, enum witness_status status, const char *why)
{
    j->out->status = status;
    (void)errmsg_set(&j->out->why, ERR_MISMATCH, "%s", why);
    return ERR_OK;
}

static bool parse_keys(const struct bytes *texts, size_t count, struct vkey *out)
{
    for (size_t i = 0; i < count; i++)
        if (vkey_parse(digest_sha256, texts[i], &out[i]) != ERR_OK || out[i].type != VKEY_ED25519)
            return false;
    return true;
}

/* A key of a log is named by its origin, and an agency has one origin. */
static bool are_named_by_origin(const struct judging *j)
{
    char room[NOTE_MAX_NAME + 1];
    struct buf origin = buf_fixed(room, sizeof room - 1);
    agency_log_origin(&j->offer->broker->config->deployment, &j->offer->agency, &origin);
    if (buf_err(&origin) != ERR_OK)
        return false;
    for (size_t i = 0; i < j->offer->head.key_count; i++)
        if (!bytes_is(buf_bytes(&origin), j->offered[i].name))
            return false;
    return true;
}

/* What the store has, copied: what is written later in this transaction would move it. */
static enum err copy_log(struct judging *j, const struct agency_log *log)
{
    struct agency_log *to = &j->out->log;
    struct arena *a = j->offer->arena;
    *to = *log;
    to->note = arena_copy(a, log->note);
    bool is_whole = to->note.ptr != NULL;
    for (size_t i = 0; i < log->key_count; i++) {
        to->keys[i] = arena_copy(a, log->keys[i]);
        is_whole = is_whole && to->keys[i].ptr != NULL;
    }
    return is_whole ? ERR_OK : ERR_NOMEM;
}

static enum err read_state(struct judging *j)
{
    struct agency_log log;
    struct agency_log_evidence e;
    enum err bad = agency_log_get(store_of(j), j->txn, &j->offer->agency, &log);
    if (bad == ERR_OK)
        bad = copy_log(j, &log);
    if (bad != ERR_OK && bad != ERR_NOT_FOUND)
        return bad;
    for (unsigned f = AGENCY_LOG_OTHER; f < AGENCY_LOG_FAULTS_END; f++) {
        bad = agency_log_evidence_get(store_of(j), j->txn, &j->offer->agency, (enum agency_log_fault)f, &e);
        if (bad == ERR_OK)
            j->out->faults |= 1u << f;
        else if (bad != ERR_NOT_FOUND)
            return bad;
    }
    return ERR_OK;
}

/* The keys that are known are trusted, and the first ones that are seen. */
static enum err choose_keys(struct judging *j)
{
    const struct agency_log *log = &j->out->log;
    if (log->key_count == 0) {
        memcpy(j->trusted, j->offered, j->offer->head.key_count * sizeof *j->trusted);
        j->trusted_count = j->offer->head.key_count;
        return ERR_OK;
    }
    j->trusted_count = log->key_count;
    return parse_keys(log->keys, log->key_count, j->trusted) ? ERR_OK : ERR_INVALID;
}

/* ---- what is cosigned ---- */

/* Every key that it names signed it, so that nobody names the key of another. */
static bool all_signed(const struct judging *j, const struct note *note)
{
    for (size_t i = 0; i < j->offer->head.key_count; i++)
        if (note_verify(note, &j->offered[i]) != ERR_OK)
            return false;
    return true;
}

static bool is_signed_by(const struct judging *j, const struct note_sig *sig)
{
    for (size_t i = 0; i < j->offer->head.key_count; i++)
        if (vkey_matches(&j->offered[i], sig))
            return true;
    return false;
}

/* The head with the lines of its keys alone. */
static enum err put_known(struct judging *j, const struct note *note, struct buf *out)
{
    buf_put(out, note->text);
    buf_put_str(out, "\n");
    for (size_t i = 0; i < note->count; i++)
        if (is_signed_by(j, &note->sigs[i]))
            note_put_sig(out, &note->sigs[i]);
    return buf_err(out);
}

static enum err say(struct judging *j, const struct turn_audit *what)
{
    struct digest entry;
    return audit_append(j->offer->broker->audit, j->txn, what, NULL, NULL, j->offer->now_s, &entry);
}

static bool is_known_key(const struct agency_log *log, struct bytes key)
{
    for (size_t i = 0; i < log->key_count; i++)
        if (bytes_equal(log->keys[i], key))
            return true;
    return false;
}

/* How many of the keys that it names are known. */
static size_t known_keys_named(const struct judging *j)
{
    const struct agency_head *h = &j->offer->head;
    size_t n = 0;
    for (size_t i = 0; i < h->key_count; i++)
        n += is_known_key(&j->out->log, h->keys[i]);
    return n;
}

/* By an officer's word the entry tells of whom, by the pseudonym of the month, and the digest of what was signed. */
static enum err say_key(struct judging *j, enum audit_event event, const struct digest *key)
{
    const struct agency_vouch *v = &j->offer->vouch;
    struct audit_hex key_room;
    struct audit_hex word_room;
    const struct audit_fact facts[FACTS_MAX] = {audit_fact_digest("key", key, &key_room),
                                                audit_fact_word("officer", v->said.staff.s),
                                                audit_fact_digest("vouch", &v->digest, &word_room)};
    const struct turn_audit what = {
        .event = event, .peer = j->offer->agency, .more = facts, .more_count = j->is_vouched ? FACTS_MAX : 1};
    return say(j, &what);
}

/* ---- the keys of the log from now on (decision 0415) ---- */

static bool is_named(const struct judging *j, struct bytes key)
{
    for (size_t i = 0; i < j->offer->head.key_count; i++)
        if (bytes_equal(j->offer->head.keys[i], key))
            return true;
    return false;
}

/* Whether a newer known key signed without this one, or an officer's word ends it. */
static bool is_left_now(const struct judging *j, size_t at)
{
    const struct agency_log *log = &j->out->log;
    bool newer_signed = j->is_vouched;
    for (size_t i = at + 1; i < log->key_count; i++)
        newer_signed |= is_named(j, log->keys[i]);
    return newer_signed && !is_named(j, log->keys[at]);
}

/* Whether a key that nobody knows would take the place of a newer one that is in use: whoever stole the older one would so push
 * the log's own key out, and then the older one. */
static bool pushes_out(const struct judging *j)
{
    const struct agency_log *log = &j->out->log;
    if (j->is_vouched || log->key_count < AGENCY_HEAD_MAX_KEYS || is_named(j, log->keys[log->key_count - 1]))
        return false;
    return known_keys_named(j) < j->offer->head.key_count && j->offer->now_s - log->newest_s < IN_USE_S;
}

static enum err leave_key(struct judging *j, struct bytes key)
{
    struct digest d;
    enum err e = digest_sha256(&key, 1, &d);
    if (e == ERR_OK)
        e = agency_log_leave(store_of(j), j->txn, &j->offer->agency, &d);
    return e == ERR_OK ? say_key(j, AUDIT_EVENT_AGENCY_LOG_REKEYED, &d) : e;
}

static enum err pin_key(struct judging *j, struct bytes key)
{
    struct digest d;
    const enum err e = digest_sha256(&key, 1, &d);
    j->out->is_pinned = true;
    return e == ERR_OK ? say_key(j, AUDIT_EVENT_AGENCY_LOG_KEY, &d) : e;
}

/* The older first, in whatever order they are named: those that were known and sign still, those that are new, and a newer
 * one that the older did not bring along this time. Each change has its entry. */
static enum err choose_next_keys(struct judging *j, struct agency_log *next)
{
    const struct agency_log *log = &j->out->log;
    const struct agency_head *h = &j->offer->head;
    struct bytes kept_back = {NULL, 0};
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < log->key_count; i++) {
        if (is_named(j, log->keys[i]))
            next->keys[next->key_count++] = log->keys[i];
        else if (is_left_now(j, i))
            e = leave_key(j, log->keys[i]);
        else
            kept_back = log->keys[i];
    }
    for (size_t i = 0; e == ERR_OK && i < h->key_count; i++) {
        if (is_known_key(log, h->keys[i]))
            continue;
        next->keys[next->key_count++] = h->keys[i];
        e = pin_key(j, h->keys[i]);
    }
    if (kept_back.len > 0 && next->key_count < AGENCY_HEAD_MAX_KEYS)
        next->keys[next->key_count++] = kept_back;
    return e;
}

/* No head that names a key which this log has left counts, whoever signs beside it. */
static enum err look_for_left(struct judging *j, bool *found)
{
    const struct agency_head *h = &j->offer->head;
    enum err e = ERR_OK;
    *found = false;
    for (size_t i = 0; e == ERR_OK && i < h->key_count; i++) {
        struct digest d;
        bool is_left = false;
        e = digest_sha256(&h->keys[i], 1, &d);
        if (e == ERR_OK)
            e = agency_log_has_left(store_of(j), j->txn, &j->offer->agency, &d, &is_left);
        *found |= is_left;
    }
    return e;
}

/* What ends with a head that goes on from the known one. */
static enum err drop_faults(struct judging *j)
{
    enum err e = ERR_OK;
    for (unsigned f = AGENCY_LOG_SHORTER; e == ERR_OK && f < AGENCY_LOG_FAULTS_END; f++) {
        e = agency_log_evidence_drop(store_of(j), j->txn, &j->offer->agency, (enum agency_log_fault)f);
        j->out->faults &= ~(1u << f);
    }
    return e;
}

/* Who said so can be shown for good. */
static enum err keep_vouch(struct judging *j)
{
    const struct agency_offer *o = j->offer;
    const struct agency_log_vouched row = {o->now_s, o->vouch.wire};
    j->out->is_vouched = true;
    return agency_log_vouched_put(store_of(j), j->txn, &o->agency, &row);
}

static enum err keep(struct judging *j, const struct note *note)
{
    const struct agency_offer *o = j->offer;
    CLEANUP(buf_free) struct buf known = buf_new(AGENCY_HEAD_MAX_REQUEST_BYTES);
    struct agency_log log = {.size = j->verdict.next.size, .root = j->verdict.next.root, .at_s = o->now_s};
    enum err e = put_known(j, note, &known);
    log.note = buf_bytes(&known);
    if (e == ERR_OK)
        e = choose_next_keys(j, &log);
    log.newest_s = log.key_count > 0 && is_named(j, log.keys[log.key_count - 1]) ? o->now_s : j->out->log.newest_s;
    if (e == ERR_OK)
        e = agency_log_put(store_of(j), j->txn, &o->agency, &log);
    if (e == ERR_OK)
        e = drop_faults(j);
    if (e == ERR_OK && j->is_vouched)
        e = keep_vouch(j);
    return e == ERR_OK ? copy_log(j, &log) : e;
}

static enum err cosign(struct judging *j)
{
    const struct agency_offer *o = j->offer;
    CLEANUP(buf_free) struct buf line = buf_new(AGENCY_HEAD_MAX_LINES_BYTES);
    struct note note;
    bool is_left = false;
    enum err e = note_parse(j->verdict.note, o->arena, &note, NULL);
    if (e == ERR_OK)
        e = look_for_left(j, &is_left);
    if (e != ERR_OK)
        return e;
    if (is_left)
        return refuse(j, WITNESS_UNSIGNED, "it names a key that this log has left");
    if (!all_signed(j, &note))
        return refuse(j, WITNESS_UNSIGNED, "a key that it names did not sign this head");
    if (pushes_out(j))
        return refuse(j, WITNESS_UNSIGNED, "it names a new key in the place of one that signed within a day");
    e = keep(j, &note);
    if (e == ERR_OK)
        e = note_cosign(&o->witness, j->verdict.text, (uint64_t)o->now_s, &line);
    if (e != ERR_OK)
        return e;
    j->out->lines = arena_copy(o->arena, buf_bytes(&line));
    j->out->status = WITNESS_COSIGN;
    return j->out->lines.ptr != NULL ? ERR_OK : ERR_NOMEM;
}

/* ---- what is not ---- */

/* The size and root of a head whose signatures were found good. */
static enum err read_head(const struct judging *j, struct checkpoint *out)
{
    struct witness_request r;
    struct note note;
    enum err e = witness_request_parse(j->offer->head.request, &r);
    if (e == ERR_OK)
        e = note_parse(r.checkpoint, j->offer->arena, &note, NULL);
    return e == ERR_OK ? checkpoint_parse(note.text, out) : e;
}

static enum err keep_evidence(struct judging *j, enum agency_log_fault fault, uint64_t shown)
{
    const struct agency_offer *o = j->offer;
    const struct agency_log_evidence evidence = {o->head.request, j->out->log.note};
    static const char *const kinds[AGENCY_LOG_FAULTS_END] = {
        [AGENCY_LOG_OTHER] = "other", [AGENCY_LOG_SHORTER] = "shorter", [AGENCY_LOG_UNPROVEN] = "unproven"};
    const struct audit_fact facts[FACTS_MAX] = {audit_fact_word("what", kinds[fault]),
                                                audit_fact_count("known_size", j->out->log.size),
                                                audit_fact_count("shown_size", shown)};
    const struct turn_audit what = {
        .event = AUDIT_EVENT_AGENCY_LOG_CONTRADICTED, .peer = o->agency, .more = facts, .more_count = FACTS_MAX};
    if ((j->out->faults & 1u << fault) != 0)
        return ERR_OK;
    enum err e = agency_log_evidence_put(store_of(j), j->txn, &o->agency, fault, &evidence);
    if (e == ERR_OK)
        e = say(j, &what);
    j->out->faults |= 1u << fault;
    return e;
}

/* The log's own key signed it: does it contradict what was cosigned? Two roots of one size do; a proof that shows nothing
 * may come with a good head, and a greater head from another size says nothing. */
static enum err look_for_fault(struct judging *j)
{
    struct checkpoint head;
    const struct agency_log *log = &j->out->log;
    enum err e = read_head(j, &head);
    if (e != ERR_OK)
        return e == ERR_NOMEM ? e : ERR_INVALID;
    if (head.size == log->size && !digest_equal(&head.root, &log->root))
        return keep_evidence(j, AGENCY_LOG_OTHER, head.size);
    if (head.size < log->size)
        return keep_evidence(j, AGENCY_LOG_SHORTER, head.size);
    return j->verdict.status == WITNESS_INCONSISTENT ? keep_evidence(j, AGENCY_LOG_UNPROVEN, head.size) : ERR_OK;
}

static enum err judge_known(struct judging *j)
{
    struct agency_verdict *out = j->out;
    const struct witness_log watched = {j->trusted, j->trusted_count};
    const struct witness_state state = {out->log.size, out->log.root};
    enum err e = witness_judge(&watched, &state, j->offer->head.request, j->offer->arena, &j->verdict, &out->why);
    if (e != ERR_OK)
        return e;
    out->status = j->verdict.status;
    if (out->status == WITNESS_COSIGN)
        return cosign(j);
    if (out->log.key_count > 0 && (out->status == WITNESS_CONFLICT || out->status == WITNESS_INCONSISTENT))
        return look_for_fault(j);
    return ERR_OK;
}

/* An officer's word counts for nothing where a known key is named. Else it has to hold, and the head is judged as that of
 * its key alone; one that does not hold changes nothing. *goes_on: the head is judged. */
static enum err look_at_vouch(struct judging *j, bool *goes_on)
{
    const struct agency_offer *o = j->offer;
    const struct agency_vouch_known known = {&j->out->log, j->trusted, o->arena};
    const char *fault = NULL;
    bool is_left = false;
    *goes_on = true;
    if (o->vouch.wire.len == 0 || j->out->log.key_count == 0 || known_keys_named(j) > 0)
        return ERR_OK;
    j->out->has_vouch = true;
    enum err e = agency_vouch_fits(&o->vouch, &known, &o->head, &fault);
    if (e == ERR_OK && fault == NULL)
        e = look_for_left(j, &is_left);
    if (is_left)
        fault = "it names a key that this log has left";
    *goes_on = e == ERR_OK && fault == NULL;
    if (e != ERR_OK || fault != NULL)
        return e == ERR_OK ? refuse(j, WITNESS_UNSIGNED, fault) : e;
    j->trusted[0] = j->offered[0];
    j->trusted_count = 1;
    j->is_vouched = true;
    return ERR_OK;
}

static enum err judge_offer(struct judging *j)
{
    bool goes_on = false;
    enum err e = choose_keys(j);
    if (e == ERR_OK)
        e = look_at_vouch(j, &goes_on);
    return e == ERR_OK && goes_on ? judge_known(j) : e;
}

enum err agency_judge(const struct agency_offer *o, struct kv_txn *txn, struct agency_verdict *out)
{
    *out = (struct agency_verdict){.status = WITNESS_MALFORMED};
    struct judging j = {.offer = o, .txn = txn, .out = out};
    j.offered = arena_array(o->arena, AGENCY_HEAD_MAX_KEYS, sizeof *j.offered);
    j.trusted = arena_array(o->arena, AGENCY_HEAD_MAX_KEYS, sizeof *j.trusted);
    enum err e = j.offered != NULL && j.trusted != NULL ? read_state(&j) : ERR_NOMEM;
    if (e == ERR_OK && !parse_keys(o->head.keys, o->head.key_count, j.offered))
        e = refuse(&j, WITNESS_MALFORMED, "no verifier key of a log");
    else if (e == ERR_OK && !are_named_by_origin(&j))
        e = refuse(&j, WITNESS_UNKNOWN, "a key that is not named by the log of this agency");
    else if (e == ERR_OK)
        e = judge_offer(&j);
    if (e == ERR_OK && out->status != WITNESS_COSIGN)
        out->known = out->log.note;
    return e;
}
