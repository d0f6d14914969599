#include "tests/unit/agent/hold/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pki/cms_detached.h"
#include "pki/digest.h"
#include "pki/note.h"
#include "pki/sign.h"
#include "pki/trust_docs.h"
#include "proto/host/file.h"
#include "proto/host/kv_write.h"
#include "proto/log/merkle.h"
#include "proto/log/vkey.h"
#include "proto/msg/adoption.h"
#include "proto/msg/reply.h"
#include "tests/support/storage_ring.h"

struct world *world_here;
struct world_log world_log;

/* ---- roster ---- */

static const char *const oins[P_COUNT] = {"00000099000000000100", "00000099000000001000",
                                          "00000099000000002000", "00000099000000004000",
                                          "00000099000000005000"};
static const char *const classes[P_COUNT] = {"", "", "riec", "belastingdienst", "uwv"};
static struct name class_names[P_COUNT];
static struct agency_id ids[P_COUNT];

static struct name name_of(const char *s)
{
    struct name n;
    assert_int_equal(name_parse(bytes_str(s), &n), ERR_OK);
    return n;
}

static struct fix_party issue(const struct world *w, enum cert_use use, int party, const char *cn)
{
    const struct ca_request r = {use, ids[party], cn, FIX_NOW - FIX_DAY, FIX_NOW + 30 * FIX_DAY};
    struct ca_issuer issuer = {w->f.issuer.cert, w->f.issuer.key};
    struct fix_party p = {NULL, NULL};
    struct errmsg why = {""};
    assert_int_equal(
        key_generate(use == CERT_TRANSPORT ? KEY_TYPE_X25519 : KEY_TYPE_P256, &p.key), ERR_OK);
    if (ca_issue(&r, &issuer, p.key, &p.cert, &why) != ERR_OK)
        fail_msg("issue: %s", why.text);
    return p;
}

static struct roster_cert entry(const struct fix_party *p)
{
    return (struct roster_cert){cert_der(p->cert), *cert_fingerprint(p->cert)};
}

static void add_member(struct world *w, int i)
{
    struct roster_member *m = &w->members[i];
    assert_int_equal(agency_id_parse(bytes_str(oins[i]), &ids[i]), ERR_OK);
    *m = (struct roster_member){.id = ids[i], .kind = MEMBER_AGENCY, .name = bytes_str("m"),
                                .host = ids[i]};
    if (i == P_REGISTRAR) {
        m->kind = MEMBER_REGISTRAR;
        return;
    }
    w->signing[i] = issue(w, CERT_SIGNING, i, "signing");
    w->transport[i] = issue(w, CERT_TRANSPORT, i, "transport");
    m->signing = entry(&w->signing[i]);
    m->transport = entry(&w->transport[i]);
    assert_int_equal(key_raw_public(w->transport[i].key, m->curve.b), ERR_OK);
    if (i == P_BROKER) {
        m->kind = MEMBER_BROKER;
        m->endpoint = bytes_str("tcp://127.0.0.1:1");
        return;
    }
    w->sealing[i] = issue(w, CERT_SEALING, i, "sealing");
    m->sealing = entry(&w->sealing[i]);
    m->controllers = &ids[i];
    m->controller_count = 1;
    m->regime = REGIME_AVG;
    m->population = m->churn = 1000;
    class_names[i] = name_of(classes[i]);
    m->classes = (struct name_list){&class_names[i], 1};
    m->purposes = (struct name_list){&w->purpose, 1};
}

static void add_officers(struct world *w)
{
    static const struct {
        int party;
        const char *staff;
        const char *person;
        uint32_t functions;
    } people[O_COUNT] = {
        [O_RIEC] = {P_RIEC, "w.one", "p.w",
                    1u << FUNCTION_CASE_WORKER | 1u << FUNCTION_SECURITY_OFFICER},
        [O_BD] = {P_BD, "m.bd", "p.bd", 1u << FUNCTION_RELEASE_OFFICER},
        [O_UWV_A] = {P_UWV, "a.een", "p.a", 1u << FUNCTION_RELEASE_OFFICER},
        [O_UWV_A2] = {P_UWV, "a.twee", "p.a", 1u << FUNCTION_RELEASE_OFFICER},
        [O_UWV_B] = {P_UWV, "b.een", "p.b", 1u << FUNCTION_RELEASE_OFFICER},
        [O_UWV_PF] = {P_UWV, "c.pf", "p.c", 1u << FUNCTION_PRIVACY_OFFICER},
        [O_UWV_M] = {P_UWV, "m.uwv", "p.m", 1u << FUNCTION_MANDATED_OFFICER},
        [O_UWV_OM] = {P_UWV, "o.om", "p.om", 1u << FUNCTION_PROSECUTOR},
    };
    for (int i = 0; i < O_COUNT; i++) {
        w->officer[i] = issue(w, CERT_OFFICER, people[i].party, people[i].staff);
        w->officers[i] = (struct roster_officer){ids[people[i].party], name_of(people[i].staff),
                                                 name_of(people[i].person), people[i].functions,
                                                 entry(&w->officer[i]), {NULL, 0}};
    }
}

static struct bytes keep(struct world *w, struct buf *b)
{
    struct bytes copy = arena_copy(w->arena, buf_bytes(b));
    assert_non_null(copy.ptr);
    buf_free(b);
    return copy;
}

static struct bytes signed_doc(struct world *w, enum sign_kind kind, const struct fix_party *by,
                               struct bytes document, bool by_key)
{
    struct buf wire = buf_new((size_t)1 << 20);
    struct trust_signer s = {.kind = kind, .key = by->key, .fingerprint = *cert_fingerprint(by->cert)};
    if (by_key)
        assert_int_equal(key_fingerprint(by->key, &s.fingerprint), ERR_OK);
    assert_int_equal(trust_sign(&s, document, &wire), ERR_OK);
    return keep(w, &wire);
}

struct bytes world_sign(struct world *w, enum sign_kind kind, const struct fix_party *by,
                        struct bytes document)
{
    return signed_doc(w, kind, by, document, false);
}

static struct bytes sign_roster(struct world *w)
{
    CLEANUP(buf_free) struct buf doc = buf_new((size_t)1 << 20);
    struct errmsg why = {""};
    if (roster_encode(&w->roster, &doc, &why) != ERR_OK)
        fail_msg("roster: %s", why.text);
    return signed_doc(w, SIGN_ROSTER, &w->roster_key, buf_bytes(&doc), true);
}

/* The key of the broker's log, as the roster names it. */
static struct bytes make_log_key(struct world *w)
{
    struct buf text = buf_new(1024);
    struct vkey v;
    assert_int_equal(key_generate(KEY_TYPE_ED25519, &w->log), ERR_OK);
    const struct note_signer log = {bytes_str(WORLD_ORIGIN), w->log};
    assert_int_equal(note_vkey(&log, VKEY_ED25519, &v), ERR_OK);
    vkey_write(&v, &text);
    return keep(w, &text);
}

static struct bytes make_roster(struct world *w)
{
    struct buf spki = buf_new(256);
    for (int i = 0; i < P_COUNT; i++)
        add_member(w, i);
    add_officers(w);
    w->issuer = entry(&w->f.issuer);
    assert_int_equal(key_put_spki(w->roster_key.key, &spki), ERR_OK);
    w->roster = (struct roster){.deployment = {"demo"}, .serial = 7, .issued_at = FIX_NOW,
                                .not_after = FIX_NOW + 7 * FIX_DAY, .issuers = &w->issuer,
                                .issuer_count = 1, .members = w->members,
                                .member_count = P_COUNT, .officers = w->officers,
                                .officer_count = O_COUNT, .log_key = make_log_key(w),
                                .log_origin = bytes_str(WORLD_ORIGIN)};
    w->roster.key = keep(w, &spki);
    return sign_roster(w);
}

/* ---- policy ---- */

static void make_signer(struct world *w, size_t i)
{
    static const char *const names[] = {"beleidseigenaar", "jurist"};
    struct ca_request r = {CERT_PINNED, fix_oin((char)('7' + i)), names[i], FIX_NOW - FIX_DAY,
                           FIX_NOW + 30 * FIX_DAY};
    struct errmsg why = {""};
    assert_int_equal(key_generate(KEY_TYPE_P256, &w->signer[i].key), ERR_OK);
    if (ca_self_sign(&r, w->signer[i].key, &w->signer[i].cert, &why) != ERR_OK)
        fail_msg("signer: %s", why.text);
    assert_int_equal(key_fingerprint(w->signer[i].key, &w->signer_pins[i]), ERR_OK);
}

static struct bytes sign_policy(struct world *w, size_t i, struct bytes policy)
{
    struct buf der = buf_new(CMS_DETACHED_MAX_BYTES);
    assert_int_equal(cms_detached_sign(policy, w->signer[i].key, w->signer[i].cert, &der), ERR_OK);
    return keep(w, &der);
}

static struct bytes adopt(struct world *w, struct bytes policy, enum adoption_state says,
                          uint64_t serial)
{
    struct name rules[3] = {name_of("index.uwv"), name_of("riec.casus.hitnohit"),
                            name_of("riec.casus.verstrekking")};
    struct adoption_doc d = {.deployment = {"demo"}, .holder = ids[P_UWV], .rules = {rules, 3},
                             .state = says, .serial = serial, .signed_at = FIX_NOW,
                             .staff = name_of("m.uwv")};
    struct buf doc = buf_new((size_t)1 << 16);
    struct errmsg why = {""};
    assert_int_equal(digest_sha256(&policy, 1, &d.policy), ERR_OK);
    if (adoption_encode(&d, &doc, &why) != ERR_OK)
        fail_msg("adoption: %s", why.text);
    struct buf wire = buf_new((size_t)2 * ADOPTION_MAX_BYTES);
    assert_int_equal(trust_sign_adoption(w->officer[O_UWV_M].key, w->officer[O_UWV_M].cert,
                                         buf_bytes(&doc), &wire),
                     ERR_OK);
    buf_free(&doc);
    return keep(w, &wire);
}

static struct bytes pem(struct world *w, const struct fix_party *p)
{
    struct buf b = buf_new(CERT_PEM_MAX_BYTES);
    assert_int_equal(cert_put_pem(p->cert, &b), ERR_OK);
    return keep(w, &b);
}

static void make_view(struct world *w)
{
    struct errmsg why = {""};
    struct buf text = world_policy_text(w->edits);
    struct bytes policy = keep(w, &text);
    struct view_files files = {.roster = make_roster(w), .policy = policy};
    for (size_t i = 0; i < 2; i++)
        make_signer(w, i);
    struct bytes signatures[2] = {sign_policy(w, 0, policy), sign_policy(w, 1, policy)};
    struct bytes adoption = adopt(w, policy, ADOPTION_STATE_ADOPTED, 1);
    files.policy_signatures = signatures;
    files.policy_signature_count = 2;
    files.adoptions = &adoption;
    files.adoption_count = 1;
    const struct bytes deals[2] = {world_deal(w, 1), world_deal(w, 2)};
    files.deals = deals;
    files.deal_count = 2;
    w->pins = (struct view_pins){.deployment = {"demo"}, .root_ca = pem(w, &w->f.root),
                                 .roster_key = pem(w, &w->roster_key), .signers = w->signer_pins,
                                 .signer_count = 2, .demonstration = true};
    static const struct view_marks marks = {.roster_serial = 0};
    if (view_new(&w->pins, &files, &marks, FIX_NOW, &w->view, &why) != ERR_OK)
        fail_msg("view: %s", why.text);
}

void world_change_view(struct world *w, const struct view_files *files)
{
    static const struct view_marks marks = {.roster_serial = 0};
    struct errmsg why = {""};
    view_free(w->older);
    w->older = w->view;
    if (view_new(&w->pins, files, &marks, FIX_NOW, &w->view, &why) != ERR_OK)
        fail_msg("view: %s", why.text);
    w->agent.view = w->view;
}

/* The same files, with these adoptions. */
static void replace_view(struct world *w, const struct bytes *adoptions, size_t n)
{
    struct view_files files = *view_files(w->view);
    files.adoptions = adoptions;
    files.adoption_count = n;
    world_change_view(w, &files);
}

void world_change_function(struct world *w, int officer, enum officer_function f)
{
    struct view_files files = *view_files(w->view);
    w->officers[officer].functions = 1u << f;
    w->roster.serial++;
    files.roster = sign_roster(w);
    world_change_view(w, &files);
}

void world_withdraw_adoption(struct world *w)
{
    const struct view_files *files = view_files(w->view);
    const struct bytes two[2] = {files->adoptions[0],
                                 adopt(w, files->policy, ADOPTION_STATE_WITHDRAWN, 2)};
    replace_view(w, two, 2);
}

void world_change_policy(struct world *w, const struct policy_edit *edits)
{
    struct view_files files = *view_files(w->view);
    struct buf text = world_policy_text(edits);
    files.policy = keep(w, &text);
    const struct bytes signatures[2] = {sign_policy(w, 0, files.policy), sign_policy(w, 1, files.policy)};
    const struct bytes adoption = adopt(w, files.policy, ADOPTION_STATE_ADOPTED, 2);
    files.policy_signatures = signatures;
    files.adoptions = &adoption;
    files.adoption_count = 1;
    world_change_view(w, &files);
}

void world_lose_adoption(struct world *w)
{
    replace_view(w, NULL, 0);
}

/* ---- the agency ---- */

void world_open_store(struct world *w)
{
    struct errmsg why = {""};
    uint8_t raw[STORAGE_KEY_BYTES] = {7};
    CLEANUP(cleanup_secret_free) struct secret *key = secret_new(BYTES_OF_ARRAY(raw));
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *keys = storage_ring_of(key);
    const struct store_params p = {w->dir, (uint64_t)64 << 20, keys, &ids[P_UWV]};
    if (agent_store_open(&p, &w->agent.store, &why) != ERR_OK)
        fail_msg("store: %s", why.text);
    w->agent.kv = store_kv(w->agent.store);
}

static struct norm_ident ident(enum ident_type type, const char *value)
{
    struct norm_ident id = {.type = type, .len = (uint8_t)strlen(value)};
    memcpy(id.value, value, id.len);
    return id;
}

static void make_record(struct world *w)
{
    static const char *const fields[][2] = {
        {"ingangsdatum", "2024-05-01"}, {"soort_uitkering", "WW"}, {"werkgever", ""}};
    struct record *r = &w->record;
    for (size_t i = 0; i < 3; i++) {
        w->fields[i] = (struct record_field){.name = name_of(fields[i][0]),
                                             .value = bytes_str(fields[i][1])};
        memset(w->fields[i].salt.b, (int)i + 1, sizeof w->fields[i].salt.b);
        memset(w->identifiers[i].salt.b, (int)i + 9, sizeof w->identifiers[i].salt.b);
    }
    w->identifiers[0].ident = ident(IDENT_NAAM_GEBOORTEDATUM, "JANSEN/P/19800101");
    w->identifiers[1].ident = ident(IDENT_BSN, "999990019");
    w->identifiers[2].ident = ident(IDENT_TELEFOON, "+31201234567");
    w->rules[0] = name_of("index.uwv");
    *r = (struct record){.purpose = w->purpose, .epoch = 1, .category = name_of("uitkering"),
                         .expires_day = 30000, .rules = {w->rules, 1}, .fields = w->fields,
                         .field_count = 3, .identifiers = w->identifiers, .identifier_count = 3,
                         .leaf_index = 2};
    memset(r->handle.b, 0x5a, sizeof r->handle.b);
    memset(r->batch.b, 0x6b, sizeof r->batch.b);
}

static void commit_record(struct world *w)
{
    struct batch_header h = {.deployment = {"demo"}, .agency = ids[P_UWV], .purpose = w->purpose,
                             .epoch = 1, .suite = SUITE_HK1, .sequence = 1, .kind = BATCH_ADD,
                             .record_count = 4, .token_count = 12, .mode = IMPORT_MODE_FULL,
                             .issued_at_s = FIX_NOW, .batch_id = w->record.batch};
    const struct record *r = &w->record;
    struct agency_half_input in;
    for (size_t i = 0; i < 3; i++) {
        const struct norm_ident *id = &r->identifiers[i].ident;
        in = (struct agency_half_input){id->type, ident_norm_version(id->type), ident_value(id)};
        assert_int_equal(agency_half_inner(w->half, &in, &w->inners[i]), ERR_OK);
    }
    assert_int_equal(record_roots_of(r, w->inners, w->arena, &w->roots), ERR_OK);
    for (size_t i = 0; i < 4; i++)
        memset(w->batch_leaves[i].b, (int)i, sizeof w->batch_leaves[i].b);
    w->batch_leaves[2] = w->roots.leaf;
    assert_int_equal(merkle_root(digest_sha256, w->batch_leaves, 4, &h.root), ERR_OK);
    w->batch_header = buf_new(4096);
    assert_int_equal(batch_header_encode(&h, &w->batch_header), ERR_OK);
    assert_int_equal(sign_document(SIGN_BATCH, w->signing[P_UWV].key, buf_bytes(&w->batch_header),
                                   &w->batch_signature),
                     ERR_OK);
}

static void promise_batch(struct world *w)
{
    const struct promise p = {.deployment = {"demo"}, .origin = bytes_str(WORLD_ORIGIN),
                              .committed_at_s = FIX_NOW, .merge_by_s = FIX_NOW + 2};
    w->promise = buf_new(1024);
    assert_int_equal(promise_encode(&p, &w->promise), ERR_OK);
    assert_int_equal(sign_document(SIGN_PROMISE, w->signing[P_BROKER].key, buf_bytes(&w->promise),
                                   &w->promise_signature),
                     ERR_OK);
}

void world_new(struct world *w)
{
    world_new_edited(w, NULL);
}

void world_new_edited(struct world *w, const struct policy_edit *edits)
{
    *w = (struct world){.now_s = FIX_NOW + 100, .edits = edits};
    world_log = (struct world_log){.count = 0};
    world_here = w;
    w->purpose = name_of("riec-casus");
    w->arena = arena_new((size_t)16 << 20);
    fix_new(&w->f);
    w->roster_key = fix_self(CERT_PINNED, "roster key");
    make_view(w);
    uint8_t raw[AGENCY_HALF_KEY_BYTES] = {1, 2, 3};
    struct secret *k = secret_new(BYTES_OF_ARRAY(raw));
    assert_int_equal(agency_half_new(k, &w->purpose, 1, &w->half), ERR_OK);
    secret_free(k);
    make_record(w);
    commit_record(w);
    promise_batch(w);
    snprintf(w->dir, sizeof w->dir, "/tmp/sluis-hold-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->config.oin = ids[P_UWV];
    w->agent = (struct agent){.config = &w->config, .view = w->view, .hold = &w->hold,
                              .signing = w->signing[P_UWV].key,
                              .sealing = w->sealing[P_UWV].key};
    world_open_store(w);
}

void world_restart(struct world *w)
{
    agent_store_free(w->agent.store);
    world_open_store(w);
}

static void remove_dir(const char *dir)
{
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    char path[128];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

void world_free(struct world *w)
{
    agent_store_free(w->agent.store);
    remove_dir(w->dir);
    for (int i = 0; i < P_COUNT; i++) {
        fix_party_free(&w->signing[i]);
        fix_party_free(&w->sealing[i]);
        fix_party_free(&w->transport[i]);
    }
    for (int i = 0; i < O_COUNT; i++)
        fix_party_free(&w->officer[i]);
    for (size_t i = 0; i < w->sent_count; i++)
        buf_free(&w->sent[i]);
    fix_party_free(&w->signer[0]);
    fix_party_free(&w->signer[1]);
    fix_party_free(&w->roster_key);
    key_free(w->log);
    buf_free(&w->batch_header);
    buf_free(&w->promise);
    agency_half_free(w->half);
    view_free(w->view);
    view_free(w->older);
    fix_free(&w->f);
    arena_free(w->arena);
    world_here = NULL;
}

/* ---- what a test does ---- */

bool world_deliver(struct world *w, const struct mail_owner *owner, struct bytes content)
{
    struct arena *a = arena_new((size_t)32 << 20);
    struct mail_turn t = {.agent = &w->agent, .view = w->view, .arena = a, .now_s = w->now_s,
                          .content = content, .sequence = 1};
    struct errmsg why = {""};
    assert_int_equal(owner->prepare(&t, &why), ERR_OK);
    if (!t.dropped) {
        struct kv_txn *txn = NULL;
        assert_int_equal(kv_write_begin(w->agent.kv, &txn), ERR_OK);
        assert_int_equal(owner->apply(&t, txn), ERR_OK);
        assert_int_equal(kv_write_commit(txn), ERR_OK);
        if (owner->on_done != NULL)
            owner->on_done(&t);
    }
    arena_free(a);
    return t.dropped;
}

size_t world_items(struct world *w)
{
    struct kv_txn *txn = NULL;
    struct item_iter it;
    uint64_t number = 0;
    size_t n = 0;
    assert_int_equal(kv_read_begin(w->agent.kv, &txn), ERR_OK);
    assert_int_equal(item_iter_all(w->agent.store, txn, &it), ERR_OK);
    while (item_iter_next(&it, &number) == ERR_OK)
        n++;
    item_iter_end(&it);
    kv_read_end(txn);
    return n;
}

uint64_t world_number(struct world *w, const char *what)
{
    struct kv_txn *txn = NULL;
    uint64_t n = 0;
    assert_int_equal(kv_read_begin(w->agent.kv, &txn), ERR_OK);
    assert_int_equal(store_get_number(w->agent.store, txn, what, &n), ERR_OK);
    kv_read_end(txn);
    return n;
}

void world_item(struct world *w, uint64_t number, struct hold_item *out)
{
    struct kv_txn *txn = NULL;
    assert_int_equal(kv_read_begin(w->agent.kv, &txn), ERR_OK);
    assert_int_equal(item_get(w->agent.store, txn, number, w->arena, out), ERR_OK);
    kv_read_end(txn);
}

enum err world_draft(struct world *w, uint64_t number, const struct decision_of *d,
                     struct draft *out, struct arena *a)
{
    struct name pseudonym = {"fedcba9876543210"};
    struct name *fields = arena_array(a, 4, sizeof *fields);
    struct desk desk;
    struct errmsg why = {""};
    struct wish wish = {.decision = d->decision, .fields = fields, .staff = &pseudonym,
                        .officer = &w->officers[d->officer]};
    pseudonym.s[15] = (char)('0' + d->officer);
    if (d->code != NULL)
        wish.code = bytes_str(d->code);
    for (size_t i = 0; i < 4 && d->fields[i] != NULL; i++)
        fields[wish.field_count++] = name_of(d->fields[i]);
    assert_int_equal(desk_open(&w->agent, number, a, &desk, &why), ERR_OK);
    return decide_draft(&desk, &wish, out, &why);
}

enum err world_decide(struct world *w, uint64_t number, const struct decision_of *d)
{
    struct arena *a = arena_new((size_t)16 << 20);
    struct draft draft;
    struct buf bytes = buf_new((size_t)1 << 16);
    struct signature s;
    struct kv_txn *txn = NULL;
    struct hold_item item;
    enum err e = world_draft(w, number, d, &draft, a);
    if (e == ERR_OK) {
        world_item(w, number, &item);
        if (w->meanwhile != NULL)
            w->meanwhile(w);
        assert_int_equal(consent_encode(&draft.consent, &bytes), ERR_OK);
        assert_int_equal(sign_document(SIGN_CONSENT, w->officer[d->officer].key,
                                       buf_bytes(&bytes), &s),
                         ERR_OK);
        struct decide_job job = {.agent = &w->agent, .view = w->view, .number = number,
                                 .nonce = item.nonce, .first_count = item.consent_count,
                                 .replaces_first = draft.replaces_first,
                                 .completes = draft.completes,
                                 .staff = w->officers[d->officer].staff,
                                 .signed_consent = {.consent = buf_bytes(&bytes),
                                                    .signature = signature_bytes(&s)}};
        assert_int_equal(decide_check_signature(&job, NULL), ERR_OK);
        assert_true(digest_equal(&job.signed_consent.fingerprint,
                                 cert_fingerprint(w->officer[d->officer].cert)));
        assert_int_equal(kv_write_begin(w->agent.kv, &txn), ERR_OK);
        e = decide_apply(txn, &job);
        if (e == ERR_OK)
            assert_int_equal(kv_write_commit(txn), ERR_OK);
        else
            kv_write_abort(txn);
        w->said = job.why;
    }
    buf_free(&bytes);
    arena_free(a);
    return e;
}
