#include "agent/subject/compartment.h"

bool compartment_has(const struct agent *a, const struct name *compartment,
                     const struct name *staff)
{
    const struct conf_groups *all = &a->config->compartments;
    for (size_t i = 0; i < all->count; i++) {
        if (!name_equal(&all->items[i].id, compartment))
            continue;
        for (size_t k = 0; k < all->items[i].staff_count; k++)
            if (name_equal(&all->items[i].staff[k], staff))
                return true;
    }
    return false;
}
