/* Bodies of the log: what writing them costs with and without the lists by which filters are
 * answered, and with an auditor who asks all the time; how long the first page of each filter takes, beside reading
 * everything until as many have come. usage: bench_bodies N [--assert]
 *
 * One entry in ten thousand is of the rule that is asked for; times of day are spread over a year.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "broker/audit.h"
#include "broker/bodies.h"
#include "broker/store/store.h"
#include "broker/vaults.h"
#include "pki/digest.h"
#include "pki/logbook/log_due.h"
#include "pki/logbook/log_named.h"
#include "proto/base/text.h"
#include "proto/host/clock.h"
#include "proto/host/kv_write.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "proto/log/entry.h"
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
#define BESIDE 20000u    /* bodies of each measurement at the full depth */
#define AGENCIES 8u
#define NEVER_CLOSED 5u  /* this agency has no entry of an event that others have often */
#define OFFICERS 5000u
#define OF_HEADER 4u     /* entries of a request */
#define OF_CASE 20u      /* and of a case, far apart */

struct bench {
    struct broker broker;
    struct arena *arena; /* of the writer */
    struct arena *page;  /* of whoever reads */
    uint64_t count;
    uint64_t done;
    uint64_t each; /* bodies of one transaction */
    bool with_lists;
    bool is_busy; /* a transaction is under way */
    double cpu_us; /* of the processor, for each body that was written last */
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
        e = log_named_take(&b->broker.store->log, txn, entry, &terms);
    if (e == ERR_OK)
        e = log_index_put(&b->broker.store->log, txn, &(struct log_listing){index, parsed.ts, &terms});
    uint8_t room[LOG_DUE_NOTE_MAX];
    struct buf note = buf_fixed(room, sizeof room);
    if (e == ERR_OK)
        log_terms_encode(&terms, &note);
    const struct log_due_row due = {START_S + 6 * YEAR_S, entry, index, buf_bytes(&note)};
    return e == ERR_OK ? log_put_due(&b->broker.store->log, txn, &due) : e;
}

/* A number as bytes of an id. */
static void put_number(uint64_t n, uint8_t *out, size_t len)
{
    struct buf b = buf_fixed(out, len);
    buf_put_u64(&b, n + 1);
}

static struct name officer_of(uint64_t index)
{
    struct name n = {""};
    (void)snprintf(n.s, sizeof n.s, "%016llx", (unsigned long long)(0x5000 + index * 7919 % OFFICERS));
    return n;
}

static struct digest header_of(uint64_t index)
{
    struct digest d = {{0}};
    put_number(index / OF_HEADER, d.b, sizeof d.b);
    return d;
}

static struct case_id case_of(uint64_t index)
{
    struct case_id c = {{0}};
    put_number(index / OF_HEADER % (1 + index / OF_CASE), c.b, sizeof c.b);
    return c;
}

static void name_one(struct turn_audit *what, uint64_t index)
{
    what->staff = officer_of(index);
    what->request = header_of(index);
    what->case_id = case_of(index);
}

static bool is_closed(uint64_t index)
{
    return index % 3 == 0 && index % AGENCIES != NEVER_CLOSED;
}

static struct agency_id actor_of(uint64_t index)
{
    struct agency_id id = {"00000099000000002000"};
    id.oin[19] = (char)('0' + index % AGENCIES);
    return id;
}

static struct agency_id peer_of(uint64_t index)
{
    const uint64_t peer = index / AGENCIES % AGENCIES;
    return actor_of(peer == NEVER_CLOSED && is_closed(index) ? peer + 1 : peer);
}

static enum err add_one(struct bench *b, struct kv_txn *txn, uint64_t index)
{
    const struct log_tables *t = &b->broker.store->log;
    const struct decision decision = {.permit = index % 10 != 1};
    struct turn_audit what = {.event = AUDIT_EVENT_REQUEST_MATCHED, .peer = peer_of(index), .decision = &decision};
    if (is_closed(index)) {
        what.event = AUDIT_EVENT_REQUEST_CLOSED;
        what.decision = NULL;
    }
    if (b->with_lists)
        name_one(&what, index);
    const struct agency_id actor = actor_of(index);
    struct digest entry;
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

struct asked {
    const char *what;
    struct bodies_filter filter;
    struct bodies_sought sought;
};

/* Milliseconds until there are so many rows, or no more: of as many answers as that takes. */
static double ask_until(size_t least, struct bench *b, const struct asked *a, size_t *rows, size_t *answers)
{
    const int64_t start = clock_mono_ns();
    struct bodies_read r = {
        .is_auditor = true, .max_rows = PAGE, .max_bytes = (size_t)8 << 20, .narrow = &a->filter, .sought = &a->sought};
    struct bodies_reply reply;
    *rows = 0;
    *answers = 0;
    do {
        r.until_ns = clock_mono_ns() + BODIES_ANSWER_NS;
        arena_reset(b->page);
        audit_store_must(bodies_answer(&b->broker, &r, b->page, &reply), "a narrowed page");
        *rows += reply.row_count;
        r.from = reply.next_index;
        ++*answers;
    } while (r.from != 0 && *rows < least);
    return ms_since(start);
}

/* Until something is shown, or nothing is told to be there. */
static double first_page(struct bench *b, const struct asked *a, size_t *rows, size_t *answers)
{
    return ask_until(1, b, a, rows, answers);
}

/* ---- each filter ---- */

static struct name word(const char *text)
{
    struct name n;
    audit_store_must(name_parse(bytes_str(text), &n), text);
    return n;
}

#define MIDDLE_S (START_S + YEAR_S / 2)
#define ASKED_COUNT 18u

static void ask_ref(const struct bodies_filter *f, const char *kind, struct bytes id, struct digest *out)
{
    audit_store_must(entry_ref(digest_sha256, BYTES_OF_ARRAY(f->salt.b), kind, id, out), kind);
}

/* The digests in the filter of what is sought. */
static void refer(struct asked *a)
{
    struct bodies_filter *f = &a->filter;
    f->has_officer = a->sought.officer.s[0] != '\0';
    f->has_request = a->sought.has_request;
    f->has_case = a->sought.has_case;
    ask_ref(f, "officer", name_bytes(&a->sought.officer), &f->officer);
    ask_ref(f, "request", digest_bytes(&a->sought.request), &f->request);
    ask_ref(f, "case", BYTES_OF_ARRAY(a->sought.dossier.b), &f->dossier);
}

static void make_asked(struct asked out[static ASKED_COUNT])
{
    const struct agency_id one = {"00000099000000002003"};
    const struct agency_id nobody = {"00000099000000009999"};
    const struct agency_id open = {"00000099000000002005"}; /* NEVER_CLOSED */
    const struct name officer = officer_of(12345);
    const struct name no_officer = word("00000000000000ff");
    const struct digest header = header_of(6000);
    const struct case_id dossier = case_of(6000);
    const struct name rare = word("rare.rule");
    const struct name common = word("common.rule");
    const struct name closed = word("request.closed");
    const struct name deny = word("deny");
    const struct asked all[ASKED_COUNT] = {
        {"rare_rule", .filter = {.rule = rare}},
        {"rare_rule_of_period", .filter = {.rule = rare, .since_s = MIDDLE_S}},
        {"common_rule", .filter = {.rule = common}},
        {"agency", .filter = {.agency = one}},
        {"event", .filter = {.event = closed}},
        {"agency_rule_event", .filter = {.agency = one, .rule = common, .event = closed}},
        {"agency_rare_rule", .filter = {.agency = one, .rule = rare}},
        {"period", .filter = {.since_s = MIDDLE_S, .until_s = MIDDLE_S + 3600}},
        {"nobody", .filter = {.agency = nobody}},
        {"nobody_of_event", .filter = {.agency = nobody, .event = closed}},
        {"agency_decision", .filter = {.agency = one, .decision = deny}},
        {"event_decision_apart", .filter = {.event = closed, .decision = deny}},
        {"agency_event_apart", .filter = {.agency = open, .event = closed}},
        {"officer", .sought = {.officer = officer}},
        {"no_officer", .sought = {.officer = no_officer}},
        {"request", .sought = {.has_request = true, .request = header}},
        {"case", .sought = {.has_case = true, .dossier = dossier}},
        {"officer_rule_case", .filter = {.rule = common}, .sought = {.officer = officer, .has_case = true, .dossier = dossier}},
    };
    memcpy(out, all, sizeof all);
    for (size_t i = 0; i < ASKED_COUNT; i++)
        refer(&out[i]);
}

/* Milliseconds of the slowest first page. */
static double ask_each(struct bench *b)
{
    struct asked asked[ASKED_COUNT];
    double worst = 0;
    make_asked(asked);
    for (size_t i = 0; i < ASKED_COUNT; i++) {
        size_t rows = 0;
        size_t answers = 0;
        const double ms = first_page(b, &asked[i], &rows, &answers);
        printf("first_page_ms.%s %.2f (%zu rows, %zu answers)\n", asked[i].what, ms, rows, answers);
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
            size_t answers = 0;
            (void)first_page(b, &asked[(*pages)++ % ASKED_COUNT], &rows, &answers);
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

static double cpu_us(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e6 * (double)t.tv_sec + (double)t.tv_nsec / 1e3;
}

/* Writes until there are so many; microseconds a body. */
static double fill(struct bench *b, uint64_t until)
{
    const int64_t start = clock_mono_ns();
    const double cpu_before = cpu_us();
    const uint64_t before = b->done;
    while (b->done < until)
        audit_store_must(writer_run(b->broker.writer, add_job, b), "writing");
    b->cpu_us = (cpu_us() - cpu_before) / (double)(b->done - before);
    return 1000 * ms_since(start) / (double)(b->done - before);
}

struct measured {
    double bare_us, full_us; /* of a body at the full depth, without and with lists */
    double bare_cpu_us, full_cpu_us; /* the same, of the processor alone */
    double beside_us;        /* with lists and a reader */
    double worst_ms;
};

static void print_by_reading(struct bench *b)
{
    const struct asked a = {.filter = {.rule = word("rare.rule")}};
    size_t rows = 0;
    size_t answers = 0;
    const double page_ms = first_page(b, &a, &rows, &answers);
    const double read_ms = by_reading(b, &a.filter.rule, rows);
    printf("first_page_rows %zu\nfirst_page_ms %.2f\nby_reading_ms %.0f\nby_reading_ratio %.0f\n", rows, page_ms, read_ms,
           read_ms / page_ms);
}

/* An hour that has less than a page: its last rows are looked for in what lies a block behind. */
static void print_period(struct bench *b)
{
    const struct asked a = {.filter = {.since_s = MIDDLE_S, .until_s = MIDDLE_S + 3600}};
    size_t rows = 0;
    size_t answers = 0;
    const double ms = ask_until(PAGE, b, &a, &rows, &answers);
    printf("period_whole_ms %.1f (%zu rows, %zu answers)\n", ms, rows, answers);
}

/* As a store from before there were lists of pairs: what it costs to learn that two long lists have nothing in common. */
static enum err forget_pairs(struct kv_txn *txn, void *arg)
{
    const struct bench *b = arg;
    return log_index_put_listed(&b->broker.store->log, txn, &(struct log_listed){0, UINT64_MAX});
}

static void print_apart(struct bench *b)
{
    const struct asked a = {.filter = {.agency = {"00000099000000002005"}, .event = word("request.closed")}};
    size_t rows = 0;
    size_t answers = 0;
    audit_store_must(writer_run(b->broker.writer, forget_pairs, b), "marks");
    const double ms = first_page(b, &a, &rows, &answers);
    printf("apart_without_pairs_ms %.1f (%zu answers)\n", ms, answers);
}

/* Up to the full depth, and microseconds a body there. */
static double fill_deep(struct bench *b)
{
    b->each = BULK;
    (void)fill(b, b->count);
    b->each = EACH;
    const uint64_t most = b->count / 10 < BESIDE ? b->count / 10 : BESIDE;
    b->count += 2 * most;
    return fill(b, b->done + most);
}

static void measure_full(struct bench *full, struct measured *m)
{
    uint64_t pages = 0;
    m->full_us = fill_deep(full);
    m->full_cpu_us = full->cpu_us;
    m->worst_ms = ask_each(full);
    print_by_reading(full);
    print_period(full);
    m->beside_us = fill_beside(full, full->count, &pages);
    print_apart(full);
    printf("write_us %.1f\nwrite_with_lists_us %.1f\nwrite_ratio %.2f\n", m->bare_us, m->full_us, m->full_us / m->bare_us);
    printf("write_cpu_us %.1f\nwrite_with_lists_cpu_us %.1f\nwrite_cpu_ratio %.2f\n", m->bare_cpu_us, m->full_cpu_us,
           m->full_cpu_us / m->bare_cpu_us);
    printf("write_beside_reader_us %.1f\nreader_ratio %.2f\npages_beside %llu\n", m->beside_us, m->beside_us / m->full_us,
           (unsigned long long)pages);
}

static void with_store(struct bench *b, struct storage_keys *keys, struct measured *m)
{
    struct host_tmp tmp;
    host_tmp_make(&tmp);
    open_store(b, host_tmp_path(&tmp, "store"), keys);
    if (b->with_lists)
        measure_full(b, m);
    else
        m->bare_us = fill_deep(b);
    m->bare_cpu_us = b->with_lists ? m->bare_cpu_us : b->cpu_us;
    close_store(b);
    host_tmp_remove(&tmp);
}

int main(int argc, char **argv)
{
    uint64_t count = 0;
    if (argc < 2 || text_get_u64(bytes_str(argv[1]), 100000000, &count) != ERR_OK || count < RARE)
        return 64;
    const enum err e = secret_init();
    if (e != ERR_OK && e != ERR_PERMISSION)
        return 1;
    struct storage_keys *keys = storage_ring_of(NULL);
    struct bench bare = {.count = count};
    struct bench full = {.count = count, .with_lists = true};
    struct measured m = {0};
    printf("bodies %llu\n", (unsigned long long)count);
    with_store(&bare, keys, &m);
    with_store(&full, keys, &m);
    storage_keys_free(keys);
    const bool is_bad =
        m.worst_ms > FIRST_PAGE_MS || m.full_us / m.bare_us > WRITER_RATIO || m.beside_us / m.full_us > READER_RATIO;
    return argc > 2 && strcmp(argv[2], "--assert") == 0 && is_bad ? 1 : 0;
}
