/* Everything that waits in one agency's mailbox at the broker, opened with the broker's keys: what that agency is
 * about to receive, byte for byte. usage: mail_dump STORE BROKER-FOLDER OIN OUT
 * Writes OUT/KIND-SEQUENCE for each item. */
#include <stdio.h>
#include <stdlib.h>

#include "broker/store/mail.h"
#include "pki/aead.h"
#include "pki/broker_half.h"
#include "pki/hkdf.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/base/label.h"
#include "proto/host/file.h"
#include "proto/msg/mail.h"
#include "tests/support/unlocked.h"

#define KEY_VERSION 1u
#define KIND_HELD 0x80u
#define PATH_SIZE 4096

struct dump {
    const char *out;
    struct aead *mail;
    struct aead *held;
};

static void open_keys(struct dump *d, const char *folder)
{
    struct keyfile header;
    CLEANUP(cleanup_secret_free) struct secret *storage = unlocked_key(folder, "storage.key", NULL);
    CLEANUP(cleanup_secret_free) struct secret *b = unlocked_key(folder, "half-riec-casus-1.key", &header);
    CLEANUP(cleanup_secret_free) struct secret *mail = NULL;
    CLEANUP(cleanup_secret_free) struct secret *held = NULL;
    CLEANUP(cleanup_broker_half_free) struct broker_half *half = NULL;
    if (storage == NULL || b == NULL)
        unlocked_must("keys", ERR_NOT_FOUND);
    unlocked_must("mail key", hkdf_subkey(storage, bytes_str(LABEL_STORE_MAIL), &mail));
    unlocked_must("half", broker_half_new(b, &header.purpose, header.epoch, &half));
    unlocked_must("held key", broker_half_held_key(half, &held));
    unlocked_must("mail aead", aead_new(mail, KEY_VERSION, &d->mail));
    unlocked_must("held aead", aead_new(held, header.epoch, &d->held));
}

/* The content behind purpose and epoch, under the held key. */
static void open_held(struct dump *d, const struct agency_id *to, struct bytes outer, struct buf *out)
{
    uint8_t room[64];
    struct buf place = buf_fixed(room, sizeof room);
    struct cursor c = cursor_of(outer);
    cursor_part(&c, NAME_MAX_BYTES);
    cursor_u32(&c);
    join_str(&place, "held/mail");
    join_part(&place, agency_id_bytes(to));
    unlocked_must("held item", aead_open(d->held, buf_bytes(&place), cursor_bytes(&c, c.left), out));
}

static enum err dump_row(void *arg, const struct mail_row *row)
{
    struct dump *d = arg;
    char path[PATH_SIZE];
    uint8_t room[MAIL_ROW_PLACE_BYTES];
    struct buf place = buf_fixed(room, sizeof room);
    CLEANUP(buf_free) struct buf plain = buf_new(row->sealed.len);
    CLEANUP(buf_free) struct buf inner = buf_new(row->sealed.len);
    mail_place(row->to, row->sequence, &place);
    unlocked_must("item", aead_open(d->mail, buf_bytes(&place), row->sealed, &plain));
    struct bytes content = bytes_of(plain.ptr + 1, plain.len - 1);
    if ((plain.ptr[0] & KIND_HELD) != 0) {
        open_held(d, row->to, content, &inner);
        content = buf_bytes(&inner);
    }
    snprintf(path, sizeof path, "%s/%u-%llu", d->out, plain.ptr[0] & ~KIND_HELD,
             (unsigned long long)row->sequence);
    unlocked_must(path, file_create(path, content, 0600, NULL));
    return ERR_OK;
}

int main(int argc, char **argv)
{
    struct dump d = {.out = argc == 5 ? argv[4] : NULL};
    struct errmsg why = {""};
    struct agency_id to;
    CLEANUP(cleanup_kv_free) struct kv *kv = NULL;
    CLEANUP(cleanup_store_free) struct store *s = NULL;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    if (argc != 5 || secret_init() == ERR_NOMEM)
        return 64;
    const struct kv_params params = {.dir = argv[1], .map_bytes = UINT64_C(4) << 30};
    open_keys(&d, argv[2]);
    unlocked_must("OIN", agency_id_parse(bytes_str(argv[3]), &to));
    unlocked_must("store", kv_open(&params, &kv, &why));
    unlocked_must("tables", store_new(kv, &s, &why));
    unlocked_must("snapshot", kv_read_begin(kv, &txn));
    const struct mail_walk walk = {.to = &to, .fn = dump_row, .arg = &d};
    unlocked_must("mailbox", mail_each(s, txn, &walk));
    aead_free(d.mail);
    aead_free(d.held);
    return 0;
}
