/* proto/msg/roster: the logs of the broker that ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/msg/trust_sample.h"

static struct bytes encoded(const struct roster *r, struct buf *out)
{
    struct errmsg why = {""};
    if (roster_encode(r, out, &why) != ERR_OK)
        fail_msg("encode: %s", why.text);
    return buf_bytes(out);
}

static void a_roster_with_logs_that_ended_is_read_back(void **state)
{
    (void)state;
    struct sample_roster s;
    sample_roster_fill(&s);
    sample_broker_moved(&s);
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    struct buf again CLEANUP(buf_free) = buf_new(1 << 16);
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 18);
    struct roster r;
    assert_int_equal(roster_decode(encoded(&s.r, &doc), sample_hash, a, &r, NULL), ERR_OK);
    assert_true(bytes_equal(encoded(&r, &again), buf_bytes(&doc)));
    const struct roster_former_origin *f = roster_former_origin_of(&r, bytes_str("old.example"));
    assert_ptr_equal(f, &r.former_origins[1]);
    assert_int_equal(f->key_count, 2);
    assert_true(bytes_equal(f->keys[1], s.origin_keys[1]));
    assert_int_equal(f->size, 4096);
    assert_true(digest_equal(&f->root, &s.former_origins[1].root));
    assert_true(bytes_equal(f->head, s.former_origins[1].head));
    assert_null(roster_former_origin_of(&r, r.log_origin));
}

typedef void (*spoil_fn)(struct sample_roster *s);

#define SPOIL(name, statement)                                                                     \
    static void name(struct sample_roster *s)                                                      \
    {                                                                                              \
        statement;                                                                                 \
    }
SPOIL(origin_is_the_log_of_now, s->former_origins[0].origin = s->r.log_origin)
SPOIL(origin_twice, s->former_origins[1].origin = s->former_origins[0].origin)
SPOIL(origin_without_name, s->former_origins[0].origin.len = 0)
SPOIL(origin_without_key, s->former_origins[0].key_count = 0)
SPOIL(origin_without_size, s->former_origins[0].size = 0)
SPOIL(origin_without_head, s->former_origins[0].head.len = 0)

static void each_rule_refuses_when_it_is_broken(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        spoil_fn spoil;
        enum err want;
    } cases[] = {
        {"origin_is_the_log_of_now", origin_is_the_log_of_now, ERR_DUPLICATE},
        {"origin_twice", origin_twice, ERR_DUPLICATE},
        {"origin_without_name", origin_without_name, ERR_INVALID},
        {"origin_without_key", origin_without_key, ERR_INVALID},
        {"origin_without_size", origin_without_size, ERR_INVALID},
        {"origin_without_head", origin_without_head, ERR_INVALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sample_roster s;
        struct errmsg why = {""};
        struct buf out CLEANUP(buf_free) = buf_new(1 << 16);
        sample_roster_fill(&s);
        sample_broker_moved(&s);
        cases[i].spoil(&s);
        const enum err e = roster_encode(&s.r, &out, &why);
        if (e != cases[i].want)
            fail_msg("%s: got %d (%s), want %d", cases[i].name, e, why.text, cases[i].want);
        assert_true(why.text[0] != '\0');
    }
}

/* One more than the cap, of origins and of keys; and a head over its size. */
static void more_of_logs_that_ended_than_the_caps_is_refused(void **state)
{
    (void)state;
    static char names[ROSTER_MAX_FORMER_ORIGINS + 1][16];
    struct roster_former_origin many[ROSTER_MAX_FORMER_ORIGINS + 1];
    struct bytes keys[ROSTER_MAX_ORIGIN_KEYS + 1];
    static char head[ROSTER_MAX_HEAD_BYTES + 1];
    struct sample_roster s;
    sample_roster_fill(&s);
    sample_broker_moved(&s);
    memset(head, 'h', sizeof head);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        keys[i] = s.origin_keys[0];
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        snprintf(names[i], sizeof names[i], "log-%zu", i);
        many[i] = s.former_origins[0];
        many[i].origin = bytes_str(names[i]);
    }
    const struct {
        struct roster_former_origin list[1];
        size_t count;
        enum err want;
    } cases[] = {
        {{many[0]}, ROSTER_MAX_FORMER_ORIGINS, ERR_OK},
        {{many[0]}, ROSTER_MAX_FORMER_ORIGINS + 1, ERR_TOO_LARGE},
        {{{many[0].origin, keys, ROSTER_MAX_ORIGIN_KEYS, 1, {{1}}, bytes_of(head, ROSTER_MAX_HEAD_BYTES)}}, 1, ERR_OK},
        {{{many[0].origin, keys, ROSTER_MAX_ORIGIN_KEYS + 1, 1, {{1}}, bytes_of(head, 8)}}, 1, ERR_TOO_LARGE},
        {{{many[0].origin, keys, 1, 1, {{1}}, bytes_of(head, sizeof head)}}, 1, ERR_TOO_LARGE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
        struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 18);
        struct errmsg why = {""};
        struct roster r;
        s.r.former_origins = cases[i].count == 1 ? cases[i].list : many;
        s.r.former_origin_count = cases[i].count;
        assert_int_equal(roster_decode(encoded(&s.r, &doc), sample_hash, a, &r, &why), cases[i].want);
    }
}

SPOIL(nothing_more, (void)s)
SPOIL(last_ends_later, s->former_origins[1].size++)
SPOIL(last_ends_earlier, s->former_origins[1].size--)
SPOIL(last_ends_otherwise, s->former_origins[1].root.b[0] ^= 1)
SPOIL(first_ends_later, s->former_origins[0].size++)
SPOIL(one_is_forgotten, s->r.former_origin_count = 1)
SPOIL(another_key, s->former_origins[1].key_count--)
SPOIL(another_log, s->r.log_origin = bytes_str("third.example"))

/* What the register forgets of logs that ended, agencies and the broker do not. */
static void a_log_that_ended_has_ended(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        spoil_fn spoil;
        enum err want;
    } cases[] = {
        {"nothing_more", nothing_more, ERR_OK},
        {"last_ends_later", last_ends_later, ERR_OK},
        {"last_ends_earlier", last_ends_earlier, ERR_BEHIND},
        {"last_ends_otherwise", last_ends_otherwise, ERR_BEHIND},
        {"first_ends_later", first_ends_later, ERR_BEHIND},
        {"one_is_forgotten", one_is_forgotten, ERR_BEHIND},
        {"another_key", another_key, ERR_BEHIND},
        {"another_log", another_log, ERR_BEHIND},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sample_roster before;
        struct sample_roster next;
        struct errmsg why = {""};
        sample_roster_fill(&before);
        sample_broker_moved(&before);
        sample_roster_fill(&next);
        sample_broker_moved(&next);
        next.r.serial = before.r.serial + 1;
        cases[i].spoil(&next);
        if (roster_follows(&before.r, &next.r, &why) != cases[i].want)
            fail_msg("%s: %s", cases[i].name, why.text);
        assert_true((why.text[0] != '\0') == (cases[i].want != ERR_OK));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_roster_with_logs_that_ended_is_read_back),
        cmocka_unit_test(each_rule_refuses_when_it_is_broken),
        cmocka_unit_test(a_log_that_ended_has_ended),
        cmocka_unit_test(more_of_logs_that_ended_than_the_caps_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
