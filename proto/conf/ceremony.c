#include "proto/conf/ceremony.h"

#include <cyaml/cyaml.h>
#include <stdio.h>

#include "proto/conf/yaml.h"

#define NAME_MAX 64 /* of a certificate's subject */
#define DAYS_MIN 30u
#define DAYS_MAX 7300u
#define DESCRIPTOR_MIN 3u
#define DESCRIPTOR_MAX 1023u

/* ---- schema ---- */

#define OPTIONAL CYAML_FLAG_OPTIONAL
#define OWNED CYAML_FLAG_POINTER
#define TEXT(key, flags, type, member, max)                                                        \
    CYAML_FIELD_STRING_PTR(key, OWNED | (flags), type, member, 1, max)

static const cyaml_schema_field_t unlock_fields[] = {
    TEXT("file", OPTIONAL, struct ceremony_unlock, file, CEREMONY_PATH_MAX),
    CYAML_FIELD_UINT("descriptor", OPTIONAL, struct ceremony_unlock, descriptor),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t officer_fields[] = {
    TEXT("name", 0, struct ceremony_officer, name, NAME_MAX),
    TEXT("organisation", 0, struct ceremony_officer, organisation, NAME_MAX),
    CYAML_FIELD_MAPPING("unlock", OPTIONAL, struct ceremony_officer, unlock, unlock_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t officer_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct ceremony_officer, officer_fields)};

static const cyaml_schema_field_t place_fields[] = {
    TEXT("file", OPTIONAL, struct ceremony_place, file, CEREMONY_PATH_MAX),
    TEXT("pkcs11", OPTIONAL, struct ceremony_place, pkcs11, CEREMONY_PATH_MAX),
    TEXT("module", OPTIONAL, struct ceremony_place, module, CEREMONY_PATH_MAX),
    CYAML_FIELD_MAPPING("pin", OPTIONAL, struct ceremony_place, pin, unlock_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t key_fields[] = {
    TEXT("name", 0, struct ceremony_key, name, NAME_MAX),
    CYAML_FIELD_UINT("days", 0, struct ceremony_key, days),
    CYAML_FIELD_MAPPING("key", OPTIONAL, struct ceremony_key, key, place_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t registrar_fields[] = {
    TEXT("oin", 0, struct ceremony_registrar, oin, NAME_MAX),
    TEXT("name", 0, struct ceremony_registrar, name, NAME_MAX),
    TEXT("host", OPTIONAL, struct ceremony_registrar, host, NAME_MAX),
    CYAML_FIELD_MAPPING("unlock", OPTIONAL, struct ceremony_registrar, unlock, unlock_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t top_fields[] = {
    CYAML_FIELD_UINT("schema", 0, struct ceremony, schema),
    TEXT("deployment", 0, struct ceremony, deployment, NAME_MAX_BYTES),
    TEXT("folder", 0, struct ceremony, folder, CEREMONY_PATH_MAX),
    CYAML_FIELD_MAPPING("registrar", 0, struct ceremony, registrar, registrar_fields),
    CYAML_FIELD_SEQUENCE("officers", OWNED, struct ceremony, officers, &officer_schema,
                         CEREMONY_OFFICERS, CEREMONY_OFFICERS),
    CYAML_FIELD_MAPPING("root", 0, struct ceremony, root, key_fields),
    CYAML_FIELD_MAPPING("issuing", 0, struct ceremony, issuing, key_fields),
    CYAML_FIELD_MAPPING("roster_key", 0, struct ceremony, roster_key, key_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t top_schema = {
    CYAML_VALUE_MAPPING(OWNED, struct ceremony, top_fields)};

/* ---- what the schema cannot say ---- */

struct check {
    const struct ceremony *c;
    const struct yaml_tree *tree;
    struct errmsg *why;
};

/* A fault at path, whose last step may be absent. */
static enum err refuse(const struct check *c, const char *path, const char *detail)
{
    const struct yaml_value *at = yaml_tree_find(c->tree, path);
    char text[256];
    snprintf(text, sizeof text, "%s: %s", path, detail);
    if (at != NULL)
        return yaml_tree_complain(c->tree, at, ERR_CONFIG, c->why, text);
    return errmsg_set(c->why, ERR_CONFIG, "%s:%u: %s", yaml_tree_name(c->tree),
                      yaml_tree_line(c->tree, path), text);
}

static enum err check_unlock(const struct check *c, const char *path,
                             const struct ceremony_unlock *u)
{
    if (u->descriptor != 0 && u->file != NULL)
        return refuse(c, path, "give a file or a descriptor, not both");
    if (u->descriptor != 0 && (u->descriptor < DESCRIPTOR_MIN || u->descriptor > DESCRIPTOR_MAX))
        return refuse(c, path, "expected a descriptor of 3 to 1023");
    return ERR_OK;
}

static enum err check_place(const struct check *c, const char *path,
                            const struct ceremony_place *p, bool is_root)
{
    char pin[80];
    snprintf(pin, sizeof pin, "%s.pin", path);
    bool has_pin = p->pin.file != NULL || p->pin.descriptor != 0;
    if ((p->pkcs11 != NULL) != (p->module != NULL))
        return refuse(c, path, "pkcs11 and module go together");
    if (p->pkcs11 == NULL && has_pin)
        return refuse(c, path, "only a key in a module has a PIN");
    if (p->pkcs11 != NULL && p->file != NULL)
        return refuse(c, path, "give a file or a module, not both");
    if (is_root && p->pkcs11 == NULL && p->file == NULL)
        return refuse(c, path, "say where the root key goes: a file on a medium that is taken away");
    if (!is_root && p->file != NULL)
        return refuse(c, path, "this key lies in the folder of the register");
    return check_unlock(c, pin, &p->pin);
}

static enum err check_key(const struct check *c, const char *name, const struct ceremony_key *k,
                          bool is_root)
{
    char path[64];
    snprintf(path, sizeof path, "%s.days", name);
    if (k->days < DAYS_MIN || k->days > DAYS_MAX)
        return refuse(c, path, "expected 30 to 7300");
    snprintf(path, sizeof path, "%s.key", name);
    return check_place(c, path, &k->key, is_root);
}

static enum err check_registrar(const struct check *c)
{
    struct agency_id id;
    struct name name;
    const struct ceremony_registrar *r = &c->c->registrar;
    if (name_parse(bytes_str(c->c->deployment), &name) != ERR_OK)
        return refuse(c, "deployment", "not a name of a-z, 0-9, '.', '_' and '-'");
    if (agency_id_parse(bytes_str(r->oin), &id) != ERR_OK)
        return refuse(c, "registrar.oin", "not an OIN of 20 characters");
    if (r->host != NULL && agency_id_parse(bytes_str(r->host), &id) != ERR_OK)
        return refuse(c, "registrar.host", "not an OIN of 20 characters");
    return check_unlock(c, "registrar.unlock", &r->unlock);
}

static bool same_source(const struct ceremony_unlock *a, const struct ceremony_unlock *b)
{
    if (a->file != NULL && b->file != NULL)
        return strcmp(a->file, b->file) == 0;
    return a->descriptor != 0 && a->descriptor == b->descriptor;
}

/* Two people, each with a passphrase that the other does not hold; nor does the registrar. */
static enum err check_officers(const struct check *c)
{
    const struct ceremony_officer *o = c->c->officers;
    enum err bad = check_unlock(c, "officers[0].unlock", &o[0].unlock);
    if (bad == ERR_OK)
        bad = check_unlock(c, "officers[1].unlock", &o[1].unlock);
    if (bad != ERR_OK)
        return bad;
    if (strcmp(o[0].name, o[1].name) == 0)
        return refuse(c, "officers[1].name", "two officers are two people");
    if (same_source(&o[0].unlock, &o[1].unlock))
        return refuse(c, "officers[1].unlock", "each officer has a passphrase of their own");
    for (size_t i = 0; i < CEREMONY_OFFICERS; i++) {
        if (same_source(&o[i].unlock, &c->c->registrar.unlock))
            return refuse(c, "registrar.unlock", "the registrar has a passphrase of its own");
    }
    return ERR_OK;
}

/* One process drives one module. */
static enum err check_modules(const struct check *c)
{
    const struct ceremony_place *p[] = {&c->c->root.key, &c->c->issuing.key, &c->c->roster_key.key};
    const char *first = NULL;
    for (size_t i = 0; i < CYAML_ARRAY_LEN(p); i++) {
        if (p[i]->module == NULL)
            continue;
        if (first != NULL && strcmp(first, p[i]->module) != 0)
            return refuse(c, "root", "all keys in modules lie in one and the same module");
        first = p[i]->module;
    }
    return ERR_OK;
}

static enum err check_plan(const struct check *c)
{
    if (c->c->schema != CEREMONY_SCHEMA)
        return refuse(c, "schema", "this program reads schema 1");
    enum err bad = check_registrar(c);
    if (bad == ERR_OK)
        bad = check_officers(c);
    if (bad == ERR_OK)
        bad = check_key(c, "root", &c->c->root, true);
    if (bad == ERR_OK)
        bad = check_key(c, "issuing", &c->c->issuing, false);
    if (bad == ERR_OK)
        bad = check_key(c, "roster_key", &c->c->roster_key, false);
    if (bad == ERR_OK)
        bad = check_modules(c);
    if (bad == ERR_OK && c->c->issuing.days > c->c->root.days)
        return refuse(c, "issuing.days", "longer than the root");
    return bad;
}

enum err ceremony_load(struct bytes text, const char *name, struct ceremony **out,
                       struct errmsg *why)
{
    struct yaml_source src = {.text = text, .name = name, .max_bytes = CEREMONY_MAX_BYTES};
    CLEANUP(cleanup_yaml_tree_free) struct yaml_tree *tree = NULL;
    void *data = NULL;
    enum err bad = yaml_load(&src, &top_schema, &data, &tree, why);
    if (bad != ERR_OK)
        return bad == ERR_NOMEM ? bad : ERR_CONFIG;
    CLEANUP(cleanup_ceremony_free) struct ceremony *c = data;
    struct check k = {.c = c, .tree = tree, .why = why};
    bad = check_plan(&k);
    if (bad == ERR_OK)
        *out = take(c);
    return bad;
}

enum err ceremony_put_under(const char *base, char **path, struct errmsg *why)
{
    const char *old = *path;
    if (old == NULL || *old == '/' || base[0] == '\0')
        return ERR_OK;
    const size_t n = strlen(base);
    const size_t m = strlen(old) + 1;
    char *longer = cyaml_mem(NULL, NULL, n + m);
    if (longer == NULL)
        return errmsg_set(why, ERR_NOMEM, "%s: no memory for its path", old);
    memcpy(longer, base, n);
    memcpy(longer + n, old, m);
    (void)cyaml_mem(NULL, *path, 0);
    *path = longer;
    return ERR_OK;
}

void ceremony_free(struct ceremony *c)
{
    yaml_unload(&top_schema, c);
}
