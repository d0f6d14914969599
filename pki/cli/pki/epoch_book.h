/* What a party's folder says of the epochs of one purpose: the statements of keys that it accepted
 * (DIR/deals) and the custodian's words (DIR/states). The folder holds the keys themselves, so that what
 * lies in it is taken as checked when it was put there. */
#ifndef SLUIS_CLI_PKI_EPOCH_BOOK_H
#define SLUIS_CLI_PKI_EPOCH_BOOK_H

#include "pki/cli/pki/work.h"
#include "pki/trust_docs.h"

struct epoch_book {
    struct name deployment;
    struct name purpose;
    struct deal *deals; /* of the purpose, ascending by epoch */
    size_t deal_count;
    struct bytes last_document;
    struct epoch_states last; /* serial 0: nothing was said yet, and the lowest dealt epoch is active */
};

/* Reads DIR for purpose. ERR_NOT_FOUND: no key of it was dealt to this party. */
enum err epoch_book_read(struct work *w, const struct name *purpose,
                         struct epoch_book *out) MUST_CHECK;

/* The purposes of which DIR/deals has a statement, ascending. */
enum err epoch_book_purposes(struct work *w, struct name_list *out) MUST_CHECK;

const struct deal *epoch_book_deal(const struct epoch_book *b, uint32_t epoch);

/* The next word: all of the last, every epoch that was dealt since, and epoch in state. In the arena.
 * ERR_NOT_FOUND (not dealt here), ERR_STATE (it cannot go there, or too many would be active); why says
 * what to do. */
struct epoch_change {
    uint32_t epoch;
    enum epoch_state state;
    struct digest declaration; /* destroyed */
};
enum err epoch_book_next(struct work *w, const struct epoch_book *b, const struct epoch_change *c,
                         struct epoch_states *out) MUST_CHECK;

/* Keeps a signed word as DIR/states/PURPOSE-SERIAL.states, and in --out where that is given. */
enum err epoch_book_keep(struct work *w, const struct epoch_states *said,
                         struct bytes wire) MUST_CHECK;

#endif
