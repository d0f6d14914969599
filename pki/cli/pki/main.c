/* sluis-pki: what the registrar, the operators and the custodians do with keys and certificates. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "pki/cli/pki/verbs.h"

static const struct {
    const char *verb;
    const char *sub;
    verb_fn run;
} verbs[] = {
    {"init", NULL, verb_init},
    {"token", NULL, verb_token},
    {"enrol", NULL, verb_enrol},
    {"broker-init", NULL, verb_broker_init},
    {"approve", NULL, verb_approve},
    {"accept", NULL, verb_accept},
    {"signer", NULL, verb_signer},
    {"roster", "sign", verb_roster_sign},
    {"roster", "show", verb_roster_show},
    {"roster", "remove", verb_roster_remove},
    {"roster", "recover", verb_roster_recover},
    {"revoke", NULL, verb_revoke},
    {"crl", NULL, verb_crl},
    {"epoch", "new", verb_epoch_new},
    {"epoch", "accept", verb_epoch_accept},
    {"epoch", "half", verb_epoch_half},
    {"epoch", "activate", verb_epoch_activate},
    {"epoch", "retire", verb_epoch_retire},
    {"epoch", "compromise", verb_epoch_compromise},
    {"epoch", "declare", verb_epoch_declare},
    {"epoch", "destroy", verb_epoch_destroy},
    {"epoch", "list", verb_epoch_list},
    {"epoch", "resign", verb_epoch_resign},
    {"rotate", NULL, verb_rotate},
    {"test-key", NULL, verb_test_key},
    {"backup", NULL, verb_backup},
    {"restore", NULL, verb_restore},
    {"list", NULL, verb_list},
    {"mailbox", NULL, verb_mailbox},
    {"mail", NULL, verb_mail},
};

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static enum err run(struct work *w, int *grade)
{
    if (same(w->o->verb, "status") && w->o->sub == NULL)
        return verb_status(w, grade);
    if (same(w->o->verb, "ceremony"))
        return verb_ceremony(w);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (same(verbs[i].verb, w->o->verb) && same(verbs[i].sub, w->o->sub))
            return verbs[i].run(w);
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
        {ERR_UNREACHABLE, EX_UNAVAILABLE},
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
    if (e == ERR_OK && fwrite(w.out.ptr, 1, w.out.len, stdout) != w.out.len)
        e = ERR_IO;
    if (e != ERR_OK)
        fprintf(stderr, "sluis-pki: %s\n", w.why.text[0] != '\0' ? w.why.text : err_text(e));
    work_end(&w);
    return e == ERR_OK ? grade : exit_code(e);
}
