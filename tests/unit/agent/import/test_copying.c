/* What is copied from one epoch into another: what is alive, is still admitted and protects nobody, as the
 * store has it, with the day on which it entered. The rules are the test's. */
#include "tests/unit/agent/import/import_store.h"

#include "agent/import/copying.h"
#include "agent/records/batch_row.h"
#include "proto/base/cursor.h"

#define TODAY 20000u
#define SET 3u

/* In place of the policy: a record of category "buiten" is admitted by nothing, another by rule 0. */
struct admit {
    int unused;
};

enum err admit_ask(struct admit *a, const struct admit_record *r, uint32_t *rules,
                   enum condition *reason)
{
    (void)a;
    *rules = strcmp(r->category->s, "buiten") == 0 ? 0 : 1;
    *reason = *rules == 0 ? CONDITION_CATEGORY : CONDITION_NONE;
    return ERR_OK;
}

void admit_free(struct admit *a)
{
    free(a);
}

static const struct name fields_1[] = {{"bedrag"}, {"soort"}};
static const struct name fields_2[] = {{"plaats"}, {"soort"}};
static const struct name rules_1[] = {{"index.a"}};
static const struct name rules_2[] = {{"index.a"}, {"index.b"}};
static const struct name categories_1[] = {{"zaak"}, {"buiten"}};
static const struct name categories_2[] = {{"buiten"}, {"persoon"}};
static const struct record_shape shapes[] = {
    [1] = {{fields_1, 2}, {rules_1, 1}, {categories_1, 2}},
    [2] = {{fields_2, 2}, {rules_2, 2}, {categories_2, 2}},
};

static const struct {
    const char *what;
    uint32_t batch; /* 0: a note of someone protected */
    uint32_t expires_day;
    uint8_t category; /* of the batch's shape */
    const char *bsn;
    const char *first; /* value of the batch's first field */
    int mark;          /* in the stage; -1: it does not come */
    uint32_t data_set;
} records[] = {
    {"alive", 1, TODAY + 1, 0, "999990019", "12", STAGE_TAKEN, SET},
    {"expired today", 1, TODAY, 0, "999990020", "13", -1, SET},
    {"expired long ago", 1, 5, 0, "999990032", "14", -1, SET},
    {"admitted no more", 1, TODAY + 9, 1, "999990044", "15", STAGE_OUT, SET},
    {"protected meanwhile", 1, TODAY + 9, 0, "999990056", "16", STAGE_PROTECTED, SET},
    {"of another shape", 2, TODAY + 9, 1, "999990068", "Ede", STAGE_TAKEN, SET},
    {"a note", 0, 0, 0, "", "", -1, SET},
    {"another data set", 1, TODAY + 9, 0, "999990081", "17", -1, SET + 1},
};

static struct norm_ident bsn_of(const char *value)
{
    struct norm_ident id = {.type = IDENT_BSN, .len = (uint8_t)strlen(value)};
    memcpy(id.value, value, id.len);
    return id;
}

static struct live_entry entry_of(size_t i, uint32_t index)
{
    struct live_entry e = {.place = {records[i].batch, index},
                           .tokens = 1,
                           .entered_day = 100 + (uint32_t)i,
                           .expires_day = records[i].expires_day};
    memset(e.key.b, 0x10 + (int)i, sizeof e.key.b);
    memset(e.content.b, 0x80 + (int)i, sizeof e.content.b);
    return e;
}

/* One batch with the records that name it, all in one block. */
static void put_batch(struct import_store *s, uint32_t no)
{
    CLEANUP(buf_free) struct buf block = buf_new((size_t)1 << 16);
    uint8_t key[BATCH_KEY_BYTES];
    uint32_t index = 0;
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        if (records[i].batch != no)
            continue;
        CLEANUP(buf_free) struct buf content = buf_new(4096);
        const struct norm_ident id = bsn_of(records[i].bsn);
        const struct bytes values[] = {bytes_str(records[i].first), bytes_str("x")};
        const struct record_content c = {1, records[i].category, values, &id, 1};
        const struct live_entry e = entry_of(i, index++);
        content_encode(&c, 2, &content);
        const struct record_version v = {records[i].expires_day, {{0}}, buf_bytes(&content)};
        version_encode(&v, &block);
        assert_int_equal(live_put(s->store, s->txn, records[i].data_set, &e), ERR_OK);
    }
    const struct batch_row row = {.state = BATCH_APPLIED,
                                  .kind = BATCH_ADD,
                                  .data_set = SET,
                                  .record_count = index,
                                  .shape = shapes[no]};
    assert_int_equal(batch_row_put(s->store, s->txn, no, &row), ERR_OK);
    assert_int_equal(store_put(s->store, s->txn, STORE_RECORD,
                               batch_key_at((struct record_place){no, 0}, key), buf_bytes(&block)),
                     ERR_OK);
}

struct copy {
    struct import_store s;
    struct protected_list *list;
    struct arena *arena;
    struct record_shape shape;
    struct stage_merge *rows;
};

static void copy_all(struct copy *c)
{
    static const struct policy policy;
    static const struct name purpose = {"p"};
    const struct field_terms terms = {&policy, NULL, &purpose};
    const struct copying_params p = {c->s.store, c->list, SET, TODAY, c->shape, &terms};
    CLEANUP(cleanup_copying_free) struct copying *copying = NULL;
    bool end = false;
    assert_int_equal(copying_new(&p, calloc(1, sizeof(struct admit)), &copying), ERR_OK);
    assert_int_equal(copying_fill(copying, &end), ERR_OK);
    assert_true(end);
    assert_int_equal(copying_write(copying, import_store_begin(&c->s)), ERR_OK);
    import_store_commit(&c->s);
    copying_wrote(copying);
    assert_int_equal(copying_runs(copying), 1);
    assert_int_equal(stage_merge_new(c->s.store, 0, 1, NULL, &c->rows), ERR_OK);
}

static void begin(struct copy *c)
{
    bool changed = false;
    const struct live_entry note = {.entered_day = 1};
    const struct norm_ident hidden = bsn_of("999990056");
    *c = (struct copy){.arena = arena_new((size_t)1 << 20)};
    import_store_open(&c->s);
    assert_int_equal(protected_list_new(c->s.store, &c->list), ERR_OK);
    import_store_begin(&c->s);
    put_batch(&c->s, 1);
    put_batch(&c->s, 2);
    assert_int_equal(live_put(c->s.store, c->s.txn, SET, &note), ERR_OK);
    assert_int_equal(protected_list_add(c->list, c->s.txn, &hidden, &changed), ERR_OK);
    import_store_commit(&c->s);
    assert_int_equal(copying_shape(c->s.store, SET, c->arena, &c->shape), ERR_OK);
    copy_all(c);
}

static void end(struct copy *c)
{
    stage_merge_free(c->rows);
    protected_list_free(c->list);
    import_store_close(&c->s);
    arena_free(c->arena);
}

static void what_is_alive_and_admitted_comes_with_its_day(void **state)
{
    (void)state;
    struct copy c;
    const struct stage_row *row = NULL;
    begin(&c);
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        const struct live_entry e = entry_of(i, 0);
        if (records[i].mark < 0)
            continue;
        assert_int_equal(stage_merge_next(c.rows, &row), ERR_OK);
        if (row == NULL || memcmp(row->key.b, e.key.b, sizeof e.key.b) != 0 ||
            (int)row->mark != records[i].mark || row->row != e.entered_day)
            fail_msg("%s", records[i].what);
        if (row->mark == STAGE_TAKEN)
            assert_memory_equal(row->content.b, e.content.b, sizeof e.content.b);
    }
    assert_int_equal(stage_merge_next(c.rows, &row), ERR_OK);
    assert_null(row);
    end(&c);
}

/* Two shapes become one: each record has the fields of both, empty where its own had none. */
static void shapes_are_united(void **state)
{
    (void)state;
    static const char *const want[][3] = {{"12", "", "x"}, {"", "Ede", "x"}};
    struct copy c;
    size_t taken = 0;
    const struct stage_row *row = NULL;
    begin(&c);
    assert_int_equal(c.shape.fields.count, 3);
    assert_string_equal(c.shape.fields.v[1].s, "plaats");
    assert_int_equal(c.shape.rules.count, 2);
    assert_int_equal(c.shape.categories.count, 3);
    while (stage_merge_next(c.rows, &row) == ERR_OK && row != NULL) {
        struct bytes data;
        struct record_content r;
        if (row->mark != STAGE_TAKEN)
            continue;
        assert_int_equal(stage_merge_data(c.rows, &data), ERR_OK);
        assert_int_equal(content_decode(data, &c.shape, c.arena, &r), ERR_OK);
        for (size_t f = 0; f < 3; f++)
            assert_true(bytes_is(r.fields[f], want[taken][f]));
        assert_string_equal(c.shape.categories.v[r.category].s, taken == 0 ? "zaak" : "persoon");
        assert_int_equal(r.identifier_count, 1);
        taken++;
    }
    assert_int_equal(taken, 2);
    end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_alive_and_admitted_comes_with_its_day),
        cmocka_unit_test(shapes_are_united),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
