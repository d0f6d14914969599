#include "tests/support/broker_rig.h"

#include <unistd.h>

#include "broker/audit.h"
#include "broker/keys.h"
#include "broker/mailboxes.h"
#include "broker/sessions.h"
#include "broker/store/store.h"
#include "broker/trusted.h"
#include "broker/vaults.h"
#include "pki/keyfile.h"
#include "pki/sign.h"
#include "pki/unlock.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/host/kv.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"

#include <fcntl.h>

#define AWAIT_TURNS 2000

static const struct peer_route route = {.endpoint = 0};

static int64_t wall_ms(void *arg)
{
    const struct rig *r = arg;
    return clock_now_ms(clock_system()) + r->ahead_s * 1000;
}

static void read_config(struct rig *r, const char *store)
{
    char path[RIG_PATH + 32];
    struct errmsg why = {""};
    snprintf(path, sizeof path, "%s/broker/broker.yaml", r->dir);
    struct buf text CLEANUP(buf_free) = buf_new(1u << 20);
    MUST(file_read(path, FILE_ANY, &text, &why) == ERR_OK);
    const struct conf_source src = {.text = buf_bytes(&text), .path = path};
    if (config_broker_load(&src, &r->config, &why) != ERR_OK) {
        fprintf(stderr, "%s\n", why.text);
        exit(1);
    }
    r->config->service.store = store;
}

static void read_signing(struct rig *r, const char *folder)
{
    char path[RIG_PATH + 128];
    struct secret *pass CLEANUP(cleanup_secret_free) = NULL;
    snprintf(path, sizeof path, "%s/%s/passphrase", r->dir, folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    MUST(fd >= 0 && unlock_passphrase(fd, &pass, NULL) == ERR_OK);
    close(fd);
    struct buf file CLEANUP(buf_free) = buf_new(1u << 16);
    snprintf(path, sizeof path, "%s/%s/keys/signing.key", r->dir, folder);
    MUST(file_read(path, FILE_ANY, &file, NULL) == ERR_OK);
    MUST(keyfile_open_key(buf_bytes(&file), pass, KEY_TYPE_P256, &r->signing) == ERR_OK);
}

static void open_disk(struct rig *r)
{
    struct broker *b = &r->b;
    const struct kv_params kp = {.dir = r->config->service.store, .map_bytes = UINT64_C(4) << 30};
    MUST(kv_open(&kp, &b->kv, NULL) == ERR_OK);
    MUST(store_new(b->kv, &b->store, NULL) == ERR_OK);
    const struct writer_params wp = {.kv = b->kv, .loop = b->loop};
    MUST(writer_new(&wp, &b->writer) == ERR_OK);
    MUST(worker_new(b->loop, 2, 256, &b->workers) == ERR_OK);
}

static void open_records(struct rig *r)
{
    struct broker *b = &r->b;
    struct errmsg why = {""};
    MUST(keys_load(&r->config->service, &b->keys, &why) == ERR_OK);
    MUST(vaults_new(b->keys->storage, 1, &b->vaults) == ERR_OK);
    const struct audit_params audit = {.store = b->store,
                                       .records = b->vaults->records,
                                       .deployment = r->config->deployment,
                                       .origin = r->config->origin,
                                       .publish_interval_ms = r->config->publish_interval_ms};
    const struct mailboxes_params mail = {.store = b->store,
                                          .broker = b,
                                          .mail = b->vaults->mail,
                                          .max_messages = r->config->mailbox_messages,
                                          .max_bytes = r->config->mailbox_bytes};
    MUST(audit_new(&audit, &b->audit) == ERR_OK);
    MUST(mailboxes_new(&mail, &b->mailboxes) == ERR_OK);
    if (trusted_start(b, NULL, &why) != ERR_OK) {
        fprintf(stderr, "%s\n", why.text);
        exit(1);
    }
}

static enum err take_answer(void *arg, const struct peer_route *to, struct bytes data)
{
    struct rig *r = arg;
    struct frame f;
    MUST(peer_route_equal(to, &route));
    if (r->answered)
        return ERR_OK;
    arena_reset(r->arena);
    struct bytes copy = arena_copy(r->arena, data);
    MUST(frame_decode(copy, r->arena, &f, NULL) == ERR_OK);
    MUST(envelope_decode(f.envelope, r->arena, &r->answer, NULL) == ERR_OK);
    MUST(sign_verify(SIGN_ENVELOPE, view_signing_key(r->b.view, &r->answer.sender), f.envelope,
                     f.signature) == ERR_OK);
    r->answered =
        bytes_equal(BYTES_OF_ARRAY(r->answer.in_reply_to.b), BYTES_OF_ARRAY(r->awaited.b));
    return ERR_OK;
}

void rig_open(struct rig *r, const struct rig_params *p)
{
    struct broker *b = &r->b;
    struct errmsg why = {""};
    snprintf(r->dir, sizeof r->dir, "%s", p->dir);
    MUST(agency_id_parse(bytes_str(p->oin), &r->agency) == ERR_OK);
    read_config(r, p->store);
    read_signing(r, p->folder);
    r->clock = (struct clock){wall_ms, r};
    r->arena = arena_new((size_t)16 << 20);
    b->config = r->config;
    b->clock = &r->clock;
    MUST(r->arena != NULL && loop_new(&b->loop) == ERR_OK);
    open_disk(r);
    open_records(r);
    const struct turns_params tp = {.broker = b,
                                    .handlers = p->handlers,
                                    .handler_count = p->handler_count,
                                    .send = take_answer,
                                    .arg = r};
    b->sessions = sessions_new();
    b->turns = turns_new(&tp);
    MUST(b->sessions != NULL && b->turns != NULL);
    for (size_t i = 0; i < p->part_count; i++) {
        if (p->parts[i]->start(b, &why) != ERR_OK) {
            fprintf(stderr, "%s\n", why.text);
            exit(1);
        }
    }
    const struct roster_member *member = roster_member_of(view_roster(b->view), &r->agency);
    MUST(member != NULL && sessions_begin(b->sessions, member, &route, SESSION_OPEN) == ERR_OK);
}

void rig_close(struct rig *r, const struct rig_params *p)
{
    struct broker *b = &r->b;
    worker_free(b->workers);
    b->workers = NULL;
    writer_free(b->writer);
    for (size_t i = p->part_count; i-- > 0;)
        p->parts[i]->stop(b);
    turns_free(b->turns);
    sessions_free(b->sessions);
    mailboxes_free(b->mailboxes);
    audit_free(b->audit);
    vaults_free(b->vaults);
    trusted_stop(b);
    store_free(b->store);
    kv_free(b->kv);
    keys_free(b->keys);
    loop_free(b->loop);
    key_free(r->signing);
    arena_free(r->arena);
    config_broker_free(r->config);
    *r = (struct rig){.ahead_s = r->ahead_s};
}

void rig_frame(struct rig *r, enum msg_kind kind, struct bytes body, const struct message_id *id,
               struct buf *out)
{
    int64_t now = clock_now_s(&r->clock);
    struct envelope e = {.deployment = r->config->deployment,
                         .version = WIRE_VERSION,
                         .sender = r->agency,
                         .recipient = r->config->oin,
                         .kind = kind,
                         .sent_at_s = now,
                         .expires_at_s = now + 3600,
                         .roster_serial = view_roster(r->b.view)->serial,
                         .policy_serial = view_policy(r->b.view)->serial,
                         .body = body};
    e.id = *id;
    struct buf envelope CLEANUP(buf_free) = buf_new(FRAME_MAX_BYTES);
    MUST(envelope_encode(&e, &envelope) == ERR_OK);
    struct signature s;
    MUST(sign_document(SIGN_ENVELOPE, r->signing, buf_bytes(&envelope), &s) == ERR_OK);
    const struct frame f = {buf_bytes(&envelope), signature_bytes(&s)};
    MUST(frame_encode(&f, out) == ERR_OK);
}

void rig_expect(struct rig *r, const struct message_id *id)
{
    r->awaited = *id;
    r->answered = false;
}

void rig_give(struct rig *r, struct bytes frame)
{
    const struct roster_member *m = view_member(r->b.view, &r->agency, clock_now_s(&r->clock));
    MUST(m != NULL);
    struct wire_message w = {.route = route, .data = frame};
    memcpy(w.peer.b, m->curve.b, sizeof w.peer.b);
    turns_receive(r->b.turns, &w);
}

void rig_await(struct rig *r)
{
    for (int i = 0; !r->answered && i < AWAIT_TURNS; i++)
        MUST(loop_turn(r->b.loop, 10) == ERR_OK);
    MUST(r->answered);
}

bool rig_turn(struct rig *r, int ms)
{
    int64_t until = clock_mono_ms() + ms;
    while (clock_mono_ms() < until)
        MUST(loop_turn(r->b.loop, 5) == ERR_OK);
    return r->answered;
}
