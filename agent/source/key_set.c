#include "agent/source/key_set.h"

#include <stdlib.h>

/* Open addressing; an all-zero slot is free. A digest that begins with 16 zero bytes is not met. */
struct slot {
    uint8_t b[16];
};

struct key_set {
    sha256_fn sha256;
    struct slot *slots;
    size_t room; /* a power of two */
    size_t count;
};

struct key_set *key_set_new(sha256_fn sha256)
{
    struct key_set *s = calloc(1, sizeof *s);
    if (s != NULL)
        s->sha256 = sha256;
    return s;
}

void key_set_free(struct key_set *s)
{
    if (s == NULL)
        return;
    free(s->slots);
    free(s);
}

static bool is_free(const struct slot *slot)
{
    static const struct slot zero;
    return memcmp(slot, &zero, sizeof zero) == 0;
}

/* The slot that holds want, or the free one where it belongs. */
static struct slot *find(struct slot *slots, size_t room, const struct slot *want)
{
    uint64_t h;
    memcpy(&h, want->b, sizeof h);
    size_t i = (size_t)h & (room - 1);
    while (!is_free(&slots[i]) && memcmp(&slots[i], want, sizeof *want) != 0)
        i = (i + 1) & (room - 1);
    return &slots[i];
}

static enum err make_room(struct key_set *s)
{
    if (s->count < s->room / 2)
        return ERR_OK;
    size_t room = s->room == 0 ? 1024 : s->room * 2;
    struct slot *slots = calloc(room, sizeof *slots);
    if (slots == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < s->room; i++)
        if (!is_free(&s->slots[i]))
            *find(slots, room, &s->slots[i]) = s->slots[i];
    free(s->slots);
    s->slots = slots;
    s->room = room;
    return ERR_OK;
}

enum err key_set_add(struct key_set *s, struct bytes key, bool *is_new)
{
    struct digest d;
    enum err bad = s->sha256(&key, 1, &d);
    if (bad == ERR_OK)
        bad = make_room(s);
    if (bad != ERR_OK)
        return bad;
    struct slot want;
    memcpy(want.b, d.b, sizeof want.b);
    struct slot *slot = find(s->slots, s->room, &want);
    *is_new = is_free(slot);
    if (*is_new) {
        *slot = want;
        s->count++;
    }
    return ERR_OK;
}
