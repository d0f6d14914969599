/* Ids of traces and spans come from what the agent knows of thread, entry and subject, under its
 * key: the same act has the same ids in every export, and who knows a request or an item finds it
 * in none. The first act of a thread towards a subject is the parent of the others. */
#include "agent/subject/ldv.h"

#include "pki/mac.h"
#include "proto/base/join.h"
#include "proto/base/label.h"
#include "proto/base/text.h"

#define TRACE_BYTES 16
#define SPAN_BYTES 8

const char *ldv_status(const struct touch *t)
{
    static const struct {
        enum audit_event event;
        const char *outcome; /* NULL: any */
        const char *status;
    } known[] = {
        {AUDIT_EVENT_RELEASE_RECEIVED, "rejected", "Error"},
        {AUDIT_EVENT_RELEASE_RECEIVED, "released", "Ok"},
        {AUDIT_EVENT_RELEASE_RECEIVED, "known", "Ok"},
        {AUDIT_EVENT_REQUEST_SENT, NULL, "Ok"},
        {AUDIT_EVENT_REQUEST_ACCEPTED, NULL, "Ok"},
        {AUDIT_EVENT_REQUEST_KEPT, NULL, "Ok"},
        {AUDIT_EVENT_STANDING_BEGUN, NULL, "Ok"},
        {AUDIT_EVENT_STANDING_ENDED, NULL, "Ok"},
        {AUDIT_EVENT_RESULTS_SHOWN, NULL, "Ok"},
        {AUDIT_EVENT_ITEM_RAISED, NULL, "Ok"},
        {AUDIT_EVENT_ITEM_SHOWN, NULL, "Ok"},
        {AUDIT_EVENT_ITEM_CLAIMED, NULL, "Ok"},
        {AUDIT_EVENT_DECISION_SIGNED, NULL, "Ok"},
        {AUDIT_EVENT_CONSENT_ACCEPTED, NULL, "Ok"},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (known[i].event == t->event &&
            (known[i].outcome == NULL || strcmp(known[i].outcome, t->outcome) == 0))
            return known[i].status;
    return "Unset";
}

/* The trace is of the thread; with an entry, the span of it towards one subject. */
static enum err id_of(const struct ldv *l, const struct touch *entry, uint32_t group,
                      struct digest *out)
{
    const struct touch_thread *t = &l->thread->thread;
    uint8_t room[256];
    struct buf b = buf_fixed(room, sizeof room);
    join_str(&b, LABEL_LDV);
    join_str(&b, touch_role_id(t->role));
    join_part(&b, BYTES_OF_ARRAY(t->id));
    if (entry != NULL) {
        join_part(&b, digest_bytes(&entry->entry));
        join_u32(&b, group);
    }
    const struct bytes part = buf_bytes(&b);
    const enum err bad = buf_err(&b);
    return bad == ERR_OK ? mac_compute(l->ids, &part, 1, out->b) : bad;
}

/* The register entry of the rule, with the rule's version behind it, since each has its own; where
 * no version of the policy that has it is known, or the rule names no entry, a name made of
 * deployment, rule and version. */
static void put_activity(const struct ldv *l, struct doc_build *b)
{
    char room[1024];
    struct buf text = buf_fixed(room, sizeof room);
    const struct touch_terms *t = &l->thread->terms;
    const struct rule *r = l->policy != NULL ? policy_rule(l->policy, &t->rule) : NULL;
    if (r != NULL && r->gdpr != NULL && r->gdpr->register_entry != NULL)
        buf_printf(&text, "%s#%s.v%u", r->gdpr->register_entry, t->rule.s, t->rule_version);
    else
        buf_printf(&text, "urn:sluis:%s:rule:%s:v%u", l->deployment->s, t->rule.s, t->rule_version);
    doc_put_text(b, "dpl.core.processing_activity_id", buf_bytes(&text));
    if (buf_err(&text) != ERR_OK && b->err == ERR_OK)
        b->err = buf_err(&text);
}

static struct doc *done(struct doc *d, const struct doc_build *b)
{
    if (doc_build_done(b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

static struct doc *attributes_doc(const struct ldv *l, const struct walk_subject *s,
                                  const struct touch *t)
{
    char type[64];
    struct buf text = buf_fixed(type, sizeof type);
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    buf_printf(&text, "pseudonym/%s", ident_type_id(s->type));
    put_activity(l, &b);
    doc_put_hex(&b, "dpl.core.data_subject_id", BYTES_OF_ARRAY(s->pseudonym.b));
    doc_put_text(&b, "dpl.core.data_subject_id_type", buf_bytes(&text));
    if (t->peer.oin[0] != '\0')
        doc_put_str(&b, "dpl.core.foreign_operation.processor", t->peer.oin);
    return done(d, &b);
}

static struct doc *resource_doc(const struct ldv *l)
{
    struct doc *attributes = doc_new_object();
    struct doc_build a = doc_build_of(attributes);
    doc_put_str(&a, "service.name", "sluis-agent");
    doc_put_str(&a, "service.namespace", l->self->oin);
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_doc(&b, "attributes", done(attributes, &a));
    return done(d, &b);
}

static enum err put_ids(const struct ldv *l, const struct walk_subject *s, const struct touch *t,
                        struct doc_build *b)
{
    struct digest trace;
    struct digest span;
    struct digest parent;
    const bool has_parent = s->has_first && !digest_equal(&s->first.entry, &t->entry);
    enum err bad = id_of(l, NULL, 0, &trace);
    if (bad == ERR_OK)
        bad = id_of(l, t, s->group, &span);
    if (bad == ERR_OK && has_parent)
        bad = id_of(l, &s->first, s->group, &parent);
    if (bad != ERR_OK)
        return bad;
    doc_put_hex(b, "trace_id", bytes_of(trace.b, TRACE_BYTES));
    doc_put_hex(b, "span_id", bytes_of(span.b, SPAN_BYTES));
    if (has_parent)
        doc_put_hex(b, "parent_span_id", bytes_of(parent.b, SPAN_BYTES));
    return ERR_OK;
}

enum err ldv_line(const struct ldv *l, const struct walk_subject *subject, size_t entry,
                  struct doc **out)
{
    const struct touch *t = &l->thread->entries[entry];
    CLEANUP(cleanup_doc_free) struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    enum err bad = d != NULL ? put_ids(l, subject, t, &b) : ERR_NOMEM;
    if (bad != ERR_OK)
        return bad;
    doc_put_str(&b, "status", ldv_status(t));
    doc_put_str(&b, "name", audit_event_id(t->event));
    doc_put_int(&b, "start_time", t->at_s * 1000);
    doc_put_int(&b, "end_time", t->at_s * 1000);
    doc_put_doc(&b, "resource", resource_doc(l));
    doc_put_doc(&b, "attributes", attributes_doc(l, subject, t));
    bad = doc_build_done(&b);
    if (bad == ERR_OK)
        *out = take(d);
    return bad;
}
