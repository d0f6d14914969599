#include "proto/conf/config_common.h"

const struct conf_word conf_log_levels[] = {
    {"err", LOG_LEVEL_ERR},   {"warn", LOG_LEVEL_WARN},   {"notice", LOG_LEVEL_NOTICE},
    {"info", LOG_LEVEL_INFO}, {"debug", LOG_LEVEL_DEBUG}, {NULL, 0},
};

static enum err check_staff(const struct conf_staff_list *list, struct errmsg *why)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct conf_staff *a = &list->items[i];
            const struct conf_staff *b = &list->items[j];
            if (a->uid == b->uid || name_equal(&a->staff, &b->staff))
                return errmsg_set(why, ERR_CONFIG,
                                  "'staff': uid %u and staff id '%s': each may stand once", a->uid,
                                  a->staff.s);
        }
    return ERR_OK;
}

enum err config_check_service(const struct conf_service *s, struct errmsg *why)
{
    if ((s->unlock.passphrase_file == NULL) == (s->unlock.credential == NULL))
        return errmsg_set(why, ERR_CONFIG, "'unlock': give either passphrase_file or credential");
    return check_staff(&s->staff, why);
}
