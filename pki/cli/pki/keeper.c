#include "pki/cli/pki/keeper.h"

#include <stdio.h>

#include "pki/cli/pki/source.h"
#include "proto/base/text.h"

void keeping_free(struct keeping *k)
{
    secret_free(k->wrapping_passphrase);
}

enum err keeper_passphrase(struct work *w, unsigned n, unsigned count, struct secret **out)
{
    char what[64];
    const struct opts_list *files = &w->o->keeper_passphrases;
    if (files->count != 0 && files->count != count)
        return errmsg_set(&w->why, ERR_CONFIG,
                          "--keeper-passphrase-file stands %zu times; there are %u keepers",
                          files->count, count);
    snprintf(what, sizeof what, "passphrase of keeper %u of %u", n, count);
    const struct source s = {files->count > 0 ? files->v[n - 1] : NULL, -1, what};
    return source_read(&s, out, &w->why);
}

enum err keeper_share_id(const struct backup *b, unsigned n, struct name *out)
{
    char text[NAME_MAX_BYTES];
    struct buf id = buf_fixed(text, sizeof text);
    buf_printf(&id, "share-%u.", n);
    text_put_hex(&id, BYTES_OF_ARRAY(b->id));
    return buf_err(&id) == ERR_OK ? name_parse(buf_bytes(&id), out) : buf_err(&id);
}

enum err keeper_wrapping_path(struct work *w, const struct name *purpose, uint32_t epoch,
                              char path[static WORK_PATH_MAX])
{
    const int n = snprintf(path, WORK_PATH_MAX, "%s/wrap-%s-%u.key", w->o->wrapping, purpose->s,
                           (unsigned)epoch);
    return n > 0 && n < WORK_PATH_MAX
               ? ERR_OK
               : errmsg_set(&w->why, ERR_TOO_LARGE, "the path of a wrapping key is too long");
}

static enum err ask_wrapping_passphrase(struct keeping *k)
{
    if (k->wrapping_passphrase != NULL)
        return ERR_OK;
    const struct source s = {k->w->o->wrapping_passphrase_file, -1,
                             "passphrase of the wrapping keys"};
    return source_read(&s, &k->wrapping_passphrase, &k->w->why);
}

static enum err open_wrapping(struct keeping *k, const char *path, const struct keyfile *want,
                              struct secret **out)
{
    struct keyfile header;
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    enum err e = file_read(path, FILE_PRIVATE, &file, &k->w->why);
    if (e != ERR_OK)
        return e;
    e = keyfile_peek(buf_bytes(&file), &header);
    if (e == ERR_OK && (header.kind != KEYFILE_WRAPPING || header.epoch != want->epoch ||
                        !name_equal(&header.purpose, &want->purpose)))
        return errmsg_set(&k->w->why, ERR_MISMATCH, "%s: not the wrapping key of %s epoch %u", path,
                          want->purpose.s, want->epoch);
    if (e == ERR_OK)
        e = keyfile_open(buf_bytes(&file), k->wrapping_passphrase, NULL, out);
    if (e == ERR_SIGNATURE)
        return errmsg_set(&k->w->why, ERR_PERMISSION, "%s: wrong passphrase, or a changed file",
                          path);
    return e == ERR_OK ? e : errmsg_set(&k->w->why, e, "%s: %s", path, err_text(e));
}

static enum err make_wrapping(struct keeping *k, const char *path, const struct keyfile *header,
                              struct secret **out)
{
    struct secret *CLEANUP(cleanup_secret_free) key = secret_random(32);
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    enum err e = key == NULL ? ERR_NOMEM : file_make_dir(k->w->o->wrapping, &k->w->why);
    if (e == ERR_OK)
        e = keyfile_seal(header, k->wrapping_passphrase, key, &file);
    if (e == ERR_OK)
        e = file_create(path, buf_bytes(&file), 0600, &k->w->why);
    if (e == ERR_OK)
        *out = take(key);
    return e;
}

enum err keeping_wrapping(struct keeping *k, const struct keyfile *of, bool may_make,
                          struct secret **out)
{
    char path[WORK_PATH_MAX];
    struct keyfile header = {.kind = KEYFILE_WRAPPING,
                             .cost = keyfile_cost_default(),
                             .created_s = k->w->now_s,
                             .id = {"wrapping"},
                             .purpose = of->purpose,
                             .epoch = of->epoch};
    if (k->w->o->wrapping == NULL)
        return errmsg_set(&k->w->why, ERR_CONFIG,
                          "there are keys of purposes: --wrapping names the folder, apart from "
                          "every backup, for the "
                          "keys that wrap them");
    enum err e = keeper_wrapping_path(k->w, &of->purpose, of->epoch, path);
    if (e == ERR_OK && !may_make && !file_exists(path))
        e = errmsg_set(&k->w->why, ERR_NOT_FOUND, "%s: is not there", path);
    if (e == ERR_OK)
        e = ask_wrapping_passphrase(k);
    if (e != ERR_OK)
        return e;
    return file_exists(path) ? open_wrapping(k, path, &header, out)
                             : make_wrapping(k, path, &header, out);
}
