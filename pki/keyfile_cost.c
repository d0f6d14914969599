/* What a guess at a passphrase costs. A file of its own, so that a program that only makes deployments for
 * tests can have another (tests/support/cheap_cost.c). */
#include "pki/keyfile.h"

struct keyfile_cost keyfile_cost_default(void)
{
    return (struct keyfile_cost){.log2_n = 16, .r = 8, .p = 1};
}
