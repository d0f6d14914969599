#include "tests/unit/agent/core/fake_broker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/evidence.h"
#include "agent/session.h"
#include "pki/digest.h"
#include "pki/keyfile.h"
#include "pki/note.h"
#include "pki/random.h"
#include "pki/sign.h"
#include "proto/base/join.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/host/kv.h"
#include "proto/log/proof_file.h"
#include "proto/msg/consent.h"

#define FAKE_ORIGIN "sluis.example/broker"

static struct bytes slurp(struct buf *b, const char *dir, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    buf_reset(b);
    assert_int_equal(file_read(path, FILE_ANY, b, NULL), ERR_OK);
    return buf_bytes(b);
}

static struct key *load_key(const char *dir, const char *name, enum key_type type)
{
    struct buf file = buf_new(KEYFILE_MAX_BYTES);
    struct key *key = NULL;
    const char pass[] = "pass of broker";
    struct secret *secret = secret_new(bytes_str(pass));
    assert_int_equal(keyfile_open_key(slurp(&file, dir, name), secret, type, &key), ERR_OK);
    secret_free(secret);
    buf_free(&file);
    return key;
}

void fake_send(struct fake *f, enum msg_kind kind, struct bytes body, const struct message_id *reply_to,
               const struct key *key)
{
    int64_t now_s = clock_now_s(clock_system()) + f->shift_s;
    struct envelope e = {.version = WIRE_VERSION,
                         .sender = f->id,
                         .recipient = f->agency,
                         .kind = kind,
                         .sent_at_s = now_s,
                         .expires_at_s = now_s + 60,
                         .roster_serial = 1,
                         .policy_serial = 1,
                         .body = body};
    assert_int_equal(name_parse(bytes_str("demo"), &e.deployment), ERR_OK);
    assert_int_equal(random_fill(e.id.b, sizeof e.id.b), ERR_OK);
    if (reply_to != NULL) {
        e.is_reply = true;
        e.in_reply_to = *reply_to;
    }
    struct buf envelope = buf_new(FRAME_MAX_BYTES);
    struct buf frame = buf_new(FRAME_MAX_BYTES);
    struct signature sig;
    assert_int_equal(envelope_encode(&e, &envelope), ERR_OK);
    assert_int_equal(sign_document(SIGN_ENVELOPE, key != NULL ? key : f->signing,
                                   buf_bytes(&envelope), &sig),
                     ERR_OK);
    const struct frame whole = {buf_bytes(&envelope), signature_bytes(&sig)};
    assert_int_equal(frame_encode(&whole, &frame), ERR_OK);
    const enum err bad = link_server_send(f->talks, &f->route, buf_bytes(&frame));
    assert_true(bad == ERR_OK || (bad == ERR_UNREACHABLE && reply_to != NULL)); /* who asked may have been stopped since */
    buf_free(&envelope);
    buf_free(&frame);
}

/* Over the one adoption that the deployment's folder has. */
static struct digest adoptions_digest(const struct fake *f)
{
    struct buf file = buf_new((size_t)1 << 18);
    struct digest d;
    const struct bytes adoption = slurp(&file, f->dir, "trust/bd.adoption");
    assert_int_equal(digest_sha256(&adoption, 1, &d), ERR_OK);
    struct bytes part = digest_bytes(&d);
    struct digest all;
    buf_reset(&file);
    join_list(&file, &part, 1);
    const struct bytes list = buf_bytes(&file);
    assert_int_equal(digest_sha256(&list, 1, &all), ERR_OK);
    buf_free(&file);
    return all;
}

/* No custodian has said anything of an epoch. */
static struct digest states_digest(void)
{
    const struct bytes none = {NULL, 0};
    struct digest d;
    assert_int_equal(digest_sha256(&none, 1, &d), ERR_OK);
    return d;
}

static void answer_hello(struct fake *f, const struct message_id *id)
{
    const struct hello_reply r = {
        .state = f->hello_state,
        .version = WIRE_VERSION,
        .difference = bytes_str(f->difference != NULL ? f->difference : ""),
        .roster_serial = f->roster_serial,
        .policy_serial = f->policy_serial,
        .policy_digest = f->policy_digest,
        .trust = {.adoptions_digest = adoptions_digest(f), .states_digest = states_digest()},
        .now_s = clock_now_s(clock_system()),
        .slot_interval_ms = 500,
        .publish_interval_ms = 250,
        .credit = 4,
        .origin = bytes_str("sluis.example/broker"),
        .lacking = f->lacking,
        .lacking_count = f->lacking_count,
    };
    struct buf body = buf_new((size_t)1 << 16);
    assert_int_equal(hello_reply_encode(&r, &body), ERR_OK);
    fake_send(f, MSG_HELLO_REPLY, buf_bytes(&body), id, NULL);
    buf_free(&body);
}

static void answer_fetch(struct fake *f, const struct letter *l)
{
    struct fetch what;
    struct buf files[5];
    static const char *const names[] = {"trust/policy.yaml", "trust/policy.yaml.jurist.p7s",
                                        "trust/policy.yaml.owner.p7s", "trust/bd.adoption",
                                        "trust/riec-casus-1.deal"};
    static const enum document_kind kinds[] = {DOCUMENT_POLICY, DOCUMENT_POLICY_SIGNATURE,
                                               DOCUMENT_POLICY_SIGNATURE, DOCUMENT_ADOPTION,
                                               DOCUMENT_DEAL};
    struct document documents[5];
    assert_int_equal(fetch_decode(l->envelope.body, l->arena, &what, NULL), ERR_OK);
    size_t count = what.what == DOCUMENT_ROSTER ? 1 : 5;
    for (size_t i = 0; i < count; i++) {
        files[i] = buf_new((size_t)4 << 20);
        const char *name = f->roster_path != NULL ? f->roster_path : "trust/roster.signed";
        documents[i].kind = count == 1 ? DOCUMENT_ROSTER : kinds[i];
        documents[i].content = slurp(&files[i], f->dir, count == 1 ? name : names[i]);
    }
    const struct fetch_reply r = {documents, count};
    struct buf body = buf_new(FRAME_MAX_BYTES);
    assert_int_equal(fetch_reply_encode(&r, &body), ERR_OK);
    fake_send(f, MSG_FETCH_REPLY, buf_bytes(&body), &l->envelope.id, NULL);
    buf_free(&body);
    for (size_t i = 0; i < count; i++)
        buf_free(&files[i]);
}

static void on_message(void *arg, const struct link_message *m)
{
    const struct fake_door *door = arg;
    struct fake *f = door->fake;
    assert_true(f->count < FAKE_LETTERS);
    struct letter *l = &f->letters[f->count++];
    l->frame = buf_new(FRAME_MAX_BYTES);
    l->arena = arena_new((size_t)16 << 20);
    buf_put(&l->frame, m->data);
    struct frame frame;
    assert_int_equal(frame_decode(buf_bytes(&l->frame), l->arena, &frame, NULL), ERR_OK);
    assert_int_equal(envelope_decode(frame.envelope, l->arena, &l->envelope, NULL), ERR_OK);
    if (l->envelope.kind == MSG_HELLO) {
        f->route = m->route; /* what an agent that is gone still had under way comes after this */
        f->talks = door->server;
    }
    if (l->envelope.kind == MSG_HELLO && !f->is_mute)
        answer_hello(f, &l->envelope.id);
    if (l->envelope.kind == MSG_FETCH)
        answer_fetch(f, l);
}

size_t fake_count(const struct fake *f, enum msg_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < f->count; i++)
        n += f->letters[i].envelope.kind == kind;
    return n;
}

const struct letter *fake_letter(const struct fake *f, enum msg_kind kind, size_t n)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->letters[i].envelope.kind == kind && n-- == 0)
            return &f->letters[i];
    return NULL;
}

struct digest fake_accept_at(struct fake *f, const struct letter *l, const struct key *promise_key,
                             int64_t committed_at_s)
{
    struct promise p = {.origin = bytes_str(FAKE_ORIGIN),
                        .message_id = f->promises != NULL ? *f->promises : l->envelope.id,
                        .committed_at_s = committed_at_s};
    p.merge_by_s = p.committed_at_s + 2;
    assert_int_equal(name_parse(bytes_str("demo"), &p.deployment), ERR_OK);
    assert_int_equal(random_fill(p.entry.b, sizeof p.entry.b), ERR_OK);
    struct buf promise = buf_new(4096);
    struct buf body = buf_new(8192);
    struct signature sig;
    assert_int_equal(promise_encode(&p, &promise), ERR_OK);
    assert_int_equal(sign_document(SIGN_PROMISE, promise_key != NULL ? promise_key : f->signing,
                                   buf_bytes(&promise), &sig),
                     ERR_OK);
    const struct accepted a = {buf_bytes(&promise), signature_bytes(&sig), 4};
    assert_int_equal(accepted_encode(&a, &body), ERR_OK);
    fake_send(f, MSG_ACCEPTED, buf_bytes(&body), &l->envelope.id, NULL);
    buf_free(&promise);
    buf_free(&body);
    f->proved = l->envelope.id;
    return p.entry;
}

void fake_accept(struct fake *f, const struct letter *l, const struct key *promise_key)
{
    (void)fake_accept_at(f, l, promise_key, clock_now_s(clock_system()));
}

/* A head of one entry: every entry is told of a log of its own, in which it is the only one. */
static void put_head(struct fake *f, const struct digest *entry, struct buf *note)
{
    struct checkpoint c = {.origin = bytes_str(f->head_origin != NULL ? f->head_origin : FAKE_ORIGIN), .size = 1};
    struct buf text = buf_new(NOTE_MAX_BYTES);
    assert_int_equal(merkle_leaf(digest_sha256, digest_bytes(entry), &c.root), ERR_OK);
    checkpoint_write(&c, &text);
    const struct note_signer signer = {.name = c.origin, .key = f->signs != NULL ? f->signs : f->log};
    assert_int_equal(note_sign(&signer, 1, buf_bytes(&text), note), ERR_OK);
    buf_free(&text);
}

void fake_proof(struct fake *f, uint64_t sequence, const struct digest *entry)
{
    struct buf note = buf_new(NOTE_MAX_BYTES);
    struct buf file = buf_new(PROOF_FILE_MAX_BYTES);
    put_head(f, entry, &note);
    struct buf extra = buf_new(64);
    buf_put(&extra, digest_bytes(entry));
    buf_put(&extra, BYTES_OF_ARRAY(f->proved.b));
    const struct proof_file p = {
        .extra = buf_bytes(&extra), .has_extra = true, .checkpoint = buf_bytes(&note)};
    proof_file_write(&p, &file);
    const struct mail_item item = {sequence, MAIL_PROOF, buf_bytes(&file)};
    fake_mail(f, &item, 1);
    buf_free(&extra);
    buf_free(&note);
    buf_free(&file);
}

void fake_refuse(struct fake *f, const struct letter *l, enum refusal_code code)
{
    const struct refused r = {.code = code, .detail = bytes_str("for the test"),
                              .roster_serial = 1, .policy_serial = 1};
    struct buf body = buf_new(8192);
    assert_int_equal(refused_encode(&r, &body), ERR_OK);
    fake_send(f, MSG_REFUSED, buf_bytes(&body), &l->envelope.id, NULL);
    buf_free(&body);
}

void fake_mail(struct fake *f, const struct mail_item *items, size_t count)
{
    const struct mail m = {.slot = 1, .items = items, .item_count = count};
    struct buf body = buf_new(FRAME_MAX_BYTES);
    assert_int_equal(mail_encode(&m, &body), ERR_OK);
    fake_send(f, MSG_MAIL, buf_bytes(&body), NULL, NULL);
    buf_free(&body);
}

static enum err copy_secret(void *arg, struct bytes view)
{
    memcpy(arg, view.ptr, LINK_KEY_BYTES);
    return ERR_OK;
}

static enum err fill(void *arg, uint8_t secret[LINK_KEY_BYTES])
{
    struct secret *half = NULL;
    enum err e = key_private(arg, &half);
    if (e == ERR_OK)
        e = secret_lend(half, copy_secret, secret);
    secret_free(half);
    return e;
}

static void open_door(struct fake *f, struct fake_door *door, const char *endpoint, struct key *key)
{
    const struct link_server_params p = {.hub = f->hub,
                                         .loop = f->loop,
                                         .endpoint = endpoint,
                                         .secret = {fill, key},
                                         .on_message = on_message,
                                         .arg = door};
    struct errmsg why = {""};
    door->fake = f;
    if (link_server_new(&p, &door->server, &why) != ERR_OK)
        fail_msg("%s", why.text);
}

void fake_open_second(struct fake *f)
{
    CLEANUP(buf_free) struct buf endpoint = buf_new(256);
    (void)slurp(&endpoint, f->dir, "next/endpoint");
    buf_put_u8(&endpoint, 0);
    open_door(f, &f->second, (const char *)endpoint.ptr, f->next_transport);
}

void fake_open_first_anew(struct fake *f, const char *endpoint)
{
    const struct link_server_params p = {.hub = f->hub,
                                         .loop = f->loop,
                                         .endpoint = endpoint,
                                         .secret = {fill, f->next_transport},
                                         .on_message = on_message,
                                         .arg = &f->first};
    struct errmsg why = {""};
    const int64_t end_ms = clock_mono_ms() + 10000;
    while (link_server_new(&p, &f->first.server, &why) != ERR_OK)
        if (clock_mono_ms() > end_ms)
            fail_msg("%s", why.text);
}

void fake_close_door(struct fake_door *door)
{
    link_server_free(door->server);
    door->server = NULL;
}

/* The keys of the deployment, opened once for all tests of a program: each costs a scrypt. */
static struct {
    struct key *signing, *transport, *log, *next_transport, *next_log;
    struct link_key agency; /* the public half of RIEC's transport key */
} kept;

static void keep_agency(const char *dir)
{
    struct key *agency = NULL;
    struct buf file = buf_new(KEYFILE_MAX_BYTES);
    struct secret *pass = secret_new(bytes_str("pass of riec"));
    assert_int_equal(keyfile_open_key(slurp(&file, dir, "riec/keys/transport.key"), pass,
                                      KEY_TYPE_X25519, &agency),
                     ERR_OK);
    assert_int_equal(key_raw_public(agency, kept.agency.b), ERR_OK);
    key_free(agency);
    secret_free(pass);
    buf_free(&file);
}

static void use_keys(struct fake *f)
{
    if (kept.signing == NULL) {
        kept.signing = load_key(f->dir, "broker/keys/signing.key", KEY_TYPE_P256);
        kept.transport = load_key(f->dir, "broker/keys/transport.key", KEY_TYPE_X25519);
        kept.log = load_key(f->dir, "broker/keys/log.key", KEY_TYPE_ED25519);
        kept.next_transport = load_key(f->dir, "broker/keys/transport.next.key", KEY_TYPE_X25519);
        kept.next_log = load_key(f->dir, "broker/keys/log.next.key", KEY_TYPE_ED25519);
        keep_agency(f->dir);
    }
    f->signing = kept.signing;
    f->transport = kept.transport;
    f->log = kept.log;
    f->next_transport = kept.next_transport;
    f->next_log = kept.next_log;
}

static void fake_open(struct fake *f, struct loop *loop, const struct config_agent *config)
{
    f->loop = loop;
    f->hello_state = SESSION_OPEN;
    f->roster_serial = 1;
    f->policy_serial = 1;
    f->agency = config->oin;
    assert_int_equal(agency_id_parse(bytes_str("00000099000000001000"), &f->id), ERR_OK);
    use_keys(f);
    assert_int_equal(link_hub_new(&f->hub), ERR_OK);
    open_door(f, &f->first, config->broker, f->transport);
    assert_int_equal(link_hub_allow(f->hub, &kept.agency, 1), ERR_OK);
}

static void fake_close(struct fake *f)
{
    fake_close_door(&f->first);
    fake_close_door(&f->second);
    link_hub_free(f->hub);
    for (size_t i = 0; i < f->count; i++) {
        buf_free(&f->letters[i].frame);
        arena_free(f->letters[i].arena);
    }
}

static void load_config(struct stage *s)
{
    char path[300];
    snprintf(path, sizeof path, "%s/riec/agent.yaml", s->fake.dir);
    struct buf text = buf_new(CONFIG_MAX_BYTES);
    assert_int_equal(file_read(path, FILE_ANY, &text, NULL), ERR_OK);
    const struct conf_source source = {buf_bytes(&text), path};
    struct errmsg why = {""};
    assert_int_equal(config_agent_load(&source, &s->config, &why), ERR_OK);
    buf_free(&text);
    s->config->service.store = s->store;
    /* A roster of its own: the agent replaces it by what it accepts. */
    snprintf(s->roster, sizeof s->roster, "%s.roster", s->store);
    struct buf roster = buf_new((size_t)4 << 20);
    assert_int_equal(file_write(s->roster, slurp(&roster, s->fake.dir, "trust/roster.signed"), 0600,
                                NULL),
                     ERR_OK);
    buf_free(&roster);
    s->config->trust.roster = s->roster;
    s->config->trust.audit_policy = s->audit_policy;
    s->config->mirror = s->mirror;
}

static int64_t shifted_ms(void *arg)
{
    const struct stage *s = arg;
    return clock_now_ms(clock_system()) + s->shift_s * 1000;
}

static void start_agent(struct stage *s)
{
    s->clock = (struct clock){shifted_ms, s};
    const struct agent_params p = {s->config, s->parts, s->loop, &s->clock};
    struct errmsg why = {""};
    if (agent_new(&p, &s->agent, &why) != ERR_OK || agent_start(s->agent, &why) != ERR_OK)
        fail_msg("agent: %s", why.text);
}

void stage_open(struct stage *s, const char *dir, const struct agent_part *const *parts)
{
    enum err heap = secret_init();
    assert_true(heap == ERR_OK || heap == ERR_PERMISSION);
    s->parts = parts;
    snprintf(s->fake.dir, sizeof s->fake.dir, "%s", dir);
    snprintf(s->store, sizeof s->store, "%s/store-XXXXXX", dir);
    assert_non_null(mkdtemp(s->store));
    load_config(s);
    assert_int_equal(loop_new(&s->loop), ERR_OK);
    fake_open(&s->fake, s->loop, s->config);
    start_agent(s);
    s->fake.policy_digest = *view_policy_digest(s->agent->view);
}

void stage_close(struct stage *s)
{
    agent_free(s->agent);
    fake_close(&s->fake);
    loop_free(s->loop);
    config_agent_free(s->config);
    memset(s, 0, sizeof *s);
}

void stage_restart(struct stage *s)
{
    agent_free(s->agent);
    s->agent = NULL;
    start_agent(s);
}

bool stage_evidence(struct stage *s, struct arena *a, struct evidence *out)
{
    return stage_evidence_of(s, "sluis.example/broker", a, out);
}

bool stage_evidence_of(struct stage *s, const char *origin, struct arena *a, struct evidence *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    assert_int_equal(kv_read_begin(s->agent->kv, &txn), ERR_OK);
    return evidence_get(s->agent->store, txn, bytes_str(origin), a, out) == ERR_OK;
}

bool stage_until(struct stage *s, bool (*is_so)(struct stage *s), int ms)
{
    int64_t end = clock_mono_ms() + ms;
    while (!is_so(s) && clock_mono_ms() < end)
        assert_int_equal(loop_turn(s->loop, 10), ERR_OK);
    return is_so(s);
}

static bool never(struct stage *s)
{
    (void)s;
    return false;
}

void stage_turn(struct stage *s, int ms)
{
    stage_until(s, never, ms);
}

static bool is_open(struct stage *s)
{
    return session_is_open(s->agent->session);
}

void stage_until_open(struct stage *s)
{
    assert_true(stage_until(s, is_open, 10000));
}
