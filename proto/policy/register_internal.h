/* What the parts of the register share: a walk over the policy, and the words for its closed sets.
 */
#ifndef SLUIS_POLICY_REGISTER_INTERNAL_H
#define SLUIS_POLICY_REGISTER_INTERNAL_H

#include "proto/policy/register.h"

struct walk {
    struct page *page;
    const struct policy *p;
    enum language lang;
    struct buf line; /* the value, item or cell that is being put together */
    enum err failed; /* the first line that could not be put together */
};

/* One of two texts; a macro, so that formats stay literals for the compiler. */
#define SAY(w, nl, en) ((w)->lang == LANGUAGE_NL ? (nl) : (en))

/* Each writes w->line as one block and empties it. */
void walk_pair(struct walk *w, const char *label);
void walk_item(struct walk *w);
void walk_paragraph(struct walk *w);
void walk_notice(struct walk *w);
void walk_cell(struct walk *w);

/* A pair or a cell whose value is a whole text. */
void walk_pair_text(struct walk *w, const char *label, const char *text);
void walk_cell_text(struct walk *w, const char *text);
void walk_section(struct walk *w, const char *title); /* a heading of level 4 */

/* Appended to w->line. */
void walk_bilingual(struct walk *w, const struct bilingual *t);
void walk_names(struct walk *w, const struct name *list, uint32_t count); /* "a, b", or "none" */
void walk_checks(struct walk *w, const struct name *list, uint32_t count);
void walk_functions(struct walk *w, const struct name *list, uint32_t count);
void walk_selectors(struct walk *w, const struct selector *list, uint32_t count);
void walk_party(struct walk *w, const struct agency_id *oin);
void walk_category(struct walk *w, const struct name *id);
void walk_period(struct walk *w, const struct period *p);
void walk_days(struct walk *w, uint32_t days);
void walk_term(struct walk *w, const struct term *t);
void walk_yes_no(struct walk *w, bool yes);
/* Title, article, paragraph and source, and who verified it and when. */
void walk_citation(struct walk *w, const struct citation *c);
/* A pair "label: citation"; nothing where c is NULL. */
void walk_ground(struct walk *w, const char *label, const struct citation *c);

/* The parts of a rule's card, in the order in which they stand there. */
void register_scope(struct walk *w, const struct rule *r);
void register_who(struct walk *w, const struct rule *r);
void register_law(struct walk *w, const struct rule *r);
void register_texts(struct walk *w, const struct rule *r);
void register_travels(struct walk *w, const struct rule *r);
void register_learns(struct walk *w, const struct rule *r);
void register_case(struct walk *w, const struct rule *r);
void register_consent(struct walk *w, const struct rule *r);
void register_limits(struct walk *w, const struct rule *r);
void register_retention(struct walk *w, const struct rule *r);
void register_refusals(struct walk *w, const struct rule *r);
void register_after(struct walk *w, const struct rule *r);

/* Words for people; the word of the file where there is none. */
const char *say_process(enum process v, enum language lang);      /* a title */
const char *say_process_done(enum process v, enum language lang); /* a sentence */
const char *say_partnership(enum partnership v, enum language lang);
const char *say_status(enum rule_status v, enum language lang);
const char *say_regime(enum regime v, enum language lang);
const char *say_ident(enum ident_type v, enum language lang);
const char *say_strength(enum strength v, enum language lang);
const char *say_sensitivity(enum sensitivity v, enum language lang);
const char *say_masking(enum masking v, enum language lang);
const char *say_visibility(enum visibility v, enum language lang);
const char *say_outcome(enum outcome v, enum language lang);
const char *say_case_state(enum case_state v, enum language lang);
const char *say_case_check(enum case_check v, enum language lang);
const char *say_control(enum control v, enum language lang);
const char *say_consent(enum consent_kind v, enum language lang);
const char *say_duty(enum duty v, enum language lang);
const char *say_function(const struct name *v, enum language lang);
const char *say_aim(const struct name *v, enum language lang);

#endif
