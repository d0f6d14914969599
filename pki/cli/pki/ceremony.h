/* Opening a register under two officers, from one plan (docs/trust.md, "Ceremony"). */
#ifndef SLUIS_CLI_PKI_CEREMONY_H
#define SLUIS_CLI_PKI_CEREMONY_H

#include "pki/cli/pki/authority.h"
#include "proto/conf/ceremony.h"

/* Appends what the plan says, as both officers read it before they confirm. */
enum err ceremony_show_plan(const struct ceremony *c, const struct digest *plan,
                            struct buf *out) MUST_CHECK;

/* Appends the transcript: plan, officers, certificates and where each key lies. */
struct ceremony_record {
    const struct ceremony *plan;
    const struct digest *plan_digest;
    const struct authority *authority;
    int64_t begun_s;
    int64_t confirmed_s[CEREMONY_OFFICERS];
};
enum err ceremony_put_transcript(const struct ceremony_record *r, struct buf *out) MUST_CHECK;

#endif
