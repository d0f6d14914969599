#include "agent/message_ids.h"

#include <stdlib.h>
#include <string.h>

#include "pki/hkdf.h"
#include "pki/mac.h"
#include "pki/random.h"
#include "pki/secret.h"
#include "proto/base/label.h"

#define RANDOM_BYTES 8

struct message_ids {
    struct mac *mac;
};

enum err message_ids_new(struct store *s, struct message_ids **out)
{
    CLEANUP(cleanup_message_ids_free) struct message_ids *m = calloc(1, sizeof *m);
    CLEANUP(cleanup_secret_free) struct secret *own = NULL;
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    if (m == NULL)
        return ERR_NOMEM;
    enum err bad = store_derive(s, LABEL_PSEUDONYM, &own);
    if (bad == ERR_OK)
        bad = hkdf_subkey(own, bytes_str(LABEL_MESSAGE_ID), &key);
    if (bad == ERR_OK)
        bad = mac_new(key, &m->mac);
    if (bad == ERR_OK)
        *out = take(m);
    return bad;
}

void message_ids_free(struct message_ids *m)
{
    if (m == NULL)
        return;
    mac_free(m->mac);
    free(m);
}

/* The second half of an id from its first. */
static enum err put_tag(struct message_ids *m, struct message_id *id)
{
    uint8_t tag[MAC_BYTES];
    const struct bytes part = bytes_of(id->b, RANDOM_BYTES);
    const enum err bad = mac_compute(m->mac, &part, 1, tag);
    if (bad == ERR_OK)
        memcpy(id->b + RANDOM_BYTES, tag, sizeof id->b - RANDOM_BYTES);
    return bad;
}

enum err message_ids_make(struct message_ids *m, struct message_id *out)
{
    const enum err bad = random_fill(out->b, RANDOM_BYTES);
    return bad == ERR_OK ? put_tag(m, out) : bad;
}

enum err message_ids_know(struct message_ids *m, const struct message_id *id, bool *out)
{
    struct message_id want = *id;
    const enum err bad = put_tag(m, &want);
    *out = bad == ERR_OK && secret_equal_bytes(BYTES_OF_ARRAY(want.b), BYTES_OF_ARRAY(id->b));
    return bad;
}
