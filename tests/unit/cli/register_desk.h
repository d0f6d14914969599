/* A registrar's folder with an agency and a person of it, for the tests of what the register says and does. */
#ifndef SLUIS_TESTS_UNIT_CLI_REGISTER_DESK_H
#define SLUIS_TESTS_UNIT_CLI_REGISTER_DESK_H

#include "tests/unit/pki/test_core.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pki/cli/pki/authority.h"
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/issue.h"
#include "pki/trust_docs.h"

#define DAY_S INT64_C(86400)
#define NOW INT64_C(1795900000)
#define DESK_CERTS 12

/* A registrar's folder with one agency and a person of it, all with certificates of 30 days from NOW. */
struct desk {
    char dir[64];
    struct opts o;
    struct work w;
    struct authority a;
    struct cert *certs[DESK_CERTS]; /* signing, sealing, transport, officer; the rest is the test's */
    struct agency_id oin;
    struct roster roster;
};

static void must(struct desk *d, enum err e)
{
    if (e != ERR_OK)
        fail_msg("%s: %s", err_text(e), d->w.why.text);
}

static struct roster_cert issue(struct desk *d, size_t i, enum cert_use use, const char *name,
                                struct curve_key *curve)
{
    struct issuing by = {d->a.root, d->a.issuing, d->a.roster, d->a.issuing_key};
    const struct issue_subject s = {use, d->oin, name};
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    assert_int_equal(key_generate(use == CERT_TRANSPORT ? KEY_TYPE_X25519 : KEY_TYPE_P256, &key), ERR_OK);
    if (curve != NULL)
        assert_int_equal(key_raw_public(key, curve->b), ERR_OK);
    must(d, issue_cert(&d->w, &by, &s, key, &d->certs[i]));
    return (struct roster_cert){cert_der(d->certs[i]), *cert_fingerprint(d->certs[i])};
}

static void add_agency(struct desk *d)
{
    struct roster_member m = {.id = d->oin,
                              .kind = MEMBER_AGENCY,
                              .name = bytes_str("RIEC"),
                              .host = d->oin,
                              .controllers = &d->oin,
                              .controller_count = 1,
                              .regime = REGIME_AVG};
    m.signing = issue(d, 0, CERT_SIGNING, "RIEC", NULL);
    m.sealing = issue(d, 1, CERT_SEALING, "RIEC", NULL);
    m.transport = issue(d, 2, CERT_TRANSPORT, "RIEC", &m.curve);
    const struct roster_officer o = {d->oin, {"a.jansen"}, {"p1"}, 1u << FUNCTION_CASE_WORKER,
                                     issue(d, 3, CERT_OFFICER, "a.jansen", NULL), {NULL, 0}};
    must(d, draft_put_member(&d->w, &d->roster, &m));
    must(d, draft_put_officer(&d->w, &d->roster, &o));
    must(d, draft_save(&d->w, &d->roster));
}

static void desk_new(struct desk *d)
{
    *d = (struct desk){.dir = "/tmp/sluis-status.XXXXXX", .oin = {"00000099000000000002"}};
    const struct authority_spec s = {.deployment = {"demo"},
                                     .oin = {"00000099000000000000"},
                                     .host = {"00000099000000000000"},
                                     .name = "Registrar",
                                     .root = {"root", 3650},
                                     .issuing = {"issuing CA", 60},
                                     .roster = {"roster key", 40}};
    assert_non_null(mkdtemp(d->dir));
    d->o = (struct opts){.dir = d->dir, .passphrase_fd = -1, .pin_fd = -1};
    assert_int_equal(work_init(&d->w, &d->o), ERR_OK);
    d->w.now_s = NOW;
    d->w.passphrase = secret_new(bytes_str("a passphrase"));
    must(d, authority_make_folders(&d->w));
    assert_int_equal(key_generate(KEY_TYPE_P256, &d->a.root_key), ERR_OK);
    must(d, work_new_key(&d->w, "issuing", KEY_TYPE_P256, &d->a.issuing_key));
    assert_int_equal(key_generate(KEY_TYPE_P256, &d->a.roster_key), ERR_OK);
    must(d, authority_certify(&d->w, &s, &d->a));
    must(d, authority_save(&d->w, &s, &d->a));
    must(d, draft_load(&d->w, &d->roster));
    add_agency(d);
}

static enum err remove_one(void *arg, const char *name)
{
    char path[WORK_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", (const char *)arg, name);
    return remove(path) == 0 ? ERR_OK : ERR_IO;
}

static void desk_free(struct desk *d)
{
    static const char *const folders[] = {"keys", "tokens", "issued", ""};
    work_end(&d->w);
    for (size_t i = 0; i < ARRAY_LEN(d->certs); i++)
        cert_free(d->certs[i]);
    authority_free(&d->a);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        char path[WORK_PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", d->dir, folders[i]);
        assert_int_equal(file_list(path, remove_one, path), ERR_OK);
        assert_int_equal(rmdir(path), 0);
    }
}

/* Signs the draft as of now. */
static void sign(struct desk *d)
{
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 20);
    struct buf wire CLEANUP(buf_free) = buf_new(1 << 20);
    struct trust_signer s = {.kind = SIGN_ROSTER, .key = d->a.roster_key};
    struct roster r;
    must(d, draft_load(&d->w, &r));
    r.issued_at = d->w.now_s;
    r.not_after = d->w.now_s + ROSTER_MAX_LIFE_S;
    assert_int_equal(key_fingerprint(s.key, &s.fingerprint), ERR_OK);
    must(d, roster_encode(&r, &doc, &d->w.why));
    assert_int_equal(trust_sign(&s, buf_bytes(&doc), &wire), ERR_OK);
    must(d, work_write_in(&d->w, "roster.signed", buf_bytes(&wire), 0644));
}

#endif
