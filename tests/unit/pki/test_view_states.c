/* What a party believes of the epochs of a purpose: the custodian's newest word, and nothing that was
 * put in its place. */
#include "tests/unit/pki/view_shelf.h"

#define EPOCHS 3
#define WORDS_MAX DOCUMENTS_MAX

static const struct name purpose = {"riec-casus"};

/* A shelf whose policy names agency 0 as the custodian, with two keys dealt, and the words of this test. */
struct custody {
    struct shelf s;
    struct deal_participant both[2];
    struct buf deals[EPOCHS];
    struct buf words[WORDS_MAX];
    size_t word_count;
};

static void deal_epoch(struct custody *c, uint32_t epoch)
{
    struct world *w = &c->s.w;
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    struct errmsg why = {""};
    for (size_t i = 0; i < 2; i++)
        c->both[i] = (struct deal_participant){w->ids[i], w->members[i + 2].sealing.fingerprint};
    struct deal d = {.deployment = {"demo"},
                     .purpose = purpose,
                     .epoch = epoch,
                     .suite = SUITE_HK1,
                     .participants = c->both,
                     .participant_count = 2,
                     .custodian = w->ids[0],
                     .issued_at = FIX_NOW};
    d.norms[IDENT_BSN] = 1;
    const struct fix_party *p = &w->certs[1][0];
    const struct trust_signer by = {SIGN_EPOCH, p->key, *cert_fingerprint(p->cert)};
    struct buf *wire = &c->deals[c->s.deal_count];
    *wire = buf_new(1 << 16);
    assert_int_equal(deal_encode(&d, &doc, &why), ERR_OK);
    assert_int_equal(trust_sign(&by, buf_bytes(&doc), wire), ERR_OK);
    c->s.deals[c->s.deal_count++] = buf_bytes(wire);
}

static void custody_new(struct custody *c)
{
    *c = (struct custody){.word_count = 0};
    shelf_new_known(&c->s);
    c->s.w.purpose = purpose;
    deal_epoch(c, 2);
    deal_epoch(c, 1);
}

static void custody_free(struct custody *c)
{
    for (size_t i = 0; i < EPOCHS; i++)
        buf_free(&c->deals[i]);
    for (size_t i = 0; i < c->word_count; i++)
        buf_free(&c->words[i]);
    shelf_free(&c->s);
}

/* What it says: a letter for each epoch from 1 on: d, a, r, c or x (destroyed). */
struct word {
    uint64_t serial;
    const char *says;
    size_t by; /* agency */
    int64_t later_s; /* than FIX_NOW it was signed */
};

static enum epoch_state state_of(char letter)
{
    static const char letters[] = "?darcx";
    const char *at = strchr(letters, letter);
    assert_non_null(at);
    return (enum epoch_state)(at - letters);
}

static void put_word(const struct custody *c, const struct word *x, struct buf *wire)
{
    struct epoch_entry list[EPOCHS];
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    struct errmsg why = {""};
    const size_t n = strlen(x->says);
    for (size_t i = 0; i < n; i++) {
        list[i] = (struct epoch_entry){(uint32_t)i + 1, state_of(x->says[i]), FIX_NOW, {{0}}};
        list[i].declaration.b[0] = list[i].state == EPOCH_DESTROYED;
    }
    const struct epoch_states d = {.deployment = {"demo"},
                                   .purpose = purpose,
                                   .serial = x->serial,
                                   .issued_at = FIX_NOW + x->later_s,
                                   .custodian = c->s.w.ids[x->by],
                                   .epochs = list,
                                   .epoch_count = n};
    const struct fix_party *p = &c->s.w.certs[x->by + 1][0];
    const struct trust_signer by = {SIGN_EPOCH_STATES, p->key, *cert_fingerprint(p->cert)};
    if (epoch_states_encode(&d, &doc, &why) != ERR_OK)
        fail_msg("word: %s", why.text);
    assert_int_equal(trust_sign(&by, buf_bytes(&doc), wire), ERR_OK);
}

static void hear(struct custody *c, struct word x)
{
    struct buf *wire = &c->words[c->word_count++];
    *wire = buf_new(1 << 16);
    put_word(c, &x, wire);
    c->s.states[c->s.state_count++] = buf_bytes(wire);
}

/* The states of epochs 1 to 3 in letters; then the active ones. */
static void is_believed(const struct view *v, const char *letters, const char *active)
{
    char got[EPOCHS + 1] = "";
    char on[VIEW_ACTIVE_MAX + 1] = "";
    uint32_t list[VIEW_ACTIVE_MAX];
    for (uint32_t i = 0; i < EPOCHS; i++)
        got[i] = "?darcx"[view_epoch_state(v, &purpose, i + 1)];
    const size_t n = view_active_epochs(v, &purpose, list);
    for (size_t i = 0; i < n; i++)
        on[i] = (char)('0' + list[i]);
    assert_string_equal(got, letters);
    assert_string_equal(on, active);
}

/* The world's second agency is no participant to a policy that does not know it. */
static void a_key_that_was_dealt_to_others_than_the_policy_names_does_not_count(void **state)
{
    (void)state;
    static struct custody c; /* large */
    struct view_refused_deal r;
    custody_new(&c);
    struct view *v CLEANUP(cleanup_view_free) = believe(&c.s);
    assert_int_equal(view_deal_count(v), 2);
    assert_false(view_refused_deal_at(v, 0, &r));
    const struct agency_id known = c.s.w.ids[1];
    c.s.w.ids[1] = fix_oin('9');
    c.s.deal_count = 0;
    buf_free(&c.deals[0]);
    deal_epoch(&c, 3);
    c.s.w.ids[1] = known;
    struct view *other CLEANUP(cleanup_view_free) = believe(&c.s);
    assert_int_equal(view_deal_count(other), 0);
    assert_int_equal(view_fault_count(other), 1);
    assert_non_null(strstr(view_fault_at(other, 0), "is no participant by the policy"));
    assert_true(view_refused_deal_at(other, 0, &r));
    assert_int_equal(r.reason, ERR_MISMATCH);
    custody_free(&c);
}

static void without_a_word_the_lowest_dealt_epoch_is_active(void **state)
{
    (void)state;
    static struct custody c;
    custody_new(&c);
    CLEANUP(cleanup_view_free) struct view *v = believe(&c.s);
    is_believed(v, "ad?", "1");
    assert_null(view_epochs_suspended(v, &purpose));
    assert_null(view_epoch_states(v, &purpose));
    assert_int_equal(view_fault_count(v), 0);
    custody_free(&c);
}

static void the_newest_word_counts(void **state)
{
    (void)state;
    static struct custody c;
    custody_new(&c);
    hear(&c, (struct word){2, "aa", 0, 0});
    hear(&c, (struct word){1, "ad", 0, 0});
    struct view *v = believe(&c.s);
    is_believed(v, "aa?", "12");
    const struct digest two = *view_states_digest(v);
    view_free(v);
    deal_epoch(&c, 3);
    hear(&c, (struct word){3, "ra", 0, 0});
    v = believe(&c.s);
    is_believed(v, "rad", "2"); /* the third is dealt and nobody has said more of it */
    assert_false(digest_equal(&two, view_states_digest(v)));
    assert_int_equal(view_epoch_states(v, &purpose)->serial, 3);
    assert_int_equal(view_fault_count(v), 0);
    assert_int_equal(view_raise_marks(v, FIX_NOW, &c.s.marks, NULL), ERR_OK);
    assert_int_equal(c.s.marks.state_count, 1);
    assert_int_equal(c.s.marks.states[0].serial, 3);
    view_free(v);
    custody_free(&c);
}

/* Active in the custodian's word, and no key of it here: nothing can be asked in it. */
static void an_epoch_without_a_statement_of_its_key_is_not_used(void **state)
{
    (void)state;
    static struct custody c;
    custody_new(&c);
    hear(&c, (struct word){1, "raa", 0, 0});
    CLEANUP(cleanup_view_free) struct view *v = believe(&c.s);
    is_believed(v, "raa", "2");
    custody_free(&c);
}

static void is_suspended(struct custody *c, const char *because)
{
    CLEANUP(cleanup_view_free) struct view *v = believe(&c->s);
    const char *why = view_epochs_suspended(v, &purpose);
    is_believed(v, "???", "");
    assert_null(view_epoch_states(v, &purpose));
    if (why == NULL || strstr(why, because) == NULL)
        fail_msg("suspended: %s, want %s", why != NULL ? why : "no", because);
    assert_true(view_fault_count(v) >= 1);
    static struct view_marks marks;
    marks = c->s.marks;
    assert_int_equal(view_raise_marks(v, FIX_NOW, &marks, NULL), ERR_OK);
    assert_memory_equal(marks.states, c->s.marks.states, sizeof marks.states);
}

/* Raises the marks of what is heard so far. */
static void accept(struct custody *c)
{
    CLEANUP(cleanup_view_free) struct view *v = believe(&c->s);
    assert_null(view_epochs_suspended(v, &purpose));
    assert_int_equal(view_raise_marks(v, FIX_NOW, &c->s.marks, NULL), ERR_OK);
}

static void an_older_file_revives_nothing(void **state)
{
    (void)state;
    static struct custody c;
    custody_new(&c);
    hear(&c, (struct word){1, "aa", 0, 0});
    hear(&c, (struct word){2, "ca", 0, 0});
    accept(&c);
    struct view *v = believe(&c.s);
    const struct digest before = *view_states_digest(v);
    view_free(v);
    c.s.state_count = 1;
    is_suspended(&c, "serial 2 was accepted before");
    v = believe(&c.s); /* it still says what it has accepted, so that other purposes are served */
    assert_true(digest_equal(&before, view_states_digest(v)));
    view_free(v);
    c.s.state_count = 0; /* nor does a folder that is empty: no way back to the default */
    is_suspended(&c, "serial 2 was accepted before");
    c.s.states[c.s.state_count++] = buf_bytes(&c.words[1]); /* the newest alone is enough */
    v = believe(&c.s);
    is_believed(v, "ca?", "2");
    view_free(v);
    custody_free(&c);
}

static void a_gap_suspends(void **state)
{
    (void)state;
    static struct custody c;
    custody_new(&c);
    hear(&c, (struct word){1, "ad", 0, 0});
    accept(&c);
    hear(&c, (struct word){3, "ra", 0, 0});
    is_suspended(&c, "serial 2 is not here");
    c.s.marks.state_count = 0; /* nor for who never accepted any */
    is_suspended(&c, "serial 2 is not here");
    c.s.states[0] = c.s.states[1]; /* the newest alone is enough for a newcomer */
    c.s.state_count = 1;
    CLEANUP(cleanup_view_free) struct view *v = believe(&c.s);
    is_believed(v, "ra?", "2");
    custody_free(&c);
}

static void a_step_back_suspends(void **state)
{
    (void)state;
    static struct custody c;
    custody_new(&c);
    hear(&c, (struct word){1, "ra", 0, 0});
    hear(&c, (struct word){2, "aa", 0, 0});
    is_suspended(&c, "epoch 1 was retired and cannot become active");
    custody_free(&c);
}

static void two_words_under_one_serial_suspend(void **state)
{
    (void)state;
    static struct custody c;
    custody_new(&c);
    hear(&c, (struct word){1, "ad", 0, 0});
    hear(&c, (struct word){1, "ad", 0, 0}); /* signed again: the same word */
    accept(&c);
    hear(&c, (struct word){1, "aa", 0, 0});
    is_suspended(&c, "said twice");
    c.s.states[0] = c.s.states[2]; /* alone, it is not what was accepted under that serial */
    c.s.state_count = 1;
    is_suspended(&c, "said twice");
    custody_free(&c);
}

/* Not by the custodian, or damaged: it may be the word that stops something. */
static void what_does_not_verify_suspends_where_it_may_say_more(void **state)
{
    (void)state;
    static struct custody c;
    custody_new(&c);
    hear(&c, (struct word){1, "ad", 1, 0});
    is_suspended(&c, "does not verify"); /* not even the default */
    hear(&c, (struct word){1, "ad", 0, 0});
    struct view *v = believe(&c.s);
    is_believed(v, "ad?", "1"); /* nothing newer than what is believed: history */
    assert_int_equal(view_fault_count(v), 0);
    view_free(v);
    hear(&c, (struct word){2, "ca", 1, 0});
    is_suspended(&c, "serial 2 stands here and does not verify");
    custody_free(&c);
}

static void a_file_that_nobody_can_read_stops_the_default_only(void **state)
{
    (void)state;
    static struct custody c;
    custody_new(&c);
    c.s.states[c.s.state_count++] = bytes_str("no word at all");
    is_suspended(&c, "word on epochs 1");
    hear(&c, (struct word){1, "ad", 0, 0});
    CLEANUP(cleanup_view_free) struct view *v = believe(&c.s);
    is_believed(v, "ad?", "1");
    assert_int_equal(view_fault_count(v), 1); /* said, and no more */
    custody_free(&c);
}

/* The custodian's certificate was renewed: what was verified before still counts, by its content. */
static void what_was_accepted_outlives_its_signer(void **state)
{
    (void)state;
    static struct custody c;
    custody_new(&c);
    hear(&c, (struct word){1, "ca", 0, 0});
    accept(&c);
    struct fix_party *p = &c.s.w.certs[1][0];
    fix_party_free(p);
    *p = fix_leaf(&c.s.w.f, CERT_SIGNING, '2');
    c.s.w.members[2].signing = entry(p);
    struct view *v = believe(&c.s);
    assert_int_equal(view_epoch_state(v, &purpose, 1), EPOCH_COMPROMISED);
    assert_null(view_epochs_suspended(v, &purpose));
    view_free(v);
    c.s.marks.state_count = 0; /* a newcomer needs it signed again */
    is_suspended(&c, "does not verify");
    custody_free(&c);
}

/* Its custodian's folder was restored, and a compromise got a number that is taken. */
static void a_word_from_an_old_folder_suspends(void **state)
{
    (void)state;
    static struct custody c;
    custody_new(&c);
    hear(&c, (struct word){1, "aa", 0, 0});
    hear(&c, (struct word){2, "ra", 0, 10});
    accept(&c);
    hear(&c, (struct word){1, "ca", 0, 20});
    is_suspended(&c, "serial 1 was signed after serial 2");
    hear(&c, (struct word){3, "ca", 0, 30});
    CLEANUP(cleanup_view_free) struct view *v = believe(&c.s);
    is_believed(v, "ca?", "2"); /* said again, with a number of its own */
    custody_free(&c);
}

/* What is stored and handed out: what verified, once for each document. */
static void only_what_verified_is_kept(void **state)
{
    (void)state;
    static struct custody c;
    size_t n = 0;
    custody_new(&c);
    hear(&c, (struct word){1, "ad", 0, 0});
    hear(&c, (struct word){2, "ca", 1, 0}); /* of somebody else */
    hear(&c, (struct word){1, "ad", 0, 0}); /* signed again */
    c.s.states[c.s.state_count++] = bytes_str("no word at all");
    CLEANUP(cleanup_view_free) struct view *v = believe(&c.s);
    const struct bytes *kept = view_kept_states(v, &n);
    assert_int_equal(n, 1);
    assert_true(bytes_equal(kept[0], c.s.states[0]));
    assert_int_equal(view_files(v)->state_count, 4);
    custody_free(&c);
}

/* A set that has not heard the newest word, or not that something stands in doubt, does not stand in. */
static void a_set_that_heard_less_does_not_stand_in(void **state)
{
    (void)state;
    static struct custody c;
    custody_new(&c);
    hear(&c, (struct word){1, "ad", 0, 0});
    CLEANUP(cleanup_view_free) struct view *first = believe(&c.s);
    hear(&c, (struct word){2, "ca", 0, 0});
    CLEANUP(cleanup_view_free) struct view *second = believe(&c.s);
    assert_true(view_states_cover(second, first));
    assert_false(view_states_cover(first, second));
    hear(&c, (struct word){3, "cr", 1, 0});
    CLEANUP(cleanup_view_free) struct view *suspended = believe(&c.s);
    assert_non_null(view_epochs_suspended(suspended, &purpose));
    assert_false(view_states_cover(second, suspended));
    assert_true(view_states_cover(suspended, second));
    c.s.state_count = 2;
    c.s.states[c.s.state_count++] = bytes_str("no word at all");
    CLEANUP(cleanup_view_free) struct view *doubtful = believe(&c.s);
    assert_false(view_states_cover(second, doubtful));
    custody_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_was_dealt_to_others_than_the_policy_names_does_not_count),
        cmocka_unit_test(without_a_word_the_lowest_dealt_epoch_is_active),
        cmocka_unit_test(the_newest_word_counts),
        cmocka_unit_test(an_epoch_without_a_statement_of_its_key_is_not_used),
        cmocka_unit_test(an_older_file_revives_nothing),
        cmocka_unit_test(a_gap_suspends),
        cmocka_unit_test(a_step_back_suspends),
        cmocka_unit_test(two_words_under_one_serial_suspend),
        cmocka_unit_test(what_does_not_verify_suspends_where_it_may_say_more),
        cmocka_unit_test(a_file_that_nobody_can_read_stops_the_default_only),
        cmocka_unit_test(what_was_accepted_outlives_its_signer),
        cmocka_unit_test(a_word_from_an_old_folder_suspends),
        cmocka_unit_test(only_what_verified_is_kept),
        cmocka_unit_test(a_set_that_heard_less_does_not_stand_in),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
