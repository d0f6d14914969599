/* What a party's folder says of its own keys: those with a certificate, those of epochs, and the others. */
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/epoch_book.h"
#include "pki/cli/pki/renewing.h"
#include "pki/cli/pki/roster_key.h"
#include "pki/cli/pki/status_table.h"
#include "pki/cli/pki/version.h"
#include "proto/base/when.h"

#include <stdio.h>
#include <string.h>

#define WARN_GRADE(is_wrong) ((is_wrong) ? 2 : 0)
#define STORAGE_KEY "storage"

/* Keys whose certificate is DIR/ID.pem. */
static const struct certified {
    const char *id;
    enum cert_use use;
    enum ending_kind kind;
} certified[] = {
    {"signing", CERT_SIGNING, ENDING_SIGNING},
    {"sealing", CERT_SEALING, ENDING_SEALING},
    {"transport", CERT_TRANSPORT, ENDING_TRANSPORT},
    {"officer", CERT_OFFICER, ENDING_OFFICER},
};

struct folder {
    struct status_table *t;
    struct trust *roster; /* of --roster; NULL: none */
};

/* ---- keys with a certificate ---- */

static const char *enrol_again(struct work *w)
{
    return renewing_is_broker(w) ? "ask the registrar for a token, then sluis-pki broker-init into a new folder"
                                 : "ask the registrar for a token, then sluis-pki enrol into a new folder";
}

static const char *renew_command(struct work *w, const struct ending *e)
{
    const bool is_broker = renewing_is_broker(w);
    if (w->now_s >= e->end_s)
        return enrol_again(w);
    if (e->kind == ENDING_OFFICER)
        return status_text(w, "sluis-pki renew --dir %s --request renew.req", w->o->dir);
    if (is_broker && e->kind == ENDING_TRANSPORT)
        return status_text(w, "sluis-pki rotate --dir %s --key transport --endpoint URL --roster roster.signed --request "
                              "transport.req", w->o->dir);
    if (is_broker)
        return status_text(w, "sluis-pki rotate --dir %s --key signing --request signing.req", w->o->dir);
    return status_text(w, "sluis-pki renew --dir %s --key %s --request renew.req", w->o->dir,
                       ending_kind_id(e->kind));
}

/* Whether the roster lists it as what is in use. */
static bool is_listed(const struct folder *f, const struct ending *e)
{
    const struct roster *r = f->roster == NULL ? NULL : trust_roster(f->roster);
    const struct roster_former *former = NULL;
    return r == NULL || (roster_member_with(r, &e->id, &former) != NULL && former == NULL) ||
           (roster_officer_with(r, &e->id, &former) != NULL && former == NULL);
}

static enum err add_certified(struct folder *f, const struct certified *k)
{
    struct work *w = f->t->w;
    char path[WORK_PATH_MAX];
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    enum err e = work_path(w, path, k->id, ".pem");
    if (e != ERR_OK || !file_exists(path))
        return e;
    e = work_load_cert(w, k->id, k->use, &c);
    if (e != ERR_OK)
        return e;
    struct ending ends = ending_of_cert(k->kind, c);
    if (k->kind == ENDING_OFFICER && name_parse(bytes_str(cert_name(c)), &ends.staff) != ERR_OK)
        return errmsg_set(&w->why, ERR_CERT, "%s: no staff id", path);
    struct status_row row = status_of_ending(w, &ends, renew_command(w, &ends));
    if (f->roster != NULL && roster_is_revoked(trust_roster(f->roster), &ends.id)) {
        row.state = "revoked";
        row.grade = 2;
        row.next = enrol_again(w);
    } else if (!is_listed(f, &ends)) {
        row.state = "not listed";
        row.grade = 2;
        row.next = "compare with the registrar: the roster lists another certificate, or none";
    }
    return status_add(f->t, &row);
}

/* Pinned by this party: who signs rosters, and what certificates chain to. */
static enum err add_pin(struct folder *f, const char *id, enum cert_use use, enum ending_kind kind)
{
    char path[WORK_PATH_MAX];
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    enum err e = work_path(f->t->w, path, id, ".pem");
    if (e != ERR_OK || !file_exists(path))
        return e;
    e = work_load_cert(f->t->w, id, use, &c);
    if (e != ERR_OK)
        return e;
    const struct ending ends = ending_of_cert(kind, c);
    const struct status_row row =
        status_of_ending(f->t->w, &ends, "the registrar brings a new one; pin it beside this one");
    return status_add(f->t, &row);
}

/* One, or two while the roster key changes hands. */
static enum err add_roster_pins(struct folder *f)
{
    enum err e = ERR_OK;
    for (unsigned n = 1; e == ERR_OK && n <= VERSION_MAX; n++)
        e = add_pin(f, version_id_of(ROSTER_CERT, n).s, CERT_PINNED, ENDING_ROSTER_KEY);
    return e;
}

/* Of who signs the policy. Its key counts for as long as parties pin it, whatever its certificate says. */
static enum err add_signer(struct folder *f)
{
    struct work *w = f->t->w;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    char path[WORK_PATH_MAX];
    enum err e = work_path(w, path, "keys/signer", ".key");
    if (e != ERR_OK || !file_exists(path))
        return e;
    e = work_load_cert(w, "signer", CERT_PINNED, &c);
    if (e != ERR_OK)
        return e;
    const struct ending ends = ending_of_cert(ENDING_ROSTER_KEY, c);
    struct status_row row = status_of_ending(w, &ends, "sluis-pki signer into a new folder; each party pins it beside this one");
    row.kind = "signer";
    return status_add(f->t, &row);
}

/* ---- other key files ---- */

static bool has_certificate(const char *id)
{
    for (size_t i = 0; i < ARRAY_LEN(certified); i++)
        if (strcmp(certified[i].id, id) == 0)
            return true;
    return false;
}

static enum epoch_state state_of(const struct epoch_book *b, const struct keyfile *k)
{
    const struct epoch_entry *said = epoch_states_of(&b->last, k->epoch);
    if (said != NULL)
        return said->state;
    const bool is_first = b->last.serial == 0 && b->deal_count > 0 && b->deals[0].epoch == k->epoch;
    return is_first ? EPOCH_ACTIVE : EPOCH_DEALT;
}

static const char *epoch_command(struct work *w, const struct keyfile *k, enum epoch_state s)
{
    const char *dir = w->o->dir;
    switch (s) {
    case EPOCH_DESTROYED:
        return status_text(w, "sluis-pki epoch destroy --dir %s --purpose %s --epoch %u --roster roster.signed "
                              "--statement WORD",
                           dir, k->purpose.s, (unsigned)k->epoch);
    case EPOCH_COMPROMISED:
        return status_text(w, "its custodian: sluis-pki epoch new --purpose %s --epoch %u, activate it, destroy this one",
                           k->purpose.s, (unsigned)k->epoch + 1);
    case EPOCH_NONE:
    case EPOCH_DEALT:
    case EPOCH_ACTIVE:
    case EPOCH_RETIRED:
    case EPOCH_STATE_COUNT:
        break;
    }
    return "";
}

static enum err add_epoch(struct folder *f, const struct keyfile *k)
{
    struct work *w = f->t->w;
    struct epoch_book b;
    const bool is_known = epoch_book_read(w, &k->purpose, &b) == ERR_OK;
    const enum epoch_state s = is_known ? state_of(&b, k) : EPOCH_NONE;
    const struct deal *dealt = is_known && k->kind == KEYFILE_PURPOSE ? epoch_book_deal(&b, k->epoch) : NULL;
    struct status_row row = {
        .kind = k->kind == KEYFILE_PURPOSE ? "purpose" : k->kind == KEYFILE_BROKER_HALF ? "half" : "wrapping",
        .who = k->purpose.s[0] != '\0' ? status_text(w, "%s", k->purpose.s) : "-",
        .version = status_text(w, "epoch %u", (unsigned)k->epoch),
        .state = s == EPOCH_NONE ? "unknown" : epoch_state_id(s),
        .grade = WARN_GRADE(s == EPOCH_DESTROYED || s == EPOCH_COMPROMISED),
        .next = epoch_command(w, k, s)};
    const enum err e = dealt == NULL ? ERR_OK : status_put_deal(w, &row, dealt);
    return e == ERR_OK ? status_add(f->t, &row) : e;
}

static bool holds(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* What puts a next key in use: a broker's rotate, those of all others are renewed. */
static const char *take_command(struct work *w, const char *id)
{
    const bool is_broker = renewing_is_broker(w);
    if (holds(id, "witness."))
        return status_text(w, "sluis-pki rotate --dir %s --key witness --status", w->o->dir);
    if (holds(id, "log.") && !is_broker)
        return status_text(w, "sluis-pki rotate --dir %s --key own-log --status", w->o->dir);
    const char *key = holds(id, "log.") ? "log" : holds(id, "transport.") ? "transport" : "signing";
    return is_broker ? status_text(w, "sluis-pki rotate --dir %s --key %s --status --roster roster.signed", w->o->dir, key)
                   : status_text(w, "when a roster lists it: sluis-pki renew --dir %s --take --roster roster.signed",
                                 w->o->dir);
}

static enum err add_plain(struct folder *f, const char *id, const struct keyfile *k)
{
    struct work *w = f->t->w;
    const bool is_next = holds(id, ".next");
    const bool is_former = holds(id, ".former-");
    char made[WHEN_TEXT_SIZE];
    when_text(k->created_s, made);
    const struct status_row row = {
        .kind = keyfile_kind_id(k->kind),
        .who = status_text(w, "%s", id),
        .version = status_text(w, "made %.10s", made),
        .state = is_next ? "next" : is_former ? "former" : "here",
        .next = is_next ? take_command(w, id) : ""};
    return status_add(f->t, &row);
}

/* Versions of the storage key: the highest seals, the others open what it has not sealed anew yet. */
static enum err add_storage(struct folder *f, const char *id, const struct keyfile *k)
{
    struct work *w = f->t->w;
    unsigned n = 0;
    char made[WHEN_TEXT_SIZE];
    if (!version_id_is(id, STORAGE_KEY, &n))
        return add_plain(f, id, k);
    const bool is_former = version_has_key(w, STORAGE_KEY, n + 1);
    when_text(k->created_s, made);
    const struct status_row row = {
        .kind = "storage",
        .who = status_text(w, "%s", id),
        .version = status_text(w, "%u, made %.10s", n, made),
        .state = is_former ? "former" : "in use",
        .next = is_former ? status_text(w, "sluis-pki rotate --dir %s --key storage --status, then --retire %u",
                                        w->o->dir, n)
                          : ""};
    return status_add(f->t, &row);
}

static enum err add_key(void *arg, const char *name)
{
    struct folder *f = arg;
    struct work *w = f->t->w;
    struct keyfile k;
    struct bytes file = {NULL, 0};
    char path[WORK_PATH_MAX];
    char id[128];
    const size_t n = strlen(name);
    if (!bytes_ends(bytes_str(name), ".key") || n - 4 >= sizeof id)
        return ERR_OK;
    memcpy(id, name, n - 4);
    id[n - 4] = '\0';
    snprintf(path, sizeof path, "keys/%s", name);
    enum err e = work_read_in(w, path, KEYFILE_MAX_BYTES, &file);
    if (e == ERR_OK)
        e = keyfile_peek(file, &k);
    if (e != ERR_OK)
        return errmsg_set(&w->why, e, "%s/%s: %s", w->o->dir, path, err_text(e));
    if (has_certificate(id))
        return ERR_OK;
    if (k.kind == KEYFILE_STORAGE)
        return add_storage(f, id, &k);
    return keyfile_has_purpose(k.kind) ? add_epoch(f, &k) : add_plain(f, id, &k);
}

enum err status_party(struct status_table *t)
{
    struct work *w = t->w;
    struct folder f = {.t = t};
    char keys[WORK_PATH_MAX];
    enum err e = w->o->roster != NULL ? draft_trust(w, w->o->roster, &f.roster) : ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(certified); i++)
        e = add_certified(&f, &certified[i]);
    if (e == ERR_OK)
        e = add_pin(&f, "root-ca", CERT_ROOT, ENDING_ROOT);
    if (e == ERR_OK)
        e = add_roster_pins(&f);
    if (e == ERR_OK)
        e = add_signer(&f);
    if (e == ERR_OK)
        e = work_path(w, keys, "keys", "");
    if (e == ERR_OK && file_exists(keys))
        e = file_list(keys, add_key, &f);
    trust_free(f.roster);
    return e;
}
