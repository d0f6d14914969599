/* A broker with the demonstration policy and an index, between a RIEC that asks and UWV that holds;
 * requests and consents as their agents make them, for a test to spoil. */
#ifndef SLUIS_TEST_BROKER_ASK_BENCH_H
#define SLUIS_TEST_BROKER_ASK_BENCH_H

#include "broker/matcher.h"
#include "pki/broker_half.h"
#include "broker/store/asks.h"
#include "broker/store/match_rows.h"
#include "proto/conf/policy_load.h"
#include "proto/msg/batch.h"
#include "proto/msg/consent.h"
#include "proto/msg/mail.h"
#include "proto/msg/request.h"
#include "proto/policy/policy.h"
#include "tests/unit/broker/bench.h"

#define ASK_RELEASE_RULE "riec.casus.verstrekking"
#define ASK_KNOWN_RULE "riec.casus.hitnohit"
#define ASK_PURPOSE "riec-casus"
#define ASK_BSN 1u /* values of identifiers are numbers; a record carries them by type */

enum ask_officer { ASK_WORKER, ASK_JANSEN, ASK_PETERS, ASK_JANSEN_TOO };

struct ask_bench {
    struct bench bench;
    struct policy_file *policy;
    struct policy edited; /* rules of it that a test may change */
    struct rule *rules;
    struct broker_half *half; /* of epoch 1, for the test */
    uint32_t ids;             /* requests, records and batches made */
    const struct broker_part *index;
};

void ask_bench_open(struct ask_bench *b);
void ask_bench_close(struct ask_bench *b);
/* The same with more handlers, and the part that brings the index. Both outlive the bench. */
struct ask_bench_with {
    const struct turn_handler *const *handlers;
    size_t handler_count;
    const struct broker_part *index; /* NULL: the index alone */
};
void ask_bench_open_with(struct ask_bench *b, const struct ask_bench_with *with);
/* Between them nothing is open; sessions are open again afterwards. */
void ask_bench_stop(struct ask_bench *b);
void ask_bench_start(struct ask_bench *b);
/* Epoch 2 of the purpose is dealt as well, and the broker has its half; another one for the test, the caller's. */
struct broker_half *ask_bench_second(struct ask_bench *b);
struct rule *ask_bench_rule(struct ask_bench *b, const char *id);

/* A record of the holder: its tokens go into the index in a batch of their own. */
struct ask_value {
    enum ident_type type;
    uint32_t value;
};
struct ask_record {
    struct handle handle;
    struct digest leaf;
    struct batch_id batch;
    uint32_t expires_day;
    struct ask_value values[8];
    size_t count;
};
struct inner ask_inner(enum ident_type type, uint32_t value);
struct ask_record ask_record(struct ask_bench *b, const struct ask_value *values, size_t count);
void ask_record_add(struct ask_bench *b, const struct ask_record *r);
void ask_record_withdraw(struct ask_bench *b, const struct ask_record *r);

#define ASK_IDENTIFIERS_MAX 32
#define ASK_GROUPS_MAX 8

/* A question in the making. Positions are the identifiers' own order. */
struct ask_question {
    struct request_header header;
    struct name fields[4];
    struct request_identifier identifiers[ASK_IDENTIFIERS_MAX];
    struct bytes parts[ASK_GROUPS_MAX];
    struct digest padding[64];
    struct request_message message;
    enum ask_officer worker;
    enum bench_member agency; /* who signs, and sends */
    bool keep_root;           /* the test set subject_root itself */
};

/* One subject with one BSN, under the rule that releases fields. */
void ask_question(struct ask_bench *b, struct ask_question *q);
void ask_question_add(struct ask_question *q, uint16_t group, enum ident_type type, uint32_t value);
/* Root, signatures, body; the digest of the header. */
struct digest ask_question_encode(struct ask_bench *b, struct ask_question *q, struct buf *body);

/* Sends a body; the code of the answer, REFUSED_NONE: accepted. detail (may be NULL): its text. */
enum refusal_code ask_send(struct ask_bench *b, enum bench_member from, enum msg_kind kind,
                           struct bytes body, struct errmsg *detail);
/* Encodes and sends it, and expects accepted; its header's digest. */
struct digest ask_accepted(struct ask_bench *b, struct ask_question *q);

/* The slot that comes now, to its end. */
void ask_slot(struct ask_bench *b);
void ask_pass_s(struct ask_bench *b, int64_t seconds);

/* What waits in a mailbox: how many of a kind, and the content of the first of them. */
size_t ask_mail(struct ask_bench *b, enum bench_member m, enum mail_kind kind, struct arena *a,
                struct bytes *content);

/* The stored row; ASK_NONE where there is none. */
struct ask ask_row(struct ask_bench *b, const struct digest *id);
uint64_t ask_table_rows(struct ask_bench *b, struct kv_table table);

/* A settlement in the making: consents that fit question and record. */
struct ask_settle {
    struct consent consents[2];
    size_t count;
    enum ask_officer signers[2];
    struct settle settle;
    struct name fields[4];
};
struct ask_hit {
    const struct ask_question *question;
    const struct digest *id;
    const struct ask_record *record;
    uint32_t group;
};
void ask_settle(struct ask_bench *b, const struct ask_hit *hit, enum consent_decision decision,
                struct ask_settle *s);
void ask_settle_encode(struct ask_bench *b, struct ask_settle *s, struct buf *body);

struct name ask_name(const char *text);

#endif
