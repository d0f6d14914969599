#include "broker/cosigners_internal.h"

#include <stdlib.h>
#include <string.h>

#include "broker/aways.h"
#include "broker/publisher.h"
#include "broker/store/meta.h"
#include "pki/logbook/log_proofs.h"
#include "proto/base/cursor.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/crash.h"
#include "proto/host/file.h"
#include "proto/host/tiles.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"
#include "proto/log/witness_request.h"

#define SINCE "witnesses_since" /* when a quorum was asked for first: u64 seconds */
#define AWAY_TEXT_MAX ((size_t)64 << 10)

/* ---- the audit policy ---- */

static enum err make_policy(const struct cosigners *c, struct bytes file, struct audit_policy **out,
                            struct errmsg *why)
{
    const struct log_policy_of of = {.roster = view_roster(c->broker->view), .file = file};
    return log_policy_make(&of, out, why);
}

static void use_policy(struct cosigners *c, struct audit_policy *policy, struct bytes file)
{
    audit_policy_free(c->policy);
    c->policy = policy;
    buf_reset(&c->file);
    buf_put(&c->file, file);
    memset(c->asked.cosigned, 0, sizeof c->asked.cosigned); /* flags go by the policy's order */
    buf_reset(&c->asked.lines);
    c->asked.is_met = false;
    atomic_store(&c->is_wanted, file.len > 0 && !audit_policy_quorum_none(policy));
}

static enum err read_policy(struct cosigners *c, struct errmsg *why)
{
    const char *path = c->broker->config->trust.audit_policy;
    CLEANUP(buf_free) struct buf file = buf_new(AUDIT_POLICY_MAX_BYTES);
    struct audit_policy *policy = NULL;
    if (path == NULL)
        return ERR_OK;
    enum err e = file_read(path, FILE_OWN, &file, why);
    if (e != ERR_OK || bytes_equal(buf_bytes(&file), buf_bytes(&c->file)))
        return e;
    e = make_policy(c, buf_bytes(&file), &policy, why);
    if (e != ERR_OK)
        return errmsg_wrap(why, e, "%s", path);
    use_policy(c, policy, buf_bytes(&file));
    return buf_err(&c->file);
}

bool cosigners_wanted(const struct cosigners *c)
{
    return c != NULL && atomic_load(&c->is_wanted);
}

/* When the watch began: kept, so that a restart does not begin it anew. */
static enum err since_job(struct kv_txn *txn, void *arg)
{
    struct cosigners *c = arg;
    struct bytes kept;
    enum err e = meta_get(c->broker->store, txn, SINCE, &kept);
    if (e == ERR_OK) {
        struct cursor k = cursor_of(kept);
        c->quorum_s = (int64_t)cursor_u64(&k);
        return cursor_done(&k) == ERR_OK ? ERR_OK : ERR_INVALID;
    }
    if (e != ERR_NOT_FOUND)
        return e;
    uint8_t room[8];
    struct buf value = buf_fixed(room, sizeof room);
    c->quorum_s = clock_now_s(c->broker->clock);
    buf_put_u64(&value, (uint64_t)c->quorum_s);
    return meta_put(c->broker->store, txn, SINCE, buf_bytes(&value));
}

/* The watch begins when a quorum is asked for the first time. */
static enum err begin_watch(struct cosigners *c, struct errmsg *why)
{
    if (c->quorum_s != 0 || !cosigners_wanted(c))
        return ERR_OK;
    const enum err e = writer_run(c->broker->writer, since_job, c);
    return e == ERR_OK ? e : errmsg_set(why, e, "store: since when witnesses watch: %s", err_text(e));
}

void cosigners_reload(struct cosigners *c)
{
    struct errmsg why = {""};
    enum err e = read_policy(c, &why);
    if (e == ERR_OK)
        e = begin_watch(c, &why);
    if (e != ERR_OK)
        log_err("witnesses.policy_not_read keeps=old reason=\"%s\"", why.text);
    c->trouble = e == ERR_OK ? (struct errmsg){""} : why;
}

/* ---- the head that is asked about ---- */

static void ask_about(struct cosigners *c, uint64_t size, struct bytes note)
{
    struct asked *q = &c->asked;
    q->size = size;
    q->is_met = false;
    q->since_ms = clock_mono_ms();
    memset(q->cosigned, 0, sizeof q->cosigned);
    buf_reset(&q->lines);
    buf_reset(&q->note);
    buf_put(&q->note, note);
}

static bool is_over(const struct cosigners *c)
{
    const struct config_broker *of = c->broker->config;
    const int64_t patience_ms = (int64_t)of->witness_intervals * (int64_t)of->publish_interval_ms;
    return c->asked.is_met || c->asked.size == 0 || clock_mono_ms() - c->asked.since_ms > patience_ms;
}

void cosigners_on_head(struct cosigners *c, uint64_t size, struct bytes note)
{
    if (c->policy != NULL && is_over(c))
        ask_about(c, size, note);
}

/* ---- what is shown ---- */

static void show(struct cosigners *c);

static enum err show_job(void *arg)
{
    struct cosigners *c = arg;
    struct errmsg why = {""};
    const enum err e = tiles_set_checkpoint(c->tiles, buf_bytes(&c->next), &why);
    if (e != ERR_OK)
        log_err("witnesses.checkpoint_not_written error=\"%s\" detail=\"%s\"", err_text(e), why.text);
    crash_point("cosigned.shown");
    return e;
}

static void has_shown(enum err result, void *arg)
{
    struct cosigners *c = arg;
    c->is_writing = false;
    if (result == ERR_OK) {
        buf_reset(&c->shown);
        buf_put(&c->shown, buf_bytes(&c->next));
        c->quorum_s = clock_now_s(c->broker->clock);
        if (c->told != QUORUM_FRESH)
            log_notice("witnesses.quorum_again");
        c->told = QUORUM_FRESH;
    }
    if (c->is_stale && c->asked.is_met)
        show(c);
}

/* As every reader of the checkpoint will read it. */
static enum err check_next(const struct cosigners *c)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    struct note note;
    return a != NULL ? note_parse(buf_bytes(&c->next), a, &note, NULL) : ERR_NOMEM;
}

static void show(struct cosigners *c)
{
    c->is_stale = c->is_writing;
    if (c->is_writing || c->broker->workers == NULL)
        return;
    buf_reset(&c->next);
    buf_put(&c->next, buf_bytes(&c->asked.note));
    buf_put(&c->next, buf_bytes(&c->asked.lines));
    enum err e = buf_err(&c->next);
    if (e == ERR_OK)
        e = check_next(c);
    if (e == ERR_OK)
        e = worker_submit(c->broker->workers, show_job, has_shown, c);
    c->is_writing = e == ERR_OK;
    if (e != ERR_OK)
        log_err("witnesses.checkpoint_not_written error=\"%s\"", err_text(e));
}

/* ---- what witnesses bring ---- */

enum err cosigners_parse(const struct cosigners *c, struct bytes lines, struct arena *a, struct note *out,
                         struct errmsg *why)
{
    struct note head;
    enum err e = note_parse(buf_bytes(&c->asked.note), a, &head, why);
    if (e == ERR_OK)
        e = note_parse_sigs(lines, a, out, why);
    if (e == ERR_OK)
        out->text = head.text;
    return e;
}

/* One line of each witness, whatever it brings: a note of too many lines is none to whoever reads it. */
static void add_line(struct cosigners *c, const struct note *note, const struct vkey *key)
{
    for (size_t i = 0; i < note->count; i++)
        if (vkey_matches(key, &note->sigs[i])) {
            note_put_sig(&c->asked.lines, &note->sigs[i]);
            return;
        }
}

enum err cosigners_take_line(struct cosigners *c, const struct note *note, size_t i, bool *added, struct errmsg *why)
{
    const struct vkey *key = audit_policy_witness(c->policy, i);
    uint64_t at_s = 0;
    const enum err e = note_verify_cosignature(note, key, &at_s);
    if (e == ERR_NOT_FOUND || (e == ERR_OK && c->asked.cosigned[i]))
        return e;
    if (e != ERR_OK)
        return errmsg_set(why, e, "the cosignature of witness %s does not verify", audit_policy_witness_name(c->policy, i));
    c->asked.cosigned[i] = true;
    add_line(c, note, key);
    *added = true;
    return ERR_OK;
}

enum err cosigners_settle(struct cosigners *c)
{
    const enum err e = buf_err(&c->asked.lines);
    if (e != ERR_OK || !audit_policy_quorum_met(c->policy, c->asked.cosigned))
        return e;
    c->asked.is_met = true;
    show(c);
    return ERR_OK;
}

/* *added: a witness cosigned that had not. */
static enum err take_lines(struct cosigners *c, const struct note *note, bool *added, struct errmsg *why)
{
    for (size_t i = 0; i < audit_policy_witnesses(c->policy); i++) {
        const enum err e = cosigners_take_line(c, note, i, added, why);
        if (e != ERR_OK && e != ERR_NOT_FOUND)
            return e;
    }
    return ERR_OK;
}

enum err cosigners_take(struct cosigners *c, const struct cosign *from, struct arena *a, struct errmsg *why)
{
    struct note note;
    bool added = false;
    if (c->policy == NULL || from->size == 0 || from->size != c->asked.size)
        return ERR_OK;
    enum err e = cosigners_parse(c, from->lines, a, &note, why);
    if (e == ERR_OK)
        e = take_lines(c, &note, &added, why);
    return e == ERR_OK && added ? cosigners_settle(c) : e;
}

/* DEPLOYMENT/witness/OIN: the key is of the agency that its name ends with. */
static bool is_key_of(const struct agency_id *agency, const char *name)
{
    const size_t len = strlen(name);
    return len > OIN_CHARS && name[len - OIN_CHARS - 1] == '/' && strcmp(name + len - OIN_CHARS, agency->oin) == 0;
}

void cosigners_heard(struct cosigners *c, const struct agency_id *from, const struct cosign *said)
{
    bool is_known = said->away_until_s == 0;
    for (size_t i = 0; !is_known && c->policy != NULL && i < audit_policy_witnesses(c->policy); i++) {
        const char *name = audit_policy_witness(c->policy, i)->name;
        is_known = bytes_is(said->witness, name) && is_key_of(from, name);
    }
    if (is_known)
        aways_heard(c->aways, from, said);
}

/* ---- what they are asked ---- */

static enum err prove(struct cosigners *c, uint64_t size, struct merkle_hashes *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err e = kv_read_begin(c->broker->kv, &txn);
    if (e == ERR_OK)
        e = log_proofs_growth(&c->broker->store->log, txn, &(struct log_sizes){size, c->asked.size}, out);
    return e;
}

enum err cosigners_put_request(struct cosigners *c, uint64_t size, struct arena *a, struct bytes *out)
{
    struct witness_request r = {.old_size = size, .checkpoint = buf_bytes(&c->asked.note)};
    CLEANUP(buf_free) struct buf text = buf_new(WITNESS_REQUEST_MAX_BYTES);
    enum err e = size > 0 ? prove(c, size, &r.proof) : ERR_OK;
    if (e != ERR_OK)
        return e;
    witness_request_write(&r, &text);
    e = buf_err(&text);
    if (e == ERR_OK)
        *out = arena_copy(a, buf_bytes(&text));
    return e == ERR_OK && out->ptr == NULL ? ERR_NOMEM : e;
}

enum err cosigners_request(struct cosigners *c, uint64_t size, struct arena *a, struct bytes *out)
{
    *out = (struct bytes){NULL, 0};
    return c->policy == NULL || size >= c->asked.size ? ERR_OK : cosigners_put_request(c, size, a, out);
}

struct bytes cosigners_shown(const struct cosigners *c)
{
    return buf_bytes(&c->shown);
}

/* ---- how old it is ---- */

enum quorum_age cosigners_age(const struct cosigners *c)
{
    return cosigners_wanted(c) ? quorum_age_at(c->quorum_s, clock_now_s(c->broker->clock)) : QUORUM_FRESH;
}

static const struct away *away_now(const struct cosigners *c, size_t i)
{
    const int64_t now_s = clock_now_s(c->broker->clock);
    const struct away *a = aways_of(c->aways, audit_policy_witness(c->policy, i)->name, now_s);
    return a != NULL && a->from_s <= now_s ? a : NULL;
}

/* "riec, uwv" of the witnesses that said they would be away by now; "" where none did. */
static void put_away(const struct cosigners *c, struct buf *out)
{
    for (size_t i = 0; c->policy != NULL && i < audit_policy_witnesses(c->policy); i++)
        if (away_now(c, i) != NULL)
            buf_printf(out, "%s%s", out->len > 0 ? ", " : "", audit_policy_witness_name(c->policy, i));
}

void cosigners_look(struct cosigners *c)
{
    const enum quorum_age age = cosigners_age(c);
    CLEANUP(buf_free) struct buf away = buf_new(AWAY_TEXT_MAX);
    if (age != c->told)
        put_away(c, &away);
    if (age == QUORUM_LATE && c->told == QUORUM_FRESH)
        log_warn("witnesses.late hours=4 announced_away=\"%s\": no quorum has cosigned the log; after 72 hours nothing is released",
                 buf_text(&away));
    if (age == QUORUM_STOPPED && c->told != QUORUM_STOPPED)
        log_err("witnesses.stopped hours=72 announced_away=\"%s\": no quorum has cosigned the log; nothing is released until one does",
                buf_text(&away));
    c->told = age;
}

/* Whether the quorum holds where the witnesses that are away, and up to two more, do not cosign. */
static bool holds_without(const struct cosigners *c, size_t one, size_t other)
{
    bool there[AUDIT_POLICY_MAX_WITNESSES] = {false};
    for (size_t i = 0; i < audit_policy_witnesses(c->policy); i++)
        there[i] = i != one && i != other && away_now(c, i) == NULL;
    return audit_policy_quorum_met(c->policy, there);
}

int cosigners_spare(const struct cosigners *c)
{
    const size_t n = audit_policy_witnesses(c->policy);
    int spare = 2;
    if (!holds_without(c, n, n))
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (away_now(c, i) != NULL)
            continue;
        if (!holds_without(c, i, n))
            return 0;
        for (size_t k = i + 1; spare > 1 && k < n; k++)
            spare = holds_without(c, i, k) ? spare : 1;
    }
    return spare;
}

/* ---- status ---- */

static struct doc *witness_doc(const struct cosigners *c, size_t i)
{
    struct doc *one = doc_new_object();
    struct doc_build d = doc_build_of(one);
    doc_put_str(&d, "name", audit_policy_witness_name(c->policy, i));
    doc_put_bool(&d, "cosigned", c->asked.cosigned[i]);
    const struct away *a = aways_of(c->aways, audit_policy_witness(c->policy, i)->name, clock_now_s(c->broker->clock));
    if (a != NULL) {
        doc_put_time(&d, "away_from", a->from_s);
        doc_put_time(&d, "away_until", a->until_s);
        doc_put_str(&d, "announced_by", a->agency.oin);
    }
    if (doc_build_done(&d) == ERR_OK)
        return one;
    doc_free(one);
    return NULL;
}

static struct doc *list_doc(const struct cosigners *c)
{
    CLEANUP(cleanup_doc_free) struct doc *list = doc_new_array();
    enum err e = list != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < audit_policy_witnesses(c->policy); i++)
        e = doc_append(list, witness_doc(c, i));
    return e == ERR_OK ? take(list) : NULL;
}

struct doc *cosigners_doc(const struct cosigners *c)
{
    struct doc *whole = doc_new_object();
    struct doc_build d = doc_build_of(whole);
    doc_put_bool(&d, "quorum", cosigners_wanted(c));
    if (c->policy != NULL) {
        doc_put_int(&d, "asked_size", (int64_t)c->asked.size);
        doc_put_doc(&d, "witnesses", list_doc(c));
    }
    if (cosigners_wanted(c)) {
        doc_put_int(&d, "may_be_away", cosigners_spare(c));
        doc_put_time(&d, "quorum_at", c->quorum_s);
        doc_put_str(&d, "state", quorum_age_id(cosigners_age(c)));
    }
    if (doc_build_done(&d) == ERR_OK)
        return whole;
    doc_free(whole);
    return NULL;
}

/* With who said to be away. */
static enum err add_alarm(struct doc *lines, const char *text, struct buf *away)
{
    CLEANUP(buf_free) struct buf line = buf_new(2 * AWAY_TEXT_MAX);
    buf_put_str(&line, text);
    if (away->len > 0)
        buf_printf(&line, " (announced away: %s)", buf_text(away));
    return buf_err(&line) != ERR_OK ? buf_err(&line) : doc_append(lines, doc_new_text(buf_bytes(&line)));
}

enum err cosigners_alarms(const struct cosigners *c, struct doc *lines)
{
    const enum quorum_age age = cosigners_age(c);
    CLEANUP(buf_free) struct buf away = buf_new(AWAY_TEXT_MAX);
    enum err e = ERR_OK;
    put_away(c, &away);
    if (age == QUORUM_LATE)
        e = add_alarm(lines, "for 4 hours no quorum of witnesses has cosigned the log; after 72 nothing is released", &away);
    if (age == QUORUM_STOPPED)
        e = add_alarm(lines, "nothing is released: for 72 hours no quorum of witnesses has cosigned the log", &away);
    if (e == ERR_OK && away.len > 0 && cosigners_wanted(c) && cosigners_spare(c) < 0)
        e = add_alarm(lines, "without the witnesses that are away there is no quorum", &away);
    if (e == ERR_OK && c->trouble.text[0] != '\0')
        e = doc_append(lines, doc_new_text(bytes_str(c->trouble.text)));
    return e;
}

/* ---- life ---- */

/* The checkpoint that stands on disk, where its quorum was met. */
static enum err read_shown(struct cosigners *c)
{
    struct head head;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    CLEANUP(buf_free) struct buf note = buf_new(NOTE_MAX_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    if (!cosigners_wanted(c) || tiles_checkpoint(c->tiles, &note, NULL) != ERR_OK ||
        head_verify(c->policy, buf_bytes(&note), a, &head, NULL) != ERR_OK)
        return ERR_OK;
    const int64_t at_s = (int64_t)log_policy_quorum_time(c->policy, &head);
    const int64_t now_s = clock_now_s(c->broker->clock);
    const int64_t counts_s = at_s < now_s ? at_s : now_s;
    if (counts_s > c->quorum_s)
        c->quorum_s = counts_s;
    buf_put(&c->shown, buf_bytes(&note));
    return buf_err(&c->shown);
}

static enum err open_all(struct cosigners *c, struct errmsg *why)
{
    enum err e = tiles_open(c->broker->config->tiles, &c->tiles, why);
    if (e == ERR_OK)
        e = read_policy(c, why);
    if (e == ERR_OK)
        e = begin_watch(c, why);
    if (e == ERR_OK)
        e = aways_new(c->broker, &c->aways);
    return e == ERR_OK ? read_shown(c) : e;
}

enum err cosigners_new(struct broker *b, struct cosigners **out, struct errmsg *why)
{
    CLEANUP(cleanup_cosigners_free) struct cosigners *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NOMEM;
    c->broker = b;
    c->file = buf_new(AUDIT_POLICY_MAX_BYTES);
    c->asked.note = buf_new(NOTE_MAX_BYTES);
    c->asked.lines = buf_new(NOTE_MAX_BYTES);
    c->shown = buf_new(NOTE_MAX_BYTES);
    c->next = buf_new(NOTE_MAX_BYTES);
    const enum err e = open_all(c, why);
    if (e != ERR_OK)
        return e;
    *out = c;
    c = NULL;
    return ERR_OK;
}

void cosigners_free(struct cosigners *c)
{
    if (c == NULL)
        return;
    aways_free(c->aways);
    tiles_free(c->tiles);
    audit_policy_free(c->policy);
    buf_free(&c->file);
    buf_free(&c->asked.note);
    buf_free(&c->asked.lines);
    buf_free(&c->shown);
    buf_free(&c->next);
    free(c);
}
