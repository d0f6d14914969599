/* What a holder's officers release, the requester's own verification believes; and nothing of it where
 * one element is another. */
#include "tests/unit/agent/hold/world.h"

#include "agent/ask/verify.h"
#include "pki/digest.h"

/* A settlement as the broker forwards it, beside what the requester remembers of its question. */
struct trip {
    struct world w;
    struct question q;
    struct arena *arena;
    struct buf header;
    struct asked_identifier identifiers[1];
    struct asked_subject subjects[2];
    struct asked asked;
    struct asked_header open;
    struct verify v;
    struct settled settled;
    struct buf changed; /* room for a test */
};

static void remember(struct trip *t)
{
    const struct norm_ident *bsn = &t->w.record.identifiers[1].ident;
    t->header = buf_new((size_t)1 << 16);
    assert_int_equal(request_header_encode(&t->q.header, &t->header), ERR_OK);
    t->identifiers[0] = (struct asked_identifier){IDENT_BSN, ident_value(bsn)};
    for (size_t i = 0; i < 2; i++)
        t->subjects[i] = (struct asked_subject){bytes_str("x"), t->identifiers, 1};
    t->asked = (struct asked){.id = t->q.header.request_id, .subjects = t->subjects,
                              .subject_count = 2};
    t->open = (struct asked_header){.request = t->q.header.request_id,
                                    .holder = t->q.header.holder,
                                    .header = buf_bytes(&t->header), .state = ASK_OPEN};
    t->v = (struct verify){.view = t->w.view, .asked = &t->asked, .open = &t->open,
                           .self = t->w.members[P_RIEC].id, .half = t->w.half,
                           .sealing = t->w.sealing[P_RIEC].key,
                           .sealing_cert = t->w.sealing[P_RIEC].cert, .now_s = t->w.now_s};
    const struct bytes header = buf_bytes(&t->header);
    assert_int_equal(digest_sha256(&header, 1, &t->v.header_digest), ERR_OK);
}

static void trip_new(struct trip *t)
{
    static const struct decision_of first = {O_UWV_A, CONSENT_RELEASE, NULL,
                                             {"soort_uitkering", "werkgever"}};
    static const struct decision_of second = {O_UWV_B, CONSENT_RELEASE, NULL,
                                              {"soort_uitkering", "werkgever"}};
    struct settle s;
    struct errmsg why = {""};
    memset(t, 0, sizeof *t);
    world_new(&t->w);
    t->arena = arena_new((size_t)16 << 20);
    t->changed = buf_new((size_t)1 << 20);
    question_new(&t->w, &t->q);
    question_make(&t->w, &t->q);
    assert_false(world_deliver(&t->w, &hold_hit_owner, buf_bytes(&t->q.content)));
    assert_int_equal(world_decide(&t->w, 1, &first), ERR_OK);
    assert_int_equal(world_decide(&t->w, 1, &second), ERR_OK);
    assert_int_equal(t->w.sent_count, 1);
    assert_int_equal(settle_decode(buf_bytes(&t->w.sent[0]), t->arena, &s, &why), ERR_OK);
    remember(t);
    t->settled = (struct settled){.header_digest = t->v.header_digest,
                                  .consents = {s.consents[0], s.consents[1]},
                                  .consent_count = s.consent_count, .release = s.release};
}

static void trip_free(struct trip *t)
{
    buf_free(&t->header);
    buf_free(&t->changed);
    question_free(&t->q);
    arena_free(t->arena);
    world_free(&t->w);
}

static void what_the_holder_releases_the_requester_believes(void **state)
{
    (void)state;
    struct trip t;
    struct verified out;
    struct errmsg why = {""};
    trip_new(&t);
    if (verify_settled(&t.v, &t.settled, t.arena, &out, &why) != ERR_OK)
        fail_msg("%s", why.text);
    assert_int_equal(out.kind, RESULT_RELEASED);
    assert_int_equal(out.consent_count, 2);
    assert_int_equal(out.release.field_count, 2);
    assert_true(bytes_is(out.release.fields[0].value, "WW"));
    assert_int_equal(out.release.fields[1].value.len, 0);
    trip_free(&t);
}

typedef void (*spoil_fn)(struct trip *t);

/* A changed copy of bytes, in the test's own room. */
static struct bytes flipped(struct trip *t, struct bytes from, size_t at)
{
    buf_reset(&t->changed);
    buf_put(&t->changed, from);
    t->changed.ptr[at] ^= 1;
    return buf_bytes(&t->changed);
}

#define SPOIL(name, statement)                                                                     \
    static void name(struct trip *t)                                                               \
    {                                                                                              \
        statement;                                                                                 \
    }
SPOIL(other_header, t->settled.header_digest.b[0] ^= 1)
SPOIL(closed, t->open.state = ASK_CLOSED)
SPOIL(one_consent, t->settled.consent_count = 1)
SPOIL(one_consent_twice, t->settled.consents[1] = t->settled.consents[0])
SPOIL(swapped_consents, struct signed_consent c = t->settled.consents[0];
      t->settled.consents[0] = t->settled.consents[1]; t->settled.consents[1] = c)
SPOIL(consent_flipped,
      t->settled.consents[0].consent =
          flipped(t, t->settled.consents[0].consent, t->settled.consents[0].consent.len / 2))
SPOIL(signature_of_the_other, t->settled.consents[0].signature = t->settled.consents[1].signature)
SPOIL(fingerprint_of_the_other,
      t->settled.consents[0].fingerprint = t->settled.consents[1].fingerprint)
SPOIL(no_release, t->settled.release = bytes_of(NULL, 0))
SPOIL(release_flipped,
      t->settled.release = flipped(t, t->settled.release, t->settled.release.len - 20))
SPOIL(other_receiver, t->v.self = t->w.members[P_BD].id)
SPOIL(other_sealing_key, t->v.sealing = t->w.sealing[P_BD].key;
      t->v.sealing_cert = t->w.sealing[P_BD].cert)
SPOIL(other_identifier, t->identifiers[0].value = bytes_str("999990020"))
SPOIL(fewer_subjects, t->asked.subject_count = 0)
SPOIL(too_early, t->v.now_s = FIX_NOW - 1000)

static void nothing_is_believed_where_one_element_is_another(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        spoil_fn spoil;
    } cases[] = {
        {"header digest", other_header},
        {"closed request", closed},
        {"one consent", one_consent},
        {"one person twice", one_consent_twice},
        {"consents swapped", swapped_consents},
        {"a consent changed", consent_flipped},
        {"signature of the other", signature_of_the_other},
        {"fingerprint of the other", fingerprint_of_the_other},
        {"no release", no_release},
        {"release changed", release_flipped},
        {"receiver", other_receiver},
        {"sealing key", other_sealing_key},
        {"identifier", other_identifier},
        {"subject", fewer_subjects},
        {"time", too_early},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct trip t;
        struct verified out;
        struct errmsg why = {""};
        trip_new(&t);
        cases[i].spoil(&t);
        if (verify_settled(&t.v, &t.settled, t.arena, &out, &why) == ERR_OK)
            fail_msg("%s was believed", cases[i].what);
        assert_true(why.text[0] != '\0');
        trip_free(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_holder_releases_the_requester_believes),
        cmocka_unit_test(nothing_is_believed_where_one_element_is_another),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
