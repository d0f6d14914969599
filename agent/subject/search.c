#include "agent/subject/search.h"

#include "agent/subject/likeness.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/base/when.h"

#define FORMAT 3u
#define FORMAT_BEFORE 2u /* without the day on which the request came in */
#define TYPE_MAX 32u
#define ROW_ROOM 2048u
#define ROW_ARENA ((size_t)8 << 10)
#define DAY_S INT64_C(86400)
#define DIGITS_MOST 7u     /* in a row: a BSN has nine, or eight without its zero */
#define ALL_DIGITS_MOST 8u /* whatever stands between them */

static const struct {
    const char *id;
    enum regime regime;
} grounds[] = {
    [SEARCH_GROUND_NONE] = {"?", REGIME_NONE},
    [SEARCH_AVG15] = {"avg15", REGIME_AVG},
    [SEARCH_WPG25] = {"wpg25", REGIME_WPG},
    [SEARCH_WJSG] = {"wjsg", REGIME_WJSG},
};

const char *search_ground_id(enum search_ground g)
{
    return grounds[(unsigned)g < ARRAY_LEN(grounds) ? g : SEARCH_GROUND_NONE].id;
}

enum regime search_ground_regime(enum search_ground g)
{
    return grounds[(unsigned)g < ARRAY_LEN(grounds) ? g : SEARCH_GROUND_NONE].regime;
}

enum err search_ground_parse(struct bytes text, enum search_ground *out)
{
    for (unsigned i = 1; i < ARRAY_LEN(grounds); i++) {
        if (bytes_is(text, grounds[i].id)) {
            *out = (enum search_ground)i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool search_reference_is_code(struct bytes text)
{
    unsigned digits = 0;
    unsigned all = 0;
    if (text.len == 0 || text.len > SEARCH_REFERENCE_MAX || !is_letter(text.ptr[0]))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.ptr[i];
        const bool is_digit = c >= '0' && c <= '9';
        digits = is_digit ? digits + 1 : 0;
        all += is_digit;
        if (digits > DIGITS_MOST || all > ALL_DIGITS_MOST ||
            (!is_digit && !is_letter(c) && (c == '\0' || strchr("._/-", c) == NULL)))
            return false;
    }
    return true;
}

static bool is_other_person(const struct search *s, const struct touch_named *m)
{
    for (size_t i = 0; likeness_is_personal(m->type) && i < s->mark_count; i++)
        if (s->marks[i].type == m->type)
            return true;
    return false;
}

enum err search_add_mark(struct search *s, const struct touch_named *m)
{
    size_t at = 0;
    int order = -1;
    while (at < s->mark_count &&
           (order = bytes_cmp(BYTES_OF_ARRAY(s->marks[at].mark.b), BYTES_OF_ARRAY(m->mark.b))) < 0)
        at++;
    if (at < s->mark_count && order == 0)
        return ERR_OK;
    if (is_other_person(s, m))
        return ERR_DUPLICATE;
    if (s->mark_count == SEARCH_MARKS_MAX)
        return ERR_LIMIT;
    memmove(&s->marks[at + 1], &s->marks[at], (s->mark_count - at) * sizeof s->marks[0]);
    s->marks[at] = *m;
    s->mark_count++;
    return ERR_OK;
}

static bool same_marks(const struct search *a, const struct search *b)
{
    bool same = a->mark_count == b->mark_count;
    for (size_t i = 0; same && i < a->mark_count; i++)
        same = bytes_equal(BYTES_OF_ARRAY(a->marks[i].mark.b), BYTES_OF_ARRAY(b->marks[i].mark.b));
    return same;
}

enum err search_confirm(struct search *s, const struct search_who *who, const struct search *same,
                        int64_t now_s)
{
    if (s->state != SEARCH_ASKED)
        return ERR_STATE;
    if (now_s > s->asked_s + SEARCH_DAYS * DAY_S)
        return ERR_EXPIRED;
    if (name_equal(&who->person, &s->first.person) || name_equal(&who->staff, &s->first.staff))
        return ERR_PERMISSION;
    s->second = *who;
    s->confirmed_s = now_s;
    s->state = same_marks(s, same) ? SEARCH_CONFIRMED : SEARCH_VOID;
    return s->state == SEARCH_CONFIRMED ? ERR_OK : ERR_MISMATCH;
}

int64_t search_days(const struct search *s, int64_t at_s)
{
    const int64_t days = (int64_t)when_day(at_s) - when_day(s->received_s);
    return days > 0 ? days : 0;
}

enum err search_may_show(const struct search *s, const struct search_who *who, int64_t now_s)
{
    if (!name_equal(&who->person, &s->first.person) && !name_equal(&who->person, &s->second.person))
        return ERR_PERMISSION;
    if (s->state != SEARCH_CONFIRMED)
        return ERR_STATE;
    return now_s > s->confirmed_s + SEARCH_DAYS * DAY_S ? ERR_EXPIRED : ERR_OK;
}

/* ---- rows ---- */

static void put_who(const struct search_who *w, struct buf *b)
{
    join_part(b, name_bytes(&w->staff));
    join_part(b, name_bytes(&w->person));
}

static void get_name(struct cursor *c, struct name *out)
{
    const struct bytes part = cursor_part(c, NAME_MAX_BYTES);
    *out = (struct name){""};
    if (c->err == ERR_OK && part.len > 0 && name_parse(part, out) != ERR_OK)
        cursor_fail(c, ERR_INVALID);
}

static void get_who(struct cursor *c, struct search_who *w)
{
    get_name(c, &w->staff);
    get_name(c, &w->person);
}

static void put_marks(const struct search *s, struct buf *b)
{
    buf_put_u8(b, (uint8_t)s->mark_count);
    for (size_t i = 0; i < s->mark_count; i++) {
        buf_put(b, BYTES_OF_ARRAY(s->marks[i].mark.b));
        join_str(b, ident_type_id(s->marks[i].type));
    }
}

static enum err get_marks(struct cursor *c, struct search *s)
{
    const uint8_t count = cursor_u8(c);
    if (count > SEARCH_MARKS_MAX)
        return ERR_INVALID;
    for (s->mark_count = 0; s->mark_count < count; s->mark_count++) {
        struct touch_named *n = &s->marks[s->mark_count];
        cursor_copy(c, n->mark.b, sizeof n->mark.b);
        const struct bytes type = cursor_part(c, TYPE_MAX);
        if (c->err == ERR_OK && ident_type_parse(type, &n->type) != ERR_OK)
            cursor_fail(c, ERR_INVALID);
    }
    return cursor_done(c);
}

enum err search_put(struct store *st, struct kv_txn *txn, const struct search *s)
{
    uint8_t room[ROW_ROOM];
    struct buf row = buf_fixed(room, sizeof room);
    buf_put_u32(&row, FORMAT);
    buf_put_u8(&row, (uint8_t)s->state);
    buf_put_u8(&row, (uint8_t)s->ground);
    join_str(&row, s->reference);
    put_who(&s->first, &row);
    put_who(&s->second, &row);
    buf_put_u64(&row, (uint64_t)s->received_s);
    buf_put_u64(&row, (uint64_t)s->asked_s);
    buf_put_u64(&row, (uint64_t)s->confirmed_s);
    put_marks(s, &row);
    const enum err bad = buf_err(&row);
    return bad == ERR_OK
               ? store_put(st, txn, STORE_SEARCH, BYTES_OF_ARRAY(s->id.b), buf_bytes(&row))
               : bad;
}

static enum err decode(struct bytes key, struct bytes row, struct search *out)
{
    struct search s = {.mark_count = 0};
    struct cursor c = cursor_of(row);
    const uint32_t format = cursor_u32(&c);
    if (key.len != sizeof s.id.b || (format != FORMAT && format != FORMAT_BEFORE))
        return ERR_INVALID;
    memcpy(s.id.b, key.ptr, key.len);
    s.state = (enum search_state)cursor_u8(&c);
    s.ground = (enum search_ground)cursor_u8(&c);
    const struct bytes reference = cursor_part(&c, SEARCH_REFERENCE_MAX);
    get_who(&c, &s.first);
    get_who(&c, &s.second);
    s.received_s = format == FORMAT ? (int64_t)cursor_u64(&c) : 0;
    s.asked_s = (int64_t)cursor_u64(&c);
    if (format == FORMAT_BEFORE)
        s.received_s = s.asked_s;
    s.confirmed_s = (int64_t)cursor_u64(&c);
    if (c.err != ERR_OK || s.state < SEARCH_ASKED || s.state > SEARCH_VOID ||
        s.ground < SEARCH_AVG15 || s.ground > SEARCH_WJSG || !search_reference_is_code(reference))
        return ERR_INVALID;
    memcpy(s.reference, reference.ptr, reference.len);
    const enum err bad = get_marks(&c, &s);
    if (bad == ERR_OK)
        *out = s;
    return bad;
}

enum err search_get(struct store *st, struct kv_txn *txn, const struct search_id *id,
                    struct search *out)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ROW_ARENA);
    struct bytes row;
    enum err bad =
        a != NULL ? store_get(st, txn, STORE_SEARCH, BYTES_OF_ARRAY(id->b), a, &row) : ERR_NOMEM;
    return bad == ERR_OK ? decode(BYTES_OF_ARRAY(id->b), row, out) : bad;
}

enum err search_count(struct store *st, struct kv_txn *txn, int64_t after_s, int64_t *out)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ROW_ARENA);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err bad =
        a != NULL ? store_iter(st, txn, STORE_SEARCH, bytes_of(NULL, 0), &it) : ERR_NOMEM;
    struct store_row row;
    struct search s;
    int64_t n = 0;
    while (bad == ERR_OK && (bad = store_next(st, STORE_SEARCH, it, a, &row)) == ERR_OK) {
        n += decode(row.key, row.plain, &s) == ERR_OK && s.asked_s > after_s;
        arena_reset(a);
    }
    if (bad != ERR_NOT_FOUND)
        return bad;
    *out = n;
    return ERR_OK;
}

enum err search_prune(struct store *st, struct kv_txn *txn, int64_t now_s, size_t max, size_t *gone)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(ROW_ARENA);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err bad =
        a != NULL ? store_iter(st, txn, STORE_SEARCH, bytes_of(NULL, 0), &it) : ERR_NOMEM;
    struct store_row row;
    struct search s;
    *gone = 0;
    while (bad == ERR_OK && *gone < max &&
           (bad = store_next(st, STORE_SEARCH, it, a, &row)) == ERR_OK) {
        if (decode(row.key, row.plain, &s) != ERR_OK || now_s > s.asked_s + SEARCH_KEEP_DAYS * DAY_S) {
            bad = kv_iter_del(it);
            *gone += bad == ERR_OK;
        }
        arena_reset(a);
    }
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}
