/* A probe's line and keys, for every way it can end. */
#include "probe.h"

#include "event/result.h"

static void line_is(const struct ping *p, int64_t rtt_ns, int64_t wait_ns, const char *want)
{
    struct facts f = probe_findings(rtt_ns);
    struct text t;
    text_init(&t);
    text_put(&t, "", 0);
    ping_line(p, &f, wait_ns, &t);
    assert_string_equal(t.data, want);
    text_done(&t);
}

UNIT_TEST(an_open_port)
{
    struct ping p = probe_ping(1, OUTCOME_OPEN);
    line_is(&p, 71 * CLOCK_US, CLOCK_S,
            "10.99.0.2:7: seq=1 flags=SA win=64240 ttl=64 mss=1460 ws=7 sackOK ts rtt=0.071 ms "
            "[open]");
    p.answer.opt = (struct options){.malformed = true};
    p.answer.flags |= FLAG_ECE;
    line_is(&p, 1234567890, CLOCK_S,
            "10.99.0.2:7: seq=1 flags=SAE win=64240 ttl=64 malformed rtt=1234.568 ms [open]");
}

UNIT_TEST(a_closed_port)
{
    struct ping p = probe_ping(2, OUTCOME_CLOSED);
    line_is(&p, 41 * CLOCK_US, CLOCK_S,
            "10.99.0.2:7: seq=2 flags=RA win=0 ttl=63 rtt=0.041 ms [closed]");
}

UNIT_TEST(silence)
{
    struct ping p = probe_ping(3, OUTCOME_FILTERED);
    line_is(&p, 0, CLOCK_S, "10.99.0.2:7: seq=3 no answer within 1 s [filtered]");
    line_is(&p, 0, 250 * CLOCK_MS, "10.99.0.2:7: seq=3 no answer within 250 ms [filtered]");
    line_is(&p, 0, 1500 * CLOCK_MS, "10.99.0.2:7: seq=3 no answer within 1.5 s [filtered]");
}

UNIT_TEST(unreachable)
{
    struct ping p = probe_ping(4, OUTCOME_UNREACHABLE);
    line_is(&p, 0, CLOCK_S,
            "10.99.0.2:7: seq=4 ICMP host unreachable from 10.99.0.9 [unreachable]");
    p.icmp = (struct icmp_error){0};
    line_is(&p, 0, CLOCK_S,
            "10.99.0.2:7: seq=4 never left: the next hop does not answer [unreachable]");
}

/* Neither an answer nor the lack of one. */
UNIT_TEST(interrupted)
{
    struct ping p = probe_ping(5, OUTCOME_INTERRUPTED);
    line_is(&p, 0, CLOCK_S, "");
}

UNIT_TEST(too_late_for_an_rtt)
{
    struct ping p = probe_ping(6, OUTCOME_CLOSED);
    p.doubtful = true;
    p.duplicates = 2;
    line_is(&p, 0, CLOCK_S,
            "10.99.0.2:7: seq=6 flags=RA win=0 ttl=63 dup=2 late: rtt unknown [closed]");
}

static void record_is(const struct ping *p, int64_t rtt_ns, const char *want)
{
    struct facts f = probe_findings(rtt_ns);
    struct result r = {0};
    result_begin(&r, NULL);
    ping_report(p, &f, CLOCK_S, &r);
    result_end(&r);
    assert_string_equal(r.json.data, want);
    result_done(&r);
}

#define HEAD(outcome, rtt)                                                                         \
    "{\"command\":\"ping\",\"target\":\"10.99.0.2:7\",\"local\":\"10.99.0.1:40000\",\"outcome\":"  \
    "\"" outcome "\",\"rtt_us\":" rtt ","
#define TAIL "\"doubtful\":false,\"duplicates\":0,\"kernel_quiet\":true,\"capture_dropped\":0}"

UNIT_TEST(records)
{
    struct ping p = probe_ping(1, OUTCOME_OPEN);
    record_is(&p, 71250,
              HEAD("open", "71.25") "\"seq\":1,\"sent_ns\":1763730000123456789,\"iss\":1000,"
                                    "\"irs\":5000,\"peer_options\":{\"mss\":1460,\"wscale\":7,"
                                    "\"sack_permitted\":true,\"ts_val\":12,\"ts_ecr\":34},"
                                    "\"peer_ttl\":64,\"peer_win\":64240," TAIL);
    p = probe_ping(1, OUTCOME_CLOSED);
    record_is(&p, 41000,
              HEAD("closed", "41.0") "\"seq\":1,\"sent_ns\":1763730000123456789,\"iss\":1000,"
                                     "\"peer_ttl\":63,\"peer_win\":0," TAIL);
    p = probe_ping(1, OUTCOME_FILTERED);
    record_is(
        &p, 0,
        HEAD("filtered", "null") "\"seq\":1,\"sent_ns\":1763730000123456789,\"iss\":1000," TAIL);
    p = probe_ping(1, OUTCOME_UNREACHABLE);
    record_is(&p, 0,
              HEAD("unreachable", "null") "\"icmp\":{\"version\":4,\"type\":3,\"code\":1,\"text\":"
                                          "\"host unreachable\",\"from\":\"10.99.0.9\"},\"seq\":1,"
                                          "\"sent_ns\":1763730000123456789,\"iss\":1000," TAIL);
}

/* The line for all, and one more for those who want it. */
UNIT_TEST(text_of_a_result)
{
    const struct ping p = probe_ping(1, OUTCOME_CLOSED);
    const struct facts f = probe_findings(41000);
    struct result r = {0};
    ping_report(&p, &f, CLOCK_S, &r);
    ping_more(&p, &f, &r);
    assert_string_equal(r.text.data,
                        "\t10.99.0.2:7: seq=1 flags=RA win=0 ttl=63 rtt=0.041 ms [closed]\n"
                        "more\tfrom 10.99.0.1:40000, iss 1000\n");
    result_done(&r);
}
