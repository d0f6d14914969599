#include "pki/ending_doc.h"

#include "proto/json/doc.h"

struct doc *ending_doc(const struct ending *e, int64_t now_s)
{
    struct doc *one = doc_new_object();
    struct doc_build d = doc_build_of(one);
    doc_put_str(&d, "kind", ending_kind_id(e->kind));
    doc_put_str(&d, "oin", e->oin.oin);
    if (e->staff.s[0] != '\0')
        doc_put_str(&d, "staff", e->staff.s);
    if (e->kind == ENDING_EPOCH) {
        doc_put_str(&d, "purpose", e->purpose.s);
        doc_put_int(&d, "epoch", e->epoch);
    } else {
        doc_put_hex(&d, "fingerprint", digest_bytes(&e->id));
    }
    doc_put_time(&d, "ends", e->end_s);
    doc_put_int(&d, "grade", ending_grade(e, now_s));
    if (doc_build_done(&d) == ERR_OK)
        return one;
    doc_free(one);
    return NULL;
}
