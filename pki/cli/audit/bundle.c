#include "pki/cli/audit/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/cli/audit/bundle_texts.h"
#include "pki/cli/audit/prove_file.h"
#include "pki/cms_detached.h"
#include "pki/digest.h"
#include "proto/base/text.h"
#include "proto/conf/policy_load.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/host/staged_dir.h"
#include "proto/json/bodies_args.h"
#include "proto/log/manifest.h"
#include "proto/log/proof_file.h"

#define NAME_SIZE 128

/* The manifest ascends by name: what comes before the policies, the policies, the proofs, the rows.
 */
struct bundle {
    struct staged_dir *dir;
    struct buf manifest;
    struct buf proofs; /* lines of the manifest */
    struct buf rows;
    uint64_t count;
    struct digest policies[BUNDLE_POLICIES_MAX]; /* that the rows name, ascending */
    bool is_here[BUNDLE_POLICIES_MAX];
    size_t policy_count;
};

enum err bundle_new(const char *path, struct bundle **out, struct errmsg *why)
{
    CLEANUP(cleanup_bundle_free) struct bundle *b = calloc(1, sizeof *b);
    if (b == NULL)
        return ERR_NOMEM;
    b->manifest = buf_new(BUNDLE_MANIFEST_MAX);
    b->proofs = buf_new(BUNDLE_MANIFEST_MAX);
    b->rows = buf_new(BUNDLE_FILE_MAX);
    enum err e = staged_dir_new(path, &b->dir, why);
    if (e == ERR_OK)
        e = staged_dir_folder(b->dir, "proofs", why);
    if (e == ERR_OK)
        e = staged_dir_folder(b->dir, "policies", why);
    if (e == ERR_OK)
        *out = take(b);
    return e;
}

void bundle_free(struct bundle *b)
{
    if (b == NULL)
        return;
    staged_dir_free(b->dir);
    buf_free(&b->manifest);
    buf_free(&b->proofs);
    buf_free(&b->rows);
    free(b);
}

/* Writes a file and its line into a part of the manifest. */
static enum err put_file(struct bundle *b, struct buf *part, const char *name, struct bytes data,
                         struct errmsg *why)
{
    struct digest d;
    enum err e = digest_sha256(&data, 1, &d);
    if (e == ERR_OK)
        e = staged_dir_put(b->dir, name, data, why);
    return e == ERR_OK ? manifest_put(part, name, &d) : e;
}

/* Where a policy stands in the list, or belongs. */
static size_t place_of(const struct bundle *b, const struct digest *d)
{
    size_t at = 0;
    while (at < b->policy_count && memcmp(b->policies[at].b, d->b, sizeof d->b) < 0)
        at++;
    return at;
}

static enum err note_policy(struct bundle *b, const struct digest *d, struct errmsg *why)
{
    const size_t at = place_of(b, d);
    if (at < b->policy_count && digest_equal(&b->policies[at], d))
        return ERR_OK;
    if (b->policy_count == BUNDLE_POLICIES_MAX)
        return errmsg_set(why, ERR_LIMIT, "more than %u policy versions: take a shorter period",
                          BUNDLE_POLICIES_MAX);
    memmove(&b->policies[at + 1], &b->policies[at], (b->policy_count - at) * sizeof *b->policies);
    b->policies[at] = *d;
    b->policy_count++;
    return ERR_OK;
}

enum err bundle_add(struct bundle *b, struct reading *r, const struct body_line *line,
                    const struct audit_body *body)
{
    CLEANUP(buf_free) struct buf proof = buf_new(PROOF_FILE_MAX_BYTES);
    char name[NAME_SIZE];
    if (b->count == BUNDLE_ROWS_MAX)
        return errmsg_set(&r->why, ERR_LIMIT, "more than %u rows: take a shorter period",
                          BUNDLE_ROWS_MAX);
    snprintf(name, sizeof name, "proofs/%012llu.tlog-proof", (unsigned long long)line->index);
    enum err e = prove_file(r->log, line->index, &proof, &r->why);
    if (e == ERR_OK)
        e = put_file(b, &b->proofs, name, buf_bytes(&proof), &r->why);
    if (e == ERR_OK)
        e = body_line_write(line, &b->rows);
    if (e == ERR_OK && body->has_policy_digest)
        e = note_policy(b, &body->policy_digest, &r->why);
    b->count++;
    return e;
}

/* A version by its digest: the file that --policy names, or what the daemon behind the bodies has
 * verified. */
static enum err read_policy(struct reading *r, const struct digest *wanted, struct buf *out)
{
    struct digest d;
    struct errmsg why = {""};
    enum err e = ERR_NOT_FOUND;
    if (r->o->policy != NULL)
        e = file_read(r->o->policy, FILE_ANY, out, &why);
    else if (r->bodies.socket != NULL)
        e = body_socket_policy(r->bodies.socket, wanted, out, &why);
    const struct bytes part = buf_bytes(out);
    if (e == ERR_OK)
        e = digest_sha256(&part, 1, &d);
    return e == ERR_OK && !digest_equal(&d, wanted) ? ERR_MISMATCH : e;
}

/* A version that is not at hand is told and no reason to stop. */
static enum err put_policies(struct bundle *b, struct reading *r, struct buf *part)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < b->policy_count; i++) {
        CLEANUP(buf_free) struct buf text = buf_new(POLICY_MAX_BYTES);
        CLEANUP(buf_free) struct buf name = buf_new(NAME_SIZE);
        b->is_here[i] = read_policy(r, &b->policies[i], &text) == ERR_OK;
        if (!b->is_here[i])
            continue;
        buf_put_str(&name, "policies/");
        text_put_hex(&name, digest_bytes(&b->policies[i]));
        buf_put_str(&name, ".yaml");
        e = put_file(b, part, buf_text(&name), buf_bytes(&text), &r->why);
    }
    return e;
}

/* The digests that are at hand, or those that are not. */
static struct doc *policies_doc(const struct bundle *b, bool is_here)
{
    struct doc *list = doc_new_array();
    for (size_t i = 0; list != NULL && i < b->policy_count; i++) {
        CLEANUP(buf_free) struct buf hex = buf_new(NAME_SIZE);
        text_put_hex(&hex, digest_bytes(&b->policies[i]));
        if (b->is_here[i] == is_here && doc_append(list, doc_new_text(buf_bytes(&hex))) != ERR_OK) {
            doc_free(list);
            return NULL;
        }
    }
    return list;
}

static enum err put_about(struct bundle *b, struct reading *r)
{
    const struct checkpoint *c = &log_dir_head(r->log)->checkpoint;
    CLEANUP(cleanup_doc_free) struct doc *d = doc_new_object();
    CLEANUP(buf_free) struct buf text = buf_new((size_t)1 << 20);
    struct bodies_filter said;
    enum err e = bodies_in_said(&r->bodies, &r->filter, &said, &r->why);
    struct doc_build put = doc_build_of(d);
    doc_put_str(&put, "format", BUNDLE_FORMAT);
    doc_put_text(&put, "origin", c->origin);
    doc_put_int(&put, "size", (int64_t)c->size);
    doc_put_time(&put, "made", clock_now_s(clock_system()));
    doc_put_int(&put, "rows", (int64_t)b->count);
    doc_put_int(&put, "unseen", (int64_t)r->hidden);
    if (e == ERR_OK)
        doc_put_doc(&put, "filter", bodies_filter_doc(&said));
    doc_put_doc(&put, "policies", policies_doc(b, true));
    doc_put_doc(&put, "policies_missing", policies_doc(b, false));
    if (e == ERR_OK)
        e = doc_build_done(&put);
    if (e == ERR_OK)
        e = doc_write_pretty(d, &text);
    return e == ERR_OK ? put_file(b, &b->manifest, "bundle.json", buf_bytes(&text), &r->why) : e;
}

static enum err put_audit_policy(struct bundle *b, struct reading *r)
{
    CLEANUP(buf_free) struct buf text = buf_new(AUDIT_POLICY_MAX_BYTES);
    const enum err e = file_read(r->o->audit_policy, FILE_ANY, &text, &r->why);
    return e == ERR_OK ? put_file(b, &b->manifest, "audit-policy", buf_bytes(&text), &r->why) : e;
}

/* In the order of the manifest. */
static enum err put_all(struct bundle *b, struct reading *r)
{
    CLEANUP(buf_free) struct buf policies = buf_new(BUNDLE_MANIFEST_MAX);
    enum err e = put_policies(b, r, &policies);
    if (e == ERR_OK)
        e = put_file(b, &b->manifest, "README.en.txt", bundle_readme_en, &r->why);
    if (e == ERR_OK)
        e = put_file(b, &b->manifest, "README.nl.txt", bundle_readme_nl, &r->why);
    if (e == ERR_OK)
        e = put_audit_policy(b, r);
    if (e == ERR_OK)
        e = put_about(b, r);
    if (e == ERR_OK)
        e = put_file(b, &b->manifest, "check.py", bundle_check_py, &r->why);
    if (e == ERR_OK)
        e = put_file(b, &b->manifest, "checkpoint", log_dir_note(r->log), &r->why);
    buf_put(&b->manifest, buf_bytes(&policies));
    buf_put(&b->manifest, buf_bytes(&b->proofs));
    if (e == ERR_OK)
        e = put_file(b, &b->manifest, "rows.jsonl", buf_bytes(&b->rows), &r->why);
    return e;
}

enum err bundle_finish(struct bundle *b, struct reading *r, struct bundle_made *out)
{
    struct bundle_made made = {.rows = b->count};
    enum err e = put_all(b, r);
    const struct bytes manifest = buf_bytes(&b->manifest);
    if (e == ERR_OK)
        e = digest_sha256(&manifest, 1, &made.sha256);
    if (e == ERR_OK)
        e = staged_dir_put(b->dir, BUNDLE_MANIFEST, manifest, &r->why);
    for (size_t i = 0; i < b->policy_count; i++)
        made.policies_missing += !b->is_here[i];
    if (e == ERR_OK)
        *out = made;
    return e;
}

enum err bundle_sign(struct bundle *b, const struct key *key, const struct cert *cert,
                     struct errmsg *why)
{
    CLEANUP(buf_free) struct buf der = buf_new(CMS_DETACHED_MAX_BYTES);
    enum err e = cms_detached_sign(buf_bytes(&b->manifest), key, cert, &der);
    if (e == ERR_MISMATCH)
        return errmsg_set(why, e, "--certificate is not that of --key");
    return e == ERR_OK ? staged_dir_put(b->dir, BUNDLE_SIGNATURE, buf_bytes(&der), why) : e;
}

enum err bundle_place(struct bundle *b, struct errmsg *why)
{
    return staged_dir_place(b->dir, why);
}
