/* What is in the store of a story: its acts, its entries, what waits for the broker, and that all agree. */
#include "tests/unit/agent/story/story.h"

#include "agent/ask/asked.h"
#include "agent/ask/case.h"
#include "agent/ask/keep.h"
#include "agent/import/import_row.h"
#include "agent/mirror/mirror.h"
#include "agent/outbox_rows.h"
#include "agent/own_log.h"
#include "agent/records/batch_row.h"
#include "agent/subject/search.h"
#include "agent/witness/witness_row.h"
#include "pki/logbook/logbook.h"
#include "proto/host/tiles.h"
#include "proto/json/audit_body.h"

#define RELEASE_DAYS 365u /* of the rule of the story */
#define OK(expression) assert_int_equal((expression), ERR_OK)

struct found {
    struct story *story;
    struct kv_txn *txn;
    struct arena *arena; /* of one row */
    struct story_tally entries;
    struct story_tally acts;
    size_t waiting[MSG_KIND_COUNT]; /* in the outbox */
    size_t queued;  /* questions that nobody answered yet */
    size_t sent;    /* items whose settlement waits for its answer */
    size_t kept;    /* questions of which somebody said so */
    size_t gone;    /* cases that retention destroyed, of one question each */
    bool is_sending; /* an import is under way */
    uint64_t away_until_s; /* of the entries, the last */
};

static const enum audit_event events[STORY_ACTS] = {
    [STORY_CASE] = AUDIT_EVENT_CASE_CHANGED,         [STORY_ASKED] = AUDIT_EVENT_REQUEST_SENT,
    [STORY_ACCEPTED] = AUDIT_EVENT_REQUEST_ACCEPTED, [STORY_BATCH] = AUDIT_EVENT_BATCH_ACCEPTED,
    [STORY_ITEM] = AUDIT_EVENT_ITEM_RAISED,          [STORY_SIGNED] = AUDIT_EVENT_DECISION_SIGNED,
    [STORY_CLAIMED] = AUDIT_EVENT_ITEM_CLAIMED,      [STORY_SETTLED] = AUDIT_EVENT_CONSENT_ACCEPTED,
    [STORY_STOPPED] = AUDIT_EVENT_DECISION_STOPPED,  [STORY_UNDECIDED] = AUDIT_EVENT_ITEM_CLOSED,
    [STORY_RESULT] = AUDIT_EVENT_RELEASE_RECEIVED,   [STORY_CLOSED] = AUDIT_EVENT_REQUEST_CLOSED,
    [STORY_KEPT] = AUDIT_EVENT_REQUEST_KEPT,         [STORY_STANDS] = AUDIT_EVENT_STANDING_BEGUN,
    [STORY_STOOD] = AUDIT_EVENT_STANDING_ENDED,      [STORY_SWEPT] = AUDIT_EVENT_RETENTION_DONE,
    [STORY_SOUGHT] = AUDIT_EVENT_SEARCH_ASKED,       [STORY_CONFIRMED] = AUDIT_EVENT_SEARCH_CONFIRMED,
    [STORY_PROTECTED] = AUDIT_EVENT_PROTECTED_CHANGED, [STORY_BEGUN] = AUDIT_EVENT_IMPORT_BEGUN,
    [STORY_ENDED] = AUDIT_EVENT_IMPORT_ENDED,        [STORY_LOOKED] = AUDIT_EVENT_ITEM_SHOWN,
    [STORY_READ] = AUDIT_EVENT_RESULTS_SHOWN,        [STORY_SHOWN] = AUDIT_EVENT_SEARCH_SHOWN,
    [STORY_BODIES] = AUDIT_EVENT_BODIES_READ,        [STORY_OPENED] = AUDIT_EVENT_BODY_OPENED,
    [STORY_EXPORTED] = AUDIT_EVENT_BODIES_EXPORTED,  [STORY_NAMES] = AUDIT_EVENT_STAFF_SHOWN,
    [STORY_AWAY] = AUDIT_EVENT_WITNESS_AWAY,         [STORY_RECEIPTS] = AUDIT_EVENT_RECEIPT_SHOWN,
};

static size_t rows_of(const struct found *f, enum store_table table)
{
    struct kv_table_stats stats;
    OK(kv_table_stats(f->txn, store_kv_table(f->story->w.agent.store, table), &stats));
    return (size_t)stats.entries;
}

/* ---- entries ---- */

/* What a witness said last is the latest. */
static void note_away(struct found *f, const struct audit_body *body)
{
    for (size_t i = 0; i < body->facts_count; i++)
        if (bytes_is(body->facts[i].name, "until") && (uint64_t)body->facts[i].number > f->away_until_s)
            f->away_until_s = (uint64_t)body->facts[i].number;
}

static void count_entry(struct found *f, struct bytes key)
{
    CLEANUP(buf_free) struct buf json = buf_new(AUDIT_BODY_MAX);
    struct logbook *book = own_log_book(f->story->w.agent.own_log);
    struct digest entry;
    struct audit_body body;
    assert_int_equal(key.len, sizeof entry.b);
    memcpy(entry.b, key.ptr, key.len);
    arena_reset(f->arena);
    OK(logbook_open_body(book, f->txn, &entry, &json));
    OK(audit_body_parse(buf_bytes(&json), f->arena, &body, NULL));
    for (size_t i = 0; i < STORY_ACTS; i++)
        if (body.event == events[i])
            f->entries.n[i] += i == STORY_SWEPT || i == STORY_UNDECIDED ? (size_t)body.count : 1;
    if (body.event == AUDIT_EVENT_WITNESS_AWAY)
        note_away(f, &body);
}

static void count_entries(struct found *f)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    const struct log_tables *t = logbook_tables(own_log_book(f->story->w.agent.own_log));
    struct bytes key;
    OK(kv_iter_new(f->txn, t->bodies, bytes_of(NULL, 0), &it));
    while (kv_iter_next(it, &key, NULL) == ERR_OK)
        count_entry(f, key);
}

/* ---- acts ---- */

static void count_questions(struct found *f)
{
    struct store *store = f->story->w.agent.store;
    struct digest at = {{0}};
    struct asked_header row;
    while (asked_header_next(store, f->txn, &at, f->arena, &at, &row) == ERR_OK) {
        f->acts.n[STORY_ASKED]++;
        f->acts.n[STORY_ACCEPTED] += row.state == ASK_OPEN || row.state == ASK_CLOSED;
        f->acts.n[STORY_CLOSED] += row.state == ASK_CLOSED;
        f->queued += row.state == ASK_QUEUED;
        arena_reset(f->arena);
    }
}

/* In a case that is there, and kept as long as two persons said. */
static void check_question(struct found *f, const struct asked *k)
{
    struct store *store = f->story->w.agent.store;
    struct case_row dossier;
    struct keep keep = {.days = 0};
    OK(case_get(store, f->txn, &k->case_id, f->arena, &dossier));
    if (case_row_state(&dossier) == CASE_DESTROYED)
        fail_msg("a case is destroyed, and its question is there");
    const enum err bad = keep_get(store, f->txn, &k->id, f->arena, &keep);
    if (bad != ERR_NOT_FOUND)
        OK(bad);
    if (k->keep_days != RELEASE_DAYS + (keep_is_confirmed(&keep) ? keep.days : 0))
        fail_msg("a question is kept for %u days", k->keep_days);
    const bool has_word = bad == ERR_OK;
    f->kept += has_word;
    f->acts.n[STORY_KEPT] += (size_t)has_word + keep_is_confirmed(&keep);
}

static void check_questions(struct found *f)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct store *store = f->story->w.agent.store;
    struct store_row row;
    OK(store_iter(store, f->txn, STORE_ASK, bytes_of(NULL, 0), &it));
    while (store_next(store, STORE_ASK, it, f->arena, &row) == ERR_OK) {
        struct asked k;
        OK(asked_decode(row.plain, f->arena, &k));
        check_question(f, &k);
        arena_reset(f->arena);
    }
}

static void count_cases(struct found *f)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct store *store = f->story->w.agent.store;
    struct store_row row;
    struct case_row k;
    OK(store_iter(store, f->txn, STORE_CASE, bytes_of(NULL, 0), &it));
    while (store_next(store, STORE_CASE, it, f->arena, &row) == ERR_OK) {
        OK(case_decode(row.plain, &k));
        const bool is_destroyed = case_row_state(&k) == CASE_DESTROYED;
        const bool is_swept = is_destroyed && k.moves[k.move_count - 1].staff.s[0] == '\0';
        if (is_destroyed != (k.title.len == 0))
            fail_msg("a case in state %s, with a title of %zu bytes", case_state_id(case_row_state(&k)), k.title.len);
        f->acts.n[STORY_CASE] += k.move_count + k.check_count - is_swept;
        f->gone += is_swept;
        arena_reset(f->arena);
    }
}

static void count_searches(struct found *f)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct store *store = f->story->w.agent.store;
    struct store_row row;
    struct search_id id;
    struct search s;
    OK(store_iter(store, f->txn, STORE_SEARCH, bytes_of(NULL, 0), &it));
    while (store_next(store, STORE_SEARCH, it, f->arena, &row) == ERR_OK) {
        assert_int_equal(row.key.len, sizeof id.b);
        memcpy(id.b, row.key.ptr, row.key.len);
        OK(search_get(store, f->txn, &id, &s));
        f->acts.n[STORY_SOUGHT]++;
        f->acts.n[STORY_CONFIRMED] += s.state == SEARCH_CONFIRMED;
        arena_reset(f->arena);
    }
}

static void count_items(struct found *f)
{
    struct store *store = f->story->w.agent.store;
    struct item_iter it;
    uint64_t number = 0;
    OK(item_iter_all(store, f->txn, &it));
    while (item_iter_next(&it, &number) == ERR_OK) {
        struct hold_item item;
        arena_reset(f->arena);
        OK(item_get(store, f->txn, number, f->arena, &item));
        f->acts.n[STORY_ITEM]++;
        f->acts.n[STORY_SIGNED] += item.consent_count;
        f->acts.n[STORY_STOPPED] += item.state == ITEM_FAILED;
        f->acts.n[STORY_UNDECIDED] += item.state == ITEM_ENDED;
        f->acts.n[STORY_CLAIMED] += item.claimed_by.s[0] != '\0';
        f->acts.n[STORY_SETTLED] += item.state == ITEM_SETTLED;
        f->sent += item.state == ITEM_SENT;
    }
    item_iter_end(&it);
}

static void count_imports(struct found *f)
{
    struct store *store = f->story->w.agent.store;
    struct import_row *row = arena_alloc(f->arena, sizeof *row);
    struct batch_row batch;
    uint64_t batches = 0;
    OK(store_get_number(store, f->txn, "batches", &batches));
    for (uint32_t no = 1; no <= batches; no++)
        if (batch_row_get(store, f->txn, no, f->arena, &batch) == ERR_OK)
            f->acts.n[STORY_BATCH] += batch.state == BATCH_ACCEPTED || batch.state == BATCH_APPLIED;
    assert_non_null(row);
    f->is_sending = import_row_get(store, f->txn, IMPORT_OF_SOURCE, f->arena, row) == ERR_OK && row->state == IMPORT_SENDING;
}

static void count_outbox(struct found *f)
{
    struct outbox_head head = {.id = {0}};
    while (outbox_rows_after(f->story->w.agent.store, f->txn, head.id, &head) == ERR_OK)
        f->waiting[head.kind]++;
}

/* What leaves nothing behind but its entry. */
static void count_alone(struct found *f)
{
    size_t *n = f->acts.n;
    const size_t *entries = f->entries.n;
    n[STORY_BEGUN] = entries[STORY_ENDED] + f->is_sending;
    n[STORY_ENDED] = entries[STORY_ENDED];
    n[STORY_STANDS] = entries[STORY_STOOD] + rows_of(f, STORE_STANDING);
    n[STORY_STOOD] = entries[STORY_STOOD];
    for (size_t i = STORY_LOOKED; i < STORY_ACTS; i++)
        n[i] = entries[i];
}

/* What a destroyed case took with it. */
static void add_gone(struct found *f)
{
    f->acts.n[STORY_SWEPT] = f->gone;
    f->acts.n[STORY_ASKED] += f->gone;
    f->acts.n[STORY_ACCEPTED] += f->gone;
    f->acts.n[STORY_RESULT] += f->gone;
    f->acts.n[STORY_CLOSED] += f->gone;
}

static void count_acts(struct found *f)
{
    struct store *store = f->story->w.agent.store;
    struct witness_row row;
    arena_reset(f->arena);
    count_questions(f);
    check_questions(f);
    count_cases(f);
    count_searches(f);
    count_items(f);
    arena_reset(f->arena);
    count_imports(f);
    count_outbox(f);
    f->acts.n[STORY_RESULT] = rows_of(f, STORE_ASK_RESULT);
    f->acts.n[STORY_PROTECTED] = rows_of(f, STORE_PROTECTED);
    f->acts.released = f->sent + f->acts.n[STORY_SETTLED] + f->acts.n[STORY_STOPPED];
    OK(store_get_number(store, f->txn, "mail_done", &f->acts.mail));
    arena_reset(f->arena);
    OK(witness_row_get(store, f->txn, f->arena, &row));
    f->acts.cosigned = row.state.size;
    f->acts.mirrored = f->story->w.agent.mirror->size;
    add_gone(f);
    count_alone(f);
}

/* ---- that all agree ---- */

static void check_said(const struct found *f, const struct story_tally *said, const char *when)
{
    for (size_t i = 0; i < STORY_ACTS; i++)
        if (f->acts.n[i] < said->n[i])
            fail_msg("%s: %s: %zu were told of, and %zu are there", when, audit_event_id(events[i]), said->n[i], f->acts.n[i]);
    if (f->acts.released < said->released)
        fail_msg("%s: %zu settlements were sent, and the store knows of %zu", when, said->released, f->acts.released);
    if (f->acts.mail < said->mail)
        fail_msg("%s: mail up to %llu was acknowledged, and up to %llu is there", when, (unsigned long long)said->mail,
                 (unsigned long long)f->acts.mail);
    if (f->acts.cosigned < said->cosigned)
        fail_msg("%s: a head of size %llu was cosigned, and the witness knows %llu", when, (unsigned long long)said->cosigned,
                 (unsigned long long)f->acts.cosigned);
    if (f->acts.mirrored < said->mirrored)
        fail_msg("%s: %llu entries of the broker's log were mirrored, and %llu are", when, (unsigned long long)said->mirrored,
                 (unsigned long long)f->acts.mirrored);
}

static void check_acts(const struct found *f, const char *when)
{
    uint64_t away_until_s = 0;
    OK(store_get_number(f->story->w.agent.store, f->txn, WITNESS_AWAY_UNTIL, &away_until_s));
    if (away_until_s != f->away_until_s)
        fail_msg("%s: the witness is away until %llu, and said %llu", when, (unsigned long long)away_until_s,
                 (unsigned long long)f->away_until_s);
    for (size_t i = 0; i < STORY_ACTS; i++)
        if (f->acts.n[i] != f->entries.n[i])
            fail_msg("%s: %s: %zu entries and %zu acts", when, audit_event_id(events[i]), f->entries.n[i], f->acts.n[i]);
    if (rows_of(f, STORE_ASK_KEEP) != f->kept)
        fail_msg("%s: of %zu questions somebody said that they are kept, and %zu of them are there", when,
                 rows_of(f, STORE_ASK_KEEP), f->kept);
    if (rows_of(f, STORE_STANDING) != rows_of(f, STORE_STANDING_WORDS))
        fail_msg("%s: a standing request without its words, or words without it", when);
    if (f->waiting[MSG_REQUEST] != f->queued)
        fail_msg("%s: %zu questions wait for the broker, and %zu are queued", when, f->waiting[MSG_REQUEST], f->queued);
    if (f->waiting[MSG_SETTLE] != f->sent)
        fail_msg("%s: %zu settlements wait for the broker, and %zu items are sent", when, f->waiting[MSG_SETTLE], f->sent);
}

void story_check(struct story *s, const struct story_tally *said, const char *when)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)32 << 20);
    struct found f = {.story = s, .arena = a};
    OK(kv_read_begin(s->w.agent.kv, &txn));
    f.txn = txn;
    count_entries(&f);
    count_acts(&f);
    check_acts(&f, when);
    check_said(&f, said, when);
}

/* ---- the mirror ---- */

static void check_tile(struct tiles *files, const struct tile_id *id, struct bytes want, const char *when)
{
    CLEANUP(buf_free) struct buf have = buf_new((size_t)1 << 16);
    if (tiles_read(files, id, &have) != ERR_OK || !bytes_equal(buf_bytes(&have), want))
        fail_msg("%s: the %s of the mirror are not on the disk as the broker's log has them", when,
                 id->kind == TILE_ENTRIES ? "entries" : "hashes");
}

void story_check_mirror(struct story *s, const char *when)
{
    CLEANUP(cleanup_tiles_free) struct tiles *files = NULL;
    CLEANUP(buf_free) struct buf want = buf_new((size_t)1 << 16);
    CLEANUP(buf_free) struct buf have = buf_new((size_t)1 << 16);
    CLEANUP(buf_free) struct buf bundle = buf_new((size_t)1 << 16);
    const uint64_t size = s->w.agent.mirror->size;
    const struct grown_head head = {size, 0, s->w.log, WORLD_ORIGIN};
    assert_in_range(size, 0, TILE_WIDTH - 1);
    OK(tiles_open(s->mirror_dir, &files, NULL));
    if (size == 0)
        return;
    OK(grown_log_checkpoint(&s->grown, &head, &want));
    if (tiles_checkpoint(files, &have, NULL) != ERR_OK || !bytes_equal(buf_bytes(&want), buf_bytes(&have)))
        fail_msg("%s: the checkpoint of the mirror is not that of size %llu", when, (unsigned long long)size);
    for (uint64_t i = 0; i < size; i++)
        bundle_put(&bundle, digest_bytes(&s->grown.entries[0][i]));
    const struct bytes leaves = bytes_of(s->grown.leaves[0], (size_t)size * sizeof(struct digest));
    check_tile(files, &(struct tile_id){TILE_HASHES, 0, 0, (unsigned)size}, leaves, when);
    check_tile(files, &(struct tile_id){TILE_ENTRIES, 0, 0, (unsigned)size}, buf_bytes(&bundle), when);
}
