/* What a broker on a table needs for a copy of bodies for auditors, and what their agencies read of it from the files alone. */
#ifndef SLUIS_TEST_BROKER_COPY_SIDE_H
#define SLUIS_TEST_BROKER_COPY_SIDE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/broker/bench.h"
#include "tests/unit/pki/ca_fixture.h"

#define COPY_AUDITORS 2
#define DAY_S INT64_C(86400)
#define DAYS 30 /* that bodies are kept */

struct copy_side {
    struct bench *bench;
    struct roster_officer *auditors; /* COPY_AUDITORS of the view, all that its roster lists */
    struct fix_pki pki;
    struct fix_party alfa, bravo;
    struct cert *signing;
    char dir[256];
};

/* From its next start on the broker keeps a copy. Its auditors are the officers of the view from first on; there is none yet. */
void copy_side_open(struct copy_side *c, struct bench *b, size_t first);
void copy_side_close(struct copy_side *c);

/* The i-th of them is an auditor of this agency, or is none any more. */
void copy_side_auditor(struct copy_side *c, size_t i, enum bench_member of);
void copy_side_other(struct copy_side *c, size_t i);

/* What one agency reads, from the files alone. */
struct copy_reading {
    const struct copy_side *side;
    const struct fix_party *by;
    size_t segments; /* that it opens */
    size_t closed;   /* that it does not */
    size_t torn;     /* of those that it opens: without bodies, or cut off at the end */
    size_t records;  /* of what it opens */
    size_t bodies;   /* each entry once */
    struct digest entries[256];
    size_t fillers; /* filler keys that it opens, and the last of them */
    struct digest filler_commitment;
};
struct copy_reading copy_side_read(const struct copy_side *c, const struct fix_party *by);
bool copy_reading_has(const struct copy_reading *r, const struct digest *entry);

#endif
