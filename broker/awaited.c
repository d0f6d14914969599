#include "broker/awaited.h"

#include "broker/audit.h"
#include "broker/epochs.h"
#include "broker/index/chain.h"
#include "broker/index/short.h"
#include "broker/store/meta.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/kv.h"
#include "proto/json/doc.h"

/* One pass over the chains of an agency. */
struct pass {
    struct broker *broker;
    struct kv_txn *txn;
    const struct awaited_said *said;
    uint16_t number; /* 0: it has none yet */
    bool writes;
    bool is_news;
    uint32_t awaited; /* chains that are, after it */
};

static bool same_chain(const struct hello_chain *said, const struct chain_id *id)
{
    return said->epoch == id->epoch && name_equal(&said->purpose, &id->purpose);
}

static const struct hello_chain *said_of(const struct awaited_said *said, const struct chain_id *id)
{
    for (size_t i = 0; i < said->count; i++)
        if (same_chain(&said->chains[i], id))
            return &said->chains[i];
    return NULL;
}

/* Whether it knows its chain at least as far as the store but for one answer that it may not have had. Whoever is further
 * behind, or says nothing, works on a store of before, or not with this program. */
static bool is_up_to_date(const struct chain *here, const struct hello_chain *said)
{
    return said != NULL && said->sequence > 0 && (here->sequence == 0 || said->sequence >= here->sequence - 1);
}

/* Up to where batches are lacking by what it says alone; 0: none are. An agency that is one behind has not had an answer,
 * and sends that batch itself. Another batch of the same number is one too many here: nothing that comes continues it. */
static uint64_t said_lacking(const struct chain *here, const struct hello_chain *said)
{
    if (said->sequence > here->sequence)
        return said->sequence;
    return said->sequence < here->sequence || digest_equal(&said->digest, &here->last) ? 0 : here->sequence + 1;
}

/* The same with what is noted. A number once noted is lowered by no claim: only batches fill it. Of a restored store's chain
 * of which nothing can be told it is awaited to be told. */
static uint64_t lacking_to(const struct pass *p, const struct chain *here, const struct hello_chain *said)
{
    const uint64_t noted = chain_is_awaited(here) ? here->awaited : 0;
    if (!is_up_to_date(here, said))
        return noted == 0 && here->sequence > 0 && p->broker->reconcile != NULL ? CHAIN_UNHEARD : noted;
    const uint64_t to = said_lacking(here, said);
    return noted != CHAIN_UNHEARD && noted > to ? noted : to;
}

static enum err visit(struct pass *p, const struct chain_id *id, struct chain *c)
{
    const uint64_t to = lacking_to(p, c, said_of(p->said, id));
    const bool is_same = to == c->awaited || (to == 0 && !chain_is_awaited(c));
    p->awaited += to > c->sequence;
    p->is_news |= !is_same;
    if (is_same || !p->writes)
        return ERR_OK;
    c->awaited = to;
    log_notice("records %s agency=%s purpose=%s epoch=%u here=%llu there=%llu", to > 0 ? "awaited" : "whole",
               p->said->agency->oin, id->purpose.s, id->epoch, (unsigned long long)c->sequence, (unsigned long long)to);
    return chain_put(p->broker->index, p->txn, id, c);
}

/* The agency's chain behind *at. ERR_NOT_FOUND: it has no more. */
static enum err next_of(const struct pass *p, struct chain_id *at, struct chain *out)
{
    const struct chain_id before = *at;
    enum err e = p->number != 0 ? chain_next(p->broker->index, p->txn, &before, at, out) : ERR_NOT_FOUND;
    return e == ERR_OK && at->agency != p->number ? ERR_NOT_FOUND : e;
}

static enum err visit_kept(struct pass *p)
{
    struct chain_id at = {.agency = p->number};
    struct chain c;
    enum err e = ERR_OK;
    while (e == ERR_OK && (e = next_of(p, &at, &c)) == ERR_OK)
        e = visit(p, &at, &c);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Whether it can have a chain there at all. What is suspended answers again one day. */
static bool takes_part(const struct awaited_said *by, const struct hello_chain *said)
{
    const struct deal *deal = view_deal(by->view, &said->purpose, said->epoch);
    const bool may_answer = view_epochs_suspended(by->view, &said->purpose) != NULL ||
                            epochs_is_served(by->view, &said->purpose, said->epoch);
    return deal != NULL && may_answer && deal_participant_of(deal, by->agency) != NULL;
}

/* A chain of which the store has nothing. */
static enum err visit_new(struct pass *p, const struct hello_chain *said)
{
    const struct chain_id id = {said->purpose, said->epoch, p->number};
    struct chain c = {0};
    if (said->sequence == 0 || !takes_part(p->said, said))
        return ERR_OK;
    const enum err e = p->number != 0 ? chain_get(p->broker->index, p->txn, &id, &c) : ERR_OK;
    if (e != ERR_OK || c.sequence > 0 || c.awaited > 0)
        return e; /* visited */
    return visit(p, &id, &c);
}

static enum err go_through(struct pass *p)
{
    struct index *ix = p->broker->index;
    enum err e = p->writes && p->said->count > 0 ? short_agency_make(ix, p->txn, p->said->agency, &p->number)
                                                 : short_agency(ix, p->txn, p->said->agency, &p->number);
    if (e == ERR_NOT_FOUND)
        e = ERR_OK;
    if (e == ERR_OK)
        e = visit_kept(p);
    for (size_t i = 0; e == ERR_OK && i < p->said->count; i++)
        e = visit_new(p, &p->said->chains[i]);
    return e;
}

enum err awaited_is_news(struct broker *b, struct kv_txn *txn, const struct awaited_said *said, bool *out)
{
    struct pass p = {.broker = b, .txn = txn, .said = said};
    bool was_heard = true;
    enum err e = b->index != NULL ? meta_was_heard(b->store, txn, said->agency, &was_heard) : ERR_OK;
    if (e == ERR_OK && b->index != NULL)
        e = go_through(&p);
    *out = p.is_news || !was_heard;
    return e;
}

enum err awaited_is(struct broker *b, struct kv_txn *txn, const struct index_query *q, bool *out)
{
    bool was_heard = true;
    const enum err e = meta_was_heard(b->store, txn, &q->holder, &was_heard);
    if (e == ERR_OK && was_heard)
        return index_is_awaited(b->index, txn, q, out);
    *out = true;
    return e;
}

/* No entry: it changes what waits, and nothing that is known of its batches. */
static enum err note_heard(const struct pass *p)
{
    bool was_heard = true;
    const enum err e = meta_was_heard(p->broker->store, p->txn, p->said->agency, &was_heard);
    if (e != ERR_OK || was_heard)
        return e;
    log_notice("records heard agency=%s: for the first time since the restore", p->said->agency->oin);
    return meta_put_heard(p->broker->store, p->txn, p->said->agency);
}

enum err awaited_note(struct broker *b, struct kv_txn *txn, const struct awaited_said *said)
{
    struct pass p = {.broker = b, .txn = txn, .said = said, .writes = true};
    struct digest entry;
    enum err e = b->index != NULL ? go_through(&p) : ERR_OK;
    if (e == ERR_OK)
        e = note_heard(&p);
    if (e != ERR_OK || !p.is_news)
        return e;
    const struct audit_fact chains = audit_fact_int("chains", p.awaited);
    const struct turn_audit what = {
        .event = AUDIT_EVENT_RECORDS_AWAITED, .peer = *said->agency, .more = &chains, .more_count = 1};
    return audit_append(b->audit, txn, &what, NULL, NULL, clock_now_s(b->clock), &entry);
}

enum err awaited_lacking(struct broker *b, struct kv_txn *txn, const struct agency_id *agency, struct arena *a,
                         struct awaited_list *out)
{
    const struct awaited_said of = {.agency = agency};
    struct pass p = {.broker = b, .txn = txn, .said = &of};
    struct hello_chain *list = arena_array(a, HELLO_CHAINS_MAX, sizeof *list);
    struct chain_id at = {.agency = 0};
    struct chain c;
    size_t n = 0;
    if (list == NULL)
        return ERR_NOMEM;
    enum err e = b->index != NULL ? short_agency(b->index, txn, agency, &p.number) : ERR_NOT_FOUND;
    at.agency = p.number;
    while (e == ERR_OK && n < HELLO_CHAINS_MAX && (e = next_of(&p, &at, &c)) == ERR_OK)
        if (chain_is_awaited(&c) && c.awaited != CHAIN_UNHEARD)
            list[n++] = (struct hello_chain){at.purpose, at.epoch, c.sequence, c.last};
    *out = (struct awaited_list){list, n};
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* ---- agencies that were not heard ---- */

static enum err numbers_of(struct broker *b, struct kv_txn *txn, const struct agency_id *heard, size_t count,
                           uint16_t out[static ROSTER_MAX_MEMBERS])
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        out[i] = 0;
        e = short_agency(b->index, txn, &heard[i], &out[i]);
        if (e == ERR_NOT_FOUND)
            e = ERR_OK;
    }
    return e;
}

static bool is_among(const uint16_t *numbers, size_t count, uint16_t number)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

static enum err keep_heard(struct broker *b, struct kv_txn *txn, const struct agency_id *heard, size_t count)
{
    enum err e = meta_drop_heard(b->store, txn); /* what the copy says is of another restore */
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = meta_put_heard(b->store, txn, &heard[i]);
    return e;
}

enum err awaited_all_but(struct broker *b, struct kv_txn *txn, const struct agency_id *heard, size_t count)
{
    uint16_t numbers[ROSTER_MAX_MEMBERS];
    struct chain_id at = {.agency = 0};
    struct chain_id before = at;
    struct chain c;
    if (b->index == NULL)
        return ERR_OK;
    enum err e = keep_heard(b, txn, heard, count);
    if (e == ERR_OK)
        e = numbers_of(b, txn, heard, count, numbers);
    if (e == ERR_OK)
        e = chain_next(b->index, txn, NULL, &at, &c);
    while (e == ERR_OK) {
        before = at;
        if (!is_among(numbers, count, at.agency) && !chain_is_awaited(&c)) {
            c.awaited = CHAIN_UNHEARD;
            e = chain_put(b->index, txn, &at, &c);
        }
        if (e == ERR_OK)
            e = chain_next(b->index, txn, &before, &at, &c);
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* ---- status ---- */

/* c NULL: the agency as a whole. */
static enum err append_chain(struct doc *list, const struct agency_id *agency, const struct chain_id *id,
                             const struct chain *c)
{
    struct doc *one = doc_new_object();
    struct doc_build d = doc_build_of(one);
    doc_put_str(&d, "agency", agency->oin);
    if (c != NULL) {
        doc_put_str(&d, "purpose", id->purpose.s);
        doc_put_int(&d, "epoch", id->epoch);
        doc_put_int(&d, "has", (int64_t)c->sequence);
    }
    if (c != NULL && c->awaited != CHAIN_UNHEARD)
        doc_put_int(&d, "awaits", (int64_t)c->awaited);
    const enum err e = doc_build_done(&d);
    if (e == ERR_OK)
        return doc_append(list, one);
    doc_free(one);
    return e;
}

static enum err append_member(struct broker *b, struct kv_txn *txn, const struct agency_id *agency, struct doc *list)
{
    const struct awaited_said of = {.agency = agency};
    struct pass p = {.broker = b, .txn = txn, .said = &of};
    struct chain c;
    bool was_heard = true;
    enum err e = meta_was_heard(b->store, txn, agency, &was_heard);
    if (e == ERR_OK && !was_heard)
        e = append_chain(list, agency, NULL, NULL);
    if (e == ERR_OK)
        e = short_agency(b->index, txn, agency, &p.number);
    struct chain_id at = {.agency = p.number};
    while (e == ERR_OK && (e = next_of(&p, &at, &c)) == ERR_OK)
        if (chain_is_awaited(&c))
            e = append_chain(list, agency, &at, &c);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

struct doc *awaited_doc(struct broker *b)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    const struct roster *r = view_roster(b->view);
    struct doc *list = doc_new_array();
    enum err e = list != NULL ? kv_read_begin(b->kv, &txn) : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && b->index != NULL && i < r->member_count; i++)
        if (r->members[i].kind == MEMBER_AGENCY)
            e = append_member(b, txn, &r->members[i].id, list);
    if (e == ERR_OK)
        return list;
    doc_free(list);
    return NULL;
}
