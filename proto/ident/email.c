/* E-mail address: both sides in lower case, the domain as A-labels. Case of the local part is
 * folded although RFC 5321 leaves it to the receiving host: no host in use tells mailboxes apart by
 * it. Dots and +tags stay: whether they matter differs from host to host. */
#include <idn2.h>

#include "proto/ident/fold.h"

#define LOCAL_MAX 64
#define DOMAIN_MAX 253
#define LABEL_MAX 63
#define ADDRESS_MAX 254 /* RFC 5321 section 4.5.3.1.3: a path of 256 with its brackets */

static bool is_ascii(const char *s)
{
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s >= 0x80)
            return false;
    }
    return true;
}

static bool is_atom_char(char c)
{
    static const char marks[] = "!#$%&'*+-/=?^_`{|}~";
    return fold_is_digit(c) || (c >= 'a' && c <= 'z') || strchr(marks, c) != NULL;
}

/* A dot-atom of RFC 5321: no quoted strings, no comments, no dot at an end or beside another. */
static enum ident_reason check_local(const char *s, size_t n)
{
    if (n == 0 || n > LOCAL_MAX || s[0] == '.' || s[n - 1] == '.')
        return IDENT_REASON_BAD_LOCAL_PART;
    for (size_t i = 0; i < n; i++) {
        bool doubled = s[i] == '.' && s[i + 1] == '.';
        if (doubled || (s[i] != '.' && !is_atom_char(s[i])))
            return IDENT_REASON_BAD_LOCAL_PART;
    }
    return IDENT_REASON_NONE;
}

static bool is_label(const char *s, size_t n)
{
    if (n == 0 || n > LABEL_MAX || s[0] == '-' || s[n - 1] == '-')
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!fold_is_digit(s[i]) && !(s[i] >= 'a' && s[i] <= 'z') && s[i] != '-')
            return false;
    }
    return true;
}

/* A host name of two labels or more whose last is not a number (that would be an IPv4 address). */
static bool is_host_name(const char *s)
{
    size_t labels = 0;
    for (;;) {
        size_t n = strcspn(s, ".");
        if (!is_label(s, n))
            return false;
        labels++;
        if (s[n] == '\0')
            return labels >= 2 && !fold_all_digits(s, n);
        s += n + 1;
    }
}

static bool has_encoded_label(const char *s)
{
    return strncmp(s, "xn--", 4) == 0 || strstr(s, ".xn--") != NULL;
}

/* Rewrites the domain as A-labels (IDNA2008 with the non-transitional mapping of UTS 46). An
 * A-label that does not decode and encode to itself is refused. */
static enum ident_reason to_a_labels(struct ident_job *job, struct ident_text *t)
{
    char *ascii = NULL;
    int rc = idn2_to_ascii_8z(t->s, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc == IDN2_MALLOC)
        job->out.err = ERR_NOMEM;
    if (rc != IDN2_OK)
        return IDENT_REASON_BAD_DOMAIN;
    size_t n = strlen(ascii);
    bool fits = n <= DOMAIN_MAX;
    if (fits) {
        memcpy(t->s, ascii, n + 1);
        t->len = n;
    }
    explicit_bzero(ascii, n);
    idn2_free(ascii);
    return fits ? IDENT_REASON_NONE : IDENT_REASON_BAD_DOMAIN;
}

static enum ident_reason fold_domain(struct ident_job *job, struct ident_text *t)
{
    if (t->len > 0 && t->s[t->len - 1] == '.')
        t->s[--t->len] = '\0';
    if (!is_ascii(t->s) || has_encoded_label(t->s)) {
        enum ident_reason why = to_a_labels(job, t);
        if (why != IDENT_REASON_NONE)
            return why;
        fold_lower(t);
    }
    return t->len <= DOMAIN_MAX && is_host_name(t->s) ? IDENT_REASON_NONE : IDENT_REASON_BAD_DOMAIN;
}

enum ident_reason email_rule(struct ident_job *job)
{
    struct ident_text *local = &job->part[0];
    struct ident_text *domain = &job->part[1];
    if (local->len == 0)
        return IDENT_REASON_EMPTY;
    fold_lower(local);
    char *at = strchr(local->s, '@');
    if (at == NULL || strchr(at + 1, '@') != NULL)
        return IDENT_REASON_BAD_FORMAT;
    domain->len = (size_t)(local->s + local->len - (at + 1));
    memcpy(domain->s, at + 1, domain->len + 1);
    local->len = (size_t)(at - local->s);
    *at = '\0';
    enum ident_reason why = check_local(local->s, local->len);
    if (why == IDENT_REASON_NONE)
        why = fold_domain(job, domain);
    if (why != IDENT_REASON_NONE)
        return why;
    if (local->len + 1 + domain->len > ADDRESS_MAX)
        return IDENT_REASON_BAD_LENGTH;
    fold_put(job, local);
    buf_put_str(&job->out, "@");
    fold_put(job, domain);
    return IDENT_REASON_NONE;
}
