/* Makes what no program of the product makes: rosters that the registrar's key signs and that are wrong in one
 * way, and a request for enrolment with a certificate request of somebody else.
 * usage: bad_trust roster REGISTRAR PASSPHRASE-FILE SERIAL OUT CASE [OIN [OIN|FILE]]
 *        bad_trust request TOKEN-FILE DEPLOYMENT OIN PURPOSE CSR-FILE OUT
 * cases of a roster, about the signing certificate of OIN: good, expired, future, other-ca, usage, swapped OIN,
 * file FILE (that certificate); of the whole: twice OIN OIN (the second under the first one's OIN), host OIN (the
 * broker runs in that house), deployment, stranger (another key signs), unsigned. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/ca.h"
#include "pki/cli/pki/token.h"
#include "pki/csr.h"
#include "pki/digest.h"
#include "pki/keyfile.h"
#include "pki/trust_docs.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/msg/roster.h"
#include "tests/support/unlocked.h"

#define PATH_SIZE 4096
#define DAY_S INT64_C(86400)
#define MUST(call) unlocked_must(#call, (call))

struct making {
    const char *folder;
    const char *passphrase;
    const char *kind; /* the case */
    const char *a;
    const char *b;
    struct arena *arena;
    struct roster roster;
    struct roster_member *members;
    struct buf document;
};

/* ---- what the registrar has ---- */

static struct buf read_in(const struct making *m, const char *name)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", m->folder, name);
    return unlocked_read(path);
}

static struct cert *issuing_cert(const struct making *m)
{
    CLEANUP(buf_free) struct buf pem = read_in(m, "issuing-ca.pem");
    struct cert *c = NULL;
    MUST(cert_parse_pem(buf_bytes(&pem), CERT_ISSUER, &c, NULL));
    return c;
}

static struct key *own_key(const struct making *m, const char *name)
{
    CLEANUP(buf_free) struct buf file = read_in(m, name);
    CLEANUP(buf_free) struct buf text = unlocked_read(m->passphrase);
    while (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    CLEANUP(cleanup_secret_free) struct secret *passphrase = secret_new(buf_bytes(&text));
    struct key *k = NULL;
    MUST(keyfile_open_key(buf_bytes(&file), passphrase, KEY_TYPE_P256, &k));
    return k;
}

static void load(struct making *m, uint64_t serial)
{
    CLEANUP(buf_free) struct buf draft = read_in(m, "roster.draft");
    struct errmsg why = {""};
    m->arena = arena_new(ROSTER_ARENA_BYTES + 2 * ROSTER_MAX_BYTES);
    const struct bytes kept = arena_copy(m->arena, buf_bytes(&draft));
    MUST(roster_decode(kept, digest_sha256, m->arena, &m->roster, &why));
    m->members = arena_array(m->arena, m->roster.member_count, sizeof *m->members);
    memcpy(m->members, m->roster.members, m->roster.member_count * sizeof *m->members);
    m->roster.members = m->members;
    m->roster.serial = serial;
    m->roster.issued_at = clock_now_s(clock_system());
    m->roster.not_after = m->roster.issued_at + ROSTER_MAX_LIFE_S;
}

static struct roster_member *member(const struct making *m, const char *oin)
{
    for (size_t i = 0; oin != NULL && i < m->roster.member_count; i++)
        if (strcmp(m->members[i].id.oin, oin) == 0)
            return &m->members[i];
    fprintf(stderr, "bad_trust: no member %s\n", oin != NULL ? oin : "named");
    exit(1);
}

/* ---- one certificate ---- */

static void put_der(struct making *m, struct roster_cert *at, struct bytes der)
{
    at->der = arena_copy(m->arena, der);
    MUST(digest_sha256(&at->der, 1, &at->fingerprint));
}

/* The same key under a certificate of the term, by this issuer. */
static void issue(struct making *m, struct roster_cert *at, const struct ca_issuer *by, int64_t from_s,
                  int64_t until_s)
{
    const int64_t now_s = clock_now_s(clock_system());
    CLEANUP(cleanup_cert_free) struct cert *old = NULL;
    CLEANUP(cleanup_cert_free) struct cert *new = NULL;
    MUST(cert_parse(at->der, CERT_SIGNING, &old, NULL));
    const struct ca_request want = {CERT_SIGNING, *cert_oin(old), cert_name(old), now_s + from_s,
                                    now_s + until_s};
    MUST(ca_issue(&want, by, cert_key(old), &new, NULL));
    put_der(m, at, cert_der(new));
}

static void reissue(struct making *m, int64_t from_s, int64_t until_s)
{
    CLEANUP(cleanup_cert_free) struct cert *issuer = issuing_cert(m);
    CLEANUP(cleanup_key_free) struct key *key = own_key(m, "keys/issuing.key");
    const struct ca_issuer by = {issuer, key};
    issue(m, &member(m, m->a)->signing, &by, from_s, until_s);
}

static void by_other_ca(struct making *m)
{
    const int64_t now_s = clock_now_s(clock_system());
    CLEANUP(cleanup_cert_free) struct cert *ours = issuing_cert(m);
    CLEANUP(cleanup_key_free) struct key *root_key = NULL;
    CLEANUP(cleanup_key_free) struct key *key = NULL;
    CLEANUP(cleanup_cert_free) struct cert *root = NULL;
    CLEANUP(cleanup_cert_free) struct cert *issuer = NULL;
    MUST(key_generate(KEY_TYPE_P256, &root_key));
    MUST(key_generate(KEY_TYPE_P256, &key));
    const struct ca_request of_root = {CERT_ROOT, *cert_oin(ours), "root", now_s - DAY_S,
                                       now_s + 9 * DAY_S};
    const struct ca_request of_issuer = {CERT_ISSUER, *cert_oin(ours), cert_name(ours),
                                         now_s - DAY_S, now_s + 9 * DAY_S};
    MUST(ca_self_sign(&of_root, root_key, &root, NULL));
    const struct ca_issuer by_root = {root, root_key};
    MUST(ca_issue(&of_issuer, &by_root, key, &issuer, NULL));
    const struct ca_issuer by = {issuer, key};
    issue(m, &member(m, m->a)->signing, &by, -DAY_S, 8 * DAY_S);
}

static void exchange(struct roster_cert *a, struct roster_cert *b)
{
    const struct roster_cert was = *a;
    *a = *b;
    *b = was;
}

static void from_file(struct making *m)
{
    CLEANUP(buf_free) struct buf der = unlocked_read(m->b);
    put_der(m, &member(m, m->a)->signing, buf_bytes(&der));
}

static bool is_case(const struct making *m, const char *kind)
{
    return strcmp(m->kind, kind) == 0;
}

static void spoil_certificate(struct making *m)
{
    if (is_case(m, "expired"))
        reissue(m, -9 * DAY_S, -1);
    else if (is_case(m, "future"))
        reissue(m, DAY_S, 9 * DAY_S);
    else if (is_case(m, "other-ca"))
        by_other_ca(m);
    else if (is_case(m, "usage"))
        exchange(&member(m, m->a)->signing, &member(m, m->a)->sealing);
    else if (is_case(m, "swapped"))
        exchange(&member(m, m->a)->signing, &member(m, m->b)->signing);
    else if (is_case(m, "file"))
        from_file(m);
}

/* ---- the document ---- */

/* The first field of this tag with that text gets another of the same length. */
static void patch(struct making *m, uint8_t tag, const char *from, const char *to)
{
    const size_t n = strlen(from);
    uint8_t *at = m->document.ptr;
    for (size_t i = 0; i + 2 + n <= m->document.len; i++) {
        if (at[i] == tag && at[i + 1] == n && memcmp(at + i + 2, from, n) == 0) {
            memcpy(at + i + 2, to, n);
            return;
        }
    }
    fprintf(stderr, "bad_trust: nothing says %s\n", from);
    exit(1);
}

#define TAG_OIN 0x0a        /* Member.oin, Roster.deployment */
#define TAG_MEMBER_HOST 0x22

static void spoil_document(struct making *m)
{
    if (is_case(m, "twice"))
        patch(m, TAG_OIN, m->b, m->a);
    else if (is_case(m, "host"))
        patch(m, TAG_MEMBER_HOST, roster_broker(&m->roster)->host.oin, m->a);
    else if (is_case(m, "deployment"))
        patch(m, TAG_OIN, m->roster.deployment.s, "prod");
}

static void put_signed(struct making *m, struct buf *out)
{
    CLEANUP(cleanup_key_free) struct key *key = NULL;
    struct trust_signer s = {.kind = SIGN_ROSTER};
    if (is_case(m, "unsigned")) {
        buf_put(out, buf_bytes(&m->document));
        return;
    }
    if (is_case(m, "stranger"))
        MUST(key_generate(KEY_TYPE_P256, &key));
    else
        key = own_key(m, "keys/roster.key");
    s.key = key;
    MUST(key_fingerprint(key, &s.fingerprint));
    MUST(trust_sign(&s, buf_bytes(&m->document), out));
}

static int make_roster(int argc, char **argv)
{
    struct making m = {.folder = argv[2],
                       .passphrase = argv[3],
                       .kind = argv[6],
                       .a = argc > 7 ? argv[7] : NULL,
                       .b = argc > 8 ? argv[8] : NULL,
                       .document = buf_new(ROSTER_MAX_BYTES)};
    CLEANUP(buf_free) struct buf wire = buf_new(ROSTER_MAX_BYTES + 1024);
    struct errmsg why = {""};
    load(&m, strtoull(argv[4], NULL, 10));
    spoil_certificate(&m);
    MUST(roster_encode(&m.roster, &m.document, &why));
    spoil_document(&m);
    put_signed(&m, &wire);
    MUST(file_write(argv[5], buf_bytes(&wire), 0644, &why));
    buf_free(&m.document);
    arena_free(m.arena);
    return 0;
}

/* ---- a request ---- */

static void fill_request(struct enrol_request *r, char **argv, struct name *purpose)
{
    struct roster_member *m = &r->member;
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    MUST(name_parse(bytes_str(argv[3]), &r->deployment));
    MUST(agency_id_parse(bytes_str(argv[4]), &m->id));
    MUST(name_parse(bytes_str(argv[5]), purpose));
    MUST(key_generate(KEY_TYPE_X25519, &key));
    MUST(key_raw_public(key, m->curve.b));
    r->subject = ENROL_MEMBER;
    r->created_at = clock_now_s(clock_system());
    m->kind = MEMBER_AGENCY;
    m->name = bytes_str("leaf");
    m->host = m->id;
    m->controllers = &m->id;
    m->controller_count = 1;
    m->regime = REGIME_AVG;
    m->purposes = (struct name_list){purpose, 1};
}

static int make_request(char **argv)
{
    struct opts o = {.passphrase_fd = -1, .pin_fd = -1};
    struct work w;
    struct enrol_request r = {.subject = ENROL_MEMBER};
    struct name purpose;
    CLEANUP(cleanup_secret_free) struct secret *mac_key = NULL;
    CLEANUP(cleanup_key_free) struct key *key = NULL;
    CLEANUP(buf_free) struct buf csr = unlocked_read(argv[6]);
    CLEANUP(buf_free) struct buf sealing = buf_new(4096);
    CLEANUP(buf_free) struct buf doc = buf_new(ENROL_MAX_BYTES);
    CLEANUP(buf_free) struct buf wire = buf_new(2 * ENROL_MAX_BYTES);
    MUST(work_init(&w, &o));
    fill_request(&r, argv, &purpose);
    MUST(key_generate(KEY_TYPE_P256, &key));
    MUST(csr_make(key, &r.member.id, "leaf", &sealing));
    r.signing_csr = buf_bytes(&csr);
    r.sealing_csr = buf_bytes(&sealing);
    MUST(enrol_request_encode(&r, &doc, &w.why));
    MUST(token_read(&w, argv[2], &mac_key));
    struct sheltered s = {.document = buf_bytes(&doc)};
    MUST(token_shelter(mac_key, TOKEN_REQUEST, &s, &wire));
    MUST(file_write(argv[7], buf_bytes(&wire), 0644, &w.why));
    work_end(&w);
    return 0;
}

int main(int argc, char **argv)
{
    if (secret_init() == ERR_NOMEM)
        return 64;
    if (argc >= 7 && argc <= 9 && strcmp(argv[1], "roster") == 0)
        return make_roster(argc, argv);
    if (argc == 8 && strcmp(argv[1], "request") == 0)
        return make_request(argv);
    return 64;
}
