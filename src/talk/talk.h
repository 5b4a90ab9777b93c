/* One conversation between two ends: its record, its time, its script. An end is of a kind:
 *
 *   OURS      exact: our TCB, and we craft what it sends (ours.h)
 *   ASKED     a kernel: its own word says where it is, and its application acts (upper.h)
 *   INFERRED  a stranger: the set of states that it may be in (infer), and nobody makes it act
 *
 * OURS and INFERRED is a stranger on the network, OURS and ASKED the lab; there what B sends shows
 * what it is in as well, and the record has the set. Between two ASKED ends we are the wire:
 * nothing passes but what we pass on, and the record has what the kernels say.
 *
 * A segment is seen when the tap shows it leaving: it goes into the record, and into what is
 * inferred of its sender. It arrives when the end that it goes to takes its step: at once, later,
 * or never, as the script has it.
 *
 * Pure: segments and time come in through the functions below, segments go out through talk_next,
 * or where we are the wire through config.pass. The same conversation runs live, in a simulation
 * and in a unit test. Ours go out one at a time, and our end moves when the tap shows one: so the
 * record is in the order of the wire, whatever the scheduler does to this process. */
#ifndef TCPSHAKE_TALK_TALK_H
#define TCPSHAKE_TALK_TALK_H

#include "event/timeline.h"
#include "talk/answerer.h"
#include "talk/ours.h"
#include "talk/syn_like.h"
#include "talk/upper.h"
#include "tcp/end.h"
#include "tcp/peer.h"
#include "tcp/tcb.h"
#include "wire/icmp.h"
#include "wire/seq.h"

enum {
    TALK_PATH_MAX = 16,
    /* Segments beyond this many are counted and acted on, but not recorded: a flood must not
     * fill our memory. */
    TALK_RECORDED_MAX = 20000
};

enum talk_kind {
    TALK_OURS,
    TALK_ASKED,
    TALK_INFERRED
};

/* What a conversation is told before it begins. End A is ours if there is something to craft its
 * segments by, and a kernel if somebody makes its application act; end B is a kernel in the same
 * case, and a stranger else. */
struct talk_config {
    uint32_t session;
    union {
        struct {
            struct endpoint local, remote;
        };
        struct endpoint at[ENDS]; /* the same: A's, B's */
    };
    const struct upper *upper[ENDS]; /* who makes an end act; NULL: nobody can */
    int64_t deadline_ns;             /* instant; CLOCK_NEVER for none */

    /* Of an end that is ours. */
    seq_t iss;
    /* For a second connection to the same peer; port 0: there is none. */
    struct endpoint other_local;
    seq_t other_iss;
    uint32_t ts_base;            /* our timestamp clock at the epoch, in ms */
    const struct syn_like *like; /* static; NULL: no end is ours */
    uint16_t mss;                /* announced */
    uint16_t fits;               /* ip_mss of the way's MTU; 0: nothing is known of that */
    uint16_t win;                /* our receive window, octets */
    uint8_t ttl;
    bool timestamps; /* false takes them out of `like` */
    bool rfc_peer;   /* peer_go_by_rfc */
    unsigned tries;  /* how often a segment is sent in all before we give up, >= 1 */
    int64_t way_ns;  /* known of the way to the peer: peer_known_way; 0: nothing */

    /* Where we are the wire between two kernels: puts an IP packet onto the cable that leads to an
     * end. NULL: segments arrive without us. */
    enum status (*pass)(void *arg, enum end to, const uint8_t *ip, size_t n, struct fault *fault);
    void *arg;
};

struct talk;

enum script_stop {
    SCRIPT_STOP_DEADLINE,  /* -w has run out */
    SCRIPT_STOP_INTERRUPT, /* the user has had enough */
    SCRIPT_STOP_GAVE_UP,   /* our retransmissions are exhausted */
};

/* What decides in a conversation: a measurement, a figure. The conversation keeps the states of
 * both ends, the timers and the record, and calls the script when something has happened. One file
 * each in measure/. Every callback may be NULL: then what stands beside it is done. */
struct script {
    const char *name;
    void (*start)(struct talk *x);
    /* The tap shows a segment of an end that is not ours, and nothing has been done with it: it is
     * the script's to call talk_seen and talk_arrives, or talk_passes, now, later or never. NULL:
     * it passes. */
    void (*came)(struct talk *x, enum end from, const struct segment *seg, int64_t t_ns);
    /* A segment of ours was seen leaving; the states of both ends are up to date. */
    void (*left)(struct talk *x, const struct segment *seg);
    /* A segment was seen that goes to our end, with what it is to it; where it does not arrive,
     * with what it would be. */
    void (*received)(struct talk *x, const struct segment *seg, const struct arrival *a);
    /* The time set by talk_wake_at has come. */
    void (*timer)(struct talk *x);
    void (*unreachable)(struct talk *x, const struct icmp_error *e);
    /* Come to an end: reset what is open, talk_finish when done. May be called twice. NULL: that is
     * the end. */
    void (*stop)(struct talk *x, enum script_stop why);
    /* Fills in the result; called once, after the last segment. */
    void (*report)(const struct talk *x, struct result *r);
    /* One line for people who wait, "" when there is nothing to say. */
    void (*progress)(const struct talk *x, int64_t now_ns, char *out, size_t cap);
};

/* Of an end that is not ours: what its segments show of it. Beside the set of states it may be in
 * is kept the end that it faces, as that would be if all that was seen had arrived there: by this a
 * segment is judged when it is seen, whether it arrives at once, later or never. */
struct infer {
    struct peer peer;
    struct answerer answerer;
    struct tcb facing;  /* while `under_way` is not 0; else the end that it faces is itself so */
    unsigned under_way; /* segments that were seen and have not arrived */
};

struct talk {
    struct talk_config config;
    const struct script *script;
    void *state; /* the script's; the caller's memory */
    struct timeline *timeline;
    int64_t now_ns;
    int64_t wake_at; /* instant; CLOCK_NEVER: not set */

    struct ours ours;               /* A, where it is ours, */
    enum state path[TALK_PATH_MAX]; /* and the states it went through; */
    size_t path_len;
    struct infer infer;     /* then what B shows */
    struct talk_other {     /* a connection that is put aside while another one goes on: */
        struct endpoint at; /* from config.other_local, or the first while that one goes on */
        struct tcb tcb;
        struct infer infer;
    } other;
    enum state truth[ENDS]; /* of two ASKED ends: as their kernels said when they were last asked */
    bool gone[ENDS];        /* the machine has disappeared */
    int64_t acted_ns;       /* when something last happened that may change a kernel's state */

    uint32_t segments[ENDS]; /* that the tap has shown of each end */
    uint32_t unrecorded;
    uint64_t capture_dropped;
    bool kernel_quiet; /* ours has said nothing on our connection */
    bool only_listens; /* set by the script: a segment may be looked at a little later */
    bool finished;
    enum status status; /* the first failure of ours, as the wire */
    struct fault fault;
    bool fails;    /* what was to leave last has not, or the run has broken off: `fault` says why */
    int exit_code; /* the worst of the sessions' */
};

/* `state` is the script's own struct, zeroed by the caller but for what configures it. Records
 * where the ends are to begin with and starts the script. */
void talk_init(struct talk *x, const struct talk_config *config, const struct script *script,
               void *state, struct timeline *timeline, int64_t now_ns);

static inline enum talk_kind talk_kind(const struct talk *x, enum end end)
{
    if (x->config.upper[end] != NULL)
        return TALK_ASKED;
    return end == END_A && x->config.like != NULL ? TALK_OURS : TALK_INFERRED;
}

/* Both ends are ASKED, and nothing passes without us. */
static inline bool talk_is_wire(const struct talk *x)
{
    return x->config.pass != NULL;
}

static inline const struct endpoint *talk_at(const struct talk *x, enum end end)
{
    return &x->config.at[end];
}

/* --- For whoever carries the segments --- */

/* The next segment of ours to put on the wire, or false. After true, none follows until it has left
 * or talk_not_seen. The options are laid out in seg->opt.raw; `*data` is borrowed. */
bool talk_next(struct talk *x, int64_t now_ns, struct segment *seg, const uint8_t **data,
               size_t *len);
/* The tap shows a segment leaving an end. Of an end that is ours, what was not handed out is its
 * kernel's, which is a fault. */
void talk_left(struct talk *x, enum end from, const struct segment *seg, int64_t t_ns);
/* What was handed out was not seen, for long: recorded as a fault and taken as sent without a
 * stamp. */
void talk_not_seen(struct talk *x, const struct segment *seg, int64_t now_ns);
/* What was handed out could not be sent: it is as good as lost, and is sent again in its time. */
void talk_not_sent(struct talk *x, const struct segment *seg, const char *why, int64_t now_ns);
/* The system's clock was set by so much meanwhile: told, as stamps had to be corrected. */
void talk_clock_set(struct talk *x, int64_t step_ns, int64_t now_ns);
/* Something of this host's has failed, and nothing more can be measured. */
void talk_broken(struct talk *x, const char *why, int64_t now_ns);
/* Where we are the wire: an IP packet has come out of an end. What is not of this conversation
 * passes. */
void talk_packet(struct talk *x, enum end from, const uint8_t *ip, size_t n, int64_t t_ns);
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
/* What the script has found. `r` is the caller's. */
void talk_report(const struct talk *x, struct result *r);
/* The same as the session's verdict, in the record. */
void talk_verdict(struct talk *x);
/* One line for people who wait, "" when there is nothing to say. */
void talk_progress(const struct talk *x, int64_t now_ns, char *out, size_t cap);

/* --- For scripts: segments of an end that is not ours --- */

/* It is seen: recorded, and what it shows of its sender is inferred, or its kernel asked. */
void talk_seen(struct talk *x, enum end from, const struct segment *seg, int64_t t_ns);
/* One that was seen arrives at an end, which takes its step; where we are the wire it is passed on
 * (its raw octets). */
void talk_arrives(struct talk *x, enum end to, const struct segment *seg, int64_t t_ns);
/* It is seen, and arrives at once. */
void talk_passes(struct talk *x, enum end from, const struct segment *seg, int64_t t_ns);

/* --- For scripts: what is true, and who acts --- */

/* The states an end is in, or may be in, as the record has it. */
state_set talk_states(const struct talk *x, enum end end);
/* An end's application makes a call; when this returns, it has, and what it may have done is
 * inferred. Of an end that is ours LISTEN, CONNECT, CLOSE and ABORT; what they send goes out in its
 * turn. Fails where nobody makes the end act, or its application could not. */
enum status talk_call(struct talk *x, enum end end, enum call call, const void *data, size_t n,
                      struct fault *fault);
/* Puts a segment of the script's on the wire; if it is of our end, that moves when it is seen
 * leaving. False when too much is queued already. */
bool talk_send(struct talk *x, const struct scripted *script, const char *note);
/* Time has passed: states may have expired. */
void talk_elapse(struct talk *x);

/* --- For scripts: the record, time and the end --- */

/* About the last segment, and about none. */
void talk_note(struct talk *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void talk_remark(struct talk *x, const char *text);
/* Another script goes on with the conversation as it stands: it is started. */
void talk_succeed(struct talk *x, const struct script *script, void *state);
/* script->timer at the given instant; CLOCK_NEVER: not at all. */
void talk_wake_at(struct talk *x, int64_t when_ns);
/* What the script has found goes into the record, as a session's verdict; another one begins. */
void talk_next_session(struct talk *x);
/* No more from the script; what is queued is still sent. */
void talk_finish(struct talk *x);

#endif
