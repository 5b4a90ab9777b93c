/* `tcpshake play`: a figure as a probe. It walks the figure's lines: what our side emits is sent
 * when the line says that it arrives, what the peer emits is awaited, both columns are held against
 * our TCB and against the set of states that the peer may be in. */
#ifndef TCPSHAKE_PROBE_PLAY_H
#define TCPSHAKE_PROBE_PLAY_H

#include "figure/bind.h"
#include "figure/view.h"
#include "probe/accomplice.h"
#include "probe/exchange.h"
#include "probe/tally.h"

enum {
    PLAY_INBOX_MAX = 64,
    PLAY_SEEN_MAX = 64,
    PLAY_ISNS_MAX = 128, /* more than rounds */
    PLAY_TEXT_MAX = 240
};

enum play_phase {
    PLAY_HANDSHAKE, /* the silent one before a figure that begins in a synchronized state */
    PLAY_NEXT,      /* between two rows */
    PLAY_PAUSE,     /* (wait 3s) */
    PLAY_LEAVING,   /* the row's segment is on its way to the wire */
    PLAY_AWAIT,     /* the peer's turn */
    PLAY_SILENCE,   /* nothing may come */
    PLAY_SETTLE,    /* the peer's kernel is asked until it says what the row says */
    PLAY_OVER,
};

/* A segment of the peer's whose turn has not come. */
struct play_kept {
    struct segment seg;
    uint8_t *raw;
    int64_t t_ns;
    uint64_t dropped; /* by the capture so far */
};

/* What the walk knows of the row it is at. */
struct play_row {
    size_t item;
    struct view view;
    enum event_line_status status;
    char why[PLAY_TEXT_MAX];
    const struct figure_item *alternative; /* that it begins; NULL: none */
    bool stuck;                            /* what it awaited did not come */
    bool skipped;                          /* what comes later has come instead */
    bool has_seg;
    struct segment seg; /* as on the wire; without octets */
    int64_t t_ns;
    state_set peer_set; /* when the segment crossed */
    uint64_t dropped;   /* by the capture, when the peer was last heard */
};

struct play {
    /* What the caller sets. */
    const struct figure *figure;
    enum figure_side us;
    const struct accomplice *peer_side; /* NULL: nobody */
    const uint8_t *say;                 /* --say: makes a peer talk or close; may be NULL */
    size_t say_len;
    int64_t reply_wait_ns; /* -W */
    bool keep_going;

    /* The walk. */
    enum play_phase phase;
    size_t at; /* the next item */
    unsigned round;
    struct bind bind;
    struct play_row row;
    bool choosing; /* the row is the first of alternatives, which begin at item `choice` */
    size_t choice;
    state_set own_owed; /* states of ours that could not be judged yet */
    state_set owed;     /* states of the peer's that could not be judged yet */
    state_set judged;   /* those that the row is held against now */
    state_set found;    /* what was found in their place */
    int64_t mark_ns;    /* when the last line was over */
    uint64_t dropped;   /* by the capture, when the peer was last heard */
    int64_t until_ns;   /* of the phase */
    int64_t settle_ns;  /* until when the peer's kernel may say something else */
    int64_t settle_within;

    struct play_kept inbox[PLAY_INBOX_MAX];
    size_t inbox_count;
    struct play_kept withheld[PLAY_INBOX_MAX];
    size_t withheld_count;
    struct { /* what has been matched: a copy is a retransmission */
        seq_t seq, ack;
        uint16_t flags;
        uint32_t len;
    } seen[PLAY_SEEN_MAX];
    size_t seen_count;
    struct {
        seq_t isn;
    } isns[PLAY_ISNS_MAX];
    size_t isn_count;
    struct figure_number last_syn; /* of the peer's */
    bool new_round;                /* it has sent none in this one */

    struct tcb before_crash;
    bool on_other_port, used_other_port;
    struct play_aside { /* what goes with the connection that is put aside */
        struct bind bind;
        struct tcb before_crash;
        bool acked;
        seq_t ack;
    } aside;
    bool abort_called; /* (Abort): the next RST is the call's */
    unsigned cued;     /* what the peer's application was told to do, bits by enum figure_event */
    bool said;
    const char *filler; /* (say "text") in our column */
    size_t filler_len;
    bool acked; /* the peer has acknowledged something: `ack` is what it expects next */
    seq_t ack;
    char instead[PLAY_TEXT_MAX]; /* what came while the row waited, "" nothing */

    struct tally tally;
};

const struct probe *play_probe(void);
/* Whether the ends know each other before the figure's first segment: a handshake comes before. */
bool play_begins_connected(const struct figure *f);
/* Releases what the walk has kept. */
void play_done(struct play *p);

#endif
