/* What whoever has the log's key can do: signs a head of any size and root under any origin.
 * usage: sign_head BROKER-FOLDER ORIGIN SIZE ROOT     ROOT: base64, as in a checkpoint; the note goes to standard output */
#include <stdio.h>

#include "pki/note.h"
#include "proto/base/text.h"
#include "proto/log/checkpoint.h"
#include "tests/support/unlocked.h"

#define NOTE_BYTES 4096u
#define MUST(call) unlocked_must(#call, (call))

static struct key *log_key(const char *folder)
{
    struct keyfile header;
    CLEANUP(cleanup_secret_free) struct secret *half = unlocked_key(folder, "log.key", &header);
    struct key *key = NULL;
    MUST(half != NULL ? key_from_private(KEY_TYPE_ED25519, half, &key) : ERR_NOT_FOUND);
    return key;
}

static void put_head(char **argv, struct buf *text)
{
    struct checkpoint c = {.origin = bytes_str(argv[2])};
    struct buf root = buf_fixed(c.root.b, sizeof c.root.b);
    MUST(text_get_u64(bytes_str(argv[3]), INT64_MAX, &c.size));
    MUST(text_get_base64(bytes_str(argv[4]), &root));
    checkpoint_write(&c, text);
    MUST(buf_err(text));
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 64;
    const enum err heap = secret_init();
    MUST(heap == ERR_PERMISSION ? ERR_OK : heap); /* no locked memory: good enough for a test */
    CLEANUP(cleanup_key_free) struct key *key = log_key(argv[1]);
    CLEANUP(buf_free) struct buf text = buf_new(NOTE_BYTES);
    CLEANUP(buf_free) struct buf note = buf_new(NOTE_BYTES);
    const struct note_signer signer = {bytes_str(argv[2]), key};
    put_head(argv, &text);
    MUST(note_sign(&signer, 1, buf_bytes(&text), &note));
    return fwrite(note.ptr, 1, note.len, stdout) == note.len ? 0 : 1;
}
