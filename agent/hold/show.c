#include "agent/hold/show.h"

#include "proto/policy/duties.h"
#include "proto/policy/explain.h"

/* The name of a party by the policy; its OIN where it has none. */
static const char *party_name(const struct desk *d, const struct agency_id *id)
{
    const struct party *p = policy_party(d->policy, id);
    return p != NULL ? p->name : id->oin;
}

static enum err add_name(struct doc *list, const struct name *n)
{
    return doc_append(list, doc_new_text(name_bytes(n)));
}

static struct doc *names_doc(const struct name *v, size_t count, enum err *bad)
{
    struct doc *list = doc_new_array();
    for (size_t i = 0; list != NULL && *bad == ERR_OK && i < count; i++)
        *bad = add_name(list, &v[i]);
    return list;
}

static const char *control_word(const struct hold_item *item)
{
    if (item->control_name == COMPARED_DIFFERS || item->control_birth == COMPARED_DIFFERS)
        return comparison_id(COMPARED_DIFFERS);
    if (item->control_name == COMPARED_EQUAL || item->control_birth == COMPARED_EQUAL)
        return comparison_id(COMPARED_EQUAL);
    return comparison_id(COMPARED_ABSENT);
}

/* Signatures that a release or confirmation needs. */
static int64_t needed(const struct desk *d)
{
    return d->four_eyes ? 2 : 1;
}

enum err show_row(const struct desk *d, enum desk_seat seat, struct doc *row)
{
    const struct request_header *h = &d->text.header;
    enum err bad = ERR_OK;
    struct doc_build b = doc_build_of(row);
    doc_put_int(&b, "item", (int64_t)d->item.number);
    doc_put_str(&b, "state", item_state_id(d->item.state));
    doc_put_str(&b, "requester", h->requester.oin);
    doc_put_str(&b, "requester_name", party_name(d, &h->requester));
    doc_put_str(&b, "rule", h->rule.s);
    doc_put_time(&b, "arrived", d->item.arrived_s);
    doc_put_time(&b, "deadline", h->deadline_s);
    if (d->terms != NULL)
        doc_put_time(&b, "decide_by", d->decide_by_s);
    doc_put_str(&b, "seat", desk_seat_id(seat));
    doc_put_bool(&b, "late", d->is_late);
    doc_put_bool(&b, "overdue", d->is_overdue);
    doc_put_str(&b, "control", control_word(&d->item));
    doc_put_int(&b, "signed", (int64_t)d->item.consent_count);
    doc_put_int(&b, "needed", needed(d));
    doc_put_str(&b, "claimed_by", d->item.claimed_by.s);
    doc_put_doc(&b, "fields", names_doc(h->fields, h->field_count, &bad));
    if (d->item.refusal.len > 0)
        doc_put_text(&b, "refusal", d->item.refusal);
    enum err built = doc_build_done(&b);
    return bad != ERR_OK ? bad : built;
}

/* The legal basis, a line for each provision. */
static struct doc *basis_doc(const struct desk *d)
{
    const struct policy *p = d->policy;
    CLEANUP(buf_free) struct buf text = buf_new((size_t)1 << 16);
    explain_basis(&text, p, d->rule, policy_party(p, &d->text.header.holder), LANGUAGE_NL);
    return doc_new_lines(buf_bytes(&text));
}

static struct doc *duties_doc(const struct desk *d)
{
    CLEANUP(buf_free) struct buf text = buf_new((size_t)1 << 14);
    duties_text(&text, d->policy, d->rule, BEARER_HOLDER, LANGUAGE_NL);
    return doc_new_lines(buf_bytes(&text));
}

static struct doc *ground_doc(const struct refusal_ground *g)
{
    struct doc *o = doc_new_object();
    if (o == NULL)
        return NULL;
    struct doc_build b = doc_build_of(o);
    doc_put_str(&b, "code", g->code.s);
    doc_put_str(&b, "text", g->text.nl);
    doc_put_bool(&b, "requester_may_know", g->requester_may_know);
    if (doc_build_done(&b) == ERR_OK)
        return o;
    doc_free(o);
    return NULL;
}

static struct doc *grounds_doc(const struct rule *rule, enum err *bad)
{
    struct doc *list = doc_new_array();
    for (uint32_t i = 0; list != NULL && *bad == ERR_OK && i < rule->refusal_grounds_count; i++)
        *bad = doc_append(list, ground_doc(&rule->refusal_grounds[i]));
    return list;
}

static void put_rule(const struct desk *d, struct doc_build *b, enum err *bad)
{
    const struct rule *r = d->rule;
    if (r == NULL)
        return;
    doc_put_int(b, "rule_version", r->version);
    doc_put_str(b, "rule_text", r->text.officer.nl);
    doc_put_str(b, "process", process_id(r->process));
    doc_put_doc(b, "basis", basis_doc(d));
    doc_put_doc(b, "duties", duties_doc(d));
    doc_put_doc(b, "grounds", grounds_doc(r, bad));
    if (r->outcome != NULL)
        doc_put_str(b, "outcome", outcome_id(r->outcome->kind));
    if (d->terms == NULL)
        return;
    doc_put_str(b, "duty", duty_id(d->terms->duty));
    doc_put_str(b, "consent", consent_kind_id(d->terms->kind));
    if (d->terms->kind == CONSENT_KIND_STANDING)
        doc_put_str(b, "standing_since", d->terms->standing_since);
}

/* A field that was asked for: whether it can be released, and what the own record says. */
static struct doc *field_doc(const struct desk *d, const struct name *name)
{
    struct doc *o = doc_new_object();
    if (o == NULL)
        return NULL;
    struct doc_build b = doc_build_of(o);
    bool open = desk_check_field(d, name, NULL) == ERR_OK;
    doc_put_str(&b, "name", name->s);
    doc_put_bool(&b, "open", open);
    for (size_t i = 0; open && i < d->record.field_count; i++)
        if (name_equal(&d->record.fields[i].name, name))
            doc_put_text(&b, "value", d->record.fields[i].value);
    if (doc_build_done(&b) == ERR_OK)
        return o;
    doc_free(o);
    return NULL;
}

static struct doc *values_doc(const struct desk *d, enum err *bad)
{
    struct doc *list = doc_new_array();
    const struct request_header *h = &d->text.header;
    for (size_t i = 0; list != NULL && *bad == ERR_OK && i < h->field_count; i++)
        *bad = doc_append(list, field_doc(d, &h->fields[i]));
    return list;
}

static struct doc *conditions_doc(const struct desk *d, enum err *bad)
{
    const struct policy *p = d->policy;
    struct doc *list = doc_new_array();
    if (list != NULL && !d->stands)
        *bad = doc_append(list, doc_new_text(bytes_str(d->fallen.text)));
    for (uint32_t i = 0; list != NULL && *bad == ERR_OK && i < d->decision->failures_count; i++) {
        CLEANUP(buf_free) struct buf line = buf_new(4096);
        explain_failure(&line, p, &d->decision->failures[i], LANGUAGE_NL);
        *bad = doc_append(list, doc_new_text(buf_bytes(&line)));
    }
    return list;
}

static void put_question(const struct desk *d, struct doc_build *b, enum err *bad)
{
    const struct sealed_part *s = &d->text.sealed;
    doc_put_text(b, "necessity", s->necessity);
    doc_put_text(b, "concrete_signal", s->concrete_signal);
    doc_put_text(b, "proportionality", s->proportionality);
    doc_put_text(b, "subsidiarity", s->subsidiarity);
    doc_put_str(b, "aim", s->aim.s);
    doc_put_str(b, "phenomenon", s->phenomenon.s);
    doc_put_doc(b, "checks", names_doc(s->checks, s->check_count, bad));
    doc_put_str(b, "control_name", comparison_id(d->item.control_name));
    doc_put_str(b, "control_birth_date", comparison_id(d->item.control_birth));
    doc_put_doc(b, "asked", values_doc(d, bad));
    doc_put_bool(b, "permit", d->decision->permit && d->stands);
    doc_put_doc(b, "conditions", conditions_doc(d, bad));
    struct doc *types = doc_new_array();
    for (size_t i = 0; types != NULL && *bad == ERR_OK && i < d->item.matched_count; i++)
        *bad = doc_append(types,
                          doc_new_text(bytes_str(ident_type_id(d->item.matched[i].type))));
    doc_put_doc(b, "matched", types);
    doc_put_bool(b, "record", d->has_record);
    if (d->has_record)
        doc_put_str(b, "category", d->record.category.s);
}

static struct doc *signature_doc(const struct desk *d, const struct signed_consent *s, enum err *bad)
{
    struct consent c;
    struct doc *o = doc_new_object();
    if (o == NULL || consent_decode(s->consent, d->arena, &c, NULL) != ERR_OK)
        return o;
    struct doc_build b = doc_build_of(o);
    doc_put_str(&b, "decision", consent_decision_id(c.decision));
    if (c.code.len > 0)
        doc_put_text(&b, "code", c.code);
    doc_put_doc(&b, "fields", names_doc(c.fields, c.field_count, bad));
    doc_put_str(&b, "function", c.function.s);
    doc_put_str(&b, "staff", c.staff.s);
    doc_put_time(&b, "signed_at", c.signed_at_s);
    if (doc_build_done(&b) == ERR_OK)
        return o;
    doc_free(o);
    return NULL;
}

static struct doc *signatures_doc(const struct desk *d, enum err *bad)
{
    struct doc *list = doc_new_array();
    for (size_t i = 0; list != NULL && *bad == ERR_OK && i < d->item.consent_count; i++)
        *bad = doc_append(list, signature_doc(d, &d->item.consents[i], bad));
    return list;
}

/* What a consent to it binds besides the question: `sluis` holds the bytes to sign against these. */
static void put_bound(const struct desk *d, struct doc_build *b)
{
    const struct request_header *h = &d->text.header;
    const struct digest *sealing = desk_sealing(d);
    doc_put_str(b, "deployment", h->deployment.s);
    doc_put_int(b, "asked_version", h->rule_version);
    doc_put_int(b, "roster_serial", (int64_t)h->roster_serial);
    doc_put_hex(b, "policy_digest", digest_bytes(&h->policy_digest));
    doc_put_hex(b, "header_digest", digest_bytes(&d->item.header_digest));
    if (sealing != NULL)
        doc_put_hex(b, "requester_sealing", digest_bytes(sealing));
    doc_put_hex(b, "handle", BYTES_OF_ARRAY(d->item.handle.b));
    doc_put_hex(b, "record_leaf", digest_bytes(&d->item.record_leaf));
    doc_put_hex(b, "nonce", BYTES_OF_ARRAY(d->item.nonce.b));
}

enum err show_item(const struct desk *d, enum desk_seat seat, struct doc *out)
{
    const struct request_header *h = &d->text.header;
    enum err bad = show_row(d, seat, out);
    if (bad != ERR_OK)
        return bad;
    struct doc_build b = doc_build_of(out);
    doc_put_str(&b, "on_behalf_of", h->on_behalf_of.oin);
    doc_put_str(&b, "on_behalf_of_name", party_name(d, &h->on_behalf_of));
    doc_put_str(&b, "function", d->item.function.s);
    doc_put_str(&b, "case_state", h->case_state.s);
    doc_put_str(&b, "purpose", h->purpose.s);
    doc_put_int(&b, "epoch", h->epoch);
    doc_put_time(&b, "issued_at", h->issued_at_s);
    doc_put_int(&b, "group", d->item.group);
    put_bound(d, &b);
    doc_put_int(&b, "folded", d->item.folded);
    put_rule(d, &b, &bad);
    if (!d->item.emptied)
        put_question(d, &b, &bad);
    doc_put_doc(&b, "signatures", signatures_doc(d, &bad));
    enum err built = doc_build_done(&b);
    return bad != ERR_OK ? bad : built;
}
