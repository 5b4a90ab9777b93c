/* What of one end's segments was matched with a figure's rows: by this a copy is told from what is
 * new, and an ISN from those that were there before. */
#ifndef TCPSHAKE_PROBE_SEEN_H
#define TCPSHAKE_PROBE_SEEN_H

#include "event/event.h"
#include "figure/bind.h"

enum {
    SEEN_MAX = 64,
    SEEN_ISNS_MAX = 128 /* more than rounds */
};

struct seen {
    struct {
        seq_t seq, ack;
        uint16_t flags;
        uint32_t len;
    } segments[SEEN_MAX];
    size_t count;
    seq_t isns[SEEN_ISNS_MAX]; /* of the end's connections */
    size_t isn_count;
    struct figure_number last_syn;
    bool new_round; /* there was no SYN in this one */
};

/* The segment is that of a row which shows `figured` for it. */
void seen_add(struct seen *s, const struct segment *seg, const struct figure_segment *figured);
/* Whether it is a copy of one that was matched. */
bool seen_has(const struct seen *s, const struct segment *seg);
/* Whether the figure shows again what was matched before: by its number, which is known. */
bool seen_shows_again(const struct seen *s, const struct bind *b, enum figure_side from,
                      const struct figure_segment *f);
/* A repeated block begins again. */
void seen_begin_round(struct seen *s);
/* What is wrong with the last ISN (RFC 9293 3.4.1, RFC 6528), "" nothing; static. */
enum event_line_status seen_judge_isn(const struct seen *s, const char **what);

#endif
