/* See ping.h. */
#include "measure/ping/ping.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "event/result.h"

static double ms(double ns)
{
    return ns / (double)CLOCK_MS;
}

/* The letters that hping and tcpdump have for control bits, hping's order. */
static void put_flags(struct text *t, uint16_t flags)
{
    static const struct {
        uint16_t bit;
        char letter;
    } letters[] = {
        {FLAG_RST, 'R'}, {FLAG_SYN, 'S'}, {FLAG_ACK, 'A'}, {FLAG_FIN, 'F'},
        {FLAG_PSH, 'P'}, {FLAG_URG, 'U'}, {FLAG_ECE, 'E'}, {FLAG_CWR, 'W'},
    };
    text_printf(t, " flags=");
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if ((flags & letters[i].bit) != 0)
            text_put(t, &letters[i].letter, 1);
    }
}

static void put_options(struct text *t, const struct options *o)
{
    if (o->has_mss)
        text_printf(t, " mss=%u", (unsigned)o->mss);
    if (o->has_wscale)
        text_printf(t, " ws=%u", (unsigned)o->wscale);
    if (o->sack_permitted)
        text_printf(t, " sackOK");
    if (o->has_timestamps)
        text_printf(t, " ts");
    if (o->has_fastopen)
        text_printf(t, " fastopen");
    if (o->malformed)
        text_printf(t, " malformed");
}

static void put_answer(struct text *t, const struct ping *p, const struct facts *f)
{
    const struct segment *seg = &p->answer;
    put_flags(t, seg->flags);
    text_printf(t, " win=%u ttl=%u", (unsigned)seg->win, (unsigned)seg->ttl);
    put_options(t, &seg->opt);
    if (p->duplicates > 0)
        text_printf(t, " dup=%u", p->duplicates);
    if (p->doubtful)
        text_printf(t, " late: rtt unknown");
    else if (f->rtt_ns > 0)
        text_printf(t, " rtt=%.3f ms", ms((double)f->rtt_ns));
}

static void put_unreachable(struct text *t, const struct icmp_error *e)
{
    char from[ADDRESS_TEXT_MAX];
    if (e->ip_version == 0)
        text_printf(t, " never left: the next hop does not answer");
    else
        text_printf(t, " ICMP %s from %s", icmp_describe(e->ip_version, e->type, e->code),
                    address_format(&e->from, from));
}

static void put_silence(struct text *t, int64_t wait_ns)
{
    if (wait_ns < CLOCK_S)
        text_printf(t, " no answer within %g ms", ms((double)wait_ns));
    else
        text_printf(t, " no answer within %g s", ms((double)wait_ns) / 1000);
}

static bool has_line(const struct ping *p)
{
    return p->outcome != OUTCOME_NONE && p->outcome != OUTCOME_INTERRUPTED;
}

void ping_line(const struct ping *p, const struct facts *f, int64_t wait_ns, struct text *t)
{
    char remote[ENDPOINT_TEXT_MAX];
    if (!has_line(p))
        return;
    text_printf(t, "%s: seq=%" PRIu64, endpoint_format(&f->remote, remote), p->number);
    if (p->outcome == OUTCOME_OPEN || p->outcome == OUTCOME_CLOSED)
        put_answer(t, p, f);
    else if (p->outcome == OUTCOME_UNREACHABLE)
        put_unreachable(t, &p->icmp);
    else
        put_silence(t, wait_ns);
    text_printf(t, " [%s]", facts_outcome_word(p->outcome));
}

static void report_keys(const struct ping *p, const struct facts *f, struct result *r)
{
    facts_outcome(f, p->outcome, "", &p->icmp, r);
    result_set_integer(r, "seq", (int64_t)p->number);
    result_set_integer(r, "sent_ns", p->sent_ns);
    if (p->outcome == OUTCOME_OPEN) {
        facts_peer(f, &p->answer, r);
    } else {
        result_set_integer(r, "iss", f->iss.v);
        if (p->outcome == OUTCOME_CLOSED) {
            result_set_integer(r, "peer_ttl", p->answer.ttl);
            result_set_integer(r, "peer_win", p->answer.win);
        }
    }
    result_set_flag(r, "doubtful", p->doubtful);
    result_set_integer(r, "duplicates", p->duplicates);
    facts_trust(f, r);
}

void ping_report(const struct ping *p, const struct facts *f, int64_t wait_ns, struct result *r)
{
    const bool bare = r->bare;
    r->bare = true; /* the facts' lines are those of one target, and many of them */
    if (!r->keyless)
        report_keys(p, f, r);
    r->bare = bare;
    if (bare || !has_line(p))
        return;
    text_put(&r->text, "\t", 1);
    ping_line(p, f, wait_ns, &r->text);
    text_put(&r->text, "\n", 1);
}

void ping_more(const struct ping *p, const struct facts *f, struct result *r)
{
    char local[ENDPOINT_TEXT_MAX], options[160];
    if (!has_line(p))
        return;
    endpoint_format(&f->local, local);
    if (p->outcome == OUTCOME_OPEN)
        result_line(r, "more", "from %s, iss %" PRIu32 ", irs %" PRIu32 ", %s", local, f->iss.v,
                    p->answer.seq.v, options_format(&p->answer.opt, options, sizeof(options)));
    else
        result_line(r, "more", "from %s, iss %" PRIu32, local, f->iss.v);
}

/* --- Over many --- */

void ping_count_init(struct ping_count *c)
{
    memset(c, 0, sizeof(*c));
    histogram_init(&c->rtt);
}

static void take_rtt(struct ping_count *c, int64_t rtt_ns)
{
    if (c->rtt.count > 0) {
        c->steps++;
        c->steps_ns += fabs((double)rtt_ns - (double)c->last_rtt_ns);
    }
    c->last_rtt_ns = rtt_ns;
    histogram_record(&c->rtt, rtt_ns);
}

static void widen(struct ping_count *c, int64_t from_ns, int64_t to_ns)
{
    if (c->first_ns == 0 || from_ns < c->first_ns)
        c->first_ns = from_ns;
    if (to_ns > c->last_ns)
        c->last_ns = to_ns;
}

void ping_count_take(struct ping_count *c, const struct ping *p, int64_t rtt_ns, int64_t t_ns)
{
    c->transmitted++;
    c->open += p->outcome == OUTCOME_OPEN;
    c->closed += p->outcome == OUTCOME_CLOSED;
    c->unreachable += p->outcome == OUTCOME_UNREACHABLE;
    c->filtered += p->outcome == OUTCOME_FILTERED;
    c->awaited += p->outcome == OUTCOME_NONE || p->outcome == OUTCOME_INTERRUPTED;
    c->duplicates += p->duplicates;
    c->doubtful += p->doubtful;
    if (rtt_ns > 0 && !p->doubtful)
        take_rtt(c, rtt_ns);
    widen(c, p->sent_ns, t_ns);
}

void ping_count_add(struct ping_count *c, const struct ping_count *from)
{
    c->transmitted += from->transmitted;
    c->open += from->open;
    c->closed += from->closed;
    c->unreachable += from->unreachable;
    c->filtered += from->filtered;
    c->awaited += from->awaited;
    c->unsent += from->unsent;
    c->duplicates += from->duplicates;
    c->doubtful += from->doubtful;
    c->steps += from->steps;
    c->steps_ns += from->steps_ns;
    histogram_merge(&c->rtt, &from->rtt);
    if (from->transmitted != 0)
        widen(c, from->first_ns, from->last_ns);
}

uint64_t ping_count_answered(const struct ping_count *c)
{
    return c->open + c->closed;
}

double ping_count_loss(const struct ping_count *c)
{
    uint64_t judged = c->transmitted - c->awaited;
    return judged != 0 ? (double)(c->unreachable + c->filtered) / (double)judged : 0;
}

double ping_count_jitter(const struct ping_count *c)
{
    return c->steps != 0 ? c->steps_ns / (double)c->steps : 0;
}

int ping_count_exit(const struct ping_count *c)
{
    if (c->open > 0)
        return 0;
    return c->closed > 0 ? 1 : 3;
}

void ping_count_keys(const struct ping_count *c, struct result *r)
{
    result_set_count(r, "transmitted", c->transmitted);
    result_set_count(r, "answered", ping_count_answered(c));
    result_set_count(r, "open", c->open);
    result_set_count(r, "closed", c->closed);
    result_set_count(r, "unreachable", c->unreachable);
    result_set_count(r, "filtered", c->filtered);
    result_set_count(r, "awaited", c->awaited);
    result_set_count(r, "unsent", c->unsent);
    result_set_count(r, "duplicates", c->duplicates);
    result_set_count(r, "doubtful", c->doubtful);
    result_set_seconds(r, "loss", ping_count_loss(c)); /* six decimals do here too */
    result_set_distribution(r, "rtt_us", &c->rtt);
    result_set_us(r, "jitter_us", c->steps != 0 ? llround(ping_count_jitter(c)) : CLOCK_NEVER);
    result_set_seconds(r, "elapsed_s", (double)(c->last_ns - c->first_ns) / (double)CLOCK_S);
}

static double percentile_ms(const struct histogram *h, double percent)
{
    return ms((double)histogram_percentile(h, percent));
}

static void put_rtt(const struct ping_count *c, struct text *t)
{
    const struct histogram *h = &c->rtt;
    text_printf(t, "rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n", ms((double)h->min_ns),
                ms(h->mean_ns), ms((double)h->max_ns), ms(histogram_mdev(h)));
    text_printf(t, "rtt p50/p95/p99 = %.3f/%.3f/%.3f ms", percentile_ms(h, 50),
                percentile_ms(h, 95), percentile_ms(h, 99));
    if (c->steps != 0)
        text_printf(t, ", jitter %.3f ms", ms(ping_count_jitter(c)));
    text_printf(t, "\n");
}

/* "3 answered (2 open, 1 closed)": what it consists of only where that is not said already. */
static void put_answered(const struct ping_count *c, struct text *t)
{
    text_printf(t, "%" PRIu64 " answered", ping_count_answered(c));
    if (c->open != 0 && c->closed != 0)
        text_printf(t, " (%" PRIu64 " open, %" PRIu64 " closed)", c->open, c->closed);
    else if (ping_count_answered(c) != 0)
        text_printf(t, " (%s)", c->open != 0 ? "open" : "closed");
}

static void put_if_any(struct text *t, const char **before, uint64_t n, const char *what)
{
    if (n == 0)
        return;
    text_printf(t, "%s%" PRIu64 " %s", *before, n, what);
    *before = ", ";
}

/* What there usually is none of, in a line of its own. */
static void put_rare(const struct ping_count *c, struct text *t)
{
    const char *before = "";
    put_if_any(t, &before, c->unreachable, "unreachable");
    put_if_any(t, &before, c->awaited, "still awaited");
    put_if_any(t, &before, c->unsent, "could not be sent");
    put_if_any(t, &before, c->doubtful, "answered too late for an rtt");
    put_if_any(t, &before, c->duplicates, c->duplicates == 1 ? "duplicate" : "duplicates");
    text_printf(t, "%s", before[0] != '\0' ? "\n" : "");
}

void ping_count_text(const struct ping_count *c, const char *title, struct text *t)
{
    text_printf(t, "--- %s ping statistics ---\n", title);
    text_printf(t, "%" PRIu64 " SYN%s transmitted, ", c->transmitted,
                c->transmitted == 1 ? "" : "s");
    put_answered(c, t);
    text_printf(t, ", %.4g%% loss, %.3f s\n", 100 * ping_count_loss(c),
                (double)(c->last_ns - c->first_ns) / (double)CLOCK_S);
    put_rare(c, t);
    if (c->rtt.count != 0)
        put_rtt(c, t);
}

/* --- The row --- */

static const struct measure_option options[] = {
    {"count", 'c', 6, MEASURE_NUMBER, "N", "Stop after N SYNs to each target (default: go on)",
     "Stop after _N_ SYNs to each target, once they are answered or *--wait* has passed.", 1,
     UINT32_MAX, .field = MEASURE_FIELD(struct ping_asked, count)},
    {"interval", 'i', 6, MEASURE_DURATION, "TIME",
     "From one SYN to a target to the next, at least 1ms (default 1s); several targets share it "
     "evenly",
     "From one SYN to a target to the next (default 1s), at least 1ms; with many targets more, so "
     "that there are no more than 5000 SYNs a second in all.",
     CLOCK_MS, .least_told = "1ms or more",
     .beyond = "faster than that is no measurement but a flood",
     .field = MEASURE_FIELD(struct ping_asked, interval_ns)},
    {"timestamp", 'D', 6, MEASURE_FLAG, NULL,
     "Print the time, in seconds since 1970, before each line",
     "Print the time, in seconds since 1970 with microseconds, before each line: when the answer "
     "came, or the waiting ended.",
     .field = MEASURE_FIELD(struct ping_asked, stamped)},
    {"file", 'f', 6, MEASURE_STRING, "FILE",
     "Ask the targets in this file too, one a line, # begins a comment; - is standard input",
     "Ask the targets in this file too, one a line, as on the command line; from *#* on it is a "
     "comment.\n*-* is standard input.\n"
     "A line that is no target, or a name that does not resolve, is told with the name of the file "
     "and its number, and passed over.",
     .field = MEASURE_FIELD(struct ping_asked, file)},
    {"live", 0, 6, MEASURE_FLAG, NULL,
     "In place of a line a probe show one line on the terminal that moves with them",
     "In place of a line for each probe, one line on the terminal (standard error) that moves with "
     "them: a bar for each of the last round-trip times, from the shortest to the longest of those "
     "shown, *\xc3\x97* where there was none, the last time, the 50th and 99th percentiles, and "
     "how "
     "many of how many were answered.\nWhere the locale has no UTF-8 it is in ASCII.",
     .field = MEASURE_FIELD(struct ping_asked, live)},
    {0},
};

static const struct measure_refusal refused[] = {
    {"pcapng", "records one conversation, and these are many: 'tcpshake open --pcapng FILE' "
               "records one"},
    {"mermaid", "records one conversation, and these are many: 'tcpshake open --mermaid FILE' "
                "records one"},
    {"dry-run", "has nothing to show here: 'tcpshake open --dry-run' shows the same SYN"},
    {"isn", "would make all SYNs one: each has a number of its own"},
    {0},
};

static const struct measure_key keys[] = {
    {"outcome", "outcome", NULL, "", NULL},
    {"rtt_us", "microseconds?", NULL, "", NULL},
    {"seq", "count>=1", "of the probes of this target, counted from 1", NULL, NULL},
    {"sent_ns", "t_ns", "when the SYN left, or was handed out if it was not seen leaving", NULL,
     NULL},
    {"doubtful", "boolean",
     "the answer came so late that it may be a retransmission of one that was lost: it has no RTT",
     NULL, NULL},
    {"duplicates", "count", "further copies of the answer", NULL, NULL},
    {"iss", "u32", NULL, "outcome=open", NULL},
    {"irs", "u32", NULL, "outcome=open", NULL},
    {"peer_options", "options", NULL, "outcome=open", NULL},
    {"peer_ttl", "u8", NULL, "outcome=open|closed", NULL},
    {"peer_win", "u16", NULL, "outcome=open|closed", NULL},
    {"kernel_quiet", "boolean", NULL, "", NULL},
    {"capture_dropped", "count", NULL, "", NULL},
    {0},
};

static const char late[] =
    "{\"if\":{\"required\":[\"doubtful\"],\"properties\":{\"doubtful\":{\"const\":true}}},"
    "\"then\":{\"properties\":{\"rtt_us\":{\"type\":\"null\"}}}}";

/* The statistics, of one target or of all. */
#define COUNTS                                                                                     \
    {"transmitted", "count", "SYNs", "", NULL},                                                    \
        {"answered", "count", "open and closed", "", NULL}, {"open", "count", NULL, "", NULL},     \
        {"closed", "count", NULL, "", NULL}, {"unreachable", "count", NULL, "", NULL},             \
        {"filtered", "count", NULL, "", NULL},                                                     \
        {"awaited", "count", "not waited for to the end: interrupted", "", NULL},                  \
        {"unsent", "count", "that could not be sent; not among the transmitted", "", NULL},        \
        {"duplicates", "count", NULL, "", NULL},                                                   \
        {"doubtful", "count", "answered, but too late for an RTT", "", NULL},                      \
        {"loss", "share", "unreachable and filtered, as a share of those that were waited for",    \
         "", NULL},                                                                                \
        {"rtt_us", "rtt", "min, avg, max, mdev, p50, p95, p99, or null", "", NULL},                \
        {"jitter_us", "microseconds?",                                                             \
         "the mean of the differences between each RTT and the one before it; null with fewer "    \
         "than two",                                                                               \
         "", NULL},                                                                                \
    {                                                                                              \
        "elapsed_s", "seconds", "from the first SYN to the end of the last probe", "", NULL        \
    }

static const struct measure_key target_keys[] = {
    {"session", "session>=1", NULL, "", NULL},
    {"target", "endpoint", NULL, "", NULL},
    {"name", "word", NULL, NULL, NULL},
    COUNTS,
    {0},
};

static const struct measure_key summary_keys[] = {
    {"sessions", "count", NULL, "", NULL},
    {"interrupted", "boolean", NULL, "", NULL},
    {"exit_code", "integer", NULL, "", NULL},
    COUNTS,
    {"targets", "[ping_target]+2", "where there are several: all of it for each by itself", NULL,
     NULL},
    {0},
};

static const struct measure_record records[] = {
    {"ping", "What came of one SYN.", keys, late, false},
    {"ping_target", "The statistics of one of several targets.", target_keys, NULL, false},
    {"ping_summary", NULL, summary_keys, NULL, false},
    {0},
};

static const struct ping_asked defaults = {.interval_ns = CLOCK_S};

const struct measure ping_measure = {
    .name = "ping",
    .operands = "TARGET...",
    .summary = "a SYN a second, and how long the answer takes, as ping does",
    .about = "Sends a SYN each second, resets what the SYN-ACK opens with exactly the number that "
             "the peer expects, and prints a line for each answer and statistics at the end, as "
             "ping does. A closed port answers too; a retransmitted SYN-ACK is no answer and gives "
             "no RTT.",
    .statuses = "Exit status: 0 open at least once, 1 answered and never open, 2 usage or system "
                "error, 3 no answer.",
    .carrier = MEASURE_TURNS,
    .can = MEASURE_MANY,
    .run = {.wait_ns = CLOCK_S, .deadline_ns = CLOCK_NEVER, .sessions = 1},
    .options = options,
    .refused = refused,
    .records = records,
    .size = sizeof(struct ping_asked),
    .state = &defaults,
};
