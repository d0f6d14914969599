/* Standing requests: their rows, when one is due, and what stands in for somebody protected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/ask/standing_cover.h"
#include "agent/ask/standing_due.h"
#include "proto/host/kv_write.h"
#include "proto/policy/minor.h"
#include "tests/support/storage_ring.h"

#define DAY INT64_C(86400)
#define ASKED INT64_C(1770000000)

static struct {
    char dir[64];
    char path[80];
    struct storage_keys *keys;
    struct store *store;
    struct kv_txn *txn;
    struct arena *arena;
} it;

static int set_up(void **state)
{
    (void)state;
    struct agency_id agency;
    enum err heap = secret_init();
    assert_true(heap == ERR_OK || heap == ERR_PERMISSION);
    snprintf(it.dir, sizeof it.dir, "/tmp/sluis-standing-XXXXXX");
    assert_non_null(mkdtemp(it.dir));
    snprintf(it.path, sizeof it.path, "%s/store", it.dir);
    it.keys = storage_ring_of(NULL);
    it.arena = arena_new(8 * STANDING_WORDS_MAX);
    assert_int_equal(agency_id_parse(bytes_str("00000099000000002000"), &agency), ERR_OK);
    const struct store_params p = {.dir = it.path, .map_bytes = 32u << 20, .keys = it.keys, .agency = &agency};
    assert_int_equal(agent_store_open(&p, &it.store, NULL), ERR_OK);
    assert_int_equal(kv_write_begin(store_kv(it.store), &it.txn), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char path[160];
    static const char *const names[] = {"store/data.mdb", "store/lock.mdb", "store", ""};
    kv_write_abort(it.txn);
    agent_store_free(it.store);
    arena_free(it.arena);
    storage_keys_free(it.keys);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", it.dir, names[i]);
        (void)!remove(path);
    }
    return 0;
}

/* Asked in one epoch, closes after a day, every seven days for thirty. */
static struct standing_row row_of(uint8_t n)
{
    return (struct standing_row){.id = {{n, 1}},
                                 .case_id = {{n, 2}},
                                 .rule = {"riec.casus.verstrekking"},
                                 .rule_version = 3,
                                 .purpose = {"riec-casus"},
                                 .begun_by = {"r.visser"},
                                 .asked_by = {"r.bakker"},
                                 .label = bytes_str("dossier 12"),
                                 .begun_s = ASKED - DAY,
                                 .until_s = ASKED + 30 * DAY,
                                 .every_days = 7,
                                 .askings = 2,
                                 .request = {{n, 3}},
                                 .asked_s = ASKED,
                                 .deadline_s = ASKED + DAY,
                                 .epochs = {1},
                                 .epoch_count = 1};
}

static void a_row_comes_back_as_it_was_put(void **state)
{
    (void)state;
    struct standing_row k = row_of(7);
    struct standing_row back = {.askings = 0};
    k.refused[0] = 2;
    k.refused_count = 1;
    assert_int_equal(standing_row_put(it.store, it.txn, &k), ERR_OK);
    assert_int_equal(standing_row_find(it.store, it.txn, bytes_str("0701"), it.arena, &back, NULL), ERR_OK);
    assert_true(bytes_equal(back.label, k.label));
    back.label = k.label;
    assert_memory_equal(&back, &k, sizeof k);
    assert_int_equal(standing_row_get(it.store, it.txn, &(struct standing_id){{8}}, it.arena, &back), ERR_NOT_FOUND);
}

static void a_damaged_row_is_refused(void **state)
{
    (void)state;
    const struct standing_row k = row_of(7);
    struct bytes plain;
    struct standing_row back;
    assert_int_equal(standing_row_put(it.store, it.txn, &k), ERR_OK);
    assert_int_equal(store_get(it.store, it.txn, STORE_STANDING, BYTES_OF_ARRAY(k.id.b), it.arena, &plain), ERR_OK);
    assert_int_equal(standing_row_decode(plain, &back), ERR_OK);
    for (size_t n = 0; n < plain.len; n++)
        assert_int_not_equal(standing_row_decode(bytes_of(plain.ptr, n), &back), ERR_OK);
    uint8_t *copy = arena_alloc(it.arena, plain.len + 1);
    memcpy(copy, plain.ptr, plain.len);
    assert_int_not_equal(standing_row_decode(bytes_of(copy, plain.len + 1), &back), ERR_OK);
    copy[3] = 9;
    assert_int_equal(standing_row_decode(bytes_of(copy, plain.len), &back), ERR_VERSION);
}

/* ---- words ---- */

static struct norm_ident identifiers[2] = {{.type = IDENT_BSN, .len = 9, .value = "999990019"},
                                           {.type = IDENT_KVK, .len = 8, .value = "90000001"}};

static struct standing_words words_of(struct standing_mark *marks, struct agency_id *holder)
{
    static struct name fields[] = {{"ingangsdatum"}, {"soort_uitkering"}};
    assert_int_equal(agency_id_parse(bytes_str("00000099000000005000"), holder), ERR_OK);
    memset(marks, 0, 2 * sizeof *marks);
    marks[0] = (struct standing_mark){1, {{1}}, {{2}}, {{3}}};
    marks[1] = (struct standing_mark){2, {{4}}, {{5}}, {{6}}};
    return (struct standing_words){.on_behalf_of = *holder,
                                   .holders = holder,
                                   .holder_count = 1,
                                   .fields = {fields, 2},
                                   .term_s = 300,
                                   .subject = {.necessity = bytes_str("n"),
                                               .proportionality = bytes_str("p"),
                                               .subsidiarity = bytes_str("s"),
                                               .concrete_signal = bytes_str("c"),
                                               .aim = {"protective"},
                                               .control_name = bytes_str("Pieter Jansen"),
                                               .control_birth_date = bytes_str("1980-01-01"),
                                               .identifiers = identifiers,
                                               .identifier_count = 2},
                                   .marks = marks};
}

static void words_come_back_as_they_were_put(void **state)
{
    (void)state;
    const struct standing_id id = {{7}};
    struct standing_mark marks[2];
    struct agency_id holder;
    const struct standing_words w = words_of(marks, &holder);
    struct standing_words back;
    assert_int_equal(standing_words_put(it.store, it.txn, &id, &w), ERR_OK);
    assert_int_equal(standing_words_get(it.store, it.txn, &id, it.arena, &back), ERR_OK);
    assert_int_equal(back.holder_count, 1);
    assert_true(agency_id_equal(&back.holders[0], &holder));
    assert_int_equal(back.fields.count, 2);
    assert_string_equal(back.fields.v[1].s, "soort_uitkering");
    assert_int_equal(back.term_s, 300);
    assert_true(bytes_is(back.subject.necessity, "n"));
    assert_true(bytes_is(back.subject.concrete_signal, "c"));
    assert_true(bytes_is(back.subject.control_birth_date, "1980-01-01"));
    assert_string_equal(back.subject.aim.s, "protective");
    assert_string_equal(back.subject.phenomenon.s, "");
    assert_int_equal(back.subject.identifier_count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(ident_equal(&back.subject.identifiers[i], &identifiers[i]));
    assert_memory_equal(back.marks, marks, sizeof marks);
}

static size_t size_of_words(const struct standing_id *id)
{
    struct bytes sealed;
    assert_int_equal(kv_get(it.txn, store_kv_table(it.store, STORE_STANDING_WORDS), BYTES_OF_ARRAY(id->b), &sealed), ERR_OK);
    return sealed.len;
}

/* The size of a row lies open, also to who has no key. */
static void words_are_as_long_when_they_are_covered(void **state)
{
    (void)state;
    const struct standing_id id = {{7}};
    struct standing_mark marks[2];
    struct agency_id holder;
    struct standing_words back;
    struct standing_words w = words_of(marks, &holder);
    struct norm_ident own[2] = {identifiers[0], identifiers[1]};
    w.subject.identifiers = own;
    assert_int_equal(standing_words_put(it.store, it.txn, &id, &w), ERR_OK);
    const size_t before = size_of_words(&id);
    assert_int_equal(subject_cover(&w.subject, it.arena), ERR_OK);
    assert_int_not_equal(own[0].len, identifiers[0].len);
    assert_int_equal(standing_words_put(it.store, it.txn, &id, &w), ERR_OK);
    assert_int_equal(size_of_words(&id), before);
    assert_int_equal(standing_words_get(it.store, it.txn, &id, it.arena, &back), ERR_OK);
    assert_true(ident_equal(&back.subject.identifiers[0], &own[0]));
    own[0].len = IDENT_MAX;
    memset(own[0].value, 0xff, IDENT_MAX);
    assert_int_equal(standing_words_put(it.store, it.txn, &id, &w), ERR_OK);
    assert_int_equal(size_of_words(&id), before);
    assert_int_equal(standing_words_get(it.store, it.txn, &id, it.arena, &back), ERR_OK);
    assert_true(ident_equal(&back.subject.identifiers[0], &own[0]));
}

/* What fills a field up says nothing: it is zero. */
static void a_field_is_filled_up_with_zeros(void **state)
{
    (void)state;
    const struct standing_id id = {{7}};
    struct standing_mark marks[2];
    struct agency_id holder;
    const struct standing_words w = words_of(marks, &holder);
    struct standing_words back;
    struct bytes plain;
    assert_int_equal(standing_words_put(it.store, it.txn, &id, &w), ERR_OK);
    assert_int_equal(store_get(it.store, it.txn, STORE_STANDING_WORDS, BYTES_OF_ARRAY(id.b), it.arena, &plain), ERR_OK);
    const uint8_t *value = memmem(plain.ptr, plain.len, identifiers[0].value, identifiers[0].len);
    uint8_t *copy = arena_alloc(it.arena, plain.len);
    assert_non_null(value);
    memcpy(copy, plain.ptr, plain.len);
    copy[(size_t)(value - plain.ptr) + identifiers[0].len] = 1;
    assert_int_equal(store_put(it.store, it.txn, STORE_STANDING_WORDS, BYTES_OF_ARRAY(id.b), bytes_of(copy, plain.len)),
                     ERR_OK);
    assert_int_equal(standing_words_get(it.store, it.txn, &id, it.arena, &back), ERR_INVALID);
}

static void damaged_words_are_refused(void **state)
{
    (void)state;
    const struct standing_id id = {{7}};
    struct standing_mark marks[2];
    struct agency_id holder;
    const struct standing_words w = words_of(marks, &holder);
    struct standing_words back;
    struct bytes plain;
    assert_int_equal(standing_words_put(it.store, it.txn, &id, &w), ERR_OK);
    assert_int_equal(store_get(it.store, it.txn, STORE_STANDING_WORDS, BYTES_OF_ARRAY(id.b), it.arena, &plain), ERR_OK);
    for (size_t n = 0; n < plain.len; n++) {
        assert_int_equal(store_put(it.store, it.txn, STORE_STANDING_WORDS, BYTES_OF_ARRAY(id.b), bytes_of(plain.ptr, n)),
                         ERR_OK);
        assert_int_not_equal(standing_words_get(it.store, it.txn, &id, it.arena, &back), ERR_OK);
    }
}

static void there_is_a_most(void **state)
{
    (void)state;
    struct errmsg why = {""};
    for (unsigned i = 0; i < STANDING_MAX; i++) {
        struct standing_row k = row_of(0);
        k.id.b[2] = (uint8_t)(i >> 8);
        k.id.b[3] = (uint8_t)i;
        assert_int_equal(standing_row_room(it.store, it.txn, &why), ERR_OK);
        assert_int_equal(standing_row_put(it.store, it.txn, &k), ERR_OK);
    }
    assert_int_equal(standing_row_room(it.store, it.txn, &why), ERR_LIMIT);
    assert_non_null(strstr(why.text, "4096"));
}

/* ---- when ---- */

static void it_is_due_after_its_days_and_its_deadline(void **state)
{
    (void)state;
    static const struct {
        int64_t deadline_s;
        int64_t next_s;
    } cases[] = {{ASKED + DAY, ASKED + 7 * DAY},
                 {ASKED + 9 * DAY, ASKED + 9 * DAY + 1},
                 {ASKED + 30 * DAY, STANDING_NEVER}};
    const uint32_t same[] = {1};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct standing_row k = row_of(1);
        k.deadline_s = cases[i].deadline_s;
        const int64_t next_s = standing_next_s(&k);
        assert_true(next_s == cases[i].next_s);
        assert_int_equal(standing_due_now(&k, same, 1, ASKED + 6 * DAY), STANDING_NOT_DUE);
        if (next_s == STANDING_NEVER)
            continue;
        assert_int_equal(standing_due_now(&k, same, 1, next_s - 1), STANDING_NOT_DUE);
        assert_int_equal(standing_due_now(&k, same, 1, next_s), STANDING_TERM);
        assert_int_equal(standing_due_now(&k, same, 1, k.until_s), STANDING_TERM);
        assert_int_equal(standing_due_now(&k, same, 1, k.until_s + 1), STANDING_NOT_DUE);
    }
}

static void another_epoch_makes_it_due_at_once(void **state)
{
    (void)state;
    static const struct {
        uint32_t asked[2];
        size_t asked_count;
        uint32_t now[2];
        size_t now_count;
        uint32_t found;
    } cases[] = {
        {{1}, 1, {1}, 1, 0},       /* the same */
        {{1}, 1, {1, 2}, 2, 2},    /* a newer one beside it */
        {{1, 2}, 2, {1, 2}, 2, 0}, /* it went in both */
        {{1, 2}, 2, {2}, 1, 0},    /* the older one ended: what goes on has it */
        {{1, 2}, 2, {1}, 1, 0},    /* the newer one was compromised */
        {{1}, 1, {2}, 1, 2},       /* the last was compromised or retired */
        {{2}, 1, {1, 2}, 2, 1},    /* a key of then was missing */
        {{1}, 1, {0}, 0, 0},       /* there is none to ask in */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct standing_row k = row_of(1);
        memcpy(k.epochs, cases[i].asked, sizeof k.epochs);
        k.epoch_count = cases[i].asked_count;
        assert_int_equal(standing_new_epoch(&k, cases[i].now, cases[i].now_count), cases[i].found);
        assert_int_equal(standing_due_now(&k, cases[i].now, cases[i].now_count, ASKED + 1),
                         cases[i].found != 0 ? STANDING_EPOCH : STANDING_NOT_DUE);
        assert_int_equal(standing_due_now(&k, cases[i].now, cases[i].now_count, ASKED + 8 * DAY),
                         cases[i].found != 0 ? STANDING_EPOCH : STANDING_TERM);
        assert_int_equal(standing_due_now(&k, cases[i].now, cases[i].now_count, k.until_s + 1), STANDING_NOT_DUE);
    }
}

/* ---- what stands in for somebody protected ---- */

/* Whether somebody is a minor is a fact of its own: it is the same for the stand-in, on every day until the end. */
static void a_stand_in_is_as_old(void **state)
{
    (void)state;
    static const char *const dates[] = {"1980-01-01", "2009-12-31", "2008-03-01", "2023-05-05", "2024-02-29", "1900-01-01", ""};
    struct arena *a = arena_new(1u << 20);
    for (size_t i = 0; i < ARRAY_LEN(dates); i++)
        for (int n = 0; n < 200; n++) {
            const struct standing_times t = {ASKED, ASKED + 365 * DAY};
            struct bytes out;
            assert_int_equal(standing_birth_date(bytes_str(dates[i]), &t, a, &out), ERR_OK);
            assert_int_equal(out.len, strlen(dates[i]));
            for (int64_t at = t.now_s; at <= t.until_s; at += 73 * DAY) {
                const struct fact_bool is = minor_of(bytes_str(dates[i]), at);
                const struct fact_bool of = minor_of(out, at);
                assert_true(is.by == of.by && is.v == of.v);
            }
        }
    arena_free(a);
}

/* A text that is covered has as many characters, in as many bytes, and is UTF-8. */
static void a_covered_text_is_as_long(void **state)
{
    (void)state;
    static const char text[] = "caf\xc3\xa9 \xe2\x82\xac 12 \xf0\x9f\x98\x80!";
    struct arena *a = arena_new(1u << 20);
    for (int n = 0; n < 100; n++) {
        struct norm_ident id = {.type = IDENT_BSN, .len = 9, .value = "999990019"};
        struct subject s = {.necessity = bytes_str(text), .identifiers = &id, .identifier_count = 1};
        assert_int_equal(subject_cover(&s, a), ERR_OK);
        assert_int_equal(s.necessity.len, strlen(text));
        assert_true(bytes_is_utf8(s.necessity));
        size_t is = 0;
        size_t was = 0;
        for (size_t i = 0; i < s.necessity.len; i++) {
            is += (s.necessity.ptr[i] & 0xc0) != 0x80;
            was += ((uint8_t)text[i] & 0xc0) != 0x80;
        }
        assert_int_equal(is, was);
        assert_null(memmem(s.necessity.ptr, s.necessity.len, "12", 2));
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_row_comes_back_as_it_was_put, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_row_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(words_come_back_as_they_were_put, set_up, tear_down),
        cmocka_unit_test_setup_teardown(words_are_as_long_when_they_are_covered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_field_is_filled_up_with_zeros, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damaged_words_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(there_is_a_most, set_up, tear_down),
        cmocka_unit_test(it_is_due_after_its_days_and_its_deadline),
        cmocka_unit_test(another_epoch_makes_it_due_at_once),
        cmocka_unit_test(a_stand_in_is_as_old),
        cmocka_unit_test(a_covered_text_is_as_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
