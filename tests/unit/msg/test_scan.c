/* The scanner takes what our encoder writes and refuses everything that protobuf-c would let by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/msg/scan.h"
#include "proto/base/text.h"
#include "proto/msg/unpack.h"
#include "tests/unit/msg/probe.pb-c.h"

static enum err scan_hex(const char *hex)
{
    uint8_t raw[256];
    size_t n = strlen(hex) / 2;
    assert_true(n <= sizeof raw);
    assert_int_equal(text_get_hex(bytes_str(hex), raw, n), ERR_OK);
    uint8_t *exact = malloc(n > 0 ? n : 1);
    assert_non_null(exact);
    memcpy(exact, raw, n);
    enum err e = msg_scan(&probe__probe__descriptor, bytes_of(exact, n), NULL);
    free(exact);
    return e;
}

static void takes_and_refuses_by_table(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *hex;
        enum err want;
    } cases[] = {
        {"empty", "", ERR_OK},
        {"u32", "0805", ERR_OK},
        {"u32 at its maximum", "08ffffffff0f", ERR_OK},
        {"u32 too large", "088080808010", ERR_RANGE},
        {"u64 at its maximum", "10ffffffffffffffffff01", ERR_OK},
        {"varint over 64 bits", "10ffffffffffffffffff02", ERR_RANGE},
        {"varint of eleven bytes", "10ffffffffffffffffffff01", ERR_RANGE},
        {"varint with a needless byte", "088500", ERR_INVALID},
        {"key with a needless byte", "880005", ERR_INVALID},
        {"i32 -1", "18ffffffffffffffffff01", ERR_OK},
        {"i32 of five bytes over the maximum", "188080808008", ERR_RANGE},
        {"bool 1", "2001", ERR_OK},
        {"bool 2", "2002", ERR_RANGE},
        {"enum known", "2803", ERR_OK},
        {"enum in a gap", "2802", ERR_UNKNOWN},
        {"enum beyond", "2804", ERR_UNKNOWN},
        {"enum unspecified", "2800", ERR_UNKNOWN},
        {"enum that is known modulo 2^32", "288380808010", ERR_UNKNOWN},
        {"text", "320161", ERR_OK},
        {"text, bad UTF-8", "3201ff", ERR_INVALID},
        {"text with NUL", "32026100", ERR_INVALID},
        {"bytes with NUL", "3a026100", ERR_OK},
        {"bytes longer than the input", "3a0461", ERR_TRUNCATED},
        {"bytes of enormous length", "3affffffffffffffffff01", ERR_TRUNCATED},
        {"fixed64", "410102030405060708", ERR_OK},
        {"fixed64 cut", "4101020304050607", ERR_TRUNCATED},
        {"fixed32", "4d01020304", ERR_OK},
        {"message", "52020805", ERR_OK},
        {"message longer than its parent", "52030805", ERR_TRUNCATED},
        {"varint across the end of a message", "520208855a00", ERR_TRUNCATED},
        {"unknown field in a message", "52021005", ERR_UNKNOWN},
        {"two copies of a message", "5202080552020806", ERR_DUPLICATE},
        {"repeated message", "5a0208055a020806", ERR_OK},
        {"packed", "62020102", ERR_OK},
        {"packed, unpacked on the wire", "6001", ERR_INVALID},
        {"packed, empty", "6200", ERR_INVALID},
        {"packed, cut", "620185", ERR_TRUNCATED},
        {"packed, out of range", "6205ffffffff1f", ERR_RANGE},
        {"repeated text", "6a01616a0162", ERR_OK},
        {"oneof, one member", "7001", ERR_OK},
        {"oneof, two members", "70017a0161", ERR_DUPLICATE},
        {"duplicate scalar", "08050806", ERR_DUPLICATE},
        {"out of order", "10050805", ERR_DUPLICATE},
        {"repeated, interrupted", "6a01617001" "6a0162", ERR_DUPLICATE},
        {"unknown field", "f80601", ERR_UNKNOWN},
        {"field number 0", "0005", ERR_UNKNOWN},
        {"field number over 32 bits", "8880808080010500", ERR_UNKNOWN},
        {"group", "0b0c", ERR_INVALID},
        {"wrong wire type", "0a0105", ERR_INVALID},
        {"wire type 7", "0f", ERR_INVALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (scan_hex(cases[i].hex) != cases[i].want)
            fail_msg("%s: got %d, want %d", cases[i].name, scan_hex(cases[i].hex), cases[i].want);
    }
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    /* probe.ring and four rings inside each other fit; one more does not; nor do ten thousand. */
    assert_int_equal(scan_hex("8201080a060a040a020a00"), ERR_OK);
    assert_int_equal(scan_hex("82010a0a080a060a040a020a00"), ERR_TOO_LARGE);
    struct buf deep = buf_new(1u << 20);
    buf_put(&deep, bytes_of("\x82\x01\xa0\x9c\x01", 5));
    for (int i = 0; i < 10000; i++)
        buf_put(&deep, bytes_of("\x0a\x02", 2));
    assert_int_not_equal(msg_scan(&probe__probe__descriptor, buf_bytes(&deep), NULL), ERR_OK);
    buf_free(&deep);
}

static size_t packed_probe(uint8_t out[static 256])
{
    Probe__Leaf leaf = PROBE__LEAF__INIT;
    leaf.n = 300;
    Probe__Leaf *leaves[] = {&leaf, &leaf};
    uint32_t numbers[] = {1, 70000, 0};
    char *texts[] = {msg_text("a"), msg_text("")};
    Probe__Probe p = PROBE__PROBE__INIT;
    p.u32 = 7;
    p.i32 = -7;
    p.flag = 1;
    p.colour = PROBE__COLOUR__COLOUR_BLUE;
    p.text = msg_text("grüß");
    p.data = msg_data(bytes_str("data"));
    p.f64 = 1;
    p.f32 = 2;
    p.leaf = &leaf;
    p.n_leaves = 2;
    p.leaves = leaves;
    p.n_packed = 3;
    p.packed = numbers;
    p.n_texts = 2;
    p.texts = texts;
    p.choice_case = PROBE__PROBE__CHOICE_RIGHT;
    p.right = msg_data(bytes_str("r"));
    struct buf b = buf_fixed(out, 256);
    assert_int_equal(msg_pack(&p.base, &b), ERR_OK);
    return b.len;
}

static void what_we_pack_we_unpack(void **state)
{
    (void)state;
    uint8_t wire[256];
    size_t n = packed_probe(wire);
    struct arena *a = arena_new(8192);
    const void *m = NULL;
    struct errmsg why = {""};
    assert_int_equal(msg_unpack(&probe__probe__descriptor, bytes_of(wire, n), 256, a, &m, &why),
                     ERR_OK);
    const Probe__Probe *p = m;
    assert_int_equal(p->i32, -7);
    assert_string_equal(p->text, "grüß");
    assert_int_equal(p->packed[1], 70000);
    assert_true(bytes_is(msg_bytes(p->right), "r"));
    assert_int_equal(msg_unpack(&probe__probe__descriptor, bytes_of(wire, n), n - 1, a, &m, &why),
                     ERR_TOO_LARGE);
    arena_free(a);
    struct arena *small = arena_new(64);
    assert_int_equal(msg_unpack(&probe__probe__descriptor, bytes_of(wire, n), 256, small, &m, &why),
                     ERR_NOMEM);
    arena_free(small);
}

static void a_cut_is_never_read_past_its_end(void **state)
{
    (void)state;
    uint8_t wire[256];
    size_t n = packed_probe(wire);
    size_t taken = 0;
    for (size_t cut = 0; cut <= n; cut++) {
        uint8_t *exact = malloc(cut > 0 ? cut : 1);
        assert_non_null(exact);
        memcpy(exact, wire, cut);
        taken += msg_scan(&probe__probe__descriptor, bytes_of(exact, cut), NULL) == ERR_OK;
        free(exact);
    }
    /* A cut between two fields is a message too: one for each field end, and the empty one. */
    assert_int_equal(taken, 1 + 13 + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_and_refuses_by_table),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(what_we_pack_we_unpack),
        cmocka_unit_test(a_cut_is_never_read_past_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
