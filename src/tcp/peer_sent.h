/* What we have sent the peer, as far as it may still matter to it: segments that may be under way,
 * text and FINs that may wait behind a gap, the SYNs of which it may have taken any. And with it
 * what the peer expects next, which each segment of its own tells (RFC 9293 3.3.1: RCV.NXT), and
 * how far that can have gone since. */
#ifndef TCPSHAKE_TCP_PEER_SENT_H
#define TCPSHAKE_TCP_PEER_SENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/segment.h"

enum {
    PEER_SENT_MAX = 24,
    PEER_SENT_SYNS_MAX = 8,
    PEER_SENT_STAMPS_MAX = 8
};

/* What is known of our FIN's arrival from an acknowledgement. */
enum peer_sent_fin {
    PEER_SENT_FIN_NOT_TAKEN,
    PEER_SENT_FIN_TAKEN,
    PEER_SENT_FIN_UNKNOWN, /* the number may be a FIN's or an octet's: both were sent */
};

struct peer_sent_segment {
    seq_t seq, end, ack; /* end: the number after it */
    uint32_t win;        /* octets that it offers, behind `ack` */
    uint16_t flags;
    bool text;
    bool stamped; /* it bears a timestamp */
    bool past;    /* `ack` is of what the peer had sent by then, as far as it came */
    bool once;    /* it has left once only */
    bool landed;  /* it has arrived */
    int64_t left_ns;
};

/* A timestamp that segments of ours bore. */
struct peer_sent_stamp {
    uint32_t ts_val;
    int64_t left_ns; /* the first of them */
    bool one_ack;    /* each acknowledged the same, which had come: */
    seq_t ack;
    uint32_t win; /* the least that one of them offered */
    seq_t seq;    /* likewise */
};

/* What a segment of ours that the peer has processed is to have told it: that all of the peer's has
 * come, and that there is room for more. */
struct peer_sent_told {
    seq_t ack;
    uint32_t win; /* at least */
    /* A window counts that is newer than the last that had no room (3.10.7.4 fifth: SND.WL1), if
     * there was one. */
    bool shut, shut_came; /* that one is not under way any more */
    seq_t shut_seq, shut_ack;
    int64_t shut_ns;
};

struct peer_sent {
    struct peer_sent_segment segments[PEER_SENT_MAX];
    size_t count;
    /* Older ones that had no room: what they were, all together. */
    uint16_t crowded_out; /* flags */
    bool crowded_out_text;
    int64_t crowded_out_ns; /* when the last of them left */
    seq_t crowded_out_end;  /* the highest number after one */
    int64_t landed_ns;      /* what left before is not under way any more */
    int64_t alive_ns;       /* when what it has taken left last, as its segments show */
    int64_t rtt_ns;         /* longest round trip seen, 0: none */
    int64_t least_ns;       /* a segment is under way for no less: 0 is half a second */
    bool patient;           /* what is only held for lost counts as under way */

    bool known;             /* the peer has told: */
    seq_t syn_end;          /* the number after the SYN of ours that it took */
    seq_t rcv_nxt;          /* what it expected when it spoke last */
    seq_t edge;             /* the right edge of its window, as far as it was ever offered */
    uint8_t shift;          /* of the windows it announces */
    bool scales;            /* we have offered to read them so */
    bool peer_scales;       /* it reads ours so: */
    uint8_t own_shift;      /* of the windows we announce */
    uint16_t mss;           /* that we have announced; 0: none */
    uint32_t win_most;      /* the widest window that we have offered */
    enum peer_sent_fin fin; /* whether it has taken a FIN of ours, */
    seq_t fin_end;          /* and the number after that */

    seq_t syns[PEER_SENT_SYNS_MAX]; /* the numbers after our latest SYNs, newest last */
    size_t syn_count;
    int64_t syn_ns; /* when the latest left */

    struct peer_sent_stamp stamps[PEER_SENT_STAMPS_MAX]; /* newest last */
    size_t stamp_count;
};

/* A segment of ours left. `past`: it acknowledges what the peer had sent by then. */
void peer_sent_add(struct peer_sent *s, const struct segment *seg, bool past, int64_t t_ns);
/* The window that a segment of ours offers, in octets (RFC 7323 2.2); where it is not known whether
 * the peer scales it, the smaller one. */
uint32_t peer_sent_window(const struct peer_sent *s, const struct segment *seg);
/* What must have arrived or been lost by `t_ns` is not under way any more. */
void peer_sent_expire(struct peer_sent *s, int64_t t_ns);
/* Whether it may still be under way, or is text that may wait behind a gap. */
bool peer_sent_under_way(const struct peer_sent *s, const struct peer_sent_segment *e,
                         int64_t t_ns);
/* How long a segment may be under way: generous beside the round trips seen. */
int64_t peer_sent_flight_time(const struct peer_sent *s);

/* Whether the peer can acknowledge `ack`: it is not older than what it has told before, and we have
 * sent what comes before it. */
bool peer_sent_can_acknowledge(const struct peer_sent *s, seq_t ack);
bool peer_sent_is_syn_end(const struct peer_sent *s, seq_t ack);
/* Whether it is the number after the last SYN that has left. */
bool peer_sent_is_newest_syn(const struct peer_sent *s, seq_t ack);
/* The peer speaks, and acknowledges what it can. */
void peer_sent_acknowledged(struct peer_sent *s, const struct segment *seg);
/* This is the SYN of a new connection of the peer's: it may have taken any SYN of ours, or none. */
void peer_sent_renew(struct peer_sent *s, const struct segment *syn);
enum peer_sent_fin peer_sent_fin_of(const struct peer_sent *s, seq_t ack);
/* The number before `ack` is newly acknowledged, and whatever can have brought it told that. */
bool peer_sent_brought_with(const struct peer_sent *s, seq_t ack, const struct peer_sent_told *t);
/* Every segment of ours that bore the timestamp told that. */
bool peer_sent_stamp_told(const struct peer_sent *s, uint32_t ts_val,
                          const struct peer_sent_told *t);
/* It answers, by what it acknowledges or echoes, something that left at `t_ns` or later. */
bool peer_sent_is_since(const struct peer_sent *s, const struct segment *seg, int64_t t_ns);
/* The peer has echoed the timestamp, so a segment that bore it has arrived. */
void peer_sent_echoed(struct peer_sent *s, uint32_t ts_val);
/* The segment of those that left lately which a reset of the peer's answers, NULL if none; until
 * another is added, expires, or has arrived. */
const struct peer_sent_segment *peer_sent_answered_by(const struct peer_sent *s,
                                                      const struct segment *rst);
/* The peer has answered something, by this reset or (NULL) by an ACK: if only one can have drawn
 * that, it has arrived. */
void peer_sent_answered(struct peer_sent *s, const struct segment *rst, int64_t t_ns);

#endif
