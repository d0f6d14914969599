/* Bodies of the log: what writing them costs with and without the lists by which filters are
 * answered, and with an auditor who asks all the time; how long the first page of each filter takes, beside reading
 * everything until as many have come. usage: bench_bodies N [--assert]
 *
 * One entry in ten thousand is of the rule that is asked for; times of day are spread over a year.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/audit.h"
#include "broker/bodies.h"
#include "broker/store/log_index.h"
#include "pki/logbook/log_due.h"
#include "broker/store/log_index.h"
#include "broker/vaults.h"
#include "pki/logbook/log_rows.h"
#include "proto/base/text.h"
#include "proto/host/clock.h"
#include "proto/host/kv_write.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "tests/bench/audit_store.h"
#include "tests/support/storage_ring.h"
#include "tests/unit/host/host_tmp.h"

#define EACH 1000u  /* bodies of one transaction */
#define BULK 10000u /* where nothing is measured */
#define RARE 10000u
#define PAGE 100u
#define YEAR_S INT64_C(31536000)
#define START_S INT64_C(1790000000)
#define FIRST_PAGE_MS 100.0
#define WRITER_RATIO 3.0
#define READER_RATIO 1.5 /* a writer beside whom somebody reads */
#define BESIDE 20000u    /* bodies of each of the two measurements */

struct bench {
    struct broker broker;
    struct arena *arena; /* of the writer */
    struct arena *page;  /* of whoever reads */
    uint64_t count;
    uint64_t done;
    uint64_t each; /* bodies of one transaction */
    bool with_lists;
    bool is_busy; /* a transaction is under way */
};

static double ms_since(int64_t start_ns)
{
    return (double)(clock_mono_ns() - start_ns) / 1e6;
}

static enum err put_lists(struct bench *b, struct kv_txn *txn, const struct digest *entry,
                          uint64_t index)
{
    CLEANUP(buf_free) struct buf body = buf_new(AUDIT_BODY_MAX);
    struct audit_body parsed;
    struct log_terms terms;
    arena_reset(b->arena);
    enum err e = audit_open_body(b->broker.audit, txn, entry, &body);
    if (e == ERR_OK)
        e = audit_body_parse(buf_bytes(&body), b->arena, &parsed, NULL);
    if (e == ERR_OK)
        e = log_terms_of_body(&parsed, &terms);
    if (e == ERR_OK)
        e = log_index_put(b->broker.store, txn, index, &terms);
    uint8_t room[LOG_DUE_NOTE_MAX];
    struct buf note = buf_fixed(room, sizeof room);
    if (e == ERR_OK)
        log_terms_encode(&terms, &note);
    const struct log_due_row due = {START_S + 6 * YEAR_S, entry, index, buf_bytes(&note)};
    return e == ERR_OK ? log_put_due(&b->broker.store->log, txn, &due) : e;
}

static enum err add_one(struct bench *b, struct kv_txn *txn, uint64_t index)
{
    const struct log_tables *t = &b->broker.store->log;
    struct turn_audit what = {.event = index % 3 == 0 ? AUDIT_EVENT_REQUEST_CLOSED
                                                      : AUDIT_EVENT_REQUEST_MATCHED};
    struct agency_id actor = {"00000099000000002000"};
    struct digest entry;
    actor.oin[19] = (char)('0' + index % 8);
    audit_store_must(name_parse(bytes_str(index % RARE == RARE / 2 ? "rare.rule" : "common.rule"), &what.rule),
         "name");
    const int64_t at_s = START_S + (int64_t)(index * (uint64_t)YEAR_S / b->count);
    enum err e = audit_append(b->broker.audit, txn, &what, &actor, NULL, at_s, &entry);
    const struct log_place place = {.index = index, .entry = &entry};
    if (e == ERR_OK)
        e = log_set_place(t, txn, &place);
    if (e == ERR_OK)
        e = log_drop_pending(t, txn, 1);
    return e == ERR_OK && b->with_lists ? put_lists(b, txn, &entry, index) : e;
}

static enum err add_job(struct kv_txn *txn, void *arg)
{
    struct bench *b = arg;
    enum err e = ERR_OK;
    for (uint64_t i = 0; e == ERR_OK && i < b->each && b->done < b->count; i++)
        e = add_one(b, txn, b->done++);
    const struct log_published published = {.size = b->done};
    if (e == ERR_OK)
        e = log_put_published(&b->broker.store->log, txn, &published);
    return e == ERR_OK && b->with_lists ? log_put_dated(&b->broker.store->log, txn, b->done) : e;
}

static double first_page(struct bench *b, const struct bodies_filter *f, size_t *rows)
{
    const int64_t start = clock_mono_ns();
    const struct bodies_read r = {
        .is_auditor = true, .max_rows = PAGE, .max_bytes = (size_t)8 << 20, .narrow = f};
    struct bodies_reply reply;
    arena_reset(b->page);
    audit_store_must(bodies_answer(&b->broker, &r, b->page, &reply), "a narrowed page");
    *rows = reply.row_count;
    return ms_since(start);
}

/* ---- each filter ---- */

struct asked {
    const char *what;
    struct bodies_filter filter;
};

static struct name word(const char *text)
{
    struct name n;
    audit_store_must(name_parse(bytes_str(text), &n), text);
    return n;
}

#define MIDDLE_S (START_S + YEAR_S / 2)
#define ASKED_COUNT 10u

static void make_asked(struct asked out[static ASKED_COUNT])
{
    const struct agency_id one = {"00000099000000002003"};
    const struct agency_id nobody = {"00000099000000009999"};
    const struct name rare = word("rare.rule");
    const struct name common = word("common.rule");
    const struct name closed = word("request.closed");
    const struct asked all[ASKED_COUNT] = {
        {"rare_rule", {.rule = rare}},
        {"rare_rule_of_period", {.rule = rare, .since_s = MIDDLE_S}},
        {"common_rule", {.rule = common}},
        {"agency", {.agency = one}},
        {"event", {.event = closed}},
        {"agency_rule_event", {.agency = one, .rule = common, .event = closed}},
        {"agency_rare_rule", {.agency = one, .rule = rare}},
        {"period", {.since_s = MIDDLE_S, .until_s = MIDDLE_S + 3600}},
        {"nobody", {.agency = nobody}},
        {"nobody_of_event", {.agency = nobody, .event = closed}},
    };
    memcpy(out, all, sizeof all);
}

/* Milliseconds of the slowest first page. */
static double ask_each(struct bench *b)
{
    struct asked asked[ASKED_COUNT];
    double worst = 0;
    make_asked(asked);
    for (size_t i = 0; i < ASKED_COUNT; i++) {
        size_t rows = 0;
        const double ms = first_page(b, &asked[i].filter, &rows);
        printf("first_page_ms.%s %.2f (%zu rows)\n", asked[i].what, ms, rows);
        worst = ms > worst ? ms : worst;
    }
    return worst;
}

/* ---- beside a reader ---- */

static void has_written(enum err result, void *arg)
{
    struct bench *b = arg;
    audit_store_must(result, "writing");
    b->is_busy = false;
}

/* Microseconds a body while the loop does nothing but answer; *pages: how many. */
static double fill_beside(struct bench *b, uint64_t until, uint64_t *pages)
{
    struct asked asked[ASKED_COUNT];
    const uint64_t before = b->done;
    const int64_t start = clock_mono_ns();
    make_asked(asked);
    while (b->done < until) {
        b->is_busy = true;
        audit_store_must(writer_submit(b->broker.writer, WRITER_INTERACTIVE, add_job, has_written, b), "writing");
        while (b->is_busy) {
            size_t rows = 0;
            (void)first_page(b, &asked[(*pages)++ % ASKED_COUNT].filter, &rows);
            audit_store_must(loop_turn(b->broker.loop, 0), "loop");
        }
    }
    return 1000 * ms_since(start) / (double)(b->done - before);
}

/* As a tool that gets every row and looks for itself. */
static double by_reading(struct bench *b, const struct name *rule, size_t wanted)
{
    const int64_t start = clock_mono_ns();
    CLEANUP(buf_free) struct buf word = buf_new(128);
    struct bodies_read r = {.is_auditor = true, .max_rows = 500, .max_bytes = (size_t)8 << 20};
    struct bodies_reply reply;
    size_t found = 0;
    buf_printf(&word, "\"rule\":\"%s\"", rule->s);
    do {
        arena_reset(b->page);
        audit_store_must(bodies_answer(&b->broker, &r, b->page, &reply), "a page");
        for (size_t i = 0; i < reply.row_count; i++)
            found +=
                memmem(reply.rows[i].body.ptr, reply.rows[i].body.len, word.ptr, word.len) != NULL;
        r.from = reply.next_index;
    } while (r.from != 0 && found < wanted);
    return ms_since(start);
}

static void open_store(struct bench *b, const char *dir, struct storage_keys *keys)
{
    audit_store_open(&b->broker, dir, keys);
    b->arena = arena_new((size_t)64 << 20);
    b->page = arena_new((size_t)64 << 20);
}

static void close_store(struct bench *b)
{
    audit_store_close(&b->broker);
    arena_free(b->arena);
    arena_free(b->page);
}

/* Writes until there are so many; microseconds a body. */
static double fill(struct bench *b, uint64_t until)
{
    const int64_t start = clock_mono_ns();
    const uint64_t before = b->done;
    while (b->done < until)
        audit_store_must(writer_run(b->broker.writer, add_job, b), "writing");
    return 1000 * ms_since(start) / (double)(b->done - before);
}

struct measured {
    double bare_us, full_us; /* of a body, without and with lists, at the same depth */
    double alone_us, beside_us; /* at the full depth, without and with a reader */
    double worst_ms;
};

static void print_by_reading(struct bench *b)
{
    const struct bodies_filter f = {.rule = word("rare.rule")};
    size_t rows = 0;
    const double page_ms = first_page(b, &f, &rows);
    const double read_ms = by_reading(b, &f.rule, rows);
    printf("first_page_rows %zu\nfirst_page_ms %.2f\nby_reading_ms %.0f\nby_reading_ratio %.0f\n", rows, page_ms, read_ms,
           read_ms / page_ms);
}

static struct measured measure(struct bench *bare, struct bench *full)
{
    struct measured m = {.bare_us = fill(bare, bare->count)};
    uint64_t pages = 0;
    m.full_us = fill(full, bare->count); /* as many, as deep */
    full->each = BULK;
    (void)fill(full, full->count);
    full->each = EACH;
    m.worst_ms = ask_each(full);
    print_by_reading(full);
    const uint64_t most = full->count / 10 < BESIDE ? full->count / 10 : BESIDE;
    full->count += 2 * most;
    m.alone_us = fill(full, full->done + most);
    m.beside_us = fill_beside(full, full->done + most, &pages);
    printf("write_us %.1f\nwrite_with_lists_us %.1f\nwrite_ratio %.2f\n", m.bare_us, m.full_us, m.full_us / m.bare_us);
    printf("write_alone_us %.1f\nwrite_beside_reader_us %.1f\nreader_ratio %.2f\npages_beside %llu\n", m.alone_us, m.beside_us,
           m.beside_us / m.alone_us, (unsigned long long)pages);
    return m;
}

int main(int argc, char **argv)
{
    uint64_t count = 0;
    if (argc < 2 || text_get_u64(bytes_str(argv[1]), 100000000, &count) != ERR_OK || count < RARE)
        return 64;
    struct host_tmp tmp;
    enum err e = secret_init();
    if (e != ERR_OK && e != ERR_PERMISSION)
        return 1;
    host_tmp_make(&tmp);
    struct storage_keys *keys = storage_ring_of(NULL);
    struct bench bare = {.count = count < 100000 ? count : 100000, .each = EACH};
    struct bench full = {.count = count, .each = EACH, .with_lists = true};
    open_store(&bare, host_tmp_path(&tmp, "bare"), keys);
    open_store(&full, host_tmp_path(&tmp, "full"), keys);
    printf("bodies %llu\n", (unsigned long long)count);
    const struct measured m = measure(&bare, &full);
    close_store(&bare);
    close_store(&full);
    storage_keys_free(keys);
    host_tmp_remove(&tmp);
    const bool is_bad = m.worst_ms > FIRST_PAGE_MS || m.full_us / m.bare_us > WRITER_RATIO ||
                        m.beside_us / m.alone_us > READER_RATIO;
    return argc > 2 && strcmp(argv[2], "--assert") == 0 && is_bad ? 1 : 0;
}
