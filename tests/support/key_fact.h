/* How an entry names the key of a log: SHA-256 of its verifier line. */
#ifndef SLUIS_TEST_KEY_FACT_H
#define SLUIS_TEST_KEY_FACT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pki/digest.h"
#include "pki/note.h"
#include "proto/base/text.h"

struct key_fact {
    char s[96];
};

/* The text in the body. */
static inline struct key_fact key_fact(const struct key *key, const char *origin)
{
    struct key_fact f = {""};
    char line_room[VKEY_MAX_TEXT];
    struct buf line = buf_fixed(line_room, sizeof line_room);
    const struct note_signer by = {bytes_str(origin), key};
    struct vkey v;
    struct digest d;
    char hex_room[2 * sizeof d.b + 1];
    struct buf hex = buf_fixed(hex_room, sizeof hex_room);
    assert_int_equal(note_vkey(&by, VKEY_ED25519, &v), ERR_OK);
    vkey_write(&v, &line);
    const struct bytes text = buf_bytes(&line);
    assert_int_equal(buf_err(&line), ERR_OK);
    assert_int_equal(digest_sha256(&text, 1, &d), ERR_OK);
    text_put_hex(&hex, digest_bytes(&d));
    snprintf(f.s, sizeof f.s, "\"key\":\"%s\"", buf_text(&hex));
    assert_int_equal(strlen(f.s), 7 + sizeof hex_room);
    return f;
}

#endif
