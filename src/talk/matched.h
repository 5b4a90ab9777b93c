/* What of one end's segments was matched with a figure's rows: by this a copy is told from what is
 * new, and an ISN from those that were there before. */
#ifndef TCPSHAKE_TALK_MATCHED_H
#define TCPSHAKE_TALK_MATCHED_H

#include "event/event.h"
#include "figure/bind.h"

enum {
    MATCHED_MAX = 64,
    MATCHED_ISNS_MAX = 128 /* more than rounds */
};

struct matched {
    struct {
        seq_t seq, ack;
        uint16_t flags;
        uint32_t len;
    } segments[MATCHED_MAX];
    size_t count;
    seq_t isns[MATCHED_ISNS_MAX]; /* of the end's connections */
    size_t isn_count;
    struct figure_number last_syn;
    bool new_round; /* there was no SYN in this one */
};

/* The segment is that of a row which shows `figured` for it. */
void matched_add(struct matched *s, const struct segment *seg,
                 const struct figure_segment *figured);
/* Whether it is a copy of one that was matched. */
bool matched_has(const struct matched *s, const struct segment *seg);
/* Whether the figure shows again what was matched before: by its number, which is known. */
bool matched_shows_again(const struct matched *s, const struct bind *b, enum end from,
                         const struct figure_segment *f);
/* A repeated block begins again. */
void matched_begin_round(struct matched *s);
/* What is wrong with the last ISN (RFC 9293 3.4.1, RFC 6528), "" nothing; static. */
enum event_line_status matched_judge_isn(const struct matched *s, const char **what);

#endif
