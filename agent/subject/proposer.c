#include "agent/subject/proposer.h"

#include "pki/view/view.h"

bool proposer_counts(const struct view *v, const struct agency_id *self,
                     const struct search_who *who, int64_t now_s)
{
    const struct roster_officer *o = roster_officer_of(view_roster(v), self, &who->staff);
    if (o != NULL)
        o = view_officer(v, &o->cert.fingerprint, self, now_s);
    return o != NULL && name_equal(&o->person, &who->person) &&
           roster_officer_has(o, FUNCTION_PRIVACY_OFFICER);
}
