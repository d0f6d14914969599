#include "tests/unit/pki/view_shelf.h"

#include "pki/cms_detached.h"
#include "pki/digest.h"
#include "proto/host/file.h"

#define POLICY TEST_DATA "/../docs/policies/demonstration.yaml"

const struct name rule = {"riec.casus.verstrekking"};
const struct name other_rule = {"riec.casus.hitnohit"};

static void sign_policy(struct shelf *s, size_t i)
{
    static const char *const names[] = {"beleidseigenaar", "jurist"};
    struct ca_request r = fix_request(CERT_PINNED, (char)('7' + i), names[i]);
    assert_int_equal(key_generate(KEY_TYPE_P256, &s->signers[i].key), ERR_OK);
    assert_int_equal(ca_self_sign(&r, s->signers[i].key, &s->signers[i].cert, NULL), ERR_OK);
    assert_int_equal(key_fingerprint(s->signers[i].key, &s->pins[i]), ERR_OK);
    s->signatures[i] = buf_new(CMS_DETACHED_MAX_BYTES);
    assert_int_equal(cms_detached_sign(buf_bytes(&s->policy), s->signers[i].key, s->signers[i].cert,
                                       &s->signatures[i]),
                     ERR_OK);
}

/* Both of one length. */
static void replace_all(struct buf *text, const char *from, const char *to)
{
    const size_t n = strlen(from);
    for (size_t i = 0; i + n <= text->len; i++)
        if (memcmp(text->ptr + i, from, n) == 0)
            memcpy(text->ptr + i, to, n);
}

static void make(struct shelf *s, bool is_known)
{
    *s = (struct shelf){.adoption_count = 0};
    world_new(&s->w);
    s->policy = buf_new((size_t)1 << 20);
    assert_int_equal(file_read(POLICY, FILE_ANY, &s->policy, NULL), ERR_OK);
    if (is_known) {
        replace_all(&s->policy, "00000099000000002000", s->w.ids[0].oin);
        replace_all(&s->policy, "00000099000000003000", s->w.ids[1].oin);
    }
    struct bytes policy = buf_bytes(&s->policy);
    assert_int_equal(digest_sha256(&policy, 1, &s->digest), ERR_OK);
    for (size_t i = 0; i < 2; i++)
        sign_policy(s, i);
    s->root = buf_new(CERT_PEM_MAX_BYTES);
    s->roster_key = buf_new(CERT_PEM_MAX_BYTES);
    s->roster = buf_new(1 << 20);
    assert_int_equal(cert_put_pem(s->w.f.root.cert, &s->root), ERR_OK);
    assert_int_equal(cert_put_pem(s->w.roster_key.cert, &s->roster_key), ERR_OK);
}

void shelf_new(struct shelf *s)
{
    make(s, false);
}

void shelf_new_known(struct shelf *s)
{
    make(s, true);
}

void shelf_free(struct shelf *s)
{
    for (size_t i = 0; i < 2; i++) {
        buf_free(&s->signatures[i]);
        fix_party_free(&s->signers[i]);
    }
    for (size_t i = 0; i < s->adoption_count; i++)
        buf_free(&s->adoptions[i]);
    for (size_t i = 0; i < s->version_count; i++) {
        buf_free(&s->version_text[i]);
        buf_free(&s->version_signed[i][0]);
        buf_free(&s->version_signed[i][1]);
    }
    buf_free(&s->policy);
    buf_free(&s->roster);
    buf_free(&s->root);
    buf_free(&s->roster_key);
    world_free(&s->w);
}

void is_signed_anew(struct shelf *s)
{
    buf_free(&s->signatures[1]);
    fix_party_free(&s->signers[1]);
    sign_policy(s, 1);
}

void says_at(struct shelf *s, size_t i, const struct name *about, uint64_t serial,
             enum adoption_state state, int64_t signed_s)
{
    struct adoption_doc d = world_adopts(&s->w, i, about);
    d.policy = s->digest;
    d.signed_at = signed_s;
    d.serial = serial;
    d.state = state;
    struct buf *to = &s->adoptions[s->adoption_count++];
    *to = buf_new(1 << 16);
    world_adoption(&s->w, &d, i, to);
}

void says(struct shelf *s, size_t i, const struct name *about, uint64_t serial,
          enum adoption_state state)
{
    says_at(s, i, about, serial, state, FIX_NOW);
}

void leaves(struct shelf *s, size_t i)
{
    if (i == 0)
        s->w.officer_list[0] = s->w.officer_list[1];
    s->w.r.officer_count = 1;
}

void is_no_member(struct shelf *s, size_t i)
{
    leaves(s, i);
    size_t n = 0;
    for (size_t k = 0; k < s->w.r.member_count; k++)
        if (!agency_id_equal(&s->w.members[k].id, &s->w.ids[i]))
            s->w.members[n++] = s->w.members[k];
    assert_int_equal(n, s->w.r.member_count - 1);
    s->w.r.member_count = n;
}

void is_followed(struct shelf *s, size_t i)
{
    struct ca_request r = fix_request(CERT_OFFICER, (char)('2' + i), "jansen");
    fix_party_free(&s->w.officers[i]);
    s->w.officers[i] = fix_issue(&s->w.f.issuer, &r);
    s->w.officer_list[i].cert = entry(&s->w.officers[i]);
}

static void put_edited(struct buf *out, struct bytes text, const char *from, const char *to)
{
    const uint8_t *at = memmem(text.ptr, text.len, from, strlen(from));
    assert_non_null(at);
    const size_t before = (size_t)(at - text.ptr);
    buf_put(out, bytes_of(text.ptr, before));
    buf_put_str(out, to);
    buf_put(out, bytes_of(at + strlen(from), text.len - before - strlen(from)));
}

struct digest version(struct shelf *s, uint64_t serial, const char *valid, const char *from,
                      const char *to)
{
    const size_t n = s->version_count++;
    char text[64];
    struct buf serial_text = buf_fixed(text, sizeof text);
    struct buf once = buf_new((size_t)1 << 20);
    struct buf twice = buf_new((size_t)1 << 20);
    buf_printf(&serial_text, "\nserial: %llu\n", (unsigned long long)serial);
    put_edited(&once, buf_bytes(&s->policy), "\nserial: 1\n", buf_text(&serial_text));
    put_edited(&twice, buf_bytes(&once), "valid: {from: 2025-03-01, until: 2035-03-01}", valid);
    s->version_text[n] = buf_new((size_t)1 << 20);
    put_edited(&s->version_text[n], buf_bytes(&twice), from, to);
    buf_free(&once);
    buf_free(&twice);
    for (size_t i = 0; i < 2; i++) {
        s->version_signed[n][i] = buf_new(CMS_DETACHED_MAX_BYTES);
        assert_int_equal(cms_detached_sign(buf_bytes(&s->version_text[n]), s->signers[i].key,
                                           s->signers[i].cert, &s->version_signed[n][i]),
                         ERR_OK);
        s->version_signatures[n][i] = buf_bytes(&s->version_signed[n][i]);
    }
    s->versions[n] =
        (struct view_version){buf_bytes(&s->version_text[n]), s->version_signatures[n], 2, 0};
    struct digest d;
    assert_int_equal(digest_sha256(&s->versions[n].policy, 1, &d), ERR_OK);
    return d;
}

enum err judge(struct shelf *s, struct view **out, struct errmsg *why)
{
    struct bytes signatures[2] = {buf_bytes(&s->signatures[0]), buf_bytes(&s->signatures[1])};
    struct bytes adoptions[ADOPTIONS_MAX];
    buf_reset(&s->roster);
    world_roster(&s->w, &s->roster);
    for (size_t i = 0; i < s->adoption_count; i++)
        adoptions[i] = buf_bytes(&s->adoptions[i]);
    struct view_files files = {.roster = buf_bytes(&s->roster),
                               .policy = buf_bytes(&s->policy),
                               .policy_signatures = signatures,
                               .policy_signature_count = 2,
                               .adoptions = adoptions,
                               .adoption_count = s->adoption_count,
                               .versions = s->versions,
                               .version_count = s->version_count,
                               .deals = s->deals,
                               .deal_count = s->deal_count,
                               .states = s->states,
                               .state_count = s->state_count};
    struct view_pins pins = {.deployment = {"demo"},
                             .root_ca = buf_bytes(&s->root),
                             .roster_key = buf_bytes(&s->roster_key),
                             .next_roster_key = s->next_roster_key,
                             .signers = s->pins,
                             .signer_count = 2,
                             .demonstration = true};
    return view_new(&pins, &files, &s->marks, s->now_s != 0 ? s->now_s : FIX_NOW, out, why);
}

struct view *believe(struct shelf *s)
{
    struct view *v = NULL;
    struct errmsg why = {""};
    if (judge(s, &v, &why) != ERR_OK)
        fail_msg("view: %s", why.text);
    return v;
}

enum adoption of(const struct shelf *s, const struct view *v, size_t i, const struct name *about)
{
    return view_adoption(v, &s->w.ids[i], about);
}
