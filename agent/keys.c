#include "agent/keys_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pki/agency_half.h"
#include "pki/keyfile.h"
#include "pki/storage_keys.h"
#include "pki/unlock.h"
#include "proto/base/text.h"
#include "proto/host/file.h"

/* The work of loading: one folder, one passphrase. */
#define LOG_NEXT "log.next.key" /* the one waiting key that is in use (decision 0415) */
#define KEYS_TRIES 3 /* a command of the operator may take a file away between the list and the look at it */

struct loading {
    struct agent_keys *keys;
    const char *dir;
    struct secret *passphrase;
    bool is_reload; /* of purpose keys, versions of the storage key and keys of the own log alone */
    struct errmsg *why;
};

static enum err open_unlock(const struct conf_unlock *u, int *fd, struct errmsg *why)
{
    char path[KEYS_PATH_SIZE];
    const char *credentials = u->credential != NULL ? getenv("CREDENTIALS_DIRECTORY") : NULL;
    if (u->credential != NULL && credentials == NULL)
        return errmsg_set(why, ERR_NOT_FOUND,
                          "unlock.credential: the service manager gave no credentials; start the "
                          "agent as a service with LoadCredentialEncrypted=%s",
                          u->credential);
    int n = u->credential != NULL ? snprintf(path, sizeof path, "%s/%s", credentials, u->credential)
                                  : snprintf(path, sizeof path, "%s", u->passphrase_file);
    if (n < 0 || (size_t)n >= sizeof path)
        return errmsg_set(why, ERR_TOO_LARGE, "the path of the passphrase is too long");
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return *fd >= 0 ? ERR_OK
                    : errmsg_set(why, ERR_NOT_FOUND, "%s: the passphrase of the key files cannot be "
                                                     "read",
                                 path);
}

enum err keys_read_passphrase(const struct conf_unlock *u, struct secret **out, struct errmsg *why)
{
    int fd = -1;
    enum err bad = open_unlock(u, &fd, why);
    if (bad != ERR_OK)
        return bad;
    bad = unlock_check_private(fd, why);
    if (bad == ERR_OK)
        bad = unlock_passphrase(fd, out, why);
    close(fd);
    return bad;
}

enum err agent_keys_passphrase(const struct conf_service *service, struct secret **out, struct errmsg *why)
{
    return keys_read_passphrase(&service->unlock, out, why);
}

/* The last word of an id: "signing" of "agency.signing". */
static const char *last_word(const struct name *id)
{
    const char *dot = strrchr(id->s, '.');
    return dot != NULL ? dot + 1 : id->s;
}

static const char *const use_words[KEYS_USE_COUNT] = {"signing", "sealing", "transport"};

enum key_type keys_type(enum keys_use use)
{
    return use == KEYS_TRANSPORT ? KEY_TYPE_X25519 : KEY_TYPE_P256;
}

static struct keys_slot *place_of(struct agent_keys *k, const struct keyfile *h)
{
    for (unsigned i = 0; i < KEYS_USE_COUNT; i++)
        if (strcmp(last_word(&h->id), use_words[i]) == 0 &&
            h->kind == keyfile_kind_of(keys_type((enum keys_use)i)))
            return &k->in_use[i];
    return NULL;
}

enum err keys_add_pair(struct agent_keys *k, struct key *key)
{
    const size_t n = atomic_load(&k->pair_count);
    if (n == KEYS_PAIRS_MAX) {
        key_free(key);
        return ERR_LIMIT;
    }
    k->pairs[n] = key;
    atomic_store_explicit(&k->pair_count, n + 1, memory_order_release);
    return ERR_OK;
}

static enum err add_pair(struct loading *l, const char *path, struct bytes file,
                         const struct keyfile *h)
{
    struct keys_slot *place = place_of(l->keys, h);
    CLEANUP(cleanup_key_free) struct key *key = NULL;
    if (place == NULL)
        return ERR_OK;
    if (place->key != NULL)
        return ERR_DUPLICATE;
    const bool is_pair = h->kind == KEYFILE_P256;
    enum err bad =
        keyfile_open_key(file, l->passphrase, is_pair ? KEY_TYPE_P256 : KEY_TYPE_X25519, &key);
    if (bad != ERR_OK)
        return bad;
    place->file = text_copy(path);
    if (place->file == NULL)
        return ERR_NOMEM;
    place->key = key;
    struct key *taken = take(key);
    return is_pair ? keys_add_pair(l->keys, taken) : ERR_OK;
}

/* The keys of logs: the one that cosigns, the one that signs. */
static enum err add_log_key(struct loading *l, const char *path, struct bytes file, const struct keyfile *h)
{
    const bool is_log = strcmp(last_word(&h->id), "log") == 0;
    const bool is_next = bytes_ends(bytes_str(path), "/" LOG_NEXT);
    struct key **place = is_log ? &l->keys->logs[is_next] : &l->keys->witness;
    if (!is_log && (is_next || strcmp(last_word(&h->id), "witness") != 0))
        return ERR_UNKNOWN;
    if (!is_log && l->is_reload)
        return ERR_OK;
    if (*place != NULL)
        return ERR_DUPLICATE;
    return keyfile_open_key(file, l->passphrase, KEY_TYPE_ED25519, place);
}

/* It opens what was sealed before a renewal, and is no key in use. */
static enum err add_former(struct loading *l, struct bytes file, const struct keyfile *h)
{
    struct key *key = NULL;
    if (l->is_reload || h->kind != KEYFILE_P256)
        return ERR_OK;
    enum err bad = keyfile_open_key(file, l->passphrase, KEY_TYPE_P256, &key);
    return bad == ERR_OK ? keys_add_pair(l->keys, key) : bad;
}

static void purpose_clear(struct purpose_key *p)
{
    agency_half_free(take(p->for_loop));
    agency_half_free(take(p->for_store));
    free(take(p->file));
}

/* The slot of a key, dropped or not. */
static struct purpose_key *slot_of(struct agent_keys *k, const struct name *purpose, uint32_t epoch)
{
    for (size_t i = 0; i < k->purpose_count; i++)
        if (k->purposes[i].epoch == epoch && name_equal(&k->purposes[i].purpose, purpose))
            return &k->purposes[i];
    return NULL;
}

static enum err make_purpose(const struct secret *key, struct purpose_key *p)
{
    enum err bad = agency_half_new(key, &p->purpose, p->epoch, &p->for_loop);
    if (bad == ERR_OK)
        bad = agency_half_copy(p->for_loop, &p->for_store);
    if (bad == ERR_OK)
        bad = agency_half_kcv(p->for_loop, SUITE_HK1, &p->kcv);
    return bad;
}

static enum err add_purpose(struct loading *l, const char *path, struct bytes file,
                            const struct keyfile *h)
{
    struct agent_keys *k = l->keys;
    if (slot_of(k, &h->purpose, h->epoch) != NULL)
        return ERR_DUPLICATE;
    if (k->purpose_count == KEYS_PURPOSES_MAX)
        return ERR_LIMIT;
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    enum err bad = keyfile_open(file, l->passphrase, NULL, &key);
    if (bad != ERR_OK)
        return bad;
    struct purpose_key *p = &k->purposes[k->purpose_count];
    *p = (struct purpose_key){.purpose = h->purpose, .epoch = h->epoch};
    p->file = text_copy(path);
    bad = p->file != NULL ? make_purpose(key, p) : ERR_NOMEM;
    if (bad == ERR_OK)
        k->purpose_count++;
    else
        purpose_clear(p);
    return bad;
}

static enum err add_storage(struct loading *l, struct bytes file, const struct keyfile *h)
{
    struct agent_keys *k = l->keys;
    uint32_t version = 0;
    struct secret *key = NULL;
    if (k->storage == NULL && (k->storage = storage_keys_new()) == NULL)
        return ERR_NOMEM;
    enum err bad = storage_keys_version_of(&h->id, &version);
    if (bad == ERR_OK)
        bad = keyfile_open(file, l->passphrase, NULL, &key);
    return bad == ERR_OK ? storage_keys_add(k->storage, version, key) : bad;
}

static enum err add_file(struct loading *l, const char *path, struct bytes file,
                         const struct keyfile *h)
{
    if (l->is_reload && h->kind != KEYFILE_PURPOSE && h->kind != KEYFILE_STORAGE && h->kind != KEYFILE_ED25519)
        return ERR_OK;
    switch (h->kind) {
    case KEYFILE_P256:
    case KEYFILE_X25519: return add_pair(l, path, file, h);
    case KEYFILE_STORAGE: return add_storage(l, file, h);
    case KEYFILE_PURPOSE: return add_purpose(l, path, file, h);
    case KEYFILE_ED25519: return add_log_key(l, path, file, h);
    case KEYFILE_NONE:
    case KEYFILE_BROKER_HALF:
    case KEYFILE_SHARE:
    case KEYFILE_WRAPPING:
    case KEYFILE_KIND_COUNT: break;
    }
    return ERR_UNKNOWN;
}

static enum err load_one(void *arg, const char *name)
{
    struct loading *l = arg;
    const bool is_former = keyfile_is_former(bytes_str(name));
    if (!keyfile_in_use(bytes_str(name)) && !is_former && strcmp(name, LOG_NEXT) != 0)
        return ERR_OK;
    char path[KEYS_PATH_SIZE];
    int n = snprintf(path, sizeof path, "%s/%s", l->dir, name);
    if (n < 0 || (size_t)n >= sizeof path)
        return errmsg_set(l->why, ERR_TOO_LARGE, "a path in the key folder is too long");
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    enum err bad = file_read(path, FILE_PRIVATE, &file, l->why);
    if (bad != ERR_OK)
        return bad;
    struct keyfile header;
    bad = keyfile_peek(buf_bytes(&file), &header);
    if (bad == ERR_OK)
        bad = is_former ? add_former(l, buf_bytes(&file), &header)
                        : add_file(l, path, buf_bytes(&file), &header);
    if (bad == ERR_OK)
        return ERR_OK;
    return errmsg_set(l->why, bad, "key file %s: %s", path,
                      bad == ERR_SIGNATURE   ? "wrong passphrase, or the file was changed"
                      : bad == ERR_UNKNOWN   ? "no key of an agency; move it elsewhere"
                      : bad == ERR_DUPLICATE ? "a second key of its kind; move the old one elsewhere"
                                             : err_text(bad));
}

static enum err check_complete(const struct agent_keys *k, const char *dir, struct errmsg *why)
{
    const char *missing = k->storage == NULL ? "storage" : NULL;
    for (unsigned i = KEYS_USE_COUNT; i-- > 0;)
        if (k->in_use[i].key == NULL)
            missing = use_words[i];
    if (missing == NULL)
        return ERR_OK;
    return errmsg_set(why, ERR_NOT_FOUND,
                      "%s: no key file with id '%s'; sluis-pki enrol makes it", dir, missing);
}

/* A command that was killed while it put the next key of the log in its place leaves it under both names. */
static void drop_same_next(struct agent_keys *k)
{
    if (k->logs[1] == NULL || (k->logs[0] != NULL && !key_same_public(k->logs[0], k->logs[1])))
        return;
    key_free(k->logs[1]);
    k->logs[1] = NULL;
}

/* Every key file of the folder, or those that a reload takes, into keys that hold none yet. */
static enum err load_folder(const struct conf_service *service, bool is_reload,
                            struct agent_keys *k, struct errmsg *why)
{
    CLEANUP(cleanup_secret_free) struct secret *passphrase = NULL;
    enum err bad = keys_read_passphrase(&service->unlock, &passphrase, why);
    if (bad != ERR_OK)
        return bad;
    struct loading l = {.keys = k,
                        .dir = service->keys,
                        .passphrase = passphrase,
                        .is_reload = is_reload,
                        .why = why};
    bad = file_list(service->keys, load_one, &l);
    if (bad == ERR_OK)
        drop_same_next(k);
    if (bad == ERR_NOT_FOUND && why != NULL && why->text[0] == '\0')
        return errmsg_set(why, bad, "%s: no such key folder", service->keys);
    return bad;
}

static enum err load_once(const struct conf_service *service, struct agent_keys **out, struct errmsg *why)
{
    CLEANUP(cleanup_agent_keys_free) struct agent_keys *k = calloc(1, sizeof *k);
    if (k == NULL)
        return ERR_NOMEM;
    const enum err bad = load_folder(service, false, k, why);
    if (bad == ERR_OK)
        *out = take(k);
    return bad;
}

enum err agent_keys_load(const struct conf_service *service, struct agent_keys **out,
                         struct errmsg *why)
{
    CLEANUP(cleanup_agent_keys_free) struct agent_keys *k = NULL;
    enum err bad = ERR_NOT_FOUND;
    for (int i = 0; bad == ERR_NOT_FOUND && i < KEYS_TRIES; i++) {
        if (why != NULL)
            why->text[0] = '\0';
        bad = load_once(service, &k, why);
    }
    if (bad == ERR_OK)
        bad = check_complete(k, service->keys, why); /* one that is missing does not come by reading on */
    if (bad == ERR_OK)
        *out = take(k);
    return bad;
}

/* Whether all of fresh can stand beside what is loaded. */
static enum err check_fresh(struct agent_keys *k, const struct agent_keys *fresh,
                            struct errmsg *why)
{
    size_t more = 0;
    if (fresh->storage == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "the folder has no storage key any more");
    for (size_t i = 0; i < fresh->purpose_count; i++) {
        const struct purpose_key *new = &fresh->purposes[i];
        const struct purpose_key *old = slot_of(k, &new->purpose, new->epoch);
        if (old == NULL)
            more++;
        else if (!bytes_equal(BYTES_OF_ARRAY(old->kcv.b), BYTES_OF_ARRAY(new->kcv.b)))
            return errmsg_set(why, ERR_CONFLICT,
                              "the folder has another key of purpose %s, epoch %u, than the one in "
                              "use; a key of an epoch is never exchanged, the custodian deals a "
                              "new epoch",
                              new->purpose.s, new->epoch);
    }
    return k->purpose_count + more <= KEYS_PURPOSES_MAX
               ? ERR_OK
               : errmsg_set(why, ERR_LIMIT, "more than %d purpose keys", KEYS_PURPOSES_MAX);
}

/* Which of the loaded keys still have a file. */
static void note_files(struct agent_keys *k, struct agent_keys *fresh)
{
    for (size_t i = 0; i < k->purpose_count; i++) {
        struct purpose_key *p = &k->purposes[i];
        struct purpose_key *seen = slot_of(fresh, &p->purpose, p->epoch);
        free(p->file);
        p->file = seen != NULL ? take(seen->file) : NULL;
    }
}

/* A log that has a key does not lose it by a reload. */
static void take_logs(struct agent_keys *k, struct agent_keys *fresh)
{
    if (fresh->logs[0] == NULL)
        return;
    for (size_t i = 0; i < AGENT_LOG_KEYS_MAX; i++) {
        key_free(k->logs[i]);
        k->logs[i] = take(fresh->logs[i]);
    }
}

enum err agent_keys_reload(struct agent_keys *k, const struct conf_service *service, size_t *added,
                           struct errmsg *why)
{
    CLEANUP(cleanup_agent_keys_free) struct agent_keys *fresh = calloc(1, sizeof *fresh);
    *added = 0;
    if (fresh == NULL)
        return ERR_NOMEM;
    enum err bad = load_folder(service, true, fresh, why);
    if (bad == ERR_OK)
        bad = check_fresh(k, fresh, why);
    if (bad != ERR_OK)
        return bad;
    note_files(k, fresh);
    storage_keys_free(k->storage);
    k->storage = take(fresh->storage);
    take_logs(k, fresh);
    for (size_t i = 0; i < fresh->purpose_count; i++) {
        struct purpose_key *new = &fresh->purposes[i];
        if (slot_of(k, &new->purpose, new->epoch) != NULL)
            continue;
        k->purposes[k->purpose_count] = *new;
        *new = (struct purpose_key){.epoch = 0};
        k->purpose_count++;
        (*added)++;
    }
    return ERR_OK;
}

struct agency_half *agent_keys_drop(struct agent_keys *k, size_t i)
{
    struct purpose_key *p = &k->purposes[i];
    if (atomic_exchange(&p->is_dropped, true))
        return NULL;
    agency_half_free(take(p->for_loop));
    return take(p->for_store);
}

void agent_keys_free(struct agent_keys *k)
{
    if (k == NULL)
        return;
    for (size_t i = 0; i < k->purpose_count; i++)
        purpose_clear(&k->purposes[i]);
    for (size_t i = 0; i < k->pair_count; i++)
        key_free(k->pairs[i]);
    for (unsigned i = 0; i < KEYS_USE_COUNT; i++)
        free(k->in_use[i].file);
    key_free(k->in_use[KEYS_TRANSPORT].key);
    key_free(k->witness);
    for (size_t i = 0; i < AGENT_LOG_KEYS_MAX; i++)
        key_free(k->logs[i]);
    storage_keys_free(k->storage);
    free(k);
}

const struct key *agent_keys_signing(const struct agent_keys *k)
{
    return k->in_use[KEYS_SIGNING].key;
}

const struct key *agent_keys_witness(const struct agent_keys *k)
{
    return k->witness;
}

const struct key *agent_keys_log(const struct agent_keys *k)
{
    return k->logs[0];
}

size_t agent_keys_logs(const struct agent_keys *k, const struct key *out[static AGENT_LOG_KEYS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < AGENT_LOG_KEYS_MAX && k->logs[i] != NULL; i++)
        out[n++] = k->logs[i];
    return n;
}

const struct key *agent_keys_sealing(const struct agent_keys *k)
{
    return k->in_use[KEYS_SEALING].key;
}

const struct storage_keys *agent_keys_storage(const struct agent_keys *k)
{
    return k->storage;
}

void agent_keys_curve(const struct agent_keys *k, struct link_key *out)
{
    if (key_raw_public(k->in_use[KEYS_TRANSPORT].key, out->b) != ERR_OK)
        *out = (struct link_key){{0}};
}

static enum err copy_secret(void *arg, struct bytes view)
{
    uint8_t *out = arg;
    if (view.len != LINK_KEY_BYTES)
        return ERR_INVALID;
    memcpy(out, view.ptr, LINK_KEY_BYTES);
    return ERR_OK;
}

static enum err fill_curve(void *arg, uint8_t secret[LINK_KEY_BYTES])
{
    const struct agent_keys *k = arg;
    CLEANUP(cleanup_secret_free) struct secret *half = NULL;
    enum err bad = key_private(k->in_use[KEYS_TRANSPORT].key, &half);
    return bad == ERR_OK ? secret_lend(half, copy_secret, secret) : bad;
}

struct link_secret agent_keys_curve_secret(const struct agent_keys *k)
{
    return (struct link_secret){fill_curve, (void *)(uintptr_t)k};
}

size_t agent_keys_purposes(const struct agent_keys *k)
{
    return k->purpose_count;
}

const struct purpose_key *agent_keys_purpose(const struct agent_keys *k, size_t i)
{
    return &k->purposes[i];
}

const struct purpose_key *agent_keys_find(const struct agent_keys *k, const struct name *purpose,
                                          uint32_t epoch)
{
    for (size_t i = 0; i < k->purpose_count; i++)
        if (k->purposes[i].epoch == epoch && name_equal(&k->purposes[i].purpose, purpose))
            return k->purposes[i].is_dropped ? NULL : &k->purposes[i];
    return NULL;
}
