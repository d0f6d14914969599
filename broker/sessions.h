/* Who has said hello on which connection, and what that allows. */
#ifndef SLUIS_BROKER_SESSIONS_H
#define SLUIS_BROKER_SESSIONS_H

#include "broker/broker.h"
#include "broker/wire.h"
#include "proto/msg/hello.h"

/* An agency has one session: that of its last hello. It lasts until the next one, until the agency
 * speaks as another, or until its connection is found gone. */
struct session {
    struct agency_id agency;
    struct peer_route route;
    struct curve_key curve;   /* that the connection proved when it said hello */
    enum session_state state; /* SESSION_NONE: over */
    uint64_t known_roster;    /* serial that its last hello named */
    uint64_t mailed;          /* the highest sequence sent on this connection */
    int64_t mailed_ms;        /* when */
    uint64_t slot;            /* mails sent on this connection */
};

struct sessions;

/* NULL without memory. */
struct sessions *sessions_new(void);
void sessions_free(struct sessions *s);
DEFINE_CLEANUP(struct sessions, sessions_free)

/* NULL: none. Valid until the next sessions_begin. */
struct session *session_of(struct sessions *s, const struct agency_id *agency);

/* What a message on this connection may count on. */
enum session_state session_state_at(struct sessions *s, const struct agency_id *agency,
                                    const struct peer_route *route);

/* A hello of this member, by the key that its roster entry has now, was answered. ERR_NOMEM. */
enum err sessions_begin(struct sessions *s, const struct roster_member *member,
                        const struct peer_route *route, enum session_state state) MUST_CHECK;
void sessions_end(struct sessions *s, const struct agency_id *agency);

/* All of them, for slots and status. */
struct session *session_at(struct sessions *s, size_t i);
size_t sessions_count(const struct sessions *s);

/* How many agencies that r lists named a later roster in their last hello; *newest: the latest of them. Each of them may lie. */
size_t sessions_ahead(const struct sessions *s, const struct roster *r, uint64_t *newest);

#endif
