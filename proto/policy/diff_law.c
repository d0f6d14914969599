/* The law behind a rule: whoever may do what, the citations and texts are for people. A provision
 * that is no longer cited takes its ground away from what was asked under it, so that narrows. */
#include "proto/policy/diff_internal.h"

/* ---- citations ---- */

/* A list of provisions; one alone, where it is there. */
struct cites {
    const struct citation *v;
    uint32_t count;
};

static struct cites cite_of(const struct citation *c)
{
    return (struct cites){c, c != NULL ? 1 : 0};
}

/* Where the law stands, whatever a file calls it. */
static const char *source_of(const struct side *s, const struct citation *c)
{
    const struct law *law = policy_law(s->policy, &c->law);
    return law != NULL ? law->source : c->law.s;
}

static const struct citation *find(const struct diff *d, enum when w, struct cites in,
                                   const struct citation *c)
{
    const char *source = source_of(&d->side[other_of(w)], c);
    for (uint32_t i = 0; i < in.count; i++) {
        if (strcmp(source_of(&d->side[w], &in.v[i]), source) == 0 &&
            strcmp(in.v[i].article, c->article) == 0 &&
            strcmp(in.v[i].paragraph, c->paragraph) == 0)
            return &in.v[i];
    }
    return NULL;
}

static void tell_cite(struct diff *d, const struct mark *m, enum when only,
                      const struct citation *c)
{
    const struct law *law = policy_law(d->side[only].policy, &c->law);
    const char *title = law != NULL ? law->title : c->law.s;
    bool part = c->paragraph[0] != '\0';
    diff_begin(d);
    if (m->holder != NULL) {
        buf_printf(&d->nl, "%s: ", duo_name(m->holder));
        buf_printf(&d->en, "%s: ", duo_name(m->holder));
    }
    buf_printf(&d->nl, "%s: %s art. %s%s%s", only == IS ? "nu aangehaald" : "niet meer aangehaald",
               title, c->article, part ? " lid " : "", c->paragraph);
    buf_printf(&d->en, "%s: %s art. %s%s%s", only == IS ? "now cited" : "no longer cited", title,
               c->article, part ? " paragraph " : "", c->paragraph);
    struct mark told = *m;
    told.narrows = only == WAS;
    diff_tell(d, told);
}

static void put_verifier(struct buf *out, const char *lead, const struct citation *c)
{
    bool dated = c->verified_on[0] != '\0';
    buf_printf(out, "%s%s%s%s", lead, c->verified_by.s, dated ? " " : "", c->verified_on);
}

static void compare_verifying(struct diff *d, const struct mark *m, const struct citation *was,
                              const struct citation *is)
{
    if (name_equal(&was->verified_by, &is->verified_by) &&
        strcmp(was->verified_on, is->verified_on) == 0)
        return;
    diff_begin(d);
    buf_printf(&d->nl, "art. %s: ", is->article);
    put_verifier(&d->nl, "geverifieerd door ", is);
    put_verifier(&d->nl, ", was door ", was);
    buf_printf(&d->en, "art. %s: ", is->article);
    put_verifier(&d->en, "verified by ", is);
    put_verifier(&d->en, ", was by ", was);
    diff_tell(d, *m);
}

static void compare_jci(struct diff *d, const struct mark *m, const struct citation *was,
                        const struct citation *is)
{
    const char *a = was->jci != NULL ? was->jci : "-";
    const char *b = is->jci != NULL ? is->jci : "-";
    if (!same_text(was->jci, is->jci))
        tell(d, *m, "art. %s: JCI-verwijzing was %s, wordt %s",
             "art. %s: JCI reference was %s, becomes %s", is->article, a, b);
}

static void compare_cites(struct diff *d, const struct mark *m, struct cites was, struct cites is)
{
    for (uint32_t i = 0; i < is.count; i++) {
        const struct citation *old = find(d, WAS, was, &is.v[i]);
        if (old == NULL) {
            tell_cite(d, m, IS, &is.v[i]);
            continue;
        }
        compare_verifying(d, m, old, &is.v[i]);
        compare_jci(d, m, old, &is.v[i]);
    }
    for (uint32_t i = 0; i < was.count; i++) {
        if (find(d, IS, is, &was.v[i]) == NULL)
            tell_cite(d, m, WAS, &was.v[i]);
    }
}

static void compare_ground(struct diff *d, const char *key, const struct citation *was,
                           const struct citation *is)
{
    struct mark m = {.effect = EFFECT_CHANGED, .key = key};
    compare_cites(d, &m, cite_of(was), cite_of(is));
}

#define GROUND(r, block) ((r)->block != NULL ? (r)->block->ground : NULL)

static void compare_grounds(struct diff *d, const struct rule *was, const struct rule *is)
{
    const struct rule_identifier *bsn[2] = {rule_identifier(was, IDENT_BSN),
                                            rule_identifier(is, IDENT_BSN)};
    compare_ground(d, "outcome.ground", GROUND(was, outcome), GROUND(is, outcome));
    compare_ground(d, "identifiers", bsn[WAS] != NULL ? bsn[WAS]->ground : NULL,
                   bsn[IS] != NULL ? bsn[IS]->ground : NULL);
    compare_ground(d, "question_use.ground", GROUND(was, question_use), GROUND(is, question_use));
    compare_ground(d, "minors.ground", GROUND(was, minors), GROUND(is, minors));
    compare_ground(d, "subject.ground", GROUND(was, subject), GROUND(is, subject));
    compare_ground(d, "export.assurance", was->export != NULL ? was->export->assurance : NULL,
                   is->export != NULL ? is->export->assurance : NULL);
}

static void compare_gate(struct diff *d, const struct duo *holder)
{
    const struct gate *was = rule_gate(d->side[WAS].rule, holder->in[WAS]);
    const struct gate *is = rule_gate(d->side[IS].rule, holder->in[IS]);
    struct mark m = {.effect = EFFECT_CHANGED, .key = "gates", .holder = holder};
    compare_cites(d, &m, cite_of(was != NULL ? &was->cite : NULL),
                  cite_of(is != NULL ? &is->cite : NULL));
    compare_cites(d, &m,
                  (struct cites){was != NULL ? was->with : NULL, was != NULL ? was->with_count : 0},
                  (struct cites){is != NULL ? is->with : NULL, is != NULL ? is->with_count : 0});
}

/* ---- texts ---- */

static void compare_text(struct diff *d, const char *key, const char *was, const char *is)
{
    if (same_text(was, is))
        return;
    tell(d, ((struct mark){.effect = EFFECT_CHANGED, .key = key}), "was '%s', wordt '%s'",
         "was '%s', becomes '%s'", was != NULL ? was : "", is != NULL ? is : "");
}

static void compare_bilingual(struct diff *d, const char *key, const struct bilingual *was,
                              const struct bilingual *is)
{
    if (same_text(was->nl, is->nl) && same_text(was->en, is->en))
        return;
    tell_plain(d, (struct mark){.effect = EFFECT_CHANGED, .key = key}, "de tekst is anders",
               "the text differs");
}

/* A ground under the AVG that is there in both is another one, or it is not: which one binds whom,
 * the evaluator sees by the fields. */
static void compare_avg_ground(struct diff *d, const char *key, const char *was, const char *is)
{
    if (same_text(was, is))
        return;
    tell(d, ((struct mark){.effect = EFFECT_CHANGED, .key = key, .narrows = was != NULL}),
         "AVG-grond was '%s', wordt '%s'", "AVG ground was '%s', becomes '%s'",
         was != NULL ? was : "", is != NULL ? is : "");
}

static void compare_gdpr(struct diff *d, const struct gdpr *was, const struct gdpr *is)
{
    static const struct gdpr none;
    const struct gdpr *a = was != NULL ? was : &none;
    const struct gdpr *b = is != NULL ? is : &none;
    compare_avg_ground(d, "gdpr.lawfulness", a->lawfulness, b->lawfulness);
    compare_avg_ground(d, "gdpr.special", a->special, b->special);
    compare_avg_ground(d, "gdpr.criminal", a->criminal, b->criminal);
    compare_text(d, "gdpr.compatibility", a->compatibility, b->compatibility);
    compare_text(d, "gdpr.dpia", a->dpia, b->dpia);
    compare_text(d, "gdpr.advice", a->advice, b->advice);
    compare_text(d, "gdpr.register", a->register_entry, b->register_entry);
}

static void compare_frame(struct diff *d, const struct rule *was, const struct rule *is)
{
    if (was->version != is->version)
        tell(d, ((struct mark){.effect = EFFECT_CHANGED, .key = "version"}),
             "versie was %u, wordt %u", "version was %u, becomes %u", was->version, is->version);
    if (was->partnership != is->partnership)
        tell(d, ((struct mark){.effect = EFFECT_CHANGED, .key = "partnership", .narrows = true}),
             "samenwerkingsverband was %s, wordt %s", "partnership was %s, becomes %s",
             partnership_id(was->partnership), partnership_id(is->partnership));
}

void diff_law(struct diff *d)
{
    const struct rule *was = d->side[WAS].rule;
    const struct rule *is = d->side[IS].rule;
    struct mark basis = {.effect = EFFECT_CHANGED, .key = "basis"};
    compare_frame(d, was, is);
    compare_cites(d, &basis, (struct cites){was->basis, was->basis_count},
                  (struct cites){is->basis, is->basis_count});
    for (uint32_t i = 0; i < d->parties_count; i++) {
        if (d->parties[i].holds[WAS] && d->parties[i].holds[IS])
            compare_gate(d, &d->parties[i]);
    }
    compare_grounds(d, was, is);
    compare_gdpr(d, was->gdpr, is->gdpr);
    if (was->index != NULL && is->index != NULL)
        compare_bilingual(d, "index.ground", &was->index->ground, &is->index->ground);
    compare_bilingual(d, "text.citizen", &was->text.citizen, &is->text.citizen);
    compare_bilingual(d, "text.officer", &was->text.officer, &is->text.officer);
}
