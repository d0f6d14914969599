/* rotate: a new version of a key, kind by kind. */
#include "pki/cli/pki/rotate.h"
#include "pki/cli/pki/verbs.h"

static const struct {
    const char *key; /* of --key */
    verb_fn run;
    bool has_switch;
} kinds[] = {
    {"issuing", rotate_issuing, false},
    {"roster", rotate_roster, true},
    {"storage", rotate_storage, false},
    {"witness", rotate_witness, true},
    {"own-log", rotate_own_log, true},
    {"log", rotate_log, true},
    {"transport", rotate_transport, true},
    {"signing", rotate_signing, true},
};

static enum err unknown(struct work *w)
{
    struct buf known CLEANUP(buf_free) = buf_new(256);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        buf_printf(&known, "%s%s", i > 0 ? ", " : "", kinds[i].key);
    return errmsg_set(&w->why, ERR_CONFIG, "rotate: no key '%s'; one of: %s", w->o->key, buf_text(&known));
}

enum err verb_rotate(struct work *w)
{
    const struct work_need needs[] = {{"dir", w->o->dir}, {"key", w->o->key}, {NULL, NULL}};
    enum err e = work_needs(w, needs);
    if (e != ERR_OK)
        return e;
    if ((w->o->retire > 0) + w->o->switch_over + w->o->remains > 1)
        return errmsg_set(&w->why, ERR_CONFIG, "rotate: one of --switch, --retire, --status at a time");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].key, w->o->key) != 0)
            continue;
        if (w->o->switch_over && !kinds[i].has_switch)
            return errmsg_set(&w->why, ERR_CONFIG, "rotate --key %s: has no --switch", w->o->key);
        return kinds[i].run(w);
    }
    return unknown(w);
}
