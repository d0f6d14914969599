/* What a party believes of an epoch that its custodian says is destroyed: two officers declared it, or nobody follows. */
#include "tests/unit/pki/view_shelf.h"

#include "pki/digest.h"
#include "proto/msg/epoch_word.h"

#define EPOCHS 2
#define SPOILT_MAX 3

static const struct name purpose = {"riec-casus"};

/* What somebody declares of an epoch, and who. */
struct declaring {
    struct name about;
    uint32_t epoch;
    const char *copy;
    size_t by;             /* officer */
    const struct key *key; /* NULL: the officer's own */
};

/* A shelf whose policy names agency 0 as the custodian, its words, and what comes with them. */
struct custody {
    struct shelf s;
    struct buf words[DOCUMENTS_MAX];
    size_t word_count;
    struct declaring spoilt[SPOILT_MAX]; /* instead of both officers' declarations, where is_spoilt */
    size_t spoilt_count;
    bool is_spoilt;
    bool is_named; /* and the word names the first of them as what it rests on */
};

static void custody_new(struct custody *c)
{
    *c = (struct custody){.word_count = 0};
    shelf_new_known(&c->s);
    c->s.w.purpose = purpose;
    c->s.w.officer_list[1].person = (struct name){"p2"};
}

static void custody_free(struct custody *c)
{
    for (size_t i = 0; i < c->word_count; i++)
        buf_free(&c->words[i]);
    shelf_free(&c->s);
}

/* What it says: a letter for each epoch from 1 on: d, a, r, c or x (destroyed). */
struct word {
    uint64_t serial;
    const char *says;
    int64_t later_s; /* than FIX_NOW it was signed */
};

static enum epoch_state state_of(char letter)
{
    static const char letters[] = "?darcx";
    const char *at = strchr(letters, letter);
    assert_non_null(at);
    return (enum epoch_state)(at - letters);
}

static struct digest put_declaration(const struct custody *c, const struct declaring *x, struct buf *wire)
{
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    const struct bytes copy = bytes_str(x->copy);
    const struct destruction d = {{"demo"}, x->about, x->epoch, &copy, 1};
    const struct fix_party *p = &c->s.w.officers[x->by];
    const struct trust_signer by = {SIGN_DESTRUCTION, x->key != NULL ? x->key : p->key, *cert_fingerprint(p->cert)};
    struct digest of;
    assert_int_equal(destruction_encode(&d, &doc, NULL), ERR_OK);
    assert_int_equal(trust_sign(&by, buf_bytes(&doc), wire), ERR_OK);
    const struct bytes all = buf_bytes(&doc);
    assert_int_equal(digest_sha256(&all, 1, &of), ERR_OK);
    return of;
}

/* Both officers' declarations of each destroyed epoch, or those that the test gave. */
static size_t declare(const struct custody *c, const struct epoch_entry *list, size_t n, struct buf *wires)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; list[i].state == EPOCH_DESTROYED && k < 2; k++) {
            const struct declaring one = {purpose, list[i].epoch, "tape", k, NULL};
            wires[count] = buf_new(1 << 16);
            (void)put_declaration(c, &one, &wires[count++]);
        }
    return count;
}

static size_t declare_spoilt(const struct custody *c, struct buf *wires)
{
    for (size_t i = 0; i < c->spoilt_count; i++) {
        wires[i] = buf_new(1 << 16);
        (void)put_declaration(c, &c->spoilt[i], &wires[i]);
    }
    return c->spoilt_count;
}

static void put_word(const struct custody *c, const struct word *x, struct buf *wire)
{
    struct epoch_entry list[EPOCHS];
    struct buf wires[EPOCH_WORD_DECLARED_MAX];
    struct bytes declared[EPOCH_WORD_DECLARED_MAX];
    struct signature sig;
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    struct errmsg why = {""};
    const size_t n = strlen(x->says);
    for (size_t i = 0; i < n; i++) {
        list[i] = (struct epoch_entry){(uint32_t)i + 1, state_of(x->says[i]), FIX_NOW, {{0}}};
        const struct declaring right = {purpose, list[i].epoch, "tape", 0, NULL};
        const struct declaring one = c->is_named ? c->spoilt[0] : right;
        struct buf of CLEANUP(buf_free) = buf_new(1 << 16);
        if (list[i].state == EPOCH_DESTROYED)
            list[i].declaration = put_declaration(c, &one, &of);
    }
    const struct epoch_states d = {.deployment = {"demo"},
                                   .purpose = purpose,
                                   .serial = x->serial,
                                   .issued_at = FIX_NOW + x->later_s,
                                   .custodian = c->s.w.ids[0],
                                   .epochs = list,
                                   .epoch_count = n};
    const struct fix_party *p = &c->s.w.certs[1][0];
    if (epoch_states_encode(&d, &doc, &why) != ERR_OK)
        fail_msg("word: %s", why.text);
    assert_int_equal(sign_document(SIGN_EPOCH_STATES, p->key, buf_bytes(&doc), &sig), ERR_OK);
    struct epoch_word word = {{buf_bytes(&doc), signature_bytes(&sig), *cert_fingerprint(p->cert)}, declared, 0};
    word.declared_count = c->is_spoilt ? declare_spoilt(c, wires) : declare(c, list, n, wires);
    for (size_t i = 0; i < word.declared_count; i++)
        declared[i] = buf_bytes(&wires[i]);
    assert_int_equal(epoch_word_encode(&word, wire), ERR_OK);
    for (size_t i = 0; i < word.declared_count; i++)
        buf_free(&wires[i]);
}

static void hear(struct custody *c, struct word x)
{
    struct buf *wire = &c->words[c->word_count++];
    *wire = buf_new(1 << 16);
    put_word(c, &x, wire);
    c->s.states[c->s.state_count++] = buf_bytes(wire);
}

/* The states of epochs 1 and 2 in letters. */
static void is_believed(const struct view *v, const char *letters)
{
    char got[EPOCHS + 1] = "";
    for (uint32_t i = 0; i < EPOCHS; i++)
        got[i] = "?darcx"[view_epoch_state(v, &purpose, i + 1)];
    assert_string_equal(got, letters);
}

static void is_suspended(struct custody *c, const char *because)
{
    CLEANUP(cleanup_view_free) struct view *v = believe(&c->s);
    const char *why = view_epochs_suspended(v, &purpose);
    is_believed(v, "??");
    if (why == NULL || strstr(why, because) == NULL)
        fail_msg("suspended: %s, want %s", why != NULL ? why : "no", because);
}

/* Raises the marks of what is heard so far. */
static void accept(struct custody *c)
{
    CLEANUP(cleanup_view_free) struct view *v = believe(&c->s);
    assert_null(view_epochs_suspended(v, &purpose));
    assert_int_equal(view_raise_marks(v, FIX_NOW, &c->s.marks, NULL), ERR_OK);
}

/* The next word says the same again, of what was destroyed in the one before. */
static void hear_later(struct custody *c, uint64_t serial)
{
    c->is_spoilt = true;
    c->spoilt_count = 0;
    hear(c, (struct word){serial, "xa", 60});
    c->is_spoilt = false;
}

/* ---- what spoils it ---- */

static void fine(struct custody *c) { c->is_spoilt = false; }
static void none(struct custody *c) { c->spoilt_count = 0; }
static void one(struct custody *c) { c->spoilt_count = 1; }
static void one_officer_twice(struct custody *c) { c->spoilt[1].by = 0; }
static void one_person(struct custody *c) { c->s.w.officer_list[1].person = c->s.w.officer_list[0].person; }
static void another_epoch(struct custody *c) { c->spoilt[0].epoch = c->spoilt[1].epoch = 2; }
static void named_another_epoch(struct custody *c) { another_epoch(c); c->is_named = true; }
static void another_purpose(struct custody *c) { c->spoilt[0].about = c->spoilt[1].about = (struct name){"fec"}; }
static void other_copies(struct custody *c) { c->spoilt[1].copy = "disk"; }
static void another_key(struct custody *c) { c->spoilt[1].key = c->s.w.officers[0].key; }
static void no_function(struct custody *c) { c->s.w.officer_list[1].functions = 1 << FUNCTION_CASE_WORKER; }
static void not_listed(struct custody *c) { c->s.w.r.officer_count = 1; }
static void of_no_part(struct custody *c) { c->s.w.members[3].purposes.count = 0; }

static void one_more(struct custody *c)
{
    c->spoilt[2] = c->spoilt[0];
    c->spoilt[2].key = c->s.w.officers[1].key;
    c->spoilt_count = 3;
}

static void revoked(struct custody *c)
{
    c->s.w.r.revoked = &c->s.w.officer_list[1].cert.fingerprint;
    c->s.w.r.revoked_count = 1;
}

/* A party that believes word 1 and hears that epoch 1 is destroyed. */
static void a_destruction_needs_the_declarations_of_two_officers(void **state)
{
    (void)state;
    static struct custody c;
    static const struct {
        void (*spoil)(struct custody *c);
        const char *says; /* NULL: it counts */
        enum err reason;
    } cases[] = {
        {fine, NULL, ERR_OK},
        {none, "and 0 of them came with the word", ERR_PERMISSION},
        {one, "and 1 of them came with the word", ERR_PERMISSION},
        {one_officer_twice, "are one person; two have to declare", ERR_PERMISSION},
        {one_person, "are one person; two have to declare", ERR_PERMISSION},
        {another_epoch, "and 0 of them came with the word", ERR_PERMISSION},
        {named_another_epoch, "and 0 of them came with the word", ERR_PERMISSION},
        {another_purpose, "has no part in purpose fec", ERR_PERMISSION},
        {other_copies, "and 1 of them came with the word", ERR_PERMISSION},
        {another_key, "not the signature of jansen", ERR_SIGNATURE},
        {no_function, "is neither mandated_officer nor security_officer", ERR_PERMISSION},
        {not_listed, "", ERR_NOT_FOUND},
        {revoked, "", ERR_CERT},
        {of_no_part, "has no part in purpose riec-casus", ERR_PERMISSION},
        {one_more, "not the signature of jansen", ERR_SIGNATURE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct view_refused_deal refused = {.reason = ERR_OK};
        custody_new(&c);
        hear(&c, (struct word){1, "ra", 0});
        accept(&c);
        c.spoilt[0] = (struct declaring){purpose, 1, "tape", 0, NULL};
        c.spoilt[1] = (struct declaring){purpose, 1, "tape", 1, NULL};
        c.spoilt_count = 2;
        c.is_spoilt = true;
        cases[i].spoil(&c);
        hear(&c, (struct word){2, "xa", 0});
        CLEANUP(cleanup_view_free) struct view *v = believe(&c.s);
        const char *why = view_fault_count(v) > 0 ? view_fault_at(v, 0) : "";
        const bool is_refused = view_refused_word_at(v, 0, &refused);
        if ((cases[i].says != NULL) != (view_epochs_suspended(v, &purpose) != NULL) ||
            is_refused != (cases[i].says != NULL) || refused.reason != cases[i].reason ||
            (cases[i].says != NULL && strstr(why, cases[i].says) == NULL))
            fail_msg("case %zu: %s, %s", i, err_text(refused.reason), why);
        is_believed(v, cases[i].says == NULL ? "xa" : "??");
        custody_free(&c);
    }
}

static void what_they_declared_is_there_to_be_kept(void **state)
{
    (void)state;
    static struct custody c;
    struct bytes wire;
    struct bytes other;
    custody_new(&c);
    hear(&c, (struct word){1, "ra", 0});
    hear(&c, (struct word){2, "xa", 0});
    CLEANUP(cleanup_view_free) struct view *v = believe(&c.s);
    const struct digest *of = &view_epoch_states(v, &purpose)->epochs[0].declaration;
    const struct digest unknown = {{7}};
    assert_true(view_declared_at(v, of, 0, &wire));
    assert_true(view_declared_at(v, of, 1, &other));
    assert_false(bytes_equal(wire, other));
    assert_false(view_declared_at(v, of, 2, &wire));
    assert_false(view_declared_at(v, &unknown, 0, &wire));
    custody_free(&c);
}

/* The officers left after it was accepted: it stands for who accepted it, and is history for a newcomer, but not for a party
 * that was away meanwhile and has the epoch still. */
static void officers_who_leave_take_nothing_back(void **state)
{
    (void)state;
    static struct custody c;
    struct bytes wire;
    custody_new(&c);
    hear(&c, (struct word){1, "ra", 0});
    accept(&c);
    static struct view_marks away;
    away = c.s.marks;
    hear(&c, (struct word){2, "xa", 0});
    accept(&c);
    c.s.w.r.officer_count = 1;
    struct view *v = believe(&c.s);
    is_believed(v, "xa");
    assert_false(view_declared_at(v, &view_epoch_states(v, &purpose)->epochs[0].declaration, 0, &wire));
    view_free(v);
    c.s.marks = away;
    is_suspended(&c, "serial 2 stands here and does not verify");
    c.s.marks.state_count = 0;
    is_suspended(&c, "serial 2 stands here and does not verify"); /* the newest is no history */
    hear_later(&c, 3);
    v = believe(&c.s);
    is_believed(v, "xa");
    assert_int_equal(view_fault_count(v), 0);
    view_free(v);
    c.s.marks = away;
    is_suspended(&c, "serial 2 is not here");
    custody_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_destruction_needs_the_declarations_of_two_officers),
        cmocka_unit_test(what_they_declared_is_there_to_be_kept),
        cmocka_unit_test(officers_who_leave_take_nothing_back),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
