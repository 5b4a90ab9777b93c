/* One SYN and what comes back, in the little that is kept of each of many: every step of a flow. */
#include "unit.h"

#include <stdbool.h>

#include "base/clock.h"
#include "measure/survey/flow_store.h"

enum {
    IRS = 7000
};

#define SENT   (1700000000 * CLOCK_S)
#define RTT    (30 * CLOCK_MS)
#define WAIT   (5 * CLOCK_S)
#define LISTEN (300 * CLOCK_S)
#define LEAST  (15 * CLOCK_S)
/* 5.8 and then 24 s, an eighth over: the longest that two of them take to come */
#define NONE_YET (29800 * CLOCK_MS / 8 * 9)

static const struct flow_rules synack = {.listens = true, .wait_ns = WAIT, .listen_ns = LISTEN};
static const struct flow_rules ping = {.listens = false, .wait_ns = WAIT};
static const struct endpoint local = {.port = 40000};

struct bench {
    struct flow_store store;
    struct flow *f;
    uint32_t cell;
    const struct flow_rules *rules;
    struct series series;
    struct ping ping;
};

static void begin(struct bench *b, const struct flow_rules *rules, uint32_t iss)
{
    assert_true(flow_store_init(&b->store, &(struct hash_key){0}, SENT));
    b->cell = flow_store_take(&b->store);
    b->f = flow_store_at(&b->store, b->cell);
    b->rules = rules;
    b->f->ip = address_from_v4((const uint8_t[4]){192, 0, 2, 7});
    b->f->port = 80;
    b->f->local = local.port;
    b->f->iss = iss;
    b->f->number = 3;
    flow_begin(b->f, rules, SENT);
    assert_int_equal(b->f->due_ns, SENT + WAIT);
}

static void end(struct bench *b)
{
    flow_store_drop(&b->store, b->cell);
    assert_int_equal(b->store.taken, 0);
    flow_store_done(&b->store);
}

static struct segment segment(const struct bench *b, unsigned flags, seq_t seq)
{
    return (struct segment){.src = {b->f->ip, 80},
                            .dst = local,
                            .ttl = 64,
                            .flags = (uint16_t)flags,
                            .seq = seq,
                            .ack = flow_reset_seq(b->f),
                            .win = 65535,
                            .checksum = SEGMENT_CHECKSUM_OK};
}

static enum flow_step comes(struct bench *b, const struct segment *seg, int64_t after)
{
    return flow_received(b->f, &b->store, b->rules, seg, 60, SENT + after);
}

static enum flow_step comes_flags(struct bench *b, unsigned flags, seq_t seq, int64_t after)
{
    const struct segment seg = segment(b, flags, seq);
    return comes(b, &seg, after);
}

static enum flow_step syn_ack(struct bench *b, int64_t after)
{
    return comes_flags(b, FLAG_SYN | FLAG_ACK, seq_of(IRS), after);
}

static const struct series *series_of(struct bench *b)
{
    flow_as_series(b->f, &b->store, &local, &b->series);
    return &b->series;
}

/* --- The answer --- */

UNIT_TEST(an_answer)
{
    struct bench b;
    begin(&b, &ping, 99);
    struct segment seg = segment(&b, FLAG_SYN | FLAG_ACK, seq_of(IRS));
    seg.opt = (struct options){.has_mss = true,
                               .mss = 1400,
                               .has_wscale = true,
                               .wscale = 7,
                               .sack_permitted = true,
                               .has_timestamps = true,
                               .ts_val = 5,
                               .ts_ecr = 6};
    assert_int_equal(comes(&b, &seg, RTT), FLOW_ENDS_RESET);
    assert_int_equal(flow_reset_seq(b.f).v, 100);
    flow_as_ping(b.f, &local, &b.ping);
    const struct facts found = flow_facts(b.f, "ping", &local);
    assert_int_equal(b.ping.outcome, OUTCOME_OPEN);
    assert_int_equal(b.ping.number, 3);
    assert_int_equal(b.ping.sent_ns, SENT);
    assert_false(b.ping.doubtful);
    assert_int_equal(found.rtt_ns, RTT);
    assert_int_equal(found.iss.v, 99);
    assert_true(found.kernel_quiet);
    const struct segment *a = &b.ping.answer;
    assert_true(a->seq.v == IRS && a->ack.v == 100 && a->ttl == 64 && a->win == 65535);
    assert_true(a->opt.has_mss && a->opt.mss == 1400 && a->opt.has_wscale && a->opt.wscale == 7);
    assert_true(a->opt.sack_permitted && a->opt.has_timestamps && a->opt.ts_val == 5 &&
                a->opt.ts_ecr == 6);
    assert_true(!a->opt.malformed && !a->opt.has_fastopen && a->ip_version == 4);
    assert_int_equal(b.f->segments_back, 1);
    assert_int_equal(b.f->octets_back, 60);
    end(&b);
}

/* What does not answer this SYN leaves it waiting as before. */
UNIT_TEST(no_answers)
{
    static const struct {
        unsigned flags;
        int32_t ack_off;
        enum segment_checksum checksum;
    } not_ours[] = {
        {FLAG_SYN | FLAG_ACK, 1, SEGMENT_CHECKSUM_OK},
        {FLAG_SYN | FLAG_ACK, -1, SEGMENT_CHECKSUM_OK},
        {FLAG_SYN | FLAG_ACK, 0, SEGMENT_CHECKSUM_BAD},
        {FLAG_RST | FLAG_ACK, 0, SEGMENT_CHECKSUM_BAD},
        {FLAG_RST | FLAG_ACK, 1, SEGMENT_CHECKSUM_OK},
        {FLAG_RST, 0, SEGMENT_CHECKSUM_OK},
        {FLAG_ACK, 0, SEGMENT_CHECKSUM_OK},
        {FLAG_SYN, 0, SEGMENT_CHECKSUM_OK},
        {FLAG_FIN | FLAG_ACK, 0, SEGMENT_CHECKSUM_OK},
        {0, 0, SEGMENT_CHECKSUM_OK},
    };
    struct bench b;
    begin(&b, &synack, 0xffffffff);
    for (size_t i = 0; i < sizeof(not_ours) / sizeof(not_ours[0]); i++) {
        struct segment seg = segment(&b, not_ours[i].flags, seq_of(IRS));
        seg.ack = seq_add(seg.ack, (uint32_t)not_ours[i].ack_off);
        seg.checksum = not_ours[i].checksum;
        assert_int_equal(comes(&b, &seg, RTT), FLOW_NOT_OURS);
        assert_int_equal(b.f->phase, FLOW_WAITS);
        assert_int_equal(b.f->due_ns, SENT + WAIT);
        assert_int_equal(b.f->segments_back, i + 1);
    }
    assert_int_equal(syn_ack(&b, 2 * RTT), FLOW_GOES_ON);
    end(&b);
}

UNIT_TEST(a_reset)
{
    struct bench b;
    for (int listens = 0; listens <= 1; listens++) {
        begin(&b, listens ? &synack : &ping, 0xffffffff);
        assert_int_equal(comes_flags(&b, FLAG_RST | FLAG_ACK, seq_of(0), RTT), FLOW_ENDS);
        assert_int_equal(b.f->outcome, OUTCOME_CLOSED);
        assert_int_equal(flow_facts(b.f, "ping", &local).rtt_ns, RTT);
        assert_int_equal(series_of(&b)->outcome, OUTCOME_CLOSED);
        assert_int_equal(b.series.schedule.count, 0);
        end(&b);
    }
}

UNIT_TEST(icmp)
{
    struct bench b;
    struct icmp_error e = {.ip_version = 4, .type = 3, .code = 13};
    e.from = address_from_v4((const uint8_t[4]){192, 0, 2, 254});
    begin(&b, &synack, 500);
    e.seq = seq_of(501);
    assert_int_equal(flow_unreachable(b.f, &e, SENT + RTT), FLOW_NOT_OURS);
    e.seq = seq_of(500);
    assert_int_equal(flow_unreachable(b.f, &e, SENT + RTT), FLOW_ENDS);
    assert_int_equal(series_of(&b)->outcome, OUTCOME_UNREACHABLE);
    assert_true(b.series.icmp.type == 3 && b.series.icmp.code == 13);
    assert_true(address_equal(&b.series.icmp.from, &e.from));
    assert_int_equal(flow_facts(b.f, "synack", &local).rtt_ns, 0);
    end(&b);
    /* once it has answered an ICMP error changes nothing */
    begin(&b, &synack, 500);
    assert_int_equal(syn_ack(&b, RTT), FLOW_GOES_ON);
    assert_int_equal(flow_unreachable(b.f, &e, SENT + 2 * RTT), FLOW_NOT_OURS);
    assert_int_equal(b.f->outcome, OUTCOME_OPEN);
    end(&b);
}

UNIT_TEST(silence)
{
    struct bench b;
    begin(&b, &synack, 500);
    b.f->left = true;
    assert_int_equal(flow_due(b.f, &b.store, true, SENT + WAIT), FLOW_ENDS_RESET);
    assert_int_equal(b.f->outcome, OUTCOME_FILTERED);
    end(&b);
    begin(&b, &synack, 500);
    assert_int_equal(flow_due(b.f, &b.store, false, SENT + WAIT), FLOW_ENDS_RESET);
    assert_int_equal(b.f->outcome, OUTCOME_FILTERED);
    end(&b);
    /* it was looked for, and never left */
    begin(&b, &synack, 500);
    assert_int_equal(flow_due(b.f, &b.store, true, SENT + WAIT), FLOW_ENDS);
    assert_int_equal(series_of(&b)->outcome, OUTCOME_UNREACHABLE);
    assert_int_equal(b.series.icmp.ip_version, 0);
    end(&b);
}

/* The wait, and the round trip, count from when it left. */
UNIT_TEST(it_left_later)
{
    struct bench b;
    begin(&b, &ping, 500);
    b.f->slack_us = 40;
    flow_left(b.f, &ping, SENT + CLOCK_S);
    assert_int_equal(b.f->due_ns, SENT + CLOCK_S + WAIT);
    assert_int_equal(b.f->slack_us, 0);
    assert_int_equal(comes_flags(&b, FLAG_SYN | FLAG_ACK, seq_of(IRS), CLOCK_S + RTT),
                     FLOW_ENDS_RESET);
    assert_int_equal(flow_facts(b.f, "ping", &local).rtt_ns, RTT);
    assert_false(b.f->doubtful);
    end(&b);
}

UNIT_TEST(it_comes_late)
{
    struct bench b;
    begin(&b, &ping, 500);
    assert_int_equal(syn_ack(&b, CLOCK_S), FLOW_ENDS_RESET);
    flow_as_ping(b.f, &local, &b.ping);
    assert_true(b.ping.doubtful);
    assert_int_equal(flow_facts(b.f, "ping", &local).rtt_ns, 0);
    end(&b);
    begin(&b, &ping, 500);
    assert_int_equal(syn_ack(&b, CLOCK_S - 1), FLOW_ENDS_RESET);
    assert_false(b.f->doubtful);
    /* while its reset waits, copies are counted */
    assert_int_equal(syn_ack(&b, CLOCK_S), FLOW_GOES_ON);
    assert_int_equal(comes_flags(&b, FLAG_RST | FLAG_ACK, seq_of(0), CLOCK_S), FLOW_GOES_ON);
    assert_int_equal(b.f->duplicates, 1);
    assert_int_equal(b.f->outcome, OUTCOME_OPEN);
    end(&b);
}

/* --- The series --- */

static void a_series(uint32_t iss, uint32_t irs)
{
    struct bench b;
    begin(&b, &synack, iss);
    const seq_t seq = seq_of(irs), next = seq_of(irs + 1);
    assert_int_equal(comes_flags(&b, FLAG_SYN | FLAG_ACK, seq, RTT), FLOW_GOES_ON);
    assert_int_equal(b.f->due_ns, SENT + RTT + NONE_YET);
    assert_int_equal(comes_flags(&b, FLAG_SYN | FLAG_ACK, seq, RTT + CLOCK_S), FLOW_GOES_ON);
    assert_int_equal(b.f->due_ns, SENT + RTT + CLOCK_S + LEAST);
    assert_int_equal(comes_flags(&b, FLAG_SYN | FLAG_ACK, next, RTT + CLOCK_S), FLOW_GOES_ON);
    assert_int_equal(comes_flags(&b, FLAG_SYN | FLAG_ACK, seq, RTT + CLOCK_S + 19 * CLOCK_MS),
                     FLOW_GOES_ON);
    assert_int_equal(comes_flags(&b, FLAG_SYN | FLAG_ACK, seq, RTT + 11 * CLOCK_S), FLOW_GOES_ON);
    assert_int_equal(b.f->due_ns, SENT + RTT + 11 * CLOCK_S + 22500 * CLOCK_MS);
    /* out of nowhere, or about something else */
    int64_t due = b.f->due_ns;
    assert_int_equal(comes_flags(&b, FLAG_RST, seq_of(irs + 2), 12 * CLOCK_S), FLOW_NOT_OURS);
    assert_int_equal(comes_flags(&b, FLAG_ACK, next, 12 * CLOCK_S), FLOW_NOT_OURS);
    assert_int_equal(comes_flags(&b, FLAG_SYN, seq, 12 * CLOCK_S), FLOW_NOT_OURS);
    struct segment bad = segment(&b, FLAG_SYN | FLAG_ACK, seq);
    bad.checksum = SEGMENT_CHECKSUM_BAD;
    assert_int_equal(comes(&b, &bad, 12 * CLOCK_S), FLOW_NOT_OURS);
    bad.checksum = SEGMENT_CHECKSUM_OK;
    bad.ack = seq_add(bad.ack, 1);
    assert_int_equal(comes(&b, &bad, 12 * CLOCK_S), FLOW_NOT_OURS);
    assert_int_equal(b.f->due_ns, due);
    assert_int_equal(comes_flags(&b, FLAG_RST, next, RTT + 14 * CLOCK_S), FLOW_ENDS);
    const struct series *s = series_of(&b);
    assert_int_equal(s->schedule.count, 2);
    assert_true(s->schedule.gaps[0] == CLOCK_S && s->schedule.gaps[1] == 10 * CLOCK_S);
    assert_int_equal(s->schedule.end, SCHEDULE_RST);
    assert_int_equal(s->ended, SERIES_ENDED_PEER);
    assert_int_equal(s->schedule.end_ns - s->schedule.last_ns, 3 * CLOCK_S);
    assert_int_equal(s->other_isn, 1);
    assert_int_equal(s->duplicates, 1);
    assert_int_equal(b.f->segments_back, 11);
    end(&b);
}

/* Wherever the numbers wrap. */
UNIT_TEST(series_across_the_wrap)
{
    static const uint32_t starts[] = {0, 1, 1000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
    for (size_t i = 0; i < 49; i++)
        a_series(starts[i % 7], starts[i / 7]);
}

UNIT_TEST(other_ends)
{
    static const struct {
        unsigned flags;
        enum schedule_end end;
    } ends[] = {{FLAG_RST, SCHEDULE_RST},
                {FLAG_RST | FLAG_ACK, SCHEDULE_RST_ACK},
                {FLAG_FIN | FLAG_ACK, SCHEDULE_FIN}};
    for (size_t i = 0; i < 3; i++) {
        struct bench b;
        begin(&b, &synack, 500);
        assert_int_equal(syn_ack(&b, RTT), FLOW_GOES_ON);
        assert_int_equal(comes_flags(&b, ends[i].flags, seq_of(IRS + 1), 3 * CLOCK_S), FLOW_ENDS);
        assert_int_equal(series_of(&b)->schedule.end, ends[i].end);
        end(&b);
    }
}

UNIT_TEST(patience_and_the_cap)
{
    struct bench b;
    begin(&b, &synack, 500);
    assert_int_equal(syn_ack(&b, RTT), FLOW_GOES_ON);
    assert_int_equal(flow_due(b.f, &b.store, true, b.f->due_ns), FLOW_ENDS_RESET);
    assert_int_equal(series_of(&b)->schedule.end, SCHEDULE_SILENCE);
    assert_int_equal(b.series.ended, SERIES_ENDED_PATIENCE);
    end(&b);
    begin(&b, &synack, 500);
    assert_int_equal(syn_ack(&b, RTT), FLOW_GOES_ON);
    assert_int_equal(syn_ack(&b, RTT + 200 * CLOCK_S), FLOW_GOES_ON);
    assert_int_equal(b.f->due_ns, SENT + RTT + LISTEN);
    assert_int_equal(flow_due(b.f, &b.store, true, b.f->due_ns + 8 * CLOCK_MS), FLOW_ENDS_RESET);
    assert_int_equal(series_of(&b)->schedule.end, SCHEDULE_TRUNCATED);
    assert_int_equal(b.series.ended, SERIES_ENDED_LISTEN);
    assert_int_equal(b.series.stopped_ns, SENT + RTT + LISTEN + 8 * CLOCK_MS);
    end(&b);
}

/* 1 2 4 8 16: Nucleus would go on after 32, 64, 64 and 64 s more; one of those may be lost, or with
 * --settle three; and what comes is taken. */
UNIT_TEST(listening_that_settles)
{
    static const double rest[] = {96, 224};
    for (int more = 0; more <= 1; more++) {
        const struct flow_rules rules = {
            .listens = true, .settles = more, .wait_ns = WAIT, .listen_ns = LISTEN};
        struct bench b;
        int64_t last = RTT + 31 * CLOCK_S;
        begin(&b, &rules, 500);
        for (int64_t i = 0; i <= 5; i++)
            assert_int_equal(syn_ack(&b, RTT + ((1 << i) - 1) * CLOCK_S), FLOW_GOES_ON);
        assert_int_equal(b.f->due_ns, SENT + last + (int64_t)(rest[more] * 1.125) * CLOCK_S);
        assert_int_equal(syn_ack(&b, last + 96 * CLOCK_S), FLOW_GOES_ON);
        assert_true(b.f->due_ns > SENT + last + 200 * CLOCK_S);
        end(&b);
    }
    /* --listen ends it sooner: all the same it has been silent for as long as means its end */
    static const struct flow_rules brief = {
        .listens = true, .settles = true, .wait_ns = WAIT, .listen_ns = 30 * CLOCK_S};
    struct bench b;
    begin(&b, &brief, 500);
    assert_int_equal(syn_ack(&b, RTT), FLOW_GOES_ON);
    assert_int_equal(syn_ack(&b, RTT + CLOCK_S), FLOW_GOES_ON);
    assert_int_equal(syn_ack(&b, RTT + 3 * CLOCK_S), FLOW_GOES_ON);
    assert_int_equal(b.f->due_ns, SENT + RTT + 30 * CLOCK_S);
    assert_int_equal(flow_due(b.f, &b.store, true, b.f->due_ns), FLOW_ENDS_RESET);
    assert_int_equal(series_of(&b)->ended, SERIES_ENDED_PATIENCE);
    end(&b);
}

/* The first of Linux is lost: that the second came after a second is no round trip. */
UNIT_TEST(no_round_trip)
{
    static const double gaps[] = {2, 4, 8, 16};
    for (int late = 0; late <= 1; late++) {
        struct bench b;
        int64_t at = RTT + late * CLOCK_S;
        begin(&b, &synack, 500);
        assert_int_equal(syn_ack(&b, at), FLOW_GOES_ON);
        for (size_t i = 0; i < 4; i++) {
            at += (int64_t)gaps[i] * CLOCK_S;
            assert_int_equal(syn_ack(&b, at), FLOW_GOES_ON);
        }
        assert_int_equal(flow_due(b.f, &b.store, true, b.f->due_ns), FLOW_ENDS_RESET);
        assert_int_equal(series_of(&b)->doubtful, late);
        assert_int_equal(b.series.late_ns, RTT + late * CLOCK_S);
        end(&b);
    }
}

UNIT_TEST(stopped)
{
    struct bench b;
    begin(&b, &synack, 500);
    assert_int_equal(flow_stop(b.f, SENT + CLOCK_S), FLOW_ENDS_RESET);
    assert_int_equal(series_of(&b)->outcome, OUTCOME_INTERRUPTED);
    assert_int_equal(flow_stop(b.f, SENT + CLOCK_S), FLOW_GOES_ON); /* it is over already */
    end(&b);
    begin(&b, &synack, 500);
    assert_int_equal(syn_ack(&b, RTT), FLOW_GOES_ON);
    assert_int_equal(syn_ack(&b, RTT + CLOCK_S), FLOW_GOES_ON);
    assert_int_equal(flow_stop(b.f, SENT + 2 * CLOCK_S), FLOW_ENDS_RESET);
    assert_int_equal(series_of(&b)->outcome, OUTCOME_OPEN);
    assert_int_equal(b.series.schedule.count, 1);
    assert_int_equal(b.series.schedule.end, SCHEDULE_TRUNCATED);
    assert_int_equal(b.series.ended, SERIES_ENDED_USER);
    end(&b);
}

/* Counters stay at their most. */
UNIT_TEST(a_flood)
{
    struct bench b;
    begin(&b, &synack, 500);
    assert_int_equal(syn_ack(&b, RTT), FLOW_GOES_ON);
    for (int64_t i = 1; i <= 70000; i++) {
        assert_int_equal(syn_ack(&b, RTT + i * 20 * CLOCK_MS), FLOW_GOES_ON);
        assert_int_equal(syn_ack(&b, RTT + i * 20 * CLOCK_MS + 1), FLOW_GOES_ON);
        assert_int_equal(
            comes_flags(&b, FLAG_SYN | FLAG_ACK, seq_of(9), RTT + i * 20 * CLOCK_MS + 2),
            FLOW_GOES_ON);
    }
    const struct series *s = series_of(&b);
    assert_int_equal(s->schedule.count, SCHEDULE_GAPS_MAX);
    assert_int_equal(s->schedule.overflown, UINT16_MAX);
    assert_true(s->duplicates == UINT8_MAX && s->other_isn == UINT8_MAX);
    assert_int_equal(b.f->segments_back, UINT16_MAX);
    end(&b);
}
