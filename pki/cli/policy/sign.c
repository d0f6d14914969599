/* sign: a detached CMS signature beside the policy. verify: whether owner and jurist both signed.
 */
#include <sysexits.h>

#include "pki/cli/policy/signer.h"
#include "pki/cms_detached.h"
#include "proto/host/file.h"
#include "proto/json/json_writer.h"
#include "proto/policy/findings.h"

/* The policy's entry of who signs with this certificate, or NULL. */
static const struct policy_signer *entry_of(const struct policy *p, const struct cert *cert)
{
    for (uint32_t i = 0; i < p->signers_count; i++) {
        if (strcmp(p->signers[i].id.s, cert_name(cert)) == 0)
            return &p->signers[i];
    }
    return NULL;
}

static void count_error(void *ctx, const struct finding *f)
{
    unsigned *errors = ctx;
    *errors += f->severity == SEVERITY_ERROR ? 1 : 0;
}

/* Nobody signs what check finds wrong. */
static enum err refuse_errors(const struct cli *c, struct errmsg *why)
{
    unsigned errors = 0;
    enum err e = policy_findings(c->policy, c->now_s, count_error, &errors);
    if (e != ERR_OK)
        return errmsg_set(why, e, "cannot check: %s", err_text(e));
    if (errors > 0)
        return errmsg_set(why, ERR_INVALID, "'check' finds %u errors; nothing was signed", errors);
    return ERR_OK;
}

static enum err make_signature(struct cli *c, struct buf *der, struct errmsg *why)
{
    const struct options *o = c->options;
    CLEANUP(cleanup_cert_free) struct cert *cert = NULL;
    CLEANUP(cleanup_key_free) struct key *key = NULL;
    enum err e = signer_read_cert(o->certificates[0], CERT_PINNED, &cert, why);
    if (e != ERR_OK)
        return e;
    if (entry_of(c->policy, cert) == NULL)
        return errmsg_set(why, ERR_MISMATCH, "the policy names no signer '%s'", cert_name(cert));
    if ((e = refuse_errors(c, why)) != ERR_OK || (e = signer_open_key(o, &key, why)) != ERR_OK)
        return e;
    e = cms_detached_sign(buf_bytes(&c->text), key, cert, der);
    return e == ERR_OK ? ERR_OK : errmsg_set(why, e, "cannot sign: %s", err_text(e));
}

int verb_sign(struct cli *c)
{
    const struct options *o = c->options;
    struct errmsg why = {.text = ""};
    if (o->certificates_count != 1 || o->output == NULL || o->key == NULL)
        return cli_complain(EX_USAGE, "sign wants --key, one --certificate and --output", "");
    struct buf der = buf_new(CMS_DETACHED_MAX_BYTES);
    enum err e = make_signature(c, &der, &why);
    if (e == ERR_OK)
        e = file_create(o->output, buf_bytes(&der), 0644, &why);
    buf_free(&der);
    if (e != ERR_OK)
        return cli_fail(e, &why);
    if (o->json)
        buf_printf(&c->out, "{\"signed\":true}\n");
    else
        buf_printf(&c->out, "signed: %s\n", o->output);
    return EX_OK;
}

/* ---- verify ---- */

/* Who signed, as bits over the policy's list of signers. */
struct tally {
    struct cli *cli;
    struct cert *pins[CLI_LIST_MAX];
    uint64_t signed_by;
};

static const struct cert *pinned(const struct tally *t, const struct cert *signer)
{
    for (size_t i = 0; i < t->cli->options->certificates_count; i++) {
        if (key_same_public(cert_key(t->pins[i]), cert_key(signer)))
            return t->pins[i];
    }
    return NULL;
}

static enum err count_signature(struct tally *t, struct bytes der, struct errmsg *why)
{
    CLEANUP(cleanup_cert_free) struct cert *carried = NULL;
    enum err e = cms_detached_signer(der, CERT_PINNED, &carried, why);
    if (e != ERR_OK)
        return e;
    const struct cert *pin = pinned(t, carried);
    if (pin == NULL)
        return errmsg_set(why, ERR_CERT, "signed by '%s', whose certificate was not given",
                          cert_name(carried));
    if ((e = cms_detached_verify(buf_bytes(&t->cli->text), der, pin, why)) != ERR_OK ||
        (e = cert_check_time(pin, t->cli->now_s, why)) != ERR_OK)
        return e;
    const struct policy_signer *s = entry_of(t->cli->policy, pin);
    if (s == NULL || s - t->cli->policy->signers >= 64)
        return errmsg_set(why, ERR_MISMATCH, "the policy names no signer '%s'", cert_name(pin));
    t->signed_by |= 1ull << (s - t->cli->policy->signers);
    return ERR_OK;
}

static enum err read_all(struct tally *t, struct errmsg *why)
{
    const struct options *o = t->cli->options;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < o->certificates_count; i++)
        e = signer_read_cert(o->certificates[i], CERT_PINNED, &t->pins[i], why);
    for (size_t i = 0; e == ERR_OK && i < o->signatures_count; i++) {
        struct buf der = buf_new(CMS_DETACHED_MAX_BYTES);
        e = file_read(o->signatures[i], FILE_ANY, &der, why);
        if (e == ERR_OK) {
            e = count_signature(t, buf_bytes(&der), why);
            if (e != ERR_OK)
                errmsg_wrap(why, e, "%s", o->signatures[i]);
        }
        buf_free(&der);
    }
    return e;
}

/* Both functions; that their organisations differ holds for every file that loads. */
static bool is_complete(const struct tally *t)
{
    bool owner = false;
    bool jurist = false;
    for (uint32_t i = 0; i < t->cli->policy->signers_count && i < 64; i++) {
        if ((t->signed_by >> i & 1) == 0)
            continue;
        bool is_owner = strcmp(t->cli->policy->signers[i].function.s, "policy_owner") == 0;
        owner = owner || is_owner;
        jurist = jurist || !is_owner;
    }
    return owner && jurist;
}

static void put_tally(const struct tally *t, bool complete)
{
    struct cli *c = t->cli;
    struct json_writer w = json_writer_of(&c->out);
    if (c->options->json) {
        json_put_object(&w, NULL);
        json_put_bool(&w, "complete", complete);
        json_put_array(&w, "signed_by");
    }
    for (uint32_t i = 0; i < c->policy->signers_count && i < 64; i++) {
        const struct policy_signer *s = &c->policy->signers[i];
        if ((t->signed_by >> i & 1) == 0)
            continue;
        if (c->options->json)
            json_put_str(&w, NULL, s->id.s);
        else
            buf_printf(&c->out, "signed by %s (%s, %s)\n", s->id.s, s->function.s, s->organisation);
    }
    if (c->options->json) {
        json_put_end(&w);
        json_put_end(&w);
        buf_put_str(&c->out, "\n");
    } else {
        buf_put_str(&c->out, complete ? "complete: policy owner and jurist\n"
                                      : "not complete: policy owner and jurist must both sign\n");
    }
}

int verb_verify(struct cli *c)
{
    struct errmsg why = {.text = ""};
    struct tally t = {.cli = c};
    if (c->options->signatures_count == 0 || c->options->certificates_count == 0)
        return cli_complain(EX_USAGE,
                            "verify wants --signature and --certificate, one of each signer", "");
    enum err e = read_all(&t, &why);
    bool complete = e == ERR_OK && is_complete(&t);
    if (e == ERR_OK)
        put_tally(&t, complete);
    for (size_t i = 0; i < CLI_LIST_MAX; i++)
        cert_free(t.pins[i]);
    if (e != ERR_OK)
        return cli_fail(e, &why);
    return complete ? EX_OK : EX_DATAERR;
}
