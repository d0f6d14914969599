#include "agent/import/import_verbs.h"

#include <stdlib.h>
#include <sysexits.h>

#include "agent/agent.h"
#include "agent/import/importer.h"
#include "agent/protected/protect_verb.h"
#include "proto/conf/mapping.h"

#define KEYS_MAX 10000u

static enum err get_source(const struct doc *args, struct name *out, struct errmsg *why)
{
    struct bytes text;
    enum err bad = doc_get_text(args, "source", NAME_MAX_BYTES, &text, why);
    if (bad == ERR_OK && name_parse(text, out) != ERR_OK)
        bad = errmsg_set(why, ERR_INVALID,
                         "source: a name of at most %d characters a-z, 0-9, '.', '_' and '-'",
                         NAME_MAX_BYTES);
    return bad;
}

static enum err get_mode(const struct doc *args, enum import_mode *out, struct errmsg *why)
{
    struct bytes text;
    enum err bad = doc_get_text(args, "mode", 16, &text, why);
    if (bad != ERR_OK)
        return bad;
    if (bytes_is(text, "full"))
        *out = IMPORT_MODE_FULL;
    else if (bytes_is(text, "delta"))
        *out = IMPORT_MODE_DELTA;
    else
        return errmsg_set(why, ERR_INVALID, "mode: full or delta");
    return ERR_OK;
}

static enum err get_confirmed(const struct doc *args, struct import_order *o, struct errmsg *why)
{
    int64_t n = 0;
    if (!doc_has(args, "confirm_withdraw"))
        return ERR_OK;
    enum err bad = doc_get_int(args, "confirm_withdraw", 0, INT64_MAX, &n, why);
    o->has_confirmed = bad == ERR_OK;
    o->confirmed = (uint64_t)n;
    return bad;
}

/* `import`: source, mode, mapping (its text), confirm_withdraw; then the bytes of the source. */
static void run_import(struct call *c, const struct doc *args)
{
    struct import_order o = {.mode = IMPORT_MODE_NONE};
    struct errmsg why = {""};
    struct bytes mapping;
    enum err bad = get_source(args, &o.source, &why);
    if (bad == ERR_OK)
        bad = get_mode(args, &o.mode, &why);
    if (bad == ERR_OK)
        bad = get_confirmed(args, &o, &why);
    if (bad == ERR_OK)
        bad = doc_get_text(args, "mapping", MAPPING_MAX_BYTES, &mapping, &why);
    if (bad == ERR_OK)
        bad = mapping_load(mapping, "mapping", &o.mapping, &why);
    if (bad != ERR_OK)
        call_error(c, bad, &why);
    else
        importer_start(call_agent(c)->importer, c, &o);
}

static void run_imports(struct call *c, const struct doc *args)
{
    (void)args;
    call_ok(c, importer_report(call_agent(c)->importer));
}

static enum err get_keys(const struct doc *args, struct bytes *keys, struct import_order *o,
                         struct errmsg *why)
{
    const struct doc *list = NULL;
    enum err bad = doc_get_array(args, "keys", &list, why);
    if (bad == ERR_OK && (doc_count(list) == 0 || doc_count(list) > KEYS_MAX))
        bad = errmsg_set(why, ERR_RANGE, "keys: 1 to %u record keys at a time", KEYS_MAX);
    for (size_t i = 0; bad == ERR_OK && i < doc_count(list); i++) {
        bad = doc_text_of(doc_at(list, i), 128, &keys[i]);
        if (bad != ERR_OK)
            errmsg_set(why, bad, "keys: texts of at most 128 bytes");
    }
    if (bad == ERR_OK)
        o->key_count = doc_count(list);
    o->keys = keys;
    return bad;
}

/* `withdraw`: source, and keys or all. */
static void run_withdraw(struct call *c, const struct doc *args)
{
    struct import_order o = {.mode = IMPORT_MODE_DELTA};
    struct errmsg why = {""};
    struct bytes *keys = calloc(KEYS_MAX, sizeof *keys);
    enum err bad = keys != NULL ? get_source(args, &o.source, &why) : ERR_NOMEM;
    if (bad == ERR_OK && doc_has(args, "all"))
        bad = doc_get_bool(args, "all", &o.withdraw_all, &why);
    if (bad == ERR_OK && !o.withdraw_all)
        bad = get_keys(args, keys, &o, &why);
    if (bad == ERR_OK)
        bad = get_confirmed(args, &o, &why);
    if (bad != ERR_OK)
        call_error(c, bad, &why);
    else
        importer_start(call_agent(c)->importer, c, &o);
    free(keys);
}

#define BIT(f) (1u << (f))
#define CONTRIBUTORS                                                                               \
    (BIT(FUNCTION_CASE_WORKER) | BIT(FUNCTION_MANDATED_OFFICER) | BIT(FUNCTION_PRIVACY_OFFICER) |  \
     BIT(FUNCTION_RELEASE_OFFICER) | BIT(FUNCTION_SECURITY_OFFICER))

const struct verb import_verbs[] = {
    {"import", CONTRIBUTORS, run_import},
    {"imports", 0, run_imports},
    {"withdraw", BIT(FUNCTION_PRIVACY_OFFICER) | BIT(FUNCTION_RELEASE_OFFICER) |
                     BIT(FUNCTION_MANDATED_OFFICER),
     run_withdraw},
    {"protect", BIT(FUNCTION_SECURITY_OFFICER), run_protect},
    {NULL, 0, NULL},
};
