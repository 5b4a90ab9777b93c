/* See client.h. */
#include "measure/backlog/client.h"

#include <stdio.h>

#include "base/clock.h"
#include "event/result.h"

static const struct {
    const char *word, *name;
} faces[OVERFLOW_COUNT] = {
    [OVERFLOW_NONE] = {"none", "none"},
    [OVERFLOW_NO_SYN_ACK] = {"no-syn-ack", "no SYN-ACK at all"},
    [OVERFLOW_SYN_ACK_REPEATED] = {"syn-ack-repeated",
                                   "SYN-ACK retransmitted although acknowledged (and data sent)"},
    [OVERFLOW_SILENCE] = {"silence", "silence to ACK and data (cookie)"},
    [OVERFLOW_RESET] = {"reset", "RST to the ACK (tcp_abort_on_overflow)"},
};

const char *client_overflow_word(enum overflow f)
{
    return faces[f].word;
}

const char *client_overflow_name(enum overflow f)
{
    return faces[f].name;
}

static const uint8_t octet[] = {'!'};

static struct client *state_of(const struct talk *x)
{
    return x->state;
}

/* "half-open", "early", ...; static. */
static const char *caller_role_word(enum client_role role)
{
    static const char *const words[] = {
        [CLIENT_HALF_OPEN] = "half-open", [CLIENT_EARLY] = "early", [CLIENT_FILLER] = "filler",
        [CLIENT_LATE] = "late",           [CLIENT_NEW] = "new",
    };
    return words[role];
}

void client_entry(struct client *c, bool entry)
{
    c->entry_known = true;
    c->entry = entry;
}

bool client_has_cookie(const struct client *c)
{
    return c->syn_acks > 0 && c->entry_known && !c->entry;
}

static void start(struct talk *x)
{
    ours_follow_script(x, true);
    ours_open(x);
}

static void left(struct talk *x, const struct segment *seg)
{
    struct client *c = state_of(x);
    if (seg->flags & FLAG_RST)
        return;
    if (seg->flags & FLAG_SYN)
        c->syn_ns = c->syn_ns != 0 ? c->syn_ns : x->now_ns;
    else if (seg->len > 0)
        c->data_ns = c->data_ns != 0 ? c->data_ns : x->now_ns;
    else if (seg->flags & FLAG_ACK)
        c->ack_ns = c->ack_ns != 0 ? c->ack_ns : x->now_ns;
}

void client_complete(struct talk *x)
{
    struct client *c = state_of(x);
    c->completes = true;
    ours_acknowledge(x, NULL);
    ours_write(x, octet, sizeof(octet), 0);
}

static void take_syn_ack(struct talk *x, struct client *c, bool first)
{
    if (c->syn_acks < CLIENT_SYN_ACKS_MAX)
        c->syn_ack_ns[c->syn_acks] = x->now_ns;
    c->syn_acks++;
    if (c->ack_ns != 0) {
        c->syn_acks_after_ack++;
        talk_note(x, "again, although it was acknowledged%s",
                  c->data_ns != 0 ? " and data was sent" : "");
    }
    if (first && c->completes)
        client_complete(x);
    else if (first && c->role != CLIENT_LATE && c->role != CLIENT_NEW)
        talk_note(x, "our ACK is kept back");
}

static void received(struct talk *x, const struct segment *seg, const struct arrival *a)
{
    const uint16_t syn_ack = FLAG_SYN | FLAG_ACK;
    struct client *c = state_of(x);
    if (seg->checksum == SEGMENT_CHECKSUM_BAD)
        return;
    if (seg->flags & FLAG_RST) {
        if (x->ours.tcb.state == STATE_CLOSED && c->reset_ns == 0)
            c->reset_ns = x->now_ns;
    } else if ((seg->flags & syn_ack) == syn_ack) {
        if (seq_eq(seg->ack, seq_add(x->ours.tcb.iss, 1)))
            take_syn_ack(x, c, a->inputs[0] == INPUT_SYN_ACK);
    } else if (c->data_ns != 0 && a->acked > 0 && c->through_ns == 0) {
        c->through_ns = x->now_ns;
    }
}

static bool over(const struct talk *x)
{
    return x->ours.tcb.state == STATE_CLOSED && state_of(x)->reset_ns != 0;
}

void client_again(struct talk *x)
{
    struct client *c = state_of(x);
    if (over(x) || c->through_ns != 0)
        return;
    c->completes = true;
    c->again++;
    ours_send_again(x, "tries again");
}

/* Silence is told from a lost segment by the cookie: where there is an entry, somebody would speak.
 */
static enum overflow recognise(const struct client *c)
{
    if (c->through_ns != 0 || c->syn_ns == 0)
        return OVERFLOW_NONE;
    if (c->syn_acks == 0)
        return c->reset_ns == 0 ? OVERFLOW_NO_SYN_ACK
                                : OVERFLOW_NONE; /* a closed port is no face */
    if (c->ack_ns == 0)
        return OVERFLOW_NONE;
    if (c->reset_ns != 0)
        return OVERFLOW_RESET;
    if (c->data_ns != 0 && c->syn_acks_after_ack > 0)
        return OVERFLOW_SYN_ACK_REPEATED;
    return c->data_ns != 0 && client_has_cookie(c) ? OVERFLOW_SILENCE : OVERFLOW_NONE;
}

void client_judge(struct talk *x, int64_t now_ns)
{
    struct client *c = state_of(x);
    c->face = recognise(c);
    x->now_ns = now_ns;
    if (c->face != OVERFLOW_NONE)
        talk_remark(x, client_overflow_name(c->face));
}

/* Where the data has not been taken in, the listener still expects its number. A SYN that was not
 * answered, or is just leaving, may have an entry all the same. */
static void caller_end(struct talk *x)
{
    bool open = x->ours.tcb.state != STATE_SYN_SENT && x->ours.tcb.state != STATE_CLOSED;
    if (x->finished)
        return;
    if (open && seq_eq(x->ours.tcb.snd_una, x->ours.tcb.snd_nxt))
        ours_abort(x, "frees what the listener holds");
    else if (open)
        ours_reset(x, x->ours.tcb.snd_una, "frees what the listener holds");
    else if (!over(x) && ours_half_open(x))
        ours_reset(x, seq_add(x->ours.tcb.iss, 1),
                   "in case our SYN arrived: nothing is left half open");
    talk_finish(x);
}

static void unreachable(struct talk *x, const struct icmp_error *e)
{
    (void)e;
    talk_note(x, "an ICMP error");
}

static void stop(struct talk *x, enum script_stop why)
{
    (void)why;
    caller_end(x);
}

static void report_for_people(const struct talk *x, struct result *r)
{
    const struct client *c = state_of(x);
    char local[ENDPOINT_TEXT_MAX], at[32];
    (void)endpoint_format(&x->config.local, local);
    if (c->face != OVERFLOW_NONE)
        result_line(r, "face", "%s", client_overflow_name(c->face));
    result_line(r, "caller", "%s, %s in part %s", local, caller_role_word(c->role), c->part);
    if (c->through_ns != 0)
        result_line(r, "through", "after all: its data was acknowledged after %s",
                    clock_format(c->through_ns - c->syn_ns, at, sizeof(at)));
    else
        result_line(r, "through", "%s", c->reset_ns != 0 ? "never: it was reset" : "never");
}

static void report(const struct talk *x, struct result *r)
{
    const struct client *c = state_of(x);
    char text[ENDPOINT_TEXT_MAX];
    r->exit_code = x->kernel_quiet ? 0 : 2;
    result_set_text(r, "command", x->script->name);
    result_set_text(r, "target", endpoint_format(&x->config.remote, text));
    result_set_text(r, "local", endpoint_format(&x->config.local, text));
    result_set_text(r, "part", c->part);
    result_set_text(r, "role", caller_role_word(c->role));
    result_set_flag(r, "answered", c->syn_acks > 0);
    if (c->entry_known)
        result_set_flag(r, "cookie", client_has_cookie(c));
    else
        result_set_null(r, "cookie");
    result_begin_list(r, "syn_acks_us");
    for (unsigned i = 0; i < c->syn_acks && i < CLIENT_SYN_ACKS_MAX; i++)
        result_set_us(r, NULL, c->syn_ack_ns[i] - c->syn_ns);
    result_end_list(r);
    result_set_integer(r, "syn_acks_after_ack", c->syn_acks_after_ack);
    result_set_flag(r, "acknowledged", c->ack_ns != 0);
    result_set_integer(r, "data_sent", c->data_ns != 0 ? (int64_t)sizeof(octet) : 0);
    result_set_flag(r, "reset", c->reset_ns != 0);
    result_set_flag(r, "through", c->through_ns != 0);
    result_set_text(r, "face", c->face != OVERFLOW_NONE ? client_overflow_word(c->face) : NULL);
    result_set_flag(r, "kernel_quiet", x->kernel_quiet);
    result_set_integer(r, "capture_dropped", (int64_t)x->capture_dropped);
    report_for_people(x, r);
}

const struct script *client_script(void)
{
    static const struct script script = {
        .name = "backlog",
        .start = start,
        .left = left,
        .received = received,
        .unreachable = unreachable,
        .stop = stop,
        .report = report,
    };
    return &script;
}
