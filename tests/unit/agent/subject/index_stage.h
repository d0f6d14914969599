/* A store with the index of what touched a subject, and a policy of a test's own: what tests of agent/subject share. */
#ifndef SLUIS_TEST_AGENT_INDEX_STAGE_H
#define SLUIS_TEST_AGENT_INDEX_STAGE_H

#include "tests/unit/agent/import/import_store.h"

#include "agent/subject/touch.h"

#define OK(expression) assert_int_equal((expression), ERR_OK)

struct index_stage {
    struct import_store s;
    struct touch_index *x;
    struct arena *arena; /* of what is found */
};

static inline void index_stage_open(struct index_stage *it)
{
    memset(it, 0, sizeof *it);
    import_store_open(&it->s);
    it->arena = arena_new((size_t)8 << 20);
    assert_non_null(it->arena);
    OK(touch_index_new(it->s.store, &it->x));
}

static inline void index_stage_close(struct index_stage *it)
{
    touch_index_free(it->x);
    arena_free(it->arena);
    import_store_close(&it->s);
}

#endif
