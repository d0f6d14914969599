/* Between agent/log/witnessed.c, which talks to the broker, and witnessed_show.c, which keeps and shows what came. */
#ifndef SLUIS_AGENT_LOG_WITNESSED_INTERNAL_H
#define SLUIS_AGENT_LOG_WITNESSED_INTERNAL_H

#include <stdatomic.h>

#include "agent/log/witnessed.h"

struct tiles;

/* A signed head. */
struct witnessed_head {
    uint64_t size; /* 0: none */
    struct buf note;
};

struct log_witnessed {
    struct log_keeping *keeping;
    struct tiles *tiles; /* for the checkpoint alone */
    struct witnessed_head newest;
    struct witnessed_head offered; /* the one that the broker was asked about last */
    struct own_keys_named named;   /* the keys that signed it, as it was asked */
    struct witnessed_head next;    /* with the broker's line, on its way to the disk */
    uint64_t shown_size;           /* of the checkpoint on disk, as far as is known */
    uint64_t from;                 /* the size that the broker knows; 0: not known, or none */
    bool is_asking;
    bool has_retried; /* for the newest head */
    int64_t asked_ms;
    bool is_writing;
    /* what came of it */
    uint64_t size;        /* that the broker cosigned last; 0: it never did */
    int64_t at_s;         /* when; before the first the start of the watch */
    int64_t kept_s;       /* the same as the store has it */
    bool is_keeping;
    int64_t well_ms;      /* since when nothing is missing: the last line, or the start */
    bool had_head;        /* at the start: what the broker knows may be more */
    bool has_answer;      /* since the start it told what it knows, or that it is no witness */
    bool is_refused;      /* the last answer was no line and no conflict that was solved */
    bool has_no_witness;  /* the broker says that it is none */
    struct errmsg reason; /* why it was refused; "" */
    struct buf key;       /* the broker's verifier key as it said it last */
    struct buf known;     /* the head that it named when it refused the key of this log last; empty: none since its last line */
    struct buf unknown;   /* since the start: the last answer named this head, which is greater than the log and whose key nobody
                           * here knows, as the broker knows none of the folder: no head is signed; empty: none */
    struct buf vouch;     /* an officer's signed word, which goes with each offer (vouch.h); empty: none */
    int64_t vouch_until_s;
    bool has_sent_vouch;  /* with the offer that it was asked about last */
    struct buf fork;      /* the head that it knows and this log does not contain; empty: none */
    atomic_bool shows_later;
};

/* Offers the newest head now, where none is being judged. */
void witnessed_ask(struct log_witnessed *w);
/* The broker's line over the offered head is good: kept, and shown unless a greater head stands there. */
void witnessed_took_line(struct log_witnessed *w, struct bytes line);
/* The broker knows a head that this log does not contain, under its own key: kept, and the log stops. */
void witnessed_note_fork(struct log_witnessed *w, struct bytes known);
/* Milliseconds that the checkpoint waits for a line. */
int64_t witnessed_patience_ms(const struct log_witnessed *w);
bool witnessed_is_late(const struct log_witnessed *w);

void witnessed_head_set(struct witnessed_head *h, uint64_t size, struct bytes note);

#endif
