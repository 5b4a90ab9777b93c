/* A run of ping as people and as programs see it: the engine's calls, made here, through the log
 * into the sinks. */
#include "golden.h"

#include "../unit/probe.h"
#include "measure/ping/ping_log.h"
#include "render/render.h"

static const struct ping_log_target *targets(void)
{
    static struct ping_log_target all[2];
    all[0] = (struct ping_log_target){.at = probe_endpoint(2, 7)};
    all[1] = (struct ping_log_target){.at = probe_endpoint(3, 443), .name = "www.example.org:443"};
    return all;
}

static void ended(struct ping_log *l, uint32_t session, struct ping p, int64_t rtt_ns)
{
    struct facts f = probe_findings(rtt_ns);
    f.remote = targets()[session - 1].at;
    ping_log_take(l, session, &p, &f, p.sent_ns + (rtt_ns != 0 ? rtt_ns : CLOCK_S));
}

static void spoilt(struct ping_log *l, struct ping p)
{
    struct facts f = probe_findings(5 * CLOCK_US);
    f.kernel_quiet = false;
    f.capture_dropped = 3;
    ping_log_take(l, 1, &p, &f, p.sent_ns + 5 * CLOCK_US);
    p.number++;
    ping_log_take(l, 1, &p, &f, p.sent_ns + 5 * CLOCK_US);
}

static int one_target(struct ping_log *l)
{
    struct ping late = probe_ping(5, OUTCOME_OPEN), left = probe_ping(6, OUTCOME_UNREACHABLE);
    late.doubtful = true;
    left.icmp = (struct icmp_error){0};
    ended(l, 1, probe_ping(1, OUTCOME_OPEN), 71 * CLOCK_US);
    ended(l, 1, probe_ping(2, OUTCOME_CLOSED), 41 * CLOCK_US);
    ended(l, 1, probe_ping(3, OUTCOME_FILTERED), 0);
    ended(l, 1, probe_ping(4, OUTCOME_UNREACHABLE), 0);
    ended(l, 1, late, 0);
    ended(l, 1, left, 0);
    ended(l, 1, probe_ping(7, OUTCOME_OPEN), 2500 * CLOCK_US);
    ended(l, 1, probe_ping(8, OUTCOME_INTERRUPTED), 0);
    return ping_log_end(l, true, PROBE_SENT + 9 * CLOCK_S);
}

static int two_targets(struct ping_log *l)
{
    ended(l, 1, probe_ping(1, OUTCOME_FILTERED), 0);
    ended(l, 2, probe_ping(1, OUTCOME_CLOSED), 41 * CLOCK_US);
    ended(l, 2, probe_ping(2, OUTCOME_CLOSED), 43 * CLOCK_US);
    ended(l, 1, probe_ping(2, OUTCOME_FILTERED), 0);
    const struct facts f = probe_findings(0);
    ping_log_trouble(l, 1, &f, "no way to it from the interface", PROBE_SENT + 8 * CLOCK_S);
    return ping_log_end(l, false, PROBE_SENT + 9 * CLOCK_S);
}

static int a_loud_kernel(struct ping_log *l)
{
    spoilt(l, probe_ping(1, OUTCOME_OPEN));
    return ping_log_end(l, false, PROBE_SENT + 9 * CLOCK_S);
}

struct scene {
    int (*play)(struct ping_log *l);
    size_t targets;
    int exit_code;
};

static const struct scene one = {one_target, 1, 0}, two = {two_targets, 2, 1},
                          loud = {a_loud_kernel, 1, 2};

/* The scene through a sink; what it printed is in `m`. */
static enum status shown(const struct scene *s, struct golden_memory *m, const struct style *style,
                         struct fault *fault)
{
    const struct writer w = {.put = golden_put, .arg = m};
    const struct run_info info = {.command = "ping",
                                  .target = "10.99.0.2:7",
                                  .targets = s->targets,
                                  .interface = "eth0",
                                  .clock = "kernel software stamps, ns",
                                  .version = "0",
                                  .seed = 1};
    struct timeline timeline;
    struct ping_log l;
    timeline_init(&timeline);
    struct sink *sink = style != NULL ? ping_text_new(w, *style) : ndjson_new(w);
    assert_int_equal(timeline_add_sink(&timeline, sink, fault), STATUS_OK);
    enum status status = timeline_open(&timeline, &info, fault);
    assert_true(ping_log_init(&l, &timeline, targets(), s->targets, CLOCK_S));
    l.verbose = style != NULL && style->verbose;
    assert_int_equal(s->play(&l), s->exit_code);
    ping_log_done(&l);
    enum status closed = timeline_close(&timeline, fault);
    return status == STATUS_OK ? closed : status;
}

static void golden(const struct scene *s, const struct style *style, const char *file)
{
    struct golden_memory m = {.limit = SIZE_MAX};
    struct fault fault;
    assert_int_equal(shown(s, &m, style, &fault), STATUS_OK);
    golden_compare(file, &m.text);
    text_done(&m.text);
}

UNIT_TEST(text)
{
    const struct style plain = {.columns = 80};
    golden(&one, &plain, "ping.txt");
    golden(&two, &plain, "ping-two.txt");
    golden(&loud, &plain, "ping-loud.txt");
}

UNIT_TEST(text_with_options)
{
    const struct style stamped = {.columns = 80, .stamped = true, .colour = true};
    const struct style verbose = {.columns = 80, .verbose = true};
    const struct style brief = {.columns = 80, .brief = true};
    golden(&one, &stamped, "ping-stamped-colour.txt");
    golden(&one, &verbose, "ping-verbose.txt");
    golden(&two, &brief, "ping-brief.txt");
}

UNIT_TEST(records)
{
    golden(&one, NULL, "ping.ndjson");
    golden(&two, NULL, "ping-two.ndjson");
    golden(&loud, NULL, "ping-loud.ndjson");
}

static enum status perform(const void *scene, struct golden_memory *m, struct fault *fault)
{
    const struct style plain = {.columns = 80};
    return shown(scene, m, &plain, fault);
}

UNIT_TEST(a_full_disk)
{
    golden_full_disk(perform, &one, 100);
}
