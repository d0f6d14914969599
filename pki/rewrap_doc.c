#include "pki/rewrap_doc.h"

#include <stdio.h>

uint32_t rewrap_idle_version(const struct rewrap *r, const struct storage_keys *keys)
{
    for (size_t i = 0; i < storage_keys_count(keys); i++) {
        const uint32_t version = storage_keys_at(keys, i);
        if (version < r->target && !rewrap_uses(r, version))
            return version;
    }
    return 0;
}

static struct doc *numbers(const uint32_t *v, size_t count)
{
    CLEANUP(cleanup_doc_free) struct doc *list = doc_new_array();
    enum err e = list != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = doc_append(list, doc_new_int(v[i]));
    return e == ERR_OK ? take(list) : NULL;
}

static void put_next(struct doc_build *d, const struct rewrap *r, const struct storage_keys *keys)
{
    char text[96];
    const uint32_t idle = rewrap_idle_version(r, keys);
    if (r->state == REWRAP_UNDER_WAY)
        doc_put_str(d, "next", "wait: values are sealed under the new version in the background");
    else if (storage_keys_newest(keys) > r->target)
        doc_put_str(d, "next", "the store is full or cannot be written: see the log");
    else if (idle != 0) {
        snprintf(text, sizeof text, "sluis-pki rotate --key storage --retire %u", idle);
        doc_put_str(d, "next", text);
    }
}

struct doc *rewrap_doc(const struct rewrap *r, const struct storage_keys *keys)
{
    uint32_t at_hand[STORAGE_VERSIONS_MAX];
    for (size_t i = 0; i < storage_keys_count(keys); i++)
        at_hand[i] = storage_keys_at(keys, i);
    CLEANUP(cleanup_doc_free) struct doc *one = doc_new_object();
    struct doc_build d = doc_build_of(one);
    doc_put_int(&d, "version", r->target);
    doc_put_doc(&d, "versions", numbers(at_hand, storage_keys_count(keys)));
    doc_put_doc(&d, "in_use", numbers(r->versions, r->version_count));
    doc_put_str(&d, "state", rewrap_state_id(r->state));
    doc_put_int(&d, "values", (int64_t)r->total);
    doc_put_int(&d, "renewed", (int64_t)r->renewed);
    doc_put_int(&d, "percent", rewrap_percent(r));
    if (r->begun_s > 0)
        doc_put_time(&d, "begun_at", r->begun_s);
    if (r->ended_s > 0)
        doc_put_time(&d, "ended_at", r->ended_s);
    put_next(&d, r, keys);
    return doc_build_done(&d) == ERR_OK ? take(one) : NULL;
}
