/* The one door to OpenSSL's headers, for pki/ only. Its type ERR_STATE has the name of an error of
 * ours (proto/base/err.h), so it gets another one while its headers are read. */
#ifndef SLUIS_PKI_OSSL_H
#define SLUIS_PKI_OSSL_H

#define ERR_STATE ossl_err_state
#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#undef ERR_STATE

#endif
