/* Asks about subjects as a requester whose agent judges nothing: real identifiers, a sealed part that its holder can
 * open, right signatures, and only what the broker sees is as the policy wants it.
 * usage: wire_subject AGENT.YAML HOLDER RULE STATE STAFF KEY PASSPHRASE FIELD BEHALF <SUBJECTS
 * SUBJECTS is what `sluis request --subjects` takes. Exit 0: the broker accepted it; 1: it did not, or it could not be
 * asked. */
#include <stdio.h>

#include "agent/ask/compose.h"
#include "agent/keys.h"
#include "pki/cert.h"
#include "tests/support/wire_peer.h"

#define SUBJECTS_MAX ((size_t)64 << 10)
#define ARENA_MAX ((size_t)8 << 20)
#define LIFE_S (6 * 3600)

enum { ARG_AGENT = 1, ARG_HOLDER, ARG_RULE, ARG_STATE, ARG_STAFF, ARG_KEY, ARG_PASSPHRASE, ARG_FIELD, ARG_BEHALF, ARGS };

struct asking {
    struct peer peer;
    const char *state;
    struct arena *arena;
    struct subject_list subjects;
    struct name field;
    struct request_header header;
};

static void read_subjects(struct asking *q)
{
    CLEANUP(buf_free) struct buf text = buf_new(SUBJECTS_MAX);
    CLEANUP(cleanup_doc_free) struct doc *list = NULL;
    struct errmsg why = {""};
    uint8_t block[4096];
    for (size_t n = fread(block, 1, sizeof block, stdin); n > 0; n = fread(block, 1, sizeof block, stdin))
        buf_put(&text, bytes_of(block, n));
    enum err bad = doc_parse(buf_bytes(&text), SUBJECTS_MAX, &list, &why);
    if (bad == ERR_OK)
        bad = subjects_read(list, q->arena, &q->subjects, &why);
    if (bad != ERR_OK)
        peer_die("subjects", bad, &why);
}

static void make_question(struct asking *q, struct composed *out)
{
    struct peer *p = &q->peer;
    CLEANUP(cleanup_cert_free) struct cert *signer = NULL;
    CLEANUP(cleanup_cert_free) struct cert *holder = NULL;
    const struct roster *roster = view_roster(p->view);
    const struct roster_member *self = roster_member_of(roster, &p->config->oin);
    const struct roster_member *other = roster_member_of(roster, &q->header.holder);
    struct errmsg why = {""};
    if (self == NULL || other == NULL)
        peer_die("parties", ERR_NOT_FOUND, NULL);
    peer_must("signer", cert_parse(self->signing.der, CERT_SIGNING, &signer, &why));
    peer_must("holder", cert_parse(other->sealing.der, CERT_SEALING, &holder, &why));
    const struct compose c = {.header = &q->header,
                              .subjects = &q->subjects,
                              .half = agent_keys_purpose(p->keys, 0)->for_loop,
                              .signing = agent_keys_signing(p->keys),
                              .signer = signer,
                              .holder = holder};
    peer_must("compose", compose(&c, q->arena, out, &why));
}

/* The kind of the broker's answer; false where none came. */
static bool answer_kind(struct asking *q, enum msg_kind *out)
{
    struct frame f;
    struct envelope e;
    if (!q->peer.answered)
        return false;
    peer_must("frame", frame_decode(buf_bytes(&q->peer.answer), q->arena, &f, NULL));
    peer_must("envelope", envelope_decode(f.envelope, q->arena, &e, NULL));
    *out = e.kind;
    return true;
}

static bool ask(struct asking *q)
{
    struct composed c;
    enum msg_kind kind;
    struct letter l = {.body = buf_new(FRAME_MAX_BYTES)};
    CLEANUP(buf_free) struct buf frame = buf_new(FRAME_MAX_BYTES);
    if (!peer_dial(&q->peer))
        peer_die("dial", ERR_UNREACHABLE, NULL);
    peer_greet(&q->peer);
    peer_fill_header(&q->peer, &q->header, &q->field);
    peer_must("state", name_parse(bytes_str(q->state), &q->header.case_state));
    make_question(q, &c);
    peer_put_request(&q->peer, &c.message, &l);
    peer_make_frame(&q->peer, &l, &frame);
    peer_say(&q->peer, buf_bytes(&frame), &l.e.id, PEER_ANSWER_MS);
    buf_free(&l.body);
    const bool answered = answer_kind(q, &kind);
    printf("%s\n", answered ? msg_kind_id(kind) : "silence");
    return answered && kind != MSG_REFUSED;
}

int main(int argc, char **argv)
{
    if (argc != ARGS || secret_init() == ERR_NOMEM)
        return 64;
    struct asking q = {.peer = {.holder = argv[ARG_HOLDER],
                                .rule = argv[ARG_RULE],
                                .staff = argv[ARG_STAFF],
                                .key = argv[ARG_KEY],
                                .passphrase = argv[ARG_PASSPHRASE],
                                .field = argv[ARG_FIELD],
                                .behalf = argv[ARG_BEHALF],
                                .life_s = LIFE_S},
                       .state = argv[ARG_STATE],
                       .arena = arena_new(ARENA_MAX)};
    if (q.arena == NULL)
        return 1;
    peer_open(&q.peer, argv[ARG_AGENT]);
    read_subjects(&q);
    const bool accepted = ask(&q);
    peer_close(&q.peer);
    arena_free(q.arena);
    return accepted ? 0 : 1;
}
