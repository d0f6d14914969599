/* From the arguments of `request` to a question that can be judged. */
#include <stdlib.h>

#include "agent/ask/run.h"
#include "agent/ask/standing_run.h"
#include "agent/own_log.h"
#include "pki/random.h"
#include "proto/base/when.h"
#include "proto/policy/process.h"
#include "proto/policy/term.h"

#define ID_TEXT_MAX 64
#define DEADLINE_MOST_S (366ll * 86400)

static enum err read_case(struct ask_run *r, struct kv_txn *txn, const struct doc *args)
{
    struct bytes text;
    enum err bad = doc_get_text(args, "case", ID_TEXT_MAX, &text, NULL);
    if (bad != ERR_OK)
        return errmsg_set(&r->why, bad, "every request names a case; 'sluis case open' makes one");
    bad = case_find(r->agent->store, txn, text, r->arena, &r->dossier, &r->why);
    if (bad != ERR_OK)
        return bad;
    r->question.case_state = case_row_state(&r->dossier);
    return case_checks(&r->dossier, r->arena, &r->question.checks);
}

/* Only epochs in which something may still be asked (the broker and each holder say the same). */
size_t run_epochs(const struct agent *a, const struct name *purpose, uint32_t out[static VIEW_ACTIVE_MAX],
                  const struct agency_id **left)
{
    const size_t count = agent_epochs(a, purpose, out);
    const int64_t now_s = agent_now_s(a);
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (now_s < view_epoch_end_s(a->view, purpose, out[i], n == 0 ? left : NULL))
            out[n++] = out[i];
    return n;
}

static enum err read_epochs(struct ask_run *r)
{
    const struct name *purpose = &r->question.rule->purpose;
    const struct agency_id *left = NULL;
    if (agent_epochs(r->agent, purpose, r->epochs) == 0)
        return errmsg_set(&r->why, ERR_CONFIG,
                          "this agency has the key of no active epoch of purpose %s; its custodian "
                          "deals them",
                          purpose->s);
    r->epoch_count = run_epochs(r->agent, purpose, r->epochs, &left);
    if (r->epoch_count > 0)
        return ERR_OK;
    return errmsg_set(&r->why, ERR_EXPIRED,
                      "purpose %s: its epoch is over%s; its custodian has to deal and activate a new one",
                      purpose->s, left != NULL ? ", because an agency that holds its key has left" : "");
}

static enum err read_rule(struct ask_run *r, const struct doc *args)
{
    struct bytes text;
    struct name id;
    enum err bad = doc_get_text(args, "rule", NAME_MAX_BYTES, &text, NULL);
    if (bad == ERR_OK)
        bad = name_parse(text, &id);
    if (bad != ERR_OK)
        return errmsg_set(&r->why, bad, "say under which rule of the policy: its id");
    r->question.rule = policy_rule(view_policy(r->view), &id);
    if (r->question.rule == NULL || !process_asks(r->question.rule->process))
        return errmsg_set(&r->why, ERR_NOT_FOUND, "the policy has no rule %s for asking", id.s);
    if (!process_is_served(r->question.rule->process))
        return errmsg_set(&r->why, ERR_STATE,
                          "rule %s is decided on, but this version carries out no %s", id.s,
                          process_id(r->question.rule->process));
    return read_epochs(r);
}

/* An OIN that the call may leave out where there is one answer. */
static enum err read_principal(struct ask_run *r, const struct doc *args)
{
    struct ask_question *q = &r->question;
    const struct party *self = policy_party(view_policy(r->view), &q->requester);
    struct bytes text;
    enum err bad = doc_get_text(args, "on_behalf_of", OIN_CHARS, &text, &r->why);
    if (bad == ERR_OK)
        bad = agency_id_parse(text, &q->on_behalf_of);
    else if (bad == ERR_NOT_FOUND) {
        bool one = self != NULL && self->on_behalf_of_count == 1;
        q->on_behalf_of = one ? self->on_behalf_of[0] : q->requester;
        return ERR_OK;
    }
    return bad == ERR_OK ? ERR_OK : errmsg_set(&r->why, bad, "on_behalf_of must be an OIN");
}

static enum err add_holder(struct ask_run *r, const struct agency_id *oin)
{
    for (size_t i = 0; i < r->holder_count; i++)
        if (agency_id_equal(&r->holders[i].oin, oin))
            return errmsg_set(&r->why, ERR_DUPLICATE, "holder %s stands twice", oin->oin);
    if (r->holder_count == ASK_HOLDERS_MAX)
        return errmsg_set(&r->why, ERR_LIMIT, "a request goes to at most %d holders",
                          ASK_HOLDERS_MAX);
    struct run_holder *h = &r->holders[r->holder_count++];
    h->oin = *oin;
    h->decision = arena_alloc(r->arena, sizeof *h->decision);
    return h->decision != NULL ? ERR_OK : ERR_NOMEM;
}

/* Every member that the rule names as holder. */
static enum err add_all_holders(struct ask_run *r)
{
    const struct roster *roster = view_roster(r->view);
    const struct rule *rule = r->question.rule;
    enum err bad = ERR_OK;
    for (size_t i = 0; i < roster->member_count && bad == ERR_OK; i++) {
        const struct roster_member *m = &roster->members[i];
        const struct party *party = policy_party(view_policy(r->view), &m->id);
        if (m->kind == MEMBER_AGENCY && party != NULL &&
            !agency_id_equal(&m->id, &r->question.requester) &&
            selectors_match(rule->holders, rule->holders_count, party) &&
            !selectors_match(rule->excluded, rule->excluded_count, party))
            bad = add_holder(r, &m->id);
    }
    if (bad == ERR_OK && r->holder_count == 0)
        return errmsg_set(&r->why, ERR_NOT_FOUND, "the rule has no holder on the roster");
    return bad;
}

static enum err read_holders(struct ask_run *r, const struct doc *args)
{
    const struct doc *list = NULL;
    r->holders = arena_array(r->arena, ASK_HOLDERS_MAX, sizeof *r->holders);
    if (r->holders == NULL)
        return ERR_NOMEM;
    enum err bad = doc_get_array(args, "holders", &list, &r->why);
    if (bad == ERR_NOT_FOUND || (bad == ERR_OK && doc_count(list) == 0))
        return add_all_holders(r);
    for (size_t i = 0; bad == ERR_OK && i < doc_count(list); i++) {
        struct bytes text;
        struct agency_id oin;
        bad = doc_text_of(doc_at(list, i), OIN_CHARS, &text);
        if (bad == ERR_OK)
            bad = agency_id_parse(text, &oin);
        if (bad != ERR_OK)
            return errmsg_set(&r->why, bad, "holders must be a list of OINs");
        bad = add_holder(r, &oin);
    }
    return bad;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->s, ((const struct name *)b)->s);
}

/* The fields of the call; without any, all of the rule. */
static enum err read_fields(struct ask_run *r, const struct doc *args)
{
    const struct rule *rule = r->question.rule;
    const struct doc *list = NULL;
    enum err bad = doc_get_array(args, "fields", &list, &r->why);
    if (bad != ERR_OK && bad != ERR_NOT_FOUND)
        return bad;
    bool all = bad == ERR_NOT_FOUND || doc_count(list) == 0;
    size_t count = all ? rule->fields_count : doc_count(list);
    if (count > REQUEST_FIELDS_MAX)
        return errmsg_set(&r->why, ERR_TOO_LARGE, "at most %u fields", REQUEST_FIELDS_MAX);
    struct name *fields = arena_array(r->arena, count, sizeof *fields);
    if (fields == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        struct bytes text = all ? name_bytes(&rule->fields[i].name) : bytes_of(NULL, 0);
        bad = all ? ERR_OK : doc_text_of(doc_at(list, i), NAME_MAX_BYTES, &text);
        if (bad == ERR_OK)
            bad = name_parse(text, &fields[i]);
        if (bad != ERR_OK)
            return errmsg_set(&r->why, bad, "fields must be a list of names of fields");
    }
    qsort(fields, count, sizeof *fields, by_name);
    for (size_t i = 1; i < count; i++)
        if (name_equal(&fields[i], &fields[i - 1]))
            return errmsg_set(&r->why, ERR_DUPLICATE, "field %s stands twice", fields[i].s);
    r->question.fields = (struct name_list){fields, count};
    return ERR_OK;
}

/* One letter for each holder and epoch; those of a holder follow each other. */
static enum err make_letters(struct ask_run *r)
{
    r->letter_count = r->holder_count * r->epoch_count;
    r->letters = arena_array(r->arena, r->letter_count, sizeof *r->letters);
    if (r->letters == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->letter_count; i++)
        r->letters[i] = (struct run_letter){.holder = &r->holders[i / r->epoch_count],
                                            .epoch = r->epochs[i % r->epoch_count],
                                            .state = ASK_QUEUED};
    return ERR_OK;
}

/* Each holder is asked only for what it may release. */
static enum err split_fields(struct ask_run *r)
{
    const struct name_list all = r->question.fields;
    for (size_t i = 0; i < r->holder_count; i++) {
        struct run_holder *h = &r->holders[i];
        const struct party *party = policy_party(view_policy(r->view), &h->oin);
        struct name *own = arena_array(r->arena, all.count, sizeof *own);
        if (own == NULL)
            return ERR_NOMEM;
        size_t n = 0;
        for (size_t k = 0; k < all.count; k++)
            if (party != NULL && rule_field_allowed(r->question.rule, &all.v[k], party))
                own[n++] = all.v[k];
        h->fields = (struct name_list){own, n};
    }
    return ERR_OK;
}

/* A time, or seconds from now; without either, the latest that the rule allows. */
static enum err read_deadline(struct ask_run *r, const struct doc *args)
{
    struct bytes text;
    int64_t seconds = 0;
    enum err bad = doc_get_int(args, "deadline_s", 1, DEADLINE_MOST_S, &seconds, &r->why);
    if (bad == ERR_NOT_FOUND)
        bad = doc_get_text(args, "deadline", WHEN_TEXT_SIZE, &text, &r->why);
    else if (bad == ERR_OK) {
        r->question.deadline_s = r->question.now_s + seconds;
        return ERR_OK;
    }
    if (bad == ERR_NOT_FOUND) {
        r->question.deadline_s = term_end(
            view_policy(r->view), &r->question.rule->limits.deadline_max, r->question.now_s);
        return ERR_OK;
    }
    if (bad == ERR_OK)
        bad = when_parse(text, &r->question.deadline_s);
    return bad == ERR_OK ? ERR_OK
                         : errmsg_set(&r->why, bad,
                                      "a deadline is YYYY-MM-DDTHH:MM:SSZ, or a number of seconds");
}

static enum err read_subjects(struct ask_run *r, const struct doc *args)
{
    const struct doc *list = NULL;
    if (standing_run_is_again(r))
        return standing_run_subject(r);
    enum err bad = doc_get_array(args, "subjects", &list, NULL);
    if (bad != ERR_OK)
        return errmsg_set(&r->why, bad, "a request needs 'subjects', a list");
    return subjects_read(list, r->arena, &r->subjects, &r->why);
}

/* What the index of this agency's own log knows the subjects by. Who is protected is in it as everybody is: one who is
 * missing would be told from the others by looking. */
static enum err mark_subjects(struct ask_run *r)
{
    r->named = arena_array(r->arena, r->subjects.identifier_count, sizeof *r->named);
    enum err bad = r->named != NULL ? ERR_OK : ERR_NOMEM;
    for (uint32_t i = 0; bad == ERR_OK && i < r->subjects.count; i++) {
        const struct subject *s = &r->subjects.v[i];
        bad = standing_run_is_again(r)
                  ? standing_run_named(r)
                  : own_log_marks(r->agent, s->identifiers, s->identifier_count, i, &r->named[r->named_count]);
        r->named_count += s->identifier_count;
    }
    return bad;
}

static enum err count(struct ask_run *r, struct kv_txn *txn)
{
    r->counting = (struct counts_ask){
        .store = r->agent->store,
        .now_s = r->question.now_s,
        .request = r->id,
        .case_id = r->dossier.id,
        .staff = r->staff,
        .purpose = r->question.rule->purpose,
        .period_days = r->question.rule->limits.period_days,
        .marks = r->counted,
        .mark_count = r->subjects.identifier_count,
    };
    return counts_read(&r->counting, txn, &r->question.counts);
}

enum err run_read(struct ask_run *r, const struct doc *args)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    if (doc_has(args, "dry_run") && doc_get_bool(args, "dry_run", &r->dry_run, &r->why) != ERR_OK)
        return ERR_INVALID;
    enum err bad = kv_read_begin(r->agent->kv, &txn);
    enum err (*const steps[])(struct ask_run *, const struct doc *) = {
        read_rule, read_principal, read_holders, read_fields, read_deadline, read_subjects};
    if (bad == ERR_OK)
        bad = standing_run_wish(r, args);
    if (bad == ERR_OK)
        bad = random_fill(r->id.b, sizeof r->id.b);
    if (bad == ERR_OK)
        bad = read_case(r, txn, args);
    for (size_t i = 0; i < ARRAY_LEN(steps) && bad == ERR_OK; i++)
        bad = steps[i](r, args);
    if (bad == ERR_OK)
        bad = split_fields(r);
    if (bad == ERR_OK)
        bad = make_letters(r);
    if (bad != ERR_OK)
        return bad;
    r->why = (struct errmsg){""}; /* what was left out may be left out: a later failure is not told with it */
    subjects_facts(&r->subjects, r->question.rule, r->question.now_s, &r->question.subjects);
    bad = mark_subjects(r);
    if (bad == ERR_OK)
        bad = run_note_given(r);
    if (bad == ERR_OK)
        bad = standing_run_note(r);
    if (bad == ERR_OK)
        bad = standing_run_is_again(r) ? standing_run_cover(r, txn) : run_cover(r, txn);
    if (bad == ERR_OK)
        bad = count(r, txn);
    return bad == ERR_OK ? standing_run_keep(r, txn) : bad;
}
