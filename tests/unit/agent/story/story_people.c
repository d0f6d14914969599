/* The people at the control socket: they ask, sign what they are shown with their own keys, and hear the answer. */
#include "tests/unit/agent/story/story.h"

#include <stdio.h>

#include "agent/part.h"

static void begin(struct call *c, const char *name)
{
    for (const struct agent_part *const *p = story_parts; *p != NULL; p++)
        for (const struct verb *v = (*p)->verbs; v != NULL && v->name != NULL; v++)
            if (strcmp(v->name, name) == 0) {
                v->handler(c, c->args);
                return;
            }
    fail_msg("no verb %s", name);
}

struct call *story_call(struct story *s, const struct story_wish *w)
{
    assert_in_range(s->call_count, 0, STORY_CALLS_MAX - 1);
    struct call *c = &s->calls[s->call_count++];
    *c = (struct call){.story = s, .args = w->args, .staff = s->w.officers[w->officer].staff, .act = w->act,
                      .cosigns = w->cosigns};
    if (w->input != NULL)
        c->input = bytes_str(w->input);
    begin(c, w->verb);
    story_settle(s);
    return c;
}

static struct doc *args_of(const char *json)
{
    struct doc *d = NULL;
    struct errmsg why = {""};
    if (doc_parse(bytes_str(json), (size_t)1 << 16, &d, &why) != ERR_OK)
        fail_msg("%s: %s", json, why.text);
    return d;
}

bool story_calls(struct story *s, struct story_wish w, const char *json)
{
    w.args = args_of(json);
    const struct call *c = story_call(s, &w);
    if (strstr(c->error.text, "is missing") != NULL)
        fail_msg("%s: a failure is told as \"%s\"", w.verb, c->error.text);
    return c->is_ok;
}

void story_keep_id(const struct story *s, const char *key, char out[static STORY_ID_SIZE])
{
    struct bytes id;
    assert_int_equal(doc_get_text(s->calls[s->call_count - 1].answer, key, STORY_ID_SIZE - 1, &id, NULL), ERR_OK);
    memcpy(out, id.ptr, id.len);
    out[id.len] = '\0';
}

bool story_people_go_on(struct story *s)
{
    bool any = false;
    for (size_t i = 0; i < s->call_count; i++) {
        struct call *c = &s->calls[i];
        if (!c->wants || c->given == 2)
            continue;
        c->wants = false;
        const struct bytes data = c->given == 0 ? c->input : bytes_of(NULL, 0);
        any = true;
        (void)c->on_data(c, c->arg, data, ++c->given == 2);
    }
    return any;
}

void story_people_forget(struct story *s)
{
    for (size_t i = 0; i < s->call_count; i++) {
        doc_free(s->calls[i].args);
        doc_free(s->calls[i].answer);
    }
    s->call_count = 0;
}

/* ---- what a handler does with its caller ---- */

struct agent *call_agent(const struct call *c)
{
    return &c->story->w.agent;
}

const struct name *call_staff(const struct call *c)
{
    return &c->staff;
}

const struct roster_officer *call_officer(const struct call *c)
{
    const struct agent *a = call_agent(c);
    return roster_officer_of(view_roster(a->view), &a->config->oin, &c->staff);
}

bool call_has(const struct call *c, enum officer_function f)
{
    const struct roster_officer *o = call_officer(c);
    return o != NULL && roster_officer_has(o, f);
}

bool call_is_gone(const struct call *c)
{
    (void)c;
    return false;
}

/* The report of an import that was stopped or failed is an answer as well. */
static bool is_good(const struct call *c, const struct doc *ok)
{
    struct bytes state;
    return ok != NULL && (c->input.len == 0 || (!doc_has(ok, "stopped") &&
                                                doc_get_text(ok, "state", 16, &state, NULL) == ERR_OK && bytes_is(state, "done")));
}

/* What a witness hands out counts where it is a cosignature. */
static void hear_cosignature(struct call *c)
{
    int64_t status = 0;
    if (c->cosigns == 0 || doc_get_int(c->answer, "status", 0, INT64_MAX, &status, NULL) != ERR_OK)
        return;
    c->is_ok = status == 200;
    if (!c->is_ok)
        return;
    c->story->said.cosigned = c->cosigns;
    story_say_all(c->story);
}

void call_ok(struct call *c, struct doc *ok)
{
    assert_false(c->is_over);
    c->is_over = true;
    c->is_ok = is_good(c, ok);
    c->answer = ok;
    if (c->is_ok && c->act != STORY_ACTS)
        story_say(c->story, c->act);
    hear_cosignature(c);
}

void call_fail(struct call *c, enum err e, int exit_code, const char *fmt, ...)
{
    va_list args;
    (void)e;
    (void)exit_code;
    assert_false(c->is_over);
    c->is_over = true;
    va_start(args, fmt);
    vsnprintf(c->error.text, sizeof c->error.text, fmt, args);
    va_end(args);
}

void call_error(struct call *c, enum err e, const struct errmsg *why)
{
    call_fail(c, e, 1, "%s", why != NULL && why->text[0] != '\0' ? why->text : err_text(e));
}

void call_deny(struct call *c, const struct decision *d)
{
    for (uint32_t i = 0; i < d->failures_count; i++)
        print_message("denied: %s %s\n", condition_id(d->failures[i].condition), d->failures[i].detail);
    call_error(c, ERR_PERMISSION, NULL);
}

void call_progress(struct call *c, const char *what, uint64_t done, uint64_t total)
{
    (void)c;
    (void)what;
    (void)done;
    (void)total;
}

void call_sign(struct call *c, const struct call_document *documents, size_t count, call_signed_fn on_signed, void *arg)
{
    struct signature signatures[4];
    struct bytes views[4];
    const struct world *w = &c->story->w;
    int who = 0;
    assert_in_range(count, 1, ARRAY_LEN(views));
    while (!name_equal(&w->officers[who].staff, &c->staff))
        who++;
    for (size_t i = 0; i < count; i++) {
        const enum sign_kind kind = strcmp(documents[i].kind, "consent") == 0 ? SIGN_CONSENT : SIGN_REQUEST;
        assert_int_equal(sign_document(kind, w->officer[who].key, documents[i].document, &signatures[i]), ERR_OK);
        views[i] = signature_bytes(&signatures[i]);
    }
    on_signed(c, arg, views, count);
}

void call_receive(struct call *c, call_data_fn on_data, void *arg)
{
    c->on_data = on_data;
    c->arg = arg;
    c->wants = true;
}

void call_resume(struct call *c)
{
    c->wants = true;
}

struct doc *condition_doc(const struct policy *p, const struct failure *f)
{
    (void)p;
    (void)f;
    return doc_new_object();
}
