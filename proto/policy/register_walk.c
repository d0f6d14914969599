/* How the register puts a line together and hands it to the page. */
#include "proto/policy/register_internal.h"
#include "proto/policy/term.h"

#define NAMED_MOST 6u /* parties of a class that are named one by one */

static const char *take_line(struct walk *w)
{
    return buf_text(&w->line);
}

/* An error in a line is an error of the register. */
static void end_line(struct walk *w)
{
    if (buf_err(&w->line) != ERR_OK)
        w->failed = buf_err(&w->line);
    buf_reset(&w->line);
}

void walk_pair(struct walk *w, const char *label)
{
    page_pair(w->page, label, take_line(w));
    end_line(w);
}

void walk_item(struct walk *w)
{
    page_item(w->page, take_line(w));
    end_line(w);
}

void walk_paragraph(struct walk *w)
{
    page_paragraph(w->page, take_line(w));
    end_line(w);
}

void walk_notice(struct walk *w)
{
    page_notice(w->page, take_line(w));
    end_line(w);
}

void walk_cell(struct walk *w)
{
    page_cell(w->page, take_line(w));
    end_line(w);
}

void walk_pair_text(struct walk *w, const char *label, const char *text)
{
    page_pair(w->page, label, text);
}

void walk_cell_text(struct walk *w, const char *text)
{
    page_cell(w->page, text);
}

void walk_section(struct walk *w, const char *title)
{
    page_heading(w->page, 4, NULL, title);
}

void walk_bilingual(struct walk *w, const struct bilingual *t)
{
    const char *own = SAY(w, t->nl, t->en);
    const char *other = SAY(w, t->en, t->nl);
    if (own != NULL && own[0] != '\0')
        buf_put_str(&w->line, own);
    else if (other != NULL && other[0] != '\0')
        buf_printf(&w->line, SAY(w, "%s (alleen in het Engels)", "%s (in Dutch only)"), other);
    else
        buf_put_str(&w->line, SAY(w, "het beleid zegt het niet", "the policy does not say"));
}

static void put_comma(struct walk *w, uint32_t i)
{
    if (i > 0)
        buf_put_str(&w->line, ", ");
}

static void put_none(struct walk *w)
{
    buf_put_str(&w->line, SAY(w, "geen", "none"));
}

void walk_names(struct walk *w, const struct name *list, uint32_t count)
{
    if (count == 0)
        put_none(w);
    for (uint32_t i = 0; i < count; i++) {
        put_comma(w, i);
        buf_put_str(&w->line, list[i].s);
    }
}

void walk_functions(struct walk *w, const struct name *list, uint32_t count)
{
    if (count == 0)
        put_none(w);
    for (uint32_t i = 0; i < count; i++) {
        put_comma(w, i);
        buf_put_str(&w->line, say_function(&list[i], w->lang));
    }
}

void walk_checks(struct walk *w, const struct name *list, uint32_t count)
{
    if (count == 0)
        put_none(w);
    for (uint32_t i = 0; i < count; i++) {
        enum case_check v = CHECK_NONE;
        put_comma(w, i);
        if (case_check_parse(bytes_str(list[i].s), &v) == ERR_OK)
            buf_put_str(&w->line, say_case_check(v, w->lang));
        else
            buf_put_str(&w->line, list[i].s);
    }
}

void walk_party(struct walk *w, const struct agency_id *oin)
{
    const struct party *party = policy_party(w->p, oin);
    if (party != NULL)
        buf_printf(&w->line, "%s (OIN %s)", party->name, oin->oin);
    else
        buf_printf(&w->line, "OIN %s", oin->oin);
}

/* "gemeente (Gemeente A, Gemeente B)"; many are only counted, they stand among the parties. */
static void put_class(struct walk *w, const struct selector *s)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < w->p->parties_count; i++)
        found += selector_matches(s, &w->p->parties[i]) ? 1 : 0;
    buf_printf(&w->line, "%s (", s->s.s);
    if (found > NAMED_MOST || found == 0)
        buf_printf(&w->line, SAY(w, "%u partijen", "%u parties"), found);
    for (uint32_t i = 0, n = 0; found <= NAMED_MOST && i < w->p->parties_count; i++) {
        if (!selector_matches(s, &w->p->parties[i]))
            continue;
        put_comma(w, n++);
        buf_put_str(&w->line, w->p->parties[i].name);
    }
    buf_put_str(&w->line, ")");
}

void walk_selectors(struct walk *w, const struct selector *list, uint32_t count)
{
    struct agency_id oin;
    if (count == 0)
        buf_put_str(&w->line, SAY(w, "niemand", "nobody"));
    for (uint32_t i = 0; i < count; i++) {
        put_comma(w, i);
        if (agency_id_parse(bytes_str(list[i].s.s), &oin) == ERR_OK)
            walk_party(w, &oin);
        else
            put_class(w, &list[i]);
    }
}

void walk_category(struct walk *w, const struct name *id)
{
    const struct category *c = policy_category(w->p, id);
    if (c != NULL)
        walk_bilingual(w, &c->text);
    buf_printf(&w->line, " (%s)", id->s);
}

void walk_period(struct walk *w, const struct period *p)
{
    buf_printf(&w->line,
               SAY(w, "van %s tot %s (dan niet meer)", "from %s until %s (no longer then)"),
               p->from, p->until);
}

void walk_days(struct walk *w, uint32_t days)
{
    if (days == 1)
        buf_put_str(&w->line, SAY(w, "1 dag", "1 day"));
    else
        buf_printf(&w->line, SAY(w, "%u dagen", "%u days"), days);
}

void walk_term(struct walk *w, const struct term *t)
{
    term_text(t, w->lang == LANGUAGE_NL, &w->line);
}

void walk_yes_no(struct walk *w, bool yes)
{
    buf_put_str(&w->line, yes ? SAY(w, "ja", "yes") : SAY(w, "nee", "no"));
}

void walk_citation(struct walk *w, const struct citation *c)
{
    const struct law *law = policy_law(w->p, &c->law);
    buf_printf(&w->line, SAY(w, "%s, artikel %s", "%s, article %s"),
               law != NULL ? law->title : c->law.s, c->article);
    if (c->paragraph[0] != '\0')
        buf_printf(&w->line, SAY(w, ", lid %s", ", paragraph %s"), c->paragraph);
    if (law != NULL)
        buf_printf(&w->line, " (%s)", law->source);
    if (law != NULL && law->non_binding)
        buf_put_str(&w->line, SAY(w, " (geen grond op zichzelf)", " (no ground by itself)"));
    if (c->jci != NULL && c->jci[0] != '\0')
        buf_printf(&w->line, " [%s]", c->jci);
    if (citation_is_verified(c))
        buf_printf(&w->line, SAY(w, "; geverifieerd door %s op %s", "; verified by %s on %s"),
                   c->verified_by.s, c->verified_on);
    else
        buf_put_str(&w->line, SAY(w, "; door niemand geverifieerd", "; verified by nobody"));
}

void walk_ground(struct walk *w, const char *label, const struct citation *c)
{
    if (c == NULL)
        return;
    walk_citation(w, c);
    walk_pair(w, label);
}
