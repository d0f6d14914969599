/* A request, from reading what a caller says to its rows: who is protected shows in no answer and in no counter. */
#include "tests/unit/agent/hold/world.h"

#include "agent/ask/run.h"
#include "pki/mac.h"
#include "proto/base/label.h"
#include "proto/host/kv_write.h"

#define SUBJECT(bsn)                                                                                          \
    "{\"label\": \"dossier 12\", \"identifiers\": [{\"type\": \"bsn\", \"value\": \"" bsn "\"}], "             \
    "\"necessity\": \"De uitkering bepaalt of de inkomsten legaal kunnen zijn.\", "                           \
    "\"proportionality\": \"p\", \"subsidiarity\": \"s\", \"concrete_signal\": \"c\", "                       \
    "\"control\": {\"name\": \"Pieter Jansen\", \"birth_date\": \"1980-01-01\"}}"
#define CALL(subjects)                                                                                         \
    "{\"rule\": \"riec.casus.verstrekking\", \"case\": \"07070707\", \"holders\": [\"00000099000000005000\"], " \
    "\"on_behalf_of\": \"00000099000000006000\", \"fields\": [\"soort_uitkering\"], \"deadline_s\": 300, "      \
    "\"dry_run\": true, \"subjects\": [" subjects "]}"
#define STANDING_CALL                                                                                       \
    "{\"rule\": \"riec.casus.verstrekking\", \"case\": \"07070707\", \"deadline_s\": 300, "                \
    "\"on_behalf_of\": \"00000099000000006000\", \"subjects\": [" SUBJECT(BSN) "], "                       \
    "\"standing\": {\"until\": \"2026-04-01\", \"every_days\": 14}}"
#define BSN "999990019"
#define OTHER_BSN "999990020"

size_t agent_epochs(const struct agent *a, const struct name *purpose, uint32_t out[static VIEW_ACTIVE_MAX])
{
    (void)a;
    (void)purpose;
    out[0] = 1;
    return 1;
}

struct bench {
    struct world w;
    struct ask ask;
    struct protected_list *list;
    struct arena *arena;
};

static void bench_new(struct bench *b)
{
    struct secret *key = NULL;
    struct kv_txn *txn = NULL;
    struct case_row k = {.id = {{7, 7, 7, 7}}, .move_count = 1};
    k.moves[0] = (struct case_move){CASE_WORK_UP_1, {"r.visser"}, FIX_NOW};
    memset(b, 0, sizeof *b);
    b->arena = arena_new((size_t)64 << 20);
    world_new(&b->w);
    b->w.config.oin = b->w.members[P_RIEC].id;
    b->w.agent.ask = &b->ask;
    b->ask.agent = &b->w.agent;
    assert_int_equal(store_derive(b->w.agent.store, LABEL_DISTINCT, &key), ERR_OK);
    assert_int_equal(mac_new(key, &b->ask.mac), ERR_OK);
    secret_free(key);
    assert_int_equal(protected_list_new(b->w.agent.store, &b->list), ERR_OK);
    b->w.agent.protected_list = b->list;
    assert_int_equal(kv_write_begin(b->w.agent.kv, &txn), ERR_OK);
    assert_int_equal(case_put(b->w.agent.store, txn, &k), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
}

static void bench_free(struct bench *b)
{
    protected_list_free(b->list);
    mac_free(b->ask.mac);
    arena_free(b->arena);
    world_free(&b->w);
}

static void protect(struct bench *b)
{
    const struct norm_ident id = {.type = IDENT_BSN, .len = 9, .value = BSN};
    struct kv_txn *txn = NULL;
    bool changed = false;
    assert_int_equal(kv_write_begin(b->w.agent.kv, &txn), ERR_OK);
    assert_int_equal(protected_list_add(b->list, txn, &id, &changed), ERR_OK);
    assert_int_equal(kv_write_commit(txn), ERR_OK);
    assert_true(changed);
}

/* In the bench's arena. */
static struct ask_run *read_call(struct bench *b, const char *call)
{
    CLEANUP(cleanup_doc_free) struct doc *args = NULL;
    struct ask_run *r = arena_alloc(b->arena, sizeof *r);
    assert_int_equal(doc_parse(bytes_str(call), 1u << 16, &args, NULL), ERR_OK);
    r->agent = &b->w.agent;
    r->arena = b->arena;
    r->view = b->w.view;
    r->staff = b->w.officers[O_RIEC].staff;
    r->question.view = b->w.view;
    r->question.requester = b->w.config.oin;
    r->question.officer = &b->w.officers[O_RIEC];
    r->question.now_s = b->w.now_s;
    if (run_read(r, args) != ERR_OK)
        fail_msg("%s", r->why.text);
    return r;
}

/* All that the caller of a dry run hears. */
static struct bytes answer(struct bench *b, const char *call)
{
    struct ask_run *r = read_call(b, call);
    struct decision *all = arena_alloc(b->arena, sizeof *all);
    CLEANUP(buf_free) struct buf text = buf_new(1u << 16);
    assert_int_equal(run_judge(r, all), ERR_OK);
    CLEANUP(cleanup_doc_free) struct doc *d = run_dry_doc(r);
    assert_non_null(d);
    assert_int_equal(doc_write(d, &text), ERR_OK);
    return arena_copy(b->arena, buf_bytes(&text));
}

/* The transaction of a request; the messages are none of this test. */
static enum err store(struct bench *b, struct ask_run *r)
{
    struct kv_txn *txn = NULL;
    r->letter_count = 0;
    assert_int_equal(kv_write_begin(b->w.agent.kv, &txn), ERR_OK);
    const enum err bad = run_store(r, txn);
    if (bad == ERR_OK)
        assert_int_equal(kv_write_commit(txn), ERR_OK);
    else
        kv_write_abort(txn);
    return bad;
}

static uint64_t met(struct bench *b)
{
    uint64_t n = 0;
    struct kv_txn *txn = NULL;
    assert_int_equal(kv_read_begin(b->w.agent.kv, &txn), ERR_OK);
    assert_int_equal(store_get_number(b->w.agent.store, txn, OWN_LOG_MET, &n), ERR_OK);
    kv_read_end(txn);
    return n;
}

/* ---- */

/* A dry run leaves no trace, so whoever may ask can repeat it: it says of everybody the same, of one who was asked about
 * before, of one who became protected since, and of one who is given twice. */
static void a_dry_run_says_the_same_of_who_is_protected(void **state)
{
    (void)state;
    static const char *const calls[] = {CALL(SUBJECT(BSN)), CALL(SUBJECT(BSN) ", " SUBJECT(BSN)),
                                        CALL(SUBJECT(BSN) ", " SUBJECT(OTHER_BSN) ", " SUBJECT(BSN))};
    static const int64_t unique[] = {1, 1, 2};
    for (int is_asked = 0; is_asked < 2; is_asked++)
        for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
            static struct bench b;
            bench_new(&b);
            if (is_asked)
                assert_int_equal(store(&b, read_call(&b, calls[0])), ERR_OK);
            const struct bytes open = answer(&b, calls[i]);
            assert_int_equal(read_call(&b, calls[i])->question.counts.unique_in_case, unique[i]);
            protect(&b);
            const struct ask_run *r = read_call(&b, calls[i]);
            assert_int_not_equal(r->covered, 0);
            assert_int_equal(r->subjects.v[0].identifiers[0].len, 32); /* nobody is asked about */
            const struct bytes covered = answer(&b, calls[i]);
            if (!bytes_equal(open, covered))
                fail_msg("call %zu:\n%.*s\n%.*s", i, (int)open.len, (const char *)open.ptr, (int)covered.len,
                         (const char *)covered.ptr);
            bench_free(&b);
        }
}

/* Each of several is an alert, and is counted as anybody is: the second takes no more of a limit. */
static void who_is_protected_is_counted_once(void **state)
{
    (void)state;
    static struct bench b;
    bench_new(&b);
    protect(&b);
    for (uint64_t i = 1; i <= 3; i++) {
        struct ask_run *r = read_call(&b, CALL(SUBJECT(BSN)));
        assert_int_equal(r->question.counts.unique_in_case, 1);
        assert_int_equal(r->question.counts.unique_in_period, 1);
        assert_int_equal(store(&b, r), ERR_OK);
        assert_int_equal(met(&b), i);
    }
    bench_free(&b);
}

static size_t rows_of(struct bench *b, enum store_table table)
{
    struct kv_table_stats stats;
    struct kv_txn *txn = NULL;
    assert_int_equal(kv_read_begin(b->w.agent.kv, &txn), ERR_OK);
    assert_int_equal(kv_table_stats(txn, store_kv_table(b->w.agent.store, table), &stats), ERR_OK);
    kv_read_end(txn);
    return (size_t)stats.entries;
}

/* What was signed is about a person, who may not be asked about any more: nothing of it is kept or sent, and the words are
 * those for another policy. Asked again it is about nobody, with an alert. */
static void who_becomes_protected_while_it_is_signed_is_not_asked_about(void **state)
{
    (void)state;
    static const char *const calls[] = {CALL(SUBJECT(BSN)), CALL(SUBJECT(OTHER_BSN) ", " SUBJECT(BSN)), STANDING_CALL};
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        static struct bench b;
        struct errmsg behind = {""};
        bench_new(&b);
        struct ask_run *r = read_call(&b, calls[i]);
        protect(&b);
        assert_int_equal(store(&b, r), ERR_BEHIND);
        assert_int_equal(run_behind(&behind), ERR_BEHIND);
        assert_string_equal(r->why.text, behind.text);
        assert_int_equal(rows_of(&b, STORE_ASK), 0);
        assert_int_equal(rows_of(&b, STORE_STANDING_WORDS), 0);
        assert_int_equal(rows_of(&b, STORE_ASK_COUNT), 0);
        assert_int_equal(met(&b), 0);
        r = read_call(&b, calls[i]);
        assert_int_equal(r->covered, 1);
        assert_int_equal(store(&b, r), ERR_OK);
        assert_int_equal(met(&b), 1);
        bench_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dry_run_says_the_same_of_who_is_protected),
        cmocka_unit_test(who_is_protected_is_counted_once),
        cmocka_unit_test(who_becomes_protected_while_it_is_signed_is_not_asked_about),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
