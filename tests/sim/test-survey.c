/* The survey from end to end on a simulated wire: 65,536 hosts with ten schedules, jitter and loss,
 * none of which may be told wrongly; and its manners towards all that is not so regular. */
#include <math.h>
#include <stdlib.h>

#include "../world/world.h"

static bool instrumented(void)
{
    const char *is = getenv("INSTRUMENTED");
    return is != NULL && strcmp(is, "yes") == 0;
}

static const struct stack *row_of(const char *name)
{
    for (size_t i = 0; i < schedule_stacks(); i++)
        if (strcmp(schedule_stack(i)->name, name) == 0)
            return schedule_stack(i);
    fail_msg("no row is called %s", name);
    return NULL;
}

static const struct stack *windows_10(void)
{
    return row_of("Windows 10");
}

/* Whatever happened: each was told once, nothing is left in the survey, no second had more packets
 * than the rate allows. */
static void expect_clean(const struct world *w)
{
    const struct survey *s = &w->survey;
    uint64_t sum = s->counts.troubled;
    assert_true(survey_over(s));
    for (uint32_t i = 0; i < w->supplied; i++)
        assert_int_equal(w->hosts[i].told, 1);
    for (size_t i = 0; i <= OUTCOME_INTERRUPTED; i++)
        sum += s->counts.outcomes[i];
    assert_int_equal(s->counts.ended, w->supplied);
    assert_int_equal(sum, w->supplied);
    assert_int_equal(s->store.taken, 0);
    assert_int_equal(s->store.entered, 0);
    assert_int_equal(s->store.armed, 0);
    assert_int_equal(s->in_flight, 0);
    assert_int_equal(s->counts.syns + s->counts.resets, w->left_count);
    assert_false(w->too_fast);
}

/* All of it, within an hour. */
static void expect_clean_run(struct world *w)
{
    world_begin(w);
    world_pass(w, 3600 * CLOCK_S);
    expect_clean(w);
}

/* What still holds an entry after the survey has lost all resets to it. */
static void expect_nothing_half_open(const struct world *w)
{
    for (uint32_t i = 0; i < w->supplied; i++) {
        const struct world_host *h = &w->hosts[i];
        assert_true(!h->half_open || h->resets_lost > 0);
        assert_true(h->resets_sent >= h->resets_lost);
    }
}

/* --- Ten schedules --- */

enum {
    KINDS = 10
};

static const char *const kinds[KINDS] = {
    "Linux 3.1 and later", "Cisco IOS 11",      "Windows 10",      "Windows Vista, 7, Server 2008",
    "FreeBSD 4 to 8",      "macOS 10.5, 10.6",  "Solaris 8 to 10", "Cisco IOS 12",
    "Juniper ScreenOS",    "Nucleus, Crestron",
};

struct judged {
    struct world world; /* first: a world is all that the callback is given */
    unsigned answered, complete, wrong, unexplained, lossless, lossless_incomplete;
    unsigned of_kind[KINDS], complete_of_kind[KINDS], lossless_of_kind[KINDS];
};

static bool is_whole(const struct stack *row, const struct series *s)
{
    size_t n = row->count - world_ends_by_reset(row);
    const struct schedule *c = &s->schedule;
    if (c->count != n || c->end != row->end)
        return false;
    for (size_t i = 0; i < row->count; i++) {
        int64_t expected = llround(row->gaps[i] * (double)CLOCK_S);
        int64_t gap = i < n ? c->gaps[i] : c->end_ns - c->last_ns;
        if (llabs(gap - expected) > schedule_tolerance(expected))
            return false;
    }
    return true;
}

/* All of it up to some SYN,ACK: what a peer that tries less often sends too. */
static bool is_beginning(const struct stack *row, const struct series *s)
{
    const struct schedule *c = &s->schedule;
    if (c->count > row->count || c->end != SCHEDULE_SILENCE)
        return false;
    for (size_t i = 0; i < c->count; i++) {
        int64_t expected = llround(row->gaps[i] * (double)CLOCK_S);
        if (llabs(c->gaps[i] - expected) > schedule_tolerance(expected))
            return false;
    }
    return true;
}

static void judge(struct world *w, uint32_t host, const struct survey_end *e)
{
    struct judged *j = (struct judged *)w;
    const struct world_host *h = &w->hosts[host];
    unsigned kind = host % KINDS;
    char buffer[SCHEDULE_EXPLAIN_TEXT_MAX];
    const char *why = series_incomplete(e->series, e->facts, buffer);
    bool whole = is_whole(h->row, e->series);
    bool known = whole || is_beginning(h->row, e->series);
    if (e->outcome != OUTCOME_OPEN) {
        assert_int_equal(e->outcome, OUTCOME_FILTERED);
        assert_null(why);
        assert_true(h->syns == 0 || (h->lost & 1) != 0); /* something was lost */
        return;
    }
    j->answered++;
    j->of_kind[kind]++;
    j->complete += why == NULL;
    j->complete_of_kind[kind] += why == NULL;
    j->wrong += why == NULL && !known;
    j->unexplained += why != NULL && why[0] == '\0';
    if (why == NULL && !known)
        print_error("%u: %s, lost %x, %zu gaps\n", host, h->row->name, h->lost,
                    e->series->schedule.count);
    if (h->lost == 0 && h->sent > h->row->count) {
        if (!whole)
            print_error("%u: %s, nothing lost, %zu gaps, %s\n", host, h->row->name,
                        e->series->schedule.count, why);
        assert_true(whole);
        j->lossless_of_kind[kind]++;
    }
}

/* Whether a row can be told from all others although something may have been lost: by the whole of
 * it, listened to as the survey listens. */
static bool can_be_told(const struct stack *row)
{
    struct schedule s;
    struct schedule_explanations x;
    char reason[SCHEDULE_EXPLAIN_TEXT_MAX];
    int64_t t = WORLD_START;
    bool reset = world_ends_by_reset(row);
    schedule_init(&s);
    schedule_arrival(&s, t);
    for (size_t i = 0; i < row->count; i++) {
        t += llround(row->gaps[i] * (double)CLOCK_S);
        if (!reset || i + 1 < row->count)
            schedule_arrival(&s, t);
    }
    if (!reset)
        t += 15 * CLOCK_S + schedule_explain_patience(&s, CLOCK_MS, 1);
    schedule_finish(&s, row->end, t);
    schedule_explain(&s, CLOCK_MS, &x);
    return schedule_explain_complete(&x, &s, CLOCK_MS, reason);
}

static void tell(const struct judged *j)
{
    unsigned told = 0, sure = 0;
    for (unsigned k = 0; k < KINDS; k++) {
        bool can = can_be_told(row_of(kinds[k]));
        print_message("%-44s %5u answered, %5u recovered, %5u lost nothing%s\n", kinds[k],
                      j->of_kind[k], j->complete_of_kind[k], j->lossless_of_kind[k],
                      can ? "" : "; not to be told from all others");
        if (!can)
            continue;
        assert_true(j->complete_of_kind[k] >= j->lossless_of_kind[k]);
        told += j->of_kind[k];
        sure += j->complete_of_kind[k];
    }
    print_message("%u of %u unambiguous ones recovered, the others marked incomplete, %u wrong\n",
                  sure, told, j->wrong);
    assert_true(told > j->answered / 2);
    assert_true(sure > told / 10 * 9);
}

static void ten_schedules(bool watched, bool settles)
{
    struct judged j = {.answered = 0};
    struct world *w = &j.world;
    world_init(w, instrumented() ? 16384 : 65536, NULL);
    for (uint32_t i = 0; i < w->count; i++)
        w->hosts[i].row = row_of(kinds[i % KINDS]);
    w->loss = 10;
    w->jitter = 0.02;
    w->config.link.watched = watched;
    w->config.rules.settles = settles;
    w->ended = judge;
    expect_clean_run(w);
    world_settles(w);
    expect_nothing_half_open(w);
    assert_int_equal(w->supplied, w->count);
    assert_int_equal(j.answered, w->survey.counts.outcomes[OUTCOME_OPEN]);
    assert_true(j.answered > w->count / 100 * 97);
    assert_int_equal(j.wrong, 0);
    assert_int_equal(j.unexplained, 0);
    tell(&j);
    /* Linux is told from Nucleus by listening longer, and from macOS where its first gap is long */
    if (settles)
        assert_true(j.complete_of_kind[0] > j.of_kind[0] / 2);
    world_done(w);
}

UNIT_TEST(ten_schedules_listened_to_for_longer)
{
    ten_schedules(true, true);
}

UNIT_TEST(ten_schedules_watched)
{
    ten_schedules(true, false);
}

UNIT_TEST(ten_schedules_unwatched)
{
    ten_schedules(false, false);
}

/* --- The rate and the window --- */

static void expect_rate(uint64_t rate, uint32_t count)
{
    struct world w;
    world_init(&w, count, windows_10());
    w.config.rate = rate;
    for (uint32_t i = 0; i < count; i++)
        w.hosts[i].manner = WORLD_REFUSES; /* one packet of ours each */
    expect_clean_run(&w);
    double took = (double)(w.left[(count - 1) % rate] - WORLD_START) / (double)CLOCK_S;
    assert_true(took > (double)(count - 1) / (double)rate * 0.999);
    assert_true(took < (double)(count - 1) / (double)rate * 1.002 + 0.001);
    assert_int_equal(w.survey.counts.outcomes[OUTCOME_CLOSED], count);
    assert_int_equal(w.survey.counts.resets, 0);
    world_done(&w);
}

UNIT_TEST(the_rate_is_kept)
{
    expect_rate(1, 30);
    expect_rate(7, 200);
    expect_rate(1000, 5000);
    expect_rate(20000, instrumented() ? 30000 : 60000);
}

UNIT_TEST(the_window_is_kept)
{
    struct world w;
    world_init(&w, 600, windows_10());
    w.config.window = 50;
    expect_clean_run(&w);
    assert_int_equal(w.most_in_flight, 50);
    assert_int_equal(w.survey.counts.outcomes[OUTCOME_OPEN], 600);
    assert_true(w.survey.counts.window_full >= 11);
    /* eleven times has everyone to wait for 21 s of somebody else's */
    assert_true(w.now - WORLD_START > 12 * 21 * CLOCK_S);
    world_done(&w);
}

/* An interface that is five times slower than the rate: what finds no room is sent later, it is not
 * asked again and again at once, and most of what it can do is done. */
UNIT_TEST(the_kernel_is_full)
{
    struct world w;
    uint32_t count = instrumented() ? 20000 : 60000;
    world_init(&w, count, windows_10());
    w.config.rate = 100000;
    w.drain = 20000;
    for (uint32_t i = 0; i < count; i++)
        w.hosts[i].manner = WORLD_REFUSES;
    expect_clean_run(&w);
    assert_int_equal(w.survey.counts.outcomes[OUTCOME_CLOSED], count);
    double took = (double)(w.now - WORLD_START) / (double)CLOCK_S;
    print_message("full %llu times, %u flushes, %.0f packets a second\n",
                  (unsigned long long)w.survey.counts.full, w.flushes, count / took);
    assert_true(w.survey.counts.full > 3);
    assert_true(w.flushes - w.survey.counts.full > w.survey.counts.full);
    assert_true(took < count / 20000.0 * 2);
    world_done(&w);
}

/* --- All manners at once --- */

static void expect_manner(struct world *w, uint32_t host, const struct survey_end *e)
{
    static const enum outcome outcomes[] = {
        [WORLD_KEEPS_SCHEDULE] = OUTCOME_OPEN, [WORLD_REFUSES] = OUTCOME_CLOSED,
        [WORLD_IS_SILENT] = OUTCOME_FILTERED,  [WORLD_ICMP] = OUTCOME_UNREACHABLE,
        [WORLD_FLOODS] = OUTCOME_OPEN,         [WORLD_KERNEL_SPOKE] = OUTCOME_OPEN,
    };
    const struct world_host *h = &w->hosts[host];
    assert_int_equal(e->outcome, outcomes[h->manner]);
    assert_int_equal(e->facts->kernel_quiet, h->manner != WORLD_KERNEL_SPOKE);
    assert_true(e->series != NULL && e->ping == NULL && e->trouble == NULL);
    if (h->manner == WORLD_KEEPS_SCHEDULE) {
        assert_true(is_whole(h->row, e->series));
        assert_in_range(e->facts->rtt_ns, 2 * WORLD_DELAY, 2 * WORLD_DELAY + CLOCK_MS);
        assert_int_equal(e->segments_back, 6);
        assert_int_equal(e->octets_back, 6 * (world_is_v6(host) ? 60 : 40));
    }
    if (h->manner == WORLD_FLOODS) {
        assert_true(e->series->other_isn > 200 && e->series->duplicates > 200);
        assert_true(e->series->schedule.count < 110); /* one in twenty milliseconds */
        assert_int_equal(e->segments_back, 2000);
    }
    if (h->manner == WORLD_ICMP) {
        assert_int_equal(e->series->icmp.ip_version, world_is_v6(host) ? 6 : 4);
        assert_int_equal(e->series->icmp.code, world_is_v6(host) ? 1 : 13);
    }
}

static void all_manners(bool watched)
{
    struct world w;
    unsigned resets = 0;
    world_init(&w, 300, windows_10());
    for (uint32_t i = 0; i < w.count; i++)
        w.hosts[i].manner = (enum world_manner)(i % 7 < 6 ? i % 7 : 0);
    w.config.link.watched = watched;
    w.ended = watched ? expect_manner : NULL; /* who does not watch does not see the kernel */
    expect_clean_run(&w);
    world_settles(&w);
    expect_nothing_half_open(&w);
    for (uint32_t i = 0; i < w.count; i++) {
        const struct world_host *h = &w.hosts[i];
        assert_int_equal(h->syns, 1);
        assert_false(h->half_open);
        resets += h->resets_sent;
        if (h->manner == WORLD_REFUSES || h->manner == WORLD_ICMP ||
            h->manner == WORLD_KEEPS_SCHEDULE) /* it knows by itself that it is over */
            assert_int_equal(h->resets_sent, 0);
        if (h->manner == WORLD_FLOODS || h->manner == WORLD_IS_SILENT)
            assert_int_equal(h->resets_sent, 1);
    }
    assert_int_equal(resets, w.survey.counts.resets);
    world_done(&w);
}

UNIT_TEST(all_manners_watched)
{
    all_manners(true);
}

UNIT_TEST(all_manners_unwatched)
{
    all_manners(false);
}

static unsigned troubles;

static void count_trouble(struct world *w, uint32_t host, const struct survey_end *e)
{
    assert_int_equal(e->trouble != NULL, host % w->no_way == 0);
    troubles += e->trouble != NULL;
}

UNIT_TEST(no_way_to_some)
{
    struct world w;
    world_init(&w, 300, windows_10());
    w.no_way = 3;
    w.ended = count_trouble;
    troubles = 0;
    expect_clean_run(&w);
    assert_int_equal(troubles, 100);
    assert_int_equal(w.survey.counts.troubled, 100);
    assert_int_equal(w.survey.counts.syns, 200);
    world_done(&w);
}

/* Of very many that there is no way to not all are told in one go. */
UNIT_TEST(no_way_to_many)
{
    struct world w;
    struct fault fault;
    world_init(&w, 50000, windows_10());
    w.no_way = 1;
    world_begin(&w);
    for (uint32_t told = 0; !survey_over(&w.survey); told = w.supplied) {
        int64_t next = survey_next(&w.survey);
        assert_true(next <= w.now + 10 * CLOCK_MS); /* there is more to do soon */
        w.now = next > w.now ? next : w.now;
        assert_int_equal(survey_tick(&w.survey, w.now, &fault), STATUS_OK);
        assert_true(w.supplied - told <= 5000);
        assert_true(w.supplied > told || survey_over(&w.survey));
    }
    expect_clean(&w);
    assert_int_equal(w.survey.counts.troubled, 50000);
    world_done(&w);
}

/* --- Stopped in the middle --- */

static void expect_interrupted(struct world *w, uint32_t host, const struct survey_end *e)
{
    char buffer[SCHEDULE_EXPLAIN_TEXT_MAX];
    const char *why = series_incomplete(e->series, e->facts, buffer);
    (void)w;
    (void)host;
    if (e->outcome == OUTCOME_OPEN)
        assert_true(why == NULL || strcmp(why, "interrupted") == 0);
    else
        assert_true(e->outcome == OUTCOME_INTERRUPTED && why == NULL);
    if (e->series->ended == SERIES_ENDED_USER && e->outcome == OUTCOME_OPEN)
        assert_string_equal(why, "interrupted");
}

static void stopped(int64_t after_ns)
{
    struct world w;
    world_init(&w, 5000, windows_10());
    w.config.rate = 100;
    w.ended = expect_interrupted;
    world_begin(&w);
    world_pass(&w, after_ns);
    survey_stop(&w.survey, w.now);
    uint32_t supplied = w.supplied;
    world_pass(&w, 3600 * CLOCK_S);
    assert_int_equal(w.supplied, supplied);
    expect_clean(&w);
    assert_true(w.survey.counts.resets > 0);
    world_settles(&w);
    expect_nothing_half_open(&w);
    for (uint32_t i = 0; i < w.supplied; i++)
        assert_false(w.hosts[i].half_open);
    assert_int_equal(w.survey.counts.unsent, 0);
    world_done(&w);
}

UNIT_TEST(stopped_in_the_middle)
{
    stopped(20 * CLOCK_MS); /* before the first answer */
    stopped(7 * CLOCK_S);
    stopped(30 * CLOCK_S);
}

/* Who has no patience for the resets either: all is told, and that they were not sent. */
UNIT_TEST(stopped_twice)
{
    struct world w;
    world_init(&w, 5000, windows_10());
    w.config.rate = 100;
    world_begin(&w);
    world_pass(&w, 10 * CLOCK_S);
    survey_stop(&w.survey, w.now);
    world_pass(&w, CLOCK_S);
    survey_stop(&w.survey, w.now);
    world_pass(&w, CLOCK_S);
    expect_clean(&w);
    assert_true(w.survey.counts.unsent > 0);
    assert_true(w.survey.counts.resets > 0);
    world_done(&w);
}

/* --- A capture that loses --- */

static void expect_marked(struct world *w, uint32_t host, const struct survey_end *e)
{
    char buffer[SCHEDULE_EXPLAIN_TEXT_MAX];
    (void)w;
    (void)host;
    assert_string_equal(series_incomplete(e->series, e->facts, buffer), "the capture lost packets");
    assert_int_equal(e->facts->capture_dropped, 3);
}

UNIT_TEST(the_capture_loses)
{
    struct world w;
    world_init(&w, 100, windows_10());
    w.ended = expect_marked;
    world_begin(&w);
    world_pass(&w, CLOCK_S);
    survey_lost_packets(&w.survey, 3, w.now);
    world_pass(&w, 3600 * CLOCK_S);
    expect_clean(&w);
    assert_int_equal(w.survey.counts.outcomes[OUTCOME_OPEN], 100);
    world_done(&w);
}

/* A SYN that was not seen leaving did not leave; unless the capture has lost packets. */
UNIT_TEST(not_seen_leaving)
{
    for (unsigned lost = 0; lost <= 1; lost++) {
        struct world w;
        world_init(&w, 100, windows_10());
        for (uint32_t i = 0; i < w.count; i++)
            w.hosts[i].manner = WORLD_IS_SILENT;
        w.blind = true;
        world_begin(&w);
        world_pass(&w, CLOCK_S);
        survey_lost_packets(&w.survey, lost, w.now);
        world_pass(&w, 3600 * CLOCK_S);
        expect_clean(&w);
        assert_int_equal(w.survey.counts.outcomes[OUTCOME_UNREACHABLE], lost ? 0 : 100);
        assert_int_equal(w.survey.counts.outcomes[OUTCOME_FILTERED], lost ? 100 : 0);
        assert_int_equal(w.survey.counts.resets, lost ? 100 : 0);
        world_done(&w);
    }
}

/* The way is gone when the resets are to be sent: that is counted, and it ends. */
UNIT_TEST(the_way_is_lost)
{
    struct world w;
    world_init(&w, 100, row_of(kinds[0]));
    world_begin(&w);
    world_pass(&w, 10 * CLOCK_S);
    w.no_way = 1;
    world_pass(&w, 3600 * CLOCK_S);
    expect_clean(&w);
    assert_int_equal(w.survey.counts.outcomes[OUTCOME_OPEN], 100);
    assert_int_equal(w.survey.counts.resets, 0);
    assert_int_equal(w.survey.counts.unsent, 100);
    world_done(&w);
}

/* --- One SYN each: ping --- */

static void expect_ping(struct world *w, uint32_t host, const struct survey_end *e)
{
    assert_true(e->series == NULL && e->ping != NULL);
    assert_int_equal(e->ping->outcome, e->outcome);
    assert_int_equal(e->ping->number, host + 1);
    if (e->outcome != OUTCOME_OPEN)
        return;
    /* what was sent first was lost: the second is no measure of the way */
    assert_int_equal(e->ping->doubtful, w->hosts[host].lost & 1);
    assert_int_equal(e->facts->rtt_ns == 0, e->ping->doubtful);
}

UNIT_TEST(pings)
{
    struct world w;
    world_init(&w, 5000, row_of(kinds[0]));
    w.config.command = "ping";
    w.config.rules.listens = false;
    w.loss = 20;
    w.ended = expect_ping;
    expect_clean_run(&w);
    world_settles(&w);
    expect_nothing_half_open(&w);
    assert_true(w.survey.counts.outcomes[OUTCOME_OPEN] > 4800);
    assert_true(w.survey.counts.strays > 0);
    world_done(&w);
}

/* RFC 9293 Figure 9: its ACK is reset where it wants it, and the next SYN finds it listening. */
UNIT_TEST(remembers)
{
    struct world w;
    world_init(&w, 300, row_of(kinds[0]));
    w.config.command = "ping";
    w.config.rules.listens = false;
    for (uint32_t i = 0; i < w.count; i++)
        w.hosts[i].manner = WORLD_REMEMBERS;
    world_begin(&w);
    world_pass(&w, 60 * CLOCK_S);
    expect_clean(&w);
    assert_int_equal(w.survey.counts.outcomes[OUTCOME_FILTERED], w.count);
    for (uint32_t i = 0; i < w.count; i++) {
        assert_int_equal(w.hosts[i].manner, WORLD_KEEPS_SCHEDULE);
        assert_false(w.hosts[i].half_open);
    }
    world_done(&w);
}
