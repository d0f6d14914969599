#include "agent/subject/opening.h"

#include "agent/ask/asked.h"
#include "agent/ask/case.h"
#include "agent/hold/hold.h"
#include "agent/hold/item.h"
#include "agent/subject/compartment.h"
#include "agent/subject/search.h"
#include "pki/digest.h"
#include "proto/base/log.h"
#include "proto/json/audit_body.h"
#include "proto/log/entry.h"

#define ROW_ARENA (4 * ASKED_MAX_BYTES)

/* One opening on its way through the tables. */
struct walk {
    const struct opening *o;
    struct store *store;
    struct kv_txn *txn;
    struct arena *a; /* of one row */
    struct doc *list;
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

static enum err append(struct walk *w, struct doc *d, const struct doc_build *b)
{
    const enum err bad = doc_build_done(b);
    if (bad == ERR_OK)
        return doc_append(w->list, d);
    doc_free(d);
    return bad;
}

/* ---- questions of this agency ---- */

static enum err put_asked(struct walk *w, const struct digest *digest)
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

static enum err find_asked(struct walk *w)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    struct digest digest;
    enum err bad = store_iter(w->store, w->txn, STORE_ASK_HEADER, bytes_of(NULL, 0), &it);
    while (bad == ERR_OK && (bad = kv_iter_next(it, &key, NULL)) == ERR_OK) {
        if (key.len != sizeof digest.b)
            return ERR_INVALID;
        memcpy(digest.b, key.ptr, sizeof digest.b);
        arena_reset(w->a);
        bad = is_request(w->o, &digest);
        if (bad == ERR_OK)
            bad = put_asked(w, &digest);
        bad = pass_over("question", bad);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* ---- items of the inbox ---- */

static enum err put_item(struct walk *w, const struct hold_item *item,
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

static enum err look_at_item(struct walk *w, uint64_t number)
{
    struct hold_item item;
    struct request_header h;
    arena_reset(w->a);
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

static enum err find_items(struct walk *w)
{
    struct item_iter it = {.rows = NULL};
    uint64_t number = 0;
    enum err bad = item_iter_all(w->store, w->txn, &it);
    while (bad == ERR_OK && (bad = item_iter_next(&it, &number)) == ERR_OK)
        bad = hold_pass_over(number, look_at_item(w, number));
    item_iter_end(&it);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* ---- searches and cases ---- */

static enum err put_search(struct walk *w, const struct search_id *id)
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

static enum err find_searches(struct walk *w)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    struct search_id id;
    enum err bad = store_iter(w->store, w->txn, STORE_SEARCH, bytes_of(NULL, 0), &it);
    while (bad == ERR_OK && (bad = kv_iter_next(it, &key, NULL)) == ERR_OK) {
        struct digest digest;
        if (key.len != sizeof id.b)
            return ERR_INVALID;
        memcpy(id.b, key.ptr, sizeof id.b);
        bad = digest_sha256(&key, 1, &digest);
        if (bad == ERR_OK)
            bad = is_request(w->o, &digest);
        if (bad == ERR_OK)
            bad = put_search(w, &id);
        bad = pass_over("search", bad);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

static enum err put_case(struct walk *w, const struct case_id *id)
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

static enum err find_cases(struct walk *w)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    struct case_id id;
    enum err bad = store_iter(w->store, w->txn, STORE_CASE, bytes_of(NULL, 0), &it);
    while (bad == ERR_OK && (bad = kv_iter_next(it, &key, NULL)) == ERR_OK) {
        if (key.len != sizeof id.b)
            return ERR_INVALID;
        memcpy(id.b, key.ptr, sizeof id.b);
        arena_reset(w->a);
        bad = is_case(w->o, &id);
        if (bad == ERR_OK)
            bad = put_case(w, &id);
        bad = pass_over("case", bad);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err opening_find(const struct opening *o, struct kv_txn *txn, struct doc *list)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ROW_ARENA);
    struct walk w = {o, o->agent->store, txn, a, list};
    enum err (*const steps[])(struct walk *) = {find_asked, find_items, find_searches, find_cases};
    enum err bad = a != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; bad == ERR_OK && i < ARRAY_LEN(steps); i++)
        bad = steps[i](&w);
    return bad;
}
