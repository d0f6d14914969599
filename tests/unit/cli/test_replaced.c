/* pki/cli/pki: what becomes of the certificates of a party or a person that enrols again, by what the registrar says of
 * their keys (decision 0917). */
#include "tests/unit/cli/register_desk.h"

#define LATER (NOW + 10 * DAY_S)
#define KEPT_DAYS 400
#define OPEN_DAYS 99

enum { OLD_SIGNING, OLD_SEALING, OLD_TRANSPORT, OLD_OFFICER, NEW_SIGNING, NEW_SEALING, NEW_TRANSPORT, NEW_OFFICER, SAME_KEY, EARLIER };

/* One register for all tests: making its keys takes most of the time. */
static struct desk shared;
static struct bytes first_draft;

static int open_register(void **state)
{
    const int bad = setup_secret_heap(state);
    if (bad != 0)
        return bad;
    desk_new(&shared);
    must(&shared, work_read_in(&shared.w, "roster.draft", ROSTER_MAX_BYTES, &first_draft));
    return 0;
}

static int close_register(void **state)
{
    (void)state;
    desk_free(&shared);
    return 0;
}

/* As it was opened. */
static struct desk *begin(void)
{
    struct desk *d = &shared;
    for (size_t i = NEW_SIGNING; i < DESK_CERTS; i++)
        cert_free(take(d->certs[i]));
    d->w.now_s = NOW;
    must(d, work_write_in(&d->w, "roster.draft", first_draft, 0600));
    must(d, draft_load(&d->w, &d->roster));
    return d;
}

static const struct digest *fingerprint(const struct desk *d, size_t i)
{
    return cert_fingerprint(d->certs[i]);
}

static struct roster_member listed(const struct desk *d)
{
    return *roster_member_of(&d->roster, &d->oin);
}

/* The agency with new keys, as a request asks for it. */
static struct roster_member asked(struct desk *d)
{
    struct roster_member m = listed(d);
    m.former = (struct former_list){NULL, 0};
    m.signing = issue(d, NEW_SIGNING, CERT_SIGNING, "RIEC", NULL);
    m.sealing = issue(d, NEW_SEALING, CERT_SEALING, "RIEC", NULL);
    m.transport = issue(d, NEW_TRANSPORT, CERT_TRANSPORT, "RIEC", &m.curve);
    return m;
}

/* Keeps what may be kept, and puts the new entry there. */
static void replace(struct desk *d, struct roster_member *m)
{
    const struct roster_member old = listed(d);
    must(d, draft_keep_member(&d->w, &d->roster, &old, m));
    must(d, draft_put_member(&d->w, &d->roster, m));
    must(d, draft_save(&d->w, &d->roster));
    must(d, draft_load(&d->w, &d->roster));
}

static const struct roster_former *former(const struct desk *d, size_t i)
{
    const struct roster_member m = listed(d);
    return roster_former_of(&m.former, fingerprint(d, i));
}

static void assert_former(const struct desk *d, size_t i, int64_t last_s, int days)
{
    const struct roster_former *f = former(d, i);
    assert_non_null(f);
    assert_false(roster_is_revoked(&d->roster, fingerprint(d, i)));
    assert_int_equal(f->replaced_at + ROSTER_OVERLAP_S, last_s);
    assert_int_equal(f->until, last_s + days * DAY_S);
}

/* Until when a signature by the certificate counts, by the signed roster; 0: it verifies nothing. */
static int64_t signs_until(struct desk *d, size_t i)
{
    char path[WORK_PATH_MAX];
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    struct trust_proof p;
    sign(d);
    must(d, work_path(&d->w, path, "roster.signed", ""));
    must(d, draft_trust(&d->w, path, &t));
    for (size_t k = 0; trust_signing_cert_at(t, &d->oin, k, &p) != NULL; k++)
        if (digest_equal(&p.fingerprint, fingerprint(d, i)))
            return p.until_s;
    return 0;
}

static void what_lost_keys_signed_stays_valid_and_nothing_after(void **state)
{
    (void)state;
    struct desk *d = begin();
    d->w.now_s = LATER;
    struct roster_member m = asked(d);
    replace(d, &m);
    assert_int_equal(listed(d).former.count, 2);
    assert_former(d, OLD_SIGNING, LATER, KEPT_DAYS);
    assert_former(d, OLD_SEALING, LATER, OPEN_DAYS);
    assert_int_equal(d->roster.revoked_count, 1);
    assert_true(roster_is_revoked(&d->roster, fingerprint(d, OLD_TRANSPORT))); /* nothing lasts that it did */
    assert_int_equal(signs_until(d, OLD_SIGNING), LATER);
    assert_int_equal(signs_until(d, NEW_SIGNING), cert_not_after(d->certs[NEW_SIGNING]));
}

/* Keys that are over count to their end, whenever their owner comes back; what is over for good is not listed. */
static void keys_that_are_over_count_to_their_end(void **state)
{
    (void)state;
    static const struct {
        int64_t day;
        size_t formers;
    } cases[] = {{35, 2}, {30 + OPEN_DAYS + 1, 1}, {30 + KEPT_DAYS + 1, 0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct desk *d = begin();
        const int64_t end_s = cert_not_after(d->certs[OLD_SIGNING]);
        struct roster_member m = asked(d);
        d->w.now_s = NOW + cases[i].day * DAY_S;
        replace(d, &m);
        assert_int_equal(listed(d).former.count, cases[i].formers);
        if (cases[i].formers > 0)
            assert_former(d, OLD_SIGNING, end_s, KEPT_DAYS);
        if (i == 0)
            assert_int_equal(signs_until(d, OLD_SIGNING), end_s);
        assert_int_equal(d->roster.revoked_count, 3 - cases[i].formers);
    }
}

/* Where nobody says that they are lost. */
static void of_stolen_keys_nothing_stays(void **state)
{
    (void)state;
    struct desk *d = begin();
    d->w.now_s = LATER;
    const struct roster_member m = asked(d);
    must(d, draft_put_member(&d->w, &d->roster, &m));
    must(d, draft_save(&d->w, &d->roster));
    must(d, draft_load(&d->w, &d->roster));
    assert_int_equal(listed(d).former.count, 0);
    assert_int_equal(d->roster.revoked_count, 3);
    assert_int_equal(signs_until(d, OLD_SIGNING), 0);
}

static void what_is_revoked_is_never_former(void **state)
{
    (void)state;
    struct desk *d = begin();
    d->w.now_s = LATER;
    must(d, draft_revoke(&d->w, &d->roster, fingerprint(d, OLD_SIGNING)));
    struct roster_member m = asked(d);
    replace(d, &m);
    assert_int_equal(m.former.count, 1); /* left out, not only taken out when the draft was saved */
    assert_null(former(d, OLD_SIGNING));
    assert_former(d, OLD_SEALING, LATER, OPEN_DAYS);
    assert_int_equal(signs_until(d, OLD_SIGNING), 0);
}

/* Found stolen later: revoked, they are former no more. */
static void what_is_found_stolen_later_can_be_revoked(void **state)
{
    (void)state;
    struct desk *d = begin();
    d->w.now_s = LATER;
    struct roster_member m = asked(d);
    replace(d, &m);
    must(d, draft_revoke(&d->w, &d->roster, fingerprint(d, OLD_SIGNING)));
    must(d, draft_save(&d->w, &d->roster));
    must(d, draft_load(&d->w, &d->roster));
    assert_null(former(d, OLD_SIGNING));
    assert_int_equal(signs_until(d, OLD_SIGNING), 0);
}

/* The certificate of a key that has one already. */
static struct roster_cert issue_again(struct desk *d, size_t of)
{
    struct issuing by = {d->a.root, d->a.issuing, d->a.roster, d->a.issuing_key};
    const struct issue_subject s = {CERT_SIGNING, d->oin, "RIEC"};
    must(d, issue_cert(&d->w, &by, &s, cert_key(d->certs[of]), &d->certs[SAME_KEY]));
    return (struct roster_cert){cert_der(d->certs[SAME_KEY]), *fingerprint(d, SAME_KEY)};
}

/* An approval that was stopped behind the draft is given again: what it issued is revoked, what was lost stays former. */
static void an_approval_that_comes_again_keeps_what_was_lost(void **state)
{
    (void)state;
    struct desk *d = begin();
    d->w.now_s = LATER;
    struct roster_member m = asked(d);
    replace(d, &m);
    d->w.now_s = LATER + 60;
    m = listed(d);
    m.former = (struct former_list){NULL, 0};
    m.signing = issue_again(d, NEW_SIGNING);
    replace(d, &m);
    assert_true(roster_is_revoked(&d->roster, fingerprint(d, NEW_SIGNING)));
    assert_former(d, OLD_SIGNING, LATER, KEPT_DAYS);
    assert_int_equal(signs_until(d, OLD_SIGNING), LATER);
    assert_int_equal(signs_until(d, NEW_SIGNING), 0);
}

/* What a renewal replaced a day before the loss had six days left to sign; they are over, too. */
static void the_overlap_of_a_renewal_ends_with_the_loss(void **state)
{
    (void)state;
    struct desk *d = begin();
    d->w.now_s = LATER;
    struct roster_member m = listed(d);
    struct roster_former f = {issue(d, EARLIER, CERT_SIGNING, "RIEC", NULL), LATER - DAY_S, LATER + 300 * DAY_S};
    must(d, draft_add_former(&d->w, &m.former, ROSTER_MAX_FORMER, &f));
    must(d, draft_renew_member(&d->w, &d->roster, &m));
    struct roster_member new = asked(d);
    replace(d, &new);
    assert_int_equal(signs_until(d, EARLIER), LATER);
    assert_int_equal(former(d, EARLIER)->until, LATER + 300 * DAY_S);
}

static void a_full_list_takes_no_more(void **state)
{
    (void)state;
    static struct roster_former many[ROSTER_MAX_FORMER];
    struct desk *d = begin();
    d->w.now_s = LATER;
    struct roster_member m = asked(d);
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i].cert.fingerprint.b[0] = (uint8_t)i;
    m.former = (struct former_list){many, ARRAY_LEN(many)};
    const struct roster_member old = listed(d);
    assert_int_equal(draft_keep_member(&d->w, &d->roster, &old, &m), ERR_LIMIT);
    assert_non_null(strstr(d->w.why.text, "a token without --lost begins anew"));
}

static void an_officers_lost_key_is_former_by_what_it_could_sign(void **state)
{
    (void)state;
    static const struct {
        enum officer_function function;
        int days;
    } cases[] = {{FUNCTION_CASE_WORKER, OPEN_DAYS}, {FUNCTION_MANDATED_OFFICER, KEPT_DAYS}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct desk *d = begin();
        d->w.now_s = LATER;
        struct roster_officer old = d->roster.officers[0];
        old.functions = UINT32_C(1) << cases[i].function;
        struct roster_officer o = d->roster.officers[0];
        o.cert = issue(d, NEW_OFFICER, CERT_OFFICER, "a.jansen", NULL);
        must(d, draft_keep_officer(&d->w, &d->roster, &old, &o));
        must(d, draft_put_officer(&d->w, &d->roster, &o));
        must(d, draft_save(&d->w, &d->roster));
        assert_int_equal(d->roster.revoked_count, 0);
        assert_int_equal(o.former.count, 1);
        assert_true(digest_equal(&o.former.v[0].cert.fingerprint, fingerprint(d, OLD_OFFICER)));
        assert_int_equal(o.former.v[0].replaced_at, LATER - ROSTER_OVERLAP_S);
        assert_int_equal(o.former.v[0].until, LATER + cases[i].days * DAY_S);
    }
}

/* Proofs by the log's key go on; where four are former the one that ends first makes room. */
static void a_lost_log_key_is_former(void **state)
{
    (void)state;
    static const struct roster_former_log logs[ROSTER_MAX_FORMER_LOGS] = {
        {{(const uint8_t *)"a", 1}, LATER + 4}, {{(const uint8_t *)"b", 1}, LATER + 1}, {{(const uint8_t *)"d", 1}, LATER + 2},
        {{(const uint8_t *)"e", 1}, LATER - 1}};
    struct desk *d = begin();
    d->w.now_s = LATER;
    struct roster r = {.log_key = bytes_str("c"), .former_logs = logs, .former_log_count = ARRAY_LEN(logs)};
    must(d, draft_former_log(&d->w, &r));
    assert_int_equal(r.former_log_count, 4); /* e is over */
    assert_true(bytes_is(r.former_logs[2].key, "c") && r.former_logs[2].until == LATER + OPEN_DAYS * DAY_S);
    r.log_key = bytes_str("f");
    must(d, draft_former_log(&d->w, &r));
    assert_int_equal(r.former_log_count, 4);
    assert_true(bytes_is(r.former_logs[0].key, "a") && bytes_is(r.former_logs[1].key, "c") &&
                bytes_is(r.former_logs[2].key, "d") && bytes_is(r.former_logs[3].key, "f"));
}

/* No command makes a registrar. */
static void the_only_registrar_is_not_struck_off(void **state)
{
    (void)state;
    struct desk *d = begin();
    const struct agency_id registrar = {"00000099000000000000"};
    assert_int_equal(draft_remove_member(&d->w, &d->roster, &registrar), ERR_STATE);
    assert_non_null(roster_member_of(&d->roster, &registrar));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lost_keys_signed_stays_valid_and_nothing_after),
        cmocka_unit_test(keys_that_are_over_count_to_their_end),
        cmocka_unit_test(of_stolen_keys_nothing_stays),
        cmocka_unit_test(what_is_revoked_is_never_former),
        cmocka_unit_test(what_is_found_stolen_later_can_be_revoked),
        cmocka_unit_test(an_approval_that_comes_again_keeps_what_was_lost),
        cmocka_unit_test(the_overlap_of_a_renewal_ends_with_the_loss),
        cmocka_unit_test(a_full_list_takes_no_more),
        cmocka_unit_test(an_officers_lost_key_is_former_by_what_it_could_sign),
        cmocka_unit_test(a_lost_log_key_is_former),
        cmocka_unit_test(the_only_registrar_is_not_struck_off),
    };
    return cmocka_run_group_tests(tests, open_register, close_register);
}
