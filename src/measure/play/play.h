/* `tcpshake play`: a figure as a probe. It walks the figure's lines: what our side emits is sent
 * when the line says that it arrives, what the peer emits is awaited, both columns are held against
 * our TCB and against the set of states that the peer may be in.
 *
 * The parts, each in a file beside this one, on one struct:
 *   play_walk    from item to item, and what a row waits for
 *   play_act     what the columns make happen, and what our side emits
 *   play_arrival what becomes of a segment that has come
 *   play_judge   the columns and the time against what was found
 *   play_choice  alternatives
 *   play_row     how the row turned out
 *   play_end     what is left when the figure is over
 *   play_words   what people are told meanwhile */
#ifndef TCPSHAKE_MEASURE_PLAY_PLAY_H
#define TCPSHAKE_MEASURE_PLAY_PLAY_H

#include "figure/bind.h"
#include "figure/view.h"
#include "talk/upper.h"
#include "talk/talk.h"
#include "talk/seg_queue.h"
#include "talk/matched.h"
#include "measure/play/verdict.h"

enum {
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

/* What the walk knows of the row it is at. */
struct play_row {
    size_t item;
    struct view view;
    enum event_line_status status;
    char why[PLAY_TEXT_MAX];
    const struct figure_item *alternative; /* that it begins; NULL: none */
    bool stuck;                            /* what it awaited did not come */
    bool has_seg;
    struct segment seg; /* as on the wire; without octets */
    int64_t t_ns;
    state_set peer_set; /* when the segment crossed */
    uint64_t dropped;   /* by the capture, when the peer was last heard */
    state_set due;      /* states of the peer's that the row is held against */
    state_set found;    /* what was found in their place */
    int64_t settle_ns;  /* until when the peer's kernel may say something else */
};

struct play {
    /* What the caller sets. */
    const struct figure *figure;
    const struct upper *peer_side; /* NULL: nobody */
    const uint8_t *say;            /* --say: makes a peer talk or close; may be NULL */
    size_t say_len;
    int64_t reply_wait_ns; /* -W */
    enum end us;
    bool keep_going;

    /* The walk. */
    enum play_phase phase;
    unsigned round;
    int64_t until_ns; /* of the phase */
    size_t at;        /* the next item */
    struct play_row row;
    struct bind bind;
    struct verdict tally;
    size_t choice; /* the item where the alternatives begin */
    bool choosing; /* the row is the first of one of them: which is not known */

    /* What was found so far. */
    bool two_msl;       /* (2 MSL) in the peer's column: its next state may take minutes */
    state_set own_owed; /* states of ours that could not be judged yet */
    state_set owed;     /* states of the peer's that could not be judged yet */
    int64_t mark_ns;    /* when the last line was over */
    uint64_t dropped;   /* by the capture, when the peer was last heard */

    /* What came. */
    struct seg_queue inbox;      /* its turn has not come */
    struct seg_queue withheld;   /* seen by the tap, still in the network as the figure has it */
    struct matched seen;         /* what has been matched: a copy is a retransmission */
    char instead[PLAY_TEXT_MAX]; /* what came while the row waited, "" nothing */
    bool acked;                  /* the peer has acknowledged something: */
    seq_t ack;                   /* what it expects next */

    /* What was done. */
    struct tcb before_crash;
    unsigned cued;     /* what the peer's application was told to do, bits by enum call */
    bool said;         /* --say */
    bool abort_called; /* (Abort): the next RST is the call's */
    bool on_other_port, used_other_port;
    const char *filler; /* (say "text") in our column */
    size_t filler_len;
    struct play_aside { /* what goes with the connection that is put aside */
        struct bind bind;
        struct tcb before_crash;
        bool acked;
        seq_t ack;
    } aside;
};

const struct script *play_script(void);
/* Releases what the walk has kept. */
void play_done(struct play *p);

/* For the parts. */

static inline struct play *play_of(const struct talk *x)
{
    return x->state;
}

static inline const struct figure_item *play_item(const struct play *p, size_t i)
{
    return &p->figure->items[i];
}

static inline enum end play_them(const struct play *p)
{
    return end_other(p->us);
}

#endif
