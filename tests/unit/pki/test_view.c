/* What a party believes: adoptions that do not hold stop their own holder and nobody else. */
#define FIX_NOW INT64_C(1770000000) /* the demonstration policy is in force */
#include "tests/unit/pki/trust_world.h"

#include "pki/cms_detached.h"
#include "pki/digest.h"
#include "pki/view/view.h"
#include "proto/base/when.h"
#include "proto/host/file.h"

#define POLICY TEST_DATA "/../docs/policies/demonstration.yaml"
#define ADOPTIONS_MAX 4
#define VERSIONS_MAX 20

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
    struct view_version versions[VERSIONS_MAX]; /* beside policy */
    struct buf version_text[VERSIONS_MAX];
    struct bytes version_signatures[VERSIONS_MAX][2];
    struct buf version_signed[VERSIONS_MAX][2];
    size_t version_count;
    int64_t now_s; /* 0: FIX_NOW */
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
    for (size_t i = 0; i < s->version_count; i++) {
        buf_free(&s->version_text[i]);
        buf_free(&s->version_signed[i][0]);
        buf_free(&s->version_signed[i][1]);
    }
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

static void put_edited(struct buf *out, struct bytes text, const char *from, const char *to)
{
    const uint8_t *at = memmem(text.ptr, text.len, from, strlen(from));
    assert_non_null(at);
    const size_t before = (size_t)(at - text.ptr);
    buf_put(out, bytes_of(text.ptr, before));
    buf_put_str(out, to);
    buf_put(out, bytes_of(at + strlen(from), text.len - before - strlen(from)));
}

/* Another version of the policy, signed by both: another serial and period, and one value changed. */
static struct digest version(struct shelf *s, uint64_t serial, const char *valid, const char *from,
                             const char *to)
{
    const size_t n = s->version_count++;
    char text[64];
    struct buf serial_text = buf_fixed(text, sizeof text);
    struct buf once = buf_new((size_t)1 << 20);
    struct buf twice = buf_new((size_t)1 << 20);
    buf_printf(&serial_text, "\nserial: %llu\n", (unsigned long long)serial);
    put_edited(&once, buf_bytes(&s->policy), "\nserial: 1\n", buf_text(&serial_text));
    put_edited(&twice, buf_bytes(&once), "valid: {from: 2025-03-01, until: 2035-03-01}", valid);
    s->version_text[n] = buf_new((size_t)1 << 20);
    put_edited(&s->version_text[n], buf_bytes(&twice), from, to);
    buf_free(&once);
    buf_free(&twice);
    for (size_t i = 0; i < 2; i++) {
        s->version_signed[n][i] = buf_new(CMS_DETACHED_MAX_BYTES);
        assert_int_equal(cms_detached_sign(buf_bytes(&s->version_text[n]), s->signers[i].key,
                                           s->signers[i].cert, &s->version_signed[n][i]),
                         ERR_OK);
        s->version_signatures[n][i] = buf_bytes(&s->version_signed[n][i]);
    }
    s->versions[n] = (struct view_version){buf_bytes(&s->version_text[n]),
                                           s->version_signatures[n], 2, 0};
    struct digest d;
    assert_int_equal(digest_sha256(&s->versions[n].policy, 1, &d), ERR_OK);
    return d;
}

static enum err judge(struct shelf *s, struct view **out, struct errmsg *why)
{
    struct bytes signatures[2] = {buf_bytes(&s->signatures[0]), buf_bytes(&s->signatures[1])};
    struct bytes adoptions[ADOPTIONS_MAX];
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
                               .versions = s->versions,
                               .version_count = s->version_count,
                               .deals = &s->deal,
                               .deal_count = s->deal.len > 0};
    struct view_pins pins = {.deployment = {"demo"},
                             .root_ca = buf_bytes(&s->root),
                             .roster_key = buf_bytes(&s->roster_key),
                             .signers = s->pins,
                             .signer_count = 2,
                             .demonstration = true};
    return view_new(&pins, &files, &s->marks, s->now_s != 0 ? s->now_s : FIX_NOW, out, why);
}

static struct view *believe(struct shelf *s)
{
    struct view *v = NULL;
    struct errmsg why = {""};
    if (judge(s, &v, &why) != ERR_OK)
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
    assert_non_null(strstr(view_fault_at(v, 0), "serial 2 is not here")); /* until 1 is taken away */
    assert_int_equal(view_fault_count(v), 1);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ADOPTED);
    view_free(v);
    shelf_free(&s);
}

/* Somebody keeps back the second of three statements: it may have been the withdrawal of the first. */
static void a_gap_between_statements_revives_nothing(void **state)
{
    (void)state;
    struct shelf s;
    shelf_new(&s);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    says(&s, 0, &other_rule, 3, ADOPTION_STATE_ADOPTED);
    says(&s, 1, &rule, 7, ADOPTION_STATE_ADOPTED); /* alone, whatever its number */
    struct view *v = believe(&s);
    assert_int_equal(view_fault_count(v), 1);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ABSENT);
    assert_int_equal(of(&s, v, 0, &other_rule), ADOPTION_ADOPTED);
    assert_int_equal(of(&s, v, 1, &rule), ADOPTION_ADOPTED);
    view_free(v);
    says(&s, 0, &rule, 2, ADOPTION_STATE_WITHDRAWN);
    v = believe(&s);
    assert_int_equal(view_fault_count(v), 0);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_WITHDRAWN);
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

#define SAME_PERIOD "valid: {from: 2025-03-01, until: 2035-03-01}"
#define LIMIT "requests_per_day_officer: 200"

/* Under which policy something that named a digest is judged. */
static enum err for_asked(const struct view *v, const struct digest *named, const struct name *about,
                          int64_t issued_s, struct errmsg *why)
{
    const struct policy *p = NULL;
    const struct view_asked asked = {named, about, issued_s};
    *why = (struct errmsg){""};
    return view_policy_for(v, &asked, &p, why);
}

static int64_t moment_of(const char *text)
{
    int64_t s = 0;
    assert_int_equal(when_parse(bytes_str(text), &s), ERR_OK);
    return s;
}

/* The highest serial whose moment has come; until then it is announced and nothing else. */
static void a_version_comes_in_force_at_its_moment(void **state)
{
    (void)state;
    struct shelf s;
    struct view_announced n;
    struct errmsg why;
    shelf_new(&s);
    const int64_t from_s = FIX_NOW + 3600;
    char text[WHEN_TEXT_SIZE];
    char valid[128];
    when_text(from_s, text);
    struct buf b = buf_fixed(valid, sizeof valid);
    buf_printf(&b, "valid: {from: %s, until: 2035-03-01}", text);
    const struct digest later = version(&s, 2, buf_text(&b), LIMIT, LIMIT);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    struct view *v = believe(&s);
    assert_int_equal(view_policy(v)->serial, 1);
    assert_int_equal(view_announced_count(v), 1);
    assert_true(view_announced_at(v, 0, &n) && n.serial == 2 && n.from_s == from_s);
    assert_true(digest_equal(&n.digest, &later));
    assert_false(view_announced_at(v, 1, &n));
    assert_int_equal(view_next_s(v), from_s);
    assert_int_equal(for_asked(v, &later, &rule, FIX_NOW, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "not in force yet"));
    view_raise_marks(v, FIX_NOW, &s.marks);
    assert_int_equal(s.marks.policy_serial, 1);
    view_free(v);
    s.now_s = from_s - 1;
    v = believe(&s);
    assert_int_equal(view_policy(v)->serial, 1);
    view_free(v);
    s.now_s = from_s;
    v = believe(&s);
    assert_int_equal(view_policy(v)->serial, 2);
    assert_int_equal(view_announced_count(v), 0);
    assert_int_equal(view_next_s(v), 0);
    assert_int_equal(view_files(v)->version_count, 1);
    assert_int_equal(view_files(v)->versions[0].ended_s, from_s);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ABSENT); /* it adopted the first */
    assert_int_equal(view_adoption_under(v, &s.digest, &s.w.ids[0], &rule), ADOPTION_ADOPTED);
    view_free(v);
    shelf_free(&s);
}

static void what_was_asked_finishes_unless_its_rule_was_narrowed(void **state)
{
    (void)state;
    struct shelf s;
    struct errmsg why;
    shelf_new(&s);
    (void)version(&s, 2, SAME_PERIOD, "  - id: riec.casus.hitnohit\n    version: 1\n    status: adopted",
                  "  - id: riec.casus.hitnohit\n    version: 1\n    status: withdrawn");
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(view_policy(v)->serial, 2);
    assert_int_equal(for_asked(v, view_policy_digest(v), &rule, FIX_NOW, &why), ERR_OK);
    assert_int_equal(for_asked(v, &s.digest, &rule, FIX_NOW, &why), ERR_OK);
    assert_int_equal(for_asked(v, &s.digest, &other_rule, FIX_NOW, &why), ERR_BEHIND);
    assert_non_null(strstr(why.text, "narrowed by policy serial 2"));
    /* asked after it had ended here, or before it began: nobody could */
    assert_int_equal(for_asked(v, &s.digest, &rule, FIX_NOW + 301, &why), ERR_NOT_FOUND);
    assert_int_equal(for_asked(v, &s.digest, &rule, moment_of("2025-02-28T23:00:00Z"), &why),
                     ERR_NOT_FOUND);
    struct digest unknown = s.digest;
    unknown.b[0] ^= 1;
    assert_int_equal(for_asked(v, &unknown, &rule, FIX_NOW, &why), ERR_NOT_FOUND);
    shelf_free(&s);
}

static void a_file_that_ends_earlier_narrows_every_rule(void **state)
{
    (void)state;
    struct shelf s;
    struct errmsg why;
    shelf_new(&s);
    (void)version(&s, 2, "valid: {from: 2025-03-01, until: 2034-03-01}", LIMIT, LIMIT);
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(for_asked(v, &s.digest, &rule, FIX_NOW, &why), ERR_BEHIND);
    shelf_free(&s);
}

/* A withdrawal under a later version ends what was asked under an earlier one; to adopt again revives
 * nothing. */
static void a_withdrawal_reaches_back(void **state)
{
    (void)state;
    struct shelf s;
    shelf_new(&s);
    const struct digest first = s.digest;
    const struct digest second = version(&s, 2, SAME_PERIOD, LIMIT, LIMIT);
    says(&s, 0, &rule, 1, ADOPTION_STATE_ADOPTED);
    s.digest = second;
    says(&s, 0, &rule, 2, ADOPTION_STATE_ADOPTED);
    struct view *v = believe(&s);
    assert_int_equal(view_adoption_under(v, &first, &s.w.ids[0], &rule), ADOPTION_ADOPTED);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ADOPTED);
    view_free(v);
    says(&s, 0, &rule, 3, ADOPTION_STATE_WITHDRAWN);
    v = believe(&s);
    assert_int_equal(view_adoption_under(v, &first, &s.w.ids[0], &rule), ADOPTION_WITHDRAWN);
    assert_int_equal(view_adoption_under(v, &second, &s.w.ids[0], &rule), ADOPTION_WITHDRAWN);
    view_free(v);
    says(&s, 0, &rule, 4, ADOPTION_STATE_ADOPTED);
    v = believe(&s);
    assert_int_equal(view_adoption_under(v, &first, &s.w.ids[0], &rule), ADOPTION_WITHDRAWN);
    assert_int_equal(of(&s, v, 0, &rule), ADOPTION_ADOPTED);
    view_free(v);
    shelf_free(&s);
}

static void two_contents_under_one_serial_are_refused(void **state)
{
    (void)state;
    struct shelf s;
    struct view *v = NULL;
    struct errmsg why = {""};
    shelf_new(&s);
    (void)version(&s, 1, SAME_PERIOD, LIMIT, "requests_per_day_officer: 201");
    assert_int_equal(judge(&s, &v, &why), ERR_CONFLICT);
    assert_non_null(strstr(why.text, "serial 1 was verified here before with other content"));
    shelf_free(&s);
}

/* The mark is of the version in force, and neither the file nor what would be in force is below it. */
static void nothing_below_the_mark_comes_back(void **state)
{
    (void)state;
    struct shelf s;
    struct view *v = NULL;
    struct errmsg why = {""};
    shelf_new(&s);
    (void)version(&s, 2, SAME_PERIOD, LIMIT, LIMIT);
    s.marks.policy_serial = 2;
    assert_int_equal(judge(&s, &v, &why), ERR_BEHIND); /* the file is the first */
    s.marks.policy_serial = 1;
    v = believe(&s);
    view_raise_marks(v, FIX_NOW, &s.marks);
    assert_int_equal(s.marks.policy_serial, 2);
    view_free(v);
    shelf_free(&s);
}

/* One that is kept and whose signatures do not hold is told, and counts for nothing. */
static void a_version_that_does_not_verify_is_none(void **state)
{
    (void)state;
    struct shelf s;
    struct errmsg why;
    shelf_new(&s);
    const struct digest second = version(&s, 2, SAME_PERIOD, LIMIT, LIMIT);
    s.versions[0].signature_count = 1;
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(view_policy(v)->serial, 1);
    assert_int_equal(view_fault_count(v), 1);
    assert_non_null(strstr(view_fault_at(v, 0), "version of the policy 1"));
    assert_int_equal(for_asked(v, &second, &rule, FIX_NOW, &why), ERR_NOT_FOUND);
    shelf_free(&s);
}

static void the_oldest_versions_go(void **state)
{
    (void)state;
    struct shelf s;
    struct errmsg why;
    shelf_new(&s);
    for (uint64_t serial = 2; serial <= 19; serial++)
        (void)version(&s, serial, SAME_PERIOD, LIMIT, LIMIT);
    CLEANUP(cleanup_view_free) struct view *v = believe(&s);
    assert_int_equal(view_policy(v)->serial, 19);
    assert_int_equal(view_files(v)->version_count, 16);
    assert_int_equal(for_asked(v, &s.digest, &rule, FIX_NOW, &why), ERR_NOT_FOUND);
    shelf_free(&s);
}

static void a_version_travels_with_its_signatures(void **state)
{
    (void)state;
    const struct bytes signatures[2] = {bytes_str("one"), bytes_str("two")};
    const struct view_version v = {bytes_str("policy"), signatures, 2, 0};
    struct view_version again;
    CLEANUP(buf_free) struct buf b = buf_new(256);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 16);
    assert_int_equal(view_version_encode(&v, &b), ERR_OK);
    assert_int_equal(view_version_decode(buf_bytes(&b), a, &again), ERR_OK);
    assert_true(bytes_equal(again.policy, v.policy));
    assert_int_equal(again.signature_count, 2);
    assert_true(bytes_equal(again.signatures[1], signatures[1]));
    for (size_t n = 0; n < b.len; n++) {
        enum err e = view_version_decode(bytes_of(b.ptr, n), a, &again);
        const bool is_whole = n == 10 || n == 17; /* of fewer signatures */
        assert_int_equal(e == ERR_OK, is_whole);
    }
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
        cmocka_unit_test(a_gap_between_statements_revives_nothing),
        cmocka_unit_test(two_statements_under_one_serial_count_for_nothing),
        cmocka_unit_test(a_version_comes_in_force_at_its_moment),
        cmocka_unit_test(what_was_asked_finishes_unless_its_rule_was_narrowed),
        cmocka_unit_test(a_file_that_ends_earlier_narrows_every_rule),
        cmocka_unit_test(a_withdrawal_reaches_back),
        cmocka_unit_test(two_contents_under_one_serial_are_refused),
        cmocka_unit_test(nothing_below_the_mark_comes_back),
        cmocka_unit_test(a_version_that_does_not_verify_is_none),
        cmocka_unit_test(the_oldest_versions_go),
        cmocka_unit_test(a_version_travels_with_its_signatures),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
