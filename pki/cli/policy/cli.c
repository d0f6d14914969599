#include "pki/cli/policy/cli.h"

#include <stdio.h>
#include <sysexits.h>

int cli_fail(enum err e, const struct errmsg *why)
{
    fprintf(stderr, "sluis-policy: %s\n", why->text[0] != '\0' ? why->text : err_text(e));
    if (e == ERR_NOT_FOUND)
        return EX_NOINPUT;
    if (e == ERR_PERMISSION)
        return EX_NOPERM;
    if (e == ERR_IO || e == ERR_NO_SPACE)
        return EX_IOERR;
    if (e == ERR_EXISTS)
        return EX_CANTCREAT;
    return e == ERR_NOMEM ? EX_OSERR : EX_DATAERR;
}

enum err cli_data_error(enum err e)
{
    return e == ERR_OK || e == ERR_NOMEM ? e : ERR_INVALID;
}

int cli_complain(int code, const char *text, const char *detail)
{
    fprintf(stderr, "sluis-policy: %s%s\n", text, detail);
    return code;
}
