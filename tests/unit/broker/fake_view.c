#include "tests/unit/broker/fake_view.h"

#include "pki/sign.h"

enum err view_new(const struct view_pins *pins, const struct view_files *files,
                  const struct view_marks *marks, int64_t now_s, struct view **out,
                  struct errmsg *why)
{
    (void)pins;
    (void)files;
    (void)marks;
    (void)now_s;
    (void)out;
    return errmsg_set(why, ERR_UNSUPPORTED, "no files in these tests");
}

enum err view_pin_of(struct bytes certificate_pem, struct digest *out, struct errmsg *why)
{
    (void)certificate_pem;
    (void)out;
    return errmsg_set(why, ERR_UNSUPPORTED, "no files in these tests");
}

struct view *view_ref(struct view *v)
{
    return v; /* the test owns it */
}

void view_free(struct view *v)
{
    (void)v;
}

enum err view_raise_marks(const struct view *v, int64_t now_s, struct view_marks *marks,
                          struct errmsg *why)
{
    (void)why;
    marks->roster_serial = v->roster.serial;
    marks->policy_serial = v->policy.serial;
    marks->time_s = now_s;
    marks->state_count = v->state_count;
    for (size_t i = 0; i < v->state_count; i++)
        marks->states[i] = (struct view_states_mark){v->states[i].states->purpose, v->states[i].states->serial, v->states[i].digest};
    return ERR_OK;
}

const struct roster *view_roster(const struct view *v)
{
    return &v->roster;
}

const struct policy *view_policy(const struct view *v)
{
    return &v->policy;
}

const struct policy *view_version_at(const struct view *v, size_t i)
{
    return i == 0 ? &v->policy : i == 1 ? v->older : NULL;
}

const struct policy *view_known_policy(const struct view *v, const struct digest *digest)
{
    if (digest_equal(digest, &v->policy_digest))
        return &v->policy;
    return v->older != NULL && digest_equal(digest, &v->older_digest) ? v->older : NULL;
}

const struct digest *view_policy_digest(const struct view *v)
{
    return &v->policy_digest;
}

const struct view_files *view_files(const struct view *v)
{
    return &v->files;
}

enum err view_is_open(const struct view *v, int64_t now_s)
{
    (void)now_s;
    return v->expired ? ERR_EXPIRED : ERR_OK;
}

static const struct roster_member *listed(const struct view *v, size_t i)
{
    return v->struck_off[i] ? NULL : &v->members[i];
}

const struct roster_member *view_member(const struct view *v, const struct agency_id *id,
                                        int64_t now_s)
{
    (void)now_s;
    for (size_t i = 0; i < FAKE_MEMBERS; i++)
        if (agency_id_equal(&v->members[i].id, id))
            return listed(v, i);
    return NULL;
}

const struct roster_member *view_member_by_curve(const struct view *v, const struct curve_key *key,
                                                 int64_t now_s, struct errmsg *why)
{
    (void)now_s;
    for (size_t i = 0; i < FAKE_MEMBERS; i++)
        if (memcmp(v->members[i].curve.b, key->b, sizeof key->b) == 0)
            return listed(v, i);
    (void)errmsg_set(why, ERR_NOT_FOUND, "no member of the roster has this CURVE key");
    return NULL;
}

enum view_standing view_standing(const struct view *v, const struct curve_key *key, int64_t now_s,
                                 struct view_peer *out)
{
    (void)now_s;
    for (size_t i = 0; i < FAKE_MEMBERS; i++) {
        if (memcmp(v->members[i].curve.b, key->b, sizeof key->b) != 0)
            continue;
        *out = (struct view_peer){&v->members[i], {{0x5a}}};
        return v->standing[i];
    }
    return VIEW_UNLISTED;
}

enum err view_check_roster(const struct view_pins *pins, struct bytes roster,
                           const struct view_marks *marks, int64_t now_s, struct errmsg *why)
{
    (void)pins;
    (void)roster;
    (void)marks;
    (void)now_s;
    return errmsg_set(why, ERR_UNSUPPORTED, "no files in these tests");
}

bool view_refused_deal_at(const struct view *v, size_t i, struct view_refused_deal *out)
{
    if (i >= v->refused_deal_count)
        return false;
    *out = v->refused_deals[i];
    return true;
}

bool view_refused_word_at(const struct view *v, size_t i, struct view_refused_deal *out)
{
    *out = v->refused_word;
    return i == 0 && v->refused_word.reason != ERR_OK;
}

bool view_declared_at(const struct view *v, const struct digest *declaration, size_t i, struct bytes *out)
{
    (void)declaration;
    if (i >= v->declared_count)
        return false;
    *out = v->declared[i];
    return true;
}

const struct roster_member *view_broker(const struct view *v)
{
    return &v->members[0];
}

const struct key *view_signing_key(const struct view *v, const struct agency_id *id)
{
    for (size_t i = 0; i < FAKE_MEMBERS; i++)
        if (agency_id_equal(&v->members[i].id, id))
            return v->keys[i];
    return NULL;
}

enum err view_verify(const struct view *v, const struct view_signed *s, struct view_signer *out)
{
    const struct key *key = view_signing_key(v, s->by);
    *out = (struct view_signer){.from_s = 0, .until_s = INT64_MAX};
    return key == NULL ? ERR_NOT_FOUND : sign_verify(s->kind, key, s->document, s->signature);
}

bool view_former_curve_at(const struct view *v, size_t i, struct curve_key *out)
{
    (void)v;
    (void)i;
    (void)out;
    return false;
}

struct bytes view_sealing_cert(const struct view *v, const struct view_sealed *s)
{
    for (size_t i = 0; i < FAKE_MEMBERS; i++)
        if (agency_id_equal(&v->members[i].id, s->to) &&
            digest_equal(&v->members[i].sealing.fingerprint, s->fingerprint))
            return v->members[i].sealing.der;
    return bytes_of(NULL, 0);
}

const struct key *view_officer_key(const struct view *v, const struct digest *fingerprint)
{
    for (size_t i = 0; i < FAKE_OFFICERS; i++)
        if (digest_equal(&v->officers[i].cert.fingerprint, fingerprint))
            return v->officer_keys[i];
    return NULL;
}

const struct roster_officer *view_officer(const struct view *v, const struct digest *fingerprint,
                                          const struct agency_id *agency, int64_t now_s)
{
    (void)now_s;
    for (size_t i = 0; i < FAKE_OFFICERS; i++)
        if (digest_equal(&v->officers[i].cert.fingerprint, fingerprint) &&
            agency_id_equal(&v->officers[i].agency, agency))
            return &v->officers[i];
    return NULL;
}

enum adoption view_adoption(const struct view *v, const struct agency_id *holder,
                            const struct name *rule)
{
    (void)holder;
    (void)rule;
    return v->adoption == ADOPTION_NONE ? ADOPTION_ADOPTED : v->adoption;
}

enum adoption view_adoption_under(const struct view *v, const struct view_asked *asked,
                                  const struct agency_id *holder)
{
    return view_adoption(v, holder, asked->rule);
}

enum err view_policy_for(const struct view *v, const struct view_asked *asked,
                         const struct policy **out, struct errmsg *why)
{
    if (!digest_equal(asked->named, &v->policy_digest))
        return errmsg_set(why, ERR_NOT_FOUND, "another policy");
    if (v->narrowed)
        return errmsg_set(why, ERR_BEHIND, "narrowed");
    *out = &v->policy;
    return ERR_OK;
}

size_t view_announced_count(const struct view *v)
{
    return v->announced.serial != 0;
}

bool view_announced_at(const struct view *v, size_t i, struct view_announced *out)
{
    *out = i == 0 ? v->announced : (struct view_announced){0};
    return i < view_announced_count(v);
}

int64_t view_next_s(const struct view *v)
{
    return v->announced.from_s;
}

const struct digest *view_adoptions_digest(const struct view *v)
{
    return &v->adoptions_digest;
}

const char *view_epochs_suspended(const struct view *v, const struct name *purpose)
{
    (void)purpose;
    return v->suspended;
}

const struct epoch_states *view_epoch_states(const struct view *v, const struct name *purpose)
{
    for (size_t i = 0; i < v->state_count; i++)
        if (name_equal(&v->states[i].states->purpose, purpose))
            return v->states[i].states;
    return NULL;
}

enum epoch_state view_epoch_state(const struct view *v, const struct name *purpose, uint32_t epoch)
{
    for (size_t i = 0; v->suspended == NULL && i < v->deal_count; i++)
        if (v->deals[i].epoch == epoch && name_equal(&v->deals[i].purpose, purpose))
            return v->epoch_states[i] == EPOCH_NONE ? EPOCH_ACTIVE : v->epoch_states[i];
    return EPOCH_NONE;
}

size_t view_active_epochs(const struct view *v, const struct name *purpose,
                          uint32_t out[static VIEW_ACTIVE_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < v->deal_count && n < VIEW_ACTIVE_MAX; i++)
        if (view_epoch_state(v, purpose, v->deals[i].epoch) == EPOCH_ACTIVE)
            out[n++] = v->deals[i].epoch;
    return n;
}

bool view_states_at(const struct view *v, size_t i, struct view_states *out)
{
    if (i >= v->state_count)
        return false;
    *out = v->states[i];
    return true;
}

const struct digest *view_states_digest(const struct view *v)
{
    return &v->states_digest;
}

enum err view_version_encode(const struct view_version *version, struct buf *out)
{
    buf_put(out, version->policy);
    return buf_err(out);
}

enum err view_version_decode(struct bytes data, struct arena *a, struct view_version *out)
{
    (void)a;
    *out = (struct view_version){.policy = data};
    return ERR_OK;
}

const struct adoption_doc *view_adoption_at(const struct view *v, size_t i)
{
    return i == 0 ? v->said : NULL;
}

int64_t view_epoch_end_s(const struct view *v, const struct name *purpose, uint32_t epoch,
                         const struct agency_id **left)
{
    const struct deal *d = view_deal(v, purpose, epoch);
    const struct purpose *p = policy_purpose(view_policy(v), purpose);
    if (left != NULL)
        *left = NULL;
    return d == NULL || p == NULL ? INT64_MAX : d->issued_at + (int64_t)p->epoch_days * 86400;
}

size_t view_notice_count(const struct view *v)
{
    (void)v;
    return 0;
}

const char *view_notice_at(const struct view *v, size_t i)
{
    (void)v;
    (void)i;
    return NULL;
}

size_t view_fault_count(const struct view *v)
{
    (void)v;
    return 0;
}

const char *view_fault_at(const struct view *v, size_t i)
{
    (void)v;
    (void)i;
    return NULL;
}

void view_log_faults(const struct view *v)
{
    (void)v;
}

const struct deal *view_deal(const struct view *v, const struct name *purpose, uint32_t epoch)
{
    for (size_t i = 0; i < v->deal_count; i++)
        if (v->deals[i].epoch == epoch && v->undealt != epoch &&
            name_equal(&v->deals[i].purpose, purpose))
            return &v->deals[i];
    return NULL;
}

const struct deal *view_newest_deal(const struct view *v, const struct name *purpose)
{
    const struct deal *newest = NULL;
    for (size_t i = 0; i < v->deal_count; i++)
        if (name_equal(&v->deals[i].purpose, purpose) &&
            (newest == NULL || v->deals[i].epoch > newest->epoch))
            newest = &v->deals[i];
    return newest;
}

size_t view_deal_count(const struct view *v)
{
    return v->deal_count;
}

const struct deal *view_deal_at(const struct view *v, size_t i)
{
    return &v->deals[i];
}

enum err view_follows(const struct view *v, struct bytes roster_before, struct errmsg *why)
{
    (void)v;
    (void)roster_before;
    (void)why;
    return ERR_OK;
}

enum err view_endings(const struct view *v, ending_fn fn, void *arg)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < v->ending_count; i++)
        e = fn(arg, &v->endings[i]);
    return e;
}

const struct bytes *view_kept_states(const struct view *v, size_t *count)
{
    const struct view_files *files = view_files(v);
    *count = files->state_count;
    return files->states;
}
