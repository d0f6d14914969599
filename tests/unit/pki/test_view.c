/* What a party believes: adoptions that do not hold stop their own holder and nobody else. */
#include "tests/unit/pki/trust_world.h"

#include "pki/cms_detached.h"
#include "pki/digest.h"
#include "pki/view/view.h"
#include "proto/host/file.h"

#define POLICY TEST_DATA "/../docs/policies/demonstration.yaml"
#define ADOPTIONS_MAX 4

/* The files of a party, made from a world. */
struct shelf {
    struct world w;
    struct fix_party signers[2];
    struct digest pins[2];
    struct buf policy;
    struct buf signatures[2];
    struct buf roster;
    struct buf root;
    struct buf roster_key;
    struct buf adoptions[ADOPTIONS_MAX];
    size_t adoption_count;
    struct bytes deal; /* a statement of a key, or empty */
    struct digest digest;
    struct view_marks marks;
};

static const struct name rule = {"riec.casus.verstrekking"};
static const struct name other_rule = {"riec.casus.hitnohit"};

static void sign_policy(struct shelf *s, size_t i)
{
    static const char *const names[] = {"beleidseigenaar", "jurist"};
    struct ca_request r = fix_request(CERT_PINNED, (char)('7' + i), names[i]);
    assert_int_equal(key_generate(KEY_TYPE_P256, &s->signers[i].key), ERR_OK);
    assert_int_equal(ca_self_sign(&r, s->signers[i].key, &s->signers[i].cert, NULL), ERR_OK);
    assert_int_equal(key_fingerprint(s->signers[i].key, &s->pins[i]), ERR_OK);
    s->signatures[i] = buf_new(CMS_DETACHED_MAX_BYTES);
    assert_int_equal(cms_detached_sign(buf_bytes(&s->policy), s->signers[i].key,
                                       s->signers[i].cert, &s->signatures[i]),
                     ERR_OK);
}

static void shelf_new(struct shelf *s)
{
    *s = (struct shelf){.adoption_count = 0};
    world_new(&s->w);
    s->policy = buf_new((size_t)1 << 20);
    assert_int_equal(file_read(POLICY, FILE_ANY, &s->policy, NULL), ERR_OK);
    struct bytes policy = buf_bytes(&s->policy);
    assert_int_equal(digest_sha256(&policy, 1, &s->digest), ERR_OK);
    for (size_t i = 0; i < 2; i++)
        sign_policy(s, i);
    s->root = buf_new(CERT_PEM_MAX_BYTES);
    s->roster_key = buf_new(CERT_PEM_MAX_BYTES);
    s->roster = buf_new(1 << 20);
    assert_int_equal(cert_put_pem(s->w.f.root.cert, &s->root), ERR_OK);
    assert_int_equal(cert_put_pem(s->w.roster_key.cert, &s->roster_key), ERR_OK);
}

static void shelf_free(struct shelf *s)
{
    for (size_t i = 0; i < 2; i++) {
        buf_free(&s->signatures[i]);
        fix_party_free(&s->signers[i]);
    }
    for (size_t i = 0; i < s->adoption_count; i++)
        buf_free(&s->adoptions[i]);
    buf_free(&s->policy);
    buf_free(&s->roster);
    buf_free(&s->root);
    buf_free(&s->roster_key);
    world_free(&s->w);
}

/* Adds a statement of agency i about one rule. */
static void says(struct shelf *s, size_t i, const struct name *about, uint64_t serial,
                 enum adoption_state state)
{
    struct adoption_doc d = world_adopts(&s->w, i, about);
    d.policy = s->digest;
    d.serial = serial;
    d.state = state;
    struct buf *to = &s->adoptions[s->adoption_count++];
    *to = buf_new(1 << 16);
    world_adoption(&s->w, &d, i, to);
}

/* The officer of agency i is struck off. */
static void leaves(struct shelf *s, size_t i)
{
    if (i == 0)
        s->w.officer_list[0] = s->w.officer_list[1];
    s->w.r.officer_count = 1;
}

/* A successor with another key comes for the officer of agency i, under the same staff id. */
static void is_followed(struct shelf *s, size_t i)
{
    struct ca_request r = fix_request(CERT_OFFICER, (char)('2' + i), "jansen");
    fix_party_free(&s->w.officers[i]);
    s->w.officers[i] = fix_issue(&s->w.f.issuer, &r);
    s->w.officer_list[i].cert = entry(&s->w.officers[i]);
}

static struct view *believe(struct shelf *s)
{
    struct bytes signatures[2] = {buf_bytes(&s->signatures[0]), buf_bytes(&s->signatures[1])};
    struct bytes adoptions[ADOPTIONS_MAX];
    struct view *v = NULL;
    struct errmsg why = {""};
    buf_reset(&s->roster);
    world_roster(&s->w, &s->roster);
    for (size_t i = 0; i < s->adoption_count; i++)
        adoptions[i] = buf_bytes(&s->adoptions[i]);
    struct view_files files = {.roster = buf_bytes(&s->roster),
                               .policy = buf_bytes(&s->policy),
                               .policy_signatures = signatures,
                               .policy_signature_count = 2,
                               .adoptions = adoptions,
                               .adoption_count = s->adoption_count,
                               .deals = &s->deal,
                               .deal_count = s->deal.len > 0};
    struct view_pins pins = {.deployment = {"demo"},
                             .root_ca = buf_bytes(&s->root),
                             .roster_key = buf_bytes(&s->roster_key),
                             .signers = s->pins,
                             .signer_count = 2,
                             .demonstration = true};
    if (view_new(&pins, &files, &s->marks, FIX_NOW, &v, &why) != ERR_OK)
        fail_msg("view: %s", why.text);
    return v;
}

static enum adoption of(const struct shelf *s, const struct view *v, size_t i,
                        const struct name *about)
{
    return view_adoption(v, &s->w.ids[i], about);
}

/* A statement of a key that does not hold: told, and of no use to anybody. */
static void a_bad_statement_of_a_key_stops_that_key_only(void **state)
{
    (void)state;
    struct shelf s;
    static const struct name purpose = {"riec-casus"};
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    s.deal = bytes_str("no statement at all");
    struct view *v = believe(&s);
    assert_int_equal(view_fault_count(v), 1);
    assert_non_null(strstr(view_fault_at(v, 0), "dealt key 1"));
    assert_null(view_deal(v, &purpose, 1));
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ADOPTED);
    view_free(v);
    shelf_free(&s);
}

/* Both agencies adopt; nothing is wrong. */
static void each_holder_adopts_for_itself(void **state)
{
    (void)state;
    struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 1, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 1, &rule, 2, ADOPTION_STATE_WITHDRAWN);
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(view_fault_count(v), 0);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ADOPTED);
    assert_int_equal(of(&s, v, 0, &other_rule), ADOPTION_ABSENT);
    assert_int_equal(of(&s, v, 1, &rule), ADOPTION_WITHDRAWN);
    view_raise_marks(v, FIX_NOW, &s.marks);
    assert_int_equal(s.marks.adoption_count, 2);
    assert_int_equal(s.marks.adoptions[1].serial, 2);
    shelf_free(&s);
}

static void an_orphaned_adoption_stops_its_own_holder_only(void **state)
{
    (void)state;
    struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 1, &rule, 1, ADOPTION_STATE_ADOPTED);
    leaves(&s, 0);
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ABSENT);
    assert_int_equal(of(&s, v, 1, &rule), ADOPTION_ADOPTED);
    assert_int_equal(view_fault_count(v), 1);
    assert_non_null(strstr(view_fault_at(v, 0), s.w.ids[0].oin));
    assert_non_null(strstr(view_fault_at(v, 0), "no officer of the roster"));
    assert_null(view_fault_at(v, 1));
    shelf_free(&s);
}

/* The same where the officer is still there and the adoption was accepted before. */
static void a_damaged_adoption_stops_its_own_holder_only(void **state)
{
    (void)state;
    struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 1, &rule, 1, ADOPTION_STATE_ADOPTED);
    struct view *before = believe(&s);
    view_raise_marks(before, FIX_NOW, &s.marks);
    view_free(before);
    s.adoptions[0].ptr[s.adoptions[0].len / 2] ^= 1;
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ABSENT);
    assert_int_equal(of(&s, v, 1, &rule), ADOPTION_ADOPTED);
    assert_true(view_fault_count(v) >= 1);
    shelf_free(&s);
}

/* The withdrawal's officer left; what she withdrew must not come back. */
static void an_orphaned_withdrawal_revives_nothing(void **state)
{
    (void)state;
    struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 2, ADOPTION_STATE_WITHDRAWN);
    is_followed(&s, 0);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 0, &other_rule, 3, ADOPTION_STATE_ADOPTED);
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ABSENT);
    assert_int_equal(of(&s, v, 0, &other_rule), ADOPTION_ADOPTED);
    shelf_free(&s);
}

/* A file that is gone: the mark remembers it. */
static void a_missing_withdrawal_revives_nothing(void **state)
{
    (void)state;
    struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 1, &rule, 1, ADOPTION_STATE_ADOPTED);
    s.marks.adoptions[0].holder = s.w.ids[0];
    s.marks.adoptions[0].serial = 2;
    s.marks.adoption_count = 1;
    struct view *v = believe(&s);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ABSENT);
    assert_int_equal(of(&s, v, 1, &rule), ADOPTION_ADOPTED);
    assert_non_null(strstr(view_fault_at(v, 0), "accepted before"));
    view_raise_marks(v, FIX_NOW, &s.marks);
    assert_int_equal(s.marks.adoptions[0].serial, 2);
    view_free(v);
    says(&s, 0, &rule, 3, ADOPTION_STATE_ADOPTED); /* a higher one heals */
    v = believe(&s);
    assert_int_equal(view_fault_count(v), 0);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ADOPTED);
    view_free(v);
    shelf_free(&s);
}

static void two_statements_under_one_serial_count_for_nothing(void **state)
{
    (void)state;
    struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED); /* the same again, signed again: one statement */
    struct view *v = believe(&s);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ADOPTED);
    view_free(v);
    says(&s, 0, &rule, 1, ADOPTION_STATE_WITHDRAWN);
    v = believe(&s);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ABSENT);
    assert_non_null(strstr(view_fault_at(v, 0), "twice"));
    view_free(v);
    shelf_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_statement_of_a_key_stops_that_key_only),
        cmocka_unit_test(each_holder_adopts_for_itself),
        cmocka_unit_test(an_orphaned_adoption_stops_its_own_holder_only),
        cmocka_unit_test(a_damaged_adoption_stops_its_own_holder_only),
        cmocka_unit_test(an_orphaned_withdrawal_revives_nothing),
        cmocka_unit_test(a_missing_withdrawal_revives_nothing),
        cmocka_unit_test(two_statements_under_one_serial_count_for_nothing),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
