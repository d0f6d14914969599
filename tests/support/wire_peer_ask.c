/* A request made without asking the policy; for wire_peer. */
#include "agent/keys.h"
#include "pki/agency_half.h"
#include "pki/digest.h"
#include "pki/keyfile.h"
#include "pki/random.h"
#include "pki/sign.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/ident/ident.h"
#include "proto/log/merkle.h"
#include "proto/msg/leaf.h"
#include "proto/msg/request.h"
#include "tests/support/wire_peer.h"

#define TREE 8

static struct secret *read_passphrase(const char *path)
{
    CLEANUP(buf_free) struct buf text = buf_new(1024);
    struct errmsg why = {""};
    enum err e = file_read(path, FILE_ANY, &text, &why);
    if (e != ERR_OK)
        peer_die(path, e, &why);
    size_t n = text.len;
    while (n > 0 && text.ptr[n - 1] == '\n')
        n--;
    return secret_new(bytes_of(text.ptr, n));
}

struct key *peer_open_officer(const struct peer *p)
{
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    CLEANUP(cleanup_secret_free) struct secret *pass = read_passphrase(p->passphrase);
    struct errmsg why = {""};
    struct key *k = NULL;
    enum err e = file_read(p->key, FILE_ANY, &file, &why);
    if (e != ERR_OK)
        peer_die(p->key, e, &why);
    peer_must("officer's key", keyfile_open_key(buf_bytes(&file), pass, KEY_TYPE_P256, &k));
    return k;
}

const struct key *peer_officer(struct peer *p)
{
    if (p->officer == NULL)
        p->officer = peer_open_officer(p);
    return p->officer;
}

struct question {
    struct request_identifier id;
    struct digest leaves[TREE];
    struct digest root;
    uint8_t sealed[4096];
};

static void plant(const struct peer *p, struct question *q)
{
    const struct purpose_key *k = agent_keys_purpose(p->keys, 0);
    const enum ident_type type = p->type != IDENT_NONE ? p->type : IDENT_BSN;
    q->id = (struct request_identifier){.position = 3, .type = type};
    const struct agency_half_input in = {.type = type,
                                         .norm_version = ident_norm_version(type),
                                         .canonical = bytes_str(p->bsn)};
    peer_must("inner", agency_half_inner(k->for_loop, &in, &q->id.inner));
    peer_must("salt", random_fill(q->id.salt.b, sizeof q->id.salt.b));
    peer_must("sealed", random_fill(q->sealed, sizeof q->sealed));
    for (size_t i = 0; i < TREE; i++)
        peer_must("padding", random_fill(q->leaves[i].b, sizeof q->leaves[i].b));
    struct subject_leaf_parts parts = {.salt = q->id.salt, .type = type, .inner = q->id.inner};
    const struct bytes sealed = BYTES_OF_ARRAY(q->sealed);
    peer_must("digest", digest_sha256(&sealed, 1, &parts.sealed_digest));
    peer_must("leaf", leaf_subject(digest_sha256, &parts, &q->leaves[3]));
    peer_must("root", merkle_root(digest_sha256, q->leaves, TREE, &q->root));
}

void peer_fill_header(struct peer *p, struct request_header *h, struct name *field)
{
    const struct purpose_key *k = agent_keys_purpose(p->keys, 0);
    int64_t now_s = clock_now_s(clock_system());
    *h = (struct request_header){.deployment = p->config->deployment,
                                 .requester = p->config->oin,
                                 .rule_version = 1,
                                 .policy_digest = *view_policy_digest(p->view),
                                 .roster_serial = view_roster(p->view)->serial,
                                 .purpose = k->purpose,
                                 .epoch = k->epoch,
                                 .suite = SUITE_HK1,
                                 .issued_at_s = now_s,
                                 .deadline_s = now_s + (p->life_s > 0 ? p->life_s : 60),
                                 .case_worker = {.s = "0123456789abcdef"},
                                 .case_state = {.s = "work_up_1"},
                                 .process = {.s = "case_release"},
                                 .fields = field,
                                 .field_count = 1};
    peer_must("holder", agency_id_parse(bytes_str(p->holder), &h->holder));
    peer_must("behalf", agency_id_parse(bytes_str(p->behalf), &h->on_behalf_of));
    peer_must("rule", name_parse(bytes_str(p->rule), &h->rule));
    peer_must("field", name_parse(bytes_str(p->field), field));
    peer_must("id", random_fill(h->request_id.b, sizeof h->request_id.b));
    peer_must("case", random_fill(h->case_id.b, sizeof h->case_id.b));
}

void peer_put_request(struct peer *p, struct request_message *m, struct letter *l)
{
    struct name staff;
    struct signature worker;
    struct signature agency;
    peer_must("staff", name_parse(bytes_str(p->staff), &staff));
    const struct roster_officer *o = roster_officer_of(view_roster(p->view), &p->config->oin, &staff);
    if (o == NULL)
        peer_die("staff", ERR_NOT_FOUND, NULL);
    peer_must("sign", sign_document(SIGN_REQUEST, peer_officer(p), m->header, &worker));
    peer_must("sign", sign_document(SIGN_REQUEST, agent_keys_signing(p->keys), m->header, &agency));
    m->worker_signature = signature_bytes(&worker);
    m->worker_fingerprint = o->cert.fingerprint;
    m->agency_signature = signature_bytes(&agency);
    buf_reset(&l->body);
    peer_must("request", request_message_encode(m, &l->body));
    peer_address(p, l, MSG_REQUEST);
}

static void make_header(struct peer *p, const struct question *q, struct buf *out)
{
    struct request_header h;
    struct name field;
    peer_fill_header(p, &h, &field);
    h.subject_root = q->root;
    if (p->change != NULL)
        p->change(&h);
    peer_must("header", request_header_encode(&h, out));
    if (p->spoil != NULL)
        p->spoil(out);
}

void peer_fill_request(struct peer *p, struct letter *l)
{
    struct question q;
    CLEANUP(buf_free) struct buf header = buf_new(FRAME_MAX_BYTES);
    plant(p, &q);
    make_header(p, &q, &header);
    struct digest padding[TREE - 1];
    for (size_t i = 0, n = 0; i < TREE; i++)
        if (i != q.id.position)
            padding[n++] = q.leaves[i];
    const struct bytes sealed = BYTES_OF_ARRAY(q.sealed);
    struct request_message m = {.header = buf_bytes(&header),
                                .sealed_parts = &sealed,
                                .group_count = 1,
                                .identifiers = &q.id,
                                .identifier_count = 1,
                                .padding = padding,
                                .padding_count = TREE - 1};
    peer_put_request(p, &m, l);
}
