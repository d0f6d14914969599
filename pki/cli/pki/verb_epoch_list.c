/* epoch list: the epochs of each purpose as this folder knows them, their age, and whether their key is
 * here. epoch resign: the custodian's statements and words again, under its present certificate. */
#include <stdio.h>

#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/epoch_book.h"
#include "pki/cli/pki/verbs.h"
#include "pki/digest.h"
#include "proto/base/when.h"
#include "proto/msg/epoch_word.h"

#define DAY_S 86400

static bool has_key(struct work *w, const char *what, const struct name *purpose, uint32_t epoch)
{
    char name[WORK_PATH_MAX];
    char path[WORK_PATH_MAX];
    const int n = snprintf(name, sizeof name, "keys/%s-%s-%u", what, purpose->s, (unsigned)epoch);
    return n > 0 && (size_t)n < sizeof name && work_path(w, path, name, ".key") == ERR_OK &&
           file_exists(path);
}

/* Those to whom the statement dealt its key. */
static void list_holders(struct work *w, const struct deal *d)
{
    const size_t n = d == NULL ? 0 : d->participant_count;
    buf_put_str(&w->out, w->o->json ? ",\"dealt_to\":[" : n > 0 ? "    dealt to " : "");
    for (size_t i = 0; i < n; i++)
        buf_printf(&w->out, w->o->json ? "%s\"%s\"" : "%s%s", i == 0 ? "" : w->o->json ? "," : ", ",
                   d->participants[i].id.oin);
    buf_put_str(&w->out, w->o->json ? "]" : n > 0 ? "\n" : "");
}

static void list_epoch(struct work *w, const struct epoch_book *b, uint32_t epoch, bool is_first)
{
    char dealt[WHEN_TEXT_SIZE] = "";
    char since[WHEN_TEXT_SIZE] = "";
    const struct deal *d = epoch_book_deal(b, epoch);
    const struct epoch_entry *entry = epoch_states_of(&b->last, epoch);
    const enum epoch_state state = entry == NULL ? EPOCH_DEALT : entry->state;
    const bool is_here = has_key(w, "purpose", &b->purpose, epoch) || has_key(w, "half", &b->purpose, epoch);
    const long long days = d == NULL ? 0 : (long long)((w->now_s - d->issued_at) / DAY_S);
    if (d != NULL)
        when_text(d->issued_at, dealt);
    if (entry != NULL)
        when_text(entry->since_s, since);
    if (w->o->json)
        buf_printf(&w->out,
                   "%s{\"epoch\":%u,\"state\":\"%s\",\"since\":\"%s\",\"dealt\":\"%s\",\"days\":%lld,"
                   "\"key_here\":%s",
                   is_first ? "" : ",", (unsigned)epoch, epoch_state_id(state), since, dealt, days,
                   is_here ? "true" : "false");
    else
        buf_printf(&w->out, "  epoch %u  %-11s since %s  dealt %s (%lld days)  key %s\n",
                   (unsigned)epoch, epoch_state_id(state), since, dealt, days,
                   is_here ? "here" : "not here");
    list_holders(w, d);
    buf_put_str(&w->out, w->o->json ? "}" : "");
}

/* Spoken of, or dealt since. */
static void list_epochs(struct work *w, const struct epoch_book *b)
{
    bool is_first = true;
    for (size_t i = 0; i < b->last.epoch_count; i++, is_first = false)
        list_epoch(w, b, b->last.epochs[i].epoch, is_first);
    for (size_t i = 0; i < b->deal_count; i++) {
        if (epoch_states_of(&b->last, b->deals[i].epoch) != NULL)
            continue;
        list_epoch(w, b, b->deals[i].epoch, is_first);
        is_first = false;
    }
}

static enum err list_purpose(struct work *w, const struct name *purpose, bool is_first)
{
    struct epoch_book b;
    enum err e = epoch_book_read(w, purpose, &b);
    if (e != ERR_OK)
        return e;
    buf_printf(&w->out,
               w->o->json ? "%s{\"purpose\":\"%s\",\"serial\":%llu,\"epochs\":["
                          : "%spurpose %s, word %llu of its custodian here (0: none, the lowest dealt "
                            "epoch is active)\n",
               w->o->json && !is_first ? "," : "", purpose->s, (unsigned long long)b.last.serial);
    list_epochs(w, &b);
    buf_put_str(&w->out, w->o->json ? "]}" : "");
    return buf_err(&w->out);
}

enum err verb_epoch_list(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {NULL, NULL}};
    struct name_list purposes = {NULL, 0};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = epoch_book_purposes(w, &purposes);
    buf_put_str(&w->out, w->o->json ? "[" : "");
    for (size_t i = 0; e == ERR_OK && i < purposes.count; i++)
        e = list_purpose(w, &purposes.v[i], i == 0);
    buf_put_str(&w->out, w->o->json ? "]\n" : "");
    return e == ERR_OK ? buf_err(&w->out) : e;
}

/* ---- resign ---- */

struct resigning {
    struct work *w;
    const char *folder;
    const char *suffix;
    struct trust_signer signer;
    const struct agency_id *own;
    size_t count;
};

/* Whose word it is, by the document; only the custodian's own is signed again. */
static enum err custodian_of(struct work *w, const struct resigning *r, struct bytes document,
                             struct agency_id *out)
{
    struct deal d;
    struct epoch_states s;
    enum err e = r->signer.kind == SIGN_EPOCH ? deal_decode(document, w->arena, &d, &w->why)
                                              : epoch_states_decode(document, w->arena, &s, &w->why);
    if (e == ERR_OK)
        *out = r->signer.kind == SIGN_EPOCH ? d.custodian : s.custodian;
    return e;
}

/* Whether s destroyed an epoch by this signed declaration. */
static enum err rests_on(struct work *w, const struct epoch_states *s, struct bytes wire, bool *out)
{
    struct signed_doc doc;
    struct digest d;
    *out = false;
    enum err e = signed_doc_decode(wire, DESTRUCTION_MAX_BYTES, w->arena, &doc, &w->why);
    if (e == ERR_OK)
        e = digest_sha256(&doc.document, 1, &d);
    for (size_t i = 0; e == ERR_OK && i < s->epoch_count; i++)
        *out |= s->epochs[i].since_s == s->issued_at && digest_equal(&s->epochs[i].declaration, &d);
    return e;
}

/* With --declared, a word that destroyed an epoch by that declaration gets the signatures of these officers instead of those
 * that it has: of officers who have left, they count no more. */
static enum err declare_again(struct work *w, const struct resigning *r, struct epoch_word *word)
{
    const struct opts_list *files = &w->o->declared;
    struct bytes *v = arena_array(w->arena, files->count, sizeof *v);
    struct epoch_states s;
    size_t n = 0;
    if (r->signer.kind == SIGN_EPOCH || files->count == 0)
        return ERR_OK;
    enum err e = v == NULL ? ERR_NOMEM : epoch_states_decode(word->said.document, w->arena, &s, &w->why);
    for (size_t i = 0; e == ERR_OK && i < files->count; i++) {
        bool counts = false;
        e = work_read(w, files->v[i], DECLARED_MAX_BYTES, &v[n]);
        if (e == ERR_OK)
            e = rests_on(w, &s, v[n], &counts);
        n += counts;
    }
    if (e == ERR_OK && n > 0) {
        word->declared = v;
        word->declared_count = n;
    }
    return e;
}

static enum err sign_word(const struct resigning *r, struct epoch_word *word, struct buf *out)
{
    struct signature sig;
    enum err e = sign_document(r->signer.kind, r->signer.key, word->said.document, &sig);
    if (e != ERR_OK)
        return e;
    word->said.signature = signature_bytes(&sig);
    word->said.signer = r->signer.fingerprint;
    return epoch_word_encode(word, out);
}

static enum err sign_again(void *arg, const char *name)
{
    struct resigning *r = arg;
    struct work *w = r->w;
    char path[WORK_PATH_MAX];
    struct bytes wire = {NULL, 0};
    struct epoch_word word = {.declared_count = 0};
    struct agency_id custodian;
    struct buf again CLEANUP(buf_free) = buf_new(EPOCH_WORD_MAX_BYTES);
    const size_t n = strlen(name);
    const size_t m = strlen(r->suffix);
    if (n <= m || name[0] == '.' || strcmp(name + n - m, r->suffix) != 0)
        return ERR_OK;
    snprintf(path, sizeof path, "%s/%s", r->folder, name);
    enum err e = work_read_in(w, path, EPOCH_WORD_MAX_BYTES, &wire);
    if (e == ERR_OK)
        e = r->signer.kind == SIGN_EPOCH ? signed_doc_decode(wire, DEAL_MAX_BYTES, w->arena, &word.said, &w->why)
                                         : epoch_word_decode(wire, w->arena, &word, &w->why);
    if (e == ERR_OK)
        e = custodian_of(w, r, word.said.document, &custodian);
    if (e != ERR_OK || !agency_id_equal(&custodian, r->own))
        return e == ERR_OK ? e : errmsg_wrap(&w->why, e, "%s/%s", w->o->dir, path);
    e = declare_again(w, r, &word);
    if (e == ERR_OK)
        e = sign_word(r, &word, &again);
    if (e == ERR_OK && !w->o->dry_run)
        e = work_write_in(w, path, buf_bytes(&again), 0644);
    buf_printf(&w->out, w->o->json ? "%s\"%s/%s\"" : "%ssigned again: %s/%s\n",
               w->o->json && r->count > 0 ? "," : "", w->o->dir, path);
    r->count++;
    return e;
}

static enum err sign_folder(struct work *w, struct resigning *r)
{
    char path[WORK_PATH_MAX];
    enum err e = work_path(w, path, r->folder, "");
    return e == ERR_OK && file_exists(path) ? file_list(path, sign_again, r) : e;
}

enum err verb_epoch_resign(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {NULL, NULL}};
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct cert *own CLEANUP(cleanup_cert_free) = NULL;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = work_load_signer(w, "signing", CERT_SIGNING, &key, &own);
    if (e != ERR_OK)
        return e;
    struct resigning r = {.w = w,
                          .folder = "deals",
                          .suffix = ".deal",
                          .signer = {SIGN_EPOCH, key, *cert_fingerprint(own)},
                          .own = cert_oin(own)};
    buf_put_str(&w->out, w->o->json ? "[" : "");
    e = sign_folder(w, &r);
    r.folder = "states";
    r.suffix = ".states";
    r.signer.kind = SIGN_EPOCH_STATES;
    if (e == ERR_OK)
        e = sign_folder(w, &r);
    buf_put_str(&w->out, w->o->json ? "]\n" : "");
    return e == ERR_OK ? buf_err(&w->out) : e;
}
