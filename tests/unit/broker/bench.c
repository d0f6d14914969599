#include "tests/unit/broker/bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "broker/audit.h"
#include "broker/cosigners.h"
#include "broker/keys.h"
#include "broker/mailboxes.h"
#include "broker/own_keys.h"
#include "broker/publisher.h"
#include "broker/sessions.h"
#include "broker/store/store.h"
#include "broker/store/store.h"
#include "broker/vaults.h"
#include "pki/sign.h"
#include "proto/host/clock.h"
#include "proto/host/loop.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"
#include "tests/support/storage_ring.h"

static const char *const oins[FAKE_MEMBERS] = {"00000099000000001000", "00000099000000002000",
                                               "00000099000000003000", "00000099000000009000"};

#define OK(expression) assert_int_equal((expression), ERR_OK)

static int64_t bench_wall_ms(void *arg)
{
    const struct bench *b = arg;
    return b->now_ms;
}

static void make_view(struct bench *b)
{
    struct view *v = &b->view;
    for (size_t i = 0; i < FAKE_MEMBERS; i++) {
        memcpy(v->members[i].id.oin, oins[i], OIN_CHARS);
        v->members[i].kind = i == BENCH_BROKER      ? MEMBER_BROKER
                             : i == BENCH_REGISTRAR ? MEMBER_REGISTRAR
                                                    : MEMBER_AGENCY;
        memset(v->members[i].curve.b, 0x40 + (int)i, sizeof v->members[i].curve.b);
        OK(key_generate(KEY_TYPE_P256, &v->keys[i]));
    }
    v->members[BENCH_REGISTRAR].transport.der = bytes_str("der");
    v->roster.serial = 7;
    v->roster.members = v->members;
    v->roster.member_count = FAKE_MEMBERS;
    v->policy.serial = 3;
    memset(v->policy_digest.b, 0x33, sizeof v->policy_digest.b);
}

static void make_config(struct bench *b)
{
    struct config_broker *c = &b->config;
    OK(name_parse(bytes_str("demo"), &c->deployment));
    c->oin = b->view.members[BENCH_BROKER].id;
    c->origin = "sluis.example/test";
    c->tiles = strdup(host_tmp_path(&b->tmp, "tiles"));
    c->slot_interval_ms = 3600000;
    c->publish_interval_ms = 3600000;
    c->witness_intervals = 4;
    c->mailbox_messages = 100;
    c->mailbox_bytes = 1 << 20;
    c->trust.max_clock_skew_ms = 300000;
}

struct bytes bench_vkey(const struct bench *b, const struct key *log, char room[static BENCH_VKEY_MAX])
{
    struct vkey v;
    struct buf text = buf_fixed(room, BENCH_VKEY_MAX);
    const struct note_signer signer = {bytes_str(b->config.origin), log};
    OK(note_vkey(&signer, VKEY_ED25519, &v));
    vkey_write(&v, &text);
    OK(buf_err(&text));
    return buf_bytes(&text);
}

static void make_keys(struct bench *b)
{
    struct broker_keys *k = calloc(1, sizeof *k);
    struct secret *half = NULL;
    assert_non_null(k);
    OK(key_private(b->view.keys[BENCH_BROKER], &half));
    OK(key_from_private(KEY_TYPE_P256, half, &k->signing.keys[0]));
    secret_free(half);
    OK(key_generate(KEY_TYPE_X25519, &k->transport.keys[0]));
    OK(key_generate(KEY_TYPE_ED25519, &k->log.keys[0]));
    k->signing.count = k->transport.count = k->log.count = 1;
    b->view.roster.log_key = bench_vkey(b, k->log.keys[0], b->log_key);
    own_keys_use(k, &b->view);
    k->storage = storage_ring_of(NULL);
    b->broker.keys = k;
}

static enum err take_answer(void *arg, const struct peer_route *to, struct bytes frame)
{
    struct bench *b = arg;
    assert_in_range(b->answer_count, 0, BENCH_ANSWERS - 1);
    struct bench_answer *a = &b->answers[b->answer_count++];
    a->to = *to;
    a->frame = buf_new(FRAME_MAX_BYTES);
    buf_put(&a->frame, frame);
    if (b->on_answer != NULL)
        b->on_answer(b->on_answer_arg);
    return ERR_OK;
}

void bench_start(struct bench *b)
{
    struct broker *k = &b->broker;
    struct errmsg why = {""};
    const struct kv_params kv = {.dir = host_tmp_path(&b->tmp, "store"),
                                 .map_bytes = UINT64_C(1) << 28};
    OK(kv_open(&kv, &k->kv, &why));
    OK(loop_new(&k->loop));
    const struct writer_params w = {.kv = k->kv, .loop = k->loop};
    OK(store_new(k->kv, &k->store, &why));
    OK(writer_new(&w, &k->writer));
    OK(worker_new(k->loop, 1, 16, &k->workers));
    OK(vaults_new(k->keys->storage, 1, &k->vaults));
    const struct audit_params audit = {
        .store = k->store,
        .records = k->vaults->records,
        .deployment = b->config.deployment,
        .origin = b->config.origin,
        .publish_interval_ms = 5000,
    };
    const struct mailboxes_params mail = {.store = k->store,
                                          .broker = k,
                                          .mail = k->vaults->mail,
                                          .max_messages = b->config.mailbox_messages,
                                          .max_bytes = b->config.mailbox_bytes};
    const struct turns_params turns = {.broker = k,
                                       .handlers = b->handlers,
                                       .handler_count = b->handler_count,
                                       .send = take_answer,
                                       .arg = b};
    OK(audit_new(&audit, &k->audit));
    OK(mailboxes_new(&mail, &k->mailboxes));
    k->sessions = sessions_new();
    k->turns = turns_new(&turns);
    assert_non_null(k->sessions);
    assert_non_null(k->turns);
    OK(cosigners_new(k, &k->cosigners, &why));
    OK(publisher_new(k, &k->publisher, &why));
}

void bench_stop(struct bench *b)
{
    struct broker *k = &b->broker;
    bench_settle(b);
    worker_free(k->workers);
    writer_free(k->writer);
    publisher_free(k->publisher);
    cosigners_free(k->cosigners);
    turns_free(k->turns);
    sessions_free(k->sessions);
    mailboxes_free(k->mailboxes);
    audit_free(k->audit);
    vaults_free(k->vaults);
    store_free(k->store);
    kv_free(k->kv);
    loop_free(k->loop);
}

void bench_open(struct bench *b, const struct turn_handler *const *handlers, size_t count)
{
    *b = (struct bench){.handlers = handlers, .handler_count = count};
    enum err e = secret_init();
    assert_true(e == ERR_OK || e == ERR_PERMISSION);
    host_tmp_make(&b->tmp);
    b->now_ms = BENCH_NOW_S * 1000;
    b->clock = (struct clock){.wall_ms = bench_wall_ms, .arg = b};
    make_view(b);
    make_config(b);
    b->broker.config = &b->config;
    b->broker.clock = &b->clock;
    b->broker.view = &b->view;
    b->broker.credit = 4;
    make_keys(b);
    bench_start(b);
}

void bench_restart(struct bench *b)
{
    bench_stop(b);
    bench_start(b);
}

void bench_close(struct bench *b)
{
    bench_stop(b);
    keys_free(b->broker.keys);
    for (size_t i = 0; i < FAKE_MEMBERS; i++)
        key_free(b->view.keys[i]);
    for (size_t i = 0; i < FAKE_OFFICERS; i++)
        key_free(b->view.officer_keys[i]);
    for (size_t i = 0; i < b->answer_count; i++)
        buf_free(&b->answers[i].frame);
    free((void *)(uintptr_t)b->config.tiles);
    host_tmp_remove(&b->tmp);
}

void bench_settle(struct bench *b)
{
    struct broker *k = &b->broker;
    int64_t end_ms = clock_mono_ms() + 10000;
    while (clock_mono_ms() < end_ms &&
           (writer_pending(k->writer, WRITER_INTERACTIVE) > 0 ||
            writer_pending(k->writer, WRITER_BULK) > 0 || worker_pending(k->workers) > 0 ||
            publisher_is_busy(k->publisher)))
        OK(loop_turn(k->loop, 10));
}

void bench_publish(struct bench *b)
{
    publisher_tick(b->broker.publisher);
    bench_settle(b);
}

struct bench_message bench_message(struct bench *b, enum bench_member from, enum msg_kind kind,
                                   struct bytes body)
{
    struct bench_message m = {
        .envelope =
            {
                .deployment = b->config.deployment,
                .version = WIRE_VERSION,
                .sender = b->view.members[from].id,
                .recipient = b->config.oin,
                .kind = kind,
                .sent_at_s = BENCH_NOW_S,
                .expires_at_s = BENCH_NOW_S + 3600,
                .roster_serial = b->view.roster.serial,
                .policy_serial = b->view.policy.serial,
                .body = body,
            },
        .signer = from,
        .peer = from,
        .route = {.link = {{(uint8_t)from}}},
    };
    b->message_ids++;
    memcpy(m.envelope.id.b, &b->message_ids, sizeof b->message_ids);
    return m;
}

void bench_send_raw(struct bench *b, enum bench_member peer, struct bytes data)
{
    struct wire_message m = {.route = {.link = {{(uint8_t)peer}}}, .data = data};
    memcpy(m.peer.b, b->view.members[peer].curve.b, sizeof m.peer.b);
    turns_receive(b->broker.turns, &m);
    bench_settle(b);
}

void bench_send(struct bench *b, const struct bench_message *m)
{
    CLEANUP(buf_free) struct buf envelope = buf_new(FRAME_MAX_BYTES);
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    struct signature s;
    OK(envelope_encode(&m->envelope, &envelope));
    OK(sign_document(m->bad_signature ? SIGN_BATCH : SIGN_ENVELOPE, b->view.keys[m->signer],
                     buf_bytes(&envelope), &s));
    const struct frame f = {.envelope = buf_bytes(&envelope), .signature = signature_bytes(&s)};
    OK(frame_encode(&f, &frame));
    struct wire_message w = {.route = m->route, .data = buf_bytes(&frame)};
    memcpy(w.peer.b, b->view.members[m->peer].curve.b, sizeof w.peer.b);
    turns_receive(b->broker.turns, &w);
    bench_settle(b);
}

void bench_answer(struct bench *b, struct arena *a, struct envelope *out)
{
    struct frame f;
    struct errmsg why = {""};
    assert_in_range(b->answer_count, 1, BENCH_ANSWERS);
    OK(frame_decode(buf_bytes(&b->answers[b->answer_count - 1].frame), a, &f, &why));
    OK(sign_verify(SIGN_ENVELOPE, b->view.keys[BENCH_BROKER], f.envelope, f.signature));
    OK(envelope_decode(f.envelope, a, out, &why));
}

void bench_session(struct bench *b, enum bench_member m, enum session_state state)
{
    const struct peer_route route = {.link = {{(uint8_t)m}}};
    OK(sessions_begin(b->broker.sessions, &b->view.members[m], &route, state));
}

size_t bench_pending(struct bench *b)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct digest entries[64];
    size_t n = 0;
    OK(kv_read_begin(b->broker.kv, &txn));
    OK(log_pending(&b->broker.store->log, txn, entries, ARRAY_LEN(entries), &n));
    return n;
}

size_t bench_entries(struct bench *b, const char *event, const char *with)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct digest waiting[64];
    size_t n = 0;
    size_t found = 0;
    OK(kv_read_begin(b->broker.kv, &txn));
    OK(log_pending(&b->broker.store->log, txn, waiting, ARRAY_LEN(waiting), &n));
    for (size_t i = 0; i < n; i++) {
        CLEANUP(buf_free) struct buf body = buf_new(AUDIT_BODY_MAX);
        OK(audit_open_body(b->broker.audit, txn, &waiting[i], &body));
        found += strstr(buf_text(&body), event) != NULL && strstr(buf_text(&body), with) != NULL;
    }
    return found;
}
