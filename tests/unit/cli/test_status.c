/* pki/cli/pki: what `status` says of a registrar's folder and of a party's as the days go by, and what it gives to
 * monitoring. */
#include "tests/unit/cli/register_desk.h"

#include "pki/cli/pki/status_table.h"

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
        {31, "signing", 2, "--replace --lost (without, where they may be stolen)"},
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
    assert_non_null(strstr(row_of(&t, "sealing")->next, "--replace --out")); /* of a revoked key nothing is kept */
    assert_int_equal(row_of(&t, "signing")->grade, 0);
    desk_free(&d);
}

/* The signing key of the registrar's mailbox. */
static const struct status_row *row_of_registrar(const struct status_table *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->rows[i].kind, "signing") == 0 && strcmp(t->rows[i].who, "00000099000000000000") == 0)
            return &t->rows[i];
    fail_msg("no row of the registrar's mailbox");
    return NULL;
}

/* It may be renewed as long as its signing certificate counts. */
static void the_registrars_mailbox_is_renewed_while_its_key_signs_and_made_anew_after(void **state)
{
    (void)state;
    static const struct {
        int64_t day;
        const char *next;
    } cases[] = {{28, "sluis-pki renew --dir"}, {31, "sluis-pki mailbox --dir"}};
    struct desk d;
    desk_new(&d);
    sign(&d);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct status_table t = look(&d, NOW + cases[i].day * DAY_S + 60);
        assert_non_null(strstr(row_of_registrar(&t)->next, cases[i].next));
    }
    char path[WORK_PATH_MAX];
    must(&d, work_path(&d.w, path, "keys/signing.key", ""));
    assert_int_equal(unlink(path), 0);
    const struct status_table t = look(&d, NOW);
    assert_string_equal(row_of_registrar(&t)->state, "no key here");
    assert_int_equal(row_of_registrar(&t)->grade, 2);
    assert_non_null(strstr(row_of_registrar(&t)->next, "--replace"));
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

static void make_key(struct desk *d, const char *id, enum key_type type)
{
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    must(d, work_new_key(&d->w, id, type, &key));
}

static void check_next(struct desk *d, const char *who, const char *kind, const char *want)
{
    struct status_table t = {.w = &d->w};
    must(d, status_party(&t));
    for (size_t i = 0; i < t.count; i++)
        if (strcmp(t.rows[i].who, who) == 0 && strcmp(t.rows[i].kind, kind) == 0) {
            if (strstr(t.rows[i].next, want) == NULL)
                fail_msg("%s %s: next '%s', not '%s'", kind, who, t.rows[i].next, want);
            return;
        }
    fail_msg("no row %s %s", kind, who);
}

/* A broker's keys rotate, an agency's are renewed; each is told the command that its folder takes. */
static void a_party_is_told_commands_that_are_its_own(void **state)
{
    (void)state;
    static const char agency[] = "00000099000000000002";
    char sealing[WORK_PATH_MAX];
    struct desk d;
    desk_new(&d);
    make_key(&d, "log", KEY_TYPE_ED25519);
    make_key(&d, "signing.next", KEY_TYPE_P256);
    make_key(&d, "transport.next", KEY_TYPE_X25519);
    must(&d, work_save_cert(&d.w, "signing", d.certs[0]));
    must(&d, work_save_cert(&d.w, "transport", d.certs[2]));
    must(&d, work_path(&d.w, sealing, "keys/sealing.key", ""));
    (void)unlink(sealing);
    d.w.now_s = NOW + 28 * DAY_S;
    check_next(&d, agency, "signing", "rotate --dir");
    check_next(&d, agency, "transport", "--key transport --endpoint");
    check_next(&d, "signing.next", "p256", "--key signing --status");
    check_next(&d, "transport.next", "x25519", "--key transport --status");
    d.w.now_s = NOW + 31 * DAY_S;
    check_next(&d, agency, "signing", "broker-init");
    make_key(&d, "sealing", KEY_TYPE_P256);
    check_next(&d, agency, "signing", "sluis-pki enrol");
    d.w.now_s = NOW + 28 * DAY_S;
    check_next(&d, agency, "transport", "renew --dir");
    check_next(&d, "transport.next", "x25519", "renew --dir");
    desk_free(&d);
}

/* Whose key counts for as long as it is pinned: what its certificate says is told all the same. */
static void a_policy_signer_sees_when_its_certificate_ends(void **state)
{
    (void)state;
    struct desk d;
    desk_new(&d);
    make_key(&d, "signer", KEY_TYPE_P256);
    must(&d, work_save_cert(&d.w, "signer", d.a.roster));
    d.w.now_s = NOW + 39 * DAY_S;
    check_next(&d, "00000099000000000000", "signer", "sluis-pki signer into a new folder");
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
        cmocka_unit_test(the_registrars_mailbox_is_renewed_while_its_key_signs_and_made_anew_after),
        cmocka_unit_test(a_list_of_the_revoked_that_fills_up_is_told),
        cmocka_unit_test(a_party_sees_its_own_keys),
        cmocka_unit_test(a_party_is_told_commands_that_are_its_own),
        cmocka_unit_test(a_policy_signer_sees_when_its_certificate_ends),
        cmocka_unit_test(a_table_and_json_say_the_same),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
