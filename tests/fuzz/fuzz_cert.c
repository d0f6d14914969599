#include "pki/cert.h"
#include "pki/cms_detached.h"
#include "pki/csr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Certificates, requests and the certificate inside a detached signature, from any bytes: what is
 * taken is taken again from its own encoding. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes der = bytes_of(data, size);
    struct agency_id oin = {"00000099000000000002"};
    for (enum cert_use use = CERT_ROOT; use < CERT_USE_COUNT; use++) {
        struct cert *c CLEANUP(cleanup_cert_free) = NULL;
        struct cert *again CLEANUP(cleanup_cert_free) = NULL;
        if (cert_parse(der, use, &c, NULL) == ERR_OK &&
            cert_parse(cert_der(c), use, &again, NULL) != ERR_OK)
            __builtin_trap();
    }
    struct key *k CLEANUP(cleanup_key_free) = NULL;
    struct cert *inside CLEANUP(cleanup_cert_free) = NULL;
    if (csr_check(der, &oin, "leaf", &k, NULL) == ERR_OK && key_type(k) != KEY_TYPE_P256)
        __builtin_trap();
    if (cms_detached_signer(der, CERT_PINNED, &inside, NULL) == ERR_OK &&
        cms_detached_verify(bytes_str(""), der, inside, NULL) == ERR_INVALID)
        __builtin_trap();
    return 0;
}
