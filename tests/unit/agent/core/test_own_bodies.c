/* Who reads the agency's own log is given every body that opens, and is told of those that do not.
 * argv[1]: a deployment. */
#include <string.h>

#include "agent/own_log.h"
#include "pki/logbook/logbook.h"
#include "proto/host/writer.h"
#include "tests/unit/agent/core/own_stage.h"

static const char *deployment;
static const struct agent_part *const parts[] = {&core_part, &log_part, NULL};

static int set_up(void **state)
{
    return own_stage_set_up(state, deployment, parts);
}

/* One sealed body is damaged, as a bad disk does. */
static enum err damage_job(struct kv_txn *txn, void *arg)
{
    const struct stage *s = arg;
    const struct log_tables *t = logbook_tables(own_log_book(s->agent->own_log));
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    uint8_t entry[sizeof(struct digest)];
    enum err bad = kv_iter_new(txn, t->bodies, bytes_of(NULL, 0), &it);
    if (bad == ERR_OK)
        bad = kv_iter_next(it, &key, NULL);
    if (bad != ERR_OK || key.len != sizeof entry)
        return ERR_INVALID;
    memcpy(entry, key.ptr, key.len);
    return kv_put(txn, t->bodies, BYTES_OF_ARRAY(entry), bytes_str("damaged"));
}

/* It is told in its place, and the others are read. */
static void a_damaged_body_keeps_no_other_from_being_read(void **state)
{
    struct stage *s = *state;
    struct talk t = {
        .frame =
            "{\"verb\":\"own_bodies\",\"args\":{\"from\":0,\"max\":100,"
            "\"purpose\":\"list\",\"filter\":{\"salt\":\"00000000000000000000000000000000\"}}}"};
    publish(s);
    OK(writer_run(s->agent->writer, damage_job, s));
    talk(s, &t);
    if (strstr(t.answer, "\"state\":\"unreadable\"") == NULL)
        fail_msg("%s", t.answer);
    assert_non_null(strstr(t.answer, "\"body\":"));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, own_stage_tear_down)

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    deployment = argv[1];
    const struct CMUnitTest tests[] = {
        CASE(a_damaged_body_keeps_no_other_from_being_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
