/* Any bytes become a mapping that keeps its promises, or are refused with a message. */
#include <assert.h>

#include "proto/conf/mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mapping *m = NULL;
    struct errmsg why = {.text = ""};
    if (mapping_load(bytes_of(data, size), "fuzz", &m, &why) != ERR_OK) {
        assert(m == NULL && why.text[0] != '\0');
        return 0;
    }
    assert(m->rules_count > 0 && m->identifiers_count > 0 && m->record_key != NULL);
    for (uint32_t i = 0; i < m->identifiers_count; i++)
        assert((m->identifiers[i].column != NULL) != (m->identifiers[i].parts_count > 0));
    assert((m->category.column != NULL) != (m->category.constant.s[0] != '\0'));
    mapping_free(m);
    return 0;
}
