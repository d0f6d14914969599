/* What changes between what is contributed of a data set and what its source says now: one merge of two
 * sorted sequences, in memory that does not grow with them. */
#ifndef SLUIS_IMPORT_DIFFERENCE_H
#define SLUIS_IMPORT_DIFFERENCE_H

#include "agent/import/stage.h"

enum change {
    CHANGE_END = 0,
    CHANGE_ADD,       /* new */
    CHANGE_REPLACE,   /* content or rules differ */
    CHANGE_KEEP,      /* nothing to do */
    CHANGE_HIDE,      /* of a protected person, nothing of it is contributed: noted, never sent */
    CHANGE_WITHDRAW,  /* is contributed, and is not to be any more */
    CHANGE_FORGET,    /* the note of something that is not contributed (any more) */
    CHANGE_OUT,       /* no rule admits it, and nothing of it is contributed */
    CHANGE_DUPLICATE, /* an earlier row has this key: left out */
};

struct change_item {
    enum change change;
    const struct stage_row *row;   /* NULL for WITHDRAW and FORGET of what the source lacks */
    const struct live_entry *was;  /* NULL for ADD of what is new, HIDE, OUT, DUPLICATE */
};

struct difference_params {
    struct store *store;
    uint32_t leg;
    uint32_t runs;
    uint32_t data_set;
    bool is_full;                    /* what the source lacks is withdrawn */
    bool is_copy;                    /* rows of another epoch: what is contributed here stays */
    uint32_t today;                  /* an entry that expired is not withdrawn any more */
    const struct live_digest *after; /* goes on behind this key; NULL: from the start */
};

struct difference;

/* ERR_NOMEM; errors as store_get. */
enum err difference_new(const struct difference_params *p, struct difference **out) MUST_CHECK;
void difference_free(struct difference *d);
DEFINE_CLEANUP(struct difference, difference_free)

/* The next change, by ascending key; views until the next call. Errors as store_get, kv_iter_next. */
enum err difference_next(struct difference *d, struct change_item *out) MUST_CHECK;
/* The content of the row at hand, as stage_merge_data. */
enum err difference_data(struct difference *d, struct bytes *out) MUST_CHECK;

/* An entry that only notes a protected record: nothing of it is contributed. */
bool live_entry_is_note(const struct live_entry *e);

#endif
