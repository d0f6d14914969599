/* The renewal of this agency's keys before their certificates end, and of its people's, through the registrar's
 * mailbox at the broker. The answer is the next roster (docs/keys.md, "Renewal"). Loop thread, unless said. */
#ifndef SLUIS_AGENT_RENEW_RENEW_H
#define SLUIS_AGENT_RENEW_RENEW_H

#include "agent/agent.h"
#include "agent/control.h"
#include "agent/outbox.h"
#include "agent/renew/term.h"
#include "proto/msg/renewal.h"

struct loop_timer;

/* A key of this agency as the roster lists it. */
struct renew_key {
    enum renewal_use use;
    bool is_listed;
    struct renew_term term;
};

struct renewing {
    struct agent *agent;
    struct mac *mac; /* draws the spread */
    struct loop_timer *tick;
    struct renew_key keys[RENEWAL_MAX_ITEMS];
    char name[CERT_NAME_MAX_BYTES + 1]; /* common name of its certificates */
    size_t asking;     /* keys of the request in the making */
    bool is_making;    /* keys and request, on a worker */
    bool is_pending;   /* asked, and the broker has not answered yet */
    int64_t asked_s;   /* 0: never */
    int64_t settled_s; /* when the broker answered last */
    enum refusal_code refused; /* with what; REFUSED_NONE: accepted */
    int64_t next_try_s; /* after trouble of this machine */
};

/* Whether a renewal is to be asked now: some key is due, and what was asked before has no answer for too long. */
bool renew_must_ask(const struct renewing *r, int64_t now_s);
/* Whether a key is due, asked or not. */
bool renew_is_due(const struct renewing *r, int64_t now_s);

/* Makes the next keys and the request, and puts it into the outbox. What fails is logged and tried again. */
void renew_ask(struct renewing *r);

/* What is kept of the asking, in the store. In a writer job. */
enum err renew_note_asked(struct agent *a, struct kv_txn *txn, int64_t now_s) MUST_CHECK;
enum err renew_note_settled(struct agent *a, struct kv_txn *txn, int64_t now_s,
                            enum refusal_code refused) MUST_CHECK;
/* Reads it. ERR_IO, ERR_LIMIT. */
enum err renew_read(struct renewing *r) MUST_CHECK;

/* Puts a signed renewal into the outbox, for the registrar of the roster. In a writer job. tag: whose it is. */
struct renew_letter {
    struct agency_id registrar;
    struct bytes renewal;
    struct bytes tag;
};
enum err renew_post(struct agent *a, struct kv_txn *txn, const struct renew_letter *l) MUST_CHECK;

#define RENEW_TAG_AGENCY "agency" /* of an officer: the staff id, with "officer " in front */

/* The verbs: a person's certificate as the roster lists it; a renewal that the person signed. */
void renew_certificate(struct call *c, const struct doc *args);
void renew_officer(struct call *c, const struct doc *args);

extern const struct outbox_owner renew_owner;

#endif
