/* What the digests of an entry hide: only what its own body says is asked, and a row that is
 * damaged hides no other. */
#include "tests/unit/agent/import/import_store.h"

#include "agent/ask/asked.h"
#include "agent/ask/case.h"
#include "agent/subject/opening.h"
#include "agent/subject/search.h"
#include "pki/digest.h"
#include "proto/json/audit_body.h"
#include "proto/log/entry.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

static const struct digest header = {{1}};
static const struct case_id dossier = {{2}};

static struct {
    struct import_store s;
    struct arena *arena;
    struct agent agent;
    struct buf body;
    struct digest entry;
} it;

static void ref_of(const char *kind, struct bytes id, struct digest *out)
{
    const struct salt salt = {{9}};
    OK(entry_ref(digest_sha256, BYTES_OF_ARRAY(salt.b), kind, id, out));
}

/* The body of an entry about the question and the case. */
static void write_body(bool has_refs)
{
    struct audit_body b = {.ts = 1780300800,
                           .event = AUDIT_EVENT_REQUEST_SENT,
                           .has_request_ref = has_refs,
                           .has_case_ref = has_refs,
                           .salt = {{9}}};
    ref_of("request", digest_bytes(&header), &b.request_ref);
    ref_of("case", BYTES_OF_ARRAY(dossier.b), &b.case_ref);
    buf_reset(&it.body);
    OK(audit_body_write(&b, &it.body));
    OK(entry_hash(digest_sha256, buf_bytes(&it.body), &it.entry));
}

static int set_up(void **state)
{
    (void)state;
    memset(&it, 0, sizeof it);
    import_store_open(&it.s);
    it.arena = arena_new(AUDIT_BODY_ARENA_BYTES);
    it.body = buf_new(AUDIT_BODY_MAX);
    it.agent.store = it.s.store;
    write_body(true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_free(&it.body);
    arena_free(it.arena);
    import_store_close(&it.s);
    return 0;
}

static enum err of_body(struct opening *o)
{
    struct errmsg why = {""};
    arena_reset(it.arena);
    *o = (struct opening){.agent = &it.agent};
    return opening_of_body(buf_bytes(&it.body), &it.entry, it.arena, o, &why);
}

static void what_is_asked_stands_in_the_body_of_the_entry(void **state)
{
    (void)state;
    struct opening o;
    struct digest ref;
    OK(of_body(&o));
    ref_of("request", digest_bytes(&header), &ref);
    assert_true(o.has_request && digest_equal(&o.request, &ref));
    ref_of("case", BYTES_OF_ARRAY(dossier.b), &ref);
    assert_true(o.has_case && digest_equal(&o.dossier, &ref));
}

static void another_body_than_the_entrys_is_refused(void **state)
{
    (void)state;
    struct opening o;
    it.entry.b[0] ^= 1;
    assert_int_equal(of_body(&o), ERR_MISMATCH);
    assert_false(o.has_request || o.has_case);
    write_body(false);
    assert_int_equal(of_body(&o), ERR_INVALID);
    buf_reset(&it.body);
    buf_put_str(&it.body, "{}");
    OK(entry_hash(digest_sha256, buf_bytes(&it.body), &it.entry));
    assert_int_not_equal(of_body(&o), ERR_OK);
}

/* The header of a question whose own row is gone, and one that is damaged. */
static void put_damaged(struct kv_txn *txn)
{
    const struct asked_header h = {.request = {{7}}, .state = ASK_OPEN, .since_s = 1};
    OK(asked_header_put(it.s.store, txn, &header, &h));
    OK(store_put(it.s.store, txn, STORE_SEARCH, BYTES_OF_ARRAY(dossier.b), bytes_str("?")));
}

/* All of it; how many slices. */
static unsigned find(const struct opening *o, struct doc *list)
{
    CLEANUP(cleanup_opening_free) struct opening_scan *scan = NULL;
    unsigned slices = 1;
    enum err bad;
    OK(opening_new(o, list, &scan));
    for (; (bad = opening_step(scan)) == ERR_AGAIN; slices++)
        ;
    OK(bad);
    return slices;
}

/* The loop goes on between them, and nothing is left out or told twice. */
static void a_store_of_any_size_is_looked_through_in_slices(void **state)
{
    (void)state;
    struct opening o;
    struct kv_txn *txn = import_store_begin(&it.s);
    struct case_row k = {.moves = {{CASE_SIGNAL, {"j.dekker"}, 1}}, .move_count = 1};
    for (uint32_t i = 0; i < 3000; i++) {
        const struct asked_header h = {.request = {{7}}, .state = ASK_OPEN, .since_s = 1};
        struct digest other = {{0xff, (uint8_t)(i >> 8), (uint8_t)i}};
        OK(asked_header_put(it.s.store, txn, &other, &h));
        memcpy(k.id.b, other.b, sizeof k.id.b);
        OK(case_put(it.s.store, txn, &k));
    }
    k.id = dossier;
    OK(case_put(it.s.store, txn, &k));
    import_store_commit(&it.s);
    CLEANUP(cleanup_doc_free) struct doc *list = doc_new_array();
    OK(of_body(&o));
    assert_in_range(find(&o, list), 6, 12);
    assert_int_equal(doc_count(list), 1);
}

static void a_row_that_cannot_be_read_hides_no_other(void **state)
{
    (void)state;
    struct opening o;
    struct kv_txn *txn = import_store_begin(&it.s);
    const struct case_row k = {
        .id = dossier, .moves = {{CASE_SIGNAL, {"j.dekker"}, 1}}, .move_count = 1};
    const struct bytes search = BYTES_OF_ARRAY(dossier.b);
    struct digest of_search;
    put_damaged(txn);
    OK(case_put(it.s.store, txn, &k));
    import_store_commit(&it.s);
    CLEANUP(cleanup_doc_free) struct doc *list = doc_new_array();
    OK(of_body(&o));
    assert_int_equal(find(&o, list), 1);
    assert_int_equal(doc_count(list), 1);
    OK(digest_sha256(&search, 1, &of_search));
    ref_of("request", digest_bytes(&of_search), &o.request);
    (void)find(&o, list); /* the search is found, and damaged */
    assert_int_equal(doc_count(list), 2);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_asked_stands_in_the_body_of_the_entry),
        CASE(another_body_than_the_entrys_is_refused),
        CASE(a_row_that_cannot_be_read_hides_no_other),
        CASE(a_store_of_any_size_is_looked_through_in_slices),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
