#include "pki/logbook/log_find.h"

#include <stdlib.h>

#include "pki/logbook/log_due.h"
#include "pki/logbook/log_index.h"
#include "proto/host/clock.h"

#define LOOKS_AT_ONCE 16u /* between two looks at the clock: on a cold disk each can take a millisecond */

_Static_assert(LOOKS_AT_ONCE >= LOG_TERMS_MAX, "each time a search comes further");

/* Entries [from, until) that stand on the same lists. */
struct stretch {
    uint64_t from, until;
    bool has_hours;           /* and on those of hours */
    struct log_search *lists; /* NULL: the filter asks for nothing that has a list here */
};

#define STRETCHES 4u /* of no list, of words, of all, and what no list has yet */

struct log_find {
    struct log_finding of;
    struct stretch stretches[STRETCHES];
    struct log_between period; /* of what has hours */
    struct log_search *anyway; /* what is looked at whatever is asked for */
    struct {
        uint64_t from, at; /* between the two there is none; from > at: nobody looked */
    } next_anyway;
    size_t looks; /* that are left */
};

void log_find_free(struct log_find *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < STRETCHES; i++)
        log_search_free(f->stretches[i].lists);
    log_search_free(f->anyway);
    free(f);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static enum err terms_of_all(const struct log_finding *of, const struct log_terms *words, struct log_terms *out)
{
    const struct bodies_sought *s = of->sought;
    struct log_names names = {.officer = bytes_of(NULL, 0)};
    log_terms_of_search(words, out);
    if (s == NULL)
        return ERR_OK;
    names.officer = name_bytes(&s->officer);
    names.request = s->has_request ? &s->request : NULL;
    names.case_id = s->has_case ? &s->dossier : NULL;
    return logbook_terms(of->logbook, of->txn, &names, out);
}

static enum err open_lists(struct log_find *f, struct stretch *s, const struct log_terms *terms)
{
    if (terms->count == 0 || s->from >= s->until)
        return ERR_OK;
    return log_search_new(logbook_tables(f->of.logbook), f->of.txn, terms, &s->lists);
}

static enum err open_stretches(struct log_find *f, uint64_t dated)
{
    struct log_listed listed;
    struct log_terms words;
    struct log_terms all;
    struct stretch *s = f->stretches;
    const uint64_t size = f->of.size;
    const uint64_t end = least(dated, size);
    enum err e = log_index_listed(logbook_tables(f->of.logbook), f->of.txn, &listed);
    if (e != ERR_OK)
        return e;
    const uint64_t words_from = least(listed.words_from, end);
    const uint64_t all_from = least(listed.all_from, end);
    s[0] = (struct stretch){.from = 0, .until = words_from};
    s[1] = (struct stretch){.from = words_from, .until = all_from, .has_hours = true};
    s[2] = (struct stretch){.from = all_from, .until = end, .has_hours = true};
    s[3] = (struct stretch){.from = end, .until = size};
    e = log_terms_of_filter(f->of.filter, &words);
    if (e == ERR_OK)
        e = terms_of_all(&f->of, &words, &all);
    if (e == ERR_OK)
        e = open_lists(f, &s[1], &words);
    return e == ERR_OK ? open_lists(f, &s[2], &all) : e;
}

static enum err open_anyway(struct log_find *f)
{
    const struct log_terms one = {.v = {log_term_anyway()}, .count = 1};
    f->next_anyway.from = 1;
    return log_search_new(logbook_tables(f->of.logbook), f->of.txn, &one, &f->anyway);
}

enum err log_find_new(const struct log_finding *of, struct log_find **out)
{
    CLEANUP(cleanup_log_find_free) struct log_find *f = calloc(1, sizeof *f);
    if (f == NULL)
        return ERR_NOMEM;
    f->of = *of;
    f->looks = of->looks;
    const struct log_tables *t = logbook_tables(of->logbook);
    const struct log_period period = {of->filter->since_s, of->filter->until_s};
    uint64_t dated = 0;
    enum err e = log_dated(t, of->txn, &dated);
    if (e == ERR_OK)
        e = log_hours_between(t, of->txn, &period, &f->period);
    if (e == ERR_OK)
        e = open_stretches(f, dated);
    if (e == ERR_OK)
        e = open_anyway(f);
    if (e == ERR_OK)
        *out = take(f);
    return e;
}

bool log_find_may_go_on(const struct log_find *f)
{
    return f->looks > 0 && (f->of.until_ns == 0 || clock_mono_ns() < f->of.until_ns);
}

/* The first at or behind `from` that is looked at whatever is asked for; UINT64_MAX: none. */
static enum err find_anyway(struct log_find *f, uint64_t from, uint64_t *out)
{
    size_t looks = LOG_TERMS_MAX;
    enum err e = ERR_OK;
    if (from < f->next_anyway.from || from > f->next_anyway.at) {
        e = log_search_next(f->anyway, from, &looks, &f->next_anyway.at);
        f->next_anyway.from = from;
    }
    if (e == ERR_NOT_FOUND)
        f->next_anyway.at = UINT64_MAX;
    *out = f->next_anyway.at;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* At or behind `from`, before `until`, on all lists of a stretch. */
static enum err search(struct log_find *f, const struct stretch *s, uint64_t from, uint64_t until, uint64_t *out)
{
    enum err e = ERR_AGAIN;
    *out = from;
    do {
        const size_t most = f->looks < LOOKS_AT_ONCE ? f->looks : LOOKS_AT_ONCE;
        size_t left = most;
        e = log_search_next(s->lists, *out, &left, out);
        f->looks -= most - left;
    } while (e == ERR_AGAIN && *out < until && log_find_may_go_on(f));
    return e;
}

/* From `at` in this stretch on, before `limit`. ERR_NOT_FOUND: not there. */
static enum err next_listed(struct log_find *f, const struct stretch *s, uint64_t at, uint64_t limit, uint64_t *out)
{
    const uint64_t until = s->has_hours ? least(limit, f->period.end) : limit;
    if (s->has_hours && at < f->period.first)
        at = f->period.first;
    if (at >= until)
        return ERR_NOT_FOUND;
    *out = at;
    const enum err e = s->lists != NULL ? search(f, s, at, until, out) : ERR_OK;
    return (e == ERR_OK || e == ERR_AGAIN) && *out >= until ? ERR_NOT_FOUND : e;
}

/* When it was, what has no body does not say: no period leaves it out. ERR_NOT_FOUND: not in this stretch. */
static enum err next_in(struct log_find *f, const struct stretch *s, uint64_t from, uint64_t *out)
{
    const uint64_t at = from > s->from ? from : s->from;
    uint64_t anyway = s->until;
    enum err e = s->has_hours ? find_anyway(f, at, &anyway) : ERR_OK;
    if (e != ERR_OK)
        return e;
    e = next_listed(f, s, at, least(anyway, s->until), out);
    if (e != ERR_NOT_FOUND || anyway >= s->until)
        return e;
    *out = anyway;
    return ERR_OK;
}

enum err log_find_next(struct log_find *f, uint64_t from, uint64_t *out)
{
    enum err e = ERR_NOT_FOUND;
    for (size_t i = 0; e == ERR_NOT_FOUND && i < STRETCHES; i++)
        if (from < f->stretches[i].until)
            e = next_in(f, &f->stretches[i], from, out);
    if (e == ERR_OK && f->looks > 0)
        f->looks--;
    return e;
}
