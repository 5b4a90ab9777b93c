/* See facts.h. */
#include "talk/facts.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "event/result.h"

struct facts facts_of(const struct talk *x)
{
    return (struct facts){.command = x->script->name,
                          .remote = x->config.remote,
                          .local = x->config.local,
                          .iss = x->ours.tcb.iss,
                          .rtt_ns = x->ours.rtt_ns,
                          .kernel_quiet = x->kernel_quiet,
                          .capture_dropped = x->capture_dropped,
                          .unrecorded = x->unrecorded,
                          .failure = x->fails ? x->fault.text : NULL,
                          .rst_ttl = x->infer.answerer.rst_ttl,
                          .signs = answerer_signs(&x->infer.answerer),
                          .answerer = &x->infer.answerer};
}

enum outcome facts_unanswered(const struct talk *x)
{
    bool unseen = x->segments[END_A] > 0 && x->ours.syn_count == 0;
    return unseen ? OUTCOME_NOT_ASKED : OUTCOME_FILTERED;
}

static void set_endpoint(struct result *r, const char *key, const struct endpoint *e)
{
    char text[ENDPOINT_TEXT_MAX];
    result_set_text(r, key, endpoint_format(e, text));
}

/* Without an ICMP error it is this host that knows: nobody answers where the segment was to go. */
static void report_icmp(const struct icmp_error *e, struct result *r)
{
    if (e->ip_version == 0) {
        result_set_text(r, "reason", "never left: the next hop does not answer");
        result_line(r, "reason", "our SYN never left this host: the next hop does not answer");
        return;
    }
    char from[ADDRESS_TEXT_MAX];
    const char *what = icmp_describe(e->ip_version, e->type, e->code);
    address_format(&e->from, from);
    result_begin(r, "icmp");
    result_set_integer(r, "version", e->ip_version);
    result_set_integer(r, "type", e->type);
    result_set_integer(r, "code", e->code);
    result_set_text(r, "text", what);
    result_set_text(r, "from", from);
    result_end(r);
    result_line(r, "icmp", "%s says: %s (%s type %u, code %u)", from, what,
                e->ip_version == 4 ? "ICMP" : "ICMPv6", e->type, e->code);
}

static const struct {
    const char *word, *meaning;
    int exit_code;
} outcomes[] = {
    [OUTCOME_NONE] = {"error", "ended before there was an answer", 3},
    [OUTCOME_OPEN] = {"open", NULL, 0},
    [OUTCOME_CLOSED] = {"closed", "answered our SYN with a reset", 1},
    [OUTCOME_FILTERED] = {"filtered", "gave no answer that reached us", 3},
    [OUTCOME_UNREACHABLE] = {"unreachable", "cannot be reached", 3},
    [OUTCOME_NOT_ASKED] = {"error", "was not asked, as far as is known", 2},
    [OUTCOME_INTERRUPTED] = {"error", "had not answered when we were interrupted", 3},
};

const char *facts_outcome_word(enum outcome o)
{
    return outcomes[o].word;
}

void facts_outcome(const struct facts *f, enum outcome o, const char *open,
                   const struct icmp_error *icmp, struct result *r)
{
    char remote[ENDPOINT_TEXT_MAX], rtt[32];
    r->exit_code = outcomes[o].exit_code;
    result_set_text(r, "command", f->command);
    set_endpoint(r, "target", &f->remote);
    if (f->name != NULL)
        result_set_text(r, "name", f->name);
    set_endpoint(r, "local", &f->local);
    result_set_text(r, "outcome", outcomes[o].word);
    if (!r->bare)
        result_line(r, outcomes[o].word, "%s %s", endpoint_format(&f->remote, remote),
                    o == OUTCOME_OPEN ? open : outcomes[o].meaning);
    result_set_us(r, "rtt_us", f->rtt_ns > 0 ? f->rtt_ns : CLOCK_NEVER);
    if (f->rtt_ns > 0 && f->rtt_slack_ns > 0)
        result_set_us(r, "rtt_slack_us", f->rtt_slack_ns);
    if (f->rtt_ns > 0 && !r->bare)
        result_line(r, "rtt", "%s", clock_format(f->rtt_ns, rtt, sizeof(rtt)));
    if (o == OUTCOME_UNREACHABLE)
        report_icmp(icmp, r);
    if (o == OUTCOME_NOT_ASKED) {
        result_set_text(r, "reason", "not seen leaving: a redirect or NAT of this host's?");
        result_line(r, "reason",
                    "our SYN was not seen leaving: a redirect or address translation of this "
                    "host's?");
    }
}

static void append(struct result *r, struct text *line, const char *state)
{
    result_set_text(r, NULL, state);
    text_printf(line, "%s%s", line->len != 0 ? ", " : "", state);
}

void facts_paths(const struct talk *x, struct result *r)
{
    char set[STATE_SET_TEXT_MAX];
    struct text own = {0}, peer = {0};

    result_begin_list(r, "own_path");
    for (size_t i = 0; i < x->path_len; i++)
        append(r, &own, state_name(x->path[i]));
    result_end_list(r);
    result_begin_list(r, "peer_path");
    for (size_t i = 0; i < x->infer.peer.path_len; i++)
        append(r, &peer, state_name(x->infer.peer.path[i]));
    if (state_set_only(x->infer.peer.set) == STATE_COUNT)
        append(r, &peer, state_set_format(x->infer.peer.set, set));
    result_end_list(r);
    result_line(r, "ours", "%s", own.data != NULL ? own.data : "");
    result_line(r, "peer's", "%s", peer.data != NULL ? peer.data : "");
    text_done(&own);
    text_done(&peer);
}

void facts_peer(const struct facts *f, const struct segment *syn_ack, struct result *r)
{
    char options[160];
    result_set_integer(r, "iss", f->iss.v);
    result_set_integer(r, "irs", syn_ack->seq.v);
    result_set_options(r, "peer_options", &syn_ack->opt);
    result_set_integer(r, "peer_ttl", syn_ack->ttl);
    result_set_integer(r, "peer_win", syn_ack->win);
    if (r->bare)
        return;
    result_line(r, "peer", "ttl %u, win %u, %s", syn_ack->ttl, syn_ack->win,
                options_format(&syn_ack->opt, options, sizeof(options)));
    result_line(r, "iss", "ours %" PRIu32 ", the peer's %" PRIu32, f->iss.v, syn_ack->seq.v);
}

void facts_path_mtu(const struct talk *x, struct result *r)
{
    const struct ours *o = &x->ours;
    char from[ADDRESS_TEXT_MAX];
    if (o->narrow.mtu == 0)
        return;
    address_format(&o->narrow.from, from);
    result_begin(r, "path_mtu");
    result_set_integer(r, "mtu", o->narrow.mtu);
    result_set_text(r, "from", from);
    result_end(r);
    result_line(r, "path mtu", "%" PRIu32 " beyond %s", o->narrow.mtu, from);
}

void facts_reset(const struct facts *f, struct result *r)
{
    result_set_integer(r, "peer_ttl", f->rst_ttl);
    result_line(r, "peer", "ttl %u", f->rst_ttl);
}

void facts_ends(const struct facts *f, struct result *r)
{
    result_set_text(r, "command", f->command);
    set_endpoint(r, "target", &f->remote);
    set_endpoint(r, "local", &f->local);
}

void facts_capture(const struct facts *f, struct result *r)
{
    result_set_integer(r, "capture_dropped", (int64_t)f->capture_dropped);
    if (f->unrecorded > 0) {
        result_set_integer(r, "unrecorded", f->unrecorded);
        result_line(r, "warning", "%" PRIu32 " further segments were too many to record",
                    f->unrecorded);
    }
}

void facts_trust(const struct facts *f, struct result *r)
{
    answerer_report(f->signs, f->answerer, r);
    result_set_flag(r, "kernel_quiet", f->kernel_quiet);
    facts_capture(f, r);
    if (f->failure != NULL) {
        result_set_text(r, "failure", f->failure);
        result_line(r, "failure", "%s", f->failure);
    }
    if (!f->kernel_quiet || f->failure != NULL)
        r->exit_code = 2;
}
