/* What came with the words on epochs: the declarations of officers on which a destruction rests; and which words do not
 * count, for an entry about each (decision 0908). */
#include "pki/digest.h"
#include "pki/trust_declared.h"
#include "pki/view/view_internal.h"

enum err view_keep_declared(struct view *v, const struct epoch_word *word, struct states_said *out)
{
    struct view_declared *list = arena_array(v->arena, word->declared_count, sizeof *list);
    struct signed_doc doc;
    enum err e = list == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < word->declared_count; i++) {
        list[i].wire = word->declared[i];
        e = signed_doc_decode(word->declared[i], DESTRUCTION_MAX_BYTES, v->arena, &doc, NULL);
        if (e == ERR_OK)
            e = digest_sha256(&doc.document, 1, &list[i].digest);
    }
    out->declared = list;
    out->declared_count = e == ERR_OK ? word->declared_count : 0;
    return e;
}

bool view_declared_at(const struct view *v, const struct digest *declaration, size_t i, struct bytes *out)
{
    for (size_t k = 0; k < v->said_count; k++) {
        const struct states_said *s = &v->said[k];
        for (size_t n = 0; n < s->declared_count; n++) {
            if (!digest_equal(&s->declared[n].digest, declaration) || i-- > 0)
                continue;
            *out = s->declared[n].wire;
            return true;
        }
    }
    return false;
}

bool view_refused_word_at(const struct view *v, size_t i, struct view_refused_deal *out)
{
    for (size_t k = 0; k < v->unread_count; k++) {
        if (!v->unread[k].is_fault || i-- > 0)
            continue;
        *out = v->unread[k].refused;
        return true;
    }
    return false;
}
