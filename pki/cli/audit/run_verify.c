#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "pki/cli/audit/bodies_in.h"
#include "pki/cli/audit/options.h"
#include "pki/cli/audit/predecessor.h"
#include "pki/cli/audit/verify.h"
#include "pki/cli/audit/watched.h"
#include "pki/digest.h"
#include "proto/base/text.h"
#include "proto/host/file.h"
#include "proto/host/progress.h"
#include "proto/json/json_writer.h"
#include "proto/log/proof_file.h"

#define NOTES_MAX 16

/* What was found, and what was left out. */
struct report {
    const struct options *o;
    const struct head *head;
    const struct audit_policy *policy;
    struct verify_counts counts;
    bool has_old;
    uint64_t old_size;
    struct log_link link;
    struct predecessor_seen before;
    bool has_fillers; /* the filler key was at hand */
    const char *unchecked[NOTES_MAX];
    size_t unchecked_count;
};

static void leave_out(struct report *r, const char *what)
{
    if (r->unchecked_count < NOTES_MAX)
        r->unchecked[r->unchecked_count++] = what;
}

static bool whole_log(const struct options *o)
{
    return o->from == 0 && o->to == OPTIONS_NO_INDEX;
}

static void collect_unchecked(struct report *r)
{
    const struct options *o = r->o;
    if (!audit_policy_quorum_none(r->policy) && o->cosigned_text == NULL)
        leave_out(r, "age: how old this head may be; --cosigned-since says it");
    if (audit_policy_quorum_none(r->policy))
        leave_out(r, "witnesses: the audit policy asks for none, so a log that shows two faces "
                     "is found only by comparing heads");
    if (!r->has_old)
        leave_out(r, "growth: no earlier checkpoint was given (--old)");
    if (!whole_log(o))
        leave_out(r, "entries outside the range, and hash tiles that no path needed");
    if (o->bodies == NULL)
        leave_out(r, "bodies: none were given (--bodies)");
    if (!r->has_fillers)
        leave_out(r, "fillers: without the filler key an entry without body may be anything");
    if (r->has_fillers && !r->counts.is_committed)
        leave_out(r, "the filler key: the body in which the log commits to it is not there any more");
    if (o->predecessor != NULL && !r->before.saw_begin)
        leave_out(r, "the link: this log's first body was not given (--bodies)");
    if (o->predecessor != NULL && !r->before.saw_end)
        leave_out(r, "the end: the last body of the log before was not given (--predecessor-bodies)");
    if (r->counts.hidden > 0)
        leave_out(r, "bodies that you have no right to see");
    if (r->counts.unreadable > 0)
        leave_out(r, "bodies that do not open where they are kept");
    if (r->counts.lost > 0)
        leave_out(r, "bodies that were lost with a store that was restored (recover)");
    if (r->counts.unheard > 0)
        leave_out(r, "entries that the source of bodies says nothing about");
}

static void print_number(const char *label, uint64_t n)
{
    printf("  %-34s %llu\n", label, (unsigned long long)n);
}

static void print_text(const struct report *r)
{
    const struct checkpoint *c = &r->head->checkpoint;
    printf("The log verifies: %.*s\n", (int)c->origin.len, (const char *)c->origin.ptr);
    print_number("entries in the log", c->size);
    print_number("entries checked", r->counts.entries);
    print_number("hash tiles checked", r->counts.hash_tiles);
    watched_print(&(struct watched){r->policy, r->head});
    if (r->has_old)
        print_number("a prefix of it: earlier head of", r->old_size);
    if (r->o->predecessor != NULL)
        print_number("goes on from a log of", r->before.size);
    if (r->o->bodies != NULL) {
        print_number("bodies checked", r->counts.present);
        print_number("without a body that you may see", r->counts.hidden);
        print_number("bodies erased by retention", r->counts.erased);
        print_number("bodies that do not open there", r->counts.unreadable);
        print_number("bodies lost at a restore", r->counts.lost);
        print_number(r->has_fillers ? "fillers (proved)" : "fillers (as the source says)",
                     r->counts.fillers);
        print_number("entries without any word", r->counts.unheard);
    }
    for (size_t i = 0; i < r->unchecked_count; i++)
        printf("  not checked: %s\n", r->unchecked[i]);
}

static int print_json(const struct report *r)
{
    const struct checkpoint *c = &r->head->checkpoint;
    struct buf b CLEANUP(buf_free) = buf_new(1 << 16);
    struct json_writer w = json_writer_of(&b);
    json_put_object(&w, NULL);
    json_put_bool(&w, "verified", true);
    json_put_text(&w, "origin", c->origin);
    json_put_uint(&w, "size", c->size);
    json_put_hex(&w, "root", digest_bytes(&c->root));
    json_put_uint(&w, "entries", r->counts.entries);
    json_put_uint(&w, "hash_tiles", r->counts.hash_tiles);
    watched_put(&(struct watched){r->policy, r->head}, &w);
    if (r->has_old)
        json_put_uint(&w, "old_size", r->old_size);
    if (r->o->predecessor != NULL) {
        json_put_uint(&w, "predecessor_size", r->before.size);
        json_put_bool(&w, "link", r->before.saw_begin);
        json_put_bool(&w, "end", r->before.saw_end);
    }
    json_put_uint(&w, "bodies", r->counts.present);
    json_put_uint(&w, "hidden", r->counts.hidden);
    json_put_uint(&w, "erased", r->counts.erased);
    json_put_uint(&w, "unreadable", r->counts.unreadable);
    json_put_uint(&w, "lost", r->counts.lost);
    json_put_uint(&w, "fillers", r->counts.fillers);
    json_put_uint(&w, "unheard", r->counts.unheard);
    json_put_array(&w, "not_checked");
    for (size_t i = 0; i < r->unchecked_count; i++)
        json_put_str(&w, NULL, r->unchecked[i]);
    json_put_end(&w);
    json_put_end(&w);
    enum err e = json_writer_done(&w);
    if (e != ERR_OK)
        return options_fail("output", e, NULL);
    printf("%s\n", buf_text(&b));
    return EX_OK;
}

static struct progress *new_bar(const struct options *o, const char *label, uint64_t total)
{
    return o->quiet || o->json ? NULL : progress_new(stderr, label, "entries", total);
}

static enum err check_range(const struct options *o, struct log_dir *l, struct report *r, struct errmsg *why)
{
    const uint64_t size = r->head->checkpoint.size;
    const uint64_t to = o->to == OPTIONS_NO_INDEX ? size : o->to;
    struct progress *bar CLEANUP(cleanup_progress_free) = new_bar(o, "verifying", to > o->from ? to - o->from : 0);
    const struct verify_range_params p = {l, o->from, to, bar};
    const enum err e = verify_range(&p, &r->counts, why);
    progress_finish(bar);
    return e;
}

static enum err check_entries(const struct options *o, struct log_dir *l, struct report *r,
                              struct errmsg *why)
{
    if (!whole_log(o))
        return check_range(o, l, r, why);
    struct progress *bar CLEANUP(cleanup_progress_free) = new_bar(o, "verifying", r->head->checkpoint.size);
    enum err e = verify_tiles(l, bar, &r->counts, why);
    progress_finish(bar);
    return e;
}

static enum err check_old(const struct options *o, struct log_dir *l, struct report *r,
                          struct errmsg *why)
{
    struct buf note CLEANUP(buf_free) = buf_new(NOTE_MAX_BYTES);
    if (o->old == NULL)
        return ERR_OK;
    enum err e = file_read(o->old, FILE_ANY, &note, why);
    if (e == ERR_OK)
        e = verify_old(l, r->policy, buf_bytes(&note), &r->old_size, why);
    r->has_old = e == ERR_OK;
    return e;
}

/* The filler key from its file; it is no longer needed in text after this. */
static enum err read_filler_key(const char *path, struct secret **out, struct errmsg *why)
{
    char text[FILLER_KEY_BYTES * 2 + 2] = {0};
    uint8_t raw[FILLER_KEY_BYTES] = {0};
    struct buf b = buf_fixed(text, sizeof text);
    enum err e = file_read(path, FILE_PRIVATE, &b, why);
    struct bytes hex = buf_bytes(&b);
    if (hex.len > 0 && hex.ptr[hex.len - 1] == '\n')
        hex.len--;
    if (e == ERR_OK && text_get_hex(hex, raw, sizeof raw) != ERR_OK)
        e = errmsg_set(why, ERR_INVALID, "%s: not 64 hex digits", path);
    if (e == ERR_OK && (*out = secret_new(BYTES_OF_ARRAY(raw))) == NULL)
        e = ERR_NOMEM;
    secret_wipe(raw, sizeof raw);
    secret_wipe(text, sizeof text);
    return e;
}

/* By its file; else from a daemon that gives it to whom it hides no body. *out stays NULL where there is none. */
static enum err get_fillers(const struct options *o, const struct bodies_in *bodies, struct filler **out,
                            struct digest *commitment, struct errmsg *why)
{
    struct secret *key CLEANUP(cleanup_secret_free) = NULL;
    enum err e = ERR_NOT_FOUND;
    if (o->filler_key != NULL)
        e = read_filler_key(o->filler_key, &key, why);
    else if (bodies->socket != NULL)
        e = body_socket_filler_key(bodies->socket, &key, why);
    if (e == ERR_NOT_FOUND && o->filler_key == NULL)
        return ERR_OK;
    if (e == ERR_OK)
        e = filler_commitment(key, commitment);
    return e == ERR_OK ? filler_new(key, out) : e;
}

static enum err check_bodies(const struct options *o, struct log_dir *l, struct report *r,
                             struct errmsg *why)
{
    struct bodies_in bodies CLEANUP(bodies_in_close) = {0};
    struct filler *fillers CLEANUP(cleanup_filler_free) = NULL;
    struct digest commitment;
    if (o->bodies == NULL)
        return ERR_OK;
    enum err e = bodies_in_open(o, &bodies, why);
    if (e == ERR_OK)
        e = get_fillers(o, &bodies, &fillers, &commitment, why);
    if (e != ERR_OK)
        return e;
    const struct body_source source = bodies_in_source(&bodies);
    struct progress *bar CLEANUP(cleanup_progress_free) = new_bar(o, "bodies", r->head->checkpoint.size);
    const struct verify_bodies_params p = {
        l, &source, fillers, &commitment, fillers != NULL && o->filler_key == NULL, &r->link, bar};
    r->has_fillers = fillers != NULL;
    e = verify_bodies(&p, &r->counts, why);
    progress_finish(bar);
    if (e == ERR_OK && o->filler_key != NULL && !r->counts.is_committed)
        e = errmsg_set(why, ERR_NOT_FOUND, "no body of the log's first event commits to a filler key");
    return e;
}

static int verify_log(const struct options *o, const struct audit_policy *policy)
{
    struct errmsg why = {0};
    struct log_dir *l CLEANUP(cleanup_log_dir_close) = NULL;
    struct report r = {.o = o, .policy = policy};
    enum err e = log_dir_open(o->log, policy, &l, &why);
    if (e != ERR_OK)
        return options_fail("the log does not verify", e, &why);
    r.head = log_dir_head(l);
    if (o->cosigned_text != NULL)
        e = watched_check(&(struct watched){policy, r.head}, o->cosigned_since, &why);
    if (e == ERR_OK)
        e = check_entries(o, l, &r, &why);
    if (e == ERR_OK)
        e = check_old(o, l, &r, &why);
    if (e == ERR_OK)
        e = check_bodies(o, l, &r, &why);
    if (e == ERR_OK && o->predecessor != NULL)
        e = predecessor_verify(o, l, &r.link, &r.before, &why);
    if (e != ERR_OK)
        return options_fail("the log does not verify", e, &why);
    collect_unchecked(&r);
    if (o->json)
        return print_json(&r);
    print_text(&r);
    return EX_OK;
}

/* Without the end of the line that `show` prints: no body ends so. */
static struct bytes as_shown(const struct buf *body)
{
    const struct bytes all = buf_bytes(body);
    return bytes_of(all.ptr, all.len > 0 && all.ptr[all.len - 1] == '\n' ? all.len - 1 : all.len);
}

/* The entry that --entry or --body names; ERR_NOT_FOUND where neither was given. */
static enum err wanted_entry(const struct options *o, struct digest *out, struct errmsg *why)
{
    struct buf body CLEANUP(buf_free) = buf_new(ENTRY_BODY_MAX);
    if (o->entry != NULL) {
        enum err e = text_get_hex(bytes_str(o->entry), out->b, sizeof out->b);
        return e == ERR_OK ? e : errmsg_set(why, e, "--entry: not 64 hex digits");
    }
    if (o->body == NULL)
        return ERR_NOT_FOUND;
    const enum err e = file_read(o->body, FILE_ANY, &body, why);
    return e == ERR_OK ? entry_hash(digest_sha256, as_shown(&body), out) : ERR_IO;
}

static int verify_one(const struct options *o, const struct audit_policy *policy)
{
    struct errmsg why = {0};
    struct buf file CLEANUP(buf_free) = buf_new(PROOF_FILE_MAX_BYTES);
    struct digest entry;
    struct proof_result r;
    enum err e = wanted_entry(o, &entry, &why);
    bool given = e == ERR_OK;
    if (e == ERR_NOT_FOUND)
        e = ERR_OK;
    if (e == ERR_OK)
        e = file_read(o->proof, FILE_ANY, &file, &why);
    if (e == ERR_OK)
        e = verify_proof(policy, buf_bytes(&file), given ? &entry : NULL, &r, &why);
    if (e != ERR_OK)
        return options_fail("the proof does not verify", e, &why);
    printf("The proof verifies: entry %llu of a log of %llu\n", (unsigned long long)r.index,
           (unsigned long long)r.size);
    if (!given)
        printf("  not checked: what the entry says; give --body or --entry\n");
    return EX_OK;
}

int run_verify(const struct options *o)
{
    struct errmsg why = {0};
    struct audit_policy *policy CLEANUP(cleanup_audit_policy_free) = NULL;
    const int kinds = (o->log != NULL) + (o->proof != NULL) + (o->bundle != NULL);
    if (o->audit_policy == NULL || kinds != 1) {
        fprintf(stderr, "sluis-audit: verify needs --audit-policy, and one of --log, --proof and --bundle\n");
        return EX_USAGE;
    }
    if ((o->predecessor != NULL) != (o->predecessor_policy != NULL) || (o->predecessor != NULL && o->log == NULL) ||
        (o->predecessor == NULL && o->predecessor_bodies != NULL)) {
        fprintf(stderr, "sluis-audit: --predecessor goes with --log and --predecessor-policy\n");
        return EX_USAGE;
    }
    enum err e = log_policy_read(o->audit_policy, &policy, &why);
    if (e != ERR_OK)
        return options_fail("audit policy", e, &why);
    if (o->bundle != NULL)
        return run_verify_bundle(o, policy);
    return o->proof != NULL ? verify_one(o, policy) : verify_log(o, policy);
}
