/* Writes another body at a place of the auditors' copy, as a broker that ran on an old copy of its store would have. The key
 * of the segment comes as hex on standard input.
 * usage: second_body SEGMENT INDEX < KEY */
#include <stdio.h>
#include <stdlib.h>

#include "pki/body_copy_seal.h"
#include "pki/digest.h"
#include "proto/base/text.h"
#include "proto/host/file.h"

static enum err append(const char *path, uint64_t index, const struct secret *key)
{
    static const char body[] = "{\"schema\":\"sluis-audit/1\"}";
    CLEANUP(cleanup_aead_free) struct aead *aead = NULL;
    CLEANUP(buf_free) struct buf segment = buf_new((size_t)64 << 20);
    struct digest entry;
    enum err e = aead_new(key, BODY_COPY_KEY_VERSION, &aead);
    if (e == ERR_OK)
        e = entry_hash(digest_sha256, bytes_str(body), &entry);
    if (e == ERR_OK)
        e = file_read(path, FILE_ANY, &segment, NULL);
    if (e == ERR_OK)
        e = body_copy_seal(aead, index, &entry, bytes_str(body), &segment);
    return e == ERR_OK ? file_write(path, buf_bytes(&segment), 0644, NULL) : e;
}

int main(int argc, char **argv)
{
    char hex[2 * BODY_COPY_KEY_BYTES + 1] = "";
    uint8_t raw[BODY_COPY_KEY_BYTES];
    uint64_t index = 0;
    if (argc != 3 || text_get_u64(bytes_str(argv[2]), UINT32_MAX, &index) != ERR_OK || fgets(hex, sizeof hex, stdin) == NULL ||
        text_get_hex(bytes_str(hex), raw, sizeof raw) != ERR_OK)
        return 64;
    const enum err heap = secret_init();
    if (heap != ERR_OK && heap != ERR_PERMISSION)
        return 1;
    CLEANUP(cleanup_secret_free) struct secret *key = secret_new(BYTES_OF_ARRAY(raw));
    return key != NULL && append(argv[1], index, key) == ERR_OK ? 0 : 1;
}
