#include "agent/trust_files.h"

#include <stdio.h>
#include <string.h>

#include "pki/digest.h"
#include "proto/base/text.h"
#include "proto/host/file.h"

#define DOCUMENT_MAX_BYTES ((size_t)4 << 20)
#define PATH_SIZE 4096
#define NAME_BYTES 8 /* of a digest, in the name of a file that came over the network */

enum err trust_file_read(const char *path, size_t max, struct arena *a, struct bytes *out,
                         struct errmsg *why)
{
    CLEANUP(buf_free) struct buf text = buf_new(max);
    enum err bad = file_read(path, FILE_OWN, &text, why);
    if (bad != ERR_OK)
        return bad;
    *out = arena_copy(a, buf_bytes(&text));
    return out->ptr != NULL ? ERR_OK : ERR_NOMEM;
}

enum err trust_list_add(struct trust_list *list, struct bytes item)
{
    if (list->count == TRUST_LIST_MAX)
        return ERR_LIMIT;
    list->v[list->count++] = item;
    return ERR_OK;
}

/* One folder, the names with one ending. */
struct folder {
    const char *dir;
    const char *suffix;
    struct arena *arena;
    struct trust_list *list;
    struct errmsg *why;
};

static bool ends_in(const char *name, const char *suffix)
{
    size_t n = strlen(name);
    size_t m = strlen(suffix);
    return n > m && name[0] != '.' && strcmp(name + n - m, suffix) == 0;
}

static enum err join_path(const char *dir, const char *name, char out[PATH_SIZE])
{
    int n = snprintf(out, PATH_SIZE, "%s/%s", dir, name);
    return n > 0 && n < PATH_SIZE ? ERR_OK : ERR_TOO_LARGE;
}

static enum err read_one(void *arg, const char *name)
{
    struct folder *f = arg;
    char path[PATH_SIZE];
    if (!ends_in(name, f->suffix))
        return ERR_OK;
    struct bytes content;
    enum err bad = join_path(f->dir, name, path);
    if (bad == ERR_OK)
        bad = trust_file_read(path, DOCUMENT_MAX_BYTES, f->arena, &content, f->why);
    if (bad == ERR_OK)
        bad = trust_list_add(f->list, content);
    return bad == ERR_LIMIT ? errmsg_set(f->why, bad, "%s: more than %d files *%s", f->dir,
                                         TRUST_LIST_MAX, f->suffix)
                            : bad;
}

static enum err read_folder(const char *dir, const char *suffix, struct arena *a,
                            struct trust_list *list, struct errmsg *why)
{
    struct folder f = {.dir = dir, .suffix = suffix, .arena = a, .list = list, .why = why};
    enum err bad = file_exists(dir) ? file_list(dir, read_one, &f) : ERR_OK;
    return bad;
}

enum err trust_set_read(const struct conf_trust *c, struct arena *a, struct trust_set *out,
                        struct errmsg *why)
{
    enum err bad = trust_file_read(c->roster, DOCUMENT_MAX_BYTES, a, &out->roster, why);
    if (bad == ERR_OK)
        bad = trust_file_read(c->policy, DOCUMENT_MAX_BYTES, a, &out->policy, why);
    if (bad == ERR_OK)
        bad = read_folder(c->policy_sigs, ".p7s", a, &out->signatures, why);
    if (bad == ERR_OK)
        bad = read_folder(c->adoptions, ".adoption", a, &out->adoptions, why);
    if (bad == ERR_OK)
        bad = read_folder(c->deals, ".deal", a, &out->deals, why);
    if (bad == ERR_OK)
        bad = read_folder(c->states, ".states", a, &out->states, why);
    return bad;
}

void trust_set_files(const struct trust_set *set, struct view_files *out)
{
    *out = (struct view_files){
        .roster = set->roster,
        .policy = set->policy,
        .policy_signatures = set->signatures.v,
        .policy_signature_count = set->signatures.count,
        .adoptions = set->adoptions.v,
        .adoption_count = set->adoptions.count,
        .deals = set->deals.v,
        .deal_count = set->deals.count,
        .states = set->states.v,
        .state_count = set->states.count,
        .versions = set->versions,
        .version_count = set->version_count,
    };
}

enum err trust_set_add_version(struct trust_set *set, const struct view_version *version)
{
    if (set->version_count == TRUST_VERSIONS_MAX)
        return ERR_LIMIT;
    set->versions[set->version_count++] = *version;
    return ERR_OK;
}

static enum err add_once(struct trust_list *list, struct bytes item)
{
    for (size_t i = 0; i < list->count; i++)
        if (bytes_equal(list->v[i], item))
            return ERR_OK;
    return trust_list_add(list, item);
}

enum err trust_set_add_known(struct trust_set *set, const struct view_files *known)
{
    const struct view_version now = {.policy = known->policy,
                                     .signatures = known->policy_signatures,
                                     .signature_count = known->policy_signature_count};
    enum err bad = trust_set_add_version(set, &now);
    for (size_t i = 0; i < known->version_count && bad == ERR_OK; i++)
        bad = trust_set_add_version(set, &known->versions[i]);
    for (size_t i = 0; i < known->state_count && bad == ERR_OK; i++)
        bad = add_once(&set->states, known->states[i]);
    return bad;
}

/* True where the file has exactly this content. */
static bool has_content(const char *path, struct bytes content)
{
    CLEANUP(buf_free) struct buf text = buf_new(DOCUMENT_MAX_BYTES);
    return file_exists(path) && file_read(path, FILE_ANY, &text, NULL) == ERR_OK &&
           bytes_equal(buf_bytes(&text), content);
}

static enum err write_changed(const char *path, struct bytes content, struct errmsg *why)
{
    return has_content(path, content) ? ERR_OK : file_write(path, content, 0644, why);
}

/* A folder being brought to a set: which items stand there already. */
struct target {
    const char *dir;
    const char *suffix;
    const struct bytes *v;
    size_t count;
    bool *found;
    struct errmsg *why;
    bool is_kept; /* nothing is removed */
};

static enum err keep_or_remove(void *arg, const char *name)
{
    struct target *t = arg;
    char path[PATH_SIZE];
    if (!ends_in(name, t->suffix) || join_path(t->dir, name, path) != ERR_OK)
        return ERR_OK;
    CLEANUP(buf_free) struct buf text = buf_new(DOCUMENT_MAX_BYTES);
    const enum err bad = file_read(path, FILE_ANY, &text, NULL);
    for (size_t i = 0; i < t->count && bad == ERR_OK; i++)
        if (bytes_equal(buf_bytes(&text), t->v[i])) {
            t->found[i] = true;
            return ERR_OK;
        }
    return t->is_kept ? ERR_OK : file_remove(path, t->why);
}

static enum err write_new(const struct target *t, struct bytes item)
{
    struct digest d;
    enum err bad = digest_sha256(&item, 1, &d);
    if (bad != ERR_OK)
        return bad;
    uint8_t room[2 * NAME_BYTES + 32];
    struct buf name = buf_fixed(room, sizeof room);
    text_put_hex(&name, bytes_of(d.b, NAME_BYTES));
    buf_put_str(&name, t->suffix);
    buf_put_u8(&name, 0);
    char path[PATH_SIZE];
    bad = join_path(t->dir, (const char *)room, path);
    return bad == ERR_OK ? file_write(path, item, 0644, t->why) : bad;
}

/* A folder that nobody made yet is made for the first file that goes into it. */
static enum err write_folder(struct target *t)
{
    bool found[TRUST_LIST_MAX] = {false};
    t->found = found;
    if (!file_exists(t->dir) && t->count == 0)
        return ERR_OK;
    enum err bad = file_exists(t->dir) ? ERR_OK : file_make_dir(t->dir, t->why);
    if (bad == ERR_OK)
        bad = file_list(t->dir, keep_or_remove, t);
    for (size_t i = 0; i < t->count && bad == ERR_OK; i++)
        if (!found[i])
            bad = write_new(t, t->v[i]);
    return bad;
}

enum err trust_set_write(const struct conf_trust *c, const struct view_files *files,
                         struct errmsg *why)
{
    struct target targets[] = {
        {c->policy_sigs, ".p7s", files->policy_signatures, files->policy_signature_count, NULL, why, false},
        {c->adoptions, ".adoption", files->adoptions, files->adoption_count, NULL, why, false},
        {c->deals, ".deal", files->deals, files->deal_count, NULL, why, false},
        {c->states, ".states", files->states, files->state_count, NULL, why, true},
    };
    enum err first = write_changed(c->roster, files->roster, why);
    enum err bad = write_changed(c->policy, files->policy, why);
    first = first != ERR_OK ? first : bad;
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        bad = write_folder(&targets[i]);
        first = first != ERR_OK ? first : bad;
    }
    return first;
}
