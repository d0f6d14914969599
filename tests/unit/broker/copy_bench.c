#include "tests/unit/broker/copy_bench.h"

#include "broker/audit.h"
#include "proto/host/writer.h"

struct copy_bench copy;

void copy_bench_auditor(size_t i, enum bench_member of)
{
    copy_side_auditor(&copy.side, i, of);
}

int copy_bench_set_up(void **state)
{
    (void)state;
    bench_open(&copy.bench, NULL, 0);
    copy_side_open(&copy.side, &copy.bench, 0);
    copy_bench_auditor(0, BENCH_ALFA);
    bench_restart(&copy.bench);
    return 0;
}

int copy_bench_tear_down(void **state)
{
    (void)state;
    bench_close(&copy.bench);
    copy_side_close(&copy.side);
    return 0;
}

enum err copy_bench_add_job(struct kv_txn *txn, void *arg)
{
    const struct turn_audit what = {.event = AUDIT_EVENT_REQUEST_CLOSED};
    return audit_append(copy.bench.broker.audit, txn, &what, &copy.bench.view.members[BENCH_ALFA].id, NULL,
                        copy.bench.now_ms / 1000, arg);
}

void copy_bench_add(size_t n)
{
    struct digest entry;
    for (size_t i = 0; i < n; i++)
        OK(writer_run(copy.bench.broker.writer, copy_bench_add_job, &entry));
}

struct copy_reading copy_bench_read(const struct fix_party *by)
{
    const struct copy_reading r = copy_side_read(&copy.side, by);
    assert_int_equal(r.torn, 0);
    return r;
}
