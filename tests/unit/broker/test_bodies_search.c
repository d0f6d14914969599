/* broker/bodies_search, pki/logbook/log_find, log_index: a narrowed reading gives the bodies that fit, each once
 * and in order, whatever the lists have got so far; and only to who reads all. */
#include "pki/body.h"
#include "pki/logbook/log_due.h"
#include "tests/unit/broker/search_stage.h"

static void what_fits_is_found_wherever_the_lists_are(void **state)
{
    (void)state;
    fill(0, ENTRIES);
    all_filters_agree();
    log_retention_part.stop(&bench.broker); /* and what comes now stands on no list */
    fill(ENTRIES, BLOCK);
    all_filters_agree();
    struct errmsg why = {""};
    OK(log_retention_part.start(&bench.broker, &why));
    log_retention_look(bench.broker.log_retention);
    bench_settle(&bench);
    all_filters_agree();
}

static size_t places(void)
{
    return rows_in(bench.broker.store->log.index);
}

/* Changes a byte of the stored body of an entry. */
static enum err damage_job(struct kv_txn *txn, void *arg)
{
    const struct digest *entry = arg;
    const struct log_tables *t = &bench.broker.store->log;
    CLEANUP(buf_free) struct buf changed = buf_new(ENTRY_BODY_MAX + 64);
    struct bytes sealed;
    enum err e = kv_get(txn, t->bodies, digest_bytes(entry), &sealed);
    if (e != ERR_OK)
        return e;
    buf_put(&changed, sealed);
    changed.ptr[changed.len / 2] ^= 1;
    return kv_put(txn, t->bodies, digest_bytes(entry), buf_bytes(&changed));
}

static size_t unreadable_in(const struct bodies_reply *r, uint64_t index)
{
    size_t n = 0;
    for (size_t i = 0; i < r->row_count; i++) {
        n += r->rows[i].is_unreadable;
        assert_true(!r->rows[i].is_unreadable || (r->rows[i].index == index && r->rows[i].body.len == 0));
    }
    return n;
}

static size_t bodies_in(const struct bodies_reply *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->row_count; i++)
        n += r->rows[i].body.len > 0;
    return n;
}

/* An answer is made on the loop: it opens so many, and the next goes on behind them. */
static void an_answer_opens_a_bounded_number(void **state)
{
    (void)state;
    size_t bodies_seen = 0;
    size_t pages = 0;
    fill(0, ENTRIES);
    for (uint64_t from = 0; pages == 0 || from != 0; pages++) {
        const struct bodies_reply r = page(NULL, from, 1000, true);
        assert_in_range(bodies_in(&r), 1, BODIES_OPENED_MAX);
        assert_int_equal(r.rows[0].index, from);
        bodies_seen += bodies_in(&r);
        from = r.next_index;
    }
    assert_int_equal(pages, 2);
    assert_true(bodies_seen >= ENTRIES);
}

static void a_damaged_body_keeps_no_other_from_being_read(void **state)
{
    (void)state;
    const struct bodies_filter f = {.event = name_of("request.refused")};
    fill(0, BLOCK);
    const struct bodies_reply before = page(NULL, 0, 1000, true);
    const struct bodies_reply fit = page(&f, 0, 1000, true);
    assert_string_equal(bench.broker.unreadable.text, "");
    assert_true(fit.row_count > 10);
    struct body_row gone = fit.rows[3];
    OK(writer_run(bench.broker.writer, damage_job, &gone.entry));
    const struct bodies_reply after = page(NULL, 0, 1000, true);
    assert_int_equal(after.row_count, before.row_count);
    assert_int_equal(unreadable_in(&after, gone.index), 1);
    assert_int_equal(bodies_in(&after), bodies_in(&before) - 1);
    assert_true(strstr(bench.broker.unreadable.text, "does not open") != NULL);
    const struct bodies_reply narrow = page(&f, 0, 1000, true);
    assert_int_equal(narrow.row_count, fit.row_count); /* nobody knows whether it fits */
    assert_int_equal(unreadable_in(&narrow, gone.index), 1);
    for (size_t i = 0; i < before.row_count; i++) /* who may not read it is not told either */
        if (before.rows[i].body.len > 0 && before.rows[i].index != gone.index)
            OK(writer_run(bench.broker.writer, damage_job, (void *)(uintptr_t)&before.rows[i].entry));
    bench.view.members[BENCH_ALFA].id.oin[0] ^= 1;
    const struct bodies_reply other = page(NULL, 0, 1000, false);
    bench.view.members[BENCH_ALFA].id.oin[0] ^= 1;
    assert_int_equal(other.row_count, before.row_count);
    for (size_t i = 0; i < other.row_count; i++)
        assert_false(other.rows[i].is_unreadable);
}

/* ---- what no body tells of ---- */

/* The first entry at or behind an index whose body is there. */
static struct body_row one_behind(uint64_t from)
{
    const struct bodies_reply r = page(NULL, from, 100, true);
    size_t i = 0;
    while (i < r.row_count && r.rows[i].body.len == 0)
        i++;
    assert_true(i < r.row_count);
    return r.rows[i];
}

/* As a store has it that took up what it lost. */
static enum err lose_job(struct kv_txn *txn, void *arg)
{
    const struct digest *entry = arg;
    const struct log_tables *t = &bench.broker.store->log;
    enum err e = kv_del(txn, t->bodies, digest_bytes(entry));
    if (e == ERR_OK)
        e = kv_del(txn, t->keys, digest_bytes(entry));
    return e == ERR_OK ? log_add_lost(t, txn, entry) : e;
}

static void begin_dating(void)
{
    struct errmsg why = {""};
    OK(log_retention_part.start(&bench.broker, &why));
    log_retention_look(bench.broker.log_retention);
    bench_settle(&bench);
}

/* Page by page, whatever is asked for; the fitting ones among them. */
static size_t told_of(const struct bodies_filter *f, uint64_t unreadable, uint64_t lost)
{
    uint64_t from = 0;
    size_t told = 0;
    size_t fitting = 0;
    do {
        const struct bodies_reply r = page(f, from, 7, true);
        for (size_t i = 0; i < r.row_count; i++) {
            told += r.rows[i].is_unreadable && r.rows[i].index == unreadable;
            told += r.rows[i].is_lost && r.rows[i].index == lost;
            fitting += r.rows[i].body.len > 0;
        }
        from = r.next_index;
    } while (from != 0);
    assert_int_equal(told, (unreadable != UINT64_MAX) + (lost != UINT64_MAX));
    return fitting;
}

static void what_has_no_body_is_told_whatever_is_asked_for(void **state)
{
    (void)state;
    const struct bodies_filter filters[] = {
        {.event = name_of("request.refused")},
        {.event = name_of("request.refused"), .decision = name_of("permit")},
        {.rule = name_of("nobody.has")},
        {.since_s = BENCH_NOW_S + 300 * DAY_S},
        {.event = name_of("request.refused"), .until_s = 1000},
    };
    fill(0, BLOCK);
    log_retention_part.stop(&bench.broker);
    fill(BLOCK, BLOCK);
    struct body_row bad = one_behind(page(NULL, 0, 1, true).size - BLOCK);
    struct body_row gone = one_behind(bad.index + 1);
    size_t before[ARRAY_LEN(filters)];
    for (size_t i = 0; i < ARRAY_LEN(filters); i++)
        before[i] = told_of(&filters[i], UINT64_MAX, UINT64_MAX);
    OK(writer_run(bench.broker.writer, damage_job, &bad.entry));
    OK(writer_run(bench.broker.writer, lose_job, &gone.entry));
    for (size_t i = 0; i < ARRAY_LEN(filters); i++)
        assert_in_range(before[i] - told_of(&filters[i], bad.index, gone.index), 0, 2);
    begin_dating();
    for (size_t i = 0; i < ARRAY_LEN(filters); i++)
        assert_in_range(before[i] - told_of(&filters[i], bad.index, gone.index), 0, 2);
    bench.now_ms += 40 * DAY_S * 1000;
    log_retention_look(bench.broker.log_retention);
    bench_settle(&bench);
    assert_int_equal(told_of(&filters[0], UINT64_MAX, gone.index), 0); /* the other's time is over */
    assert_int_equal(places(), 2); /* the lost one, and the event of the log's first entry */
}

/* A body that a newer program wrote, of an event that this one does not know. */
static enum err strange_job(struct kv_txn *txn, void *arg)
{
    struct digest *entry = arg;
    const struct bytes body = bytes_str("{\"event\":\"request.foreseen\"}");
    CLEANUP(buf_free) struct buf wrapped = buf_new(BODY_KEY_WRAPPED_BYTES);
    CLEANUP(buf_free) struct buf sealed = buf_new(BODY_SEALED_MAX);
    OK(entry_hash(digest_sha256, body, entry));
    OK(body_seal(bench.broker.vaults->records, entry, body, &wrapped, &sealed));
    const struct log_row row = {.committed_at_s = BENCH_NOW_S, .index = LOG_NOT_PLACED};
    const struct log_new n = {entry, &row, buf_bytes(&wrapped), buf_bytes(&sealed)};
    return log_add(&bench.broker.store->log, txn, &n);
}

static enum err place_job(struct kv_txn *txn, void *arg)
{
    struct body_row *at = arg;
    struct log_row row;
    const enum err e = log_get_row(&bench.broker.store->log, txn, &at->entry, &row);
    at->index = row.index;
    return e;
}

static void what_a_newer_program_wrote_holds_no_filter_up(void **state)
{
    (void)state;
    struct body_row strange = {.index = 0};
    const struct bodies_filter filters[] = {
        {.event = name_of("request.refused")},
        {.rule = name_of("nobody.has")},
        {.since_s = BENCH_NOW_S + 300 * DAY_S},
    };
    fill(0, BLOCK);
    OK(writer_run(bench.broker.writer, strange_job, &strange.entry));
    fill(BLOCK, BLOCK);
    OK(writer_run(bench.broker.writer, place_job, &strange));
    for (size_t i = 0; i < ARRAY_LEN(filters); i++)
        (void)told_of(&filters[i], strange.index, UINT64_MAX);
    log_retention_look(bench.broker.log_retention);
    bench_settle(&bench);
    for (size_t i = 0; i < ARRAY_LEN(filters); i++)
        (void)told_of(&filters[i], strange.index, UINT64_MAX);
}

static enum err damaged_note_job(struct kv_txn *txn, void *arg)
{
    const struct digest entry = {{0xfe}};
    const struct log_due_row row = {0, &entry, 5, bytes_str("damaged")};
    (void)arg;
    return log_put_due(&bench.broker.store->log, txn, &row);
}

static void a_damaged_note_keeps_no_body_from_its_end(void **state)
{
    (void)state;
    fill(0, BLOCK);
    const size_t due = rows_in(bench.broker.store->log.due);
    OK(writer_run(bench.broker.writer, damaged_note_job, NULL));
    log_retention_look(bench.broker.log_retention);
    bench_settle(&bench);
    assert_int_equal(rows_in(bench.broker.store->log.due), due);
}

/* A store without any list, as that of an own log was: nothing is added before the rest is listed. */
static enum err forget_lists_job(struct kv_txn *txn, void *arg)
{
    (void)arg;
    const struct log_tables *t = &bench.broker.store->log;
    OK(kv_del(txn, t->state, bytes_str(LOG_STATE_TERMS)));
    OK(kv_del(txn, t->state, bytes_str("log/listed")));
    OK(kv_clear(txn, t->named));
    return kv_clear(txn, t->index);
}

/* The row of hours, or the places where they were reached; all of them gone, or each one byte short. */
struct damaged_hours {
    const char *rows;
    bool are_gone;
};

static enum err damage_hours_job(struct kv_txn *txn, void *arg)
{
    const struct damaged_hours *d = arg;
    const struct log_tables *t = &bench.broker.store->log;
    struct bytes key;
    struct bytes value;
    uint8_t place[64];
    struct buf at = buf_fixed(place, sizeof place);
    CLEANUP(buf_free) struct buf cut = buf_new(64);
    size_t changed = 0;
    buf_put_str(&at, d->rows);
    for (;;) {
        CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
        OK(kv_iter_new(txn, t->state, bytes_str(d->rows), &it));
        OK(changed == 0 ? kv_iter_seek(it, buf_bytes(&at)) : kv_iter_after(it, buf_bytes(&at)));
        if (kv_iter_next(it, &key, &value) != ERR_OK)
            break;
        buf_reset(&at);
        buf_put(&at, key);
        buf_reset(&cut);
        buf_put(&cut, bytes_of(value.ptr, value.len - 1));
        OK(d->are_gone ? kv_del(txn, t->state, buf_bytes(&at)) : kv_put(txn, t->state, buf_bytes(&at), buf_bytes(&cut)));
        changed++;
    }
    assert_true(changed > 0);
    return ERR_OK;
}

static void periods_agree(void)
{
    size_t fitting = 0;
    arena_reset(arena);
    read_all();
    for (int64_t since = 0; since <= 120; since += 24)
        for (int64_t until = since; until <= 120; until += 24) {
            const struct bodies_filter f = {.event = name_of(since % 48 == 0 ? "" : "request.refused"),
                                            .since_s = since == 0 ? 0 : BENCH_NOW_S + since * HOUR_S,
                                            .until_s = until == since ? 0 : BENCH_NOW_S + until * HOUR_S};
            agree(&f, &fitting);
        }
    assert_true(fitting > 0);
}

static void assert_all_dated(void)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    uint64_t dated = 0;
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(log_dated(&bench.broker.store->log, txn, &dated));
    assert_int_equal(dated, page(NULL, 0, 1, true).size);
}

/* Entries of before are read through, those of then on are found; and all of them end in time. */
static void damaged_hours_hold_nothing_up(void **state)
{
    (void)state;
    static const struct damaged_hours kinds[] = {{"log/hours", false}, {"log/reached/", false}, {"log/reached/", true}, {"log/hours", true}, {"log/hours", false}};
    fill(0, BLOCK);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        OK(writer_run(bench.broker.writer, damage_hours_job, (void *)(uintptr_t)&kinds[i]));
        periods_agree();
        fill((i % 3 + 1) * (size_t)BLOCK, BLOCK); /* also of hours that were reached before */
        assert_all_dated();
        periods_agree();
    }
    bench.now_ms += 60 * DAY_S * 1000;
    for (size_t i = 0; i < 4; i++) {
        log_retention_look(bench.broker.log_retention);
        bench_settle(&bench);
    }
    assert_int_equal(places(), 1); /* the event of the log's first entry */
}

static void lists_begin_behind_what_has_none(void **state)
{
    (void)state;
    size_t from = 3 * (size_t)BLOCK;
    fill(0, BLOCK);
    log_retention_part.stop(&bench.broker);
    fill(BLOCK, BLOCK);
    OK(writer_run(bench.broker.writer, forget_lists_job, NULL));
    begin_dating();
    all_filters_agree();
    all_names_agree();
    OK(writer_run(bench.broker.writer, add_job, &from)); /* makes the key */
    all_filters_agree();
    fill(2 * (size_t)BLOCK, BLOCK);
    all_filters_agree();
    all_names_agree();
}

/* Marks that cannot be read vouch for no list. */
static enum err damage_marks_job(struct kv_txn *txn, void *arg)
{
    (void)arg;
    return log_put_state(&bench.broker.store->log, txn, "log/listed", bytes_str("x"));
}

static void damaged_marks_begin_anew(void **state)
{
    (void)state;
    fill(0, BLOCK);
    OK(writer_run(bench.broker.writer, damage_marks_job, NULL));
    log_retention_look(bench.broker.log_retention);
    bench_settle(&bench);
    all_filters_agree();
    fill(BLOCK, BLOCK);
    all_filters_agree();
    all_names_agree();
}

/* ---- which lists ---- */

/* A body has so many keys; a search takes pairs where there are some. */
static void few_words_have_a_list_together(void **state)
{
    (void)state;
    struct audit_body b = {.event = AUDIT_EVENT_REQUEST_REFUSED, .rule = name_of("riec.casus"), .decision = AUDIT_DECISION_DENY};
    struct bodies_filter f = {.rule = b.rule, .decision = name_of("deny"), .agency = bench.view.members[BENCH_ALFA].id};
    struct log_terms words;
    struct log_terms lists;
    b.actor = bench.view.members[BENCH_ALFA].id;
    b.peer = bench.view.members[BENCH_BRAVO].id;
    OK(log_terms_of_body(&b, &words));
    log_terms_pairs(&words, &lists);
    assert_int_equal(lists.count, 6);
    OK(log_terms_of_filter(&f, &words));
    log_terms_of_search(&words, &lists);
    assert_int_equal(lists.count, 2); /* agency with rule, and the decision */
    f.event = name_of("request.refused");
    OK(log_terms_of_filter(&f, &words));
    log_terms_of_search(&words, &lists);
    assert_int_equal(lists.count, 4);
}

static void what_is_erased_stands_on_no_list(void **state)
{
    (void)state;
    fill(0, ENTRIES);
    assert_true(places() > 3 * ENTRIES);
    bench.now_ms += 40 * DAY_S * 1000;
    log_retention_look(bench.broker.log_retention);
    bench_settle(&bench);
    size_t fitting = 0;
    read_all();
    const struct bodies_filter f = {.event = name_of("request.closed")};
    agree(&f, &fitting);
    assert_int_equal(fitting, 0);
    assert_int_equal(places(), 1); /* the event of the log's first entry */
}

static void who_does_not_read_all_is_given_every_row(void **state)
{
    (void)state;
    fill(0, BLOCK);
    const struct bodies_filter f = {.event = name_of("request.refused")};
    const struct bodies_reply narrow = page(&f, 0, BODIES_ROWS_MAX, false);
    const struct bodies_reply all = page(NULL, 0, BODIES_ROWS_MAX, false);
    assert_int_equal(narrow.row_count, all.row_count);
    assert_true(all.row_count == all.size);
}

/* A search ends where it opened much for little, and goes on from there. */
static void a_long_search_comes_in_parts(void **state)
{
    (void)state;
    fill(0, ENTRIES);
    const struct bodies_filter f = {.has_officer = true};
    const struct bodies_read r = {
        .is_auditor = true, .max_rows = 100, .max_bytes = 20000, .narrow = &f};
    struct bodies_reply reply;
    OK(bodies_answer(&bench.broker, &r, arena, &reply));
    assert_int_equal(reply.row_count, 0);
    assert_true(reply.next_index > 0 && reply.next_index < reply.size);
}

#define APART 60000u

static const struct bodies_filter apart = {.event = {"request.refused"}, .decision = {"deny"}};

/* A log whose two lists alternate: what is on one is not on the other. */
static enum err apart_job(struct kv_txn *txn, void *arg)
{
    (void)arg;
    const struct log_tables *t = &bench.broker.store->log;
    const struct log_published published = {.size = APART};
    struct log_terms both;
    enum err e = log_terms_of_filter(&apart, &both);
    assert_int_equal(both.count, 2);
    OK(log_index_put_listed(t, txn, &(struct log_listed){0, UINT64_MAX})); /* from before there were lists of pairs */
    for (uint64_t i = 0; e == ERR_OK && i < APART; i++) {
        const struct log_terms one = {.v = {both.v[i % 2]}, .count = 1};
        e = log_index_put(t, txn, &(struct log_listing){.index = i, .of = &one});
    }
    if (e == ERR_OK)
        e = log_put_published(t, txn, &published);
    return e == ERR_OK ? log_put_dated(t, txn, APART) : e;
}

static void lists_that_never_meet_hold_nobody_up(void **state)
{
    (void)state;
    uint64_t from = 0;
    size_t answers = 0;
    OK(writer_run(bench.broker.writer, apart_job, NULL));
    do {
        const struct bodies_reply r = page(&apart, from, BODIES_ROWS_MAX, true);
        assert_int_equal(r.row_count, 0);
        assert_true(r.next_index == 0 || (r.next_index > from && r.next_index < from + APART / 2));
        from = r.next_index;
        answers++;
    } while (from != 0);
    assert_in_range(answers, 3, 6);
}

static enum err pairs_job(struct kv_txn *txn, void *arg)
{
    (void)arg;
    return log_index_put_listed(&bench.broker.store->log, txn, &(struct log_listed){0, 0});
}

/* Two words that no entry has both: their pair has no list. */
static void words_that_never_meet_are_told_at_once(void **state)
{
    (void)state;
    OK(writer_run(bench.broker.writer, apart_job, NULL));
    OK(writer_run(bench.broker.writer, pairs_job, NULL));
    const struct bodies_reply r = page(&apart, 0, BODIES_ROWS_MAX, true);
    assert_int_equal(r.row_count, 0);
    assert_int_equal(r.next_index, 0);
}

/* However little time there is, each answer comes further, and together they find everything. */
static void an_answer_ends_in_time_and_comes_further(void **state)
{
    (void)state;
    fill(0, BLOCK);
    until_ns = 1; /* long over */
    size_t fitting = 0;
    read_all();
    const struct bodies_filter f = {.event = name_of("request.refused")};
    agree(&f, &fitting);
    const struct bodies_reply r = page(&f, 0, BODIES_ROWS_MAX, true);
    until_ns = 0;
    assert_int_equal(r.row_count, 1);
    assert_true(fitting > 10);
}

/* Where a search with few leaps ends another goes on, and finds the same. */
static void a_search_goes_on_where_it_ended(void **state)
{
    (void)state;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_log_search_free) struct log_search *q = NULL;
    struct log_terms terms;
    const struct bodies_filter f = {.event = name_of("request.refused"), .decision = name_of("deny")};
    fill(0, ENTRIES);
    OK(log_terms_of_filter(&f, &terms));
    OK(kv_read_begin(bench.broker.kv, &txn));
    OK(log_search_new(&bench.broker.store->log, txn, &terms, &q));
    size_t found = 0;
    enum err e = ERR_OK;
    uint64_t index = 0;
    for (uint64_t at = 0; e != ERR_NOT_FOUND; at = index + (e == ERR_OK)) {
        size_t leaps = LOG_TERMS_MAX;
        e = log_search_next(q, at, &leaps, &index);
        assert_true(e == ERR_OK || e == ERR_NOT_FOUND || (e == ERR_AGAIN && leaps == 0 && index > at));
        found += e == ERR_OK;
    }
    arena_reset(arena);
    assert_int_equal(found, narrowed(&f, BODIES_ROWS_MAX).count);
    assert_true(found > 0);
}

/* However many fit. */
static void an_answer_opens_few_bodies(void **state)
{
    (void)state;
    fill(0, ENTRIES);
    const struct bodies_filter f = {.has_officer = true};
    const struct bodies_reply r = page(&f, 0, BODIES_ROWS_MAX, true);
    assert_int_equal(r.row_count, 0);
    assert_true(r.next_index > 0 && r.next_index < r.size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_fits_is_found_wherever_the_lists_are),
        T(what_is_erased_stands_on_no_list),
        T(an_answer_opens_a_bounded_number),
        T(a_damaged_body_keeps_no_other_from_being_read),
        T(what_has_no_body_is_told_whatever_is_asked_for),
        T(a_damaged_note_keeps_no_body_from_its_end),
        T(what_a_newer_program_wrote_holds_no_filter_up),
        T(damaged_hours_hold_nothing_up),
        T(lists_begin_behind_what_has_none),
        T(damaged_marks_begin_anew),
        T(few_words_have_a_list_together),
        T(who_does_not_read_all_is_given_every_row),
        T(a_long_search_comes_in_parts),
        T(lists_that_never_meet_hold_nobody_up),
        T(words_that_never_meet_are_told_at_once),
        T(an_answer_ends_in_time_and_comes_further),
        T(a_search_goes_on_where_it_ended),
        T(an_answer_opens_few_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
