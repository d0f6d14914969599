/* The verb that decides: draft, signature, store. */
#include <stdlib.h>
#include <sysexits.h>

#include "agent/hold/decide.h"
#include "agent/hold/hold.h"
#include "agent/hold/show.h"
#include "agent/witness/witness.h"
#include "proto/base/log.h"
#include "proto/host/writer.h"

#define DECIDE_ARENA_BYTES ((size_t)16 << 20)

/* A decision from the call to its answer. */
struct pending {
    struct call *call;
    struct decide_job job;
    struct arena *arena; /* of the document and the signature */
    struct bytes document;
};

static void pending_free(struct pending *p)
{
    if (p == NULL)
        return;
    view_free(p->job.view);
    arena_free(p->arena);
    free(p);
}
DEFINE_CLEANUP(struct pending, pending_free)

static void answer(struct pending *p)
{
    struct doc *ok = doc_new_object();
    struct doc_build b = doc_build_of(ok);
    if (ok != NULL) {
        doc_put_int(&b, "item", (int64_t)p->job.number);
        doc_put_str(&b, "state", item_state_id(p->job.state));
        doc_put_bool(&b, "complete", p->job.completes);
    }
    if (ok != NULL && doc_build_done(&b) != ERR_OK) {
        doc_free(ok);
        ok = NULL;
    }
    call_ok(p->call, ok);
}

static void stored(enum err result, void *arg)
{
    CLEANUP(cleanup_pending_free) struct pending *p = arg;
    if (result != ERR_OK) {
        if (p->job.why.text[0] == '\0')
            errmsg_set(&p->job.why, result, "the decision is not stored: %s", err_text(result));
        call_error(p->call, result, &p->job.why);
        return;
    }
    log_info("hold.signed item=%llu complete=%d state=%s", (unsigned long long)p->job.number,
             (int)p->job.completes, item_state_id(p->job.state));
    if (p->job.state == ITEM_FAILED || (p->job.completes && p->job.state == ITEM_OPEN))
        call_error(p->call, ERR_STATE, &p->job.why);
    else
        answer(p);
}

static enum err store_job(struct kv_txn *txn, void *arg)
{
    struct pending *p = arg;
    return decide_apply(txn, &p->job);
}

static void on_signed(struct call *c, void *arg, const struct bytes *signatures, size_t count)
{
    CLEANUP(cleanup_pending_free) struct pending *p = arg;
    struct errmsg why = {""};
    if (count != 1) {
        call_fail(c, ERR_CANCELLED, EX_NOPERM, "nothing is signed, so nothing is decided");
        return;
    }
    p->job.view = view_ref(p->job.agent->view);
    p->job.signed_consent.consent = p->document;
    p->job.signed_consent.signature = arena_copy(p->arena, signatures[0]);
    enum err bad = p->job.signed_consent.signature.ptr == NULL
                       ? ERR_NOMEM
                       : decide_check_signature(&p->job, &why);
    if (bad == ERR_OK)
        bad = writer_submit(p->job.agent->writer, WRITER_INTERACTIVE, store_job, stored, p);
    if (bad != ERR_OK)
        call_error(c, bad, &why);
    else
        (void)take(p);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->s, ((const struct name *)b)->s);
}

static enum err get_fields(const struct doc *args, struct arena *a, struct wish *out,
                           struct errmsg *why)
{
    const struct doc *list = NULL;
    enum err bad = doc_get_array(args, "fields", &list, why);
    if (bad != ERR_OK)
        return bad;
    size_t count = doc_count(list);
    struct name *names = count <= CONSENT_FIELDS_MAX ? arena_array(a, count, sizeof *names) : NULL;
    if (names == NULL)
        return errmsg_set(why, ERR_TOO_LARGE, "too many fields");
    for (size_t i = 0; i < count; i++) {
        struct bytes text;
        if (doc_text_of(doc_at(list, i), NAME_MAX_BYTES, &text) != ERR_OK ||
            name_parse(text, &names[i]) != ERR_OK)
            return errmsg_set(why, ERR_INVALID, "field %zu is no name", i + 1);
    }
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 1; i < count; i++)
        if (name_equal(&names[i - 1], &names[i]))
            return errmsg_set(why, ERR_DUPLICATE, "field %s stands twice", names[i].s);
    out->fields = names;
    out->field_count = count;
    return ERR_OK;
}

static enum err get_wish(const struct doc *args, struct arena *a, uint64_t *number,
                         struct wish *out, struct errmsg *why)
{
    int64_t n = 0;
    struct bytes text;
    enum err bad = doc_get_int(args, "item", 1, INT64_MAX, &n, why);
    if (bad == ERR_OK)
        bad = doc_get_text(args, "decision", 16, &text, why);
    if (bad == ERR_OK && consent_decision_parse(text, &out->decision) != ERR_OK)
        return errmsg_set(why, ERR_INVALID, "decision is release, known or refuse");
    if (bad == ERR_OK && out->decision == CONSENT_REFUSE)
        bad = doc_get_text(args, "code", NAME_MAX_BYTES, &out->code, why);
    if (bad == ERR_OK && out->decision == CONSENT_RELEASE)
        bad = get_fields(args, a, out, why);
    *number = (uint64_t)n;
    return bad;
}

/* Encodes the draft and asks for the signature. */
static enum err ask(struct call *c, const struct desk *d, const struct draft *draft,
                    const struct roster_officer *officer)
{
    CLEANUP(cleanup_pending_free) struct pending *p = calloc(1, sizeof *p);
    CLEANUP(cleanup_doc_free) struct doc *shown = doc_new_object();
    CLEANUP(buf_free) struct buf bytes = buf_new((size_t)1 << 16);
    if (p == NULL || shown == NULL || (p->arena = arena_new((size_t)1 << 18)) == NULL)
        return ERR_NOMEM;
    enum err bad = consent_encode(&draft->consent, &bytes);
    if (bad == ERR_OK)
        bad = show_row(d, desk_seat(d, officer), shown);
    if (bad != ERR_OK)
        return bad;
    p->call = c;
    p->document = arena_copy(p->arena, buf_bytes(&bytes));
    if (p->document.ptr == NULL)
        return ERR_NOMEM;
    p->job = (struct decide_job){
        .agent = d->agent,
        .number = d->item.number,
        .nonce = d->item.nonce,
        .first_count = d->item.consent_count,
        .replaces_first = draft->replaces_first,
        .completes = draft->completes,
        .staff = officer->staff,
    };
    const struct call_document document = {"consent", p->document, shown};
    call_sign(c, &document, 1, on_signed, take(p));
    return ERR_OK;
}

static enum err draft_for(struct call *c, struct desk *d, struct wish *w, struct draft *out,
                          struct errmsg *why)
{
    struct name pseudonym;
    enum err bad = agent_pseudonym(d->agent, call_staff(c), d->now_s, &pseudonym);
    w->staff = &pseudonym;
    if (bad == ERR_OK && desk_seat(d, w->officer) == SEAT_NONE)
        bad = desk_absent(d->item.number, why);
    return bad == ERR_OK ? decide_draft(d, w, out, why) : bad;
}

/* A refusal tells nobody anything, and may always be signed. */
static enum err check_watched(const struct agent *a, const struct wish *w, struct errmsg *why)
{
    return w->decision == CONSENT_REFUSE ? ERR_OK : witness_check_release(a, why);
}

void hold_verb_decide(struct call *c, const struct doc *args)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(DECIDE_ARENA_BYTES);
    struct wish w = {.officer = call_officer(c)};
    struct errmsg why = {""};
    struct desk d = {.decision = NULL};
    struct draft draft;
    uint64_t number = 0;
    if (w.officer == NULL) {
        call_fail(c, ERR_PERMISSION, EX_NOPERM,
                  "you are not on the roster any more; ask the registrar");
        return;
    }
    enum err bad = a == NULL ? ERR_NOMEM : get_wish(args, a, &number, &w, &why);
    if (bad == ERR_OK)
        bad = check_watched(call_agent(c), &w, &why);
    if (bad == ERR_OK)
        bad = desk_open(call_agent(c), number, a, &d, &why);
    if (bad == ERR_OK)
        bad = draft_for(c, &d, &w, &draft, &why);
    if (bad == ERR_OK)
        bad = ask(c, &d, &draft, w.officer);
    if (bad == ERR_PERMISSION && d.decision != NULL && !d.item.emptied && !d.decision->permit &&
        w.decision != CONSENT_REFUSE)
        call_deny(c, d.decision);
    else if (bad != ERR_OK)
        call_error(c, bad, &why);
}
