/* list, show, explain: what bodies say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "pki/cli/audit/bodies_in.h"
#include "pki/cli/audit/explain.h"
#include "pki/cli/audit/log_dir.h"
#include "pki/cli/audit/options.h"
#include "pki/digest.h"
#include "proto/base/when.h"
#include "proto/conf/policy_load.h"
#include "proto/host/file.h"
#include "proto/json/json_writer.h"
#include "proto/log/entry.h"

struct reading {
    const struct options *o;
    struct log_dir *log; /* NULL: bodies are checked against their line only */
    struct audit_policy *policy;
    struct bodies_in bodies;
    struct arena *arena;
    struct errmsg why;
    uint64_t seen;
    uint64_t shown;
    uint64_t hidden; /* entries whose body the reader may not see */
    bool found;
    enum err (*show)(struct reading *r, const struct body_line *line, const struct audit_body *b);
};

static void close_reading(struct reading *r)
{
    bodies_in_close(&r->bodies);
    log_dir_close(r->log);
    audit_policy_free(r->policy);
    arena_free(r->arena);
}

static enum err open_reading(struct reading *r)
{
    r->arena = arena_new(AUDIT_BODY_ARENA_BYTES);
    if (r->arena == NULL)
        return ERR_NOMEM;
    enum err e = bodies_in_open(r->o, &r->bodies, &r->why);
    if (e != ERR_OK || r->o->log == NULL)
        return e;
    if (r->o->audit_policy == NULL)
        return errmsg_set(&r->why, ERR_INVALID, "--log needs --audit-policy");
    e = log_policy_read(r->o->audit_policy, &r->policy, &r->why);
    return e == ERR_OK ? log_dir_open(r->o->log, r->policy, &r->log, &r->why) : e;
}

/* Whether the log has grown beyond the head that was read at the start. */
static bool is_newer_than_head(const struct reading *r, uint64_t index)
{
    struct digest entry;
    return r->log != NULL && log_dir_entry(r->log, index, &entry) == ERR_RANGE;
}

/* Is the body what its entry says, and the entry what the log says? */
static enum err check_line(struct reading *r, const struct body_line *line)
{
    struct digest entry;
    enum err e = entry_hash(digest_sha256, line->body, &entry);
    if (e == ERR_OK && !digest_equal(&entry, &line->entry))
        e = ERR_MISMATCH;
    if (e == ERR_OK && r->log != NULL) {
        e = log_dir_entry(r->log, line->index, &entry);
        if (e == ERR_OK && !digest_equal(&entry, &line->entry))
            e = ERR_MISMATCH;
    }
    if (e != ERR_OK)
        return errmsg_set(&r->why, e, "entry %llu: the body is not what the log has",
                          (unsigned long long)line->index);
    return ERR_OK;
}

static bool is_text(const char *wanted, const char *has)
{
    return wanted == NULL || strcmp(wanted, has) == 0;
}

static bool fits(const struct options *o, const struct audit_body *b)
{
    if (o->since_text != NULL && b->ts < o->since)
        return false;
    if (o->until_text != NULL && b->ts >= o->until)
        return false;
    if (o->agency != NULL && !is_text(o->agency, b->actor.oin) && !is_text(o->agency, b->peer.oin))
        return false;
    return is_text(o->rule, b->rule.s) && is_text(o->event, audit_event_id(b->event)) &&
           is_text(o->decision, audit_decision_id(b->decision)) &&
           (o->officer == NULL || bytes_is(b->staff, o->officer));
}

static enum err take_line(void *arg, const struct body_line *line)
{
    struct reading *r = arg;
    struct audit_body body;
    if (is_newer_than_head(r, line->index))
        return ERR_OK; /* for the next time: nothing vouches for it yet */
    if (line->state != BODY_PRESENT)
        return r->show(r, line, NULL);
    arena_reset(r->arena);
    enum err e = check_line(r, line);
    if (e == ERR_OK)
        e = audit_body_parse(line->body, r->arena, &body, &r->why);
    return e == ERR_OK ? r->show(r, line, &body) : e;
}

static int read_bodies(struct reading *r, uint64_t first, const char *what)
{
    if (r->o->bodies == NULL) {
        fprintf(stderr, "sluis-audit: %s needs --bodies\n", r->o->verb);
        return EX_USAGE;
    }
    enum err e = open_reading(r);
    if (e == ERR_OK) {
        const struct body_source source = bodies_in_source(&r->bodies);
        e = source.each(source.ctx, first, take_line, r, &r->why);
    }
    if (e == ERR_OK && !r->found)
        e = errmsg_set(&r->why, ERR_NOT_FOUND, "the source says nothing about entry %llu",
                       (unsigned long long)first);
    return e == ERR_OK ? EX_OK : options_fail(what, e, &r->why);
}

/* The body as it is, with its place in front. */
static void print_row_json(const struct body_line *line)
{
    printf("{\"index\":%llu,\"body\":%.*s}\n", (unsigned long long)line->index,
           (int)line->body.len, (const char *)line->body.ptr);
}

static void print_head(void)
{
    printf("%8s  %-20s  %-24s %-7s %-20s %-20s %s\n", "index", "time", "event", "decided", "actor",
           "other", "rule  reasons");
}

static void print_row(const struct body_line *line, const struct audit_body *b)
{
    char ts[WHEN_TEXT_SIZE];
    when_text(b->ts, ts);
    printf("%8llu  %s  %-24s %-7s %-20s %-20s %s", (unsigned long long)line->index, ts,
           audit_event_id(b->event),
           b->decision == AUDIT_DECISION_NONE ? "-" : audit_decision_id(b->decision),
           b->actor.oin[0] != '\0' ? b->actor.oin : "-", b->peer.oin[0] != '\0' ? b->peer.oin : "-",
           b->rule.s[0] != '\0' ? b->rule.s : "-");
    for (size_t i = 0; i < b->reasons_count; i++)
        printf("%s%.*s", i == 0 ? "  " : ",", (int)b->reasons[i].len,
               (const char *)b->reasons[i].ptr);
    printf("\n");
}

static enum err list_line(struct reading *r, const struct body_line *line,
                          const struct audit_body *b)
{
    r->hidden += line->state == BODY_HIDDEN;
    if (b == NULL || !fits(r->o, b) || r->seen++ < r->o->offset)
        return ERR_OK;
    if (r->shown == r->o->limit) {
        fprintf(stderr, "sluis-audit: there is more: --offset %llu\n",
                (unsigned long long)(r->o->offset + r->shown));
        return ERR_CANCELLED;
    }
    if (r->o->json) {
        print_row_json(line);
    } else {
        if (r->shown == 0)
            print_head();
        print_row(line, b);
    }
    r->shown++;
    return ERR_OK;
}

int run_list(const struct options *o)
{
    struct reading r = {.o = o, .show = list_line, .found = true};
    int status = read_bodies(&r, 0, "list");
    if (status == EX_OK && r.shown == 0 && !o->json)
        printf("No entry fits.\n");
    if (r.hidden > 0)
        fprintf(stderr,
                "sluis-audit: %llu entries show you no body: fillers, and what you may not read\n",
                (unsigned long long)r.hidden);
    close_reading(&r);
    return status;
}

/* Says why a body cannot be shown. */
static enum err no_body(struct reading *r, const struct body_line *line)
{
    static const char *const why[BODY_STATE_COUNT] = {
        [BODY_PRESENT] = "",
        [BODY_HIDDEN] = "you have no right to see its body",
        [BODY_ERASED] = "its body was erased at the end of its term",
        [BODY_FILLER] = "it is a filler: there never was a body",
    };
    return errmsg_set(&r->why, ERR_NOT_FOUND, "entry %llu: %s", (unsigned long long)line->index,
                      why[line->state]);
}

static enum err show_line(struct reading *r, const struct body_line *line,
                          const struct audit_body *b)
{
    if (line->index != r->o->index)
        return ERR_CANCELLED;
    if (b == NULL)
        return no_body(r, line);
    r->found = true;
    printf("%.*s\n", (int)line->body.len, (const char *)line->body.ptr);
    return ERR_CANCELLED;
}

int run_show(const struct options *o)
{
    struct reading r = {.o = o, .show = show_line};
    int status = read_bodies(&r, o->index, "show");
    close_reading(&r);
    return status;
}

/* The version that decided: the file that --policy names, else the daemon behind --bodies is asked. */
static enum err read_version(struct reading *r, const struct audit_body *b, struct buf *out)
{
    struct digest digest;
    enum err e = r->o->policy != NULL
                     ? file_read(r->o->policy, FILE_ANY, out, &r->why)
                     : body_socket_policy(r->bodies.socket, &b->policy_digest, out, &r->why);
    const struct bytes part = buf_bytes(out);
    if (e == ERR_OK)
        e = digest_sha256(&part, 1, &digest);
    if (e == ERR_OK && b->has_policy_digest && !digest_equal(&digest, &b->policy_digest))
        e = errmsg_set(&r->why, ERR_MISMATCH, "%s is another version than the one that decided",
                       r->o->policy != NULL ? r->o->policy : "what the service gave");
    return e;
}

/* The decision once more, with citations. Where the daemon does not know the version, that is said and the
 * body is explained without it. */
static enum err put_replay(struct reading *r, const struct audit_body *b, enum language lang,
                           struct buf *out)
{
    struct buf text CLEANUP(buf_free) = buf_new(POLICY_MAX_BYTES);
    struct policy_file *file CLEANUP(cleanup_policy_file_free) = NULL;
    const bool can_ask = r->bodies.socket != NULL && b->has_policy_digest;
    if (b->decision == AUDIT_DECISION_NONE || (r->o->policy == NULL && !can_ask))
        return ERR_OK;
    enum err e = read_version(r, b, &text);
    if (e == ERR_STATE && r->o->policy == NULL) {
        fprintf(stderr, "sluis-audit: not judged again: %s\n", r->why.text);
        return ERR_OK;
    }
    if (e == ERR_OK)
        e = policy_file_load(buf_bytes(&text), r->o->policy != NULL ? r->o->policy : "policy",
                             &file, &r->why);
    return e == ERR_OK ? explain_replay(b, policy_file_policy(file), lang, out, &r->why) : e;
}

static enum err explain_line(struct reading *r, const struct body_line *line,
                             const struct audit_body *b)
{
    static const enum language languages[] = {LANGUAGE_NL, LANGUAGE_EN};
    struct buf out CLEANUP(buf_free) = buf_new(1 << 20);
    if (line->index != r->o->index)
        return ERR_CANCELLED;
    if (b == NULL)
        return no_body(r, line);
    r->found = true;
    for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
        if (i > 0)
            buf_put_u8(&out, '\n');
        explain_body(b, reason_of_code, languages[i], &out);
        enum err e = put_replay(r, b, languages[i], &out);
        if (e != ERR_OK)
            return e;
    }
    if (buf_err(&out) != ERR_OK)
        return buf_err(&out);
    if (!r->o->json) {
        printf("%s", buf_text(&out));
        return ERR_CANCELLED;
    }
    struct buf json CLEANUP(buf_free) = buf_new(8 << 20);
    struct json_writer w = json_writer_of(&json);
    json_put_object(&w, NULL);
    json_put_uint(&w, "index", line->index);
    json_put_text(&w, "text", buf_bytes(&out));
    json_put_end(&w);
    if (json_writer_done(&w) != ERR_OK)
        return ERR_INVALID;
    printf("%s\n", buf_text(&json));
    return ERR_CANCELLED;
}

int run_explain(const struct options *o)
{
    struct reading r = {.o = o, .show = explain_line};
    int status = read_bodies(&r, o->index, "explain");
    close_reading(&r);
    return status;
}
