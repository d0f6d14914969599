/* ceremony: two officers open a register from one plan. Nothing is made before both have confirmed.
 */
#include "pki/cli/pki/ceremony.h"

#include "pki/cli/pki/module_key.h"
#include "pki/cli/pki/source.h"
#include "pki/cli/pki/verbs.h"
#include "pki/cms_detached.h"
#include "pki/digest.h"
#include "pki/unlock.h"
#include "proto/host/clock.h"

#include <stdio.h>
#include <stdlib.h>

#define TRANSCRIPT_MAX_BYTES ((size_t)16 << 10)
#define WHAT_MAX 160
#define KEYS 3 /* root, issuing, roster */

struct rite {
    struct work *w;
    struct ceremony *plan;
    struct digest plan_digest;
    char base[WORK_PATH_MAX]; /* folder of the plan, which its paths begin at; "" or with a slash */
    struct secret *officers[CEREMONY_OFFICERS];
    struct secret *both;
    struct authority authority;
    struct authority_spec spec;
    struct ceremony_record record;
    struct digest transcript_digest;
};

static void free_rite(struct rite *r)
{
    authority_free(&r->authority);
    for (size_t i = 0; i < CEREMONY_OFFICERS; i++)
        secret_free(r->officers[i]);
    secret_free(r->both);
    ceremony_free(r->plan);
}

static enum err resolve_all(struct rite *r)
{
    struct ceremony *p = r->plan;
    enum err e = ceremony_put_under(r->base, &p->folder, &r->w->why);
    if (e == ERR_OK)
        e = ceremony_put_under(r->base, &p->registrar.unlock.file, &r->w->why);
    if (e == ERR_OK)
        e = ceremony_put_under(r->base, &p->officers[0].unlock.file, &r->w->why);
    if (e == ERR_OK)
        e = ceremony_put_under(r->base, &p->officers[1].unlock.file, &r->w->why);
    if (e == ERR_OK)
        e = ceremony_put_under(r->base, &p->root.key.file, &r->w->why);
    if (e == ERR_OK)
        e = ceremony_put_under(r->base, &p->root.key.pin.file, &r->w->why);
    if (e == ERR_OK)
        e = ceremony_put_under(r->base, &p->issuing.key.pin.file, &r->w->why);
    if (e == ERR_OK)
        e = ceremony_put_under(r->base, &p->roster_key.key.pin.file, &r->w->why);
    return e;
}

static enum err read_plan(struct rite *r, const char *path)
{
    struct bytes text = {NULL, 0};
    const char *slash = strrchr(path, '/');
    enum err e = work_read(r->w, path, CEREMONY_MAX_BYTES, &text);
    if (e == ERR_OK && slash != NULL && (size_t)(slash - path) + 2 > sizeof r->base)
        e = errmsg_set(&r->w->why, ERR_TOO_LARGE, "path too long");
    if (e == ERR_OK && slash != NULL)
        memcpy(r->base, path, (size_t)(slash - path) + 1);
    if (e == ERR_OK)
        e = digest_sha256(&text, 1, &r->plan_digest);
    if (e == ERR_OK)
        e = ceremony_load(text, path, &r->plan, &r->w->why);
    return e != ERR_OK ? e : resolve_all(r);
}

static struct source source_of(const struct ceremony_unlock *u, const char *what)
{
    return (struct source){u->file, u->descriptor != 0 ? (int)u->descriptor : -1, what};
}

/* Each officer confirms the plan by its digest, with a passphrase that the other does not know. */
static enum err confirm(struct rite *r, size_t i)
{
    char what[WHAT_MAX];
    const struct ceremony_officer *o = &r->plan->officers[i];
    snprintf(what, sizeof what, "%s confirms this plan; passphrase", o->name);
    struct source s = source_of(&o->unlock, what);
    enum err e = source_read(&s, &r->officers[i], &r->w->why);
    r->record.confirmed_s[i] = clock_now_s(clock_system());
    return e;
}

static enum err confirm_both(struct rite *r)
{
    enum err e = confirm(r, 0);
    if (e == ERR_OK)
        e = confirm(r, 1);
    if (e != ERR_OK)
        return e;
    if (secret_equal(r->officers[0], r->officers[1]))
        return errmsg_set(&r->w->why, ERR_PERMISSION,
                          "both officers gave the same passphrase: nothing was made");
    return unlock_both(r->officers[0], r->officers[1], &r->both);
}

/* The root key opens only with both passphrases, and lies where the plan says: on a medium to be
 * taken away. */
static enum err make_root_key(struct rite *r)
{
    const struct ceremony_place *p = &r->plan->root.key;
    struct keyfile header = {
        .cost = keyfile_cost_default(), .created_s = r->w->now_s, .id = {"root"}};
    struct buf file CLEANUP(buf_free) = buf_new(KEYFILE_MAX_BYTES);
    enum err e = key_generate(KEY_TYPE_P256, &r->authority.root_key);
    if (e == ERR_OK)
        e = keyfile_seal_key(&header, r->both, r->authority.root_key, &file);
    return e != ERR_OK ? e : file_create(p->file, buf_bytes(&file), 0600, &r->w->why);
}

/* One of the three keys of a plan. */
struct planned {
    const char *id;
    const struct ceremony_key *as;
    struct key **key;
};

static void list_keys(struct rite *r, struct planned out[static KEYS])
{
    out[0] = (struct planned){"root", &r->plan->root, &r->authority.root_key};
    out[1] = (struct planned){"issuing", &r->plan->issuing, &r->authority.issuing_key};
    out[2] = (struct planned){"roster", &r->plan->roster_key, &r->authority.roster_key};
}

static struct module_place place_of(const struct planned *k)
{
    return (struct module_place){k->as->key.module, k->as->key.pkcs11};
}

/* Keys in a module were made there by the module's own tool. They are opened first, so that a wrong
 * PIN leaves nothing behind. */
static enum err open_modules(struct rite *r)
{
    struct planned keys[KEYS];
    char what[WHAT_MAX];
    enum err e = ERR_OK;
    list_keys(r, keys);
    for (size_t i = 0; e == ERR_OK && i < KEYS; i++) {
        struct module_place place = place_of(&keys[i]);
        if (place.uri == NULL)
            continue;
        snprintf(what, sizeof what, "PIN of the %s key", keys[i].id);
        struct source pin = source_of(&keys[i].as->key.pin, what);
        e = module_key_open(r->w, &place, &pin, keys[i].key);
        if (e != ERR_OK)
            errmsg_wrap(&r->w->why, e, "%s key", keys[i].id);
    }
    return e;
}

static enum err make_key(struct rite *r, const struct planned *k)
{
    struct module_place place = place_of(k);
    if (place.uri != NULL)
        return module_key_save(r->w, k->id, &place);
    return k->as == &r->plan->root ? make_root_key(r)
                                   : work_new_key(r->w, k->id, KEY_TYPE_P256, k->key);
}

static enum err make_keys(struct rite *r)
{
    struct planned keys[KEYS];
    struct authority *a = &r->authority;
    enum err e = ERR_OK;
    list_keys(r, keys);
    for (size_t i = 0; e == ERR_OK && i < KEYS; i++)
        e = make_key(r, &keys[i]);
    if (e == ERR_OK && (key_same_public(a->root_key, a->issuing_key) ||
                        key_same_public(a->root_key, a->roster_key) ||
                        key_same_public(a->issuing_key, a->roster_key)))
        e = errmsg_set(&r->w->why, ERR_DUPLICATE, "two of the three keys are one and the same");
    return e;
}

static enum err read_spec(struct rite *r)
{
    const struct ceremony *c = r->plan;
    const char *host = c->registrar.host != NULL ? c->registrar.host : c->registrar.oin;
    r->spec = (struct authority_spec){.name = c->registrar.name,
                                      .root = {c->root.name, c->root.days},
                                      .issuing = {c->issuing.name, c->issuing.days},
                                      .roster = {c->roster_key.name, c->roster_key.days},
                                      .ceremony = &r->transcript_digest};
    enum err e = name_parse(bytes_str(c->deployment), &r->spec.deployment);
    if (e == ERR_OK)
        e = agency_id_parse(bytes_str(c->registrar.oin), &r->spec.oin);
    return e != ERR_OK ? e : agency_id_parse(bytes_str(host), &r->spec.host);
}

/* Transcript and its signature, by the key that signs rosters. */
static enum err write_transcript(struct rite *r)
{
    struct buf text CLEANUP(buf_free) = buf_new(TRANSCRIPT_MAX_BYTES);
    struct buf sig CLEANUP(buf_free) = buf_new(CMS_DETACHED_MAX_BYTES);
    enum err e = ceremony_put_transcript(&r->record, &text);
    struct bytes view = buf_bytes(&text);
    if (e == ERR_OK)
        e = digest_sha256(&view, 1, &r->transcript_digest);
    if (e == ERR_OK)
        e = cms_detached_sign(view, r->authority.roster_key, r->authority.roster, &sig);
    if (e == ERR_OK)
        e = work_write_in(r->w, "ceremony.transcript", view, 0644);
    return e != ERR_OK ? e : work_write_in(r->w, "ceremony.p7s", buf_bytes(&sig), 0644);
}

static enum err perform(struct rite *r)
{
    struct work *w = r->w;
    struct source s = source_of(&r->plan->registrar.unlock, "passphrase of the working keys");
    enum err e = confirm_both(r);
    if (e == ERR_OK)
        e = source_read(&s, &w->passphrase, &w->why);
    if (e == ERR_OK && file_exists(r->plan->folder))
        e = errmsg_set(&w->why, ERR_EXISTS, "%s: is there already; a register is opened once",
                       r->plan->folder);
    if (e == ERR_OK)
        e = open_modules(r);
    if (e == ERR_OK)
        e = authority_make_folders(w);
    if (e == ERR_OK)
        e = make_keys(r);
    if (e == ERR_OK)
        e = authority_certify(w, &r->spec, &r->authority);
    if (e == ERR_OK)
        e = write_transcript(r);
    if (e == ERR_OK)
        e = authority_save(w, &r->spec, &r->authority);
    return e;
}

static enum err report(struct rite *r)
{
    struct work *w = r->w;
    if (w->o->json) {
        buf_put_str(&w->out, "{\"transcript\":\"");
        work_put_fingerprint(&w->out, &r->transcript_digest);
        buf_put_str(&w->out, "\",\"pins\":");
    }
    enum err e = authority_report(w, &r->authority);
    if (e == ERR_OK && w->o->json) {
        w->out.len--; /* the newline of the inner object */
        buf_put_str(&w->out, "}\n");
    } else if (e == ERR_OK) {
        buf_put_str(&w->out, "transcript        ");
        work_put_fingerprint(&w->out, &r->transcript_digest);
        buf_printf(
            &w->out,
            "\nprint %s/ceremony.transcript; both officers sign the paper. Take the root key "
            "away.\n",
            r->plan->folder);
    }
    return e != ERR_OK ? e : buf_err(&w->out);
}

enum err verb_ceremony(struct work *w)
{
    struct rite r CLEANUP(free_rite) = {.w = w};
    if (w->o->sub == NULL)
        return errmsg_set(&w->why, ERR_CONFIG,
                          "ceremony needs the plan: sluis-pki ceremony PLAN.yaml");
    enum err e = read_plan(&r, w->o->sub);
    if (e == ERR_OK)
        e = read_spec(&r);
    if (e != ERR_OK)
        return e;
    if (w->o->dry_run)
        return ceremony_show_plan(r.plan, &r.plan_digest, &w->out);
    struct buf plan CLEANUP(buf_free) = buf_new(TRANSCRIPT_MAX_BYTES);
    e = ceremony_show_plan(r.plan, &r.plan_digest, &plan);
    if (e != ERR_OK)
        return e;
    fputs(buf_text(&plan), stderr); /* the officers read it before they confirm */
    struct opts o = *w->o;
    o.dir = r.plan->folder;
    const struct opts *before = w->o;
    w->o = &o;
    r.record = (struct ceremony_record){.plan = r.plan,
                                        .plan_digest = &r.plan_digest,
                                        .authority = &r.authority,
                                        .begun_s = w->now_s};
    e = perform(&r);
    if (e == ERR_OK)
        e = report(&r);
    w->o = before;
    return e;
}
