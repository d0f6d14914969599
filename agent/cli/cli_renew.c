/* sluis renew: a person's own key. The first run makes the next key beside it and hands the agent a request that the
 * present key signs; a later run, once the registrar has answered in the roster, puts the next key in use. */
#include <stdio.h>
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/cli/verbs.h"
#include "pki/cert.h"
#include "pki/keyfile.h"
#include "pki/renewal.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/host/file.h"

#define PATH_SIZE 4096

struct renew_input {
    const char *certificate; /* where to put the new one; NULL: nowhere */
    char next_path[PATH_SIZE];
    struct name deployment;
    struct agency_id agency;
    struct name staff;
    struct cert *listed; /* as the roster has it */
    struct secret *passphrase;
    struct key *now;
    struct key *next; /* NULL: none was made yet */
};

static void clear_input(struct renew_input *in)
{
    cert_free(in->listed);
    secret_free(in->passphrase);
    key_free(in->now);
    key_free(in->next);
}

static const char doc_text[] =
    "Renews your own key. The first run makes the next key beside yours and asks the registrar, through the "
    "agent, for its certificate; your present key stays in use. Run it again after the registrar has "
    "answered: it puts the next key in the place of yours.\v"
    "Examples:\n"
    "  sluis renew --key a.jansen/keys/officer.key --certificate a.jansen/officer.pem\n"
    "Exit codes: 77 where the roster lists another key than yours.\n";

static const struct argp_option options[] = {
    {"certificate", 'c', "FILE", 0, "the file of your certificate, which is replaced too", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct renew_input *in = state->input;
    if (key == 'c')
        in->certificate = arg;
    return key == 'c' || key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {options, parse, NULL, doc_text, NULL, NULL, NULL};

/* ---- what there is ---- */

/* officer.next.key of officer.key. */
static enum err name_next(struct cli *c, struct renew_input *in, struct errmsg *why)
{
    if (c->key == NULL)
        return errmsg_set(why, ERR_CONFIG, "say which key with --key FILE");
    size_t stem = strlen(c->key);
    if (stem > 4 && strcmp(c->key + stem - 4, ".key") == 0)
        stem -= 4;
    int n = snprintf(in->next_path, sizeof in->next_path, "%.*s.next.key", (int)stem, c->key);
    return n > 0 && (size_t)n < sizeof in->next_path ? ERR_OK : ERR_TOO_LARGE;
}

static enum err open_file(const struct renew_input *in, const char *path, struct key **out, struct errmsg *why)
{
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    enum err bad = file_read(path, FILE_PRIVATE, &file, why);
    if (bad != ERR_OK)
        return bad;
    bad = keyfile_open_key(buf_bytes(&file), in->passphrase, KEY_TYPE_P256, out);
    return bad == ERR_OK ? bad
                         : errmsg_set(why, bad, "key file %s does not open: %s", path,
                                      bad == ERR_SIGNATURE ? "wrong passphrase, or the file was changed"
                                                           : err_text(bad));
}

static enum err open_keys(struct cli *c, struct renew_input *in, struct errmsg *why)
{
    enum err bad = name_next(c, in, why);
    if (bad == ERR_OK)
        bad = cli_passphrase(c, &in->passphrase, why);
    if (bad == ERR_OK)
        bad = open_file(in, c->key, &in->now, why);
    if (bad == ERR_OK && file_exists(in->next_path))
        bad = open_file(in, in->next_path, &in->next, why);
    return bad;
}

static enum err read_answer(const struct doc *ok, struct renew_input *in)
{
    struct bytes text;
    CLEANUP(buf_free) struct buf der = buf_new(CERT_MAX_BYTES);
    enum err bad = doc_get_text(ok, "deployment", NAME_MAX_BYTES, &text, NULL);
    if (bad == ERR_OK)
        bad = name_parse(text, &in->deployment);
    if (bad == ERR_OK)
        bad = doc_get_text(ok, "agency", OIN_CHARS, &text, NULL);
    if (bad == ERR_OK)
        bad = agency_id_parse(text, &in->agency);
    if (bad == ERR_OK)
        bad = doc_get_text(ok, "staff", NAME_MAX_BYTES, &text, NULL);
    if (bad == ERR_OK)
        bad = name_parse(text, &in->staff);
    if (bad == ERR_OK)
        bad = doc_get_base64(ok, "certificate", &der, NULL);
    return bad == ERR_OK ? cert_parse(buf_bytes(&der), CERT_OFFICER, &in->listed, NULL) : bad;
}

/* ---- asking ---- */

static enum err make_next(struct renew_input *in, int64_t now_s, struct errmsg *why)
{
    struct keyfile header = {.cost = keyfile_cost_default(), .created_s = now_s, .id = {"officer"}};
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    if (in->next != NULL)
        return ERR_OK; /* asked for before, or about to be */
    enum err bad = key_generate(KEY_TYPE_P256, &in->next);
    if (bad == ERR_OK)
        bad = keyfile_seal_key(&header, in->passphrase, in->next, &file);
    return bad == ERR_OK ? file_create(in->next_path, buf_bytes(&file), 0600, why) : bad;
}

static enum err make_args(struct renew_input *in, struct doc **out, struct errmsg *why)
{
    CLEANUP(buf_free) struct buf wire = buf_new(RENEWAL_WIRE_MAX_BYTES);
    const struct renewal_making m = {
        .deployment = in->deployment,
        .oin = in->agency,
        .name = in->staff.s,
        .staff = &in->staff,
        .now_s = clock_now_s(clock_system()),
        .officer = in->next,
        .signer = in->now,
        .signer_fingerprint = *cert_fingerprint(in->listed),
    };
    enum err bad = renewal_make(&m, &wire, why);
    if (bad != ERR_OK)
        return bad;
    CLEANUP(cleanup_doc_free) struct doc *args = doc_new_object();
    struct doc_build b = doc_build_of(args);
    doc_put_base64(&b, "renewal", buf_bytes(&wire));
    bad = doc_build_done(&b);
    if (bad == ERR_OK)
        *out = take(args);
    return bad;
}

static int ask(struct cli *c, struct renew_input *in)
{
    struct errmsg why = {""};
    struct cli_call call = {.verb = "renew"};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    enum err bad = make_next(in, clock_now_s(clock_system()), &why);
    if (bad == ERR_OK)
        bad = make_args(in, &call.args, &why);
    if (bad != ERR_OK)
        return cli_error(c, cli_exit_of(bad), "%s", why.text[0] != '\0' ? why.text : err_text(bad));
    int code = cli_call(c, &call, &ok);
    if (code != 0 || cli_json(c, ok))
        return code;
    cli_line(c, "Asked. Your key stays in use; run this again when the registrar has answered.");
    return 0;
}

/* ---- taking ---- */

/* The certificate first, the key by one rename, and only then is the next key's file gone: stopped anywhere, the
 * same command goes on. */
static enum err put_in_use(struct cli *c, struct renew_input *in, struct errmsg *why)
{
    CLEANUP(buf_free) struct buf pem = buf_new(CERT_PEM_MAX_BYTES);
    CLEANUP(buf_free) struct buf file = buf_new(KEYFILE_MAX_BYTES);
    enum err bad = cert_put_pem(in->listed, &pem);
    if (bad == ERR_OK && in->certificate != NULL)
        bad = file_write(in->certificate, buf_bytes(&pem), 0644, why);
    if (bad == ERR_OK)
        bad = file_read(in->next_path, FILE_PRIVATE, &file, why);
    if (bad == ERR_OK)
        bad = file_write(c->key, buf_bytes(&file), 0600, why);
    return bad == ERR_OK ? file_erase(in->next_path, why) : bad;
}

static int take_next(struct cli *c, struct renew_input *in)
{
    char when[WHEN_TEXT_SIZE];
    struct errmsg why = {""};
    enum err bad = put_in_use(c, in, &why);
    if (bad != ERR_OK)
        return cli_error(c, cli_exit_of(bad), "%s", why.text[0] != '\0' ? why.text : err_text(bad));
    when_text(cert_not_after(in->listed), when);
    if (c->json)
        fprintf(c->out, "{\"taken\":true,\"until\":\"%s\"}\n", when);
    else
        cli_line(c, "Your next key is in use, with a certificate until %s.", when);
    return 0;
}

static int renew(struct cli *c, struct renew_input *in)
{
    struct errmsg why = {""};
    struct cli_call call = {.verb = "certificate"};
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    int code = cli_call(c, &call, &ok);
    if (code != 0)
        return code;
    if (read_answer(ok, in) != ERR_OK)
        return cli_error(c, EX_PROTOCOL, "the agent's answer cannot be read");
    enum err bad = open_keys(c, in, &why);
    if (bad != ERR_OK)
        return cli_error(c, bad == ERR_CONFIG ? EX_USAGE : EX_NOPERM, "%s",
                         why.text[0] != '\0' ? why.text : err_text(bad));
    if (in->next != NULL && key_same_public(in->next, cert_key(in->listed)))
        return take_next(c, in);
    if (!key_same_public(in->now, cert_key(in->listed)))
        return cli_error(c, EX_NOPERM, "%s: the roster lists another key for %s; the registrar can tell why", c->key,
                         in->staff.s);
    return ask(c, in);
}

int cli_renew(struct cli *c, int argc, char **argv)
{
    CLEANUP(clear_input) struct renew_input in = {.certificate = NULL};
    cli_parse(c, &argp, argc, argv, &in);
    return renew(c, &in);
}
