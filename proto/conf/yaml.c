#include "proto/conf/yaml.h"

#include <cyaml/cyaml.h>
#include <stdio.h>

/* The first line that libcyaml logs names the failure; the rest is its own backtrace. */
struct report {
    char text[160];
};

__attribute__((format(printf, 3, 0))) static void keep_first(cyaml_log_t level, void *ctx,
                                                             const char *fmt, va_list args)
{
    (void)level;
    struct report *r = ctx;
    if (r->text[0] != '\0')
        return;
    vsnprintf(r->text, sizeof r->text, fmt, args);
    r->text[strcspn(r->text, "\n")] = '\0';
}

static cyaml_config_t config_for(struct report *r)
{
    return (cyaml_config_t){.log_fn = keep_first,
                            .log_ctx = r,
                            .log_level = CYAML_LOG_ERROR,
                            .mem_fn = cyaml_mem,
                            .flags = CYAML_CFG_NO_ALIAS};
}

/* What yaml_check lets pass and libcyaml does not: a float, or memory. */
static enum err load_checked(const struct yaml_source *src, const struct cyaml_schema_value *schema,
                             void **out, struct errmsg *why)
{
    struct report r = {.text = ""};
    cyaml_config_t config = config_for(&r);
    void *data = NULL;
    cyaml_err_t e = cyaml_load_data(src->text.ptr, src->text.len, &config, schema, &data, NULL);
    if (e == CYAML_ERR_OOM)
        return ERR_NOMEM;
    if (e != CYAML_OK)
        return errmsg_set(why, ERR_INVALID, "%s: %s", src->name,
                          r.text[0] != '\0' ? r.text : cyaml_strerror(e));
    if (data == NULL)
        return errmsg_set(why, ERR_INVALID, "%s: the file is empty", src->name);
    *out = data;
    return ERR_OK;
}

enum err yaml_load(const struct yaml_source *src, const struct cyaml_schema_value *schema,
                   void **out, struct yaml_tree **tree, struct errmsg *why)
{
    CLEANUP(cleanup_yaml_tree_free) struct yaml_tree *t = NULL;
    enum err bad = yaml_tree_parse(src, &t, why);
    if (bad == ERR_OK)
        bad = yaml_check(t, schema, why);
    if (bad == ERR_OK)
        bad = load_checked(src, schema, out, why);
    if (bad == ERR_OK && tree != NULL)
        *tree = take(t);
    return bad;
}

void yaml_unload(const struct cyaml_schema_value *schema, void *data)
{
    struct report r = {.text = ""};
    cyaml_config_t config = config_for(&r);
    if (data != NULL)
        cyaml_free(&config, schema, data, 0);
}
