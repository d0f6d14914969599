/* The agent's one conversation with the broker: dial, hello, repair of differences, mail in. All on
 * the loop thread. */
#ifndef SLUIS_AGENT_SESSION_H
#define SLUIS_AGENT_SESSION_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"
#include "proto/base/ids.h"
#include "proto/msg/envelope.h"
#include "proto/msg/hello.h"

struct agent;
struct mail_owner;
struct session;

enum session_phase {
    PHASE_DIALLING = 1, /* no connection, or the broker refused our key */
    PHASE_HELLO,        /* connected, hello on its way */
    PHASE_REPAIR,       /* serials differ; fetching */
    PHASE_WAITING,      /* a difference that this agent cannot repair; hello again later */
    PHASE_OPEN,
};

const char *session_phase_id(enum session_phase p);

/* For status. Views live until the loop turns. */
struct session_info {
    enum session_phase phase;
    bool is_connected;
    const char *trouble; /* why it is not open, one line; "" where it is */
    int64_t since_s;     /* in this phase */
    int64_t skew_s;      /* broker's clock less ours at the last hello */
    uint64_t broker_roster;
    uint64_t broker_policy;
    uint32_t slot_interval_ms;
    uint32_t publish_interval_ms;
    uint32_t credit;
    uint64_t mail_sequence; /* highest acknowledged */
    bool log_is_unknown;    /* the broker's log does not contain the head that this agency verified */
};

/* Takes what it needs of a->view and a->keys; does not dial yet. ERR_NOMEM. */
enum err session_new(struct agent *a, struct session **out) MUST_CHECK;
void session_free(struct session *s);
DEFINE_CLEANUP(struct session, session_free)

/* Starts to dial, again and again until session_free. ERR_NOT_FOUND: the roster names no broker;
 * else as link_client_new. */
enum err session_start(struct session *s, struct errmsg *why) MUST_CHECK;

/* A new view is in force: hello again, and dial anew where the broker's key changed. */
void session_on_view(struct session *s);

bool session_is_open(const struct session *s);
void session_info(const struct session *s, struct session_info *out);
void session_set_credit(struct session *s, uint32_t credit);

/* Wraps a body in an envelope of its own id, signed; appends the frame to out. Loop thread.
 * ERR_CRYPTO, ERR_NOMEM, ERR_TOO_LARGE. */
struct session_letter {
    enum msg_kind kind;
    struct bytes body;
    int64_t life_s;
    struct message_id id;     /* out */
    int64_t expires_at_s;     /* out */
};
enum err session_wrap(struct session *s, struct session_letter *letter,
                      struct buf *out) MUST_CHECK;

/* Sends a frame to the broker; ERR_STATE where the session is not open, else as link_client_send. */
enum err session_send_frame(struct session *s, struct bytes frame) MUST_CHECK;

/* Sends a message that has no stored reply (batch_chunk, bodies). on_reply hears the answer, with the
 * body's kind; or MSG_NONE once, after the session ended or after life_s without an answer. ERR_STATE
 * (not open), ERR_LIMIT (too many under way), else as session_wrap and link_client_send. */
typedef void (*session_reply_fn)(void *arg, const struct message_id *id, enum msg_kind kind,
                                 struct bytes body);
struct session_ask {
    enum msg_kind kind;
    struct bytes body;
    int64_t life_s; /* 1 … MESSAGE_LIFE_MAX_S */
    session_reply_fn on_reply;
    void *arg;
};
enum err session_ask(struct session *s, const struct session_ask *ask,
                     struct message_id *id) MUST_CHECK;
/* on_reply is not called any more for this arg. */
void session_forget(struct session *s, const void *arg);

/* Documents in the mailbox: the broker has others than before. */
extern const struct mail_owner session_document_owner;

#endif
