#include "pki/cli/audit/bundle_check.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/cli/audit/bodies_in.h"
#include "pki/cli/audit/bundle.h"
#include "pki/cli/audit/verify.h"
#include "pki/cms_detached.h"
#include "pki/digest.h"
#include "proto/base/text.h"
#include "proto/host/file.h"
#include "proto/json/bodies_args.h"
#include "proto/json/bodies_fit.h"
#include "proto/log/manifest.h"
#include "proto/log/proof_file.h"

#define NAME_SIZE 128
#define ABOUT_MAX_BYTES ((size_t)1 << 20)

/* The check while it goes on. */
struct checking {
    const struct bundle_check *c;
    struct bundle_found *found;
    struct errmsg *why;
    struct buf note;   /* the checkpoint that every proof must carry */
    struct doc *about; /* bundle.json */
    struct bodies_filter filter;
    struct arena *arena; /* of one body */
    uint64_t files;      /* that the manifest names */
    uint64_t proofs;     /* of those */
};

void bundle_found_clear(struct bundle_found *f)
{
    buf_free(&f->origin);
    cert_free(f->signer);
}

static enum err read_file(struct checking *k, const char *name, struct buf *out)
{
    char path[PATH_MAX];
    const int n = snprintf(path, sizeof path, "%s/%s", k->c->dir, name);
    if (n < 0 || (size_t)n >= sizeof path)
        return errmsg_set(k->why, ERR_RANGE, "%s: too long a name", name);
    buf_reset(out);
    return file_read(path, FILE_ANY, out, k->why);
}

/* The manifest is the officer's. */
static enum err check_signature(struct checking *k, struct bytes manifest)
{
    CLEANUP(buf_free) struct buf der = buf_new(CMS_DETACHED_MAX_BYTES);
    enum err e = read_file(k, BUNDLE_SIGNATURE, &der);
    if (e == ERR_OK)
        e = cms_detached_signer(buf_bytes(&der), CERT_OFFICER, &k->found->signer, k->why);
    if (e == ERR_OK && k->c->signer != NULL &&
        !digest_equal(cert_fingerprint(k->found->signer), cert_fingerprint(k->c->signer)))
        e = errmsg_set(k->why, ERR_SIGNATURE, "signed with another certificate than --certificate");
    if (e == ERR_OK)
        e = cms_detached_verify(manifest, buf_bytes(&der), k->found->signer, k->why);
    return e == ERR_OK ? e : errmsg_wrap(k->why, e, BUNDLE_SIGNATURE);
}

static enum err check_policy_name(struct checking *k, const char *name, const struct digest *d)
{
    CLEANUP(buf_free) struct buf wanted = buf_new(NAME_SIZE);
    buf_put_str(&wanted, "policies/");
    text_put_hex(&wanted, digest_bytes(d));
    buf_put_str(&wanted, ".yaml");
    k->found->policies++;
    return bytes_is(buf_bytes(&wanted), name)
               ? ERR_OK
               : errmsg_set(k->why, ERR_MISMATCH, "%s: another version than its name says", name);
}

static enum err check_file(struct checking *k, const char *name, const struct digest *wanted,
                           struct buf *room)
{
    struct digest d;
    enum err e = read_file(k, name, room);
    const struct bytes data = buf_bytes(room);
    if (e == ERR_OK)
        e = digest_sha256(&data, 1, &d);
    if (e == ERR_OK && !digest_equal(&d, wanted))
        e = errmsg_set(k->why, ERR_MISMATCH, "%s: not what the manifest says", name);
    k->files++;
    k->proofs += strncmp(name, "proofs/", 7) == 0;
    if (e == ERR_OK && strncmp(name, "policies/", 9) == 0)
        e = check_policy_name(k, name, &d);
    return e;
}

/* A bundle has files in three folders; what lies in another nobody counts. */
static bool is_in_place(const char *name)
{
    const char *slash = strchr(name, '/');
    if (slash == NULL)
        return true;
    return (strncmp(name, "proofs/", 7) == 0 || strncmp(name, "policies/", 9) == 0) && strchr(slash + 1, '/') == NULL;
}

static enum err check_lines(struct checking *k, struct bytes manifest)
{
    CLEANUP(buf_free) struct buf room = buf_new(BUNDLE_FILE_MAX);
    struct manifest_line line = {.name = ""};
    enum err e = ERR_OK;
    while (e == ERR_OK) {
        e = manifest_next(&manifest, line.name, &line);
        if (e == ERR_NOT_FOUND)
            return ERR_OK;
        if (e == ERR_OK && !is_in_place(line.name))
            e = errmsg_set(k->why, ERR_MISMATCH, "%s: no bundle has such a file", line.name);
        else if (e == ERR_OK)
            e = check_file(k, line.name, &line.digest, &room);
        else
            e = errmsg_set(k->why, e, "a line of the manifest behind \"%s\" is not in form",
                           line.name);
    }
    return e;
}

static enum err count_file(void *arg, const char *name)
{
    (void)name;
    ++*(uint64_t *)arg;
    return ERR_OK;
}

/* Each file that the manifest names was there; so there is no other where the numbers agree. */
static enum err check_no_other(struct checking *k)
{
    static const char *const folders[] = {".", "proofs", "policies"};
    uint64_t found = 0;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(folders); i++) {
        char path[PATH_MAX];
        const int n = snprintf(path, sizeof path, "%s/%s", k->c->dir, folders[i]);
        e = n > 0 && (size_t)n < sizeof path ? file_list(path, count_file, &found) : ERR_RANGE;
    }
    if (e != ERR_OK)
        return errmsg_set(k->why, e, "%s: cannot be listed", k->c->dir);
    const uint64_t own = ARRAY_LEN(folders) - 1 + 2; /* folders; manifest and signature */
    return found == k->files + own ? ERR_OK
                                   : errmsg_set(k->why, ERR_MISMATCH,
                                                "there are files that the manifest does not name");
}

static enum err check_manifest(struct checking *k)
{
    CLEANUP(buf_free) struct buf manifest = buf_new(BUNDLE_MANIFEST_MAX);
    enum err e = read_file(k, BUNDLE_MANIFEST, &manifest);
    if (e == ERR_OK)
        e = check_signature(k, buf_bytes(&manifest));
    if (e == ERR_OK)
        e = check_lines(k, buf_bytes(&manifest));
    return e == ERR_OK ? check_no_other(k) : e;
}

static enum err check_head(struct checking *k)
{
    struct arena *arena CLEANUP(cleanup_arena_free) = arena_new(NOTE_ARENA_BYTES);
    struct head head;
    enum err e = arena == NULL ? ERR_NOMEM : read_file(k, "checkpoint", &k->note);
    if (e == ERR_OK)
        e = head_verify(k->c->policy, buf_bytes(&k->note), arena, &head, k->why);
    if (e != ERR_OK)
        return e;
    k->found->size = head.checkpoint.size;
    k->found->origin = buf_new(NOTE_MAX_BYTES);
    buf_put(&k->found->origin, head.checkpoint.origin);
    return buf_err(&k->found->origin);
}

static enum err read_about(struct checking *k)
{
    CLEANUP(buf_free) struct buf text = buf_new(ABOUT_MAX_BYTES);
    struct bytes format;
    enum err e = read_file(k, "bundle.json", &text);
    if (e == ERR_OK)
        e = doc_parse(buf_bytes(&text), ABOUT_MAX_BYTES, &k->about, k->why);
    if (e == ERR_OK)
        e = doc_get_text(k->about, "format", NAME_SIZE, &format, k->why);
    if (e == ERR_OK && !bytes_is(format, BUNDLE_FORMAT))
        e = errmsg_set(k->why, ERR_VERSION, "a bundle of another format than " BUNDLE_FORMAT);
    if (e == ERR_OK)
        e = bodies_filter_read(k->about, &k->filter, k->why);
    k->found->has_refs = e == ERR_OK && (k->filter.has_request || k->filter.has_case);
    return e == ERR_OK ? e : errmsg_wrap(k->why, e, "bundle.json");
}

/* The proof of a row: of its entry, at its place, in the log of the bundle's own checkpoint. */
static enum err check_proof(struct checking *k, const struct body_line *line)
{
    CLEANUP(buf_free) struct buf proof = buf_new(PROOF_FILE_MAX_BYTES);
    char name[NAME_SIZE];
    struct proof_result r;
    snprintf(name, sizeof name, "proofs/%012llu.tlog-proof", (unsigned long long)line->index);
    enum err e = read_file(k, name, &proof);
    if (e == ERR_OK)
        e = verify_proof(k->c->policy, buf_bytes(&proof), &line->entry, &r, k->why);
    if (e != ERR_OK)
        return errmsg_wrap(k->why, e, "%s", name);
    const struct bytes all = buf_bytes(&proof);
    const struct bytes note = buf_bytes(&k->note);
    const bool is_same =
        all.len > note.len && bytes_equal(bytes_of(all.ptr + all.len - note.len, note.len), note);
    return r.index == line->index && is_same
               ? ERR_OK
               : errmsg_set(k->why, ERR_MISMATCH, "%s: of another place or another head", name);
}

static bool is_listed(const struct doc *list, const struct digest *d)
{
    CLEANUP(buf_free) struct buf hex = buf_new(NAME_SIZE);
    struct bytes text;
    text_put_hex(&hex, digest_bytes(d));
    for (size_t i = 0; i < doc_count(list); i++)
        if (doc_text_of(doc_at(list, i), NAME_SIZE, &text) == ERR_OK &&
            bytes_equal(text, buf_bytes(&hex)))
            return true;
    return false;
}

/* A version that a row names is in the bundle, or the bundle says that it is not. */
static enum err check_policy(struct checking *k, const struct body_line *line,
                             const struct audit_body *b)
{
    const struct doc *here = NULL;
    const struct doc *missing = NULL;
    enum err e = doc_get_array(k->about, "policies", &here, k->why);
    if (e == ERR_OK)
        e = doc_get_array(k->about, "policies_missing", &missing, k->why);
    if (e != ERR_OK || !b->has_policy_digest)
        return e;
    k->found->policies_missing = doc_count(missing);
    if (is_listed(missing, &b->policy_digest))
        return ERR_OK;
    return is_listed(here, &b->policy_digest) && doc_count(here) == k->found->policies
               ? ERR_OK
               : errmsg_set(k->why, ERR_MISMATCH,
                            "row %llu: its policy version is not in the bundle",
                            (unsigned long long)line->index);
}

static enum err check_row(void *arg, const struct body_line *line)
{
    struct checking *k = arg;
    struct audit_body b;
    struct digest entry;
    bool fits = false;
    if (line->state != BODY_PRESENT)
        return errmsg_set(k->why, ERR_MISMATCH, "row %llu has no body",
                          (unsigned long long)line->index);
    arena_reset(k->arena);
    enum err e = entry_hash(digest_sha256, line->body, &entry);
    if (e == ERR_OK && !digest_equal(&entry, &line->entry))
        e = errmsg_set(k->why, ERR_MISMATCH, "row %llu: the body is another",
                       (unsigned long long)line->index);
    if (e == ERR_OK)
        e = check_proof(k, line);
    if (e == ERR_OK)
        e = audit_body_parse(line->body, k->arena, &b, k->why);
    if (e == ERR_OK)
        e = bodies_fit(digest_sha256, &k->filter, &b, &fits);
    if (e == ERR_OK && !fits)
        e = errmsg_set(k->why, ERR_MISMATCH, "row %llu does not fit the filter",
                       (unsigned long long)line->index);
    k->found->rows++;
    return e == ERR_OK ? check_policy(k, line, &b) : e;
}

static enum err check_rows(struct checking *k)
{
    char path[PATH_MAX];
    CLEANUP(cleanup_body_file_close) struct body_file *file = NULL;
    int64_t rows = 0;
    const int n = snprintf(path, sizeof path, "%s/rows.jsonl", k->c->dir);
    if (n < 0 || (size_t)n >= sizeof path)
        return ERR_RANGE;
    enum err e = body_file_open(path, &file, k->why);
    if (e != ERR_OK)
        return e;
    const struct body_source source = body_file_source(file);
    e = source.each(source.ctx, 0, check_row, k, k->why);
    if (e == ERR_OK)
        e = doc_get_int(k->about, "rows", 0, INT64_MAX, &rows, k->why);
    if (e == ERR_OK && ((uint64_t)rows != k->found->rows || k->proofs != k->found->rows))
        e = errmsg_set(k->why, ERR_MISMATCH,
                       "rows, proofs and what bundle.json counts do not agree");
    return e;
}

enum err bundle_check(const struct bundle_check *c, struct bundle_found *out, struct errmsg *why)
{
    struct checking k = {.c = c, .found = out, .why = why, .note = buf_new(NOTE_MAX_BYTES)};
    k.arena = arena_new(AUDIT_BODY_ARENA_BYTES);
    enum err e = k.arena == NULL ? ERR_NOMEM : check_manifest(&k);
    if (e == ERR_OK)
        e = check_head(&k);
    if (e == ERR_OK)
        e = read_about(&k);
    if (e == ERR_OK)
        e = check_rows(&k);
    buf_free(&k.note);
    doc_free(k.about);
    arena_free(k.arena);
    return e;
}
