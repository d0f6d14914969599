/* A broker without sockets, in this process, over the folder of a real deployment (deploy.py); and
 * one of its agencies, which hands it signed messages and gets the answers. Failures end the
 * program. */
#ifndef SLUIS_TEST_BROKER_RIG_H
#define SLUIS_TEST_BROKER_RIG_H

#include <stdio.h>
#include <stdlib.h>

#include "broker/turns.h"
#include "pki/random.h"
#include "proto/host/clock.h"
#include "proto/host/loop.h"

#define RIG_PATH 1024

struct rig {
    char dir[RIG_PATH];
    struct broker b;
    struct config_broker *config;
    struct clock clock;
    int64_t ahead_s; /* the rig's clock runs this much before the machine's */
    struct agency_id agency;
    struct key *signing; /* the agency's */
    struct arena *arena; /* of the last answer */
    struct message_id awaited;
    bool answered; /* awaited was */
    struct envelope answer;
};

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* dir: the deployment; store: a folder for this broker's store; agency and its folder's name. */
struct rig_params {
    const char *dir;
    const char *store;
    const char *folder;
    const char *oin;
    const struct turn_handler *const *handlers;
    size_t handler_count;
    const struct broker_part *const *parts;
    size_t part_count;
};
void rig_open(struct rig *r, const struct rig_params *p);
void rig_close(struct rig *r, const struct rig_params *p);

/* A signed frame of the agency. */
void rig_frame(struct rig *r, enum msg_kind kind, struct bytes body, const struct message_id *id,
               struct buf *out);
/* From now on only the answer to this message counts. */
void rig_expect(struct rig *r, const struct message_id *id);
/* Hands a frame to the broker. */
void rig_give(struct rig *r, struct bytes frame);
/* Turns the loop until an answer came. */
void rig_await(struct rig *r);
/* Turns the loop for a while and says whether an answer came. */
bool rig_turn(struct rig *r, int ms);

#endif
