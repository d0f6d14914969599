/* Verbs that look: inbox, item, claim. */
#include <stdlib.h>
#include <sysexits.h>

#include "agent/hold/compare.h"
#include "agent/hold/desk.h"
#include "agent/hold/hold.h"
#include "agent/hold/inbox.h"
#include "agent/hold/show.h"
#include "agent/own_log.h"
#include "proto/host/writer.h"

#define ITEM_ARENA_BYTES ((size_t)16 << 20)
#define INBOX_MAX 1000

static enum err get_number(const struct doc *args, uint64_t *out, struct errmsg *why)
{
    int64_t n = 0;
    enum err bad = doc_get_int(args, "item", 1, INT64_MAX, &n, why);
    if (bad == ERR_OK)
        *out = (uint64_t)n;
    return bad;
}

/* What one look finds. */
struct found {
    struct doc *rows;
    struct inbox_counts counts;
};

static enum err add_row(void *arg, const struct desk *d, enum desk_seat seat)
{
    struct found *f = arg;
    inbox_count(&f->counts, d);
    if (doc_count(f->rows) == INBOX_MAX)
        return ERR_OK;
    struct doc *row = doc_new_object();
    enum err bad = row == NULL ? ERR_NOMEM : show_row(d, seat, row);
    if (bad == ERR_OK)
        return doc_append(f->rows, row);
    doc_free(row);
    return bad;
}

static const struct roster_officer *need_officer(struct call *c)
{
    const struct roster_officer *o = call_officer(c);
    if (o == NULL)
        call_fail(c, ERR_PERMISSION, EX_NOPERM,
                  "you are not on the roster any more; ask the registrar");
    return o;
}

void hold_verb_inbox(struct call *c, const struct doc *args)
{
    const struct roster_officer *officer = need_officer(c);
    if (officer == NULL)
        return;
    struct found f = {.rows = NULL};
    struct inbox_look look = {officer, false, add_row, &f};
    if (doc_has(args, "all") && doc_get_bool(args, "all", &look.all, NULL) != ERR_OK) {
        call_fail(c, ERR_INVALID, EX_DATAERR, "all is true or false");
        return;
    }
    struct doc *ok = doc_new_object();
    f.rows = doc_new_array();
    enum err bad = ok == NULL || f.rows == NULL ? ERR_NOMEM : inbox_each(call_agent(c), &look);
    if (bad == ERR_OK)
        bad = doc_put(ok, "items", take(f.rows));
    if (bad == ERR_OK)
        bad = inbox_put_counts(&f.counts, ok);
    if (bad == ERR_OK) {
        call_ok(c, ok);
        return;
    }
    doc_free(f.rows);
    doc_free(ok);
    const struct errmsg why = {"inbox: the store cannot be read"};
    call_error(c, bad, &why);
}

/* Opens an item for the caller and says in which seat; SEAT_NONE: the call has failed. */
static enum desk_seat open_for(struct call *c, const struct doc *args, struct arena *a,
                               struct desk *d)
{
    struct errmsg why = {""};
    uint64_t number = 0;
    const struct roster_officer *officer = need_officer(c);
    if (officer == NULL)
        return SEAT_NONE;
    enum err bad = a == NULL ? ERR_NOMEM : get_number(args, &number, &why);
    if (bad == ERR_OK)
        bad = desk_open(call_agent(c), number, a, d, &why);
    enum desk_seat seat = bad == ERR_OK ? desk_seat(d, officer) : SEAT_NONE;
    if (bad == ERR_OK && seat == SEAT_NONE)
        bad = desk_absent(number, &why);
    if (bad != ERR_OK)
        call_error(c, bad, &why);
    return seat;
}

void hold_verb_item(struct call *c, const struct doc *args)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ITEM_ARENA_BYTES);
    struct desk d;
    enum desk_seat seat = open_for(c, args, a, &d);
    if (seat == SEAT_NONE)
        return;
    struct doc *ok = doc_new_object();
    enum err bad = ok == NULL ? ERR_NOMEM : show_item(&d, seat, ok);
    if (bad == ERR_OK) {
        const struct own_touch touched = hold_touch_of(d.item.number, NULL);
        struct own_entry look = hold_entry_of(&d.text.header, &d.item.header_digest, AUDIT_EVENT_ITEM_SHOWN,
                                              call_staff(c));
        look.touched = &touched;
        look.touched_count = 1;
        own_log_show(c, &look, ok);
        return;
    }
    doc_free(ok);
    const struct errmsg why = {"the item cannot be shown"};
    call_error(c, bad, &why);
}

/* One claim on its way through the store. */
struct claim {
    struct call *call;
    struct agent *agent;
    uint64_t number;
    struct name staff;
    struct name before;
};

static enum err claim_job(struct kv_txn *txn, void *arg)
{
    struct claim *k = arg;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ITEM_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    struct hold_item old;
    struct request_header h;
    enum err bad = item_get(k->agent->store, txn, k->number, a, &old);
    if (bad == ERR_OK && old.state != ITEM_OPEN)
        bad = ERR_STATE;
    if (bad == ERR_OK)
        bad = request_header_decode(old.header, a, &h, NULL);
    if (bad != ERR_OK)
        return bad;
    const struct own_touch touched = hold_touch_of(k->number, NULL);
    struct own_entry e = hold_entry_of(&h, &old.header_digest, AUDIT_EVENT_ITEM_CLAIMED, &k->staff);
    e.touched = &touched;
    e.touched_count = 1;
    bad = own_log_append(k->agent, txn, &e);
    if (bad != ERR_OK)
        return bad;
    struct hold_item item = old;
    k->before = old.claimed_by;
    item.claimed_by = k->staff;
    return item_put(k->agent->store, txn, &item, &old);
}

static void claim_done(enum err result, void *arg)
{
    struct claim *k = arg;
    struct errmsg why = {""};
    if (result == ERR_STATE)
        errmsg_set(&why, result, "item %llu is not open any more", (unsigned long long)k->number);
    if (result != ERR_OK) {
        call_error(k->call, result, &why);
        free(k);
        return;
    }
    struct doc *ok = doc_new_object();
    struct doc_build b = doc_build_of(ok);
    if (ok != NULL) {
        doc_put_int(&b, "item", (int64_t)k->number);
        doc_put_str(&b, "claimed_by", k->staff.s);
        doc_put_str(&b, "before", k->before.s);
        if (doc_build_done(&b) != ERR_OK) {
            doc_free(ok);
            ok = NULL;
        }
    }
    call_ok(k->call, ok);
    free(k);
}

void hold_verb_claim(struct call *c, const struct doc *args)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ITEM_ARENA_BYTES);
    struct desk d;
    if (open_for(c, args, a, &d) == SEAT_NONE)
        return;
    struct claim *k = calloc(1, sizeof *k);
    enum err bad = k == NULL ? ERR_NOMEM : ERR_OK;
    if (bad == ERR_OK) {
        *k = (struct claim){c, d.agent, d.item.number, *call_staff(c), {""}};
        bad = writer_submit(d.agent->writer, WRITER_INTERACTIVE, claim_job, claim_done, k);
    }
    if (bad == ERR_OK)
        return;
    free(k);
    const struct errmsg why = {"the claim cannot be stored now"};
    call_error(c, bad, &why);
}
