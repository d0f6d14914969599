/* A purpose gets another custodian: what its predecessor dealt and said goes on to count, what it says from then on
 * does not, and what the successor prepared counts from the moment that the policy names. */
#include "tests/unit/pki/view_shelf.h"

#define EPOCHS 3
#define MOMENT (FIX_NOW + 3600)

static const struct name purpose = {"riec-casus"};

enum { FORMER = 0, SUCCESSOR = 1 };

/* A shelf whose policy names agency 0 as the custodian, and a later one agency 1; deals and words. */
struct succession {
    struct shelf s;
    struct deal_participant both[2];
    struct buf deals[DOCUMENTS_MAX];
    struct buf words[DOCUMENTS_MAX];
};

static void sign(struct succession *c, size_t by, enum sign_kind kind, struct bytes doc, struct buf *wire)
{
    const struct fix_party *p = &c->s.w.certs[by + 1][0];
    const struct trust_signer signer = {kind, p->key, *cert_fingerprint(p->cert)};
    *wire = buf_new(1 << 16);
    assert_int_equal(trust_sign(&signer, doc, wire), ERR_OK);
}

/* Agency by deals an epoch; its check value begins with the number of who dealt it. */
static void deal(struct succession *c, uint32_t epoch, size_t by, int64_t at_s)
{
    struct world *w = &c->s.w;
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    struct errmsg why = {""};
    for (size_t i = 0; i < 2; i++)
        c->both[i] = (struct deal_participant){w->ids[i], w->members[i + 2].sealing.fingerprint};
    struct deal d = {.deployment = {"demo"},
                     .purpose = purpose,
                     .epoch = epoch,
                     .suite = SUITE_HK1,
                     .participants = c->both,
                     .participant_count = 2,
                     .custodian = w->ids[by],
                     .issued_at = at_s};
    d.norms[IDENT_BSN] = 1;
    assert_int_equal(deal_encode(&d, &doc, &why), ERR_OK);
    sign(c, by, SIGN_EPOCH, buf_bytes(&doc), &c->deals[c->s.deal_count]);
    c->s.deals[c->s.deal_count] = buf_bytes(&c->deals[c->s.deal_count]);
    c->s.deal_count++;
}

/* Its word: a letter for each epoch from 1 on: d, a, r or c. */
static void say(struct succession *c, uint64_t serial, const char *letters, size_t by, int64_t at_s)
{
    struct epoch_entry list[EPOCHS];
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    struct errmsg why = {""};
    const size_t n = strlen(letters);
    for (size_t i = 0; i < n; i++) {
        const enum epoch_state state = (enum epoch_state)(strchr("?darc", letters[i]) - "?darc");
        list[i] = (struct epoch_entry){(uint32_t)i + 1, state, FIX_NOW, {{0}}};
    }
    const struct epoch_states d = {.deployment = {"demo"},
                                   .purpose = purpose,
                                   .serial = serial,
                                   .issued_at = at_s,
                                   .custodian = c->s.w.ids[by],
                                   .epochs = list,
                                   .epoch_count = n};
    assert_int_equal(epoch_states_encode(&d, &doc, &why), ERR_OK);
    sign(c, by, SIGN_EPOCH_STATES, buf_bytes(&doc), &c->words[c->s.state_count]);
    c->s.states[c->s.state_count] = buf_bytes(&c->words[c->s.state_count]);
    c->s.state_count++;
}

/* Two epochs of the former custodian, its first word, and a policy that names the successor from MOMENT on. */
static void succession_new(struct succession *c)
{
    char valid[128];
    char when[WHEN_TEXT_SIZE];
    char from[64];
    char to[64];
    *c = (struct succession){.both = {{{{0}}, {{0}}}}};
    shelf_new_known(&c->s);
    c->s.w.purpose = purpose;
    when_text(MOMENT, when);
    struct buf b = buf_fixed(valid, sizeof valid);
    buf_printf(&b, "valid: {from: %s, until: 2035-03-01}", when);
    struct buf f = buf_fixed(from, sizeof from);
    struct buf t = buf_fixed(to, sizeof to);
    buf_printf(&f, "custodian: '%s'", c->s.w.ids[FORMER].oin);
    buf_printf(&t, "custodian: '%s'", c->s.w.ids[SUCCESSOR].oin);
    (void)version(&c->s, 2, buf_text(&b), buf_text(&f), buf_text(&t));
    deal(c, 1, FORMER, FIX_NOW);
    deal(c, 2, FORMER, FIX_NOW);
    say(c, 1, "ad", FORMER, FIX_NOW);
}

static void succession_free(struct succession *c)
{
    for (size_t i = 0; i < c->s.deal_count; i++)
        buf_free(&c->deals[i]);
    for (size_t i = 0; i < c->s.state_count; i++)
        buf_free(&c->words[i]);
    shelf_free(&c->s);
}

/* At that time: the states of epochs 1 to 3 in letters, and how many faults there are. */
static struct view *is_believed(struct succession *c, int64_t now_s, const char *letters, size_t faults)
{
    char got[EPOCHS + 1] = "";
    c->s.now_s = now_s;
    struct view *v = believe(&c->s);
    for (uint32_t i = 0; i < EPOCHS; i++)
        got[i] = "?darcx"[view_epoch_state(v, &purpose, i + 1)];
    if (strcmp(got, letters) != 0 || view_fault_count(v) != faults)
        fail_msg("%s, want %s; %zu faults: %s", got, letters, view_fault_count(v),
                 view_fault_count(v) > 0 ? view_fault_at(v, 0) : "");
    return v;
}

/* Everything may lie there before; nothing stops at the moment. */
static void a_successor_counts_from_its_moment_on(void **state)
{
    (void)state;
    static struct succession c;
    size_t kept = 0;
    succession_new(&c);
    deal(&c, 3, SUCCESSOR, FIX_NOW + 60);
    say(&c, 2, "ada", SUCCESSOR, FIX_NOW + 60);
    struct view *v = is_believed(&c, MOMENT - 1, "ad?", 0);
    (void)view_kept_states(v, &kept);
    assert_int_equal(kept, 1);
    assert_int_equal(view_deal_count(v), 2);
    view_free(v);
    v = is_believed(&c, MOMENT, "ada", 0);
    uint32_t active[VIEW_ACTIVE_MAX];
    assert_int_equal(view_active_epochs(v, &purpose, active), 2);
    assert_true(active[0] == 1 && active[1] == 3);
    (void)view_kept_states(v, &kept);
    assert_int_equal(kept, 2);
    assert_int_equal(view_raise_marks(v, MOMENT, &c.s.marks, NULL), ERR_OK);
    assert_int_equal(c.s.marks.states[0].serial, 2);
    c.s.marks.policy_serial = 0; /* the shelf gives the first version again */
    view_free(v);
    say(&c, 3, "rda", SUCCESSOR, MOMENT + 60); /* of an epoch that the other dealt */
    view_free(is_believed(&c, MOMENT + 60, "rda", 0));
    succession_free(&c);
}

/* What it dealt and said is served on, also by a party that heard nothing of it before. */
static void what_the_former_custodian_said_goes_on_to_count(void **state)
{
    (void)state;
    static struct succession c;
    succession_new(&c);
    say(&c, 2, "aa", FORMER, MOMENT - 60);
    view_free(is_believed(&c, MOMENT, "aa?", 0));
    succession_free(&c);
}

/* Its next ones are no words any more, and suspend nothing once the successor speaks. */
static void what_it_says_from_then_on_does_not(void **state)
{
    (void)state;
    static struct succession c;
    struct view_refused_deal r;
    succession_new(&c);
    deal(&c, 3, FORMER, MOMENT + 600);
    struct view *v = is_believed(&c, MOMENT, "ad?", 1);
    assert_non_null(strstr(view_fault_at(v, 0), "not by the custodian"));
    assert_true(view_refused_deal_at(v, 0, &r) && r.reason == ERR_MISMATCH);
    view_free(v);
    say(&c, 2, "aa", SUCCESSOR, MOMENT);
    say(&c, 2, "cc", FORMER, MOMENT + 600);
    view_free(is_believed(&c, MOMENT, "aa?", 1));
    say(&c, 3, "cc", FORMER, MOMENT - 1); /* dated back */
    view_free(is_believed(&c, MOMENT, "aa?", 1));
    succession_free(&c);
}

static void of_two_who_dealt_one_number_the_successor_counts(void **state)
{
    (void)state;
    static struct succession c;
    succession_new(&c);
    deal(&c, 3, FORMER, MOMENT - 1);
    deal(&c, 3, SUCCESSOR, MOMENT - 1);
    c.s.now_s = MOMENT;
    struct view *v = believe(&c.s);
    const struct deal *d = view_deal(v, &purpose, 3);
    assert_non_null(d);
    assert_true(agency_id_equal(&d->custodian, &c.s.w.ids[SUCCESSOR]));
    assert_int_equal(view_fault_count(v), 1);
    assert_non_null(strstr(view_fault_at(v, 0), "a second one"));
    view_free(v);
    succession_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_successor_counts_from_its_moment_on),
        cmocka_unit_test(what_the_former_custodian_said_goes_on_to_count),
        cmocka_unit_test(what_it_says_from_then_on_does_not),
        cmocka_unit_test(of_two_who_dealt_one_number_the_successor_counts),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
