#include "broker/keys.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pki/digest.h"
#include "pki/keyfile.h"
#include "pki/unlock.h"
#include "proto/host/file.h"

#define KEYS_TRIES 3 /* a command of the operator may take a file away between the list and the look at it */
#define PATH_SIZE 4096

/* What goes along while the folder is read. */
struct loading {
    struct broker_keys *keys;
    const char *folder;
    const struct secret *passphrase;
    bool is_again; /* what was read before is not opened a second time */
    bool is_in_use; /* the file that is read, by its name */
    struct storage_keys *storage;
    struct errmsg *why;
};

void keys_free(struct broker_keys *k)
{
    if (k == NULL)
        return;
    key_ring_free(&k->signing);
    key_ring_free(&k->transport);
    key_ring_free(&k->log);
    key_free(k->witness);
    storage_keys_free(k->storage);
    for (size_t i = 0; i < KEYS_EPOCHS_MAX; i++) {
        broker_half_free(k->epochs[i].for_loop);
        broker_half_free(k->epochs[i].for_store);
        secret_free(k->epochs[i].held);
    }
    free(k);
}

const struct broker_epoch *keys_epoch(const struct broker_keys *k, const struct name *purpose,
                                      uint32_t epoch)
{
    const size_t n = atomic_load_explicit(&k->epoch_count, memory_order_acquire);
    for (size_t i = 0; i < n; i++)
        if (k->epochs[i].epoch == epoch && name_equal(&k->epochs[i].purpose, purpose))
            return &k->epochs[i];
    return NULL;
}

static struct broker_epoch *stopped(struct broker_keys *k, const struct name *purpose, uint32_t epoch)
{
    const size_t n = atomic_load_explicit(&k->epoch_count, memory_order_acquire);
    for (size_t i = 0; i < n; i++)
        if (k->epochs[i].epoch == epoch && name_equal(&k->epochs[i].purpose, purpose) &&
            atomic_load(&k->epochs[i].state) == EPOCH_KEY_STOPPED)
            return &k->epochs[i];
    return NULL;
}

void keys_wipe_for_store(struct broker_keys *k, const struct name *purpose, uint32_t epoch)
{
    struct broker_epoch *e = stopped(k, purpose, epoch);
    if (e == NULL)
        return;
    broker_half_free(e->for_store);
    e->for_store = NULL;
}

void keys_wipe_for_loop(struct broker_keys *k, const struct name *purpose, uint32_t epoch)
{
    struct broker_epoch *e = stopped(k, purpose, epoch);
    if (e == NULL)
        return;
    broker_half_free(e->for_loop);
    secret_free(e->held);
    e->for_loop = NULL;
    e->held = NULL;
}

static enum err add_epoch(struct broker_keys *k, const struct keyfile *h, const struct secret *b)
{
    const size_t n = atomic_load(&k->epoch_count);
    if (n == KEYS_EPOCHS_MAX)
        return ERR_LIMIT;
    struct broker_epoch *e = &k->epochs[n];
    enum err err = broker_half_new(b, &h->purpose, h->epoch, &e->for_loop);
    if (err == ERR_OK)
        err = broker_half_copy(e->for_loop, &e->for_store);
    if (err == ERR_OK)
        err = broker_half_held_key(e->for_loop, &e->held);
    if (err != ERR_OK)
        return err;
    e->purpose = h->purpose;
    e->epoch = h->epoch;
    atomic_store_explicit(&k->epoch_count, n + 1, memory_order_release);
    return ERR_OK;
}

static enum err open_pair(const struct loading *l, struct bytes file, enum key_type type,
                          struct key_ring *ring)
{
    struct key *k = NULL;
    enum err e = keyfile_open_key(file, l->passphrase, type, &k);
    return e == ERR_OK ? key_ring_add(ring, k) : e;
}

/* A key file that was read before, going by its bytes: to open it again would cost a fifth of a second. */
static bool is_known(const struct broker_keys *k, const struct digest *file)
{
    for (size_t i = 0; i < k->file_count; i++)
        if (digest_equal(&k->files[i], file))
            return true;
    return false;
}

static enum err open_new_pair(const struct loading *l, struct bytes file, enum key_type type,
                              struct key_ring *ring)
{
    struct broker_keys *k = l->keys;
    struct digest digest;
    enum err e = digest_sha256(&file, 1, &digest);
    if (e != ERR_OK || is_known(k, &digest))
        return e;
    e = open_pair(l, file, type, ring);
    if (e == ERR_OK && k->file_count < ARRAY_LEN(k->files))
        k->files[k->file_count++] = digest;
    return e;
}

/* The last word of an id: "witness" of "broker.witness". */
static bool is_of_witness(const struct keyfile *peeked)
{
    const char *dot = strrchr(peeked->id.s, '.');
    return strcmp(dot != NULL ? dot + 1 : peeked->id.s, "witness") == 0;
}

/* The key of the log, or the one that cosigns the logs of others. */
static enum err open_log_key(const struct loading *l, struct bytes file, const struct keyfile *peeked)
{
    if (!is_of_witness(peeked))
        return open_new_pair(l, file, KEY_TYPE_ED25519, &l->keys->log);
    if (!l->is_in_use)
        return ERR_OK; /* the next one, until it takes the place of this one */
    if (l->keys->witness != NULL)
        return l->is_again ? ERR_OK : ERR_DUPLICATE;
    return keyfile_open_key(file, l->passphrase, KEY_TYPE_ED25519, &l->keys->witness);
}

static enum err open_storage(const struct loading *l, struct bytes file, const struct keyfile *peeked)
{
    uint32_t version = 0;
    struct secret *key = NULL;
    enum err e = storage_keys_version_of(&peeked->id, &version);
    if (e == ERR_OK)
        e = keyfile_open(file, l->passphrase, NULL, &key);
    return e == ERR_OK ? storage_keys_add(l->storage, version, key) : e;
}

static enum err open_half(const struct loading *l, struct bytes file, const struct keyfile *peeked)
{
    if (keys_epoch(l->keys, &peeked->purpose, peeked->epoch) != NULL)
        return l->is_again ? ERR_OK : ERR_DUPLICATE;
    CLEANUP(cleanup_secret_free) struct secret *b = NULL;
    struct keyfile header;
    enum err e = keyfile_open(file, l->passphrase, &header, &b);
    return e == ERR_OK ? add_epoch(l->keys, &header, b) : e;
}

static enum err open_file(const struct loading *l, struct bytes file)
{
    struct keyfile header;
    enum err e = keyfile_peek(file, &header);
    if (e != ERR_OK)
        return e;
    switch (header.kind) {
    case KEYFILE_P256:
        return open_new_pair(l, file, KEY_TYPE_P256, &l->keys->signing);
    case KEYFILE_X25519:
        return open_new_pair(l, file, KEY_TYPE_X25519, &l->keys->transport);
    case KEYFILE_ED25519:
        return open_log_key(l, file, &header);
    case KEYFILE_STORAGE:
        return open_storage(l, file, &header);
    case KEYFILE_BROKER_HALF:
        return open_half(l, file, &header);
    case KEYFILE_SHARE:
    case KEYFILE_WRAPPING:
    case KEYFILE_PURPOSE: /* a broker that could read it could invert every identifier */
    case KEYFILE_NONE:
    case KEYFILE_KIND_COUNT:
        break;
    }
    return ERR_PERMISSION;
}

static enum err load_name(void *arg, const char *name)
{
    struct loading *l = arg;
    if (!bytes_ends(bytes_str(name), ".key")) /* next and former ones too: the roster says which counts */
        return ERR_OK;
    char path[PATH_SIZE];
    struct buf p = buf_fixed(path, sizeof path - 1);
    buf_printf(&p, "%s/%s", l->folder, name);
    if (buf_err(&p) != ERR_OK)
        return errmsg_set(l->why, ERR_TOO_LARGE, "key file %s: the path is too long", name);
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    enum err e = file_read(buf_text(&p), FILE_PRIVATE, &file, l->why);
    if (e != ERR_OK)
        return e;
    l->is_in_use = keyfile_in_use(bytes_str(name));
    e = open_file(l, buf_bytes(&file));
    if (e == ERR_SIGNATURE)
        return errmsg_set(l->why, e, "key file %s: wrong passphrase, or the file was changed",
                          name);
    if (e == ERR_DUPLICATE)
        return errmsg_set(l->why, e, "key file %s: another file holds a key of this kind; move the "
                                     "old one away",
                          name);
    if (e == ERR_LIMIT)
        return errmsg_set(l->why, e, "key file %s: more than %u keys of this kind; end the rotations "
                                     "that are over",
                          name, KEY_RING_MAX);
    if (e == ERR_PERMISSION)
        return errmsg_set(l->why, e, "key file %s: a broker may not hold a key of this kind; "
                                     "remove it",
                          name);
    return e == ERR_OK ? e : errmsg_set(l->why, e, "key file %s: %s", name, err_text(e));
}

static enum err unlock(const struct conf_unlock *u, struct secret **out, struct errmsg *why)
{
    char path[PATH_SIZE];
    struct buf p = buf_fixed(path, sizeof path - 1);
    if (u->passphrase_file != NULL) {
        buf_put_str(&p, u->passphrase_file);
    } else {
        const char *folder = getenv("CREDENTIALS_DIRECTORY");
        if (folder == NULL)
            return errmsg_set(why, ERR_NOT_FOUND,
                              "unlock.credential: no CREDENTIALS_DIRECTORY; start it as a service");
        buf_printf(&p, "%s/%s", folder, u->credential);
    }
    const int fd = open(buf_text(&p), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errmsg_set(why, ERR_NOT_FOUND, "passphrase: cannot open %s", buf_text(&p));
    enum err e = unlock_check_private(fd, why);
    if (e == ERR_OK)
        e = unlock_passphrase(fd, out, why);
    close(fd);
    return e;
}

static enum err check_complete(const struct broker_keys *k, struct errmsg *why)
{
    const char *missing = key_ring_count(&k->signing) == 0     ? "signing (P-256)"
                          : key_ring_count(&k->transport) == 0 ? "transport (X25519)"
                          : key_ring_count(&k->log) == 0       ? "log (Ed25519)"
                          : storage_keys_count(k->storage) == 0 ? "storage"
                                                                : NULL;
    if (missing == NULL)
        return ERR_OK;
    return errmsg_set(why, ERR_NOT_FOUND, "keys: no %s key file in the folder; enrol the broker first",
                      missing);
}

static enum err load_folder(struct broker_keys *k, const struct conf_service *c, bool is_again,
                            struct errmsg *why)
{
    CLEANUP(cleanup_secret_free) struct secret *passphrase = NULL;
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *storage = storage_keys_new();
    enum err e = storage != NULL ? unlock(&c->unlock, &passphrase, why) : ERR_NOMEM;
    if (e != ERR_OK)
        return e;
    struct loading l = {.keys = k,
                        .folder = c->keys,
                        .passphrase = passphrase,
                        .is_again = is_again,
                        .storage = storage,
                        .why = why};
    e = file_list(c->keys, load_name, &l);
    if (e == ERR_NOT_FOUND || e == ERR_IO)
        return errmsg_set(why, e, "keys: cannot read folder %s", c->keys);
    if (e != ERR_OK)
        return e;
    storage_keys_free(k->storage);
    k->storage = take(storage);
    return ERR_OK;
}

static enum err load_once(const struct conf_service *c, struct broker_keys **out, struct errmsg *why)
{
    CLEANUP(cleanup_keys_free) struct broker_keys *k = calloc(1, sizeof *k);
    if (k == NULL)
        return ERR_NOMEM;
    const enum err e = load_folder(k, c, false, why);
    if (e == ERR_OK)
        *out = take(k);
    return e;
}

enum err keys_load(const struct conf_service *c, struct broker_keys **out, struct errmsg *why)
{
    CLEANUP(cleanup_keys_free) struct broker_keys *k = NULL;
    enum err e = ERR_NOT_FOUND;
    for (int i = 0; e == ERR_NOT_FOUND && i < KEYS_TRIES; i++)
        e = load_once(c, &k, why);
    if (e == ERR_OK)
        e = check_complete(k, why); /* one that is missing does not come by reading on */
    if (e == ERR_OK)
        *out = take(k);
    return e;
}

enum err keys_reload(struct broker_keys *k, const struct conf_service *c, struct errmsg *why)
{
    enum err e = ERR_NOT_FOUND;
    for (int i = 0; e == ERR_NOT_FOUND && i < KEYS_TRIES; i++)
        e = load_folder(k, c, true, why);
    return e;
}
