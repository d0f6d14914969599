/* Between the files of the session. */
#ifndef SLUIS_AGENT_SESSION_INTERNAL_H
#define SLUIS_AGENT_SESSION_INTERNAL_H

#include "agent/agent.h"
#include "agent/session.h"
#include "agent/trust_files.h"
#include "proto/host/link.h"

struct dial_line;
struct loop_timer;

#define SESSION_ARENA_BYTES ((size_t)24 << 20)
#define SESSION_LETTER_LIFE_S 120

/* What is fetched before it is judged as one set. */
struct repair {
    struct arena *arena;
    struct trust_set *set; /* NULL: nothing under way */
    enum document_kind step;
    struct message_id id; /* of the fetch */
    int64_t since_ms;
};

struct session {
    struct agent *agent;
    struct link_hub *hub;
    struct dial_line *line;  /* in use; session_dial.c */
    struct dial_line *probe; /* the first choice, dialled beside it; NULL: none */
    int64_t probe_ms;        /* not before */
    unsigned dials;          /* places that were tried since a connection was up */
    struct loop_timer *tick;
    struct session_info info;
    char trouble[320];
    bool is_connected;
    bool is_fresh; /* the set was compared with the broker's since the last hello */
    struct message_id hello;
    int64_t hello_ms;
    int64_t time_ms; /* when the mark of time was raised last */
    int64_t time_high_s; /* the latest that the own clock has shown in this process */
    struct repair repair;
    bool keeping;      /* a view is on its way into the store */
    int64_t switch_ms; /* the announced policy is not tried again before */
    struct asking *asks;
    size_t ask_count;
    bool has_mail; /* a delivery is on its way into the store */
    uint64_t mail_done;
    bool is_stopped;
};

/* A message of the broker that was verified. The arena is the receiver's turn. */
struct session_turn {
    struct session *session;
    struct arena *arena;
    struct envelope envelope;
};

void session_enter(struct session *s, enum session_phase phase, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
enum err session_say(struct session *s, enum msg_kind kind, struct bytes body,
                     struct message_id *id) MUST_CHECK;

/* Why nothing may be served at present: roster or clock; NULL where all is well. */
const char *session_closed_reason(const struct session *s);

/* What a line hears. */
void session_on_message(struct session *s, struct bytes data);
void session_on_event(struct session *s, enum link_event e);

/* session_hello.c */
void session_send_hello(struct session *s);
void session_on_hello_reply(struct session_turn *t);
void session_on_fetch_reply(struct session_turn *t);
void session_refresh(struct session *s); /* fetches and compares the set of documents */
void session_repair_end(struct session *s);
/* Every second: puts an announced policy in force once its moment has come. */
void session_look_at_moment(struct session *s);

/* session_mail.c */
void session_on_mail(struct session_turn *t);

#endif
