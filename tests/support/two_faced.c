/* In the place of publisher_contains in a broker that shows two histories: whatever head an agency brings, the broker says
 * that its log contains it. */
#include "broker/publisher.h"

enum err __wrap_publisher_contains(struct publisher *p, struct bytes note);

enum err __wrap_publisher_contains(struct publisher *p, struct bytes note)
{
    (void)p;
    (void)note;
    return ERR_OK;
}
