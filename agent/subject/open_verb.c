/* The verb `open`: an auditor of this agency asks what the digests of an entry hide. The look is an
 * entry before it is answered, also where nothing is found. Salt and digests are read from the
 * body, which must be that of the entry: nobody can ask about ids of his own choice under the name
 * of an entry. */
#include "agent/own_log.h"
#include "agent/subject/opening.h"
#include "agent/subject/subject_part.h"
#include "pki/logbook/logbook.h"
#include "proto/base/text.h"
#include "proto/log/entry.h"

/* An entry and its body, which the caller has of this agency's log or of the broker's. */
static enum err read_args(const struct doc *args, struct arena *a, struct opening *o,
                          struct digest *entry, struct errmsg *why)
{
    struct bytes hex;
    struct bytes body;
    enum err bad = doc_get_text(args, "entry", 2 * sizeof entry->b, &hex, why);
    if (bad == ERR_OK && (bad = text_get_hex(hex, entry->b, sizeof entry->b)) != ERR_OK)
        return errmsg_set(why, bad, "'entry' is not %zu bytes of hex", sizeof entry->b);
    if (bad == ERR_OK)
        bad = doc_get_text(args, "body", ENTRY_BODY_MAX, &body, why);
    return bad == ERR_OK ? opening_of_body(body, entry, a, o, why) : bad;
}

/* is_own: the entry stands in this agency's own log; any other is one of the broker's log, or of
 * none, which whoever reads the entry of the look can see. */
static enum err find(const struct opening *o, const struct digest *entry, struct doc *list,
                     bool *is_own)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    const struct log_tables *t = logbook_tables(own_log_book(o->agent->own_log));
    struct log_row row;
    enum err bad = kv_read_begin(o->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = log_get_row(t, txn, entry, &row);
    *is_own = bad == ERR_OK;
    return *is_own || bad == ERR_NOT_FOUND ? opening_find(o, txn, list) : bad;
}

/* The entry of the look, and then the answer. ok is taken. */
static void show(struct call *c, const struct digest *entry, const struct audit_fact *is_own,
                 uint64_t count, struct doc *ok)
{
    char hex[2 * sizeof entry->b];
    struct buf text = buf_fixed(hex, sizeof hex);
    text_put_hex(&text, digest_bytes(entry));
    const struct audit_fact facts[] = {
        audit_fact_text("entry", buf_bytes(&text)), *is_own};
    const struct own_entry look = {.event = AUDIT_EVENT_BODY_OPENED,
                                   .staff = call_staff(c),
                                   .facts = facts,
                                   .facts_count = ARRAY_LEN(facts),
                                   .count = count};
    own_log_show(c, &look, ok);
}

void open_verb(struct call *c, const struct doc *args)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(AUDIT_BODY_ARENA_BYTES);
    struct opening o = {.agent = call_agent(c), .staff = *call_staff(c)};
    struct errmsg why = {""};
    struct digest entry;
    bool is_own = false;
    enum err bad = a != NULL ? read_args(args, a, &o, &entry, &why) : ERR_NOMEM;
    if (bad != ERR_OK) {
        call_error(c, bad, &why);
        return;
    }
    struct doc *list = doc_new_array();
    struct doc *ok = doc_new_object();
    struct doc_build b = doc_build_of(ok);
    bad = list != NULL ? find(&o, &entry, list, &is_own) : ERR_NOMEM;
    const uint64_t count = list != NULL ? doc_count(list) : 0;
    const struct audit_fact own = audit_fact_bool("own", is_own);
    doc_put_doc(&b, "opened", list);
    if (bad == ERR_OK)
        bad = doc_build_done(&b);
    if (bad == ERR_OK) {
        show(c, &entry, &own, count, ok);
        return;
    }
    doc_free(ok);
    call_error(c, bad, NULL);
}
