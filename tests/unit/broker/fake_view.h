/* Stands in for pki/view in tests of the broker: a view whose members, keys and serials a test sets by
 * hand. The real one is judged by its own tests and by the system tests. */
#ifndef SLUIS_TEST_BROKER_FAKE_VIEW_H
#define SLUIS_TEST_BROKER_FAKE_VIEW_H

#include "pki/view/view.h"
#include "pki/view/view_endings.h"

#define FAKE_MEMBERS 4
#define FAKE_OFFICERS 6
#define FAKE_DEALS 2
#define FAKE_ENDINGS 4

struct view {
    struct roster roster;
    struct policy policy;
    const struct policy *older; /* NULL: no other version is kept */
    struct digest older_digest;
    struct digest policy_digest;
    struct digest adoptions_digest;
    struct digest states_digest;
    struct view_announced announced; /* serial 0: none */
    struct view_files files;
    bool expired;
    struct roster_member members[FAKE_MEMBERS];
    bool struck_off[FAKE_MEMBERS];
    enum view_standing standing[FAKE_MEMBERS]; /* of who is struck off: why it is met with silence */
    struct key *keys[FAKE_MEMBERS];
    struct roster_officer officers[FAKE_OFFICERS];
    struct key *officer_keys[FAKE_OFFICERS];
    struct deal deals[FAKE_DEALS];
    size_t deal_count;
    struct view_refused_deal refused_deals[FAKE_DEALS];
    size_t refused_deal_count;
    struct view_refused_deal refused_word; /* reason ERR_OK: none */
    const struct bytes *declared; /* of every destroyed epoch */
    size_t declared_count;
    struct ending endings[FAKE_ENDINGS];
    size_t ending_count;
    bool narrowed; /* every rule, since the policy that a header names */
    struct view_states states[FAKE_DEALS]; /* of purposes */
    size_t state_count;
    enum epoch_state epoch_states[FAKE_DEALS]; /* of the deals; 0: active */
    const char *suspended; /* why every purpose is; NULL: none */
    uint32_t undealt; /* the epoch whose statement does not hold, though its custodian spoke of it; 0: none */
    const struct adoption_doc *said; /* the only adoption that was heard; NULL: none */
    enum adoption adoption; /* of every rule by every holder; 0: adopted */
};

#endif
