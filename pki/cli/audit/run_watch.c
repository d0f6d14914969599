/* watch: the entries that fit, as they come. With the log given each new head must have grown from the one before, so that
 * a history that was rewritten ends the watch with an alarm. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>

#include "pki/cli/audit/reading.h"
#include "pki/cli/audit/row.h"

#define EVERY_DEFAULT_S 5u
#define EVERY_MOST_S 3600u

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
    (void)number;
    is_over = 1;
}

static void catch_signals(void)
{
    struct sigaction end = {.sa_handler = on_signal};
    sigemptyset(&end.sa_mask);
    (void)sigaction(SIGINT, &end, NULL);
    (void)sigaction(SIGTERM, &end, NULL);
}

static enum err watch_line(struct reading *r, const struct body_line *line, const struct audit_body *b)
{
    if (r->o->json)
        row_print_json(line);
    else
        row_print(line, b);
    return is_over ? ERR_CANCELLED : ERR_OK;
}

/* What is there now comes first, from --after on. */
static int watch(struct reading *r, int every_ms)
{
    if (!r->o->json)
        row_print_head();
    r->next = r->o->after_text == NULL ? 0 : r->o->after + 1;
    int status = reading_pass(r, r->next);
    enum err e = ERR_OK;
    while (status == EX_OK && e == ERR_OK && !is_over) {
        fflush(stdout);
        if (ferror(stdout))
            e = errmsg_set(&r->why, ERR_IO, "standard output");
        else if (poll(NULL, 0, every_ms) == 0 && !is_over) /* nothing to wait for but time: the log is files */
            e = reading_again(r);
    }
    fflush(stdout);
    return e == ERR_OK ? status : options_fail("watch", (int)e, &r->why);
}

int run_watch(const struct options *o)
{
    const uint64_t every_s = o->every_text == NULL ? EVERY_DEFAULT_S : o->every;
    if (every_s == 0 || every_s > EVERY_MOST_S) {
        fprintf(stderr, "sluis-audit: watch: --every 1 to %u seconds\n", EVERY_MOST_S);
        return EX_USAGE;
    }
    struct reading r = {.o = o, .show = watch_line, .is_filtered = true};
    catch_signals();
    const int status = watch(&r, (int)every_s * 1000);
    reading_close(&r);
    return status;
}
