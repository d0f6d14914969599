/* sluis-pki: what the registrar, the operators and the custodians do with keys and certificates. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "pki/cli/pki/verbs.h"

/* What a verb does with the folder, and whether it can say what it would do. */
enum {
    READS = 0,   /* it changes nothing in the folder */
    CHANGES = 1, /* one such command at a time */
    DRY_RUN = 2, /* it knows --dry-run */
};

static const struct {
    const char *verb;
    const char *sub;
    verb_fn run;
    unsigned traits;
} verbs[] = {
    {"init", NULL, verb_init, CHANGES},
    {"token", NULL, verb_token, CHANGES},
    {"enrol", NULL, verb_enrol, CHANGES},
    {"broker-init", NULL, verb_broker_init, CHANGES},
    {"approve", NULL, verb_approve, CHANGES | DRY_RUN},
    {"accept", NULL, verb_accept, CHANGES},
    {"renew", NULL, verb_renew, CHANGES | DRY_RUN},
    {"renewals", NULL, verb_renewals, CHANGES | DRY_RUN},
    {"signer", NULL, verb_signer, CHANGES},
    {"witness", NULL, verb_witness, CHANGES},
    {"witness", "ask", verb_witness_ask, READS},
    {"witness", "take", verb_witness_take, READS},
    {"log", NULL, verb_log, CHANGES},
    {"roster", "sign", verb_roster_sign, CHANGES},
    {"roster", "show", verb_roster_show, READS},
    {"roster", "leave", verb_leave, CHANGES | DRY_RUN},
    {"roster", "remove", verb_roster_remove, CHANGES},
    {"roster", "recover", verb_roster_recover, CHANGES | DRY_RUN},
    {"revoke", NULL, verb_revoke, CHANGES | DRY_RUN},
    {"crl", NULL, verb_crl, CHANGES},
    {"epoch", "confirm", verb_epoch_confirm, READS | DRY_RUN},
    {"epoch", "new", verb_epoch_new, CHANGES | DRY_RUN},
    {"epoch", "accept", verb_epoch_accept, CHANGES},
    {"epoch", "half", verb_epoch_half, CHANGES},
    {"epoch", "activate", verb_epoch_activate, CHANGES | DRY_RUN},
    {"epoch", "retire", verb_epoch_retire, CHANGES | DRY_RUN},
    {"epoch", "compromise", verb_epoch_compromise, CHANGES | DRY_RUN},
    {"epoch", "declare", verb_epoch_declare, READS | DRY_RUN},
    {"epoch", "destroy", verb_epoch_destroy, CHANGES | DRY_RUN},
    {"epoch", "list", verb_epoch_list, READS},
    {"epoch", "resign", verb_epoch_resign, CHANGES | DRY_RUN},
    {"rotate", NULL, verb_rotate, CHANGES | DRY_RUN},
    {"test-key", NULL, verb_test_key, READS},
    {"backup", NULL, verb_backup, CHANGES | DRY_RUN},
    {"restore", NULL, verb_restore, CHANGES | DRY_RUN},
    {"list", NULL, verb_list, READS},
    {"mailbox", NULL, verb_mailbox, CHANGES | DRY_RUN},
    {"mail", NULL, verb_mail, READS},
};

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* An option that is taken and not followed would change what nobody wanted to change. */
static enum err run_verb(struct work *w, verb_fn verb, unsigned traits)
{
    if (w->o->dry_run && (traits & CHANGES) != 0 && (traits & DRY_RUN) == 0)
        return errmsg_set(&w->why, ERR_CONFIG, "%s%s%s: knows no --dry-run", w->o->verb,
                          w->o->sub != NULL ? " " : "", w->o->sub != NULL ? w->o->sub : "");
    const enum err e = (traits & CHANGES) != 0 ? work_lock(w) : ERR_OK;
    return e != ERR_OK ? e : verb(w);
}

static enum err run(struct work *w, int *grade)
{
    if (same(w->o->verb, "status") && w->o->sub == NULL)
        return verb_status(w, grade);
    if (same(w->o->verb, "ceremony"))
        return verb_ceremony(w);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (same(verbs[i].verb, w->o->verb) && same(verbs[i].sub, w->o->sub))
            return run_verb(w, verbs[i].run, verbs[i].traits);
    }
    return errmsg_set(&w->why, ERR_CONFIG, "no verb '%s%s%s'; see --help", w->o->verb,
                      w->o->sub != NULL ? " " : "", w->o->sub != NULL ? w->o->sub : "");
}

static int exit_code(enum err e)
{
    static const struct {
        enum err e;
        int code;
    } codes[] = {
        {ERR_OK, EX_OK},           {ERR_CONFIG, EX_USAGE},       {ERR_NOT_FOUND, EX_NOINPUT},
        {ERR_PERMISSION, EX_NOPERM}, {ERR_EXISTS, EX_CANTCREAT}, {ERR_IO, EX_IOERR},
        {ERR_NO_SPACE, EX_IOERR},  {ERR_NOMEM, EX_OSERR},        {ERR_CRYPTO, EX_SOFTWARE},
        {ERR_UNREACHABLE, EX_UNAVAILABLE}, {ERR_AGAIN, EX_TEMPFAIL},
    };
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (codes[i].e == e)
            return codes[i].code;
    }
    return EX_DATAERR;
}

/* Nothing of this process ends in a core file or under a debugger of the same user. */
static void harden(void)
{
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        fputs("sluis-pki: core dumps cannot be switched off\n", stderr);
    enum err e = secret_init();
    if (e == ERR_PERMISSION)
        fputs("sluis-pki: keys may reach swap: memory cannot be locked (ulimit -l)\n", stderr);
}

int main(int argc, char **argv)
{
    struct opts o;
    struct work w;
    int grade = 0;
    opts_parse(argc, argv, &o);
    harden();
    enum err e = work_init(&w, &o);
    if (e == ERR_OK)
        e = run(&w, &grade);
    if (e == ERR_OK && w.out.len > 0 && fwrite(w.out.ptr, 1, w.out.len, stdout) != w.out.len)
        e = ERR_IO;
    if (e != ERR_OK)
        fprintf(stderr, "sluis-pki: %s\n", w.why.text[0] != '\0' ? w.why.text : err_text(e));
    work_end(&w);
    return e == ERR_OK ? grade : exit_code(e);
}
