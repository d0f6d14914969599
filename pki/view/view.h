/* What one party believes at this moment, verified by itself: roster, policy with its signatures and the
 * other versions of it that it knows (decision 0306), adoptions and the custodians' statements of
 * purpose keys (docs/trust.md). Immutable and counted:
 * a message is judged from its first check to its last against one view, while a newer one is
 * already in force for the next. Bytes in, no files, no clock. */
#ifndef SLUIS_PKI_VIEW_H
#define SLUIS_PKI_VIEW_H

#include "pki/key.h"
#include "proto/base/label.h"
#include "proto/base/arena.h"
#include "proto/msg/adoption.h"
#include "proto/msg/deal.h"
#include "proto/msg/epoch_states.h"
#include "proto/msg/roster.h"
#include "proto/policy/policy.h"

struct adoption_doc;
struct view;

/* What is pinned in the party's own configuration. Views of the caller's memory, read only while
 * view_new runs. */
struct view_pins {
    struct name deployment;
    struct bytes root_ca;          /* PEM or DER of the root certificate */
    struct bytes roster_key;       /* PEM certificate of who signs rosters */
    struct bytes next_roster_key;  /* of who takes over from it; empty: nobody */
    const struct digest *signers;  /* key fingerprints of who may sign a policy */
    size_t signer_count;
    bool demonstration;            /* unverified citations load */
};

/* The fingerprint by which a policy signer is pinned: SHA-256 of the SubjectPublicKeyInfo in a PEM
 * certificate. ERR_CERT, ERR_INVALID, ERR_NOMEM. */
enum err view_pin_of(struct bytes certificate_pem, struct digest *out,
                     struct errmsg *why) MUST_CHECK;

struct policy_file;

/* One version of the policy with the signatures on it. */
struct view_version {
    struct bytes policy;
    const struct bytes *signatures;
    size_t signature_count;
    int64_t ended_s; /* when this party put a newer one in force; 0: it has not */
};

/* A version by itself, for a tool that has no view: of the pinned deployment, signed by two pinned signers of two
 * organisations. Of pins deployment, signers and demonstration count. *out: policy_file_free. Errors as view_new
 * has them of a policy. */
enum err view_verify_policy(const struct view_pins *pins, const struct view_version *version,
                            struct policy_file **out, struct errmsg *why) MUST_CHECK;

/* A version as bytes, for wire and store: join of policy and signatures. ended_s is this party's own and
 * does not travel. Decoded: views, the list in the arena. ERR_TOO_LARGE, ERR_NOMEM, ERR_TRUNCATED,
 * ERR_INVALID. */
enum err view_version_encode(const struct view_version *version, struct buf *out) MUST_CHECK;
enum err view_version_decode(struct bytes data, struct arena *a,
                             struct view_version *out) MUST_CHECK;

struct view_files {
    struct bytes roster; /* signed roster */
    struct bytes policy; /* YAML */
    const struct bytes *policy_signatures; /* detached CMS */
    size_t policy_signature_count;
    const struct view_version *versions; /* others: announced, or no longer in force */
    size_t version_count;
    const struct bytes *adoptions; /* signed adoptions */
    size_t adoption_count;
    const struct bytes *deals; /* signed statements */
    size_t deal_count;
    const struct bytes *states; /* the custodians' signed words on their epochs */
    size_t state_count;
};

#define VIEW_MARK_HOLDERS_MAX 1024 /* as many as a roster lists */
#define VIEW_MARK_PURPOSES_MAX 64

/* The newest word of a custodian that was accepted: which, and of which content. */
struct view_states_mark {
    struct name purpose;
    uint64_t serial;
    struct digest digest; /* of the signed document */
};

/* The highest that this party has ever accepted; it stores them durably and hands them in. Too large for a
 * stack. */
struct view_marks {
    uint64_t roster_serial;
    uint64_t policy_serial;
    int64_t time_s; /* own clock, roster issued_at, signed promises */
    struct {
        struct agency_id holder;
        uint64_t serial;
    } adoptions[VIEW_MARK_HOLDERS_MAX];
    size_t adoption_count;
    struct view_states_mark states[VIEW_MARK_PURPOSES_MAX];
    size_t state_count;
};

/* Verifies everything and makes a view. In force is, of policy and versions, the one with the highest
 * serial whose valid.from has come at now_s (where none has, the lowest); a version that does not verify
 * is a fault and counts for nothing; one that stands there twice counts once. An adoption that does not hold, or a holder whose highest
 * accepted serial is no longer there, is a fault of that view and not an error: that holder's rules
 * have no adoption, everybody else's have (decision 0305). In the same way a word on epochs that does not
 * hold, or is missing, suspends its own purpose (decision 0901). ERR_LIMIT (words on more than
 * VIEW_MARK_PURPOSES_MAX purposes), ERR_SIGNATURE, ERR_CERT, ERR_EXPIRED (roster past not_after,
 * or now_s more than five minutes below marks->time_s), ERR_BEHIND (a serial below its mark), ERR_CONFLICT
 * (two policies under one serial), ERR_MISMATCH (deployment, policy
 * signed by fewer than two organisations), ERR_CONFIG (policy does not load), ERR_NOMEM; why names
 * the document and what was expected. */
enum err view_new(const struct view_pins *pins, const struct view_files *files,
                  const struct view_marks *marks, int64_t now_s, struct view **out,
                  struct errmsg *why) MUST_CHECK;

/* Counting; thread-safe. view_free(NULL) is a no-op. */
struct view *view_ref(struct view *v);
void view_free(struct view *v);
DEFINE_CLEANUP(struct view, view_free)

/* The marks that this view raises, starting from *marks. ERR_LIMIT: a holder or purpose more than there are
 * marks for; the view must not come in force then, what was withdrawn or retired could come back. */
enum err view_raise_marks(const struct view *v, int64_t now_s, struct view_marks *marks,
                          struct errmsg *why) MUST_CHECK;

/* Whether the roster of v may come after the one that this party accepted before (its signed bytes, from its
 * own store): the same one, or one that roster_follows; and by the same key, or one to which that key handed
 * over. Only where the key of before is pinned no more it has no say: it was lost, and the operator says so by
 * the pins. ERR_BEHIND, ERR_MISMATCH, ERR_CONFLICT (other content under one serial); others as signed_doc_decode and roster_decode. */
enum err view_follows(const struct view *v, struct bytes roster_before, struct errmsg *why) MUST_CHECK;

const struct roster *view_roster(const struct view *v);
const struct policy *view_policy(const struct view *v);
const struct digest *view_policy_digest(const struct view *v);
/* The exact bytes that count, kept for fetch and store: policy is the one in force, versions are the others by
 * descending serial, as many as are kept; live as long as v. */
const struct view_files *view_files(const struct view *v);

/* Whether v can stand in for other without losing a custodian's word: v has each purpose's newest, and what is suspended
 * in other is suspended in v. */
bool view_states_cover(const struct view *v, const struct view *other);

/* The words on epochs among them that verified, one file for each document: what is stored and handed out. What did
 * not verify suspends its purpose where it lies and nowhere else. Live as long as v. */
const struct bytes *view_kept_states(const struct view *v, size_t *count);

/* The versions that are signed and known here and not yet in force, highest serial first. */
struct view_announced {
    uint64_t serial;
    struct digest digest;
    int64_t from_s; /* the moment at which every party puts it in force */
};
size_t view_announced_count(const struct view *v);
/* False beyond the end; *out is all zero then. */
bool view_announced_at(const struct view *v, size_t i, struct view_announced *out);
/* The first moment at which another version than now is in force: make a view of the same files then.
 * 0: none is announced. */
int64_t view_next_s(const struct view *v);

/* SHA-256 over the list (join.h) of the adoptions' digests, each once: whether two parties have the same. */
const struct digest *view_adoptions_digest(const struct view *v);

/* Under which policy something asked before is judged now: the one in force where named is its digest,
 * else the older one, which this party verified, if it was in force when it was asked (issued_at_s) and
 * its rule was not withdrawn or narrowed since (decision 0306). *out lives as long as v. ERR_NOT_FOUND:
 * not one that was in force here then; ERR_BEHIND: withdrawn or narrowed since; ERR_NOMEM; why is one
 * line for people. */
struct view_asked {
    const struct digest *named; /* the policy digest of the header */
    const struct name *rule;
    int64_t issued_at_s;
};
enum err view_policy_for(const struct view *v, const struct view_asked *asked,
                         const struct policy **out, struct errmsg *why) MUST_CHECK;

/* Every version that is kept, announced, in force and older, by descending serial; NULL beyond the end. */
const struct policy *view_version_at(const struct view *v, size_t i);

/* A version that this party knows, in force or not; NULL: it does not. To show what was decided, never to decide. */
const struct policy *view_known_policy(const struct view *v, const struct digest *digest);

/* ERR_OK where the roster still holds at now_s, ERR_EXPIRED otherwise: nothing is served then. */
enum err view_is_open(const struct view *v, int64_t now_s) MUST_CHECK;

/* A member whose signing certificate is valid at now_s and not revoked; NULL otherwise. */
const struct roster_member *view_member(const struct view *v, const struct agency_id *id,
                                        int64_t now_s);
/* The member with this CURVE key, where its transport certificate counts too. why: NULL, or says why not. */
const struct roster_member *view_member_by_curve(const struct view *v, const struct curve_key *key,
                                                 int64_t now_s, struct errmsg *why);
/* The i-th transport key that a renewal replaced, for the list of keys that may connect; false beyond the
 * last. Whether it still counts is asked for every message, above. */
bool view_former_curve_at(const struct view *v, size_t i, struct curve_key *out);
const struct roster_member *view_broker(const struct view *v);

/* Why the member with this CURVE key answers for nobody at now_s: of its transport and then its signing
 * certificate, the first that does not count. *out says whose it is and which. */
enum view_standing {
    VIEW_STANDS = 0,
    VIEW_UNLISTED, /* no member has this key */
    VIEW_REVOKED,
    VIEW_EXPIRED,
    VIEW_NOT_YET_VALID,
};
struct view_peer {
    const struct roster_member *member; /* borrowed from v */
    struct digest certificate;          /* fingerprint */
};
enum view_standing view_standing(const struct view *v, const struct curve_key *key, int64_t now_s,
                                 struct view_peer *out);

/* Whether the roster in a set of files holds by itself, when view_new refused the set: to say which of the files
 * it was. Errors as view_new. */
enum err view_check_roster(const struct view_pins *pins, struct bytes roster,
                           const struct view_marks *marks, int64_t now_s, struct errmsg *why) MUST_CHECK;

/* The public signing key of a member as it is listed now, whatever the time: for its owner, and for whoever
 * is to sign. To verify what somebody signed: view_verify. The key of an officer's certificate, current or
 * former; ask view_officer whether it counts. Borrowed from v; NULL where there is none. */
const struct key *view_signing_key(const struct view *v, const struct agency_id *id);
const struct key *view_officer_key(const struct view *v, const struct digest *fingerprint);

/* The officer of this agency whose certificate this is, current or former, where what it signed at
 * signed_at_s counts: valid then, not revoked, replaced at most ROSTER_OVERLAP_S before (decision 0903);
 * else NULL. For a signature that is made now, the time is now. */
const struct roster_officer *view_officer(const struct view *v, const struct digest *fingerprint,
                                          const struct agency_id *agency, int64_t signed_at_s);

/* Whose signature it is, by the certificate of now or a former one; and for which time it counts, both ends
 * inclusive. The caller compares the time at which it was signed or recorded, which may stand only inside the
 * document. ERR_NOT_FOUND (no such member), ERR_SIGNATURE. */
struct view_signed {
    enum sign_kind kind;
    const struct agency_id *by;
    struct bytes document;
    struct bytes signature;
};
struct view_signer {
    struct digest fingerprint; /* of the certificate that verified it */
    int64_t from_s;
    int64_t until_s;
};
enum err view_verify(const struct view *v, const struct view_signed *s,
                     struct view_signer *out) MUST_CHECK;
static inline bool view_signer_counts(const struct view_signer *s, int64_t signed_at_s)
{
    return signed_at_s >= s->from_s && signed_at_s <= s->until_s;
}

/* The signing certificates of a member, DER: the one of now first, then former ones; false beyond the end.
 * For what names its signer by certificate (CMS); *of says for which time it counts. */
bool view_signing_cert_at(const struct view *v, const struct agency_id *id, size_t i,
                          struct bytes *der, struct view_signer *of);

/* The sealing certificate of a member with this fingerprint, DER, current or former, where something that
 * was issued at issued_at_s may still be sealed to it at now_s; empty where none is. */
struct view_sealed {
    const struct agency_id *to;
    const struct digest *fingerprint;
    int64_t issued_at_s;
    int64_t now_s;
};
struct bytes view_sealing_cert(const struct view *v, const struct view_sealed *s);

/* Whether the holder has adopted the rule in the version in force, for a question of now or a batch.
 * ADOPTION_ABSENT also where a fault covers it; ADOPTION_WITHDRAWN also where its withdrawal names
 * another version that has been in force, and is newer than its adoption of this one. */
enum adoption view_adoption(const struct view *v, const struct agency_id *holder,
                            const struct name *rule);

/* The same for something asked before, in the version that view_policy_for gave, and ADOPTION_WITHDRAWN also
 * where the holder withdrew the rule at or after the moment of asking, whatever it adopted since. */
enum adoption view_adoption_under(const struct view *v, const struct view_asked *asked,
                                  const struct agency_id *holder);

/* Whether v can stand in for other without losing a holder's word: each adoption that holds in other is
 * among v's documents, and for each that does not hold there but names holder and serial (it may be a
 * withdrawal, damaged), v has one of that serial that holds. */
bool view_covers(const struct view *v, const struct view *other);

/* The statements of holders that verified, whether they count or a fault covers them; NULL beyond the end. */
const struct adoption_doc *view_adoption_at(const struct view *v, size_t i);

/* Adoptions and statements of keys that do not count, one line each; borrowed from v, NULL beyond the
 * end. What a holder said that left the roster does not count either, nor a version of before whose signer is pinned no more, and
 * they are not among them. view_log_faults writes each as an error line, and those as notices: for whoever puts the view in
 * force. */
size_t view_fault_count(const struct view *v);
const char *view_fault_at(const struct view *v, size_t i);
void view_log_faults(const struct view *v);

/* The state of an epoch as its custodian says it. Where no custodian ever said anything of the purpose,
 * its lowest dealt epoch is active and every other is dealt. EPOCH_NONE: neither dealt nor spoken of, or
 * the purpose is suspended; nothing happens under it then, and nothing of it is dropped. */
enum epoch_state view_epoch_state(const struct view *v, const struct name *purpose, uint32_t epoch);

/* The active epochs whose key is dealt, ascending; 0 to 2. */
#define VIEW_ACTIVE_MAX EPOCH_ACTIVE_MAX
size_t view_active_epochs(const struct view *v, const struct name *purpose,
                          uint32_t out[static VIEW_ACTIVE_MAX]);

/* Why nothing is served in this purpose, for people; NULL: it is. Borrowed from v. */
const char *view_epochs_suspended(const struct view *v, const struct name *purpose);

/* The custodian's newest word that counts; NULL where there is none, or the purpose is suspended. */
const struct epoch_states *view_epoch_states(const struct view *v, const struct name *purpose);

/* The same of each purpose that is not suspended, with the document as it was signed. False beyond the
 * end. Borrowed from v. */
struct view_states {
    const struct epoch_states *states;
    struct bytes document;
    struct digest digest;
};
bool view_states_at(const struct view *v, size_t i, struct view_states *out);

/* SHA-256 over (purpose, serial, digest) of the newest word on each purpose that verified here, now or
 * before: whether two parties have the same. */
const struct digest *view_states_digest(const struct view *v);

/* From when on nothing new is accepted under an epoch: by its age, or the term after an agency that holds its key
 * left the purpose (departure_days; of a departure without a date from when the key was dealt). *left, which may
 * be NULL, gets that agency where it is the reason, else NULL. INT64_MAX where purpose or epoch is unknown. */
int64_t view_epoch_end_s(const struct view *v, const struct name *purpose, uint32_t epoch,
                         const struct agency_id **left);

/* What holds and should not stay so, a line each: a roster key to be pinned or dropped, an active epoch whose key
 * an agency holds that left. view_log_faults writes them as warnings. */
size_t view_notice_count(const struct view *v);
const char *view_notice_at(const struct view *v, size_t i);

/* The statement of a purpose key, or NULL; the newest epoch of a purpose, or NULL. */
const struct deal *view_deal(const struct view *v, const struct name *purpose, uint32_t epoch);
const struct deal *view_newest_deal(const struct view *v, const struct name *purpose);
size_t view_deal_count(const struct view *v);
const struct deal *view_deal_at(const struct view *v, size_t i);

/* The statements that do not count, for an entry about each; the faults say the same for people. False beyond
 * the end. */
struct view_refused_deal {
    struct digest digest; /* of the signed statement */
    enum err reason;      /* as trust_read_deal; ERR_MISMATCH also: custodian or participants are not the policy's */
};
bool view_refused_deal_at(const struct view *v, size_t i, struct view_refused_deal *out);

/* The same of words on epochs that do not verify and would say more than what is believed; reason as
 * trust_read_epoch_states, of a destruction without its two declarations ERR_PERMISSION. */
bool view_refused_word_at(const struct view *v, size_t i, struct view_refused_deal *out);

/* The i-th signed declaration of this content that came with a word and was verified with it. False beyond the end. */
bool view_declared_at(const struct view *v, const struct digest *declaration, size_t i, struct bytes *out);

#endif
