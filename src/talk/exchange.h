/* One conversation with a peer: both ends' states, the RFC 6298 timer, what waits to be sent, and
 * the record of it all. Pure: segments and time come in through the functions below, segments go
 * out through exchange_next. The same exchange runs live, in a simulation and in a unit test.
 *
 * Our segments go out one at a time. A segment counts as sent when the capture shows it leaving:
 * only then do the TCB and the peer's set move (exchange_left), so that the record is in the order
 * of the wire, whatever the scheduler does to this process. */
#ifndef TCPSHAKE_TALK_EXCHANGE_H
#define TCPSHAKE_TALK_EXCHANGE_H

#include "event/timeline.h"
#include "talk/outbox.h"
#include "talk/probe.h"
#include "tcp/peer.h"
#include "tcp/rto.h"
#include "tcp/tcb.h"

enum {
    EXCHANGE_SYNS_MAX = 16,
    EXCHANGE_PATH_MAX = 16,
    /* Segments beyond this many are counted and acted on, but not recorded: a flood must not
     * fill our memory. */
    EXCHANGE_RECORDED_MAX = 20000
};

/* A connection that is put aside while another one goes on. */
struct exchange_aside {
    struct endpoint local;
    struct tcb tcb;
    struct peer peer;
};

struct exchange {
    struct exchange_config config;
    const struct probe *probe;
    void *state; /* the probe's; the caller's memory */
    struct timeline *timeline;
    int64_t now_ns;

    struct tcb tcb;
    struct tcb shadow;                      /* for a probe that withholds: what our end would be */
    enum state own_path[EXCHANGE_PATH_MAX]; /* the states our end went through */
    size_t own_path_len;
    struct peer peer;
    struct exchange_aside aside; /* from config.other_local, or the first while that one goes on */
    struct rto rto;
    unsigned sent_times; /* how often the oldest outstanding segment was sent */

    struct outbox outbox;
    bool aborting; /* the reset is on its way: nothing may go out behind it */

    int64_t rto_at, wake_at; /* instants; CLOCK_NEVER: not set */

    struct {
        seq_t seq;
        uint32_t ts_val;
        int64_t t_ns;
    } syns[EXCHANGE_SYNS_MAX]; /* when each of our SYNs left: which one was answered? */
    size_t syn_count;
    int64_t rtt_ns; /* of the SYN and its answer; 0: unknown */

    uint64_t data_received;
    uint32_t segments_sent, segments_received, retransmitted, ignored, unrecorded;
    int64_t replies_since_ns; /* RFC 5961 7: replies to what is unacceptable are limited */
    unsigned replies_count;

    bool scripted;     /* nothing is sent but what the probe says */
    bool only_listens; /* set by the probe: a segment may be looked at a little later */
    bool kernel_quiet;
    uint64_t capture_dropped;
    bool contradiction;
    bool finished;
};

/* `state` is the probe's own struct, zeroed by the caller but for what configures it. Records the
 * initial peer set and starts the probe. */
void exchange_init(struct exchange *x, const struct exchange_config *config,
                   const struct probe *probe, void *state, struct timeline *timeline,
                   int64_t now_ns);

/* --- For whoever carries the segments (engine/, tests) --- */

/* The next segment to put on the wire, or false. After true, none follows until exchange_left or
 * exchange_not_seen. The options are laid out in seg->opt.raw; `*data` is borrowed. */
bool exchange_next(struct exchange *x, int64_t now_ns, struct segment *seg, const uint8_t **data,
                   size_t *len);
/* Whether a captured outgoing segment is the one that was handed out. */
bool exchange_is_ours(const struct exchange *x, const struct segment *seg);
/* It was seen leaving. */
void exchange_left(struct exchange *x, const struct segment *seg, int64_t t_ns);
/* It was not, for long: recorded as a fault and taken as sent without a stamp. */
void exchange_not_seen(struct exchange *x, const struct segment *seg, int64_t now_ns);
void exchange_received(struct exchange *x, const struct segment *seg, int64_t t_ns);
/* An outgoing segment of the flow that is not ours: the kernel's. */
void exchange_foreign(struct exchange *x, const struct segment *seg, int64_t t_ns);
void exchange_unreachable(struct exchange *x, const struct icmp_error *e, int64_t t_ns);
/* The capture has lost `total` packets so far. */
void exchange_lost_packets(struct exchange *x, uint64_t total);
/* Something arrived for the flow that does not decode. */
void exchange_malformed(struct exchange *x, const char *what, int64_t t_ns);
/* When exchange_tick wants to be called next. */
int64_t exchange_deadline(const struct exchange *x);
void exchange_tick(struct exchange *x, int64_t now_ns);
void exchange_stop(struct exchange *x, enum probe_stop why, int64_t now_ns);
/* Nothing is left to do or to send. */
bool exchange_done(const struct exchange *x);
/* What the probe has found. `r` is the caller's. */
void exchange_report(const struct exchange *x, struct result *r);

/* --- For probes --- */

/* OPEN, actively: a SYN. */
void exchange_open(struct exchange *x);
/* SEND. The memory stays the caller's; `first` octets go on the segment that completes the
 * handshake. Once, before or after exchange_open. */
void exchange_write(struct exchange *x, const void *data, size_t n, size_t first);
/* CLOSE: a FIN behind whatever is to be sent. */
void exchange_close(struct exchange *x);
/* ABORT: a reset with exactly the number that the peer expects, as far as it has told. */
void exchange_abort(struct exchange *x, const char *why);
/* Whether the peer may hold a half-open entry for our SYN: it has left, or is about to. */
bool exchange_half_open(const struct exchange *x);
/* A reset with SEQ=seq, outside of any call. */
void exchange_reset(struct exchange *x, seq_t seq, const char *why);
/* Asks the peer whether the connection exists, without changing anything. */
void exchange_keepalive(struct exchange *x, const char *why);
/* probe->timer at the given instant; CLOCK_NEVER: not at all. */
void exchange_wake_at(struct exchange *x, int64_t when_ns);
void exchange_note(struct exchange *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The oldest of what the peer has not acknowledged, once more. */
void exchange_send_again(struct exchange *x, const char *why);
/* An ACK of all that has come. */
void exchange_acknowledge(struct exchange *x, const char *why);
/* A refusal of what the peer opens, where it has not heard of our numbers: <SEQ=0><ACK=ack>. */
void exchange_refuse(struct exchange *x, seq_t ack, const char *why);

/* --- For probes that follow a script --- */

/* From now on our end replies to nothing and retransmits nothing by itself; or does so again. */
void exchange_follow_script(struct exchange *x, bool on);
/* A new TCB, in CLOSED, with this ISS: what was there is forgotten without a word. */
void exchange_renew(struct exchange *x, seq_t iss);
/* A call that sends nothing: a passive OPEN. */
void exchange_call(struct exchange *x, enum call call);
/* A time-out of our end: that of TIME-WAIT. */
void exchange_time_out(struct exchange *x, enum input in);
/* Time has passed: the peer's states may have expired. */
void exchange_elapse(struct exchange *x);
/* The peer's application has made a call that we know of, or is just making it. */
void exchange_peer_told(struct exchange *x, enum call call);
/* Goes on with the connection from our other port, and the next time with the first again. */
void exchange_change_port(struct exchange *x);
/* Puts the segment on the wire; if it is ours, our end moves when it is seen leaving. False when
 * too much is queued already. */
bool exchange_emit(struct exchange *x, const struct scripted *script, const char *note);
/* Our end sends what does not leave yet: it moves, the wire stays as it is. */
void exchange_hold_back(struct exchange *x, const struct scripted *script);
/* Hands in a segment that `offered` has kept back. `reaches_us` false: the tap has seen it, our end
 * has not got it, as if it were still in the network. */
void exchange_take(struct exchange *x, const struct segment *seg, int64_t t_ns, bool reaches_us);
/* It reaches our end now. */
void exchange_deliver(struct exchange *x, const struct segment *seg, int64_t t_ns);

/* A remark about no segment. */
void exchange_remark(struct exchange *x, const char *text);
/* No more from the probe; what is queued is still sent. */
void exchange_finish(struct exchange *x);
/* Octets of payload the peer has not acknowledged. */
size_t exchange_unacknowledged(const struct exchange *x);

#endif
