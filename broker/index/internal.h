/* What the files of the index share. Included by broker/index and its tests only. */
#ifndef SLUIS_BROKER_INDEX_INTERNAL_H
#define SLUIS_BROKER_INDEX_INTERNAL_H

#include <stdatomic.h>

#include "broker/index/index.h"
#include "proto/host/kv.h"

/* First byte of a key in `shorts`. */
enum {
    SHORT_AGENCY_NUMBER = 'a', /* OIN -> number */
    SHORT_AGENCY = 'A',        /* number -> OIN */
    SHORT_BATCH = 'B',         /* number -> batch id */
    SHORT_RUN = 'r',           /* lane -> last number given out */
};

struct index {
    struct kv *kv;
    struct kv_table blocks[3]; /* by enum run_lane */
    struct kv_table runs;      /* lane | number -> state */
    struct kv_table lists;     /* list | order -> listed run */
    struct kv_table shorts;    /* short numbers of agencies and batches */
    struct kv_table batches;   /* batch id -> header, signature, promise */
    struct kv_table chains;    /* agency | purpose | epoch -> chain */
    struct kv_table tallies;   /* counts for policy and coverage */
    atomic_uint listed;        /* rows in lists */
};

#endif
