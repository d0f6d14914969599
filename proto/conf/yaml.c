#include "proto/conf/yaml.h"

#include <cyaml/cyaml.h>
#include <stdlib.h>

enum err yaml_load(const struct yaml_source *src, const struct cyaml_schema_value *schema,
                   void **out, struct yaml_tree **tree, struct errmsg *why)
{
    CLEANUP(cleanup_yaml_tree_free) struct yaml_tree *t = NULL;
    const struct cyaml_schema_value **schema_of = NULL;
    enum err bad = yaml_tree_parse(src, &t, why);
    if (bad == ERR_OK)
        bad = yaml_check(t, schema, &schema_of, why);
    if (bad == ERR_OK)
        bad = yaml_fill(t, schema_of, out);
    free(schema_of);
    if (bad == ERR_OK && tree != NULL)
        *tree = take(t);
    return bad;
}

void yaml_unload(const struct cyaml_schema_value *schema, void *data)
{
    const cyaml_config_t config = {.mem_fn = cyaml_mem, .flags = CYAML_CFG_NO_ALIAS};
    if (data != NULL)
        cyaml_free(&config, schema, data, 0);
}
