/* A request that is asked again, from reading what a caller says to its rows: the same subject, the same counts and the
 * same facts each time; nothing of who is protected; and its end. */
#include "tests/unit/agent/hold/world.h"

#include "agent/ask/standing_end.h"
#include "agent/ask/standing_run.h"
#include "pki/mac.h"
#include "proto/base/label.h"
#include "proto/base/when.h"
#include "proto/host/kv_write.h"

#define DAY INT64_C(86400)
#define BSN "999990019"
#define SUBJECT(birth)                                                                                          \
    "{\"label\": \"dossier 12\", \"identifiers\": [{\"type\": \"bsn\", \"value\": \"" BSN "\"}], "               \
    "\"necessity\": \"De uitkering bepaalt of de inkomsten legaal kunnen zijn, caf\xc3\xa9.\", "                \
    "\"proportionality\": \"p\", \"subsidiarity\": \"s\", \"concrete_signal\": \"c\", "                         \
    "\"control\": {\"name\": \"Pieter Jansen\", \"birth_date\": \"" birth "\"}}"
#define CALL(subjects)                                                                                          \
    "{\"rule\": \"riec.casus.verstrekking\", \"case\": \"07070707\", \"holders\": [\"00000099000000005000\"], " \
    "\"on_behalf_of\": \"00000099000000006000\", \"fields\": [\"soort_uitkering\"], \"deadline_s\": 300, "      \
    "\"standing\": {\"until\": \"%s\", \"every_days\": %d}, \"subjects\": [" subjects "]}"

static const struct case_id the_case = {{7, 7, 7, 7}};

/* The epochs that are active, of which the agency has the key. */
static uint32_t active[VIEW_ACTIVE_MAX];
static size_t active_count;

size_t agent_epochs(const struct agent *a, const struct name *purpose, uint32_t out[static VIEW_ACTIVE_MAX])
{
    (void)a;
    (void)purpose;
    memcpy(out, active, sizeof active);
    return active_count;
}

struct bench {
    struct world w;
    struct ask ask;
    struct protected_list *list;
    struct arena *arena;
    struct standing_id id; /* of the last that began */
};

static void put_case(struct bench *b, enum case_state state)
{
    struct kv_txn *txn = NULL;
    struct case_row k = {.id = the_case, .move_count = 1};
    k.moves[0] = (struct case_move){state, {"r.visser"}, FIX_NOW};
    assert_int_equal(kv_write_begin(b->w.agent.kv, &txn), ERR_OK);
    assert_int_equal(case_put(b->w.agent.store, txn, &k), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
}

static void bench_new(struct bench *b, const struct policy_edit *edits)
{
    struct secret *key = NULL;
    memset(b, 0, sizeof *b);
    b->arena = arena_new((size_t)64 << 20);
    world_new_edited(&b->w, edits);
    b->w.config.oin = b->w.members[P_RIEC].id;
    b->w.agent.ask = &b->ask;
    b->ask.agent = &b->w.agent;
    active[0] = 1;
    active_count = 1;
    assert_int_equal(store_derive(b->w.agent.store, LABEL_DISTINCT, &key), ERR_OK);
    assert_int_equal(mac_new(key, &b->ask.mac), ERR_OK);
    secret_free(key);
    assert_int_equal(protected_list_new(b->w.agent.store, &b->list), ERR_OK);
    b->w.agent.protected_list = b->list;
    put_case(b, CASE_WORK_UP_1);
}

static void bench_free(struct bench *b)
{
    protected_list_free(b->list);
    mac_free(b->ask.mac);
    arena_free(b->arena);
    world_free(&b->w);
}

static void protect(struct bench *b, bool is_in)
{
    struct norm_ident id = {.type = IDENT_BSN, .len = 9, .value = BSN};
    struct kv_txn *txn = NULL;
    bool changed = false;
    assert_int_equal(kv_write_begin(b->w.agent.kv, &txn), ERR_OK);
    assert_int_equal(is_in ? protected_list_add(b->list, txn, &id, &changed)
                           : protected_list_remove(b->list, txn, &id, &changed),
                     ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    assert_true(changed);
}

/* In the bench's arena. */
static struct ask_run *run_of(struct bench *b, int officer)
{
    struct ask_run *r = arena_alloc(b->arena, sizeof *r);
    assert_non_null(r);
    r->agent = &b->w.agent;
    r->arena = b->arena;
    r->view = b->w.view;
    r->staff = b->w.officers[officer].staff;
    r->question.view = b->w.view;
    r->question.requester = b->w.config.oin;
    r->question.officer = &b->w.officers[officer];
    r->question.now_s = b->w.now_s;
    return r;
}

/* In a transaction of its own, with what the request counts for. */
static enum err store(struct bench *b, struct ask_run *r, bool is_kept)
{
    struct kv_txn *txn = NULL;
    assert_int_equal(kv_write_begin(b->w.agent.kv, &txn), ERR_OK);
    enum err bad = counts_add(&r->counting, txn);
    if (bad == ERR_OK)
        bad = standing_run_store(r, txn);
    if (bad == ERR_OK && is_kept)
        assert_int_equal(kv_write_commit(txn), ERR_OK);
    else
        kv_write_abort(txn);
    return bad;
}

static enum err read_call(struct bench *b, struct ask_run **out, const char *form, const char *until, int every)
{
    CLEANUP(cleanup_doc_free) struct doc *args = NULL;
    CLEANUP(buf_free) struct buf text = buf_new(1u << 16);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    buf_printf(&text, form, until, every);
#pragma GCC diagnostic pop
    assert_int_equal(doc_parse(buf_bytes(&text), 1u << 16, &args, NULL), ERR_OK);
    struct ask_run *r = *out = run_of(b, O_RIEC);
    enum err bad = run_read(r, args);
    if (bad == ERR_OK) {
        r->letters[0].composed.header_digest.b[0] = 1;
        b->id = r->standing->row.id;
    }
    return bad;
}

/* A day in so many days. */
static const char *day_in(const struct bench *b, int days)
{
    static char text[WHEN_TEXT_SIZE];
    when_text(b->w.now_s + days * DAY, text);
    text[10] = '\0';
    return text;
}

static struct ask_run *begin(struct bench *b)
{
    struct ask_run *r = NULL;
    if (read_call(b, &r, CALL(SUBJECT("1980-01-01")), day_in(b, 60), 7) != ERR_OK)
        fail_msg("%s", r->why.text);
    assert_int_equal(store(b, r, true), ERR_OK);
    return r;
}

static enum err get(struct bench *b, struct standing_row *k, struct standing_words *w)
{
    struct kv_txn *txn = NULL;
    assert_int_equal(kv_read_begin(b->w.agent.kv, &txn), ERR_OK);
    enum err bad = standing_row_get(b->w.agent.store, txn, &b->id, b->arena, k);
    if (bad == ERR_OK)
        assert_int_equal(standing_words_get(b->w.agent.store, txn, &b->id, b->arena, w), ERR_OK);
    else
        assert_int_equal(standing_words_get(b->w.agent.store, txn, &b->id, b->arena, w), bad);
    kv_read_end(txn);
    return bad;
}

/* As the verb does, without the caller. */
static struct ask_run *read_again(struct bench *b, int officer)
{
    CLEANUP(cleanup_doc_free) struct doc *args = NULL;
    struct standing_row k;
    struct standing_words w;
    struct ask_run *r = run_of(b, officer);
    assert_int_equal(get(b, &k, &w), ERR_OK);
    const struct bytes text = bytes_str("{\"rule\": \"riec.casus.verstrekking\", \"case\": \"07070707\", "
                                        "\"on_behalf_of\": \"00000099000000006000\", "
                                        "\"holders\": [\"00000099000000005000\"], "
                                        "\"fields\": [\"soort_uitkering\"], \"deadline_s\": 300}");
    assert_int_equal(doc_parse(text, 1u << 16, &args, NULL), ERR_OK);
    assert_int_equal(standing_run_again(r, &k, &w, STANDING_TERM), ERR_OK);
    if (run_read(r, args) != ERR_OK)
        fail_msg("%s", r->why.text);
    return r;
}

static void assert_same_counts(const struct counts *a, const struct counts *b)
{
    assert_int_equal(a->unique_in_case, b->unique_in_case);
    assert_int_equal(a->unique_in_period, b->unique_in_period);
}

static void assert_same_facts(const struct facts *a, const struct facts *b)
{
    assert_int_equal(a->necessity_chars.v, b->necessity_chars.v);
    assert_int_equal(a->minor.by, b->minor.by);
    assert_int_equal(a->minor.v, b->minor.v);
    assert_int_equal(a->control_data.v, b->control_data.v);
    assert_int_equal(a->weak_alone.v, b->weak_alone.v);
}

/* ---- */

static void it_begins_with_its_request(void **state)
{
    (void)state;
    static struct bench b;
    struct standing_row k;
    struct standing_words w;
    struct ask_run *r = NULL;
    bench_new(&b, NULL);
    assert_int_equal(read_call(&b, &r, CALL(SUBJECT("1980-01-01")), day_in(&b, 60), 7), ERR_OK);
    assert_int_equal(store(&b, r, false), ERR_OK); /* killed before the commit */
    assert_int_equal(get(&b, &k, &w), ERR_NOT_FOUND);
    assert_int_equal(store(&b, r, true), ERR_OK);
    assert_int_equal(get(&b, &k, &w), ERR_OK);
    assert_int_equal(k.askings, 1);
    assert_int_equal(k.every_days, 7);
    assert_string_equal(k.begun_by.s, b.w.officers[O_RIEC].staff.s);
    assert_true(k.asked_s == b.w.now_s && k.deadline_s == b.w.now_s + 300);
    assert_true(k.until_s > b.w.now_s + 60 * DAY - DAY && k.until_s % DAY == DAY - 1);
    assert_int_equal(k.epochs[0], 1);
    assert_true(bytes_is(k.label, "dossier 12"));
    assert_int_equal(w.subject.identifiers[0].len, 9);
    assert_memory_equal(w.subject.identifiers[0].value, BSN, 9);
    assert_int_equal(w.term_s, 300);
    assert_int_equal(world_log.entries[world_log.count - 1].event, AUDIT_EVENT_STANDING_BEGUN);
    assert_int_equal(world_logged_number(AUDIT_EVENT_STANDING_BEGUN, "every_days"), 7);
    assert_memory_equal(world_log.entries[world_log.count - 1].touched.id, r->id.b, sizeof r->id.b);
    bench_free(&b);
}

/* No entry, no standing request. */
static void without_its_entry_it_does_not_begin(void **state)
{
    (void)state;
    static struct bench b;
    struct standing_row k;
    struct standing_words w;
    struct ask_run *r = NULL;
    bench_new(&b, NULL);
    assert_int_equal(read_call(&b, &r, CALL(SUBJECT("1980-01-01")), day_in(&b, 60), 7), ERR_OK);
    world_log.is_broken = true;
    assert_int_equal(store(&b, r, true), ERR_IO);
    world_log.is_broken = false;
    assert_int_equal(get(&b, &k, &w), ERR_NOT_FOUND);
    bench_free(&b);
}

static void what_does_not_fit_is_refused_before_anything_is_signed(void **state)
{
    (void)state;
    static const struct {
        const char *form;
        int days;
        int every;
        const char *why;
    } cases[] = {
        {CALL(SUBJECT("1980-01-01") ", " SUBJECT("1980-01-01")), 60, 7, "one subject"},
        {CALL(SUBJECT("1980-01-01")), -1, 7, "before its first question closes"},
        {CALL(SUBJECT("1980-01-01")), 367, 7, "at most 365 days"},
        {CALL(SUBJECT("1980-01-01")), 60, 0, "1 to 365 days"},
        {CALL(SUBJECT("1980-01-01")), 60, 366, "1 to 365 days"},
    };
    static struct bench b;
    bench_new(&b, NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ask_run *r = NULL;
        assert_int_not_equal(read_call(&b, &r, cases[i].form, day_in(&b, cases[i].days), cases[i].every), ERR_OK);
        if (strstr(r->why.text, cases[i].why) == NULL)
            fail_msg("case %zu: %s", i, r->why.text);
    }
    bench_free(&b);
}

/* By somebody else of the function, in another epoch. */
static void it_asks_the_same_again(void **state)
{
    (void)state;
    static struct bench b;
    struct standing_row k;
    struct standing_words w;
    bench_new(&b, NULL);
    struct ask_run *first = begin(&b);
    b.w.now_s += 8 * DAY;
    active[0] = 2;
    struct ask_run *r = read_again(&b, O_BD);
    assert_int_equal(r->subjects.count, 1);
    assert_true(ident_equal(&r->subjects.v[0].identifiers[0], &first->subjects.v[0].identifiers[0]));
    assert_true(bytes_equal(r->subjects.v[0].necessity, first->subjects.v[0].necessity));
    assert_true(bytes_is(r->subjects.v[0].label, "dossier 12"));
    assert_int_equal(r->holder_count, 1);
    assert_true(r->question.deadline_s == b.w.now_s + 300);
    assert_same_counts(&r->question.counts, &first->question.counts);
    assert_same_facts(&r->question.subjects, &first->question.subjects);
    assert_int_equal(r->named_count, 1);
    assert_memory_equal(r->named[0].mark.b, BSN, 9); /* the mark of this world is the value */
    assert_int_equal(r->covered, 0);
    assert_memory_not_equal(r->id.b, first->id.b, sizeof r->id.b);
    assert_int_equal(store(&b, r, false), ERR_OK);
    assert_int_equal(get(&b, &k, &w), ERR_OK);
    assert_int_equal(k.askings, 1); /* killed before the commit: it is due still */
    assert_int_equal(store(&b, r, true), ERR_OK); /* the job runs twice, and counts once */
    assert_int_equal(get(&b, &k, &w), ERR_OK);
    assert_int_equal(k.askings, 2);
    assert_int_equal(k.epochs[0], 2);
    assert_true(k.asked_s == b.w.now_s);
    assert_memory_equal(k.request.b, r->id.b, sizeof r->id.b);
    assert_string_equal(k.asked_by.s, b.w.officers[O_BD].staff.s);
    assert_string_equal(k.begun_by.s, b.w.officers[O_RIEC].staff.s);
    bench_free(&b);
}

static void two_who_ask_at_a_time_ask_once(void **state)
{
    (void)state;
    static struct bench b;
    bench_new(&b, NULL);
    begin(&b);
    struct ask_run *one = read_again(&b, O_RIEC);
    struct ask_run *other = read_again(&b, O_RIEC);
    assert_int_equal(store(&b, one, true), ERR_OK);
    assert_int_equal(store(&b, other, true), ERR_STATE);
    assert_non_null(strstr(other->why.text, "somebody asked it meanwhile"));
    bench_free(&b);
}

/* ---- protected persons ---- */

static void assert_holds_nothing(struct bench *b)
{
    static const char *const secrets[] = {BSN, "Pieter", "Jansen", "bepaalt", "1980-01-01"};
    struct bytes plain;
    struct kv_txn *txn = NULL;
    assert_int_equal(kv_read_begin(b->w.agent.kv, &txn), ERR_OK);
    assert_int_equal(store_get(b->w.agent.store, txn, STORE_STANDING_WORDS, BYTES_OF_ARRAY(b->id.b), b->arena, &plain),
                     ERR_OK);
    uint8_t *shown = arena_alloc(b->arena, plain.len);
    memcpy(shown, plain.ptr, plain.len);
    for (size_t i = 0; i + 9 <= plain.len; i++) /* the mark of this world is the value: not so in the program */
        if (memcmp(shown + i, BSN, 9) == 0 && i + 16 <= plain.len && shown[i + 9] == 0) {
            memset(shown + i, 0, 9);
            break;
        }
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
        assert_null(memmem(shown, plain.len, secrets[i], strlen(secrets[i])));
    kv_read_end(txn);
}

/* The row of somebody protected has random bytes from its begin on; each asking is met, counts as before and has
 * the facts of before. */
static void of_a_protected_person_nothing_is_kept(void **state)
{
    (void)state;
    static struct bench b;
    static struct bench plain;
    bench_new(&plain, NULL);
    const struct counts open = begin(&plain)->question.counts;
    bench_free(&plain);
    bench_new(&b, NULL);
    protect(&b, true);
    struct ask_run *first = begin(&b);
    assert_int_equal(first->covered, 1);
    assert_holds_nothing(&b);
    assert_same_counts(&first->question.counts, &open);
    for (int i = 0; i < 3; i++) {
        b.w.now_s += 8 * DAY;
        struct ask_run *r = read_again(&b, O_RIEC);
        assert_int_equal(r->covered, 1); /* the alert */
        assert_same_counts(&r->question.counts, &first->question.counts);
        assert_same_facts(&r->question.subjects, &first->question.subjects);
        assert_memory_equal(r->named[0].mark.b, BSN, 9); /* and is found by its own subject's request */
        assert_int_equal(store(&b, r, true), ERR_OK);
        assert_holds_nothing(&b);
    }
    protect(&b, false); /* then it asks about nobody, and says so to nobody */
    struct ask_run *r = read_again(&b, O_RIEC);
    assert_int_equal(r->covered, 0);
    assert_same_counts(&r->question.counts, &first->question.counts);
    assert_same_facts(&r->question.subjects, &first->question.subjects);
    assert_holds_nothing(&b);
    bench_free(&b);
}

static void sweep(struct bench *b, enum err expected)
{
    struct kv_txn *txn = NULL;
    struct standing_sweep w = {&b->w.agent, b->w.view, b->w.now_s, 16, {{0}}, 0, 0};
    assert_int_equal(kv_write_begin(b->w.agent.kv, &txn), ERR_OK);
    assert_int_equal(standing_sweep(&w, txn), expected);
    if (expected == ERR_OK)
        assert_int_equal(kv_write_commit(txn), ERR_OK);
    else
        kv_write_abort(txn);
}

/* Between two askings: whether a sweep comes first or not, the next asking is about nobody, is met, and looks the same. */
static void who_becomes_protected_is_covered(void **state)
{
    (void)state;
    for (int is_swept = 0; is_swept <= 1; is_swept++) {
        static struct bench b;
        bench_new(&b, NULL);
        struct ask_run *first = begin(&b);
        assert_int_equal(first->covered, 0);
        sweep(&b, ERR_OK); /* nothing to do */
        protect(&b, true);
        if (is_swept) {
            sweep(&b, ERR_OK);
            assert_holds_nothing(&b);
        }
        for (int i = 0; i < 2; i++) {
            struct ask_run *r = read_again(&b, O_RIEC);
            assert_int_equal(r->covered, 1);
            assert_int_equal(r->subjects.v[0].identifiers[0].len, 32);
            assert_same_counts(&r->question.counts, &first->question.counts);
            assert_same_facts(&r->question.subjects, &first->question.subjects);
            assert_int_equal(r->subjects.v[0].necessity.len, first->subjects.v[0].necessity.len);
            assert_memory_equal(r->named[0].mark.b, BSN, 9);
            assert_int_equal(store(&b, r, true), ERR_OK);
            assert_holds_nothing(&b);
        }
        bench_free(&b);
    }
}

/* ---- ends ---- */

static void assert_ended(struct bench *b, const char *why)
{
    struct standing_row k;
    struct standing_words w;
    const struct world_entry *e = &world_log.entries[world_log.count - 1];
    assert_int_equal(get(b, &k, &w), ERR_NOT_FOUND);
    assert_int_equal(e->event, AUDIT_EVENT_STANDING_ENDED);
    assert_string_equal(e->first, why);
}

/* The date of its row; the roster is valid then, or not. */
static void until(struct bench *b, bool is_valid)
{
    struct standing_row k;
    struct standing_words w;
    struct kv_txn *txn = NULL;
    const int64_t end_s = view_roster(b->w.view)->not_after;
    assert_int_equal(get(b, &k, &w), ERR_OK);
    k.until_s = is_valid ? end_s - 1 : end_s;
    assert_int_equal(kv_write_begin(b->w.agent.kv, &txn), ERR_OK);
    assert_int_equal(standing_row_put(b->w.agent.store, txn, &k), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    b->w.now_s = k.until_s;
}

static void it_ends_when_its_date_has_passed(void **state)
{
    (void)state;
    static struct bench b;
    struct standing_row k;
    struct standing_words w;
    bench_new(&b, NULL);
    begin(&b);
    until(&b, false);
    b.w.now_s++;
    sweep(&b, ERR_OK);
    assert_int_equal(get(&b, &k, &w), ERR_OK); /* by a clock that no roster confirms nothing goes */
    until(&b, true);
    sweep(&b, ERR_OK);
    assert_int_equal(get(&b, &k, &w), ERR_OK);
    b.w.now_s++;
    sweep(&b, ERR_OK);
    assert_ended(&b, "date");
    bench_free(&b);
}

static void it_ends_with_its_case(void **state)
{
    (void)state;
    static const enum case_state states[] = {CASE_CLOSED, CASE_DESTROYED};
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        static struct bench b;
        bench_new(&b, NULL);
        begin(&b);
        put_case(&b, states[i]);
        world_log.is_broken = true;
        sweep(&b, ERR_IO); /* no entry, no end */
        world_log.is_broken = false;
        sweep(&b, ERR_OK);
        assert_ended(&b, "case");
        bench_free(&b);
    }
}

/* In the transaction that closes it; another case keeps its own. */
static void closing_a_case_ends_all_of_it(void **state)
{
    (void)state;
    static struct bench b;
    struct standing_row k;
    struct standing_words w;
    struct kv_txn *txn = NULL;
    const struct name staff = {"r->visser"};
    const struct case_id another = {{8}};
    bench_new(&b, NULL);
    begin(&b);
    begin(&b);
    const struct standing_ending e = {&b.w.agent, b.w.view, STANDING_END_CASE, &staff};
    assert_int_equal(kv_write_begin(b.w.agent.kv, &txn), ERR_OK);
    assert_int_equal(standing_end_of_case(&e, txn, &another), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    assert_int_equal(get(&b, &k, &w), ERR_OK);
    const size_t before = world_log.count;
    assert_int_equal(kv_write_begin(b.w.agent.kv, &txn), ERR_OK);
    assert_int_equal(standing_end_of_case(&e, txn, &the_case), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    assert_int_equal(world_log.count, before + 2);
    assert_ended(&b, "case");
    assert_string_equal(world_log.entries[before].staff.s, "r->visser");
    bench_free(&b);
}

static void it_ends_when_the_policy_has_its_rule_no_more(void **state)
{
    (void)state;
    static const struct policy_edit gone[] = {{"riec.casus.verstrekking", "riec.casus.anders"}, {NULL, NULL}};
    static struct bench b;
    static struct world other;
    bench_new(&b, NULL);
    begin(&b);
    struct standing_row k;
    struct standing_words w;
    assert_int_equal(get(&b, &k, &w), ERR_OK);
    assert_int_equal(standing_end_now(&k, b.w.view, &b.w.config.oin, CASE_WORK_UP_1, b.w.now_s), STANDING_GOES_ON);
    /* not of another agency, and not in another purpose */
    assert_int_equal(standing_end_now(&k, b.w.view, &b.w.members[P_UWV].id, CASE_WORK_UP_1, b.w.now_s), STANDING_END_RULE);
    k.purpose = (struct name){"another"};
    assert_int_equal(standing_end_now(&k, b.w.view, &b.w.config.oin, CASE_WORK_UP_1, b.w.now_s), STANDING_END_RULE);
    assert_int_equal(get(&b, &k, &w), ERR_OK);
    const struct agency_id self = b.w.config.oin;
    bench_free(&b);
    world_new_edited(&other, gone);
    assert_int_equal(standing_end_now(&k, other.view, &self, CASE_WORK_UP_1, other.now_s), STANDING_END_RULE);
    world_free(&other);
}

/* What was being signed when it ended is not sent. */
static void one_that_ended_is_not_asked(void **state)
{
    (void)state;
    static struct bench b;
    struct standing_row k;
    struct standing_words w;
    struct kv_txn *txn = NULL;
    bench_new(&b, NULL);
    begin(&b);
    struct ask_run *r = read_again(&b, O_RIEC);
    const struct standing_ending e = {&b.w.agent, b.w.view, STANDING_END_OFFICER, &r->staff};
    assert_int_equal(get(&b, &k, &w), ERR_OK);
    assert_int_equal(kv_write_begin(b.w.agent.kv, &txn), ERR_OK);
    assert_int_equal(standing_end(&e, txn, &k), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    assert_ended(&b, "officer");
    assert_int_equal(store(&b, r, true), ERR_STATE);
    assert_int_equal(get(&b, &k, &w), ERR_NOT_FOUND);
    bench_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_with_its_request),
        cmocka_unit_test(without_its_entry_it_does_not_begin),
        cmocka_unit_test(what_does_not_fit_is_refused_before_anything_is_signed),
        cmocka_unit_test(it_asks_the_same_again),
        cmocka_unit_test(two_who_ask_at_a_time_ask_once),
        cmocka_unit_test(of_a_protected_person_nothing_is_kept),
        cmocka_unit_test(who_becomes_protected_is_covered),
        cmocka_unit_test(it_ends_when_its_date_has_passed),
        cmocka_unit_test(it_ends_with_its_case),
        cmocka_unit_test(closing_a_case_ends_all_of_it),
        cmocka_unit_test(it_ends_when_the_policy_has_its_rule_no_more),
        cmocka_unit_test(one_that_ended_is_not_asked),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
