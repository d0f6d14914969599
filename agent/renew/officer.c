/* A person's renewal: signed by that person in `sluis` and handed in here, since people have no connection with the
 * broker. The agent sees to it that nobody hands in another's. */
#include <stdlib.h>
#include <sysexits.h>

#include "agent/renew/renew.h"
#include "pki/renewal.h"
#include "proto/base/log.h"
#include "proto/host/writer.h"
#include "proto/msg/mail.h"

#define TAG_MAX (NAME_MAX_BYTES + 16)

/* A renewal on its way into the outbox. */
struct handing_in {
    struct call *call;
    struct agency_id registrar;
    struct buf wire;
    struct buf tag;
};

static void handing_free(struct handing_in *h)
{
    if (h == NULL)
        return;
    buf_free(&h->wire);
    buf_free(&h->tag);
    free(h);
}
DEFINE_CLEANUP(struct handing_in, handing_free)

/* Signed with the key of the caller's own certificate, and about the caller. */
static enum err check_renewal(const struct call *c, struct bytes wire, struct errmsg *why)
{
    const struct agent *a = call_agent(c);
    const struct roster_officer *o = call_officer(c);
    struct renewal_asked asked;
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(2 * RENEWAL_ARENA_BYTES);
    if (arena == NULL)
        return ERR_NOMEM;
    const struct renewal_reading r = {.roster = view_roster(a->view), .now_s = agent_now_s(a), .arena = arena};
    enum err bad = renewal_open(&r, wire, &asked, why);
    if (bad == ERR_OK && (o == NULL || asked.officer == NULL || asked.is_former ||
                          !digest_equal(&asked.officer->cert.fingerprint, &o->cert.fingerprint)))
        bad = errmsg_set(why, ERR_PERMISSION,
                         "renewal: not signed with the key of your certificate on the roster");
    return bad;
}

static enum err post_job(struct kv_txn *txn, void *arg)
{
    struct handing_in *h = arg;
    const struct renew_letter l = {h->registrar, buf_bytes(&h->wire), buf_bytes(&h->tag)};
    return renew_post(call_agent(h->call), txn, &l);
}

static void posted(enum err result, void *arg)
{
    CLEANUP(cleanup_handing_free) struct handing_in *h = arg;
    struct doc *ok = result == ERR_OK ? doc_new_object() : NULL;
    struct doc_build b = doc_build_of(ok);
    if (result != ERR_OK) {
        call_error(h->call, result, NULL);
        return;
    }
    log_notice("renewal.handed_in staff=%s", call_staff(h->call)->s);
    doc_put_str(&b, "registrar", h->registrar.oin);
    if (doc_build_done(&b) != ERR_OK) {
        doc_free(ok);
        ok = NULL;
    }
    call_ok(h->call, ok);
}

static enum err hand_in(struct call *c, const struct doc *args, struct errmsg *why)
{
    struct agent *a = call_agent(c);
    const struct roster_member *registrar = roster_registrar(view_roster(a->view));
    CLEANUP(cleanup_handing_free) struct handing_in *h = calloc(1, sizeof *h);
    if (h == NULL)
        return ERR_NOMEM;
    if (registrar == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "the registrar has no mailbox; renew by files: sluis-pki renew");
    h->call = c;
    h->registrar = registrar->id;
    h->wire = buf_new(RENEWAL_WIRE_MAX_BYTES);
    h->tag = buf_new(TAG_MAX);
    buf_printf(&h->tag, "officer %s", call_staff(c)->s);
    enum err bad = buf_err(&h->tag);
    if (bad == ERR_OK)
        bad = doc_get_base64(args, "renewal", &h->wire, why);
    if (bad == ERR_OK)
        bad = check_renewal(c, buf_bytes(&h->wire), why);
    if (bad == ERR_OK)
        bad = writer_submit(a->writer, WRITER_INTERACTIVE, post_job, posted, h);
    if (bad == ERR_OK)
        h = NULL;
    return bad;
}

void renew_officer(struct call *c, const struct doc *args)
{
    struct errmsg why = {""};
    enum err bad = hand_in(c, args, &why);
    if (bad != ERR_OK)
        call_error(c, bad, &why);
}

void renew_certificate(struct call *c, const struct doc *args)
{
    (void)args;
    const struct roster_officer *o = call_officer(c);
    if (o == NULL) {
        call_fail(c, ERR_CERT, EX_NOPERM, "your certificate on the roster does not count any more; the registrar "
                                          "can tell why");
        return;
    }
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "agency", o->agency.oin);
    doc_put_str(&b, "deployment", view_roster(call_agent(c)->view)->deployment.s);
    doc_put_str(&b, "staff", o->staff.s);
    doc_put_base64(&b, "certificate", o->cert.der);
    if (doc_build_done(&b) != ERR_OK) {
        doc_free(d);
        d = NULL;
    }
    call_ok(c, d);
}
