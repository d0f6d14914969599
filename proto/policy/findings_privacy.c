/* Findings on the regime of each party, and on what the AVG wants where it applies. */
#include <ctype.h>
#include <stdlib.h>

#include "proto/policy/findings_internal.h"
#include "proto/policy/law.h"

static void check_gdpr(const struct search_for *s, const struct rule *r)
{
    const struct gdpr *g = r->gdpr;
    struct spot at = at_key(r, "gdpr");
    if (g->dpia == NULL)
        report(s, at, SEVERITY_ERROR, "dpia-missing", "no data-protection impact assessment");
    if (g->advice == NULL)
        report(s, at, SEVERITY_ERROR, "advice-missing", "no advice");
    if (g->register_entry == NULL)
        report(s, at, SEVERITY_ERROR, "register-missing", "no entry in the register of processing");
    if (g->compatibility == NULL)
        report(s, at, SEVERITY_WARNING, "compatibility-missing", "no word on AVG 6(4)");
}

/* True where text begins with the word, in capitals or not. */
static bool begins_with(const char *text, const char *word)
{
    while (*word != '\0' && tolower((unsigned char)*text) == tolower((unsigned char)*word)) {
        text++;
        word++;
    }
    return *word == '\0';
}

/* True where the word stands at this place alone: "AVG" is not found in "UAVG". */
static bool is_word_at(const char *text, const char *at, const char *word)
{
    size_t n = strlen(word);
    return begins_with(at, word) && (at == text || isalnum((unsigned char)at[-1]) == 0) &&
           isalnum((unsigned char)at[n]) == 0;
}

/* The place behind the word at its next occurrence from `at` on, or NULL. */
static const char *behind_word(const char *text, const char *at, const char *word)
{
    for (; *at != '\0'; at++) {
        if (is_word_at(text, at, word))
            return at + strlen(word);
    }
    return NULL;
}

/* The number of an article right behind the name of a law: "UAVG 33", "UAVG art. 33(1)". */
static long article_at(const char *at)
{
    static const char *const words[] = {"artikel", "article", "art."};
    at += strspn(at, " ");
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (begins_with(at, words[i]))
            at += strlen(words[i]);
    }
    at += strspn(at, " ");
    return strtol(at, NULL, 10);
}

static bool names_article(const char *text, const char *law, long article)
{
    const char *at = text;
    while ((at = behind_word(text, at, law)) != NULL) {
        if (article_at(at) == article)
            return true;
    }
    return false;
}

/* A law of the table, other than AVG and UAVG, that the text names by its id. */
static bool names_special_law(const struct policy *p, const char *text)
{
    for (uint32_t i = 0; i < p->laws_count; i++) {
        const struct law *law = &p->laws[i];
        if (!law_is_gdpr(law) && !law->non_binding && behind_word(text, text, law->id.s) != NULL)
            return true;
    }
    return false;
}

static bool is_criminal_ground(const struct policy *p, const char *text)
{
    return names_article(text, "AVG", 10) &&
           (names_article(text, "UAVG", 32) || names_article(text, "UAVG", 33) ||
            names_special_law(p, text));
}

static void check_field(const struct search_for *s, const struct rule *r, uint32_t i)
{
    const struct rule_field *f = &r->fields[i];
    const struct gdpr *g = r->gdpr;
    if ((f->sensitivity == SENSITIVITY_SPECIAL && g->special == NULL) ||
        (f->sensitivity == SENSITIVITY_CRIMINAL && g->criminal == NULL))
        report(s, at_item(r, "fields", i), SEVERITY_ERROR, "ground-missing",
               "field '%s' is %s data and the gdpr block names no ground", f->name.s,
               sensitivity_id(f->sensitivity));
}

static void check_grounds(const struct search_for *s, const struct rule *r)
{
    for (uint32_t i = 0; i < r->fields_count; i++)
        check_field(s, r, i);
    if (r->gdpr->criminal != NULL && !is_criminal_ground(s->policy, r->gdpr->criminal))
        report(s, at_key(r, "gdpr.criminal"), SEVERITY_ERROR, "criminal-ground",
               "this names AVG 10 with UAVG 32, with UAVG 33 or with a law of the table");
}

/* The regime that the rule gives a party; REGIME_NONE without one. */
static enum regime regime_of(const struct rule *r, const struct party *party)
{
    for (uint32_t i = 0; i < r->regime_count; i++) {
        if (selector_matches(&r->regime[i].party, party))
            return r->regime[i].regime;
    }
    return REGIME_NONE;
}

static void check_regime(const struct search_for *s, const struct rule *r, const struct party *p)
{
    if (regime_of(r, p) != p->regime)
        report(s, at_key(r, "regime"), SEVERITY_ERROR, "regime-differs",
               "party %s is under %s, the rule says %s", p->oin.oin, regime_id(p->regime),
               regime_id(regime_of(r, p)));
}

static bool cites_gdpr(const struct policy *p, const struct gate *g)
{
    const struct law *law = policy_law(p, &g->cite.law);
    bool found = law != NULL && law_is_gdpr(law);
    for (uint32_t i = 0; !found && i < g->with_count; i++) {
        law = policy_law(p, &g->with[i].law);
        found = law != NULL && law_is_gdpr(law);
    }
    return found;
}

/* Police and judicial data are outside the AVG (AVG 2(2)(d)): it is no ground for their holder. */
static void check_gates(const struct search_for *s, const struct rule *r, const struct party *h)
{
    for (uint32_t i = 0; i < r->gates_count; i++) {
        if (selector_matches(&r->gates[i].holder, h) && cites_gdpr(s->policy, &r->gates[i]))
            report(s, at_item(r, "gates", i), SEVERITY_ERROR, "avg-for-wpg",
                   "holder %s is under %s: AVG and UAVG are no ground for it", h->oin.oin,
                   regime_id(h->regime));
    }
}

void findings_of_privacy(const struct search_for *s, const struct rule *r)
{
    bool avg = false;
    for (uint32_t i = 0; i < s->acting_count; i++) {
        const struct acting *a = &s->acting[i];
        check_regime(s, r, a->party);
        if (a->holds && a->party->regime != REGIME_AVG)
            check_gates(s, r, a->party);
        avg = avg || a->party->regime == REGIME_AVG;
    }
    if (r->gdpr == NULL && avg)
        report(s, at_key(r, "gdpr"), SEVERITY_ERROR, "gdpr-missing",
               "a party is under the AVG and the rule has no gdpr block");
    if (r->gdpr != NULL && !avg && s->acting_count > 0)
        report(s, at_key(r, "gdpr"), SEVERITY_ERROR, "avg-for-wpg",
               "no party of this rule is under the AVG: its grounds are no ground here");
    if (r->gdpr == NULL)
        return;
    check_gdpr(s, r);
    check_grounds(s, r);
}
