#include "proto/ident/check.h"

static unsigned value_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A') + 10;
    return 0;
}

bool check_eleven(const char *digits)
{
    int sum = -(int)value_of(digits[8]);
    for (int i = 0; i < 8; i++)
        sum += (9 - i) * (int)value_of(digits[i]);
    return sum % 11 == 0;
}

unsigned check_mod97(const char *s, size_t n)
{
    unsigned r = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned v = value_of(s[i]);
        r = (r * (v < 10 ? 10 : 100) + v) % 97;
    }
    return r;
}

bool check_digits_mod97(const char *two)
{
    unsigned v = 10 * value_of(two[0]) + value_of(two[1]);
    return v >= 2 && v <= 98;
}

bool check_luhn(const char *digits, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned v = value_of(digits[n - 1 - i]);
        if (i % 2 == 1)
            v = v < 5 ? 2 * v : 2 * v - 9;
        sum += v;
    }
    return sum % 10 == 0;
}

unsigned check_mrz(const char *s, size_t n)
{
    static const unsigned weight[] = {7, 3, 1};
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weight[i % 3] * value_of(s[i]);
    return sum % 10;
}

/* Letters count from 10 up and skip the multiples of eleven, which the modulus would not see. */
static unsigned container_value(char c)
{
    unsigned v = value_of(c);
    return v < 10 ? v : v + (v - 1) / 10;
}

unsigned check_container(const char *s)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < 10; i++)
        sum += container_value(s[i]) << i;
    return sum % 11 % 10;
}
