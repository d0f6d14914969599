#include "agent/ask/standing_list.h"

#include <string.h>

#include "agent/ask/ask.h"
#include "agent/ask/standing_end.h"
#include "agent/ask/standing_show.h"
#include "proto/base/text.h"

#define ID_TEXT_MAX 64
#define LIST_ARENA_BYTES (4 * STANDING_WORDS_MAX)

enum err standing_look_over(const struct call *c, struct kv_txn *txn, const struct standing_row *k, bool *is_over)
{
    const struct agent *a = call_agent(c);
    enum case_state state = CASE_NONE;
    enum err bad = standing_case_state(a->store, txn, k, &state);
    if (standing_is_damage(bad))
        return ERR_OK;
    if (bad == ERR_OK)
        *is_over = standing_end_now(k, a->view, &a->config->oin, state, agent_now_s(a)) != STANDING_GOES_ON;
    return bad;
}

static struct doc *holders_doc(const struct standing_words *w)
{
    CLEANUP(cleanup_doc_free) struct doc *list = doc_new_array();
    for (size_t i = 0; list != NULL && i < w->holder_count; i++)
        if (doc_append(list, doc_new_text(agency_id_bytes(&w->holders[i]))) != ERR_OK)
            return NULL;
    return take(list);
}

static struct doc *fields_doc(const struct standing_words *w)
{
    CLEANUP(cleanup_doc_free) struct doc *list = doc_new_array();
    for (size_t i = 0; list != NULL && i < w->fields.count; i++)
        if (doc_append(list, doc_new_text(name_bytes(&w->fields.v[i]))) != ERR_OK)
            return NULL;
    return take(list);
}

void standing_put_asked(const struct standing_row *k, const struct standing_words *w, struct doc_build *b)
{
    doc_put_str(b, "rule", k->rule.s);
    doc_put_hex(b, "case", BYTES_OF_ARRAY(k->case_id.b));
    doc_put_str(b, "on_behalf_of", w->on_behalf_of.oin);
    if (w->holder_count > 0)
        doc_put_doc(b, "holders", holders_doc(w));
    if (w->fields.count > 0)
        doc_put_doc(b, "fields", fields_doc(w));
    if (w->term_s > 0)
        doc_put_int(b, "deadline_s", w->term_s);
}

static void put_times(const struct agent *a, const struct standing_row *k, struct doc_build *b)
{
    const int64_t next_s = standing_next_s(k);
    doc_put_time(b, "begun", k->begun_s);
    doc_put_str(b, "begun_by", k->begun_by.s);
    doc_put_time(b, "until", k->until_s);
    doc_put_int(b, "every_days", k->every_days);
    doc_put_int(b, "askings", k->askings);
    doc_put_hex(b, "request", BYTES_OF_ARRAY(k->request.b));
    doc_put_time(b, "asked", k->asked_s);
    doc_put_str(b, "asked_by", k->asked_by.s);
    if (next_s != STANDING_NEVER)
        doc_put_time(b, "next", next_s);
    doc_put_str(b, "due", standing_due_id(standing_show_due(a, k)));
}

static enum err add_row(const struct agent *a, struct kv_txn *txn, const struct standing_row *k, struct arena *arena,
                        struct doc *list)
{
    struct standing_words w = {.term_s = 0};
    enum err bad = standing_words_get(a->store, txn, &k->id, arena, &w);
    const bool is_damaged = standing_is_damage(bad);
    if (bad != ERR_OK && !is_damaged)
        return bad;
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_hex(&b, "standing", BYTES_OF_ARRAY(k->id.b));
    doc_put_text(&b, "label", k->label);
    standing_put_asked(k, &w, &b);
    if (is_damaged)
        doc_put_bool(&b, "damaged", true);
    put_times(a, k, &b);
    bad = doc_build_done(&b);
    if (bad == ERR_OK)
        return doc_append(list, d);
    doc_free(d);
    return bad;
}

struct listing {
    const struct call *call;
    struct kv_txn *txn;
    struct arena *arena;
    bool only_due;
    struct bytes prefix; /* of the ids, in hex; empty: any */
    bool more; /* than ASK_PAGE_MAX */
    struct doc *list;
};

static bool is_named(const struct listing *l, const struct standing_row *k)
{
    char room[2 * sizeof k->id.b + 1] = "";
    struct buf hex = buf_fixed(room, sizeof room - 1);
    text_put_hex(&hex, BYTES_OF_ARRAY(k->id.b));
    return l->prefix.len <= hex.len && strncasecmp(room, (const char *)l->prefix.ptr, l->prefix.len) == 0;
}

static enum err consider(struct listing *l, const struct standing_row *k)
{
    const struct agent *a = call_agent(l->call);
    bool is_over = false;
    if (!is_named(l, k) || !standing_show_to(l->call, k) || (l->only_due && standing_show_due(a, k) == STANDING_NOT_DUE))
        return ERR_OK;
    enum err bad = standing_look_over(l->call, l->txn, k, &is_over);
    if (bad != ERR_OK || is_over)
        return bad;
    l->more = doc_count(l->list) == ASK_PAGE_MAX;
    return l->more ? ERR_OK : add_row(a, l->txn, k, l->arena, l->list);
}

static enum err list_rows(struct listing *l)
{
    struct standing_walk walk = {.store = call_agent(l->call)->store, .txn = l->txn};
    struct standing_row k;
    enum err bad = ERR_OK;
    while (bad == ERR_OK && !l->more && (bad = standing_row_next(&walk, l->arena, &k)) == ERR_OK)
        bad = consider(l, &k);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

void standing_list(struct call *c, const struct doc *args)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(LIST_ARENA_BYTES);
    struct listing l = {.call = c, .arena = arena, .prefix = bytes_str(""), .list = doc_new_array()};
    enum err bad = arena != NULL && l.list != NULL ? kv_read_begin(call_agent(c)->kv, &txn) : ERR_NOMEM;
    l.txn = txn;
    if (bad == ERR_OK && doc_has(args, "due"))
        bad = doc_get_bool(args, "due", &l.only_due, NULL);
    if (bad == ERR_OK && doc_has(args, "standing"))
        bad = doc_get_text(args, "standing", ID_TEXT_MAX, &l.prefix, NULL);
    if (bad == ERR_OK)
        bad = list_rows(&l);
    struct doc *ok = doc_new_object();
    struct doc_build b = doc_build_of(ok);
    doc_put_doc(&b, "standing", l.list);
    doc_put_bool(&b, "more", l.more);
    if (bad == ERR_OK)
        bad = doc_build_done(&b);
    if (bad == ERR_OK) {
        call_ok(c, ok);
        return;
    }
    doc_free(ok);
    call_error(c, bad, NULL);
}
