/* Notes, signature lines, checkpoints and verifier keys; what is taken is written back the same. */
#include <stdlib.h>

#include "pki/digest.h"
#include "proto/log/checkpoint.h"
#include "proto/log/note.h"
#include "proto/log/vkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(struct buf *b, struct bytes want)
{
    if (buf_err(b) != ERR_OK || !bytes_equal(buf_bytes(b), want))
        abort();
    buf_free(b);
}

static void try_note(struct bytes in, struct arena *a)
{
    struct note n;
    struct checkpoint c;
    struct buf out = buf_new(2u * NOTE_MAX_BYTES);
    if (note_parse(in, a, &n, NULL) != ERR_OK)
        return;
    buf_put(&out, n.text);
    buf_put_u8(&out, '\n');
    for (size_t i = 0; i < n.count; i++)
        note_put_sig(&out, &n.sigs[i]);
    check_same(&out, in);
    if (checkpoint_parse(n.text, &c) != ERR_OK)
        return;
    out = buf_new(NOTE_MAX_BYTES);
    checkpoint_write(&c, &out);
    check_same(&out, n.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = bytes_of(data, size);
    struct arena *a = arena_new(2u * NOTE_MAX_BYTES);
    struct note n;
    struct vkey k;
    if (a == NULL)
        return 0;
    try_note(in, a);
    arena_reset(a);
    if (note_parse_sigs(in, a, &n, NULL) == ERR_OK && n.count == 0)
        abort();
    if (vkey_parse(digest_sha256, in, &k) == ERR_OK && !note_name_valid(bytes_str(k.name)))
        abort();
    arena_free(a);
    return 0;
}
