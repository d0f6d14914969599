/* show: the register of a policy, or of one rule, for people; to the terminal or as an HTML file.
 */
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "pki/cli/policy/cli.h"
#include "proto/host/file.h"
#include "proto/policy/register.h"

#define READABLE 100u /* columns; longer lines are hard to read on any terminal */

/* The terminal's width and bold headings only where a person reads it there. */
static struct page_style style_of(const struct options *o)
{
    struct page_style style = {
        .form = o->html ? PAGE_HTML : PAGE_TEXT, .language = o->language, .width = PAGE_WIDTH};
    struct winsize size = {.ws_col = 0};
    if (o->output != NULL || o->html || isatty(STDOUT_FILENO) == 0)
        return style;
    style.bold = true;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        style.width = size.ws_col < READABLE ? size.ws_col : READABLE;
    return style;
}

/* To standard output, or to a file that is not there yet. */
static int deliver(struct cli *c)
{
    struct errmsg why = {.text = ""};
    if (c->options->output == NULL)
        return EX_OK;
    enum err e = buf_err(&c->out);
    if (e == ERR_OK)
        e = file_create(c->options->output, buf_bytes(&c->out), 0644, &why);
    buf_reset(&c->out);
    return e == ERR_OK ? EX_OK : cli_fail(e, &why);
}

int verb_show(struct cli *c)
{
    const struct page_style style = style_of(c->options);
    const struct errmsg no_detail = {.text = ""};
    const struct rule *r = NULL;
    struct name id;
    if (c->options->json)
        return cli_complain(EX_USAGE, "show has no JSON; 'dump --json' has", "");
    if (c->options->argument != NULL) {
        if (name_parse(bytes_str(c->options->argument), &id) == ERR_OK)
            r = policy_rule(c->policy, &id);
        if (r == NULL)
            return cli_complain(EX_DATAERR, "the policy has no rule ", c->options->argument);
    }
    enum err e = r != NULL ? register_rule(&c->out, c->policy, r, &style)
                           : register_policy(&c->out, c->policy, &style);
    return e == ERR_OK ? deliver(c) : cli_fail(e, &no_detail);
}
