#include "proto/msg/hello.h"

#include "proto/msg/check.h"
#include "proto/msg/hello.pb-c.h"
#include "proto/msg/mail.h"

#define HELLO_MAX_BYTES 131072
#define FETCH_REPLY_MAX_BYTES ((size_t)4 << 20)
#define ENCODE_ARENA_BYTES ((size_t)1 << 20)

_Static_assert(DOCUMENT_KIND_COUNT - 1 == (int)SLUIS__DOCUMENT_KIND__DOCUMENT_EPOCH_STATES,
               "document kinds match the schema");

/* Epoch keys as protobuf-c wants them, in arena a; NULL without memory. */
static Sluis__EpochKey **epochs_out(struct arena *a, const struct epoch_key *epochs, size_t count)
{
    Sluis__EpochKey **refs = arena_array(a, count, sizeof *refs);
    Sluis__EpochKey *items = arena_array(a, count, sizeof *items);
    if (refs == NULL || items == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        sluis__epoch_key__init(&items[i]);
        items[i].purpose = msg_text(epochs[i].purpose.s);
        items[i].epoch = epochs[i].epoch;
        items[i].suite = msg_text(suite_id(epochs[i].suite));
        items[i].kcv = msg_data(BYTES_OF_ARRAY(epochs[i].kcv));
        refs[i] = &items[i];
    }
    return refs;
}

static const struct epoch_key *epochs_in(struct check *c, Sluis__EpochKey *const *from, size_t count)
{
    check_count(c, "epochs", count, 0, HELLO_EPOCHS_MAX);
    struct epoch_key *list = check_array(c, count, sizeof *list);
    for (size_t i = 0; c->err == ERR_OK && i < count; i++) {
        check_name(c, "epoch purpose", from[i]->purpose, &list[i].purpose);
        check_u64(c, "epoch", from[i]->epoch, 1, UINT32_MAX);
        list[i].epoch = from[i]->epoch;
        check_suite(c, "epoch suite", from[i]->suite, &list[i].suite);
        CHECK_FIXED(c, "epoch kcv", from[i]->kcv, list[i].kcv);
    }
    return list;
}

/* Ends of chains as protobuf-c wants them, in arena a; NULL without memory. */
static Sluis__ChainEnd **chains_out(struct arena *a, const struct hello_chain *chains, size_t count)
{
    Sluis__ChainEnd **refs = arena_array(a, count, sizeof *refs);
    Sluis__ChainEnd *items = arena_array(a, count, sizeof *items);
    if (refs == NULL || items == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        sluis__chain_end__init(&items[i]);
        items[i].purpose = msg_text(chains[i].purpose.s);
        items[i].epoch = chains[i].epoch;
        items[i].sequence = chains[i].sequence;
        items[i].digest = msg_data(digest_bytes(&chains[i].digest));
        refs[i] = &items[i];
    }
    return refs;
}

static bool names_twice(const struct hello_chain *list, size_t i)
{
    for (size_t n = 0; n < i; n++)
        if (list[n].epoch == list[i].epoch && name_equal(&list[n].purpose, &list[i].purpose))
            return true;
    return false;
}

static const struct hello_chain *chains_in(struct check *c, const char *what, Sluis__ChainEnd *const *from, size_t count)
{
    check_count(c, what, count, 0, HELLO_CHAINS_MAX);
    struct hello_chain *list = check_array(c, count, sizeof *list);
    for (size_t i = 0; c->err == ERR_OK && i < count; i++) {
        check_name(c, "chain purpose", from[i]->purpose, &list[i].purpose);
        check_u64(c, "chain epoch", from[i]->epoch, 1, UINT32_MAX);
        check_u64(c, "chain sequence", from[i]->sequence, 0, UINT64_MAX - 1);
        list[i].epoch = from[i]->epoch;
        list[i].sequence = from[i]->sequence;
        CHECK_FIXED(c, "chain digest", from[i]->digest, list[i].digest);
        if (c->err == ERR_OK && names_twice(list, i))
            check_fail(c, ERR_DUPLICATE, what, "each purpose and epoch once");
    }
    return list;
}

/* The normalisers that h speaks, into m. ERR_NOMEM. */
static enum err norms_out(struct arena *a, const struct hello *h, Sluis__Hello *m)
{
    m->norm_versions = arena_array(a, IDENT_TYPE_COUNT, sizeof *m->norm_versions);
    Sluis__NormVersion *items = arena_array(a, IDENT_TYPE_COUNT, sizeof *items);
    if (m->norm_versions == NULL || items == NULL)
        return ERR_NOMEM;
    for (int t = 1; t < IDENT_TYPE_COUNT; t++) {
        if (h->norm_versions[t] == 0)
            continue;
        Sluis__NormVersion *n = &items[t];
        sluis__norm_version__init(n);
        n->type = msg_text(ident_type_id((enum ident_type)t));
        n->version = h->norm_versions[t];
        m->norm_versions[m->n_norm_versions++] = n;
    }
    return ERR_OK;
}

static void norms_in(struct check *c, const Sluis__Hello *m, struct hello *h)
{
    for (size_t i = 0; c->err == ERR_OK && i < m->n_norm_versions; i++) {
        enum ident_type t = IDENT_NONE;
        if (ident_type_parse(bytes_str(m->norm_versions[i]->type), &t) != ERR_OK)
            continue; /* a newer peer may speak types that we do not know */
        if (h->norm_versions[t] != 0)
            check_fail(c, ERR_DUPLICATE, "norm_versions", "each type once");
        check_u64(c, "norm version", m->norm_versions[i]->version, 1, UINT32_MAX);
        h->norm_versions[t] = m->norm_versions[i]->version;
    }
}

enum err hello_encode(const struct hello *h, struct buf *out)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(ENCODE_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__Hello m = SLUIS__HELLO__INIT;
    uint32_t versions[HELLO_VERSIONS_MAX];
    memcpy(versions, h->versions, sizeof versions);
    m.n_versions = h->version_count;
    m.versions = versions;
    char *suites[1];
    if (h->suites[SUITE_HK1])
        suites[m.n_suites++] = msg_text(suite_id(SUITE_HK1));
    m.suites = suites;
    m.roster_serial = h->roster_serial;
    m.policy_serial = h->policy_serial;
    m.policy_digest = msg_data(digest_bytes(&h->policy_digest));
    m.n_epochs = h->epoch_count;
    m.epochs = epochs_out(a, h->epochs, h->epoch_count);
    m.now_s = h->now_s;
    m.checkpoint = msg_data(h->checkpoint);
    m.mail_done = h->mail_done;
    m.announced_serial = h->trust.announced_serial;
    m.announced_digest = msg_data(digest_bytes(&h->trust.announced_digest));
    m.adoptions_digest = msg_data(digest_bytes(&h->trust.adoptions_digest));
    m.states_digest = msg_data(digest_bytes(&h->trust.states_digest));
    m.n_chains = h->chain_count;
    m.chains = chains_out(a, h->chains, h->chain_count);
    enum err e = norms_out(a, h, &m);
    if (e != ERR_OK || m.epochs == NULL || m.chains == NULL)
        return ERR_NOMEM;
    return msg_pack(&m.base, out);
}

enum err hello_decode(struct bytes data, struct arena *a, struct hello *out, struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__hello__descriptor, data, HELLO_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Hello *m = raw;
    struct check c = check_new("hello", a, why);
    struct hello h = {.roster_serial = m->roster_serial,
                      .policy_serial = m->policy_serial,
                      .epoch_count = m->n_epochs,
                      .now_s = m->now_s,
                      .mail_done = m->mail_done,
                      .chain_count = m->n_chains};
    check_count(&c, "versions", m->n_versions, 1, HELLO_VERSIONS_MAX);
    if (c.err == ERR_OK) {
        h.version_count = m->n_versions;
        memcpy(h.versions, m->versions, m->n_versions * sizeof h.versions[0]);
    }
    for (size_t i = 0; i < m->n_suites; i++) {
        enum suite s = SUITE_NONE;
        if (suite_parse(bytes_str(m->suites[i]), &s) == ERR_OK)
            h.suites[s] = true;
    }
    norms_in(&c, m, &h);
    CHECK_FIXED(&c, "policy_digest", m->policy_digest, h.policy_digest);
    h.epochs = epochs_in(&c, m->epochs, m->n_epochs);
    check_time(&c, "now", h.now_s);
    check_bytes(&c, "checkpoint", m->checkpoint, (struct check_limits){0, CHECKPOINT_MAX_BYTES},
                &h.checkpoint);
    check_u64(&c, "mail_done", h.mail_done, 0, MAIL_SEQUENCE_MAX);
    h.trust.announced_serial = m->announced_serial;
    CHECK_FIXED(&c, "announced_digest", m->announced_digest, h.trust.announced_digest);
    CHECK_FIXED(&c, "adoptions_digest", m->adoptions_digest, h.trust.adoptions_digest);
    CHECK_FIXED(&c, "states_digest", m->states_digest, h.trust.states_digest);
    h.chains = chains_in(&c, "chains", m->chains, m->n_chains);
    if ((e = check_done(&c)) == ERR_OK)
        *out = h;
    return e;
}

enum err hello_reply_encode(const struct hello_reply *h, struct buf *out)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(ENCODE_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__HelloReply m = SLUIS__HELLO_REPLY__INIT;
    m.state = (Sluis__SessionState)h->state;
    m.version = h->version;
    m.difference = arena_text(a, h->difference);
    m.roster_serial = h->roster_serial;
    m.policy_serial = h->policy_serial;
    m.policy_digest = msg_data(digest_bytes(&h->policy_digest));
    m.n_epochs = h->epoch_count;
    m.epochs = epochs_out(a, h->epochs, h->epoch_count);
    m.now_s = h->now_s;
    m.slot_interval_ms = h->slot_interval_ms;
    m.publish_interval_ms = h->publish_interval_ms;
    m.credit = h->credit;
    m.origin = arena_text(a, h->origin);
    m.announced_serial = h->trust.announced_serial;
    m.announced_digest = msg_data(digest_bytes(&h->trust.announced_digest));
    m.adoptions_digest = msg_data(digest_bytes(&h->trust.adoptions_digest));
    m.states_digest = msg_data(digest_bytes(&h->trust.states_digest));
    m.copied_s = h->copied_s;
    m.n_lacking = h->lacking_count;
    m.lacking = chains_out(a, h->lacking, h->lacking_count);
    if (m.difference == NULL || m.epochs == NULL || m.origin == NULL || m.lacking == NULL)
        return ERR_NOMEM;
    return msg_pack(&m.base, out);
}

enum err hello_reply_decode(struct bytes data, struct arena *a, struct hello_reply *out,
                            struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__hello_reply__descriptor, data, HELLO_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__HelloReply *m = raw;
    struct check c = check_new("hello reply", a, why);
    struct hello_reply h = {.state = (enum session_state)m->state,
                            .version = m->version,
                            .roster_serial = m->roster_serial,
                            .policy_serial = m->policy_serial,
                            .epoch_count = m->n_epochs,
                            .now_s = m->now_s,
                            .slot_interval_ms = m->slot_interval_ms,
                            .publish_interval_ms = m->publish_interval_ms,
                            .credit = m->credit,
                            .copied_s = m->copied_s,
                            .lacking_count = m->n_lacking};
    check_u64(&c, "state", (uint64_t)m->state, 1, SESSION_RECONCILE);
    check_text(&c, "difference", m->difference, (struct check_limits){0, 320}, &h.difference);
    CHECK_FIXED(&c, "policy_digest", m->policy_digest, h.policy_digest);
    h.epochs = epochs_in(&c, m->epochs, m->n_epochs);
    check_time(&c, "now", h.now_s);
    check_text(&c, "origin", m->origin, (struct check_limits){1, 200}, &h.origin);
    h.trust.announced_serial = m->announced_serial;
    CHECK_FIXED(&c, "announced_digest", m->announced_digest, h.trust.announced_digest);
    CHECK_FIXED(&c, "adoptions_digest", m->adoptions_digest, h.trust.adoptions_digest);
    CHECK_FIXED(&c, "states_digest", m->states_digest, h.trust.states_digest);
    check_time_or_zero(&c, "copied", h.copied_s);
    h.lacking = chains_in(&c, "lacking", m->lacking, m->n_lacking);
    if ((e = check_done(&c)) == ERR_OK)
        *out = h;
    return e;
}

enum err fetch_encode(const struct fetch *f, struct buf *out)
{
    Sluis__Fetch m = SLUIS__FETCH__INIT;
    m.what = (Sluis__DocumentKind)f->what;
    return msg_pack(&m.base, out);
}

enum err fetch_decode(struct bytes data, struct arena *a, struct fetch *out, struct errmsg *why)
{
    const void *raw = NULL;
    enum err e = msg_unpack(&sluis__fetch__descriptor, data, 64, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Fetch *m = raw;
    struct check c = check_new("fetch", a, why);
    check_u64(&c, "what", (uint64_t)m->what, DOCUMENT_ROSTER, DOCUMENT_POLICY);
    if ((e = check_done(&c)) == ERR_OK)
        out->what = (enum document_kind)m->what;
    return e;
}

enum err document_encode(const struct document *d, struct buf *out)
{
    Sluis__Document m = SLUIS__DOCUMENT__INIT;
    m.kind = (Sluis__DocumentKind)d->kind;
    m.content = msg_data(d->content);
    return msg_pack(&m.base, out);
}

static void document_in(struct check *c, const Sluis__Document *m, struct document *out)
{
    check_u64(c, "kind", (uint64_t)m->kind, 1, DOCUMENT_KIND_COUNT - 1);
    check_bytes(c, "content", m->content, (struct check_limits){1, FETCH_DOCUMENT_MAX_BYTES},
                &out->content);
    if (c->err == ERR_OK)
        out->kind = (enum document_kind)m->kind;
}

enum err document_decode(struct bytes data, struct arena *a, struct document *out,
                         struct errmsg *why)
{
    const void *raw = NULL;
    enum err e =
        msg_unpack(&sluis__document__descriptor, data, FETCH_REPLY_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    struct check c = check_new("document", a, why);
    struct document d = {0};
    document_in(&c, raw, &d);
    if ((e = check_done(&c)) == ERR_OK)
        *out = d;
    return e;
}

enum err fetch_reply_encode(const struct fetch_reply *f, struct buf *out)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(ENCODE_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__FetchReply m = SLUIS__FETCH_REPLY__INIT;
    Sluis__Document *items = arena_array(a, f->count, sizeof *items);
    m.documents = arena_array(a, f->count, sizeof *m.documents);
    if (items == NULL || m.documents == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < f->count; i++) {
        sluis__document__init(&items[i]);
        items[i].kind = (Sluis__DocumentKind)f->documents[i].kind;
        items[i].content = msg_data(f->documents[i].content);
        m.documents[i] = &items[i];
    }
    m.n_documents = f->count;
    return msg_pack(&m.base, out);
}

enum err fetch_reply_decode(struct bytes data, struct arena *a, struct fetch_reply *out,
                            struct errmsg *why)
{
    const void *raw = NULL;
    enum err e =
        msg_unpack(&sluis__fetch_reply__descriptor, data, FETCH_REPLY_MAX_BYTES, a, &raw, why);
    if (e != ERR_OK)
        return e;
    const Sluis__FetchReply *m = raw;
    struct check c = check_new("fetch reply", a, why);
    check_count(&c, "documents", m->n_documents, 0, FETCH_DOCUMENTS_MAX);
    struct document *list = check_array(&c, m->n_documents, sizeof *list);
    for (size_t i = 0; c.err == ERR_OK && i < m->n_documents; i++)
        document_in(&c, m->documents[i], &list[i]);
    if ((e = check_done(&c)) == ERR_OK)
        *out = (struct fetch_reply){list, m->n_documents};
    return e;
}
