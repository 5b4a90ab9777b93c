/* A figure staged between two kernels: their applications do what its columns say, the wire holds
 * and lets go what its arrows say, and what comes out of either end and what each kernel says its
 * state is are held against it. The counterpart of play.h, in which one end is ours.
 *
 * The parts, each in a file beside this one, on one struct:
 *   staged_walk  from item to item, and what a row waits for
 *   staged_act   what the columns make happen
 *   staged_wire  what becomes of a segment: passed on, held, copied
 *   staged_row   how the row turned out */
#ifndef TCPSHAKE_MEASURE_PLAY_STAGED_H
#define TCPSHAKE_MEASURE_PLAY_STAGED_H

#include "figure/bind.h"
#include "figure/view.h"
#include "talk/seg_queue.h"
#include "talk/talk.h"
#include "talk/matched.h"
#include "measure/play/verdict.h"

enum {
    STAGED_HELD_MAX = 128,
    STAGED_TEXT_MAX = 240
};

enum staged_phase {
    STAGED_HANDSHAKE, /* the silent one before a figure that begins in a synchronized state */
    STAGED_NEXT,      /* between two rows */
    STAGED_PAUSE,     /* (wait 3s) */
    STAGED_AWAIT,     /* the turn of the end that the row's segment comes from */
    STAGED_SILENCE,   /* nothing may come */
    STAGED_SETTLE,    /* the kernels are asked until they say what the row says */
    STAGED_OVER,
};

/* What the walk knows of the row it is at. */
struct staged_row {
    size_t item;
    const struct figure_row *row;
    enum event_line_status status;
    char why[STAGED_TEXT_MAX];
    const struct figure_item *alternative; /* that it begins; NULL: none */
    bool stuck;                            /* what it awaited did not come */
    bool has_seg;
    struct segment seg; /* as on the wire; without octets */
    int64_t t_ns;
    uint64_t dropped;      /* by the capture, when something last came before the row */
    state_set due[ENDS];   /* states that the row is held against */
    state_set found[ENDS]; /* what was found in their place */
    int64_t taken_ns;      /* by when the kernels have taken what was done and passed on */
    int64_t settle_ns;     /* until when they may say something else */
};

/* A segment that has left an end, or a copy of it that the wire has kept. */
struct staged_held {
    const struct figure_segment *as; /* what the figure shows it as */
    enum end from;
    bool in_network; /* it has not arrived */
    unsigned round;  /* of all that have begun */
    struct segment seg;
    uint8_t *ip; /* where seg.raw points */
};

struct staged {
    /* What the caller sets. */
    const struct figure *figure;
    int64_t reply_wait_ns; /* -W */
    bool keep_going;

    /* The walk. */
    enum staged_phase phase;
    unsigned round;        /* of a repeat */
    unsigned rounds_begun; /* of all of them */
    int64_t until_ns;      /* of the phase */
    size_t at;             /* the next item */
    struct staged_row row;
    struct bind bind;
    struct verdict tally;
    size_t choice;        /* the item where the alternatives begin */
    bool choosing;        /* the row is the first of one of them: which is not known */
    bool two_msl;         /* (2 MSL): the next state may take minutes */
    state_set owed[ENDS]; /* states that could not be judged yet */
    int64_t mark_ns;      /* when the last line was over */
    uint64_t dropped;     /* by the capture, when something last came */

    /* What came, and what was done, by enum end. */
    struct seg_queue inbox[ENDS]; /* its turn has not come */
    struct matched seen[ENDS];    /* what has been matched: a copy is a retransmission */
    struct {
        bool known;
        seq_t nxt; /* the number behind all that has left this end */
    } sent[ENDS];
    unsigned cued[ENDS];           /* what the applications were told to do, bits by figure_event */
    char instead[STAGED_TEXT_MAX]; /* what came while the row waited, "" nothing */
    struct staged_held held[STAGED_HELD_MAX];
    size_t held_count;
};

const struct script *staged_script(void);
/* Releases what the walk has kept. */
void staged_done(struct staged *s);

/* For the parts. */

static inline struct staged *staged_of(const struct talk *p)
{
    return p->state;
}

static inline const struct figure_item *staged_item(const struct staged *s, size_t i)
{
    return &s->figure->items[i];
}

#endif
