/* What a permit obliges to: each obligation as a rule of complete.yaml says it, for the holder that
 * is asked; and nothing with a denial. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/base/buf.h"
#include "proto/conf/policy_load.h"
#include "proto/policy/evaluate.h"
#include "tests/unit/policy/policy_text.h"

#define TOWN "00000099000000006000"

struct row {
    const char *fixture;
    const char *rule;
    const char *holder; /* instead of the fixture's; NULL: that one */
    const char *says;
};

static const struct row rows[] = {
    {"signal", "complete.signal", NULL,
     "outcome sealed, visible holder_first, control none; consent officer of 72 h; kept 7 30 365 "
     "1825 "
     "1825 close 90; hits 10; feedback required checked 240 h; fields omschrijving; bsn exact, kvk "
     "exact"},
    {"phenomenon", "complete.phenomenon", NULL,
     "outcome sealed, visible never, control none; consent officer of 72 h; kept 7 30 365 1825 "
     "1825 "
     "close 90; hits 0; counts from 10 by 5, 20 times, of 2"},
    {"joint", "complete.joint", NULL,
     "outcome hit_no_hit, visible holder_first, control required; consent officer of 72 h; kept 7 "
     "30 "
     "365 1825 1825 close 90; hits 10; known at 2; bsn exact, kvk exact"},
    {"bibob", "complete.bibob", NULL,
     "outcome reasoned, visible holder_first, control required; consent officer of 72 h; kept 7 30 "
     "365 "
     "1825 1825 close 90; hits 10; own task; marked confidentieel alleen-bibob a1; onward "
     "after_consent, partners; subject defer 90; fields jaar_laatste_aanslag; bsn exact, kvk "
     "exact"},
    {"export", "complete.export", NULL,
     "outcome sealed, visible holder_first, control required; consent officer of 72 h; kept 7 30 "
     "365 "
     "1825 1825 close 90; hits 10; onward forbidden, partners; subject inform 0; fields "
     "jaar_laatste_aanslag; bsn exact, kvk exact"},
    {"hit", "complete.hit", NULL,
     "outcome hit_no_hit, visible holder_first, control required; consent officer of 2 d; kept 7 "
     "30 "
     "365 1825 1825 close 90; hits 10; kvk exact, telefoon weak, email weak"},
    {"release", "complete.release", NULL,
     "outcome sealed, visible holder_first, control required; consent four_eyes of 5 d, two "
     "persons; "
     "kept 7 30 365 1825 1825 close 90; hits 10; fields vergrijpboete giften_aan; kvk exact"},
    {"release", "complete.release", TOWN,
     "outcome sealed, visible holder_first, control required; consent standing of 72 h; kept 7 30 "
     "365 "
     "1825 1825 close 90; hits 10; fields vergunning; kvk exact"},
    {"index", "complete.index", NULL,
     "outcome none, visible none, control none; kept 0 0 0 0 1825 keep 0; hits 0; expires after "
     "180; "
     "bsn exact, kvk exact"},
};

static struct policy_file *load(void)
{
    static struct policy_text text;
    struct policy_file *f = NULL;
    struct errmsg why = {.text = ""};
    policy_text_read_file(&text, "complete.yaml");
    if (policy_file_load(bytes_of(text.text, text.len), "complete.yaml", &f, &why) != ERR_OK)
        fail_msg("%s", why.text);
    return f;
}

static void put_consent(struct buf *out, const struct obligations *o)
{
    if (o->consent == NULL)
        return;
    const struct term *t = &o->consent->term;
    buf_printf(out, "; consent %s of %u %s%s", consent_kind_id(o->consent->kind),
               t->working_days > 0 ? t->working_days : t->hours, t->working_days > 0 ? "d" : "h",
               o->four_eyes ? ", two persons" : "");
}

static void put_keeping(struct buf *out, const struct obligations *o)
{
    const struct retention *r = o->retention;
    buf_printf(out, "; kept %u %u %u %u %u %s %u; hits %u", r->no_hit, r->hit, r->release,
               r->case_file, r->log, r->destroy_at_close ? "close" : "keep", r->extension,
               o->limits->hits_per_request);
    if (o->max_age_days > 0)
        buf_printf(out, "; expires after %u", o->max_age_days);
}

static void put_counting(struct buf *out, const struct obligations *o)
{
    if (o->aggregate != NULL)
        buf_printf(out, "; counts from %u by %u, %u times, of %u", o->aggregate->k_min,
                   o->aggregate->rounding, o->aggregate->budget, o->aggregate->min_holders);
    if (o->joint != NULL)
        buf_printf(out, "; known at %u", o->joint->min_holders);
}

static void put_duties(struct buf *out, const struct obligations *o)
{
    if (o->question_use != NULL && o->question_use->own_task)
        buf_put_str(out, "; own task");
    if (o->handling != NULL)
        buf_printf(out, "; marked %s %s %s%s", o->handling->classification.s, o->handling->code.s,
                   o->handling->source.s, o->handling->content.s);
    if (o->onward != NULL)
        buf_printf(out, "; onward %s%s",
                   o->onward->kind == ONWARD_AFTER_CONSENT ? "after_consent" : "forbidden",
                   o->onward->inform_partners ? ", partners" : "");
    if (o->subject != NULL)
        buf_printf(out, "; subject %s %u", inform_id(o->subject->inform), o->subject->review_days);
    if (o->feedback != NULL)
        buf_printf(out, "; feedback %s %s %u h", o->feedback->required ? "required" : "possible",
                   o->feedback->human_check ? "checked" : "unchecked", o->feedback->term.hours);
}

static void put_data(struct buf *out, const struct obligations *o)
{
    for (uint32_t i = 0; i < o->fields_count; i++)
        buf_printf(out, "%s %s", i == 0 ? "; fields" : "", o->fields[i].s);
    const char *before = "; ";
    for (unsigned t = 1; t < IDENT_TYPE_COUNT; t++) {
        if (o->strength[t] == STRENGTH_NONE)
            continue;
        buf_printf(out, "%s%s %s", before, ident_type_id((enum ident_type)t),
                   o->strength[t] == STRENGTH_EXACT ? "exact" : "weak");
        before = ", ";
    }
}

/* Each member of struct obligations has its words here. */
static void put_all(struct buf *out, const struct obligations *o)
{
    buf_printf(out, "outcome %s, visible %s, control %s",
               o->outcome != OUTCOME_NONE ? outcome_id(o->outcome) : "none",
               o->visibility != VISIBILITY_NONE ? visibility_id(o->visibility) : "none",
               o->control_data == CONTROL_NONE       ? "none"
               : o->control_data == CONTROL_REQUIRED ? "required"
                                                     : "optional");
    put_consent(out, o);
    put_keeping(out, o);
    put_counting(out, o);
    put_duties(out, o);
    put_data(out, o);
}

static const struct facts *fixture(const struct policy *p, const char *id)
{
    for (uint32_t i = 0; i < p->fixtures_count; i++) {
        if (strcmp(p->fixtures[i].id.s, id) == 0)
            return p->fixtures[i].facts;
    }
    fail_msg("no fixture %s", id);
    return NULL;
}

static void evaluate(const struct policy *p, const struct row *row, struct facts *f,
                     struct decision *out)
{
    struct name rule;
    assert_int_equal(name_parse(bytes_str(row->rule), &rule), ERR_OK);
    if (row->holder != NULL)
        memcpy(f->holder.v.oin, row->holder, OIN_CHARS + 1);
    policy_evaluate(p, &rule, ROLE_HOLDER, f, out);
}

static void test_each_obligation_is_the_rules_own(void **state)
{
    (void)state;
    struct policy_file *file = load();
    const struct policy *p = policy_file_policy(file);
    unsigned wrong = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct facts f = *fixture(p, rows[i].fixture);
        struct decision d;
        struct buf out = buf_new(4096);
        evaluate(p, &rows[i], &f, &d);
        assert_true(d.permit);
        put_all(&out, &d.obligations);
        if (strcmp(buf_text(&out), rows[i].says) != 0) {
            print_error("%s: %s\n", rows[i].rule, buf_text(&out));
            wrong++;
        }
        buf_free(&out);
    }
    assert_int_equal(wrong, 0);
    policy_file_free(file);
}

/* Whoever is denied owes nothing, and may not learn from the answer what would have been allowed.
 */
static void test_a_denial_obliges_to_nothing(void **state)
{
    (void)state;
    static const struct obligations none;
    struct policy_file *file = load();
    const struct policy *p = policy_file_policy(file);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct facts f = *fixture(p, rows[i].fixture);
        struct decision d;
        f.adoption.v = ADOPTION_WITHDRAWN;
        evaluate(p, &rows[i], &f, &d);
        assert_false(d.permit);
        assert_memory_equal(&d.obligations, &none, sizeof none);
    }
    policy_file_free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_obligation_is_the_rules_own),
        cmocka_unit_test(test_a_denial_obliges_to_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
