/* A rule's card, first half: what for, who, on which ground, for whom it is explained, what
 * travels. */
#include "proto/policy/process.h"
#include "proto/policy/register_internal.h"

/* Who tells without being asked: the holder of a signal, the receiver that tells its source. */
static bool tells(const struct rule *r)
{
    return r->process == PROCESS_SIGNAL || r->process == PROCESS_FEEDBACK;
}

static void put_index_terms(struct walk *w, const struct index_terms *t)
{
    for (uint32_t i = 0; i < t->categories_count; i++) {
        buf_put_str(&w->line, i > 0 ? ", " : "");
        walk_category(w, &t->categories[i]);
    }
    walk_pair(w, SAY(w, "Soorten registraties", "Kinds of records"));
    walk_bilingual(w, &t->ground);
    walk_pair(w, SAY(w, "Wanneer een registratie erin komt", "When a record enters"));
    buf_printf(&w->line,
               SAY(w, "%u per duizend van wie de organisatie kent",
                   "%u in a thousand of whom the organisation knows"),
               t->max_share_permille);
    walk_pair(w, SAY(w, "Ten hoogste", "At most"));
    buf_put_str(&w->line, SAY(w, "na ", "after "));
    walk_days(w, t->max_age_days);
    walk_pair(w, SAY(w, "Vervalt", "Expires"));
    walk_yes_no(w, t->suppression);
    buf_put_str(&w->line,
                t->suppression
                    ? SAY(w, ": de organisatie haalt hen er zelf uit, met haar eigen lijst",
                          ": the organisation takes them out itself, by its own list")
                    : "");
    walk_pair(w, SAY(w, "Beschermde personen eruit", "Protected persons left out"));
}

/* A closed list of what a question may be about; nothing where it is not asked. */
static void put_list(struct walk *w, const char *label, const struct name *list, uint32_t n)
{
    if (n == 0)
        return;
    walk_names(w, list, n);
    walk_pair(w, label);
}

static void put_version(struct walk *w, const struct rule *r)
{
    buf_printf(&w->line, "%s, %s %u", say_status(r->status, w->lang), SAY(w, "versie", "version"),
               r->version);
    if (r->replaces != 0)
        buf_printf(&w->line, SAY(w, ", in plaats van versie %u", ", in place of version %u"),
                   r->replaces);
    walk_pair(w, "Status");
    walk_period(w, &r->valid);
    walk_pair(w, SAY(w, "Geldig", "Valid"));
}

static void put_aims(struct walk *w, const struct rule *r)
{
    for (uint32_t i = 0; i < r->aims_count; i++)
        buf_printf(&w->line, "%s%s", i > 0 ? ", " : "", say_aim(&r->aims[i], w->lang));
    if (r->aims_count > 0)
        walk_pair(w, SAY(w, "Oogmerk", "Aim"));
}

void register_scope(struct walk *w, const struct rule *r)
{
    const struct purpose *u = policy_purpose(w->p, &r->purpose);
    walk_section(w, SAY(w, "Waarvoor", "What for"));
    walk_pair_text(w, SAY(w, "Wat er gebeurt", "What is done"),
                   say_process_done(r->process, w->lang));
    if (!process_is_served(r->process))
        walk_pair_text(
            w, SAY(w, "Uitvoering", "Carried out"),
            SAY(w, "De programma's beslissen of het mag; zij voeren het niet uit.",
                "The programs decide whether it may be done; they do not carry it out."));
    if (u != NULL)
        walk_bilingual(w, &u->text);
    buf_printf(&w->line, " (%s)", r->purpose.s);
    walk_pair(w, SAY(w, "Doel", "Purpose"));
    walk_pair_text(w, SAY(w, "Samenwerkingsverband", "Partnership"),
                   say_partnership(r->partnership, w->lang));
    walk_pair_text(w, SAY(w, "Regio", "Region"),
                   r->region.s[0] != '\0' ? r->region.s : SAY(w, "elke", "every region"));
    put_aims(w, r);
    put_list(w, SAY(w, "Fenomenen", "Phenomena"), r->phenomena, r->phenomena_count);
    put_list(w, SAY(w, "Gebieden", "Areas"), r->areas, r->areas_count);
    if (r->index != NULL)
        put_index_terms(w, r->index);
    put_version(w, r);
}

static void put_identifiers(struct walk *w, const struct rule *r)
{
    const char *const heads[] = {
        SAY(w, "Gezocht op", "Looked up by"), SAY(w, "Sterkte", "Strength"), SAY(w, "Door", "By"),
        SAY(w, "Grond", "Ground"), SAY(w, "Versie van de schrijfwijze", "Version of the spelling")};
    if (r->identifiers_count == 0)
        return;
    page_table(w->page, heads, ARRAY_LEN(heads));
    for (uint32_t i = 0; i < r->identifiers_count; i++) {
        const struct rule_identifier *id = &r->identifiers[i];
        walk_cell_text(w, say_ident(id->type, w->lang));
        walk_cell_text(w, say_strength(id->strength, w->lang));
        walk_selectors(w, id->parties, id->parties_count);
        walk_cell(w);
        if (id->ground != NULL)
            walk_citation(w, id->ground);
        else
            buf_put_str(&w->line, "-");
        walk_cell(w);
        buf_printf(&w->line, "%u", id->norm_version);
        walk_cell(w);
    }
}

void register_who(struct walk *w, const struct rule *r)
{
    const bool loads = r->process == PROCESS_INDEX;
    walk_section(w, loads ? SAY(w, "Wie wat opneemt", "Who loads what")
                    : tells(r)
                        ? SAY(w, "Wie wie over wat bericht", "Who tells whom about what")
                        : SAY(w, "Wie wie naar wat mag vragen", "Who may ask whom about what"));
    if (!loads) {
        walk_selectors(w, r->requesters, r->requesters_count);
        walk_pair(w, tells(r) ? SAY(w, "Wie ontvangt", "Who receives")
                              : SAY(w, "Wie vraagt (verzoeker)", "Who asks (requester)"));
    }
    walk_selectors(w, r->holders, r->holders_count);
    walk_pair(w, loads      ? SAY(w, "Wie opneemt", "Who loads")
                 : tells(r) ? SAY(w, "Van wie (bronhouder)", "From whom (holder)")
                            : SAY(w, "Aan wie (bronhouder)", "Whom (holder)"));
    if (!loads) {
        walk_functions(w, r->functions, r->functions_count);
        walk_pair(w, SAY(w, "Met welke functie", "In which function"));
    }
    walk_selectors(w, r->excluded, r->excluded_count);
    walk_pair(w, SAY(w, "Uitgesloten", "Excluded"));
    put_identifiers(w, r);
}

static void put_gates(struct walk *w, const struct rule *r)
{
    for (uint32_t i = 0; i < r->gates_count; i++) {
        const struct gate *g = &r->gates[i];
        walk_selectors(w, &g->holder, 1);
        buf_put_str(&w->line, ": ");
        walk_citation(w, &g->cite);
        walk_pair(w,
                  i == 0 ? SAY(w, "Wat de geheimhouding opheft", "What lifts the secrecy") : NULL);
        for (uint32_t k = 0; k < g->with_count; k++) {
            buf_put_str(&w->line, SAY(w, "samen met ", "together with "));
            walk_citation(w, &g->with[k]);
            walk_pair(w, NULL);
        }
        buf_printf(&w->line,
                   SAY(w, "dat laat de verzoeker hoogstens weten: %s",
                       "it lets the requester know at most: %s"),
                   say_outcome(gate_outcome(g), w->lang));
        walk_pair(w, NULL);
    }
}

static void put_gdpr_line(struct walk *w, const char *label, const char *text)
{
    if (text != NULL && text[0] != '\0')
        walk_pair_text(w, label, text);
}

static void put_gdpr(struct walk *w, const struct gdpr *g)
{
    put_gdpr_line(w, SAY(w, "Rechtmatigheid", "Lawfulness"), g->lawfulness);
    put_gdpr_line(w, SAY(w, "Grond voor bijzondere categorieën", "Ground for special categories"),
                  g->special);
    put_gdpr_line(w, SAY(w, "Grond voor strafrechtelijke gegevens", "Ground for criminal data"),
                  g->criminal);
    put_gdpr_line(
        w, SAY(w, "Verenigbaar met het doel van herkomst", "Compatible with the original purpose"),
        g->compatibility);
    put_gdpr_line(w, SAY(w, "Effectbeoordeling (DPIA)", "Impact assessment (DPIA)"), g->dpia);
    put_gdpr_line(w, SAY(w, "Advies", "Advice"), g->advice);
    put_gdpr_line(w, SAY(w, "Verwerkingsregister", "Register of processing"), g->register_entry);
}

void register_law(struct walk *w, const struct rule *r)
{
    const char *label = SAY(w, "Grondslag", "Basis");
    walk_section(w, SAY(w, "Op welke grond", "On which ground"));
    if (r->basis_count == 0)
        walk_pair_text(w, label,
                       SAY(w, "geen: de regel staat niets toe", "none: it permits nothing"));
    for (uint32_t i = 0; i < r->basis_count; i++)
        walk_ground(w, i == 0 ? label : NULL, &r->basis[i]);
    put_gates(w, r);
    for (uint32_t i = 0; i < r->regime_count; i++) {
        walk_selectors(w, &r->regime[i].party, 1);
        buf_printf(&w->line, ": %s", say_regime(r->regime[i].regime, w->lang));
        walk_pair(w, i == 0
                         ? SAY(w, "Wie onder welke wet verwerkt", "Who processes under which law")
                         : NULL);
    }
    if (r->gdpr != NULL)
        put_gdpr(w, r->gdpr);
}

void register_texts(struct walk *w, const struct rule *r)
{
    walk_section(w, SAY(w, "Wat een burger hierover leest", "What a citizen reads of it"));
    walk_bilingual(w, &r->text.citizen);
    walk_paragraph(w);
    walk_section(w, SAY(w, "Wat een functionaris leest", "What an officer reads"));
    walk_bilingual(w, &r->text.officer);
    walk_paragraph(w);
}

static void put_field(struct walk *w, const struct rule_field *f)
{
    walk_cell_text(w, f->name.s);
    walk_category(w, &f->category);
    walk_cell(w);
    walk_cell_text(w, say_sensitivity(f->sensitivity, w->lang));
    walk_cell_text(w, say_masking(f->masking, w->lang));
    if (f->holders_count == 0)
        buf_put_str(&w->line, SAY(w, "elke bronhouder van de regel", "every holder of the rule"));
    else
        walk_selectors(w, f->holders, f->holders_count);
    walk_cell(w);
}

void register_travels(struct walk *w, const struct rule *r)
{
    const char *const heads[] = {
        SAY(w, "Gegeven", "Field"), SAY(w, "Uit", "From"), SAY(w, "Gevoeligheid", "Sensitivity"),
        SAY(w, "Wat er van overblijft", "What is left of it"), SAY(w, "Door wie", "By whom")};
    if (r->process == PROCESS_INDEX)
        return;
    walk_section(w, SAY(w, "Wat er meegaat", "What travels"));
    if (r->fields_count == 0) {
        buf_put_str(&w->line, rule_counts(r) ? SAY(w, "Alleen aantallen.", "Counts only.")
                                             : SAY(w, "Geen gegevens.", "No data."));
        walk_paragraph(w);
        return;
    }
    page_table(w->page, heads, ARRAY_LEN(heads));
    for (uint32_t i = 0; i < r->fields_count; i++)
        put_field(w, &r->fields[i]);
}
