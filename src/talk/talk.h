/* One conversation with a peer: both ends' states, the RFC 6298 timer, what waits to be sent, and
 * the record of it all. Pure: segments and time come in through the functions below, segments go
 * out through talk_next. The same exchange runs live, in a simulation and in a unit test.
 *
 * Our segments go out one at a time. A segment counts as sent when the capture shows it leaving:
 * only then do the TCB and the peer's set move (talk_left), so that the record is in the order
 * of the wire, whatever the scheduler does to this process. */
#ifndef TCPSHAKE_TALK_TALK_H
#define TCPSHAKE_TALK_TALK_H

#include "event/timeline.h"
#include "talk/outbox.h"
#include "talk/script.h"
#include "tcp/peer.h"
#include "tcp/rto.h"
#include "tcp/tcb.h"

enum {
    TALK_SYNS_MAX = 16,
    TALK_PATH_MAX = 16,
    /* Segments beyond this many are counted and acted on, but not recorded: a flood must not
     * fill our memory. */
    TALK_RECORDED_MAX = 20000
};

/* A connection that is put aside while another one goes on. */
struct talk_aside {
    struct endpoint local;
    struct tcb tcb;
    struct peer peer;
};

struct talk {
    struct talk_config config;
    const struct script *script;
    void *state; /* the probe's; the caller's memory */
    struct timeline *timeline;
    int64_t now_ns;

    struct tcb tcb;
    struct tcb shadow;                  /* for a probe that withholds: what our end would be */
    enum state own_path[TALK_PATH_MAX]; /* the states our end went through */
    size_t own_path_len;
    struct peer peer;
    struct talk_aside aside; /* from config.other_local, or the first while that one goes on */
    struct rto rto;
    unsigned sent_times; /* how often the oldest outstanding segment was sent */

    struct outbox outbox;
    bool aborting; /* the reset is on its way: nothing may go out behind it */

    int64_t rto_at, wake_at; /* instants; CLOCK_NEVER: not set */

    struct {
        seq_t seq;
        uint32_t ts_val;
        int64_t t_ns;
    } syns[TALK_SYNS_MAX]; /* when each of our SYNs left: which one was answered? */
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
void talk_init(struct talk *x, const struct talk_config *config, const struct script *script,
               void *state, struct timeline *timeline, int64_t now_ns);

/* --- For whoever carries the segments (engine/, tests) --- */

/* The next segment to put on the wire, or false. After true, none follows until talk_left or
 * talk_not_seen. The options are laid out in seg->opt.raw; `*data` is borrowed. */
bool talk_next(struct talk *x, int64_t now_ns, struct segment *seg, const uint8_t **data,
               size_t *len);
/* Whether a captured outgoing segment is the one that was handed out. */
bool talk_is_ours(const struct talk *x, const struct segment *seg);
/* It was seen leaving. */
void talk_left(struct talk *x, const struct segment *seg, int64_t t_ns);
/* It was not, for long: recorded as a fault and taken as sent without a stamp. */
void talk_not_seen(struct talk *x, const struct segment *seg, int64_t now_ns);
void talk_received(struct talk *x, const struct segment *seg, int64_t t_ns);
/* An outgoing segment of the flow that is not ours: the kernel's. */
void talk_foreign(struct talk *x, const struct segment *seg, int64_t t_ns);
void talk_unreachable(struct talk *x, const struct icmp_error *e, int64_t t_ns);
/* The capture has lost `total` packets so far. */
void talk_lost_packets(struct talk *x, uint64_t total);
/* Something arrived for the flow that does not decode. */
void talk_malformed(struct talk *x, const char *what, int64_t t_ns);
/* When talk_tick wants to be called next. */
int64_t talk_deadline(const struct talk *x);
void talk_tick(struct talk *x, int64_t now_ns);
void talk_stop(struct talk *x, enum script_stop why, int64_t now_ns);
/* Nothing is left to do or to send. */
bool talk_done(const struct talk *x);
/* What the probe has found. `r` is the caller's. */
void talk_report(const struct talk *x, struct result *r);

/* --- For probes --- */

/* OPEN, actively: a SYN. */
void talk_open(struct talk *x);
/* SEND. The memory stays the caller's; `first` octets go on the segment that completes the
 * handshake. Once, before or after talk_open. */
void talk_write(struct talk *x, const void *data, size_t n, size_t first);
/* CLOSE: a FIN behind whatever is to be sent. */
void talk_close(struct talk *x);
/* ABORT: a reset with exactly the number that the peer expects, as far as it has told. */
void talk_abort(struct talk *x, const char *why);
/* Whether the peer may hold a half-open entry for our SYN: it has left, or is about to. */
bool talk_half_open(const struct talk *x);
/* A reset with SEQ=seq, outside of any call. */
void talk_reset(struct talk *x, seq_t seq, const char *why);
/* Asks the peer whether the connection exists, without changing anything. */
void talk_keepalive(struct talk *x, const char *why);
/* probe->timer at the given instant; CLOCK_NEVER: not at all. */
void talk_wake_at(struct talk *x, int64_t when_ns);
void talk_note(struct talk *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The oldest of what the peer has not acknowledged, once more. */
void talk_send_again(struct talk *x, const char *why);
/* An ACK of all that has come. */
void talk_acknowledge(struct talk *x, const char *why);
/* A refusal of what the peer opens, where it has not heard of our numbers: <SEQ=0><ACK=ack>. */
void talk_refuse(struct talk *x, seq_t ack, const char *why);

/* --- For probes that follow a script --- */

/* From now on our end replies to nothing and retransmits nothing by itself; or does so again. */
void talk_follow_script(struct talk *x, bool on);
/* A new TCB, in CLOSED, with this ISS: what was there is forgotten without a word. */
void talk_renew(struct talk *x, seq_t iss);
/* A call that sends nothing: a passive OPEN. */
void talk_call(struct talk *x, enum call call);
/* A time-out of our end: that of TIME-WAIT. */
void talk_time_out(struct talk *x, enum input in);
/* Time has passed: the peer's states may have expired. */
void talk_elapse(struct talk *x);
/* The peer's application has made a call that we know of, or is just making it. */
void talk_peer_told(struct talk *x, enum call call);
/* Goes on with the connection from our other port, and the next time with the first again. */
void talk_change_port(struct talk *x);
/* Puts the segment on the wire; if it is ours, our end moves when it is seen leaving. False when
 * too much is queued already. */
bool talk_emit(struct talk *x, const struct scripted *script, const char *note);
/* Our end sends what does not leave yet: it moves, the wire stays as it is. */
void talk_hold_back(struct talk *x, const struct scripted *script);
/* Hands in a segment that `offered` has kept back. `reaches_us` false: the tap has seen it, our end
 * has not got it, as if it were still in the network. */
void talk_take(struct talk *x, const struct segment *seg, int64_t t_ns, bool reaches_us);
/* It reaches our end now. */
void talk_deliver(struct talk *x, const struct segment *seg, int64_t t_ns);

/* A remark about no segment. */
void talk_remark(struct talk *x, const char *text);
/* Another script goes on with the conversation as it stands: it is started. */
void talk_succeed(struct talk *x, const struct script *script, void *state);
/* No more from the probe; what is queued is still sent. */
void talk_finish(struct talk *x);
/* Octets of payload the peer has not acknowledged. */
size_t talk_unacknowledged(const struct talk *x);

#endif
