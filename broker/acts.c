#include "broker/acts.h"

#include "broker/audit.h"
#include "pki/digest.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/msg/signed.h"

/* A line is "TIME WHAT OIN …": the parts that an entry may have. */
struct act {
    struct bytes at;
    struct bytes what;
    struct agency_id whom; /* empty: it names no member */
};

/* What follows the OIN names an officer, and the log does not. */
static struct act act_of(struct bytes line)
{
    struct act a = {.at = line};
    size_t from = 0;
    while (from < line.len && line.ptr[from] != ' ')
        from++;
    a.at.len = from;
    from += from < line.len;
    a.what = bytes_of(line.ptr + from, line.len - from);
    for (size_t at = from; at + OIN_CHARS <= line.len; at++) {
        if (agency_id_parse(bytes_of(line.ptr + at, OIN_CHARS), &a.whom) != ERR_OK)
            continue;
        a.what.len = at - from;
        while (a.what.len > 0 && a.what.ptr[a.what.len - 1] == ' ')
            a.what.len--;
        break;
    }
    return a;
}

static enum err note(struct broker *b, struct kv_txn *txn, const struct roster *r, struct bytes line)
{
    const struct act act = act_of(line);
    const struct audit_fact facts[] = {
        audit_fact_text("act", act.what),
        audit_fact_text("at", act.at),
        audit_fact_count("roster_serial", r->serial),
    };
    const struct turn_audit what = {.event = AUDIT_EVENT_REGISTRAR_ACTED,
                                    .peer = act.whom,
                                    .more = facts,
                                    .more_count = ARRAY_LEN(facts)};
    struct digest entry;
    return audit_append(b->audit, txn, &what, NULL, NULL, clock_now_s(b->clock), &entry);
}

static bool has_act(const struct roster *r, struct bytes line)
{
    for (size_t i = 0; i < r->act_count; i++)
        if (bytes_equal(r->acts[i], line))
            return true;
    return false;
}

/* The roster of before, which was verified when it was accepted. */
static enum err decode(struct bytes signed_roster, struct arena *a, struct roster *out)
{
    struct signed_doc doc;
    *out = (struct roster){.act_count = 0};
    if (signed_roster.len == 0)
        return ERR_OK;
    enum err e = signed_doc_decode(signed_roster, ROSTER_MAX_BYTES, a, &doc, NULL);
    return e == ERR_OK ? roster_decode(doc.document, digest_sha256, a, out, NULL) : e;
}

enum err acts_note(struct broker *b, struct kv_txn *txn, const struct view *view, struct bytes before)
{
    const struct roster *r = view_roster(view);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ROSTER_ARENA_BYTES + 2 * ROSTER_MAX_BYTES);
    struct roster was;
    enum err e = a == NULL ? ERR_NOMEM : decode(before, a, &was);
    for (size_t i = 0; e == ERR_OK && i < r->act_count; i++) {
        if (!has_act(&was, r->acts[i]))
            e = note(b, txn, r, r->acts[i]);
    }
    return e;
}
