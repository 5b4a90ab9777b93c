/* See ping.h. */
#include "measure/ping/ping.h"

#include <inttypes.h>

#include "base/clock.h"
#include "event/result.h"

static double ms(int64_t ns)
{
    return (double)ns / (double)CLOCK_MS;
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
        text_printf(t, " rtt=%.3f ms", ms(f->rtt_ns));
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
        text_printf(t, " no answer within %g ms", ms(wait_ns));
    else
        text_printf(t, " no answer within %g s", ms(wait_ns) / 1000);
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
    r->bare = true; /* the findings' lines are those of one target, and many of them */
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
