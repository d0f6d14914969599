/* pki/cli/pki: what `status` says of a registrar's folder and of a party's as the days go by, and what it gives to
 * monitoring. */
#include "tests/unit/pki/test_core.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pki/cli/pki/authority.h"
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/issue.h"
#include "pki/cli/pki/status_table.h"
#include "pki/trust_docs.h"

#define DAY_S INT64_C(86400)
#define NOW INT64_C(1795900000)

/* A registrar's folder with one agency and a person of it, all with certificates of 30 days from NOW. */
struct desk {
    char dir[64];
    struct opts o;
    struct work w;
    struct authority a;
    struct cert *certs[4]; /* signing, sealing, transport, officer */
    struct agency_id oin;
    struct roster roster;
};

static void must(struct desk *d, enum err e)
{
    if (e != ERR_OK)
        fail_msg("%s: %s", err_text(e), d->w.why.text);
}

static struct roster_cert issue(struct desk *d, size_t i, enum cert_use use, const char *name,
                                struct curve_key *curve)
{
    struct issuing by = {d->a.root, d->a.issuing, d->a.roster, d->a.issuing_key};
    const struct issue_subject s = {use, d->oin, name};
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    assert_int_equal(key_generate(use == CERT_TRANSPORT ? KEY_TYPE_X25519 : KEY_TYPE_P256, &key), ERR_OK);
    if (curve != NULL)
        assert_int_equal(key_raw_public(key, curve->b), ERR_OK);
    must(d, issue_cert(&d->w, &by, &s, key, &d->certs[i]));
    return (struct roster_cert){cert_der(d->certs[i]), *cert_fingerprint(d->certs[i])};
}

static void add_agency(struct desk *d)
{
    struct roster_member m = {.id = d->oin,
                              .kind = MEMBER_AGENCY,
                              .name = bytes_str("RIEC"),
                              .host = d->oin,
                              .controllers = &d->oin,
                              .controller_count = 1,
                              .regime = REGIME_AVG};
    m.signing = issue(d, 0, CERT_SIGNING, "RIEC", NULL);
    m.sealing = issue(d, 1, CERT_SEALING, "RIEC", NULL);
    m.transport = issue(d, 2, CERT_TRANSPORT, "RIEC", &m.curve);
    const struct roster_officer o = {d->oin, {"a.jansen"}, {"p1"}, 1u << FUNCTION_CASE_WORKER,
                                     issue(d, 3, CERT_OFFICER, "a.jansen", NULL), {NULL, 0}};
    must(d, draft_put_member(&d->w, &d->roster, &m));
    must(d, draft_put_officer(&d->w, &d->roster, &o));
    must(d, draft_save(&d->w, &d->roster));
}

static void desk_new(struct desk *d)
{
    *d = (struct desk){.dir = "/tmp/sluis-status.XXXXXX", .oin = {"00000099000000000002"}};
    const struct authority_spec s = {.deployment = {"demo"},
                                     .oin = {"00000099000000000000"},
                                     .host = {"00000099000000000000"},
                                     .name = "Registrar",
                                     .root = {"root", 3650},
                                     .issuing = {"issuing CA", 60},
                                     .roster = {"roster key", 40}};
    assert_non_null(mkdtemp(d->dir));
    d->o = (struct opts){.dir = d->dir, .passphrase_fd = -1, .pin_fd = -1};
    assert_int_equal(work_init(&d->w, &d->o), ERR_OK);
    d->w.now_s = NOW;
    d->w.passphrase = secret_new(bytes_str("a passphrase"));
    must(d, authority_make_folders(&d->w));
    assert_int_equal(key_generate(KEY_TYPE_P256, &d->a.root_key), ERR_OK);
    must(d, work_new_key(&d->w, "issuing", KEY_TYPE_P256, &d->a.issuing_key));
    assert_int_equal(key_generate(KEY_TYPE_P256, &d->a.roster_key), ERR_OK);
    must(d, authority_certify(&d->w, &s, &d->a));
    must(d, authority_save(&d->w, &s, &d->a));
    must(d, draft_load(&d->w, &d->roster));
    add_agency(d);
}

static enum err remove_one(void *arg, const char *name)
{
    char path[WORK_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", (const char *)arg, name);
    return remove(path) == 0 ? ERR_OK : ERR_IO;
}

static void desk_free(struct desk *d)
{
    static const char *const folders[] = {"keys", "tokens", "issued", ""};
    work_end(&d->w);
    for (size_t i = 0; i < ARRAY_LEN(d->certs); i++)
        cert_free(d->certs[i]);
    authority_free(&d->a);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        char path[WORK_PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", d->dir, folders[i]);
        assert_int_equal(file_list(path, remove_one, path), ERR_OK);
        assert_int_equal(rmdir(path), 0);
    }
}

/* Signs the draft as of now. */
static void sign(struct desk *d)
{
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 20);
    struct buf wire CLEANUP(buf_free) = buf_new(1 << 20);
    struct trust_signer s = {.kind = SIGN_ROSTER, .key = d->a.roster_key};
    struct roster r;
    must(d, draft_load(&d->w, &r));
    r.issued_at = d->w.now_s;
    r.not_after = d->w.now_s + ROSTER_MAX_LIFE_S;
    assert_int_equal(key_fingerprint(s.key, &s.fingerprint), ERR_OK);
    must(d, roster_encode(&r, &doc, &d->w.why));
    assert_int_equal(trust_sign(&s, buf_bytes(&doc), &wire), ERR_OK);
    must(d, work_write_in(&d->w, "roster.signed", buf_bytes(&wire), 0644));
}

static struct status_table look(struct desk *d, int64_t at_s)
{
    struct status_table t = {.w = &d->w};
    d->w.now_s = at_s;
    must(d, status_register(&t));
    return t;
}

/* The row of this kind, of the agency where members have one; it must be the only one. */
static const struct status_row *row_of(const struct status_table *t, const char *kind)
{
    const struct status_row *found = NULL;
    const bool is_members = strcmp(kind, "signing") == 0 || strcmp(kind, "transport") == 0;
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(t->rows[i].kind, kind) != 0 ||
            (is_members && strcmp(t->rows[i].who, "00000099000000000002") != 0))
            continue;
        assert_null(found);
        found = &t->rows[i];
    }
    assert_non_null(found);
    return found;
}

static void the_whole_deployment_has_its_rows(void **state)
{
    (void)state;
    static const char *const kinds[] = {"root",    "issuing",   "roster_key", "roster", "revoked",
                                        "signing", "transport", "officer",    "sealing"};
    struct desk d;
    desk_new(&d);
    struct status_table t = look(&d, NOW);
    assert_string_equal(row_of(&t, "roster")->state, "none signed");
    assert_string_equal(row_of(&t, "signing")->state, "not signed");
    assert_non_null(strstr(row_of(&t, "signing")->next, "sluis-pki roster sign --dir"));
    assert_int_equal(status_grade(&t), 2);
    sign(&d);
    t = look(&d, NOW);
    assert_int_equal(t.count, ARRAY_LEN(kinds) + 2); /* the registrar's mailbox has two */
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const struct status_row *r = row_of(&t, kinds[i]);
        if (r->grade != 0 || r->next[0] != '\0')
            fail_msg("%s: grade %d, next '%s'", kinds[i], r->grade, r->next);
    }
    assert_string_equal(row_of(&t, "officer")->who, "00000099000000000002 a.jansen");
    assert_int_equal(status_grade(&t), 0);
    desk_free(&d);
}

static void grades_follow_the_days_and_the_next_command_stands_there(void **state)
{
    (void)state;
    static const struct {
        int64_t day; /* seconds are added, so that it is within the day */
        const char *kind;
        int grade;
        const char *next;
    } cases[] = {
        {15, "signing", 0, ""},
        {17, "signing", 1, "00000099000000000002: sluis-pki renew --dir DIR --key signing"},
        {26, "sealing", 1, "--key sealing"},
        {28, "sealing", 2, "--key sealing"},
        {28, "officer", 2, "a.jansen of 00000099000000000002: sluis-pki renew"},
        {31, "transport", 2, "sluis-pki token --dir"},
        {31, "officer", 2, "--role officer"},
        {25, "roster_key", 0, ""},
        {27, "roster_key", 1, "--key roster"},
        {47, "issuing", 1, "--key issuing"},
        {58, "issuing", 2, "--key issuing"},
        {58, "root", 0, ""},
        {3, "roster", 0, ""},
        {5, "roster", 1, "sluis-pki roster sign --dir"},
        {7, "roster", 2, "sluis-pki roster sign --dir"},
    };
    struct desk d;
    desk_new(&d);
    sign(&d);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct status_table t = look(&d, NOW + cases[i].day * DAY_S + 60);
        const struct status_row *r = row_of(&t, cases[i].kind);
        const bool says = cases[i].next[0] == '\0' ? r->next[0] == '\0'
                                                  : strstr(r->next, cases[i].next) != NULL;
        if (r->grade != cases[i].grade || !says)
            fail_msg("%s on day %d: grade %d, next '%s'", cases[i].kind, (int)cases[i].day, r->grade,
                     r->next);
    }
    desk_free(&d);
}

static void a_revoked_certificate_is_shown_as_one(void **state)
{
    (void)state;
    struct desk d;
    desk_new(&d);
    must(&d, draft_load(&d.w, &d.roster));
    must(&d, draft_revoke(&d.w, &d.roster, cert_fingerprint(d.certs[1])));
    must(&d, draft_save(&d.w, &d.roster));
    sign(&d);
    const struct status_table t = look(&d, NOW);
    assert_string_equal(row_of(&t, "sealing")->state, "revoked");
    assert_int_equal(row_of(&t, "sealing")->grade, 2);
    assert_int_equal(row_of(&t, "signing")->grade, 0);
    desk_free(&d);
}

/* Nothing leaves that list, and when it is full nobody can be revoked. */
static void a_list_of_the_revoked_that_fills_up_is_told(void **state)
{
    (void)state;
    static struct digest many[ROSTER_MAX_REVOKED / 4 * 3];
    struct desk d;
    desk_new(&d);
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        many[i].b[0] = (uint8_t)(i >> 8);
        many[i].b[1] = (uint8_t)i;
    }
    for (size_t less = 0; less < 2; less++) {
        must(&d, draft_load(&d.w, &d.roster));
        d.roster.revoked = many;
        d.roster.revoked_count = ARRAY_LEN(many) - less;
        must(&d, draft_save(&d.w, &d.roster));
        sign(&d);
        const struct status_table t = look(&d, NOW);
        assert_int_equal(row_of(&t, "revoked")->grade, less == 0);
        assert_int_equal(status_grade(&t), less == 0);
    }
    desk_free(&d);
}

static const struct status_row *row_who(const struct status_table *t, const char *who)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->rows[i].who, who) == 0)
            return &t->rows[i];
    fail_msg("no row of %s", who);
    return NULL;
}

/* The registrar's own member, as a party: keys with a certificate, held against a roster, and versions of others. */
static void a_party_sees_its_own_keys(void **state)
{
    (void)state;
    static const struct work_key versions[] = {{"storage", KEYFILE_STORAGE, NULL, 0},
                                               {"storage-2", KEYFILE_STORAGE, NULL, 0}};
    struct desk d;
    desk_new(&d);
    sign(&d);
    char roster[WORK_PATH_MAX];
    struct secret *k CLEANUP(cleanup_secret_free) = secret_random(32);
    must(&d, work_save_secret(&d.w, &versions[0], k));
    must(&d, work_path(&d.w, roster, "roster.signed", ""));
    d.o.roster = roster;
    struct status_table t = {.w = &d.w};
    must(&d, status_party(&t));
    assert_string_equal(row_who(&t, "storage")->state, "in use");
    assert_string_equal(row_who(&t, "00000099000000000000")->kind, "signing");
    assert_string_equal(row_who(&t, "00000099000000000000")->state, "in use");
    assert_int_equal(status_grade(&t), 0);

    must(&d, work_save_secret(&d.w, &versions[1], k));
    must(&d, work_save_cert(&d.w, "signing", d.certs[0])); /* which no roster lists */
    must(&d, draft_remove_member(&d.w, &d.roster, &d.oin));
    d.roster.serial = 9;
    must(&d, draft_save(&d.w, &d.roster));
    sign(&d);
    t = (struct status_table){.w = &d.w};
    must(&d, status_party(&t));
    assert_string_equal(row_who(&t, "storage")->state, "former");
    assert_non_null(strstr(row_who(&t, "storage")->next, "--key storage --status, then --retire 1"));
    assert_string_equal(row_who(&t, "storage-2")->state, "in use");
    assert_string_equal(row_who(&t, "00000099000000000002")->state, "revoked");
    assert_int_equal(row_who(&t, "00000099000000000002")->grade, 2);
    desk_free(&d);
}

static void a_table_and_json_say_the_same(void **state)
{
    (void)state;
    struct desk d;
    desk_new(&d);
    sign(&d);
    struct status_table t = look(&d, NOW + 17 * DAY_S);
    assert_int_equal(status_show(&t), ERR_OK);
    struct bytes text = buf_bytes(&d.w.out);
    assert_non_null(memmem(text.ptr, text.len, "soon signing", 12));
    assert_non_null(memmem(text.ptr, text.len, "next: 00000099", 14));
    buf_reset(&d.w.out);
    d.o.json = true;
    assert_int_equal(status_show(&t), ERR_OK);
    text = buf_bytes(&d.w.out);
    assert_non_null(memmem(text.ptr, text.len, "{\"grade\":2,\"rows\":[", 19)); /* the roster is over */
    assert_non_null(memmem(text.ptr, text.len, "\"days_left\":13,\"grade\":1,\"next\":", 32));
    desk_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_deployment_has_its_rows),
        cmocka_unit_test(grades_follow_the_days_and_the_next_command_stands_there),
        cmocka_unit_test(a_revoked_certificate_is_shown_as_one),
        cmocka_unit_test(a_list_of_the_revoked_that_fills_up_is_told),
        cmocka_unit_test(a_party_sees_its_own_keys),
        cmocka_unit_test(a_table_and_json_say_the_same),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
