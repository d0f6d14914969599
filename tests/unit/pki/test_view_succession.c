/* What changes hands: the key that signs rosters, and an agency that leaves a purpose whose key it holds. */
#include "tests/unit/pki/view_shelf.h"

#include <stdio.h>

static const struct name purpose = {"riec-casus"};

/* ---- the roster key ---- */

struct succession {
    struct shelf s;
    struct fix_party next;
    struct buf next_pem;
    struct buf old_spki;
    struct buf next_spki;
    struct signature word;
    struct buf before; /* the roster that was accepted last */
};

static void signs(struct succession *c, const struct fix_party *by)
{
    c->s.w.signs = by->key;
    c->s.w.r.key = buf_bytes(by == &c->next ? &c->next_spki : &c->old_spki);
}

/* The word of one key that the other takes over. */
static void hands_over(struct succession *c, const struct fix_party *from, const char *deployment)
{
    struct buf content CLEANUP(buf_free) = buf_new(512);
    struct name in = {.s = ""};
    bool forward = from != &c->next;
    snprintf(in.s, sizeof in.s, "%s", deployment);
    assert_int_equal(roster_put_handover(&in, buf_bytes(forward ? &c->old_spki : &c->next_spki),
                                         buf_bytes(forward ? &c->next_spki : &c->old_spki), &content),
                     ERR_OK);
    assert_int_equal(sign_document(SIGN_HANDOVER, from->key, buf_bytes(&content), &c->word), ERR_OK);
    c->s.w.r.handover = signature_bytes(&c->word);
}

static void pins(struct succession *c, const struct fix_party *first, struct bytes second)
{
    buf_reset(&c->s.roster_key);
    assert_int_equal(cert_put_pem(first->cert, &c->s.roster_key), ERR_OK);
    c->s.next_roster_key = second;
}

static void succession_new(struct succession *c)
{
    *c = (struct succession){.next = fix_self(CERT_PINNED, "next roster key")};
    shelf_new(&c->s);
    c->next_pem = buf_new(CERT_PEM_MAX_BYTES);
    c->old_spki = buf_new(KEY_SPKI_MAX_BYTES);
    c->next_spki = buf_new(KEY_SPKI_MAX_BYTES);
    c->before = buf_new(1 << 20);
    assert_int_equal(cert_put_pem(c->next.cert, &c->next_pem), ERR_OK);
    assert_int_equal(key_put_spki(c->s.w.roster_key.key, &c->old_spki), ERR_OK);
    assert_int_equal(key_put_spki(c->next.key, &c->next_spki), ERR_OK);
    pins(c, &c->s.w.roster_key, buf_bytes(&c->next_pem));
    world_roster(&c->s.w, &c->before);
    c->s.w.r.serial++;
}

static void succession_free(struct succession *c)
{
    fix_party_free(&c->next);
    buf_free(&c->next_pem);
    buf_free(&c->old_spki);
    buf_free(&c->next_spki);
    buf_free(&c->before);
    shelf_free(&c->s);
}

static void expect(struct succession *c, enum err want, enum err want_follows, const char *what)
{
    struct view *v CLEANUP(cleanup_view_free) = NULL;
    struct errmsg why = {""};
    enum err e = judge(&c->s, &v, &why);
    if (e != want)
        fail_msg("%s: got %s (%s), want %s", what, err_text(e), why.text, err_text(want));
    if (e != ERR_OK)
        return;
    e = view_follows(v, buf_bytes(&c->before), &why);
    if (e != want_follows)
        fail_msg("%s, after the one before: got %s (%s), want %s", what, err_text(e), why.text,
                 err_text(want_follows));
}

static void the_next_key_signs_only_by_the_word_of_the_one_before(void **state)
{
    (void)state;
    struct succession c;
    succession_new(&c);
    expect(&c, ERR_OK, ERR_OK, "the key that signs, with a second one pinned");
    signs(&c, &c.next);
    expect(&c, ERR_MISMATCH, ERR_OK, "the next key before the switch");
    hands_over(&c, &c.next, "demo");
    expect(&c, ERR_MISMATCH, ERR_OK, "by its own word");
    hands_over(&c, &c.s.w.roster_key, "other");
    expect(&c, ERR_MISMATCH, ERR_OK, "by a word for another deployment");
    hands_over(&c, &c.s.w.roster_key, "demo");
    expect(&c, ERR_OK, ERR_OK, "by the word of the key before");
    c.s.next_roster_key = (struct bytes){NULL, 0};
    expect(&c, ERR_MISMATCH, ERR_OK, "where it is not pinned");
    succession_free(&c);
}

static void after_the_switch_the_old_key_has_no_say(void **state)
{
    (void)state;
    struct succession c;
    succession_new(&c);
    signs(&c, &c.next);
    hands_over(&c, &c.s.w.roster_key, "demo");
    buf_reset(&c.before);
    world_roster(&c.s.w, &c.before); /* accepted */
    c.s.w.r.serial++;
    expect(&c, ERR_OK, ERR_OK, "the new key goes on");
    signs(&c, &c.s.w.roster_key);
    expect(&c, ERR_OK, ERR_MISMATCH, "the old one comes back");
    c.s.w.r.serial--;
    expect(&c, ERR_OK, ERR_CONFLICT, "under the very serial");
    succession_free(&c);
}

static void a_key_that_is_pinned_no_more_needs_no_word_and_keeps_its_serial(void **state)
{
    (void)state;
    struct succession c;
    succession_new(&c);
    pins(&c, &c.next, (struct bytes){NULL, 0});
    signs(&c, &c.next);
    expect(&c, ERR_OK, ERR_OK, "a new key after a loss");
    c.s.w.r.serial--;
    expect(&c, ERR_OK, ERR_BEHIND, "under a serial that was seen");
    succession_free(&c);
}

static void the_operator_hears_of_a_key_that_comes_and_of_one_that_may_go(void **state)
{
    (void)state;
    struct succession c;
    struct view *v CLEANUP(cleanup_view_free) = NULL;
    succession_new(&c);
    c.s.w.r.next_key = buf_bytes(&c.next_spki);
    v = believe(&c.s);
    assert_int_equal(view_notice_count(v), 0); /* it is pinned */
    view_free(v);
    c.s.next_roster_key = (struct bytes){NULL, 0};
    v = believe(&c.s);
    assert_int_equal(view_notice_count(v), 1);
    assert_non_null(strstr(view_notice_at(v, 0), "pin the next one, sha256:"));
    assert_null(view_notice_at(v, 1));
    view_free(v);
    c.s.w.r.next_key = (struct bytes){NULL, 0};
    c.s.next_roster_key = buf_bytes(&c.next_pem);
    signs(&c, &c.next);
    hands_over(&c, &c.s.w.roster_key, "demo");
    v = believe(&c.s);
    assert_int_equal(view_notice_count(v), 1);
    assert_non_null(strstr(view_notice_at(v, 0), "drop the first of roster_key"));
    succession_free(&c);
}

/* ---- an agency leaves ---- */

static void deal(struct shelf *s, struct buf *wire, struct deal_participant both[static 2])
{
    struct world *w = &s->w;
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    for (size_t i = 0; i < 2; i++)
        both[i] = (struct deal_participant){w->ids[i], w->members[i + 2].sealing.fingerprint};
    struct deal d = {.deployment = {"demo"}, .purpose = purpose, .epoch = 1, .suite = SUITE_HK1,
                     .participants = both, .participant_count = 2, .custodian = w->ids[0],
                     .issued_at = FIX_NOW - 100 * FIX_DAY};
    d.norms[IDENT_BSN] = 1;
    const struct fix_party *p = &w->certs[1][0];
    const struct trust_signer by = {SIGN_EPOCH, p->key, *cert_fingerprint(p->cert)};
    assert_int_equal(deal_encode(&d, &doc, NULL), ERR_OK);
    assert_int_equal(trust_sign(&by, buf_bytes(&doc), wire), ERR_OK);
    s->deals[s->deal_count++] = buf_bytes(wire);
}

static void expect_end(struct shelf *s, int64_t want, bool is_departure, const char *what)
{
    const struct agency_id *left = NULL;
    struct view *v CLEANUP(cleanup_view_free) = believe(s);
    int64_t end = view_epoch_end_s(v, &purpose, 1, &left);
    if (end != want || (left != NULL) != is_departure)
        fail_msg("%s: ends at %lld, want %lld", what, (long long)(end - FIX_NOW), (long long)(want - FIX_NOW));
    assert_int_equal(view_notice_count(v), is_departure ? 1 : 0);
    if (is_departure)
        assert_non_null(strstr(view_notice_at(v, 0), s->w.ids[1].oin));
    assert_true(view_epoch_end_s(v, &purpose, 2, NULL) == INT64_MAX);
}

static void an_epoch_ends_soon_after_a_holder_of_its_key_left(void **state)
{
    (void)state;
    struct shelf s;
    struct buf wire CLEANUP(buf_free) = buf_new(1 << 16);
    struct deal_participant both[2];
    shelf_new_known(&s);
    s.w.purpose = purpose;
    deal(&s, &wire, both);
    const int64_t by_age = FIX_NOW + 265 * FIX_DAY; /* epoch_days 365 */
    expect_end(&s, by_age, false, "nobody left");
    s.w.members[3].purposes = (struct name_list){NULL, 0};
    expect_end(&s, FIX_NOW - 86 * FIX_DAY, true, "no date: from when it was dealt");
    struct roster_departure d = {purpose, s.w.ids[1], FIX_NOW - FIX_DAY};
    s.w.r.departures = &d;
    s.w.r.departure_count = 1;
    expect_end(&s, FIX_NOW + 13 * FIX_DAY, true, "fourteen days after it left");
    d.at_s = FIX_NOW + 260 * FIX_DAY;
    expect_end(&s, by_age, false, "its age comes first");
    d.at_s = FIX_NOW - FIX_DAY;
    s.w.r.member_count--; /* struck off altogether: the roster still says when */
    s.w.r.officer_count--;
    expect_end(&s, FIX_NOW + 13 * FIX_DAY, true, "struck off");
    shelf_free(&s);
}

static void the_policy_may_say_a_shorter_term(void **state)
{
    (void)state;
    struct shelf s;
    struct buf wire CLEANUP(buf_free) = buf_new(1 << 16);
    struct deal_participant both[2];
    shelf_new_known(&s);
    struct roster_departure d = {purpose, s.w.ids[1], FIX_NOW - FIX_DAY};
    s.w.purpose = purpose;
    deal(&s, &wire, both);
    s.w.members[3].purposes = (struct name_list){NULL, 0};
    s.w.r.departures = &d;
    s.w.r.departure_count = 1;
    (void)version(&s, 2, "valid: {from: 2025-03-01, until: 2035-03-01}", "epoch_days: 365",
                  "epoch_days: 365\n    departure_days: 3");
    expect_end(&s, FIX_NOW + 2 * FIX_DAY, true, "three days after it left");
    shelf_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_key_signs_only_by_the_word_of_the_one_before),
        cmocka_unit_test(after_the_switch_the_old_key_has_no_say),
        cmocka_unit_test(a_key_that_is_pinned_no_more_needs_no_word_and_keeps_its_serial),
        cmocka_unit_test(the_operator_hears_of_a_key_that_comes_and_of_one_that_may_go),
        cmocka_unit_test(an_epoch_ends_soon_after_a_holder_of_its_key_left),
        cmocka_unit_test(the_policy_may_say_a_shorter_term),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
