/* Request, response and information are raw, under the `body` of the record; the policy is a
 * reference, under its `attributes`. A denial is the outcome of an evaluation and no error. Ids
 * come from the entry alone, which is a hash over 128 random bits: the same entry has the same ids
 * in every export, and leads back to the log. Each decision is the root of a trace of its own,
 * since no id that the log holds joins two messages. */
#include "pki/cli/audit/adl_row.h"

#include "pki/digest.h"
#include "proto/base/join.h"
#include "proto/base/label.h"
#include "proto/base/text.h"
#include "proto/json/doc.h"
#include "proto/log/entry.h"

#define TRACE_BYTES 16
#define SPAN_BYTES 8

bool adl_has_row(const struct audit_body *b)
{
    return b->decision != AUDIT_DECISION_NONE;
}

static enum err ids_of(const struct digest *entry, struct digest *out)
{
    CLEANUP(buf_free) struct buf b = buf_new(256);
    join_part(&b, bytes_str(LABEL_ADL));
    join_part(&b, digest_bytes(entry));
    const struct bytes part = buf_bytes(&b);
    const enum err e = buf_err(&b);
    return e == ERR_OK ? digest_sha256(&part, 1, out) : e;
}

/* The document of a builder that went well, else NULL. */
static struct doc *done(struct doc *d, const struct doc_build *b)
{
    if (doc_build_done(b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

static struct doc *typed_doc(const char *type, const char *id, struct doc *properties)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "type", type);
    doc_put_str(&b, "id", id);
    doc_put_doc(&b, "properties", properties);
    return done(d, &b);
}

/* Who asked: an agency, and under which pseudonym. */
static struct doc *subject_doc(const struct audit_body *body)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    if (body->staff.len > 0)
        doc_put_text(&b, "staff", body->staff);
    return typed_doc("agency", body->actor.oin, done(d, &b));
}

/* For what: a rule, towards the other agency. */
static struct doc *resource_doc(const struct audit_body *body)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    if (body->rule.s[0] != '\0')
        doc_put_int(&b, "version", body->rule_version);
    if (body->peer.oin[0] != '\0')
        doc_put_str(&b, "agency", body->peer.oin);
    return typed_doc("rule", body->rule.s, done(d, &b));
}

static struct doc *action_doc(const struct audit_body *body)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "name", audit_event_id(body->event));
    return done(d, &b);
}

static struct doc *request_doc(const struct audit_body *body)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_doc(&b, "subject", subject_doc(body));
    doc_put_doc(&b, "action", action_doc(body));
    doc_put_doc(&b, "resource", resource_doc(body));
    return done(d, &b);
}

static struct doc *reasons_doc(const struct audit_body *body)
{
    struct doc *list = doc_new_array();
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    for (size_t i = 0; list != NULL && i < body->reasons_count; i++)
        if (doc_append(list, doc_new_text(body->reasons[i])) != ERR_OK) {
            doc_free(list);
            list = NULL;
        }
    doc_put_doc(&b, "reasons", list);
    return done(d, &b);
}

static struct doc *response_doc(const struct audit_body *body)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_bool(&b, "decision", body->decision == AUDIT_DECISION_PERMIT);
    if (body->reasons_count > 0)
        doc_put_doc(&b, "context", reasons_doc(body));
    return done(d, &b);
}

/* raw: the body as JSON, whose facts are all that the evaluator knew. */
static struct doc *body_doc(const struct audit_body *body, const struct doc *raw)
{
    const struct doc *facts = NULL;
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_doc(&b, "adl.core.request", request_doc(body));
    doc_put_doc(&b, "adl.core.response", response_doc(body));
    if (doc_get_object(raw, "facts", &facts, NULL) == ERR_OK)
        doc_put_doc(&b, "adl.core.information", doc_copy(facts));
    return done(d, &b);
}

static struct doc *policies_doc(const struct audit_body *body)
{
    struct doc *version = doc_new_object();
    struct doc_build v = doc_build_of(version);
    doc_put_hex(&v, "sha256", digest_bytes(&body->policy_digest));
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_doc(&b, "sluis", done(version, &v));
    return done(d, &b);
}

static struct doc *attributes_doc(const struct body_line *line, const struct audit_body *body)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    if (body->has_policy_digest)
        doc_put_doc(&b, "adl.core.policies", policies_doc(body));
    doc_put_int(&b, "sluis.log.index", (int64_t)line->index);
    doc_put_hex(&b, "sluis.log.entry", digest_bytes(&line->entry));
    return done(d, &b);
}

static struct doc *service_doc(void)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "service.name", "sluis");
    return done(d, &b);
}

enum err adl_put_row(struct buf *out, const struct body_line *line, const struct audit_body *b)
{
    CLEANUP(cleanup_doc_free) struct doc *raw = NULL;
    CLEANUP(cleanup_doc_free) struct doc *record = doc_new_object();
    struct doc_build put = doc_build_of(record);
    struct digest ids;
    enum err e = doc_parse(line->body, ENTRY_BODY_MAX, &raw, NULL);
    if (e == ERR_OK)
        e = ids_of(&line->entry, &ids);
    if (e != ERR_OK)
        return e;
    doc_put_hex(&put, "trace_id", bytes_of(ids.b, TRACE_BYTES));
    doc_put_hex(&put, "span_id", bytes_of(ids.b + TRACE_BYTES, SPAN_BYTES));
    doc_put_str(&put, "event_name", "adl.access_evaluation");
    doc_put_int(&put, "timestamp", b->ts * 1000);
    doc_put_str(&put, "status", "Unset");
    doc_put_doc(&put, "attributes", attributes_doc(line, b));
    doc_put_doc(&put, "resource", service_doc());
    doc_put_doc(&put, "body", body_doc(b, raw));
    e = doc_build_done(&put);
    if (e == ERR_OK)
        e = doc_write(record, out);
    buf_put_u8(out, '\n');
    return e == ERR_OK ? buf_err(out) : e;
}
