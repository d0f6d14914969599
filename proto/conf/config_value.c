#include "proto/conf/config_value.h"

#include <inttypes.h>

#include "proto/base/text.h"

struct unit {
    const char *suffix;
    uint64_t factor;
};

/* The longest fitting unit is used for writing, so the largest stands first. */
static const struct unit durations[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const struct unit sizes[] = {
    {"GiB", UINT64_C(1) << 30}, {"MiB", UINT64_C(1) << 20}, {"KiB", UINT64_C(1) << 10}, {"", 1}};

bool conf_is_list(enum conf_type t)
{
    return t == CONF_ENDPOINTS || t == CONF_NAMES || t == CONF_PINS || t == CONF_SOME_PINS ||
           t == CONF_STAFF || t == CONF_GROUPS;
}

enum conf_type conf_item_type(enum conf_type t)
{
    if (t == CONF_ENDPOINTS)
        return CONF_ENDPOINT;
    if (t == CONF_NAMES)
        return CONF_NAME;
    return t == CONF_PINS || t == CONF_SOME_PINS ? CONF_PIN : t;
}

size_t conf_item_size(enum conf_type t)
{
    if (t == CONF_NAMES)
        return sizeof(struct name);
    if (t == CONF_PINS || t == CONF_SOME_PINS)
        return sizeof(struct conf_pin);
    if (t == CONF_GROUPS)
        return sizeof(struct conf_group);
    return t == CONF_STAFF ? sizeof(struct conf_staff) : sizeof(const char *);
}

static bool has_suffix(struct bytes text, const char *suffix, size_t *digits)
{
    *digits = text.len - strlen(suffix);
    return bytes_ends(text, suffix) && *digits > 0;
}

/* A number with one of the units; the longest suffix that fits and leaves digits. */
static enum err read_units(struct bytes text, const struct unit *units, size_t count, uint64_t *out)
{
    for (size_t i = 0; i < count; i++) {
        size_t digits;
        uint64_t n;
        if (!has_suffix(text, units[i].suffix, &digits) ||
            text_get_u64(bytes_of(text.ptr, digits), UINT64_MAX, &n) != ERR_OK)
            continue;
        return __builtin_mul_overflow(n, units[i].factor, out) ? ERR_RANGE : ERR_OK;
    }
    return ERR_INVALID;
}

static void write_units(uint64_t value, const struct unit *units, size_t count, struct buf *out)
{
    size_t i = 0;
    while (i + 1 < count && (value == 0 || value % units[i].factor != 0))
        i++;
    buf_printf(out, "%" PRIu64 "%s", value / units[i].factor, units[i].suffix);
}

static enum err within(const struct conf_key *key, uint64_t n, void *out, const char **expected)
{
    if (n < key->min || n > key->max) {
        *expected = "a value within its bounds";
        return ERR_RANGE;
    }
    memcpy(out, &n, sizeof n);
    return ERR_OK;
}

static enum err read_number(const struct conf_key *key, struct bytes text, void *out,
                            const char **expected)
{
    uint64_t n = 0;
    enum err bad;
    if (key->type == CONF_DURATION) {
        *expected = "a duration such as 500ms, 2s, 5m, 1h or 7d";
        bad = read_units(text, durations, ARRAY_LEN(durations), &n);
    } else if (key->type == CONF_SIZE) {
        *expected = "a size such as 512, 4KiB, 64MiB or 1GiB";
        bad = read_units(text, sizes, ARRAY_LEN(sizes), &n);
    } else {
        *expected = "a whole decimal number";
        bad = text_get_u64(text, UINT64_MAX, &n);
    }
    return bad != ERR_OK ? bad : within(key, n, out, expected);
}

static bool is_printable(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return false;
    return true;
}

static enum err keep_text(const struct conf_slot *slot, struct bytes text, void *out)
{
    const char *copy = arena_text(slot->arena, text);
    if (copy == NULL)
        return ERR_NOMEM;
    memcpy(out, &copy, sizeof copy);
    return ERR_OK;
}

static enum err read_path(const struct conf_slot *slot, struct bytes text, void *out)
{
    if (text.len == 0 || text.len > 1024 || !is_printable(text))
        return ERR_INVALID;
    if (text.ptr[0] == '/')
        return keep_text(slot, text, out);
    CLEANUP(buf_free) struct buf full = buf_new(8192);
    buf_put_str(&full, slot->folder);
    buf_put_u8(&full, '/');
    buf_put(&full, text);
    enum err bad = buf_err(&full);
    return bad != ERR_OK ? bad : keep_text(slot, buf_bytes(&full), out);
}

/* host:port with a host name, an IPv4 address, or an IPv6 address in brackets. */
static bool is_host_port(struct bytes text)
{
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    uint64_t port;
    if (colon < 2 || colon > 255 ||
        text_get_u64(bytes_of(text.ptr + colon, text.len - colon), 65535, &port) != ERR_OK ||
        port == 0)
        return false;
    bool bracketed = text.ptr[0] == '[' && text.ptr[colon - 2] == ']';
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    size_t from = bracketed ? 1 : 0;
    size_t to = bracketed ? colon - 2 : colon - 1;
    for (size_t i = from; i < to; i++)
        if (text.ptr[i] == 0 ||
            strchr(bracketed ? "0123456789abcdefABCDEF:." : plain, text.ptr[i]) == NULL)
            return false;
    return to > from;
}

static enum err read_endpoint(const struct conf_slot *slot, struct bytes text, void *out)
{
    static const char scheme[] = "tcp://";
    size_t n = sizeof scheme - 1;
    if (text.len <= n || memcmp(text.ptr, scheme, n) != 0 ||
        !is_host_port(bytes_of(text.ptr + n, text.len - n)))
        return ERR_INVALID;
    return keep_text(slot, text, out);
}

static enum err read_pin(const struct conf_slot *slot, struct bytes text, void *out)
{
    struct conf_pin pin = {.path = NULL};
    static const char prefix[] = "sha256:";
    size_t n = sizeof prefix - 1;
    enum err bad;
    if (text.len >= n && memcmp(text.ptr, prefix, n) == 0)
        bad = text_get_hex(bytes_of(text.ptr + n, text.len - n), pin.digest, sizeof pin.digest);
    else
        bad = read_path(slot, text, &pin.path);
    if (bad == ERR_OK)
        memcpy(out, &pin, sizeof pin);
    return bad;
}

static enum err read_choice(const struct conf_key *key, struct bytes text, void *out)
{
    for (const struct conf_word *w = key->words; w->word != NULL; w++) {
        if (!bytes_is(text, w->word))
            continue;
        memcpy(out, &w->value, sizeof w->value);
        return ERR_OK;
    }
    return ERR_UNKNOWN;
}

static enum err read_bool(struct bytes text, void *out)
{
    bool value = bytes_is(text, "true");
    if (!value && !bytes_is(text, "false"))
        return ERR_INVALID;
    memcpy(out, &value, sizeof value);
    return ERR_OK;
}

static enum err read_text(const struct conf_slot *slot, struct bytes text, void *out)
{
    if (text.len < slot->key->min || text.len > slot->key->max || !is_printable(text))
        return ERR_RANGE;
    return keep_text(slot, text, out);
}

enum err conf_value_read(const struct conf_slot *slot, struct bytes text, void *out,
                         const char **expected)
{
    switch (conf_item_type(slot->key->type)) {
    case CONF_BOOL:
        *expected = "true or false";
        return read_bool(text, out);
    case CONF_INT:
    case CONF_DURATION:
    case CONF_SIZE:
        return read_number(slot->key, text, out, expected);
    case CONF_TEXT:
        *expected = "a printable text within its length";
        return read_text(slot, text, out);
    case CONF_NAME:
        *expected = "a name of a-z, 0-9, '.', '_' and '-'";
        return name_parse(text, out);
    case CONF_OIN:
        *expected = "an OIN of 20 characters";
        return agency_id_parse(text, out);
    case CONF_PATH:
        *expected = "a path";
        return read_path(slot, text, out);
    case CONF_ENDPOINT:
        *expected = "tcp://host:port";
        return read_endpoint(slot, text, out);
    case CONF_HOST_PORT:
        *expected = "host:port";
        return is_host_port(text) ? keep_text(slot, text, out) : ERR_INVALID;
    case CONF_PIN:
        *expected = "sha256: with 64 hex digits, or the path of a certificate";
        return read_pin(slot, text, out);
    case CONF_CHOICE:
        *expected = "one of the words that the example file lists";
        return read_choice(slot->key, text, out);
    case CONF_ENDPOINTS:
    case CONF_NAMES:
    case CONF_PINS:
    case CONF_SOME_PINS:
    case CONF_STAFF:
    case CONF_GROUPS:
        break;
    }
    *expected = "a list";
    return ERR_INVALID;
}

static void write_group(const struct conf_group *group, struct buf *out)
{
    buf_printf(out, "%s: [", group->id.s);
    for (size_t i = 0; i < group->staff_count; i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "", group->staff[i].s);
    buf_put_str(out, "]");
}

static void write_pin(const struct conf_pin *pin, struct buf *out)
{
    if (pin->path != NULL) {
        buf_put_str(out, pin->path);
        return;
    }
    buf_put_str(out, "sha256:");
    text_put_hex(out, BYTES_OF_ARRAY(pin->digest));
}

static void write_choice(const struct conf_key *key, int value, struct buf *out)
{
    for (const struct conf_word *w = key->words; w->word != NULL; w++)
        if (w->value == value)
            buf_put_str(out, w->word);
}

void conf_value_write(const struct conf_key *key, const void *value, struct buf *out)
{
    switch (conf_item_type(key->type)) {
    case CONF_BOOL:
        buf_put_str(out, *(const bool *)value ? "true" : "false");
        return;
    case CONF_INT:
        buf_printf(out, "%" PRIu64, *(const uint64_t *)value);
        return;
    case CONF_DURATION:
        write_units(*(const uint64_t *)value, durations, ARRAY_LEN(durations), out);
        return;
    case CONF_SIZE:
        write_units(*(const uint64_t *)value, sizes, ARRAY_LEN(sizes), out);
        return;
    case CONF_TEXT:
    case CONF_PATH:
    case CONF_ENDPOINT:
    case CONF_HOST_PORT:
        buf_put_str(out, *(const char *const *)value);
        return;
    case CONF_NAME:
        buf_put_str(out, ((const struct name *)value)->s);
        return;
    case CONF_OIN:
        buf_put_str(out, ((const struct agency_id *)value)->oin);
        return;
    case CONF_PIN:
        write_pin(value, out);
        return;
    case CONF_CHOICE:
        write_choice(key, *(const int *)value, out);
        return;
    case CONF_STAFF:
        buf_printf(out, "{uid: %" PRIu32 ", staff: %s}", ((const struct conf_staff *)value)->uid,
                   ((const struct conf_staff *)value)->staff.s);
        return;
    case CONF_GROUPS:
        write_group(value, out);
        return;
    case CONF_ENDPOINTS:
    case CONF_NAMES:
    case CONF_PINS:
    case CONF_SOME_PINS:
        return;
    }
}
