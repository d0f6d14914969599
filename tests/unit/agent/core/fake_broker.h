/* A broker for tests of the agent: real keys of a deployment, the real link and codecs, and answers that
 * the test decides. It remembers every frame it gets. */
#ifndef SLUIS_TEST_FAKE_BROKER_H
#define SLUIS_TEST_FAKE_BROKER_H

#include "agent/agent_run.h"
#include "agent/part.h"
#include "pki/key.h"
#include "proto/host/clock.h"
#include "proto/host/link.h"
#include "proto/host/loop.h"
#include "proto/msg/envelope.h"
#include "proto/msg/hello.h"
#include "proto/msg/mail.h"
#include "proto/msg/reply.h"

#define FAKE_LETTERS 128

struct letter {
    struct buf frame; /* as it came */
    struct arena *arena;
    struct envelope envelope;
};

struct fake;
struct fake_door {
    struct fake *fake;
    struct link_server *server;
};

struct fake {
    struct loop *loop;
    struct link_hub *hub;
    struct fake_door first;   /* under transport, at the address of the agent's configuration */
    struct fake_door second;  /* under next_transport, at that of next/endpoint */
    struct link_server *talks; /* the one at which the last hello came */
    struct key *next_transport;
    struct link_route route;
    struct key *signing;
    struct key *transport;
    struct key *log;
    struct key *next_log;     /* in the rosters next/overlap.signed and next/after.signed */
    const struct key *signs;  /* heads; NULL: log */
    const char *head_origin;  /* of heads; NULL: the one that promises name */
    struct message_id proved; /* whose entry a proof is of: the message that was accepted last */
    struct agency_id id;
    struct agency_id agency;
    char dir[256];
    /* the answer to hello */
    enum session_state hello_state;
    const char *difference;
    uint64_t roster_serial;
    uint64_t policy_serial;
    struct digest policy_digest;
    bool is_mute; /* answers no hello */
    int64_t shift_s; /* of its clock */
    const struct hello_chain *lacking; /* what it says that it lacks */
    size_t lacking_count;
    const struct message_id *promises; /* for which message; NULL: for the one that is accepted */
    /* the answer to fetch: a roster file; NULL: the one in DIR/trust */
    const char *roster_path;
    struct letter letters[FAKE_LETTERS];
    size_t count;
};

/* One test: a fresh store, configuration, agent of RIEC and broker, over the loopback. */
struct stage {
    struct loop *loop;
    struct clock clock; /* the agent's: ahead of the machine's by shift_s */
    int64_t shift_s;
    struct fake fake;
    struct config_agent *config;
    struct agent *agent;
    const struct agent_part *const *parts;
    const char *audit_policy; /* set before stage_open, or NULL; the next one likewise */
    const char *mirror;
    char store[300];
    char roster[320];
};

/* dir: a deployment of tests/support/deployment. */
void stage_open(struct stage *s, const char *dir, const struct agent_part *const *parts);
void stage_close(struct stage *s);
/* Ends the agent and starts another on the same store. */
void stage_restart(struct stage *s);
/* What proves that the log of the deployment, or the one of that origin, showed two histories, as it is kept now; in the arena.
 * False: nothing. */
struct evidence;
bool stage_evidence(struct stage *s, struct arena *a, struct evidence *out);
bool stage_evidence_of(struct stage *s, const char *origin, struct arena *a, struct evidence *out);
/* Turns the loop until is_so(arg) or ms passed; returns is_so(arg). */
bool stage_until(struct stage *s, bool (*is_so)(struct stage *s), int ms);
void stage_turn(struct stage *s, int ms);
void stage_until_open(struct stage *s);

/* Opens the second endpoint; closes one. */
void fake_open_second(struct fake *f);
/* The first endpoint under the next key; waits until its port is free again. */
void fake_open_first_anew(struct fake *f, const char *endpoint);
void fake_close_door(struct fake_door *door);

/* How many letters of a kind came; the nth (from 0) of them, or NULL. */
size_t fake_count(const struct fake *f, enum msg_kind kind);
const struct letter *fake_letter(const struct fake *f, enum msg_kind kind, size_t n);

/* Sends a body as the broker; signed with key (NULL: the broker's). */
void fake_send(struct fake *f, enum msg_kind kind, struct bytes body, const struct message_id *reply_to,
               const struct key *key);
void fake_accept(struct fake *f, const struct letter *l, const struct key *promise_key);
/* The same with a promise of another time; returns its entry. */
struct digest fake_accept_at(struct fake *f, const struct letter *l, const struct key *promise_key,
                             int64_t committed_at_s);
/* Mails the proof that a promised entry is in the log. */
void fake_proof(struct fake *f, uint64_t sequence, const struct digest *entry);
void fake_refuse(struct fake *f, const struct letter *l, enum refusal_code code);
void fake_mail(struct fake *f, const struct mail_item *items, size_t count);

#endif
