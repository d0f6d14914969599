#include "agent/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/store/store.h"
#include "agent/trust_files.h"
#include "pki/cert.h"
#include "proto/base/cursor.h"
#include "proto/base/log.h"

#define MARKS_MAX_BYTES (32 + (OIN_CHARS + 8) * VIEW_MARK_HOLDERS_MAX)

struct agent_trust {
    const struct config_agent *config;
    struct arena *arena;
    struct view_pins pins;
    struct digest *signers;
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
        bad = read_pem(&c->roster_key, "roster_key", t->arena, &t->pins.roster_key, why);
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

static enum err get_marks(struct store *store, struct kv_txn *txn, struct view_marks *out)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)1 << 16);
    if (a == NULL)
        return ERR_NOMEM;
    struct bytes plain;
    *out = (struct view_marks){.roster_serial = 0};
    enum err bad = store_get(store, txn, STORE_META, bytes_str("marks"), a, &plain);
    if (bad == ERR_NOT_FOUND)
        return ERR_OK;
    if (bad == ERR_OK)
        decode_marks(plain, out, &bad);
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
    return bad == ERR_OK ? store_put(store, txn, STORE_META, bytes_str("marks"), buf_bytes(&b)) : bad;
}

enum err agent_trust_raise_time(struct store *store, struct kv_txn *txn, int64_t time_s)
{
    struct view_marks m;
    enum err bad = get_marks(store, txn, &m);
    if (bad != ERR_OK || m.time_s >= time_s)
        return bad;
    m.time_s = time_s;
    return put_marks(store, txn, &m);
}

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

static enum err put_set(struct store *store, struct kv_txn *txn, const struct view_files *f)
{
    size_t gone = 0;
    enum err bad = kv_del_prefix(txn, store_kv_table(store, STORE_TRUST), bytes_of(NULL, 0),
                                 SIZE_MAX, &gone);
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
    return bad;
}

enum err agent_trust_keep(struct store *store, struct kv_txn *txn, const struct view *view,
                          int64_t now_s)
{
    struct view_marks m;
    enum err bad = get_marks(store, txn, &m);
    if (bad != ERR_OK)
        return bad;
    view_raise_marks(view, now_s, &m);
    bad = put_marks(store, txn, &m);
    return bad == ERR_OK ? put_set(store, txn, view_files(view)) : bad;
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

static enum err get_set(struct store *store, struct kv_txn *txn, struct arena *a,
                        struct trust_set *set)
{
    struct trust_list roster = {.count = 0};
    struct trust_list policy = {.count = 0};
    enum err bad = get_list(store, txn, "roster/", a, &roster);
    if (bad == ERR_OK)
        bad = get_list(store, txn, "policy/", a, &policy);
    if (bad == ERR_OK)
        bad = get_list(store, txn, "signature/", a, &set->signatures);
    if (bad == ERR_OK)
        bad = get_list(store, txn, "adoption/", a, &set->adoptions);
    if (bad == ERR_OK)
        bad = get_list(store, txn, "deal/", a, &set->deals);
    if (bad != ERR_OK)
        return bad;
    if (roster.count != 1 || policy.count != 1)
        return ERR_NOT_FOUND;
    set->roster = roster.v[0];
    set->policy = policy.v[0];
    return ERR_OK;
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

static enum err load_files(struct agent_trust *t, const struct view_marks *marks, int64_t now_s,
                           struct view **out, struct errmsg *why)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(TRUST_ARENA_BYTES);
    struct trust_set *set = a != NULL ? arena_alloc(a, sizeof *set) : NULL;
    if (set == NULL)
        return ERR_NOMEM;
    enum err bad = trust_set_read(&t->config->trust, a, set, why);
    struct view_files files;
    trust_set_files(set, &files);
    return bad == ERR_OK ? view_new(&t->pins, &files, marks, now_s, out, why) : bad;
}

/* Whether the set of the store says no less than the files, and more of its adoptions hold. */
static bool is_sounder(const struct view *kept, const struct view *files)
{
    return view_roster(kept)->serial >= view_roster(files)->serial &&
           view_policy(kept)->serial >= view_policy(files)->serial &&
           view_fault_count(kept) < view_fault_count(files);
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
    log_warn("trust.files_not_used reason=\"an adoption among them does not hold\" "
             "using=\"last accepted set\"");
    view_free(*v);
    *v = take(kept);
}

enum err agent_trust_load(struct agent_trust *t, struct store *store, int64_t now_s,
                          struct view **out, struct errmsg *why)
{
    struct view_marks marks = {.roster_serial = 0};
    if (store == NULL)
        return load_files(t, &marks, now_s, out, why);
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = kv_read_begin(store_kv(store), &txn);
    if (bad == ERR_OK)
        bad = get_marks(store, txn, &marks);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "store: the marks of roster and policy cannot be read");
    struct errmsg of_files = {""};
    bad = load_files(t, &marks, now_s, out, &of_files);
    if (marks.time_s <= now_s)
        marks.time_s = now_s;
    if (bad == ERR_OK) {
        prefer_kept(t, txn, store, &marks, out);
        return ERR_OK;
    }
    if (now_s + 300 >= marks.time_s && load_kept(t, txn, store, &marks, out) == ERR_OK) {
        log_warn("trust.files_not_used reason=\"%s\" using=\"last accepted set\"", of_files.text);
        return ERR_OK;
    }
    return errmsg_set(why, bad, "%s", of_files.text[0] != '\0' ? of_files.text : err_text(bad));
}

enum err agent_trust_judge(struct agent_trust *t, struct store *store,
                           const struct view_files *files, int64_t now_s, struct view **out,
                           struct errmsg *why)
{
    struct view_marks marks;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = kv_read_begin(store_kv(store), &txn);
    if (bad == ERR_OK)
        bad = get_marks(store, txn, &marks);
    return bad == ERR_OK ? view_new(&t->pins, files, &marks, now_s, out, why) : bad;
}

void agent_trust_export(const struct agent_trust *t, const struct view *view)
{
    struct errmsg why = {""};
    enum err bad = trust_set_write(&t->config->trust, view_files(view), &why);
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

bool agent_trust_same(const struct view *a, const struct view *b)
{
    const struct view_files *x = view_files(a);
    const struct view_files *y = view_files(b);
    return bytes_equal(x->roster, y->roster) && bytes_equal(x->policy, y->policy) &&
           same_list(x->policy_signatures, x->policy_signature_count, y->policy_signatures,
                     y->policy_signature_count) &&
           same_list(x->adoptions, x->adoption_count, y->adoptions, y->adoption_count) &&
           same_list(x->deals, x->deal_count, y->deals, y->deal_count);
}
