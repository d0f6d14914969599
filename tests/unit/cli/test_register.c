/* pki/cli/pki: the registrar's box of tokens, its journal and what it issued. */
#define FIX_NOW INT64_C(1795900000)
#include "tests/unit/pki/ca_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pki/cli/pki/authority.h"
#include "pki/cli/pki/issue.h"
#include "pki/cli/pki/issued.h"
#include "pki/cli/pki/journal.h"
#include "pki/cli/pki/token.h"
#include "proto/base/text.h"

#define DAY_S INT64_C(86400)
#define NOW FIX_NOW

/* A registrar's folder in a temporary one. */
struct desk {
    char dir[64];
    struct opts o;
    struct work w;
};

static void desk_new(struct desk *d)
{
    *d = (struct desk){.dir = "/tmp/sluis-register.XXXXXX"};
    assert_non_null(mkdtemp(d->dir));
    d->o = (struct opts){.dir = d->dir, .passphrase_fd = -1, .pin_fd = -1};
    assert_int_equal(work_init(&d->w, &d->o), ERR_OK);
    d->w.now_s = NOW;
    d->w.passphrase = secret_new(bytes_str("a passphrase"));
    assert_int_equal(authority_make_folders(&d->w), ERR_OK);
    assert_int_equal(token_make_key(&d->w), ERR_OK);
}

static enum err remove_one(void *arg, const char *name)
{
    char path[WORK_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", (const char *)arg, name);
    return remove(path) == 0 ? ERR_OK : ERR_IO;
}

static void empty(struct desk *d, const char *folder)
{
    char path[WORK_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", d->dir, folder);
    assert_int_equal(file_list(path, remove_one, path), ERR_OK);
    assert_int_equal(rmdir(path), 0);
}

static void desk_free(struct desk *d)
{
    work_end(&d->w);
    empty(d, "keys");
    empty(d, "tokens");
    empty(d, "issued");
    empty(d, "");
}

static struct agency_id oin(char last)
{
    struct agency_id id = {"00000099000000000000"};
    id.oin[OIN_CHARS - 1] = last;
    return id;
}

/* A token of this grant in DIR/token, and what its holder derives from it. */
static struct secret *make(struct desk *d, const struct token_grant *g)
{
    char path[WORK_PATH_MAX];
    struct secret *key = NULL;
    snprintf(path, sizeof path, "%s/token", d->dir);
    assert_int_equal(token_new(&d->w, g, path), ERR_OK);
    assert_int_equal(token_read(&d->w, path, &key), ERR_OK);
    return key;
}

static struct sheltered shelter(const struct secret *key, enum token_side side)
{
    struct sheltered s = {.document = bytes_str("a request")};
    struct buf wire CLEANUP(buf_free) = buf_new(4096);
    assert_int_equal(token_shelter(key, side, &s, &wire), ERR_OK);
    return s;
}

static struct token_grant grant(enum token_role role, char last)
{
    static const struct name purposes[] = {{"fec"}, {"riec"}};
    struct token_grant g = {.oin = oin(last), .role = role, .ends_at = NOW + 7 * DAY_S};
    static const struct name classes[] = {{"bank"}};
    static const struct agency_id controllers[] = {{"00000099000000000002"}, {"00000099000000000007"}};
    g.member = (struct roster_member){.kind = role == TOKEN_BROKER ? MEMBER_BROKER : MEMBER_AGENCY,
                                      .id = g.oin,
                                      .name = bytes_str("Agency"),
                                      .host = oin('5'),
                                      .controllers = controllers,
                                      .controller_count = 2,
                                      .regime = REGIME_WPG,
                                      .classes = {classes, 1},
                                      .purposes = {purposes, 2},
                                      .population = UINT64_C(5000000000),
                                      .churn = 20};
    if (role == TOKEN_BROKER) {
        g.member.endpoint = bytes_str("tcp://127.0.0.1:7400");
        g.log_origin = bytes_str("sluis.example/log");
    }
    if (role == TOKEN_OFFICER)
        g.officer = (struct roster_officer){.agency = g.oin,
                                            .staff = {"a.jansen"},
                                            .person = {"p1"},
                                            .functions = UINT32_C(1) << FUNCTION_CASE_WORKER};
    return g;
}

static enum err find_act(void *arg, const struct journal_line *l)
{
    const struct journal_line **want = arg;
    if (l->act == (*want)->act && agency_id_equal(&l->oin, &(*want)->oin))
        *want = NULL;
    return *want == NULL ? ERR_CANCELLED : ERR_OK;
}

static bool journal_has(struct desk *d, enum journal_act act, char last)
{
    struct journal_line l = {.act = act, .oin = oin(last)};
    const struct journal_line *want = &l;
    enum err e = journal_each(&d->w, find_act, &want);
    return e == ERR_CANCELLED && want == NULL;
}

static void assert_same_member(const struct roster_member *a, const struct roster_member *b)
{
    assert_true(agency_id_equal(&a->id, &b->id) && agency_id_equal(&a->host, &b->host));
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->regime, b->regime);
    assert_true(bytes_equal(a->name, b->name) && bytes_equal(a->endpoint, b->endpoint));
    assert_true(a->population == b->population && a->churn == b->churn);
    assert_int_equal(a->controller_count, b->controller_count);
    for (size_t i = 0; i < a->controller_count; i++)
        assert_true(agency_id_equal(&a->controllers[i], &b->controllers[i]));
    assert_int_equal(a->classes.count, b->classes.count);
    assert_int_equal(a->purposes.count, b->purposes.count);
    for (size_t i = 0; i < a->purposes.count; i++)
        assert_true(name_equal(&a->purposes.v[i], &b->purposes.v[i]));
}

/* Of each role, with all that it grants. */
static void a_grant_comes_back_as_it_was_given(void **state)
{
    (void)state;
    for (enum token_role role = TOKEN_AGENCY; role < TOKEN_ROLE_COUNT; role++) {
        struct desk d;
        desk_new(&d);
        struct token_grant g = grant(role, '2');
        g.may_replace = true;
        g.is_lost = role != TOKEN_BROKER;
        struct secret *key CLEANUP(cleanup_secret_free) = make(&d, &g);
        struct sheltered s = shelter(key, TOKEN_REQUEST);
        struct token_open t CLEANUP(token_open_free) = {.mac_key = NULL};
        assert_int_equal(token_find(&d.w, &s, &t), ERR_OK);
        assert_int_equal(t.grant.role, role);
        assert_true(t.grant.may_replace);
        assert_int_equal(t.grant.is_lost, g.is_lost);
        if (role == TOKEN_OFFICER) {
            assert_true(name_equal(&t.grant.officer.staff, &g.officer.staff));
            assert_true(name_equal(&t.grant.officer.person, &g.officer.person));
            assert_true(agency_id_equal(&t.grant.officer.agency, &g.oin));
            assert_int_equal(t.grant.officer.functions, g.officer.functions);
        } else {
            assert_same_member(&t.grant.member, &g.member);
            assert_true(bytes_equal(t.grant.log_origin, g.log_origin));
        }
        desk_free(&d);
    }
}

static void a_token_is_found_by_its_mac_until_its_end(void **state)
{
    (void)state;
    struct desk d;
    desk_new(&d);
    struct token_grant g = grant(TOKEN_AGENCY, '2');
    struct secret *key CLEANUP(cleanup_secret_free) = make(&d, &g);
    struct sheltered s = shelter(key, TOKEN_REQUEST);
    struct sheltered answer = shelter(key, TOKEN_ANSWER);
    struct token_open t CLEANUP(token_open_free) = {.mac_key = NULL};
    assert_int_equal(token_find(&d.w, &s, &t), ERR_OK);
    assert_true(agency_id_equal(&t.grant.oin, &g.oin));
    assert_int_equal(t.grant.role, TOKEN_AGENCY);
    assert_same_member(&t.grant.member, &g.member);
    assert_false(t.grant.may_replace || t.grant.is_lost);
    assert_true(secret_equal(t.mac_key, key));
    assert_int_equal(token_find(&d.w, &answer, &t), ERR_SIGNATURE);
    struct sheltered added = s;
    added.proof = bytes_str("a proof of somebody else");
    assert_int_equal(token_find(&d.w, &added, &t), ERR_SIGNATURE);
    d.w.now_s = g.ends_at - 1;
    token_open_free(&t);
    assert_int_equal(token_find(&d.w, &s, &t), ERR_OK);
    assert_false(journal_has(&d, JOURNAL_TOKEN_ENDED, '2'));
    d.w.now_s = g.ends_at;
    assert_true(file_exists(t.path));
    assert_int_equal(token_find(&d.w, &s, &t), ERR_SIGNATURE);
    assert_false(file_exists(t.path)); /* erased, not only refused */
    assert_true(journal_has(&d, JOURNAL_TOKEN_ENDED, '2'));
    desk_free(&d);
}

/* Its MAC key goes with the daily roster, whether anybody enrols or not; no dry run takes anything away. */
static void an_ended_token_goes_with_the_sweep(void **state)
{
    (void)state;
    struct desk d;
    desk_new(&d);
    struct token_grant ended = grant(TOKEN_AGENCY, '2');
    struct token_grant open = grant(TOKEN_AGENCY, '3');
    open.ends_at = NOW + 14 * DAY_S;
    secret_free(make(&d, &ended));
    char path[WORK_PATH_MAX];
    snprintf(path, sizeof path, "%s/token", d.dir);
    assert_int_equal(remove(path), 0);
    struct secret *key CLEANUP(cleanup_secret_free) = make(&d, &open);
    struct sheltered s = shelter(key, TOKEN_REQUEST);
    struct token_open t CLEANUP(token_open_free) = {.mac_key = NULL};
    snprintf(path, sizeof path, "%s/tokens/00000099000000000002-000.token", d.dir);
    d.w.now_s = ended.ends_at;
    d.o.dry_run = true;
    assert_int_equal(token_find(&d.w, &s, &t), ERR_OK);
    assert_true(file_exists(path));
    assert_false(journal_has(&d, JOURNAL_TOKEN_ENDED, '2'));
    d.o.dry_run = false;
    assert_int_equal(token_sweep(&d.w), ERR_OK);
    assert_false(file_exists(path));
    assert_true(journal_has(&d, JOURNAL_TOKEN_ENDED, '2'));
    assert_false(journal_has(&d, JOURNAL_TOKEN_ENDED, '3'));
    token_open_free(&t);
    assert_int_equal(token_find(&d.w, &s, &t), ERR_OK);
    desk_free(&d);
}

/* Neither the token nor what follows from it lies open at the registrar. */
static void the_registrar_keeps_no_token(void **state)
{
    (void)state;
    struct desk d;
    desk_new(&d);
    struct token_grant g = grant(TOKEN_AGENCY, '2');
    struct secret *key CLEANUP(cleanup_secret_free) = make(&d, &g);
    struct bytes token = {NULL, 0};
    struct bytes record = {NULL, 0};
    uint8_t raw[32];
    assert_int_equal(work_read_in(&d.w, "token", 128, &token), ERR_OK);
    assert_int_equal(work_read_in(&d.w, "tokens/00000099000000000002-000.token", 4096, &record), ERR_OK);
    assert_int_equal(text_get_hex(bytes_of(token.ptr, 64), raw, sizeof raw), ERR_OK);
    assert_null(memmem(record.ptr, record.len, raw, sizeof raw));
    assert_null(memmem(record.ptr, record.len, token.ptr, 64));
    assert_null(memmem(record.ptr, record.len, "riec", 4));
    /* A record that is put in another's place does not open. */
    assert_int_equal(work_write_in(&d.w, "tokens/00000099000000000003-000.token", record, 0600), ERR_OK);
    struct sheltered s = shelter(key, TOKEN_REQUEST);
    struct token_open t CLEANUP(token_open_free) = {.mac_key = NULL};
    assert_int_equal(token_find(&d.w, &s, &t), ERR_SIGNATURE);
    assert_non_null(strstr(d.w.why.text, "not a token record"));
    desk_free(&d);
}

/* What a request asks for that its token is not for, and what is said of it. */
static void nothing(struct enrol_request *r) { (void)r; }
static void other_oin(struct enrol_request *r) { r->member.id = oin('3'); r->officer.agency = oin('3'); }
static void as_broker(struct enrol_request *r) { r->member.kind = MEMBER_BROKER; }
static void as_agency(struct enrol_request *r) { r->member.kind = MEMBER_AGENCY; r->subject = ENROL_MEMBER; }
static void as_officer(struct enrol_request *r) { r->subject = ENROL_OFFICER; r->officer.agency = oin('2'); }
static void other_name(struct enrol_request *r) { r->member.name = bytes_str("Agenc"); }
static void other_host(struct enrol_request *r) { r->member.host = oin('2'); }
static void less_controllers(struct enrol_request *r) { r->member.controller_count = 1; }
static void other_regime(struct enrol_request *r) { r->member.regime = REGIME_AVG; }
static void more_population(struct enrol_request *r) { r->member.population++; }
static void more_churn(struct enrol_request *r) { r->member.churn++; }
static void other_endpoint(struct enrol_request *r) { r->member.endpoint = bytes_str("tcp://127.0.0.1:7401"); }
static void other_origin(struct enrol_request *r) { r->log_origin = bytes_str("sluis.example/other"); }
static void other_staff(struct enrol_request *r) { r->officer.staff = (struct name){"u.jansen"}; }
static void other_person(struct enrol_request *r) { r->officer.person = (struct name){"p2"}; }
static void one_function_more(struct enrol_request *r) { r->officer.functions |= 1 << FUNCTION_RELEASE_OFFICER; }
static void no_function(struct enrol_request *r) { r->officer.functions = 0; }

static void other_controllers(struct enrol_request *r)
{
    static const struct agency_id other[] = {{"00000099000000000002"}, {"00000099000000000008"}};
    r->member.controllers = other;
}

static void other_class(struct enrol_request *r)
{
    static const struct name other[] = {{"bank"}, {"tax"}};
    r->member.classes = (struct name_list){other, 2};
}

static void other_purpose(struct enrol_request *r)
{
    static const struct name other[] = {{"bibob"}};
    r->member.purposes = (struct name_list){other, 1};
}

static void less(struct enrol_request *r)
{
    r->member.purposes.count = 1;
    r->member.classes.count = 0;
    r->member.population = r->member.churn = 1;
}

static const struct {
    enum token_role role;
    void (*ask)(struct enrol_request *r);
    const char *says; /* NULL: allowed */
} requests[] = {
    {TOKEN_AGENCY, nothing, NULL},
    {TOKEN_AGENCY, less, NULL},
    {TOKEN_AGENCY, other_oin, "with a token of 00000099000000000002"},
    {TOKEN_AGENCY, as_broker, "as broker, made with a token for agency"},
    {TOKEN_AGENCY, as_officer, "as officer, made with a token for agency"},
    {TOKEN_AGENCY, other_name, "name Agenc, and its token is for Agency"},
    {TOKEN_AGENCY, other_host, "host 00000099000000000002, and its token is for 00000099000000000005"},
    {TOKEN_AGENCY, less_controllers, "other controllers"},
    {TOKEN_AGENCY, other_controllers, "other controllers"},
    {TOKEN_AGENCY, other_regime, "regime avg"},
    {TOKEN_AGENCY, other_class, "class tax"},
    {TOKEN_AGENCY, other_purpose, "purpose bibob"},
    {TOKEN_AGENCY, more_population, "population of 5000000001, and its token allows 5000000000"},
    {TOKEN_AGENCY, more_churn, "churn of 21"},
    {TOKEN_AGENCY, other_endpoint, "endpoint"},
    {TOKEN_BROKER, nothing, NULL},
    {TOKEN_BROKER, as_agency, "as agency, made with a token for broker"},
    {TOKEN_BROKER, other_name, "name"},
    {TOKEN_BROKER, other_host, "host"},
    {TOKEN_BROKER, other_endpoint, "endpoint tcp://127.0.0.1:7401, and its token is for tcp://127.0.0.1:7400"},
    {TOKEN_BROKER, other_origin, "origin sluis.example/other"},
    {TOKEN_OFFICER, nothing, NULL},
    {TOKEN_OFFICER, no_function, NULL},
    {TOKEN_OFFICER, other_oin, "with a token of 00000099000000000002"},
    {TOKEN_OFFICER, other_staff, "staff id u.jansen, and its token is for a.jansen"},
    {TOKEN_OFFICER, other_person, "person p2, and its token is for p1"},
    {TOKEN_OFFICER, one_function_more, "function release_officer"},
};

static void more_than_a_token_allows_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        struct token_grant g = grant(requests[i].role, '2');
        struct enrol_request r = {.subject = requests[i].role == TOKEN_OFFICER ? ENROL_OFFICER : ENROL_MEMBER,
                                  .member = g.member,
                                  .officer = g.officer,
                                  .log_origin = g.log_origin};
        struct errmsg why = {""};
        requests[i].ask(&r);
        enum err e = token_allows(&g, &r, &why);
        if (e != (requests[i].says != NULL ? ERR_MISMATCH : ERR_OK))
            fail_msg("request %zu: %s %s", i, err_text(e), why.text);
        if (requests[i].says != NULL && strstr(why.text, requests[i].says) == NULL)
            fail_msg("request %zu: '%s' does not say '%s'", i, why.text, requests[i].says);
    }
}

/* Whose place a request takes: nobody's; with leave; or its own, of an approval that was stopped. */
static void a_listed_party_is_replaced_only_with_leave(void **state)
{
    (void)state;
    struct token_open t = {.grant = grant(TOKEN_AGENCY, '2')};
    struct roster_member listed = t.grant.member;
    listed.curve.b[0] = 7;
    const struct roster in = {.members = &listed, .member_count = 1};
    const struct roster empty = {.serial = 1};
    struct enrol_request r = {.subject = ENROL_MEMBER, .member = t.grant.member};
    struct errmsg why = {""};
    r.member.curve.b[0] = 8;
    assert_int_equal(token_may_take_place(&t, &r, &empty, &why), ERR_OK);
    assert_int_equal(token_may_take_place(&t, &r, &in, &why), ERR_EXISTS);
    assert_non_null(strstr(why.text, "--replace"));
    t.is_bound = true;
    assert_int_equal(token_may_take_place(&t, &r, &in, &why), ERR_EXISTS);
    r.member.curve = listed.curve;
    assert_int_equal(token_may_take_place(&t, &r, &in, &why), ERR_OK);
    t.is_bound = false;
    assert_int_equal(token_may_take_place(&t, &r, &in, &why), ERR_EXISTS);
    t.grant.may_replace = true;
    assert_int_equal(token_may_take_place(&t, &r, &in, &why), ERR_OK);
}

static enum err take_line(void *arg, const struct journal_line *l)
{
    struct journal_line *want = arg;
    assert_int_equal(l->act, want->act);
    assert_int_equal(l->at_s, NOW);
    assert_int_equal(l->until, want->until);
    assert_true(digest_equal(l->fingerprint, want->fingerprint));
    assert_true(digest_equal(l->lineage, want->lineage));
    assert_string_equal(l->detail, want->detail);
    want->act = JOURNAL_NONE;
    return ERR_OK;
}

static void a_journal_gives_back_what_was_noted(void **state)
{
    (void)state;
    struct desk d;
    desk_new(&d);
    struct digest f = {{1}};
    struct digest first = {{2}};
    struct journal_line l = {.act = JOURNAL_REJECTED,
                             .oin = oin('4'),
                             .what = "request",
                             .fingerprint = &f,
                             .lineage = &first,
                             .until = NOW + DAY_S,
                             .detail = "a\treason\nof two lines"};
    assert_int_equal(journal_add(&d.w, &l), ERR_OK);
    l.detail = "a reason of two lines"; /* one line stays one line */
    assert_int_equal(journal_each(&d.w, take_line, &l), ERR_OK);
    assert_int_equal(l.act, JOURNAL_NONE);
    assert_int_equal(work_write_in(&d.w, "journal", bytes_str("no line\n"), 0600), ERR_OK);
    assert_int_equal(journal_each(&d.w, take_line, &l), ERR_INVALID);
    assert_non_null(strstr(d.w.why.text, "journal:1:"));
    desk_free(&d);
}

static bool has_copy(struct desk *d, const struct fix_party *p)
{
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    return issue_find(&d->w, cert_fingerprint(p->cert), &c) == ERR_OK;
}

/* What counts for anybody, and what a list of revoked certificates may have to name, stays. */
static void copies_of_what_ended_and_stands_nowhere_go(void **state)
{
    (void)state;
    enum { CURRENT, FORMER, REVOKED, ENDED, LIVES, COUNT };
    struct desk d;
    struct fix_pki f;
    struct fix_party p[COUNT];
    desk_new(&d);
    fix_new(&f);
    for (int i = 0; i < COUNT; i++) {
        struct ca_request r = fix_request(CERT_SIGNING, '2', "leaf");
        r.not_after -= i == LIVES ? 0 : FIX_DAY;
        p[i] = fix_issue(&f.issuer, &r);
        assert_int_equal(issue_keep(&d.w, p[i].cert, cert_fingerprint(p[i].cert)), ERR_OK);
    }
    const struct roster_former former = {.cert = {cert_der(p[FORMER].cert), *cert_fingerprint(p[FORMER].cert)}};
    const struct roster_member m = {.id = oin('2'),
                                    .signing = {cert_der(p[CURRENT].cert), *cert_fingerprint(p[CURRENT].cert)},
                                    .former = {&former, 1}};
    const struct roster r = {
        .members = &m, .member_count = 1, .revoked = cert_fingerprint(p[REVOKED].cert), .revoked_count = 1};
    assert_int_equal(issued_prune(&d.w, &r), ERR_OK);
    assert_true(has_copy(&d, &p[ENDED])); /* it counts to its last second */
    d.w.now_s = NOW + 29 * DAY_S + 1;
    assert_int_equal(issued_prune(&d.w, &r), ERR_OK);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(has_copy(&d, &p[i]), i != ENDED);
        fix_party_free(&p[i]);
    }
    fix_free(&f);
    desk_free(&d);
}

struct line_wanted {
    const struct digest *of;
    struct digest lineage;
    size_t count;
};

static enum err find_line(void *arg, const struct journal_line *l)
{
    struct line_wanted *want = arg;
    if (l->act != JOURNAL_ISSUED || !digest_equal(l->fingerprint, want->of))
        return ERR_OK;
    want->lineage = *l->lineage;
    want->count++;
    return ERR_OK;
}

/* The line of a key goes on from the certificate that is known, though the first one of the line is listed no more. */
static void what_was_issued_since_the_copy_continues_its_line(void **state)
{
    (void)state;
    struct desk d;
    struct fix_pki f;
    desk_new(&d);
    fix_new(&f);
    struct fix_party known = fix_leaf(&f, CERT_SIGNING, '2');
    struct fix_party later = fix_leaf(&f, CERT_SIGNING, '2');
    struct fix_party other = fix_leaf(&f, CERT_SEALING, '2');
    const struct digest first = {{9}};
    const struct roster_former former = {.cert = {cert_der(known.cert), *cert_fingerprint(known.cert)}};
    const struct roster_member m = {.id = oin('2'),
                                    .signing = {cert_der(later.cert), *cert_fingerprint(later.cert)},
                                    .sealing = {cert_der(other.cert), *cert_fingerprint(other.cert)},
                                    .former = {&former, 1}};
    const struct roster r = {.members = &m, .member_count = 1};
    struct line_wanted of_later = {.of = cert_fingerprint(later.cert)};
    struct line_wanted of_other = {.of = cert_fingerprint(other.cert)};
    assert_int_equal(issue_keep(&d.w, known.cert, &first), ERR_OK);
    assert_int_equal(issued_take_over(&d.w, &r), ERR_OK);
    assert_int_equal(issued_take_over(&d.w, &r), ERR_OK); /* adds nothing */
    assert_int_equal(journal_each(&d.w, find_line, &of_later), ERR_OK);
    assert_int_equal(journal_each(&d.w, find_line, &of_other), ERR_OK);
    assert_true(of_later.count == 1 && digest_equal(&of_later.lineage, &first));
    assert_true(of_other.count == 1 && digest_equal(&of_other.lineage, cert_fingerprint(other.cert)));
    assert_true(has_copy(&d, &later) && has_copy(&d, &other));
    fix_party_free(&known);
    fix_party_free(&later);
    fix_party_free(&other);
    fix_free(&f);
    desk_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_found_by_its_mac_until_its_end),
        cmocka_unit_test(an_ended_token_goes_with_the_sweep),
        cmocka_unit_test(the_registrar_keeps_no_token),
        cmocka_unit_test(a_grant_comes_back_as_it_was_given),
        cmocka_unit_test(more_than_a_token_allows_is_refused),
        cmocka_unit_test(a_listed_party_is_replaced_only_with_leave),
        cmocka_unit_test(a_journal_gives_back_what_was_noted),
        cmocka_unit_test(copies_of_what_ended_and_stands_nowhere_go),
        cmocka_unit_test(what_was_issued_since_the_copy_continues_its_line),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
