/* See answerer.h. */
#include "talk/answerer.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "event/result.h"

enum {
    /* Beyond this from the opening a number may be another connection's. */
    NEAR = 1 << 24,
    /* RFC 7323 5.4 has a tick last 1 ms at the least. Linux has one of 1 us as well, and what comes
     * may have been held up: a clock that is another one differs by half of 2^32 in the mean. */
    CLOCK_SLACK_US = 2000000
};

/* --- The table --- */

static const struct {
    const char *word;         /* in a record */
    const char *means;        /* to people */
    const char *first, *then; /* what stands before each of the two values; NULL: has none */
    const char *last;         /* and behind them */
} table[ANSWERER_SIGNS] = {
    [ANSWERER_TTL] = {"ttl", "two senders, or two ways", "SYN,ACK ttl ", " ttl ", ""},
    [ANSWERER_RST_TTL] = {"rst-ttl", "two senders, or resets have a TTL of their own",
                          "SYN,ACK ttl ", " ttl ", ""},
    [ANSWERER_WINDOW_0] = {"win-0", "perhaps a SYN proxy", "SYN,ACK win ", NULL, ""},
    [ANSWERER_WSCALE] = {"wscale", "two senders, or an option left out", "SYN,ACK wscale ",
                         " wscale ", ""},
    [ANSWERER_NO_STAMP] = {"timestamps", "two senders, or an option taken out", "SYN,ACK ts ", NULL,
                           " without"},
    [ANSWERER_CLOCK] = {"ts-clock", "two senders", "SYN,ACK ts ", " ts ", ""},
    [ANSWERER_ACK_TWICE] = {"ack-twice", "two senders, or a packet doubled", "ACK ", NULL,
                            " came twice"},
    [ANSWERER_ISN] = {"isn", "two responders, or SYN cookies", "ISN ", " ISN ", ""},
};

static void find(struct answerer *a, enum answerer_sign sign, const struct segment *seg,
                 uint32_t first, uint32_t then)
{
    if (!a->found[sign].there)
        a->found[sign] = (struct answerer_found){true, seg->flags, seg->len > 0, first, then};
}

/* --- Segments --- */

/* An ACK that lies where everything has been said asks for nothing (RFC 9293 3.10.7.4). */
void answerer_left(struct answerer *a, const struct segment *seg)
{
    bool next = seq_eq(seg->seq, a->sent_end) || seg->flags & FLAG_SYN;
    /* A SYN after the peer's own may find the connection gone, and open another. */
    a->over |= seg->flags & FLAG_RST || (seg->flags & FLAG_SYN && a->opening.there);
    if (seg->flags & FLAG_RST)
        return;
    a->asked += segment_seq_len(seg) > 0 || !next;
    if (next)
        a->sent_end = segment_end(seg);
}

static uint8_t wscale_of(const struct segment *seg)
{
    return seg->opt.has_wscale ? seg->opt.wscale : ANSWERER_NONE;
}

void answerer_begin(struct answerer *a, const struct segment *seg, int64_t t_ns)
{
    a->opening = (struct answerer_opening){.there = true,
                                           .stamped = seg->opt.has_timestamps,
                                           .ttl = seg->ttl,
                                           .wscale = wscale_of(seg),
                                           .seq = seg->seq,
                                           .ack = seg->ack,
                                           .ts_val = seg->opt.ts_val,
                                           .t_ns = t_ns};
    a->end = segment_end(seg);
    a->acked = a->over = false;
    a->asked -= a->asked > 0;
    if (seg->flags & FLAG_ACK && seg->win == 0)
        find(a, ANSWERER_WINDOW_0, seg, 0, 0);
}

/* One more SYN of the peer's: of a new connection, or of this one. */
static void came_again(struct answerer *a, const struct segment *seg, int64_t t_ns)
{
    const struct answerer_opening *o = &a->opening;
    bool answer = seg->flags & FLAG_ACK && seq_eq(seg->ack, o->ack);
    if (!answer && !seq_eq(seg->seq, o->seq)) {
        answerer_begin(a, seg, t_ns);
        return;
    }
    if (seg->ttl != o->ttl)
        find(a, ANSWERER_TTL, seg, o->ttl, seg->ttl);
    if (!seq_eq(seg->seq, o->seq))
        find(a, ANSWERER_ISN, seg, o->seq.v, seg->seq.v);
    else if (wscale_of(seg) != o->wscale)
        find(a, ANSWERER_WSCALE, seg, o->wscale, wscale_of(seg));
}

/* A SYN-cookie listener may lower the clock of its SYN,ACK by what it hides there, 64 ticks with
 * Linux: that is within the slack. */
static bool one_clock(const struct answerer_opening *o, const struct segment *seg, int64_t t_ns)
{
    int32_t ticks = (int32_t)(seg->opt.ts_val - o->ts_val);
    return ticks >= 0 && ticks <= (t_ns - o->t_ns) / CLOCK_US + CLOCK_SLACK_US;
}

static bool of_connection(const struct answerer_opening *o, const struct segment *seg)
{
    return seq_within(seg->seq, o->seq, NEAR) && seg->flags & FLAG_ACK &&
           (o->ack.v == 0 || seq_within(seg->ack, o->ack, NEAR));
}

static void came_later(struct answerer *a, const struct segment *seg, int64_t t_ns)
{
    const struct answerer_opening *o = &a->opening;
    if (seg->ttl != o->ttl)
        find(a, ANSWERER_TTL, seg, o->ttl, seg->ttl);
    if (!o->stamped || !of_connection(o, seg))
        return;
    if (!seg->opt.has_timestamps)
        find(a, ANSWERER_NO_STAMP, seg, o->ts_val, 0);
    else if (!one_clock(o, seg, t_ns))
        find(a, ANSWERER_CLOCK, seg, o->ts_val, seg->opt.ts_val);
}

/* A window update has another window, a keepalive probe another SEQ. */
static void count_ack(struct answerer *a, const struct segment *seg)
{
    bool bare = (seg->flags & (FLAG_SYN | FLAG_RST | FLAG_FIN | FLAG_ACK)) == FLAG_ACK &&
                seg->len == 0 && seq_eq(seg->seq, a->end);
    if (!bare)
        return;
    bool same = a->acked && seq_eq(seg->ack, a->ack) && seq_eq(seg->seq, a->ack_seq);
    if (same && seg->win == a->ack_win && a->asked == 0)
        find(a, ANSWERER_ACK_TWICE, seg, seg->ack.v, seg->ack.v);
    a->asked -= a->asked > 0 && (!same || seg->win == a->ack_win);
    a->acked = true;
    a->ack = seg->ack;
    a->ack_seq = seg->seq;
    a->ack_win = seg->win;
}

static void came_reset(struct answerer *a, const struct segment *seg)
{
    a->over = true;
    if (a->rst_ttl == 0)
        a->rst_ttl = seg->ttl;
    if (a->opening.there && seg->ttl != a->opening.ttl)
        find(a, ANSWERER_RST_TTL, seg, a->opening.ttl, seg->ttl);
}

void answerer_came(struct answerer *a, const struct segment *seg, int64_t t_ns)
{
    if (seg->checksum == SEGMENT_CHECKSUM_BAD)
        return;
    if (seg->flags & FLAG_RST) {
        came_reset(a, seg);
    } else if (seg->flags & FLAG_SYN) {
        if (a->opening.there && !a->over)
            came_again(a, seg, t_ns);
        else
            answerer_begin(a, seg, t_ns);
    } else if (a->opening.there) {
        came_later(a, seg, t_ns);
        count_ack(a, seg);
        if (of_connection(&a->opening, seg))
            a->end = seq_max(a->end, segment_end(seg));
    }
}

/* --- What is told --- */

static const char *what(const struct answerer_found *f)
{
    if (f->flags & FLAG_RST)
        return "RST";
    if (f->flags & FLAG_SYN)
        return "again";
    return f->data ? "data" : f->flags & FLAG_FIN ? "FIN" : "ACK";
}

static void put_value(struct text *t, enum answerer_sign sign, uint32_t value)
{
    if (sign == ANSWERER_WSCALE && value == ANSWERER_NONE)
        text_printf(t, "none");
    else
        text_printf(t, "%" PRIu32, value);
}

/* A window of 0 until the server has answered, and then the server: that is how a SYN proxy works
 * (RFC 4987 3.7). */
static bool is_proxy(unsigned signs)
{
    return signs & 1U << ANSWERER_WINDOW_0 && signs & 1U << ANSWERER_TTL;
}

/* Without what was found the sign's name has to do. */
static void put_line(unsigned signs, enum answerer_sign sign, const struct answerer *a,
                     struct result *r)
{
    const bool proxy = sign == ANSWERER_TTL && is_proxy(signs);
    const char *means = proxy ? "SYN proxy" : table[sign].means;
    struct text t = {0};
    if (a == NULL) {
        result_line(r, "middlebox", "%s: %s", means, table[sign].word);
        return;
    }
    const struct answerer_found *f = &a->found[sign];
    text_printf(&t, "%s", table[sign].first);
    put_value(&t, sign, f->first);
    if (proxy)
        text_printf(&t, " win 0");
    if (table[sign].then != NULL) {
        text_printf(&t, ", %s%s", sign == ANSWERER_ISN ? "then" : what(f), table[sign].then);
        put_value(&t, sign, f->then);
    } else if (sign == ANSWERER_NO_STAMP) {
        text_printf(&t, ", %s", what(f));
    }
    result_line(r, "middlebox", "%s: %s%s", means, t.data != NULL ? t.data : "", table[sign].last);
    text_done(&t);
}

unsigned answerer_signs(const struct answerer *a)
{
    unsigned signs = 0;
    for (enum answerer_sign s = 0; s < ANSWERER_SIGNS; s++)
        signs |= a->found[s].there ? 1U << s : 0;
    return signs;
}

void answerer_report(unsigned signs, const struct answerer *a, struct result *r)
{
    if (signs == 0)
        return;
    result_begin_list(r, "middlebox");
    for (enum answerer_sign s = 0; s < ANSWERER_SIGNS; s++) {
        if (!(signs & 1U << s))
            continue;
        result_set_text(r, NULL, table[s].word);
        if (!r->bare && !(s == ANSWERER_WINDOW_0 && is_proxy(signs)))
            put_line(signs, s, a, r);
    }
    result_end_list(r);
}
