/* A figure: the ladder notation of RFC 793 and RFC 9293 as a program. What a figure says, read by
 * figure/parse, is here a flat list of items; rows are what is drawn on a line, the other items are
 * the blocks around them. Pure data: whoever runs it looks at nothing else. */
#ifndef TCPSHAKE_FIGURE_FIGURE_H
#define TCPSHAKE_FIGURE_FIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "tcp/call.h"
#include "tcp/end.h"
#include "tcp/state.h"
#include "wire/options.h"

enum {
    FIGURE_SYMBOL_MAX = 16, /* with the NUL */
    FIGURE_SOURCE_MAX = 64 * 1024,
    FIGURE_ITEMS_MAX = 1000,
    FIGURE_REPEAT_MAX = 100,
};

/* What B must be able to do, as bits. */
enum figure_needs {
    FIGURE_NEEDS_LISTENS = 0x01, /* the default */
    FIGURE_NEEDS_CONNECTS = 0x02,
    FIGURE_NEEDS_CLOSES = 0x04,
    FIGURE_NEEDS_TALKS = 0x08,
    FIGURE_NEEDS_NOTHING = 0x10, /* "nobody": the port is closed */
};

/* A sequence number in the figure's own counting: `SEQ=100`, `SEQ=x`, `ACK=y+1`, `SEQ=Z-1`. */
struct figure_number {
    bool given;
    char symbol[FIGURE_SYMBOL_MAX]; /* "" for a plain number */
    uint32_t value;                 /* the number, or what is added to the symbol (modulo 2^32) */
};

/* Fields that are not given may be anything in a segment that comes, and are chosen in the usual
 * way in one that goes. */
struct figure_segment {
    struct figure_number seq, ack;
    bool has_flags;
    uint16_t flags; /* as in wire/flags.h */
    bool has_data;  /* <DATA>: any octets */
    bool has_len;   /* <DATA=n> */
    uint32_t len;   /* octets */
    bool has_win, has_urg, has_mss, has_wscale, has_ttl;
    uint16_t win, urg, mss;
    uint8_t wscale, ttl;
    bool sack_permitted; /* <SACK> */
    bool timestamps;     /* <TS>: there must be some */
    bool has_options;    /* <OPT=hex>, exactly these octets, whole words; <OPT=> for none */
    uint8_t options[OPTIONS_MAX];
    size_t options_len;
    bool bad_checksum; /* <BADSUM> */
};

enum figure_event {
    FIGURE_NOTHING,
    FIGURE_REMARK,     /* (??), (return to LISTEN!): says, does nothing */
    FIGURE_CALL,       /* (Close): the application of the end makes this call */
    FIGURE_TWO_MSL,    /* (2 MSL) */
    FIGURE_WAIT,       /* (wait 3s) */
    FIGURE_OTHER_PORT, /* (other port): from here on the connection from our second port */
    FIGURE_FIRST_PORT, /* (first port): back to the first */
    FIGURE_NEW_ISN,    /* (new ISN): unlike every earlier one of this end, and ahead of the last */
    FIGURE_NUMBERS,    /* (send 300,receive 100): SND.NXT and RCV.NXT of this end */
};

/* What stands in one end's column of a row. */
struct figure_cell {
    state_set states; /* STATE_SET_NONE: none given */
    enum figure_event event;
    enum call call;   /* CALL: CONNECT, LISTEN, CLOSE, ABORT, SEND or CRASH */
    bool duplicate;   /* (duplicate): the segment of this row was never sent in this figure */
    const char *text; /* REMARK: what is between the parentheses; SEND: the octets; else NULL */
    size_t text_len;  /* of SEND, whose octets may hold a NUL */
    int64_t wait_ns;  /* WAIT */
    struct figure_number send, receive; /* NUMBERS */
    unsigned line, column;              /* in the source, from 1; 0: the cell is empty */
};

/* The call that the cell shows; CALL_COUNT: none. */
static inline enum call figure_call(const struct figure_cell *c)
{
    return c->event == FIGURE_CALL ? c->call : CALL_COUNT;
}

/* The arrow beside an end's column. */
enum figure_arrow {
    FIGURE_ARROW_NONE,
    FIGURE_ARROW_RIGHT, /* --> */
    FIGURE_ARROW_LEFT,  /* <-- */
    FIGURE_ARROW_HELD,  /* ... : still in the network */
};

struct figure_row {
    unsigned number;       /* of its step, as printed; 0: the figure does not number */
    bool begins_step;      /* the number stands in this row */
    unsigned line, column; /* in the source, from 1, of the first thing in the row */
    struct figure_cell a, b;
    bool has_segment;
    unsigned segment_line, segment_column;
    struct figure_segment segment;
    enum figure_arrow a_arrow, b_arrow;
    const char *remark; /* a remark where the segment stands or behind it; NULL: none */
    /* When, with respect to the row before: [within 200ms], [after 1s +- 12.5%]. 0: not given. */
    int64_t within_ns, after_ns, tolerance_ns; /* tolerance given or by default */
    int64_t silence_ns;                        /* [silence 3s] on a row of its own */
};

enum figure_item_kind {
    FIGURE_ROW,
    FIGURE_EITHER,
    FIGURE_OR,
    FIGURE_REPEAT,
    FIGURE_END,
};

struct figure_item {
    enum figure_item_kind kind;
    struct figure_row row; /* ROW */
    const char *name;      /* EITHER, OR: of the alternative that begins here; "" if it has none */
    bool deviates;         /* EITHER, OR: to be found here is a deviation */
    unsigned count;        /* REPEAT */
    /* EITHER, OR: the index of the next OR, or of the END; REPEAT: of its END; END: of its opener.
     */
    size_t to;
    unsigned line, column; /* in the source */
};

struct figure {
    const char *name;                 /* of the library, or the file's */
    const char *title, *cite, *about; /* "" if not given; about: paragraphs joined by \n */
    unsigned needs;
    struct figure_item *items;
    size_t count;
    char *store; /* owns every text above */
    size_t store_len, store_cap;
};

void figure_done(struct figure *f);

/* The word for one bit of figure_needs, NULL if there is none. */
const char *figure_need(unsigned bit);

/* Room for `cap` octets of text, ends of strings included. */
enum status figure_store_init(struct figure *f, size_t cap, struct fault *fault);
/* A terminated copy of the n octets that lives as long as `f`. The block never moves, so there
 * must be room. */
const char *figure_store(struct figure *f, const char *s, size_t n);

/* What is wrong at a place of the source, as people and editors expect to read it:
 * "FILE:LINE:COLUMN: ..." and STATUS_MALFORMED. Line and column count from 1, in characters. */
enum status figure_fault(struct fault *fault, const char *file, unsigned line, unsigned column,
                         const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
