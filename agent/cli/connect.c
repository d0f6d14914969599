/* Finds the agent's control socket and connects to it. */
#include <errno.h>
#include <string.h>

#include "agent/cli/cli_call.h"
#include "proto/conf/config_agent.h"
#include "proto/host/control.h"
#include "proto/host/file.h"

#define RUN_DIR "/run/sluis"

/* The one agent of this host, where there is one. */
struct found {
    char path[256];
    unsigned count;
};

static enum err note_agent(void *arg, const char *name)
{
    struct found *f = arg;
    char path[sizeof f->path];
    int n = snprintf(path, sizeof path, RUN_DIR "/%s/control.sock", name);
    if (n < 0 || (size_t)n >= sizeof path || strncmp(name, "agent", 5) != 0 || !file_exists(path))
        return ERR_OK;
    memcpy(f->path, path, sizeof path);
    f->count++;
    return ERR_OK;
}

static int path_of_config(struct cli *c, char *out, size_t size)
{
    struct errmsg why = {""};
    CLEANUP(buf_free) struct buf text = buf_new(CONFIG_MAX_BYTES);
    CLEANUP(cleanup_config_agent_free) struct config_agent *config = NULL;
    enum err bad = file_read(c->config, FILE_OWN, &text, &why);
    const struct conf_source source = {.text = buf_bytes(&text), .path = c->config};
    if (bad == ERR_OK)
        bad = config_agent_load(&source, &config, &why);
    if (bad != ERR_OK)
        return cli_error(c, EX_CONFIG, "%s", why.text);
    int n = snprintf(out, size, "%s", config->service.control);
    return n > 0 && (size_t)n < size ? 0 : cli_error(c, EX_CONFIG, "the socket's path is too long");
}

static int find_path(struct cli *c)
{
    if (c->socket == NULL && c->config != NULL)
        return path_of_config(c, c->path, sizeof c->path);
    if (c->socket != NULL) {
        int n = snprintf(c->path, sizeof c->path, "%s", c->socket);
        return n > 0 && (size_t)n < sizeof c->path
                   ? 0
                   : cli_error(c, EX_USAGE, "--socket: the path is empty or too long");
    }
    struct found f = {.count = 0};
    enum err bad = file_list(RUN_DIR, note_agent, &f);
    if (bad == ERR_OK && f.count == 1) {
        memcpy(c->path, f.path, sizeof c->path);
        return 0;
    }
    return cli_error(c, EX_USAGE,
                    "%s agent has a socket under " RUN_DIR "; say which with --socket PATH or "
                    "--config FILE",
                    f.count == 0 ? "no" : "more than one");
}

int cli_connect(struct cli *c)
{
    if (c->client != NULL)
        return 0;
    int code = c->path[0] != '\0' ? 0 : find_path(c);
    if (code != 0)
        return code;
    struct errmsg why = {""};
    enum err bad = control_client_new(c->path, &c->client, &why);
    if (bad == ERR_PERMISSION)
        return cli_error(c, EX_NOPERM, "the agent's socket %s: %s", c->path, why.text);
    if (bad != ERR_OK)
        return cli_error(c, EX_UNAVAILABLE, "the agent cannot be reached at %s: %s", c->path,
                        why.text[0] != '\0' ? why.text : err_text(bad));
    return 0;
}
