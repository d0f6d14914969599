#include "broker/keys_doc.h"

#include "broker/broker.h"
#include "broker/wire.h"
#include "proto/json/doc.h"

static struct doc *endpoint_doc(const struct broker *b, const struct wire_endpoint_info *e)
{
    const struct roster_member *me = view_broker(b->view);
    const struct bytes key = BYTES_OF_ARRAY(e->key.b);
    struct doc *one = doc_new_object();
    struct doc_build d = doc_build_of(one);
    doc_put_str(&d, "endpoint", e->endpoint);
    doc_put_hex(&d, "key", key);
    doc_put_str(&d, "of",
                bytes_equal(key, BYTES_OF_ARRAY(me->curve.b))                               ? "current"
                : roster_has_next(me) && bytes_equal(key, BYTES_OF_ARRAY(me->next.curve.b)) ? "next"
                                                                                            : "former");
    doc_put_int(&d, "sessions", (int64_t)e->sessions);
    if (doc_build_done(&d) == ERR_OK)
        return one;
    doc_free(one);
    return NULL;
}

struct doc *keys_endpoints_doc(const struct broker *b)
{
    struct doc *list = doc_new_array();
    struct wire_endpoint_info e;
    for (size_t i = 0; list != NULL && wire_endpoint_at(b->wire, i, &e); i++) {
        if (doc_append(list, endpoint_doc(b, &e)) != ERR_OK) {
            doc_free(list);
            return NULL;
        }
    }
    return list;
}

struct doc *keys_logs_doc(const struct broker *b)
{
    const struct roster *r = view_roster(b->view);
    const struct bytes keys[] = {r->log_key, r->next_log_key};
    struct doc *list = doc_new_array();
    for (size_t i = 0; list != NULL && i < ARRAY_LEN(keys); i++) {
        if (keys[i].len > 0 && doc_append(list, doc_new_text(keys[i])) != ERR_OK) {
            doc_free(list);
            return NULL;
        }
    }
    return list;
}
