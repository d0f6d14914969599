/* Inside proto/ident only: what one type's rule works on, and the table of the rules. Where sources
 * leave a spelling open: decision 0100. */
#ifndef SLUIS_IDENT_KIND_H
#define SLUIS_IDENT_KIND_H

#include "proto/base/buf.h"
#include "proto/ident/ident.h"

/* A part after NFKC and trimming; NUL-terminated, never longer than it may come in. */
struct ident_text {
    size_t len;
    char s[IDENT_PART_MAX + 1];
};

/* One normalisation at work. Holds identifiers: wiped by ident_normalise. */
struct ident_job {
    size_t count; /* parts given; those past it are empty */
    struct ident_text part[IDENT_PARTS_MAX];
    uint8_t at; /* the part under the hand, for the report */
    uint32_t warnings;
    struct buf out; /* fixed, over storage: the canonical value */
    char storage[IDENT_MAX];
};

/* Folds and checks job->part[] and writes job->out. NONE where accepted. A value that does not fit
 * job->out is refused by the caller. Allocation trouble is left in job->out.err. */
typedef enum ident_reason (*ident_rule_fn)(struct ident_job *job);

struct ident_kind {
    ident_rule_fn rule;
    uint32_t norm_version;
    enum ident_class cls;
    enum ident_class (*value_class)(struct bytes value); /* NULL: cls for every value */
    struct ident_parts parts;
    const char *part_names[IDENT_PARTS_MAX];
};

/* NULL for a value outside the enum. */
const struct ident_kind *ident_kind(enum ident_type type);

/* The rules, one file for each family. */
enum ident_reason bsn_rule(struct ident_job *job);
enum ident_reason rsin_rule(struct ident_job *job);
enum ident_reason kvk_rule(struct ident_job *job);
enum ident_reason vestiging_rule(struct ident_job *job);
enum ident_reason iban_rule(struct ident_job *job);
enum ident_reason kenteken_rule(struct ident_job *job);
enum ident_reason telefoon_rule(struct ident_job *job);
enum ident_reason email_rule(struct ident_job *job);
enum ident_reason bag_rule(struct ident_job *job);
enum ident_reason postcode_rule(struct ident_job *job);
enum ident_reason naam_rule(struct ident_job *job);
enum ident_reason reisdocument_rule(struct ident_job *job);
enum ident_reason btw_rule(struct ident_job *job);
enum ident_class btw_class(struct bytes value);
enum ident_reason lei_rule(struct ident_job *job);
enum ident_reason container_rule(struct ident_job *job);
enum ident_reason imei_rule(struct ident_job *job);

#endif
