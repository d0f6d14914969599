/* A holder and its surroundings for tests of the inbox, with real keys, certificates, roster, policy,
 * adoption, store and seals. What lies beyond it is the test's: the clock, the outbox, and the one record
 * that the agency has. */
#ifndef SLUIS_TEST_HOLD_WORLD_H
#define SLUIS_TEST_HOLD_WORLD_H

#define FIX_NOW INT64_C(1770000000) /* within the demonstration policy */

#include "tests/unit/pki/ca_fixture.h"

#include "agent/hold/decide.h"
#include "agent/hold/hold.h"
#include "agent/hold/item.h"
#include "agent/records.h"
#include "pki/agency_half.h"
#include "pki/sign.h"
#include "proto/msg/mail.h"

enum { P_REGISTRAR, P_BROKER, P_RIEC, P_BD, P_UWV, P_COUNT };
enum { O_RIEC, O_BD, O_UWV_A, O_UWV_A2, O_UWV_B, O_UWV_PF, O_UWV_M, O_UWV_OM, O_COUNT };

/* A change of the demonstration policy, for one world: every occurrence. */
struct policy_edit {
    const char *from;
    const char *to;
};
/* A holder must decide, within this term of the demonstration policy. */
#define WORLD_SHALL {"duty: may", "duty: shall"}
#define WORLD_TERM_S 60

#define WORLD_LEAVES 8
#define WORLD_SENT 4

#define WORLD_LOGGED 256
#define WORLD_ORIGIN "o" /* of the broker's log */

/* What a test looks at of an entry. */
struct world_entry {
    enum audit_event event;
    struct name staff; /* id, "": the agent itself */
    struct digest request;
    uint64_t count;
    char first[32]; /* text of the first value */
    struct audit_fact numbers[4]; /* values that are no texts */
    size_t number_count;
    struct touch_thread touched;
};

/* What went into the agency's own log; empty when a world is made. */
extern struct world_log {
    struct world_entry entries[WORLD_LOGGED];
    size_t count;
    bool is_broken; /* no entry can be written */
    struct touch_thread begun; /* of the index, the last */
    struct touch_terms begun_terms;
    size_t begun_count;
} world_log;

/* The number of that name in the last entry of an event; -1: there is none. */
int64_t world_logged_number(enum audit_event event, const char *name);

/* Why a decision does not leave, by the last entry that says so; "": none. */
const char *world_stopped_for(void);

struct world {
    struct fix_pki f;
    struct fix_party roster_key;
    struct key *log; /* of the broker's log */
    struct fix_party signer[2];
    struct fix_party signing[P_COUNT];
    struct fix_party sealing[P_COUNT];
    struct fix_party transport[P_COUNT];
    struct fix_party officer[O_COUNT];
    struct roster_member members[P_COUNT];
    struct roster_officer officers[O_COUNT];
    struct roster roster;
    struct roster_cert issuer;
    struct name purpose;
    struct buf files[8];
    struct arena *arena;
    struct view *view;
    void (*meanwhile)(struct world *w); /* between draft and signature */
    struct errmsg said; /* why the last decision had no effect */
    struct view *older; /* that was in force before an adoption was withdrawn */
    struct view_pins pins;
    const struct policy_edit *edits; /* NULL: the policy as it is */
    struct digest signer_pins[2];
    /* the agency */
    char dir[64];
    struct config_agent config;
    struct hold hold;
    struct agent agent;
    struct agency_half *half;
    bool has_no_key; /* from now on: it was wiped, or its file is gone */
    int64_t now_s;
    /* its record */
    struct record record;
    struct record_field fields[3];
    struct record_identifier identifiers[3];
    struct name rules[1];
    struct inner inners[3];
    struct record_roots roots;
    struct digest batch_leaves[4];
    struct buf batch_header;
    struct signature batch_signature;
    struct buf promise; /* the broker's, for the batch */
    struct signature promise_signature;
    bool is_unacknowledged;
    /* what went to the broker */
    struct buf sent[WORLD_SENT];
    size_t sent_count;
};

/* What a requester asks; tests change a part before it is signed and sent. */
struct question {
    struct request_header header;
    struct sealed_part sealed;
    struct name fields[4];
    const struct fix_party *agency; /* who signs as the requester */
    const struct fix_party *worker;
    const struct fix_party *sealer; /* who signs the sealed part */
    const struct fix_party *sealed_to;
    struct handle handle;
    uint32_t group;        /* of the notice */
    uint32_t leaf_group;   /* of the leaves */
    size_t matched[4];     /* identifiers of the record that the notice names */
    size_t matched_count;
    enum ident_type claimed; /* of the first, where not IDENT_NONE */
    uint8_t seed; /* of salts and padding: another question, other bytes */
    bool spoil_salt;
    bool spoil_path;
    bool spoil_inner;
    bool swap_sealed;      /* a sealed part that the leaves do not name */
    struct buf content;    /* out */
};

/* Of world_beyond.c, which says what the agent finds around it: the world that is there. */
extern struct world *world_here;

void world_new(struct world *w);
/* The same under an edited policy; the list ends with a NULL from. */
void world_new_edited(struct world *w, const struct policy_edit *edits);
void world_free(struct world *w);
/* The demonstration policy, edited; the caller frees it. */
struct buf world_policy_text(const struct policy_edit *edits);
/* One that was closed. */
void world_open_store(struct world *w);
/* Closes and opens the store. */
void world_restart(struct world *w);

/* The holder's mandated officer withdraws its rules: another view is in force. */
void world_withdraw_adoption(struct world *w);
/* This one is in force and adopted, and the one of before is not known any more, as where its file is gone. */
void world_change_policy(struct world *w, const struct policy_edit *edits);
void world_lose_adoption(struct world *w); /* as if it had never been */

/* The custodian's word on epochs 1 and 2: a letter each, d, a, r, c or x (dealt to destroyed). Without one epoch
 * 1 is active. Another view is in force. */
void world_say_epochs(struct world *w, const char *states);
/* Such a word that somebody else signed, in its place. */
void world_suspend_purpose(struct world *w);
/* The record of the world as it is in another epoch: another handle, and its identifiers in another order. */
void world_turn_record(struct world *w, uint32_t epoch);

/* The officer has this function and no other: another view is in force. Once in a world, as the one above. */
void world_change_function(struct world *w, int officer, enum officer_function f);

/* For world_epochs.c: a signed document, and another view of these files. */
struct bytes world_deal(struct world *w, uint32_t epoch);
struct bytes world_sign(struct world *w, enum sign_kind kind, const struct fix_party *by,
                        struct bytes document);
void world_change_view(struct world *w, const struct view_files *files);

/* A question of RIEC about the record, under the release rule of the demonstration policy. */
void question_new(struct world *w, struct question *q);
/* The same under the rule that confirms only. */
void question_hit_only(struct world *w, struct question *q);
/* Signs, seals and encodes the notice. */
void question_make(struct world *w, struct question *q);
void question_free(struct question *q);

/* Delivers content to an owner of mail; returns whether it was dropped. */
bool world_deliver(struct world *w, const struct mail_owner *owner, struct bytes content);
size_t world_items(struct world *w);
/* The row of an item opens no more as one. */
void world_damage_item(struct world *w, uint64_t number);
/* A number of META: how often something happened. */
uint64_t world_number(struct world *w, const char *what);
/* The item, in an arena of its own that the next call resets. */
void world_item(struct world *w, uint64_t number, struct hold_item *out);

/* A decision of one officer, drafted, signed by its key and stored. */
struct decision_of {
    int officer;
    enum consent_decision decision;
    const char *code;
    const char *fields[4]; /* ascending, ended by NULL */
};
enum err world_draft(struct world *w, uint64_t number, const struct decision_of *d,
                     struct draft *out, struct arena *a);
enum err world_decide(struct world *w, uint64_t number, const struct decision_of *d);

#endif
