#include "agent/subject/opening.h"

#include <stdlib.h>

#include "agent/ask/asked.h"
#include "agent/ask/case.h"
#include "agent/hold/hold.h"
#include "agent/hold/item.h"
#include "agent/subject/compartment.h"
#include "agent/subject/search.h"
#include "pki/digest.h"
#include "proto/base/cursor.h"
#include "proto/base/log.h"
#include "proto/json/audit_body.h"
#include "proto/log/entry.h"

#define ROW_ARENA (4 * ASKED_MAX_BYTES)
#define STEP_COST 1024u /* of a slice: a few milliseconds */
#define KEY_MAX sizeof(struct digest)

/* One opening on its way through the tables. */
struct opening_scan {
    const struct opening *o;
    struct store *store;
    struct kv_txn *txn; /* of the slice */
    struct arena *a;    /* of one row */
    struct doc *list;
    size_t table;
    uint8_t at[KEY_MAX]; /* the last row of it that was looked at */
    bool has_at;
};

enum err opening_of_body(struct bytes body, const struct digest *entry, struct arena *a,
                         struct opening *o, struct errmsg *why)
{
    struct audit_body b;
    struct digest digest;
    enum err bad = entry_hash(digest_sha256, body, &digest);
    if (bad == ERR_OK && !digest_equal(&digest, entry))
        bad = errmsg_set(why, ERR_MISMATCH, "the body is not that of this entry");
    if (bad == ERR_OK)
        bad = audit_body_parse(body, a, &b, why);
    if (bad != ERR_OK)
        return bad;
    if (!b.has_request_ref && !b.has_case_ref)
        return errmsg_set(why, ERR_INVALID, "the entry names no request and no case");
    o->salt = b.salt;
    o->has_request = b.has_request_ref;
    o->request = b.request_ref;
    o->has_case = b.has_case_ref;
    o->dossier = b.case_ref;
    return ERR_OK;
}

/* One row that cannot be read stands in the way of no other. Of another id: no line. */
static enum err pass_over(const char *what, enum err e)
{
    if (e == ERR_MISMATCH)
        return ERR_OK;
    if (e == ERR_OK || hold_is_trouble(e))
        return e;
    log_err("open.%s_not_read error=\"%s\": it is passed over", what, err_text(e));
    return ERR_OK;
}

/* ERR_MISMATCH: it is another one. */
static enum err is_request(const struct opening *o, const struct digest *id)
{
    struct digest ref;
    if (!o->has_request)
        return ERR_MISMATCH;
    const enum err bad =
        entry_ref(digest_sha256, BYTES_OF_ARRAY(o->salt.b), "request", digest_bytes(id), &ref);
    return bad == ERR_OK && !digest_equal(&ref, &o->request) ? ERR_MISMATCH : bad;
}

static enum err is_case(const struct opening *o, const struct case_id *id)
{
    struct digest ref;
    if (!o->has_case)
        return ERR_MISMATCH;
    const enum err bad =
        entry_ref(digest_sha256, BYTES_OF_ARRAY(o->salt.b), "case", BYTES_OF_ARRAY(id->b), &ref);
    return bad == ERR_OK && !digest_equal(&ref, &o->dossier) ? ERR_MISMATCH : bad;
}

static enum err append(struct opening_scan *w, struct doc *d, const struct doc_build *b)
{
    const enum err bad = doc_build_done(b);
    if (bad == ERR_OK)
        return doc_append(w->list, d);
    doc_free(d);
    return bad;
}

/* ---- questions of this agency ---- */

static enum err put_asked(struct opening_scan *w, const struct digest *digest)
{
    struct asked_header h;
    struct asked k;
    enum err bad = asked_header_get(w->store, w->txn, digest, w->a, &h);
    if (bad == ERR_OK)
        bad = asked_get(w->store, w->txn, &h.request, w->a, &k);
    if (bad != ERR_OK)
        return bad;
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "is", "question");
    doc_put_hex(&b, "header", digest_bytes(digest));
    doc_put_hex(&b, "request", BYTES_OF_ARRAY(h.request.b));
    doc_put_hex(&b, "case", BYTES_OF_ARRAY(k.case_id.b));
    doc_put_str(&b, "holder", h.holder.oin);
    doc_put_str(&b, "rule", k.rule.s);
    doc_put_str(&b, "state", ask_state_id(h.state));
    doc_put_time(&b, "since", h.since_s);
    doc_put_time(&b, "asked", k.issued_at_s);
    doc_put_time(&b, "closes", k.deadline_s);
    return append(w, d, &b);
}

static enum err look_at_question(struct opening_scan *w, struct bytes key)
{
    struct digest digest;
    memcpy(digest.b, key.ptr, sizeof digest.b);
    enum err bad = is_request(w->o, &digest);
    if (bad == ERR_OK)
        bad = put_asked(w, &digest);
    return pass_over("question", bad);
}

/* ---- items of the inbox ---- */

static enum err put_item(struct opening_scan *w, const struct hold_item *item,
                         const struct request_header *h)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "is", "item");
    doc_put_int(&b, "item", (int64_t)item->number);
    doc_put_hex(&b, "header", digest_bytes(&item->header_digest));
    doc_put_hex(&b, "request", BYTES_OF_ARRAY(h->request_id.b));
    doc_put_hex(&b, "case", BYTES_OF_ARRAY(h->case_id.b));
    doc_put_str(&b, "requester", h->requester.oin);
    doc_put_str(&b, "rule", h->rule.s);
    doc_put_str(&b, "state", item_state_id(item->state));
    doc_put_time(&b, "arrived", item->arrived_s);
    doc_put_time(&b, "closes", h->deadline_s);
    return append(w, d, &b);
}

/* Of either question that found the record, or of its case. */
static enum err is_item(const struct opening *o, const struct hold_item *item,
                        const struct request_header *h)
{
    enum err bad = is_request(o, &item->header_digest);
    if (bad == ERR_MISMATCH && item_has_twin(item))
        bad = is_request(o, &item->twin.header_digest);
    return bad == ERR_MISMATCH ? is_case(o, &h->case_id) : bad;
}

static enum err find_item(struct opening_scan *w, uint64_t number)
{
    struct hold_item item;
    struct request_header h;
    enum err bad = item_get(w->store, w->txn, number, w->a, &item);
    if (bad == ERR_OK)
        bad = request_header_decode(item.header, w->a, &h, NULL);
    if (bad == ERR_OK && !compartment_admits(w->o->agent, &h.rule, &item.compartment, &w->o->staff))
        return ERR_OK;
    if (bad == ERR_OK)
        bad = is_item(w->o, &item, &h);
    if (bad == ERR_OK)
        bad = put_item(w, &item, &h);
    return bad == ERR_MISMATCH ? ERR_OK : bad;
}

static enum err look_at_item(struct opening_scan *w, struct bytes key)
{
    struct cursor c = cursor_of(key);
    const uint64_t number = cursor_u64(&c);
    return hold_pass_over(number, find_item(w, number));
}

/* ---- searches and cases ---- */

static enum err put_search(struct opening_scan *w, const struct search_id *id)
{
    struct search s;
    const enum err bad = search_get(w->store, w->txn, id, &s);
    struct doc *d = bad == ERR_OK ? doc_new_object() : NULL;
    struct doc_build b = doc_build_of(d);
    if (bad != ERR_OK)
        return bad;
    doc_put_str(&b, "is", "search");
    doc_put_hex(&b, "search", BYTES_OF_ARRAY(id->b));
    doc_put_str(&b, "reference", s.reference);
    doc_put_time(&b, "asked", s.asked_s);
    return append(w, d, &b);
}

static enum err look_at_search(struct opening_scan *w, struct bytes key)
{
    struct search_id id;
    struct digest digest;
    memcpy(id.b, key.ptr, sizeof id.b);
    enum err bad = digest_sha256(&key, 1, &digest);
    if (bad == ERR_OK)
        bad = is_request(w->o, &digest);
    if (bad == ERR_OK)
        bad = put_search(w, &id);
    return pass_over("search", bad);
}

static enum err put_case(struct opening_scan *w, const struct case_id *id)
{
    struct case_row *k = arena_alloc(w->a, sizeof *k);
    const enum err bad = k != NULL ? case_get(w->store, w->txn, id, w->a, k) : ERR_NOMEM;
    struct doc *d = bad == ERR_OK ? doc_new_object() : NULL;
    struct doc_build b = doc_build_of(d);
    if (bad != ERR_OK)
        return bad;
    doc_put_str(&b, "is", "case");
    doc_put_hex(&b, "case", BYTES_OF_ARRAY(id->b));
    doc_put_str(&b, "state", case_state_id(case_row_state(k)));
    doc_put_time(&b, "since", k->moves[k->move_count - 1].at_s);
    doc_put_time(&b, "opened", k->moves[0].at_s);
    return append(w, d, &b);
}

static enum err look_at_case(struct opening_scan *w, struct bytes key)
{
    struct case_id id;
    memcpy(id.b, key.ptr, sizeof id.b);
    enum err bad = is_case(w->o, &id);
    if (bad == ERR_OK)
        bad = put_case(w, &id);
    return pass_over("case", bad);
}

/* ---- a slice ---- */

struct opening_table {
    enum store_table table;
    size_t key_len;
    unsigned cost; /* of a row, in digests that are computed */
    enum err (*look)(struct opening_scan *w, struct bytes key);
};

static const struct opening_table tables[] = {
    {STORE_ASK_HEADER, sizeof(struct digest), 1, look_at_question},
    {STORE_HOLD_ITEM, sizeof(uint64_t), 16, look_at_item},
    {STORE_SEARCH, sizeof(struct search_id), 2, look_at_search},
    {STORE_CASE, sizeof(struct case_id), 1, look_at_case},
};

/* ERR_NOT_FOUND: the table is over. */
static enum err step(struct opening_scan *w, const struct opening_table *t, unsigned *left)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    enum err bad = store_iter(w->store, w->txn, t->table, bytes_of(NULL, 0), &it);
    if (bad == ERR_OK && w->has_at)
        bad = kv_iter_after(it, bytes_of(w->at, t->key_len));
    while (bad == ERR_OK && *left >= t->cost && (bad = kv_iter_next(it, &key, NULL)) == ERR_OK) {
        if (key.len != t->key_len)
            return ERR_INVALID;
        memcpy(w->at, key.ptr, key.len);
        w->has_at = true;
        arena_reset(w->a);
        *left -= t->cost;
        bad = t->look(w, bytes_of(w->at, t->key_len));
    }
    return bad == ERR_OK ? ERR_AGAIN : bad;
}

enum err opening_step(struct opening_scan *w)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    unsigned left = STEP_COST;
    enum err bad = kv_read_begin(store_kv(w->store), &txn);
    w->txn = txn;
    while (bad == ERR_OK && w->table < ARRAY_LEN(tables)) {
        bad = step(w, &tables[w->table], &left);
        if (bad == ERR_NOT_FOUND) {
            w->table++;
            w->has_at = false;
            bad = ERR_OK;
        }
    }
    w->txn = NULL;
    return bad;
}

enum err opening_new(const struct opening *o, struct doc *list, struct opening_scan **out)
{
    CLEANUP(cleanup_opening_free) struct opening_scan *w = calloc(1, sizeof *w);
    if (w == NULL || (w->a = arena_new(ROW_ARENA)) == NULL)
        return ERR_NOMEM;
    w->o = o;
    w->store = o->agent->store;
    w->list = list;
    *out = take(w);
    return ERR_OK;
}

void opening_free(struct opening_scan *w)
{
    if (w == NULL)
        return;
    arena_free(w->a);
    free(w);
}
