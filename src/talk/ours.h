/* An end that is us: exact. Its TCB, what it has to send, its retransmission timer (RFC 6298), the
 * round trip of its SYN, and what it replies by itself. Its segments go out one at a time: one is
 * handed out, and the end moves when the tap shows it leaving. */
#ifndef TCPSHAKE_TALK_OURS_H
#define TCPSHAKE_TALK_OURS_H

#include "talk/outbox.h"
#include "tcp/rto.h"
#include "tcp/tcb.h"
#include "wire/icmp.h"

struct talk;

enum {
    OURS_SYNS_MAX = 16
};

struct ours {
    struct tcb tcb;
    struct outbox outbox;
    bool scripted; /* it replies to nothing and retransmits nothing by itself */
    bool aborting; /* the reset is on its way: nothing may go out behind it */

    struct rto rto;
    int64_t rto_at;      /* instant; CLOCK_NEVER: it does not run */
    unsigned sent_times; /* how often the oldest outstanding segment was sent */

    struct {
        seq_t seq;
        uint32_t ts_val;
        int64_t t_ns;
    } syns[OURS_SYNS_MAX]; /* when each of our SYNs left: which one was answered? */
    size_t syn_count;
    int64_t rtt_ns; /* of the SYN and its answer; 0: unknown */

    struct {
        uint32_t mtu; /* 0: nobody has told of a narrower way than ours */
        struct in6_addr from;
    } narrow;
    seq_t sent_too_large; /* up to here: it goes again (outbox.again_only) */

    uint64_t data_received;
    uint32_t retransmitted;
    int64_t replies_since_ns; /* RFC 5961 7: replies to what is unacceptable are limited */
    unsigned replies_count;
};

/* --- For the conversation; the time is x->now_ns --- */

void ours_begin(struct talk *x);
enum ours_leaving {
    OURS_STAMPED, /* the tap has shown it */
    OURS_UNSEEN,  /* it is taken to have left; when is not known */
    OURS_UNSENT   /* it has not: to our end, it is as good as lost */
};
/* What was handed out has left. */
void ours_left(struct talk *x, const struct segment *seg, enum ours_leaving how);
/* What was handed out counts as sent before `event`, which it knows nothing of. */
void ours_commit(struct talk *x, uint32_t event);
/* A segment arrives; what is to be sent in reply is queued, caused by `event`. */
struct arrival ours_arrival(struct talk *x, const struct segment *seg, uint32_t event);
/* The round trips that a segment shows by what it is to the end. */
void ours_measure(struct talk *x, const struct segment *seg, const struct arrival *a);
/* The retransmission timer has run: what is oldest goes out again. False: it has been sent
 * config.tries times. */
bool ours_retransmit(struct talk *x);

/* A router cannot pass on a segment as large as what has left: from now on they are smaller, and
 * what is not acknowledged goes again (RFC 1191, RFC 8201). False: that is not what it says, or it
 * is not about data of ours. */
bool ours_narrow(struct talk *x, const struct icmp_error *e);

/* --- For scripts: calls (RFC 9293 3.10) --- */

/* OPEN, actively: a SYN. */
void ours_open(struct talk *x);
/* SEND. The memory stays the caller's; `first` octets go on the segment that completes the
 * handshake. Once, before or after ours_open. */
void ours_write(struct talk *x, const void *data, size_t n, size_t first);
/* CLOSE: a FIN behind whatever is to be sent. */
void ours_close(struct talk *x);
/* ABORT: a reset with exactly the number that the peer expects, as far as it has told. */
void ours_abort(struct talk *x, const char *why);
/* A call that sends nothing by itself, or whose segment is the script's: a passive OPEN. */
void ours_call(struct talk *x, enum call call);
/* A time-out: that of TIME-WAIT. */
void ours_time_out(struct talk *x, enum input in);

/* --- For scripts: segments outside of any call --- */

/* A reset with SEQ=seq. */
void ours_reset(struct talk *x, seq_t seq, const char *why);
/* A refusal of what the peer opens, where it has not heard of our numbers: <SEQ=0><ACK=ack>. */
void ours_refuse(struct talk *x, seq_t ack, const char *why);
/* Asks the peer whether the connection exists, without changing anything. */
void ours_keepalive(struct talk *x, const char *why);
/* The oldest of what the peer has not acknowledged, once more. */
void ours_send_again(struct talk *x, const char *why);
/* An ACK of all that has come. */
void ours_acknowledge(struct talk *x, const char *why);
/* What does not leave yet: the end moves, the wire stays as it is. */
void ours_hold_back(struct talk *x, const struct scripted *script);

/* --- For scripts: the end as such --- */

/* From now on it replies to nothing and retransmits nothing by itself; or does so again. */
void ours_follow_script(struct talk *x, bool on);
/* A new TCB, in CLOSED, with this ISS: what was there is forgotten without a word. */
void ours_renew(struct talk *x, seq_t iss);
/* Goes on with the connection from our other port, and the next time with the first again. */
void ours_change_port(struct talk *x);
/* Whether the peer may hold a half-open entry for our SYN: it has left, or is about to. */
bool ours_half_open(const struct talk *x);
/* Octets of payload that have left, once or more often. */
size_t ours_sent(const struct talk *x);
/* Octets of payload the peer has not acknowledged. */
size_t ours_unacknowledged(const struct talk *x);

#endif
