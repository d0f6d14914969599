#include "tests/unit/broker/agency_bench.h"

#include <stdio.h>
#include <string.h>

#include "broker/audit.h"
#include "broker/keys.h"
#include "pki/digest.h"

struct bench bench;
struct grown_log grown;
struct key *log_key, *next_key, *third_key;
static const struct turn_handler *const handlers[] = {&agency_head_handler};

static void start_part(void)
{
    struct errmsg why = {""};
    OK(agency_heads_part.start(&bench.broker, &why));
    bench.config.publish_interval_ms = 1; /* no offer of these tests is one too many */
}

void restart(void)
{
    agency_heads_part.stop(&bench.broker);
    bench.config.publish_interval_ms = 3600000;
    bench_restart(&bench);
    start_part();
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
}

int agency_bench_open(void **state)
{
    (void)state;
    bench_open(&bench, handlers, ARRAY_LEN(handlers));
    OK(grown_log_fill(&grown));
    OK(key_generate(KEY_TYPE_ED25519, &log_key));
    OK(key_generate(KEY_TYPE_ED25519, &next_key));
    OK(key_generate(KEY_TYPE_ED25519, &third_key));
    OK(key_generate(KEY_TYPE_ED25519, &bench.broker.keys->witness));
    start_part();
    bench_session(&bench, BENCH_ALFA, SESSION_OPEN);
    return 0;
}

int agency_bench_close(void **state)
{
    (void)state;
    agency_heads_part.stop(&bench.broker);
    bench.config.publish_interval_ms = 3600000;
    key_free(log_key);
    key_free(next_key);
    key_free(third_key);
    bench_close(&bench);
    return 0;
}

/* ---- the agency's side ---- */

struct bytes line_of(const struct key *key, const char *origin, struct arena *a)
{
    struct vkey v;
    CLEANUP(buf_free) struct buf text = buf_new(VKEY_MAX_TEXT);
    const struct note_signer by = {bytes_str(origin), key};
    OK(note_vkey(&by, VKEY_ED25519, &v));
    vkey_write(&v, &text);
    return arena_copy(a, buf_bytes(&text));
}

/* The request, with the line of a second signer where there is one. */
struct bytes request_of(const struct offer *o, const char *origin, struct arena *a)
{
    const struct key *first = o->signers[0] != NULL ? o->signers[0] : log_key;
    const struct grown_head head = {o->to, o->history, first, origin};
    CLEANUP(buf_free) struct buf request = buf_new(GROWN_BYTES);
    OK(grown_log_request(&grown, &(struct grown_step){o->from, false}, &head, &request));
    if (o->signers[1] != NULL) {
        CLEANUP(buf_free) struct buf other = buf_new(GROWN_BYTES);
        const struct grown_head again = {o->to, o->history, o->signers[1], origin};
        OK(grown_log_checkpoint(&grown, &again, &other));
        const char *line = strstr(buf_text(&other), "\n\n") + 2;
        buf_put_str(&request, line);
    }
    return arena_copy(a, buf_bytes(&request));
}

enum msg_kind send_body(struct bytes body, enum bench_member from, struct arena *a, struct agency_head_reply *out)
{
    struct envelope e;
    const struct bench_message m = bench_message(&bench, from, MSG_AGENCY_HEAD, body);
    const size_t before = bench.answer_count;
    bench_send(&bench, &m);
    if (bench.answer_count == before)
        return MSG_NONE;
    bench_answer(&bench, a, &e);
    buf_free(&bench.answers[--bench.answer_count].frame);
    if (e.kind == MSG_AGENCY_HEAD_REPLY)
        OK(agency_head_reply_decode(arena_copy(a, e.body), a, out, NULL));
    return e.kind;
}

enum msg_kind send_offer(const struct offer *o, struct arena *a, struct agency_head_reply *out)
{
    const char *origin = o->origin != NULL ? o->origin : ORIGIN;
    const struct key *const *names = o->names[0] != NULL ? o->names : o->signers;
    struct agency_head h = {.key_count = names[1] != NULL ? 2 : 1, .request = request_of(o, origin, a), .vouch = o->vouch};
    CLEANUP(buf_free) struct buf body = buf_new(AGENCY_HEAD_MAX_REQUEST_BYTES * 2);
    for (size_t i = 0; i < h.key_count; i++)
        h.keys[i] = line_of(names[i] != NULL ? names[i] : log_key, origin, a);
    OK(agency_head_encode(&h, &body));
    return send_body(buf_bytes(&body), o->from_member != BENCH_BROKER ? o->from_member : BENCH_ALFA, a, out);
}

uint32_t status_of(const struct offer *o)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)2 << 20);
    struct agency_head_reply r;
    assert_int_equal(send_offer(o, a, &r), MSG_AGENCY_HEAD_REPLY);
    return r.status;
}

/* ---- looking ---- */

size_t entries(const char *event, const char *with)
{
    return bench_entries(&bench, event, with);
}

/* The kept size; 0: none. */
uint64_t kept(struct digest *root)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct agency_log log;
    OK(kv_read_begin(bench.broker.kv, &txn));
    const enum err e = agency_log_get(bench.broker.store, txn, &bench.view.members[BENCH_ALFA].id, &log);
    if (e == ERR_NOT_FOUND)
        return 0;
    OK(e);
    if (root != NULL)
        *root = log.root;
    return log.size;
}

bool has_alarm(const char *text)
{
    struct doc *lines = doc_new_array();
    bool found = false;
    OK(agency_heads_alarms(&bench.broker, lines));
    for (size_t i = 0; i < doc_count(lines); i++) {
        struct bytes line;
        OK(doc_text_of(doc_at(lines, i), 600, &line));
        found |= memmem(line.ptr, line.len, text, strlen(text)) != NULL;
    }
    doc_free(lines);
    return found;
}

static void put_status(struct buf *out)
{
    struct doc *d = agency_heads_doc(&bench.broker);
    assert_non_null(d);
    OK(doc_write(d, out));
    doc_free(d);
}

bool status_says(const char *text)
{
    CLEANUP(buf_free) struct buf json = buf_new((size_t)1 << 16);
    put_status(&json);
    return strstr(buf_text(&json), text) != NULL;
}

bool knows(const struct key *key)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 16);
    char text[VKEY_MAX_TEXT];
    const struct bytes line = line_of(key, ORIGIN, a);
    snprintf(text, sizeof text, "%.*s", (int)line.len, (const char *)line.ptr);
    return status_says(text);
}
