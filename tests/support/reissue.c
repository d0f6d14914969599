/* What the registrar's own program does not do: issues one certificate of a member anew, for the same key and with
 * an end of our choosing, also one that has passed; or revokes it and leaves the member on the roster. Changes the
 * draft of the roster; `sluis-pki roster sign` puts it in force.
 * usage: reissue REGISTRAR PASSPHRASE-FILE OIN signing|sealing|transport SECONDS|revoke
 * SECONDS: how long from now the certificate holds; below 0: how long ago it ended. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/ca.h"
#include "pki/digest.h"
#include "pki/keyfile.h"
#include "proto/base/text.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/msg/roster.h"
#include "tests/support/unlocked.h"

#define PATH_SIZE 4096
#define YEAR_S (365 * INT64_C(86400))
#define MUST(call) unlocked_must(#call, (call))

struct reissue {
    const char *folder;
    const char *passphrase;
    struct arena *arena;
    struct roster roster;
    struct roster_member *members; /* of roster, ours to change */
};

/* What stands in the journal beside the fingerprint. */
struct note {
    const char *oin;
    const char *use;
    int64_t until;
};

static struct buf read_in(const struct reissue *r, const char *name)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", r->folder, name);
    return unlocked_read(path);
}

static struct cert *issuing_cert(const struct reissue *r)
{
    CLEANUP(buf_free) struct buf pem = read_in(r, "issuing-ca.pem");
    struct cert *c = NULL;
    MUST(cert_parse_pem(buf_bytes(&pem), CERT_ISSUER, &c, NULL));
    return c;
}

static struct key *issuing_key(const struct reissue *r)
{
    CLEANUP(buf_free) struct buf file = read_in(r, "keys/issuing.key");
    CLEANUP(buf_free) struct buf text = unlocked_read(r->passphrase);
    while (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    CLEANUP(cleanup_secret_free) struct secret *passphrase = secret_new(buf_bytes(&text));
    struct key *k = NULL;
    MUST(keyfile_open_key(buf_bytes(&file), passphrase, KEY_TYPE_P256, &k));
    return k;
}

static void load(struct reissue *r)
{
    CLEANUP(buf_free) struct buf draft = read_in(r, "roster.draft");
    struct errmsg why = {""};
    r->arena = arena_new(ROSTER_ARENA_BYTES + 2 * ROSTER_MAX_BYTES);
    const struct bytes kept = arena_copy(r->arena, buf_bytes(&draft));
    MUST(roster_decode(kept, digest_sha256, r->arena, &r->roster, &why));
    r->members = arena_array(r->arena, r->roster.member_count, sizeof *r->members);
    memcpy(r->members, r->roster.members, r->roster.member_count * sizeof *r->members);
    r->roster.members = r->members;
}

static void save(const struct reissue *r)
{
    char path[PATH_SIZE];
    struct errmsg why = {""};
    CLEANUP(buf_free) struct buf draft = buf_new(ROSTER_MAX_BYTES);
    MUST(roster_encode(&r->roster, &draft, &why));
    snprintf(path, sizeof path, "%s/roster.draft", r->folder);
    MUST(file_write(path, buf_bytes(&draft), 0600, &why));
}

static struct roster_cert *cert_of(const struct reissue *r, const char *oin, enum cert_use use)
{
    for (size_t i = 0; i < r->roster.member_count; i++) {
        struct roster_member *m = &r->members[i];
        if (strcmp(m->id.oin, oin) != 0)
            continue;
        return use == CERT_SIGNING ? &m->signing : use == CERT_SEALING ? &m->sealing : &m->transport;
    }
    fprintf(stderr, "reissue: no member %s\n", oin);
    exit(1);
}

static void renew(struct reissue *r, struct roster_cert *at, enum cert_use use, int64_t holds_s)
{
    const int64_t now_s = clock_now_s(clock_system());
    CLEANUP(cleanup_cert_free) struct cert *old = NULL;
    CLEANUP(cleanup_cert_free) struct cert *new = NULL;
    CLEANUP(cleanup_cert_free) struct cert *issuer = issuing_cert(r);
    CLEANUP(cleanup_key_free) struct key *key = issuing_key(r);
    MUST(cert_parse(at->der, use, &old, NULL));
    const struct ca_request want = {use, *cert_oin(old), cert_name(old), now_s - YEAR_S,
                                    now_s + holds_s};
    const struct ca_issuer by = {issuer, key};
    MUST(ca_issue(&want, &by, cert_key(old), &new, NULL));
    at->der = arena_copy(r->arena, cert_der(new));
    at->fingerprint = *cert_fingerprint(new);
}

/* The register's own line for it: the first of its line of renewals. */
static void note(const struct reissue *r, const struct roster_cert *c, const struct note *n)
{
    char path[PATH_SIZE];
    char until[WHEN_TEXT_SIZE];
    char now[WHEN_TEXT_SIZE];
    CLEANUP(buf_free) struct buf hex = buf_new(256);
    text_put_hex(&hex, digest_bytes(&c->fingerprint));
    snprintf(path, sizeof path, "%s/journal", r->folder);
    FILE *f = fopen(path, "a");
    if (f == NULL)
        exit(1);
    when_text(clock_now_s(clock_system()), now);
    when_text(n->until, until);
    fprintf(f, "%s\tissued\t%s\t%s\t%s\t%s\t%s\t-\n", now, n->oin, n->use, buf_text(&hex), buf_text(&hex), until);
    if (fclose(f) != 0)
        exit(1);
}

static int compare(const void *a, const void *b)
{
    return bytes_cmp(digest_bytes(a), digest_bytes(b));
}

static void revoke(struct reissue *r, const struct roster_cert *c)
{
    struct digest *all = arena_array(r->arena, r->roster.revoked_count + 1, sizeof *all);
    if (r->roster.revoked_count > 0)
        memcpy(all, r->roster.revoked, r->roster.revoked_count * sizeof *all);
    all[r->roster.revoked_count++] = c->fingerprint;
    qsort(all, r->roster.revoked_count, sizeof *all, compare);
    r->roster.revoked = all;
}

int main(int argc, char **argv)
{
    if (argc != 6 || secret_init() == ERR_NOMEM)
        return 64;
    struct reissue r = {.folder = argv[1], .passphrase = argv[2]};
    const enum cert_use use = strcmp(argv[4], "signing") == 0   ? CERT_SIGNING
                              : strcmp(argv[4], "sealing") == 0 ? CERT_SEALING
                                                                : CERT_TRANSPORT;
    load(&r);
    struct roster_cert *c = cert_of(&r, argv[3], use);
    if (strcmp(argv[5], "revoke") == 0)
        revoke(&r, c);
    else
        renew(&r, c, use, strtoll(argv[5], NULL, 10));
    save(&r);
    const struct note n = {argv[3], argv[4], clock_now_s(clock_system()) + strtoll(argv[5], NULL, 10)};
    if (strcmp(argv[5], "revoke") != 0)
        note(&r, c, &n);
    arena_free(r.arena);
    return 0;
}
