/* The part as the agent sees it: at every publish interval the entries behind those that it has, page by page; then the
 * checkpoint, judged by this agency's own audit policy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/evidence.h"
#include "agent/log_origin.h"
#include "agent/mirror/mirror.h"
#include "agent/part.h"
#include "agent/session.h"
#include "agent/witness/witness.h"
#include "pki/digest.h"
#include "pki/note.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/host/clock.h"
#include "proto/host/loop.h"
#include "proto/host/worker.h"
#include "proto/log/checkpoint.h"
#include "proto/msg/entries.h"

#define TICK_MS 250
#define LIFE_S 30
#define JOB_ARENA_BYTES (NOTE_ARENA_BYTES + ((size_t)1 << 20))

/* One reply of the broker on its way to the disk. */
struct page {
    struct mirror *mirror;
    struct arena *arena;
    struct bytes entries;
    struct mirror_head head;
    bool is_last; /* it brings all that the checkpoint counts */
    struct errmsg why;
};

static void page_free(struct page *p)
{
    if (p == NULL)
        return;
    arena_free(p->arena);
    free(p);
}
DEFINE_CLEANUP(struct page, page_free)

static void ask(struct mirror *m);

static void note_trouble(struct mirror *m, const struct errmsg *why)
{
    if (strcmp(m->trouble.text, why->text) != 0) {
        if (why->text[0] != '\0')
            log_err("mirror.stopped size=%llu reason=\"%s\"", (unsigned long long)m->size, why->text);
        else
            log_notice("mirror.follows size=%llu", (unsigned long long)m->size);
    }
    m->trouble = *why;
}

/* ---- to the disk ---- */

static enum err run_page(void *arg)
{
    struct page *p = arg;
    struct mirror_copy *copy = p->mirror->copy;
    enum err bad = p->entries.len > 0 ? mirror_copy_add(copy, p->entries, &p->why) : ERR_OK;
    if (bad == ERR_OK && p->is_last)
        bad = mirror_copy_settle(copy, &p->head, &p->why);
    if (bad != ERR_OK && p->why.text[0] == '\0')
        (void)errmsg_set(&p->why, bad, "%s", err_text(bad));
    return bad;
}

static void page_done(enum err result, void *arg)
{
    CLEANUP(cleanup_page_free) struct page *p = arg;
    struct mirror *m = p->mirror;
    m->is_busy = false;
    m->size = mirror_copy_size(m->copy);
    m->next = mirror_copy_next(m->copy);
    m->root = mirror_copy_root(m->copy);
    if (result != ERR_OK || p->is_last)
        note_trouble(m, &p->why);
    if (result == ERR_OK && !p->is_last)
        ask(m);
}

/* ---- from the broker ---- */

static void keep_fork(const struct mirror *m, const struct page *p)
{
    CLEANUP(buf_free) struct buf own = buf_new(NOTE_MAX_BYTES);
    struct errmsg why = {""};
    if (mirror_copy_note(m->copy, &own, &why) != ERR_OK)
        log_err("mirror.own_head_not_kept reason=\"%s\"", why.text);
    const struct evidence found = {p->head.note, buf_bytes(&own)};
    witness_keep_fork(m->agent->witness, &found, "another head of the size that is mirrored here");
}

/* Whether its head counts here, and grows from the one that stands. */
static enum err judge_head(const struct mirror *m, struct page *p)
{
    CLEANUP(cleanup_audit_policy_free) struct audit_policy *policy = NULL;
    struct head head;
    enum err bad = witness_policy(m->agent->witness, &policy, &p->why);
    if (bad == ERR_OK)
        bad = head_verify(policy, p->head.note, p->arena, &head, &p->why);
    if (bad != ERR_OK)
        return errmsg_wrap(&p->why, bad, "%s", "the checkpoint that the broker shows");
    p->head.size = head.checkpoint.size;
    p->head.root = head.checkpoint.root;
    if (p->head.size == m->size && m->size > 0 && !digest_equal(&p->head.root, &m->root)) {
        keep_fork(m, p);
        return errmsg_set(&p->why, ERR_MISMATCH, "the broker shows another checkpoint of size %llu than the one that is "
                          "mirrored here: the log has forked; tell the auditor", (unsigned long long)m->size);
    }
    if (p->head.size < m->size)
        return errmsg_set(&p->why, ERR_BEHIND, "the broker shows a checkpoint of size %llu, and one of size %llu is mirrored here",
                          (unsigned long long)p->head.size, (unsigned long long)m->size);
    return ERR_OK;
}

/* Nothing more than the checkpoint counts, and something as long as that is not all. */
static enum err judge_entries(const struct mirror *m, struct page *p, const struct entries_reply *r)
{
    const uint64_t count = r->entries.len / sizeof(struct digest);
    const uint64_t left = p->head.size > m->next ? p->head.size - m->next : 0;
    p->is_last = count == left;
    if (r->from == m->next && count <= left && (count > 0 || left == 0))
        return ERR_OK;
    return errmsg_set(&p->why, ERR_MISMATCH, "the broker answered with other entries than it was asked for");
}

static enum err read_reply(const struct mirror *m, struct page *p, struct bytes body)
{
    struct entries_reply r;
    struct bytes own = arena_copy(p->arena, body);
    if (own.ptr == NULL)
        return ERR_NOMEM;
    enum err bad = entries_reply_decode(own, p->arena, &r, &p->why);
    if (bad != ERR_OK || r.checkpoint.len == 0)
        return bad != ERR_OK ? bad : ERR_NOT_FOUND;
    p->head.note = r.checkpoint;
    p->entries = r.entries;
    bad = judge_head(m, p);
    return bad == ERR_OK ? judge_entries(m, p, &r) : bad;
}

static void take_reply(struct mirror *m, struct bytes body)
{
    CLEANUP(cleanup_page_free) struct page *p = calloc(1, sizeof *p);
    if (p == NULL || (p->arena = arena_new(JOB_ARENA_BYTES)) == NULL)
        return;
    p->mirror = m;
    enum err bad = read_reply(m, p, body);
    if (bad != ERR_OK && p->why.text[0] == '\0')
        (void)errmsg_set(&p->why, bad, "the broker's answer: %s", err_text(bad));
    if (bad == ERR_NOT_FOUND || (bad == ERR_OK && p->is_last && p->head.size == m->size))
        return; /* nothing is published yet, or nothing is new */
    if (bad == ERR_OK)
        bad = worker_submit(m->agent->workers, run_page, page_done, p);
    m->is_busy = bad == ERR_OK;
    if (bad == ERR_OK)
        p = NULL;
    else if (bad != ERR_AGAIN)
        note_trouble(m, &p->why);
}

static void on_reply(void *arg, const struct message_id *id, enum msg_kind kind, struct bytes body)
{
    struct mirror *m = arg;
    (void)id;
    m->is_asking = false;
    if (kind == MSG_ENTRIES_REPLY && log_origin_is_current(m->agent))
        take_reply(m, body);
    else if (kind != MSG_NONE && kind != MSG_ENTRIES_REPLY)
        log_warn("mirror.refused kind=%s", msg_kind_id(kind));
}

static void ask(struct mirror *m)
{
    struct agent *a = m->agent;
    if (m->is_asking || m->is_busy || m->copy == NULL || !log_origin_is_current(a) || a->session == NULL ||
        !session_is_open(a->session))
        return;
    CLEANUP(buf_free) struct buf body = buf_new(64);
    const struct entries e = {m->next};
    enum err bad = entries_encode(&e, &body);
    const struct session_ask question = {MSG_ENTRIES, buf_bytes(&body), LIFE_S, on_reply, m};
    if (bad == ERR_OK)
        bad = session_ask(a->session, &question, NULL);
    m->is_asking = bad == ERR_OK;
    m->asked_ms = clock_mono_ms();
    if (bad != ERR_OK && bad != ERR_STATE && bad != ERR_LIMIT)
        log_warn("mirror.not_asked error=\"%s\"", err_text(bad));
}

static void on_tick(void *arg)
{
    struct mirror *m = arg;
    struct session_info session;
    if (m->agent->session == NULL)
        return;
    session_info(m->agent->session, &session);
    if (clock_mono_ms() - m->asked_ms >= (int64_t)session.publish_interval_ms)
        ask(m);
}

/* ---- life ---- */

static void mirror_free(struct mirror *m)
{
    if (m == NULL)
        return;
    loop_timer_free(m->tick);
    mirror_copy_free(m->copy);
    free(m);
}
DEFINE_CLEANUP(struct mirror, mirror_free)

/* Whether the checkpoint that stands is of another log. */
static bool holds_other_log(struct mirror_copy *c, struct bytes origin)
{
    CLEANUP(buf_free) struct buf file = buf_new(NOTE_MAX_BYTES);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    struct note note;
    struct checkpoint head;
    struct errmsg why = {""};
    return a != NULL && mirror_copy_note(c, &file, &why) == ERR_OK && note_parse(buf_bytes(&file), a, &note, NULL) == ERR_OK &&
           checkpoint_parse(note.text, &head) == ERR_OK && !bytes_equal(head.origin, origin);
}

/* "DIR/log-0123456789abcdef", from the origin. */
static enum err own_folder(struct mirror *m, struct bytes origin)
{
    struct digest d;
    int n = snprintf(m->dir, sizeof m->dir, "%s/" MIRROR_FOLDER_PREFIX, m->agent->config->mirror);
    enum err bad = n > 0 && (size_t)n + 17 < sizeof m->dir ? digest_sha256(&origin, 1, &d) : ERR_TOO_LARGE;
    if (bad != ERR_OK)
        return bad;
    struct buf hex = buf_fixed(m->dir + n, 16);
    text_put_hex(&hex, bytes_of(d.b, 8));
    m->dir[n + 16] = '\0';
    return buf_err(&hex);
}

/* The folder of the configuration holds one log, the first; one that goes on behind it lies in a folder below. */
static enum err open_copy(struct mirror *m, struct errmsg *why)
{
    const struct bytes origin = log_origin_followed(m->agent);
    (void)snprintf(m->dir, sizeof m->dir, "%s", m->agent->config->mirror);
    enum err bad = mirror_copy_open(m->dir, &m->copy, why);
    if (bad == ERR_OK && holds_other_log(m->copy, origin)) {
        mirror_copy_free(take(m->copy));
        bad = own_folder(m, origin);
        if (bad == ERR_OK)
            bad = mirror_copy_open(m->dir, &m->copy, why);
    }
    if (bad != ERR_OK)
        return errmsg_wrap(why, bad, "mirror: %s: keep this folder for the auditor, and name another one; reason", m->dir);
    m->size = m->next = mirror_copy_size(m->copy);
    m->root = mirror_copy_root(m->copy);
    return ERR_OK;
}

bool mirror_is_busy(const struct mirror *m)
{
    return m->is_asking || m->is_busy;
}

void mirror_begin_anew(struct mirror *m)
{
    struct errmsg why = {""};
    mirror_copy_free(take(m->copy));
    m->size = m->next = 0;
    const enum err bad = open_copy(m, &why);
    if (bad == ERR_OK)
        why.text[0] = '\0'; /* an empty folder has no checkpoint */
    else if (why.text[0] == '\0')
        (void)errmsg_set(&why, bad, "%s cannot be opened: %s", m->dir, err_text(bad));
    note_trouble(m, &why);
    if (bad == ERR_OK)
        log_notice("mirror.folder dir=\"%s\"", m->dir);
}

static enum err start(struct agent *a, struct errmsg *why)
{
    CLEANUP(cleanup_mirror_free) struct mirror *m = NULL;
    if (a->config->mirror == NULL)
        return ERR_OK;
    m = calloc(1, sizeof *m);
    if (m == NULL)
        return ERR_NOMEM;
    m->agent = a;
    const enum err bad = open_copy(m, why);
    if (bad != ERR_OK)
        return bad;
    m->tick = loop_timer_new(a->loop, on_tick, m);
    if (m->tick == NULL)
        return ERR_NOMEM;
    loop_timer_every(m->tick, TICK_MS);
    a->mirror = take(m);
    return ERR_OK;
}

static void stop(struct agent *a)
{
    mirror_free(a->mirror);
    a->mirror = NULL;
}

static enum err status(const struct call *c, struct doc *whole)
{
    const struct mirror *m = call_agent(c)->mirror;
    if (m == NULL)
        return ERR_OK;
    struct doc *d = doc_new_object();
    if (d == NULL)
        return ERR_NOMEM;
    struct doc_build b = doc_build_of(d);
    doc_put_int(&b, "size", (int64_t)m->size);
    doc_put_str(&b, "folder", m->dir);
    doc_put_str(&b, "state", m->trouble.text[0] != '\0' ? "stopped" : m->next > m->size ? "catching up" : "follows");
    struct doc_build into = doc_build_of(whole);
    doc_put_doc(&into, "mirror", doc_build_done(&b) == ERR_OK ? d : NULL);
    return doc_build_done(&into);
}

static enum err alarms(const struct call *c, struct doc *lines)
{
    const struct mirror *m = call_agent(c)->mirror;
    if (m == NULL || m->trouble.text[0] == '\0')
        return ERR_OK;
    CLEANUP(buf_free) struct buf line = buf_new(1024);
    buf_printf(&line, "the mirror of the broker's log does not follow it: %s", m->trouble.text);
    const enum err bad = buf_err(&line);
    return bad == ERR_OK ? doc_append(lines, doc_new_text(buf_bytes(&line))) : bad;
}

const struct agent_part mirror_part = {
    .name = "mirror",
    .start = start,
    .stop = stop,
    .status = status,
    .alarms = alarms,
};
