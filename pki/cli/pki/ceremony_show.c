/* What a ceremony tells: its plan before, its transcript after. */
#include "pki/cli/pki/ceremony.h"

#include "pki/cli/pki/work.h"
#include "proto/base/when.h"

static void put_place(struct buf *out, const struct ceremony_place *p, const char *otherwise)
{
    if (p->pkcs11 != NULL)
        buf_printf(out, "%s in module %s", p->pkcs11, p->module);
    else
        buf_printf(out, "encrypted file %s", p->file != NULL ? p->file : otherwise);
}

static void put_key(struct buf *out, const char *what, const struct ceremony_key *k,
                    const char *otherwise)
{
    buf_printf(out, "%-11s %s, %u days, key: ", what, k->name, k->days);
    put_place(out, &k->key, otherwise);
    buf_put_str(out, "\n");
}

static void put_head(struct buf *out, const struct ceremony *c, const struct digest *plan)
{
    const struct ceremony_registrar *r = &c->registrar;
    buf_put_str(out, "plan        ");
    work_put_fingerprint(out, plan);
    buf_printf(out, "\ndeployment  %s\nregistrar   %s %s, run by %s\nfolder      %s\n",
               c->deployment, r->oin, r->name, r->host != NULL ? r->host : r->oin, c->folder);
}

static void put_keys(struct buf *out, const struct ceremony *c)
{
    put_key(out, "root", &c->root, NULL);
    put_key(out, "issuing", &c->issuing, "keys/issuing.key");
    put_key(out, "roster", &c->roster_key, "keys/roster.key");
}

enum err ceremony_show_plan(const struct ceremony *c, const struct digest *plan, struct buf *out)
{
    put_head(out, c, plan);
    put_keys(out, c);
    for (size_t i = 0; i < c->officers_count; i++)
        buf_printf(out, "officer     %s of %s\n", c->officers[i].name,
                   c->officers[i].organisation);
    buf_put_str(out, "steps       1 both officers confirm, each with a passphrase of their own\n"
                     "            2 three keys; an encrypted root key opens with both together\n"
                     "            3 certificates of root, issuing CA and roster key\n"
                     "            4 transcript, signed with the roster key\n"
                     "            5 first draft of the roster, which names the transcript\n");
    return buf_err(out);
}

static void put_cert(struct buf *out, const char *what, const struct cert *c)
{
    char until[WHEN_TEXT_SIZE];
    when_text(cert_not_after(c), until);
    buf_printf(out, "made %-7s until %s certificate ", what, until);
    work_put_fingerprint(out, cert_fingerprint(c));
    struct digest key;
    if (key_fingerprint(cert_key(c), &key) != ERR_OK)
        buf_fail(out, ERR_CRYPTO);
    buf_put_str(out, " key ");
    work_put_fingerprint(out, &key);
    buf_put_str(out, "\n");
}

enum err ceremony_put_transcript(const struct ceremony_record *r, struct buf *out)
{
    char when[WHEN_TEXT_SIZE];
    when_text(r->begun_s, when);
    buf_printf(out, "sluis ceremony 1\nbegun       %s\n", when);
    put_head(out, r->plan, r->plan_digest);
    put_keys(out, r->plan);
    for (size_t i = 0; i < CEREMONY_OFFICERS; i++) {
        when_text(r->confirmed_s[i], when);
        buf_printf(out, "confirmed   %s by %s of %s\n", when, r->plan->officers[i].name,
                   r->plan->officers[i].organisation);
    }
    put_cert(out, "root", r->authority->root);
    put_cert(out, "issuing", r->authority->issuing);
    put_cert(out, "roster", r->authority->roster);
    return buf_err(out);
}
