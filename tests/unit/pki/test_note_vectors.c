/* Signed notes, checkpoints and verifier keys as others wrote them down (tests/vectors/signed_notes.md): each is taken or
 * refused as it says there. */
#include "tests/unit/pki/test_core.h"

#include <jansson.h>

#include "pki/digest.h"
#include "pki/note.h"
#include "proto/base/text.h"
#include "proto/log/checkpoint.h"
#include "proto/log/vkey.h"

#define NOTES 80
#define CHECKPOINTS 45
#define VKEYS 14

static json_t *load(const char *name)
{
    char path[512];
    json_error_t e;
    snprintf(path, sizeof path, "%s/vectors/%s", TEST_DATA, name);
    json_t *whole = json_load_file(path, 0, &e);
    if (whole == NULL)
        fail_msg("%s: %s", path, e.text);
    return whole;
}

static const char *text_of(json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    assert_non_null(text);
    return text;
}

static bool good_of(json_t *o)
{
    json_t *good = json_object_get(o, "good");
    assert_true(json_is_boolean(good));
    return json_is_true(good);
}

static enum err verify(const struct note *n, const struct vkey *key)
{
    uint64_t at_s = 0;
    return key->type == VKEY_COSIGNATURE_V1 ? note_verify_cosignature(n, key, &at_s) : note_verify(n, key);
}

/* What a reader who knows these keys says. */
static const char *verdict(json_t *vector, json_t *keys, struct bytes data)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(NOTE_ARENA_BYTES);
    struct note n;
    const char *found = "unknown";
    size_t i;
    json_t *name;
    if (note_parse(data, a, &n, NULL) != ERR_OK)
        return "malformed";
    json_array_foreach(json_object_get(vector, "known"), i, name)
    {
        struct vkey key;
        assert_int_equal(vkey_parse(digest_sha256, bytes_str(text_of(keys, json_string_value(name))), &key), ERR_OK);
        const enum err e = verify(&n, &key);
        if (e != ERR_OK && e != ERR_NOT_FOUND)
            return "bad";
        if (e == ERR_OK)
            found = "verified";
    }
    return found;
}

static void every_note_is_judged_as_it_says(void **state)
{
    (void)state;
    json_t *whole = load("signed_notes.json");
    json_t *notes = json_object_get(whole, "notes");
    unsigned differ = 0;
    size_t i;
    json_t *v;
    assert_int_equal(json_array_size(notes), NOTES);
    json_array_foreach(notes, i, v)
    {
        struct buf data CLEANUP(buf_free) = buf_new(NOTE_MAX_BYTES);
        assert_int_equal(text_get_base64(bytes_str(text_of(v, "note")), &data), ERR_OK);
        const char *said = verdict(v, json_object_get(whole, "keys"), buf_bytes(&data));
        if (strcmp(said, text_of(v, "sluis")) == 0)
            continue;
        print_error("%s: %s, not %s\n", text_of(v, "about"), said, text_of(v, "sluis"));
        differ++;
    }
    assert_int_equal(differ, 0);
    json_decref(whole);
}

/* What is taken has one spelling: it is written as it was read. */
static bool is_taken(const char *text, json_t *v)
{
    struct buf again CLEANUP(buf_free) = buf_new(4096);
    struct checkpoint c;
    if (checkpoint_parse(bytes_str(text), &c) != ERR_OK)
        return false;
    checkpoint_write(&c, &again);
    assert_string_equal(buf_text(&again), text);
    uint64_t size = 0;
    if (good_of(v))
        assert_int_equal(text_get_u64(bytes_str(text_of(v, "size")), UINT64_MAX, &size), ERR_OK);
    assert_int_equal(c.size, size);
    return true;
}

static void every_checkpoint_is_taken_or_refused_as_it_says(void **state)
{
    (void)state;
    json_t *whole = load("checkpoints.json");
    json_t *list = json_object_get(whole, "checkpoints");
    unsigned differ = 0;
    size_t i;
    json_t *v;
    assert_int_equal(json_array_size(list), CHECKPOINTS);
    json_array_foreach(list, i, v)
    {
        if (is_taken(text_of(v, "text"), v) == good_of(v))
            continue;
        print_error("checkpoint: %s\n", text_of(v, "about"));
        differ++;
    }
    assert_int_equal(differ, 0);
    json_decref(whole);
}

static bool is_key(struct bytes text)
{
    struct vkey key;
    return vkey_parse(digest_sha256, text, &key) == ERR_OK;
}

/* No part of a good key is one, and none with one byte changed. */
static void mangle(const char *key)
{
    char text[512];
    const size_t n = strlen(key);
    snprintf(text, sizeof text, "%s", key);
    for (size_t from = 0; from < n; from++)
        for (size_t to = from + 1; to <= n; to++)
            assert_int_equal(is_key(bytes_of(key + from, to - from)), from == 0 && to == n);
    for (size_t i = 0; i < n; i++) {
        text[i]++;
        if (is_key(bytes_str(text)))
            fail_msg("a key with byte %zu changed: %s", i, text);
        text[i]--;
    }
}

static void every_verifier_key_is_taken_or_refused_as_it_says(void **state)
{
    (void)state;
    json_t *whole = load("checkpoints.json");
    json_t *list = json_object_get(whole, "vkeys");
    size_t i;
    json_t *v;
    assert_int_equal(json_array_size(list), VKEYS);
    json_array_foreach(list, i, v)
    {
        const char *text = text_of(v, "vkey");
        if (is_key(bytes_str(text)) != good_of(v))
            fail_msg("key: %s", text_of(v, "about"));
        if (good_of(v))
            mangle(text);
    }
    json_decref(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_note_is_judged_as_it_says),
        cmocka_unit_test(every_checkpoint_is_taken_or_refused_as_it_says),
        cmocka_unit_test(every_verifier_key_is_taken_or_refused_as_it_says),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
