#include "pki/cli/pki/service_call.h"

#include "proto/host/control.h"
#include "proto/json/doc.h"

#define ANSWER_TIMEOUT_MS 60000
#define CALL_MAX_BYTES ((size_t)64 << 10)

static enum err write_call(const char *verb, struct doc *args, struct buf *out)
{
    struct doc *call CLEANUP(cleanup_doc_free) = doc_new_object();
    struct doc_build d = doc_build_of(call);
    doc_put_str(&d, "verb", verb);
    doc_put_doc(&d, "args", args != NULL ? args : doc_new_object());
    const enum err e = doc_build_done(&d);
    return e == ERR_OK ? doc_write(call, out) : e;
}

enum err service_call(const char *socket, const char *verb, struct doc *args, struct doc **out, struct errmsg *why)
{
    struct control_client *c CLEANUP(cleanup_control_client_free) = NULL;
    struct buf call CLEANUP(buf_free) = buf_new(CALL_MAX_BYTES);
    struct buf answer CLEANUP(buf_free) = buf_new(CONTROL_FRAME_MAX);
    enum err e = write_call(verb, args, &call);
    if (e == ERR_OK)
        e = control_client_new(socket, &c, why);
    if (e == ERR_OK)
        e = control_client_send(c, buf_bytes(&call));
    if (e == ERR_OK)
        e = control_client_recv(c, ANSWER_TIMEOUT_MS, &answer);
    if (e == ERR_OK)
        e = doc_parse(buf_bytes(&answer), CONTROL_FRAME_MAX, out, why);
    return e == ERR_OK || (why != NULL && why->text[0] != '\0') ? e : errmsg_set(why, e, "%s: no answer", socket);
}
