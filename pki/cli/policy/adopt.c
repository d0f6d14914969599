/* adopt: a mandated officer of a holder puts rules of this policy into force for that holder, or
 * takes them out of force. */
#include <stdlib.h>
#include <sysexits.h>

#include "pki/cli/policy/signer.h"
#include "pki/digest.h"
#include "pki/trust_docs.h"
#include "proto/host/file.h"
#include "proto/msg/adoption.h"
#include "proto/msg/signed.h"

static int name_order(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->s, ((const struct name *)b)->s);
}

/* The rules that --rule names; without it, every rule under which the holder is one. */
static enum err choose_rules(const struct cli *c, const struct party *holder, struct name *list,
                             size_t *count)
{
    const struct policy *p = c->policy;
    size_t n = 0;
    for (uint32_t i = 0; i < p->rules_count; i++) {
        const struct rule *r = &p->rules[i];
        bool wanted = c->options->rules_count == 0;
        for (size_t k = 0; k < c->options->rules_count; k++)
            wanted = wanted || strcmp(c->options->rules[k], r->id.s) == 0;
        if (!wanted || !selectors_match(r->holders, r->holders_count, holder))
            continue;
        if (n == ADOPTION_MAX_RULES)
            return ERR_TOO_LARGE;
        list[n++] = r->id;
    }
    if (n == 0 || (c->options->rules_count != 0 && n != c->options->rules_count))
        return ERR_NOT_FOUND;
    qsort(list, n, sizeof *list, name_order);
    *count = n;
    return ERR_OK;
}

static enum err make_document(struct cli *c, const struct cert *cert, struct name *rules,
                              struct buf *out, struct errmsg *why)
{
    struct adoption_doc d = {.deployment = c->policy->deployment,
                             .holder = *cert_oin(cert),
                             .state = c->options->withdraw ? ADOPTION_STATE_WITHDRAWN
                                                           : ADOPTION_STATE_ADOPTED,
                             .serial = c->options->serial,
                             .signed_at = c->now_s};
    const struct party *holder = policy_party(c->policy, cert_oin(cert));
    if (holder == NULL)
        return errmsg_set(why, ERR_MISMATCH, "%s is no party of this policy", cert_oin(cert)->oin);
    enum err e = name_parse(bytes_str(cert_name(cert)), &d.staff);
    if (e != ERR_OK)
        return errmsg_set(why, e, "the certificate names no staff id");
    size_t count = 0;
    e = choose_rules(c, holder, rules, &count);
    if (e != ERR_OK)
        return errmsg_set(why, ERR_MISMATCH, "%s is no holder under (all of) these rules",
                          holder->oin.oin);
    d.rules = (struct name_list){rules, count};
    struct bytes text = buf_bytes(&c->text);
    if ((e = digest_sha256(&text, 1, &d.policy)) != ERR_OK)
        return e;
    return adoption_encode(&d, out, why);
}

/* The parts of the adoption in files of their own, for whoever has stock tools only: what the
 * signature covers, and the signature, which is the one that parties verify. */
static enum err write_evidence(const char *path, struct bytes wire, struct errmsg *why)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)4 * ADOPTION_MAX_BYTES);
    CLEANUP(buf_free) struct buf name = buf_new(4096);
    CLEANUP(buf_free) struct buf content = buf_new((size_t)2 * ADOPTION_MAX_BYTES);
    struct signed_doc doc;
    buf_printf(&name, "%s.p7s", path);
    enum err e = a == NULL ? ERR_NOMEM : buf_err(&name);
    if (e == ERR_OK)
        e = signed_doc_decode(wire, ADOPTION_MAX_BYTES, a, &doc, why);
    if (e == ERR_OK)
        e = trust_put_adoption_content(doc.document, &content);
    if (e == ERR_OK)
        e = file_create(path, buf_bytes(&content), 0644, why);
    return e == ERR_OK ? file_create(buf_text(&name), doc.signature, 0644, why) : e;
}

static enum err adopt(struct cli *c, struct name *rules, struct buf *document, struct errmsg *why)
{
    CLEANUP(cleanup_cert_free) struct cert *cert = NULL;
    CLEANUP(cleanup_key_free) struct key *key = NULL;
    enum err e = signer_read_cert(c->options->certificates[0], CERT_OFFICER, &cert, why);
    if (e == ERR_OK)
        e = make_document(c, cert, rules, document, why);
    if (e == ERR_OK)
        e = signer_open_key(c->options, &key, why);
    if (e != ERR_OK)
        return e;
    if (!key_same_public(key, cert_key(cert)))
        return errmsg_set(why, ERR_MISMATCH, "the key does not belong to the certificate");
    struct buf wire = buf_new((size_t)2 * ADOPTION_MAX_BYTES);
    e = trust_sign_adoption(key, cert, buf_bytes(document), &wire);
    if (e != ERR_OK)
        (void)errmsg_set(why, e, "cannot sign: %s", err_text(e));
    if (e == ERR_OK && c->options->evidence != NULL)
        e = write_evidence(c->options->evidence, buf_bytes(&wire), why);
    if (e == ERR_OK)
        e = file_create(c->options->output, buf_bytes(&wire), 0644, why);
    buf_free(&wire);
    return e;
}

int verb_adopt(struct cli *c)
{
    const struct options *o = c->options;
    struct errmsg why = {.text = ""};
    if (o->certificates_count != 1 || o->output == NULL || o->key == NULL || o->serial == 0)
        return cli_complain(EX_USAGE, "adopt wants --key, one --certificate, --serial and --output",
                            "");
    struct buf document = buf_new(ADOPTION_MAX_BYTES);
    struct name *rules = calloc(ADOPTION_MAX_RULES, sizeof *rules);
    enum err e = rules != NULL ? adopt(c, rules, &document, &why) : ERR_NOMEM;
    free(rules);
    buf_free(&document);
    if (e != ERR_OK)
        return cli_fail(e, &why);
    if (o->json)
        buf_printf(&c->out, "{\"adopted\":%s}\n", o->withdraw ? "false" : "true");
    else
        buf_printf(&c->out, "%s: %s\n", o->withdraw ? "withdrawn" : "adopted", o->output);
    return EX_OK;
}
