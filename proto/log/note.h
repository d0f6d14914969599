/* Signed notes (C2SP signed-note v1.0.0): a text and signature lines. Only the form: pki/note signs
 * and verifies. */
#ifndef SLUIS_LOG_NOTE_H
#define SLUIS_LOG_NOTE_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/err.h"

#define NOTE_MAX_BYTES (256u << 10)
#define NOTE_MAX_SIGS 100u
#define NOTE_MAX_SIG_BYTES 8192u
#define NOTE_MAX_NAME 255u
#define NOTE_KEY_ID_BYTES 4u

/* One signature line. */
struct note_sig {
    struct bytes name;
    uint8_t key_id[NOTE_KEY_ID_BYTES];
    struct bytes sig; /* without the key id; in the arena */
};

struct note {
    struct bytes text; /* with its last '\n'; what is signed */
    struct note_sig *sigs;
    size_t count;
};

/* A key name: non-empty UTF-8 of at most NOTE_MAX_NAME bytes, no white space (Unicode's), no control
 * characters, no '+'. */
bool note_name_valid(struct bytes name);

/* Splits a note; views point into data, decoded signatures into the arena. At least one signature
 * line. ERR_TOO_LARGE, ERR_INVALID (with why), ERR_NOMEM. why may be NULL. */
enum err note_parse(struct bytes data, struct arena *arena, struct note *out,
                    struct errmsg *why) MUST_CHECK;

/* Parses signature lines alone (a witness's answer); at least one. */
enum err note_parse_sigs(struct bytes lines, struct arena *arena, struct note *out,
                         struct errmsg *why) MUST_CHECK;

/* May text be signed as a note? Non-empty UTF-8 that ends in '\n', no other control characters. */
bool note_text_valid(struct bytes text);

/* Appends one signature line. */
void note_put_sig(struct buf *b, const struct note_sig *sig);

#endif
