/* Whether a person is under eighteen. Pure. */
#ifndef SLUIS_POLICY_MINOR_H
#define SLUIS_POLICY_MINOR_H

#include <stdint.h>

#include "proto/policy/facts.h"

/* From a date of birth, YYYY-MM-DD, on the day of now_s in UTC; the eighteenth birthday is the
 * first day on which the answer is no, and of who was born on 29 February it is 1 March in other
 * years. Unknown where the text is no date, or a date to come. */
struct fact_bool minor_of(struct bytes birth_date, int64_t now_s);

/* Of several: true where one is a minor; else unknown where one is not known. */
struct fact_bool minor_of_all(struct fact_bool a, struct fact_bool b);

#endif
