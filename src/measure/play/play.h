/* `tcpshake play`: a figure as a measurement. It walks the figure's lines: what an end of ours
 * emits is sent when the line says that it arrives, what the other ends emit is awaited, and both
 * columns are held against what is true of the ends, or may be. It is one walk whoever the ends are
 * (ends.h): a stranger and we, the lab's peer and we, or two kernels with us as the wire.
 *
 * The parts, each in a file beside this one, on one struct:
 *   ends         the two ends and what lies between them, asked by their kind
 *   play_walk    from item to item, and what a row waits for
 *   play_awaits  what a row waits for, in words
 *   play_again   what of ours may be lost, and is sent once more
 *   play_silence whether a silence means anything: a question that must be answered
 *   play_act     what the columns make happen, and what our side emits
 *   play_wire    what becomes of a segment that has come, and what the network holds
 *   play_judge   the columns and the time against what was found
 *   play_row     how the row turned out, alternatives, the verdict on it all */
#ifndef TCPSHAKE_MEASURE_PLAY_PLAY_H
#define TCPSHAKE_MEASURE_PLAY_PLAY_H

#include "figure/bind.h"
#include "figure/view.h"
#include "measure/measure.h"
#include "measure/play/ends.h"

enum {
    PLAY_TEXT_MAX = 240,
    PLAY_HELD_MAX = 128,
    PLAY_ALTERNATIVES_MAX = 128,
    PLAY_AGAIN_MAX = 4
};

/* Of segments that are no row's. */
#define PLAY_TAG_AGAIN (SIZE_MAX - 1)
#define PLAY_TAG_PROBE (SIZE_MAX - 2)

enum play_phase {
    PLAY_HANDSHAKE, /* the silent one before a figure that begins in a synchronized state */
    PLAY_NEXT,      /* between two rows */
    PLAY_PAUSE,     /* (wait 3s) */
    PLAY_WINDOW,    /* the row's data, ours, wait for room at the peer */
    PLAY_LEAVING,   /* the row's segment, ours, is on its way to the wire */
    PLAY_AWAIT,     /* the turn of the end that the row's segment comes from */
    PLAY_SILENCE,   /* nothing may come */
    PLAY_PROBE,     /* nothing has come: an answer to a question of ours is awaited */
    PLAY_SETTLE,    /* kernels are asked until they say what the row says */
    PLAY_OVER,
};

/* What the walk knows of the row it is at. */
struct play_row {
    size_t item;
    const struct figure_row *row;
    enum event_line_status status;
    char why[PLAY_TEXT_MAX];
    const struct figure_item *alternative; /* that it begins; NULL: none */
    const char *rfc;                       /* the rule that it breaks; static, NULL: none known */
    bool derails;                          /* the figure cannot go on behind it */
    bool stuck;                            /* what it awaited did not come */
    bool unsure;                           /* whether it is this row at all: nothing deviates */
    bool has_seg;
    struct segment seg; /* as on the wire; without octets */
    int64_t t_ns;
    state_set inferred[ENDS];  /* when the segment crossed */
    uint64_t dropped;          /* by the capture, when something was last heard before the row */
    int64_t back_ns, round_ns; /* the way, as known when the row began (ends.h) */
    state_set due[ENDS];       /* states that the row is held against */
    state_set found[ENDS];     /* what was found in their place */
    int64_t taken_ns;          /* from when on what kernels say counts */
    int64_t settle_ns;         /* until when they may say something else */
};

/* What a stack does alike each time makes one deviation, and the figure goes on. */
enum play_habit {
    PLAY_HABIT_TIME,
    PLAY_HABIT_ISN,
};

/* A segment of ours that has had no answer. */
struct play_sent {
    struct scripted out;
    int64_t left_ns;
    state_set before; /* where the peer was then */
    bool arrived;     /* the peer's kernel is somewhere else since */
    unsigned copies;  /* that the figure does not show */
};

struct play_again {
    struct play_sent list[PLAY_AGAIN_MAX];
    size_t count;
    int64_t left_ns; /* when one of them, or of their copies, left last; CLOCK_NEVER: it is to */
    unsigned times;  /* that the row has had them sent again for want of an answer */
    bool syn, other; /* a SYN was among those; and may have been another connection's each time */
    state_set peer;  /* where the peer was last */
    bool crossed;    /* something of the peer's that it had sent before has crossed ours */
};

struct play_probe {
    bool other_port; /* it is a SYN from there */
    seq_t seq, ack;
    unsigned times;  /* that it was sent */
    int64_t left_ns; /* CLOCK_NEVER: it is to leave */
    bool resets;     /* what it has opened, which is on its way */
    bool instead;    /* something else was to come before it, and has not */
};

/* A segment that has left an end that is not ours, or a copy of it that the network has kept. */
struct play_held {
    const struct figure_segment *as; /* what the figure shows it as */
    enum end from;
    bool in_network; /* it has not arrived */
    unsigned round;  /* of all that have begun */
    struct segment seg;
    uint8_t *ip; /* where seg.raw points */
};

/* How the lines turned out. */
struct play_tally {
    unsigned counts[4];                       /* of lines, by enum event_line_status */
    char alternatives[PLAY_ALTERNATIVES_MAX]; /* the names of those found */
    struct play_first {
        bool known;
        unsigned number, source_line;
        char text[PLAY_TEXT_MAX];
        const char *rfc; /* of a deviation: the rule that is broken; NULL: not known */
    } first_deviation, first_unknown;
};

struct play {
    /* What the caller sets. */
    const struct figure *figure;
    const uint8_t *say; /* --say: makes a peer talk or close; may be NULL */
    size_t say_len;
    int64_t reply_wait_ns; /* -W */
    enum end us;           /* where one end is ours */
    bool us_given;         /* by the user */
    bool keep_going;
    /* Who goes on with the conversation when the walk is over, where one end is ours: nothing is
     * reset then (talk/bring). NULL: nobody. */
    const struct script *heir;
    void *heir_state;

    /* The walk. */
    struct ends ends;
    enum play_phase phase;
    unsigned round;        /* of a repeat */
    unsigned rounds_begun; /* of all of them */
    int64_t until_ns;      /* of the phase */
    size_t at;             /* the next item */
    struct play_row row;
    struct bind bind;
    struct play_tally tally;
    size_t choice;        /* the item where the alternatives begin */
    bool choosing;        /* the row is the first of one of them: which is not known */
    bool two_msl;         /* (2 MSL) of an end that is not ours: its next state may take minutes */
    state_set owed[ENDS]; /* states that could not be judged yet */
    state_set was[ENDS];  /* as the last line had it */
    const char *rule;     /* for what the end that is not ours does next; static */
    unsigned habits;      /* bits by enum play_habit: that have made a deviation */
    int64_t mark_ns;      /* when the last line was over */
    uint64_t dropped;     /* by the capture, when something was last heard */

    /* What came, and what was done, by the end. */
    struct inbox inbox[ENDS];
    unsigned cued[ENDS];         /* what the applications were told to do, bits by enum call */
    enum call hoped;             /* what a stranger's is to do of itself; CALL_COUNT: nothing */
    char instead[PLAY_TEXT_MAX]; /* what came while the row waited, "" nothing */
    bool instead_answers;        /* it has no data: it is an answer to ours */
    struct play_held held[PLAY_HELD_MAX];
    size_t held_count;

    bool lossy; /* a copy of ours has done what the segment had not: the way loses some */
    struct play_again again, again_aside; /* of the connection that is put aside */
    struct play_probe probe;
    int64_t silent_ns; /* the silence that the row shows is over; 0: it is not, or there is none */

    /* What we have done. */
    bool said;         /* --say */
    bool abort_called; /* (Abort): the next RST is the call's */
    bool on_other_port, used_other_port;
    struct bind aside;  /* of the connection that is put aside */
    const char *filler; /* (say "text") in our column */
    size_t filler_len;
};

extern const struct measure play_measure;

/* Its state is a struct play. */
const struct script *play_script(void);
/* Releases what the walk has kept. */
void play_done(struct play *p);

/* For the parts. */

static inline const struct figure_item *play_item(const struct play *p, size_t i)
{
    return &p->figure->items[i];
}

/* Nothing else happens before that instant, unless a segment comes. */
static inline void play_wait(struct play *p, enum play_phase phase, int64_t until_ns)
{
    p->phase = phase;
    p->until_ns = until_ns;
    talk_wake_at(p->ends.x, until_ns);
}

static inline enum talk_kind play_kind(const struct play *p, enum end end)
{
    return ends_kind(&p->ends, end);
}

#endif
