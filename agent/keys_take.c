/* New keys in the place of old ones, on the disk and in use. */
#include "agent/keys_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/keyfile.h"
#include "proto/base/text.h"
#include "proto/host/file.h"

#define SUFFIX ".key"
#define FORMER_HEX_BYTES 8

bool agent_keys_is(const struct agent_keys *k, enum keys_use use, const struct key *public)
{
    return key_same_public(k->in_use[use].key, public);
}

const struct key *agent_keys_pair(const struct agent_keys *k, const struct key *public)
{
    const size_t n = atomic_load_explicit(&k->pair_count, memory_order_acquire);
    for (size_t i = 0; i < n; i++)
        if (key_same_public(k->pairs[i], public))
            return k->pairs[i];
    return NULL;
}

/* "…/signing.key" and "next" to "…/signing.next.key". */
static enum err sibling(const char *file, const char *word, char out[static KEYS_PATH_SIZE])
{
    const size_t stem = strlen(file) - strlen(SUFFIX);
    int n = snprintf(out, KEYS_PATH_SIZE, "%.*s.%s" SUFFIX, (int)stem, file, word);
    return n > 0 && n < KEYS_PATH_SIZE ? ERR_OK : ERR_TOO_LARGE;
}

/* "former-0011223344556677" */
static void former_word(const struct digest *fingerprint, char *out, size_t size)
{
    char hex[2 * FORMER_HEX_BYTES + 1] = "";
    struct buf b = buf_fixed(hex, sizeof hex - 1);
    text_put_hex(&b, bytes_of(fingerprint->b, FORMER_HEX_BYTES));
    snprintf(out, size, "former-%s", hex);
}

bool agent_keys_is_former(const char *file, const struct digest *fingerprint)
{
    char word[32];
    char suffix[64];
    former_word(fingerprint, word, sizeof word);
    snprintf(suffix, sizeof suffix, ".%s" SUFFIX, word);
    return bytes_ends(bytes_str(file), suffix);
}

/* The work of one taking. */
struct taken {
    struct buf file; /* what was read */
    struct key *key;
};

static void taken_free(struct taken *t)
{
    buf_free(&t->file);
    key_free(t->key);
}

/* Reads the key file at path. ERR_NOT_FOUND where none is there, or it is of another key. */
static enum err open_at(const char *path, const struct secret *passphrase,
                        const struct keys_taking *t, struct taken *out, struct errmsg *why)
{
    if (!file_exists(path))
        return ERR_NOT_FOUND;
    taken_free(out);
    *out = (struct taken){.file = buf_new(KEYFILE_MAX_BYTES)};
    enum err bad = file_read(path, FILE_PRIVATE, &out->file, why);
    if (bad == ERR_OK)
        bad = keyfile_open_key(buf_bytes(&out->file), passphrase, keys_type(t->use), &out->key);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "key file %s: %s", path,
                          bad == ERR_SIGNATURE ? "wrong passphrase, or the file was changed"
                                               : err_text(bad));
    return key_same_public(out->key, t->listed) ? ERR_OK : ERR_NOT_FOUND;
}

static enum err keep(const char *file, const struct digest *fingerprint, struct errmsg *why)
{
    char word[32];
    char to[KEYS_PATH_SIZE];
    CLEANUP(buf_free) struct buf bytes = buf_new(KEYFILE_MAX_BYTES);
    former_word(fingerprint, word, sizeof word);
    enum err bad = sibling(file, word, to);
    if (bad == ERR_OK)
        bad = file_read(file, FILE_PRIVATE, &bytes, why);
    return bad == ERR_OK ? file_write(to, buf_bytes(&bytes), 0600, why) : bad;
}

/* The file that waits takes its place; a crash leaves a folder from which the next start goes on. */
static enum err install(const char *file, const char *next, const struct keys_taking *t,
                        const struct taken *new, struct errmsg *why)
{
    enum err bad = t->keep_as != NULL ? keep(file, t->keep_as, why) : ERR_OK;
    if (bad == ERR_OK)
        bad = file_write(file, buf_bytes(&new->file), 0600, why);
    return bad == ERR_OK ? file_erase(next, why) : bad;
}

static enum err put_in_use(struct agent_keys *k, enum keys_use use, struct taken *new)
{
    struct keys_slot *slot = &k->in_use[use];
    struct key *key = take(new->key);
    if (use == KEYS_TRANSPORT) {
        key_free(slot->key);
        slot->key = key;
        return ERR_OK;
    }
    enum err bad = keys_add_pair(k, key);
    if (bad == ERR_OK)
        slot->key = key;
    return bad;
}

enum err agent_keys_take(struct agent_keys *k, const struct conf_service *service,
                         const struct keys_taking *t, struct errmsg *why)
{
    const char *file = k->in_use[t->use].file;
    char next[KEYS_PATH_SIZE];
    CLEANUP(cleanup_secret_free) struct secret *passphrase = NULL;
    CLEANUP(taken_free) struct taken new = {.key = NULL};
    enum err bad = sibling(file, "next", next);
    if (bad == ERR_OK)
        bad = keys_read_passphrase(&service->unlock, &passphrase, why);
    if (bad == ERR_OK)
        bad = open_at(next, passphrase, t, &new, why);
    if (bad == ERR_OK)
        bad = install(file, next, t, &new, why);
    else if (bad == ERR_NOT_FOUND) /* an operator may have put it in place by hand */
        bad = open_at(file, passphrase, t, &new, why);
    return bad == ERR_OK ? put_in_use(k, t->use, &new) : bad;
}

/* A crash between the two steps of install leaves two files of one content. */
enum err agent_keys_tidy(const struct agent_keys *k, struct errmsg *why)
{
    enum err bad = ERR_OK;
    for (unsigned i = 0; i < KEYS_USE_COUNT && bad == ERR_OK; i++) {
        const char *file = k->in_use[i].file;
        char next[KEYS_PATH_SIZE];
        CLEANUP(buf_free) struct buf one = buf_new(KEYFILE_MAX_BYTES);
        CLEANUP(buf_free) struct buf other = buf_new(KEYFILE_MAX_BYTES);
        bad = sibling(file, "next", next);
        if (bad != ERR_OK || !file_exists(next))
            continue;
        bad = file_read(file, FILE_PRIVATE, &one, why);
        if (bad == ERR_OK)
            bad = file_read(next, FILE_PRIVATE, &other, why);
        if (bad == ERR_OK && bytes_equal(buf_bytes(&one), buf_bytes(&other)))
            bad = file_erase(next, why);
    }
    return bad;
}

/* ---- former keys whose time is over ---- */

struct erasing {
    const char *dir;
    bool (*is_ended)(void *arg, const char *file);
    void *arg;
    size_t count;
};

static enum err erase_one(void *arg, const char *name)
{
    struct erasing *e = arg;
    char path[KEYS_PATH_SIZE];
    if (!keyfile_is_former(bytes_str(name)) || !e->is_ended(e->arg, name))
        return ERR_OK;
    int n = snprintf(path, sizeof path, "%s/%s", e->dir, name);
    if (n < 0 || (size_t)n >= sizeof path)
        return ERR_TOO_LARGE;
    enum err bad = file_erase(path, NULL);
    e->count += bad == ERR_OK;
    return bad;
}

enum err agent_keys_erase(const struct conf_service *service,
                          bool (*is_ended)(void *arg, const char *file), void *arg, size_t *erased)
{
    struct erasing e = {.dir = service->keys, .is_ended = is_ended, .arg = arg};
    enum err bad = file_list(service->keys, erase_one, &e);
    *erased = e.count;
    return bad;
}
