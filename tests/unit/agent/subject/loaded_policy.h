/* The demonstration policy as a test edited it. */
#ifndef SLUIS_TEST_AGENT_LOADED_POLICY_H
#define SLUIS_TEST_AGENT_LOADED_POLICY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/conf/policy_load.h"
#include "tests/unit/policy/policy_text.h"

/* A rule that lets the subject be informed, as an edit behind its id. */
#define POLICY_INFORMS "    subject: {inform: inform, contact: loket gegevens}\n    retention:"

/* The caller frees it. */
static inline struct policy_file *loaded_policy(const struct policy_text *t)
{
    struct policy_file *file = NULL;
    struct errmsg why = {""};
    if (policy_file_load(bytes_of(t->text, t->len), "p.yaml", &file, &why) != ERR_OK)
        fail_msg("%s", why.text);
    return file;
}

#endif
