#include "pki/logbook/log_terms.h"

#include "pki/digest.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/base/label.h"

#define PAIR_OF 0x80u /* a pair's kind is this, and both kinds in three bits each */
#define WORD_MAX_BYTES 512u

/* On disk: no number is given anew. 5 was an hour's. */
enum term_kind { TERM_AGENCY = 1, TERM_RULE, TERM_EVENT, TERM_DECISION, TERM_OFFICER = 6, TERM_REQUEST, TERM_CASE, TERM_ANYWAY };

/* Of few decisions each has a long list, and a pair with one is hardly shorter than the other word's: only that of an event, of
 * which most have no decision, saves leaping through both. */
static bool is_pair(const struct log_term *a, const struct log_term *b)
{
    const uint8_t low = a->b[0] < b->b[0] ? a->b[0] : b->b[0];
    const uint8_t high = a->b[0] < b->b[0] ? b->b[0] : a->b[0];
    return low >= TERM_AGENCY && low < high && (high < TERM_DECISION || (low == TERM_EVENT && high == TERM_DECISION));
}

/* Gathers terms; empty words have none. */
struct gathering {
    struct log_terms *out;
    enum err err;
};

static void put(struct gathering *g, enum term_kind kind, const uint8_t *hash)
{
    if (g->err == ERR_OK && g->out->count == LOG_TERMS_MAX)
        g->err = ERR_LIMIT;
    if (g->err != ERR_OK)
        return;
    struct log_term *t = &g->out->v[g->out->count++];
    t->b[0] = (uint8_t)kind;
    memcpy(t->b + 1, hash, LOG_TERM_BYTES - 1);
}

static void put_word(struct gathering *g, enum term_kind kind, struct bytes word)
{
    struct digest d;
    if (g->err != ERR_OK || word.len == 0)
        return;
    g->err = digest_sha256(&word, 1, &d);
    put(g, kind, d.b);
}

enum err log_terms_of_body(const struct audit_body *b, struct log_terms *out)
{
    struct gathering g = {out, ERR_OK};
    out->count = 0;
    put_word(&g, TERM_AGENCY, bytes_str(b->actor.oin));
    if (!agency_id_equal(&b->actor, &b->peer))
        put_word(&g, TERM_AGENCY, bytes_str(b->peer.oin));
    put_word(&g, TERM_RULE, name_bytes(&b->rule));
    put_word(&g, TERM_EVENT, bytes_str(audit_event_id(b->event)));
    if (b->decision != AUDIT_DECISION_NONE)
        put_word(&g, TERM_DECISION, bytes_str(audit_decision_id(b->decision)));
    return g.err;
}

enum err log_terms_of_filter(const struct bodies_filter *f, struct log_terms *out)
{
    struct gathering g = {out, ERR_OK};
    out->count = 0;
    put_word(&g, TERM_RULE, name_bytes(&f->rule));
    put_word(&g, TERM_AGENCY, bytes_str(f->agency.oin));
    put_word(&g, TERM_EVENT, name_bytes(&f->event));
    put_word(&g, TERM_DECISION, name_bytes(&f->decision));
    return g.err;
}

static struct log_term pair_of(const struct log_term *a, const struct log_term *b)
{
    struct log_term t;
    const uint8_t low = a->b[0] < b->b[0] ? a->b[0] : b->b[0];
    const uint8_t high = a->b[0] < b->b[0] ? b->b[0] : a->b[0];
    t.b[0] = (uint8_t)(PAIR_OF | (unsigned)low << 3 | high);
    for (size_t i = 1; i < LOG_TERM_BYTES; i++)
        t.b[i] = a->b[i] ^ b->b[i];
    return t;
}

/* Of at most two agencies and one word of each other kind there are no more than LOG_TERMS_MAX. */
void log_terms_pairs(const struct log_terms *words, struct log_terms *out)
{
    struct log_terms pairs = {.count = 0};
    for (size_t i = 0; i < words->count; i++)
        for (size_t k = i + 1; k < words->count && pairs.count < LOG_TERMS_MAX; k++)
            if (is_pair(&words->v[i], &words->v[k]))
                pairs.v[pairs.count++] = pair_of(&words->v[i], &words->v[k]);
    *out = pairs;
}

static bool is_in_a_pair(const struct log_terms *words, size_t i)
{
    for (size_t k = 0; k < words->count; k++)
        if (is_pair(&words->v[i], &words->v[k]))
            return true;
    return false;
}

/* Pairs are shorter lists. */
void log_terms_of_search(const struct log_terms *words, struct log_terms *out)
{
    struct log_terms lists;
    log_terms_pairs(words, &lists);
    for (size_t i = 0; i < words->count && lists.count < LOG_TERMS_MAX; i++)
        if (!is_in_a_pair(words, i))
            lists.v[lists.count++] = words->v[i];
    *out = lists;
}

static void put_name(struct gathering *g, struct mac *m, enum term_kind kind, struct bytes name)
{
    uint8_t room[WORD_MAX_BYTES];
    uint8_t hash[MAC_BYTES];
    const uint8_t of = (uint8_t)kind;
    struct buf text = buf_fixed(room, sizeof room);
    if (g->err != ERR_OK || name.len == 0)
        return;
    join_str(&text, LABEL_LOG_TERM);
    join_part(&text, bytes_of(&of, 1));
    join_part(&text, name);
    const struct bytes part = buf_bytes(&text);
    g->err = buf_err(&text);
    if (g->err == ERR_OK)
        g->err = mac_compute(m, &part, 1, hash);
    put(g, kind, hash);
}

enum err log_terms_of_names(const struct log_names *n, struct mac *m, struct log_terms *out)
{
    struct gathering g = {out, ERR_OK};
    put_name(&g, m, TERM_OFFICER, n->officer);
    if (n->request != NULL)
        put_name(&g, m, TERM_REQUEST, digest_bytes(n->request));
    if (n->case_id != NULL)
        put_name(&g, m, TERM_CASE, BYTES_OF_ARRAY(n->case_id->b));
    return g.err;
}

bool log_term_is_name(const struct log_term *t)
{
    return t->b[0] >= TERM_OFFICER && t->b[0] <= TERM_CASE;
}

enum err log_terms_add(struct log_terms *to, const struct log_terms *more)
{
    if (more->count > LOG_TERMS_MAX - to->count)
        return ERR_LIMIT;
    if (more->count > 0)
        memcpy(to->v + to->count, more->v, more->count * sizeof *more->v);
    to->count += more->count;
    return ERR_OK;
}

struct log_term log_term_anyway(void)
{
    return (struct log_term){{TERM_ANYWAY}};
}

void log_terms_encode(const struct log_terms *t, struct buf *out)
{
    for (size_t i = 0; i < t->count; i++)
        buf_put(out, BYTES_OF_ARRAY(t->v[i].b));
}

enum err log_terms_decode(struct bytes row, struct log_terms *out)
{
    struct cursor c = cursor_of(row);
    struct log_terms t = {.count = 0};
    while (c.err == ERR_OK && c.left > 0 && t.count < LOG_TERMS_MAX)
        cursor_copy(&c, t.v[t.count++].b, LOG_TERM_BYTES);
    if (cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    *out = t;
    return ERR_OK;
}
