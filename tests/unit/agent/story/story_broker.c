/* The broker of the story: it hears what the agent sends, promises each message, and brings what became of a question. */
#include "tests/unit/agent/story/story.h"

#include "agent/outbox_run.h"
#include "agent/witness/witness.h"
#include "pki/digest.h"
#include "pki/random.h"
#include "proto/log/merkle.h"
#include "proto/msg/batch.h"
#include "proto/msg/entries.h"
#include "proto/msg/leaf.h"
#include "proto/msg/reply.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define FRAME_HEAD (1 + sizeof(struct message_id))

/* ---- the agent's side of the session ---- */

bool session_is_open(const struct session *s)
{
    (void)s;
    return true;
}

void session_info(const struct session *s, struct session_info *out)
{
    (void)s;
    *out = (struct session_info){.phase = PHASE_OPEN, .is_connected = true, .trouble = ""};
}

void session_set_credit(struct session *s, uint32_t credit)
{
    (void)s;
    (void)credit;
}

void session_refresh(struct session *s)
{
    (void)s;
}

/* Nobody witnesses the own log, and nothing is asked of this broker but entries of its log. */
enum err session_ask(struct session *s, const struct session_ask *ask, struct message_id *id)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(4096);
    struct story *story = story_here;
    struct entries e;
    (void)s;
    (void)id;
    if (ask->kind != MSG_ENTRIES)
        return ERR_STATE;
    OK(entries_decode(ask->body, a, &e, NULL));
    story->question = *ask;
    story->question_from = e.from;
    return ERR_OK;
}

void session_forget(struct session *s, const void *arg)
{
    (void)s;
    (void)arg;
}

enum err session_say(struct session *s, enum msg_kind kind, struct bytes body, struct message_id *id)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 16);
    struct mail_ack ack;
    (void)s;
    (void)id;
    assert_int_equal(kind, MSG_MAIL_ACK);
    OK(mail_ack_decode(body, a, &ack, NULL));
    story_here->said.mail = ack.up_to;
    story_say_all(story_here);
    return ERR_OK;
}

/* Kind and id before the body: nothing is lost or changed on the way. */
enum err session_wrap(struct session *s, struct session_letter *letter, struct buf *out)
{
    (void)s;
    OK(random_fill(letter->id.b, sizeof letter->id.b));
    letter->expires_at_s = story_here->w.now_s + letter->life_s;
    buf_put_u8(out, (uint8_t)letter->kind);
    buf_put(out, BYTES_OF_ARRAY(letter->id.b));
    buf_put(out, letter->body);
    return buf_err(out);
}

/* ---- what it hears ---- */

static void hear_chunk(struct story *s, struct bytes body)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    struct batch_chunk c;
    OK(batch_chunk_decode(body, a, &c, NULL));
    assert_int_equal(c.record_count, 1);
    s->handle = c.records[0].handle;
    s->has_handle = true;
}

static size_t count_letters(const struct story *s, enum msg_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < s->letter_count; i++)
        n += s->letters[i].kind == kind;
    return n;
}

/* What goes out has happened. Imports follow each other: of one more than ended, the batches come. */
static void note_sent(struct story *s, enum msg_kind kind)
{
    struct story_tally *t = &s->said;
    if (kind == MSG_BATCH)
        t->n[STORY_BEGUN] = t->n[STORY_ENDED] + 1;
    t->n[STORY_ASKED] = count_letters(s, MSG_REQUEST);
    t->released = count_letters(s, MSG_SETTLE);
    story_say_all(s);
}

static struct story_letter *letter_of(struct story *s, const struct message_id *id)
{
    for (size_t i = 0; i < s->letter_count; i++)
        if (memcmp(s->letters[i].id.b, id->b, sizeof id->b) == 0)
            return &s->letters[i];
    return NULL;
}

enum err session_send_frame(struct session *session, struct bytes frame)
{
    struct story *s = story_here;
    struct message_id id;
    (void)session;
    assert_true(frame.len > FRAME_HEAD);
    const enum msg_kind kind = (enum msg_kind)frame.ptr[0];
    const struct bytes body = bytes_of(frame.ptr + FRAME_HEAD, frame.len - FRAME_HEAD);
    memcpy(id.b, frame.ptr + 1, sizeof id.b);
    if (kind == MSG_BATCH_CHUNK) {
        hear_chunk(s, body);
        return ERR_OK;
    }
    struct story_letter *l = letter_of(s, &id);
    if (l != NULL) {
        l->is_answered = false;
        return ERR_OK;
    }
    assert_in_range(s->letter_count, 0, STORY_LETTERS_MAX - 1);
    l = &s->letters[s->letter_count++];
    *l = (struct story_letter){.kind = kind, .id = id, .body = buf_new(FRAME_MAX_BYTES)};
    buf_put(&l->body, body);
    note_sent(s, kind);
    return buf_err(&l->body);
}

static const struct story_letter *last_letter(const struct story *s, enum msg_kind kind)
{
    for (size_t i = s->letter_count; i > 0; i--)
        if (s->letters[i - 1].kind == kind)
            return &s->letters[i - 1];
    return NULL;
}

void story_broker_forget(struct story *s, size_t from)
{
    while (s->letter_count > from)
        buf_free(&s->letters[--s->letter_count].body);
}

/* ---- what it answers ---- */

static void answer(struct story *s, struct story_letter *l)
{
    CLEANUP(buf_free) struct buf promise = buf_new(4096);
    CLEANUP(buf_free) struct buf body = buf_new(8192);
    struct signature sig;
    struct promise p = {.deployment = {"demo"},
                        .origin = bytes_str(WORLD_ORIGIN),
                        .message_id = l->id,
                        .committed_at_s = s->w.now_s,
                        .merge_by_s = s->w.now_s + 2};
    const struct bytes of = BYTES_OF_ARRAY(l->id.b);
    OK(digest_sha256(&of, 1, &p.entry)); /* the same again where it is asked again */
    OK(promise_encode(&p, &promise));
    OK(sign_document(SIGN_PROMISE, s->w.signing[P_BROKER].key, buf_bytes(&promise), &sig));
    const struct accepted reply = {buf_bytes(&promise), signature_bytes(&sig), 4};
    OK(accepted_encode(&reply, &body));
    const struct envelope e = {.kind = MSG_ACCEPTED, .is_reply = true, .in_reply_to = l->id, .body = buf_bytes(&body)};
    (void)outbox_on_reply(s->w.agent.outbox, &e);
}

uint64_t story_broker_shows(const struct story *s)
{
    return s->w.agent.witness->row.state.size;
}

/* All that is shown behind what the mirror has. */
static void answer_entries(struct story *s)
{
    CLEANUP(buf_free) struct buf note = buf_new(GROWN_BYTES);
    CLEANUP(buf_free) struct buf body = buf_new((size_t)64 << 10);
    const struct session_ask question = s->question;
    const struct grown_head head = {story_broker_shows(s), 0, s->w.log, WORLD_ORIGIN};
    struct entries_reply r = {.from = s->question_from};
    s->question.arg = NULL;
    if (head.size > 0)
        OK(grown_log_checkpoint(&s->grown, &head, &note));
    r.checkpoint = buf_bytes(&note);
    if (head.size > r.from)
        r.entries = bytes_of(s->grown.entries[0] + r.from, (size_t)(head.size - r.from) * sizeof(struct digest));
    OK(entries_reply_encode(&r, &body));
    question.on_reply(question.arg, &(struct message_id){{0}}, MSG_ENTRIES_REPLY, buf_bytes(&body));
}

bool story_broker_answers(struct story *s)
{
    bool any = s->question.arg != NULL;
    if (any)
        answer_entries(s);
    for (size_t i = 0; i < s->letter_count; i++) {
        if (s->letters[i].is_answered)
            continue;
        s->letters[i].is_answered = true;
        answer(s, &s->letters[i]);
        any = true;
    }
    return any;
}

/* ---- what it brings ---- */

static bool bring(struct story *s, enum mail_kind kind, struct bytes content)
{
    CLEANUP(buf_free) struct buf body = buf_new(FRAME_MAX_BYTES);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(SESSION_ARENA_BYTES);
    const struct mail_item item = {++s->mail, kind, content};
    const struct mail m = {.slot = 1, .items = &item, .item_count = 1};
    OK(mail_encode(&m, &body));
    struct session_turn t = {.session = &s->session, .arena = a, .envelope = {.kind = MSG_MAIL, .body = buf_bytes(&body)}};
    session_on_mail(&t);
    story_settle(s);
    return s->session.mail_done == s->mail;
}

/* The tree of the question as its message lays it out, and where the first identifier stands. */
static void lay_leaves(const struct request_message *m, struct digest *leaves)
{
    struct digest sealed;
    size_t next = 0;
    const struct request_identifier *id = &m->identifiers[0];
    assert_int_equal(m->identifier_count, 1);
    OK(digest_sha256(&m->sealed_parts[0], 1, &sealed));
    const struct subject_leaf_parts parts = {
        .salt = id->salt, .group = id->group, .type = id->type, .inner = id->inner, .sealed_digest = sealed};
    for (size_t i = 0; i < 1 + m->padding_count; i++)
        if (i != id->position)
            leaves[i] = m->padding[next++];
    OK(leaf_subject(digest_sha256, &parts, &leaves[id->position]));
}

bool story_broker_hit(struct story *s)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    CLEANUP(buf_free) struct buf content = buf_new((size_t)1 << 20);
    struct digest leaves[64];
    struct merkle_hashes path;
    struct request_message m;
    const struct story_letter *l = last_letter(s, MSG_REQUEST);
    if (l == NULL || !s->has_handle)
        return false;
    OK(request_message_decode(buf_bytes(&l->body), a, &m, NULL));
    assert_in_range(1 + m.padding_count, 8, ARRAY_LEN(leaves));
    lay_leaves(&m, leaves);
    const struct request_identifier *id = &m.identifiers[0];
    OK(merkle_path_make(digest_sha256, leaves, 1 + m.padding_count, id->position, &path));
    const struct matched_identifier matched = {
        .type = id->type, .salt = id->salt, .path = merkle_path_of(id->position, 1 + m.padding_count, &path)};
    const struct hit_notice n = {.header = m.header,
                                 .worker_signature = m.worker_signature,
                                 .worker_fingerprint = m.worker_fingerprint,
                                 .agency_signature = m.agency_signature,
                                 .handle = s->handle,
                                 .sealed_part = m.sealed_parts[0],
                                 .matched = &matched,
                                 .matched_count = 1};
    OK(hit_notice_encode(&n, &content));
    return bring(s, MAIL_HIT, buf_bytes(&content));
}

bool story_broker_settled(struct story *s)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 << 20);
    CLEANUP(buf_free) struct buf content = buf_new(FRAME_MAX_BYTES);
    struct settle settle;
    struct consent c;
    const struct story_letter *l = last_letter(s, MSG_SETTLE);
    if (l == NULL)
        return false;
    OK(settle_decode(buf_bytes(&l->body), a, &settle, NULL));
    OK(consent_decode(settle.consents[0].consent, a, &c, NULL));
    assert_int_equal(settle.consent_count, 2);
    const struct settled settled = {.header_digest = c.header_digest,
                                    .consents = {settle.consents[0], settle.consents[1]},
                                    .consent_count = 2,
                                    .release = settle.release};
    OK(settled_encode(&settled, &content));
    return bring(s, MAIL_SETTLED, buf_bytes(&content));
}

/* The question that came last is over. */
bool story_broker_closed(struct story *s)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    CLEANUP(buf_free) struct buf doc = buf_new(4096);
    CLEANUP(buf_free) struct buf content = buf_new(8192);
    struct request_message m;
    struct request_header h;
    struct signature sig;
    const struct story_letter *l = last_letter(s, MSG_REQUEST);
    if (l == NULL)
        return false;
    OK(request_message_decode(buf_bytes(&l->body), a, &m, NULL));
    OK(request_header_decode(m.header, a, &h, NULL));
    struct closed c = {
        .deployment = h.deployment, .request_id = h.request_id, .holder = h.holder, .closed_at_s = h.deadline_s};
    OK(digest_sha256(&m.header, 1, &c.header_digest));
    OK(closed_encode(&c, &doc));
    OK(sign_document(SIGN_CLOSED, s->w.signing[P_BROKER].key, buf_bytes(&doc), &sig));
    const struct signed_closed sc = {buf_bytes(&doc), signature_bytes(&sig)};
    OK(signed_closed_encode(&sc, &content));
    if (s->w.now_s < h.deadline_s)
        s->w.now_s = h.deadline_s;
    return bring(s, MAIL_CLOSED, buf_bytes(&content));
}
