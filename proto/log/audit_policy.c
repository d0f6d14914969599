#include "proto/log/audit_policy.h"

#include <stdlib.h>

#include "proto/base/cursor.h"
#include "proto/base/text.h"

#define MAX_GROUPS 64u
#define MAX_MEMBERS 128u
#define NO_QUORUM UINT32_MAX

struct name_ref {
    char text[NOTE_MAX_NAME + 1];
};

struct witness {
    struct name_ref name;
    struct vkey key;
};

/* Members are node numbers: witnesses first, then groups, in the order of the file. */
struct group {
    struct name_ref name;
    uint32_t need;
    uint32_t count;
    uint32_t members[MAX_MEMBERS];
};

struct audit_policy {
    struct vkey logs[AUDIT_POLICY_MAX_LOGS];
    size_t logs_count;
    struct witness witnesses[AUDIT_POLICY_MAX_WITNESSES];
    size_t witnesses_count;
    struct group groups[MAX_GROUPS];
    size_t groups_count;
    bool has_quorum;
    uint32_t quorum; /* a node, or NO_QUORUM */
};

/* Groups have numbers from here on. */
#define GROUP_BASE AUDIT_POLICY_MAX_WITNESSES

struct reader {
    sha256_fn sha;
    struct audit_policy *policy;
    struct bytes line; /* what is left of it */
    struct errmsg *why;
};

/* The next word of the line; len 0 at its end. */
static struct bytes next_word(struct reader *r)
{
    size_t i = 0;
    while (i < r->line.len && (r->line.ptr[i] == ' ' || r->line.ptr[i] == '\t'))
        i++;
    size_t start = i;
    while (i < r->line.len && r->line.ptr[i] != ' ' && r->line.ptr[i] != '\t')
        i++;
    struct bytes word = bytes_of(r->line.ptr + start, i - start);
    r->line = bytes_of(r->line.ptr + i, r->line.len - i);
    return word;
}

static enum err find_node(const struct audit_policy *p, struct bytes name, uint32_t *out)
{
    for (size_t i = 0; i < p->witnesses_count; i++) {
        if (bytes_is(name, p->witnesses[i].name.text)) {
            *out = (uint32_t)i;
            return ERR_OK;
        }
    }
    for (size_t i = 0; i < p->groups_count; i++) {
        if (bytes_is(name, p->groups[i].name.text)) {
            *out = (uint32_t)(GROUP_BASE + i);
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

/* A name that is not taken yet. */
static enum err new_name(struct reader *r, struct name_ref *out)
{
    struct bytes word = next_word(r);
    uint32_t node;
    if (!note_name_valid(word) || bytes_is(word, "none"))
        return errmsg_set(r->why, ERR_INVALID, "a name is missing or not well-formed");
    if (find_node(r->policy, word, &node) == ERR_OK)
        return errmsg_set(r->why, ERR_DUPLICATE, "a name is given twice");
    *out = (struct name_ref){0};
    memcpy(out->text, word.ptr, word.len);
    return ERR_OK;
}

static enum err line_end(struct reader *r)
{
    if (next_word(r).len != 0)
        return errmsg_set(r->why, ERR_INVALID, "words behind the end of the line's meaning");
    return ERR_OK;
}

/* A key of the wanted type, then perhaps an address. */
static enum err read_key(struct reader *r, enum vkey_type type, struct vkey *out)
{
    enum err e = vkey_parse(r->sha, next_word(r), out);
    if (e != ERR_OK)
        return errmsg_set(r->why, e, "not a verifier key: %s", err_text(e));
    if (out->type != (uint8_t)type)
        return errmsg_set(r->why, ERR_UNSUPPORTED, "a key of type 0x%02x, expected 0x%02x",
                          (unsigned)out->type, (unsigned)type);
    (void)next_word(r);
    return line_end(r);
}

static bool same_key(const struct vkey *a, const struct vkey *b)
{
    return bytes_equal(bytes_of(a->public_key, a->public_len),
                       bytes_of(b->public_key, b->public_len));
}

static enum err read_log(struct reader *r)
{
    struct audit_policy *p = r->policy;
    if (p->logs_count == AUDIT_POLICY_MAX_LOGS)
        return errmsg_set(r->why, ERR_TOO_LARGE, "more than %u logs", AUDIT_POLICY_MAX_LOGS);
    struct vkey *k = &p->logs[p->logs_count];
    enum err e = read_key(r, VKEY_ED25519, k);
    for (size_t i = 0; e == ERR_OK && i < p->logs_count; i++) {
        if (same_key(k, &p->logs[i]))
            e = errmsg_set(r->why, ERR_DUPLICATE, "a log key is given twice");
    }
    if (e == ERR_OK)
        p->logs_count++;
    return e;
}

static enum err read_witness(struct reader *r)
{
    struct audit_policy *p = r->policy;
    if (p->witnesses_count == AUDIT_POLICY_MAX_WITNESSES)
        return errmsg_set(r->why, ERR_TOO_LARGE, "more than %u witnesses",
                          AUDIT_POLICY_MAX_WITNESSES);
    struct witness *w = &p->witnesses[p->witnesses_count];
    enum err e = new_name(r, &w->name);
    if (e == ERR_OK)
        e = read_key(r, VKEY_COSIGNATURE_V1, &w->key);
    /* One key under two names would count twice. */
    for (size_t i = 0; e == ERR_OK && i < p->witnesses_count; i++) {
        if (same_key(&w->key, &p->witnesses[i].key))
            e = errmsg_set(r->why, ERR_DUPLICATE, "a witness key is given twice");
    }
    if (e == ERR_OK)
        p->witnesses_count++;
    return e;
}

static enum err read_members(struct reader *r, struct group *g)
{
    for (struct bytes word = next_word(r); word.len > 0; word = next_word(r)) {
        uint32_t node;
        if (g->count == MAX_MEMBERS)
            return errmsg_set(r->why, ERR_TOO_LARGE, "more than %u members", MAX_MEMBERS);
        if (find_node(r->policy, word, &node) != ERR_OK)
            return errmsg_set(r->why, ERR_UNKNOWN, "a member is not defined before this line");
        for (uint32_t i = 0; i < g->count; i++) {
            if (g->members[i] == node)
                return errmsg_set(r->why, ERR_DUPLICATE, "a member is given twice");
        }
        g->members[g->count++] = node;
    }
    return ERR_OK;
}

static enum err read_group(struct reader *r)
{
    struct audit_policy *p = r->policy;
    if (p->groups_count == MAX_GROUPS)
        return errmsg_set(r->why, ERR_TOO_LARGE, "more than %u groups", MAX_GROUPS);
    struct group *g = &p->groups[p->groups_count];
    *g = (struct group){0};
    enum err e = new_name(r, &g->name);
    if (e != ERR_OK)
        return e;
    struct bytes need = next_word(r);
    e = read_members(r, g);
    if (e != ERR_OK)
        return e;
    uint64_t k = 0;
    if (bytes_is(need, "all"))
        k = g->count;
    else if (bytes_is(need, "any"))
        k = 1;
    else if (text_get_u64(need, MAX_MEMBERS, &k) != ERR_OK)
        return errmsg_set(r->why, ERR_INVALID, "a group needs all, any or a number");
    if (k == 0 || k > g->count)
        return errmsg_set(r->why, ERR_RANGE, "a group of %u needs 1 to %u of them", g->count,
                          g->count);
    g->need = (uint32_t)k;
    p->groups_count++;
    return ERR_OK;
}

static enum err read_quorum(struct reader *r)
{
    struct audit_policy *p = r->policy;
    if (p->has_quorum)
        return errmsg_set(r->why, ERR_DUPLICATE, "a second quorum line");
    struct bytes word = next_word(r);
    p->quorum = NO_QUORUM;
    if (!bytes_is(word, "none") && find_node(p, word, &p->quorum) != ERR_OK)
        return errmsg_set(r->why, ERR_UNKNOWN, "the quorum is not defined before this line");
    p->has_quorum = true;
    return line_end(r);
}

static enum err read_line(struct reader *r)
{
    static const struct {
        const char *word;
        enum err (*read)(struct reader *r);
    } kinds[] = {
        {"log", read_log},
        {"witness", read_witness},
        {"group", read_group},
        {"quorum", read_quorum},
    };
    struct bytes word = next_word(r);
    if (word.len == 0 || word.ptr[0] == '#')
        return ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (bytes_is(word, kinds[i].word))
            return kinds[i].read(r);
    }
    return errmsg_set(r->why, ERR_UNKNOWN, "a line starts with log, witness, group or quorum");
}

static enum err read_lines(struct reader *r, struct bytes text)
{
    struct cursor c = cursor_of(text);
    for (unsigned line = 1; c.left > 0; line++) {
        r->line = cursor_line(&c);
        if (c.err != ERR_OK)
            return errmsg_set(r->why, ERR_TRUNCATED, "line %u has no end", line);
        enum err e = read_line(r);
        if (e != ERR_OK)
            return errmsg_wrap(r->why, e, "line %u", line);
    }
    if (r->policy->logs_count == 0)
        return errmsg_set(r->why, ERR_INVALID, "no log line");
    if (!r->policy->has_quorum)
        return errmsg_set(r->why, ERR_INVALID, "no quorum line");
    return ERR_OK;
}

enum err audit_policy_parse(sha256_fn sha, struct bytes text, struct audit_policy **out,
                            struct errmsg *why)
{
    if (text.len > AUDIT_POLICY_MAX_BYTES)
        return errmsg_set(why, ERR_TOO_LARGE, "over %u bytes", AUDIT_POLICY_MAX_BYTES);
    if (!bytes_is_utf8(text))
        return errmsg_set(why, ERR_INVALID, "not UTF-8");
    struct audit_policy *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_NOMEM;
    struct reader r = {.sha = sha, .policy = p, .why = why};
    enum err e = read_lines(&r, text);
    if (e == ERR_OK)
        *out = p;
    else
        audit_policy_free(p);
    return e;
}

void audit_policy_free(struct audit_policy *p)
{
    free(p);
}

size_t audit_policy_logs(const struct audit_policy *p)
{
    return p->logs_count;
}

const struct vkey *audit_policy_log(const struct audit_policy *p, size_t i)
{
    return &p->logs[i];
}

size_t audit_policy_witnesses(const struct audit_policy *p)
{
    return p->witnesses_count;
}

const struct vkey *audit_policy_witness(const struct audit_policy *p, size_t i)
{
    return &p->witnesses[i].key;
}

const char *audit_policy_witness_name(const struct audit_policy *p, size_t i)
{
    return p->witnesses[i].name.text;
}

bool audit_policy_quorum_none(const struct audit_policy *p)
{
    return p->quorum == NO_QUORUM;
}

bool audit_policy_quorum_met(const struct audit_policy *p, const bool *cosigned)
{
    if (p->quorum == NO_QUORUM)
        return true;
    bool group_met[MAX_GROUPS] = {false};
    /* Members stand before their group, so one pass in file order settles all. */
    for (size_t g = 0; g < p->groups_count; g++) {
        uint32_t have = 0;
        for (uint32_t i = 0; i < p->groups[g].count; i++) {
            uint32_t node = p->groups[g].members[i];
            have += node < GROUP_BASE ? cosigned[node] : group_met[node - GROUP_BASE];
        }
        group_met[g] = have >= p->groups[g].need;
    }
    return p->quorum < GROUP_BASE ? cosigned[p->quorum] : group_met[p->quorum - GROUP_BASE];
}
