/* A silence, and whether it means anything: it proves nothing until it is known that what ours
 * asked has arrived. So that has a second chance, and then something that must be answered is
 * asked. A peer with a connection acknowledges an octet that it has had, at once (RFC 9293
 * 3.10.7.4), and answers it with a reset if it has none. Where there is no connection, a SYN from
 * another port of ours is answered by SYN,ACK or reset (3.10.7.1, 3.10.7.2), and taken back. */
#include "measure/play/play_parts.h"

#include <stdio.h>

#include "base/clock.h"
#include "figure/view.h"
#include "talk/ask.h"
#include "tcp/stimuli.h"

enum {
    TIMES = 3
};
#define PATIENCE    CLOCK_S          /* doubles: RFC 6298 5.5 */
#define SECOND_LOOK (500 * CLOCK_MS) /* after what was sent once more */

#define NO_CONNECTION (STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN))

static const char asks[] = "not in the figure: a question, so that the silence counts";

static bool has_other_port(const struct play *p)
{
    return p->ends.x->config.other_local.port != 0 && !view_shows_other_port(p->figure);
}

static bool has_numbers(const struct play *p)
{
    const struct peer *peer = &p->ends.x->infer.peer;
    return peer->sent.known && peer->irs_known;
}

/* As far as is known. */
static bool is_without_connection(struct play *p)
{
    enum end them = end_other(p->us);
    struct fault ignored = {0};
    state_set set;
    if (ends_states(&p->ends, them, &set, &ignored) != STATUS_OK)
        set = ends_inferred(&p->ends, them);
    return (set & (state_set)~NO_CONNECTION) == STATE_SET_NONE;
}

static void put(struct play *p, const struct segment *seg)
{
    static const uint8_t octet[1] = {0};
    const struct scripted s = {.seg = *seg,
                               .data = octet,
                               .usual_win = true,
                               .usual_ttl = true,
                               .call = CALL_COUNT,
                               .tag = PLAY_TAG_PROBE};
    p->probe.times++;
    p->probe.left_ns = CLOCK_NEVER;
    (void)talk_send(p->ends.x, &s, asks);
}

static void put_octet(struct play *p)
{
    const struct talk *x = p->ends.x;
    const struct tcb placed = ask_supposed(&x->infer.peer, &x->ours.tcb, STATE_ESTABLISHED);
    const struct segment seg = stimuli_segment(STIMULUS_OCTET_OLD, &placed);
    p->probe.ack = seg.ack;
    put(p, &seg);
}

static void put_syn(struct play *p)
{
    const struct segment seg = {.seq = p->ends.x->ours.tcb.iss, .flags = FLAG_SYN};
    p->probe.seq = seg.seq;
    put(p, &seg);
}

/* What was put aside goes on, and nothing is left of the other. */
static void leave_port(struct play *p)
{
    if (!p->probe.other_port)
        return;
    play_act_change_port(p);
    p->used_other_port = false;
}

static bool repeat_question(struct play *p)
{
    if (p->probe.times == TIMES) {
        leave_port(p);
        return false;
    }
    if (p->probe.other_port)
        put_syn(p);
    else
        put_octet(p);
    return true;
}

static bool put_question(struct play *p)
{
    bool numbers = has_numbers(p);
    p->probe = (struct play_probe){.other_port =
                                       has_other_port(p) && (!numbers || is_without_connection(p))};
    if (!p->probe.other_port && !numbers)
        return false;
    if (p->probe.other_port)
        play_act_change_port(p);
    return repeat_question(p);
}

static int64_t due(const struct play *p)
{
    return p->ends.x->now_ns + (PATIENCE << (p->probe.times - 1)) + p->row.round_ns;
}

static bool is_answer(const struct play *p, const struct inbox_entry *k)
{
    const struct segment *seg = &k->seg;
    const unsigned bits = seg->flags & (FLAG_SYN | FLAG_FIN | FLAG_RST | FLAG_ACK);
    if (p->probe.other_port)
        return (bits == (FLAG_SYN | FLAG_ACK) || bits == (FLAG_RST | FLAG_ACK)) &&
               seq_eq(seg->ack, seq_add(p->probe.seq, 1));
    if (k->t_ns < p->probe.left_ns)
        return false;
    return (bits == FLAG_ACK && seg->len == 0) ||
           (bits == FLAG_RST && seq_eq(seg->seq, p->probe.ack));
}

enum play_arrival play_silence_consider(struct play *p, enum end from, const struct inbox_entry *k)
{
    if (!is_answer(p, k))
        return PLAY_ARRIVAL_EARLY;
    (void)ends_take(&p->ends, from, k, true, "not in the figure: it is answered");
    p->probe.resets = (k->seg.flags & FLAG_SYN) != 0;
    if (p->probe.resets)
        ours_reset(p->ends.x, k->seg.ack, "not in the figure: what that has opened is taken back");
    else
        leave_port(p);
    return PLAY_ARRIVAL_AWAITED;
}

/* --- The silence --- */

/* Nothing has come where something should: each time the answer may be lost, so that is no
 * deviation either way. */
static bool end_wait(struct play *p, const char *unsure)
{
    p->choosing = false;
    p->row.stuck = true;
    play_row_find(p, EVENT_LINE_UNKNOWN, "nothing came: %s",
                  unsure != NULL ? "not sent, or lost on the way"
                                 : "not sent, or lost each time; something else is answered");
    return true;
}

/* Nothing has come, and whether that means anything is known: `unsure` says why not (NULL). */
static bool end_silence(struct play *p, const char *unsure)
{
    size_t silent;
    p->silent_ns = 0;
    if (p->probe.instead)
        return end_wait(p, unsure);
    if (unsure == NULL)
        play_again_answered(p);
    if (play_row_choice_silent(p, &silent))
        play_row_choose(p, silent, unsure);
    else if (unsure != NULL)
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s", unsure);
    return true;
}

bool play_silence_answered(struct play *p)
{
    if (p->probe.resets) /* what that has opened goes first */
        return false;
    return end_silence(p, NULL);
}

/* Silence proves nothing until it is known that what ours asked has arrived: that has a second
 * chance first, and then something must be answered. */
bool play_silence_over(struct play *p)
{
    static const char nothing_asked[] =
        "nothing came, and nothing could be asked that must be answered";
    char doubt[PLAY_TEXT_MAX], why[PLAY_TEXT_MAX + 32];
    int64_t now = p->ends.x->now_ns, at = play_again_at(p, 1);
    if (p->ends.x->capture_dropped > p->row.dropped)
        return end_silence(p, "nothing came, but the capture has lost packets");
    if (talk_is_wire(p->ends.x))
        return end_silence(p, NULL);
    if (p->silent_ns == 0)
        p->silent_ns = p->until_ns;
    bool sent = at != CLOCK_NEVER && now >= at && play_again_chance(p, 1);
    int64_t until = sent                ? now + SECOND_LOOK + p->row.round_ns
                    : at != CLOCK_NEVER ? at
                                        : play_again_calm(p, SECOND_LOOK);
    if (now < until) {
        play_wait(p, p->phase, until);
        return false;
    }
    if (play_again_doubt(p, true, doubt)) {
        (void)snprintf(why, sizeof(why), "nothing came, but %s", doubt);
        return end_silence(p, why);
    }
    if (!put_question(p))
        return end_silence(p, nothing_asked);
    play_wait(p, PLAY_PROBE, due(p));
    return false;
}

bool play_silence_instead(struct play *p)
{
    if (!put_question(p))
        return false;
    p->probe.instead = true;
    play_wait(p, PLAY_PROBE, due(p));
    return true;
}

bool play_silence_unanswered(struct play *p)
{
    if (!repeat_question(p))
        return end_silence(p, "nothing came, and what must be answered was not answered either");
    play_wait(p, PLAY_PROBE, due(p));
    return false;
}

bool play_silence_anew(struct play *p)
{
    if (p->silent_ns != 0 || !play_again_chance(p, 1))
        return false;
    play_wait(p, PLAY_SILENCE, p->ends.x->now_ns + p->row.row->silence_ns + p->row.round_ns);
    return true;
}

bool play_silence_left(struct play *p)
{
    if (p->probe.resets) {
        leave_port(p);
        return end_silence(p, NULL);
    }
    p->probe.left_ns = p->ends.x->now_ns;
    return false;
}
