/* What every test of pki/ includes. */
#ifndef SLUIS_TEST_PKI_CORE_H
#define SLUIS_TEST_PKI_CORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pki/secret.h"

/* A machine that cannot lock pages still runs the tests. */
static inline int setup_secret_heap(void **state)
{
    (void)state;
    enum err e = secret_init();
    return e == ERR_OK || e == ERR_PERMISSION ? 0 : -1;
}

#endif
