/* sluis: the program of case workers and officers. Global options, then a verb. */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "agent/cli/cli_run.h"
#include "pki/secret.h"
#include "proto/base/log.h"

/* Officers' keys live in this process for a moment: no core dump, no debugger of another process. */
static void harden(void)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0)
        log_warn("core dumps cannot be turned off");
}

int main(int argc, char **argv)
{
    log_init("sluis", LOG_LEVEL_WARN);
    harden();
    enum err heap = secret_init();
    if (heap != ERR_OK && heap != ERR_PERMISSION) {
        log_err("no protected memory for keys: %s", err_text(heap));
        return EX_OSERR;
    }
    return cli_run(cli_verbs, argc, argv);
}
