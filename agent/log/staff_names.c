#include "agent/log/staff_names.h"

#include <stdio.h>

#include "agent/agent.h"
#include "agent/own_log.h"
#include "proto/base/when.h"

#define MONTH_CHARS 7 /* YYYY-MM */

/* What is asked: the first second of a month, and of whom. */
struct asked {
    struct bytes month;
    int64_t at_s;
    struct name staff; /* empty: of everybody */
    struct name told;  /* the pseudonym that was added last */
};

static enum err read_month(const struct doc *args, int64_t now_s, struct asked *out, struct errmsg *why)
{
    char first[MONTH_CHARS + sizeof "-01"];
    enum err bad = doc_get_text(args, "month", MONTH_CHARS, &out->month, why);
    if (bad != ERR_OK)
        return bad;
    snprintf(first, sizeof first, "%.*s-01", (int)out->month.len, (const char *)out->month.ptr);
    if (out->month.len != MONTH_CHARS || when_parse(bytes_str(first), &out->at_s) != ERR_OK)
        return errmsg_set(why, ERR_INVALID, "month: a year and a month, such as 2026-11");
    return out->at_s <= now_s ? ERR_OK : errmsg_set(why, ERR_RANGE, "month: it has not begun");
}

static enum err read_asked(const struct doc *args, int64_t now_s, struct asked *out, struct errmsg *why)
{
    struct bytes staff;
    enum err bad = read_month(args, now_s, out, why);
    if (bad != ERR_OK || !doc_has(args, "staff"))
        return bad;
    bad = doc_get_text(args, "staff", NAME_MAX_BYTES, &staff, why);
    return bad == ERR_OK && name_parse(staff, &out->staff) != ERR_OK
               ? errmsg_set(why, ERR_INVALID, "staff: not a staff id")
               : bad;
}

static enum err add_name(const struct agent *a, struct asked *asked, const struct name *staff, struct doc *list)
{
    enum err bad = agent_pseudonym(a, staff, asked->at_s, &asked->told);
    if (bad != ERR_OK)
        return bad;
    struct doc *one = doc_new_object();
    struct doc_build b = doc_build_of(one);
    doc_put_str(&b, "staff", staff->s);
    doc_put_str(&b, "name", asked->told.s);
    bad = doc_build_done(&b);
    if (bad == ERR_OK)
        return doc_append(list, one);
    doc_free(one);
    return bad;
}

static enum err add_names(const struct agent *a, struct asked *asked, struct doc *list)
{
    const struct roster *r = view_roster(a->view);
    if (asked->staff.s[0] != '\0')
        return add_name(a, asked, &asked->staff, list);
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < r->officer_count; i++)
        if (agency_id_equal(&r->officers[i].agency, &a->config->oin))
            bad = add_name(a, asked, &r->officers[i].staff, list);
    return bad;
}

/* The entry says of which month, and of one who was named the pseudonym that was told. */
static void answer(struct call *c, const struct asked *asked, struct doc *names)
{
    const struct audit_fact facts[] = {audit_fact_text("month", asked->month), audit_fact_text("of", name_bytes(&asked->told))};
    const struct own_entry e = {.event = AUDIT_EVENT_STAFF_SHOWN,
                                .staff = call_staff(c),
                                .facts = facts,
                                .facts_count = asked->staff.s[0] != '\0' ? 2 : 1,
                                .count = doc_count(names)};
    struct doc *ok = doc_new_object();
    struct doc_build b = doc_build_of(ok);
    doc_put_text(&b, "month", asked->month);
    doc_put_doc(&b, "names", names);
    if (doc_build_done(&b) != ERR_OK) {
        doc_free(ok);
        ok = NULL;
    }
    own_log_show(c, &e, ok);
}

void staff_names_verb(struct call *c, const struct doc *args)
{
    const struct agent *a = call_agent(c);
    struct asked asked = {.at_s = 0};
    struct errmsg why = {""};
    struct doc *names = doc_new_array();
    enum err bad = names == NULL ? ERR_NOMEM : read_asked(args, agent_now_s(a), &asked, &why);
    if (bad == ERR_OK)
        bad = add_names(a, &asked, names);
    if (bad == ERR_OK) {
        answer(c, &asked, names);
        return;
    }
    doc_free(names);
    call_error(c, bad, &why);
}
