#include "tests/unit/agent/story/story.h"

#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/log/keeping.h"
#include "agent/log/witnessed_internal.h"
#include "agent/log_origin.h"
#include "agent/message_ids.h"
#include "agent/mirror/mirror.h"
#include "agent/outbox_run.h"
#include "agent/own_log.h"
#include "agent/part.h"
#include "agent/pseudonym.h"
#include "agent/receipts.h"
#include "agent/subject/subject_part.h"
#include "agent/witness/witness.h"
#include "proto/base/label.h"
#include "proto/host/loop.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)
#define HOUR_MS (UINT64_C(3600) * 1000)
#define WAIT_MS 60000
#define TICK_MS 60000 /* of the mirror, which is the test's as well */
#define STILL 4 /* turns of the loop in which nothing happens */

struct story *story_here;

const struct agent_part *const story_parts[] = {&log_part, &witness_part, &mirror_part, &import_part, &ask_part, &hold_part, &subject_part, NULL};

/* ---- what the agent finds around it ---- */

int64_t agent_now_s(const struct agent *a)
{
    (void)a;
    return story_here->w.now_s;
}

static int64_t wall_ms(void *arg)
{
    const struct story *s = arg;
    return s->w.now_s * 1000;
}

struct agency_half *agent_half(struct agent *a, const struct name *purpose, uint32_t epoch, bool for_store)
{
    (void)a;
    (void)for_store;
    return name_equal(purpose, &story_here->w.purpose) && epoch == 1 ? story_here->w.half : NULL;
}

size_t agent_epochs(const struct agent *a, const struct name *purpose, uint32_t out[static VIEW_ACTIVE_MAX])
{
    (void)a;
    (void)purpose;
    out[0] = 1;
    return 1;
}

const struct roster_member *agent_member(const struct agent *a)
{
    return view_member(a->view, &a->config->oin, agent_now_s(a));
}

enum err agent_pseudonym(const struct agent *a, const struct name *staff, int64_t now_s, struct name *out)
{
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    enum err bad = store_derive(a->store, LABEL_PSEUDONYM, &key);
    return bad == ERR_OK ? pseudonym_of(key, staff, now_s, out) : bad;
}

/* ---- life ---- */

void story_be(struct story *s, int party)
{
    s->w.config.oin = s->w.members[party].id;
    s->w.agent.signing = s->w.signing[party].key;
    s->w.agent.sealing = s->w.sealing[party].key;
}

/* What came back may be kept longer. */
static const struct policy_edit may_be_kept[] = {{"destroy_at_close: true}", "destroy_at_close: true, extension: 90}"}, {NULL, NULL}};

void story_new(struct story *s)
{
    memset(s, 0, sizeof *s);
    story_here = s;
    world_new_edited(&s->w, may_be_kept);
    agent_store_free(s->w.agent.store);
    s->w.agent.store = NULL;
    OK(grown_log_fill(&s->grown));
    OK(key_generate(KEY_TYPE_ED25519, &s->keys.witness));
    OK(key_generate(KEY_TYPE_ED25519, &s->keys.logs[0]));
    snprintf(s->log_dir, sizeof s->log_dir, "%s/log", s->w.dir);
    snprintf(s->mirror_dir, sizeof s->mirror_dir, "%s/mirror", s->w.dir);
    struct config_agent *c = &s->w.config;
    OK(name_parse(bytes_str("demo"), &c->deployment));
    c->purposes = (struct conf_names){&s->w.purpose, 1};
    c->protected_list = true;
    c->max_withdraw_percent = 100;
    c->searches_per_day = 1000;
    c->answer_within_ms = 30 * 24 * HOUR_MS;
    c->own_log_dir = s->log_dir;
    c->mirror = s->mirror_dir;
    c->own_log_interval_ms = HOUR_MS; /* rounds are the test's */
    c->own_log_retention_ms = 24 * 365 * HOUR_MS;
    c->retry_first_ms = c->retry_most_ms = 1;
    c->trust.max_clock_skew_ms = 300000;
    s->clock = (struct clock){wall_ms, s};
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    return ftw->level == 0 ? 0 : remove(path);
}

void story_empty(struct story *s)
{
    assert_int_equal(nftw(s->w.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    story_broker_forget(s, 0);
    s->has_handle = false;
    s->mail = 0;
    s->said = (struct story_tally){.mail = 0};
    s->said_count = 0;
    s->run = 0;
    s->w.now_s = FIX_NOW; /* or after many stories the roster is over */
}

void story_free(struct story *s)
{
    story_empty(s);
    key_free(s->keys.witness);
    key_free(s->keys.logs[0]);
    world_free(&s->w);
}

static void start_core(struct story *s, struct agent *a)
{
    struct errmsg why = {""};
    OK(loop_new(&a->loop));
    const struct writer_params wp = {.kv = a->kv, .loop = a->loop};
    OK(writer_new(&wp, &a->writer));
    OK(worker_new(a->loop, 1, 64, &a->workers));
    OK(message_ids_new(a->store, &a->message_ids));
    OK(own_log_new(a, &a->own_log, &why));
    OK(log_origin_new(a, &a->log_origin, &why));
    OK(receipts_new(a, &a->receipts, &why));
    s->session = (struct session){.agent = a, .is_connected = true};
    a->session = &s->session;
    OK(outbox_new(a, &a->outbox));
}

static void read_mail_done(struct story *s)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    OK(kv_read_begin(s->w.agent.kv, &txn));
    OK(store_get_number(s->w.agent.store, txn, "mail_done", &s->session.mail_done));
    if (s->mail < s->session.mail_done)
        s->mail = s->session.mail_done;
}

/* The broker asks for cosignatures of this agency. */
static void list_witness(struct story *s, struct witness *w)
{
    const struct note_signer me = {bytes_str("me"), s->keys.witness};
    struct vkey v;
    OK(note_vkey(&me, VKEY_COSIGNATURE_V1, &v));
    buf_put_str(&w->file, "witness me ");
    vkey_write(&v, &w->file);
    buf_put_str(&w->file, "\nquorum none\n");
    OK(buf_err(&w->file));
}

void story_start(struct story *s)
{
    struct agent *a = &s->w.agent;
    struct errmsg why = {""};
    story_be(s, P_UWV);
    a->clock = &s->clock;
    a->keys = &s->keys;
    a->parts = story_parts;
    world_open_store(&s->w);
    start_core(s, a);
    for (const struct agent_part *const *p = story_parts; *p != NULL; p++)
        if ((*p)->start(a, &why) != ERR_OK)
            fail_msg("%s: %s", (*p)->name, why.text);
    a->log_keeping->witnessed->well_ms -= 24 * (int64_t)HOUR_MS; /* the broker, which is silent here, was waited for */
    list_witness(s, a->witness);
    mirror_copy_keep_free(a->mirror->copy, 0);
    loop_timer_every(a->mirror->tick, TICK_MS);
    read_mail_done(s);
    outbox_start(a->outbox);
    story_settle(s);
}

void story_stop(struct story *s)
{
    struct agent *a = &s->w.agent;
    size_t n = ARRAY_LEN(story_parts) - 1;
    outbox_stop(a->outbox);
    s->question.arg = NULL;
    worker_free(a->workers);
    a->workers = NULL;
    writer_free(a->writer);
    while (n-- > 0)
        story_parts[n]->stop(a);
    outbox_free(a->outbox);
    receipts_free(a->receipts);
    log_origin_free(a->log_origin);
    message_ids_free(a->message_ids);
    own_log_free(a->own_log);
    agent_store_free(a->store);
    a->store = NULL;
    loop_free(a->loop);
    story_people_forget(s);
}

static bool is_quiet(const struct story *s)
{
    const struct agent *a = &s->w.agent;
    return !log_keeper_is_busy(a->log_keeping->keeper) && a->answering->searches == NULL && a->answering->openings == NULL &&
           writer_pending(a->writer, WRITER_INTERACTIVE) == 0 &&
           writer_pending(a->writer, WRITER_BULK) == 0 && worker_pending(a->workers) == 0;
}

void story_settle(struct story *s)
{
    const int64_t end_ms = clock_mono_ms() + WAIT_MS;
    for (unsigned still = 0; still < STILL;) {
        const bool was_quiet = is_quiet(s);
        OK(loop_turn(s->w.agent.loop, was_quiet ? 0 : 5));
        const bool goes_on = story_people_go_on(s) || (is_quiet(s) && story_broker_answers(s)); /* who was sent all answers */
        still = was_quiet && !goes_on && is_quiet(s) ? still + 1 : 0;
        if (clock_mono_ms() > end_ms)
            fail_msg("the agent does not come to rest");
    }
}

/* ---- what is said ---- */

void story_say_all(struct story *s)
{
    if (s->is_deaf)
        return;
    assert_in_range(s->said_count, 0, STORY_SAID_MAX - 2);
    s->said_before[++s->said_count] = s->said;
    if (s->on_said != NULL)
        s->on_said(s->said_count);
}

void story_say(struct story *s, enum story_act act)
{
    s->said.n[act]++;
    story_say_all(s);
}

/* ---- the mirror ---- */

/* What the broker shows, page by page at its ticks, which come fast here. */
bool story_mirror(struct story *s)
{
    struct mirror *m = s->w.agent.mirror;
    const int64_t end_ms = clock_mono_ms() + WAIT_MS;
    loop_timer_every(m->tick, 1);
    while (m->size < story_broker_shows(s) && clock_mono_ms() < end_ms) {
        OK(loop_turn(s->w.agent.loop, 5));
        (void)story_broker_answers(s);
    }
    loop_timer_every(m->tick, TICK_MS);
    s->said.mirrored = m->size;
    story_say_all(s);
    return m->size == story_broker_shows(s);
}

/* ---- the own log ---- */

bool story_publish(struct story *s)
{
    struct log_keeper *k = s->w.agent.log_keeping->keeper;
    const uint64_t before = log_keeper_size(k);
    log_keeper_tick(k);
    story_settle(s);
    return log_keeper_size(k) > before;
}

enum err story_contains(struct story *s, struct bytes checkpoint)
{
    const struct log_keeping *k = s->w.agent.log_keeping;
    return k->is_forked ? ERR_MISMATCH : log_keeper_contains(k->keeper, checkpoint);
}
