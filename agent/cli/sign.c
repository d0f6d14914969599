/* What an officer signs: `sluis` takes the document apart by itself, compares it with what was asked,
 * shows it, and signs exactly these bytes. The daemon never sees the key. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agent/cli/cli_call.h"
#include "pki/digest.h"
#include "pki/keyfile.h"
#include "pki/sign.h"
#include "pki/unlock.h"
#include "proto/base/text.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"
#include "proto/json/shown.h"

#define SIGN_ARENA_BYTES ((size_t)1 << 20)
#define SIGN_DOCUMENTS_MAX 256
#define SIGN_SKEW_S 300

static const struct sign_word {
    const char *kind;
    enum sign_kind sign;
} sign_words[] = {
    {"request", SIGN_REQUEST},
    {"consent", SIGN_CONSENT},
    {"bodies", SIGN_BODIES},
    {"log-vouch", SIGN_LOG_VOUCH},
};

static enum sign_kind kind_of(struct bytes text)
{
    for (size_t i = 0; i < ARRAY_LEN(sign_words); i++)
        if (bytes_is(text, sign_words[i].kind))
            return sign_words[i].sign;
    return SIGN_NONE;
}

/* The file of the passphrase, or the terminal with the echo off. */
enum err cli_passphrase(struct cli *c, struct secret **out, struct errmsg *why)
{
    const char *path = c->passphrase_file != NULL ? c->passphrase_file : "/dev/tty";
    int fd = open(path, (c->passphrase_file != NULL ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return errmsg_set(why, ERR_NOT_FOUND, "%s cannot be opened for the passphrase", path);
    if (c->passphrase_file == NULL)
        dprintf(fd, "Passphrase of %s: ", c->key);
    enum err bad = unlock_check_private(fd, why);
    if (bad == ERR_OK)
        bad = unlock_passphrase(fd, out, why);
    close(fd);
    return bad;
}

static enum err open_key(struct cli *c, struct errmsg *why)
{
    if (c->officer != NULL)
        return ERR_OK;
    if (c->key == NULL)
        return errmsg_set(why, ERR_CONFIG, "this needs your signature; say which key with --key FILE");
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    CLEANUP(cleanup_secret_free) struct secret *passphrase = NULL;
    enum err bad = file_read(c->key, FILE_PRIVATE, &file, why);
    if (bad == ERR_OK)
        bad = cli_passphrase(c, &passphrase, why);
    if (bad != ERR_OK)
        return bad;
    bad = keyfile_open_key(buf_bytes(&file), passphrase, KEY_TYPE_P256, &c->officer);
    if (bad == ERR_OK)
        return ERR_OK;
    return errmsg_set(why, bad, "key file %s does not open: %s", c->key,
                      bad == ERR_SIGNATURE ? "wrong passphrase, or the file was changed"
                                           : err_text(bad));
}

static enum err decode(enum sign_kind kind, struct arena *a, struct cli_document *d,
                       struct errmsg *why)
{
    struct request_header *request = arena_alloc(a, sizeof *request);
    struct consent *consent = arena_alloc(a, sizeof *consent);
    struct bodies_query *bodies = arena_alloc(a, sizeof *bodies);
    struct log_vouch *vouch = arena_alloc(a, sizeof *vouch);
    if (request == NULL || consent == NULL || bodies == NULL || vouch == NULL)
        return ERR_NOMEM;
    enum err bad = ERR_UNKNOWN;
    if (kind == SIGN_REQUEST && (bad = request_header_decode(d->document, a, request, why)) == ERR_OK)
        d->request = request;
    if (kind == SIGN_CONSENT && (bad = consent_decode(d->document, a, consent, why)) == ERR_OK)
        d->consent = consent;
    if (kind == SIGN_BODIES && (bad = bodies_query_decode(d->document, a, bodies, why)) == ERR_OK)
        d->bodies = bodies;
    if (kind == SIGN_LOG_VOUCH && (bad = log_vouch_decode(d->document, a, vouch, why)) == ERR_OK)
        d->vouch = vouch;
    return bad;
}

static void show_names(struct cli *c, const char *label, const struct name *v, size_t count)
{
    CLEANUP(buf_free) struct buf list = buf_new((size_t)1 << 16);
    for (size_t i = 0; i < count; i++)
        buf_printf(&list, "%s%s", i > 0 ? ", " : "", v[i].s);
    cli_line(c, "  %-12s %s", label, buf_text(&list));
}

static void show_request(struct cli *c, const struct request_header *h)
{
    char deadline[WHEN_TEXT_SIZE];
    when_text(h->deadline_s, deadline);
    cli_line(c, "You sign a request:");
    cli_line(c, "  %-12s %s", "holder", h->holder.oin);
    cli_line(c, "  %-12s %s, version %u", "rule", h->rule.s, h->rule_version);
    cli_line(c, "  %-12s %s, epoch %u", "purpose", h->purpose.s, h->epoch);
    show_names(c, "fields", h->fields, h->field_count);
    cli_line(c, "  %-12s %s", "deadline", deadline);
}

static void show_consent(struct cli *c, const struct consent *s)
{
    char end[WHEN_TEXT_SIZE];
    when_text(s->not_after_s, end);
    cli_line(c, "You sign a decision:");
    cli_line(c, "  %-12s %s%s%.*s", "decision", consent_decision_id(s->decision),
             s->code.len > 0 ? ", " : "", (int)s->code.len,
             s->code.len > 0 ? (const char *)s->code.ptr : "");
    cli_line(c, "  %-12s %s", "requester", s->requester.oin);
    cli_line(c, "  %-12s %s, version %u", "rule", s->rule.s, s->rule_version);
    if (s->decision == CONSENT_RELEASE)
        show_names(c, "fields", s->fields, s->field_count);
    cli_line(c, "  %-12s %s", "not after", end);
}

static void show_vouch(struct cli *c, const struct log_vouch *v)
{
    cli_line(c, "You vouch for another key of your agency's own log:");
    cli_line(c, "  %-12s %.*s", "key", (int)v->key.len, (const char *)v->key.ptr);
    for (size_t i = 0; i < v->lost_count; i++) {
        char room[2 * sizeof v->lost[i].b + 1] = "";
        struct buf hex = buf_fixed(room, sizeof room - 1);
        text_put_hex(&hex, digest_bytes(&v->lost[i]));
        cli_line(c, "  %-12s SHA-256 of its line %s", "lost", room);
    }
    cli_line(c, "  %-12s the head of %llu entries, the last that the broker cosigned", "behind", (unsigned long long)v->size);
    cli_line(c, "The keys that are lost never count again.");
}

static void show(struct cli *c, const struct cli_document *d)
{
    if (c->json || c->yes)
        return;
    if (d->request != NULL)
        show_request(c, d->request);
    if (d->consent != NULL)
        show_consent(c, d->consent);
    if (d->vouch != NULL)
        show_vouch(c, d->vouch);
    if (d->bodies != NULL)
        cli_line(c, "You sign a query for the audit log from index %llu, as %s.",
                 (unsigned long long)d->bodies->from_index, d->bodies->function.s);
}

bool cli_is_now(int64_t at_s)
{
    const int64_t now_s = clock_now_s(clock_system());
    return at_s >= now_s - SIGN_SKEW_S && at_s <= now_s + SIGN_SKEW_S;
}

/* Takes one element apart, compares it, and shows it. */
static enum err examine(struct cli *c, const struct cli_call *call, const struct doc *element,
                        struct arena *a, struct cli_document *out)
{
    struct errmsg why = {""};
    struct bytes kind;
    CLEANUP(buf_free) struct buf raw = buf_new(SIGN_ARENA_BYTES);
    enum err bad = doc_get_text(element, "kind", 16, &kind, &why);
    if (bad == ERR_OK)
        bad = doc_get_base64(element, "document", &raw, &why);
    struct cli_document d = {.document = arena_copy(a, buf_bytes(&raw))};
    if (bad == ERR_OK && d.document.ptr == NULL)
        bad = ERR_NOMEM;
    if (bad == ERR_OK)
        bad = decode(kind_of(kind), a, &d, &why);
    if (bad == ERR_OK) {
        d.kind = word_of_sign_kind(kind_of(kind));
        if (doc_get_object(element, "shown", &d.shown, NULL) != ERR_OK)
            d.shown = NULL;
        bad = call->check(call->arg, &d, &why);
    }
    if (bad != ERR_OK) {
        cli_error(c, EX_DATAERR, "nothing is signed: what the agent wants signed is not what you asked: "
                                "%s", why.text[0] != '\0' ? why.text : err_text(bad));
        return bad;
    }
    show(c, &d);
    *out = d;
    return ERR_OK;
}

static enum err add_signature(struct cli *c, const struct cli_document *d, struct doc *list)
{
    struct signature s;
    enum err bad = sign_document(kind_of(bytes_str(d->kind)), c->officer, d->document, &s);
    CLEANUP(buf_free) struct buf text = buf_new(256);
    text_put_base64(&text, signature_bytes(&s));
    if (bad == ERR_OK)
        bad = buf_err(&text);
    return bad == ERR_OK ? doc_append(list, doc_new_text(buf_bytes(&text))) : bad;
}

/* What was signed, for --json. */
static enum err keep_shown(struct cli *c, const struct cli_document *d)
{
    struct doc *shown = NULL;
    if (!c->json)
        return ERR_OK;
    if (c->signed_documents == NULL && (c->signed_documents = doc_new_array()) == NULL)
        return ERR_NOMEM;
    enum err bad =
        shown_doc(kind_of(bytes_str(d->kind)), d->document, digest_sha256, &shown, NULL);
    return bad == ERR_OK ? doc_append(c->signed_documents, shown) : bad;
}

static int sign_all(struct cli *c, const struct cli_document *all, size_t count, struct doc *list)
{
    struct errmsg why = {""};
    enum err bad = open_key(c, &why);
    if (bad != ERR_OK)
        return cli_error(c, bad == ERR_CONFIG ? EX_USAGE : EX_NOPERM, "%s",
                        why.text[0] != '\0' ? why.text : err_text(bad));
    for (size_t i = 0; i < count && bad == ERR_OK; i++)
        if ((bad = add_signature(c, &all[i], list)) == ERR_OK)
            bad = keep_shown(c, &all[i]);
    return bad == ERR_OK ? 0 : cli_error(c, EX_SOFTWARE, "signing failed: %s", err_text(bad));
}

static int make_reply(struct cli *c, const struct doc *message, struct doc *signatures,
                      struct doc **reply)
{
    struct bytes state;
    if (doc_get_text(message, "state", 256, &state, NULL) != ERR_OK) {
        doc_free(signatures);
        return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    }
    CLEANUP(cleanup_doc_free) struct doc *d = doc_new_object();
    struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    doc_put_text(&b, "state", state);
    doc_put_doc(&b, "signatures", signatures);
    struct doc_build whole = doc_build_of(d);
    doc_put_str(&whole, "verb", "signed");
    doc_put_doc(&whole, "args", args);
    if (b.err != ERR_OK || doc_build_done(&whole) != ERR_OK)
        return cli_error(c, EX_OSERR, "out of memory");
    *reply = take(d);
    return 0;
}

/* Every document is examined before the first is signed. */
static int examine_all(struct cli *c, const struct cli_call *call, const struct doc *list,
                       struct arena *a, struct cli_document *out)
{
    for (size_t i = 0; i < doc_count(list); i++)
        if (examine(c, call, doc_at(list, i), a, &out[i]) != ERR_OK)
            return EX_DATAERR;
    if (!cli_confirm(c, "Sign?"))
        return cli_error(c, EX_NOPERM, "nothing is signed");
    return 0;
}

int cli_sign(struct cli *c, const struct cli_call *call, const struct doc *message,
             struct doc **reply)
{
    const struct doc *list = NULL;
    if (call->check == NULL || doc_get_array(message, "sign", &list, NULL) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent asks for a signature that '%s' does not need",
                        call->verb);
    size_t count = doc_count(list);
    if (count == 0 || count > SIGN_DOCUMENTS_MAX)
        return cli_error(c, EX_PROTOCOL, "the agent asks for %zu signatures", count);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(SIGN_ARENA_BYTES * 8);
    struct cli_document *all = a != NULL ? arena_array(a, count, sizeof *all) : NULL;
    struct doc *signatures = doc_new_array();
    if (all == NULL || signatures == NULL) {
        doc_free(signatures);
        cli_error(c, EX_OSERR, "out of memory");
        return EX_OSERR;
    }
    int code = examine_all(c, call, list, a, all);
    if (code == 0)
        code = sign_all(c, all, count, signatures);
    if (code == 0)
        return make_reply(c, message, signatures, reply);
    doc_free(signatures);
    return code;
}
