#include "pki/cli/pki/epoch_plan.h"

#include <stdio.h>

#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/epoch_policy.h"
#include "pki/trust_declared.h"
#include "proto/base/when.h"

void epoch_plan_free(struct epoch_plan *p)
{
    trust_free(p->trust);
}

/* Without the policy: who dealt every epoch that is here and said every word goes on; who follows another shows
 * by the policy that it may. */
static enum err check_alone(struct work *w, const struct epoch_plan *p)
{
    const struct epoch_book *b = &p->book;
    const struct agency_id *other = NULL;
    for (size_t i = 0; i < b->deal_count; i++)
        if (!agency_id_equal(&b->deals[i].custodian, &p->own))
            other = &b->deals[i].custodian;
    if (b->last.serial > 0 && !agency_id_equal(&b->last.custodian, &p->own))
        other = &b->last.custodian;
    if (other == NULL)
        return ERR_OK;
    return errmsg_set(&w->why, ERR_PERMISSION,
                      "%s is not the custodian of purpose %s by what is here, where %s dealt or spoke; who "
                      "follows it gives the policy that says so (--policy)",
                      p->own.oin, b->purpose.s, other->oin);
}

/* By the keys of the folder, which the roster still lists, and the policy where it is given. */
static enum err check_custodian(struct work *w, struct epoch_plan *p)
{
    struct cert *own CLEANUP(cleanup_cert_free) = NULL;
    struct epoch_policy policy CLEANUP(epoch_policy_free) = {.file = NULL};
    enum err e = work_load_cert(w, "signing", CERT_SIGNING, &own);
    if (e != ERR_OK)
        return e;
    p->own = *cert_oin(own);
    if (w->o->policy == NULL)
        return check_alone(w, p);
    e = epoch_policy_read(w, &p->book.deployment, &p->book.purpose, &policy);
    return e == ERR_OK ? epoch_policy_is_custodian(w, &policy, &p->own) : e;
}

/* A word that somebody else has: newer than the newest here, or another one under its serial, says that the folder
 * is an old copy. */
static enum err check_seen(struct work *w, const struct epoch_plan *p)
{
    struct bytes wire = {NULL, 0};
    struct bytes document;
    struct epoch_states said;
    if (w->o->seen == NULL)
        return ERR_OK;
    const struct trust_reading r = {.trust = p->trust, .at_s = w->now_s, .arena = w->arena};
    enum err e = work_read(w, w->o->seen, EPOCH_WORD_MAX_BYTES, &wire);
    if (e == ERR_OK)
        e = trust_read_epoch_states(&r, wire, &said, &document, &w->why);
    if (e != ERR_OK)
        return errmsg_wrap(&w->why, e, "%s", w->o->seen);
    if (!name_equal(&said.purpose, &p->book.purpose))
        return errmsg_set(&w->why, ERR_MISMATCH, "%s: of purpose %s", w->o->seen, said.purpose.s);
    const bool is_other = said.serial == p->book.last.serial && !bytes_equal(document, p->book.last_document);
    if (said.serial <= p->book.last.serial && !is_other)
        return ERR_OK;
    return errmsg_set(&w->why, is_other ? ERR_CONFLICT : ERR_BEHIND,
                      "%s: word %llu, and %s/states ends at %llu%s: an old copy of this folder; copy the words "
                      "that the broker has into it, and say it again",
                      w->o->seen, (unsigned long long)said.serial, w->o->dir,
                      (unsigned long long)p->book.last.serial, is_other ? " with another content" : "");
}

enum err epoch_plan_make(struct work *w, struct epoch_plan *p)
{
    const struct work_need needs[] = {{"dir", w->o->dir},
                                      {"purpose", w->o->purposes.v[0]},
                                      {"roster", w->o->roster},
                                      {NULL, NULL}};
    struct name purpose;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK && w->o->epoch == 0)
        e = errmsg_set(&w->why, ERR_CONFIG, "--epoch is needed, a number above 0");
    if (e == ERR_OK)
        e = work_name(w, "purpose", w->o->purposes.v[0], &purpose);
    if (e == ERR_OK && p->trust == NULL)
        e = draft_trust(w, w->o->roster, &p->trust);
    if (e == ERR_OK)
        e = trust_check_time(p->trust, w->now_s, &w->why);
    if (e == ERR_OK)
        e = epoch_book_read(w, &purpose, &p->book);
    p->change.epoch = (uint32_t)w->o->epoch;
    if (e == ERR_OK)
        e = check_custodian(w, p);
    if (e == ERR_OK)
        e = check_seen(w, p);
    if (e == ERR_OK)
        e = epoch_book_next(w, &p->book, &p->change, &p->next);
    if (e == ERR_OK)
        p->next.custodian = p->own;
    return e;
}

/* What becomes of the work in the purpose. */
static const char *effect_of(const struct epoch_plan *p)
{
    size_t active = 0;
    for (size_t i = 0; i < p->next.epoch_count; i++)
        active += p->next.epochs[i].state == EPOCH_ACTIVE;
    switch (p->change.state) {
    case EPOCH_ACTIVE:
        return active > 1
                   ? "Each agency contributes its live records again under this epoch, in the background. "
                     "Until the older one is retired, every request is asked in both."
                   : "Batches and requests are accepted in this epoch.";
    case EPOCH_RETIRED:
        return active > 0
                   ? "No batch and no new request in this epoch. What was asked in it goes on to its "
                     "deadline. Check first that every agency has contributed again (broker status)."
                   : "No batch and no new request in this epoch, and no other is active: nobody can "
                     "ask anything in this purpose until one is.";
    case EPOCH_COMPROMISED:
        return "Matching in this epoch stops with the next message: open requests close without a "
               "match, undelivered notices and held data go. It cannot be undone; the way on is a new "
               "epoch.";
    case EPOCH_DESTROYED:
        if (active == 0)
            return "The broker drops the index of this epoch and its half of the key, each agency what it "
                   "contributed. No other epoch is active: the next one stays empty until each agency "
                   "has imported again. Activate it first, and let it fill. It cannot be undone.";
        return "The broker drops the index of this epoch and its half of the key; each participant "
               "erases its key file with 'epoch destroy'. It cannot be undone.";
    case EPOCH_NONE:
    case EPOCH_DEALT:
    case EPOCH_STATE_COUNT:
        break;
    }
    return "";
}

static enum epoch_state was(const struct epoch_plan *p, uint32_t epoch)
{
    const struct epoch_entry *entry = epoch_states_of(&p->book.last, epoch);
    return entry == NULL ? EPOCH_DEALT : entry->state;
}

static void show_text(struct work *w, const struct epoch_plan *p)
{
    char when[WHEN_TEXT_SIZE];
    buf_printf(&w->out, "purpose %s, word %llu of its custodian%s\n", p->book.purpose.s,
               (unsigned long long)p->next.serial, w->o->dry_run ? " (dry run: nothing is changed)" : "");
    for (size_t i = 0; i < p->next.epoch_count; i++) {
        const struct epoch_entry *entry = &p->next.epochs[i];
        const struct deal *d = epoch_book_deal(&p->book, entry->epoch);
        when_text(entry->since_s, when);
        if (was(p, entry->epoch) != entry->state)
            buf_printf(&w->out, "  epoch %u  %s -> %s", (unsigned)entry->epoch,
                       epoch_state_id(was(p, entry->epoch)), epoch_state_id(entry->state));
        else
            buf_printf(&w->out, "  epoch %u  %s since %s", (unsigned)entry->epoch,
                       epoch_state_id(entry->state), when);
        if (d != NULL)
            buf_printf(&w->out, ", dealt to %zu", d->participant_count);
        buf_put_str(&w->out, "\n");
    }
    buf_printf(&w->out, "%s\n", effect_of(p));
}

static void show_json(struct work *w, const struct epoch_plan *p)
{
    char when[WHEN_TEXT_SIZE];
    buf_printf(&w->out, "{\"purpose\":\"%s\",\"serial\":%llu,\"dry_run\":%s,\"epochs\":[",
               p->book.purpose.s, (unsigned long long)p->next.serial,
               w->o->dry_run ? "true" : "false");
    for (size_t i = 0; i < p->next.epoch_count; i++) {
        const struct epoch_entry *entry = &p->next.epochs[i];
        when_text(entry->since_s, when);
        buf_printf(&w->out,
                   "%s{\"epoch\":%u,\"was\":\"%s\",\"state\":\"%s\",\"since\":\"%s\"}",
                   i > 0 ? "," : "", (unsigned)entry->epoch, epoch_state_id(was(p, entry->epoch)),
                   epoch_state_id(entry->state), when);
    }
    buf_put_str(&w->out, "]");
}

enum err epoch_plan_show(struct work *w, const struct epoch_plan *p)
{
    if (w->o->json)
        show_json(w, p);
    else
        show_text(w, p);
    return buf_err(&w->out);
}

/* The officers' declarations that go with a word that destroys. What is wrong with them is said here already, as every
 * party will see it. */
static enum err read_declared(struct work *w, const struct epoch_plan *p, struct epoch_word *out)
{
    const struct opts_list *files = &w->o->declared;
    const struct trust_reading r = {.trust = p->trust, .at_s = w->now_s, .arena = w->arena};
    struct bytes *v = arena_array(w->arena, files->count, sizeof *v);
    enum err e = v == NULL ? ERR_NOMEM : ERR_OK;
    *out = (struct epoch_word){.declared = v, .declared_count = 0};
    if (p->change.state != EPOCH_DESTROYED)
        return e;
    for (size_t i = 0; e == ERR_OK && i < files->count; i++)
        e = work_read(w, files->v[i], DECLARED_MAX_BYTES, &v[out->declared_count++]);
    return e == ERR_OK ? trust_check_declared(&r, &p->next, out, &w->why) : e;
}

static enum err sign(struct work *w, const struct epoch_plan *p, struct epoch_word *word, struct buf *wire)
{
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct cert *own CLEANUP(cleanup_cert_free) = NULL;
    struct buf doc CLEANUP(buf_free) = buf_new(EPOCH_STATES_MAX_BYTES);
    enum err e = work_load_signer(w, "signing", CERT_SIGNING, &key, &own);
    if (e == ERR_OK)
        e = epoch_states_encode(&p->next, &doc, &w->why);
    if (e != ERR_OK)
        return e;
    struct signature sig;
    e = sign_document(SIGN_EPOCH_STATES, key, buf_bytes(&doc), &sig);
    if (e != ERR_OK)
        return e;
    word->said = (struct signed_doc){buf_bytes(&doc), signature_bytes(&sig), *cert_fingerprint(own)};
    return epoch_word_encode(word, wire);
}

enum err epoch_plan_issue(struct work *w, const struct epoch_plan *p)
{
    struct buf wire CLEANUP(buf_free) = buf_new(EPOCH_WORD_MAX_BYTES);
    struct epoch_word word;
    enum err e = read_declared(w, p, &word);
    if (e != ERR_OK || w->o->dry_run)
        return e;
    e = sign(w, p, &word, &wire);
    if (e == ERR_OK)
        e = epoch_book_keep(w, &p->next, buf_bytes(&wire));
    if (e != ERR_OK)
        return e;
    buf_printf(&w->out,
               w->o->json ? ",\"file\":\"%s/states/%s-%llu.states\""
                          : "signed: %s/states/%s-%llu.states\nnext: put it into policy.states of the "
                            "broker and reload the broker (SIGHUP); agents fetch it from there.\n",
               w->o->dir, p->book.purpose.s, (unsigned long long)p->next.serial);
    return buf_err(&w->out);
}
