/* proto/msg/hello beside programs of before decision 0416, which do not know `chains`, `copied` and `lacking`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/msg/hello.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

/* What such a program made, as hex. */
static const char older_hello[] =
    "0a010112070a0362736e100112080a04696d656910021a03686b31200428053220020000000000000000000000000000"
    "00000000000000000000000000000000003a1d0a0a726965632d636173757310011a03686b3122080000000000000000"
    "3a1d0a0a726965632d636173757310021a03686b312208000000000000000040c08df6d7064a0a736f6d652062797465"
    "7350065806622003000000000000000000000000000000000000000000000000000000000000006a2001000000000000"
    "000000000000000000000000000000000000000000000000007220020000000000000000000000000000000000000000"
    "0000000000000000000000";
static const char older_reply[] =
    "080210011a06726f73746572200428053220020000000000000000000000000000000000000000000000000000000000"
    "00003a1d0a0a726965632d636173757310011a03686b31220800000000000000003a1d0a0a726965632d636173757310"
    "021a03686b312208000000000000000040c08df6d70648e80750e80758026211736c7569732e6578616d706c652f6c6f"
    "676806722003000000000000000000000000000000000000000000000000000000000000007a20010000000000000000"
    "000000000000000000000000000000000000000000000082012002000000000000000000000000000000000000000000"
    "00000000000000000000";

static void put_hex(struct buf *out, const char *hex)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; hex[i] != '\0'; i += 2)
        buf_put_u8(out, (uint8_t)((strchr(digits, hex[i]) - digits) << 4 | (strchr(digits, hex[i + 1]) - digits)));
    OK(buf_err(out));
}

/* Whoever has nothing new to say says what such a program can read. */
static void an_older_hello_is_read_and_says_nothing_of_chains(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    CLEANUP(buf_free) struct buf older = buf_new(4096);
    CLEANUP(buf_free) struct buf again = buf_new(4096);
    struct errmsg why = {""};
    struct hello h;
    put_hex(&older, older_hello);
    OK(hello_decode(buf_bytes(&older), a, &h, &why));
    assert_int_equal(h.chain_count, 0);
    assert_int_equal(h.mail_done, 6);
    OK(hello_encode(&h, &again));
    assert_true(bytes_equal(buf_bytes(&older), buf_bytes(&again)));
}

static void an_older_reply_is_read_and_lacks_nothing(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    CLEANUP(buf_free) struct buf older = buf_new(4096);
    CLEANUP(buf_free) struct buf again = buf_new(4096);
    struct errmsg why = {""};
    struct hello_reply r;
    put_hex(&older, older_reply);
    OK(hello_reply_decode(buf_bytes(&older), a, &r, &why));
    assert_int_equal(r.lacking_count, 0);
    assert_int_equal(r.copied_s, 0);
    assert_int_equal(r.credit, 2);
    OK(hello_reply_encode(&r, &again));
    assert_true(bytes_equal(buf_bytes(&older), buf_bytes(&again)));
}

/* So is what such a program makes of `chains`: to a decoder a field that it does not know is no message. */
static void a_field_of_a_newer_program_is_refused(void **state)
{
    (void)state;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 20);
    CLEANUP(buf_free) struct buf hello = buf_new(4096);
    CLEANUP(buf_free) struct buf reply = buf_new(4096);
    struct errmsg why = {""};
    struct hello h;
    struct hello_reply r;
    put_hex(&hello, older_hello);
    put_hex(&hello, "a2060178"); /* field 100: one byte */
    put_hex(&reply, older_reply);
    put_hex(&reply, "a2060178");
    assert_int_equal(hello_decode(buf_bytes(&hello), a, &h, &why), ERR_UNKNOWN);
    assert_int_equal(hello_reply_decode(buf_bytes(&reply), a, &r, &why), ERR_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_hello_is_read_and_says_nothing_of_chains),
        cmocka_unit_test(an_older_reply_is_read_and_lacks_nothing),
        cmocka_unit_test(a_field_of_a_newer_program_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
