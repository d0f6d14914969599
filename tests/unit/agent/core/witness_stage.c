#include "tests/unit/agent/core/witness_stage.h"

#include <stdio.h>

#include "agent/keys_internal.h"
#include "agent/own_log.h"
#include "agent/session.h"
#include "pki/digest.h"
#include "proto/host/tiles.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"

/* The broker as a witness: what a test lets it know. */
struct key *witness_key;
const char *witness_name;
struct witness_state known;
struct buf known_note;
size_t answered;
size_t named; /* keys that an offer names */

int witness_stage_open(void **state, const char *deployment, const struct agent_part *const *parts)
{
    static struct stage stage;
    memset(&stage, 0, sizeof stage);
    stage_open(&stage, deployment, parts);
    stage_until_open(&stage);
    OK(key_generate(KEY_TYPE_ED25519, &witness_key));
    witness_name = WITNESS;
    known = (struct witness_state){.size = 0};
    known_note = buf_new(NOTE_MAX_BYTES);
    answered = 0;
    named = 1;
    *state = &stage;
    return 0;
}

int witness_stage_close(void **state)
{
    stage_close(*state);
    key_free(witness_key);
    buf_free(&known_note);
    return 0;
}

struct log_witnessed *of(const struct stage *s)
{
    return s->agent->log_keeping->witnessed;
}

/* ---- the broker's side ---- */

bool has_offer(struct stage *s)
{
    return fake_count(&s->fake, MSG_AGENCY_HEAD) > answered;
}

const struct letter *next_offer(struct stage *s, struct agency_head *out)
{
    assert_true(stage_until(s, has_offer, WAIT_MS));
    const struct letter *l = fake_letter(&s->fake, MSG_AGENCY_HEAD, answered++);
    OK(agency_head_decode(l->envelope.body, l->arena, out, NULL));
    return l;
}

void send_reply(struct stage *s, const struct letter *l, const struct agency_head_reply *r)
{
    CLEANUP(buf_free) struct buf body = buf_new((size_t)1 << 16);
    OK(agency_head_reply_encode(r, &body));
    fake_send(&s->fake, MSG_AGENCY_HEAD_REPLY, buf_bytes(&body), &l->envelope.id, NULL);
}

void put_witness(const struct key *key, struct buf *out)
{
    struct vkey v;
    const struct note_signer by = {bytes_str(witness_name), key};
    OK(note_vkey(&by, VKEY_COSIGNATURE_V1, &v));
    vkey_write(&v, out);
}

static void assert_all_sign(struct bytes request, const struct vkey *key)
{
    struct witness_request r;
    struct note note;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    OK(witness_request_parse(request, &r));
    OK(note_parse(r.checkpoint, a, &note, NULL));
    OK(note_verify(&note, key));
}

/* As a witness of the specification: judges, keeps and cosigns. line_key: whose line it sends. */
enum witness_status judge_with(struct stage *s, const struct key *line_key)
{
    struct agency_head h;
    struct vkey log[AGENCY_HEAD_MAX_KEYS];
    struct witness_verdict v;
    struct errmsg why = {""};
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    CLEANUP(buf_free) struct buf line = buf_new(AGENCY_HEAD_MAX_LINES_BYTES);
    CLEANUP(buf_free) struct buf witness = buf_new(AGENCY_HEAD_MAX_KEY_BYTES);
    const struct letter *l = next_offer(s, &h);
    assert_int_equal(h.key_count, named);
    for (size_t i = 0; i < h.key_count; i++) {
        OK(vkey_parse(digest_sha256, h.keys[i], &log[i]));
        assert_string_equal(log[i].name, own_log_origin(s->agent->own_log));
        assert_all_sign(h.request, &log[i]);
    }
    const struct witness_log watched = {log, h.key_count};
    OK(witness_judge(&watched, &known, h.request, a, &v, &why));
    put_witness(witness_key, &witness);
    struct agency_head_reply r = {.status = (uint32_t)v.status, .witness = buf_bytes(&witness)};
    if (v.status == WITNESS_COSIGN) {
        const struct note_signer by = {bytes_str(witness_name), line_key};
        OK(note_cosign(&by, v.text, 1795000000, &line));
        known = v.next;
        buf_reset(&known_note);
        buf_put(&known_note, v.note);
        r.lines = buf_bytes(&line);
    } else {
        r.known = buf_bytes(&known_note);
    }
    send_reply(s, l, &r);
    return v.status;
}

enum witness_status judge(struct stage *s)
{
    return judge_with(s, witness_key);
}

/* Another head of this log, that its own key signed. */
void know_other(struct stage *s, const struct key *signer, uint64_t size)
{
    const struct checkpoint c = {
        .origin = bytes_str(own_log_origin(s->agent->own_log)), .size = size, .root = {{9}}};
    CLEANUP(buf_free) struct buf text = buf_new(4096);
    const struct note_signer by = {c.origin, signer};
    checkpoint_write(&c, &text);
    buf_reset(&known_note);
    OK(note_sign(&by, 1, buf_bytes(&text), &known_note));
    known = (struct witness_state){size, c.root};
}

/* ---- the agency's side ---- */

bool is_quiet(struct stage *s)
{
    return !log_keeper_is_busy(s->agent->log_keeping->keeper) && !of(s)->is_writing &&
           writer_pending(s->agent->writer, WRITER_INTERACTIVE) == 0 &&
           writer_pending(s->agent->writer, WRITER_BULK) == 0 && worker_pending(s->agent->workers) == 0;
}

uint64_t publish(struct stage *s)
{
    log_keeper_tick(s->agent->log_keeping->keeper);
    assert_true(stage_until(s, is_quiet, WAIT_MS));
    return log_keeper_size(s->agent->log_keeping->keeper);
}

/* Heads are offered at most once in the broker's publish interval. */
bool may_offer(struct stage *s)
{
    struct session_info i;
    session_info(s->agent->session, &i);
    return clock_mono_ms() - of(s)->asked_ms > (int64_t)i.publish_interval_ms;
}

uint64_t publish_and_offer(struct stage *s)
{
    assert_true(stage_until(s, may_offer, WAIT_MS));
    return publish(s);
}

struct shown shown(struct stage *s)
{
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(NOTE_ARENA_BYTES);
    CLEANUP(buf_free) struct buf text = buf_new(NOTE_MAX_BYTES);
    CLEANUP(buf_free) struct buf witness = buf_new(AGENCY_HEAD_MAX_KEY_BYTES);
    struct note note;
    struct checkpoint c;
    struct vkey v;
    uint64_t at_s = 0;
    OK(tiles_open(s->agent->log_keeping->dir, &tiles, NULL));
    if (tiles_checkpoint(tiles, &text, NULL) != ERR_OK)
        return (struct shown){0, 0};
    OK(note_parse(buf_bytes(&text), a, &note, NULL));
    OK(checkpoint_parse(note.text, &c));
    put_witness(witness_key, &witness);
    OK(vkey_parse(digest_sha256, buf_bytes(&witness), &v));
    return (struct shown){c.size, note_verify_cosignature(&note, &v, &at_s) == ERR_OK ? note.count - 1 : 0};
}

uint64_t wanted;

bool is_cosigned(struct stage *s)
{
    const struct shown now = shown(s);
    return now.size == wanted && now.lines == 1;
}

void until_cosigned(struct stage *s, uint64_t size)
{
    wanted = size;
    assert_true(stage_until(s, is_cosigned, WAIT_MS));
}

/* The first head, cosigned. */
uint64_t begin(struct stage *s)
{
    const uint64_t size = publish(s);
    assert_int_equal(judge(s), WITNESS_COSIGN);
    until_cosigned(s, size);
    assert_true(stage_until(s, is_quiet, WAIT_MS));
    return size;
}

bool is_answered(struct stage *s)
{
    return !of(s)->is_asking;
}

bool is_refused(struct stage *s)
{
    return of(s)->is_refused;
}

bool has_alarm(struct stage *s, const char *text)
{
    struct doc *lines = doc_new_array();
    bool found = false;
    OK(witnessed_alarms(of(s), lines));
    for (size_t i = 0; i < doc_count(lines); i++) {
        struct bytes line;
        OK(doc_text_of(doc_at(lines, i), 600, &line));
        found |= memmem(line.ptr, line.len, text, strlen(text)) != NULL;
    }
    doc_free(lines);
    return found;
}

bool status_says(struct stage *s, const char *text)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    CLEANUP(buf_free) struct buf json = buf_new((size_t)1 << 14);
    witnessed_put(of(s), &b);
    OK(doc_build_done(&b));
    OK(doc_write(d, &json));
    doc_free(d);
    return strstr(buf_text(&json), text) != NULL;
}

void answer(struct stage *s, uint32_t status, struct bytes known_head)
{
    struct agency_head h;
    CLEANUP(buf_free) struct buf witness = buf_new(AGENCY_HEAD_MAX_KEY_BYTES);
    const struct letter *l = next_offer(s, &h);
    if (status != AGENCY_HEAD_NO_WITNESS)
        put_witness(witness_key, &witness);
    send_reply(s, l, &(struct agency_head_reply){
                         .status = status, .witness = buf_bytes(&witness), .known = known_head});
    assert_true(stage_until(s, is_answered, WAIT_MS));
}

bool is_forked(struct stage *s)
{
    return s->agent->log_keeping->is_forked;
}
