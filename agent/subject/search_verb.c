/* The verbs with which two persons search what touched a subject: proposing, confirming, looking
 * again. Each is an entry of the own log before anything is answered. */
#include <stdlib.h>

#include "agent/ask/prefix.h"
#include "agent/ask/subject.h"
#include "agent/own_log.h"
#include "agent/subject/proposer.h"
#include "agent/subject/subject_part.h"
#include "pki/digest.h"
#include "pki/random.h"
#include "proto/base/when.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define SEARCH_ARENA_BYTES ((size_t)32 << 20)
#define SUBJECT_ARENA_BYTES ((size_t)1 << 20)
#define DAY_S INT64_C(86400)
#define PREFIX_MAX 64
#define DATE_CHARS 10 /* YYYY-MM-DD */
#define EAST_S (INT64_C(2) * 3600) /* a day begins so much earlier here than by UTC */

static void searching_free(struct searching *s)
{
    if (s == NULL)
        return;
    loop_timer_free(s->turn);
    touch_find_free(s->finding);
    held_free(s->held);
    view_free(s->view);
    arena_free(s->arena);
    free(s);
}
DEFINE_CLEANUP(struct searching, searching_free)

static void unlink_search(struct searching *s)
{
    struct answering *p = s->agent->answering;
    struct searching **at = &p->searches;
    while (*at != NULL && *at != s)
        at = &(*at)->next;
    if (*at == s)
        *at = s->next;
}

void searches_stop(struct answering *p)
{
    while (p->searches != NULL) {
        struct searching *s = p->searches;
        p->searches = s->next;
        searching_free(s);
    }
}

/* ---- the entry ---- */

/* Of the search the entry has a salted digest, its ground and how many identifiers; whom it is
 * about is nowhere. Where it is proposed or confirmed, also how many days after the request came in, and
 * whether that is later than the agency's term. */
static enum err log_search(const struct searching *s, struct kv_txn *txn, enum audit_event event,
                           const char *reason)
{
    const struct bytes id = BYTES_OF_ARRAY(s->search.id.b);
    const struct bytes code = bytes_str(reason != NULL ? reason : "");
    const int64_t days = search_days(&s->search, s->now_s);
    const bool is_timed = event == AUDIT_EVENT_SEARCH_ASKED || event == AUDIT_EVENT_SEARCH_CONFIRMED;
    const struct audit_fact facts[] = {audit_fact_word("ground", search_ground_id(s->search.ground)),
                                       audit_fact_count("identifiers", s->search.mark_count),
                                       audit_fact_int("days", days),
                                       audit_fact_bool("late", days * DAY_S > (int64_t)(s->agent->config->answer_within_ms / 1000))};
    struct digest digest;
    const enum err bad = digest_sha256(&id, 1, &digest);
    const struct own_entry e = {.event = event,
                                .staff = &s->who.staff,
                                .request = &digest,
                                .reasons = &code,
                                .reasons_count = reason != NULL ? 1 : 0,
                                .facts = facts,
                                .facts_count = is_timed ? ARRAY_LEN(facts) : 2};
    return bad == ERR_OK ? own_log_append(s->agent, txn, &e) : bad;
}

/* What is refused is an entry as well, and the job commits it. */
static enum err refuse(struct searching *s, struct kv_txn *txn, enum err verdict,
                       const char *reason)
{
    s->verdict = verdict;
    return log_search(s, txn, AUDIT_EVENT_SEARCH_REFUSED, reason);
}

/* ---- what came in ---- */

/* The one subject, as marks in to; its identifiers go with the arena, which wipes them. */
static enum err read_subject(struct searching *s, const struct doc *args, struct search *to)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(SUBJECT_ARENA_BYTES);
    const struct doc *one = NULL;
    CLEANUP(cleanup_doc_free) struct doc *list = doc_new_array();
    struct subject_list subjects;
    enum err bad = doc_get_object(args, "subject", &one, NULL);
    if (bad != ERR_OK)
        return errmsg_set(&s->why, bad, "say about whom: 'subject', with its identifiers");
    bad = a != NULL && list != NULL ? doc_append(list, doc_copy(one)) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = subjects_read(list, a, &subjects, &s->why);
    for (size_t i = 0; bad == ERR_OK && i < subjects.v[0].identifier_count; i++) {
        struct touch_named n;
        bad = own_log_marks(s->agent, &subjects.v[0].identifiers[i], 1, 0, &n);
        if (bad == ERR_OK && (bad = search_add_mark(to, &n)) != ERR_OK)
            errmsg_set(&s->why, bad,
                       bad == ERR_DUPLICATE
                           ? "one search is about one person: it has two identifiers of a type of "
                             "which a person has one; search for each apart"
                           : "there are too many identifiers for one search");
    }
    return bad;
}

static enum err read_ground(struct searching *s, const struct doc *args)
{
    const struct roster_member *self = agent_member(s->agent);
    struct bytes text;
    enum err bad = doc_get_text(args, "ground", NAME_MAX_BYTES, &text, NULL);
    if (bad == ERR_OK)
        bad = search_ground_parse(text, &s->search.ground);
    if (bad != ERR_OK)
        return errmsg_set(&s->why, bad, "say the ground: avg15, wpg25 or wjsg");
    if (self == NULL || search_ground_regime(s->search.ground) != self->regime)
        return errmsg_set(&s->why, ERR_MISMATCH, "by the roster this agency processes under the %s",
                          self != NULL ? regime_id(self->regime) : "?");
    return ERR_OK;
}

static enum err read_reference(struct searching *s, const struct doc *args)
{
    struct bytes text;
    enum err bad = doc_get_text(args, "reference", SEARCH_REFERENCE_MAX, &text, NULL);
    if (bad == ERR_OK && search_reference_is_code(text)) {
        memcpy(s->search.reference, text.ptr, text.len);
        return ERR_OK;
    }
    return errmsg_set(&s->why, ERR_INVALID,
                      "say which request of the subject: a code that begins with a letter, of "
                      "letters, digits and . _ / -, "
                      "without a person's number in it");
}

/* From which day the term runs. */
static enum err read_received(struct searching *s, const struct doc *args)
{
    struct bytes text;
    enum err bad = doc_get_text(args, "received", DATE_CHARS, &text, NULL);
    if (bad == ERR_OK && text.len == DATE_CHARS)
        bad = when_parse(text, &s->search.received_s);
    if (bad != ERR_OK || text.len != DATE_CHARS)
        return errmsg_set(&s->why, ERR_INVALID, "say on which day the request came in: 'received', such as 2026-11-02");
    const int64_t days = search_days(&s->search, s->now_s);
    if (s->search.received_s > s->now_s + EAST_S || days > SEARCH_RECEIVED_DAYS)
        return errmsg_set(&s->why, ERR_RANGE, "received: a day that has begun, at most %d days ago", SEARCH_RECEIVED_DAYS);
    return ERR_OK;
}

static enum err read_prefix(struct searching *s, const struct doc *args)
{
    struct bytes text;
    const enum err bad = doc_get_text(args, "search", PREFIX_MAX, &text, NULL);
    if (bad != ERR_OK)
        return errmsg_set(&s->why, bad, "say which search: the first hex digits of its id");
    memcpy(s->prefix, text.ptr, text.len);
    return ERR_OK;
}

static enum err read_part(struct searching *s, const struct doc *args)
{
    int64_t part = 1;
    const enum err bad = doc_has(args, "part") ? doc_get_int(args, "part", 1, SEARCH_TOLD_MAX, &part, &s->why) : ERR_OK;
    s->part = (unsigned)part;
    return bad;
}

/* ---- in the store ---- */

static enum err ask_job(struct kv_txn *txn, void *arg)
{
    struct searching *s = arg;
    int64_t n = 0;
    enum err bad = search_count(s->agent->store, txn, s->now_s - DAY_S, &n);
    if (bad != ERR_OK)
        return bad;
    if (n >= (int64_t)s->agent->config->searches_per_day) {
        errmsg_set(&s->why, ERR_LIMIT,
                   "this agency has searched %lld times in 24 hours, which is the most that its "
                   "configuration allows (own_log.searches_per_day); ask again later",
                   (long long)n);
        return refuse(s, txn, ERR_LIMIT, "limit");
    }
    bad = search_put(s->agent->store, txn, &s->search);
    return bad == ERR_OK ? log_search(s, txn, AUDIT_EVENT_SEARCH_ASKED, NULL) : bad;
}

static enum err load(struct searching *s, struct kv_txn *txn)
{
    struct search_id id;
    const struct prefix_search q = {store_kv_table(s->agent->store, STORE_SEARCH), "search",
                                    bytes_str(s->prefix)};
    const enum err bad = prefix_find(&q, txn, id.b, &s->why);
    return bad == ERR_OK ? search_get(s->agent->store, txn, &id, &s->search) : bad;
}

/* The ground is another law than that of the agency. */
static enum err ground_job(struct kv_txn *txn, void *arg)
{
    return refuse(arg, txn, ERR_MISMATCH, "ground");
}

static enum err confirm_job(struct kv_txn *txn, void *arg)
{
    struct searching *s = arg;
    enum err bad = load(s, txn);
    if (bad != ERR_OK)
        return bad;
    if (s->search.state == SEARCH_ASKED &&
        !proposer_counts(s->view, &s->agent->config->oin, &s->search.first, s->now_s)) {
        errmsg_set(&s->why, ERR_PERMISSION,
                   "%s, who proposed it, is no privacy officer any more; propose it again",
                   s->search.first.staff.s);
        return refuse(s, txn, ERR_PERMISSION, "first_left");
    }
    bad = search_confirm(&s->search, &s->who, &s->same, s->now_s);
    if (bad == ERR_STATE) {
        errmsg_set(&s->why, bad, "it was confirmed or came to nothing already");
        return refuse(s, txn, bad, "state");
    }
    if (bad == ERR_EXPIRED) {
        errmsg_set(&s->why, bad, "it has waited for more than %d days; propose it again",
                   SEARCH_DAYS);
        return refuse(s, txn, bad, "expired");
    }
    if (bad == ERR_PERMISSION) {
        errmsg_set(&s->why, bad, "another person than %s confirms it", s->search.first.staff.s);
        return refuse(s, txn, bad, "same_person");
    }
    const bool is_void = bad == ERR_MISMATCH;
    bad = search_put(s->agent->store, txn, &s->search);
    if (bad != ERR_OK)
        return bad;
    if (!is_void)
        return log_search(s, txn, AUDIT_EVENT_SEARCH_CONFIRMED, NULL);
    errmsg_set(&s->why, ERR_MISMATCH,
               "you name another subject than %s did, so it comes to nothing; agree about whom "
               "the request is, and propose it again",
               s->search.first.staff.s);
    return refuse(s, txn, ERR_MISMATCH, "other_subject");
}

static enum err show_job(struct kv_txn *txn, void *arg)
{
    struct searching *s = arg;
    enum err bad = load(s, txn);
    if (bad == ERR_OK)
        bad = search_may_show(&s->search, &s->who, s->now_s);
    else
        return bad;
    if (bad == ERR_STATE) {
        errmsg_set(&s->why, bad, "nobody has confirmed it");
        return refuse(s, txn, bad, "state");
    }
    if (bad == ERR_EXPIRED) {
        errmsg_set(&s->why, bad, "it was confirmed more than %d days ago; propose it again",
                   SEARCH_DAYS);
        return refuse(s, txn, bad, "expired");
    }
    if (bad == ERR_PERMISSION) {
        errmsg_set(&s->why, bad, "it is shown to the two who searched");
        return refuse(s, txn, bad, "other_person");
    }
    return log_search(s, txn, AUDIT_EVENT_SEARCH_SHOWN, NULL);
}

/* ---- the answer ---- */

static void fail_search(struct searching *s, enum err e)
{
    call_error(s->call, e, &s->why);
    searching_free(s);
}

static void answer(struct searching *s)
{
    struct doc *ok = NULL;
    const enum err bad = search_answer(s, &ok);
    if (bad != ERR_OK) {
        fail_search(s, bad);
        return;
    }
    call_ok(s->call, ok);
    searching_free(s);
}

static void next_slice(void *arg)
{
    struct searching *s = arg;
    enum err bad = s->finding != NULL ? search_find_step(s) : held_step(s->held);
    if (bad == ERR_OK && s->finding != NULL) {
        touch_find_free(take(s->finding));
        bad = ERR_AGAIN; /* now the records */
    }
    if (bad == ERR_AGAIN) {
        loop_timer_after(s->turn, 0);
        return;
    }
    unlink_search(s);
    if (bad == ERR_OK)
        answer(s);
    else
        fail_search(s, bad);
}

/* Everything is on disk: now the index and the records are looked through, a slice at a time. */
static void look(enum err result, void *arg)
{
    struct searching *s = arg;
    if (result == ERR_OK)
        result = s->verdict;
    const struct held_params p = {
        .store = s->agent->store,
        .index = own_log_index(s->agent->own_log),
        .sought = {s->search.marks, s->search.mark_count},
        .today = (uint32_t)when_day(s->now_s),
        .a = s->arena,
    };
    if (result == ERR_OK)
        result = held_new(&p, &s->held);
    if (result == ERR_OK)
        result = search_find_begin(s);
    s->turn = result == ERR_OK ? loop_timer_new(s->agent->loop, next_slice, s) : NULL;
    if (result == ERR_OK && s->turn == NULL)
        result = ERR_NOMEM;
    if (result != ERR_OK) {
        fail_search(s, result);
        return;
    }
    struct answering *part = s->agent->answering;
    s->next = part->searches;
    part->searches = s;
    loop_timer_after(s->turn, 0);
}

static void asked(enum err result, void *arg)
{
    CLEANUP(cleanup_searching_free) struct searching *s = arg;
    struct doc *ok = doc_new_object();
    struct doc_build b = doc_build_of(ok);
    if (result == ERR_OK)
        result = s->verdict;
    if (ok != NULL)
        search_put_head(s, &b);
    if (result == ERR_OK)
        result = doc_build_done(&b);
    if (result == ERR_OK) {
        call_ok(s->call, ok);
        return;
    }
    doc_free(ok);
    call_error(s->call, result, &s->why);
}

static struct searching *searching_new(struct call *c)
{
    CLEANUP(cleanup_searching_free) struct searching *s = calloc(1, sizeof *s);
    const struct roster_officer *officer = call_officer(c);
    if (s == NULL)
        return NULL;
    s->call = c;
    s->agent = call_agent(c);
    s->view = view_ref(s->agent->view);
    s->arena = arena_new(SEARCH_ARENA_BYTES);
    s->now_s = agent_now_s(s->agent);
    s->part = 1;
    s->who.staff = *call_staff(c);
    if (officer == NULL)
        s->verdict = errmsg_set(&s->why, ERR_PERMISSION, "%s is not on the roster", s->who.staff.s);
    else
        s->who.person = officer->person;
    return s->arena != NULL ? take(s) : NULL;
}

/* Takes s. */
static void submit(struct searching *s, enum err bad, writer_job_fn job, writer_done_fn done)
{
    if (bad == ERR_OK)
        bad = s->verdict;
    if (bad == ERR_OK)
        bad = writer_submit(s->agent->writer, WRITER_INTERACTIVE, job, done, s);
    if (bad != ERR_OK)
        fail_search(s, bad);
}

void search_verb_ask(struct call *c, const struct doc *args)
{
    struct searching *s = searching_new(c);
    if (s == NULL) {
        call_error(c, ERR_NOMEM, NULL);
        return;
    }
    enum err bad = random_fill(s->search.id.b, sizeof s->search.id.b);
    if (bad == ERR_OK)
        bad = read_ground(s, args);
    if (bad == ERR_MISMATCH) {
        submit(s, ERR_OK, ground_job, asked);
        return;
    }
    if (bad == ERR_OK)
        bad = read_reference(s, args);
    if (bad == ERR_OK)
        bad = read_received(s, args);
    if (bad == ERR_OK)
        bad = read_subject(s, args, &s->search);
    s->search.state = SEARCH_ASKED;
    s->search.first = s->who;
    s->search.asked_s = s->now_s;
    submit(s, bad, ask_job, asked);
}

void search_verb_confirm(struct call *c, const struct doc *args)
{
    struct searching *s = searching_new(c);
    if (s == NULL) {
        call_error(c, ERR_NOMEM, NULL);
        return;
    }
    enum err bad = read_prefix(s, args);
    if (bad == ERR_OK)
        bad = read_subject(s, args, &s->same);
    submit(s, bad, confirm_job, look);
}

void search_verb_show(struct call *c, const struct doc *args)
{
    struct searching *s = searching_new(c);
    if (s == NULL) {
        call_error(c, ERR_NOMEM, NULL);
        return;
    }
    enum err bad = read_prefix(s, args);
    if (bad == ERR_OK)
        bad = read_part(s, args);
    submit(s, bad, show_job, look);
}
