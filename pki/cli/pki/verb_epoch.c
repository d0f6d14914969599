/* epoch new: the custodian of a purpose by the policy makes a key and deals it to the participants by the policy,
 * on the confirmation of two officers. epoch accept: a participant opens its part.
 * epoch half: the broker checks the statement and makes its own half.
 *
 * OUT/statement.signed   the custodian's statement, for everyone and for the broker
 * OUT/OIN.cms            the key sealed to one participant */
#include "pki/agency_half.h"
#include "pki/broker_half.h"
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/epoch_policy.h"
#include "pki/cli/pki/renewing.h"
#include "pki/cli/pki/two_officers.h"
#include "pki/cli/pki/verbs.h"
#include "pki/dealt.h"
#include "proto/base/text.h"

#include <stdio.h>

#define STATEMENT_MAX (DEAL_MAX_BYTES + 1024)
#define DEALT_MAX ((size_t)512 << 10)

struct epoch {
    struct trust *trust;
    struct epoch_policy policy;
    struct name purpose;
    uint32_t number;
    struct deal deal;
    struct bytes statement; /* the document inside the signed statement */
    struct bytes wire;      /* that one, as it was read and verified */
};

static void free_epoch(struct epoch *p)
{
    trust_free(p->trust);
    epoch_policy_free(&p->policy);
}

static enum err read_norms(struct work *w, struct deal *d)
{
    for (size_t i = 0; i < w->o->norms.count; i++) {
        const char *text = w->o->norms.v[i];
        const char *eq = strchr(text, '=');
        enum ident_type type = IDENT_NONE;
        uint64_t version = 0;
        if (eq == NULL || ident_type_parse(bytes_of(text, (size_t)(eq - text)), &type) != ERR_OK ||
            text_get_u64(bytes_str(eq + 1), UINT32_MAX, &version) != ERR_OK || version == 0)
            return errmsg_set(&w->why, ERR_CONFIG, "--norm %s: must be TYPE=VERSION", text);
        d->norms[type] = (uint32_t)version;
    }
    return ERR_OK;
}

static enum err kcv_of(const struct secret *k, const struct epoch *p, struct kcv *out)
{
    struct agency_half *half CLEANUP(cleanup_agency_half_free) = NULL;
    enum err e = agency_half_new(k, &p->purpose, p->number, &half);
    return e != ERR_OK ? e : agency_half_kcv(half, SUITE_HK1, out);
}

/* The statement's document, and its signed form in OUT. */
static enum err state(struct work *w, struct epoch *p, const struct key *key,
                      const struct cert *own)
{
    char path[WORK_PATH_MAX];
    struct buf doc CLEANUP(buf_free) = buf_new(DEAL_MAX_BYTES);
    struct buf wire CLEANUP(buf_free) = buf_new(STATEMENT_MAX);
    struct trust_signer s = {SIGN_EPOCH, key, *cert_fingerprint(own)};
    enum err e = deal_encode(&p->deal, &doc, &w->why);
    if (e == ERR_OK)
        e = trust_sign(&s, buf_bytes(&doc), &wire);
    if (e != ERR_OK)
        return e;
    p->statement = arena_copy(w->arena, buf_bytes(&doc));
    snprintf(path, sizeof path, "%s/statement.signed", w->o->out);
    return p->statement.ptr == NULL ? ERR_NOMEM
                                    : file_create(path, buf_bytes(&wire), 0644, &w->why);
}

struct dealing {
    const struct key *key;
    const struct cert *own;
    const struct secret *k;
};

static enum err deal_one(struct work *w, const struct epoch *p, const struct dealing *d,
                         const struct agency_id *to)
{
    char path[WORK_PATH_MAX];
    const struct cert *sealing = NULL;
    struct trust_query q = {*to, CERT_SEALING, w->now_s};
    struct buf out CLEANUP(buf_free) = buf_new(DEALT_MAX);
    enum err e = trust_member_cert(p->trust, &q, &sealing, &w->why);
    struct seal_params s = {d->key, d->own, &sealing, 1, 0};
    if (e == ERR_OK)
        e = dealt_seal(&s, p->statement, d->k, &out);
    snprintf(path, sizeof path, "%s/%s.cms", w->o->out, to->oin);
    return e != ERR_OK ? e : file_write(path, buf_bytes(&out), 0644, &w->why);
}

static enum err show_list(struct work *w, const struct epoch *p)
{
    if (w->o->json)
        buf_printf(&w->out, "{\"purpose\":\"%s\",\"epoch\":%u,", p->purpose.s, (unsigned)p->number);
    else
        buf_printf(&w->out, "purpose %s, epoch %u\n", p->purpose.s, (unsigned)p->number);
    if (!w->o->dry_run) {
        buf_put_str(&w->out, w->o->json ? "\"kcv\":\"" : "check value ");
        text_put_hex(&w->out, BYTES_OF_ARRAY(p->deal.kcv.b));
        buf_put_str(&w->out, w->o->json ? "\"," : "\n");
    } else {
        buf_put_str(&w->out, w->o->json ? "\"dry_run\":true," : "dry run: no key is made; two officers confirm this list\n");
    }
    enum err e = epoch_policy_show_list(w, &p->deal);
    buf_put_str(&w->out, w->o->json ? "}\n" : "");
    return e == ERR_OK ? buf_err(&w->out) : e;
}

/* Roster, purpose and epoch from the options. */
static enum err begin(struct work *w, struct epoch *p)
{
    const struct work_need needs[] = {{"roster", w->o->roster}, {NULL, NULL}};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = draft_trust(w, w->o->roster, &p->trust);
    return e != ERR_OK ? e : trust_check_time(p->trust, w->now_s, &w->why);
}

static enum err prepare_deal(struct work *w, struct epoch *p, const struct cert *own,
                             const struct secret *k)
{
    p->number = (uint32_t)w->o->epoch;
    p->deal = (struct deal){.deployment = trust_roster(p->trust)->deployment,
                            .epoch = p->number,
                            .suite = SUITE_HK1,
                            .custodian = *cert_oin(own),
                            .issued_at = w->now_s};
    enum err e = work_name(w, "purpose", w->o->purposes.v[0], &p->purpose);
    p->deal.purpose = p->purpose;
    if (e == ERR_OK)
        e = read_norms(w, &p->deal);
    if (e == ERR_OK)
        e = epoch_policy_read(w, &p->deal.deployment, &p->purpose, &p->policy);
    if (e == ERR_OK)
        e = epoch_policy_is_custodian(w, &p->policy, &p->deal.custodian);
    if (e == ERR_OK)
        e = epoch_policy_list(w, &p->policy, p->trust, &p->deal);
    return e != ERR_OK ? e : kcv_of(k, p, &p->deal.kcv);
}

/* Two persons, officers of participants, each confirmed this very list. */
static enum err check_confirmed(struct work *w, const struct epoch *p)
{
    const struct two_officers what = {SIGN_PARTICIPANTS, DEAL_MAX_BYTES, "confirmed", &w->o->confirmed,
                                      "epoch confirm"};
    struct officer_signed two[2];
    struct buf list CLEANUP(buf_free) = buf_new(DEAL_MAX_BYTES);
    enum err e = two_officers_read(w, p->trust, &what, two);
    if (e == ERR_OK)
        e = epoch_policy_put_list(&p->deal, &list);
    if (e == ERR_OK && !bytes_equal(two[0].document, buf_bytes(&list)))
        e = errmsg_set(&w->why, ERR_MISMATCH,
                       "--confirmed: the officers confirmed another list than roster and policy give now; "
                       "compare with 'epoch new --dry-run', and confirm again");
    for (size_t i = 0; e == ERR_OK && i < 2; i++)
        if (deal_participant_of(&p->deal, &two[i].by->agency) == NULL)
            e = errmsg_set(&w->why, ERR_PERMISSION, "--confirmed: %s is an officer of no participant",
                           two[i].by->staff.s);
    return e;
}

/* Two keys under one number would part the participants. */
static enum err check_is_new(struct work *w, const struct epoch *p)
{
    char path[WORK_PATH_MAX];
    char name[2 * NAME_MAX_BYTES];
    snprintf(name, sizeof name, "deals/%s-%u", p->purpose.s, p->number);
    const enum err e = work_path(w, path, name, ".deal");
    if (e != ERR_OK || !file_exists(path))
        return e;
    return errmsg_set(&w->why, ERR_EXISTS, "%s: epoch %u was dealt already; take the next number", path,
                      p->number);
}

/* Before anything is written: each participant can receive. */
static enum err check_receivers(struct work *w, const struct epoch *p)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < p->deal.participant_count; i++) {
        const struct cert *sealing = NULL;
        const struct trust_query q = {p->deal.participants[i].id, CERT_SEALING, w->now_s};
        e = trust_member_cert(p->trust, &q, &sealing, &w->why);
    }
    return e;
}

static enum err write_deal(struct work *w, struct epoch *p, const struct dealing *d)
{
    enum err e = check_confirmed(w, p);
    if (e == ERR_OK)
        e = file_make_dir(w->o->out, &w->why);
    if (e == ERR_OK)
        e = state(w, p, d->key, d->own);
    for (size_t i = 0; e == ERR_OK && i < p->deal.participant_count; i++)
        e = deal_one(w, p, d, &p->deal.participants[i].id);
    return e;
}

enum err verb_epoch_new(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir},
                                      {"purpose", w->o->purposes.v[0]},
                                      {"norm", w->o->norms.v[0]},
                                      {"policy", w->o->policy},
                                      {"out", w->o->dry_run ? "" : w->o->out},
                                      {NULL, NULL}};
    struct epoch p CLEANUP(free_epoch) = {.trust = NULL};
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct cert *own CLEANUP(cleanup_cert_free) = NULL;
    struct secret *k CLEANUP(cleanup_secret_free) = secret_random(AGENCY_HALF_KEY_BYTES);
    enum err e = k == NULL ? ERR_NOMEM : work_needs(w, needs);
    if (e == ERR_OK)
        e = begin(w, &p);
    if (e == ERR_OK)
        e = w->o->dry_run ? work_load_cert(w, "signing", CERT_SIGNING, &own)
                          : work_load_signer(w, "signing", CERT_SIGNING, &key, &own);
    if (e == ERR_OK)
        e = prepare_deal(w, &p, own, k);
    if (e == ERR_OK)
        e = check_is_new(w, &p);
    if (e == ERR_OK)
        e = check_receivers(w, &p);
    const struct dealing d = {key, own, k};
    if (e == ERR_OK && !w->o->dry_run)
        e = write_deal(w, &p, &d);
    return e != ERR_OK ? e : show_list(w, &p);
}

/* The statement in --statement, verified by the roster and held against the policy. */
static enum err read_statement(struct work *w, struct epoch *p)
{
    const struct work_need needs[] = {
        {"dir", w->o->dir}, {"statement", w->o->statement}, {NULL, NULL}};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = begin(w, p);
    if (e == ERR_OK)
        e = work_read(w, w->o->statement, STATEMENT_MAX, &p->wire);
    struct trust_reading r = {.trust = p->trust, .at_s = w->now_s, .arena = w->arena};
    if (e == ERR_OK)
        e = trust_read_deal(&r, p->wire, &p->deal, &p->statement, &w->why);
    if (e != ERR_OK)
        return errmsg_wrap(&w->why, e, "%s", w->o->statement);
    p->purpose = p->deal.purpose;
    p->number = p->deal.epoch;
    e = epoch_policy_read(w, &p->deal.deployment, &p->purpose, &p->policy);
    if (e != ERR_OK)
        return e;
    e = epoch_policy_check(w, &p->policy, p->trust, &p->deal);
    return e == ERR_OK ? e : errmsg_wrap(&w->why, e, "%s", w->o->statement);
}

/* Keeps the statement as DIR/deals/PURPOSE-EPOCH.deal. */
static enum err keep_statement(struct work *w, const struct epoch *p)
{
    char path[WORK_PATH_MAX];
    char name[2 * NAME_MAX_BYTES];
    enum err e = work_path(w, path, "deals", "");
    if (e == ERR_OK)
        e = file_make_dir(path, &w->why);
    snprintf(name, sizeof name, "deals/%s-%u.deal", p->purpose.s, p->number);
    return e != ERR_OK ? e : work_write_in(w, name, p->wire, 0644);
}

/* The key comes last: a command that was killed before is given again, one that was killed after is done. */
static enum err save_epoch_key(struct work *w, const struct epoch *p, enum keyfile_kind kind,
                               const struct secret *s)
{
    char id[WORK_PATH_MAX];
    char path[WORK_PATH_MAX];
    snprintf(id, sizeof id, "%s-%s-%u", kind == KEYFILE_PURPOSE ? "purpose" : "half",
             p->purpose.s, p->number);
    const struct work_key k = {id, kind, p->purpose.s, p->number};
    enum err e = work_key_path(w, id, path);
    if (e == ERR_OK && file_exists(path))
        return errmsg_set(&w->why, ERR_EXISTS, "%s: exists", path);
    if (e == ERR_OK)
        e = keep_statement(w, p);
    return e != ERR_OK ? e : work_save_secret(w, &k, s);
}

/* The key that the statement says it was dealt to: of now, or one that was renewed since. */
static enum err load_sealing(struct work *w, const struct epoch *p, struct key **key,
                             struct cert **out)
{
    struct cert *own CLEANUP(cleanup_cert_free) = NULL;
    char id[RENEWING_ID_MAX] = "sealing";
    enum err e = work_load_cert(w, "sealing", CERT_SEALING, &own);
    for (size_t i = 0; e == ERR_OK && i < p->deal.participant_count; i++) {
        const struct deal_participant *of = &p->deal.participants[i];
        const struct trust_sealed_at at = {p->deal.issued_at, w->now_s};
        if (!agency_id_equal(&of->id, cert_oin(own)) ||
            digest_equal(&of->sealing, cert_fingerprint(own)))
            continue;
        const struct cert *former = trust_sealing_cert(p->trust, &of->id, &of->sealing, &at);
        if (former == NULL)
            return errmsg_set(&w->why, ERR_MISMATCH, "dealt to a sealing certificate that counts no more");
        renewing_former(&of->sealing, id);
        cert_free(take(own));
        e = cert_parse(cert_der(former), CERT_SEALING, &own, &w->why);
        break;
    }
    if (e == ERR_OK)
        e = work_load_key(w, id, KEY_TYPE_P256, key);
    if (e == ERR_OK)
        *out = take(own);
    return e;
}

/* Signed by the custodian, with the certificate of now or one that counted when it was stated. */
static enum err open_envelope(struct work *w, const struct epoch *p, struct buf *inside,
                              struct secret **out)
{
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct cert *own CLEANUP(cleanup_cert_free) = NULL;
    struct bytes sealed = {NULL, 0};
    struct trust_proof by;
    enum err e = load_sealing(w, p, &key, &own);
    if (e == ERR_OK)
        e = work_read(w, w->o->sealed, DEALT_MAX, &sealed);
    if (e != ERR_OK)
        return e;
    e = errmsg_set(&w->why, ERR_SIGNATURE, "%s: not signed by the custodian", w->o->sealed);
    for (size_t i = 0; e == ERR_SIGNATURE; i++) {
        const struct cert *custodian = trust_signing_cert_at(p->trust, &p->deal.custodian, i, &by);
        const struct seal_open_params s = {key, own, custodian};
        if (custodian == NULL)
            return e;
        if (trust_proof_counts(&by, p->deal.issued_at))
            e = dealt_open(&s, sealed, inside, out, &w->why);
    }
    return e;
}

/* Opens the envelope and holds what is inside against the statement. */
static enum err open_dealt(struct work *w, const struct epoch *p, struct secret **out)
{
    struct buf inside CLEANUP(buf_free) = buf_new(DEAL_MAX_BYTES);
    struct kcv kcv;
    enum err e = open_envelope(w, p, &inside, out);
    if (e == ERR_OK && !bytes_equal(buf_bytes(&inside), p->statement))
        e = errmsg_set(&w->why, ERR_MISMATCH, "the statement inside the envelope is another one");
    if (e == ERR_OK)
        e = kcv_of(*out, p, &kcv);
    if (e == ERR_OK && !bytes_equal(BYTES_OF_ARRAY(kcv.b), BYTES_OF_ARRAY(p->deal.kcv.b)))
        e = errmsg_set(&w->why, ERR_MISMATCH, "the key has another check value than was stated");
    return e;
}

enum err verb_epoch_accept(struct work *w)
{
    const struct work_need needs[] = {{"sealed", w->o->sealed}, {NULL, NULL}};
    struct epoch p CLEANUP(free_epoch) = {.trust = NULL};
    struct secret *k CLEANUP(cleanup_secret_free) = NULL;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = read_statement(w, &p);
    if (e == ERR_OK)
        e = open_dealt(w, &p, &k);
    if (e == ERR_OK)
        e = save_epoch_key(w, &p, KEYFILE_PURPOSE, k);
    return e != ERR_OK ? e : show_list(w, &p);
}

enum err verb_epoch_half(struct work *w)
{
    struct epoch p CLEANUP(free_epoch) = {.trust = NULL};
    struct secret *b CLEANUP(cleanup_secret_free) = secret_random(BROKER_HALF_KEY_BYTES);
    enum err e = b == NULL ? ERR_NOMEM : read_statement(w, &p);
    if (e == ERR_OK)
        e = save_epoch_key(w, &p, KEYFILE_BROKER_HALF, b);
    return e != ERR_OK ? e : show_list(w, &p);
}
