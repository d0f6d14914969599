/* rotate --key storage: a new version of the key under which a daemon's store lies. The daemon takes it at the next
 * reload and seals its store anew under it; what is left of that stands in one row of the store, which is read
 * here beside the running daemon. A version is destroyed once no value lies under it. */
#include <stdio.h>
#include <stdlib.h>

#include "pki/cli/pki/rotate.h"
#include "pki/cli/pki/store_row.h"
#include "pki/cli/pki/version.h"
#include "pki/rewrap.h"
#include "proto/json/json_writer.h"

#define BASE "storage"

struct rotation {
    struct work *w;
    uint32_t versions[STORAGE_VERSIONS_MAX]; /* whose key files are there, ascending */
    size_t count;
    char store[WORK_PATH_MAX];
    struct rewrap state; /* REWRAP_NONE: the store says nothing yet */
};

/* ---- what is there ---- */

static enum err found_key(void *arg, const char *name)
{
    struct rotation *r = arg;
    char id[VERSION_ID_MAX];
    unsigned n = 0;
    const int len = (int)strlen(name) - 4;
    if (!bytes_ends(bytes_str(name), ".key") || len >= (int)sizeof id)
        return ERR_OK;
    snprintf(id, sizeof id, "%.*s", len, name);
    if (!version_id_is(id, BASE, &n))
        return ERR_OK;
    if (r->count == STORAGE_VERSIONS_MAX)
        return ERR_LIMIT;
    size_t at = r->count++;
    for (; at > 0 && r->versions[at - 1] > n; at--)
        r->versions[at] = r->versions[at - 1];
    r->versions[at] = n;
    return ERR_OK;
}

static enum err find_keys(struct rotation *r)
{
    char path[WORK_PATH_MAX];
    enum err e = work_path(r->w, path, "keys", "");
    if (e == ERR_OK)
        e = file_list(path, found_key, r);
    if (e == ERR_OK && r->count == 0)
        return errmsg_set(&r->w->why, ERR_NOT_FOUND, "%s: no storage key lies there", path);
    return e != ERR_LIMIT ? e
                          : errmsg_set(&r->w->why, e, "%s: more than %u versions of the storage key", path,
                                       STORAGE_VERSIONS_MAX);
}

static enum err read_store(struct rotation *r)
{
    struct work *w = r->w;
    CLEANUP(buf_free) struct buf row = buf_new(REWRAP_ROW_MAX);
    enum err e = store_row_place(w, r->store);
    if (e == ERR_OK)
        e = store_row_read(w, &(struct store_row){r->store, REWRAP_ROW}, &row);
    if (e == ERR_OK)
        e = rewrap_decode(buf_bytes(&row), &r->state);
    else if (e == ERR_NOT_FOUND && w->why.text[0] == '\0')
        e = ERR_OK;
    return e == ERR_OK || w->why.text[0] != '\0'
               ? e
               : errmsg_set(&w->why, e, "%s: the row of its storage keys: %s", r->store, err_text(e));
}

static unsigned newest(const struct rotation *r)
{
    return r->versions[r->count - 1];
}

static bool has_version(const struct rotation *r, unsigned n)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->versions[i] == n)
            return true;
    return false;
}

/* ---- status ---- */

/* The lowest version that is there and that nothing lies under; 0: none. */
static unsigned idle(const struct rotation *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->versions[i] < r->state.target && !rewrap_uses(&r->state, r->versions[i]))
            return r->versions[i];
    return 0;
}

static void put_next(const struct rotation *r, struct buf *out)
{
    if (r->state.state == REWRAP_NONE)
        buf_put_str(out, "start the daemon once: its store says nothing of versions yet");
    else if (newest(r) > r->state.target)
        buf_printf(out, "reload the daemon (SIGHUP): it has not taken version %u", newest(r));
    else if (r->state.state == REWRAP_UNDER_WAY)
        buf_put_str(out, "wait: the daemon seals its store anew in the background");
    else if (idle(r) != 0)
        buf_printf(out, "sluis-pki rotate --dir %s --key storage --retire %u", r->w->o->dir, idle(r));
    else
        buf_put_str(out, "nothing");
}

static void put_versions(struct json_writer *j, const char *key, const uint32_t *v, size_t count)
{
    json_put_array(j, key);
    for (size_t i = 0; i < count; i++)
        json_put_uint(j, NULL, v[i]);
    json_put_end(j);
}

static enum err show_json(struct rotation *r, const char *next)
{
    struct json_writer j = json_writer_of(&r->w->out);
    json_put_object(&j, NULL);
    json_put_str(&j, "key", BASE);
    json_put_uint(&j, "version", r->state.target);
    put_versions(&j, "versions", r->versions, r->count);
    put_versions(&j, "in_use", r->state.versions, r->state.version_count);
    json_put_str(&j, "state", rewrap_state_id(r->state.state));
    json_put_uint(&j, "values", r->state.total);
    json_put_uint(&j, "renewed", r->state.renewed);
    json_put_uint(&j, "percent", rewrap_percent(&r->state));
    json_put_str(&j, "next", next);
    json_put_end(&j);
    enum err e = json_writer_done(&j);
    buf_put_str(&r->w->out, "\n");
    return e == ERR_OK ? buf_err(&r->w->out) : e;
}

static enum err show(struct rotation *r)
{
    struct work *w = r->w;
    CLEANUP(buf_free) struct buf next = buf_new(2 * WORK_PATH_MAX);
    put_next(r, &next);
    if (w->o->json)
        return show_json(r, buf_text(&next));
    buf_put_str(&w->out, "version  key file  values lie under it\n");
    for (size_t i = 0; i < r->count; i++) {
        const unsigned n = r->versions[i];
        buf_printf(&w->out, "%7u  here      %s\n", n,
                   r->state.state == REWRAP_NONE   ? "not known"
                   : n == r->state.target          ? "yes, all new ones"
                   : rewrap_uses(&r->state, n)     ? "yes, some"
                                                   : "no");
    }
    if (r->state.state == REWRAP_UNDER_WAY)
        buf_printf(&w->out, "sealed anew: %llu of %llu values, %u%%\n", (unsigned long long)r->state.renewed,
                   (unsigned long long)r->state.total, rewrap_percent(&r->state));
    buf_printf(&w->out, "next: %s\n", buf_text(&next));
    return buf_err(&w->out);
}

/* ---- a new version ---- */

static enum err check_begin(struct rotation *r)
{
    struct work *w = r->w;
    if (r->state.state == REWRAP_NONE)
        return errmsg_set(&w->why, ERR_STATE,
                          "%s: the daemon has to run once with this program before its storage key gets a "
                          "second version",
                          r->store);
    if (newest(r) > r->state.target)
        return errmsg_set(&w->why, ERR_STATE,
                          "version %u is made and the daemon has not taken it: reload the daemon (SIGHUP)",
                          newest(r));
    if (r->count == STORAGE_VERSIONS_MAX || newest(r) == VERSION_MAX)
        return errmsg_set(&w->why, ERR_LIMIT, "%zu versions are there; retire old ones first", r->count);
    return ERR_OK;
}

static enum err begin(struct rotation *r)
{
    struct work *w = r->w;
    const unsigned n = newest(r) + 1;
    const struct version_id id = version_id_of(BASE, n);
    const struct work_key k = {id.s, KEYFILE_STORAGE, NULL, 0};
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    enum err e = check_begin(r);
    if (e == ERR_OK && !w->o->dry_run) {
        key = secret_random(STORAGE_KEY_BYTES);
        e = key != NULL ? work_save_secret(w, &k, key) : ERR_NOMEM;
    }
    if (e != ERR_OK)
        return e;
    if (w->o->json)
        buf_printf(&w->out, "{\"version\":%u,\"dry_run\":%s}\n", n, w->o->dry_run ? "true" : "false");
    else
        buf_printf(&w->out,
                   "%s version %u of the storage key: %s/keys/%s.key\n"
                   "next: keep a backup of the keys (sluis-pki backup); reload the daemon (SIGHUP), which seals "
                   "its store anew in the background;\n"
                   "      sluis-pki rotate --key storage --status says when an older version may go\n",
                   w->o->dry_run ? "would make" : "made", n, w->o->dir, id.s);
    return buf_err(&w->out);
}

/* ---- an old one goes ---- */

static enum err check_retire(struct rotation *r, unsigned n)
{
    struct work *w = r->w;
    if (!has_version(r, n))
        return errmsg_set(&w->why, ERR_NOT_FOUND, "version %u of the storage key is not in %s/keys", n,
                          w->o->dir);
    if (r->state.state == REWRAP_NONE || n >= r->state.target)
        return errmsg_set(&w->why, ERR_STATE,
                          "version %u is in use: the store has no newer one; see rotate --key storage --status",
                          n);
    if (rewrap_uses(&r->state, n))
        return errmsg_set(&w->why, ERR_STATE,
                          "version %u stays: values lie under it (%u%% are sealed anew); see rotate --key "
                          "storage --status",
                          n, rewrap_percent(&r->state));
    return ERR_OK;
}

static enum err retire(struct rotation *r)
{
    struct work *w = r->w;
    const unsigned n = (unsigned)w->o->retire;
    enum err e = check_retire(r, n);
    if (e == ERR_OK && !w->o->dry_run)
        e = version_remove_key(w, BASE, n);
    if (e != ERR_OK)
        return e;
    if (w->o->json)
        buf_printf(&w->out, "{\"retired\":%u,\"dry_run\":%s}\n", n, w->o->dry_run ? "true" : "false");
    else
        buf_printf(&w->out,
                   "version %u of the storage key: %s. Copies of the store from before it need it: destroy them, "
                   "and its copies in backups, too.\nnext: reload the daemon (SIGHUP), which forgets it\n",
                   n, w->o->dry_run ? "would be overwritten and removed" : "overwritten and removed");
    return buf_err(&w->out);
}

enum err rotate_storage(struct work *w)
{
    struct rotation r = {.w = w};
    enum err e = find_keys(&r);
    if (e == ERR_OK)
        e = read_store(&r);
    if (e != ERR_OK)
        return e;
    if (w->o->remains)
        return show(&r);
    return w->o->retire > 0 ? retire(&r) : begin(&r);
}
