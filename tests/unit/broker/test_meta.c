/* broker/store/meta: whose store it is, and which programs may go on with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "broker/store/meta.h"
#include "proto/host/kv_write.h"
#include "tests/unit/host/host_tmp.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

static struct host_tmp tmp;
static struct kv *kv;
static struct store *store;
static const struct meta_identity ours = {.deployment = {"test"}, .oin = {"00000099000000001000"}};

static int set_up(void **state)
{
    struct errmsg why = {""};
    (void)state;
    host_tmp_make(&tmp);
    const struct kv_params p = {.dir = host_tmp_path(&tmp, "store"), .map_bytes = UINT64_C(1) << 26};
    OK(kv_open(&p, &kv, &why));
    OK(store_new(kv, &store, &why));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_free(store);
    kv_free(kv);
    host_tmp_remove(&tmp);
    return 0;
}

/* As at a start of the broker; what was refused is not written. */
static enum err start(const struct meta_identity *id, bool *is_new)
{
    CLEANUP(cleanup_kv_write_abort) struct kv_txn *txn = NULL;
    struct errmsg why = {""};
    OK(kv_write_begin(kv, &txn));
    const enum err e = meta_check(store, txn, id, is_new, &why);
    if (e != ERR_OK) {
        assert_true(why.text[0] != '\0');
        return e;
    }
    return kv_write_commit(take(txn));
}

static void put_schema(struct bytes row)
{
    CLEANUP(cleanup_kv_write_abort) struct kv_txn *txn = NULL;
    OK(kv_write_begin(kv, &txn));
    OK(meta_put(store, txn, "schema", row));
    OK(kv_write_commit(take(txn)));
}

static void schema_is(uint8_t schema)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    const uint8_t wanted[] = {0, 0, 0, schema};
    struct bytes row;
    OK(kv_read_begin(kv, &txn));
    OK(meta_get(store, txn, "schema", &row));
    assert_true(bytes_equal(row, BYTES_OF_ARRAY(wanted)));
}

static void a_new_store_is_ours_from_then_on(void **state)
{
    (void)state;
    struct meta_identity other = ours;
    bool is_new = false;
    OK(start(&ours, &is_new));
    assert_true(is_new);
    OK(start(&ours, &is_new));
    assert_false(is_new);
    schema_is(STORE_SCHEMA);
    other.oin.oin[19] = '7';
    assert_int_equal(start(&other, &is_new), ERR_MISMATCH);
}

/* A program of before would misread what this one writes from now on. */
static void an_older_schema_is_raised(void **state)
{
    (void)state;
    const uint8_t before[] = {0, 0, 0, STORE_SCHEMA_OLDEST};
    struct meta_identity other = ours;
    bool is_new = false;
    OK(start(&ours, &is_new));
    put_schema(BYTES_OF_ARRAY(before));
    other.oin.oin[19] = '7';
    assert_int_equal(start(&other, &is_new), ERR_MISMATCH);
    schema_is(STORE_SCHEMA_OLDEST); /* of somebody else's store nothing changes */
    OK(start(&ours, &is_new));
    assert_false(is_new);
    schema_is(STORE_SCHEMA);
}

static void other_schemas_are_refused(void **state)
{
    (void)state;
    const uint8_t newer[] = {0, 0, 0, STORE_SCHEMA + 1};
    const uint8_t none[] = {0, 0, 0, STORE_SCHEMA_OLDEST - 1};
    bool is_new = false;
    OK(start(&ours, &is_new));
    put_schema(BYTES_OF_ARRAY(newer));
    assert_int_equal(start(&ours, &is_new), ERR_VERSION);
    put_schema(BYTES_OF_ARRAY(none));
    assert_int_equal(start(&ours, &is_new), ERR_VERSION);
    put_schema(bytes_str("x"));
    assert_int_equal(start(&ours, &is_new), ERR_INVALID);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_new_store_is_ours_from_then_on),
        T(an_older_schema_is_raised),
        T(other_schemas_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
