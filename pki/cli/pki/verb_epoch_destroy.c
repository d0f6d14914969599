/* epoch declare: an officer signs which copies of an epoch's keys and index are destroyed. epoch
 * destroy: the custodian says so, on two such declarations of one content by two persons; and every
 * party erases its own key file once the custodian has said so. */
#include <stdio.h>

#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/epoch_plan.h"
#include "pki/cli/pki/epoch_policy.h"
#include "pki/cli/pki/keeper.h"
#include "pki/cli/pki/two_officers.h"
#include "pki/cli/pki/verbs.h"
#include "pki/digest.h"
#include "proto/base/cursor.h"
#include "proto/msg/epoch_word.h"

#define TEXT_MAX_BYTES ((size_t)64 << 10)

/* ---- declare ---- */

/* A line for each copy; empty lines do not count. */
static enum err read_copies(struct work *w, struct destruction *d)
{
    struct bytes text = {NULL, 0};
    struct bytes *v = arena_array(w->arena, DESTRUCTION_MAX_COPIES, sizeof *v);
    enum err e = v == NULL ? ERR_NOMEM : work_read(w, w->o->copies, TEXT_MAX_BYTES, &text);
    struct cursor c = cursor_of(text);
    while (e == ERR_OK && c.left > 0) {
        const struct bytes line = cursor_line(&c);
        if (c.err != ERR_OK)
            return errmsg_set(&w->why, ERR_INVALID, "%s: its last line has no end", w->o->copies);
        if (line.len == 0)
            continue;
        if (d->copy_count == DESTRUCTION_MAX_COPIES)
            return errmsg_set(&w->why, ERR_LIMIT, "%s: more than %d lines", w->o->copies,
                              DESTRUCTION_MAX_COPIES);
        v[d->copy_count++] = line;
    }
    d->copies = v;
    return e;
}

/* The officer sees what is signed before it goes anywhere. */
static void show_declaration(struct work *w, const struct destruction *d)
{
    if (w->o->json) {
        buf_printf(&w->out, "{\"purpose\":\"%s\",\"epoch\":%u,\"copies\":%zu,\"dry_run\":%s}\n",
                   d->purpose.s, (unsigned)d->epoch, d->copy_count,
                   w->o->dry_run ? "true" : "false");
        return;
    }
    buf_printf(&w->out, "purpose %s, epoch %u: declared destroyed%s\n", d->purpose.s,
               (unsigned)d->epoch, w->o->dry_run ? " (dry run: nothing is signed)" : "");
    for (size_t i = 0; i < d->copy_count; i++) {
        buf_put_str(&w->out, "  ");
        buf_put(&w->out, d->copies[i]);
        buf_put_str(&w->out, "\n");
    }
}

static enum err make_declaration(struct work *w, struct buf *out)
{
    struct destruction d = {.epoch = (uint32_t)w->o->epoch};
    enum err e = work_deployment(w, &d.deployment);
    if (e == ERR_OK)
        e = work_name(w, "purpose", w->o->purposes.v[0], &d.purpose);
    if (e == ERR_OK)
        e = read_copies(w, &d);
    if (e == ERR_OK)
        e = destruction_encode(&d, out, &w->why);
    if (e == ERR_OK)
        show_declaration(w, &d);
    return e;
}

enum err verb_epoch_declare(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir},
                                      {"purpose", w->o->purposes.v[0]},
                                      {"copies", w->o->copies},
                                      {"out", w->o->out},
                                      {NULL, NULL}};
    struct buf doc CLEANUP(buf_free) = buf_new(DESTRUCTION_MAX_BYTES);
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = make_declaration(w, &doc);
    if (e == ERR_OK && w->o->dry_run)
        return buf_err(&w->out);
    return e == ERR_OK ? two_officers_sign(w, SIGN_DESTRUCTION, buf_bytes(&doc)) : e;
}

/* ---- the two declarations ---- */

static enum err check_subject(struct work *w, const struct epoch_plan *p, struct bytes document)
{
    struct destruction d;
    enum err e = destruction_decode(document, w->arena, &d, &w->why);
    if (e == ERR_OK && (!name_equal(&d.deployment, &p->book.deployment) ||
                        !name_equal(&d.purpose, &p->book.purpose) || d.epoch != p->change.epoch))
        e = errmsg_set(&w->why, ERR_MISMATCH, "the declaration is about %s, purpose %s, epoch %u",
                       d.deployment.s, d.purpose.s, (unsigned)d.epoch);
    return e;
}

/* Two persons, one content. */
static enum err check_declarations(struct work *w, struct epoch_plan *p,
                                   struct officer_signed two[static 2])
{
    const struct two_officers what = {SIGN_DESTRUCTION, DESTRUCTION_MAX_BYTES, "declared",
                                      &w->o->declared, "epoch declare"};
    enum err e = two_officers_read(w, p->trust, &what, two);
    if (e == ERR_OK)
        e = check_subject(w, p, two[0].document);
    return e == ERR_OK ? digest_sha256(&two[0].document, 1, &p->change.declaration) : e;
}

/* ---- destroy ---- */

/* Erases DIR/keys/WHAT-PURPOSE-EPOCH.key of this party, where it is there. */
static enum err erase_key(struct work *w, const char *what, const struct epoch_plan *p,
                          bool *is_gone)
{
    char name[WORK_PATH_MAX];
    char path[WORK_PATH_MAX];
    const int n = snprintf(name, sizeof name, "keys/%s-%s-%u", what, p->book.purpose.s,
                           (unsigned)p->change.epoch);
    if (n < 0 || (size_t)n >= sizeof name)
        return ERR_TOO_LARGE;
    enum err e = work_path(w, path, name, ".key");
    if (e != ERR_OK || !file_exists(path))
        return e;
    *is_gone = true;
    return w->o->dry_run ? ERR_OK : file_erase(path, &w->why);
}

/* The key without which no backup gives the epoch back (decision 0910). */
struct wrapping_end {
    struct name id; /* "" where --wrapping has none, or is not given */
    struct name known; /* under which this folder was backed up; "": none */
};

/* Before anything is erased or said: the file in --wrapping is the one that was used. */
static enum err find_wrapping(struct work *w, const struct epoch_plan *p, struct wrapping_end *out)
{
    *out = (struct wrapping_end){.id = {""}};
    enum err e = keeper_known_id(w, &p->book.purpose, p->change.epoch, &out->known);
    if (e == ERR_OK && w->o->wrapping != NULL)
        e = keeper_wrapping_id(w, &p->book.purpose, p->change.epoch, &out->id);
    return e;
}

static enum err erase_wrapping(struct work *w, const struct epoch_plan *p, const struct wrapping_end *end)
{
    char path[WORK_PATH_MAX];
    if (end->id.s[0] == '\0' || w->o->dry_run)
        return ERR_OK;
    enum err e = keeper_wrapping_path(w, &p->book.purpose, p->change.epoch, path);
    if (e == ERR_OK)
        e = file_erase(path, &w->why);
    return e == ERR_OK ? keeper_forget_id(w, &p->book.purpose, p->change.epoch) : e;
}

static void show_wrapping(struct work *w, const struct wrapping_end *end)
{
    const char *id = end->id.s[0] != '\0' ? end->id.s : end->known.s;
    const char *what = end->id.s[0] != '\0' ? "erased" : w->o->wrapping != NULL ? "absent" : "not_looked_for";
    if (w->o->json)
        buf_printf(&w->out, ",\"wrapping_key\":\"%s\",\"wrapping_key_id\":\"%s\"", what, id);
    else if (end->id.s[0] != '\0')
        buf_printf(&w->out,
                   "wrapping key %s: overwritten and removed. No backup under it gives this epoch back any more.\n", id);
    else if (id[0] != '\0')
        buf_printf(&w->out,
                   "wrapping key %s: %s. This folder was backed up under it: repeat with the --wrapping that has it, or "
                   "those backups give the epoch back.\n",
                   id, w->o->wrapping != NULL ? "not there" : "not looked for");
    else
        buf_put_str(&w->out, w->o->wrapping != NULL ? "wrapping key: not there\n"
                                                    : "wrapping key: not looked for. Where there "
                                                      "are backups, repeat with --wrapping.\n");
}

static enum err erase_keys(struct work *w, const struct epoch_plan *p)
{
    bool is_gone = false;
    struct wrapping_end wrapping;
    enum err e = find_wrapping(w, p, &wrapping);
    if (e == ERR_OK)
        e = erase_key(w, "purpose", p, &is_gone);
    if (e == ERR_OK)
        e = erase_key(w, "half", p, &is_gone);
    if (e == ERR_OK)
        e = erase_wrapping(w, p, &wrapping);
    if (e != ERR_OK)
        return e;
    show_wrapping(w, &wrapping);
    if (w->o->json)
        buf_printf(&w->out, ",\"key_file\":\"%s\"", is_gone ? "erased" : "absent");
    else if (is_gone)
        buf_put_str(&w->out, "key file of this party: overwritten and removed. What the disk, its "
                             "snapshots and backups keep of it is for the declaration to say.\n");
    else
        buf_put_str(&w->out, "key file of this party: not here\n");
    return buf_err(&w->out);
}

static enum err destroy_as_custodian(struct work *w, struct epoch_plan *p)
{
    struct officer_signed two[2] = {{{NULL, 0}, NULL}, {{NULL, 0}, NULL}};
    enum err e = draft_trust(w, w->o->roster, &p->trust);
    if (e == ERR_OK)
        e = check_declarations(w, p, two);
    if (e == ERR_OK)
        e = epoch_plan_make(w, p);
    if (e == ERR_OK)
        e = epoch_plan_show(w, p);
    if (e == ERR_OK)
        buf_printf(&w->out,
                   w->o->json
                       ? ",\"declared_by\":[\"%s\",\"%s\"]"
                       : "declared by %s and %s; the word attests that they declared it, not that "
                         "it is so.\n",
                   two[0].by->staff.s, two[1].by->staff.s);
    if (e == ERR_OK)
        e = epoch_plan_issue(w, p);
    return e == ERR_OK ? erase_keys(w, p) : e;
}

/* By who dealt the epoch, or whom the policy names since. */
static enum err check_speaker(struct work *w, const struct epoch_plan *p, const struct epoch_states *said)
{
    struct epoch_policy policy CLEANUP(epoch_policy_free) = {.file = NULL};
    const struct deal *d = epoch_book_deal(&p->book, p->change.epoch);
    if (d == NULL || !name_equal(&said->purpose, &p->book.purpose))
        return errmsg_set(&w->why, ERR_MISMATCH, "%s: of another purpose", w->o->statement);
    if (agency_id_equal(&said->custodian, &d->custodian))
        return ERR_OK;
    if (w->o->policy == NULL)
        return errmsg_set(&w->why, ERR_MISMATCH,
                          "%s: not the word of the custodian who dealt this epoch; where another one followed "
                          "it, give the policy that says so (--policy)",
                          w->o->statement);
    enum err e = epoch_policy_read(w, &p->book.deployment, &p->book.purpose, &policy);
    return e == ERR_OK ? epoch_policy_is_custodian(w, &policy, &said->custodian) : e;
}

/* The custodian's own word, signed, says so. */
static enum err check_said(struct work *w, struct epoch_plan *p)
{
    const struct work_need needs[] = {{"statement", w->o->statement}, {NULL, NULL}};
    struct bytes wire = {NULL, 0};
    struct bytes document;
    struct epoch_states said;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = draft_trust(w, w->o->roster, &p->trust);
    if (e == ERR_OK)
        e = work_read(w, w->o->statement, EPOCH_WORD_MAX_BYTES, &wire);
    if (e != ERR_OK)
        return e;
    const struct trust_reading r = {.trust = p->trust, .at_s = w->now_s, .arena = w->arena};
    e = trust_read_epoch_states(&r, wire, &said, &document, &w->why);
    if (e != ERR_OK)
        return errmsg_wrap(&w->why, e, "%s", w->o->statement);
    e = check_speaker(w, p, &said);
    if (e != ERR_OK)
        return e;
    const struct epoch_entry *entry = epoch_states_of(&said, p->change.epoch);
    if (entry == NULL || entry->state != EPOCH_DESTROYED)
        return errmsg_set(
            &w->why, ERR_STATE,
            "%s: its custodian says that epoch %u is %s; a key is erased only when it is "
            "destroyed",
            w->o->statement, (unsigned)p->change.epoch,
            entry == NULL ? "unknown" : epoch_state_id(entry->state));
    return ERR_OK;
}

static enum err destroy_as_party(struct work *w, struct epoch_plan *p)
{
    enum err e = check_said(w, p);
    if (e != ERR_OK)
        return e;
    if (w->o->json)
        buf_printf(&w->out, "{\"purpose\":\"%s\",\"epoch\":%u,\"dry_run\":%s", p->book.purpose.s,
                   (unsigned)p->change.epoch, w->o->dry_run ? "true" : "false");
    else
        buf_printf(&w->out, "purpose %s, epoch %u: destroyed by the word of its custodian%s\n",
                   p->book.purpose.s, (unsigned)p->change.epoch,
                   w->o->dry_run ? " (dry run: nothing is changed)" : "");
    return erase_keys(w, p);
}

/* Who says it, on two declarations; everybody else follows the word in --statement. */
static enum err is_custodian(struct work *w, const struct epoch_plan *p, bool *out)
{
    struct cert *own CLEANUP(cleanup_cert_free) = NULL;
    const struct deal *d = epoch_book_deal(&p->book, p->change.epoch);
    enum err e = work_load_cert(w, "signing", CERT_SIGNING, &own);
    if (e == ERR_OK && d == NULL)
        return errmsg_set(&w->why, ERR_NOT_FOUND, "%s/deals: no statement of purpose %s epoch %u",
                          w->o->dir, p->book.purpose.s, (unsigned)p->change.epoch);
    *out = w->o->declared.count > 0 ||
           (e == ERR_OK && w->o->statement == NULL && agency_id_equal(cert_oin(own), &d->custodian));
    return e;
}

enum err verb_epoch_destroy(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir},
                                      {"purpose", w->o->purposes.v[0]},
                                      {"roster", w->o->roster},
                                      {NULL, NULL}};
    struct epoch_plan p CLEANUP(epoch_plan_free) = {
        .trust = NULL, .change = {.state = EPOCH_DESTROYED, .epoch = (uint32_t)w->o->epoch}};
    struct name purpose;
    bool is_own = false;
    struct wrapping_end wrapping;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = work_name(w, "purpose", w->o->purposes.v[0], &purpose);
    if (e == ERR_OK)
        e = epoch_book_read(w, &purpose, &p.book);
    if (e == ERR_OK)
        e = is_custodian(w, &p, &is_own);
    if (e == ERR_OK)
        e = find_wrapping(w, &p, &wrapping);
    const struct epoch_entry *said =
        e == ERR_OK ? epoch_states_of(&p.book.last, p.change.epoch) : NULL;
    const bool is_said = said != NULL && said->state == EPOCH_DESTROYED;
    if (e == ERR_OK)
        e = is_own && !is_said ? destroy_as_custodian(w, &p) : destroy_as_party(w, &p);
    if (w->o->json)
        buf_put_str(&w->out, "}\n");
    return e == ERR_OK ? buf_err(&w->out) : e;
}
