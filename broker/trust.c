#include "broker/trust.h"

#include <stdlib.h>

#include "broker/refused.h"
#include "pki/digest.h"
#include "proto/base/log.h"
#include "proto/host/file.h"

#define TRUST_ARENA_BYTES ((size_t)256 << 20)
#define FOLDER_FILES_MAX 1024u
#define TEXT_PATH_SIZE 4096
#define POLICY_FILE_MAX ((size_t)4 << 20)
#define SMALL_FILE_MAX ((size_t)256 << 10)
#define CLOCK_SLACK_S 300

static enum err read_file(struct arena *a, const char *path, size_t max, struct bytes *out,
                          struct errmsg *why)
{
    CLEANUP(buf_free) struct buf b = buf_new(max);
    enum err e = file_read(path, FILE_ANY, &b, why);
    if (e != ERR_OK)
        return e;
    *out = arena_copy(a, buf_bytes(&b));
    return out->ptr == NULL ? ERR_NOMEM : ERR_OK;
}

/* The files of one folder with one suffix. */
struct folder {
    struct arena *arena;
    const char *path;
    const char *suffix;
    struct bytes *files;
    size_t count;
    struct errmsg *why;
    bool is_lenient; /* what cannot be read is an empty document, which suspends and stops nothing else */
};

/* A file too many or one that cannot be read. */
static enum err give_up(struct folder *f, enum err e)
{
    if (!f->is_lenient || e == ERR_NOMEM)
        return e;
    log_err("trust.not_read reason=\"%s\"", f->why->text);
    if (f->count == FOLDER_FILES_MAX)
        f->count--;
    f->files[f->count++] = bytes_of(NULL, 0);
    return ERR_OK;
}

static enum err folder_add(void *arg, const char *name)
{
    struct folder *f = arg;
    const size_t n = strlen(name);
    const size_t m = strlen(f->suffix);
    if (n <= m || strcmp(name + n - m, f->suffix) != 0)
        return ERR_OK;
    if (f->count == FOLDER_FILES_MAX)
        return give_up(f, errmsg_set(f->why, ERR_LIMIT, "%s: more than %u files", f->path,
                                     FOLDER_FILES_MAX));
    char text[TEXT_PATH_SIZE];
    struct buf p = buf_fixed(text, sizeof text - 1);
    buf_printf(&p, "%s/%s", f->path, name);
    if (buf_err(&p) != ERR_OK)
        return ERR_TOO_LARGE;
    enum err e = read_file(f->arena, buf_text(&p), SMALL_FILE_MAX, &f->files[f->count], f->why);
    if (e == ERR_OK)
        f->count++;
    return e == ERR_OK ? e : give_up(f, e);
}

static enum err read_folder(struct folder *f)
{
    f->files = arena_array(f->arena, FOLDER_FILES_MAX, sizeof *f->files);
    if (f->files == NULL)
        return ERR_NOMEM;
    enum err e = file_list(f->path, folder_add, f);
    if (e == ERR_NOT_FOUND && f->count == 0)
        return ERR_OK; /* no folder: nothing was adopted or dealt yet */
    return e;
}

static enum err read_folders(struct arena *a, const struct config_broker *c,
                             struct view_files *files, struct errmsg *why)
{
    struct folder sigs = {.arena = a, .path = c->trust.policy_sigs, .suffix = ".p7s", .why = why};
    struct folder adoptions = {
        .arena = a, .path = c->trust.adoptions, .suffix = ".adoption", .why = why};
    struct folder deals = {.arena = a, .path = c->trust.deals, .suffix = ".deal", .why = why};
    enum err e = read_folder(&sigs);
    if (e == ERR_OK)
        e = read_folder(&adoptions);
    struct folder states = {.arena = a,
                            .path = c->trust.states,
                            .suffix = ".states",
                            .why = why,
                            .is_lenient = true};
    if (e == ERR_OK)
        e = read_folder(&deals);
    if (e == ERR_OK)
        e = read_folder(&states);
    files->policy_signatures = sigs.files;
    files->policy_signature_count = sigs.count;
    files->adoptions = adoptions.files;
    files->adoption_count = adoptions.count;
    files->deals = deals.files;
    files->deal_count = deals.count;
    files->states = states.files;
    files->state_count = states.count;
    return e;
}

static enum err read_signers(struct arena *a, const struct conf_pins *pins, struct view_pins *out,
                             struct errmsg *why)
{
    struct digest *digests = arena_array(a, pins->count, sizeof *digests);
    if (digests == NULL)
        return ERR_NOMEM;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < pins->count; i++) {
        const struct conf_pin *p = &pins->items[i];
        struct bytes pem;
        if (p->path == NULL) {
            memcpy(digests[i].b, p->digest, sizeof digests[i].b);
            continue;
        }
        e = read_file(a, p->path, SMALL_FILE_MAX, &pem, why);
        if (e == ERR_OK && (e = view_pin_of(pem, &digests[i], why)) != ERR_OK)
            return errmsg_wrap(why, e, "policy.signers: %s", p->path);
    }
    out->signers = digests;
    out->signer_count = pins->count;
    return e;
}

static enum err read_roster_pin(struct arena *a, const struct conf_pin *p, struct bytes *out,
                                struct errmsg *why)
{
    if (p->path == NULL)
        return errmsg_set(why, ERR_CONFIG, "roster_key: give the file of the certificate");
    return read_file(a, p->path, SMALL_FILE_MAX, out, why);
}

static enum err read_pins(struct arena *a, const struct config_broker *c, struct view_pins *out,
                          struct errmsg *why)
{
    out->deployment = c->deployment;
    out->demonstration = c->service.demonstration;
    const struct conf_pins *roster = &c->trust.roster_key;
    enum err e = read_file(a, c->trust.root_ca, SMALL_FILE_MAX, &out->root_ca, why);
    if (e == ERR_OK)
        e = read_roster_pin(a, &roster->items[0], &out->roster_key, why);
    if (e == ERR_OK && roster->count > 1)
        e = read_roster_pin(a, &roster->items[1], &out->next_roster_key, why);
    return e == ERR_OK ? read_signers(a, &c->trust.signers, out, why) : e;
}

/* Which of the files it was. A clock that stands too low is none of them. */
static void say_which(const struct view_pins *pins, const struct view_files *files,
                      const struct trust_before *before, int64_t now_s)
{
    struct refused_document *r = before->refused;
    const bool is_roster = view_check_roster(pins, files->roster, before->marks, now_s, NULL) != ERR_OK;
    const struct bytes *file = is_roster ? &files->roster : &files->policy;
    if (now_s >= before->marks->time_s - CLOCK_SLACK_S && digest_sha256(file, 1, &r->digest) == ERR_OK)
        r->document = is_roster ? "roster" : "policy";
}

enum err trust_load(const struct config_broker *c, const struct trust_before *before, int64_t now_s,
                    struct view **out, struct errmsg *why)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(TRUST_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    struct view_pins pins = {0};
    struct view_files files = {.versions = before->versions,
                               .version_count = before->version_count};
    enum err e = read_pins(a, c, &pins, why);
    if (e == ERR_OK)
        e = read_file(a, c->trust.roster, ROSTER_MAX_BYTES + SMALL_FILE_MAX, &files.roster, why);
    if (e == ERR_OK)
        e = read_file(a, c->trust.policy, POLICY_FILE_MAX, &files.policy, why);
    if (e == ERR_OK)
        e = read_folders(a, c, &files, why);
    if (e != ERR_OK)
        return e;
    e = view_new(&pins, &files, before->marks, now_s, out, why);
    if (e != ERR_OK)
        say_which(&pins, &files, before, now_s);
    return e;
}

enum err trust_again(const struct config_broker *c, const struct view_files *files,
                     const struct view_marks *marks, int64_t now_s, struct view **out,
                     struct errmsg *why)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(TRUST_ARENA_BYTES);
    struct view_pins pins = {0};
    enum err e = a == NULL ? ERR_NOMEM : read_pins(a, c, &pins, why);
    return e == ERR_OK ? view_new(&pins, files, marks, now_s, out, why) : e;
}
