/* A holder that does with each question what a list says, with one agency's keys: it contributes one record for
 * every line "BSN CLASS RECORDS" of standard input, says "ready", and then answers its mail until SIGTERM.
 *   hit      takes the notice and does nothing
 *   refused  refuses at once
 *   expired  refuses a second after the deadline, when the broker takes it no more
 *   hidden   as hit; its records are more than the rule lets one question hit
 * Prints at its end what came of it. usage: outcome_holder AGENT.YAML STAFF KEY PASSPHRASE RULE CATEGORY */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/keys.h"
#include "pki/agency_half.h"
#include "pki/digest.h"
#include "pki/random.h"
#include "pki/sign.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/host/link.h"
#include "proto/host/loop.h"
#include "proto/ident/ident.h"
#include "proto/log/merkle.h"
#include "proto/msg/batch.h"
#include "proto/msg/consent.h"
#include "proto/msg/leaf.h"
#include "proto/msg/mail.h"
#include "proto/msg/reply.h"
#include "proto/msg/request.h"
#include "tests/support/wire_peer.h"

#define RECORDS_MAX 20000u
#define LATE_MAX 4096u
#define LATE_MS 1000
#define SETTLE_LIFE_DAYS 100

enum class { CLASS_MISS, CLASS_HIT, CLASS_REFUSED, CLASS_EXPIRED, CLASS_HIDDEN, CLASS_COUNT };
static const char *const class_names[CLASS_COUNT] = {"miss", "hit", "refused", "expired",
                                                     "hidden"};

struct held_record {
    enum class class;
    struct batch_record row;
    struct batch_token token;
    struct digest leaf;
};

/* A settlement that waits until it is too late. */
struct late {
    int64_t at_ms;
    struct buf body;
};

struct holder {
    struct peer p;
    struct held_record *records;
    size_t count;
    struct name rule, category;
    struct batch_id batch;
    struct digest *leaves;
    struct late late[LATE_MAX];
    size_t late_count;
    uint64_t up_to;
    struct arena *arena;
    size_t hits[CLASS_COUNT];
    size_t sent, accepted, refused, too_late;
};

static volatile sig_atomic_t stopping;

static void on_term(int signo)
{
    (void)signo;
    stopping = 1;
}

/* ---- contribution ---- */

static void add_record(struct holder *h, const char *bsn, enum class class)
{
    const struct purpose_key *k = agent_keys_purpose(h->p.keys, 0);
    if (h->count == RECORDS_MAX)
        peer_die("records", ERR_TOO_LARGE, NULL);
    struct held_record *r = &h->records[h->count];
    const struct agency_half_input in = {.type = IDENT_BSN,
                                         .norm_version = ident_norm_version(IDENT_BSN),
                                         .canonical = bytes_str(bsn)};
    r->class = class;
    r->token.type = IDENT_BSN;
    r->row = (struct batch_record){
        .token_count = 1,
        .expires_day = (uint32_t)when_day(clock_now_s(clock_system())) + SETTLE_LIFE_DAYS,
        .first_token = (uint32_t)h->count};
    peer_must("inner", agency_half_inner(k->for_loop, &in, &r->token.inner));
    peer_must("salt", random_fill(r->token.salt.b, sizeof r->token.salt.b));
    peer_must("handle", random_fill(r->row.handle.b, sizeof r->row.handle.b));
    peer_must("root", random_fill(r->row.field_root.b, sizeof r->row.field_root.b));
    h->count++;
}

static void read_records(struct holder *h)
{
    char bsn[16];
    char name[16];
    unsigned records = 0;
    while (scanf("%15s %15s %u", bsn, name, &records) == 3) {
        size_t c = 0;
        while (c < CLASS_COUNT && strcmp(name, class_names[c]) != 0)
            c++;
        if (c == CLASS_COUNT)
            peer_die(name, ERR_UNKNOWN, NULL);
        for (unsigned i = 0; i < records; i++)
            add_record(h, bsn, (enum class)c);
    }
}

static void make_leaves(struct holder *h, const struct rule_set *rules, struct digest *root)
{
    h->leaves = calloc(h->count, sizeof *h->leaves);
    if (h->leaves == NULL)
        peer_die("leaves", ERR_NOMEM, NULL);
    for (size_t i = 0; i < h->count; i++) {
        const struct held_record *r = &h->records[i];
        struct digest token;
        struct record_leaf_parts parts = {.handle = r->row.handle,
                                          .rules = rules,
                                          .category = h->category,
                                          .expires_day = r->row.expires_day,
                                          .field_root = r->row.field_root};
        peer_must("token", leaf_token(digest_sha256, &r->token.salt, r->token.type,
                                      &r->token.inner, &token));
        peer_must("root", merkle_root(digest_sha256, &token, 1, &parts.token_root));
        peer_must("leaf", leaf_record(digest_sha256, &parts, &h->leaves[i]));
        h->records[i].leaf = h->leaves[i];
    }
    peer_must("root", merkle_root(digest_sha256, h->leaves, h->count, root));
}

static void make_header(struct holder *h, const struct digest *root, struct buf *out)
{
    const struct purpose_key *k = agent_keys_purpose(h->p.keys, 0);
    struct batch_header b = {.deployment = h->p.config->deployment,
                             .agency = h->p.config->oin,
                             .purpose = k->purpose,
                             .epoch = k->epoch,
                             .suite = SUITE_HK1,
                             .policy_digest = *view_policy_digest(h->p.view),
                             .sequence = 1,
                             .kind = BATCH_ADD,
                             .record_count = (uint32_t)h->count,
                             .token_count = (uint32_t)h->count,
                             .root = *root,
                             .mode = IMPORT_MODE_DELTA,
                             .issued_at_s = clock_now_s(clock_system())};
    b.norm_versions[IDENT_BSN] = ident_norm_version(IDENT_BSN);
    peer_must("id", random_fill(h->batch.b, sizeof h->batch.b));
    peer_must("id", random_fill(b.import_id.b, sizeof b.import_id.b));
    b.batch_id = h->batch;
    peer_must("batch", batch_header_encode(&b, out));
}

static void send_letter(struct holder *h, struct letter *l, enum msg_kind kind)
{
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    peer_address(&h->p, l, kind);
    peer_make_frame(&h->p, l, &frame);
    peer_must("send", link_client_send(h->p.client, buf_bytes(&frame)));
}

static void send_chunk(struct holder *h, const struct rule_set *rules)
{
    struct batch_record *rows = calloc(h->count, sizeof *rows);
    struct batch_token *tokens = calloc(h->count, sizeof *tokens);
    if (rows == NULL || tokens == NULL)
        peer_die("chunk", ERR_NOMEM, NULL);
    for (size_t i = 0; i < h->count; i++) {
        rows[i] = h->records[i].row;
        tokens[i] = h->records[i].token;
    }
    const struct batch_chunk c = {.batch_id = h->batch,
                                  .rule_sets = rules,
                                  .rule_set_count = 1,
                                  .categories = &h->category,
                                  .category_count = 1,
                                  .records = rows,
                                  .record_count = h->count,
                                  .tokens = tokens,
                                  .token_count = h->count};
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    peer_must("chunk", batch_chunk_encode(&c, &l.body));
    send_letter(h, &l, MSG_BATCH_CHUNK);
    buf_free(&l.body);
    free(rows);
    free(tokens);
}

static void contribute(struct holder *h)
{
    const struct rule_set rules = {&h->rule, 1};
    struct digest root;
    CLEANUP(buf_free) struct buf header = buf_new(8192);
    struct signature s;
    make_leaves(h, &rules, &root);
    make_header(h, &root, &header);
    peer_must("sign", sign_document(SIGN_BATCH, agent_keys_signing(h->p.keys), buf_bytes(&header),
                                    &s));
    const struct batch_message m = {buf_bytes(&header), signature_bytes(&s), 1};
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    peer_must("batch", batch_message_encode(&m, &l.body));
    send_letter(h, &l, MSG_BATCH);
    h->p.waiting = l.e.id;
    h->p.answered = false;
    buf_free(&l.body);
    send_chunk(h, &rules);
    peer_wait(&h->p, &h->p.answered, NULL, PEER_ANSWER_MS);
    struct frame f;
    struct envelope e;
    if (!h->p.answered)
        peer_die("batch", ERR_UNREACHABLE, NULL);
    arena_reset(h->arena);
    peer_must("frame", frame_decode(buf_bytes(&h->p.answer), h->arena, &f, NULL));
    peer_must("envelope", envelope_decode(f.envelope, h->arena, &e, NULL));
    if (e.kind != MSG_ACCEPTED)
        peer_die("the batch was refused", ERR_STATE, NULL);
}

/* ---- decisions ---- */

static const struct held_record *find_record(const struct holder *h, const struct handle *handle)
{
    for (size_t i = 0; i < h->count; i++)
        if (memcmp(h->records[i].row.handle.b, handle->b, sizeof handle->b) == 0)
            return &h->records[i];
    return NULL;
}

static void fill_consent(const struct holder *h, const struct hit_notice *n,
                         const struct request_header *q, const struct held_record *r,
                         struct consent *c)
{
    const struct roster_member *to = roster_member_of(view_roster(h->p.view), &q->requester);
    *c = (struct consent){.deployment = q->deployment,
                          .decision = CONSENT_REFUSE,
                          .code = bytes_str("niet_noodzakelijk"),
                          .requester = q->requester,
                          .requester_sealing = to->sealing.fingerprint,
                          .rule = q->rule,
                          .rule_version = q->rule_version,
                          .policy_digest = q->policy_digest,
                          .roster_serial = q->roster_serial,
                          .purpose = q->purpose,
                          .epoch = q->epoch,
                          .handle = n->handle,
                          .record_leaf = r->leaf,
                          .signed_at_s = clock_now_s(clock_system()),
                          .not_after_s = q->deadline_s,
                          .group = n->group};
    peer_must("header", digest_sha256(&n->header, 1, &c->header_digest));
    peer_must("staff", name_parse(bytes_str("fedcba9876543210"), &c->staff));
    peer_must("function", name_parse(bytes_str("release_officer"), &c->function));
    peer_must("nonce", random_fill(c->nonce.b, sizeof c->nonce.b));
}

static void make_settle(struct holder *h, const struct hit_notice *n,
                        const struct request_header *q, const struct held_record *r,
                        struct buf *out)
{
    struct consent c;
    struct signature s;
    struct merkle_hashes path;
    struct name staff;
    CLEANUP(buf_free) struct buf bytes = buf_new(8192);
    const size_t at = (size_t)(r - h->records);
    fill_consent(h, n, q, r, &c);
    peer_must("consent", consent_encode(&c, &bytes));
    peer_must("sign", sign_document(SIGN_CONSENT, peer_officer(&h->p), buf_bytes(&bytes), &s));
    peer_must("path", merkle_path_make(digest_sha256, h->leaves, h->count, at, &path));
    peer_must("staff", name_parse(bytes_str(h->p.staff), &staff));
    const struct roster_officer *o =
        roster_officer_of(view_roster(h->p.view), &h->p.config->oin, &staff);
    if (o == NULL)
        peer_die("staff", ERR_NOT_FOUND, NULL);
    const struct settle settle = {
        .consents = {{buf_bytes(&bytes), signature_bytes(&s), o->cert.fingerprint}},
        .consent_count = 1,
        .batch_id = h->batch,
        .leaf_path = merkle_path_of(at, h->count, &path)};
    peer_must("settle", settle_encode(&settle, out));
}

static void send_settle(struct holder *h, struct buf *body)
{
    struct letter l = {.body = *body};
    send_letter(h, &l, MSG_SETTLE);
    buf_free(&l.body);
    h->sent++;
}

static void on_hit(struct holder *h, struct bytes content)
{
    struct hit_notice n;
    struct request_header q;
    peer_must("notice", hit_notice_decode(content, h->arena, &n, NULL));
    peer_must("header", request_header_decode(n.header, h->arena, &q, NULL));
    const struct held_record *r = find_record(h, &n.handle);
    if (r == NULL)
        peer_die("a hit on no record", ERR_NOT_FOUND, NULL);
    if (clock_now_s(clock_system()) >= q.deadline_s)
        return; /* a busy machine: it is over before it could be decided */
    h->hits[r->class]++;
    if (r->class != CLASS_REFUSED && r->class != CLASS_EXPIRED)
        return;
    struct buf body = buf_new(FRAME_MAX_BYTES);
    make_settle(h, &n, &q, r, &body);
    if (r->class == CLASS_REFUSED) {
        send_settle(h, &body);
        return;
    }
    if (h->late_count == LATE_MAX)
        peer_die("late", ERR_TOO_LARGE, NULL);
    h->late[h->late_count++] = (struct late){q.deadline_s * 1000 + LATE_MS, body};
}

static void send_late(struct holder *h)
{
    const int64_t now_ms = clock_now_ms(clock_system());
    size_t left = 0;
    for (size_t i = 0; i < h->late_count; i++) {
        if (h->late[i].at_ms <= now_ms)
            send_settle(h, &h->late[i].body);
        else
            h->late[left++] = h->late[i];
    }
    h->late_count = left;
}

static void on_mail(struct holder *h, const struct envelope *e)
{
    struct mail m;
    peer_must("mail", mail_decode(e->body, h->arena, &m, NULL));
    for (size_t i = 0; i < m.item_count; i++)
        if (m.items[i].sequence > h->up_to && m.items[i].kind == MAIL_HIT)
            on_hit(h, m.items[i].content);
    if (m.item_count == 0 || m.items[m.item_count - 1].sequence <= h->up_to)
        return;
    h->up_to = m.items[m.item_count - 1].sequence;
    const struct mail_ack ack = {.up_to = h->up_to};
    struct letter l = {.body = buf_new(4096)};
    peer_must("ack", mail_ack_encode(&ack, &l.body));
    send_letter(h, &l, MSG_MAIL_ACK);
    buf_free(&l.body);
}

static void on_settled(struct holder *h, const struct envelope *e)
{
    struct refused r;
    if (e->kind == MSG_ACCEPTED) {
        h->accepted++;
        return;
    }
    peer_must("refusal", refused_decode(e->body, h->arena, &r, NULL));
    if (r.code == REFUSED_DEADLINE)
        h->too_late++;
    else
        fprintf(stderr, "outcome_holder: %s: %.*s\n", refusal_code_id(r.code), (int)r.detail.len,
                (const char *)r.detail.ptr);
    h->refused++;
}

static void on_other(void *arg, const struct envelope *e, size_t bytes)
{
    struct holder *h = arg;
    (void)bytes;
    arena_reset(h->arena);
    if (e->is_reply && (e->kind == MSG_ACCEPTED || e->kind == MSG_REFUSED))
        on_settled(h, e);
    else if (e->kind == MSG_MAIL)
        on_mail(h, e);
}

/* Until SIGTERM, and then until what is too late has been said too. */
static void serve(struct holder *h)
{
    const struct sigaction action = {.sa_handler = on_term};
    if (sigaction(SIGTERM, &action, NULL) != 0)
        peer_die("signal", ERR_IO, NULL);
    printf("ready\n");
    fflush(stdout);
    while (!stopping || h->late_count > 0 || h->accepted + h->refused < h->sent) {
        peer_must("loop", loop_turn(h->p.loop, 50));
        send_late(h);
    }
}

int main(int argc, char **argv)
{
    if (argc != 7 || secret_init() == ERR_NOMEM)
        return 64;
    struct holder *h = calloc(1, sizeof *h);
    if (h == NULL)
        return 1;
    h->p = (struct peer){.on_other = on_other, .arg = h, .staff = argv[2], .key = argv[3],
                         .passphrase = argv[4]};
    h->records = calloc(RECORDS_MAX, sizeof *h->records);
    h->arena = arena_new((size_t)32 << 20);
    if (h->records == NULL || h->arena == NULL)
        return 1;
    peer_must("rule", name_parse(bytes_str(argv[5]), &h->rule));
    peer_must("category", name_parse(bytes_str(argv[6]), &h->category));
    peer_open(&h->p, argv[1]);
    read_records(h);
    (void)peer_officer(&h->p);
    if (!peer_dial(&h->p))
        peer_die("dial", ERR_UNREACHABLE, NULL);
    peer_greet(&h->p);
    contribute(h);
    serve(h);
    printf("{\"hits\": {");
    for (size_t c = CLASS_HIT; c < CLASS_COUNT; c++)
        printf("%s\"%s\": %zu", c > CLASS_HIT ? ", " : "", class_names[c], h->hits[c]);
    printf("}, \"accepted\": %zu, \"too_late\": %zu, \"refused\": %zu}\n", h->accepted,
           h->too_late, h->refused);
    peer_close(&h->p);
    free(h->leaves);
    free(h->records);
    arena_free(h->arena);
    free(h);
    return 0;
}
