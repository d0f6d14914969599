/* Any bytes become a YAML tree, or are refused with a message; look-ups on it stay inside. */
#include <assert.h>

#include "proto/conf/yaml_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct yaml_source src = {bytes_of(data, size), "fuzz", 1 << 20};
    struct yaml_tree *t = NULL;
    struct errmsg why = {.text = ""};
    if (yaml_tree_parse(&src, &t, &why) != ERR_OK) {
        assert(t == NULL && why.text[0] != '\0');
        return 0;
    }
    size_t count;
    const struct yaml_value *values = yaml_tree_values(t, &count);
    for (size_t i = 1; i < count; i++) {
        const struct yaml_value *parent = &values[values[i].parent];
        assert(values[i].parent < i);
        if (parent->kind == YAML_KIND_MAP)
            assert(yaml_tree_get(t, parent, values[i].key) == &values[i]);
        else
            assert(yaml_tree_item(t, parent, values[i].index) == &values[i]);
    }
    assert(yaml_tree_line(t, "a.b[c].d") >= 1);
    yaml_tree_free(t);
    return 0;
}
