#include "agent/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/store/store.h"
#include "agent/trust_files.h"
#include "pki/cert.h"
#include "pki/digest.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

#define VERSION_MAX_BYTES ((size_t)8 << 20)
#define ROW_STATE_MARKS "marks.states"
#define STATE_MARKS_MAX_BYTES ((NAME_MAX_BYTES + 44) * VIEW_MARK_PURPOSES_MAX)
#define MARKS_MAX_BYTES (32 + (OIN_CHARS + 8) * VIEW_MARK_HOLDERS_MAX)

struct agent_trust {
    const struct config_agent *config;
    struct arena *arena;
    struct view_pins pins;
    struct digest *signers;
    struct errmsg trouble; /* of the configured files; "": they count */
};

static enum err read_pem(const struct conf_pin *pin, const char *key, struct arena *a,
                         struct bytes *out, struct errmsg *why)
{
    if (pin->path == NULL)
        return errmsg_set(why, ERR_CONFIG, "'%s': give the path of the certificate here, not its "
                                           "digest",
                          key);
    return trust_file_read(pin->path, CERT_PEM_MAX_BYTES, a, out, why);
}

static enum err read_signer(struct agent_trust *t, size_t i, struct errmsg *why)
{
    const struct conf_pin *pin = &t->config->trust.signers.items[i];
    if (pin->path == NULL) {
        memcpy(t->signers[i].b, pin->digest, sizeof t->signers[i].b);
        return ERR_OK;
    }
    struct bytes pem;
    enum err bad = trust_file_read(pin->path, CERT_PEM_MAX_BYTES, t->arena, &pem, why);
    return bad == ERR_OK ? view_pin_of(pem, &t->signers[i], why) : bad;
}

static enum err read_pins(struct agent_trust *t, struct errmsg *why)
{
    const struct conf_trust *c = &t->config->trust;
    const struct conf_pin root = {.path = c->root_ca};
    t->signers = arena_array(t->arena, c->signers.count + 1, sizeof *t->signers);
    if (t->signers == NULL)
        return ERR_NOMEM;
    t->pins = (struct view_pins){.deployment = t->config->deployment,
                                 .signers = t->signers,
                                 .signer_count = c->signers.count,
                                 .demonstration = t->config->service.demonstration};
    enum err bad = read_pem(&root, "root_ca", t->arena, &t->pins.root_ca, why);
    if (bad == ERR_OK)
        bad = read_pem(&c->roster_key.items[0], "roster_key", t->arena, &t->pins.roster_key, why);
    if (bad == ERR_OK && c->roster_key.count > 1)
        bad = read_pem(&c->roster_key.items[1], "roster_key", t->arena, &t->pins.next_roster_key, why);
    for (size_t i = 0; i < c->signers.count && bad == ERR_OK; i++)
        bad = read_signer(t, i, why);
    return bad;
}

enum err agent_trust_new(const struct config_agent *config, struct agent_trust **out,
                         struct errmsg *why)
{
    CLEANUP(cleanup_agent_trust_free) struct agent_trust *t = calloc(1, sizeof *t);
    if (t == NULL)
        return ERR_NOMEM;
    t->config = config;
    t->arena = arena_new((size_t)1 << 20);
    enum err bad = t->arena != NULL ? read_pins(t, why) : ERR_NOMEM;
    if (bad == ERR_OK)
        *out = take(t);
    return bad;
}

void agent_trust_free(struct agent_trust *t)
{
    if (t == NULL)
        return;
    arena_free(t->arena);
    free(t);
}

static void marks_free(struct view_marks *m)
{
    free(m);
}
DEFINE_CLEANUP(struct view_marks, marks_free)

/* Marks: u64 roster, u64 policy, u64 time, then (OIN, u64) of each holder. */
static void decode_marks(struct bytes plain, struct view_marks *m, enum err *bad)
{
    struct cursor c = cursor_of(plain);
    m->roster_serial = cursor_u64(&c);
    m->policy_serial = cursor_u64(&c);
    m->time_s = (int64_t)cursor_u64(&c);
    while (c.err == ERR_OK && c.left > 0 && m->adoption_count < VIEW_MARK_HOLDERS_MAX) {
        struct bytes oin = cursor_bytes(&c, OIN_CHARS);
        uint64_t serial = cursor_u64(&c);
        if (c.err == ERR_OK && agency_id_parse(oin, &m->adoptions[m->adoption_count].holder) == ERR_OK)
            m->adoptions[m->adoption_count++].serial = serial;
        else
            cursor_fail(&c, ERR_INVALID);
    }
    *bad = cursor_done(&c);
}

/* Marks of epochs, a row of their own: (u32 length, purpose, u64 serial, digest) of each purpose. */
static enum err get_state_marks(struct store *store, struct kv_txn *txn, struct arena *a,
                                struct view_marks *m)
{
    struct bytes plain;
    enum err bad = store_get(store, txn, STORE_META, bytes_str(ROW_STATE_MARKS), a, &plain);
    if (bad != ERR_OK)
        return bad == ERR_NOT_FOUND ? ERR_OK : bad;
    struct cursor c = cursor_of(plain);
    while (c.err == ERR_OK && c.left > 0 && m->state_count < VIEW_MARK_PURPOSES_MAX) {
        struct view_states_mark *mark = &m->states[m->state_count++];
        const struct bytes purpose = cursor_bytes(&c, cursor_u32(&c));
        mark->serial = cursor_u64(&c);
        cursor_copy(&c, mark->digest.b, sizeof mark->digest.b);
        if (c.err == ERR_OK && name_parse(purpose, &mark->purpose) != ERR_OK)
            cursor_fail(&c, ERR_INVALID);
    }
    return cursor_done(&c);
}

static enum err put_state_marks(struct store *store, struct kv_txn *txn, const struct view_marks *m)
{
    CLEANUP(buf_free) struct buf b = buf_new(STATE_MARKS_MAX_BYTES);
    for (size_t i = 0; i < m->state_count; i++) {
        join_part(&b, name_bytes(&m->states[i].purpose));
        buf_put_u64(&b, m->states[i].serial);
        buf_put(&b, digest_bytes(&m->states[i].digest));
    }
    enum err bad = buf_err(&b);
    return bad == ERR_OK
               ? store_put(store, txn, STORE_META, bytes_str(ROW_STATE_MARKS), buf_bytes(&b))
               : bad;
}

/* On success *out is the caller's: free. */
static enum err get_marks(struct store *store, struct kv_txn *txn, struct view_marks **out)
{
    CLEANUP(cleanup_marks_free) struct view_marks *m = calloc(1, sizeof *m);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 16);
    if (a == NULL || m == NULL)
        return ERR_NOMEM;
    struct bytes plain;
    enum err bad = store_get(store, txn, STORE_META, bytes_str("marks"), a, &plain);
    if (bad == ERR_OK)
        decode_marks(plain, m, &bad);
    else if (bad == ERR_NOT_FOUND)
        bad = ERR_OK;
    if (bad == ERR_OK)
        bad = get_state_marks(store, txn, a, m);
    if (bad == ERR_OK)
        *out = take(m);
    return bad;
}

static enum err put_marks(struct store *store, struct kv_txn *txn, const struct view_marks *m)
{
    CLEANUP(buf_free) struct buf b = buf_new(MARKS_MAX_BYTES);
    buf_put_u64(&b, m->roster_serial);
    buf_put_u64(&b, m->policy_serial);
    buf_put_u64(&b, (uint64_t)m->time_s);
    for (size_t i = 0; i < m->adoption_count; i++) {
        buf_put(&b, agency_id_bytes(&m->adoptions[i].holder));
        buf_put_u64(&b, m->adoptions[i].serial);
    }
    enum err bad = buf_err(&b);
    if (bad == ERR_OK)
        bad = store_put(store, txn, STORE_META, bytes_str("marks"), buf_bytes(&b));
    return bad == ERR_OK ? put_state_marks(store, txn, m) : bad;
}

enum err agent_trust_raise_time(struct store *store, struct kv_txn *txn, int64_t time_s)
{
    CLEANUP(cleanup_marks_free) struct view_marks *m = NULL;
    enum err bad = get_marks(store, txn, &m);
    if (bad != ERR_OK || m->time_s >= time_s)
        return bad;
    m->time_s = time_s;
    return put_marks(store, txn, m);
}

/* What a set is judged by. */
struct trust_moment {
    struct store *store; /* NULL: none */
    struct kv_txn *txn;
    const struct view_marks *marks;
    int64_t now_s;
};

/* Key of a row of the set: its kind's word and a number. */
static struct bytes row_key(struct buf *b, const char *word, size_t i)
{
    buf_reset(b);
    buf_printf(b, "%s/%05zu", word, i);
    return buf_bytes(b);
}

static enum err put_list(struct store *store, struct kv_txn *txn, const char *word,
                         const struct bytes *v, size_t count)
{
    uint8_t room[64];
    struct buf key = buf_fixed(room, sizeof room);
    enum err bad = ERR_OK;
    for (size_t i = 0; i < count && bad == ERR_OK; i++)
        bad = store_put(store, txn, STORE_TRUST, row_key(&key, word, i), v[i]);
    return bad;
}

/* A version for the set: when it ended here, then the version as it travels. */
static enum err put_versions(struct store *store, struct kv_txn *txn, const struct view_files *f)
{
    uint8_t room[64];
    struct buf key = buf_fixed(room, sizeof room);
    enum err bad = ERR_OK;
    for (size_t i = 0; i < f->version_count && bad == ERR_OK; i++) {
        CLEANUP(buf_free) struct buf b = buf_new(VERSION_MAX_BYTES);
        buf_put_u64(&b, (uint64_t)f->versions[i].ended_s);
        bad = view_version_encode(&f->versions[i], &b);
        if (bad == ERR_OK)
            bad = store_put(store, txn, STORE_TRUST, row_key(&key, "version", i), buf_bytes(&b));
    }
    return bad;
}

static struct bytes kept_key(struct buf *b, const struct digest *digest)
{
    buf_put_str(b, "kept/");
    text_put_hex(b, digest_bytes(digest));
    return buf_bytes(b);
}

/* Stays for good: a decision is explained by the version that it was made under. */
static enum err keep_policy(struct store *store, struct kv_txn *txn, struct bytes policy)
{
    uint8_t room[128];
    struct buf key = buf_fixed(room, sizeof room);
    struct digest d;
    enum err bad = digest_sha256(&policy, 1, &d);
    if (bad == ERR_OK)
        bad = store_has(store, txn, STORE_TRUST, kept_key(&key, &d));
    return bad == ERR_NOT_FOUND ? store_put(store, txn, STORE_TRUST, buf_bytes(&key), policy) : bad;
}

static enum err keep_policies(struct store *store, struct kv_txn *txn, const struct view_files *f)
{
    enum err bad = keep_policy(store, txn, f->policy);
    for (size_t i = 0; i < f->version_count && bad == ERR_OK; i++)
        bad = keep_policy(store, txn, f->versions[i].policy);
    return bad;
}

enum err agent_trust_version(struct store *store, struct kv_txn *txn, const struct digest *digest,
                             struct arena *a, struct bytes *out)
{
    uint8_t room[128];
    struct buf key = buf_fixed(room, sizeof room);
    return store_get(store, txn, STORE_TRUST, kept_key(&key, digest), a, out);
}

static enum err clear_set(struct store *store, struct kv_txn *txn)
{
    static const char *const words[] = {"roster/",   "policy/", "signature/",
                                        "adoption/", "deal/",   "states/",
                                        "version/"};
    size_t gone = 0;
    enum err bad = ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(words) && bad == ERR_OK; i++)
        bad = kv_del_prefix(txn, store_kv_table(store, STORE_TRUST), bytes_str(words[i]), SIZE_MAX,
                            &gone);
    return bad;
}

static enum err put_set(struct store *store, struct kv_txn *txn, const struct view *view)
{
    const struct view_files *f = view_files(view);
    size_t words = 0;
    const struct bytes *said = view_kept_states(view, &words);
    enum err bad = clear_set(store, txn);
    if (bad == ERR_OK)
        bad = put_list(store, txn, "roster", &f->roster, 1);
    if (bad == ERR_OK)
        bad = put_list(store, txn, "policy", &f->policy, 1);
    if (bad == ERR_OK)
        bad = put_list(store, txn, "signature", f->policy_signatures, f->policy_signature_count);
    if (bad == ERR_OK)
        bad = put_list(store, txn, "adoption", f->adoptions, f->adoption_count);
    if (bad == ERR_OK)
        bad = put_list(store, txn, "deal", f->deals, f->deal_count);
    if (bad == ERR_OK)
        bad = put_list(store, txn, "states", said, words);
    if (bad == ERR_OK)
        bad = put_versions(store, txn, f);
    return bad == ERR_OK ? keep_policies(store, txn, f) : bad;
}

static enum err get_list(struct store *store, struct kv_txn *txn, const char *word, struct arena *a,
                         struct trust_list *out)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err bad = store_iter(store, txn, STORE_TRUST, bytes_str(word), &it);
    struct store_row row;
    while (bad == ERR_OK && (bad = store_next(store, STORE_TRUST, it, a, &row)) == ERR_OK)
        bad = trust_list_add(out, row.plain);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* The one row of a kind. ERR_NOT_FOUND also where there are several. */
static enum err get_one(struct store *store, struct kv_txn *txn, const char *word, struct arena *a,
                        struct bytes *out)
{
    struct trust_list *list = arena_alloc(a, sizeof *list);
    if (list == NULL)
        return ERR_NOMEM;
    enum err bad = get_list(store, txn, word, a, list);
    if (bad == ERR_OK && list->count != 1)
        bad = ERR_NOT_FOUND;
    if (bad == ERR_OK)
        *out = list->v[0];
    return bad;
}

/* What was revoked in the set that is kept stays revoked in the one to come. */
static enum err check_follows(struct store *store, struct kv_txn *txn, const struct view *view,
                              struct errmsg *why)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(TRUST_ARENA_BYTES);
    struct bytes before = {NULL, 0};
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = get_one(store, txn, "roster/", a, &before);
    if (bad == ERR_NOT_FOUND)
        return ERR_OK; /* the first */
    return bad == ERR_OK ? view_follows(view, before, why) : bad;
}

enum err agent_trust_keep(struct store *store, struct kv_txn *txn, const struct view *view,
                          int64_t now_s)
{
    CLEANUP(cleanup_marks_free) struct view_marks *m = NULL;
    struct errmsg why = {""};
    enum err bad = get_marks(store, txn, &m);
    if (bad != ERR_OK)
        return bad;
    bad = check_follows(store, txn, view, &why);
    if (bad == ERR_OK)
        bad = view_raise_marks(view, now_s, m, &why);
    if (bad != ERR_OK) {
        log_err("trust.not_kept reason=\"%s\"", why.text);
        return bad;
    }
    bad = put_marks(store, txn, m);
    return bad == ERR_OK ? put_set(store, txn, view) : bad;
}

static enum err get_versions(struct store *store, struct kv_txn *txn, struct arena *a,
                             struct trust_set *set)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err bad = store_iter(store, txn, STORE_TRUST, bytes_str("version/"), &it);
    struct store_row row;
    while (bad == ERR_OK && (bad = store_next(store, STORE_TRUST, it, a, &row)) == ERR_OK) {
        struct cursor c = cursor_of(row.plain);
        struct view_version v = {.ended_s = 0};
        const int64_t ended_s = (int64_t)cursor_u64(&c);
        const struct bytes version = cursor_bytes(&c, c.left);
        bad = cursor_done(&c);
        if (bad == ERR_OK)
            bad = view_version_decode(version, a, &v);
        v.ended_s = ended_s;
        if (bad == ERR_OK)
            bad = trust_set_add_version(set, &v);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

static enum err get_set(struct store *store, struct kv_txn *txn, struct arena *a,
                        struct trust_set *set)
{
    enum err bad = get_one(store, txn, "roster/", a, &set->roster);
    if (bad == ERR_OK)
        bad = get_one(store, txn, "policy/", a, &set->policy);
    if (bad == ERR_OK)
        bad = get_list(store, txn, "signature/", a, &set->signatures);
    if (bad == ERR_OK)
        bad = get_list(store, txn, "adoption/", a, &set->adoptions);
    if (bad == ERR_OK)
        bad = get_list(store, txn, "deal/", a, &set->deals);
    if (bad == ERR_OK)
        bad = get_list(store, txn, "states/", a, &set->states);
    return bad == ERR_OK ? get_versions(store, txn, a, set) : bad;
}

/* The set of the store, verified. */
static enum err load_kept(struct agent_trust *t, struct kv_txn *txn, struct store *store,
                          const struct view_marks *marks, struct view **out)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(TRUST_ARENA_BYTES);
    struct trust_set *set = a != NULL ? arena_alloc(a, sizeof *set) : NULL;
    if (set == NULL)
        return ERR_NOMEM;
    enum err bad = get_set(store, txn, a, set);
    struct view_files files;
    trust_set_files(set, &files);
    return bad == ERR_OK ? view_new(&t->pins, &files, marks, marks->time_s, out, NULL) : bad;
}

/* The policy and its versions in the store: what the files are held against. A new store has none. */
static enum err add_known(const struct trust_moment *m, struct arena *a, struct trust_set *set)
{
    if (m->store == NULL)
        return ERR_OK;

    struct trust_set *kept = arena_alloc(a, sizeof *kept);
    if (kept == NULL)
        return ERR_NOMEM;
    enum err bad = get_set(m->store, m->txn, a, kept);
    if (bad != ERR_OK)
        return bad == ERR_NOT_FOUND ? ERR_OK : bad;
    struct view_files known;
    trust_set_files(kept, &known);
    return trust_set_add_known(set, &known);
}

static enum err load_files(struct agent_trust *t, const struct trust_moment *m, struct view **out,
                           struct errmsg *why)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(TRUST_ARENA_BYTES);
    struct trust_set *set = a != NULL ? arena_alloc(a, sizeof *set) : NULL;
    if (set == NULL)
        return ERR_NOMEM;
    enum err bad = trust_set_read(&t->config->trust, a, set, why);
    if (bad == ERR_OK)
        bad = add_known(m, a, set);
    struct view_files files;
    trust_set_files(set, &files);
    return bad == ERR_OK ? view_new(&t->pins, &files, m->marks, m->now_s, out, why) : bad;
}

/* Whether the set of the store says no less than the files, withdrawals and words on epochs above all, and more of its
 * adoptions hold. */
static bool is_sounder(const struct view *kept, const struct view *files)
{
    return view_roster(kept)->serial >= view_roster(files)->serial &&
           view_policy(kept)->serial >= view_policy(files)->serial &&
           view_fault_count(kept) < view_fault_count(files) && view_covers(kept, files) &&
           view_states_cover(kept, files);
}

static void note_trouble(struct agent_trust *t, const char *reason)
{
    log_warn("trust.files_not_used reason=\"%s\" using=\"last accepted set\"", reason);
    (void)errmsg_set(&t->trouble, ERR_CONFIG,
                     "the files of roster and policy do not count; what was verified before stays in "
                     "force: %s",
                     reason);
}

/* A damaged file of one adoption must not take its holder down while the whole set lies in the store. */
static void prefer_kept(struct agent_trust *t, struct kv_txn *txn, struct store *store,
                        const struct view_marks *marks, struct view **v)
{
    CLEANUP(cleanup_view_free) struct view *kept = NULL;
    if (view_fault_count(*v) == 0 || load_kept(t, txn, store, marks, &kept) != ERR_OK ||
        !is_sounder(kept, *v))
        return;
    view_log_faults(*v);
    note_trouble(t, "an adoption among them does not hold");
    view_free(*v);
    *v = take(kept);
}

const char *agent_trust_trouble(const struct agent_trust *t)
{
    return t->trouble.text;
}

enum err agent_trust_load(struct agent_trust *t, struct store *store, int64_t now_s,
                          struct view **out, struct errmsg *why)
{
    static const struct view_marks none;
    CLEANUP(cleanup_marks_free) struct view_marks *marks = NULL;
    struct trust_moment m = {store, NULL, &none, now_s};
    if (store == NULL)
        return load_files(t, &m, out, why);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = kv_read_begin(store_kv(store), &txn);
    if (bad == ERR_OK)
        bad = get_marks(store, txn, &marks);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "store: the marks of roster and policy cannot be read");
    struct errmsg of_files = {""};
    t->trouble = (struct errmsg){""};
    m.txn = txn;
    m.marks = marks;
    bad = load_files(t, &m, out, &of_files);
    if (marks->time_s <= now_s)
        marks->time_s = now_s;
    if (bad == ERR_OK) {
        prefer_kept(t, txn, store, marks, out);
        return ERR_OK;
    }
    if (now_s + 300 >= marks->time_s && load_kept(t, txn, store, marks, out) == ERR_OK) {
        note_trouble(t, of_files.text[0] != '\0' ? of_files.text : err_text(bad));
        return ERR_OK;
    }
    return errmsg_set(why, bad, "%s", of_files.text[0] != '\0' ? of_files.text : err_text(bad));
}

enum err agent_trust_judge(struct agent_trust *t, struct store *store,
                           const struct view_files *files, int64_t now_s, struct view **out,
                           struct errmsg *why)
{
    CLEANUP(cleanup_marks_free) struct view_marks *marks = NULL;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = kv_read_begin(store_kv(store), &txn);
    if (bad == ERR_OK)
        bad = get_marks(store, txn, &marks);
    return bad == ERR_OK ? view_new(&t->pins, files, marks, now_s, out, why) : bad;
}

void agent_trust_export(const struct agent_trust *t, const struct view *view)
{
    struct errmsg why = {""};
    struct view_files files = *view_files(view);
    files.states = view_kept_states(view, &files.state_count);
    enum err bad = trust_set_write(&t->config->trust, &files, &why);
    if (bad != ERR_OK)
        log_warn("trust.files_not_written reason=\"%s\"", why.text);
}

static bool same_list(const struct bytes *a, size_t a_count, const struct bytes *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++)
        if (!bytes_equal(a[i], b[i]))
            return false;
    return true;
}

static bool same_versions(const struct view_files *a, const struct view_files *b)
{
    if (a->version_count != b->version_count)
        return false;
    for (size_t i = 0; i < a->version_count; i++)
        if (!bytes_equal(a->versions[i].policy, b->versions[i].policy))
            return false;
    return true;
}

bool agent_trust_same(const struct view *a, const struct view *b)
{
    const struct view_files *x = view_files(a);
    const struct view_files *y = view_files(b);
    return bytes_equal(x->roster, y->roster) && bytes_equal(x->policy, y->policy) &&
           same_list(x->policy_signatures, x->policy_signature_count, y->policy_signatures,
                     y->policy_signature_count) &&
           same_list(x->adoptions, x->adoption_count, y->adoptions, y->adoption_count) &&
           same_list(x->deals, x->deal_count, y->deals, y->deal_count) &&
           same_list(x->states, x->state_count, y->states, y->state_count) && same_versions(x, y);
}
