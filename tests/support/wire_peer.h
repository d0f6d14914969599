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
struct request_header;
struct request_message;
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
    /* NULL, or what gets every message of the broker's that answers nothing this peer waits for */
    void (*on_other)(void *arg, const struct envelope *e, size_t frame_bytes);
    void *arg;
    /* what to ask */
    const char *holder, *rule, *staff, *key, *passphrase, *bsn, *behalf, *field;
    int64_t life_s;      /* until the deadline; 0: a minute */
    struct key *officer; /* opened once; the peer's own */
    enum ident_type type; /* what bsn is; IDENT_NONE: a BSN */
    const char *other; /* the configuration of another agency, or NULL */
    /* NULL, or what changes a header before, and its bytes after, they are made; it is signed all the same */
    void (*change)(struct request_header *h);
    void (*spoil)(struct buf *header);
};

struct letter {
    struct envelope e;
    struct buf body;
};

#define PEER_ANSWER_MS 8000
#define PEER_SILENCE_MS 1500

/* Keys, trust and configuration of an agency; ends the program where they cannot be had. */
void peer_open(struct peer *p, const char *path);
void peer_close(struct peer *p);

/* Whether the broker let it in. */
bool peer_dial(struct peer *p);

/* Turns the loop until one of the two holds (or_this may be NULL) or the time is over. */
void peer_wait(struct peer *p, const bool *what, const bool *or_this, int64_t ms);

/* Sends a frame and waits for the answer to id: p->answered. */
void peer_say(struct peer *p, struct bytes data, const struct message_id *id, int64_t ms);

/* peer_say, and a line of the output that tells the answer. */
void peer_step(struct peer *p, const char *step, struct bytes data, const struct message_id *id, int64_t ms);
/* A right hello as a step; ends the program where nobody answers. */
void peer_greet_step(struct peer *p, const char *step);

/* A signed frame around an envelope; around a letter, by the agency. out is emptied by the second. */
void peer_put_frame(struct bytes envelope, const struct key *signer, struct buf *out);
void peer_make_frame(struct peer *p, const struct letter *l, struct buf *out);

/* Says hello and waits for the answer; ends the program where none comes. */
void peer_greet(struct peer *p);

/* A hello of this agency, with a purpose key that is not the epoch's, or from another time. */
void peer_fill_hello(struct peer *p, struct letter *l, bool wrong_key, int64_t skew_s);

/* Ends the program with 1; peer_must where e is not ERR_OK. */
void peer_die(const char *what, enum err e, const struct errmsg *why);
void peer_must(const char *what, enum err e);

/* An envelope of this kind around l->body. */
void peer_address(struct peer *p, struct letter *l, enum msg_kind kind);

/* The officer's key that the command line names; peer_officer opens it once. */
struct key *peer_open_officer(const struct peer *p);
const struct key *peer_officer(struct peer *p);

/* The header of a question in a case in work_up_1, by what p has to ask, but for its root; field is room for the
 * one that is asked. */
void peer_fill_header(struct peer *p, struct request_header *h, struct name *field);
/* Has m->header signed by the officer and by the agency, and puts m into the letter. */
void peer_put_request(struct peer *p, struct request_message *m, struct letter *l);

/* A request about one identifier, made without asking the policy. */
void peer_fill_request(struct peer *p, struct letter *l);

#endif
