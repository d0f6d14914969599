/* Every domain-separation label of the project, in one place. A label is the first part of the
 * join() under a hash, a MAC, an HKDF info or a signature, so that bytes made for one use never
 * count for another. A label is never reused with another layout: the number behind it grows. */
#ifndef SLUIS_BASE_LABEL_H
#define SLUIS_BASE_LABEL_H

/* What a P-256 signature is about. The signed bytes are join("sluis/sig/<kind>/1", document).
 * X(constant, kind text, who signs). */
#define SIGN_KINDS(X)                                                                              \
    X(ENVELOPE, "envelope")   /* every party: one message on the wire */                          \
    X(BATCH, "batch")         /* agency: header of a batch of records */                          \
    X(REQUEST, "request")     /* case worker, then the agency: a request header */                \
    X(CONSENT, "consent")     /* release officer: one decision */                                 \
    X(STANDING, "standing")   /* release officer: a standing consent */                           \
    X(RELEASE, "release")     /* holder: the content of a release */                              \
    X(NOTICE, "notice")       /* broker: a hit notice */                                          \
    X(PROMISE, "promise")     /* broker: a batch or message was accepted at this time */          \
    X(CLOSED, "closed")       /* broker: a request is over */                                     \
    X(EPOCH, "epoch")         /* custodian: key check value of a purpose and epoch */             \
    X(EPOCH_STATES, "epoch-states") /* custodian: the state of each epoch of a purpose */          \
    X(DESTRUCTION, "destruction") /* officer: which copies of an epoch's keys are destroyed */    \
    X(PARTICIPANTS, "participants") /* officer: to whom a purpose key is dealt, to which certificates */ \
    X(DEAL, "deal")           /* custodian: a dealt purpose key, inside its envelope */           \
    X(ROSTER, "roster")       /* registrar: the list of members */                                \
    X(HANDOVER, "handover")   /* roster key: the next one takes over */                           \
    X(ADOPTION, "adoption")   /* mandated officer of a holder: rules adopted or withdrawn */       \
    X(POLICY, "policy")       /* policy signer: a policy version */                               \
    X(ENROL, "enrol")         /* agency: an enrolment request */                                  \
    X(RENEWAL, "renewal")     /* member or officer: new keys, by the key that the roster lists */ \
    X(ROTATION, "rotation")   /* broker: the next key of its transport or its log */              \
    X(ACT, "act")             /* registrar, custodian or officer: an act on the register */       \
    X(CASE, "case")           /* case worker: a step of a case */                                 \
    X(FEEDBACK, "feedback")   /* receiver to holder, and the answer */                            \
    X(QUERY, "query")         /* officer: an analysis, joint target or signal */                  \
    X(BODIES, "bodies")       /* auditor: a query for audit bodies */                             \
    X(EXPORT, "export")       /* auditor: what was taken out of the audit log */               \
    X(LOG_VOUCH, "log-vouch") /* security officer: the key of the agency's own log is lost, this is the next */

enum sign_kind {
    SIGN_NONE = 0,
#define LABEL_ENUM(constant, text) SIGN_##constant,
    SIGN_KINDS(LABEL_ENUM)
#undef LABEL_ENUM
        SIGN_KIND_COUNT,
};

/* "sluis/sig/<kind>/1"; NULL for SIGN_NONE and for a value outside the set. */
const char *label_of_sign_kind(enum sign_kind kind);
/* "consent" and so on; NULL as above. */
const char *word_of_sign_kind(enum sign_kind kind);

/* Leaves of records and subjects (SHA-256). */
#define LABEL_FIELD "sluis/field/1"
#define LABEL_TOKEN "sluis/token/1"
#define LABEL_RECORD "sluis/record/1"
#define LABEL_SUBJECT "sluis/subject/1"

/* First element of a consent, which the officer signs. */
#define LABEL_CONSENT "sluis/consent/1"

/* Suite hk1 (docs/tokens.md). */
#define LABEL_HK1_TYPE "sluis/hk1/type"
#define LABEL_HK1_KCV "sluis/hk1/kcv"
#define LABEL_HK1_DIM "sluis/hk1/dim"
#define LABEL_HK1_INDEX "sluis/hk1/index"
#define LABEL_HK1_HELD "sluis/hk1/held"

/* The audit log (docs/audit-log.md). */
#define LABEL_LEAF "sluis/leaf/1"
#define LABEL_FILLER "sluis/filler/1"
#define LABEL_SHUFFLE "sluis/shuffle/1"
#define LABEL_AUDIT_REF "sluis/audit-ref/1"
#define LABEL_BODY "sluis/body/1"
#define LABEL_BODY_KEY "sluis/body-key/1"
#define LABEL_BODY_COPY "sluis/body-copy/1"
#define LABEL_LOG_TERM "sluis/log-term/1" /* an officer, a request or a case as a term of the lists beside a log */
#define LABEL_SAMPLE "sluis/sample/1" /* ranks entries for a sample */
#define LABEL_ADL "sluis/adl/1"       /* names a decision in the Authorization Decision Log view */
#define LABEL_LDV "sluis/ldv/1"       /* names an act in the view Logboek Dataverwerkingen; HKDF, the key for that */

/* Keys at rest. */
#define LABEL_KEYFILE "sluis/keyfile/1"
#define LABEL_AEAD "sluis/aead/1"
#define LABEL_BACKUP "sluis/backup/1"

/* Keys derived from an agency's or the broker's own storage secret (HKDF info). */
#define LABEL_STORE_RECORDS "sluis/store/records/1"
#define LABEL_STORE_MAIL "sluis/store/mail/1"
#define LABEL_STORE_LIVE "sluis/store/live/1"
#define LABEL_STORE_HANDLE "sluis/store/handle/1"
#define LABEL_RENEWAL_SPREAD "sluis/renewal-spread/1" /* HKDF: when after two thirds of its life a certificate is renewed */
#define LABEL_PROTECTED "sluis/protected/1"
#define LABEL_DISTINCT "sluis/distinct/1"
#define LABEL_SUBJECT_PSEUDONYM "sluis/subject-pseudonym/1" /* HKDF, likewise: subjects in the view Logboek Dataverwerkingen */
#define LABEL_TOUCH "sluis/touch/1" /* HKDF, from the key of the one above: marks of subjects in an agency's index */
#define LABEL_PSEUDONYM "sluis/pseudonym/1"
#define LABEL_MESSAGE_ID "sluis/message-id/1"   /* HKDF: by which an agency knows its messages */
#define LABEL_ENROL_TOKEN "sluis/enrol-token/1"
#define LABEL_ENROL_MAC "sluis/enrol-mac/1"   /* HKDF: from a token to the key of its MACs */
#define LABEL_OIN_PROOF "sluis/oin-proof/1"   /* what a certificate of another scheme signs */

#endif
