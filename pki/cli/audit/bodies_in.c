#include "pki/cli/audit/bodies_in.h"

#include <string.h>
#include <sys/stat.h>

/* What shows only what fits; the others want every row that they ask for. */
static bool is_filtering(enum bodies_purpose p)
{
    return p != BODIES_FOR_SHOW && p != BODIES_FOR_EXPLAIN && p != BODIES_FOR_VERIFY;
}

static enum err open_socket(const struct options *o, struct body_socket **out, struct errmsg *why)
{
    struct body_socket_params p = {.path = o->bodies, .key = o->key, .passphrase_file = o->passphrase_file,
                                   .is_own = o->own};
    struct filter filter;
    const char *purpose = strcmp(o->verb, "open") == 0 ? bodies_purpose_id(BODIES_FOR_SHOW) : o->verb;
    enum err e = bodies_purpose_parse(bytes_str(purpose), &p.purpose);
    if (e == ERR_OK)
        e = filter_of(o, &filter, why);
    if (e == ERR_OK)
        e = filter_said(&filter, &p.filter, why);
    p.narrow = e == ERR_OK && is_filtering(p.purpose) && !filter_is_empty(&filter);
    if (p.narrow)
        filter_sought(&filter, &p.sought);
    /* Of what fits no more is read than the list shows, and whether there is another. */
    if (p.narrow && p.purpose == BODIES_FOR_LIST && o->limit < BODIES_ROWS_MAX)
        p.max_rows = (uint32_t)o->limit + 1;
    return e == ERR_OK ? body_socket_open(&p, out, why) : e;
}

enum err bodies_in_open(const struct options *o, struct bodies_in *out, struct errmsg *why)
{
    struct stat st;
    const bool is_socket = stat(o->bodies, &st) == 0 && S_ISSOCK(st.st_mode);
    if (o->own && !is_socket)
        return errmsg_set(why, ERR_CONFIG, "--own: --bodies names the control socket of your agent");
    if (!is_socket)
        return body_file_open(o->bodies, &out->file, why);
    return open_socket(o, &out->socket, why);
}

enum err bodies_in_again(const struct options *o, struct bodies_in *b, struct errmsg *why)
{
    if (b->file == NULL)
        return ERR_OK; /* a socket is asked anew each time */
    bodies_in_close(b);
    return bodies_in_open(o, b, why);
}

void bodies_in_close(struct bodies_in *b)
{
    body_file_close(b->file);
    body_socket_close(b->socket);
    *b = (struct bodies_in){0};
}

enum err bodies_in_said(const struct bodies_in *b, const struct filter *f,
                        struct bodies_filter *out, struct errmsg *why)
{
    if (b->socket == NULL)
        return filter_said(f, out, why);
    *out = *body_socket_filter(b->socket);
    return ERR_OK;
}

struct body_source bodies_in_source(const struct bodies_in *b)
{
    return b->file != NULL ? body_file_source(b->file) : body_socket_source(b->socket);
}
