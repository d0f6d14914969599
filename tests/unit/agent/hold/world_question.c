/* Questions of a requester, signed and sealed. */
#include "tests/unit/agent/hold/world.h"

#include "pki/digest.h"
#include "pki/seal.h"
#include "proto/log/merkle.h"
#include "proto/msg/leaf.h"

static struct name name_of(const char *s)
{
    struct name n;
    assert_int_equal(name_parse(bytes_str(s), &n), ERR_OK);
    return n;
}

void question_new(struct world *w, struct question *q)
{
    *q = (struct question){.agency = &w->signing[P_RIEC], .worker = &w->officer[O_RIEC],
                           .sealer = &w->signing[P_RIEC], .sealed_to = &w->sealing[P_UWV],
                           .handle = w->record.handle, .matched = {1}, .matched_count = 1};
    q->fields[0] = name_of("openstaande_schuld"); /* another holder's */
    q->fields[1] = name_of("soort_uitkering");
    q->fields[2] = name_of("werkgever");
    q->header = (struct request_header){
        .deployment = {"demo"}, .requester = w->members[P_RIEC].id, .holder = w->members[P_UWV].id,
        .rule = name_of("riec.casus.verstrekking"), .rule_version = 1,
        .policy_digest = *view_policy_digest(w->view), .roster_serial = 7,
        .case_worker = name_of("0123456789abcdef"), .fields = q->fields, .field_count = 3,
        .purpose = w->purpose, .epoch = 1, .suite = SUITE_HK1, .issued_at_s = FIX_NOW + 90,
        .deadline_s = FIX_NOW + 390, .case_state = name_of("work_up_1"),
        .process = name_of("case_release")};
    assert_int_equal(agency_id_parse(bytes_str("00000099000000006000"), &q->header.on_behalf_of),
                     ERR_OK);
    memset(q->header.request_id.b, 0x11, sizeof q->header.request_id.b);
    memset(q->header.case_id.b, 0x22, sizeof q->header.case_id.b);
    q->sealed = (struct sealed_part){
        .deployment = {"demo"}, .request_id = q->header.request_id, .holder = w->members[P_UWV].id,
        .necessity = bytes_str("De uitkering bepaalt of de gemelde inkomsten legaal kunnen zijn."),
        .control_name = bytes_str("Pieter Jansen"), .control_birth_date = bytes_str("1980-01-01"),
        .concrete_signal = bytes_str("signaal"), .proportionality = bytes_str("p"),
        .subsidiarity = bytes_str("s")};
}

void question_hit_only(struct world *w, struct question *q)
{
    question_new(w, q);
    q->header.rule = name_of("riec.casus.hitnohit");
    q->header.process = name_of("case_hit");
    q->header.field_count = 0;
}

static void make_sealed(struct question *q, struct buf *out)
{
    struct buf plain = buf_new(SEALED_PART_MAX_BYTES);
    const struct cert *to[] = {q->sealed_to->cert};
    const struct seal_params p = {q->sealer->key, q->sealer->cert, to, 1, 0};
    assert_int_equal(sealed_part_encode(&q->sealed, &plain), ERR_OK);
    assert_int_equal(seal(&p, buf_bytes(&plain), out), ERR_OK);
    buf_free(&plain);
}

/* The leaves of the subject tree; the matched identifiers stand at places 0, 1, …. */
static void make_leaves(struct world *w, struct question *q, const struct digest *sealed,
                        struct digest leaves[static WORLD_LEAVES])
{
    for (size_t i = 0; i < WORLD_LEAVES; i++)
        memset(leaves[i].b, 0x70 + (int)i + q->seed, sizeof leaves[i].b);
    for (size_t i = 0; i < q->matched_count; i++) {
        struct subject_leaf_parts parts = {
            .group = q->leaf_group,
            .type = w->record.identifiers[q->matched[i]].ident.type,
            .inner = w->inners[q->matched[i]], .sealed_digest = *sealed};
        memset(parts.salt.b, 0x40 + (int)i + q->seed, sizeof parts.salt.b);
        parts.inner.b[0] ^= q->spoil_inner;
        assert_int_equal(leaf_subject(digest_sha256, &parts, &leaves[i]), ERR_OK);
    }
    assert_int_equal(merkle_root(digest_sha256, leaves, WORLD_LEAVES, &q->header.subject_root),
                     ERR_OK);
}

static void sign_header(struct question *q, struct bytes header, struct hit_notice *n,
                        struct signature s[static 2])
{
    assert_int_equal(sign_document(SIGN_REQUEST, q->worker->key, header, &s[0]), ERR_OK);
    assert_int_equal(sign_document(SIGN_REQUEST, q->agency->key, header, &s[1]), ERR_OK);
    n->header = header;
    n->worker_signature = signature_bytes(&s[0]);
    n->agency_signature = signature_bytes(&s[1]);
    n->worker_fingerprint = *cert_fingerprint(q->worker->cert);
}

void question_make(struct world *w, struct question *q)
{
    struct buf sealed = buf_new(SEALED_PART_MAX_BYTES);
    struct buf other = buf_new(SEALED_PART_MAX_BYTES);
    struct buf header = buf_new((size_t)1 << 16);
    struct digest leaves[WORLD_LEAVES];
    struct digest digest;
    struct merkle_hashes paths[4];
    struct matched_identifier matched[4];
    struct signature signatures[2];
    make_sealed(q, &sealed);
    make_sealed(q, &other); /* the same words under fresh keys */
    const struct bytes sealed_bytes = buf_bytes(&sealed);
    assert_int_equal(digest_sha256(&sealed_bytes, 1, &digest), ERR_OK);
    make_leaves(w, q, &digest, leaves);
    struct hit_notice n = {.handle = q->handle, .group = q->group,
                           .sealed_part = buf_bytes(q->swap_sealed ? &other : &sealed),
                           .matched = matched, .matched_count = q->matched_count};
    for (size_t i = 0; i < q->matched_count; i++) {
        assert_int_equal(merkle_path_make(digest_sha256, leaves, WORLD_LEAVES, i, &paths[i]),
                         ERR_OK);
        matched[i].type = w->record.identifiers[q->matched[i]].ident.type;
        memset(matched[i].salt.b, 0x40 + (int)i + q->seed, sizeof matched[i].salt.b);
        paths[i].h[0].b[0] ^= q->spoil_path;
        matched[i].salt.b[0] ^= q->spoil_salt;
        matched[i].path = merkle_path_of(i, WORLD_LEAVES, &paths[i]);
    }
    if (q->claimed != IDENT_NONE)
        matched[0].type = q->claimed;
    assert_int_equal(request_header_encode(&q->header, &header), ERR_OK);
    sign_header(q, buf_bytes(&header), &n, signatures);
    q->content = buf_new((size_t)1 << 20);
    assert_int_equal(hit_notice_encode(&n, &q->content), ERR_OK);
    buf_free(&sealed);
    buf_free(&other);
    buf_free(&header);
}

void question_free(struct question *q)
{
    buf_free(&q->content);
}
