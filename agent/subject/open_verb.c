/* The verb `open`: an auditor of this agency asks what the digests of an entry hide. The look is an
 * entry before it is answered, also where nothing is found. */
#include "agent/own_log.h"
#include "agent/subject/opening.h"
#include "agent/subject/subject_part.h"
#include "proto/base/text.h"

/* Hex of exactly so many bytes. ERR_NOT_FOUND: it is not there. */
static enum err read_hex(const struct doc *args, const char *key, uint8_t *out, size_t n,
                         struct errmsg *why)
{
    struct bytes text;
    enum err bad = doc_get_text(args, key, 2 * n, &text, why);
    if (bad == ERR_OK && (bad = text_get_hex(text, out, n)) != ERR_OK)
        errmsg_set(why, bad, "'%s' is not %zu bytes of hex", key, n);
    return bad;
}

/* One that may be absent. */
static enum err read_ref(const struct doc *args, const char *key, struct digest *out, bool *has,
                         struct errmsg *why)
{
    const enum err bad = read_hex(args, key, out->b, sizeof out->b, why);
    *has = bad == ERR_OK;
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

static enum err read_args(const struct doc *args, struct opening *o, struct digest *entry,
                          struct errmsg *why)
{
    enum err bad = read_hex(args, "entry", entry->b, sizeof entry->b, why);
    if (bad == ERR_OK)
        bad = read_hex(args, "salt", o->salt.b, sizeof o->salt.b, why);
    if (bad == ERR_OK)
        bad = read_ref(args, "request", &o->request, &o->has_request, why);
    if (bad == ERR_OK)
        bad = read_ref(args, "case", &o->dossier, &o->has_case, why);
    if (bad == ERR_OK && !o->has_request && !o->has_case)
        bad = errmsg_set(why, ERR_INVALID, "the entry names no request and no case");
    return bad;
}

static enum err find(const struct opening *o, struct doc *list)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    const enum err bad = kv_read_begin(o->agent->kv, &txn);
    return bad == ERR_OK ? opening_find(o, txn, list) : bad;
}

void open_verb(struct call *c, const struct doc *args)
{
    struct opening o = {.agent = call_agent(c), .staff = *call_staff(c)};
    struct errmsg why = {""};
    struct digest entry;
    enum err bad = read_args(args, &o, &entry, &why);
    if (bad != ERR_OK) {
        call_error(c, bad, &why);
        return;
    }
    struct doc *list = doc_new_array();
    struct doc *ok = doc_new_object();
    struct doc_build b = doc_build_of(ok);
    bad = list != NULL ? find(&o, list) : ERR_NOMEM;
    const uint64_t count = list != NULL ? doc_count(list) : 0;
    doc_put_doc(&b, "opened", list);
    if (bad == ERR_OK)
        bad = doc_build_done(&b);
    if (bad != ERR_OK) {
        doc_free(ok);
        call_error(c, bad, NULL);
        return;
    }
    char hex[2 * sizeof entry.b];
    struct buf text = buf_fixed(hex, sizeof hex);
    text_put_hex(&text, digest_bytes(&entry));
    const struct audit_fact facts[] = {
        {.name = bytes_str("entry"), .kind = FACT_VALUE_TEXT, .text = buf_bytes(&text)}};
    const struct own_entry look = {.event = AUDIT_EVENT_BODY_OPENED,
                                   .staff = call_staff(c),
                                   .facts = facts,
                                   .facts_count = ARRAY_LEN(facts),
                                   .count = count};
    own_log_show(c, &look, ok);
}
