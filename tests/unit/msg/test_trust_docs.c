/* The smaller documents of trust: dealt keys, adoptions, enrolment, the signed container. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/msg/adoption.h"
#include "proto/msg/deal.h"
#include "proto/msg/destruction.h"
#include "proto/msg/epoch_word.h"
#include "proto/msg/enrol.h"
#include "proto/msg/epoch_states.h"
#include "proto/msg/renewal.h"
#include "proto/msg/signed.h"
#include "tests/unit/msg/trust_sample.h"

/* One name for every codec of this file: encodes the sample, or reads a document and encodes it again. */
typedef enum err (*encode_fn)(struct buf *out);
typedef enum err (*recode_fn)(struct bytes doc, struct arena *a, struct buf *out);

static struct deal_participant participants[3];
static struct name rules[2] = {{"riec.index"}, {"riec.release"}};

static struct deal sample_deal(void)
{
    for (unsigned i = 0; i < 3; i++)
        participants[i] = (struct deal_participant){sample_oin((char)('2' + i)), {{(uint8_t)i}}};
    struct deal d = {.deployment = {"demo"},
                     .purpose = {"riec.casus"},
                     .epoch = 1,
                     .suite = SUITE_HK1,
                     .kcv = {{1, 2, 3, 4, 5, 6, 7, 8}},
                     .participants = participants,
                     .participant_count = 3,
                     .custodian = sample_oin('3'),
                     .issued_at = 1700000000};
    d.norms[IDENT_KVK] = 1;
    d.norms[IDENT_BSN] = 2;
    d.norms[IDENT_IBAN] = 1;
    return d;
}

static struct adoption_doc sample_adoption(void)
{
    return (struct adoption_doc){.deployment = {"demo"},
                                 .holder = sample_oin('3'),
                                 .policy = {{7}},
                                 .rules = {rules, 2},
                                 .state = ADOPTION_STATE_ADOPTED,
                                 .serial = 1,
                                 .signed_at = 1700000000,
                                 .staff = {"mw-1"}};
}

static struct epoch_entry entries[5];

static struct epoch_states sample_states(void)
{
    for (unsigned i = 0; i < 5; i++)
        entries[i] = (struct epoch_entry){.epoch = i + 1, .since_s = 1700000000 + i};
    entries[0].state = EPOCH_DESTROYED;
    entries[0].declaration = (struct digest){{9}};
    entries[1].state = EPOCH_COMPROMISED;
    entries[2].state = EPOCH_RETIRED;
    entries[3].state = EPOCH_ACTIVE;
    entries[4].state = EPOCH_DEALT;
    return (struct epoch_states){.deployment = {"demo"},
                                 .purpose = {"riec.casus"},
                                 .serial = 7,
                                 .issued_at = 1700000009,
                                 .custodian = sample_oin('3'),
                                 .epochs = entries,
                                 .epoch_count = 5};
}

static struct enrol_request sample_request(struct sample_roster *s)
{
    sample_roster_fill(s);
    struct enrol_request r = {.deployment = {"demo"},
                              .created_at = 1700000000,
                              .nonce = {1},
                              .subject = ENROL_MEMBER,
                              .member = s->members[2],
                              .signing_csr = bytes_str("csr one"),
                              .sealing_csr = bytes_str("csr two")};
    r.member.signing.der.len = r.member.sealing.der.len = r.member.transport.der.len = 0;
    r.member.former.count = 0;
    return r;
}

static enum err encode_deal(struct buf *out)
{
    struct deal d = sample_deal();
    return deal_encode(&d, out, NULL);
}

static enum err recode_deal(struct bytes doc, struct arena *a, struct buf *out)
{
    struct deal d;
    enum err e = deal_decode(doc, a, &d, NULL);
    return e != ERR_OK ? e : deal_encode(&d, out, NULL);
}

static enum err encode_adoption(struct buf *out)
{
    struct adoption_doc d = sample_adoption();
    return adoption_encode(&d, out, NULL);
}

static enum err recode_adoption(struct bytes doc, struct arena *a, struct buf *out)
{
    struct adoption_doc d;
    enum err e = adoption_decode(doc, a, &d, NULL);
    return e != ERR_OK ? e : adoption_encode(&d, out, NULL);
}

static enum err encode_states(struct buf *out)
{
    struct epoch_states d = sample_states();
    return epoch_states_encode(&d, out, NULL);
}

static enum err recode_states(struct bytes doc, struct arena *a, struct buf *out)
{
    struct epoch_states d;
    enum err e = epoch_states_decode(doc, a, &d, NULL);
    return e != ERR_OK ? e : epoch_states_encode(&d, out, NULL);
}

static enum err encode_destruction(struct buf *out)
{
    const struct bytes copies[2] = {bytes_str("tape 14"), bytes_str("snapshot of Monday")};
    const struct destruction d = {{"demo"}, {"riec.casus"}, 1, copies, 2};
    return destruction_encode(&d, out, NULL);
}

static enum err recode_destruction(struct bytes doc, struct arena *a, struct buf *out)
{
    struct destruction d;
    enum err e = destruction_decode(doc, a, &d, NULL);
    return e != ERR_OK ? e : destruction_encode(&d, out, NULL);
}

static enum err encode_request(struct buf *out)
{
    struct sample_roster s;
    struct enrol_request r = sample_request(&s);
    return enrol_request_encode(&r, out, NULL);
}

static enum err encode_officer_request(struct buf *out)
{
    struct sample_roster s;
    struct enrol_request r = sample_request(&s);
    r.subject = ENROL_OFFICER;
    r.officer = s.officers[0];
    r.officer.cert.der.len = 0;
    r.officer.former.count = 0;
    r.sealing_csr.len = 0;
    return enrol_request_encode(&r, out, NULL);
}

static enum err recode_request(struct bytes doc, struct arena *a, struct buf *out)
{
    struct enrol_request r;
    enum err e = enrol_request_decode(doc, a, &r, NULL);
    return e != ERR_OK ? e : enrol_request_encode(&r, out, NULL);
}

static enum err encode_answer(struct buf *out)
{
    struct enrol_answer r = {.deployment = {"demo"},
                             .request = {{3}},
                             .created_at = 1700000000,
                             .root = bytes_str("root"),
                             .issuer = bytes_str("issuer"),
                             .roster_key = bytes_str("key"),
                             .signing = bytes_str("signing"),
                             .sealing = bytes_str("sealing"),
                             .transport = bytes_str("transport")};
    return enrol_answer_encode(&r, out, NULL);
}

static enum err recode_answer(struct bytes doc, struct arena *a, struct buf *out)
{
    struct enrol_answer r;
    enum err e = enrol_answer_decode(doc, a, &r, NULL);
    return e != ERR_OK ? e : enrol_answer_encode(&r, out, NULL);
}

static struct renewal sample_renewal(void)
{
    return (struct renewal){.deployment = {"demo"},
                            .oin = sample_oin('2'),
                            .created_at = 1700000000,
                            .nonce = {4},
                            .items = {{RENEWAL_SIGNING, bytes_str("csr one"), {{0}}},
                                      {RENEWAL_SEALING, bytes_str("csr two"), {{0}}},
                                      {RENEWAL_TRANSPORT, {NULL, 0}, {{5}}}},
                            .item_count = 3};
}

static struct renewal sample_officer_renewal(void)
{
    struct renewal r = sample_renewal();
    r.is_officer = true;
    r.staff = (struct name){"mw-1"};
    r.items[0].use = RENEWAL_OFFICER;
    r.item_count = 1;
    return r;
}

static enum err encode_renewal(struct buf *out)
{
    struct renewal r = sample_renewal();
    return renewal_encode(&r, out, NULL);
}

static enum err encode_officer_renewal(struct buf *out)
{
    struct renewal r = sample_officer_renewal();
    return renewal_encode(&r, out, NULL);
}

static enum err recode_renewal(struct bytes doc, struct arena *a, struct buf *out)
{
    struct renewal r;
    enum err e = renewal_decode(doc, a, &r, NULL);
    return e != ERR_OK ? e : renewal_encode(&r, out, NULL);
}

static enum err encode_signed(struct buf *out)
{
    struct signed_doc d = {bytes_str("document"), bytes_str("signature"), {{5}}};
    return signed_doc_encode(&d, out);
}

static enum err recode_signed(struct bytes doc, struct arena *a, struct buf *out)
{
    struct signed_doc d;
    enum err e = signed_doc_decode(doc, 100, a, &d, NULL);
    return e != ERR_OK ? e : signed_doc_encode(&d, out);
}

static enum err encode_word(struct buf *out)
{
    const struct bytes declared[] = {bytes_str("one"), bytes_str("two")};
    const struct epoch_word w = {{bytes_str("document"), bytes_str("signature"), {{5}}}, declared, 2};
    return epoch_word_encode(&w, out);
}

static enum err recode_word(struct bytes doc, struct arena *a, struct buf *out)
{
    struct epoch_word w;
    enum err e = epoch_word_decode(doc, a, &w, NULL);
    return e != ERR_OK ? e : epoch_word_encode(&w, out);
}

static enum err encode_sheltered(struct buf *out)
{
    struct sheltered d = {bytes_str("document"), {5}, bytes_str("proof")};
    return sheltered_encode(&d, out);
}

static enum err recode_sheltered(struct bytes doc, struct arena *a, struct buf *out)
{
    struct sheltered d;
    enum err e = sheltered_decode(doc, 100, a, &d, NULL);
    return e != ERR_OK ? e : sheltered_encode(&d, out);
}

static const struct codec {
    const char *name;
    encode_fn encode;
    recode_fn recode;
} codecs[] = {
    {"deal", encode_deal, recode_deal},
    {"adoption", encode_adoption, recode_adoption},
    {"epoch states", encode_states, recode_states},
    {"destruction", encode_destruction, recode_destruction},
    {"enrol request", encode_request, recode_request},
    {"officer request", encode_officer_request, recode_request},
    {"enrol answer", encode_answer, recode_answer},
    {"renewal", encode_renewal, recode_renewal},
    {"officer's renewal", encode_officer_renewal, recode_renewal},
    {"signed", encode_signed, recode_signed},
    {"sheltered", encode_sheltered, recode_sheltered},
    {"word on epochs", encode_word, recode_word},
};

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(codecs); i++) {
        struct buf one CLEANUP(buf_free) = buf_new(1 << 16);
        struct buf two CLEANUP(buf_free) = buf_new(1 << 16);
        struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 18);
        if (codecs[i].encode(&one) != ERR_OK)
            fail_msg("%s does not encode", codecs[i].name);
        if (codecs[i].recode(buf_bytes(&one), a, &two) != ERR_OK)
            fail_msg("%s does not decode", codecs[i].name);
        assert_true(bytes_equal(buf_bytes(&one), buf_bytes(&two)));
    }
}

/* A cut document is refused, except where it ends with optional parts: sealing and transport of an
 * answer, all but the first of the epochs, of the copies and of the keys of a renewal, the declarations behind a word, the proof beside a request (whose MAC covers it). The document under a signature or MAC is never cut. */
static void cuts_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(codecs); i++) {
        struct buf one CLEANUP(buf_free) = buf_new(1 << 16);
        assert_int_equal(codecs[i].encode(&one), ERR_OK);
        size_t taken = 0;
        for (size_t cut = 0; cut < one.len; cut++) {
            struct buf two CLEANUP(buf_free) = buf_new(1 << 16);
            struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 18);
            uint8_t *exact = malloc(cut > 0 ? cut : 1);
            assert_non_null(exact);
            memcpy(exact, one.ptr, cut);
            taken += codecs[i].recode(bytes_of(exact, cut), a, &two) == ERR_OK;
            free(exact);
        }
        size_t optional = codecs[i].recode == recode_answer        ? 2
                          : codecs[i].recode == recode_states      ? 4
                          : codecs[i].recode == recode_destruction ? 1
                          : codecs[i].recode == recode_sheltered   ? 1
                          : codecs[i].recode == recode_word        ? 2
                          : codecs[i].encode == encode_renewal     ? 2
                                                                   : 0;
        if (taken != optional)
            fail_msg("%s: %zu cuts were taken, want %zu", codecs[i].name, taken, optional);
    }
}

static void too_little_memory_is_an_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(codecs); i++) {
        struct buf one CLEANUP(buf_free) = buf_new(1 << 16);
        struct buf two CLEANUP(buf_free) = buf_new(1 << 16);
        struct arena *a CLEANUP(cleanup_arena_free) = arena_new(48);
        assert_int_equal(codecs[i].encode(&one), ERR_OK);
        assert_int_equal(codecs[i].recode(buf_bytes(&one), a, &two), ERR_NOMEM);
        struct buf tiny = buf_new(10);
        assert_int_equal(codecs[i].encode(&tiny), ERR_TOO_LARGE);
        buf_free(&tiny);
    }
}

static void a_bad_deal_is_refused(void **state)
{
    (void)state;
    struct buf out CLEANUP(buf_free) = buf_new(1 << 16);
    struct deal d = sample_deal();
    d.epoch = 0;
    assert_int_equal(deal_encode(&d, &out, NULL), ERR_RANGE);
    d = sample_deal();
    memset(d.norms, 0, sizeof d.norms);
    assert_int_equal(deal_encode(&d, &out, NULL), ERR_INVALID);
    d = sample_deal();
    d.participant_count = 1;
    assert_int_equal(deal_encode(&d, &out, NULL), ERR_RANGE);
    d = sample_deal();
    participants[1].id = participants[0].id;
    assert_int_equal(deal_encode(&d, &out, NULL), ERR_DUPLICATE);
    d = sample_deal();
    d.custodian = sample_oin('9');
    assert_int_equal(deal_encode(&d, &out, NULL), ERR_INVALID);
    d = sample_deal();
    d.issued_at = 0;
    assert_int_equal(deal_encode(&d, &out, NULL), ERR_RANGE);
}

static void a_bad_adoption_is_refused(void **state)
{
    (void)state;
    struct buf out CLEANUP(buf_free) = buf_new(1 << 16);
    struct name twice[2] = {{"a"}, {"a"}};
    struct adoption_doc d = sample_adoption();
    d.serial = 0;
    assert_int_equal(adoption_encode(&d, &out, NULL), ERR_RANGE);
    d = sample_adoption();
    d.rules.count = 0;
    assert_int_equal(adoption_encode(&d, &out, NULL), ERR_RANGE);
    d = sample_adoption();
    d.rules.v = twice;
    assert_int_equal(adoption_encode(&d, &out, NULL), ERR_DUPLICATE);
    d = sample_adoption();
    d.state = ADOPTION_STATE_NONE;
    assert_int_equal(adoption_encode(&d, &out, NULL), ERR_UNKNOWN);
}

static void bad_states_are_refused(void **state)
{
    (void)state;
    struct buf out CLEANUP(buf_free) = buf_new(1 << 16);
    struct epoch_states d = sample_states();
    d.serial = 0;
    assert_int_equal(epoch_states_encode(&d, &out, NULL), ERR_RANGE);
    d = sample_states();
    d.epoch_count = 0;
    assert_int_equal(epoch_states_encode(&d, &out, NULL), ERR_RANGE);
    d = sample_states();
    entries[1].epoch = 1;
    assert_int_equal(epoch_states_encode(&d, &out, NULL), ERR_DUPLICATE);
    d = sample_states();
    entries[0].epoch = 0;
    assert_int_equal(epoch_states_encode(&d, &out, NULL), ERR_RANGE);
    d = sample_states();
    entries[4].since_s = d.issued_at + 1;
    assert_int_equal(epoch_states_encode(&d, &out, NULL), ERR_RANGE);
    d = sample_states();
    entries[0].declaration = (struct digest){{0}};
    assert_int_equal(epoch_states_encode(&d, &out, NULL), ERR_INVALID);
    d = sample_states();
    entries[1].declaration = (struct digest){{1}};
    assert_int_equal(epoch_states_encode(&d, &out, NULL), ERR_INVALID);
    d = sample_states();
    entries[3].state = EPOCH_NONE;
    assert_int_equal(epoch_states_encode(&d, &out, NULL), ERR_UNKNOWN);
    d = sample_states();
    entries[2].state = EPOCH_ACTIVE;
    assert_int_equal(epoch_states_encode(&d, &out, NULL), ERR_OK);
    entries[4].state = EPOCH_ACTIVE;
    assert_int_equal(epoch_states_encode(&d, &out, NULL), ERR_RANGE);
}

static void a_bad_destruction_is_refused(void **state)
{
    (void)state;
    struct buf out CLEANUP(buf_free) = buf_new(1 << 16);
    const struct bytes good = bytes_str("tape 14");
    const struct bytes bad[] = {bytes_str(""), bytes_str("two\nlines")};
    struct destruction d = {{"demo"}, {"riec.casus"}, 0, &good, 1};
    assert_int_equal(destruction_encode(&d, &out, NULL), ERR_RANGE);
    d.epoch = 1;
    d.copy_count = 0;
    assert_int_equal(destruction_encode(&d, &out, NULL), ERR_RANGE);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        d = (struct destruction){{"demo"}, {"riec.casus"}, 1, &bad[i], 1};
        assert_int_equal(destruction_encode(&d, &out, NULL), ERR_INVALID);
    }
}

/* Who may follow whom: rows are what it was, columns what it becomes. */
static void an_epoch_only_goes_forward(void **state)
{
    (void)state;
    static const char *const may[EPOCH_STATE_COUNT] = {
        [EPOCH_NONE] = "......",    [EPOCH_DEALT] = ".xx.xx",       [EPOCH_ACTIVE] = "..xxx.",
        [EPOCH_RETIRED] = "...xxx", [EPOCH_COMPROMISED] = "....xx", [EPOCH_DESTROYED] = ".....x"};
    for (unsigned from = 0; from < EPOCH_STATE_COUNT; from++)
        for (unsigned to = 0; to < EPOCH_STATE_COUNT; to++)
            if (epoch_state_follows((enum epoch_state)from, (enum epoch_state)to) !=
                (may[from][to] == 'x'))
                fail_msg("%s to %s", epoch_state_id((enum epoch_state)from),
                         epoch_state_id((enum epoch_state)to));
}

static void each_word_on_epochs_follows_the_one_before(void **state)
{
    (void)state;
    struct epoch_entry before[5];
    struct epoch_states d = sample_states();
    memcpy(before, entries, sizeof before);
    struct epoch_states was = d;
    was.epochs = before;
    d.serial = 8;
    entries[2].state = EPOCH_COMPROMISED;
    entries[2].since_s = d.issued_at;
    assert_int_equal(epoch_states_check_next(&was, &d, NULL), ERR_OK);
    assert_int_equal(epoch_states_check_next(&d, &was, NULL), ERR_BEHIND);
    was.serial = 9;
    assert_int_equal(epoch_states_check_next(&d, &was, NULL), ERR_MISMATCH); /* backward */
    was.serial = 7;
    d.epoch_count = 4;
    assert_int_equal(epoch_states_check_next(&was, &d, NULL), ERR_MISMATCH); /* one is gone */
    d.epoch_count = 5;
    entries[3].since_s++;
    assert_int_equal(epoch_states_check_next(&was, &d, NULL), ERR_MISMATCH); /* since when? */
    entries[3].since_s--;
    entries[0].declaration.b[1] = 1;
    assert_int_equal(epoch_states_check_next(&was, &d, NULL), ERR_MISMATCH);
}

static void what_a_word_on_epochs_is_of_shows_without_its_signature(void **state)
{
    (void)state;
    struct buf out CLEANUP(buf_free) = buf_new(1 << 16);
    struct epoch_states d = sample_states();
    struct epoch_states_claim c;
    assert_int_equal(epoch_states_encode(&d, &out, NULL), ERR_OK);
    assert_int_equal(epoch_states_peek(buf_bytes(&out), &c), ERR_OK);
    assert_true(name_equal(&c.purpose, &d.purpose));
    assert_int_equal(c.serial, 7);
    assert_int_equal(epoch_states_peek(bytes_str("no message"), &c) == ERR_OK, false);
}

static void a_bad_request_is_refused(void **state)
{
    (void)state;
    struct sample_roster s;
    struct buf out CLEANUP(buf_free) = buf_new(1 << 16);
    struct enrol_request r = sample_request(&s);
    r.subject = ENROL_NONE;
    assert_int_equal(enrol_request_encode(&r, &out, NULL), ERR_INVALID);
    r = sample_request(&s);
    r.sealing_csr.len = 0;
    assert_int_equal(enrol_request_encode(&r, &out, NULL), ERR_INVALID);
    r = sample_request(&s);
    memset(&r.member.curve, 0, sizeof r.member.curve);
    assert_int_equal(enrol_request_encode(&r, &out, NULL), ERR_INVALID);
    r = sample_request(&s);
    r.member.kind = MEMBER_REGISTRAR;
    assert_int_equal(enrol_request_encode(&r, &out, NULL), ERR_INVALID);
    r = sample_request(&s);
    r.log_key = bytes_str("k");
    assert_int_equal(enrol_request_encode(&r, &out, NULL), ERR_INVALID);
    r = sample_request(&s);
    r.member.former = s.members[2].former;
    assert_int_equal(enrol_request_encode(&r, &out, NULL), ERR_INVALID);
    r = sample_request(&s);
    r.subject = ENROL_OFFICER;
    r.officer = s.officers[0];
    assert_int_equal(enrol_request_encode(&r, &out, NULL), ERR_INVALID);
}

typedef void (*spoil_renewal_fn)(struct renewal *r);

#define SPOIL(name, statement)                                                                     \
    static void name(struct renewal *r)                                                            \
    {                                                                                              \
        statement;                                                                                 \
    }
SPOIL(no_time, r->created_at = 0)
SPOIL(no_items, r->item_count = 0)
SPOIL(one_key_twice, r->items[1].use = RENEWAL_SIGNING)
SPOIL(not_in_order, r->items[0].use = RENEWAL_SEALING; r->items[1].use = RENEWAL_SIGNING)
SPOIL(no_use, r->items[0].use = RENEWAL_NONE)
SPOIL(no_csr, r->items[0].csr.len = 0)
SPOIL(csr_and_curve, r->items[0].curve.b[0] = 1)
SPOIL(transport_without_curve, memset(&r->items[2].curve, 0, sizeof r->items[2].curve))
SPOIL(transport_with_csr, r->items[2].csr = bytes_str("csr"))
SPOIL(member_with_officers_key, r->items[0].use = RENEWAL_OFFICER; r->item_count = 1)
SPOIL(officer_with_members_keys, r->is_officer = true; r->staff = (struct name){"mw-1"})
SPOIL(officer_with_two_keys, *r = sample_officer_renewal(); r->item_count = 2)

static void a_bad_renewal_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        spoil_renewal_fn spoil;
        enum err want;
    } cases[] = {
        {"no_time", no_time, ERR_RANGE},
        {"no_items", no_items, ERR_RANGE},
        {"one_key_twice", one_key_twice, ERR_DUPLICATE},
        {"not_in_order", not_in_order, ERR_DUPLICATE},
        {"no_use", no_use, ERR_UNKNOWN},
        {"no_csr", no_csr, ERR_INVALID},
        {"csr_and_curve", csr_and_curve, ERR_INVALID},
        {"transport_without_curve", transport_without_curve, ERR_INVALID},
        {"transport_with_csr", transport_with_csr, ERR_INVALID},
        {"member_with_officers_key", member_with_officers_key, ERR_INVALID},
        {"officer_with_members_keys", officer_with_members_keys, ERR_INVALID},
        {"officer_with_two_keys", officer_with_two_keys, ERR_DUPLICATE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out CLEANUP(buf_free) = buf_new(1 << 16);
        struct renewal r = sample_renewal();
        struct errmsg why = {""};
        cases[i].spoil(&r);
        enum err e = renewal_encode(&r, &out, &why);
        if (e != cases[i].want || why.text[0] == '\0')
            fail_msg("%s: got %d (%s), want %d", cases[i].name, e, why.text, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back), cmocka_unit_test(cuts_are_refused),
        cmocka_unit_test(bad_states_are_refused),
        cmocka_unit_test(a_bad_destruction_is_refused),
        cmocka_unit_test(a_bad_renewal_is_refused),
        cmocka_unit_test(an_epoch_only_goes_forward),
        cmocka_unit_test(each_word_on_epochs_follows_the_one_before),
        cmocka_unit_test(what_a_word_on_epochs_is_of_shows_without_its_signature),
        cmocka_unit_test(too_little_memory_is_an_error), cmocka_unit_test(a_bad_deal_is_refused),
        cmocka_unit_test(a_bad_adoption_is_refused),     cmocka_unit_test(a_bad_request_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
