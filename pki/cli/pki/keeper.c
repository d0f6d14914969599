#include "pki/cli/pki/keeper.h"

#include <stdio.h>

#include "pki/cli/pki/source.h"
#include "pki/random.h"
#include "proto/base/text.h"

#define WRAPPING_ID_BYTES 8

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

static enum err need_folder(struct work *w)
{
    return w->o->wrapping != NULL
               ? ERR_OK
               : errmsg_set(&w->why, ERR_CONFIG,
                            "there are keys of purposes: --wrapping names the folder, apart from every backup, for the "
                            "keys that wrap them");
}

/* ---- which one it is ---- */

static enum err known_name(const struct name *purpose, uint32_t epoch, char name[static WORK_PATH_MAX])
{
    const int n = snprintf(name, WORK_PATH_MAX, "keys/wrap-%s-%u.id", purpose->s, (unsigned)epoch);
    return n > 0 && n < WORK_PATH_MAX ? ERR_OK : ERR_TOO_LARGE;
}

enum err keeper_known_id(struct work *w, const struct name *purpose, uint32_t epoch, struct name *out)
{
    char name[WORK_PATH_MAX];
    struct bytes text = {NULL, 0};
    *out = (struct name){""};
    enum err e = known_name(purpose, epoch, name);
    if (e == ERR_OK)
        e = work_read_in(w, name, NAME_MAX_BYTES + 1, &text);
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    if (e == ERR_OK && text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    if (e == ERR_OK)
        e = name_parse(text, out);
    return e == ERR_OK ? e : errmsg_set(&w->why, e, "%s/%s: not the id of a wrapping key", w->o->dir, name);
}

static enum err keep_id(struct work *w, const struct keyfile *header)
{
    char name[WORK_PATH_MAX];
    char text[NAME_MAX_BYTES + 1];
    struct buf b = buf_fixed(text, sizeof text);
    enum err e = known_name(&header->purpose, header->epoch, name);
    buf_printf(&b, "%s\n", header->id.s);
    if (e == ERR_OK)
        e = buf_err(&b);
    return e == ERR_OK ? work_write_in(w, name, buf_bytes(&b), 0600) : e;
}

enum err keeper_forget_id(struct work *w, const struct name *purpose, uint32_t epoch)
{
    char name[WORK_PATH_MAX];
    char path[WORK_PATH_MAX];
    enum err e = known_name(purpose, epoch, name);
    if (e == ERR_OK)
        e = work_path(w, path, name, "");
    if (e == ERR_OK)
        e = file_remove(path, &w->why);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err read_wrapping(struct work *w, const char *path, const struct keyfile *of, struct buf *file,
                              struct keyfile *header)
{
    enum err e = file_read(path, FILE_PRIVATE, file, &w->why);
    if (e != ERR_OK)
        return e;
    e = keyfile_peek(buf_bytes(file), header);
    if (e == ERR_OK && (header->kind != KEYFILE_WRAPPING || header->epoch != of->epoch ||
                        !name_equal(&header->purpose, &of->purpose)))
        return errmsg_set(&w->why, ERR_MISMATCH, "%s: not the wrapping key of %s epoch %u", path, of->purpose.s,
                          of->epoch);
    return e == ERR_OK ? e : errmsg_set(&w->why, e, "%s: %s", path, err_text(e));
}

enum err keeper_wrapping_id(struct work *w, const struct name *purpose, uint32_t epoch, struct name *out)
{
    char path[WORK_PATH_MAX];
    const struct keyfile of = {.purpose = *purpose, .epoch = epoch};
    struct keyfile header;
    struct name known;
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    *out = (struct name){""};
    enum err e = need_folder(w);
    if (e == ERR_OK)
        e = keeper_wrapping_path(w, purpose, epoch, path);
    if (e == ERR_OK)
        e = keeper_known_id(w, purpose, epoch, &known);
    if (e != ERR_OK || !file_exists(path))
        return e;
    e = read_wrapping(w, path, &of, &file, &header);
    if (e != ERR_OK)
        return e;
    if (known.s[0] != '\0' && !name_equal(&known, &header.id))
        return errmsg_set(&w->why, ERR_MISMATCH,
                          "%s: is %s, and %s is backed up under %s; --wrapping names the folder that has that one", path,
                          header.id.s, w->o->dir, known.s);
    *out = header.id;
    return ERR_OK;
}

/* ---- opening and making it ---- */

void wrapping_key_free(struct wrapping_key *k)
{
    secret_free(k->key);
    k->key = NULL;
}

enum err keeping_open_wrapping(struct keeping *k, const struct keyfile *of, struct wrapping_key *out)
{
    char path[WORK_PATH_MAX];
    struct keyfile header;
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    enum err e = need_folder(k->w);
    if (e == ERR_OK)
        e = keeper_wrapping_path(k->w, &of->purpose, of->epoch, path);
    if (e == ERR_OK)
        e = read_wrapping(k->w, path, of, &file, &header);
    if (e == ERR_OK)
        e = ask_wrapping_passphrase(k);
    if (e != ERR_OK)
        return e;
    e = keyfile_open(buf_bytes(&file), k->wrapping_passphrase, &header, &out->key);
    out->id = header.id;
    if (e == ERR_SIGNATURE)
        return errmsg_set(&k->w->why, ERR_PERMISSION, "%s: wrong passphrase, or a changed file", path);
    return e == ERR_OK ? e : errmsg_set(&k->w->why, e, "%s: %s", path, err_text(e));
}

static enum err fresh_id(struct name *out)
{
    uint8_t raw[WRAPPING_ID_BYTES];
    char text[NAME_MAX_BYTES];
    struct buf id = buf_fixed(text, sizeof text);
    enum err e = random_fill(raw, sizeof raw);
    buf_put_str(&id, "wrapping-");
    text_put_hex(&id, BYTES_OF_ARRAY(raw));
    return e == ERR_OK ? name_parse(buf_bytes(&id), out) : e;
}

static enum err make_wrapping(struct keeping *k, const struct keyfile *of, struct wrapping_key *out)
{
    char path[WORK_PATH_MAX];
    struct keyfile header = {.kind = KEYFILE_WRAPPING,
                             .cost = keyfile_cost_default(),
                             .created_s = k->w->now_s,
                             .purpose = of->purpose,
                             .epoch = of->epoch};
    struct secret *CLEANUP(cleanup_secret_free) key = secret_random(32);
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    enum err e = key == NULL ? ERR_NOMEM : ask_wrapping_passphrase(k);
    if (e == ERR_OK)
        e = fresh_id(&header.id);
    if (e == ERR_OK)
        e = keeper_wrapping_path(k->w, &of->purpose, of->epoch, path);
    if (e == ERR_OK)
        e = file_make_dir(k->w->o->wrapping, &k->w->why);
    if (e == ERR_OK)
        e = keyfile_seal(&header, k->wrapping_passphrase, key, &file);
    if (e == ERR_OK)
        e = file_create(path, buf_bytes(&file), 0600, &k->w->why);
    if (e != ERR_OK)
        return e;
    *out = (struct wrapping_key){take(key), header.id, true};
    return ERR_OK;
}

/* Whether a missing one may be made: not where a backup of this folder is already under one. */
static enum err may_make(struct work *w, const struct keyfile *of)
{
    struct name known;
    enum err e = keeper_known_id(w, &of->purpose, of->epoch, &known);
    if (e != ERR_OK)
        return e;
    if (known.s[0] != '\0')
        return errmsg_set(&w->why, ERR_NOT_FOUND,
                          "%s: has no wrapping key of %s epoch %u; %s is backed up under %s, and --wrapping names the "
                          "folder that has it",
                          w->o->wrapping, of->purpose.s, of->epoch, w->o->dir, known.s);
    return w->o->new_wrapping
               ? ERR_OK
               : errmsg_set(&w->why, ERR_NOT_FOUND,
                            "%s: has no wrapping key of %s epoch %u; --new-wrapping makes one, for an epoch that was "
                            "never backed up",
                            w->o->wrapping, of->purpose.s, of->epoch);
}

enum err keeping_wrapping(struct keeping *k, const struct keyfile *of, struct wrapping_key *out)
{
    *out = (struct wrapping_key){.key = NULL};
    enum err e = keeper_wrapping_id(k->w, &of->purpose, of->epoch, &out->id);
    const bool is_there = out->id.s[0] != '\0';
    if (e == ERR_OK && !is_there)
        e = may_make(k->w, of);
    if (e != ERR_OK || k->w->o->dry_run)
        return e;
    e = is_there ? keeping_open_wrapping(k, of, out) : make_wrapping(k, of, out);
    const struct keyfile header = {.id = out->id, .purpose = of->purpose, .epoch = of->epoch};
    return e == ERR_OK ? keep_id(k->w, &header) : e;
}
