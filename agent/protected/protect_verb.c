#include "agent/protected/protect_verb.h"

#include <stdlib.h>
#include <sysexits.h>

#include "agent/agent.h"
#include "agent/own_log.h"
#include "agent/protected/protected_list.h"
#include "agent/records.h"
#include "proto/base/log.h"
#include "proto/host/writer.h"

/* One change on its way into the store. */
struct change {
    struct call *call;
    bool adds;
    bool changed;
    uint64_t count;
    struct norm_ident ident;
};

bool protected_has(struct agent *a, struct kv_txn *txn, const struct norm_ident *ident)
{
    return a->config->protected_list && protected_list_has(a->protected_list, txn, ident);
}

static void answer(struct call *c, uint64_t count, const bool *changed)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    if (changed != NULL)
        doc_put_bool(&b, "changed", *changed);
    doc_put_int(&b, "count", (int64_t)count);
    if (doc_build_done(&b) != ERR_OK) {
        doc_free(d);
        d = NULL;
    }
    call_ok(c, d);
}

/* What changed nothing told whether the person is on the list, and stands in the log as well. */
static const char *change_id(const struct change *ch)
{
    return !ch->changed ? "none" : ch->adds ? "added" : "removed";
}

static enum err write_change(struct kv_txn *txn, void *arg)
{
    struct change *ch = arg;
    struct protected_list *l = call_agent(ch->call)->protected_list;
    enum err bad = ch->adds ? protected_list_add(l, txn, &ch->ident, &ch->changed)
                            : protected_list_remove(l, txn, &ch->ident, &ch->changed);
    if (bad == ERR_OK)
        bad = protected_list_count(l, txn, &ch->count);
    const struct audit_fact what[] = {audit_fact_word("change", change_id(ch)),
                                      audit_fact_count("length", ch->count)};
    const struct own_entry e = {.event = AUDIT_EVENT_PROTECTED_CHANGED,
                                .staff = call_staff(ch->call),
                                .facts = what,
                                .facts_count = ARRAY_LEN(what)};
    return bad == ERR_OK ? own_log_append(call_agent(ch->call), txn, &e) : bad;
}

static void change_free(struct change *ch)
{
    ident_wipe(&ch->ident);
    free(ch);
}

static void written(enum err result, void *arg)
{
    struct change *ch = arg;
    if (result == ERR_OK) {
        log_notice("protected.changed change=%s staff=%s", change_id(ch), call_staff(ch->call)->s);
        answer(ch->call, ch->count, &ch->changed);
    } else {
        call_error(ch->call, result, NULL);
    }
    change_free(ch);
}

/* The refusal says which rule of the type failed, never the value. */
static enum err read_ident(const struct doc *args, struct norm_ident *out, struct errmsg *why)
{
    struct bytes type;
    struct bytes value;
    struct ident_report report;
    enum ident_type t = IDENT_NONE;
    enum err bad = doc_get_text(args, "type", NAME_MAX_BYTES, &type, why);
    if (bad == ERR_OK)
        bad = doc_get_text(args, "value", IDENT_PART_MAX, &value, why);
    if (bad == ERR_OK && ident_type_parse(type, &t) != ERR_OK)
        bad = errmsg_set(why, ERR_UNKNOWN, "type: not a type of identifier; bsn, kvk, iban, …");
    if (bad != ERR_OK)
        return bad;
    const struct raw_ident raw = raw_ident_one(t, value);
    bad = ident_normalise(&raw, out, &report);
    return bad == ERR_OK ? ERR_OK
                         : errmsg_set(why, bad, "value: not a %s (%s)", ident_type_id(t),
                                      ident_reason_id(report.reason));
}

static void change(struct call *c, const struct doc *args, bool adds)
{
    struct errmsg why = {""};
    struct change *ch = calloc(1, sizeof *ch);
    if (ch == NULL) {
        call_error(c, ERR_NOMEM, NULL);
        return;
    }
    ch->call = c;
    ch->adds = adds;
    enum err bad = read_ident(args, &ch->ident, &why);
    if (bad == ERR_OK)
        bad = writer_submit(call_agent(c)->writer, WRITER_INTERACTIVE, write_change, written, ch);
    if (bad == ERR_OK)
        return;
    change_free(ch);
    call_error(c, bad, &why);
}

static void count(struct call *c)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct agent *a = call_agent(c);
    uint64_t n = 0;
    enum err bad = kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = protected_list_count(a->protected_list, txn, &n);
    if (bad == ERR_OK)
        answer(c, n, NULL);
    else
        call_error(c, bad, NULL);
}

void run_protect(struct call *c, const struct doc *args)
{
    struct bytes action;
    struct errmsg why = {""};
    enum err bad = doc_get_text(args, "action", 16, &action, &why);
    if (!call_agent(c)->config->protected_list)
        call_fail(c, ERR_CONFIG, EX_CONFIG,
                  "this agency keeps no list: set protected_list in agent.yaml");
    else if (bad != ERR_OK)
        call_error(c, bad, &why);
    else if (bytes_is(action, "count"))
        count(c);
    else if (bytes_is(action, "add") || bytes_is(action, "remove"))
        change(c, args, bytes_is(action, "add"));
    else
        call_fail(c, ERR_INVALID, EX_USAGE, "action: add, remove or count");
}
