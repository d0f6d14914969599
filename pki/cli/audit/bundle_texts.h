/* The files that every bundle has alike, as they lie in pki/cli/audit/bundle. */
#ifndef SLUIS_CLI_AUDIT_BUNDLE_TEXTS_H
#define SLUIS_CLI_AUDIT_BUNDLE_TEXTS_H

#include "proto/base/bytes.h"

extern const struct bytes bundle_readme_nl, bundle_readme_en, bundle_check_py;

#endif
