/* show, explain: what one body says. */
#include <stdio.h>
#include <sysexits.h>

#include "pki/cli/audit/explain.h"
#include "pki/cli/audit/reading.h"
#include "pki/digest.h"
#include "proto/conf/policy_load.h"
#include "proto/host/file.h"
#include "proto/json/json_writer.h"

/* Says why a body cannot be shown. */
static enum err no_body(struct reading *r, const struct body_line *line)
{
    static const char *const why[BODY_STATE_COUNT] = {
        [BODY_PRESENT] = "",
        [BODY_HIDDEN] = "you have no right to see its body",
        [BODY_ERASED] = "its body was erased at the end of its term",
        [BODY_UNREADABLE] = "its body does not open where it is kept",
        [BODY_LOST] = "its body was lost with a store that was restored; the auditors' copy may have it (recover)",
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
    int status = reading_pass(&r, o->index);
    reading_close(&r);
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
    int status = reading_pass(&r, o->index);
    reading_close(&r);
    return status;
}
