/* Between the files of wire_peer, which plays an agency that skips its own checks. */
#ifndef SLUIS_TESTS_WIRE_PEER_H
#define SLUIS_TESTS_WIRE_PEER_H

#include <stdbool.h>

#include "pki/key.h"
#include "pki/view/view.h"
#include "proto/conf/config_agent.h"
#include "proto/msg/envelope.h"

struct agent_keys;
struct link_client;
struct link_hub;
struct loop;
struct loop_timer;

struct peer {
    struct config_agent *config;
    struct agent_keys *keys;
    struct view *view;
    struct loop *loop;
    struct link_hub *hub;
    struct link_client *client;
    struct loop_timer *timer;
    bool timed_out;
    bool connected;
    bool refused;
    struct message_id waiting;
    bool answered;
    struct buf answer; /* the last frame to this peer's question */
    enum msg_kind kind;
    size_t printed;
    /* what to ask */
    const char *holder, *rule, *staff, *key, *passphrase, *bsn, *behalf, *field;
};

struct letter {
    struct envelope e;
    struct buf body;
};

/* Ends the program with 1; peer_must where e is not ERR_OK. */
void peer_die(const char *what, enum err e, const struct errmsg *why);
void peer_must(const char *what, enum err e);

/* An envelope of this kind around l->body. */
void peer_address(struct peer *p, struct letter *l, enum msg_kind kind);

/* The officer's key that the command line names. */
struct key *peer_open_officer(const struct peer *p);

/* A request about one BSN, made without asking the policy. */
void peer_fill_request(struct peer *p, struct letter *l);

#endif
