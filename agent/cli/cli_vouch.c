#include "agent/cli/cli_vouch.h"

#include <string.h>

#include "pki/digest.h"
#include "proto/log/vkey.h"

/* What the officer asked. */
struct vouch_input {
    struct bytes key;
    struct bytes lost; /* empty: whatever signed the head that the broker knows */
};

/* The key is named by the log of that deployment and agency. */
static bool is_of_log(const struct log_vouch *v, struct bytes key)
{
    struct vkey k;
    char room[NOTE_MAX_NAME + 1];
    struct buf origin = buf_fixed(room, sizeof room - 1);
    buf_printf(&origin, "%s/log/%s", v->deployment.s, v->agency.oin);
    return buf_err(&origin) == ERR_OK && vkey_parse(digest_sha256, key, &k) == ERR_OK && k.type == VKEY_ED25519 &&
           bytes_is(buf_bytes(&origin), k.name);
}

static bool names_lost(const struct log_vouch *v, struct bytes lost)
{
    struct digest d;
    if (lost.len == 0)
        return true;
    return digest_sha256(&lost, 1, &d) == ERR_OK && v->lost_count == 1 && digest_equal(&v->lost[0], &d);
}

static enum err check(void *arg, const struct cli_document *d, struct errmsg *why)
{
    const struct vouch_input *in = arg;
    const struct log_vouch *v = d->vouch;
    if (v == NULL)
        return errmsg_set(why, ERR_MISMATCH, "it is no word for a key of the log");
    if (!bytes_equal(v->key, in->key))
        return errmsg_set(why, ERR_MISMATCH, "it is for another key");
    if (!is_of_log(v, in->key))
        return errmsg_set(why, ERR_MISMATCH, "the key is of another log than that of the agency it names");
    if (!names_lost(v, in->lost))
        return errmsg_set(why, ERR_MISMATCH, "it names another key as lost");
    return cli_is_now(v->issued_at_s) ? ERR_OK : errmsg_set(why, ERR_MISMATCH, "its time is not now");
}

int cli_vouch(struct cli *c, const char *key, const char *lost)
{
    struct vouch_input in = {.key = bytes_str(key), .lost = bytes_str(lost != NULL ? lost : "")};
    CLEANUP(cleanup_doc_free) struct doc *args = doc_new_object();
    CLEANUP(cleanup_doc_free) struct doc *ok = NULL;
    struct doc_build b = doc_build_of(args);
    doc_put_str(&b, "key", key);
    if (lost != NULL)
        doc_put_str(&b, "lost", lost);
    if (doc_build_done(&b) != ERR_OK)
        return cli_error(c, EX_DATAERR, "a line is not valid UTF-8");
    struct cli_call call = {.verb = "vouch", .args = take(args), .check = check, .arg = &in};
    const int code = cli_call(c, &call, &ok);
    if (code != 0 || cli_json(c, ok))
        return code;
    cli_line(c, "signed; the broker is told with the next head, within five minutes: then sluis status says 'cosigned'");
    return 0;
}
