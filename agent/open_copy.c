/* The verb `open_copy`: an auditor opens the key of a segment of the broker's copy of bodies with
 * the agency's own sealing key (decision 0413). The broker is not asked: it may be the one that is
 * lost. */
#include <sysexits.h>

#include "agent/core.h"
#include "agent/own_log.h"
#include "agent/own_key.h"
#include "pki/seal.h"
#include "proto/log/body_copy.h"

#define ENVELOPE_MAX_BYTES ((size_t)64 << 10)

struct opening {
    const struct agent *agent;
    struct bytes sealed;
    struct buf *out;
};

/* With one of our certificates and one of the broker's. */
static enum err open_with(const struct opening *o, struct bytes own, struct bytes signer)
{
    CLEANUP(cleanup_cert_free) struct cert *recipient = NULL;
    CLEANUP(cleanup_cert_free) struct cert *by = NULL;
    if (cert_parse(own, CERT_SEALING, &recipient, NULL) != ERR_OK ||
        cert_parse(signer, CERT_SIGNING, &by, NULL) != ERR_OK)
        return ERR_SIGNATURE; /* a certificate of another use */
    const struct key *key = agent_own_key(o->agent, recipient);
    const struct seal_open_params p = {key, recipient, by};
    return key == NULL ? ERR_SIGNATURE : seal_open(&p, o->sealed, o->out, NULL);
}

/* By whichever signing certificate of the broker, present or former. */
static enum err open_as(const struct opening *o, struct bytes own)
{
    const struct roster_member *broker = view_broker(o->agent->view);
    enum err bad = broker != NULL ? open_with(o, own, broker->signing.der) : ERR_NOT_FOUND;
    for (size_t i = 0; broker != NULL && bad != ERR_OK && i < broker->former.count; i++)
        bad = open_with(o, own, broker->former.v[i].cert.der);
    return bad;
}

/* For whichever sealing certificate of this agency. */
static enum err open_envelope(const struct opening *o)
{
    const struct roster_member *me =
        roster_member_of(view_roster(o->agent->view), &o->agent->config->oin);
    enum err bad = me != NULL ? open_as(o, me->sealing.der) : ERR_NOT_FOUND;
    for (size_t i = 0; me != NULL && bad != ERR_OK && i < me->former.count; i++)
        bad = open_as(o, me->former.v[i].cert.der);
    return bad;
}

/* It is a key of this deployment's log, or of one before it, and says of which segment. */
static enum err check(const struct agent *a, struct bytes plain, struct body_copy_content *out)
{
    const struct roster *r = view_roster(a->view);
    const enum err bad = body_copy_content_parse(plain, out);
    if (bad != ERR_OK)
        return bad;
    return bytes_is(out->deployment, a->config->deployment.s) &&
                   (bytes_equal(out->origin, r->log_origin) || roster_former_origin_of(r, out->origin) != NULL)
               ? ERR_OK
               : ERR_MISMATCH;
}

static struct doc *key_doc(const struct body_copy_content *content)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_text(&b, "segment", content->name);
    doc_put_hex(&b, "key", content->key);
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

void core_open_copy(struct call *c, const struct doc *args)
{
    const struct agent *a = call_agent(c);
    struct errmsg why = {""};
    struct body_copy_content content;
    CLEANUP(buf_free) struct buf sealed = buf_new(ENVELOPE_MAX_BYTES);
    CLEANUP(buf_free) struct buf plain = buf_new(SEAL_MAX_CONTENT);
    enum err bad = doc_get_base64(args, "sealed", &sealed, &why);
    if (bad != ERR_OK) {
        call_error(c, bad, &why);
        return;
    }
    const struct opening o = {a, buf_bytes(&sealed), &plain};
    bad = open_envelope(&o);
    if (bad == ERR_OK)
        bad = check(a, buf_bytes(&plain), &content);
    if (bad == ERR_OK) {
        const struct audit_fact facts[] = {audit_fact_word("purpose", "recover"),
                                           audit_fact_text("segment", content.name)};
        const struct own_entry look = {.event = AUDIT_EVENT_BODIES_READ,
                                       .staff = call_staff(c),
                                       .facts = facts,
                                       .facts_count = ARRAY_LEN(facts)};
        own_log_show(c, &look, key_doc(&content));
    } else {
        call_fail(c, ERR_PERMISSION, EX_NOPERM,
                  "this segment is not sealed to this agency, or not by the broker: %s",
                  err_text(bad));
    }
    secret_wipe(plain.ptr, plain.len);
}
