/* rotate --key roster at the registrar: a new key is made and announced, each party pins it by hand and says so, and
 * only then the key that signs hands over to it. A lost one is replaced without that, and every party by hand. */
#include "pki/ca.h"
#include "pki/cli/pki/authority.h"
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/journal.h"
#include "pki/cli/pki/roster_key.h"
#include "pki/cli/pki/rotate.h"
#include "pki/cli/pki/serial.h"
#include "pki/cli/pki/version.h"
#include "proto/base/text.h"
#include "proto/base/when.h"
#include "proto/json/json_writer.h"

#include <stdio.h>
#include <stdlib.h>

#define DAY_S INT64_C(86400)
#define DAYS_DEFAULT 1825

struct rotation {
    struct work *w;
    struct roster draft;
    struct roster_pins keys;
    unsigned current;     /* version that signs */
    unsigned next;        /* version that is announced; 0: none */
    struct digest pin;    /* of the announced one */
    bool *has_pinned;     /* for each member of the draft */
};

static void free_rotation(struct rotation *r)
{
    roster_pins_free(&r->keys);
    free(r->has_pinned);
}

/* A party that read out this pin after it enrolled. */
static enum err note_pinned(void *arg, const struct journal_line *l)
{
    struct rotation *r = arg;
    if (l->act != JOURNAL_PINNED || l->fingerprint == NULL || !digest_equal(l->fingerprint, &r->pin))
        return ERR_OK;
    const struct roster_member *m = roster_member_of(&r->draft, &l->oin);
    if (m != NULL)
        r->has_pinned[m - r->draft.members] = true;
    return ERR_OK;
}

static enum err load(struct rotation *r)
{
    struct work *w = r->w;
    enum err e = draft_load(w, &r->draft);
    if (e == ERR_OK)
        e = roster_pins_load(w, &r->keys);
    if (e != ERR_OK)
        return e;
    r->current = roster_pins_version(&r->keys, r->draft.key);
    r->next = r->draft.next_key.len > 0 ? roster_pins_version(&r->keys, r->draft.next_key) : 0;
    r->has_pinned = calloc(r->draft.member_count + 1, sizeof *r->has_pinned);
    if (r->has_pinned == NULL)
        return ERR_NOMEM;
    if (r->current == 0 || (r->draft.next_key.len > 0 && r->next == 0))
        return errmsg_set(&w->why, ERR_NOT_FOUND, "%s: the certificate of a roster key of the draft is not here",
                          w->o->dir);
    if (r->next == 0)
        return ERR_OK;
    e = key_fingerprint(cert_key(roster_pins_cert(&r->keys, r->next)), &r->pin);
    return e != ERR_OK ? e : journal_each(w, note_pinned, r);
}

/* Whoever believes rosters by a configuration of its own. */
static bool pins_keys(const struct roster_member *m)
{
    return m->kind != MEMBER_REGISTRAR;
}

static size_t remaining(const struct rotation *r, const struct roster_member **first)
{
    size_t n = 0;
    *first = NULL;
    for (size_t i = 0; r->next != 0 && i < r->draft.member_count; i++) {
        const struct roster_member *m = &r->draft.members[i];
        if (!pins_keys(m) || r->has_pinned[i])
            continue;
        if (n++ == 0)
            *first = m;
    }
    return n;
}

/* ---- what remains ---- */

/* Another version than the one that signs and the one that is announced; 0: none. */
static unsigned old_version(const struct rotation *r)
{
    for (size_t i = 0; i < r->keys.count; i++) {
        if (r->keys.version[i] != r->current && r->keys.version[i] != r->next)
            return r->keys.version[i];
    }
    return 0;
}

static void next_step(const struct rotation *r, char *out, size_t max)
{
    const struct roster_member *first = NULL;
    const char *dir = r->w->o->dir;
    if (r->next != 0 && remaining(r, &first) > 0)
        snprintf(out, max, "each party named pins roster key %u and reads out its fingerprint (--confirm)", r->next);
    else if (r->next != 0)
        snprintf(out, max, "sluis-pki rotate --dir %s --key roster --switch", dir);
    else if (old_version(r) != 0 && r->draft.handover.len == 0)
        snprintf(out, max, "sluis-pki rotate --dir %s --key roster --retire %u", dir, old_version(r));
    else if (old_version(r) != 0)
        snprintf(out, max, "sluis-pki roster sign --dir %s; then rotate --dir %s --key roster --retire %u", dir, dir,
                 old_version(r));
    else
        snprintf(out, max, "nothing remains");
}

static const char *role_of(const struct rotation *r, unsigned version)
{
    return version == r->current ? "signs" : version == r->next ? "announced" : "old";
}

static enum err show_text(const struct rotation *r, const char *next)
{
    struct buf *out = &r->w->out;
    char when[WHEN_TEXT_SIZE];
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < r->keys.count; i++) {
        unsigned n = r->keys.version[i];
        when_text(cert_not_after(r->keys.v[i]), when);
        buf_printf(out, "roster key %u  until %s  key %s, %s  ", n, when,
                   version_has_key(r->w, ROSTER_KEY, n) ? "here" : "NOT HERE", role_of(r, n));
        e = roster_key_put_pin(r->keys.v[i], out);
        buf_put_str(out, "\n");
    }
    for (size_t i = 0; r->next != 0 && i < r->draft.member_count; i++) {
        const struct roster_member *m = &r->draft.members[i];
        if (pins_keys(m))
            buf_printf(out, "  %s %s roster key %u\n", m->id.oin,
                       r->has_pinned[i] ? "pins" : "has not said that it pins", r->next);
    }
    buf_printf(out, "next: %s\n", next);
    return e != ERR_OK ? e : buf_err(out);
}

static enum err show_json(const struct rotation *r, const char *next)
{
    struct json_writer j = json_writer_of(&r->w->out);
    enum err e = ERR_OK;
    json_put_object(&j, NULL);
    json_put_str(&j, "key", "roster");
    json_put_array(&j, "versions");
    for (size_t i = 0; e == ERR_OK && i < r->keys.count; i++) {
        unsigned n = r->keys.version[i];
        char when[WHEN_TEXT_SIZE];
        struct digest d;
        when_text(cert_not_after(r->keys.v[i]), when);
        e = key_fingerprint(cert_key(r->keys.v[i]), &d);
        json_put_object(&j, NULL);
        json_put_uint(&j, "version", n);
        json_put_str(&j, "state", role_of(r, n));
        json_put_str(&j, "not_after", when);
        json_put_bool(&j, "has_key", version_has_key(r->w, ROSTER_KEY, n));
        if (e == ERR_OK)
            json_put_hex(&j, "fingerprint", digest_bytes(&d));
        json_put_end(&j);
    }
    json_put_end(&j);
    json_put_array(&j, "remains");
    for (size_t i = 0; r->next != 0 && i < r->draft.member_count; i++) {
        if (pins_keys(&r->draft.members[i]) && !r->has_pinned[i])
            json_put_str(&j, NULL, r->draft.members[i].id.oin);
    }
    json_put_end(&j);
    json_put_str(&j, "next", next);
    json_put_end(&j);
    buf_put_str(&r->w->out, "\n");
    return e == ERR_OK ? json_writer_done(&j) : e;
}

static enum err show(const struct rotation *r)
{
    char next[2 * WORK_PATH_MAX + 128];
    next_step(r, next, sizeof next);
    return r->w->o->json ? show_json(r, next) : show_text(r, next);
}

/* ---- a new key ---- */

static enum err spki_of(struct rotation *r, const struct cert *c, struct bytes *out)
{
    struct buf b CLEANUP(buf_free) = buf_new(KEY_SPKI_MAX_BYTES);
    enum err e = key_put_spki(cert_key(c), &b);
    if (e != ERR_OK)
        return e;
    *out = arena_copy(r->w->arena, buf_bytes(&b));
    return out->ptr != NULL ? ERR_OK : ERR_NOMEM;
}

/* The one that a command which was killed has made, else a fresh one with its certificate. */
static enum err make(struct rotation *r, unsigned n, struct cert **out)
{
    struct work *w = r->w;
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    char name[CERT_NAME_MAX_BYTES + 1];
    int64_t days = w->o->days > 0 ? (int64_t)w->o->days : DAYS_DEFAULT;
    const struct cert *old = roster_pins_cert(&r->keys, r->current);
    snprintf(name, sizeof name, "Sluis roster key %u", n);
    struct ca_request q = {CERT_PINNED, *cert_oin(old), name, w->now_s - AUTHORITY_BACKDATE_S,
                           w->now_s + days * DAY_S};
    enum err e = version_make_key(w, ROSTER_KEY, n, &key);
    if (e == ERR_OK && key_same_public(key, cert_key(old)))
        e = errmsg_set(&w->why, ERR_DUPLICATE, "the new roster key is the old one");
    if (e == ERR_OK)
        e = ca_self_sign(&q, key, out, &w->why);
    return e != ERR_OK ? e : work_save_cert(w, version_id_of(ROSTER_CERT, n).s, *out);
}

/* The draft is the moment; a line of the journal before it. */
static enum err commit(struct rotation *r, enum journal_act act, unsigned n, const char *what)
{
    struct work *w = r->w;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    struct digest d;
    enum err e = version_load_cert(w, ROSTER_CERT, n, CERT_PINNED, &c);
    if (e == ERR_OK)
        e = key_fingerprint(cert_key(c), &d);
    if (e != ERR_OK)
        return e;
    struct journal_line l = {.act = act,
                             .oin = *cert_oin(c),
                             .what = version_id_of(ROSTER_KEY, n).s,
                             .fingerprint = &d,
                             .until = cert_not_after(c),
                             .detail = what};
    e = draft_act(w, &r->draft, what, cert_oin(c)->oin);
    if (e == ERR_OK)
        e = journal_add(w, &l);
    return e != ERR_OK ? e : draft_save(w, &r->draft);
}

static enum err say(struct rotation *r, unsigned n, const char *what, const char *next)
{
    struct work *w = r->w;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    enum err e = version_load_cert(w, ROSTER_CERT, n, CERT_PINNED, &c);
    if (e != ERR_OK)
        return e;
    if (w->o->json)
        buf_printf(&w->out, "{\"version\":%u,\"fingerprint\":\"", n);
    else
        buf_printf(&w->out, "roster key %u %s: ", n, what);
    e = roster_key_put_pin(c, &w->out);
    if (w->o->json)
        buf_put_str(&w->out, "\"}\n");
    else
        buf_printf(&w->out, "\nnext: %s\n", next);
    return e != ERR_OK ? e : buf_err(&w->out);
}

static enum err plan(struct rotation *r, const char *what, unsigned n)
{
    buf_printf(&r->w->out, r->w->o->json ? "{\"dry_run\":true,\"%s\":%u}\n" : "would %s roster key %u\n", what, n);
    return buf_err(&r->w->out);
}

static enum err announce(struct rotation *r)
{
    struct work *w = r->w;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    unsigned n = r->keys.version[r->keys.count - 1] + 1;
    if (r->next != 0)
        return errmsg_set(&w->why, ERR_STATE, "roster key %u is announced already; see --status", r->next);
    /* A certificate without its announcement is what a command that was killed has left. */
    if (old_version(r) > r->current)
        n = old_version(r);
    else if (old_version(r) != 0)
        return errmsg_set(&w->why, ERR_STATE, "roster key %u is still there; --retire it first", old_version(r));
    if (w->o->dry_run)
        return plan(r, "announce", n);
    enum err e = make(r, n, &c);
    if (e == ERR_OK)
        e = spki_of(r, c, &r->draft.next_key);
    if (e == ERR_OK)
        e = commit(r, JOURNAL_ROTATED, n, "next roster key announced by");
    return e != ERR_OK ? e
                       : say(r, n, "is announced",
                             "sluis-pki roster sign; give its certificate to each party, who pins it and reads "
                             "this fingerprint out");
}

static enum err confirm(struct rotation *r)
{
    struct work *w = r->w;
    struct agency_id oin;
    struct digest told;
    const struct work_need needs[] = {{"oin", w->o->oin}, {"fingerprint", w->o->fingerprint}, {NULL, NULL}};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = work_oin(w, "oin", w->o->oin, &oin);
    if (e == ERR_OK && r->next == 0)
        e = errmsg_set(&w->why, ERR_STATE, "no roster key is announced");
    if (e == ERR_OK && roster_member_of(&r->draft, &oin) == NULL)
        e = errmsg_set(&w->why, ERR_NOT_FOUND, "no member %s", oin.oin);
    if (e != ERR_OK)
        return e;
    const char *hex = w->o->fingerprint;
    if (text_get_hex(bytes_str(strncmp(hex, "sha256:", 7) == 0 ? hex + 7 : hex), told.b, sizeof told.b) != ERR_OK)
        return errmsg_set(&w->why, ERR_CONFIG, "--fingerprint: not sha256: and 64 hex digits");
    if (!digest_equal(&told, &r->pin))
        return errmsg_set(&w->why, ERR_MISMATCH,
                          "%s pins another key than the announced one: find out where it comes from", oin.oin);
    struct journal_line l = {.act = JOURNAL_PINNED, .oin = oin, .what = "roster key", .fingerprint = &r->pin};
    if (!w->o->dry_run)
        e = journal_add(w, &l);
    if (e == ERR_OK)
        r->has_pinned[roster_member_of(&r->draft, &oin) - r->draft.members] = true;
    return e != ERR_OK ? e : show(r);
}

/* ---- the next one signs ---- */

static enum err sign_handover(struct rotation *r)
{
    struct work *w = r->w;
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct buf content CLEANUP(buf_free) = buf_new(512);
    struct signature sig;
    enum err e = roster_put_handover(&r->draft.deployment, r->draft.key, r->draft.next_key, &content);
    if (e == ERR_OK)
        e = roster_key_open(w, &r->draft, &key);
    if (e == ERR_OK)
        e = sign_document(SIGN_HANDOVER, key, buf_bytes(&content), &sig);
    if (e != ERR_OK)
        return e;
    r->draft.handover = arena_copy(w->arena, signature_bytes(&sig));
    return r->draft.handover.ptr != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err switch_over(struct rotation *r)
{
    struct work *w = r->w;
    const struct roster_member *first = NULL;
    size_t left = remaining(r, &first);
    unsigned n = r->next;
    if (n == 0)
        return errmsg_set(&w->why, ERR_STATE, "no roster key is announced");
    if (left > 0)
        return errmsg_set(&w->why, ERR_STATE,
                          "%zu parties have not said that they pin roster key %u, among them %s; see --status",
                          left, n, first->id.oin);
    if (w->o->dry_run)
        return plan(r, "switch_to", n);
    enum err e = sign_handover(r);
    r->draft.key = r->draft.next_key;
    r->draft.next_key = (struct bytes){NULL, 0};
    if (e == ERR_OK)
        e = commit(r, JOURNAL_ROTATED, n, "roster key handed over to the next by");
    return e != ERR_OK ? e : say(r, n, "signs from now on", "sluis-pki roster sign; then --retire the old one");
}

/* The announced key, which many pin already, or a fresh one takes over without the word of the lost one. */
static enum err replace_lost(struct rotation *r)
{
    struct work *w = r->w;
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    unsigned old = r->current;
    unsigned n = r->next != 0 ? r->next : r->keys.version[r->keys.count - 1] + 1;
    if (r->next == 0 && old_version(r) != 0)
        n = old_version(r) > old ? old_version(r) : n;
    if (w->o->dry_run)
        return plan(r, "replace_with", n);
    enum err e = r->next != 0 ? version_load_cert(w, ROSTER_CERT, n, CERT_PINNED, &c) : make(r, n, &c);
    if (e == ERR_OK)
        e = spki_of(r, c, &r->draft.key);
    r->draft.next_key = (struct bytes){NULL, 0};
    r->draft.handover = (struct bytes){NULL, 0};
    if (e == ERR_OK)
        e = commit(r, JOURNAL_ROTATED, n, "roster key lost, another one signs:");
    if (e == ERR_OK)
        e = roster_key_unpin(w, old);
    if (e == ERR_OK)
        e = version_remove_key(w, ROSTER_KEY, old);
    if (e == ERR_OK && w->o->seen != NULL)
        e = serial_raise(w, w->o->seen);
    return e != ERR_OK ? e
                       : say(r, n, "signs from now on",
                             "sluis-pki roster sign; each party pins it with --lost, compares this fingerprint by "
                             "voice, and installs the roster");
}

/* ---- the old one goes ---- */

/* A roster by the key that signs now is out, so that nobody needs the old one; of a lost one nobody does. */
static enum err check_signed(struct rotation *r)
{
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    char path[WORK_PATH_MAX];
    if (r->draft.handover.len == 0)
        return ERR_OK;
    enum err e = work_path(r->w, path, "roster.signed", "");
    if (e == ERR_OK)
        e = draft_trust(r->w, path, &t);
    if (e == ERR_OK && !bytes_equal(trust_roster(t)->key, r->draft.key))
        e = errmsg_set(&r->w->why, ERR_STATE, "no roster is signed with roster key %u yet: roster sign first",
                       r->current);
    return e;
}

static enum err retire(struct rotation *r)
{
    struct work *w = r->w;
    unsigned n = (unsigned)w->o->retire;
    enum err e = ERR_OK;
    if (n == r->current)
        return errmsg_set(&w->why, ERR_STATE, "roster key %u signs; --switch to another one first", n);
    if (roster_pins_cert(&r->keys, n) == NULL)
        return errmsg_set(&w->why, ERR_NOT_FOUND, "roster key %u is not here; see --status", n);
    if (n != r->next)
        e = check_signed(r);
    if (e != ERR_OK || w->o->dry_run)
        return e != ERR_OK ? e : plan(r, "retire", n);
    if (n == r->next)
        r->draft.next_key = (struct bytes){NULL, 0};
    e = version_remove_key(w, ROSTER_KEY, n); /* before the draft: one that was taken back is not taken up again */
    if (e == ERR_OK)
        e = commit(r, JOURNAL_RETIRED, n, "roster key retired by");
    if (e == ERR_OK)
        e = roster_key_unpin(w, n);
    if (e == ERR_OK)
        buf_printf(&w->out, w->o->json ? "{\"retired\":%u}\n" : "roster key %u is erased\n", n);
    return e != ERR_OK ? e : buf_err(&w->out);
}

static enum err at_registrar(struct work *w)
{
    struct rotation r CLEANUP(free_rotation) = {.w = w};
    enum err e = load(&r);
    if (e != ERR_OK)
        return e;
    if (w->o->remains)
        return show(&r);
    if (w->o->confirm)
        return confirm(&r);
    if (w->o->switch_over)
        return switch_over(&r);
    if (w->o->retire > 0)
        return retire(&r);
    return w->o->lost ? replace_lost(&r) : announce(&r);
}

enum err rotate_roster(struct work *w)
{
    char path[WORK_PATH_MAX];
    enum err e = work_path(w, path, "roster.draft", "");
    if (e != ERR_OK)
        return e;
    if (!file_exists(path))
        return rotate_pin(w);
    if (w->o->pin != NULL)
        return errmsg_set(&w->why, ERR_CONFIG, "--pin is for the parties; the registrar has its own keys");
    return at_registrar(w);
}
