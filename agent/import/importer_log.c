/* What the agency's own log says of an import: who ordered it, from which source, and how much it changes. */
#include "agent/import/importer_internal.h"
#include "agent/own_log.h"

static const char *mode_of(const struct importer *im)
{
    if (im->row.origin == IMPORT_OF_STORE)
        return "copy";
    return im->row.mode == IMPORT_MODE_FULL ? "full" : "delta";
}

static enum err append(struct importer *im, struct kv_txn *txn, enum audit_event event,
                       const struct make_counts *n)
{
    const struct audit_fact facts[] = {
        audit_fact_word("source", im->row.source.s),
        audit_fact_word("mode", mode_of(im)),
        audit_fact_count("added", n->added),
        audit_fact_count("replaced", n->replaced),
        audit_fact_count("withdrawn", n->withdrawn),
        audit_fact_bool("done", im->row.state == IMPORT_DONE),
    };
    const bool has_ended = im->row.state != IMPORT_SENDING;
    const struct own_entry e = {
        .event = event,
        .staff = im->row.staff.s[0] != '\0' ? &im->row.staff : NULL,
        .policy = &im->row.policy_digest,
        .facts = facts,
        .facts_count = has_ended ? ARRAY_LEN(facts) : ARRAY_LEN(facts) - 1,
        .count = n->added + n->replaced + n->withdrawn,
    };
    return own_log_append(im->agent, txn, &e);
}

static void add(struct make_counts *sum, const struct make_counts *n)
{
    sum->added += n->added;
    sum->replaced += n->replaced;
    sum->withdrawn += n->withdrawn;
}

/* A withdrawal is an import whose rows say what is to go. */
enum err importer_log_begun(struct importer *im, struct kv_txn *txn)
{
    const bool withdraws = im->row.origin == IMPORT_OF_SOURCE && im->reading == NULL;
    struct make_counts sum = {0};
    for (uint32_t i = 0; i < im->row.leg_count; i++)
        add(&sum, &im->totals[i].counts);
    return append(im, txn, withdraws ? AUDIT_EVENT_RECORDS_WITHDRAWN : AUDIT_EVENT_IMPORT_BEGUN, &sum);
}

enum err importer_log_ended(struct importer *im, struct kv_txn *txn)
{
    struct make_counts sum = {0};
    for (uint32_t i = 0; i < im->row.leg_count; i++)
        add(&sum, &im->row.legs[i].counts);
    return append(im, txn, AUDIT_EVENT_IMPORT_ENDED, &sum);
}
