/* pki/cli/pki: the registrar's box of tokens and its journal. */
#include "tests/unit/pki/test_core.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pki/cli/pki/authority.h"
#include "pki/cli/pki/journal.h"
#include "pki/cli/pki/token.h"
#include "proto/base/text.h"

#define DAY_S INT64_C(86400)
#define NOW INT64_C(1795900000)

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
    if (role == TOKEN_AGENCY)
        g.purposes = (struct name_list){purposes, 2};
    if (role == TOKEN_OFFICER)
        g.functions = UINT32_C(1) << FUNCTION_CASE_WORKER;
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
    assert_int_equal(t.grant.purposes.count, 2);
    assert_string_equal(t.grant.purposes.v[1].s, "riec");
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

static const struct name one_purpose[] = {{"riec"}};
static const struct name other_purpose[] = {{"bibob"}};

/* A request that asks for more than its token allows, and what is said of it. */
static const struct {
    enum token_role role;
    struct enrol_request asks;
    const char *says; /* NULL: allowed */
} requests[] = {
    {TOKEN_AGENCY,
     {.subject = ENROL_MEMBER,
      .member = {.kind = MEMBER_AGENCY, .id = {"00000099000000000002"}, .purposes = {one_purpose, 1}}},
     NULL},
    {TOKEN_AGENCY,
     {.subject = ENROL_MEMBER, .member = {.kind = MEMBER_AGENCY, .id = {"00000099000000000002"}}},
     NULL},
    {TOKEN_AGENCY,
     {.subject = ENROL_MEMBER,
      .member = {.kind = MEMBER_AGENCY, .id = {"00000099000000000002"}, .purposes = {other_purpose, 1}}},
     "purpose bibob"},
    {TOKEN_AGENCY,
     {.subject = ENROL_MEMBER, .member = {.kind = MEMBER_AGENCY, .id = {"00000099000000000003"}}},
     "with a token of 00000099000000000002"},
    {TOKEN_AGENCY,
     {.subject = ENROL_MEMBER, .member = {.kind = MEMBER_BROKER, .id = {"00000099000000000002"}}},
     "as broker, made with a token for agency"},
    {TOKEN_AGENCY,
     {.subject = ENROL_OFFICER,
      .officer = {.agency = {"00000099000000000002"}, .functions = 1 << FUNCTION_CASE_WORKER}},
     "as officer, made with a token for agency"},
    {TOKEN_BROKER,
     {.subject = ENROL_MEMBER, .member = {.kind = MEMBER_AGENCY, .id = {"00000099000000000002"}}},
     "as agency, made with a token for broker"},
    {TOKEN_OFFICER,
     {.subject = ENROL_OFFICER,
      .officer = {.agency = {"00000099000000000002"}, .functions = 1 << FUNCTION_CASE_WORKER}},
     NULL},
    {TOKEN_OFFICER,
     {.subject = ENROL_OFFICER,
      .officer = {.agency = {"00000099000000000002"},
                  .functions = 1 << FUNCTION_CASE_WORKER | 1 << FUNCTION_RELEASE_OFFICER}},
     "function release_officer"},
    {TOKEN_OFFICER,
     {.subject = ENROL_OFFICER,
      .officer = {.agency = {"00000099000000000003"}, .functions = 1 << FUNCTION_CASE_WORKER}},
     "with a token of 00000099000000000002"},
};

static void more_than_a_token_allows_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        struct token_grant g = grant(requests[i].role, '2');
        struct errmsg why = {""};
        enum err e = token_allows(&g, &requests[i].asks, &why);
        if (e != (requests[i].says != NULL ? ERR_MISMATCH : ERR_OK))
            fail_msg("request %zu: %s %s", i, err_text(e), why.text);
        if (requests[i].says != NULL && strstr(why.text, requests[i].says) == NULL)
            fail_msg("request %zu: '%s' does not say '%s'", i, why.text, requests[i].says);
    }
}

static enum err take_line(void *arg, const struct journal_line *l)
{
    struct journal_line *out = arg;
    *out = *l;
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
    struct journal_line got = {.act = JOURNAL_NONE};
    assert_int_equal(journal_add(&d.w, &l), ERR_OK);
    assert_int_equal(journal_each(&d.w, take_line, &got), ERR_OK);
    assert_int_equal(got.act, JOURNAL_REJECTED);
    assert_int_equal(got.at_s, NOW);
    assert_int_equal(got.until, NOW + DAY_S);
    assert_true(digest_equal(got.fingerprint, &f));
    assert_true(digest_equal(got.lineage, &first));
    assert_string_equal(got.detail, "a reason of two lines"); /* one line stays one line */
    assert_int_equal(work_write_in(&d.w, "journal", bytes_str("no line\n"), 0600), ERR_OK);
    assert_int_equal(journal_each(&d.w, take_line, &got), ERR_INVALID);
    assert_non_null(strstr(d.w.why.text, "journal:1:"));
    desk_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_found_by_its_mac_until_its_end),
        cmocka_unit_test(the_registrar_keeps_no_token),
        cmocka_unit_test(more_than_a_token_allows_is_refused),
        cmocka_unit_test(a_journal_gives_back_what_was_noted),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
